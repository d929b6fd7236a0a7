"""All mistakes of a mini-notation text: behind each, what is read when the step in which it stands is taken out."""

from __future__ import annotations

from farm.errors import Loc, ScoreError
from farm.pattern.mini import parse
from farm.pattern.words import Words

MOST = 20
"""How many are told of one text."""
_BETWEEN = frozenset(" \t\n\r\f\v[]<>{}|,")
"""What stands between steps."""


def further(text: str, loc: Loc, first: ScoreError) -> list[ScoreError]:
    """The mistakes of a text, whose first character stands at `loc`, besides the first one.

    Where a mistake cannot be taken out alone, such as one of brackets, none behind it is known.
    """
    found: list[ScoreError] = []
    error = first
    while error.loc is not None and len(found) < MOST:
        rest = without_step(text, error.loc.column - loc.column)
        if rest is None:
            break
        text = rest
        try:
            parse(text, loc, Words(), seed=0)
            break
        except ScoreError as another:
            found.append(another)
            error = another
    return found


def without_step(text: str, at: int) -> str | None:
    """The text with a rest for the step around an offset; None where that is not a step of its own."""
    if at >= len(text) or text[at] in _BETWEEN:
        return None
    begin = end = at
    while begin and text[begin - 1] not in _BETWEEN:
        begin -= 1
    while end < len(text) and text[end] not in _BETWEEN:
        end += 1
    step = text[begin:end]
    return None if "(" in step or ")" in step else f"{text[:begin]}{'~':{end - begin}}{text[end:]}"
