"""Statements: what a score defines, which outputs are heard, its tempo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from fractions import Fraction

from farm.errors import Loc, Notice, ScoreError
from farm.graph import pitches
from farm.graph.later import comes_later
from farm.graph.leaving import Leaving
from farm.graph.resolve import Resolver, SignalValues, arithmetic_node
from farm.graph.scope import Definitions, Scope, Version
from farm.graph.terms import Bus, Constant, Function, Term, children, closed, walk
from farm.graph.unplayed import unplayed
from farm.pattern.words import Words
from farm.quantities import plain
from farm.score.syntax import (
    BarePattern,
    BusDef,
    Call,
    Command,
    Expr,
    FunctionDef,
    OutputDef,
    PatternDef,
    Program,
    Statement,
    TemplateDef,
    Tempo,
)
from workers.records import record

DEFAULT_CPS = Fraction(1, 2)
FASTEST_CPS = 1000
LIKELY_BPM = 50
BEATS = 4
"""Of a cycle, where no tempo line says how many."""
DEFINES = {
    PatternDef: ("%", "a named pattern (`%name: ...`)"),
    TemplateDef: ("@", "a template (`@name: ...`)"),
    FunctionDef: ("", "a function of one's own (`fn`)"),
}


@record(frozen=True, slots=True, eq=False)
class Resolved:
    """The meaning of a score: outputs by name, definitions of buses with their terms.

    `notices` grow while terms are asked for and patterns are made.
    """

    cps: Fraction
    words: Words
    outputs: tuple[tuple[str, Term], ...]
    versions: tuple[Version, ...]
    term_of: Callable[[int], Term]
    leaving: Leaving | None
    notices: list[Notice]


def resolve(
    program: Program, seed: int, words: Words, read_signal: SignalValues, leaving: Leaving | None = None
) -> Resolved:
    """Resolves every statement.

    `words` interns the values of patterns, `read_signal` makes patterns of signals. Raises ScoreError; with `leaving`
    (--lenient) mistakes go there.
    """
    notices = [*program.notices]
    resolver = Resolver(collected(program, notices, leaving), seed, words, read_signal, leaving, notices=notices)
    top = resolver.scope("", 0)
    outputs = written_outputs(program, notices)
    heard: list[tuple[str, Term]] = []
    for index in range(len(resolver.defined.versions)):
        attempt(leaving, check_version, top, index)
    for name in sorted(outputs, key=lambda name: -1 if name == "out" else int(name[1:])):
        order, written = outputs[name]
        attempt(leaving, hear_output, resolver.scope(name, order), written, heard)
    if leaving is not None and not outputs and not resolver.defined.versions:
        notices.append(Notice("the score has no output", None))
    elif not outputs:
        attempt(leaving, hear_automatically, resolver, program.source.loc(0), heard)
    if leaving is None or not leaving.errors:
        # What is wrong may be the name of a bus that would be played.
        notices += unplayed(top, program, () if outputs else {*buses_in(term for _, term in heard)})
    return Resolved(
        cps=resolver.defined.cps,
        words=words,
        outputs=tuple(heard),
        versions=resolver.defined.versions,
        term_of=lambda index: resolver.term_of(index, top),
        leaving=leaving,
        notices=notices,
    )


def attempt(leaving: Leaving | None, work: Callable[..., None], *given: object) -> None:
    """Does a part of the work; with --lenient one that is a mistake is left out."""
    if leaving is None:
        work(*given)
    else:
        leaving.attempt(lambda: work(*given), None)


def written_outputs(program: Program, notices: list[Notice]) -> dict[str, tuple[int, Expr]]:
    """Outputs by name, each with the number of its statement; the last one of a name holds."""
    outputs: dict[str, tuple[int, Expr]] = {}
    places: dict[str, Loc] = {}
    bare: list[Loc] = []
    for order, statement in enumerate(program.statements):
        body: Expr
        if isinstance(statement, OutputDef):
            name = "out" if statement.number is None else f"o{statement.number}"
            body = statement.body
        elif isinstance(statement, BarePattern):
            name, body = "out", Call("s", (statement.string,), (), statement.loc)
        else:
            continue
        if name in places and not (isinstance(statement, BarePattern) and places[name] in bare):
            loc = places[name]
            message = f"an earlier `{word_at(loc)}`, in line {loc.line}, is not heard: the last one of a name holds"
            notices.append(Notice(message, statement.loc))
        if isinstance(statement, BarePattern):
            bare.append(statement.loc)
        outputs[name], places[name] = (order, body), statement.loc
    if len(bare) > 1:
        notices.append(Notice("of several bare patterns the last one is the output", bare[-1]))
    return outputs


def word_at(loc: Loc) -> str:
    """What stands at a place."""
    return loc.text[loc.column - 1 : loc.column - 1 + loc.length]


def hear_output(scope: Scope, body: Expr, heard: list[tuple[str, Term]]) -> None:
    """Resolves the output that a scope is of."""
    name, evaluator = scope.seed_path, scope.evaluator
    term = pitches.played(scope, evaluator.evaluate(body, scope))
    if isinstance(term, Constant) and term.value:
        hint = f"for a tone write `{name}: sine {plain(float(term.value))}`" if term.value >= 16 else None
        evaluator.notices.append(Notice(f"`{name}` is a number: a constant, which cannot be heard", term.loc, hint))
    heard.append((name, term))


def hear_automatically(resolver: Resolver, loc: Loc, heard: list[tuple[str, Term]]) -> None:
    """Resolves what is heard where no output is written; `loc` is the score's beginning."""
    for name, term in automatic_outputs(resolver.scope("", 0), loc):
        heard.append((name, pitches.played(resolver.scope(name, 0), term)))


@record(eq=False)
class _Collection:
    """Definitions as they are read, statement by statement."""

    notices: list[Notice]
    broken: dict[str, ScoreError]
    versions: list[Version] = field(default_factory=list)
    by_name: dict[str, list[int]] = field(default_factory=dict)
    synthdefs: set[str] = field(default_factory=set)
    cps: Fraction = DEFAULT_CPS

    def read(self, order: int, statement: Statement) -> None:
        """Numbers the definition of a bus, or reads the tempo: the last one holds."""
        if isinstance(statement, BusDef):
            self.read_bus(order, statement)
        elif isinstance(statement, (PatternDef, TemplateDef, FunctionDef)):
            sigil, what = DEFINES[type(statement)]
            raise self.breaks(f"{sigil}{statement.name}", what, statement.loc)
        elif isinstance(statement, Command) and statement.name in ("outmix", "hush", "unhush", "panic"):
            raise comes_later(f"`{statement.name}`", statement.loc)
        elif isinstance(statement, Tempo):
            self.cps = tempo(statement, self.notices)
        elif isinstance(statement, Command):
            self.notices.append(Notice(f"`{statement.name}` only means something live: left out", statement.loc))

    def read_bus(self, order: int, statement: BusDef) -> None:
        """Numbers the definition of a bus."""
        if statement.params:
            raise self.breaks(f"~{statement.name}", f"a bus with arguments, `~{statement.name}`,", statement.loc)
        earlier = self.by_name.setdefault(statement.name, [])
        seed_path = f"~{statement.name}" + (f"'{len(earlier)}" if earlier else "")
        earlier.append(len(self.versions))
        if statement.kind == "synthdef":
            self.synthdefs.add(statement.name)
        body, kind = statement.body, statement.kind
        self.versions.append(Version(statement.name, order, body, kind, seed_path, statement.loc))

    def breaks(self, name: str, what: str, loc: Loc) -> ScoreError:
        """The error for a definition, of a form that comes later, whose name is used elsewhere."""
        error = comes_later(what, loc)
        self.broken.setdefault(name, error)
        return error


def collected(program: Program, notices: list[Notice], leaving: Leaving | None) -> Definitions:
    """What a score defines."""
    collection = _Collection(notices, dict(program.broken))
    for order, statement in enumerate(program.statements):
        attempt(leaving, collection.read, order, statement)
    return Definitions(
        tuple(collection.versions),
        {name: tuple(indices) for name, indices in collection.by_name.items()},
        frozenset(collection.synthdefs),
        collection.broken,
        collection.cps,
    )


def check_version(top: Scope, index: int) -> None:
    """Resolves a definition even if nothing uses it, so that its mistakes are told."""
    if top.evaluator.defined.versions[index].kind != "#":
        top.evaluator.meaning(index, top)


def is_modifier(top: Scope, index: int) -> bool:
    """Whether a bus is one to be used after `#`: written with `#`, or an effect without an input."""
    return top.evaluator.defined.versions[index].kind == "#" or top.evaluator.is_modifier(index, top)


def automatic_outputs(top: Scope, loc: Loc) -> list[tuple[str, Term]]:
    """What is heard of a score without outputs (language 1.5)."""
    defined = top.evaluator.defined
    last = {name: Bus(indices[-1], defined.versions[indices[-1]].loc) for name, indices in defined.by_name.items()}
    for name in ("master", "out"):
        if name in last:
            return [("out", last[name])]
    numbered = sorted(
        (name for name in last if name.rstrip("0123456789") in ("d", "out") and name[-1].isdigit()),
        key=lambda name: int(name.lstrip("dout")),
    )
    if numbered:
        return [(f"o{name.lstrip('dout')}", last[name]) for name in numbered]
    free = unused(top, last.values())
    if not free:
        raise ScoreError("the score has no output", loc=loc, hint='write one, for example: out: s "bd*4"')
    top.evaluator.notices.append(
        Notice("no output is named: every bus that no other uses is heard, at a quarter", None)
    )
    total: Term = free[0]
    for bus in free[1:]:
        total = arithmetic_node("add", total, bus, "out/auto", bus.loc)
    quarter = Constant(Fraction(1, 4), free[0].loc)
    return [("out", arithmetic_node("mul", total, quarter, "out/auto", quarter.loc))]


def buses_in(terms: Iterable[Term]) -> Iterator[int]:
    """The definitions that terms read."""
    for term in terms:
        yield from (one.version for one in walk(term, closed, children) if isinstance(one, Bus))


def unused(top: Scope, buses: Iterable[Bus]) -> list[Bus]:
    """Those of some buses that no other bus reads, and that are neither modifiers nor transforms."""
    terms = {
        index: top.evaluator.term_of(index, top)
        for index in range(len(top.evaluator.defined.versions))
        if not is_modifier(top, index)
    }
    used: set[int] = set()
    for index, term in terms.items():
        used.update(version for version in buses_in([term]) if version != index)
    sounding = {index for index, term in terms.items() if not isinstance(term, Function)}
    return sorted((bus for bus in buses if bus.version in sounding - used), key=lambda bus: bus.version)


def tempo(statement: Tempo, notices: list[Notice]) -> Fraction:
    """Cycles per second of a tempo line."""
    cps = cycles_per_second(statement)
    if statement.kind != "bpm" and LIKELY_BPM <= cps <= FASTEST_CPS:
        message = f"{plain(float(cps))} cycles a second: if beats a minute are meant, write `bpm: {plain(float(cps))}`"
        notices.append(Notice(message, statement.loc))
    if cps <= FASTEST_CPS:
        return cps
    message = f"{plain(float(cps))} cycles per second are more than {FASTEST_CPS}; {FASTEST_CPS} are used"
    notices.append(Notice(message, statement.loc))
    return Fraction(FASTEST_CPS)


def cycles_per_second(tempo: Tempo) -> Fraction:
    """The tempo of a statement."""
    if tempo.kind != "bpm":
        return tempo.value
    return tempo.value / (60 * beats_of(tempo))


def beats_of(tempo: Tempo) -> int:
    """The beats of a cycle that a statement says."""
    return int(tempo.signature.split("/")[0]) if tempo.signature else BEATS
