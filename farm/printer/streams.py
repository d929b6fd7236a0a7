"""Standard output for results, standard error for problems; plain text or JSON.

Colour is for terminals alone. Elsewhere (a pipe, `TERM=dumb`, CI) nothing holds a control character.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import sys
from collections.abc import Iterable
from typing import TextIO

from farm.errors import FarmError, Loc, Notice, in_order, show

BOLD, RED, YELLOW, GREEN = "1", "1;31", "1;33", "1;32"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether control characters make sense on `stream`."""
    dumb = os.environ.get("TERM", "") in {"", "dumb"} or bool(os.environ.get("CI"))
    return stream is not None and not dumb and stream.isatty()


def columns_of(stream: TextIO | None) -> int | None:
    """The width in characters of the terminal that `stream` is; None elsewhere: what is read by programs is not cut."""
    if stream is None or not stream.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def is_coloured(stream: TextIO | None) -> bool:
    """Whether colour does: NO_COLOR takes it away."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def say(text: str) -> None:
    """A result, on standard output. Raises OSError, which names it."""
    try:
        print(text, flush=True)
    except OSError as problem:
        problem.filename = "standard output"
        raise


def tell(text: str) -> None:
    """Something about the work, on standard error; a reader that has gone away does not end the work."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def tell_problem(problem: FarmError | Notice) -> None:
    """An error or a warning, on standard error."""
    text = show(problem)
    tell(_coloured(text) if is_coloured(sys.stderr) else text)


def tell_problems(problems: Iterable[FarmError | Notice]) -> None:
    """Errors and warnings, on standard error."""
    for problem in problems:
        tell_problem(problem)


def _coloured(text: str) -> str:
    text = re.sub(r"\berror:", lambda found: _paint(found.group(), RED), text, count=1)
    text = re.sub(r"\bwarning:", lambda found: _paint(found.group(), YELLOW), text, count=1)
    return re.sub(r"(?m)^( +)(\^+)$", lambda found: found.group(1) + _paint(found.group(2), GREEN), text, count=1)


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def heading(text: str) -> str:
    """`text`, bold on a terminal."""
    return _paint(text, BOLD) if is_coloured(sys.stdout) else text


def say_json(value: object) -> None:
    """`value` as one JSON document; infinities and NaN become null, fractions and paths strings."""
    import json

    say(json.dumps(_plain(value), indent=2))


def _plain(value: object) -> object:
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case None | str() | bool() | int() | float():
            return value
        case _ if hasattr(value, "item"):
            return _plain(value.item())
        case _:
            return str(value)


def problem_as_json(problem: FarmError | Notice) -> dict[str, object]:
    """Message, hint and place (null without one) of an error or warning."""
    loc = problem.loc
    return {"message": problem.message, "hint": problem.hint, "loc": None if loc is None else _place(loc)}


def _place(loc: Loc) -> dict[str, object]:
    return {"file": loc.file, "line": loc.line, "column": loc.column, "length": loc.length}


def failure_as_json(problem: FarmError) -> dict[str, object]:
    """What a command with --json prints when it fails."""
    every = in_order([problem, *problem.also])
    return {"ok": False, "status": problem.status, "errors": [*map(problem_as_json, every)], "warnings": []}
