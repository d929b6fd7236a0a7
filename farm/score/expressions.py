"""Tokens to an expression.

Brackets are read innermost first from an explicit stack: when one closes, its content is a flat row of
items in which inner brackets are already single items. The reader of a flat row therefore recurses over
the levels of precedence only, and no score can overflow Python's stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from farm.errors import Loc, ScoreError
from farm.score.lexer import BRACKETS, Token, kind_of
from farm.score.source import Source
from farm.score.syntax import (
    Apply,
    Binary,
    BusRef,
    Call,
    Chain,
    Expr,
    ListExpr,
    Name,
    Negate,
    Number,
    PatternRef,
    Section,
    String,
    TemplateRef,
)
from farm.score.unreadable import CLOSER, stray_closer, unclosed

MAX_NESTING = 200
MAX_NUMBER = 10**15
_MAX_DIGITS = 300

_CHAIN, _APPLY, _ADD, _MULTIPLY = 1, 2, 3, 4
_LEVELS = {"#": _CHAIN, "$": _APPLY}
_LEVELS |= dict.fromkeys("+ - |+ +| |- -| |> <| ~+ ~-".split(), _ADD)
_LEVELS |= dict.fromkeys("* / |* *| |/ /| ~* ~/".split(), _MULTIPLY)
_LEAVES: dict[str, type[Name | BusRef | PatternRef | TemplateRef]] = {
    "name": Name,
    "bus": BusRef,
    "pattern": PatternRef,
    "template": TemplateRef,
}
_NAMES = frozenset({"name", "bus"})

Keyword: TypeAlias = tuple[str, Expr, Loc]


class Bracket(NamedTuple):
    """A closed bracket as an item of the row around it; its first fields are a Token's.

    `kind` is `call` for `(` glued to a name, else `bracket`; `commas`: more than one part was written,
    or a keyword, so nothing but the list of parts is meant.
    """

    kind: str
    text: str
    start: int
    end: int
    glued: bool
    parts: tuple[Expr, ...]
    keywords: tuple[Keyword, ...]
    commas: bool


Item: TypeAlias = Token | Bracket


def read_expression(tokens: Sequence[Token], source: Source, variables: frozenset[str]) -> Expr:
    """The expression that `tokens` are, all of them; at least one.

    `variables` are bare names that stand for a bus and take no arguments. Raises ScoreError.
    """
    bare = BRACKETS.isdisjoint(map(kind_of, tokens))
    row: list[Item] = [*tokens] if bare else _bracketed(tokens, source, variables)
    whole = _Row(row, tokens[-1].end, source, variables)
    expr = whole.expression(_CHAIN)
    whole.finish()
    return expr


def _bracketed(tokens: Sequence[Token], source: Source, variables: frozenset[str]) -> list[Item]:
    """The tokens outside of all brackets, and each outermost bracket as one item. Raises ScoreError."""
    row: list[Item] = []
    rows = [row]
    openers: list[Token] = []
    for token in tokens:
        kind = token.kind
        if kind == "open":
            openers.append(token)
            row = []
            rows.append(row)
            if len(openers) > MAX_NESTING:
                raise ScoreError(
                    f"brackets nest more than {MAX_NESTING} levels deep",
                    loc=source.loc(token.start),
                    hint="give the inner part a bus of its own",
                )
        elif kind == "close":
            if not openers:
                raise stray_closer(token, source)
            opener = openers.pop()
            if CLOSER[opener.text] != token.text:
                raise unclosed(opener, source, f": `{token.text}` comes first")
            content = _Row(rows.pop(), token.start, source, variables)
            row = rows[-1]
            row.append(_close(opener, token, content, row))
        else:
            row.append(token)
    if openers:
        raise unclosed(openers[-1], source, "")
    return row


def _close(opener: Token, closer: Token, row: _Row, around: list[Item]) -> Bracket:
    """The content of a bracket, read as what the item before it makes of it."""
    is_call = opener.text == "(" and opener.glued and bool(around) and around[-1].kind in _NAMES
    keywords: tuple[Keyword, ...] = ()
    commas = False
    parts: tuple[Expr, ...]
    if is_call:
        parts, keywords, commas = row.arguments()
    elif opener.text == "[":
        parts = row.elements(opener)
    else:
        parts = (row.group(opener),)
    kind = "call" if is_call else "bracket"
    fields = (kind, opener.text, opener.start, closer.end, opener.glued, parts, keywords, commas)
    return tuple.__new__(Bracket, fields)


class _Row:
    """Reads one flat row of items from the left."""

    __slots__ = ("at", "items", "source", "variables")

    def __init__(self, items: list[Item], end: int, source: Source, variables: frozenset[str]) -> None:
        items.append(tuple.__new__(Token, ("end", "", end, end, False)))
        self.items = items
        self.at = 0
        self.source = source
        self.variables = variables

    # What a row can be as a whole.

    def finish(self) -> None:
        """Raise unless everything was read."""
        item = self.items[self.at]
        if item.kind != "end":
            raise self._unexpected(item)

    def group(self, opener: Token) -> Expr:
        """What stands in parentheses: an expression, or a section `# effect ...`."""
        first = self.items[0]
        if first.kind == "end":
            raise ScoreError("nothing between the parentheses", loc=self.source.loc(opener.start, 2))
        is_section = first.kind == "op" and first.text == "#"
        if is_section:
            self.at = 1
        expr = self.expression(_CHAIN)
        item = self.items[self.at]
        if item.kind == "op" and item.text == ",":
            raise ScoreError(
                "a comma in parentheses that belong to no call",
                loc=self.source.loc(item.start),
                hint="a call with commas has no blank before its parenthesis: `f(a, b)`; a list has brackets: `[a, b]`",
            )
        self.finish()
        return Section(expr, self.source.loc(opener.start)) if is_section else expr

    def elements(self, opener: Token) -> tuple[Expr, ...]:
        """The items of a list."""
        if self.items[0].kind == "end":
            raise ScoreError("a list without items", loc=self.source.loc(opener.start, 2))
        found: list[Expr] = []
        while self.items[self.at].kind != "end":
            found.append(self.expression(_CHAIN))
            if not self._skip_comma():
                self.finish()
        return tuple(found)

    def arguments(self) -> tuple[tuple[Expr, ...], tuple[Keyword, ...], bool]:
        """The arguments and keywords of a comma call, and whether they can only be all of them.

        Commas may be left out around strings.
        """
        found: list[Expr] = []
        keywords: list[Keyword] = []
        commas = False
        while (item := self.items[self.at]).kind != "end":
            if item.kind == "op" and item.text == ":":
                name, loc = self._keyword_name()
                keywords.append((name, self.expression(_CHAIN), loc))
            elif keywords:
                raise self._late_argument(item)
            else:
                found.append(self.expression(_CHAIN))
            if self._skip_comma():
                commas = True
                continue
            after = self.items[self.at]
            beside_string = after.kind == "string" or (bool(found) and isinstance(found[-1], String))
            if not beside_string or after.kind == "op":
                self.finish()
        return tuple(found), tuple(keywords), commas or len(found) != 1 or bool(keywords)

    def _skip_comma(self) -> bool:
        item = self.items[self.at]
        if item.kind == "op" and item.text == ",":
            self.at += 1
            return True
        return False

    # Expressions, by precedence climbing.

    def expression(self, loosest: int) -> Expr:
        """An expression whose operators bind at least as tightly as `loosest`; all of them lean left."""
        items = self.items
        first = items[self.at]
        if first.kind in _NAMES:
            self.at += 1
            left = self._call(first)
        else:
            left = self._unary(first)
        while True:
            item = items[self.at]
            if item.kind != "op":
                return left
            level = _LEVELS.get(item.text)
            if level is None or level < loosest:
                return left
            self.at += 1
            right = self.expression(level + 1)
            loc = self.source.loc(item.start, len(item.text))
            if level == _CHAIN:
                left = Chain(left, right, loc)
            elif level == _APPLY:
                left = Apply(left, right, loc)
            else:
                left = Binary(item.text, left, right, loc)

    def _unary(self, item: Item) -> Expr:
        if item.kind != "op" or item.text != "-":
            return self._operand(item)
        signs: list[Item] = []
        while item.kind == "op" and item.text == "-":
            signs.append(item)
            self.at += 1
            item = self.items[self.at]
        if len(signs) > MAX_NESTING:
            raise ScoreError(f"more than {MAX_NESTING} minus signs in a row", loc=self.source.loc(signs[0].start))
        expr: Expr
        if item.kind == "number" and item.glued:
            self.at += 1
            expr = self._number(item, negative_from=signs.pop().start)
        else:
            expr = self._operand(item)
        for sign in reversed(signs):
            expr = Negate(expr, self.source.loc(sign.start))
        return expr

    def _operand(self, item: Item) -> Expr:
        kind = item.kind
        if kind in _NAMES:
            self.at += 1
            return self._call(item)
        expr = self._value(item)
        if expr is None:
            raise self._no_operand(item)
        return expr

    def _value(self, item: Item) -> Expr | None:
        """A value that takes no arguments, if `item` is one; names and buses stand for themselves."""
        kind, text, start, end = item[:4]
        loc = self.source.loc
        expr: Expr
        if kind == "number":
            expr = self._number(item)
        elif kind == "string":
            expr = String(text, loc(start + 1, max(1, len(text))))
        elif (leaf := _LEAVES.get(kind)) is not None:
            expr = leaf(text, loc(start, end - start))
        elif isinstance(item, Bracket):
            expr = ListExpr(item.parts, loc(start)) if text == "[" else item.parts[0]
        else:
            return None
        self.at += 1
        return expr

    def _number(self, item: Item, negative_from: int | None = None) -> Number:
        value = number_value(item.text)
        start = item.start if negative_from is None else negative_from
        loc = self.source.loc(start, item.end - start)
        if value is None:
            raise ScoreError("a number over 1e15, or with too many digits", loc=loc)
        return Number(value if negative_from is None else -value, loc)

    # Calls.

    def _call(self, head: Item) -> Expr:
        """A name or bus and the arguments that follow it."""
        is_bus = head.kind == "bus"
        loc = self.source.loc(head.start, head.end - head.start)
        args: list[Expr] = []
        keywords: list[Keyword] = []
        item = self.items[self.at]
        if isinstance(item, Bracket) and item.kind == "call":
            self.at += 1
            name = f"~{head.text}" if is_bus else head.text
            # `f(a) b` goes on like `f (a) b`, but a minus behind the parenthesis subtracts.
            if item.commas or not self._starts_value(self.items[self.at]):
                return Call(name, item.parts, item.keywords, loc)
            args.append(item.parts[0])
        elif is_bus:
            # A minus behind a bus subtracts even where it is glued to a number.
            if not self._starts_value(item):
                return BusRef(head.text, loc)
            name = f"~{head.text}"
        elif head.text in self.variables:
            return Name(head.text, loc)
        else:
            name = head.text
        self._greedy_arguments(args, keywords)
        if not args and not keywords:
            return Name(head.text, loc)
        return Call(name, tuple(args), tuple(keywords), loc)

    def _starts_value(self, item: Item) -> bool:
        return item.kind not in ("op", "end")

    def _greedy_arguments(self, args: list[Expr], keywords: list[Keyword]) -> None:
        """Read `arg ... :name arg ...` as far as it goes."""
        while True:
            item = self.items[self.at]
            kind = item.kind
            if kind == "end":
                return
            if kind == "op" and item.text == ":":
                name, loc = self._keyword_name()
                keywords.append((name, self._keyword_value(name, loc), loc))
                continue
            value: Expr | None
            if kind == "number":
                value = self._number(item)
                self.at += 1
            else:
                value = self._argument(item)
            if value is None:
                return
            if keywords:
                raise self._late_argument(item)
            args.append(value)

    def _argument(self, item: Item) -> Expr | None:
        """One argument: a value, a negative number, or a call with its parenthesis glued on."""
        kind = item.kind
        if kind == "op":
            after = self.items[self.at + 1]
            if item.text == "-" and not item.glued and after.kind == "number" and after.glued:
                self.at += 2
                return self._number(after, negative_from=item.start)
            return None
        if kind in _NAMES:
            bracket = self.items[self.at + 1]
            if isinstance(bracket, Bracket) and bracket.kind == "call":
                self.at += 2
                name = f"~{item.text}" if kind == "bus" else item.text
                loc = self.source.loc(item.start, item.end - item.start)
                return Call(name, bracket.parts, bracket.keywords, loc)
        return self._value(item)

    def _keyword_name(self) -> tuple[str, Loc]:
        """The name of a keyword, from its colon."""
        colon, name = self.items[self.at], self.items[self.at + 1]
        if name.kind != "name" or not name.glued:
            raise ScoreError(
                "a `:` that begins no keyword",
                loc=self.source.loc(colon.start),
                hint="a keyword argument is written `:name value`; a new statement begins on a line of its own",
            )
        self.at += 2
        return name.text, self.source.loc(name.start, len(name.text))

    def _keyword_value(self, name: str, loc: Loc) -> Expr:
        item = self.items[self.at]
        if isinstance(item, Bracket) and item.kind == "call" and item.commas:
            raise ScoreError(f"the keyword `:{name}` takes one value", loc=loc)
        value = self._argument(item)
        if value is None:
            raise ScoreError(f"the keyword `:{name}` has no value", loc=loc, hint=f"write `:{name} 0.5`")
        return value

    # Errors.

    def _late_argument(self, item: Item) -> ScoreError:
        return ScoreError(
            "an argument after a keyword",
            loc=self.source.loc(item.start, item.end - item.start if isinstance(item, Token) else 1),
            hint="keywords (`:name value`) come last",
        )

    def _no_operand(self, item: Item) -> ScoreError:
        before = self.items[self.at - 1] if self.at else None
        if before is not None and before.kind == "op" and before.text in _LEVELS:
            after = f", but `{item.text}` follows" if item.kind == "op" else ""
            return ScoreError(
                f"`{before.text}` has nothing on its right{after}",
                loc=self.source.loc(before.start, len(before.text)),
                hint="write a value or a call after it",
            )
        if item.kind == "op" and item.text in _LEVELS:
            return ScoreError(
                f"`{item.text}` has nothing on its left",
                loc=self.source.loc(item.start, len(item.text)),
                hint="an effect section is written `(# lpf 300)`" if item.text == "#" else None,
            )
        loc = self.source.loc(item.start, max(1, len(item.text)))
        if item.kind == "op" and item.text == ",":
            return ScoreError("a comma with no value before it", loc=loc)
        if item.kind == "op":
            return ScoreError(f"`{item.text}` stands where a value should", loc=loc)
        return ScoreError("a value is missing here", loc=loc)

    def _unexpected(self, item: Item) -> ScoreError:
        width = 1 if isinstance(item, Bracket) else max(1, item.end - item.start)
        loc = self.source.loc(item.start, width)
        if item.kind == "op" and item.text == ",":
            return ScoreError("a comma outside a call or list", loc=loc, hint="a call with commas is written `f(a, b)`")
        if item.kind == "op" and item.text == ":":
            return ScoreError(
                "a `:` after a complete expression",
                loc=loc,
                hint="a statement begins on a line of its own; `:name value` follows a call's arguments",
            )
        if item.kind == "op":
            before, value = (self.items[self.at + aside] for aside in (-1, 1))
            hint = None
            if item.text == "=" and before.kind == "name" and not isinstance(value, Bracket):
                written = self.source.text[value.start : value.end] or "0.5"
                hint = f"a keyword argument is written `:{before.text} {written}`"
            return ScoreError(f"`{item.text}` cannot stand here", loc=loc, hint=hint)
        shown = self.source.text[item.start : item.end] if isinstance(item, Token) else item.text
        return ScoreError(
            f"an operator is missing before `{shown}`",
            loc=loc,
            hint="join two values with `+`, `*`, `#` or `$`; only a call takes arguments",
        )


@lru_cache(maxsize=4096)
def number_value(text: str) -> Fraction | None:
    """The exact value of an unsigned number; None when it is over 1e15 or absurdly long."""
    if len(text) > _MAX_DIGITS:
        return None
    whole, _, decimals = text.partition(".")
    value = Fraction(int(whole + decimals), 10 ** len(decimals))
    return value if value <= MAX_NUMBER else None
