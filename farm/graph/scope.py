"""Scopes: what names mean where an expression stands, and where that is. A scope is handed down, never changed.

Buses are resolved by position (language 1.6): a reference means the definition above it, else the bus itself one frame
ago (inside its own definition), else the next definition below. What is bound by name in a scope goes before all else.

`Evaluator` is what the parts of the evaluator, a file each, ask of the whole that calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Protocol

from farm.errors import Loc, Notice, ScoreError, suggestion
from farm.graph.leaving import Leaving
from farm.graph.terms import Bus, Constant, StepsTerm, Term, Trail
from farm.pattern.pattern import Pattern
from farm.pattern.words import Words
from farm.score.syntax import Call, Expr, Name, Number, String
from workers.records import record

MOST_NAMED = 12
"""How many buses a hint lists."""


@record(frozen=True, slots=True, eq=False)
class Version:
    """One definition of a bus; `order` is the number of its statement."""

    name: str
    order: int
    body: Expr
    kind: str
    seed_path: str
    loc: Loc


@record(frozen=True, slots=True, eq=False)
class Definitions:
    """What the statements of a score define."""

    versions: tuple[Version, ...]
    by_name: Mapping[str, tuple[int, ...]]
    """The definitions of each bus, in the order of the text."""
    synthdefs: frozenset[str]
    """Buses that a pattern may name without a tilde."""
    broken: Mapping[str, ScoreError]
    """Names whose definition is a mistake; to use one is no further mistake."""
    cps: Fraction


@record(frozen=True, slots=True, eq=False)
class Macro:
    """What a name that is bound in a scope makes of each of its calls, which stands in the scope that is given.

    `waits`: that is a transform or effects, which wait for what they work on.
    """

    meaning: Callable[[Name | Call, Scope], Term]
    waits: bool = False


Bound = Term | Macro
"""What a name means by itself, or call by call."""


@record(frozen=True, slots=True, eq=False)
class Scope:
    """Where an expression stands.

    `order` is the number of its statement; `seed_path`, the path from its bus or output down the syntax tree, seeds
    what is random in it. `bound` holds what names mean here whatever they mean elsewhere: bare words (`x`, also as
    functions), buses (`~x`), patterns (`%x`), templates (`@x`).
    """

    evaluator: Evaluator
    seed_path: str
    order: int
    bound: Mapping[str, Bound]
    trail: Trail

    def at(self, step: str | int) -> Scope:
        """The scope of a part of the expression."""
        return Scope(self.evaluator, f"{self.seed_path}/{step}", self.order, self.bound, self.trail)

    def on(self, trail: Trail) -> Scope:
        """The same scope, for one who comes by another trail."""
        return Scope(self.evaluator, self.seed_path, self.order, self.bound, trail)

    def evaluate(self, part: Expr, step: str | int) -> Term:
        """The meaning of a part of the expression. Most are numbers, which mean the same at every path, or strings."""
        if type(part) is Number:
            return Constant(part.value, part.loc)
        if type(part) is String:
            return self.evaluator.pattern(part, self, step)
        return self.evaluator.evaluate(part, self.at(step))

    def binding(self, more: Mapping[str, Bound]) -> Scope:
        """The same scope with more names bound."""
        return Scope(self.evaluator, self.seed_path, self.order, {**self.bound, **more}, self.trail)

    def of(self, index: int) -> Scope:
        """The scope of a definition's body, which is resolved from here."""
        version = self.evaluator.defined.versions[index]
        trail = Trail(self.trail.buses | {index}, self.trail.pasted)
        return Scope(self.evaluator, version.seed_path, version.order, self.evaluator.bound, trail)

    def pasting(self, index: int) -> Scope:
        """The scope of a modifier bus whose effects are pasted here."""
        version = self.evaluator.defined.versions[index]
        trail = Trail(self.trail.buses, self.trail.pasted | {index})
        path = f"{self.seed_path}/~{version.name}"
        return Scope(self.evaluator, path, version.order, self.evaluator.bound, trail)

    # Buses.

    def version_for(self, name: str, loc: Loc) -> int:
        """The definition that a reference means; ScoreError for an unknown bus."""
        indices = self.versions_of(name, loc)
        return self.referring(indices[0] if len(indices) == 1 else self.version_here(indices))

    def version_here(self, indices: Sequence[int]) -> int:
        """Of the definitions of a bus the one that holds for this statement."""
        versions = self.evaluator.defined.versions
        above = [index for index in indices if versions[index].order < self.order]
        if above:
            return above[-1]
        own = [index for index in indices if versions[index].order == self.order]
        return own[0] if own else indices[0]

    def final_version(self, name: str, loc: Loc) -> int:
        """The last definition: what `~name` in a pattern means."""
        return self.referring(self.versions_of(name, loc)[-1])

    def versions_of(self, name: str, loc: Loc) -> Sequence[int]:
        """The definitions of a bus; ScoreError where there is none."""
        indices = self.evaluator.defined.by_name.get(name)
        if not indices:
            raise self.no_bus(name, loc)
        return indices

    def referring(self, index: int) -> int:
        """The definition, noted as one that this statement uses."""
        self.evaluator.references.add((self.order, index))
        return index

    def no_bus(self, name: str, loc: Loc) -> ScoreError:
        """The error for a bus that is not defined."""
        defined = self.evaluator.defined
        known = defined.broken.get(f"~{name}")
        own = {defined.versions[index].name for index in self.trail.buses}
        names = [one for one in defined.by_name if one not in own]
        return known or ScoreError(f"there is no bus `~{name}`", loc=loc, hint=bus_hint(name, names))

    def inside(self, bus: Bus) -> Term | None:
        """What stands in the definition of a bus; None while that is being resolved. Raises ScoreError."""
        return None if bus.version in self.trail.buses else self.evaluator.term_of(bus.version, self)

    def behind(self, term: Term) -> tuple[Term, Scope]:
        """What a term is where it is nothing but a bus, or a bus that is nothing but another one.

        With it comes a scope in which these buses are being resolved, so that who goes on into the term ends where it
        leads back to them; the term is a bus only if it is such a one.
        """
        scope = self
        while isinstance(term, Bus):
            inner = scope.inside(term)
            if inner is None:
                break
            scope = scope.on(Trail(scope.trail.buses | {term.version}, scope.trail.pasted))
            term = inner
        return term, scope


class Evaluator(Protocol):
    """What the parts of the evaluator ask of the whole, and what one score's evaluation shares.

    Where a term is asked for, a mistake is a ScoreError; with --lenient, `link` and `change` leave out what is wrong.
    """

    seed: int
    defined: Definitions
    bound: Mapping[str, Bound]
    """What is bound in every scope."""
    words: Words
    notices: list[Notice]
    references: set[tuple[int, int]]
    """Statement and definition, by number, for each bus that was found where an expression names it."""
    leaving: Leaving | None
    """With `--lenient`: where mistakes go that do not stop the score."""

    def evaluate(self, expr: Expr, scope: Scope) -> Term:
        """The meaning of an expression."""

    def chain(self, left: Term, right: Expr, scope: Scope) -> Term:
        """`left # right`: left goes into the leftmost call of right."""

    def link_or_leave(self, left: Term, right: Expr, scope: Scope) -> Term:
        """One link of a chain: an effect, a modifier, a modifier bus; with --lenient one that fails is left out."""

    def binary(self, op: str, left: Term, right: Term, scope: Scope, loc: Loc) -> Term:
        """Arithmetic."""

    def reference(self, name: str, loc: Loc, scope: Scope) -> Term:
        """A bus in an expression: plain values stand in for themselves, signals are shared."""

    def pattern(self, text: String, scope: Scope, step: str | int | None = None) -> StepsTerm:
        """The pattern of a string, which is all that stands in the scope, or the part `step` of it."""

    def as_pattern(self, term: Constant | StepsTerm) -> Pattern:
        """Plain values as a pattern."""

    def signal_values(self, term: Term, loc: Loc, pace: bool) -> Pattern:
        """A signal as a pattern of one value a cycle; `pace`: as a factor of time."""

    def term_of(self, index: int, scope: Scope) -> Term:
        """The meaning of a definition, resolved from a scope if nobody asked before; ScoreError for a modifier."""

    def meaning(self, index: int, scope: Scope) -> Term | None:
        """As `term_of`; None for a modifier."""

    def known(self, index: int) -> Term | None:
        """The meaning of a definition as far as it was asked for."""

    def is_modifier(self, index: int, scope: Scope) -> bool:
        """Whether a definition is an effect without an input."""

    def is_transform(self, index: int, scope: Scope) -> bool:
        """Whether a definition is a transform."""

    def count_use(self, loc: Loc, count: int = 1) -> None:
        """Counts an application; ScoreError where buses that use each other several times multiply without end."""


def bus_hint(name: str, names: list[str]) -> str:
    """What to do about an unknown bus; `names` are those that can stand in its place."""
    close = suggestion(f"~{name}", [f"~{one}" for one in names])
    others = ", ".join(f"~{one}" for one in names[:MOST_NAMED])
    return close or f"define it, `~{name}: ...`" + (f"; known buses: {others}" if names else "")
