"""Plays one node on machine code, with parameters in the language's units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.catalog import Shape, catalog
from workers.simd import LANES, Floats
from workers.targets.python import KernelCall

from ..workers.harness import RATE_HZ, Machine, fresh_state, give_lines, in_kernel_units

Values = float | NDArray[Any]


def play(
    machine: Machine,
    name: str,
    frames: int,
    params: Mapping[str, Values] | None = None,
    *,
    inputs: Mapping[str, NDArray[Any]] | None = None,
    signals: bool = False,
    frame: int = 0,
    gate_frames: float = 1e6,
    side: float | NDArray[Any] = 0.0,
    origin: int | NDArray[Any] = 0,
    seed: int | NDArray[Any] = 1,
    ring_frames: int = 65536,
    rate_hz: int = RATE_HZ,
    lanes: int = LANES,
    state: Mapping[str, NDArray[Any]] | None = None,
) -> Floats:
    """Output, float32 (frames, lanes). A param is a number, a value per lane, or, with `signals`, (frames, lanes)."""
    node = catalog()[name]
    given: dict[str, Any] = {}
    for param in node.params:
        value = np.asarray((params or {}).get(param.name, param.default), np.float64)
        if signals:
            value = value[:, None] if value.ndim == 1 and len(value) == frames else value
            given[param.name] = np.broadcast_to(value, (frames, lanes)).astype(np.float32)
        else:
            given[param.name] = in_kernel_units(param, np.broadcast_to(value, lanes), rate_hz)
    fixtures = {
        "origin": np.broadcast_to(origin, lanes).astype(np.uint32),
        "since": np.broadcast_to(origin, lanes).astype(np.uint32),
        "past": np.zeros(lanes, np.float32),
        "seed": np.broadcast_to(seed, lanes).astype(np.uint32),
        "gate_frames": np.full(lanes, gate_frames, np.float32),
        "period_s": np.full(lanes, 1.0 / rate_hz, np.float32),
        "rate_hz": np.full(lanes, rate_hz, np.float32),
        "side": np.broadcast_to(side, lanes).astype(np.float32),
    }
    heard = {}
    for port in node.ports:
        x = np.asarray((inputs or {})[port.name], np.float32)
        heard[port.name] = np.broadcast_to(x[:, None] if x.ndim == 1 else x, (frames, lanes)).copy()
    call = KernelCall(
        definition=node,
        frame=frame,
        frames=frames,
        lanes=lanes,
        inputs=heard,
        params=given,
        signals=frozenset(given) if signals else frozenset(),
        fixtures=fixtures,
        state=dict(state) if state else fresh_state(node, lanes),
    )
    if node.shape is Shape.CHANNELS:
        give_lines(call, rate_hz)
    elif node.ring is not None:
        call.ring = np.zeros((ring_frames, lanes), np.float32)
    return machine.run(call)


def impulse(frames: int, at: int = 0) -> Floats:
    """1 at one frame, else 0."""
    x = np.zeros(frames, np.float32)
    x[at] = 1.0
    return x


def white(frames: int, seed: int = 0) -> Floats:
    """Uniform noise from -1 to 1."""
    return np.random.default_rng(seed).uniform(-1.0, 1.0, frames).astype(np.float32)


def amplitudes(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amplitudes at whole Hz, from exactly `RATE_HZ` frames, by a Blackman-Harris window: for tones 4 Hz apart."""
    n = np.arange(RATE_HZ) / RATE_HZ
    window = (
        0.35875 - 0.48829 * np.cos(2 * np.pi * n) + 0.14128 * np.cos(4 * np.pi * n) - 0.01168 * np.cos(6 * np.pi * n)
    )
    return np.abs(np.fft.rfft(y * window)) / (RATE_HZ * 0.35875 / 2)


def alias_levels(y: NDArray[np.float64], freqs_hz: Sequence[float]) -> dict[int, float]:
    """Level in dB relative to the loudest fundamental of each place where a partial above half the rate folds to.

    `y` is one second of tones with all partials of `freqs_hz`; places near a partial that is no alias are left out.
    """
    level = 20 * np.log10(amplitudes(y) + 1e-12)
    partials = (np.arange(1, 200)[:, None] * np.asarray(freqs_hz)).ravel()
    low = partials < RATE_HZ / 2
    fundamental = max(level[round(hz) - 2 : round(hz) + 3].max() for hz in freqs_hz)
    found = {}
    for hz in np.abs((partials[~low] + RATE_HZ / 2) % RATE_HZ - RATE_HZ / 2):
        if np.min(np.abs(partials[low] - hz)) > 12 and 12 < hz < RATE_HZ / 2 - 12:
            found[round(hz)] = level[round(hz) - 2 : round(hz) + 3].max() - fundamental
    return found
