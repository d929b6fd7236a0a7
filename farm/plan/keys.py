"""Keys: what a group is called across plans, and a digest of what it runs.

A key is made of names and of places in the score, never of a number that another bus would shift. Two groups with one
key and one program may go on from each other's state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from farm.graph.graph import Graph
from farm.plan.plan import Area, GroupPlan, OpPlan, Region
from workers.records import record

PATH_SIGNALS = ("mixed", "peaks", "reductions", "frames", "bytes", "loudness")
"""What the signals of an output path are called, in the order of their numbers."""


@record(frozen=True, slots=True)
class Keys:
    """The keys of a graph's buses and sources, by their numbers."""

    buses: tuple[str, ...]
    sources: tuple[str, ...]
    between: tuple[str, ...] = ()
    """Signals from link to link of a bus."""

    def of_group(self, group: GroupPlan) -> str:
        """The key of a group: its kind, its buses and side, or its source."""
        if group.source >= 0:
            return f"{group.kind} {self.sources[group.source]}"
        side = () if group.side is None else (f"({group.side})",)
        return " ".join([group.kind, *(self.bus(bus) for bus in group.buses), *side])

    def bus(self, number: int) -> str:
        """The key of a signal: those between links stand behind the score's buses, then those of output paths."""
        named = (*self.buses, *self.between)
        if number < len(named):
            return named[number]
        path, which = divmod(number - len(named), len(PATH_SIGNALS))
        return f"path {path} {PATH_SIGNALS[which]}"


def keys_of(graph: Graph) -> Keys:
    """The keys of a graph: the names of buses, the places of sources; what shares one is numbered."""
    return Keys(
        buses=told_apart(scope.name for scope in graph.buses),
        sources=told_apart(source.seed_path for source in graph.sources),
    )


def told_apart(names: Iterable[str]) -> tuple[str, ...]:
    """Names; the second, third ... of equal ones with a number."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return tuple(found)


def program_of(group: GroupPlan, keys: Keys, played: Mapping[int, str]) -> str:
    """A digest of what a group runs, in chunks of one length: ops, constants, what is fed, and what is read by its key.

    It holds the programs of the sources that it sums up (`played`, by number), not those of the buses that it reads;
    patterns, names and places in the text are not in it.
    """
    held = (
        [told(op, keys) for op in (*group.ops, *group.posts, *group.seeks)],
        (len(group.ops), len(group.posts), group.fields, group.ring_bytes, group.line_bytes),
        (group.block_frames, group.buffers, group.carried, group.line_lengths),
        [(one.kind.value, one.value, one.name) for one in group.constants],
        [(one.constant, one.what.value, one.unit.value, said(one.steps)) for one in group.feeds],
        [keys.bus(bus) for bus in group.reads_buses],
        [(keys.sources[source], played[source]) for source in group.reads_sources],
    )
    return hashlib.blake2b(repr(held).encode(), digest_size=16).hexdigest()


def told(op: OpPlan, keys: Keys) -> tuple[Any, ...]:
    """What an op does."""
    words = [(int(word.code), word.value, word.step, named(word.region, keys)) for word in op.words]
    return op.kernel, op.out_word, op.first_field, op.fields, words


def named(region: Region | None, keys: Keys) -> tuple[str, ...] | None:
    """A region by its key."""
    if region is None:
        return None
    if region.area is Area.BUS:
        which = keys.bus(region.number)
    elif region.area in (Area.LENGTHS, Area.OFFSETS, Area.TERMS, Area.TAPS, Area.KEYS, Area.LEVELS):
        which = str(region.number)
    else:
        which = keys.sources[region.number]
    return region.area.value, which, region.name


def said(steps: Any) -> tuple[Any, ...] | None:
    """How a step function is read; not what its pattern says."""
    return None if steps is None else (steps.reading, steps.low, steps.high)
