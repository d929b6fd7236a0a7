"""The static plan: the groups that outputs need, each behind those it reads, with keys, and output paths at the end."""

from __future__ import annotations

from dataclasses import replace

from farm.graph.graph import Graph
from farm.graph.loops import components, reads
from farm.plan.groups import bus_group, link_groups, sample_group, voice_group
from farm.plan.keys import Keys, keys_of, program_of, told_apart
from farm.plan.links import link_name, links
from farm.plan.master import path_groups
from farm.plan.path import OutputPath, path_plans
from farm.plan.plan import GroupPlan, StaticPlan
from farm.plan.program import PlanSetting


def static_plan(
    graph: Graph,
    roots: tuple[int, ...],
    setting: PlanSetting,
    paths: tuple[OutputPath, ...] = (),
    muted: tuple[int, ...] = (),
) -> StaticPlan:
    """All groups that the buses `roots` and `muted` need, each after those it reads, then those of output paths."""
    component = components([reads(scope) for scope in graph.buses])
    members: dict[int, list[int]] = {}
    for bus, number in enumerate(component):
        members.setdefault(number, []).append(bus)
    groups: list[GroupPlan] = []
    between: list[str] = []
    done: set[tuple[str, int]] = set()
    stack: list[tuple[str, int, bool]] = [("bus", component[bus], False) for bus in reversed((*roots, *muted))]
    while stack:
        kind, number, ready = stack.pop()
        if (kind, number) in done:
            continue
        if not ready:
            stack.append((kind, number, True))
            stack += [(k, n, False) for k, n in reversed(needs(graph, kind, number, members, component))]
            continue
        done.add((kind, number))
        if kind == "bus":
            groups += bus_groups(graph, loop_order(graph, members[number]), setting, between)
        elif graph.sources[number].instrument is None:
            groups.append(sample_group(graph, number, setting))
        else:
            groups.append(voice_group(graph, number, setting))
    outputs = tuple((output.name, output.bus) for output in graph.outputs if output.bus in roots)
    planned = path_plans(len(graph.buses) + len(between), paths, setting.rate, tuple(bus for _, bus in outputs))
    for number, path in enumerate(planned):
        groups += path_groups(graph, number, path, setting)
    kernels = sorted({op.kernel for group in groups for op in (*group.ops, *group.posts, *group.seeks)})
    return StaticPlan(
        groups=with_keys(groups, replace(keys_of(graph), between=told_apart(between))),
        kernels=tuple(kernels),
        outputs=outputs,
        rate=setting.rate,
        chunk_frames=setting.chunk_frames,
        depth=setting.depth,
        inner_depth=setting.inner_depth,
        sources=tuple(group.source for group in groups if group.source >= 0),
        buses=tuple(dict.fromkeys(bus for group in groups for bus in group.buses)),
        paths=planned,
    )


def bus_groups(graph: Graph, buses: tuple[int, ...], setting: PlanSetting, between: list[str]) -> list[GroupPlan]:
    """The buses of a loop as one group; a bus alone as its links, the signals between them named in `between`."""
    scope = graph.buses[buses[0]]
    cut = links(graph, scope) if setting.cut and len(buses) == 1 else ()
    if len(cut) < 2 and not any(link.sides for link in cut):
        return [bus_group(graph, buses, setting)]
    groups: list[GroupPlan] = []
    heard = -1
    for link in cut:
        given = buses[0]
        if link is not cut[-1]:
            given = len(graph.buses) + len(between)
            between.append(link_name(scope, link))
        groups += link_groups(graph, scope, link, (heard, given), setting)
        heard = given
    return groups


def with_keys(groups: list[GroupPlan], keys: Keys) -> tuple[GroupPlan, ...]:
    """The groups with their keys and programs."""
    played: dict[int, str] = {}
    found = []
    for group in groups:
        program = program_of(group, keys, played)
        if group.source >= 0:
            played[group.source] = program
        found.append(replace(group, key=keys.of_group(group), program=program))
    return tuple(found)


def needs(
    graph: Graph, kind: str, number: int, members: dict[int, list[int]], component: list[int]
) -> list[tuple[str, int]]:
    """What a group reads: components of buses, sources."""
    found: list[tuple[str, int]] = []
    if kind == "bus":
        for bus in members[number]:
            for node in graph.buses[bus].nodes:
                if node.node == "voices":
                    found.append(("source", node.target))
                elif node.node == "bus" and component[node.target] != number:
                    found.append(("bus", component[node.target]))
    else:
        instrument = graph.sources[number].instrument
        if instrument is not None:
            found += [("bus", component[bus]) for bus in sorted(reads(graph.instruments[instrument]))]
    return found


def loop_order(graph: Graph, buses: list[int]) -> tuple[int, ...]:
    """The buses of a loop in an order in which only `previous` references look ahead."""
    waiting = list(buses)
    order: list[int] = []
    while waiting:
        free = next(
            bus
            for bus in waiting
            if not {n.target for n in graph.buses[bus].nodes if n.node == "bus" and not n.previous} & set(waiting)
        )
        order.append(free)
        waiting.remove(free)
    return tuple(order)
