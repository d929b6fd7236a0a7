"""Stems while they are rendered: what they add up to, which of them sound, and what is told of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from farm.audio import measure
from farm.audio.residual import Residual
from farm.errors import Notice
from farm.quantities import counted, level
from farm.rendering.report import Report, StemReport, faint
from farm.rendering.stem_files import left_over, left_over_notice
from farm.rendering.stems import StemOptions, StemPlan, listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from farm.audio.block import Block
    from farm.audio.files import Files
    from farm.rendering.delivery import Delivery

ROUNDED_STEPS = 4.0
"""By how many steps of its whole numbers, at most, a frame of a stem differs from what was rendered: dither."""
ROUNDED_FLOATS = 2.0**-21
"""The same for floats, of their peak: they are rounded when gains are applied, and when they are added up."""


class Stemming:
    """What a render with stems knows besides its blocks, which `take` is shown as they are written.

    Keeps what outputs lack of the mix apart from what buses do.
    """

    def __init__(self, plan: StemPlan, asked: StemOptions, deliveries: tuple[Delivery, ...]) -> None:
        self.plan, self.asked, self.deliveries = plan, asked, deliveries
        first = 1 + len(plan.heard)
        self.outputs = self.residual(range(1, first))
        self.buses = self.residual(range(first, first + len(plan.buses))) if plan.buses else None

    def residual(self, numbers: range) -> Residual:
        """What the stems of these numbers lack of the mix; nothing is known of it yet."""
        bits = {number: self.deliveries[number].bits for number in numbers}
        coded = {number: 0 if one == "32f" else int(one) for number, one in bits.items()}
        return Residual(len(self.deliveries) - 1, coded, any(one.upper for one in self.deliveries[1:]))

    def take(self, block: Block, values: NDArray[Any] | None) -> None:
        """Takes the next frames of a path; `values` as in `Residual.take`."""
        self.outputs.take(block, values)
        if self.buses is not None:
            self.buses.take(block, values)

    def told(self, report: Report, files: Files) -> Report:
        """The report of stems that are whole; the files of silent ones are dropped. Warnings come with it."""
        stems = []
        written = [files.writers[0].path]
        for number, stem in enumerate(report.stems, 1):
            writer = files.writers[number]
            clipped = max(stem.clipped_frames, writer.clipped_frames)
            path = str(writer.path)
            if stem.peak_dbfs == -math.inf and not self.asked.keep_silent:
                files.drop(number)
                stems.append(replace(stem, path=None, clipped_frames=clipped))
                continue
            written.append(writer.path)
            stems.append(replace(stem, path=path, clipped_frames=clipped))
        lossy = not self.asked.form.bits
        report = replace(
            report,
            stems=tuple(stems),
            stem_tap=self.asked.stem_tap,
            residual_dbfs=None if lossy else float(measure.decibels(self.outputs.peak)),
            residual_because=f"{self.asked.form.name} is lossy" if lossy else "",
            bus_residual_dbfs=None if lossy or self.buses is None else float(measure.decibels(self.buses.peak)),
        )
        plan, takes = self.plan, [stem.takes for stem in self.plan.stems]
        older = left_over(plan.folder, self.asked.name, self.asked.format, plan.title, takes, written)
        notices = (*once(report), *self.notices(stems, report), *left_over_notice(plan.folder, older))
        return replace(report, notices=notices)

    def notices(self, stems: list[StemReport], report: Report) -> list[Notice]:
        """What a person should know of the stems."""
        found = []
        silent = [stem.name for stem in stems if stem.path is None]
        if silent:
            what = "a stem" if len(silent) == 1 else f"{len(silent)} stems"
            hint = "--keep-silent writes such files too"
            found.append(Notice(f"{what} without a sound left out: {listed(silent)}", None, hint))
        for stem in stems:
            if stem.clipped_frames and stem.path is not None:
                message = f"the stem `{stem.name}`: {counted(stem.clipped_frames, 'frame')} clipped"
                hint = "--bits 32f keeps what is above full scale; a lower --gain makes room, in all stems alike"
                found.append(Notice(message, None, hint))
        limited = [stem.name for stem in stems if stem.limited_frames]
        if limited:
            message = f"limited each by itself, so that the stems do not add up: {listed(limited)}"
            found.append(
                Notice(message, None, "--stem-tap post takes them before the limiter; a lower --gain needs none")
            )
        if self.asked.by == "bus" and not self.plan.buses:
            found.append(Notice("there are no stems of buses: no output hears a named one"))
        return [*found, *self.lacking(stems, report.bus_residual_dbfs)]

    def lacking(self, stems: list[StemReport], left_dbfs: float | None) -> list[Notice]:
        """A warning where the stems of buses do not add up to the mix, or need not where that is not reckoned."""
        reasons = list(self.plan.overlaps)
        silent = [stem.name for stem in stems if stem.peak_dbfs == -math.inf]
        others = [name for name in self.plan.others if name not in silent]
        if others:
            reasons.append(f"{' and '.join(others)} with parts that are no bus")
        hint = "those of outputs do"
        if left_dbfs is None:
            said = f"the stems of buses need not add up to the mix: {'; '.join(reasons)}"
            return [Notice(said, None, hint)] if reasons else []
        buses = stems[len(self.plan.heard) :]
        if self.buses is None or self.buses.peak <= self.rounded(buses):
            return []
        changed = [stem.name for stem in buses if stem.clipped_frames or stem.limited_frames]
        if changed:
            reasons.append(f"{', '.join(changed)} clipped or limited")
        why = "; ".join(reasons) or "why, the score does not tell"
        message = f"the stems of buses do not add up to the mix, {level(left_dbfs)} are left of it: {why}"
        return [Notice(message, None, hint)]

    def rounded(self, stems: list[StemReport]) -> float:
        """The most that rounding alone leaves of a mix when such stems are taken away from it."""
        bits = self.deliveries[-2].bits
        if bits != "32f":
            return len(stems) * ROUNDED_STEPS * 2.0 ** (1 - int(bits))
        return sum(10 ** (max(stem.peak_dbfs, 0.0) / 20) for stem in stems) * ROUNDED_FLOATS


def once(report: Report) -> list[Notice]:
    """The warnings of a report, without that about faint outputs where stems tell of the silent ones."""
    silent = {stem.name for stem in report.stems if stem.path is None}
    heard = {name: peak for name, peak in report.output_peaks_dbfs.items() if name not in silent}
    before = faint(report.output_peaks_dbfs)
    return [one for notice in report.notices for one in (faint(heard) if (notice,) == before else (notice,))]
