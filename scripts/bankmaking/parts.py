"""What sounds are made of: time, decays, sweeps, noise, bands, and the finish that every file gets.

All sounds are float64 arrays (n,) at RATE. Times are in seconds, frequencies in Hz.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
Sound = NDArray[np.float64]
Recipe = Callable[[], Sound]


def time(dur_s: float) -> Sound:
    """The time of each frame of `dur_s` seconds."""
    return np.arange(round(dur_s * RATE)) / RATE


def decay(t: Sound, fall_60db_s: float) -> Sound:
    """An exponential that starts at 1 and is 60 dB down after `fall_60db_s`; 0 before t = 0."""
    return np.where(t >= 0.0, 10.0 ** (-3.0 * np.maximum(t, 0.0) / fall_60db_s), 0.0)


def swell(t: Sound, attack_s: float, start: float = 0.35) -> Sound:
    """A linear attack from `start` (so that it is heard at once) to 1."""
    return start + (1.0 - start) * np.minimum(t / attack_s, 1.0)


def sine(hz: Sound | float, t: Sound) -> Sound:
    """A sine from phase 0 whose frequency may change from frame to frame."""
    steps = np.broadcast_to(np.asarray(hz, np.float64) / RATE, t.shape)
    return np.sin(2.0 * np.pi * (np.cumsum(steps) - steps[0]))


def glide(t: Sound, from_hz: float, to_hz: float, half_s: float) -> Sound:
    """A frequency that falls (or rises) exponentially and is half-way, in pitch, after `half_s`."""
    return to_hz * (from_hz / to_hz) ** (0.5 ** (t / half_s))


def saw(hz: float, t: Sound, bright_hz: float = 20_000.0) -> Sound:
    """A band-limited sawtooth: its harmonics up to `bright_hz`."""
    harmonics = range(1, int(min(bright_hz, 0.45 * RATE) / hz) + 1)
    return sum((np.sin(2.0 * np.pi * k * hz * t) / k for k in harmonics), np.zeros_like(t))


def square(hz: float, t: Sound) -> Sound:
    """A band-limited square wave."""
    harmonics = range(1, int(0.45 * RATE / hz) + 1, 2)
    return sum((np.sin(2.0 * np.pi * k * hz * t) / k for k in harmonics), np.zeros_like(t))


def noise(t: Sound, seed: int) -> Sound:
    """White noise in −1 … 1."""
    return (np.random.PCG64(seed).random_raw(len(t)) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def band(sound: Sound, low_hz: float = 0.0, high_hz: float = 0.0, order: int = 2) -> Sound:
    """`sound` between the corner frequencies (0: no corner), Butterworth in magnitude and without phase.

    Meant for steady signals: shape time afterwards.
    """
    hz = np.fft.rfftfreq(len(sound), 1.0 / RATE)
    gain = np.ones_like(hz)
    if low_hz:
        gain /= np.sqrt(1.0 + (low_hz / np.maximum(hz, 1e-3)) ** (2 * order))
    if high_hz:
        gain /= np.sqrt(1.0 + (hz / high_hz) ** (2 * order))
    return unit(np.fft.irfft(np.fft.rfft(sound) * gain, len(sound)))


def metal(t: Sound, base_hz: float, low_hz: float) -> Sound:
    """Six square waves at inharmonic ratios, high-passed at `low_hz`: the source of electronic cymbals."""
    ratios = (1.0, 1.483, 1.8, 2.546, 2.63, 3.897)
    return band(sum((square(base_hz * ratio, t + 0.01) for ratio in ratios), np.zeros_like(t)), low_hz, order=4)


def modes(t: Sound, table: tuple[tuple[float, float, float], ...]) -> Sound:
    """A struck body: decaying sines, each given by (frequency, level, 60 dB time)."""
    return sum((level * sine(hz, t) * decay(t, fall) for hz, level, fall in table), np.zeros_like(t))


def unit(sound: Sound) -> Sound:
    """`sound` scaled to a peak of 1."""
    return sound / np.abs(sound).max()


def at(dur_s: float, *events: tuple[float, float, Sound]) -> Sound:
    """A mix of `dur_s` seconds of (onset in seconds, gain, sound); what hangs over is cut."""
    mix = np.zeros(round(dur_s * RATE))
    for onset_s, gain, sound in events:
        onset = round(onset_s * RATE)
        piece = sound[: max(0, len(mix) - onset)]
        mix[onset : onset + len(piece)] += gain * piece
    return mix


def finish(sound: Sound, peak_db: float = -1.5, fade_s: float = 0.008) -> Sound:
    """`sound` at a peak of `peak_db`, faded to zero over its last `fade_s`."""
    faded = sound.copy()
    length = min(round(fade_s * RATE), len(sound))
    faded[-length:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, length + 1) / length)
    return unit(faded) * 10.0 ** (peak_db / 20.0)
