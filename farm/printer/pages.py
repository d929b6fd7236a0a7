"""What the commands print: summaries, warnings about what was measured, the plan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from farm.printer.numbers import columns, duration
from farm.printer.streams import heading
from farm.quantities import counted, level, peak, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.plan.explain import Explanation
    from farm.profile.measured import Measured
    from farm.rendering.doctor import Finding
    from farm.rendering.report import Report
    from farm.rendering.verify import Verdict


def summary(report: Report, warnings: int) -> str:
    """Two lines about a finished render."""
    tail = f" ({report.tail_s:.2f} s of it tail)" if report.tail_s else ""
    compiling = f", {report.compile_s:.1f} s of it compiling" if report.compiled_kernels else ""
    at_once = f" (at most {report.voices_peak:,} at once)" if report.voice_count else ""
    sound = f"{report.seconds:.2f} s of sound{tail} in {report.wall_s:.2f} s{compiling}"
    found = counted(warnings, "warning") if warnings else "no warnings"
    tempo = f"{report.cps:.6g} {'cycle' if report.cps == 1 else 'cycles'} a second"
    banks = ", ".join(f"{name} ({folder})" for name, folder in report.foreign_banks.items())
    foreign = f"\n  banks that are not built in: {banks}" if banks else ""
    labels = f"\n  labels in {', '.join(map(str, report.labels))}" if report.labels else ""
    where = "in one process"
    if report.backend == "local":
        why = report.workers_because
        because = f" ({f'--{why[:-1]}' if why.endswith('=') else why})" if why else ""
        where = f"on {counted(report.workers, 'worker')}{because}"
    routed = ""
    if report.channels != ("left", "right"):
        routed = f"\n  channels {', '.join(f'{k} {name}' for k, name in enumerate(report.channels, 1))}"
    return (
        f"{heading(str(report.path))}: {sound}: {report.times_real_time:.1f} × real time, {where}\n"
        f"  {peak(report.peak_dbfs)}, {counted(report.voice_count, 'voice')}{at_once}, {tempo}, {found}{routed}"
        f"{foreign}{labels}{loudness_told(report)}{stems_told(report)}"
    )


def loudness_told(report: Report) -> str:
    """A line about loudness, where it was measured."""
    found = report.loudness
    if found is None or found.integrated_lufs is None or found.true_peak_dbtp is None:
        return ""
    by = "" if report.normalized_db is None else f", turned {'up' if report.normalized_db > 0 else 'down'} by "
    by += "" if report.normalized_db is None else f"{abs(report.normalized_db):.1f} dB"
    return f"\n  loudness {signed(found.integrated_lufs)} LUFS, true peak {signed(found.true_peak_dbtp)} dBTP{by}"


def signed(level_db: float) -> str:
    """A level with a minus sign as people write it."""
    return f"{level_db:.1f}".replace("-", "−")


def stems_told(report: Report) -> str:
    """A line for each stem, and what they lack of the mix."""
    if not report.stems:
        return ""
    lines = [f"\n  {stem.path}: {peak(stem.peak_dbfs)}" for stem in report.stems if stem.path is not None]
    before = "gain and fades" if report.stem_tap == "pre" else "its limiter"
    for which, residual in (("outputs", report.residual_dbfs), ("buses", report.bus_residual_dbfs)):
        left = "nothing" if residual == -math.inf else level(residual) if residual is not None else ""
        if which == "outputs" and report.residual_because:
            left = f"not reckoned, {report.residual_because}"
        if left:
            lines.append(f"\n  left of the mix before {before} without the stems of all {which}: {left}")
    return "".join(lines)


def verdict_line(verdict: Verdict) -> str:
    """One row of `farm verify`."""
    mark = "same" if verdict.same else "DIFFERENT"
    mended = f", {counted(verdict.replaced, 'worker')} replaced" if verdict.replaced else ""
    if verdict.trial.kill and not verdict.replaced:
        mended = " (over before one could be killed: try more --cycles)"
    return f"{verdict.trial.name:<34} {verdict.sha256[:16]}  {mark:<9} {verdict.wall_s:6.2f} s{mended}"


def kill_tried(verdicts: Sequence[Verdict]) -> bool:
    """Whether every worker that a trial was to lose was killed before its render was over."""
    return all(verdict.replaced for verdict in verdicts if verdict.trial.kill)


def conclusion(verdicts: Sequence[Verdict]) -> str:
    """The last line of `farm verify`."""
    if not all(verdict.same for verdict in verdicts):
        return f"{len(verdicts)} renders, NOT the same bytes"
    but = "" if kill_tried(verdicts) else ", but no worker was killed: the render was over before"
    return f"{len(verdicts)} renders, all the same bytes{but}"


def finding_lines(finding: Finding) -> str:
    """One thing that `farm doctor` looked at, and the advice below it."""
    mark = {"fine": "ok", "warning": "warning", "broken": "BROKEN"}[finding.state]
    line = f"{mark:<8} {finding.name:<14} {finding.found}"
    return f"{line}\n{'':<24}{finding.advice}" if finding.advice else line


def size_or_none(held: int) -> str:
    """A number of bytes; `-` for none."""
    return size(held) if held else "-"


def plan_page(plan: Explanation, times: Measured | None = None) -> str:
    """Groups with their nodes, then the totals, and what was measured."""
    nodes = [
        (
            *(f"  {node.name}", node.variant, node.memory),
            *(f"{node.cost_ns:.2f} ns", size_or_none(node.state_bytes), size_or_none(node.ring_bytes)),
        )
        for group in plan.groups
        for node in group.nodes
    ]
    rows = iter(columns([("  node", "variant", "memory", "a frame", "state", "ring"), *nodes]))
    lines = [next(rows)]
    for group in plan.groups:
        about = f"{group.kind}, {counted(group.lanes, 'lane')}, {counted(group.tasks, 'task')}"
        lines += [f"{heading(group.name)}  {about}", *(next(rows) for _ in group.nodes)]
    largest_first = sorted(plan.arena_bytes.items(), key=lambda region: -region[1])
    parallel = plan.total_ns / plan.critical_path_ns if plan.critical_path_ns else 1.0
    totals = [
        ("tasks", f"{plan.tasks:,} with {counted(plan.edges, 'edge')}"),
        ("time", f"{counted(plan.chunks, 'chunk')} in {counted(plan.windows, 'window')}"),
        ("voices", f"{plan.voices:,}, at most {plan.voices_peak:,} at once"),
        ("arena", size(sum(plan.arena_bytes.values()))),
        *((f"  {name}", size(held)) for name, held in largest_first),
        ("work", f"about {duration(plan.total_ns)}"),
        ("critical path", f"about {duration(plan.critical_path_ns)}: room for {parallel:.1f} workers"),
    ]
    if times is not None:
        chain, all_of_them = duration(1e9 * times.chain_s), duration(1e9 * times.tasks_s)
        totals.append(("longest chain", f"{chain} of {all_of_them} as measured: {100 * times.share:.0f} %"))
        longest_first = sorted(times.chain_groups_s.items(), key=lambda group: -group[1])
        totals += [(f"  {group}", duration(1e9 * seconds)) for group, seconds in longest_first]
    return "\n".join([*lines, "", *columns(totals)])
