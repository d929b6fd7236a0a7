"""The tokens of mini-notation, with every bracket closed."""

from __future__ import annotations

import re
from typing import NamedTuple

from farm.errors import Loc, ScoreError

DEEPEST = 200
"""The most brackets inside each other."""

LONGEST = 100_000
"""The most characters of one pattern."""

CLOSER = {"[": "]", "<": ">", "(": ")", "{": "}"}


class Token(NamedTuple):
    """A piece of the text; `kind` is number, word, bus, end, or the mark itself."""

    kind: str
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"""
\s*+(?:
    (?P<number>(?>-?(?:\d+(?:\.\d+)?|\.\d+))(?![\w'\#\-]))
  | (?P<range>\.\.)
  | (?P<word>(?:[A-Za-z]|\d+[A-Za-z])[\w\#.\-]*(?:'(?:6/9(?!\d)|m/maj7|[\w\#.\-']*))?(?:(?>:\d+)(?!\.\d))?)
  | (?P<word_with_digits>\d+'\w*)
  | (?P<bus>~[A-Za-z_]\w*)
  | (?P<mark>[\[\]<>(){},*/:@%?!.|~]|_(?!\w))
  | (?P<bad>.)
)
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)


_KINDS = ("bad", *_TOKEN.groupindex)
_NAMED = frozenset(["word", "number", "bus"])
_CLOSERS = frozenset(CLOSER.values())


def failure(loc: Loc, message: str, start: int, length: int = 1, hint: str | None = None) -> ScoreError:
    """An error at `start` characters after `loc`."""
    return ScoreError(message, loc=loc.shifted(start, length), hint=hint)


def tokens_of(text: str, loc: Loc) -> list[Token]:
    """The tokens of a text whose first character stands at `loc`, ended by one of kind "end".

    Raises `ScoreError` for a stray character, for a bracket that is not closed, for a nest too deep, a text too long.
    """
    if len(text) > LONGEST:
        raise failure(loc, f"a pattern of {len(text):,} characters, the limit is {LONGEST:,}", 0)
    tokens: list[Token] = []
    new = tuple.__new__
    open_: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(text):
        group = match.lastindex or 0
        kind = _KINDS[group]
        start, end = match.span(group)
        written = text[start:end]
        if kind not in _NAMED:
            if kind in ("bad", "word_with_digits"):
                raise _stray(written, start, loc)
            kind = written
            if written in CLOSER:
                open_.append((written, start))
                if len(open_) > DEEPEST:
                    raise failure(loc, f"brackets are nested more than {DEEPEST} deep", start)
            elif written in _CLOSERS:
                _close(open_, written, start, loc)
        tokens.append(new(Token, (kind, written, start, end)))
    if open_:
        bracket, start = open_[-1]
        raise failure(loc, f"`{bracket}` is never closed", start, hint=f"add `{CLOSER[bracket]}`")
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _close(open_: list[tuple[str, int]], text: str, start: int, loc: Loc) -> None:
    if not open_:
        raise failure(loc, f"`{text}` closes nothing", start)
    bracket, began = open_.pop()
    if CLOSER[bracket] != text:
        raise failure(
            loc, f"`{bracket}` is not closed by `{text}`", began, hint=f"add `{CLOSER[bracket]}` before the `{text}`"
        )


def _stray(text: str, start: int, loc: Loc) -> ScoreError:
    if text == "-":
        return failure(loc, "`-` is no step", start, 1, "a rest is `~`: `bd ~ sn ~`")
    if text[0].isascii() and (text[0].isdigit() or text[0] in "-."):
        return failure(loc, "this is neither a number nor a word", start, len(text), "separate steps by blanks")
    return failure(loc, f"unexpected character `{text}`", start)
