"""Rows that are played through for more workers than there are CPUs, and what noting every task costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bars import Bar
from processes import ONCE, timed
from rows import note
from workloads import ROOT

ROWS = ("farm-1024", "sustain-4096", "stress", "q", "hour")
"""What is played through if nothing is named."""
WITHIN = 0.1
"""How far from the least of the real runs a row may be that has one."""
MANY = 16
"""From so many workers on rows are held against what limits them,"""
OVER_BOUND = 1.15
"""which they may take so much longer than;"""
EFFICIENCIES = {"farm-1024": 0.85, "sustain-4096": 0.85, "stress": 0.6}
"""and what of MANY CPUs is to be used."""
NOTED = (("stress", 2048, 1), ("stress", 2048, 2), ("sustain-1024", 2048, 1), ("q", 512, 1), ("q", 128, 1))
"""Workload, frames of a chunk, workers."""
NOTING_ROUNDS = 4
"""Rounds for each run that is asked for."""


@dataclass(frozen=True, slots=True)
class Played:
    """A workload's schedule as played through for `workers`, from what several runs with 2 have in common.

    Seconds from the first plan until the last frame is written. `real_s`: the least of real runs with so many, where
    there are as many CPUs. `others`: CPUs that other processes kept busy while all was measured. `tasks_s`, `chain_s`,
    `coordinator_s`: of all tasks, of the longest chain of them, of what the coordinator does; `over_bound`: `wall_s`
    over the greatest of tasks_s / workers and the other two.
    """

    workload: str
    quality: str
    length: str
    seconds: float
    others: float
    workers: int
    wall_s: float
    real_s: float | None
    efficiency: float
    tasks_s: float
    chain_s: float
    coordinator_s: float
    over_bound: float
    limit: str
    same: bool

    @property
    def off(self) -> float | None:
        """How far it is from the real run."""
        return None if self.real_s is None else self.wall_s / self.real_s - 1.0


def played(names: Sequence[str], quality: str, counts: Sequence[int], runs: int) -> list[Played]:
    """Plays workloads through. Raises Failed."""
    found = []
    for name in names:
        note(f"playing {name} through")
        command = [*ONCE, "simulate", name, quality, ",".join(map(str, counts)), str(runs)]
        took = timed(command, ROOT)
        answer = took.answer
        same = len(answer["sha256"]) == 1
        about = (name, quality, answer["length"], answer["seconds"], took.others)
        found += [Played(*about, same=same, **row) for row in answer["rows"]]
    return found


def table(rows: Sequence[Played]) -> str:
    """The rows as text, then in a sentence each what limits them."""
    lines = [
        "simulated     quality  length          workers   wall s   real s    off   eff  tasks/P s  chain s  coord s"
        "  over bound  others"
    ]
    for one in rows:
        real = (
            "      -      -" if one.real_s is None or one.off is None else f"{one.real_s:7.3f} {100 * one.off:+5.1f}%"
        )
        lines.append(
            f"{one.workload:<13} {one.quality:<8} {one.length:<15} {one.workers:7} {one.wall_s:8.3f}  {real}"
            f" {one.efficiency:5.2f} {one.tasks_s / one.workers:10.3f} {one.chain_s:8.3f} {one.coordinator_s:8.3f}"
            f" {one.over_bound:10.2f} x {one.others:7.2f}{'' if one.same else '  frames DIFFER'}"
        )
    lines += ["", *(f"{one.workload}, {one.limit}" for one in rows)]
    lines += ["", "What workers take from each other by sharing memory is not in it: its bandwidth, and caches."]
    return "\n".join(lines)


def played_bars(rows: Sequence[Played]) -> Iterator[Bar]:
    """How near to real runs, to what limits it, and to the use of all CPUs."""
    for one in rows:
        name = f"{one.workload}, {one.workers} workers"
        if one.off is not None:
            yield Bar(f"{name}, simulated, off the least real run", 100 * WITHIN, 100 * abs(one.off), "%")
        if one.workers >= MANY:
            yield Bar(f"{name}, simulated, over what limits it", OVER_BOUND, one.over_bound, "x")
        if one.workers == MANY and one.workload in EFFICIENCIES:
            yield Bar(f"{name}, simulated, efficiency", EFFICIENCIES[one.workload], one.efficiency, "", False)


@dataclass(frozen=True, slots=True)
class Noting:
    """CPU seconds of a workload with every task noted and with none, round by round, in one process."""

    workload: str
    chunk_frames: int
    workers: int
    tasks: int
    on_s: tuple[float, ...]
    off_s: tuple[float, ...]
    same: bool

    @property
    def ratio(self) -> float:
        """Of the least to the least."""
        return min(self.on_s) / min(self.off_s)

    @property
    def middle(self) -> float:
        """The median of the rounds' ratios."""
        return median(on / off for on, off in zip(self.on_s, self.off_s))


def noting(runs: int) -> list[Noting]:
    """What noting costs. Raises Failed."""
    found = []
    for name, chunk, workers in NOTED:
        answer = timed([*ONCE, "noting", name, str(chunk), str(workers), str(NOTING_ROUNDS * runs)], ROOT).answer
        on, off = tuple(answer["on_s"]), tuple(answer["off_s"])
        found.append(Noting(name, chunk, workers, answer["tasks"], on, off, len(answer["sha256"]) == 1))
    return found


def noting_table(rows: Sequence[Noting]) -> str:
    """The rows as text."""
    lines = ["tasks noted    frames  workers    tasks   CPU s   none s  least/least  median"]
    for one in rows:
        lines.append(
            f"{one.workload:<14} {one.chunk_frames:6} {one.workers:8} {one.tasks:8} {min(one.on_s):7.3f}"
            f" {min(one.off_s):8.3f} {one.ratio:12.4f} {one.middle:7.4f}{'' if one.same else '  DIFFERS'}"
        )
    return "\n".join(lines)
