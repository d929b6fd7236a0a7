"""`$`: transforms and what they work on.

`x $ t1 $ t2` applies t1 first; `t1 $ t2 $ x` applies t2 first: which end holds the pattern decides (language 1.7).
Transforms alone, as in `every 2 (fast 2 $ rev)`, wait for a pattern on their right: the last applies first (1.12).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from farm.errors import Loc, Notice, ScoreError, suggestion
from farm.graph import calling
from farm.graph.binding import Slot, bind, signature_of
from farm.graph.doubtful import note_numbers
from farm.graph.later import later_name, later_names
from farm.graph.names import PLUGINS, check_word, out_of_scope
from farm.graph.nodes import language
from farm.graph.said import Said, Written, exact_number
from farm.graph.scope import Scope
from farm.graph.sections import MarkedEffects, mark_of, marked, parted
from farm.graph.seeds import seed64
from farm.graph.terms import (
    Bus,
    Constant,
    Effects,
    Function,
    NodeTerm,
    StepsTerm,
    Term,
    Trail,
    Voices,
    has_voices,
)
from farm.graph.vocabulary import EVENT_SOURCES, MODIFIERS
from farm.pattern.kinds import PACE, RATIO, TRANSFORM
from farm.pattern.later import LATER_TRANSFORMS
from farm.pattern.pattern import Pattern
from farm.pattern.register import Argument, Transform, transforms
from farm.score.elsewhere import form_of
from farm.score.syntax import Apply, BusRef, Call, Chain, Expr, Name, Number, Section, String, spine
from workers.records import record

PatternChange = Callable[[Pattern], Pattern]


def is_transform(scope: Scope, expr: Expr) -> bool:
    """Whether an expression is a transform (a name after `$` is a transform first)."""
    if isinstance(expr, Section):
        return True
    if isinstance(expr, (Name, Call)) and expr.name in scope.bound:
        return calling.is_function(scope, expr.name)
    if isinstance(expr, (Name, Call)) and expr.name in transforms():
        transform = transforms()[expr.name]
        return not whole_call(expr) and (count(expr) <= len(transform.arguments) or expr.name not in language())
    if isinstance(expr, (Name, Call)) and expr.name in LATER_TRANSFORMS:
        return expr.name not in language()
    if isinstance(expr, BusRef):
        if scope.bound and f"~{expr.name}" in scope.bound:
            return calling.is_function(scope, f"~{expr.name}")
        index = scope.version_for(expr.name, expr.loc)
        return index not in scope.trail.buses and scope.evaluator.is_transform(index, scope)
    if isinstance(expr, (Chain, Apply)):
        first, operators = spine(expr)
        while operators and isinstance(operators[-1], Chain):
            operators.pop()
        return all(isinstance(one, Apply) for one in operators) and all(
            is_transform(scope, one) for one in (first, *(operator.right for operator in operators))
        )
    return False


def count(expr: Name | Call) -> int:
    """Arguments of a call, keywords included."""
    return len(expr.args) + len(expr.keywords) if isinstance(expr, Call) else 0


def whole_call(expr: Name | Call) -> bool:
    """Whether a call of a transform names the pattern as well: `rev "a b"`, `every 2 rev (s "bd sn")`."""
    given = count(expr) == len(transforms()[expr.name].arguments) + 1
    return given and isinstance(expr, Call) and bool(expr.args) and not isinstance(expr.args[-1], Number)


def transform_call(scope: Scope, expr: Name | Call) -> Term:
    """A call of a transform: the transform itself or, of a whole call, the pattern that it makes."""
    if not whole_call(expr):
        return function_of(scope, expr)
    assert isinstance(expr, Call)
    function = function_of(scope, replace(expr, args=expr.args[:-1]))
    return function.apply(scope.evaluate(expr.args[-1], "on"), scope.trail)


def evaluate_run(scope: Scope, items: list[Expr]) -> Term:
    """A run of `$`: the expressions between them."""
    scopes = [scope, *(scope.at(i) for i in range(len(items) - 1))]
    if not is_transform(scope, items[0]) and not calling.lacks_input(scope, items[0]):
        value = scope.evaluator.evaluate(items[0], scope)
        for item, where in zip(items[1:], scopes[1:], strict=True):
            value = apply_or_leave(where, value, item)
        return value
    if not is_transform(scope, items[-1]):
        value = scope.evaluator.evaluate(items[-1], scopes[-1])
        for item, where in zip(items[-2::-1], scopes[-2::-1], strict=True):
            value = apply_or_leave(where, value, item)
        return value
    functions = [function_of(where, item) for item, where in zip(items, scopes, strict=True)]
    return composed(functions, items[0].loc)


def apply_or_leave(scope: Scope, value: Term, function: Expr) -> Term:
    """`value $ function`; with --lenient one that fails is left out."""

    def work() -> Term:
        return function_of(scope, function).apply(value, scope.trail)

    leaving = scope.evaluator.leaving
    return work() if leaving is None else leaving.attempt(work, value)


def composed(functions: list[Function], loc: Loc) -> Function:
    """Several transforms as one, the last of the text first."""
    ordered = functions[::-1]
    effects = [function.effects for function in ordered if function.effects is not None]

    def on_pattern(pattern: Pattern) -> Pattern:
        for function in ordered:
            pattern = function.pattern(pattern)
        return pattern

    applied = in_sequence([function.apply for function in ordered])
    return Function(applied, on_pattern, in_sequence(effects) if effects else None, loc)


def in_sequence(changes: list[Effects]) -> Effects:
    """One change of terms after another."""

    def change(term: Term, trail: Trail) -> Term:
        for one in changes:
            term = one(term, trail)
        return term

    return change


def effects_only(effects: Effects, loc: Loc) -> Function:
    """A section of effects and modifiers: it leaves patterns alone."""
    return Function(effects, lambda pattern: pattern, effects, loc)


def section_of(scope: Scope, body: Expr, loc: Loc) -> Function:
    """Effects that lack their input."""
    return effects_only(lambda term, trail: scope.evaluator.chain(term, body, scope.on(trail)), loc)


def function_of(scope: Scope, expr: Expr) -> Function:
    """An expression as a transform or a section of effects; ScoreError if it is neither."""
    if isinstance(expr, Section):
        return section_of(scope, expr.body, expr.loc)
    if isinstance(expr, (Chain, Apply)):
        several = function_of_spine(scope, expr)
        if several is not None:
            return several
    if isinstance(expr, (BusRef, Name, Call)):
        own = own_function(scope, expr)
        if own is not None:
            return own
    if not isinstance(expr, (Name, Call)):
        raise ScoreError("after `$` comes a transform", loc=expr.loc, hint="for example: $ fast 2")
    if expr.name in EVENT_SOURCES:
        message = f"`{expr.name}` stands between transforms: the pattern comes first or last"
        raise ScoreError(message, loc=expr.loc, hint='t1 $ t2 $ s "bd", or s "bd" $ t2 $ t1')
    if expr.name not in transforms():
        return effect_function(scope, expr)
    return transform_function(scope, transforms()[expr.name], expr)


def function_of_spine(scope: Scope, expr: Chain | Apply) -> Function | None:
    """Several transforms, and effects behind them, as one; None where something else is among them."""
    first, operators = spine(expr)
    parts = [function_of(scope.at(0), first)]
    while operators and isinstance(operators[0], Apply):
        parts.append(function_of(scope.at(len(parts)), operators.pop(0).right))
    if not all(isinstance(operator, Chain) for operator in operators):
        return None
    # `rev # lpf 300`: the effects come after all that stands before them.
    links = [section_of(scope.at(f"#{i}"), one.right, one.right.loc) for i, one in enumerate(operators)]
    return composed([*links[::-1], *parts], expr.loc)


def own_function(scope: Scope, expr: BusRef | Name | Call) -> Function | None:
    """A bus, or a name that the scope binds, as a transform; None for other names. ScoreError if it is none."""
    if isinstance(expr, BusRef):
        term, written = scope.evaluator.reference(expr.name, expr.loc, scope), f"~{expr.name}"
    elif expr.name in scope.bound:
        term, written = calling.bound(scope, expr), expr.name
    else:
        return None
    if isinstance(term, Function):
        return term
    raise ScoreError(f"`{written}` is not a transform", loc=expr.loc)


def effect_function(scope: Scope, expr: Name | Call) -> Function:
    """`f args $ x` where f is an ordinary function: `f args x` with x as its input."""
    definition = language().get(expr.name)
    if expr.name not in MODIFIERS:
        if definition is None and expr.name in PLUGINS:
            raise out_of_scope(expr.name, expr.loc)
        if definition is None and expr.name in later_names():
            raise later_name(expr.name, expr.loc)
        if definition is None or not definition.ports:
            hint = form_of(expr.name) or suggestion(expr.name, transforms()) or "`farm patterns` lists what there is"
            raise ScoreError(f"there is no transform `{expr.name}`", loc=expr.loc, hint=hint)
    return effects_only(lambda term, trail: scope.evaluator.link_or_leave(term, expr, scope.on(trail)), expr.loc)


@record(frozen=True, slots=True, eq=False)
class Change:
    """A transform with its arguments: what it does to patterns, and what it is called where it finds none."""

    name: str
    on_pattern: PatternChange
    loc: Loc


def transform_function(scope: Scope, transform: Transform, expr: Name | Call) -> Function:
    """A call of a transform as a function."""
    evaluator = scope.evaluator
    given = in_order(transform, expr)
    if len(given) > len(transform.arguments) and any(
        isinstance(one, Name) and one.name in transforms() for one in given
    ):
        raise ScoreError(
            f"`{transform.name}` takes {len(transform.arguments)} arguments, not {len(given)}",
            loc=given[len(transform.arguments)].loc,
            hint=f"a transform with arguments of its own stands in parentheses: {transform.name} 2 (fast 2)",
        )
    parts: list[MarkedEffects] = []
    arguments = [argument(scope, transform, i, one, parts) for i, one in enumerate(given)]
    seed = seed64(evaluator.seed, scope.seed_path) if "seed" in transform.given else 0
    locs = [one.loc for one in given]

    def on_pattern(pattern: Pattern) -> Pattern:
        evaluator.count_use(expr.loc)
        return transform.apply(arguments, pattern, seed, expr.loc, evaluator.words, evaluator.notices, locs)

    def effects(term: Term, trail: Trail) -> Term:
        for part in parts:
            term = parted(term, part, trail, transform.name, expr.loc)
        return term

    change = Change(transform.name, on_pattern, expr.loc)

    def apply(term: Term, trail: Trail) -> Term:
        here = scope.on(trail)
        if transform.beside and len(given) == 1 and not holds_events(here, term):
            copy = function_of(here.at(0), given[0]).apply(term, trail)
            return beside(term, copy, scope.seed_path, expr.loc)
        if transform.layers and not holds_events(here, term):
            message = f"`{transform.name}` makes copies, and an oscillator plays one value at a time: only one is heard"
            evaluator.notices.append(Notice(message, expr.loc, 'play it as voices: saw # note "c4 e4"'))
        return effects(transformed(here, term, change), trail)

    return Function(apply, on_pattern, effects if parts else None, expr.loc)


def in_order(transform: Transform, expr: Name | Call) -> list[Expr]:
    """The arguments of a call in their order, by position or by keyword; how many there are is checked later."""
    if not isinstance(expr, Call) or not expr.keywords:
        return list(expr.args) if isinstance(expr, Call) else []
    slots = [Slot(one.name, one.name) for one in transform.arguments]
    bound = bind(signature_of(expr.name, slots, transform.signature), expr.args, expr.keywords, expr.loc)
    given = dict(zip(bound, [*expr.args, *(argument for _, argument, _ in expr.keywords)], strict=True))
    return [given[slot] for slot in slots]


def argument(scope: Scope, transform: Transform, index: int, expr: Expr, parts: list[MarkedEffects]) -> Argument:
    """An argument of a transform: a number, a pattern, a transform. Effects in it are added to `parts`."""
    kind = transform.arguments[index].kind if index < len(transform.arguments) else RATIO
    if isinstance(expr, Number) and kind is not TRANSFORM:
        return expr.value
    scope = scope.at(index)
    if kind is TRANSFORM:
        if isinstance(expr, (Number, String)):
            what = "a number" if isinstance(expr, Number) else "a pattern"
            message = f"`{transform.name}` takes a transform here, not {what}"
            raise ScoreError(message, loc=expr.loc, hint=f"written as `{transform.signature}`; a transform is (fast 2)")
        function = function_of(scope, expr)
        if function.effects is None:
            return function.pattern
        mark = mark_of(scope.seed_path)
        parts.append(MarkedEffects(mark, function.effects))
        return lambda pattern: marked(function.pattern(pattern), mark)
    if kind.patterned and isinstance(expr, Name):
        check_word(scope, transform.name, expr)
    value = scope.evaluator.evaluate(expr, scope)
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, StepsTerm):
        check_values(transform, index, value.said or (), expr.loc)
        if kind.patterned:
            name = transform.arguments[index].name
            scope.evaluator.notices += note_numbers(value.said or (), transform.name, name, transform.hint)
        return value.pattern
    if isinstance(value, Function):
        return value.pattern
    return scope.evaluator.signal_values(value, expr.loc, kind is PACE)


def holds_events(scope: Scope, term: Term) -> bool:
    """Whether a term is a pattern or plays voices, and not only a signal."""
    term, _ = scope.behind(term)
    if isinstance(term, Bus):
        return term.version in scope.trail.buses
    return isinstance(term, (StepsTerm, Function)) or has_voices(term)


def beside(left: Term, right: Term, seed_path: str, loc: Loc) -> Term:
    """Two signals, one on each side (language 6.4)."""
    a, b = [
        NodeTerm("pan", (("input", one),), (("position", Constant(Fraction(at), loc)),), f"{seed_path}/pan{at}", loc)
        for one, at in ((left, -1), (right, 1))
    ]
    return NodeTerm("add", (("a", a), ("b", b)), (), f"{seed_path}/+", loc)


def check_values(transform: Transform, index: int, said: Sequence[Said], loc: Loc) -> None:
    """Looks at the values of strings that are an argument. Raises ScoreError for one that it cannot be."""

    def fits(one: Written) -> bool:
        try:
            transform.check(index, [(one.text, exact_number(one))], loc)
        except ScoreError:
            return False
        return True

    for one in said:
        transform.check(index, [(atom.text, exact_number(atom)) for atom in one.unlike(fits)], loc)


def transformed(scope: Scope, term: Term, change: Change) -> Term:
    """A transform pushed through to the patterns of a term; ScoreError where there is none (language 3.1)."""
    scope.evaluator.count_use(change.loc)
    term, scope = scope.behind(term)
    if isinstance(term, StepsTerm):
        return replace(term, pattern=change.on_pattern(term.pattern))
    if isinstance(term, Voices):
        return term.controlled(change.on_pattern(term.pattern), term.signals)
    if isinstance(term, Function):
        raise ScoreError(f"`{change.name}` has a transform to work on, not a pattern", loc=change.loc)
    changed = transformed_node(scope, term, change) if isinstance(term, NodeTerm) else None
    if changed is None:
        raise ScoreError(
            f"`{change.name}` has nothing to work on: there are no events on its other side",
            loc=change.loc,
            hint='transforms change patterns: "a b", s "bd sn", or an oscillator with a pattern',
        )
    return changed


def transformed_node(scope: Scope, term: NodeTerm, change: Change) -> Term | None:
    """A node with the patterns in it transformed: that of its first param that has one, or those behind its inputs."""
    for i, (param, value) in enumerate(term.params):
        if isinstance(value, StepsTerm) and not term.inputs:
            stepped = replace(value, pattern=change.on_pattern(value.pattern))
            return replace(term, params=(*term.params[:i], (param, stepped), *term.params[i + 1 :]))
    if all(isinstance(one, (Constant, StepsTerm)) for _, one in term.inputs):
        return None
    inputs = tuple(
        (port, one if isinstance(one, (Constant, StepsTerm)) else transformed(scope, one, change))
        for port, one in term.inputs
    )
    return replace(term, inputs=inputs)
