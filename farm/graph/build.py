"""Terms to graph: every bus that is heard becomes a scope of nodes, every bus that plays as voices an instrument."""

from __future__ import annotations

from fractions import Fraction

from farm.errors import Loc, Notice, ScoreError, in_order
from farm.graph.builder import Builder
from farm.graph.doubtful import note_factors
from farm.graph.graph import Graph, Output
from farm.graph.leaving import Leaving
from farm.graph.loops import close_loops
from farm.graph.signals import PlanTimeSignals
from farm.graph.statements import resolve
from farm.graph.terms import Constant
from farm.pattern.words import Words
from farm.score.syntax import Program


def build(program: Program, seed: int, leaving: Leaving | None = None) -> Graph:
    """The graph of a score. Raises ScoreError.

    With `leaving` (--lenient) it raises nothing: what cannot be rendered is left out and noted there.
    """
    words = Words()
    words.forgive = None if leaving is None else leaving.leave
    signals = PlanTimeSignals()
    resolved = resolve(program, seed, words, signals.pattern_maker(words), leaving)
    builder = Builder(resolved)
    outputs = []
    for name, term in resolved.outputs:
        outputs.append(Output(name, builder.scope_later(name, term, 1 << 30, term.loc)))
    if leaving is not None and not outputs:
        leaving.notices.append(Notice("nothing is left of the score: silence"))
        outputs.append(
            Output("out", builder.scope_later("out", Constant(Fraction(0), nowhere(program)), 1 << 30, None))
        )
    for request in signals.requests:
        try:
            request.bus = builder.probe(f"signal/{request.loc.line}", request.term)
        except ScoreError as error:
            if leaving is None:
                raise
            leaving.leave(error)
    while builder.pending:
        builder.pending.pop(0)()
    if builder.noted:
        heard = [term for _, term in resolved.outputs]
        resolved.notices.extend(note_factors(heard, lambda bus: resolved.term_of(bus.version)))
    scopes = [scope for scope in builder.scopes if scope is not None]
    closed = close_loops(scopes, builder.orders, builder.locs, builder.sources, builder.instruments, leaving)
    return Graph(
        name=program.source.name,
        cps=resolved.cps,
        words=words,
        buses=tuple(closed),
        instruments=tuple(builder.instruments),
        sources=tuple(builder.sources),
        outputs=tuple(outputs),
        notices=tuple(in_order([*resolved.notices, *(leaving.notices if leaving is not None else ())])),
        probes=frozenset(builder.probes),
        signals=signals,
        leaving=leaving,
    )


def nowhere(program: Program) -> Loc:
    """A place for what the score does not say."""
    return Loc(program.source.name, 1, 1)
