"""Drums and percussion: one function a kind of instrument."""

from __future__ import annotations

import numpy as np

from bankmaking.parts import (
    Sound,
    band,
    decay,
    finish,
    glide,
    metal,
    modes,
    noise,
    saw,
    sine,
    square,
    swell,
    time,
    unit,
)


def kick(from_hz: float, to_hz: float, half_s: float, dur_s: float, drive: float, click: float) -> Sound:
    """Bass drum: a sine that falls in pitch, driven into saturation, with a click of noise on top."""
    t = time(dur_s)
    body = np.tanh(drive * sine(glide(t, from_hz, to_hz, half_s), t) * decay(t, dur_s * 1.1)) / np.tanh(drive)
    return finish(body + click * band(noise(t, 11), 1500.0) * decay(t, 0.012))


def deep_kick(hz: float, dur_s: float, punch: float, drive: float) -> Sound:
    """Bass drum of a drum machine: a long, nearly pure sine with a short upward bend at its start."""
    t = time(dur_s)
    body = sine(hz * (1.0 + punch * decay(t, 0.06)), t) * decay(t, dur_s * 1.1)
    return finish(np.tanh(drive * body) + 0.12 * band(noise(t, 12), 800.0, 5000.0) * decay(t, 0.01))


def snare(hz: float, wires: float, low_hz: float, fall_s: float, seed: int) -> Sound:
    """Snare: two modes of the head (1 : 1.6), and noise of the wires above `low_hz`."""
    t = time(min(0.3, fall_s))
    head = modes(t, ((hz, 1.0, 0.14), (hz * 1.6, 0.5, 0.09))) + 0.4 * sine(glide(t, 3 * hz, hz, 0.006), t) * decay(
        t, 0.04
    )
    return finish(unit(head) + wires * band(noise(t, seed), low_hz, 11_000.0) * decay(t, fall_s))


def hat(base_hz: float, low_hz: float, fall_s: float, hiss: float, dur_s: float, seed: int = 31) -> Sound:
    """Hi-hat: high-passed inharmonic squares and noise; `fall_s` makes it closed or open."""
    t = time(dur_s)
    plate = metal(t, base_hz, low_hz) + hiss * band(noise(t, seed), low_hz, order=4)
    return finish(plate * (0.65 * decay(t, fall_s) + 0.35 * decay(t, 0.02)), -2.0)


def clap(centre_hz: float, gap_s: float, bursts: int, fall_s: float, seed: int) -> Sound:
    """Hand clap: short bursts of band-limited noise, `gap_s` apart, and the room after the last."""
    t = time(0.21)
    hands = sum((decay(t - burst * gap_s, 0.02) for burst in range(bursts)), np.zeros_like(t))
    room = 0.7 * decay(t - bursts * gap_s, fall_s)
    return finish(band(noise(t, seed), centre_hz * 0.7, centre_hz * 1.9, order=3) * (hands + room))


def rim(hz: float, ratio: float, fall_s: float) -> Sound:
    """Rim shot: two short high modes and a tick."""
    t = time(0.1)
    body = modes(t, ((hz, 1.0, fall_s), (hz * ratio, 0.7, fall_s * 0.7)))
    return finish(body + 0.4 * band(noise(t, 41), 3000.0) * decay(t, 0.006))


def tom(hz: float, dur_s: float, bend: float, skin: float = 0.1) -> Sound:
    """Tom: a sine that settles on `hz` from `bend` above it, its first overtone, and a little noise of the skin."""
    t = time(dur_s)
    pitch = hz * (1.0 + bend * decay(t, 0.15))
    body = (sine(pitch, t) + 0.25 * sine(1.59 * pitch, t) * decay(t, 0.12)) * decay(t, dur_s * 1.05)
    return finish(body + skin * band(noise(t, 51), 300.0, 4000.0) * decay(t, 0.05))


def hand_drum(hz: float, dur_s: float, slap: float, seed: int) -> Sound:
    """Conga, djembe: the modes of a round skin, and the slap of the hand."""
    t = time(dur_s)
    skin = modes(t, ((hz, 1.0, dur_s), (hz * 1.593, 0.45, dur_s * 0.5), (hz * 2.136, 0.3, dur_s * 0.35)))
    return finish(unit(skin) + slap * band(noise(t, seed), 900.0, 6000.0) * decay(t, 0.035))


def cowbell() -> Sound:
    """Cowbell: two squares, 540 and 800 Hz."""
    t = time(0.35)
    pair = square(540.0, t) + square(800.0, t)
    return finish(band(pair, 500.0, 5000.0, order=1) * (0.6 * decay(t, 0.35) + 0.4 * decay(t, 0.03)))


def shaker(low_hz: float, attack_s: float, fall_s: float, seed: int) -> Sound:
    """Shaker: a puff of high noise that swells before it falls."""
    t = time(0.16)
    puff = swell(t, attack_s) * decay(np.maximum(t - attack_s, 0.0), fall_s)
    return finish(band(noise(t, seed), low_hz, 14_000.0, order=3) * puff, -2.5)


def tambourine() -> Sound:
    """Tambourine: jingles (high modes) shaken three times close together."""
    t = time(0.28)
    jingles = band(noise(t, 61), 6000.0, order=4) + 0.5 * metal(t, 1140.0, 5000.0)
    shakes = decay(t, 0.16) + 0.5 * decay(t - 0.035, 0.12) + 0.35 * decay(t - 0.07, 0.2)
    return finish(jingles * shakes, -2.5)


def ride(base_hz: float, bell: float, low_hz: float) -> Sound:
    """Ride cymbal: a stick's ping, bell modes and a long wash of metal."""
    dur_s = 0.7
    t = time(dur_s)
    wash = metal(t, base_hz, low_hz) * (0.5 * decay(t, 0.9) + 0.5 * decay(t, 0.08))
    ping = modes(t, ((base_hz * 2.1, 1.0, 0.5), (base_hz * 3.37, 0.7, 0.4), (base_hz * 5.43, 0.5, 0.3)))
    return finish(wash + bell * unit(ping), -2.0, fade_s=0.1)


def woodblock(hz: float) -> Sound:
    """A small block of wood: two quick modes."""
    t = time(0.16)
    return finish(modes(t, ((hz, 1.0, 0.12), (hz * 2.57, 0.5, 0.06), (hz * 4.1, 0.2, 0.03))))


def stab() -> Sound:
    """Stab: a short minor chord of saws whose top closes."""
    t = time(0.4)
    chord = sum((saw(hz, t + 0.003) for hz in (130.81, 155.56, 196.0, 261.63)), np.zeros_like(t))
    bright, dull = band(chord, 80.0, 6000.0), band(chord, 80.0, 900.0)
    return finish((bright * decay(t, 0.2) + dull) * decay(t, 0.5))


def blip(hz: float) -> Sound:
    """A short square tone."""
    t = time(0.12)
    return finish(band(square(hz, t + 1e-4), high_hz=6000.0, order=1) * decay(t, 0.18), -3.0)


def rimshot_noise(hz: float, low_hz: float) -> Sound:
    """A rim shot of a whole drum: the rim's click over the ring of the head."""
    t = time(0.12)
    head = modes(t, ((hz, 0.8, 0.09), (hz * 2.3, 0.6, 0.06), (hz * 4.7, 0.5, 0.04)))
    return finish(head + 0.5 * band(noise(t, 42), low_hz) * decay(t, 0.03))
