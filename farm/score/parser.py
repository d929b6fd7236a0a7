"""A score's text to its program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NoReturn

from farm.errors import Loc, Notice, ScoreError, near, suggestion
from farm.quantities import plain
from farm.regex import regex
from farm.score.elsewhere import HEADS, OUTSIDE, STATEMENTS
from farm.score.expressions import number_value, read_expression
from farm.score.lexer import UNREADABLE, Token, tokenize
from farm.score.source import Source
from farm.score.statements import (
    HEAD_WORDS,
    NUMBER_COMMANDS,
    Head,
    Passage,
    command_name,
    output_number,
    split,
)
from farm.score.syntax import (
    BarePattern,
    BusDef,
    BusRef,
    Command,
    Expr,
    FunctionDef,
    Name,
    Number,
    OutputDef,
    PatternDef,
    Program,
    Statement,
    String,
    TemplateDef,
    Tempo,
)
from farm.score.unreadable import check_readable, stray_closer, unreadable

RESERVED_BUSES = frozenset({"add", "sub", "mul", "div"})
OUTMIX_RULES = frozenset({"gain", "sqrt", "tanh", "hard", "none"})
MAX_OUTPUT = 9999
_BEGINNING = regex(r"^[ \t]*(?:(?:fn|synthdef|let|const|var)[ \t]+)?([~%@]?)([A-Za-z_]\w*)", re.MULTILINE | re.ASCII)
_SIGNS = frozenset("+-*/")
_SIGNATURE = regex(r"0*[1-9]\d{0,3}/0*[1-9]\d{0,3}", re.ASCII)


def parse(source: Source, names: frozenset[str] = frozenset(), links: frozenset[str] = frozenset()) -> Program:
    """The program of `source`; ScoreError at the first statement that cannot be read.

    `names` are the known names of functions, effects and transforms. They decide whether a line that
    begins with `#` continues a chain or is a comment; without them, what looks like a chain is one. `links` are further
    names that make such a line a chain; a score may use them for buses of its own.
    """
    program, errors = parse_all(source, names, links)
    if errors:
        raise errors[0]
    return program


def parse_all(
    source: Source, names: frozenset[str] = frozenset(), links: frozenset[str] = frozenset()
) -> tuple[Program, list[ScoreError]]:
    """The program of all statements that can be read, and an error for each that cannot, in order."""
    lines, notices = tokenize(source, names | links)
    parts = split(lines)
    variables = frozenset(
        part.head.word
        for part in parts
        if part.head is not None and part.head.kind == "bus" and part.tokens[0].kind == "name"
    )
    reader = _StatementReader(source, variables - names)
    statements: list[Statement] = []
    errors: list[ScoreError] = []
    broken: dict[str, ScoreError] = {}
    for part in parts:
        first = part.tokens[0]
        if part.head is None and first.kind == "op" and first.text == "#":
            notices.append(_orphan_chain(source.loc(first.start)))
            continue
        try:
            statements.append(reader.read(part))
        except ScoreError as problem:
            errors.append(problem)
            for name in _defined(source.text[first.start : part.tokens[-1].end]):
                broken.setdefault(name, problem)
    if not statements and not errors:
        errors.append(_empty(source))
    notices.sort(key=lambda notice: notice.loc.line if notice.loc else 0)
    return Program(source, tuple(statements), tuple(notices), broken), errors


def _defined(text: str) -> Iterator[str]:
    """What the lines of a statement may define."""
    for sigil, name in _BEGINNING.findall(text):
        yield f"{sigil}{name}"
        if not sigil:
            yield f"~{name}"


def _orphan_chain(loc: Loc) -> Notice:
    return Notice(
        "this line is read as a comment, because there is nothing above it that it could continue",
        loc,
        "a blank line or a comment line ends a statement; `#` lines follow their statement directly",
    )


def _empty(source: Source) -> ScoreError:
    return ScoreError(
        "the score is empty: there is no statement in it",
        loc=source.loc(0),
        hint='a first score: `out: s "bd sn"`',
    )


class _StatementReader:
    """Reads the statements of one source."""

    def __init__(self, source: Source, variables: frozenset[str]) -> None:
        self.source = source
        self.variables = variables

    def read(self, part: Passage) -> Statement:
        """The statement of one part; ScoreError when it is none."""
        if part.head is None:
            self._no_statement(part.tokens)
        if part.head.kind == "unknown":
            self._unknown_head(part.head, part.tokens)
        check_readable(part.tokens, self.source)
        return _READERS[part.head.kind](self, part.head, part.tokens)

    def _loc(self, token: Token) -> Loc:
        return self.source.loc(token.start, max(1, token.end - token.start))

    def _body(self, tokens: list[Token], start: int) -> Expr:
        """The expression from `start` to the end of the statement."""
        if start >= len(tokens):
            head = tokens[0]
            raise ScoreError(
                f"`{self.source.text[head.start : tokens[-1].end]}` has nothing after it",
                loc=self._loc(head),
                hint="write an expression; a blank line ends a statement",
            )
        return read_expression(tokens[start:], self.source, self.variables)

    # Statements.

    def _calculated(self, head: Head, value: Fraction, tokens: list[Token]) -> ScoreError:
        """The error for a tempo that is a calculation, which begins with a number."""
        hint = f"write what it comes to, for example `{head.word}: {120 if head.word == 'bpm' else 0.5}`"
        divisor = number_value(tokens[2].text) if len(tokens) == 3 and tokens[2].kind == "number" else None
        if divisor and tokens[1].text == "/":
            hint = f"write what it comes to: `{head.word}: {plain(float(value / divisor))}`"
        end = max(one.end for one in tokens if one.kind in ("number", "op"))
        loc = self.source.loc(tokens[0].start, end - tokens[0].start)
        return ScoreError(f"`{head.word}` takes one number, and this is a calculation", loc=loc, hint=hint)

    def _tempo(self, head: Head, tokens: list[Token]) -> Tempo:
        rest = tokens[head.body :]
        if head.separator in ("$", "#"):
            raise ScoreError(
                f"`{head.word}` is followed by `:` and a number",
                loc=self._loc(tokens[1]),
                hint=f"write `{head.word}: 0.5`",
            )
        negative = bool(rest) and rest[0].kind == "op" and rest[0].text == "-"
        number = rest[1 if negative else 0 :]
        if not number or number[0].kind != "number":
            raise ScoreError(
                f"`{head.word}` needs a number",
                loc=self._loc(rest[0] if rest else tokens[0]),
                hint=f"write `{head.word}: {120 if head.word == 'bpm' else 0.5}`",
            )
        value = number_value(number[0].text)
        if value is None:
            raise ScoreError("a number over 1e15, or with too many digits", loc=self._loc(number[0]))
        if negative or value == 0:
            hint = "beats a minute: `bpm: 120`" if head.word == "bpm" else f"cycles a second: `{head.word}: 0.5`"
            raise ScoreError(f"`{head.word}` must be above 0", loc=self._loc(rest[0]), hint=hint)
        if len(number) > 1 and number[1].text in _SIGNS and number[1].kind == "op":
            raise self._calculated(head, value, number)
        signature = None
        if len(number) > 1 and number[1].kind == "string":
            signature = number[1].text
            if not _SIGNATURE.fullmatch(signature):
                raise ScoreError(
                    f'"{signature}" is no time signature',
                    loc=self.source.loc(number[1].start + 1, max(1, len(signature))),
                    hint='write beats over unit: "4/4"',
                )
        self._nothing_after(number, 1 if signature is None else 2, f"`{head.word}`")
        return Tempo(head.word, value, signature, self._loc(tokens[0]))

    def _bus(self, head: Head, tokens: list[Token]) -> BusDef:
        loc = self._loc(tokens[0])
        self._check_bus_name(head.word, loc)
        params = self._params(head.params)
        return BusDef(head.word, params, self._body(tokens, head.body), head.separator, loc)

    def _synthdef(self, head: Head, tokens: list[Token]) -> BusDef:
        name = self._name_after(tokens, "synthdef name expression")
        self._check_bus_name(name.text, self._loc(name))
        start = 2
        if len(tokens) > 2 and tokens[2].kind == "op" and tokens[2].text in (":", "=", "$"):
            start = 3
        return BusDef(name.text, (), self._body(tokens, start), "synthdef", self._loc(name))

    def _output(self, head: Head, tokens: list[Token]) -> OutputDef:
        loc = self._loc(tokens[0])
        if head.word in ("o", "d"):
            raise ScoreError(
                f"the output `{head.word}` needs a number",
                loc=loc,
                hint=f"write `{head.word}1:`, or `out:` for the main output",
            )
        number = output_number(head.word)
        if number is not None and number > MAX_OUTPUT:
            raise ScoreError(f"output numbers go up to {MAX_OUTPUT}", loc=loc)
        return OutputDef(number, self._body(tokens, head.body), head.separator == "#", loc)

    def _pattern(self, head: Head, tokens: list[Token]) -> PatternDef:
        self._colon_only(head, tokens, "%")
        body = self._body(tokens, head.body)
        if not isinstance(body, (Number, String, BusRef)):
            raise ScoreError(
                f"`%{head.word}` must be a string, a number or a bus",
                loc=self._loc(tokens[head.body]),
                hint=f'write `%{head.word}: "0 3 7"`; `@{head.word}: ...` names a whole expression',
            )
        return PatternDef(head.word, body, self._loc(tokens[0]))

    def _template(self, head: Head, tokens: list[Token]) -> TemplateDef:
        self._colon_only(head, tokens, "@")
        return TemplateDef(head.word, self._body(tokens, head.body), self._loc(tokens[0]))

    def _function(self, head: Head, tokens: list[Token]) -> FunctionDef:
        name = self._name_after(tokens, "fn name parameter = expression")
        after = 2
        while after < len(tokens) and tokens[after].kind == "name":
            after += 1
        if after >= len(tokens) or tokens[after].kind != "op" or tokens[after].text not in ("=", ":", "$"):
            raise ScoreError(
                f"the function `{name.text}` has no `=` after its parameters",
                loc=self._loc(tokens[min(after, len(tokens) - 1)]),
                hint=f"write `fn {name.text} a b = a * b`",
            )
        params = self._params(tuple(tokens[2:after]))
        return FunctionDef(name.text, params, self._body(tokens, after + 1), self._loc(name))

    def _command(self, head: Head, tokens: list[Token]) -> Command:
        loc = self._loc(tokens[0])
        name, digits = command_name(head.word)
        rest = tokens[head.body :]
        if digits:
            self._nothing_after(rest, 0, f"`{head.word}`")
            number = number_value(digits)
            if number is None:
                raise ScoreError(f"output numbers go up to {MAX_OUTPUT}", loc=loc)
            return Command(name, (Number(number, loc),), loc)
        if name == "outmix":
            return self._outmix(rest, loc)
        if not rest and name not in NUMBER_COMMANDS:
            return Command(name, (), loc)
        if name in ("panic", "resetCycles"):
            self._nothing_after(rest, 0, f"`{name}`")
        value = self._body(tokens, head.body)
        mutes = name in ("hush", "unhush")
        if not isinstance(value, (Number, BusRef, Name) if mutes else Number):
            raise ScoreError(f"`{name}` takes a number", loc=self._loc(rest[0]))
        return Command(name, (value,), loc)

    def _outmix(self, rest: list[Token], loc: Loc) -> Command:
        rules = ", ".join(sorted(OUTMIX_RULES))
        if not rest:
            raise ScoreError("`outmix` needs a rule", loc=loc, hint=f"one of {rules}")
        rule = rest[0]
        if rule.kind != "name" or rule.text not in OUTMIX_RULES:
            hint = suggestion(rule.text, OUTMIX_RULES) or f"one of {rules}"
            raise ScoreError(f"`{rule.text}` is no rule of `outmix`", loc=self._loc(rule), hint=hint)
        self._nothing_after(rest, 1, "`outmix`")
        return Command("outmix", (Name(rule.text, self._loc(rule)),), loc)

    def _bare_pattern(self, head: Head, tokens: list[Token]) -> BarePattern:
        if len(tokens) > 1:
            self._beside_bare_pattern(tokens)
        first = tokens[0]
        loc = self.source.loc(first.start + 1, max(1, len(first.text)))
        return BarePattern(String(first.text, loc), loc)

    # Pieces of statements.

    def _check_bus_name(self, name: str, loc: Loc) -> None:
        if name in RESERVED_BUSES:
            raise ScoreError(f"the bus name `~{name}` is reserved", loc=loc, hint=f"call it `~{name}_bus`")

    def _params(self, tokens: tuple[Token, ...]) -> tuple[str, ...]:
        if not tokens:
            return ()
        seen: set[str] = set()
        for token in tokens:
            if token.text in seen:
                raise ScoreError(f"the parameter `{token.text}` is named twice", loc=self._loc(token))
            seen.add(token.text)
        return tuple(token.text for token in tokens)

    def _name_after(self, tokens: list[Token], form: str) -> Token:
        if len(tokens) < 2 or tokens[1].kind != "name":
            place = tokens[1] if len(tokens) > 1 else tokens[0]
            raise ScoreError(f"`{tokens[0].text}` needs a name", loc=self._loc(place), hint=f"write `{form}`")
        return tokens[1]

    def _colon_only(self, head: Head, tokens: list[Token], sigil: str) -> None:
        if head.separator == "#":
            raise ScoreError(
                f"`{sigil}{head.word}` is defined with `:`",
                loc=self._loc(tokens[1]),
                hint=f"write `{sigil}{head.word}: ...`",
            )

    def _nothing_after(self, tokens: list[Token], count: int, what: str) -> None:
        if len(tokens) > count:
            extra = tokens[count]
            shown = self.source.text[extra.start : extra.end]
            raise ScoreError(f"`{shown}` is too much after {what}", loc=self._loc(extra))

    # Lines that are no statement.

    def _beside_bare_pattern(self, tokens: list[Token]) -> NoReturn:
        string = tokens[0]
        raise ScoreError(
            "a bare pattern stands alone on its line",
            loc=self._loc(tokens[1]),
            hint=f'write `out: s "{string.text}" ...`' if len(string.text) <= 40 else 'write `out: s "..." ...`',
        )

    def _unknown_head(self, head: Head, tokens: list[Token]) -> NoReturn:
        if head.word in OUTSIDE:
            raise self._outside(tokens[0], head.separator)
        found = near(head.word, HEAD_WORDS)
        bus = f"a bus is written `~{head.word}{':' if head.separator == ':' else f' {head.separator}'} ...`"
        hint = f"did you mean `{found[0]}`?" if found else bus
        if head.word in STATEMENTS:
            hint = f"here it is written `{STATEMENTS[head.word]}`"
        elif head.word in HEADS and head.separator != "$":
            hint = f"an option says that: farm render {HEADS[head.word]}; {bus}"
        raise ScoreError(
            f"`{head.word}{'' if head.separator in ('', ':') else ' '}{head.separator}` begins no statement",
            loc=self._loc(tokens[0]),
            hint=hint,
        )

    def _outside(self, word: Token, separator: str) -> ScoreError:
        what = f"{OUTSIDE[word.text]}: plugins and MIDI are out of farm's scope"
        hint = "with --lenient the score is rendered without it"
        return ScoreError(f"`{word.text}{separator}` is {what}", loc=self._loc(word), hint=hint)

    def _no_statement(self, tokens: list[Token]) -> NoReturn:
        first = tokens[0]
        if first.kind in UNREADABLE:
            raise unreadable(first, self.source)
        if first.kind == "close":
            raise stray_closer(first, self.source)
        if first.kind == "string":
            check_readable(tokens, self.source)
            self._beside_bare_pattern(tokens)
        loc = self._loc(first)
        if first.kind == "bus":
            raise ScoreError(
                f"`~{first.text}` is not followed by `:`", loc=loc, hint=f"a bus is written `~{first.text}: ...`"
            )
        if [one.text for one in tokens[:2]] == ["$", ":"]:
            raise ScoreError("`$:` begins no statement", loc=loc, hint='here it is written `o1: s "bd sn"`')
        if first.kind == "op":
            raise ScoreError(
                f"this line begins with `{first.text}`, but there is nothing above it that it could continue",
                loc=loc,
                hint="a blank line or a comment line ends a statement",
            )
        hint = "a statement begins with `out:`, `~name:`, `tempo:`, `%name:`, `@name:` or `fn`"
        if first.kind == "name":
            if first.text in OUTSIDE:
                raise self._outside(first, "")
            called = len(tokens) > 1 and tokens[1].kind in ("string", "number", "open", "bus")
            written = self.source.text[first.start : tokens[-1].end]
            if called and len(written) <= 60 and "\n" not in written:
                hint = f"to hear it write `out: {written}`"
            hint = suggestion(first.text, HEAD_WORDS) or hint
        raise ScoreError("this line is no statement", loc=loc, hint=hint)


_READERS: dict[str, Callable[[_StatementReader, Head, list[Token]], Statement]] = {
    "tempo": _StatementReader._tempo,
    "bus": _StatementReader._bus,
    "synthdef": _StatementReader._synthdef,
    "output": _StatementReader._output,
    "pattern": _StatementReader._pattern,
    "template": _StatementReader._template,
    "fn": _StatementReader._function,
    "command": _StatementReader._command,
    "string": _StatementReader._bare_pattern,
}
"""What reads each kind of statement."""
