"""Longer sounds: bars of drums, tones and textures that stand in for recordings."""

from __future__ import annotations

import numpy as np

from bankmaking import drums
from bankmaking.parts import Sound, at, band, decay, finish, glide, modes, noise, saw, sine, square, swell, time


def bar(bpm: float, kicks: str, snares: str, hats: str, *, kick: Sound, snare: Sound) -> Sound:
    """One bar of sixteen steps: a digit of each line is the loudness, 1 to 9, of the hit on that step."""
    step_s = 15.0 / bpm
    hat = drums.hat(520.0, 6500.0, 0.06, 0.6, 0.1)
    lines = ((kicks, kick), (snares, snare), (hats, hat * 0.5))
    events = [
        (step * step_s, int(loudness) / 9.0, sound)
        for line, sound in lines
        for step, loudness in enumerate(line)
        if loudness != "."
    ]
    return finish(np.tanh(1.3 * at(16 * step_s, *events)))


def break_125() -> Sound:
    """A plain, heavy bar."""
    kick, snare = drums.kick(150.0, 52.0, 0.012, 0.25, 1.5, 0.4), drums.snare(190.0, 0.8, 1200.0, 0.2, 71)
    return bar(125.0, "9.....9...9.....", "....9..2.2..9..3", "9.7.9.7.9.7.9.77", kick=kick, snare=snare)


def break_152() -> Sound:
    """A fast, syncopated bar."""
    kick, snare = drums.kick(170.0, 60.0, 0.010, 0.2, 1.8, 0.6), drums.snare(225.0, 0.9, 1800.0, 0.16, 72)
    return bar(152.0, "9..9......98....", "....9..3.3..9.43", "9797979797979797", kick=kick, snare=snare)


def amen() -> Sound:
    """A bar with ghost notes around two back beats; no two of its eighths are alike."""
    kick, snare = drums.kick(140.0, 65.0, 0.012, 0.18, 1.3, 0.5), drums.snare(205.0, 0.9, 900.0, 0.19, 73)
    return bar(137.0, "9.5..4.76.97....", "....9..4.5..9.36", "9.79..9.8.6.9.7.", kick=kick, snare=snare)


def amen_slice(index: int) -> Sound:
    """One eighth of `amen`."""
    whole = amen()
    size = len(whole) // 8
    return finish(whole[index * size : (index + 1) * size], fade_s=0.004)


def industrial() -> Sound:
    """Struck sheet metal: crowded modes through saturation, then their echo."""
    t = time(0.9)
    sheet = modes(t, tuple((97.0 * ratio, 1.0 / (1 + i), 1.2 / (1 + 0.2 * i)) for i, ratio in enumerate(_PLATE)))
    hit = np.tanh(3.0 * sheet + 2.0 * band(noise(t, 81), 400.0, 5000.0) * decay(t, 0.06))
    return finish(at(1.4, (0.0, 1.0, hit), (0.3, 0.5, hit), (0.45, 0.35, hit[::2])), fade_s=0.1)


_PLATE = (1.0, 2.09, 2.83, 4.36, 5.92, 7.19, 9.43, 11.7, 14.2, 17.9)


def birds() -> Sound:
    """Chirps: short glides between 2 and 6 kHz at irregular times."""
    calls = ((0.0, 4200.0, 2600.0), (0.16, 4500.0, 2800.0), (0.5, 3000.0, 5200.0), (0.6, 3100.0, 5600.0))
    calls += ((0.95, 5800.0, 4100.0), (1.02, 5700.0, 4000.0), (1.09, 5600.0, 3900.0), (1.35, 2500.0, 3600.0))
    t = time(0.09)
    shape = np.sin(np.pi * np.minimum((t + 0.0035) / 0.09, 1.0)) ** 0.7
    chirps = [
        (onset, 0.7 + 0.3 * (i % 2), sine(glide(t, a, b, 0.03), t) * shape) for i, (onset, a, b) in enumerate(calls)
    ]
    return finish(at(1.6, *chirps), -2.5)


def plucked(hz: float, dur_s: float, bright: float) -> Sound:
    """A plucked string: harmonics of a string plucked near its end, the higher ones gone sooner."""
    t = time(dur_s)
    harmonics = range(1, int(8000.0 / hz))
    table = tuple((k * hz, np.sin(np.pi * k * 0.14) / k**1.2, dur_s * 1.6 / (1 + k / bright)) for k in harmonics)
    return modes(t, table) + 0.05 * band(noise(t, 82), 2000.0) * decay(t, 0.01)


def guitar() -> Sound:
    """A strummed E minor chord."""
    chord = (82.41, 123.47, 164.81, 196.0, 246.94, 329.63)
    strings = [(0.012 * i, 1.0 - 0.08 * i, plucked(hz, 1.3, 5.0)) for i, hz in enumerate(chord)]
    return finish(at(1.3, *strings), fade_s=0.1)


def casio() -> Sound:
    """A small keyboard: two slow square waves, a fifth apart, with vibrato of level."""
    t = time(0.6)
    tone = square(261.63, t) + 0.6 * square(392.0, t)
    return finish(band(tone, 100.0, 4000.0, order=1) * decay(t, 1.2) * (1.0 + 0.2 * sine(6.0, t)), -3.0, fade_s=0.05)


def electric_bass() -> Sound:
    """A synthetic bass note with a closing filter."""
    t = time(0.8)
    open_, closed = saw(55.0, t + 0.005, 3000.0), saw(55.0, t + 0.005, 300.0)
    return finish((open_ * decay(t, 0.35) + closed) * decay(t, 1.2), fade_s=0.05)


def vowel(hz: float, formants: tuple[float, float, float]) -> Sound:
    """A sung letter: a saw through three formants."""
    t = time(0.36)
    voice = saw(hz, t + 0.002)
    mouth = sum(
        (level * band(voice, f * 0.92, f * 1.08, order=3) for f, level in zip(formants, (1.0, 0.6, 0.3))),
        np.zeros_like(t),
    )
    return finish(mouth * swell(t, 0.02, 0.6) * decay(t, 0.9), -2.5, fade_s=0.06)
