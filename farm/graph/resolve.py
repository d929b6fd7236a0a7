"""Syntax to terms: the scoping of buses, operators, chains.

Buses are resolved by position (language 1.6): a reference means the definition above it, else the bus itself one frame
ago (inside its own definition), else the next definition below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial

from farm.errors import FarmError, Loc, Notice, ScoreError, suggestion
from farm.graph import applying, calling, modifiers, one_shots
from farm.graph.later import comes_later
from farm.graph.leaving import Leaving
from farm.graph.nodes import language, operators
from farm.graph.place import seed64
from farm.graph.said import Said, wrong_words
from farm.graph.terms import Bus, Constant, Function, NodeTerm, Steps, Term, Voices
from farm.pattern import mini, mini_reader
from farm.pattern.arithmetic import arithmetic
from farm.pattern.control import word_error
from farm.pattern.pattern import Pattern, pure
from farm.pattern.register import transforms
from farm.pattern.words import LARGEST_NUMBER, Words, calculated
from farm.score.syntax import (
    Apply,
    Binary,
    BusRef,
    Call,
    Chain,
    Expr,
    Joined,
    ListExpr,
    Name,
    Negate,
    Number,
    PatternRef,
    Program,
    Section,
    String,
    TemplateRef,
    spine,
)
from workers.records import record

DEFAULT_CPS = Fraction(1, 2)
MOST_USES = 10_000
"""How often transforms are applied in one score."""
PASTE = 20
"""As how many of these the use of a modifier bus counts."""
MOST_OPERATORS = 1000
MOST_NAMED = 12
"""How many buses a hint lists."""
Operator = Chain | Apply | Binary


@record(frozen=True, slots=True, eq=False)
class Version:
    """One definition of a bus; `order` is the number of its statement."""

    name: str
    order: int
    body: Expr
    kind: str
    place: str
    loc: Loc


@dataclass(eq=False)
class Resolver:
    """The state of resolving one score: what is defined where, what was resolved, what was noticed."""

    program: Program
    seed: int
    leaving: Leaving | None = None
    """With `--lenient`: where mistakes go that do not stop the score."""
    words: Words = field(default_factory=Words)
    notices: list[Notice] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    by_name: dict[str, list[int]] = field(default_factory=dict)
    synthdefs: set[str] = field(default_factory=set)
    """Buses that a pattern may name without a tilde."""
    terms: dict[int, Term] = field(default_factory=dict)
    failed: dict[int, FarmError] = field(default_factory=dict)
    broken: dict[str, ScoreError] = field(default_factory=dict)
    """Names whose definition is a mistake; to use one is no further mistake."""
    resolving: set[int] = field(default_factory=set)
    order: int = 0
    transform_buses: dict[int, bool] = field(default_factory=dict)
    """Whether a definition is a transform, as far as asked."""
    modifier_buses: dict[int, bool] = field(default_factory=dict)
    """Whether a definition is an effect without an input, as far as asked."""
    pasting: list[Version] = field(default_factory=list)
    """Modifier buses whose effects are being pasted, each into the one before."""
    uses: int = 0
    cps: Fraction = DEFAULT_CPS
    signal_values: Callable[[Term, Loc, bool], Pattern] | None = None

    def __post_init__(self) -> None:
        self.broken.update(self.program.broken)

    def is_modifier(self, index: int) -> bool:
        """Whether a bus is one to be used after `#`: written with `#`, or an effect without an input."""
        version = self.versions[index]
        return version.kind == "#" or calling.lacks_input(self, version.body)

    def breaks(self, name: str, what: str, loc: Loc) -> ScoreError:
        """The error for a definition, of a form that comes later, whose name is used elsewhere."""
        error = comes_later(what, loc)
        self.broken.setdefault(name, error)
        return error

    def no_bus(self, name: str, loc: Loc) -> ScoreError:
        """The error for a bus that is not defined."""
        known = self.broken.get(f"~{name}")
        own = {self.versions[index].name for index in self.resolving}
        names = [one for one in self.by_name if one not in own]
        return known or ScoreError(f"there is no bus `~{name}`", loc=loc, hint=bus_hint(name, names))

    def no_definition(self, expr: PatternRef | TemplateRef) -> ScoreError:
        """The error for a `%name` or `@name`: that of its definition, if there is one."""
        name = f"{'%' if isinstance(expr, PatternRef) else '@'}{expr.name}"
        return self.broken.get(name) or comes_later(f"`{name}`", expr.loc)

    def use(self, loc: Loc, count: int = 1) -> None:
        """Counts an application; ScoreError where buses that use each other several times multiply without end."""
        self.uses += count
        if self.uses > MOST_USES:
            raise ScoreError(
                "transforms and modifier buses are applied too many times",
                loc=loc,
                hint="each bus that uses another one twice doubles the work",
            )

    # Buses.

    def version_for(self, name: str, loc: Loc) -> int:
        """The definition that a reference means; ScoreError for an unknown bus."""
        indices = self.by_name.get(name)
        if not indices:
            raise self.no_bus(name, loc)
        above = [index for index in indices if self.versions[index].order < self.order]
        if above:
            return above[-1]
        own = [index for index in indices if self.versions[index].order == self.order]
        return own[0] if own else indices[0]

    def final_version(self, name: str, loc: Loc) -> int:
        """The last definition: what `~name` in a pattern means."""
        if name not in self.by_name:
            raise self.no_bus(name, loc)
        return self.by_name[name][-1]

    def term_of(self, index: int) -> Term:
        """The meaning of a definition. Raises ScoreError where it is asked for inside of itself."""
        if index in self.failed:
            raise self.failed[index]
        if index in self.resolving:
            version = self.versions[index]
            hint = "there it is its own previous frame, which has no voices or patterns"
            raise ScoreError(f"`~{version.name}` in its own definition is only a signal", loc=version.loc, hint=hint)
        if index not in self.terms:
            version = self.versions[index]
            outer, self.order = self.order, version.order
            self.resolving.add(index)
            try:
                if calling.lacks_input(self, version.body):
                    message = f"`~{version.name}` is a modifier: it needs something to work on"
                    raise ScoreError(message, loc=version.loc, hint=f"use it in a chain: saw 55 # ~{version.name}")
                self.terms[index] = self.evaluate(version.body, version.place)
            except ScoreError as error:
                self.failed[index] = error
                raise
            finally:
                self.resolving.discard(index)
                self.order = outer
        return self.terms[index]

    def behind(self, term: Term) -> Term:
        """What a term is where it is nothing but a bus, or a bus that is nothing but another one."""
        seen: set[int] = set()
        while isinstance(term, Bus) and term.version not in self.resolving and term.version not in seen:
            seen.add(term.version)
            term = self.term_of(term.version)
        return term

    def reference(self, name: str, loc: Loc) -> Term:
        """A bus in an expression: plain values stand in for themselves, signals are shared."""
        if name.partition(":")[0] == "midi" and name not in self.by_name:
            raise calling.out_of_scope(f"~{name}", loc)
        index = self.version_for(name, loc)
        if index in self.resolving:
            return Bus(index, loc)
        term = self.term_of(index)
        if isinstance(term, Steps):
            return replace(term, literal=False)
        return term if isinstance(term, (Constant, Function)) else Bus(index, loc)

    # Expressions.

    def pattern(self, text: String, place: str) -> Steps:
        """The pattern of a string."""
        read = mini_reader.read(text.text, text.loc)
        seed = seed64(self.seed, place) if read.extent.chance else 0
        pattern = mini.built(read, text.text, text.loc, self.words, seed, self.notices)
        return Steps(pattern, text.loc, said=(Said(text.text, read, text.loc),))

    def evaluate(self, expr: Expr, place: str) -> Term:
        """The meaning of an expression. `place` is its path."""
        if not isinstance(expr, Joined):
            return self.operand(expr, place)
        first, operators = spine(expr)
        if len(operators) > MOST_OPERATORS:
            message = f"an expression of {len(operators):,} operators, the limit is {MOST_OPERATORS:,}"
            raise ScoreError(message, loc=first.loc, hint="give parts of it names: ~part: ...")
        if self.leaving is not None:
            return self.evaluated_leniently(first, operators, place)
        return self.evaluated(first, operators, place)

    def evaluated(self, first: Expr, operators: list[Operator], place: str) -> Term:
        """The meaning of an expression that was taken apart by `spine`."""
        if not operators or not isinstance(operators[0], Apply):
            return self.continued(self.operand(first, place), operators, 0, place)
        items: list[tuple[Expr, Loc]] = []
        while len(items) < len(operators) and isinstance(operators[len(items)], Apply):
            operator = operators[len(items)]
            items.append((operator.right, operator.loc))
        value = applying.applied(self, first, items, place)
        return self.continued(value, operators[len(items) :], len(items), place)

    def continued(self, value: Term, operators: list[Operator], index: int, place: str) -> Term:
        """Applies the operators of a spine from the inside out."""
        for number, operator in enumerate(operators, index):
            where = f"{place}/{number}"
            if isinstance(operator, Chain):
                value = self.chained(value, operator.right, where)
            elif isinstance(operator, Apply):
                value = applying.changed(self, value, operator.right, where)
            else:
                value = self.operated(value, operator, where)
        return value

    def operated(self, left: Term, operator: Binary, place: str) -> Term:
        """`left operator right`; with --lenient a summand that fails is left out."""
        try:
            return self.binary(operator.op, left, self.evaluate(operator.right, place), place, operator.loc)
        except ScoreError as error:
            if self.leaving is None or operator.op.strip("|~") not in ("+", "-"):
                raise
            self.leaving.leave(error)
            return left

    def evaluated_leniently(self, first: Expr, operators: list[Operator], place: str) -> Term:
        """As `evaluated`; where what stands before a sum's first sign fails, the sum goes on without it."""
        assert self.leaving is not None
        try:
            return self.evaluated(first, operators, place)
        except ScoreError as error:
            rest = summands(operators)
            if rest is None:
                self.leave_unknown(operators)
                raise
            self.leaving.leave(error)
        operator, after = rest
        place = f"{place}/{len(after)}"
        if "-" in operator.op:
            return self.evaluated_leniently(Negate(operator.right, operator.loc), after, place)
        inner, before = spine(operator.right)
        return self.evaluated_leniently(inner, [*before, *after], place)

    def leave_unknown(self, operators: list[Operator]) -> None:
        """Tells the unknown effects behind something that failed itself."""
        assert self.leaving is not None
        for operator in operators:
            first = spine(operator.right)[0] if isinstance(operator, Chain) else None
            if isinstance(first, (Name, Call)) and not calling.is_known(self, first.name):
                self.leaving.leave(calling.unknown(self, first.name, first.loc, True))

    def operand(self, expr: Expr, place: str) -> Term:
        """An expression without operators."""
        if isinstance(expr, Number):
            return Constant(expr.value, expr.loc)
        if isinstance(expr, String):
            return self.pattern(expr, place)
        if isinstance(expr, BusRef):
            return self.reference(expr.name, expr.loc)
        if isinstance(expr, Negate):
            value = self.evaluate(expr.operand, f"{place}/-")
            if isinstance(value, Constant):
                return Constant(-value.value, value.loc)
            return self.binary("*", value, Constant(Fraction(-1), expr.loc), place, expr.loc)
        if isinstance(expr, (Name, Call)):
            if expr.name in transforms() and expr.name not in language():
                return applying.called(self, expr, place)
            return calling.call(self, expr, None, place)
        if isinstance(expr, Section):
            return applying.function_of(self, expr, place)
        if isinstance(expr, ListExpr):
            raise comes_later("a list", expr.loc)
        assert isinstance(expr, (PatternRef, TemplateRef))
        raise self.no_definition(expr)

    def chained(self, left: Term, right: Expr, place: str) -> Term:
        """`left # right`: left goes into the leftmost call of right."""
        first, operators = spine(right)
        value = self.linked(left, first, place)
        return self.continued(value, operators, 0, f"{place}/#") if operators else value

    def linked(self, left: Term, right: Expr, place: str) -> Term:
        """One link of a chain: an effect, a modifier, a modifier bus; with --lenient one that fails is left out."""
        if self.leaving is not None:
            return self.leaving.attempt(lambda: self.link(left, right, place), left)
        return self.link(left, right, place)

    def link(self, left: Term, right: Expr, place: str) -> Term:
        """One link of a chain."""
        if isinstance(right, (Name, Call)):
            known = modifiers.applied(self, left, right, place)
            return known if known is not None else calling.call(self, right, left, place)
        if isinstance(right, BusRef):
            version = self.versions[self.version_for(right.name, right.loc)]
            if calling.lacks_input(self, version.body):
                if version in self.pasting:
                    raise ScoreError(f"`~{version.name}` is a modifier that uses itself", loc=right.loc)
                self.use(right.loc, PASTE)
                outer, self.order = self.order, version.order
                self.pasting.append(version)
                try:
                    return self.chained(left, version.body, f"{place}/~{version.name}")
                finally:
                    self.order = outer
                    self.pasting.pop()
            value = self.reference(right.name, right.loc)
            if isinstance(value, Function):
                return value.apply(left)
            return self.binary("*", left, value, place, right.loc)
        if isinstance(right, (String, Number)):
            hint = "to scale the sound write `* 0.5` or `# gain 0.5`"
            raise ScoreError("after `#` comes an effect or a modifier", loc=right.loc, hint=hint)
        if isinstance(right, Section):
            return self.chained(left, right.body, place)
        if isinstance(right, (PatternRef, TemplateRef)):
            raise self.no_definition(right)
        raise ScoreError("after `#` comes an effect or a modifier", loc=right.loc)

    def binary(self, op: str, left: Term, right: Term, place: str, loc: Loc) -> Term:
        """Arithmetic: of patterns where both sides are literal strings or numbers, else of signals (language 1.8).

        Operators with a `|` are always of patterns: they say which side gives the structure.
        """
        for side in (left, right):
            if isinstance(side, Function):
                raise ScoreError("a transform is not a number or a signal", loc=side.loc, hint="apply it with `$`")
        sign = op.strip("~")
        if isinstance(left, Constant) and isinstance(right, Constant) and sign in operators():
            value = calculated(sign, left.value, right.value)
            if abs(value) > LARGEST_NUMBER:
                raise ScoreError(f"the result of `{sign}` is over 1e15", loc=loc)
            return Constant(value, left.loc)
        if isinstance(left, (Constant, Steps)) and isinstance(right, (Constant, Steps)):
            literal = all(isinstance(side, Constant) or side.literal for side in (left, right))
            if (literal and op == sign) or sign not in operators():
                pattern = arithmetic(op, self.as_pattern(left), self.as_pattern(right), self.words)
                return Steps(pattern, left.loc, said=self.said(op, left, right))
        if sign not in operators():
            hint = f"for sounds and buses of sound write `{op.strip('|')}`" if op.strip("|") in "+-*/" else None
            raise ScoreError(f"`{op}` works on patterns, not on signals", loc=loc, hint=hint)
        if sign == "*" and any(isinstance(side, Voices) and side.one_shot for side in (left, right)):
            return one_shots.triggered(self, left, right)
        return binary_unit(operators()[sign], left, right, place, loc)

    def said(self, op: str, left: Constant | Steps, right: Constant | Steps) -> tuple[Said, ...] | None:
        """The strings whose values arithmetic shows; ScoreError for a word that it would have to reckon with."""
        if op in ("|>", "<|"):
            shown = right if op == "|>" else left
            return shown.said if isinstance(shown, Steps) else None
        for side in (left, right):
            for error in wrong_words(side.said if isinstance(side, Steps) else (), partial(word_error, op.strip("|"))):
                self.words.refuse(error)
        return None

    def as_pattern(self, term: Constant | Steps) -> Pattern:
        """Plain values as a pattern."""
        if isinstance(term, Steps):
            return term.pattern
        return pure(self.words.intern(term.value), self.words.add_loc(term.loc))


def summands(operators: list[Operator]) -> tuple[Binary, list[Operator]] | None:
    """A row of operators from its first plus or minus on, which may stand right of a `#`; None if there is none."""
    for number, operator in enumerate(operators):
        if isinstance(operator, Binary) and operator.op.strip("|~") in ("+", "-"):
            return operator, operators[number + 1 :]
        if isinstance(operator, Chain):
            inner = summands(spine(operator.right)[1])
            if inner is not None:
                return inner[0], [*inner[1], *operators[number + 1 :]]
    return None


def binary_unit(node: str, left: Term, right: Term, place: str, loc: Loc) -> NodeTerm:
    """Arithmetic of signals."""
    return NodeTerm(node, (("a", left), ("b", right)), (), place, loc)


def bus_hint(name: str, names: list[str]) -> str:
    """What to do about an unknown bus; `names` are those that can stand in its place."""
    close = suggestion(f"~{name}", [f"~{one}" for one in names])
    others = ", ".join(f"~{one}" for one in names[:MOST_NAMED])
    return close or f"define it, `~{name}: ...`" + (f"; known buses: {others}" if names else "")
