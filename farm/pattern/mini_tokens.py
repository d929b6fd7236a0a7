"""The tokens of mini-notation, with every bracket closed.

A token says what a piece of text is, wherever it stands: the same words come again and again, in a text and in the
next one, so that each is looked at once. Where the pieces of a text begin stands beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from farm.errors import Loc, ScoreError
from farm.pattern.mini_tree import SINGLE, Extent, chord_parts

DEEPEST = 200
"""The most brackets inside each other."""

LONGEST = 100_000
"""The most characters of one pattern."""

LARGEST = 10**15
LONGEST_NUMBER = 40
CLOSER = {"[": "]", "<": ">", "(": ")", "{": "}"}


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """What a piece of text is; `kind` is number, word, bus, end, or the mark itself."""

    kind: str
    text: str
    number: Fraction | None = None
    """The value of a number; None if it is too large or too long."""
    extent: Extent | None = None
    """How much a number, word or bus sounds; None if its number is too large."""
    parted: bool = False
    """Whether a blank follows it."""


class Tokens(NamedTuple):
    """The tokens of a text, and the offset at which each begins; the last one is of kind "end"."""

    tokens: list[Token]
    starts: list[int]


_FORMS = {
    "number": r"(?>-?(?:\d+(?:\.\d+)?|\.\d+))(?![\w'\#\-])",
    "range": r"\.\.",
    "word": r"(?:[A-Za-z]|\d+[A-Za-z])[\w\#.\-]*(?:'(?:6/9(?!\d)|m/maj7|[\w\#.\-']*))?(?:(?>:\d+)(?!\.\d))?",
    "bus": r"~[A-Za-z_]\w*",
    "mark": r"[\[\]<>(){},*/:@%?!.|~]|_(?!\w)",
}
_PIECE = re.compile(rf"(?:{'|'.join(f'(?P<{kind}>{form})' for kind, form in _FORMS.items())})\s*+", re.ASCII)
_PIECES = re.compile(rf"(?:{'|'.join(_FORMS.values())})\s*+|(?s:.+)", re.ASCII)
"""Every piece with the blanks behind it, and as the last one all from where nothing can be read."""
_BLANKS = " \t\n\r\f\v"
_BRACKETS = re.compile(r"[\[\]<>(){}]")
_STRAY = re.compile(r"\d+'\w*|(?s:.)", re.ASCII)
_END = Token("end", "")


def failure(loc: Loc, message: str, start: int, length: int = 1, hint: str | None = None) -> ScoreError:
    """An error at `start` characters after `loc`."""
    return ScoreError(message, loc=loc.shifted(start, length), hint=hint)


def tokens_of(text: str, loc: Loc) -> Tokens:
    """The tokens of a text whose first character stands at `loc`.

    Raises `ScoreError` for a stray character, for a bracket that is not closed, for a nest too deep, a text too long.
    """
    if len(text) > LONGEST:
        raise failure(loc, f"a pattern of {len(text):,} characters, the limit is {LONGEST:,}", 0)
    pieces = _PIECES.findall(text.lstrip(_BLANKS))
    starts = list(accumulate(map(len, pieces), initial=len(text) - sum(map(len, pieces))))
    readable = not pieces or _PIECE.fullmatch(pieces[-1]) is not None
    _check(text, len(text) if readable else starts[-2], loc)
    tokens = list(map(_token, pieces))
    tokens.append(_END)
    return Tokens(tokens, starts)


def mark_at(text: str, offset: int) -> str:
    """The word, number or mark that begins at an offset of a text that was read."""
    found = _PIECE.match(text, offset)
    return found[0].rstrip(_BLANKS) if found is not None else ""


@lru_cache(maxsize=4096)
def _token(piece: str) -> Token:
    found = _PIECE.fullmatch(piece)
    assert found is not None, "the text was checked"
    text = piece.rstrip(_BLANKS)
    parted = len(text) < len(piece)
    kind = found.lastgroup or ""
    if kind == "number":
        value = Fraction(text) if len(text) <= LONGEST_NUMBER else None
        if value is None or abs(value) > LARGEST:
            return Token(kind, text, parted=parted)
        return Token(kind, text, value, SINGLE, parted)
    if kind == "word":
        return Token(kind, text, None, _extent_of_word(text), parted)
    if kind == "bus":
        return Token(kind, text, None, SINGLE, parted)
    return Token(text, text, None, None, parted)


def _extent_of_word(text: str) -> Extent | None:
    if ":" in text:
        index = text.rpartition(":")[2]
        if len(index) > LONGEST_NUMBER or int(index) > LARGEST:
            return None
    if "'" not in text:
        return SINGLE
    notes = len(chord_parts(text)[1] or (0,))
    return Extent(float(notes), notes, 0, False)


def _check(text: str, readable: int, loc: Loc) -> None:
    """Raises for the first bracket that is wrong, or where the text can be read no further."""
    open_: list[tuple[str, int]] = []
    for match in _BRACKETS.finditer(text, 0, readable):
        bracket, start = match[0], match.start()
        if bracket in CLOSER:
            open_.append((bracket, start))
            if len(open_) > DEEPEST:
                raise failure(loc, f"brackets are nested more than {DEEPEST} deep", start)
            continue
        if not open_:
            raise failure(loc, f"`{bracket}` closes nothing", start)
        opening, began = open_.pop()
        if CLOSER[opening] != bracket:
            hint = f"add `{CLOSER[opening]}` before the `{bracket}`"
            raise failure(loc, f"`{opening}` is not closed by `{bracket}`", began, hint=hint)
    if readable < len(text):
        stray = _STRAY.match(text, readable)
        assert stray is not None
        raise _stray(stray[0], readable, loc)
    if open_:
        opening, began = open_[-1]
        raise failure(loc, f"`{opening}` is never closed", began, hint=f"add `{CLOSER[opening]}`")


def _stray(text: str, start: int, loc: Loc) -> ScoreError:
    if text == "-":
        return failure(loc, "`-` is no step", start, 1, "a rest is `~`: `bd ~ sn ~`")
    if text[0].isascii() and (text[0].isdigit() or text[0] in "-."):
        return failure(loc, "this is neither a number nor a word", start, len(text), "separate steps by blanks")
    return failure(loc, f"unexpected character `{text}`", start)
