"""What is told of the levels of a mix: that it is next to silence, was turned down, or was cut off."""

from __future__ import annotations

import math
from dataclasses import replace

from farm.errors import Notice
from farm.quantities import FAINT_DBFS, counted, level
from farm.rendering.report import Report

BEYOND_GAIN = (
    "lower the level in the score: no --gain is small enough. Look for a division by next to nothing, or for feedback"
)


def with_levels(report: Report, gain: float) -> Report:
    """A report whose frames are all counted, with the warnings about its levels; it was rendered with `gain`."""
    return replace(report, notices=(*report.notices, *level_notices(report, gain)))


def level_notices(report: Report, gain: float) -> list[Notice]:
    """Warnings about the mix: silent although every output can be heard, turned down, or clipped."""
    found = []
    if report.peak_dbfs < FAINT_DBFS <= min(report.output_peaks_dbfs.values(), default=-math.inf):
        outputs = ", ".join(f"{name} {level(peak)}" for name, peak in report.output_peaks_dbfs.items())
        message = f"the mix is next to silence ({level(report.peak_dbfs)}), its outputs are not: {outputs}"
        found.append(Notice(message, hint=why_silent(report, gain)))
    if report.limited_frames:
        message = (
            f"the limiter turned down {counted(report.limited_frames, 'frame')} ({share(report, report.limited_frames)}"
            f" %), by at most {max(report.reduction_db, 0.1):.1f} dB"
        )
        fit = fitting(gain, report.reduction_db)
        found.append(Notice(message, hint=f"--gain {fit:g} needs no limiter" if fit else BEYOND_GAIN))
    elif report.reduction_db and not report.clipped_frames and report.normalized_db is None:
        found.append(Notice(f"everything was turned down by {report.reduction_db:.1f} dB, so that nothing clips"))
    if report.clipped_frames:
        fit = fitting(gain, max(report.reduction_db, report.peak_dbfs, 0.0))
        better = f"--gain {fit:g} has" if fit < gain else f"a --gain below {gain:g} has more"
        hint = f"{better} room for the peak, and --clip limit cuts nothing off" if fit else BEYOND_GAIN
        part = share(report, report.clipped_frames)
        found.append(Notice(f"{counted(report.clipped_frames, 'frame')} clipped ({part} %)", hint=hint))
    return found


def why_silent(report: Report, gain: float) -> str:
    """Why a mix is next to silence although each of its outputs can be heard."""
    if report.unfaded_peak_dbfs >= FAINT_DBFS:
        return "all that sounds lies in a fade: see --fade-in and --fade-out"
    if gain == 0 or max(report.output_peaks_dbfs.values()) + 20 * math.log10(gain) < FAINT_DBFS:
        return f"it was rendered with --gain {gain:g}"
    return "the outputs cancel each other out: together they are next to nothing"


def share(report: Report, frames: int) -> str:
    """A number of frames in percent of all."""
    percent = 100 * frames / max(1, report.frames)
    return f"{percent:.2g}" if percent < 99.5 else "100"


def fitting(gain: float, over_db: float) -> float:
    """The gain, in thousandths, rounded down, at which a peak that is now so far above comes to stand at the ceiling.

    0: there is none that makes sense.
    """
    return math.floor(1000 * gain * 10 ** (-over_db / 20)) / 1000
