"""The error tree: what went wrong, where, why, and what to do about it.

Every error that a person can cause is a `FarmError`; the command line prints `show(error)` and ends
with `error.status`. A `ScoreError` carries a `Loc`, so that the message can point into the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from workers.records import record


class Loc(NamedTuple):
    """A place in a score: `length` characters from `column` of `line` (both counted from 1).

    `text` is the whole line, for the caret picture; two places are equal without it.
    """

    file: str
    line: int
    column: int
    length: int = 1
    text: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loc) and self[:4] == other[:4]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:4])

    def __repr__(self) -> str:
        return f"Loc({self.file!r}, {self.line}, {self.column}, {self.length})"

    def shifted(self, characters: int, length: int = 1) -> Loc:
        """The place `characters` further to the right in the same line."""
        file, line, column, _, text = self
        return Loc(file, line, column + characters, length, text)


@record(frozen=True, slots=True)
class Notice:
    """A warning: the render goes on, and the summary says this."""

    message: str
    loc: Loc | None = None
    hint: str | None = None


class FarmError(Exception):
    """Base of all errors meant for people. `status` is the exit status of the command line.

    `also` are further mistakes that were found beside this one, in the order of the text, none with a lower status. As
    a string it is `file:line:column: message`, with options by the names of their fields; `show` has them as in the
    command line, as `message` and `hint` do.
    """

    status = 1
    kind = "error"

    def __init__(self, message: str, *, loc: Loc | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.loc = loc
        self.hint = hint
        self.also: tuple[FarmError, ...] = ()

    def __str__(self) -> str:
        message = in_python(self.message)
        return message if self.loc is None else f"{self.loc.file}:{self.loc.line}:{self.loc.column}: {message}"


class FarmWarning(UserWarning):
    """A warning of a render for a Python program: what the command line prints, options called as their fields."""


class RenderError(FarmError):
    """The render itself failed: a NaN, a worker that cannot be kept alive."""


class UsageError(FarmError):
    """An option or argument that makes no sense."""

    status = 2


class DefinitionError(UsageError):
    """A node or a transform breaks a rule where it is defined, or a file of FARM_NODES cannot be read."""


class ScoreError(FarmError):
    """The score cannot be read or means nothing."""

    status = 3


class SampleError(FarmError):
    """A bank or sample is missing or unreadable."""

    status = 4


class FileError(FarmError):
    """A file or folder cannot be read or written."""

    status = 4


Problem = TypeVar("Problem", FarmError, Notice)


@contextmanager
def placed(loc: Loc | None) -> Iterator[None]:
    """Errors that leave this block without a place get this one."""
    try:
        yield
    except FarmError as error:
        error.loc = error.loc or loc
        raise


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Errors or warnings in the order of the text, each once; those without a place come last."""
    unique: dict[tuple[Loc | None, str], Problem] = {}
    for one in problems:
        unique.setdefault((one.loc, one.message), one)
    return sorted(unique.values(), key=lambda one: (0, *one.loc[1:3]) if one.loc is not None else (1,))


def together(errors: Iterable[FarmError]) -> FarmError:
    """Several errors (at least one) as one to raise: the first of the lowest status, the others in `also`."""
    every = in_order(errors)
    first = min(every, key=lambda one: one.status)
    first.also = tuple(one for one in every if one is not first)
    return first


def in_python(text: str) -> str:
    """`text` with the options of a render as a Python program calls them: `fade_in` for `--fade-in`."""
    import re

    options = "|".join((*OPTIONS, *STEM_OPTIONS)).replace("_", "-")
    return re.sub(
        rf"(?<![\w-])--({options})(?![\w-])",
        lambda found: "from_" if found[1] == "from" else found[1].replace("-", "_"),
        text,
    )


def as_python(notice: Notice) -> str:
    """What a Python program is told of a warning."""
    hint = None if notice.hint is None else in_python(notice.hint)
    return show(Notice(in_python(notice.message), notice.loc, hint))


OPTIONS = (
    *("cycles", "duration", "from", "to", "lenient", "rate", "bits", "container", "markers", "dither", "quality"),
    *("gain", "clip", "normalize", "ceiling"),
    *("fade_in", "fade_out", "tail", "seed", "set", "chunk", "window_frames", "cpu", "backend", "threads"),
    *("max_voices", "channels", "outputs_as_channels", "samples", "work_dir"),
)
"""The fields of `farm.options.RenderOptions`, without the `_` of those that are words of Python."""
STEM_OPTIONS = ("by", "solo", "mute", "name", "keep_silent", "stem_tap", "format", "hashed", "labels")
"""Those of `farm.rendering.stems.StemOptions`."""
WIDTH = 160
"""Characters of a line that a message shows."""


def near(name: str, names: Iterable[str], most: int = 1) -> list[str]:
    """Names that resemble `name`, small and capital letters alike, best first; for 'did you mean'.

    Of a name shorter than five letters one may differ, of one shorter than ten two, and so on: `loud` is no `sound`.
    """
    import difflib

    known = {one.lower(): one for one in sorted(set(names), reverse=True)}
    alike = difflib.get_close_matches(name.lower(), sorted(known), n=len(known) or 1, cutoff=0.6)
    return [known[one] for one in alike if slips(name.lower(), one) <= 1 + len(name) // 5][:most]


def slips(written: str, meant: str) -> int:
    """How many letters were left out, put in, exchanged or swapped with their neighbour (Damerau 1964)."""
    before: list[int] = []
    row: list[int] = [*range(len(meant) + 1)]
    for i, letter in enumerate(written):
        earlier, before, row = before, row, [i + 1]
        for j, other in enumerate(meant):
            least = min(before[j] + (letter != other), before[j + 1] + 1, row[j] + 1)
            if i and j and letter == meant[j - 1] and other == written[i - 1]:
                least = min(least, earlier[j - 1] + 1)
            row.append(least)
    return row[-1]


def suggestion(name: str, names: Iterable[str]) -> str | None:
    """A hint that names the nearest known name, or None."""
    found = near(name, names)
    return f"did you mean `{found[0]}`?" if found else None


def visible(text: str) -> str:
    """`text` with an escape (`\\x1b`, `\\u202e`) for each character that would steer a terminal or shows nothing."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def picture(loc: Loc) -> str:
    """The line of `loc` with a caret under the place."""
    line = loc.text.replace("\t", " ")
    first = loc.column - 1
    start = max(first - WIDTH // 2, 0) if len(line) > WIDTH else 0
    end = min(start + WIDTH, len(line))
    before, after = ("..." if start else ""), ("..." if end < len(line) else "")
    gutter = f"{loc.line:>5} | {before}"
    # Past the end of the line stands a single caret.
    indent = len(gutter) + len(visible(line[start:first])) + max(0, first - len(line))
    carets = max(1, len(visible(line[first : min(first + loc.length, end)])))
    return f"{gutter}{visible(line[start:end])}{after}\n{' ' * indent}{'^' * carets}"


def show(problem: FarmError | Notice) -> str:
    """The message for people: place, reason, the line with a caret, a hint. Nothing in it steers a terminal."""
    kind = problem.kind if isinstance(problem, FarmError) else "warning"
    message = f"{kind}: {problem.message}"
    if problem.loc is not None:
        message = f"{problem.loc.file}:{problem.loc.line}:{problem.loc.column}: {message}"
    parts = [message]
    if problem.loc is not None and problem.loc.text:
        parts.append(picture(problem.loc))
    if problem.hint:
        parts.append(f"  {problem.hint}")
    return "\n".join(visible(line) for part in parts for line in part.split("\n"))
