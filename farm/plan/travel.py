"""How long sound may be on its way to an output: the times of the delay lines along the longest path.

That is known before anything runs: a time that is a number is that number, one of steps the longest of them, one that
is a signal the most that the signal can be. Where nothing better is known it is the longest that the line allows.
"""

from __future__ import annotations

from dataclasses import field

import numpy as np

from farm.graph.graph import Body, Feed, Graph, Node, SignalFeed, StepsFeed
from farm.graph.nodes import catalog
from farm.pattern.clock import Clock
from farm.plan.feeds import StepValues
from farm.plan.plan import GroupKind, GroupPlan, StaticPlan
from workers.catalog import arguments_of
from workers.records import record
from workers.spans import ANY, Span

CYCLES_ASKED = 64
"""Cycles after which a pattern of times must repeat itself so that its longest step is looked for."""
LINES_HZ = 44100
"""The rate at which nodes state the lengths of lines that scale with it."""


def longest_travel_s(graph: Graph, plan: StaticPlan) -> float:
    """How many seconds sound may need to the outputs of a plan through all delay lines on its way, at most."""
    travel = Travel(graph, plan.rate)
    for group in plan.groups:
        travel.add(group)
    return max((travel.buses[bus] for _, bus in plan.outputs), default=0.0)


@record(eq=False)
class Travel:
    """Seconds to the ends of buses and sources, found group by group, each after those it reads."""

    graph: Graph
    rate: int
    buses: dict[int, float] = field(default_factory=dict)
    sources: dict[int, float] = field(default_factory=dict)
    spans: dict[int, Span] = field(default_factory=dict)
    """Between which values buses lie; those of loops are missing."""

    def add(self, group: GroupPlan) -> None:
        """Notes what comes out of a group."""
        graph = self.graph
        if group.kind is GroupKind.SAMPLES:
            self.sources[group.source] = 0.0
            return
        if group.kind is GroupKind.VOICES:
            instrument = graph.sources[group.source].instrument
            assert instrument is not None
            self.sources[group.source] = self.through(graph.instruments[instrument])
            return
        # The mix of all outputs stands behind the score's buses.
        scopes = {bus: graph.buses[bus] for bus in group.buses if bus < len(graph.buses)}
        if any(node.previous for scope in scopes.values() for node in scope.nodes):
            self.add_loop(scopes)
            return
        for bus, scope in scopes.items():
            self.buses[bus] = self.through(scope)
            self.spans[bus] = self.span(scope, scope.nodes[scope.result])

    def add_loop(self, scopes: dict[int, Body]) -> None:
        """Buses that hear each other: once through all their lines, whichever way it goes."""
        nodes = [(scope, node) for scope in scopes.values() for node in scope.nodes]
        around = sum(self.line_s(scope, node) for scope, node in nodes)
        before = max((self.joint(node) for _, node in nodes), default=0.0)
        self.buses.update(dict.fromkeys(scopes, before + around))

    def through(self, scope: Body) -> float:
        """Seconds to the result of a scope."""
        times: list[float] = []
        for node in scope.nodes:
            heard = [source for _, source in node.inputs]
            heard += [feed.node for _, feed in node.params if isinstance(feed, SignalFeed)]
            before = max((times[source] for source in heard), default=self.joint(node))
            times.append(before + self.line_s(scope, node))
        return times[scope.result]

    def joint(self, node: Node) -> float:
        """Seconds to a bus or to voices that a scope reads; 0.0 for any other node, and inside a loop."""
        if node.node == "bus":
            return self.buses.get(node.target, 0.0)
        return self.sources[node.target] if node.node == "voices" else 0.0

    def line_s(self, scope: Body, node: Node) -> float:
        """The time of a node's delay line."""
        ring = None if node.node in ("bus", "voices") else catalog()[node.node].ring
        if ring is None:
            return 0.0
        if ring.line_frames:
            return (max(ring.line_frames) + ring.spread_frames) / LINES_HZ
        feed = dict(node.params).get(ring.port) if ring.port is not None else None
        longest = self.fed(scope, feed)[1] if feed is not None else ring.max_s
        return min(max(longest, 0.0), ring.max_s)

    def fed(self, scope: Body, feed: Feed) -> Span:
        """Between which values a param lies."""
        if isinstance(feed, SignalFeed):
            return self.span(scope, scope.nodes[feed.node])
        if isinstance(feed, StepsFeed):
            return self.stepped(feed)
        return ANY if feed.pitched else (feed.value, feed.value)

    def stepped(self, feed: StepsFeed) -> Span:
        """Between which values a step function lies: those of its period, if that is short."""
        period = feed.pattern.period
        if period is None or period > CYCLES_ASKED:
            return feed.low, feed.high
        values = StepValues(feed, self.graph.words, Clock(self.rate, self.graph.cps)).over(0, period)[1]
        # Before its first hap it is 0.
        values = np.append(values, 0.0)
        return float(values.min()), float(values.max())

    def span(self, scope: Body, node: Node) -> Span:
        """Between which values a node's output lies."""
        if node.node == "bus":
            return ANY if node.previous else self.spans.get(node.target, ANY)
        definition = None if node.node == "voices" else catalog()[node.node]
        if definition is None or definition.span is None:
            return ANY
        feeds: dict[str, Feed] = {port: SignalFeed(source) for port, source in node.inputs}
        feeds.update(node.params)
        names = [*(port.name for port in definition.ports), *(param.name for param in definition.params)]
        return definition.span(*(self.fed(scope, feeds[name]) for name in names[: len(arguments_of(definition.span))]))
