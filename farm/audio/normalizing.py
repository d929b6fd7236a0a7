"""By how much a finished file is turned up or down so that it is as loud as `--normalize` asks."""

from __future__ import annotations

import math

from farm.audio.loudness import Loudness
from farm.errors import Notice
from farm.normal import Normal


def target(level_db: float) -> float:
    """A level in dB as an amplitude."""
    return float(10.0 ** (level_db / 20.0))


def normal_gain(normal: Normal, ceiling_db: float, peak: float, loudness: Loudness, frames: int) -> float:
    """The gain for a mix of so many frames with this sample peak; 1 for silence and what is too short for a loudness.

    A loudness is not reached where the true peak would pass what is allowed.
    """
    if peak == 0.0:
        return 1.0
    if normal.peak is not None:
        return target(normal.peak) / peak
    assert normal.lufs is not None
    energy = loudness.integrated(frames)
    if energy is None:
        return 1.0
    wanted = math.sqrt(10.0 ** ((normal.lufs + 0.691) / 10.0) / energy)
    return min(wanted, target(normal.tp if normal.tp is not None else ceiling_db) / max(loudness.true_peak, peak))


def normal_notices(normal: Normal, gain: float, loudness: Loudness, frames: int) -> list[Notice]:
    """What is said where the loudness that was asked for is not reached."""
    if normal.lufs is None:
        return []
    found = loudness.report(frames)
    if found.integrated_lufs is None or found.true_peak_dbtp is None:
        why = "it is shorter than 0.4 s" if frames < 4 * loudness.cell else "nothing of it is above -70 LUFS"
        return [Notice(f"the mix has no loudness, and was left as loud as it is: {why}", None)]
    raised_db = 20.0 * math.log10(gain)
    reached = found.integrated_lufs + raised_db
    if reached > normal.lufs - 0.05:
        return []
    peak = found.true_peak_dbtp + raised_db
    message = f"the loudness is {reached:.1f} LUFS instead of {normal.lufs:g}: the true peak is at {peak:.1f} dBTP"
    return [Notice(message, None, "a higher tp lets it be louder; so does a score with lower peaks")]
