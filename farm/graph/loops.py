"""Loops of buses: which references read the frame before (language, table: loops of buses).

A bus that names itself reads its own previous frame. A loop through several buses is closed at its forward references
and must hold a node with a state.
"""

from __future__ import annotations

from dataclasses import replace

from farm.errors import Loc, ScoreError
from farm.graph.graph import Body, ConstantFeed, Node, VoiceSource
from farm.graph.leaving import Leaving
from farm.graph.nodes import catalog
from workers.catalog import CARRIED


def reads(scope: Body) -> set[int]:
    """Buses that a scope reads."""
    return {node.target for node in scope.nodes if node.node == "bus"}


def components(edges: list[set[int]]) -> list[int]:
    """The number of each vertex's strongly connected component (Kosaraju's algorithm, without recursion)."""
    count = len(edges)
    reverse: list[set[int]] = [set() for _ in range(count)]
    for start, ends in enumerate(edges):
        for end in ends:
            reverse[end].add(start)
    finished: list[int] = []
    seen = [False] * count
    for root in range(count):
        stack = [(root, iter(sorted(edges[root])))] if not seen[root] else []
        seen[root] = True
        while stack:
            vertex, rest = stack[-1]
            following = next((one for one in rest if not seen[one]), None)
            if following is None:
                finished.append(vertex)
                stack.pop()
            else:
                seen[following] = True
                stack.append((following, iter(sorted(edges[following]))))
    component = [-1] * count
    for number, root in enumerate(reversed(finished)):
        waiting = [root] if component[root] < 0 else []
        while waiting:
            vertex = waiting.pop()
            if component[vertex] < 0:
                component[vertex] = number
                waiting += [one for one in reverse[vertex] if component[one] < 0]
    return component


def close_loops(
    scopes: list[Body],
    orders: list[int],
    locs: list[Loc | None],
    sources: list[VoiceSource],
    instruments: list[Body],
    leaving: Leaving | None = None,
) -> list[Body]:
    """The scopes with `previous` set where a reference closes a loop. Raises ScoreError for a loop that cannot be.

    With `leaving` such a loop is cut instead: what its buses read of each other is silent.
    """
    played = [voiced(scope, sources, instruments) for scope in scopes]
    edges = [reads(scope) | through for scope, through in zip(scopes, played, strict=True)]
    component = components(edges)
    members: dict[int, list[int]] = {}
    for number, one in enumerate(component):
        members.setdefault(one, []).append(number)
    for loop in members.values():
        refused = refusal(scopes, orders, locs, played, edges, loop)
        if refused is not None and leaving is None:
            raise refused
        if refused is not None and leaving is not None:
            leaving.leave(refused)
            parted = cut(scopes, sources, instruments, frozenset(loop))
            return close_loops(parted, orders, locs, sources, instruments, leaving)
    return [
        replace(scope, nodes=tuple(closed(node, n, component, orders) for node in scope.nodes))
        for n, scope in enumerate(scopes)
    ]


def voiced(scope: Body, sources: list[VoiceSource], instruments: list[Body]) -> set[int]:
    """Buses that a scope reads through the voices in it."""
    found: set[int] = set()
    for node in scope.nodes:
        if node.node == "voices":
            played = sources[node.target].instrument
            if played is not None:
                found |= reads(instruments[played])
    return found


def refusal(
    scopes: list[Body],
    orders: list[int],
    locs: list[Loc | None],
    played: list[set[int]],
    edges: list[set[int]],
    loop: list[int],
) -> ScoreError | None:
    """Why the buses of a strongly connected component cannot be rendered; None if they can, or are no loop."""
    inside = frozenset(loop)
    for number in loop:
        looping = len(loop) > 1 or number in edges[number]
        if looping and (played[number] - reads(scopes[number])) & inside:
            hint = f"{drawn(scopes, edges, number, inside)}; an echo is an effect: # delay 0.25 0.5"
            return ScoreError("a loop of buses cannot pass through voices", loc=locs[number], hint=hint)
    if len(loop) > 1 and not any(has_state(node) for number in loop for node in scopes[number].nodes):
        first = min(loop, key=lambda n: orders[n])
        return ScoreError(
            "a loop of buses needs a node with a state in it (a delay, a filter, a reverb)",
            loc=locs[first],
            hint=drawn(scopes, edges, first, inside),
        )
    return None


def cut(scopes: list[Body], sources: list[VoiceSource], instruments: list[Body], loop: frozenset[int]) -> list[Body]:
    """The scopes, in which the buses of a loop read silence of each other."""

    def parted(node: Node) -> Node:
        alone = Body("", (node,), 0)
        if not (reads(alone) | voiced(alone, sources, instruments)) & loop:
            return node
        return Node("hold", (), (("value", ConstantFeed(0.0)),), "", node.loc)

    return [
        replace(scope, nodes=tuple(parted(node) for node in scope.nodes)) if number in loop else scope
        for number, scope in enumerate(scopes)
    ]


def closed(node: Node, reader: int, component: list[int], orders: list[int]) -> Node:
    """A reference inside a loop, set to the frame before where it stands before the definition it names."""
    if node.node != "bus" or component[node.target] != component[reader]:
        return node
    return replace(node, previous=node.target == reader or orders[node.target] > orders[reader])


def has_state(node: Node) -> bool:
    """Whether a node remembers: filters, delays, reverbs."""
    definition = catalog().get(node.node)
    return definition is not None and definition.role == "effect" and definition.memory is CARRIED


def drawn(scopes: list[Body], edges: list[set[int]], start: int, inside: frozenset[int]) -> str:
    """The shortest loop through a bus as text: ~a <- ~b <- ~a."""
    came_from: dict[int, int] = {}
    waiting = [start]
    while waiting and start not in came_from:
        bus = waiting.pop(0)
        for following in sorted(edges[bus] & inside):
            if following not in came_from:
                came_from[following] = bus
                waiting.append(following)
    path = [start]
    while len(path) == 1 or path[-1] != start:
        path.append(came_from[path[-1]])
    return " <- ".join(scopes[number].name for number in reversed(path))
