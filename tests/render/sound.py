"""Renders small scores for tests, and the numbers that tests compare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from farm.graph.graph import Graph
from farm.graph.score import Score, understand
from farm.options import RenderOptions
from farm.rendering import stream
from farm.rendering.outline import outline
from farm.rendering.report import Report
from farm.rendering.session import render
from farm.rendering.warm import Warm
from farm.score import Source
from workers.levels import NAMES
from workers.targets import objects

Frames = NDArray[np.float32]

RATE = 8000
BANK = Path(__file__).resolve().parents[2] / "farm" / "bank"
LEVELS = NAMES


def score(text: str) -> Score:
    """A score from text."""
    return understand(Source("test.ph", text))


def asked(**options: Any) -> RenderOptions:
    """Options for looking at frames: one cycle, no tail, no fades, gain 1, a low rate."""
    bare: dict[str, Any] = {"tail": "none", "fade_in": 0.0, "fade_out": 0.0, "gain": 1.0, "rate": RATE}
    bare["clip"] = "none"
    if "duration" not in options:
        bare["cycles"] = Fraction(1)
    return RenderOptions(**{**bare, **options})


def frames(text: str, **options: Any) -> Frames:
    """The frames of a score, float32 (frames, 2)."""
    return render(score(text), asked(**options))


def run(
    loaded: Score, options: RenderOptions, take: Callable[[Frames], object] = len, warm: Warm | None = None
) -> Report:
    """Renders into `take`; what the render tells of itself."""
    derived = outline(loaded, options)
    if warm is not None:
        return stream.run(derived, warm, lambda block: take(block.frames))
    with Warm() as own:
        return stream.run(derived, own, lambda block: take(block.frames))


def report(text: str, **options: Any) -> Report:
    """What a render tells of itself."""
    return run(score(text), asked(**options))


def left(text: str, **options: Any) -> NDArray[np.float64]:
    """The left channel, float64 (frames,)."""
    return frames(text, **options)[:, 0].astype(np.float64)


def stems(text: str, **options: Any) -> dict[str, Frames]:
    """The frames of each output alone, float32 (frames, 2)."""
    given = asked(**options)
    loaded = understand(Source("test.ph", text), seed=given.seed)
    found = {}
    for name in loaded.outputs:
        alone = Alone(*(getattr(loaded, one.name) for one in fields(loaded)))
        object.__setattr__(alone, "output", name)
        found[name] = render(alone, given)
    return found


class Alone(Score):
    """A score of which one output is heard."""

    output: str

    def graph(self, seed: int) -> Graph:
        """The graph with that output alone."""
        graph = super().graph(seed)
        return replace(graph, outputs=tuple(output for output in graph.outputs if output.name == self.output))


def digest(sound: Frames) -> str:
    """A hash of the very bits."""
    return hashlib.sha256(np.ascontiguousarray(sound).tobytes()).hexdigest()


def same_bits(a: Frames, b: Frames, what: str = "") -> None:
    """Asserts that two renders are equal bit for bit; says where they part."""
    assert a.shape == b.shape, f"{what}: {a.shape} frames, not {b.shape}"
    differ = np.flatnonzero((a.view(np.uint32) != b.view(np.uint32)).any(axis=1))
    if len(differ):
        at = int(differ[0])
        raise AssertionError(f"{what}: {len(differ)} frames differ, first frame {at}: {a[at]} and {b[at]}")


def missing_level(level: str) -> str | None:
    """Why this machine cannot run code of a CPU level; None if it can."""
    found = objects.host_levels()
    return None if level in found else f"this machine cannot run x86-64-{level}: it has {', '.join(found)}"


def sample(bank: str, index: int = 0) -> NDArray[np.float64]:
    """A recording of the built-in bank, as it lies in its file (44.1 kHz)."""
    paths = sorted((BANK / bank).glob("*.wav"))
    data, rate = soundfile.read(paths[index % len(paths)], dtype="float64")
    assert rate == 44100
    return np.asarray(data)


def placed(parts: list[tuple[int, NDArray[np.float64]]], count: int) -> NDArray[np.float64]:
    """The sum of signals, each from its frame on, cut to `count` frames."""
    total = np.zeros(count)
    for at, signal in parts:
        stop = min(at + len(signal), count)
        total[at:stop] += signal[: stop - at]
    return total


def oscillation(frequency_hz: float, count: int, rate: int = RATE) -> NDArray[np.float64]:
    """sin(2 pi f t) from phase 0."""
    return np.sin(2 * np.pi * frequency_hz * np.arange(count) / rate)


def frequency_of(signal: NDArray[np.float64], near_hz: float, rate: int = RATE) -> float:
    """The frequency of a steady sine in Hz: the drift of its phase against `near_hz` between two windowed halves."""
    half = len(signal) // 2
    window = np.hanning(half)
    turning = np.exp(-2j * np.pi * near_hz * np.arange(2 * half) / rate) * signal[: 2 * half]
    drift = np.angle((turning[half:] * window).sum() / (turning[:half] * window).sum())
    return float(near_hz + drift / (2 * np.pi) * rate / half)


def level_at(signal: NDArray[np.float64], frequency_hz: float, rate: int = RATE) -> float:
    """The amplitude of one frequency in a signal (Hann window)."""
    window = np.hanning(len(signal))
    turning = np.exp(-2j * np.pi * frequency_hz * np.arange(len(signal)) / rate)
    return float(2 * abs((signal * window * turning).sum()) / window.sum())


def rms(signal: NDArray[Any]) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(signal.astype(np.float64))))) if len(signal) else 0.0
