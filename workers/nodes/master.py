"""Internal node of the output stage: all outputs summed, with the master gain, as frames; and how loud each one is."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Port, Shape, node
from workers.simd import F, Floats, absolute, load, load_some, maximum, pair, store, whole


def louder(level: Floats, left: Floats, right: Floats) -> Floats:
    """The greatest magnitude so far; NaN for good once a value was not finite (x - x is NaN for those)."""
    loud: Floats = maximum(maximum(absolute(left), absolute(right)), level)
    return loud + ((left - left) + (right - right))


@node(
    role="internal",
    ports=(Port("signals"), Port("offsets"), Port("gain"), Port("levels"), Port("target")),
    numbers=("count", "plane"),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=0.1,
)
def master(
    signals: Any, offsets: Any, gain: Any, levels: Any, target: Any, frames: int, count: int, plane: int
) -> None:
    """The sum of `count` stereo signals times `gain`, as frames: left, right, left, right ...

    `offsets`: where in `signals` each begins, int64. Sums begin at +0.0 and follow that order. `levels` receives 8
    magnitudes for each signal, then 8 for the result: the greatest among frames 8 k + 0, 8 k + 1, ...; NaN where a
    value was not finite. Writes up to 7 frames past the end.
    """
    for k in range(count + 1):
        store(levels, k * 8, F(0.0))
    for i in range(0, frames, 8):
        left = F(0.0)
        right = F(0.0)
        for k in range(count):
            at = whole(offsets, k) + i
            if i + 8 <= frames:
                one = load(signals, at)
                other = load(signals, at + plane)
            else:
                one = load_some(signals, at, frames - i)
                other = load_some(signals, at + plane, frames - i)
            store(levels, k * 8, louder(load(levels, k * 8), one, other))
            left = left + one
            right = right + other
        left = left * load(gain, 0)
        right = right * load(gain, 0)
        store(levels, count * 8, louder(load(levels, count * 8), left, right))
        store(target, i * 2, pair(left, right, 0))
        store(target, i * 2 + 2, pair(left, right, 1))
        store(target, i * 2 + 4, pair(left, right, 2))
        store(target, i * 2 + 6, pair(left, right, 3))
        store(target, i * 2 + 8, pair(left, right, 4))
        store(target, i * 2 + 10, pair(left, right, 5))
        store(target, i * 2 + 12, pair(left, right, 6))
        store(target, i * 2 + 14, pair(left, right, 7))
