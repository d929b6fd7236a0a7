"""Syntax to terms: operators and chains, each in its scope; the parts of the evaluator stand in files of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from fractions import Fraction
from functools import partial

from farm.errors import FarmError, Loc, Notice, ScoreError
from farm.graph import applying, calling, modifiers, one_shots
from farm.graph.doubtful import zero_divisors
from farm.graph.later import comes_later
from farm.graph.leaving import Leaving
from farm.graph.names import is_known, out_of_scope, unknown
from farm.graph.nodes import language, operators
from farm.graph.said import Said, wrong_words
from farm.graph.scope import Bound, Definitions, Scope
from farm.graph.seeds import seed64
from farm.graph.terms import Bus, Constant, Function, NodeTerm, StepsTerm, Term, Trail, Voices
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
    Section,
    String,
    TemplateRef,
    spine,
)
from workers.records import record

MOST_USES = 10_000
"""How often transforms are applied in one score."""
PASTE = 20
"""As how many of these the use of a modifier bus counts."""
MOST_OPERATORS = 1000
Operator = Chain | Apply | Binary
SignalValues = Callable[[Term, Loc, bool], Pattern]
"""A signal as a pattern of one value a cycle; the flag: as a factor of time."""


@record(eq=False)
class Resolver:
    """The evaluator of one score: what it was asked already stays known."""

    defined: Definitions
    seed: int
    words: Words
    read_signal: SignalValues
    leaving: Leaving | None = None
    bound: Mapping[str, Bound] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    references: set[tuple[int, int]] = field(default_factory=set)
    terms: dict[int, Term] = field(default_factory=dict)
    failed: dict[int, FarmError] = field(default_factory=dict)
    transforms: dict[int, bool] = field(default_factory=dict)
    modifiers: dict[int, bool] = field(default_factory=dict)
    uses: int = 0

    def scope(self, name: str, order: int) -> Scope:
        """The scope of the output `name`, which statement `order` writes."""
        return Scope(self, name, order, self.bound, Trail())

    def count_use(self, loc: Loc, count: int = 1) -> None:
        """Counts an application; ScoreError where buses that use each other several times multiply without end."""
        self.uses += count
        if self.uses > MOST_USES:
            raise ScoreError(
                "transforms and modifier buses are applied too many times",
                loc=loc,
                hint="each bus that uses another one twice doubles the work",
            )

    def signal_values(self, term: Term, loc: Loc, pace: bool) -> Pattern:
        """A signal as a pattern of one value a cycle; `pace`: as a factor of time."""
        return self.read_signal(term, loc, pace)

    # Definitions.

    def known(self, index: int) -> Term | None:
        """The meaning of a definition as far as it was asked for."""
        return self.terms.get(index)

    def term_of(self, index: int, scope: Scope) -> Term:
        """The meaning of a definition. Raises ScoreError where it is asked for inside of itself."""
        term = self.meaning(index, scope)
        if term is None:
            version = self.defined.versions[index]
            message = f"`~{version.name}` is a modifier: it needs something to work on"
            raise ScoreError(message, loc=version.loc, hint=f"use it in a chain: saw 55 # ~{version.name}")
        return term

    def meaning(self, index: int, scope: Scope) -> Term | None:
        """As `term_of`; None for a modifier."""
        if index in self.terms:
            return self.terms[index]
        if index in self.failed:
            raise self.failed[index]
        version = self.defined.versions[index]
        if index in scope.trail.buses:
            hint = "there it is its own previous frame, which has no voices or patterns"
            raise ScoreError(f"`~{version.name}` in its own definition is only a signal", loc=version.loc, hint=hint)
        try:
            inner = scope.of(index)
            if self.lacks_input(index, inner):
                return None
            term = self.evaluate(version.body, inner)
        except ScoreError as error:
            self.failed[index] = error
            raise
        self.terms[index] = term
        return term

    def is_modifier(self, index: int, scope: Scope) -> bool:
        """Whether a definition is an effect without an input."""
        known = self.modifiers.get(index)
        return self.lacks_input(index, scope.of(index)) if known is None else known

    def lacks_input(self, index: int, inner: Scope) -> bool:
        """As `is_modifier`, in the scope of the definition's body."""
        if index not in self.modifiers:
            self.modifiers[index] = False  # what holds inside itself
            self.modifiers[index] = calling.lacks_input(inner, self.defined.versions[index].body)
        return self.modifiers[index]

    def is_transform(self, index: int, scope: Scope) -> bool:
        """Whether a definition is a transform."""
        if index not in self.transforms:
            self.transforms[index] = False  # what holds inside itself
            self.transforms[index] = applying.is_transform(scope.of(index), self.defined.versions[index].body)
        return self.transforms[index]

    def reference(self, name: str, loc: Loc, scope: Scope) -> Term:
        """A bus in an expression: plain values stand in for themselves, signals are shared."""
        if scope.bound and f"~{name}" in scope.bound:
            return calling.bound(scope, Name(f"~{name}", loc))
        if name.startswith("midi") and name.partition(":")[0] == "midi" and name not in self.defined.by_name:
            raise out_of_scope(f"~{name}", loc)
        index = scope.version_for(name, loc)
        if index in scope.trail.buses:
            return Bus(index, loc)
        term = self.term_of(index, scope)
        if isinstance(term, (NodeTerm, Voices)):
            return Bus(index, loc)
        if isinstance(term, StepsTerm):
            return replace(term, literal=False)
        return term if isinstance(term, (Constant, Function)) else Bus(index, loc)

    # Expressions.

    def pattern(self, text: String, scope: Scope, step: str | int | None = None) -> StepsTerm:
        """The pattern of a string, which is all that stands in the scope, or the part `step` of it."""
        try:
            tree, tokens = mini_reader.read_tokens(text.text, text.loc)
            seed = 0
            if tree.extent.chance:
                seed = seed64(self.seed, scope.seed_path if step is None else f"{scope.seed_path}/{step}")
            pattern = mini.built(tree, text.text, text.loc, self.words, seed, self.notices)
            return StepsTerm(pattern, text.loc, True, False, (Said(text.text, tokens, text.loc),))
        except ScoreError as error:
            if self.leaving is not None:
                from farm.pattern.mini_mistakes import further

                for another in further(text.text, text.loc, error):
                    self.leaving.leave(another)
            raise

    def evaluate(self, expr: Expr, scope: Scope) -> Term:
        """The meaning of an expression."""
        if not isinstance(expr, Joined):
            return self.evaluate_operand(expr, scope)
        first, operators = spine(expr)
        if len(operators) > MOST_OPERATORS:
            message = f"an expression of {len(operators):,} operators, the limit is {MOST_OPERATORS:,}"
            raise ScoreError(message, loc=first.loc, hint="give parts of it names: ~part: ...")
        if self.leaving is not None:
            return self.evaluate_spine_or_leave(first, operators, scope)
        return self.evaluate_spine(first, operators, scope)

    def evaluate_spine(self, first: Expr, operators: list[Operator], scope: Scope) -> Term:
        """The meaning of an expression that was taken apart by `spine`."""
        if not operators or not isinstance(operators[0], Apply):
            return self.operate(self.evaluate_operand(first, scope), operators, scope)
        items = [first]
        while len(items) <= len(operators) and isinstance(operators[len(items) - 1], Apply):
            items.append(operators[len(items) - 1].right)
        applied = len(items) - 1
        return self.operate(applying.evaluate_run(scope, items), operators[applied:], scope, applied)

    def operate(self, value: Term, operators: list[Operator], scope: Scope, before: int = 0) -> Term:
        """Applies the operators of a spine from the inside out; `before`: how many of it were applied already."""
        for number, operator in enumerate(operators, before):
            where = scope.at(number)
            if isinstance(operator, Chain):
                value = self.chain(value, operator.right, where)
            elif isinstance(operator, Apply):
                value = applying.apply_or_leave(where, value, operator.right)
            else:
                value = self.binary_or_leave(value, operator, where)
        return value

    def binary_or_leave(self, left: Term, operator: Binary, scope: Scope) -> Term:
        """`left operator right`; with --lenient a summand that fails is left out."""
        try:
            return self.binary(operator.op, left, self.evaluate(operator.right, scope), scope, operator.loc)
        except ScoreError as error:
            if self.leaving is None or operator.op.strip("|~") not in ("+", "-"):
                raise
            self.leaving.leave(error)
            return left

    def evaluate_spine_or_leave(self, first: Expr, operators: list[Operator], scope: Scope) -> Term:
        """With --lenient: where what stands before a sum's first sign fails, the sum goes on without it."""
        assert self.leaving is not None
        try:
            return self.evaluate_spine(first, operators, scope)
        except ScoreError as error:
            rest = summands(operators)
            if rest is None:
                self.leave_unknown(operators, scope)
                raise
            self.leaving.leave(error)
        operator, after = rest
        where = scope.at(len(after))
        if "-" in operator.op:
            return self.evaluate_spine_or_leave(Negate(operator.right, operator.loc), after, where)
        inner, before = spine(operator.right)
        return self.evaluate_spine_or_leave(inner, [*before, *after], where)

    def leave_unknown(self, operators: list[Operator], scope: Scope) -> None:
        """Tells the unknown effects behind something that failed itself."""
        assert self.leaving is not None
        for operator in operators:
            first = spine(operator.right)[0] if isinstance(operator, Chain) else None
            if isinstance(first, (Name, Call)) and not is_known(scope, first.name):
                self.leaving.leave(unknown(scope, first.name, first.loc, chained=True))

    def evaluate_operand(self, expr: Expr, scope: Scope) -> Term:
        """The meaning of an expression without operators."""
        if isinstance(expr, (Name, Call)):
            if expr.name in scope.bound:
                return calling.bound(scope, expr)
            if expr.name in transforms() and expr.name not in language():
                return applying.transform_call(scope, expr)
            return calling.call(scope, expr, None)
        if isinstance(expr, BusRef):
            return self.reference(expr.name, expr.loc, scope)
        if isinstance(expr, Number):
            return Constant(expr.value, expr.loc)
        if isinstance(expr, String):
            return self.pattern(expr, scope)
        if isinstance(expr, Negate):
            value = scope.evaluate(expr.operand, "-")
            if isinstance(value, Constant):
                return Constant(-value.value, value.loc)
            return self.binary("*", value, Constant(Fraction(-1), expr.loc), scope, expr.loc)
        if isinstance(expr, Section):
            return applying.function_of(scope, expr)
        if isinstance(expr, ListExpr):
            raise comes_later("a list", expr.loc)
        assert isinstance(expr, (PatternRef, TemplateRef))
        return calling.pasted(scope, expr)

    def chain(self, left: Term, right: Expr, scope: Scope) -> Term:
        """`left # right`: left goes into the leftmost call of right."""
        if not isinstance(right, Joined):
            return self.link_or_leave(left, right, scope)
        first, operators = spine(right)
        return self.operate(self.link_or_leave(left, first, scope), operators, scope.at("#"))

    def link_or_leave(self, left: Term, right: Expr, scope: Scope) -> Term:
        """One link of a chain: an effect, a modifier, a modifier bus; with --lenient one that fails is left out."""
        if self.leaving is not None:
            return self.leaving.attempt(lambda: self.link(left, right, scope), left)
        return self.link(left, right, scope)

    def link(self, left: Term, right: Expr, scope: Scope) -> Term:
        """One link of a chain."""
        if isinstance(right, (Name, Call)):
            if right.name in scope.bound:
                return self.through(left, calling.bound(scope, right), scope, right.loc)
            known = modifiers.modify(scope, left, right)
            return known if known is not None else calling.call(scope, right, left)
        if isinstance(right, BusRef):
            return self.link_bus(left, right, scope)
        if isinstance(right, Section):
            return self.chain(left, right.body, scope)
        if isinstance(right, (PatternRef, TemplateRef)):
            return self.through(left, calling.pasted(scope, right), scope, right.loc)
        hint = "to scale the sound write `* 0.5` or `# gain 0.5`" if isinstance(right, (String, Number)) else None
        raise ScoreError("after `#` comes an effect or a modifier", loc=right.loc, hint=hint)

    def link_bus(self, left: Term, right: BusRef, scope: Scope) -> Term:
        """A bus as a link: a modifier bus is pasted, a transform applied, any other bus multiplied."""
        if scope.bound and f"~{right.name}" in scope.bound:
            return self.through(left, self.reference(right.name, right.loc, scope), scope, right.loc)
        index = scope.version_for(right.name, right.loc)
        if self.is_modifier(index, scope):
            version = self.defined.versions[index]
            if index in scope.trail.pasted:
                raise ScoreError(f"`~{version.name}` is a modifier that uses itself", loc=right.loc)
            self.count_use(right.loc, PASTE)
            return self.chain(left, version.body, scope.pasting(index))
        return self.through(left, self.reference(right.name, right.loc, scope), scope, right.loc)

    def through(self, left: Term, value: Term, scope: Scope, loc: Loc) -> Term:
        """A term through a transform or effects, or times a signal."""
        if isinstance(value, Function):
            return value.apply(left, scope.trail)
        return self.binary("*", left, value, scope, loc)

    def binary(self, op: str, left: Term, right: Term, scope: Scope, loc: Loc) -> Term:
        """Arithmetic: of patterns where both sides are literal strings or numbers, else of signals (language 1.8).

        Operators with a `|` are always of patterns: they say which side gives the structure.
        """
        for side in (left, right):
            if isinstance(side, Function):
                raise ScoreError("a transform is not a number or a signal", loc=side.loc, hint="apply it with `$`")
        sign = op.strip("~")
        if "/" in op:
            self.notices += zero_divisors(left, right, loc)
        if isinstance(left, Constant) and isinstance(right, Constant) and sign in operators():
            value = calculated(sign, left.value, right.value)
            if abs(value) > LARGEST_NUMBER:
                raise ScoreError(f"the result of `{sign}` is over 1e15", loc=loc)
            return Constant(value, left.loc)
        if isinstance(left, (Constant, StepsTerm)) and isinstance(right, (Constant, StepsTerm)):
            literal = all(isinstance(side, Constant) or side.literal for side in (left, right))
            if (literal and op == sign) or sign not in operators():
                pattern = arithmetic(op, self.as_pattern(left), self.as_pattern(right), self.words)
                return StepsTerm(pattern, left.loc, said=self.said(op, left, right))
        if sign not in operators():
            hint = f"for sounds and buses of sound write `{op.strip('|')}`" if op.strip("|") in "+-*/" else None
            raise ScoreError(f"`{op}` works on patterns, not on signals", loc=loc, hint=hint)
        if sign == "*" and any(isinstance(side, Voices) and side.one_shot for side in (left, right)):
            return one_shots.triggered(scope, left, right)
        return arithmetic_node(operators()[sign], left, right, scope.seed_path, loc)

    def said(self, op: str, left: Constant | StepsTerm, right: Constant | StepsTerm) -> tuple[Said, ...] | None:
        """The strings whose values arithmetic shows; ScoreError for a word that it would have to reckon with."""
        if op in ("|>", "<|"):
            shown = right if op == "|>" else left
            return shown.said if isinstance(shown, StepsTerm) else None
        for side in (left, right):
            for error in wrong_words(
                side.said if isinstance(side, StepsTerm) else (), partial(word_error, op.strip("|"))
            ):
                self.words.refuse(error)
        return None

    def as_pattern(self, term: Constant | StepsTerm) -> Pattern:
        """Plain values as a pattern."""
        if isinstance(term, StepsTerm):
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


def arithmetic_node(node: str, left: Term, right: Term, seed_path: str, loc: Loc) -> NodeTerm:
    """Arithmetic of signals."""
    return NodeTerm(node, (("a", left), ("b", right)), (), seed_path, loc)
