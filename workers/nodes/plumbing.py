"""Internal nodes that move signals: stereo memory to lanes and back, slices of voices to stereo, one frame back.

A stereo signal is two planes in the arena, `plane` floats apart. A lanes signal is (frames, 8) in scratch; on a bus
lane 0 is left and lane 1 right. Kernels here work 8 frames at a time and may write up to 7 frames past the block:
signals are padded, and the next block writes those frames again.
"""

from __future__ import annotations

from typing import Any

from workers.catalog import CARRIED, STATELESS, Port, Shape, node
from workers.simd import F, Floats, Memory, load, load_strided, mean_pair, pair, store, transpose


def paired(out: Memory, at: int, left: Floats, right: Floats) -> None:
    """Eight frames of two sides to bus lanes, from `at` on."""
    store(out, at, pair(left, right, 0))
    store(out, at + 8, pair(left, right, 1))
    store(out, at + 16, pair(left, right, 2))
    store(out, at + 24, pair(left, right, 3))
    store(out, at + 32, pair(left, right, 4))
    store(out, at + 40, pair(left, right, 5))
    store(out, at + 48, pair(left, right, 6))
    store(out, at + 56, pair(left, right, 7))


@node(
    role="internal",
    ports=(Port("signals"),),
    numbers=("count", "stride", "plane"),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=0.1,
)
def mix(signals: Any, out: Any, frames: int, count: int, stride: int, plane: int) -> None:
    """The sum of `count` stereo signals, `stride` floats apart, from +0.0 and in their order; to bus lanes."""
    for i in range(0, frames, 8):
        left = F(0.0)
        right = F(0.0)
        for k in range(count):
            left = left + load(signals, k * stride + i)
            right = right + load(signals, k * stride + plane + i)
        paired(out, i * 8, left, right)


@node(
    role="internal",
    ports=(Port("signals"),),
    numbers=("plane",),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=0.1,
)
def broadcast(signals: Any, out: Any, frames: int, plane: int) -> None:
    """A stereo signal, left and right averaged, to every lane of a voice."""
    for i in range(0, frames, 8):
        left = load(signals, i)
        right = load(signals, plane + i)
        store(out, i * 8, mean_pair(left, right, 0))
        store(out, i * 8 + 8, mean_pair(left, right, 1))
        store(out, i * 8 + 16, mean_pair(left, right, 2))
        store(out, i * 8 + 24, mean_pair(left, right, 3))
        store(out, i * 8 + 32, mean_pair(left, right, 4))
        store(out, i * 8 + 40, mean_pair(left, right, 5))
        store(out, i * 8 + 48, mean_pair(left, right, 6))
        store(out, i * 8 + 56, mean_pair(left, right, 7))


@node(
    role="internal",
    ports=(Port("input"), Port("target")),
    numbers=("plane",),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=0.1,
)
def keep(input: Any, target: Any, frames: int, plane: int) -> None:
    """Bus lanes to a stereo signal in the arena."""
    for i in range(0, frames, 8):
        store(target, i, load_strided(input, i * 8, 8))
        store(target, plane + i, load_strided(input, i * 8 + 1, 8))


@node(
    role="internal",
    ports=(Port("input"), Port("target")),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=0.05,
)
def keep_side(input: Any, target: Any, frames: int) -> None:
    """Lane 0 to one plane of a stereo signal in the arena."""
    for i in range(0, frames, 8):
        store(target, i, load_strided(input, i * 8, 8))


@node(
    role="internal",
    ports=(Port("signals"),),
    numbers=("plane",),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=0.1,
)
def resume(signals: Any, out: Any, frames: int, plane: int) -> None:
    """A stereo signal to bus lanes, bit by bit as `keep` left it: a zero keeps its sign, which a sum would not."""
    for i in range(0, frames, 8):
        left = load(signals, i)
        right = load(signals, plane + i)
        paired(out, i * 8, left, right)


def frame_of(low: Memory, high: Memory, frame: int, gain_low: Floats, gain_high: Floats) -> Floats:
    """One frame of both halves of a slice, each lane times its gain: 8 sums."""
    total: Floats = (F(0.0) + load(low, frame * 8) * gain_low) + load(high, frame * 8) * gain_high
    return total


def folded(low: Memory, high: Memory, i: int, gain_low: Floats, gain_high: Floats) -> Floats:
    """8 frames of a slice's sum over its 16 lanes, as a tree."""
    a, b, c, d, e, f, g, h = transpose(
        frame_of(low, high, i, gain_low, gain_high),
        frame_of(low, high, i + 1, gain_low, gain_high),
        frame_of(low, high, i + 2, gain_low, gain_high),
        frame_of(low, high, i + 3, gain_low, gain_high),
        frame_of(low, high, i + 4, gain_low, gain_high),
        frame_of(low, high, i + 5, gain_low, gain_high),
        frame_of(low, high, i + 6, gain_low, gain_high),
        frame_of(low, high, i + 7, gain_low, gain_high),
    )
    total: Floats = ((a + e) + (c + g)) + ((b + f) + (d + h))
    return total


@node(
    role="internal",
    ports=(Port("low"), Port("high"), Port("gains"), Port("target")),
    numbers=("plane",),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=0.15,
)
def fold(low: Any, high: Any, gains: Any, target: Any, frames: int, plane: int) -> None:
    """A slice of 16 voices to its private stereo sum. `gains`: 16 left gains, then 16 right gains."""
    left_low = load(gains, 0)
    left_high = load(gains, 8)
    right_low = load(gains, 16)
    right_high = load(gains, 24)
    for i in range(0, frames, 8):
        store(target, i, folded(low, high, i, left_low, left_high))
        store(target, plane + i, folded(low, high, i, right_low, right_high))


@node(role="internal", memory=CARRIED, state=("value",), cost_ns=0.1)
def recall(state: Any, out: Any, frames: int) -> None:
    """The value that `remember` kept: the frame before. Only in groups that run one frame at a time."""
    for i in range(frames):
        out[i] = state.value


@node(role="internal", ports=(Port("input"),), memory=CARRIED, state=("value",), cost_ns=0.1)
def remember(input: Any, state: Any, frames: int) -> None:
    """Keeps the last frame for the `recall` that shares its state."""
    for i in range(frames):
        state.value = input[i]
