"""What a plan looks like to people: groups, nodes with their memory, tasks, voices, arena, critical path."""

from __future__ import annotations

from typing import Any

import numpy as np

from farm.plan.edges import critical_path_ns
from farm.plan.plan import GroupKind, StaticPlan, WindowPlan
from workers.records import record
from workers.wire import LANES, Task


@record(frozen=True, slots=True)
class NodeLine:
    """One node: its variant, how it gets its state, what it costs a lane and frame, its bytes per slice."""

    name: str
    variant: str
    memory: str
    cost_ns: float
    state_bytes: int
    ring_bytes: int


@record(frozen=True, slots=True)
class GroupLine:
    """One group: `lanes` is 2 on a bus, 1 for a side of it, 16 for voices."""

    name: str
    kind: str
    lanes: int
    nodes: tuple[NodeLine, ...]
    tasks: int


@record(frozen=True, slots=True)
class Explanation:
    """A plan in numbers. `arena_bytes` by kind of region; times are estimates from the nodes' costs."""

    groups: tuple[GroupLine, ...]
    tasks: int
    edges: int
    voices: int
    voices_peak: int
    arena_bytes: dict[str, int]
    critical_path_ns: float
    total_ns: float
    chunks: int
    windows: int

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        from dataclasses import asdict

        return asdict(self)


@record(eq=False)
class Explaining:
    """Sums up windows as they are planned."""

    plan: StaticPlan
    tasks_of: dict[str, int]
    tasks: int = 0
    edges: int = 0
    voices: int = 0
    voices_peak: int = 0
    critical_ns: float = 0.0
    total_ns: float = 0.0
    chunks: int = 0
    windows: int = 0

    def add(self, window: WindowPlan) -> None:
        """Counts one more window; its critical path is taken to follow the one before."""
        self.windows += 1
        self.chunks += window.chunks
        self.tasks += len(window.tasks)
        self.voices += window.voices_started
        self.voices_peak = max(self.voices_peak, window.voices_peak)
        counts = np.bincount(window.tasks[:, Task.GROUP], minlength=len(self.plan.groups))
        for group, count in zip(self.plan.groups, counts, strict=True):
            self.tasks_of[group.key] = self.tasks_of.get(group.key, 0) + int(count)
        longest, total, edges = critical_path_ns(self.plan, window)
        self.critical_ns += longest
        self.total_ns += total
        self.edges += edges

    def result(self, arena_bytes: dict[str, int]) -> Explanation:
        """The whole plan."""
        groups = []
        for group in self.plan.groups:
            nodes = tuple(
                NodeLine(one.name, one.variant, one.memory, one.cost_ns, one.state_bytes, one.ring_bytes)
                for one in group.labels
            )
            lanes = LANES if group.kind is not GroupKind.BUS else 2 if group.side is None else 1
            groups.append(GroupLine(group.name, group.kind, lanes, nodes, self.tasks_of.get(group.key, 0)))
        return Explanation(
            groups=tuple(groups),
            tasks=self.tasks,
            edges=self.edges,
            voices=self.voices,
            voices_peak=self.voices_peak,
            arena_bytes=arena_bytes,
            critical_path_ns=self.critical_ns,
            total_ns=self.total_ns,
            chunks=self.chunks,
            windows=self.windows,
        )
