"""The tokens of mini-notation, with every bracket closed.

A token says what a piece of text is, wherever it stands: the same words come again and again, in a text and in the
next one, so that each is looked at once. Where the pieces of a text begin stands beside them.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate

from farm.errors import Loc, ScoreError
from farm.pattern.mini_tree import SINGLE, Density, chord_parts
from farm.regex import regex
from workers.records import record

DEEPEST = 200
"""The most brackets inside each other."""

LONGEST = 100_000
"""The most characters of one pattern."""

LARGEST = 10**15
LONGEST_NUMBER = 40
CLOSER = {"[": "]", "<": ">", "(": ")", "{": "}"}


@record(frozen=True, slots=True, eq=False)
class MiniToken:
    """What a piece of text is; `kind` is number, word, bus, end, or the mark itself."""

    kind: str
    text: str
    number: Fraction | None = None
    """The value of a number; None if it is too large or too long."""
    extent: Density | None = None
    """How much a number, word or bus sounds; None if its number is too large."""
    parted: bool = False
    """Whether a blank follows it."""


VALUES = frozenset({"number", "word", "bus"})
"""The kinds of tokens that are values."""

_BLANKS = " \t\n\r\f\v"
_SIGN = r"[\w\u0300-\u036f\#.\-]"
"""A letter of any script with its accents, a digit, or a mark that belongs to words."""
_INDEX = r"(?:(?>:[0-9]+)(?!\.[0-9]))?"
_FORMS = {
    "word": rf"[0-9]*+[^\W\d_]{_SIGN}*(?:'(?:6/9(?![0-9])|m/maj7|[\w\#.\-']*))?{_INDEX}",
    "number": r"(?>-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))(?![\w'\#\-])",
    "name": rf"(?:[0-9]|_[\w])(?![0-9.]*'){_SIGN}*{_INDEX}",
    "range": r"\.\.",
    "bus": r"~[^\W\d]\w*",
    "mark": r"[\[\]<>(){},*/:@%?!.|~]|_(?!\w)",
}
"""A `name` is a word of banks alone: `8-bit`, `01_kit`, `_kit`."""
_PIECE = regex(rf"(?:{'|'.join(f'(?P<{kind}>{form})' for kind, form in _FORMS.items())})[{_BLANKS}]*+")
_PIECES = regex(rf"(?:{'|'.join(_FORMS.values())})[{_BLANKS}]*+|(?s:.+)")
"""Every piece with the blanks behind it, and as the last one all from where nothing can be read."""
_BRACKET = regex(r"[\[\]<>(){}]")
_STRAY = regex(r"\d+'\w*|(?s:.)", re.ASCII)
_END = MiniToken("end", "")


class _Unreadable(Exception):
    """A piece is neither word nor number nor mark; unlike an answer it is not remembered."""


def failure(loc: Loc, message: str, start: int, length: int = 1, hint: str | None = None) -> ScoreError:
    """An error at `start` characters after `loc`."""
    return ScoreError(message, loc=loc.shifted(start, length), hint=hint)


def tokens_of(text: str, loc: Loc) -> tuple[list[MiniToken], list[int]]:
    """The tokens of a text whose first character stands at `loc`, and where each begins; the last is of kind "end".

    Raises `ScoreError` for a stray character, for a bracket that is not closed, for a nest too deep, a text too long.
    """
    if len(text) > LONGEST:
        raise failure(loc, f"a pattern of {len(text):,} characters, the limit is {LONGEST:,}", 0)
    first = text.lstrip(_BLANKS)
    pieces = _PIECES.findall(first)
    starts = list(accumulate(map(len, pieces), initial=len(text) - len(first)))
    try:
        tokens = list(map(_token, pieces))
    except _Unreadable:
        _check_brackets(text, starts[-2], loc)
        raise _stray(text, starts[-2], loc) from None
    brackets = "".join(_BRACKET.findall(text))
    if brackets and not _is_paired(brackets):
        open_ = _check_brackets(text, len(text), loc)
        if open_:
            bracket, start = open_[-1]
            raise failure(loc, f"`{bracket}` is never closed", start, hint=f"add `{CLOSER[bracket]}`")
    tokens.append(_END)
    return tokens, starts


def mark_at(text: str, offset: int) -> str:
    """The word, number or mark that begins at an offset of a text that was read."""
    found = _PIECE.match(text, offset)
    return found[0].rstrip(_BLANKS) if found is not None else ""


def words_in(text: str) -> frozenset[str]:
    """Every word and number that the strings of a text can hold, without an index: `bd` of `bd:3`.

    The text may be a whole score, which is not read for it: what stands outside of its strings is among them.
    """
    found = (piece for piece in _PIECE.finditer(text) if piece.lastgroup in ("word", "name", "number"))
    return frozenset(piece[0].rstrip(_BLANKS).partition(":")[0] for piece in found)


@lru_cache(maxsize=4096)
def _token(piece: str) -> MiniToken:
    found = _PIECE.fullmatch(piece)
    if found is None:
        raise _Unreadable
    text = piece.rstrip(_BLANKS)
    parted = len(text) < len(piece)
    kind = found.lastgroup or ""
    if kind == "number":
        value = Fraction(text) if len(text) <= LONGEST_NUMBER else None
        if value is None or abs(value) > LARGEST:
            return MiniToken(kind, text, parted=parted)
        return MiniToken(kind, text, value, SINGLE, parted)
    if kind in ("word", "name"):
        return MiniToken("word", text, None, _extent_of_word(text), parted)
    if kind == "bus":
        return MiniToken(kind, text, None, SINGLE, parted)
    return MiniToken(text, text, None, None, parted)


def _extent_of_word(text: str) -> Density | None:
    if ":" in text:
        index = text.rpartition(":")[2]
        if len(index) > LONGEST_NUMBER or int(index) > LARGEST:
            return None
    if "'" not in text:
        return SINGLE
    notes = len(chord_parts(text)[1] or (0,))
    return Density(float(notes), notes, 0, False)


@lru_cache(maxsize=4096)
def _is_paired(brackets: str) -> bool:
    """Whether each of a text's brackets, most often those of a text before, is closed by its own, none too deep."""
    open_: list[str] = []
    for bracket in brackets:
        if bracket in CLOSER:
            open_.append(CLOSER[bracket])
            if len(open_) > DEEPEST:
                return False
        elif not open_ or open_.pop() != bracket:
            return False
    return not open_


def _check_brackets(text: str, end: int, loc: Loc) -> list[tuple[str, int]]:
    """The brackets that are open where a text ends, and where they stand; raises for one that is wrong."""
    open_: list[tuple[str, int]] = []
    for match in _BRACKET.finditer(text, 0, end):
        bracket, start = match[0], match.start()
        if bracket in CLOSER:
            open_.append((bracket, start))
            if len(open_) > DEEPEST:
                raise failure(loc, f"brackets are nested more than {DEEPEST} deep", start)
            continue
        if not open_:
            raise failure(loc, f"`{bracket}` closes nothing", start, hint="delete it, or open it before")
        opening, began = open_.pop()
        if CLOSER[opening] != bracket:
            hint = f"add `{CLOSER[opening]}` before the `{bracket}`"
            raise failure(loc, f"`{opening}` is not closed by `{bracket}`", began, hint=hint)
    return open_


def _stray(text: str, start: int, loc: Loc) -> ScoreError:
    """The error for what stands where a text can be read no further."""
    found = _STRAY.match(text, start)
    assert found is not None
    text = found[0]
    if text == "-":
        return failure(loc, "`-` is no step", start, 1, "a rest is `~`: `bd ~ sn ~`")
    if text[0].isascii() and (text[0].isdigit() or text[0] in "-."):
        return failure(loc, "this is neither a number nor a word", start, len(text), "separate steps by blanks")
    hint = "in the name of a bank it is written `_`: `farm bank` shows how each is written"
    return failure(loc, f"unexpected character `{text}`", start, hint=hint)
