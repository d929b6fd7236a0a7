"""Kinds of arguments that transforms take. A kind is one object: how it is bound, and what people read of it.

A new kind is a class here with its `bind`, and a name for annotations below.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, Protocol

from farm.errors import Loc, Notice, ScoreError
from farm.pattern.pattern import Pattern
from farm.quantities import plain
from workers.records import record

Number = Fraction | int | float
Argument = Number | Pattern | Callable[[Pattern], Pattern]
"""What `Transform.apply` takes: a number, a pattern, or a transform as a function."""
LARGEST = 10**15


@record(frozen=True, slots=True)
class Above:
    """Refuses numbers that are not above `low`."""

    low: float

    def __str__(self) -> str:
        return f"above {plain(self.low)}"


@record(frozen=True, slots=True)
class Between:
    """Clamps numbers to low .. high."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{plain(self.low)} to {plain(self.high)}"


Range = Above | Between


@record(frozen=True, slots=True)
class In:
    """The unit of a number, for people."""

    unit: str


@record(frozen=True, slots=True, eq=False)
class Kind(ABC):
    """What an argument is."""

    name: str
    article: str
    """In errors: `needs a whole number`."""
    unit: str
    """On pages, of an argument without a unit of its own."""

    @property
    def patterned(self) -> bool:
        """Whether a pattern may stand for it: then the transform is an inner join over the pattern's values."""
        return False

    @abstractmethod
    def bind(self, binding: Binding, argument: Argument) -> Any:
        """What the transform's function gets. Raises ScoreError for an argument of another kind."""
        ...

    def page(self, limits: Range | None) -> str:
        """What a page says of its range."""
        return "" if limits is None else str(limits)


@record(frozen=True, slots=True, eq=False)
class NumberKind(Kind):
    """A number, `whole` without a fraction, `exact` as one, else a float; a signal in place of a `pace` is how fast."""

    whole: bool = False
    exact: bool = True
    pace: bool = False

    @property
    def patterned(self) -> bool:
        return True

    def page(self, limits: Range | None) -> str:
        return "any" if limits is None else str(limits)

    def bind(self, binding: Binding, argument: Argument) -> Number:
        if isinstance(argument, Pattern) or callable(argument):
            raise binding.kind_error(argument)
        try:
            if not isinstance(argument, Fraction):
                argument = Fraction(repr(argument) if isinstance(argument, float) else argument)
        except ValueError:
            raise binding.wrong(f"needs {self.article}, not {argument}") from None
        above, below = argument.as_integer_ratio()
        if abs(above) > LARGEST * below:
            raise binding.wrong("needs a number up to 1e15")
        value = binding.limited(argument)
        if self.whole:
            if value.denominator != 1:
                binding.note(f"is a whole number, {int(value)} is used")
            return int(value)
        return value if self.exact else float(value)


@record(frozen=True, slots=True, eq=False)
class TransformKind(Kind):
    """A transform; effects may be part of it."""

    def bind(self, binding: Binding, argument: Argument) -> Argument:
        if isinstance(argument, Pattern) or not callable(argument):
            raise binding.kind_error(argument)
        return argument


@record(frozen=True, slots=True, eq=False)
class PatternKind(Kind):
    """A pattern as it is."""

    def bind(self, binding: Binding, argument: Argument) -> Argument:
        if not isinstance(argument, Pattern):
            raise binding.kind_error(argument)
        return argument


RATIO = NumberKind("ratio", "a number", "number")
PACE = NumberKind("pace", "a number", "number", pace=True)
COUNT = NumberKind("count", "a whole number", "whole number", whole=True)
AMOUNT = NumberKind("amount", "a number", "number", exact=False)
TRANSFORM = TransformKind("transform", "a transform", "transform")
PATTERN = PatternKind("pattern", "a pattern", "pattern")

Ratio = Annotated[Fraction, RATIO]
Pace = Annotated[Fraction, PACE]
Cycles = Annotated[Fraction, RATIO, In("cycles")]
Count = Annotated[int, COUNT]
Amount = Annotated[float, AMOUNT]
Fn = Annotated[Callable[[Pattern], Pattern], TRANSFORM]
Pat = Annotated[Pattern, PATTERN]


@record(frozen=True, slots=True)
class Parameter:
    """One argument of a transform; `default` is None if it must be given."""

    name: str
    kind: Kind
    default: Number | None
    range: Range | None
    unit: str = ""

    @property
    def shown_unit(self) -> str:
        """Its unit on pages."""
        return self.unit or self.kind.unit


class Owner(Protocol):
    """A transform whose arguments are bound."""

    @property
    def name(self) -> str: ...

    @property
    def hint(self) -> str:
        """What stands below an error about it."""


@record(frozen=True, slots=True)
class Binding:
    """An argument that is being bound: what is said of it, and where."""

    transform: Owner
    parameter: Parameter
    loc: Loc | None
    notices: list[Notice] | None

    def wrong(self, what: str) -> ScoreError:
        """The error for an argument that makes no sense."""
        return ScoreError(f"`{self.transform.name}` {what}", loc=self.loc, hint=self.transform.hint)

    def kind_error(self, argument: Argument) -> ScoreError:
        """The error for an argument of another kind."""
        found = PATTERN if isinstance(argument, Pattern) else TRANSFORM if callable(argument) else RATIO
        return self.wrong(f"needs {self.parameter.kind.article} for `{self.parameter.name}`, not {found.article}")

    def no_number(self, text: str) -> ScoreError:
        """The error for a word where the argument is a number."""
        return self.wrong(f"needs {self.parameter.kind.article}, not `{text}`")

    def note(self, what: str) -> None:
        """Warns that something else is used; once for a constant, never for the values of a pattern."""
        if self.notices is not None:
            self.notices.append(Notice(f"{self.transform.name}: `{self.parameter.name}` {what}", self.loc))

    def limited(self, value: Fraction) -> Fraction:
        """A number within its range. Raises ScoreError where the range refuses it."""
        limits = self.parameter.range
        if isinstance(limits, Above) and value <= limits.low:
            raise self.wrong(f"needs a number {limits} for `{self.parameter.name}`, not {plain(float(value))}")
        if isinstance(limits, Between) and not limits.low <= value <= limits.high:
            clamped = Fraction(min(max(value, Fraction(limits.low)), Fraction(limits.high)))
            self.note(f"{plain(float(value))} is outside {limits}, {plain(float(clamped))} is used")
            return clamped
        return value
