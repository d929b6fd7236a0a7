"""The rows of batches: a crew of two, of one, and a plain loop in turns; the coordinator alone; sixteen slots."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bars import Bar
from processes import Took, timed
from workloads import CLIPS

CREWS = [sys.executable, str(Path(__file__).with_name("crews.py"))]
EMPTY_JOBS = 100_000
PLAYED_SLOTS = 16
EACH = 20
"""Clips that are rendered by a command each."""


@dataclass(frozen=True, slots=True)
class Batched:
    """Medians over rounds. Seconds of whole processes with all that they start; `cpu_s` of CPUs, `wall_s` of a clock.

    `gain`: clips a second of two over one; `over_loop`: CPU of a crew of two over the loop's; `coordinator`: CPU of the
    coordinator, without its start, over that of its crew; `efficiency`: of sixteen slots, played through.
    """

    loop_cpu_s: float
    one_cpu_s: float
    two_cpu_s: float
    one_wall_s: float
    two_wall_s: float
    gain: float
    over_loop: float
    coordinator: float
    efficiency: float
    pool_cpu_s: float
    pool_wall_s: float
    each_cpu_s: float
    """Of one clip, as `each_wall_s`."""
    each_wall_s: float
    empty_per_s: float
    empty_mib: float
    sha256: str
    same: bool


def batched(runs: int) -> Batched:
    """Measures them. One round does not count."""
    loops: list[Took] = []
    ones: list[Took] = []
    twos: list[Took] = []
    for number in range(runs + 1):
        for took, words in ((loops, ["loop", "good"]), (ones, ["crew", "good", "1"]), (twos, ["crew", "good", "2"])):
            with TemporaryDirectory(prefix="farm-measure-") as folder:
                found = timed([*CREWS, *words, folder], Path(folder))
            if number:
                took.append(found)
    hashes = {one.answer["sha256"] for one in (*loops, *ones, *twos)}
    shares = [one.answer["coordinator_s"] / one.answer["crew_s"] for one in twos]
    with TemporaryDirectory(prefix="farm-measure-") as name:
        folder = Path(name)
        beside = {}
        for what, words in (("pool", ["pool", "2"]), ("each", ["each", "2", str(EACH)])):
            with TemporaryDirectory(prefix="farm-measure-") as other:
                beside[what] = timed([*CREWS, *words, other], Path(other))
        empty = timed([*CREWS, "empty", str(EMPTY_JOBS), name], folder).answer
        # Of each job the least that it took: what interrupts one of them is not the foreman's.
        least = [min(several) for several in zip(*(one.answer["jobs_s"] for one in ones))]
        (folder / "crew.json").write_text(json.dumps({"jobs_s": least}), encoding="utf-8")
        each_s = empty["cpu_s"] / empty["jobs"]
        played = timed([*CREWS, "played", str(PLAYED_SLOTS), f"{each_s:.9f}", str(folder / "crew.json")], folder).answer
    return Batched(
        loop_cpu_s=median(one.cpu_s for one in loops),
        one_cpu_s=median(one.cpu_s for one in ones),
        two_cpu_s=median(one.cpu_s for one in twos),
        one_wall_s=median(one.wall_s for one in ones),
        two_wall_s=median(one.wall_s for one in twos),
        gain=median(one.wall_s / two.wall_s for one, two in zip(ones, twos)),
        over_loop=median(two.cpu_s / one.cpu_s for one, two in zip(loops, twos)),
        coordinator=median(shares),
        efficiency=played["efficiency"],
        pool_cpu_s=beside["pool"].cpu_s,
        pool_wall_s=beside["pool"].wall_s,
        each_cpu_s=beside["each"].cpu_s / EACH,
        each_wall_s=beside["each"].wall_s / EACH,
        empty_per_s=empty["jobs"] / empty["cpu_s"],
        empty_mib=empty["peak_mib"],
        sha256=next(iter(hashes)),
        same=len(hashes) == 1,
    )


def batched_table(one: Batched) -> str:
    """The rows as text."""
    mark = one.sha256[:12] if one.same else "DIFFERS"
    lines = [
        f"batches: {CLIPS} clips of 4 s, whole processes; frames {mark}",
        f"a plain loop in one process        CPU {one.loop_cpu_s:6.2f} s,"
        f" {1e3 * one.loop_cpu_s / CLIPS:5.1f} ms a clip",
        f"farm batch --threads 1             CPU {one.one_cpu_s:6.2f} s, {1e3 * one.one_cpu_s / CLIPS:5.1f} ms a clip,"
        f" wall {one.one_wall_s:6.2f} s",
        f"farm batch --threads 2             CPU {one.two_cpu_s:6.2f} s, {1e3 * one.two_cpu_s / CLIPS:5.1f} ms a clip,"
        f" wall {one.two_wall_s:6.2f} s",
        f"multiprocessing.Pool(2), a session each   CPU {one.pool_cpu_s:6.2f} s,"
        f" {1e3 * one.pool_cpu_s / CLIPS:5.1f} ms a clip, wall {one.pool_wall_s:6.2f} s",
        f"farm render once a clip, two at once      {1e3 * one.each_cpu_s:5.1f} ms of CPU a clip,"
        f" {1e3 * one.each_wall_s:5.1f} ms of a clock",
        f"{EMPTY_JOBS:,} jobs that render nothing   {one.empty_per_s:,.0f} a second of CPU, {one.empty_mib:.0f} MiB",
    ]
    return "\n".join(lines)


def batched_bars(one: Batched | None) -> Iterator[Bar]:
    """The bars of batches."""
    if one is not None:
        yield Bar("farm batch, clips a second of a crew of two over one", 1.85, one.gain, "x", False)
        yield Bar("CPU of farm batch --threads 2 over a plain loop", 1.05, one.over_loop, "x")
        yield Bar("CPU of the coordinator, without its start, of its crew's", 4.0, 100 * one.coordinator, "%")
        yield Bar("jobs a second that render nothing", 1000.0, one.empty_per_s, "jobs/s", False)
        yield Bar(f"peak memory of a coordinator of {EMPTY_JOBS:,} jobs", 300.0, one.empty_mib, "MiB")
        yield Bar(f"efficiency of {PLAYED_SLOTS} job processes, played through", 0.9, one.efficiency, "", False)
