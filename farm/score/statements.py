"""Lines to statements: which lines begin one, and which lines continue it.

A blank line or a line that is only a comment ends a statement, except inside brackets. A line begins
a statement when it starts with a head (`~name:`, `out $`, `tempo 2`, a lone string ...), except inside
brackets or when the line above ends with an operator. Heads that can be nothing else (`strong`) begin
a statement even there, so that one forgotten bracket costs one statement and not the rest of the score.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from farm.regex import regex
from farm.score.elsewhere import STATEMENTS
from farm.score.lexer import BRACKETS, Line, Token, kind_of
from workers.records import record

SEPARATORS = frozenset({":", "$", "#", "="})
TEMPO_WORDS = frozenset({"tempo", "cps", "bpm"})
NUMBER_COMMANDS = frozenset({"setCycle", "nudge", "buffer"})
COMMANDS = frozenset({"hush", "unhush", "panic", "resetCycles", "outmix"}) | NUMBER_COMMANDS
HEAD_WORDS = COMMANDS | TEMPO_WORDS | {"out", "main", "fn", "synthdef"}

_OUTPUT = regex(r"(out|o|d|main)(\d*)", re.ASCII)
_HUSH = regex(r"(hush|unhush)(\d*)", re.ASCII)
_OPENS_EXPRESSION = frozenset({"name", "bus", "number", "string", "pattern", "template", "open"})


class Head(NamedTuple):
    """How a statement begins. `kind`: tempo, bus, output, pattern, template, fn, command, string or unknown.

    `word` is the name defined or the keyword; `separator` is empty where a blank stands for it; the
    statement's tokens from `body` on are its right side.
    """

    kind: str
    word: str
    separator: str
    body: int
    strong: bool
    params: tuple[Token, ...] = ()


@record(slots=True)
class Passage:
    """The tokens of one statement, or of lines that belong to none (`head` is None)."""

    head: Head | None
    tokens: list[Token]


def split(lines: list[Line]) -> list[Passage]:
    """The statements of a score in order."""
    heads = [read_head(line.tokens) if line.tokens else None for line in lines]
    deeper = _deeper(lines, heads)
    parts: list[Passage] = []
    current: Passage | None = None
    depth = 0
    dangling = False
    for line, head, more in zip(lines, heads, deeper, strict=True):
        tokens = line.tokens
        if not tokens:
            if depth == 0 and (line.blank or not dangling):
                current = None
            continue
        if head is not None and (head.strong or current is None or (depth == 0 and not dangling)):
            current = Passage(head, list(tokens))
            parts.append(current)
        elif current is None:
            current = Passage(None, list(tokens))
            parts.append(current)
        else:
            current.tokens.extend(tokens)
        depth += more
        dangling = current.head is not None and tokens[-1].kind == "op"
    return parts


def _deeper(lines: list[Line], heads: list[Head | None]) -> list[int]:
    """How many brackets more than before are open behind each line; only those that have a partner count, with no
    strong head between them."""
    deeper = [0] * len(lines)
    stack: list[tuple[str, int]] = []
    open_count = {"(": 0, "[": 0}
    for number, (line, head) in enumerate(zip(lines, heads, strict=True)):
        if head is not None and head.strong:
            stack.clear()
            open_count = {"(": 0, "[": 0}
        if BRACKETS.isdisjoint(map(kind_of, line.tokens)):
            continue
        for kind, text, _, _, _ in line.tokens:
            if kind == "open":
                stack.append((text, number))
                open_count[text] += 1
            elif kind == "close":
                wanted = "(" if text == ")" else "["
                while open_count[wanted]:
                    opening, began = stack.pop()
                    open_count[opening] -= 1
                    if opening == wanted:
                        deeper[began] += 1
                        deeper[number] -= 1
                        break
    return deeper


def heads_statement(name: str) -> bool:
    """Whether a name is a word that begins a statement: it can be nothing else."""
    return name in HEAD_WORDS or name in STATEMENTS or any(one.fullmatch(name) for one in (_OUTPUT, _HUSH))


def read_head(tokens: list[Token]) -> Head | None:
    """The head with which a line begins, or None when it can only continue a statement."""
    first = tokens[0]
    if first.kind == "name":
        return _word_head(tokens)
    if first.kind == "bus":
        return _bus_head(tokens)
    if first.kind == "string":
        return Head("string", first.text, "", 0, strong=False) if len(tokens) == 1 else None
    if first.kind in ("pattern", "template"):
        separator = _separator(tokens, 1)
        if separator:
            return Head(first.kind, first.text, separator, 2, strong=separator in ":=")
    return None


def _separator(tokens: list[Token], at: int) -> str:
    """The separator at `at`, or nothing."""
    if at < len(tokens) and tokens[at].kind == "op" and tokens[at].text in SEPARATORS:
        return tokens[at].text
    return ""


def _is_keyword(tokens: list[Token], at: int) -> bool:
    """Whether ` :name value` stands at `at`, a keyword argument."""
    if at + 1 >= len(tokens):
        return False
    colon, name = tokens[at], tokens[at + 1]
    return colon.kind == "op" and colon.text == ":" and not colon.glued and name.kind == "name" and name.glued


def _bus_head(tokens: list[Token]) -> Head | None:
    after = 1
    while after < len(tokens) and tokens[after].kind == "name":
        after += 1
    separator = _separator(tokens, after)
    if not separator or (after > 1 and _is_keyword(tokens, after)):
        return None
    return Head("bus", tokens[0].text, separator, after + 1, separator in ":=", tuple(tokens[1:after]))


def _word_head(tokens: list[Token]) -> Head | None:
    word = tokens[0].text
    separator = _separator(tokens, 1)
    strong = separator in (":", "=") and not _is_keyword(tokens, 1)
    body = 2 if separator else 1
    if word in TEMPO_WORDS:
        return Head("tempo", word, separator, body, strong)
    if word == "fn":
        return Head("fn", word, "", 1, strong=False)
    if word == "synthdef":
        return Head("synthdef", word, "", 1, strong=False)
    output = _OUTPUT.fullmatch(word)
    if output is not None and _is_output(tokens, output, separator):
        return Head("output", word, separator, body, strong)
    if (_HUSH.fullmatch(word) or word in COMMANDS) and _is_command(tokens, separator):
        return Head("command", word, separator, body, strong)
    if separator == "=":
        return Head("bus", word, separator, body, strong=True)
    if word in STATEMENTS and not separator:
        return Head("unknown", word, "", 1, strong=False)
    if separator and not _is_keyword(tokens, 1):
        return Head("unknown", word, separator, body, strong=False)
    return None


def _is_output(tokens: list[Token], found: re.Match[str], separator: str) -> bool:
    word, digits = found.group(1), found.group(2)
    if word in ("o", "d") and not digits:
        return separator in (":", "$", "#") and not _is_keyword(tokens, 1)
    if separator or word == "out":
        return True
    return len(tokens) > 1 and tokens[1].kind in _OPENS_EXPRESSION


def _is_command(tokens: list[Token], separator: str) -> bool:
    if separator:
        return separator == ":" or (separator == "=" and tokens[0].text in ("outmix", "buffer"))
    rest = tokens[1:]
    if rest and rest[0].kind == "op" and rest[0].text == "-":
        del rest[0]
    return not rest or (len(rest) == 1 and rest[0].kind in ("number", "name", "bus"))


def output_number(word: str) -> int | None:
    """N of `outN`, `oN`, `dN` or `mainN`; None without digits; more than 9 digits count as 10^9."""
    found = _OUTPUT.fullmatch(word)
    digits = found.group(2) if found is not None else ""
    return int(digits if len(digits) < 10 else 10**9) if digits else None


def command_name(word: str) -> tuple[str, str]:
    """The command and the digits glued to it: `hush2` is (`hush`, `2`)."""
    found = _HUSH.fullmatch(word)
    return (found.group(1), found.group(2)) if found is not None else (word, "")
