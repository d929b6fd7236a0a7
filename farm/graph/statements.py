"""Statements: what a score defines, which outputs are heard, its tempo."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from farm.errors import Loc, Notice, ScoreError
from farm.graph import pitches
from farm.graph.later import comes_later
from farm.graph.leaving import Leaving
from farm.graph.resolve import Resolver, Version, binary_unit
from farm.graph.terms import Bus, Constant, Function, NodeTerm, Term, Voices
from farm.pattern.words import Words
from farm.score.syntax import (
    BarePattern,
    BusDef,
    Call,
    Command,
    Expr,
    FunctionDef,
    OutputDef,
    PatternDef,
    Statement,
    TemplateDef,
    Tempo,
)
from workers.records import record

FASTEST_CPS = 1000
LIKELY_BPM = 50
DEFINES = {
    PatternDef: ("%", "a named pattern (`%name: ...`)"),
    TemplateDef: ("@", "a template (`@name: ...`)"),
    FunctionDef: ("", "a function of one's own (`fn`)"),
}


@record(frozen=True, slots=True, eq=False)
class Resolved:
    """The meaning of a score: outputs by name, definitions of buses with their terms."""

    cps: Fraction
    words: Words
    outputs: tuple[tuple[str, Term], ...]
    versions: tuple[Version, ...]
    term_of: Callable[[int], Term]
    leaving: Leaving | None
    notices: tuple[Notice, ...]


def resolve(resolver: Resolver) -> Resolved:
    """Resolves every statement."""
    resolver.notices += resolver.program.notices

    def attempt(work: Callable[..., None], *given: Any) -> None:
        try:
            work(resolver, *given)
        except ScoreError as error:
            if resolver.leaving is None:
                raise
            resolver.leaving.leave(error)

    for order, statement in enumerate(resolver.program.statements):
        attempt(collect, order, statement)
    outputs = written_outputs(resolver)
    heard: list[tuple[str, Term]] = []
    for index in range(len(resolver.versions)):
        attempt(check_version, index)
    for name in sorted(outputs, key=lambda name: -1 if name == "out" else int(name[1:])):
        attempt(hear_output, name, *outputs[name], heard)
    if resolver.leaving is not None and not outputs and not resolver.versions:
        resolver.notices.append(Notice("the score has no output", None))
    elif not outputs:
        attempt(hear_automatically, heard)
    return Resolved(
        cps=resolver.cps,
        words=resolver.words,
        outputs=tuple(heard),
        versions=tuple(resolver.versions),
        term_of=resolver.term_of,
        leaving=resolver.leaving,
        notices=tuple(resolver.notices),
    )


def written_outputs(resolver: Resolver) -> dict[str, tuple[int, Expr]]:
    """Outputs by name, each with the number of its statement; the last one of a name holds."""
    outputs: dict[str, tuple[int, Expr]] = {}
    places: dict[str, Loc] = {}
    bare: list[Loc] = []
    for order, statement in enumerate(resolver.program.statements):
        body: Expr
        if isinstance(statement, OutputDef):
            name = "out" if statement.number is None else f"o{statement.number}"
            body = statement.body
        elif isinstance(statement, BarePattern):
            name, body = "out", Call("s", (statement.string,), (), statement.loc)
        else:
            continue
        if name in places and not (isinstance(statement, BarePattern) and places[name] in bare):
            message = f"an earlier `{name}`, in line {places[name].line}, is not heard: the last one of a name holds"
            resolver.notices.append(Notice(message, statement.loc))
        if isinstance(statement, BarePattern):
            bare.append(statement.loc)
        outputs[name], places[name] = (order, body), statement.loc
    if len(bare) > 1:
        resolver.notices.append(Notice("of several bare patterns the last one is the output", bare[-1]))
    return outputs


def hear_output(resolver: Resolver, name: str, order: int, body: Expr, heard: list[tuple[str, Term]]) -> None:
    """Resolves an output."""
    resolver.order = order
    term = pitches.played(resolver, resolver.evaluate(body, name), name)
    if isinstance(term, Constant) and term.value:
        hint = f"for a tone write `{name}: sine {float(term.value):g}`" if term.value >= 16 else None
        resolver.notices.append(Notice(f"`{name}` is a number: a constant, which cannot be heard", term.loc, hint))
    heard.append((name, term))


def hear_automatically(resolver: Resolver, heard: list[tuple[str, Term]]) -> None:
    """Resolves what is heard where no output is written."""
    heard += [(name, pitches.played(resolver, term, name)) for name, term in automatic_outputs(resolver)]


def collect(resolver: Resolver, order: int, statement: Statement) -> None:
    """Numbers the definitions of buses, and reads the tempo: the last one holds."""
    if isinstance(statement, BusDef):
        if statement.params:
            raise resolver.breaks(f"~{statement.name}", f"a bus with arguments, `~{statement.name}`,", statement.loc)
        earlier = resolver.by_name.setdefault(statement.name, [])
        place = f"~{statement.name}" + (f"'{len(earlier)}" if earlier else "")
        earlier.append(len(resolver.versions))
        if statement.kind == "synthdef":
            resolver.synthdefs.add(statement.name)
        body, kind = statement.body, statement.kind
        resolver.versions.append(Version(statement.name, order, body, kind, place, statement.loc))
    elif isinstance(statement, (PatternDef, TemplateDef, FunctionDef)):
        sigil, what = DEFINES[type(statement)]
        raise resolver.breaks(f"{sigil}{statement.name}", what, statement.loc)
    elif isinstance(statement, Command) and statement.name in ("outmix", "hush", "unhush", "panic"):
        raise comes_later(f"`{statement.name}`", statement.loc)
    elif isinstance(statement, Tempo):
        resolver.cps = tempo(resolver, statement)
    elif isinstance(statement, Command):
        resolver.notices.append(Notice(f"`{statement.name}` only means something live: left out", statement.loc))


def check_version(resolver: Resolver, index: int) -> None:
    """Resolves a definition even if nothing uses it, so that its mistakes are told."""
    if not resolver.is_modifier(index):
        resolver.term_of(index)


def automatic_outputs(resolver: Resolver) -> list[tuple[str, Term]]:
    """What is heard of a score without outputs (language 1.5)."""
    last = {name: indices[-1] for name, indices in resolver.by_name.items()}
    for name in ("master", "out"):
        if name in last:
            return [("out", Bus(last[name], resolver.versions[last[name]].loc))]
    numbered = sorted(
        (name for name in last if name.rstrip("0123456789") in ("d", "out") and name[-1].isdigit()),
        key=lambda name: int(name.lstrip("dout")),
    )
    if numbered:
        return [(f"o{name.lstrip('dout')}", Bus(last[name], resolver.versions[last[name]].loc)) for name in numbered]
    used: set[int] = set()
    for index in range(len(resolver.versions)):
        if not resolver.is_modifier(index):
            used |= {other for other in buses_in(resolver.term_of(index)) if other != index}
    free = [
        index
        for index in last.values()
        if index not in used and not resolver.is_modifier(index) and not isinstance(resolver.term_of(index), Function)
    ]
    if not free:
        loc = resolver.program.source.loc(0)
        raise ScoreError("the score has no output", loc=loc, hint='write one, for example: out: s "bd*4"')
    resolver.notices.append(Notice("no output is named: every bus that no other uses is heard, at a quarter", None))
    total: Term | None = None
    for index in sorted(free):
        bus = Bus(index, resolver.versions[index].loc)
        total = bus if total is None else binary_unit("add", total, bus, "out/auto", bus.loc)
    assert total is not None
    quarter = Constant(Fraction(1, 4), resolver.versions[free[0]].loc)
    return [("out", binary_unit("mul", total, quarter, "out/auto", quarter.loc))]


def buses_in(term: Term) -> set[int]:
    """Definitions that a term refers to."""
    found: set[int] = set()
    waiting = [term]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Bus):
            found.add(one.version)
        elif isinstance(one, NodeTerm):
            waiting += [t for _, t in (*one.inputs, *one.params)]
        elif isinstance(one, Voices):
            waiting += [t for _, t in (*one.signals, *one.instruments)]
    return found


def tempo(resolver: Resolver, statement: Tempo) -> Fraction:
    """Cycles per second of a tempo line."""
    cps = cycles_per_second(statement)
    if statement.kind != "bpm" and LIKELY_BPM <= cps <= FASTEST_CPS:
        message = f"{float(cps):g} cycles a second: if beats a minute are meant, write `bpm: {float(cps):g}`"
        resolver.notices.append(Notice(message, statement.loc))
    if cps <= FASTEST_CPS:
        return cps
    message = f"{float(cps):g} cycles per second are more than {FASTEST_CPS}; {FASTEST_CPS} are used"
    resolver.notices.append(Notice(message, statement.loc))
    return Fraction(FASTEST_CPS)


def cycles_per_second(tempo: Tempo) -> Fraction:
    """The tempo of a statement."""
    if tempo.kind != "bpm":
        return tempo.value
    beats = int(tempo.signature.split("/")[0]) if tempo.signature else 4
    return tempo.value / (60 * beats)
