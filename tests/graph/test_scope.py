"""Scopes: names that are bound in one mean what they are bound to, by an entry alone; buses are those above."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import pytest

from farm.errors import Loc, ScoreError
from farm.graph.binding import Slot, bind, signature_of
from farm.graph.names import function_names, refused_links
from farm.graph.resolve import Resolver
from farm.graph.scope import Bound, Macro, Scope
from farm.graph.statements import collected
from farm.graph.terms import Bus, Constant, Function, NodeTerm, StepsTerm, Term, Voices, children, closed, inputs, walk
from farm.pattern.pattern import Pattern
from farm.pattern.words import Words
from farm.score import Source, parse
from farm.score.syntax import Call, Expr, ListExpr, Name, OutputDef

PLACE = Loc("a.ph", 1, 1)


def no_signals(term: Term, loc: Loc, pace: bool) -> Pattern:
    raise AssertionError("no transform of these scores reads a signal")


def resolver(text: str, bound: Mapping[str, Bound]) -> tuple[Resolver, Expr, Scope]:
    """The evaluator of a score, the body of its last statement, an output, and the scope of that."""
    program = parse(Source("a.ph", text), function_names() | bound.keys(), refused_links())
    made = Resolver(collected(program, [], None), 0, Words(), no_signals, bound=bound)
    output = program.statements[-1]
    assert isinstance(output, OutputDef)
    return made, output.body, made.scope("out", len(program.statements) - 1)


def meaning(text: str, bound: Mapping[str, Bound]) -> Term:
    """What the last statement of a score means."""
    made, body, scope = resolver(text, bound)
    return made.evaluate(body, scope)


def shown(term: Term) -> str:
    """A term as text: nodes with their inputs and params, numbers, what else there is by its class."""
    if isinstance(term, Constant):
        return f"{float(term.value):g}"
    if isinstance(term, NodeTerm):
        return f"{term.node}({', '.join(shown(one) for one in children(term))})"
    return f"bus {term.version}" if isinstance(term, Bus) else type(term).__name__


def function_of_terms(*names: str, made: Callable[..., Term]) -> Macro:
    """A function whose arguments are evaluated where it is called, by position or by keyword."""
    signature = signature_of("own", [Slot(name, name) for name in names], " ".join(["own", *names]))

    def call(expr: Name | Call, scope: Scope) -> Term:
        arguments = expr.args if isinstance(expr, Call) else ()
        keywords = expr.keywords if isinstance(expr, Call) else ()
        slots = bind(signature, arguments, keywords, expr.loc)
        written = [*arguments, *(argument for _, argument, _ in keywords)]
        given = {slot.name: scope.evaluate(one, i) for i, (slot, one) in enumerate(zip(slots, written, strict=True))}
        return made(**given)

    return Macro(call)


def written_function(text: str, *names: str) -> Macro:
    """A function as a score would define it: its body is evaluated with its parameters bound to the arguments."""
    body = parse(Source("a.ph", f"out: {text}"), function_names()).statements[0]
    assert isinstance(body, OutputDef)
    expr = body.body

    def call(made: Name | Call, scope: Scope) -> Term:
        arguments = made.args if isinstance(made, Call) else ()
        values = {name: scope.evaluate(one, i) for i, (name, one) in enumerate(zip(names, arguments, strict=True))}
        return scope.evaluator.evaluate(expr, scope.binding(values))

    return Macro(call)


def product(a: Term, b: Term) -> Term:
    return NodeTerm("mul", (("a", a), ("b", b)), (), "", PLACE)


NUMBER = Constant(Fraction(3), PLACE)


@pytest.mark.parametrize(
    ("text", "bound", "means"),
    [
        ("out: x", {"x": NUMBER}, "3"),
        ("out: saw x", {"x": NUMBER}, "saw(3)"),
        ("out: saw 110 # lpf (x * 100)", {"x": NUMBER}, "lpf(saw(110), 300)"),
        ("out: saw 110 * x", {"x": NUMBER}, "mul(saw(110), 3)"),
        ("out: -x", {"x": NUMBER}, "-3"),
        ("~b: saw x\nout: ~b * x", {"x": NUMBER}, "mul(bus 0, 3)"),
        ("out: saw ~x", {"~x": NUMBER}, "saw(3)"),
        ("~x: noise\nout: saw ~x", {"~x": NUMBER}, "saw(3)"),
        ("out: %x + 1", {"%x": NUMBER}, "4"),
        ("out: saw @x", {"@x": NUMBER}, "saw(3)"),
        ("out: saw", {"saw": NUMBER}, "3"),
        ("out: saw 110 # x", {"x": NUMBER}, "mul(saw(110), 3)"),
        ("out: saw 110 # @x", {"@x": NUMBER}, "mul(saw(110), 3)"),
        ("out: saw 110 # ~x", {"~x": NUMBER}, "mul(saw(110), 3)"),
        ("out: own 2 (saw 5)", {"own": function_of_terms("a", "b", made=product)}, "mul(2, saw(5))"),
        ("out: own 2 :b x", {"own": function_of_terms("a", "b", made=product), "x": NUMBER}, "mul(2, 3)"),
        ("out: own(own(2, 4), 5) + 1", {"own": function_of_terms("a", "b", made=product)}, "add(mul(mul(2, 4), 5), 1)"),
        ("out: ~own 7", {"~own": function_of_terms("a", made=lambda a: product(a, a))}, "mul(7, 7)"),
        ("out: own 200", {"own": written_function("saw f # lpf (f * 4)", "f")}, "lpf(saw(200), 800)"),
        ("out: own (own 2)", {"own": written_function("sine f + 1", "f")}, "add(sine(add(sine(2), 1)), 1)"),
    ],
)
def test_an_entry_in_a_scope_is_all_that_a_name_needs(text: str, bound: Mapping[str, Bound], means: str) -> None:
    assert shown(meaning(text, bound)) == means


def test_a_bound_function_is_a_transform_where_it_waits() -> None:
    _, body, scope = resolver("out: fast 2 $ rev", {})
    twice = scope.evaluator.evaluate(body, scope)
    assert isinstance(twice, Function)
    for text in (
        'out: s "bd sn" $ own',
        'out: own $ s "bd sn"',
        'out: s "bd sn" # own',
        'out: s "bd sn" $ every 1 own',
    ):
        made = meaning(text, {"own": twice})
        assert isinstance(made, Voices)
        plain = meaning('out: s "bd sn" $ rev $ fast 2', {})
        assert isinstance(plain, Voices)
        asked, expected = made.pattern.query(range_of(3)), plain.pattern.query(range_of(3))
        assert sorted(asked.times[0]) == sorted(expected.times[0])
    made = meaning('out: own 2 $ s "bd sn"', {"own": Macro(lambda call, scope: twice, waits=True)})
    assert isinstance(made, Voices)
    assert len(made.pattern.query(range_of(1)).row) == 4
    with pytest.raises(ScoreError, match="`own` is not a transform"):
        meaning('out: s "bd sn" $ own', {"own": NUMBER})


def test_a_list_needs_no_more_than_a_function_that_reads_it() -> None:
    def both(call: Name | Call, scope: Scope) -> Term:
        assert isinstance(call, Call)
        (items,) = call.args
        assert isinstance(items, ListExpr)
        first, second = (scope.evaluate(one, i) for i, one in enumerate(items.items))
        return NodeTerm("add", (("a", first), ("b", second)), (), scope.seed_path, call.loc)

    assert shown(meaning("out: both [saw 110 # lpf 300, x]", {"both": Macro(both), "x": NUMBER})) == (
        "add(lpf(saw(110), 300), 3)"
    )


def test_bound_names_are_suggested_and_counted() -> None:
    with pytest.raises(ScoreError, match="there is no function `owm`") as caught:
        meaning("out: owm 2", {"own": function_of_terms("a", made=lambda a: a)})
    assert caught.value.hint == "did you mean `own`?"
    with pytest.raises(ScoreError, match="`own` needs its b"):
        meaning("out: own 2", {"own": function_of_terms("a", "b", made=product)})
    with pytest.raises(ScoreError, match="`x` takes no arguments: it is a value"):
        meaning("out: x 2", {"x": NUMBER})


def test_a_scope_stays_as_it_is() -> None:
    _, _, scope = resolver("~a: saw 110\nout: ~a", {})
    inner = scope.at("x").binding({"y": NUMBER}).of(0)
    assert (scope.seed_path, scope.order, dict(scope.bound), scope.trail.buses) == ("out", 1, {}, frozenset())
    assert (inner.seed_path, inner.order, dict(inner.bound), inner.trail.buses) == ("~a", 0, {}, frozenset({0}))
    assert scope.pasting(0).seed_path == "out/~a"


def range_of(cycles: int):  # type: ignore[no-untyped-def]
    import numpy as np

    return np.arange(cycles)


# Buses by position.


def bus_read(text: str) -> list[str]:
    """The buses that the last output reads, by where they are defined: `~x`, `~x'1` ..."""
    made, body, scope = resolver(text, {})
    term = made.evaluate(body, scope)
    found = [one.version for one in walk(term, closed, children) if isinstance(one, Bus)]
    return [made.defined.versions[index].seed_path for index in found]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("~x: saw 1\n~f # lpf :cutoff ~x\n~x: saw 2\nout: noise # ~f", ["~x"]),
        ('~x: saw 1\n~f $ every 2 (# lpf ~x)\n~x: saw 2\nout: s "bd" $ ~f', ["~x"]),
        ("~x: saw 1\n~f $ jux (# lpf ~x)\n~x: saw 2\nout: noise $ ~f", ["~x"]),
        ('~t $ rev\n~f $ ~t\n~t: saw 1\nout: ~f $ s "bd"', []),
        ("~t # lpf 300\n~f # ~t\n~t: saw 1\nout: noise # ~f", []),
        ("~x: saw 1\n~y: ~x\n~x: saw 2\nout: ~y * ~x", ["~y", "~x'1"]),
    ],
)
def test_a_definition_is_read_where_it_stands_whoever_uses_it(text: str, read: list[str]) -> None:
    assert bus_read(text) == read


# Walks.


def tree() -> tuple[NodeTerm, dict[int, Term]]:
    """A sum of two buses, of which each reads the other, and the first twice a product."""
    leaf = Constant(Fraction(1), PLACE)
    shared = NodeTerm("mul", (("a", Bus(1, PLACE)), ("b", leaf)), (("p", StepsTerm(no_pattern(), PLACE)),), "", PLACE)
    first = NodeTerm("add", (("a", shared), ("b", shared)), (), "", PLACE)
    second = NodeTerm("sub", (("a", Bus(0, PLACE)), ("b", NUMBER)), (), "", PLACE)
    return NodeTerm("add", (("a", Bus(0, PLACE)), ("b", Bus(1, PLACE))), (), "", PLACE), {0: first, 1: second}


def no_pattern() -> Pattern:
    from farm.pattern.pattern import pure

    return pure(0)


def test_a_walk_meets_every_term_once_and_a_circle_where_it_closes() -> None:
    term, definitions = tree()
    path: list[Term] = []
    met = []
    for one in walk(term, lambda bus: definitions[bus.version], inputs, path=path):
        met.append((shown_name(one), [shown_name(above) for above in path]))
    assert met == [
        ("add", ["add"]),
        ("bus 0", ["add", "bus 0"]),
        ("add", ["add", "bus 0", "add"]),
        ("mul", ["add", "bus 0", "add", "mul"]),
        ("bus 1", ["add", "bus 0", "add", "mul", "bus 1"]),
        ("sub", ["add", "bus 0", "add", "mul", "bus 1", "sub"]),
        ("bus 0", ["add", "bus 0", "add", "mul", "bus 1", "sub"]),
        ("3", ["add", "bus 0", "add", "mul", "bus 1", "sub", "3"]),
        ("1", ["add", "bus 0", "add", "mul", "1"]),
    ]
    names = [shown_name(one) for one in walk(term, lambda bus: definitions[bus.version], children)]
    assert names.count("StepsTerm") == 1
    assert [shown_name(one) for one in walk(term, closed, children)] == ["add", "bus 0", "bus 1"]
    past = {id(definitions[0])}
    assert [shown_name(one) for one in walk(term, lambda bus: definitions[bus.version], inputs, past=past)] == [
        "add",
        "bus 0",
        "bus 1",
        "sub",
        "3",
    ]


def shown_name(term: Term) -> str:
    return shown(term).partition("(")[0]
