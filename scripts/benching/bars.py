"""The bars: what was asked for, what was measured, reached or missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from installed import Installed
from paths import PathCosts
from rows import Blocks, Chain, Cost, Row, Scaling


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `at_most`: whether less is better."""

    what: str
    asked: float
    found: float
    unit: str
    at_most: bool = True

    @property
    def reached(self) -> bool:
        """Whether it is."""
        return self.found <= self.asked if self.at_most else self.found >= self.asked


BLOCK_MS = 512 / 44.1
PER_VOICE = {("sustain-1024", "draft"): 0.9, ("sustain-1024", "good"): 1.4, ("synth-1024", "good"): 2.5}
STARTS = (
    ("help_s", "farm --help, whole process", 0.12),
    ("script_s", "scripts/farm adds to that, once .venv is there", 0.3),
    ("warm_second_s", "a render of 1 s, warm, whole process", 0.5),
    ("warm_q_s", "q, 16 s and its tail, warm, whole process", 0.8),
    ("cold_q_s", "the first q, empty cache, whole process", 15.0),
    ("second_over_base", "CPU of a render of 1 s, warm, over that of importing its libraries", 1.6),
    ("many_over_base", "the same with 200 more nodes and transforms", 1.6),
)
VOICES_PER_S = {"mixed": 1.5, "stress": 2.0}
"""Millions."""
COST_MS = {
    ("bd hh sd hh", "first cycle"): 0.1,
    ("a score", "parsed and resolved"): 50.0,
    ("a pattern", "text to its first cycle"): 150.0,
}
CHAINS = {"q": 0.25, "hour": 0.4}
"""The longest chain, of all tasks."""
LONG_S = 0.1
"""Below this, planning is mostly what any score costs once: about 2 ms."""


def start_unit(name: str) -> str:
    """The unit of what is measured of starting."""
    return "s" if name.endswith("_s") else "x"


def bars(
    rows: Sequence[Row],
    starts: Mapping[str, float],
    costs: Sequence[Cost],
    tasks: Mapping[int, float],
    blocks: Sequence[Blocks],
    scaled: Sequence[Scaling],
    chains: Sequence[Chain],
    output: PathCosts | None = None,
) -> Iterator[Bar]:
    """Those bars for which something was measured."""
    found = {(row.workload, row.quality, row.workers): row for row in rows}
    alone = {key[:2]: row for key, row in found.items() if key[2] == 1}
    for key, asked in PER_VOICE.items():
        if key in alone:
            yield Bar(f"{key[0]} {key[1]}, render, per voice and frame", asked, alone[key].ns, "ns")
    if ("drums-720", "good") in alone:
        yield Bar("drums-720, render", 0.3, alone["drums-720", "good"].render_s, "s")
    for one in scaled:
        if one.workers == 2:
            name = f"{one.workload} {one.quality}"
            yield Bar(f"{name}, efficiency of 2 workers", 0.93, one.efficiency, "", False)
            yield Bar(f"{name}, the same, of what 2 separate processes get", 0.93, one.of_limit, "", False)
    for chain in chains:
        if chain.workload in CHAINS:
            yield Bar(f"{chain.workload}, the longest chain, of all tasks", CHAINS[chain.workload], chain.share, "")
    if output is not None:
        yield Bar("24 bits over 32 bit floats, limiter at rest, CPU by SHA-256", 1.5, output.at_rest, "x")
        yield Bar("the same, limiter at work on every frame", 3.5, output.at_work, "x")
        yield Bar("the coordinator beside 2 workers, CPU by SHA-256", 2.0, output.alone, "x")
        yield Bar("farm-1024 with its 16 stems, 24 bits, CPU by the mix alone", 1.3, output.with_stems, "x")
    for workers, ns in tasks.items():
        yield Bar(f"a task that does nothing, {workers} worker{'s' if workers > 1 else ''}", 150.0, ns, "ns")
    for name, what, asked in STARTS:
        if name in starts:
            yield Bar(what, asked, starts[name], start_unit(name))
    long = [row for row in alone.values() if row.whole_s >= LONG_S]
    for which, several in ((f"rows of {LONG_S} s or more", long), ("all rows", list(alone.values()))):
        if several:
            worst = max(several, key=lambda row: row.planning)
            what = f"planning, of the render in process, {which}: at most ({worst.workload})"
            yield Bar(what, 25.0, 100.0 * worst.planning, "%")
    if ("hour", "good") in alone and ("minute", "good") in alone:
        ratio = alone["hour", "good"].peak_mib / alone["minute", "good"].peak_mib
        yield Bar("peak memory of an hour over one minute's, 1 worker", 1.1, ratio, "x")
    if ("hour", "good", 2) in found and ("minute", "good", 2) in found:
        ratio = found["hour", "good", 2].peak_mib / found["minute", "good", 2].peak_mib
        yield Bar("peak memory of an hour over one minute's, 2 workers together", 1.1, ratio, "x")
    for cost in costs:
        name = f"{cost.what}, {cost.of}"
        if cost.of == "first 256 cycles":
            yield Bar(name, 5.0, cost.rate / 1e6, "M haps/s", False)
        elif cost.unit == "voices":
            yield Bar(name, VOICES_PER_S[cost.what], cost.rate / 1e6, "M voices/s", False)
        elif (cost.what, cost.of) in COST_MS:
            yield Bar(f"{name}, {cost.count:,} {cost.unit}", COST_MS[cost.what, cost.of], 1e3 * cost.seconds, "ms")
    for one in blocks:
        if one.chunk_frames == 512 and one.workers == 2:
            yield Bar(f"{one.workload}, blocks of 512 frames, 2 workers, p99", BLOCK_MS, one.p99, "ms")


def wheel_bars(one: Installed | None) -> Iterator[Bar]:
    """Those of an installed wheel."""
    if one is not None:
        yield Bar("an installed wheel's first q, kernels compiled", 0.0, one.compiled, "")
        yield Bar("an installed wheel's first q over its second, CPU", 1.2, one.first_s / one.second_s, "x")
        yield Bar(
            "a render of 1 s from a wheel over importing what it needs, CPU", 1.3, one.short_s / one.imports_s, "x"
        )
