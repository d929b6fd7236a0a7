"""Links: where the chain of a bus is cut, so that not all of its tasks follow one another.

What is carried from chunk to chunk makes a bus a chain of tasks, as long as all of its nodes together. Cut into links,
each a group of its own with a signal between it and the next, the nodes behind run some chunks later than those before:
no link waits for more than its own past. Nodes that take each channel on its own (`Shape.CHANNELS`) are cut once more,
into a group for each side. The bytes stay: a link computes what it would have computed where it was.

The cut depends on the bus alone, by what its nodes are said to cost: never on other buses, for which its state would
not be the same any more, nor on workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from farm.graph.graph import Body, Graph, Node, SignalFeed, StepsFeed
from farm.graph.nodes import catalog
from workers.catalog import CARRIED, Shape
from workers.records import record
from workers.wire import HALF, LANES

HEAVY_NS = 8.0
"""Nanoseconds a frame from which on a node is worth a link of its own."""
HAND_OVER_NS = 1.5
"""What a signal between two links costs: to be kept, and read again."""
VOICE_S = 0.5
"""About how long a voice sounds."""


@record(frozen=True, slots=True)
class ChainLink:
    """Nodes `first` up to `stop` of a scope. `before`: the node whose signal it goes on from, -1: none.

    `result`: the one whose signal it gives. `sides`: left and right are groups of their own. `again`: buses that an
    earlier link reads too.
    """

    first: int
    stop: int
    before: int
    result: int
    sides: bool
    again: tuple[int, ...] = ()


def link_name(scope: Body, link: ChainLink) -> str:
    """What a link is called: as its bus if it is the last, else as far as the chain goes with it."""
    return scope.name if link.stop == len(scope.nodes) else f"{scope.name} # {scope.nodes[link.result].node}"


@record(frozen=True, slots=True)
class Stretch:
    """Neighbouring nodes: up to `stop`, what they cost a frame, whether they are heavy, a chain, or taken by sides.

    `core_stop`: where the last heavy one of them ends, or the last.
    """

    stop: int
    core_stop: int
    cost_ns: float
    heavy: bool
    carried: bool
    sides: bool


def links(graph: Graph, scope: Body) -> tuple[ChainLink, ...]:
    """The links of a bus, in order; a single one where no cut is worth its cost."""
    nodes = [stretch_of(graph, node, index + 1) for index, node in enumerate(scope.nodes)]
    if any(node.previous for node in scope.nodes) or not any(one.heavy and one.carried for one in nodes):
        return (ChainLink(0, len(nodes), -1, scope.result, False),)
    found: list[ChainLink] = []
    first, before = 0, -1
    held: Stretch | None = None
    for stretch in joined(list(stretches_of(nodes))):
        if held is not None:
            sides = (held.sides or stretch.sides) and not (held.heavy and stretch.heavy)
            stretch = replace(both(held, stretch), sides=sides)
        # What follows its last heavy node may as well be part of the next link.
        stops = range(stretch.stop, stretch.core_stop - 1, -1) if stretch.stop < len(nodes) else (len(nodes),)
        stop, result = next(((stop, one) for stop in stops for one in handed(scope, stop)), (0, -1))
        held = stretch if result < 0 else None
        if held is None:
            again = sorted(crossing(scope, first, stop) - {before})
            found.append(ChainLink(first, stop, before, result, stretch.sides, tuple(again)))
            first, before = stop, result
    return tuple(found)


def handed(scope: Body, stop: int) -> tuple[int, ...]:
    """The node whose signal is all that nodes from `stop` on need of those before, if there is one.

    A bus can be read in every link.
    """
    if stop == len(scope.nodes):
        return (scope.result,)
    found = [node for node in crossing(scope, stop, len(scope.nodes)) if scope.nodes[node].node != "bus"]
    return tuple(found) if len(found) == 1 else ()


def stretches_of(nodes: Iterable[Stretch]) -> Iterator[Stretch]:
    """Heavy nodes, and what stands between them."""
    light: Stretch | None = None
    for one in nodes:
        if one.heavy:
            if light is not None:
                yield light
            light = None
            yield one
        else:
            light = one if light is None else both(light, one)
    if light is not None:
        yield light


def stretch_of(graph: Graph, node: Node, stop: int) -> Stretch:
    """A node as a stretch."""
    if node.node in ("voices", "bus"):
        slices = slices_of(graph, node.target) if node.node == "voices" else 1.0
        cost_ns = catalog()["mix"].cost_ns * HALF * slices
        return Stretch(stop, stop, cost_ns, cost_ns >= HEAVY_NS, False, False)
    definition = catalog()[node.node]
    signals = [name for name, feed in node.params if isinstance(feed, SignalFeed)]
    memory = definition.memory_for(signals)
    stepped = any(isinstance(feed, StepsFeed) for _, feed in node.params)
    carried = memory is CARRIED or (memory.seek is not None and stepped)
    sides = definition.shape is Shape.CHANNELS
    cost_ns = definition.cost_ns * (2 if sides else HALF)
    heavy = cost_ns >= HEAVY_NS
    return Stretch(stop, stop, cost_ns, heavy, carried, sides and heavy)


def slices_of(graph: Graph, source: int) -> float:
    """About how many slices of a source sound at once, at least 1."""
    starts_per_s = float(getattr(graph.sources[source].voices, "peak", 0.0) * graph.cps)
    return max(starts_per_s * VOICE_S / LANES, 1.0)


def joined(stretches: list[Stretch]) -> list[Stretch]:
    """Stretches as few as they need be: light ones are part of a neighbour, or of neither where it costs more."""
    kept: list[Stretch] = []
    for index, one in enumerate(stretches):
        after = stretches[index + 1] if index + 1 < len(stretches) else None
        if not kept:
            kept.append(one)
            continue
        if together(kept[-1], one, after):
            kept[-1] = both(kept[-1], one)
        else:
            kept.append(one)
    return kept


def together(before: Stretch, one: Stretch, after: Stretch | None) -> bool:
    """Whether a stretch is part of the one before it, which may have taken in others."""
    if before.sides and one.sides:
        return False
    if before.sides:
        # What runs for each side runs twice.
        return not one.heavy and one.cost_ns <= HAND_OVER_NS and (after is None or after.sides)
    if one.sides:
        return not before.heavy and before.cost_ns <= HAND_OVER_NS
    if not one.heavy:
        return True
    return not before.heavy or not (before.carried or one.carried)


def both(one: Stretch, other: Stretch) -> Stretch:
    """Two neighbours as one."""
    return replace(
        other,
        core_stop=other.core_stop if other.heavy or not one.heavy else one.core_stop,
        cost_ns=one.cost_ns + other.cost_ns,
        heavy=one.heavy or other.heavy,
        carried=one.carried or other.carried,
        sides=one.sides or other.sides,
    )


def crossing(scope: Body, first: int, stop: int) -> set[int]:
    """Nodes before `first` that those up to `stop` hear, or the result if that is among them."""
    found = {scope.result} if scope.result < first else set()
    for node in scope.nodes[first:stop]:
        found |= {source for source in reads_nodes(node) if source < first}
    return found


def reads_nodes(node: Node) -> Sequence[int]:
    """The nodes of its scope that a node reads."""
    signals = [feed.node for _, feed in node.params if isinstance(feed, SignalFeed)]
    return [*(source for _, source in node.inputs), *signals]
