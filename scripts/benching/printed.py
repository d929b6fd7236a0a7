"""What was measured, as tables of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bars import Bar, start_unit
from installed import Installed
from paths import PathCosts
from rows import Blocks, Chain, Cost, Row, Scaling


def table(rows: Sequence[Row]) -> str:
    """The rows as text."""
    head = (
        "workload       quality  workers  sound s   wall s  render s  whole s   eff  x real time  ns/voice"
        "  voices mean/peak  plan %   CPU s   MiB  others  sha256"
    )
    lines = [head]
    for row in rows:
        voices = f"{row.voices_mean:.1f}/{row.voices_peak}"
        mark = row.sha256[:12] if row.same else "DIFFERS between runs"
        efficiency = f"{row.efficiency:.2f}" if row.efficiency is not None else "-"
        lines.append(
            f"{row.workload:<14} {row.quality:<7} {row.workers:8} {row.seconds:8.1f} {row.wall_s:8.2f}"
            f" {row.render_s:9.3f} {row.whole_s:8.3f} {efficiency:>5} {row.seconds / row.wall_s:12.1f} {row.ns:9.2f}"
            f" {voices:>17} {100 * row.planning:7.1f} {row.cpu_s:7.2f} {row.peak_mib:5.0f} {row.others:7.2f}  {mark}"
        )
    return "\n".join(lines)


def scaling_table(found: Sequence[Scaling]) -> str:
    """What several workers gain, as text."""
    lines = ["scaling        quality  workers    1 s    P s  separate s   eff  best  limit  of limit  sha256"]
    for one in found:
        mark = one.sha256[:12] if one.same else "DIFFERS"
        lines.append(
            f"{one.workload:<14} {one.quality:<7} {one.workers:8} {one.one_s:6.3f} {one.pool_s:6.3f}"
            f" {one.separate_s:11.3f} {one.efficiency:5.2f} {one.best:5.2f} {one.limit:6.2f} {one.of_limit:9.2f}"
            f"  {mark}"
        )
    return "\n".join(lines)


def chain_table(found: Sequence[Chain]) -> str:
    """The longest chains as text."""
    lines = ["chains         tasks s  longest s  of tasks  busiest group"]
    for one in found:
        lines.append(
            f"{one.workload:<14} {one.tasks_s:7.3f} {one.chain_s:10.3f} {one.share:9.3f}"
            f"  {one.busiest} {one.busiest_s / one.tasks_s:.3f}"
        )
    return "\n".join(lines)


def block_table(found: Sequence[Blocks]) -> str:
    """Block times as text."""
    lines = ["blocks     frames  lasts ms  workers  blocks   p50 ms   p95 ms   p99 ms  worst ms"]
    for one in found:
        lines.append(
            f"{one.workload:<10} {one.chunk_frames:6} {one.chunk_frames / 44.1:9.2f} {one.workers:8} {one.blocks:7}"
            f" {one.p50:8.2f} {one.p95:8.2f} {one.p99:8.2f} {one.worst:9.2f}"
        )
    return "\n".join(lines)


def cost_table(found: Sequence[Cost]) -> str:
    """What patterns cost as text."""
    lines = ["patterns     of                               count            ms   M a second  sha256"]
    for one in found:
        mark = one.sha256[:12] if one.same else "DIFFERS between windows"
        lines.append(
            f"{one.what:<12} {one.of:<27} {one.count:>10,} {one.unit:<6} {1e3 * one.seconds:8.3f}"
            f" {one.rate / 1e6:12.3f}  {mark}"
        )
    return "\n".join(lines)


def bar_table(found: Sequence[Bar]) -> str:
    """The bars as text."""
    lines = []
    for bar in found:
        side = "at most" if bar.at_most else "at least"
        verdict = "reached" if bar.reached else "MISSED"
        lines.append(f"{verdict:<8} {bar.what:<72} {bar.found:8.3f} {bar.unit}, {side} {bar.asked:g}")
    return "\n".join(lines)


def output_table(found: PathCosts) -> str:
    """What an output path costs as text."""
    names = {
        "floats": "to 32 bit floats, --clip none, kernels and all",
        "rest": "to 24 bits, the limiter at rest",
        "work": "to 24 bits, the limiter at work on every frame",
        "hash": "SHA-256 of the floats",
        "serial": "the coordinator beside 2 workers, to 24 bits, no plans",
        "mix": "farm-1024, into 24 bits",
        "stems": "the same with a stem for each of its 16 outputs",
    }
    return "\n".join(f"{what:<52} {getattr(found, name):7.2f} ns of CPU a sample" for name, what in names.items())


def start_table(found: Mapping[str, float]) -> str:
    """Start-up times as text."""
    names = {
        "help_s": "farm --help",
        "script_s": "scripts/farm, on top of that",
        "warm_second_s": "farm render q.ph --duration 1 --tail none, warm",
        "warm_q_s": "farm render q.ph --cycles 8, warm",
        "cold_q_s": "farm render q.ph --cycles 8, empty FARM_CACHE",
        "base_cpu_s": "CPU of importing numpy, click and llvmlite.binding",
        "second_cpu_s": "CPU of farm render q.ph --duration 1 --tail none",
        "second_over_base": "the one over the other",
        "many_over_base": "the same with 200 more nodes and transforms",
    }
    return "\n".join(f"{names[name]:<52} {one:7.3f} {start_unit(name)}" for name, one in found.items())


def installed_table(one: Installed) -> str:
    """What an installed wheel costs as text."""
    lines = (
        (f"the first farm render q.ph --cycles 8, {one.compiled} kernels compiled", one.first_s),
        ("the second", one.second_s),
        ("farm render q.ph --duration 1 --tail none, warm", one.short_s),
        ("a process that imports numpy, click and llvmlite.binding", one.imports_s),
    )
    head = "installed from a wheel, at first with a cache that is empty and cannot be written: CPU seconds"
    return "\n".join([head, *(f"{what:<63} {seconds:7.3f} s" for what, seconds in lines)])
