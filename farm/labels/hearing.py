"""Which voices are heard in which outputs and buses: the graph followed from each, as far as sound flows."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from farm.graph.graph import Body, Graph
from workers.records import record

Sources = frozenset[int]


@record(frozen=True, slots=True)
class Hearing:
    """The numbers of the sources of voices that each output, and each bus with a name, hears; and where they stand.

    What a bus only takes as a parameter of something else is not heard there.
    """

    outputs: dict[str, Sources]
    """`out`, `o1` ..., in the order of the score."""
    buses: dict[str, Sources]
    """`~drums` ..."""
    homes: dict[int, str]
    """The name of the bus or output in which each source of voices stands."""

    def sources(self, takes: Iterable[str] | None) -> Sources:
        """Those that are heard in the sum of some outputs and buses; None: of all outputs."""
        heard = self.outputs.values() if takes is None else [self.of(name) for name in takes]
        return frozenset().union(*heard)

    def of(self, name: str) -> Sources:
        """Those that are heard in one output or bus."""
        return self.outputs[name] if name in self.outputs else self.buses[name]

    def outputs_of(self, source: int) -> tuple[str, ...]:
        """The outputs that hear a source."""
        return tuple(name for name, heard in self.outputs.items() if source in heard)


NOBODY = Hearing({}, {}, {})


def hearing(graph: Graph, heard: Container[str] | None = None) -> Hearing:
    """What is heard where in a graph, of which some outputs are `heard` (None: all)."""
    wanted = [output for output in graph.outputs if heard is None or output.name in heard]
    outputs = {output.name: heard_in(graph, output.bus) for output in wanted}
    named = [(number, body.name) for number, body in enumerate(graph.buses) if body.name.startswith("~")]
    buses = {name: heard_in(graph, number) for number, name in named if number not in graph.probes}
    homes = {source: body.name for body in graph.buses for source in targets(body, "voices")}
    return Hearing(outputs, buses, homes)


def heard_in(graph: Graph, bus: int) -> Sources:
    """The sources of voices whose sound reaches a bus."""
    sources: set[int] = set()
    seen: set[int] = set()
    waiting = [bus]
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        body = graph.buses[number]
        waiting += targets(body, "bus")
        for source in targets(body, "voices"):
            sources.add(source)
            instrument = graph.sources[source].instrument
            if instrument is not None:
                waiting += targets(graph.instruments[instrument], "bus")
    return frozenset(sources)


def targets(body: Body, joint: str) -> Iterator[int]:
    """The buses ("bus") or sources ("voices") whose sound reaches the result of a scope."""
    seen = {body.result}
    waiting = [body.result]
    while waiting:
        node = body.nodes[waiting.pop()]
        if node.node == joint:
            yield node.target
        fresh = [source for _, source in node.inputs if source not in seen]
        seen.update(fresh)
        waiting += fresh
