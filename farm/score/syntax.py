"""The syntax of a score: frozen trees, every node with its place in the text.

Parentheses leave no trace: what they group is in the tree's shape. Trees are deep in two ways. Through
brackets and runs of minus signs they nest at most 200 levels. Through operators of one level
(`~a + ~b + ...`) they lean to the left without a limit: walk those with `spine`, not by recursion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from typing import ClassVar, TypeAlias

from farm.errors import Loc, Notice, ScoreError
from farm.score.source import Source
from workers.records import record


class _Node:
    """What all nodes share: equal when type and fields are, places included.

    Written once here because the methods that `dataclass` would compile for every class take longer than
    reading a score does.
    """

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def _fields(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((type(self), self._fields()))

    def __repr__(self) -> str:
        shown = ", ".join([f"{name}={getattr(self, name)!r}" for name in self.__match_args__ if name != "loc"])
        return f"{type(self).__name__}({shown})"


class Joined(_Node):
    """An operator and its two sides."""

    __slots__ = ()


@record(frozen=True, slots=True, eq=False, repr=False)
class Number(_Node):
    """A number, exact; at most 1e15 in size."""

    value: Fraction
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class String(_Node):
    """What stands between double quotes; `loc` is the first character inside them."""

    text: str
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class BusRef(_Node):
    """`~name`; `name` has no tilde, but may carry suffixes after `midi` (`midi:a:b`)."""

    name: str
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class PatternRef(_Node):
    """`%name`."""

    name: str
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class TemplateRef(_Node):
    """`@name`."""

    name: str
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class Name(_Node):
    """A bare word: a source, transform or function without arguments, or a bus without its tilde."""

    name: str
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class Call(_Node):
    """`name arg ... :keyword value ...` or `name(arg, ...)`; a bus call is named `~name`.

    `keywords` holds (name, value, place of the name) in the order written.
    """

    name: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr, Loc], ...]
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class Chain(Joined):
    """`left # right`: `left` goes into the leftmost call of `right`. `loc` is the `#`."""

    left: Expr
    right: Expr
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class Apply(Joined):
    """`left $ right`, leaning left: `a $ b $ c` is Apply(Apply(a, b), c). `loc` is the `$`."""

    left: Expr
    right: Expr
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class Binary(Joined):
    """Arithmetic. `op` as written: + - * /, |+ +| |- -| |* *| |/ /| |> <|, ~+ ~- ~* ~/. `loc` is the operator."""

    op: str
    left: Expr
    right: Expr
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class Negate(_Node):
    """Unary minus. A minus glued to a number is part of the Number instead."""

    operand: Expr
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class Section(_Node):
    """`( # body )`: effects that lack their input."""

    body: Expr
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class ListExpr(_Node):
    """`[a, b, ...]`, at least one item."""

    items: tuple[Expr, ...]
    loc: Loc


Expr: TypeAlias = (
    Number
    | String
    | BusRef
    | PatternRef
    | TemplateRef
    | Name
    | Call
    | Chain
    | Apply
    | Binary
    | Negate
    | Section
    | ListExpr
)


@record(frozen=True, slots=True, eq=False, repr=False)
class Tempo(_Node):
    """`tempo: n`, `cps: n` or `bpm: n ["b/u"]`; `value` > 0; `signature` is as written, b and u at least 1."""

    kind: str
    value: Fraction
    signature: str | None
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class BusDef(_Node):
    """A bus. `kind` is what stands before the body: `:`, `$`, `=`, `#` (a modifier bus) or `synthdef`.

    `name` has no tilde. `params` makes it a function bus.
    """

    name: str
    params: tuple[str, ...]
    body: Expr
    kind: str
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class OutputDef(_Node):
    """An output; `number` is None for `out` and `main`. `chained`: written with `#`, the body lacks its input."""

    number: int | None
    body: Expr
    chained: bool
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class PatternDef(_Node):
    """`%name: "..."`, a number or a bus."""

    name: str
    body: Number | String | BusRef
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class TemplateDef(_Node):
    """`@name: expr`."""

    name: str
    body: Expr
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class FunctionDef(_Node):
    """`fn name param ... = expr`."""

    name: str
    params: tuple[str, ...]
    body: Expr
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class Command(_Node):
    """`outmix: word`, `buffer: n`, `hush`, `unhush`, `panic`, `resetCycles`, `setCycle n`, `nudge n`.

    `args` holds one Number, Name or BusRef, or nothing; `hush2` is `hush` with the number 2.
    """

    name: str
    args: tuple[Number | Name | BusRef, ...]
    loc: Loc


@record(frozen=True, slots=True, eq=False, repr=False)
class BarePattern(_Node):
    """A line that is just a string."""

    string: String
    loc: Loc


Statement: TypeAlias = Tempo | BusDef | OutputDef | PatternDef | TemplateDef | FunctionDef | Command | BarePattern


@record(frozen=True, slots=True)
class Program:
    """A score's statements in the order of the text, and what was read in a way worth a warning.

    `broken`: what statements that cannot be read may have defined (`~kick`, `%p`, `@t`, `f`), each with the mistake.
    """

    source: Source
    statements: tuple[Statement, ...]
    notices: tuple[Notice, ...] = ()
    broken: Mapping[str, ScoreError] = field(default_factory=dict)


def leftmost(expr: Expr) -> Expr:
    """The leftmost operand of `expr`'s operators."""
    while isinstance(expr, Joined):
        expr = expr.left
    return expr


def spine(expr: Expr) -> tuple[Expr, list[Chain | Apply | Binary]]:
    """The leftmost operand of `expr`'s operators, and those operators from the innermost outwards.

    `a + b # c` gives a and [the +, the #], so that a walk over the right sides needs no recursion.
    """
    if not isinstance(expr, Joined):
        return expr, []
    operators: list[Chain | Apply | Binary] = []
    while isinstance(expr, Joined):
        operators.append(expr)
        expr = expr.left
    operators.reverse()
    return expr, operators
