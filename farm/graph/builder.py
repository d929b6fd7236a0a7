"""A graph in the making: scopes of nodes, each bus numbered when it is first read, instruments and their sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from fractions import Fraction

import numpy as np

from farm.errors import Loc, ScoreError
from farm.graph.doubtful import notes_in
from farm.graph.graph import Body, ConstantFeed, Feed, Node, Reading, SignalFeed, StepsFeed, VoiceSource
from farm.graph.nodes import catalog
from farm.graph.said import wrong_words
from farm.graph.statements import Resolved
from farm.graph.tails import Built, Placed, split_tail, unchanged
from farm.graph.terms import (
    QUERIED_CYCLES,
    Bus,
    Constant,
    Function,
    NodeTerm,
    StepsTerm,
    Term,
    Voices,
    children,
    has_voices,
    plays_samples,
    walk,
)
from farm.pattern.clock import Clock
from farm.pattern.pattern import Pattern
from farm.pattern.steps import steps
from farm.pattern.words import Words, no_number
from workers.catalog import Param
from workers.catalog import Unit as ParamUnit
from workers.records import record


@record(eq=False)
class ScopeBuilder:
    """One scope in the making."""

    name: str
    instrument: bool
    order: int
    nodes: list[Node] = field(default_factory=list)
    known: dict[tuple[int, Reading], int] = field(default_factory=dict)
    terms: list[Term] = field(default_factory=list)
    """Keeps the terms alive whose identity stands in `known`."""
    root: Feed | int | None = None
    has_root: bool = False


@record(eq=False)
class Builder:
    """The graph in the making; buses are numbered when they are first read."""

    resolved: Resolved
    bus_of_version: dict[int, int] = field(default_factory=dict)
    scopes: list[Body | None] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    locs: list[Loc | None] = field(default_factory=list)
    instruments: list[Body] = field(default_factory=list)
    sources: list[VoiceSource] = field(default_factory=list)
    probes: set[int] = field(default_factory=set)
    numbers: dict[int, tuple[StepsTerm, StepsTerm]] = field(default_factory=dict)
    """With --lenient: step functions without their words, and those they were made of, by identity."""
    pending: list[Callable[[], None]] = field(default_factory=list)
    noted: bool = False
    """Whether a factor holds the name of a note."""

    @property
    def words(self) -> Words:
        return self.resolved.words

    def bus(self, version: int) -> int:
        """The number of a definition's bus; it is built later."""
        if version not in self.bus_of_version:
            definition = self.resolved.versions[version]
            term = self.resolved.term_of(version)
            self.bus_of_version[version] = self.scope_later(
                definition.seed_path, term, definition.order, definition.loc
            )
        return self.bus_of_version[version]

    def scope_later(self, name: str, term: Term, order: int, loc: Loc | None) -> int:
        """Reserves a bus for a term."""
        number = len(self.scopes)
        self.scopes.append(None)
        self.orders.append(order)
        self.locs.append(loc)

        def work() -> Body:
            scope = ScopeBuilder(name, False, order)
            result = self.node(scope, term, heard=True)
            return Body(name, tuple(scope.nodes), result)

        def put() -> None:
            leaving = self.resolved.leaving
            self.scopes[number] = work() if leaving is None else leaving.attempt(work, silent(name))

        self.pending.append(put)
        return number

    def probe(self, name: str, term: Term) -> int:
        """A bus that only planning reads. Voices cannot be known before they are planned."""
        if any(isinstance(one, Voices) for one in walk(term, lambda bus: self.resolved.term_of(bus.version), children)):
            raise ScoreError(
                "a signal with voices in it cannot set voices or transforms",
                loc=term.loc,
                hint="use a bus of oscillators, envelopes and numbers",
            )
        if isinstance(term, Bus):
            number = self.bus(term.version)
        else:
            number = self.scope_later(name, term, 1 << 30, term.loc)
        self.probes.add(number)
        return number

    # Nodes.

    def add(self, scope: ScopeBuilder, node: Node) -> int:
        scope.nodes.append(node)
        return len(scope.nodes) - 1

    def node(self, scope: ScopeBuilder, term: Placed, *, heard: bool, reading: Reading = "hold") -> int:
        """The node of a term; the same term gives the same node."""
        if isinstance(term, Built):
            return term.node
        key = (id(term), reading if isinstance(term, StepsTerm) else "hold")
        if key not in scope.known:
            scope.known[key] = self.made(scope, term, heard, reading)
            scope.terms.append(term)
        return scope.known[key]

    def made(self, scope: ScopeBuilder, term: Term, heard: bool, reading: Reading) -> int:
        if isinstance(term, Constant):
            feed = ConstantFeed(float(term.value))
            return self.add(scope, Node("hold", (), (("value", feed),), "", term.loc))
        if isinstance(term, StepsTerm):
            return self.step_signal(scope, term, reading)
        if isinstance(term, Bus):
            return self.add(scope, Node("bus", (), (), "", term.loc, target=self.bus(term.version)))
        if isinstance(term, Voices):
            return self.voices(scope, term)
        if isinstance(term, Function):
            message = "a transform alone makes no sound"
            raise ScoreError(message, loc=term.loc, hint='apply it to a pattern: s "bd sn" $ fast 2')
        return self.unit(scope, term, heard)

    def step_signal(self, scope: ScopeBuilder, term: StepsTerm, reading: Reading) -> int:
        """A string as a signal: held, or a gate."""
        term = self.numeric(term)
        if reading == "hold":
            feed = self.steps_feed(term, "hold", -1e15, 1e15)
            return self.add(scope, Node("hold", (), (("value", feed),), "", term.loc))
        self.noted = self.noted or any(notes_in(term))
        feed = self.steps_feed(term, reading, -1e9, 1e9)
        return self.add(scope, Node("gate", (), (("target", feed), ("previous", feed)), "", term.loc))

    def numeric(self, term: StepsTerm) -> StepsTerm:
        """A pattern that is read as a signal; with --lenient its words are left out."""
        if self.resolved.leaving is None:
            return term
        known = self.numbers.get(id(term))
        if known is None:
            pattern = self.resolved.leaving.numbers_of(term.pattern, self.words, term.loc)
            known = self.numbers[id(term)] = (replace(term, pattern=pattern), term)
            self.numbers[id(known[0])] = (known[0], term)
        return known[0]

    def steps_feed(self, term: StepsTerm, reading: Reading, low: float, high: float) -> Feed:
        """A pattern as a feed; one that never changes is a constant."""
        pattern = term.pattern
        for error in wrong_words(term.said, no_number) if reading != "open" else ():
            if self.resolved.leaving is None:
                raise error
            self.resolved.leaving.leave(error)
        fixed = pattern.pieces is not None and pattern.coin is None and len(pattern.pieces) == 1 == pattern.grid
        if fixed and reading != "open":
            assert pattern.pieces is not None
            value = float(self.words.hertz(np.array([float(pattern.pieces[0][2])]))[0])
            if np.isnan(value):
                text = self.words.text(pattern.pieces[0][2])
                raise no_number(text, self.words.loc(pattern.pieces[0][3]))
            return ConstantFeed(min(max(value, low), high))
        return StepsFeed(pattern, reading, low, high, term.loc)

    def unit(self, scope: ScopeBuilder, term: NodeTerm, heard: bool) -> int:
        definition = catalog()[term.node]
        if definition.operator in ("+", "-"):
            shifted = self.shifted(scope, term, heard)
            if shifted is not None:
                return shifted
        if definition.operator == "*":
            scaled = self.scaled(scope, term, heard)
            if scaled is not None:
                return scaled
        inputs = tuple(
            (port, self.node(scope, one, heard=heard, reading="gate" if definition.operator == "*" else "hold"))
            for port, one in term.inputs
        )
        given = dict(term.params)
        params: list[tuple[str, Feed]] = []
        muting: StepsTerm | None = None
        for param in definition.params:
            value = given.get(param.name)
            if isinstance(value, StepsTerm):
                value = self.numeric(value)
            feed = self.feed(scope, param, value, gate=term.node == "gain")
            if param.as_unit is ParamUnit.PHASE:
                if isinstance(value, StepsTerm) and has_rests(value.pattern):
                    muting = value
                feed = self.pitched(scope, feed, term, value) if scope.instrument and heard else feed
            params.append((param.name, feed))
        node = self.add(scope, Node(term.node, inputs, tuple(params), term.seed_path, term.loc, heard=heard))
        if muting is None:
            return node
        gate = self.step_signal(scope, muting, "open")
        return self.add(scope, Node("mul", (("a", node), ("b", gate)), (), term.seed_path, term.loc))

    def shifted(self, scope: ScopeBuilder, term: NodeTerm, heard: bool) -> int | None:
        """A signal times and plus plain numbers is one node, `scale`."""
        (_, a), (_, b) = term.inputs
        sign = catalog()[term.node].operator
        if isinstance(a, Constant) and not isinstance(b, Constant) and sign == "+":
            a, b = b, a
        if not isinstance(b, Constant) or isinstance(a, Constant):
            return None
        offset = float(b.value) if sign == "+" else -float(b.value)
        amount = 1.0
        if isinstance(a, NodeTerm) and catalog()[a.node].operator == "*" and (id(a), "hold") not in scope.known:
            (_, left), (_, right) = a.inputs
            if isinstance(left, Constant) and not isinstance(right, Constant):
                left, right = right, left
            if isinstance(right, Constant) and not isinstance(left, Constant):
                a, amount = left, float(right.value)
        scaled_steps = amount != 1.0
        node = self.node(scope, a, heard=heard, reading="gate" if scaled_steps else "hold")
        params: tuple[tuple[str, Feed], ...] = (("amount", ConstantFeed(amount)), ("offset", ConstantFeed(offset)))
        return self.add(scope, Node("scale", (("input", node),), params, term.seed_path, term.loc))

    def scaled(self, scope: ScopeBuilder, term: NodeTerm, heard: bool) -> int | None:
        """A product with a plain number is a gain."""
        (_, a), (_, b) = term.inputs
        if isinstance(a, Constant) and not isinstance(b, Constant):
            a, b = b, a
        if not isinstance(b, Constant):
            return None
        node = self.node(scope, a, heard=heard, reading="gate")
        feed = ConstantFeed(float(b.value))
        return self.add(scope, Node("gain", (("input", node),), (("amount", feed),), term.seed_path, term.loc))

    def feed(self, scope: ScopeBuilder, param: Param, value: Term | None, *, gate: bool) -> Feed:
        """What feeds a param."""
        if value is None:
            assert param.default is not None
            return ConstantFeed(param.default)
        if isinstance(value, Constant):
            return ConstantFeed(float(value.value))
        if isinstance(value, StepsTerm) and not gate:
            return self.steps_feed(value, "hold", param.low, param.high)
        reading: Reading = "gate" if gate else "hold"
        return SignalFeed(self.node(scope, value, heard=False, reading=reading))

    def pitched(self, scope: ScopeBuilder, feed: Feed, term: NodeTerm, value: Term | None) -> Feed:
        """The frequency of an oscillator that a voice's note scales; the first one is the instrument's root."""
        if not scope.has_root:
            scope.has_root = True
            scope.root = feed
            if isinstance(feed, SignalFeed):
                assert value is not None
                scope.root = self.probe(f"{term.seed_path}/root", value)
        if isinstance(feed, ConstantFeed):
            return replace(feed, pitched=True)
        if isinstance(feed, StepsFeed):
            held = self.add(scope, Node("hold", (), (("value", feed),), "", term.loc))
        else:
            held = feed.node
        amount = (("amount", ConstantFeed(1.0, pitched=True)),)
        return SignalFeed(self.add(scope, Node("gain", (("input", held),), amount, term.seed_path, term.loc)))

    # Voices.

    def voices(self, scope: ScopeBuilder, term: Voices) -> int:
        """The sum of what a pattern plays: samples, and each bus that it names as an instrument."""
        if scope.instrument:
            raise ScoreError("voices inside a voice", loc=term.loc, hint="give the inner pattern a bus of its own")
        played: list[int] = []
        signals = self.signals(term)
        if self.resolved.leaving is not None:
            term = replace(term, pattern=self.resolved.leaving.forgiving(term.pattern, term.loc))
        instruments = dict(term.instruments)
        if "" not in instruments and plays_samples(term, self.words):
            source = VoiceSource(
                term.seed_path,
                term.pattern,
                term.envelope,
                signals,
                None,
                "",
                None,
                term.seed_path,
                term.loc,
                term.banks,
                term.index,
            )
            played.append(self.joint(scope, source))
        for word, instrument in instruments.items():
            played.append(self.instrument(scope, term, word, instrument, signals))
        if not played:
            return self.add(scope, Node("hold", (), (("value", ConstantFeed(0.0)),), "", term.loc))
        total = played[0]
        for node in played[1:]:
            total = self.add(scope, Node("add", (("a", total), ("b", node)), (), term.seed_path, term.loc))
        return total

    def signals(self, term: Voices) -> tuple[tuple[Param, int], ...]:
        """The controls that voices read from buses; with --lenient those that cannot be read are left out."""
        found = []
        for param, value in term.signals:
            try:
                found.append((param, self.probe(f"{term.seed_path}/{param.name}", value)))
            except ScoreError as error:
                if self.resolved.leaving is None:
                    raise
                self.resolved.leaving.leave(error)
        return tuple(found)

    def joint(self, scope: ScopeBuilder, source: VoiceSource) -> int:
        self.sources.append(source)
        return self.add(scope, Node("voices", (), (), source.seed_path, source.loc, target=len(self.sources) - 1))

    def instrument(
        self, scope: ScopeBuilder, term: Voices, word: str, played: Term, signals: tuple[tuple[Param, int], ...]
    ) -> int:
        """A bus played by voices: its chain once a voice, effects that end it once on their sum."""
        body, order = played, scope.order
        name = f"~{word}" if word else term.seed_path
        if isinstance(played, Bus):
            order = self.resolved.versions[played.version].order
            body = self.resolved.term_of(played.version)
        tail: Callable[[Placed], Placed]
        if has_voices(body):
            inner = ScopeBuilder(name, True, order)
            bus = self.bus(played.version) if isinstance(played, Bus) else self.scope_later(name, body, order, term.loc)
            result = self.add(inner, Node("bus", (), (), "", term.loc, target=bus))
            tail = unchanged
        else:
            core, tail, _ = split_tail(body)
            inner = ScopeBuilder(name, True, order)
            result = self.node(inner, core, heard=True)
        self.instruments.append(Body(name, tuple(inner.nodes), result))
        seed_path = f"{term.seed_path}/~{word}"
        number = len(self.instruments) - 1
        source = VoiceSource(name, term.pattern, term.envelope, signals, number, word, inner.root, seed_path, term.loc)
        return self.node(scope, tail(Built(self.joint(scope, source), term.loc)), heard=True)


def silent(name: str) -> Body:
    """A bus without sound."""
    return Body(name, (Node("hold", (), (("value", ConstantFeed(0.0)),), "", None),), 0)


def has_rests(pattern: Pattern) -> bool:
    """Whether a step function has silent stretches; one too long to look through may."""
    if pattern.period is None or pattern.period > QUERIED_CYCLES:
        return True
    heard = steps(pattern, 0, pattern.period, Clock(48000, Fraction(1)))
    return bool(np.isnan(heard.ids).any())
