"""Loops of buses: which references read the frame before (language, table: loops of buses).

A bus that names itself reads its own previous frame. A loop through several buses is closed at its forward references
and must hold a node with a state.
"""

from __future__ import annotations

from dataclasses import replace

from farm.errors import Loc, ScoreError
from farm.graph.graph import Node, Scope, Source
from workers.catalog import CARRIED, catalog


def reads(scope: Scope) -> set[int]:
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
    scopes: list[Scope],
    orders: list[int],
    locs: list[Loc | None],
    sources: list[Source],
    instruments: list[Scope],
) -> list[Scope]:
    """The scopes with `previous` set where a reference closes a loop. Raises ScoreError for a loop that cannot be."""
    direct = [reads(scope) for scope in scopes]
    through = [set(targets) for targets in direct]
    for number, scope in enumerate(scopes):
        for node in scope.nodes:
            if node.node == "voices":
                played = sources[node.target].instrument
                if played is not None:
                    through[number] |= reads(instruments[played])
    component = components(through)
    members: dict[int, list[int]] = {}
    for number, one in enumerate(component):
        members.setdefault(one, []).append(number)
    for loop in members.values():
        inside = set(loop)
        for number in loop:
            looping = len(loop) > 1 or number in through[number]
            if looping and (through[number] - direct[number]) & inside:
                raise ScoreError(
                    "a loop of buses cannot pass through voices", loc=locs[number], hint=drawn(scopes, loop)
                )
        if len(loop) > 1 and not any(has_state(node) for number in loop for node in scopes[number].nodes):
            raise ScoreError(
                "a loop of buses needs a node with a state in it (a delay, a filter, a reverb)",
                loc=locs[min(loop, key=lambda n: orders[n])],
                hint=drawn(scopes, loop),
            )
    return [
        replace(scope, nodes=tuple(closed(node, n, component, orders) for node in scope.nodes))
        for n, scope in enumerate(scopes)
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


def drawn(scopes: list[Scope], loop: list[int]) -> str:
    """The loop as text: ~a <- ~b <- ~a."""
    inside = set(loop)
    path = [loop[0]]
    while True:
        following = sorted(reads(scopes[path[-1]]) & inside)
        if not following or following[0] in path:
            break
        path.append(following[0])
    return " <- ".join(scopes[number].name for number in (*path, path[0]))
