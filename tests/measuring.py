"""Measurements on frames: level, onsets, offset, spectrum. Pure functions of numpy arrays.

`frames` is an array of floats, (n,) or (n, channels), full scale ±1. Levels are in dB relative to full scale (dBFS);
silence is −inf.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from farm.audio.measure import Frames, Tally, decibels


def peak_dbfs(frames: Frames) -> float:
    """The greatest magnitude of any channel, in dBFS."""
    return float(decibels(float(np.abs(frames).max(initial=0.0))))


def rms_dbfs(frames: Frames) -> float:
    """The root of the mean square over all frames and channels, in dBFS: −3.01 for a full-scale sine."""
    return Tally().over(frames).rms_dbfs


def levels_dbfs(frames: Frames, rate: int, window_s: float = 0.1) -> NDArray[np.float64]:
    """RMS in dBFS of each stretch of `window_s` seconds, over all channels; the last one may be shorter."""
    columns = _columns(frames)
    window = max(1, round(window_s * rate))
    if len(columns) == 0:
        return np.zeros(0)
    starts = np.arange(0, len(columns), window)
    energy = np.add.reduceat((columns**2).mean(axis=1), starts)
    return decibels(np.sqrt(energy / np.diff(np.append(starts, len(columns)))))


def dc_offset(frames: Frames) -> NDArray[np.float64]:
    """The mean of each channel, (channels,)."""
    columns = _columns(frames)
    return columns.mean(axis=0) if len(columns) else np.zeros(columns.shape[1])


def onsets(frames: Frames, rate: int, rise_db: float = 9.0, floor_dbfs: float = -60.0) -> NDArray[np.int64]:
    """The frames where a sound begins, ascending.

    The signal is cut into windows of 2 ms; an onset is where a window's peak is above `floor_dbfs` and `rise_db` above
    the peaks of all windows of the 20 ms before. Its frame is the first in that window to reach half the window's
    peak. A sound that swells over more than 20 ms has none.
    """
    magnitude = np.abs(_columns(frames)).max(axis=1, initial=0.0)
    window, memory = max(1, round(0.002 * rate)), 10
    count = -(-len(magnitude) // window)
    if count == 0:
        return np.zeros(0, np.int64)
    cells = np.zeros((count, window))
    cells.reshape(-1)[: len(magnitude)] = magnitude
    peaks = cells.max(axis=1)
    before = np.lib.stride_tricks.sliding_window_view(np.append(np.zeros(memory), peaks[:-1]), memory).max(axis=1)
    floor, rise = 10.0 ** (floor_dbfs / 20.0), 10.0 ** (rise_db / 20.0)
    found = np.flatnonzero((peaks > floor) & (peaks > rise * before))
    # The peak of a slow wave may reach its second window: one sound, one onset.
    found = found[np.diff(found, prepend=-memory) > 1]
    within = (cells[found] >= 0.5 * peaks[found, None]).argmax(axis=1)
    return np.asarray(found * window + within, np.int64)


def decay_s(frames: Frames, rate: int, drop_db: float = 40.0) -> float:
    """Seconds from the first frame until the signal stays `drop_db` below its own peak for good."""
    magnitude = np.abs(_columns(frames)).max(axis=1, initial=0.0)
    if not magnitude.any():
        return 0.0
    loud = np.flatnonzero(magnitude > magnitude.max() * 10.0 ** (-drop_db / 20.0))
    return float(loud[-1] + 1) / rate


def octave_bands_hz(rate: int) -> NDArray[np.float64]:
    """Edges of octave bands from 22.1 Hz (31.25 · 2^-1/2) to half of `rate`, in Hz."""
    edges = 31.25 * 2.0 ** (np.arange(12) - 0.5)
    return np.append(edges[edges < rate / 2.0], rate / 2.0)


def spectrum_db(frames: Frames, rate: int, edges_hz: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """The power in each band between neighbouring `edges_hz` (default: octaves), in dBFS, all channels averaged.

    Mean of Hann-windowed periodograms of 4096 frames that overlap by half (P. D. Welch, 1967); a shorter signal is
    padded. Bands of a stationary signal add up to its mean square.
    """
    size = 4096
    edges = octave_bands_hz(rate) if edges_hz is None else edges_hz
    columns = _columns(frames)
    pieces = max(1, -(-(len(columns) - size // 2) // (size // 2)))
    padded = np.zeros(((pieces + 1) * size // 2, columns.shape[1]))
    padded[: len(columns)] = columns
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)
    power = np.zeros(size // 2 + 1)
    for piece in range(pieces):
        stretch = padded[piece * size // 2 :][:size] * hann[:, None]
        power += (np.abs(np.fft.rfft(stretch, axis=0)) ** 2).mean(axis=1)
    power[1:-1] *= 2.0
    power /= pieces * size * float((hann**2).sum())
    bin_hz = np.arange(size // 2 + 1) * rate / size
    bands = np.array([power[(bin_hz >= low) & (bin_hz < high)].sum() for low, high in itertools.pairwise(edges)])
    return decibels(np.sqrt(bands))


def _columns(frames: Frames) -> NDArray[np.float64]:
    """`frames` as float64 (n, channels)."""
    columns = np.asarray(frames, np.float64)
    return columns[:, None] if columns.ndim == 1 else columns
