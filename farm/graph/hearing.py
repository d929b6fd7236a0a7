"""Which named buses an output hears as sound, what becomes of each on the way, and why they are not all there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from farm.graph.graph import Body, ConstantFeed, Graph, Node
from farm.graph.nodes import catalog
from workers.records import record

LOWEST_HZ = 20.0
"""An oscillator below it is not heard by itself."""


@record(frozen=True, slots=True)
class HeardPart:
    """A part of what a bus hears: a named bus, or something else (None). `way`: what becomes of it, if anything."""

    bus: int | None
    way: str


def parts(graph: Graph, bus: int) -> list[HeardPart]:
    """What a bus hears as sound: the named buses nearest to it, and what is none, each once for each way.

    What is only a parameter is not heard, nor is a modulator: a factor that does not sound by itself, beside one that
    does.
    """
    found: dict[HeardPart, None] = {}
    waiting = [(bus, graph.buses[bus].result, "")]
    seen = {*waiting}
    while waiting:
        within, number, way = waiting.pop()
        body = graph.buses[within]
        node = body.nodes[number]
        if node.node == "bus" and is_named(graph, node.target):
            found[HeardPart(node.target, way)] = None
            continue
        if node.node == "bus":
            further = [(node.target, graph.buses[node.target].result, way)]
        else:
            further = [(within, one, way or new) for one, new in heard_inputs(graph, body, node)]
        if not further:
            found[HeardPart(None, way)] = None
        # In the order of the text.
        waiting += [one for one in reversed(further) if one not in seen]
        seen.update(further)
    return list(found)


def heard_inputs(graph: Graph, body: Body, node: Node) -> Iterator[tuple[int, str]]:
    """The inputs of a node that are heard through it, and what it makes of them."""
    inputs = [one for _, one in node.inputs]
    params, definition = dict(node.params), catalog().get(node.node)
    operator = None if definition is None else definition.operator
    if operator == "+":
        yield from ((one, "") for one in inputs)
    elif operator == "-":
        yield from zip(inputs, ("", "subtracted"), strict=True)
    elif operator == "*":
        sounding = [one for one in inputs if sounds(graph, body, one)]
        yield from ((one, "times a signal") for one in sounding or inputs)
    elif operator == "/":
        yield inputs[0], "divided by a signal"
    elif node.node in ("gain", "scale"):
        plain = params["amount"] == ConstantFeed(1.0) and params.get("offset", ConstantFeed(0.0)) == ConstantFeed(0.0)
        yield from ((one, "" if plain else "scaled") for one in inputs)
    else:
        yield from ((one, f"through {node.node}") for one in inputs)


def sounds(graph: Graph, body: Body, node: int) -> bool:
    """Whether a node can be heard by itself: a voice, noise, or an oscillator that is not known to be below 20 Hz."""
    waiting = [(body, node)]
    seen = {(id(body), node)}
    while waiting:
        body, number = waiting.pop()
        one = body.nodes[number]
        if one.node == "voices" or is_audible(one):
            return True
        further = [(body, index) for _, index in one.inputs]
        if one.node == "bus":
            further = [(graph.buses[one.target], graph.buses[one.target].result)]
        waiting += [(within, index) for within, index in further if (id(within), index) not in seen]
        seen.update((id(within), index) for within, index in further)
    return False


def is_audible(node: Node) -> bool:
    """Whether a node makes sound that is not known to be too slow to be heard."""
    definition = catalog().get(node.node)
    if definition is None or definition.role != "source":
        return False
    frequency = dict(node.params).get("freq_hz")
    return not isinstance(frequency, ConstantFeed) or abs(frequency.value) >= LOWEST_HZ


def is_named(graph: Graph, bus: int) -> bool:
    """Whether a bus has a name in the score."""
    name = graph.buses[bus].name
    return name.startswith("~") and name[1:].replace("_", "a").isalnum()


def heard_in(graph: Graph, bus: int) -> list[int]:
    """The named buses that a bus hears as sound, itself or through others, in the order of the score."""
    found: set[int] = set()
    waiting = [bus]
    while waiting:
        near = {part.bus for part in parts(graph, waiting.pop()) if part.bus is not None} - found
        found |= near
        waiting += near
    return sorted(found)


def heard_buses(graph: Graph, heard: Iterable[str]) -> list[str]:
    """The names of the buses that outputs hear."""
    found: dict[str, None] = {}
    for output in graph.outputs:
        if output.name in heard:
            found.update(dict.fromkeys(graph.buses[bus].name for bus in heard_in(graph, output.bus)))
    return list(found)


def overlapping(graph: Graph, heard: Sequence[str], buses: Sequence[str]) -> tuple[str, ...]:
    """Why named buses need not add up to the outputs that hear them, in words."""
    found = []
    outputs = {output.name: output.bus for output in graph.outputs if output.name in heard}
    for name, bus in outputs.items():
        ways: dict[str, list[str]] = {}
        for part in parts(graph, bus):
            if part.bus is not None and part.way:
                ways.setdefault(part.way, []).append(graph.buses[part.bus].name)
        found += [f"{', '.join(names)} {way} in {name}" for way, names in ways.items()]
    for name in buses:
        bus = next(number for number, scope in enumerate(graph.buses) if scope.name == name)
        inside = [
            graph.buses[one].name for one in heard_in(graph, bus) if graph.buses[one].name in buses and one != bus
        ]
        if inside:
            found.append(f"{', '.join(inside)} in {name}")
        several = [output for output, number in outputs.items() if bus in heard_in(graph, number)]
        if len(several) > 1:
            found.append(f"{name} in {' and '.join(several)}")
    return tuple(found)


def with_others(graph: Graph, heard: Iterable[str]) -> tuple[str, ...]:
    """The outputs, among those named, that hear something which no named bus makes."""
    outputs = [output for output in graph.outputs if output.name in heard]
    return tuple(one.name for one in outputs if any(part.bus is None for part in parts(graph, one.bus)))
