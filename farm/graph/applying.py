"""`$`: transforms and what they work on.

`x $ t1 $ t2` applies t1 first; `t1 $ t2 $ x` applies t2 first: which end holds the pattern decides (language 1.7).
Transforms alone, as in `every 2 (fast 2 $ rev)`, wait for a pattern on their right: the last applies first (1.12).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from farm.errors import Loc, Notice, ScoreError, suggestion
from farm.graph.binding import Signature, Slot, bind
from farm.graph.calling import PLUGINS, lacks_input, out_of_scope
from farm.graph.later import later_name, later_names
from farm.graph.nodes import language
from farm.graph.place import seed64
from farm.graph.said import exact_numbers
from farm.graph.sections import mark_of, marked, parted
from farm.graph.terms import Bus, Constant, Function, NodeTerm, Steps, Term, Voices, has_voices
from farm.graph.vocabulary import EVENT_SOURCES, MODIFIERS
from farm.pattern.kinds import PACE, RATIO, TRANSFORM
from farm.pattern.later import LATER_TRANSFORMS
from farm.pattern.pattern import Pattern
from farm.pattern.register import Argument, Transform, transforms
from farm.score.elsewhere import form_of
from farm.score.syntax import Apply, BusRef, Call, Chain, Expr, Name, Number, Section, String, spine

if TYPE_CHECKING:
    from farm.graph.resolve import Resolver

Changed = TypeVar("Changed", Term, Pattern)


def is_transform(resolver: Resolver, expr: Expr) -> bool:
    """Whether an expression is a transform (a name after `$` is a transform first)."""
    if isinstance(expr, Section):
        return True
    if isinstance(expr, (Name, Call)) and expr.name in transforms():
        transform = transforms()[expr.name]
        return not whole_call(expr) and (count(expr) <= len(transform.arguments) or expr.name not in language())
    if isinstance(expr, (Name, Call)) and expr.name in LATER_TRANSFORMS:
        return expr.name not in language()
    if isinstance(expr, BusRef):
        index = resolver.version_for(expr.name, expr.loc)
        if index in resolver.resolving:
            return False
        if index not in resolver.transform_buses:
            resolver.transform_buses[index] = False  # what holds inside itself
            resolver.transform_buses[index] = is_transform(resolver, resolver.versions[index].body)
        return resolver.transform_buses[index]
    if isinstance(expr, (Chain, Apply)):
        first, operators = spine(expr)
        while operators and isinstance(operators[-1], Chain):
            operators.pop()
        return all(isinstance(one, Apply) for one in operators) and all(
            is_transform(resolver, one) for one in (first, *(operator.right for operator in operators))
        )
    return False


def count(expr: Name | Call) -> int:
    """Arguments of a call, keywords included."""
    return len(expr.args) + len(expr.keywords) if isinstance(expr, Call) else 0


def whole_call(expr: Name | Call) -> bool:
    """Whether a call of a transform names the pattern as well: `rev "a b"`, `every 2 rev (s "bd sn")`."""
    given = count(expr) == len(transforms()[expr.name].arguments) + 1
    return given and isinstance(expr, Call) and bool(expr.args) and not isinstance(expr.args[-1], Number)


def called(resolver: Resolver, expr: Name | Call, place: str) -> Term:
    """A call of a transform: the transform itself or, of a whole call, the pattern that it makes."""
    if not whole_call(expr):
        return function_of(resolver, expr, place)
    assert isinstance(expr, Call)
    function = function_of(resolver, replace(expr, args=expr.args[:-1]), place)
    return function.apply(resolver.evaluate(expr.args[-1], f"{place}/on"))


def applied(resolver: Resolver, first: Expr, rest: list[tuple[Expr, Loc]], place: str) -> Term:
    """A run of `$`."""
    items = [first, *(expr for expr, _ in rest)]
    places = [place, *(f"{place}/{i}" for i in range(len(rest)))]
    if not is_transform(resolver, items[0]) and not lacks_input(resolver, items[0]):
        value = resolver.operand(items[0], places[0])
        for item, where in zip(items[1:], places[1:], strict=True):
            value = changed(resolver, value, item, where)
        return value
    if not is_transform(resolver, items[-1]):
        value = resolver.evaluate(items[-1], places[-1])
        for item, where in zip(items[-2::-1], places[-2::-1], strict=True):
            value = changed(resolver, value, item, where)
        return value
    functions = [function_of(resolver, item, where) for item, where in zip(items, places, strict=True)]
    return composed(functions, items[0].loc)


def changed(resolver: Resolver, value: Term, function: Expr, place: str) -> Term:
    """`value $ function`; with --lenient one that fails is left out."""

    def work() -> Term:
        return function_of(resolver, function, place).apply(value)

    return work() if resolver.leaving is None else resolver.leaving.attempt(work, value)


def composed(functions: list[Function], loc: Loc) -> Function:
    """Several transforms as one, the last of the text first."""
    ordered = functions[::-1]
    effects = [function.effects for function in ordered if function.effects is not None]
    return Function(
        chained([function.apply for function in ordered]),
        chained([function.pattern for function in ordered]),
        chained(effects) if effects else None,
        loc,
    )


def chained(changes: list[Callable[[Changed], Changed]]) -> Callable[[Changed], Changed]:
    """One change after another."""

    def change(value: Changed) -> Changed:
        for one in changes:
            value = one(value)
        return value

    return change


def effects_only(effects: Callable[[Term], Term], loc: Loc) -> Function:
    """A section of effects and modifiers: it leaves patterns alone."""
    return Function(effects, lambda pattern: pattern, effects, loc)


def function_of(resolver: Resolver, expr: Expr, place: str) -> Function:
    """An expression as a transform or a section of effects; ScoreError if it is neither."""
    if isinstance(expr, Section):
        return effects_only(lambda term: resolver.chained(term, expr.body, place), expr.loc)
    if isinstance(expr, (Chain, Apply)):
        first, operators = spine(expr)
        parts = [function_of(resolver, first, f"{place}/0")]
        while operators and isinstance(operators[0], Apply):
            parts.append(function_of(resolver, operators.pop(0).right, f"{place}/{len(parts)}"))
        if all(isinstance(operator, Chain) for operator in operators):
            # `rev # lpf 300`: the effects come after all that stands before them.
            links = [section_of(resolver, one.right, f"{place}/#{i}") for i, one in enumerate(operators)]
            return composed([*links[::-1], *parts], expr.loc)
    if isinstance(expr, BusRef):
        term = resolver.reference(expr.name, expr.loc)
        if isinstance(term, Function):
            return term
        raise ScoreError(f"`~{expr.name}` is not a transform", loc=expr.loc)
    if not isinstance(expr, (Name, Call)):
        raise ScoreError("after `$` comes a transform", loc=expr.loc, hint="for example: $ fast 2")
    if expr.name in EVENT_SOURCES:
        message = f"`{expr.name}` stands between transforms: the pattern comes first or last"
        raise ScoreError(message, loc=expr.loc, hint='t1 $ t2 $ s "bd", or s "bd" $ t2 $ t1')
    if expr.name not in transforms():
        return effect_function(resolver, expr, place)
    transform = transforms()[expr.name]
    given = in_order(transform, expr)
    if len(given) > len(transform.arguments) and any(
        isinstance(one, Name) and one.name in transforms() for one in given
    ):
        raise ScoreError(
            f"`{transform.name}` takes {len(transform.arguments)} arguments, not {len(given)}",
            loc=given[len(transform.arguments)].loc,
            hint=f"a transform with arguments of its own stands in parentheses: {transform.name} 2 (fast 2)",
        )
    sections: list[tuple[str, Callable[[Term], Term]]] = []
    arguments = [argument(resolver, transform, i, one, f"{place}/{i}", sections) for i, one in enumerate(given)]
    seed = seed64(resolver.seed, place)

    def on_pattern(pattern: Pattern) -> Pattern:
        resolver.use(expr.loc)
        locs = [one.loc for one in given]
        return transform.apply(arguments, pattern, seed, expr.loc, resolver.words, resolver.notices, locs)

    def effects(term: Term) -> Term:
        for mark, section in sections:
            term = parted(term, mark, section, transform.name, expr.loc)
        return term

    def apply(term: Term) -> Term:
        if transform.beside and len(given) == 1 and not holds_events(resolver, term):
            copy = function_of(resolver, given[0], f"{place}/0").apply(term)
            return beside(term, copy, place, expr.loc)
        if transform.layers and not holds_events(resolver, term):
            message = f"`{transform.name}` makes copies, and an oscillator plays one value at a time: only one is heard"
            resolver.notices.append(Notice(message, expr.loc, 'play it as voices: saw # note "c4 e4"'))
        return effects(transformed(resolver, term, on_pattern, transform.name, expr.loc))

    return Function(apply, on_pattern, effects if sections else None, expr.loc)


def in_order(transform: Transform, expr: Name | Call) -> list[Expr]:
    """The arguments of a call in their order, by position or by keyword; how many there are is checked later."""
    if not isinstance(expr, Call) or not expr.keywords:
        return list(expr.args) if isinstance(expr, Call) else []
    slots = tuple(Slot(one.name, one.name) for one in transform.arguments)
    signature = Signature(expr.name, slots, f"`{transform.signature}`")
    bound = bind(signature, [one.loc for one in expr.args], expr.keywords, expr.loc)
    given = dict(zip(bound, [*expr.args, *(argument for _, argument, _ in expr.keywords)], strict=True))
    return [given[slot] for slot in slots]


def holds_events(resolver: Resolver, term: Term) -> bool:
    """Whether a term is a pattern or plays voices, and not only a signal."""
    term = resolver.behind(term)
    if isinstance(term, Bus):
        return term.version in resolver.resolving
    return isinstance(term, (Steps, Function)) or has_voices(term)


def beside(left: Term, right: Term, place: str, loc: Loc) -> Term:
    """Two signals, one on each side (language 6.4)."""
    sides = [
        NodeTerm("pan", (("input", one),), (("position", Constant(Fraction(at), loc)),), f"{place}/pan{at}", loc)
        for one, at in ((left, -1), (right, 1))
    ]
    return NodeTerm("add", (("a", sides[0]), ("b", sides[1])), (), f"{place}/+", loc)


def section_of(resolver: Resolver, body: Expr, place: str) -> Function:
    """What stands after `#` in a composition."""
    return effects_only(lambda term: resolver.chained(term, body, place), body.loc)


def effect_function(resolver: Resolver, expr: Name | Call, place: str) -> Function:
    """`f args $ x` where f is an ordinary function: `f args x` with x as its input."""
    definition = language().get(expr.name)
    if expr.name in MODIFIERS:
        return effects_only(lambda term: resolver.linked(term, expr, place), expr.loc)
    if definition is None and expr.name in PLUGINS:
        raise out_of_scope(expr.name, expr.loc)
    if definition is None and expr.name in later_names():
        raise later_name(expr.name, expr.loc)
    if definition is None or not definition.ports:
        hint = form_of(expr.name) or suggestion(expr.name, transforms()) or "`farm patterns` lists what there is"
        raise ScoreError(f"there is no transform `{expr.name}`", loc=expr.loc, hint=hint)
    return effects_only(lambda term: resolver.linked(term, expr, place), expr.loc)


def argument(
    resolver: Resolver,
    transform: Transform,
    index: int,
    expr: Expr,
    place: str,
    sections: list[tuple[str, Callable[[Term], Term]]],
) -> Argument:
    """An argument of a transform: a number, a pattern, a transform. Effects in it are put into `sections`, by mark."""
    kind = transform.arguments[index].kind if index < len(transform.arguments) else RATIO
    if kind is TRANSFORM:
        if isinstance(expr, (Number, String)):
            what = "a number" if isinstance(expr, Number) else "a pattern"
            message = f"`{transform.name}` takes a transform here, not {what}"
            raise ScoreError(message, loc=expr.loc, hint=f"written as {transform.signature}; a transform is (fast 2)")
        function = function_of(resolver, expr, place)
        if function.effects is None:
            return function.pattern
        mark = mark_of(place)
        sections.append((mark, function.effects))
        return lambda pattern: marked(function.pattern(pattern), mark)
    if isinstance(expr, Number):
        return expr.value
    value = resolver.evaluate(expr, place)
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, Steps):
        transform.check(index, exact_numbers(value.said), expr.loc)
        return value.pattern
    if isinstance(value, Function):
        return value.pattern
    assert resolver.signal_values is not None
    return resolver.signal_values(value, expr.loc, kind is PACE)


def transformed(
    resolver: Resolver, term: Term, change: object, name: str, loc: Loc, within: frozenset[int] = frozenset()
) -> Term:
    """A transform pushed through to the patterns of a term; ScoreError where there is none (language 3.1).

    `within`: definitions that are being looked at; inside itself a bus has no patterns.
    """
    assert callable(change)
    resolver.use(loc)
    if isinstance(term, Steps):
        return replace(term, pattern=change(term.pattern))
    if isinstance(term, Voices):
        return term.controlled(change(term.pattern), term.signals)
    if isinstance(term, Bus) and term.version not in resolver.resolving and term.version not in within:
        inner = resolver.term_of(term.version)
        return transformed(resolver, inner, change, name, loc, within | {term.version})
    if isinstance(term, Function):
        raise ScoreError(f"`{name}` has a transform to work on, not a pattern", loc=loc)
    if isinstance(term, NodeTerm):
        for i, (param, value) in enumerate(term.params):
            if isinstance(value, Steps) and not term.inputs:
                params = (
                    *term.params[:i],
                    (param, replace(value, pattern=change(value.pattern))),
                    *term.params[i + 1 :],
                )
                return replace(term, params=params)
        events = [one for _, one in term.inputs if not isinstance(one, (Constant, Steps))]
        if events:
            inputs = tuple(
                (port, one)
                if isinstance(one, (Constant, Steps))
                else (port, transformed(resolver, one, change, name, loc, within))
                for port, one in term.inputs
            )
            return replace(term, inputs=inputs)
    raise ScoreError(
        f"`{name}` has nothing to work on: there are no events on its other side",
        loc=loc,
        hint='transforms change patterns: "a b", s "bd sn", or an oscillator with a pattern',
    )
