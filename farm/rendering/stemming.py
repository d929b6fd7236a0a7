"""Stems while they are rendered: what they add up to, which of them sound, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from farm.audio import measure
from farm.audio.residual import Residual
from farm.errors import Notice
from farm.quantities import counted
from farm.rendering.report import Report, StemReport
from farm.rendering.stems import StemOptions, StemPlan, listed

if TYPE_CHECKING:
    from farm.audio.files import Files
    from farm.rendering.delivery import Delivery


class Stemming:
    """What a render with stems knows besides its blocks. `residual` takes them as they are written."""

    def __init__(self, plan: StemPlan, asked: StemOptions, deliveries: tuple[Delivery, ...]) -> None:
        self.plan, self.asked = plan, asked
        outputs = range(1, 1 + len(plan.heard))
        coded = {number: 0 if deliveries[number].bits == "32f" else int(deliveries[number].bits) for number in outputs}
        self.residual = Residual(len(deliveries) - 1, coded, any(one.upper for one in deliveries[1:]))

    def told(self, report: Report, files: Files) -> Report:
        """The report of stems that are whole; the files of silent ones are dropped. Warnings come with it."""
        stems = []
        for number, stem in enumerate(report.stems, 1):
            writer = files.writers[number]
            clipped = max(stem.clipped_frames, writer.clipped_frames)
            path = str(writer.path)
            if stem.peak_dbfs == -float("inf") and not self.asked.keep_silent:
                files.drop(number)
                path = ""
            stems.append(replace(stem, path=path, clipped_frames=clipped))
        lossy = not self.asked.form.bits
        residual = None if lossy else float(measure.decibels(self.residual.peak))
        notices = (*report.notices, *self.notices(stems))
        return replace(report, stems=tuple(stems), residual_dbfs=residual, notices=notices)

    def notices(self, stems: list[StemReport]) -> list[Notice]:
        """What a person should know of the stems."""
        found = []
        silent = [stem.name for stem in stems if not stem.path]
        if silent:
            what = "a stem" if len(silent) == 1 else f"{len(silent)} stems"
            hint = "--keep-silent writes such files too"
            found.append(Notice(f"{what} without a sound left out: {listed(silent)}", None, hint))
        for stem in stems:
            if stem.clipped_frames and stem.path:
                message = f"the stem `{stem.name}`: {counted(stem.clipped_frames, 'frame')} clipped"
                hint = "--bits 32f keeps what is above full scale; a lower --gain makes room, in all stems alike"
                found.append(Notice(message, None, hint))
        if self.plan.overlaps:
            message = f"the stems of buses do not add up to the mix: {'; '.join(self.plan.overlaps)}"
            found.append(Notice(message, None, "those of outputs do"))
        return found
