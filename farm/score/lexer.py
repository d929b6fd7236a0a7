"""Text to tokens, line by line, comments stripped.

Nothing fails here: what cannot be read becomes a token of a kind in `UNREADABLE`, and the parser
complains when it comes to the statement that holds it.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import NamedTuple

from farm.errors import Notice, suggestion
from farm.regex import regex
from farm.score.elsewhere import form_of
from farm.score.source import Source

BRACKETS = frozenset({"open", "close"})
UNREADABLE = frozenset({"unclosed_string", "unclosed_comment", "bad_number", "stray"})


class Token(NamedTuple):
    """`kind` is the name of its group in `_TOKEN`, of a `#` `op`; `text` has no quotes, tilde or other sigil.

    `start` and `end` are offsets and include the sigil. `glued`: no blank before it.
    """

    kind: str
    text: str
    start: int
    end: int
    glued: bool


kind_of = itemgetter(0)
"""The kind of a token, for `map`: scores have thousands of tokens."""


class Line(NamedTuple):
    """One line of the text. `blank`: it held nothing, not even a comment."""

    tokens: list[Token]
    blank: bool


_TOKEN = regex(
    r"""
    [ \t\u00a0]*(?:
      (?P<name>every'|[A-Za-z_]\w*)
    | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?![\w.]))
    | (?P<hash>\#)
    | "(?P<string>[^"\n]*)"
    | ~(?P<bus>[A-Za-z_]\w*)
    | (?P<newline>\n)
    | (?P<comment>(?:--|//)[^\n]*)
    | (?P<block>/\*(?s:.*?)\*/)
    | (?P<unclosed_comment>/\*(?s:.*))
    | (?P<op>\|[-+*/>] | [-+*/<]\| | ~[-+*/] | [-+*/$=:,])
    | (?P<open>[(\[])
    | (?P<close>[)\]])
    | (?P<unclosed_string>"[^\n]*)
    | (?P<bad_number>\.?\d[\w.]*)
    | %(?P<pattern>[A-Za-z_]\w*)
    | @(?P<template>[A-Za-z_]\w*)
    | (?P<end>\Z)
    | (?P<stray>.)
    )""",
    re.VERBOSE | re.ASCII,
)
_SIGILS = frozenset({"string", "bus", "pattern", "template"})
_BETWEEN = frozenset({"newline", "comment", "block", "end"})
_SPECIAL = _SIGILS | _BETWEEN | {"hash"}
_MIDI_PATH = regex(r"(?::[A-Za-z_]\w*)+", re.ASCII)
_REST_OF_LINE = regex(r"[^\n]*")

# A `#` operator is followed by a lower-case word, `~`, a string or a bracket: all this is remark.
_REMARK = regex(r"#[ \t]*(?:[A-Z0-9#=!]|[^\x00-\x7f])")

# A remark that could be an effect; its values are each read as a 1 before the rest of it is looked at.
_REMARKED_CALL = regex(r"(?P<signs>\#(?:[ \t]*\#)*)[ \t]*(?P<word>[A-Za-z]\w*)(?P<rest>[ \t]+[^\n]*)", re.ASCII)
_REMARKED_BUS = regex(r"\#(?:[ \t]*\#)+[ \t]*(?P<bus>~[A-Za-z_]\w*)[^\n]*", re.ASCII)
_REMARKED_VALUE = regex(r"""(?<![\w.])(?:\d+(?:\.\d+)?|\.\d+)(?![\w.])|"[^"\n]*"|~[A-Za-z_]\w*""", re.ASCII)
_REMARKED_ARGUMENTS = regex(r"[ \t(-]*+1(?:[-+*/$#(), \t]*+(?:1|[A-Za-z]\w*+))*+[) \t]*+", re.ASCII)
_REMARKED_WORD = regex(r"[A-Za-z]\w*", re.ASCII)
_END_OF_LINE = r"[ \t]*(?:\n|\Z|--|//|/\*|[)\],])"
_CHAINED_WORD = regex(r"#[ \t]*(?P<word>[a-z_]\w*'?)", re.ASCII)
_CHAINED_VALUE = regex(
    rf"""\#[ \t]*(?:~[A-Za-z_]\w*|"[^"\n]*") (?: {_END_OF_LINE} | [ \t]*[-+*/$\#] )""", re.VERBOSE | re.ASCII
)
_ARGUMENT = regex(
    r"""[ \t]*(?: "|~[A-Za-z_]|[(\[]|[%@][A-Za-z_]|\.?\d|-[ \t]*[\d.~(]|\#[ \t]*[a-z_~"] ) | [ \t]+:[A-Za-z_]""",
    re.VERBOSE | re.ASCII,
)
_WORD_END = regex(_END_OF_LINE)
_BARE_ARGUMENT = regex(r"[ \t]+(?P<word>[A-Za-z_]\w*)", re.ASCII)
_DEFINED = regex(r"^[ \t]*(?:fn[ \t]+([A-Za-z_]\w*)|([A-Za-z_]\w*)[ \t]*=)", re.MULTILINE | re.ASCII)


def tokenize(source: Source, names: frozenset[str]) -> tuple[list[Line], list[Notice]]:
    """The lines of `source`, and notices of remarks that look like chains.

    `names` are the known functions: they tell `# lpf 800` at the start of a line from a remark.
    """
    text = source.text
    hash_lines = _HashLines(source, names)
    lines, tokens = list[Line](), list[Token]()
    remarked = continued = False
    at: int | None = 0
    previous_end = 0
    new = tuple.__new__
    while at is not None:
        following, at = _TOKEN.finditer(text, at), None
        for found in following:
            kind = found.lastgroup or ""
            word, end = found[kind], found.end()
            start = end - len(word)
            if kind in _SPECIAL:
                if kind in _BETWEEN:
                    if kind == "newline":
                        # The line on which a comment ends that began behind code is no line of its own.
                        if tokens or not continued:
                            lines.append(new(Line, (tokens, not remarked)))
                            tokens = []
                        remarked = continued = False
                    elif kind != "end":
                        remarked = True
                        if tokens and "\n" in word:
                            lines.append(Line(tokens, False))
                            tokens, continued = [], True
                    continue
                if kind == "hash":
                    kind = "op"
                    follows = bool(lines and lines[-1].tokens)
                    remark = _REMARK.match(text, start)
                    if remark and (tokens or follows):
                        hash_lines.notice_call(start, bool(tokens))
                    if remark or (not tokens and not hash_lines.is_chain(start, follows)):
                        at = _skip_line(text, start)
                        remarked = True
                        break
                else:
                    start -= 2 if kind == "string" else 1
                    if word == "midi" and kind == "bus" and tokens:
                        path = _MIDI_PATH.match(text, end)
                        if path is not None:
                            word += path.group()
                            at = end = path.end()
            tokens.append(new(Token, (kind, word, start, end, start == previous_end)))
            previous_end = end
            if at is not None:
                break
    lines.append(Line(tokens, not remarked))
    return lines, hash_lines.notices


def _skip_line(text: str, at: int) -> int:
    rest = _REST_OF_LINE.match(text, at)
    assert rest is not None
    return rest.end()


class _HashLines:
    """Tells lines that begin with a `#` operator from those that are remarks."""

    def __init__(self, source: Source, names: frozenset[str]) -> None:
        self.source = source
        self.names = names
        self.defined: frozenset[str] | None = None
        self.notices: list[Notice] = []
        self.hints: dict[str, str | None] = {}

    def is_chain(self, start: int, follows: bool) -> bool:
        """Whether the `#` at `start` is an operator; `follows`: the line above holds code."""
        text = self.source.text
        if _CHAINED_VALUE.match(text, start):
            return True
        found = _CHAINED_WORD.match(text, start)
        if found is None:
            return False
        word, end = found["word"], found.end()
        known = word in self.names or self.defines(word)
        if _ARGUMENT.match(text, end):
            if known or not self.names:
                return True
            if follows:
                self._notice_misspelt(word, found.start("word"))
            return False
        if not known:
            return False
        argument = _BARE_ARGUMENT.match(text, end)
        if argument is not None and self.defines(argument["word"]):
            rest = argument.end()
            return bool(_WORD_END.match(text, rest) or _ARGUMENT.match(text, rest))
        return bool(_WORD_END.match(text, end))

    def defines(self, word: str) -> bool:
        """Whether a line of the text defines a function, or a bus without its tilde, of that name."""
        if self.defined is None:
            self.defined = frozenset(function or bus for function, bus in _DEFINED.findall(self.source.text))
        return word in self.defined

    def notice_call(self, start: int, behind: bool) -> None:
        """Notes a remark that reads like an effect, `## lpf 300` or `# LPF 300`.

        `behind`: it stands behind code, not in the line below; there, `##` is a line that somebody switched off.
        """
        bus = _REMARKED_BUS.match(self.source.text, start) if behind else None
        if bus is not None:
            hint = f"one `#` joins an effect: # {self.source.text[bus.start('bus') : bus.end()].rstrip()}"
            loc = self.source.loc(start, bus.end("bus") - start)
            self.notices.append(Notice("the rest of this line is a remark", loc, hint))
            return
        found = _REMARKED_CALL.match(self.source.text, start)
        if found is None or found["word"].lower() not in self.names or not (behind or found["signs"] == "#"):
            return
        rest = _REMARKED_VALUE.sub("1", found["rest"])
        words = _REMARKED_WORD.findall(rest)
        if not _REMARKED_ARGUMENTS.fullmatch(rest) or any(word.lower() not in self.names for word in words):
            return
        doubled = found["signs"] != "#"
        why = "one `#` joins an effect" if doubled else "names of effects have no capital letters"
        loc = self.source.loc(start, found.end("word") - start)
        hint = f"{why}: # {found['word'].lower()}{found['rest'].rstrip()}"
        self.notices.append(Notice("the rest of this line is a remark", loc, hint))

    def _notice_misspelt(self, word: str, start: int) -> None:
        if word not in self.hints:
            self.hints[word] = form_of(word) or suggestion(word, self.names)
        hint = self.hints[word]
        if hint is not None:
            message = f"this line is read as a comment, because `{word}` is no known function"
            self.notices.append(Notice(message, self.source.loc(start, len(word)), hint))
