"""Loudness as people measure it: integrated, its maxima and its range, from energies of cells of 100 ms.

ITU-R BS.1770-4 (blocks of 400 ms, gates at -70 LUFS and 10 LU under the rest), EBU Tech 3341 and 3342 (momentary,
short-term over 3 s, range). Energies are those of weighted channels (`workers.nodes.loudness`); all channels count
alike. What lies in no whole cell does not count.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workers.records import record

Energies = NDArray[np.float64]
MOMENTARY, SHORT_TERM = 4, 30
"""Cells."""
SILENT = 10.0 ** ((-70.0 + 0.691) / 10.0)
"""The absolute gate as an energy."""
RELATIVE, RANGE_RELATIVE = 0.1, 0.01
"""The relative gates: -10 LU, and -20 LU for the range."""


@record(frozen=True, slots=True)
class LoudnessReport:
    """What was measured, in LUFS, LU and dBTP; None where a sound is too short or too quiet to have it."""

    integrated_lufs: float | None
    momentary_lufs: float | None
    """The loudest 400 ms."""
    short_term_lufs: float | None
    """The loudest 3 s."""
    range_lu: float | None
    true_peak_dbtp: float | None

    def raised(self, gain: float) -> LoudnessReport:
        """The same of a sound that is turned up or down."""
        if not gain:
            return LoudnessReport(None, None, None, None, None)
        by = 20.0 * math.log10(gain)

        def more(level: float | None) -> float | None:
            return None if level is None else level + by

        return replace(
            self,
            integrated_lufs=more(self.integrated_lufs),
            momentary_lufs=more(self.momentary_lufs),
            short_term_lufs=more(self.short_term_lufs),
            true_peak_dbtp=more(self.true_peak_dbtp),
        )


class Loudness:
    """Takes energies of cells of `cell` frames as they come."""

    def __init__(self, cell: int) -> None:
        self.cell = cell
        self.true_peak = 0.0
        self.energies: list[NDArray[np.float32]] = []

    def add(self, energies: NDArray[np.float32], true_peak: float) -> None:
        """Takes the energies of the next cells, and the true peak so far."""
        self.energies.append(energies)
        self.true_peak = max(self.true_peak, true_peak)

    def cells(self, frames: int) -> Energies:
        """The mean energy of each whole cell of a sound of so many frames."""
        joined = np.concatenate(self.energies) if self.energies else np.zeros(0, np.float32)
        return joined[: frames // self.cell].astype(np.float64) / self.cell

    def integrated(self, frames: int) -> float | None:
        """The mean energy of what passes the gates; None where nothing does."""
        return gated(means(self.cells(frames), MOMENTARY), RELATIVE)

    def report(self, frames: int) -> LoudnessReport:
        """What was measured of a sound of so many frames."""
        cells = self.cells(frames)
        short = means(cells, SHORT_TERM)
        return LoudnessReport(
            integrated_lufs=lufs(self.integrated(frames)),
            momentary_lufs=lufs(means(cells, MOMENTARY).max(initial=0.0)),
            short_term_lufs=lufs(short.max(initial=0.0)),
            range_lu=spread(short),
            true_peak_dbtp=20.0 * math.log10(self.true_peak) if self.true_peak else None,
        )


def means(cells: Energies, length: int) -> Energies:
    """The mean of each `length` neighbours; none where there are fewer."""
    if len(cells) < length:
        return np.zeros(0)
    found: Energies = np.lib.stride_tricks.sliding_window_view(cells, length).mean(axis=1)
    return found


def gated(blocks: Energies, relative: float) -> float | None:
    """The mean of what passes the absolute gate and then the relative one; None where nothing does."""
    heard = blocks[blocks > SILENT]
    if not len(heard):
        return None
    return float(heard[heard > relative * heard.mean()].mean())


def spread(short: Energies) -> float | None:
    """The loudness range: from the 10th to the 95th percentile of what passes the gates."""
    heard = short[short > SILENT]
    if not len(heard):
        return None
    passed = np.sort(heard[heard >= RANGE_RELATIVE * heard.mean()])
    low, high = (passed[round((len(passed) - 1) * part)] for part in (0.1, 0.95))
    return 10.0 * math.log10(high / low)


def lufs(energy: float | None) -> float | None:
    """An energy in LUFS; None for silence."""
    return None if not energy else -0.691 + 10.0 * math.log10(energy)
