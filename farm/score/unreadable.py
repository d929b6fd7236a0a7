"""Errors for tokens that no statement can hold, and for brackets without a partner."""

from __future__ import annotations

import re
from collections.abc import Sequence

from farm.errors import ScoreError
from farm.regex import regex
from farm.score.elsewhere import OPERATORS
from farm.score.lexer import UNREADABLE, Token, kind_of
from farm.score.source import Source

_WITH_UNIT = regex(r"(\d{1,15}(?:\.\d{1,15})?)(db|hz|s|sec|st|bpm|bars?|beats?|cycles?|x)", re.IGNORECASE | re.ASCII)
HOW_NUMBERS = "numbers are digits with at most one point between them: 800, 0.25"
_OPERATOR = regex("(?:" + "|".join(map(re.escape, OPERATORS)) + r")(?!\w)", re.ASCII)
CLOSER = {"(": ")", "[": "]"}


def stray_closer(token: Token, source: Source) -> ScoreError:
    """The error for a closing bracket that nothing opened."""
    return ScoreError(
        f"`{token.text}` closes nothing", loc=source.loc(token.start), hint="delete it, or open it before"
    )


def unclosed(opener: Token, source: Source, reason: str) -> ScoreError:
    """The error for an opening bracket without a partner; `reason` continues the sentence."""
    return ScoreError(
        f"`{opener.text}` is never closed{reason}",
        loc=source.loc(opener.start),
        hint=f"add `{CLOSER[opener.text]}`",
    )


def check_readable(tokens: Sequence[Token], source: Source) -> None:
    """Raise ScoreError for the first token that the lexer could not read."""
    if UNREADABLE.isdisjoint(map(kind_of, tokens)):
        return
    raise unreadable(next(token for token in tokens if token.kind in UNREADABLE), source)


def unreadable(token: Token, source: Source) -> ScoreError:
    """The error for a token that the lexer could not read."""
    loc = source.loc(token.start)
    if token.kind == "unclosed_string":
        return ScoreError("this string is never closed", loc=loc, hint='close it with `"` on the same line')
    if token.kind == "unclosed_comment":
        return ScoreError("this comment is never closed", loc=source.loc(token.start, 2), hint="close it with `*/`")
    if token.kind == "bad_number":
        hint = f"{HOW_NUMBERS}; names begin with a letter"
        unit = _WITH_UNIT.fullmatch(token.text)
        if unit is not None:
            hint = "levels are factors: 0.5 is -6 dB" if unit[2].lower() == "db" else f"numbers have no unit: {unit[1]}"
        return ScoreError(f"`{token.text[:40]}` is no number", loc=source.loc(token.start, len(token.text)), hint=hint)
    message = f"`{token.text}` means nothing here"
    for operator in _OPERATOR.finditer(source.text, max(token.start - 2, 0), token.start + 3):
        if operator.start() <= token.start < operator.end():
            loc = source.loc(operator.start(), len(operator[0]))
            return ScoreError(f"`{operator[0]}` means nothing here", loc=loc, hint=OPERATORS[operator[0]])
    if token.text in "'‘’“”":
        return ScoreError(message, loc=loc, hint='strings stand in straight double quotes: "bd sn"')
    if token.text == "~":
        return ScoreError(message, loc=loc, hint='a bus is `~name`; a rest `~` stands inside a string: "bd ~ sn"')
    if token.text == ";":
        return ScoreError(message, loc=loc, hint="a statement ends with its line; a remark begins with `--`")
    if token.text in "%^&":
        return ScoreError(message, loc=loc, hint="the operators of signals are + - * /")
    if token.text == ".":
        return ScoreError(message, loc=loc, hint='effects follow `#`, transforms `$`: s "bd" $ fast 2 # gain 0.5')
    if token.text in "<>{}!?|_":
        return ScoreError(message, loc=loc, hint='patterns stand inside a string: "<a b> c"')
    if not token.text.isprintable():
        return ScoreError(f"control character U+{ord(token.text):04X} in the text", loc=loc, hint="delete it")
    return ScoreError(message, loc=loc)
