"""Internal node of an output path: what it takes is mixed, with gain and fades; and how loud each output is."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Port, Shape, node
from workers.simd import (
    F,
    Floats,
    Memory,
    absolute,
    iota,
    load,
    load_some,
    maximum,
    minimum,
    select,
    store,
    to_float,
    whole,
    word,
)


def louder(level: Floats, left: Floats, right: Floats) -> Floats:
    """The greatest magnitude so far; NaN for good once a value was not finite (x - x is NaN for those)."""
    loud: Floats = maximum(maximum(absolute(left), absolute(right)), level)
    return loud + ((left - left) + (right - right))


def eight(memory: Memory, index: int, count: int) -> Floats:
    """Eight neighbours from `index` on; of `count` < 8 those that are there, and zeros."""
    if count < 8:
        found = load_some(memory, index, count)
    else:
        found = load(memory, index)
    return found


def faded(value: Floats, frame: int, fade_in: int, fade_from: int, fade_to: int, cut: int) -> Floats:
    """Eight frames from number `frame` on, faded linearly: from 0 at 0 to 1 at `fade_in`, from 1 at `fade_from` to 0 at
    `fade_to`; from `cut` on there is silence."""
    result = value
    if frame < fade_in:
        rising = to_float(word(frame) + iota()) / to_float(word(fade_in))
        result = result * minimum(rising, F(1.0))
    if frame + 8 > fade_from:
        left = to_float(word(fade_to - frame) - iota()) / to_float(word(fade_to - fade_from))
        result = result * minimum(maximum(left, F(0.0)), F(1.0))
    if frame + 8 > cut:
        result = select(iota() < word(max(cut - frame, 0)), result, F(0.0))
    return result


@node(
    role="internal",
    ports=(Port("signals"), Port("offsets"), Port("terms"), Port("gain"), Port("levels"), Port("target")),
    numbers=("count", "plane", "channel_count", "step", "fade_in", "fade_from", "fade_to", "cut"),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=0.15,
)
def master(
    signals: Any,
    offsets: Any,
    terms: Any,
    gain: Any,
    levels: Any,
    target: Any,
    frame: int,
    frames: int,
    count: int,
    plane: int,
    channel_count: int,
    step: int,
    fade_in: int,
    fade_from: int,
    fade_to: int,
    cut: int,
) -> None:
    """Sums of planes of `count` stereo signals, times `gain`, faded: `channel_count` planes, `step` floats apart.

    `offsets`: where in `signals` each begins, int64. `terms`, int64: where the terms of each channel begin and where
    those of the last end, (channel_count + 1), then for each term the place of a plane in `signals`, and whether it is
    the mean of that plane and the next. Sums begin at +0.0 and follow that order. `levels` receives 8 magnitudes for
    each signal, then 8 for the result before its fades: the greatest among frames 8 k + 0, 8 k + 1, ...; NaN where a
    value was not finite. What is not finite is written as 0. Writes up to 7 frames past the end.
    """
    for k in range(count + 1):
        store(levels, k * 8, F(0.0))
    for i in range(0, frames, 8):
        for k in range(count):
            at = whole(offsets, k) + i
            one = eight(signals, at, frames - i)
            other = eight(signals, at + plane, frames - i)
            store(levels, k * 8, louder(load(levels, k * 8), one, other))
        loud = load(levels, count * 8)
        for c in range(channel_count):
            total = F(0.0)
            for t in range(whole(terms, c), whole(terms, c + 1)):
                at = whole(terms, channel_count + 1 + 2 * t) + i
                part = eight(signals, at, frames - i)
                if whole(terms, channel_count + 2 + 2 * t) == 1:
                    part = (part + eight(signals, at + plane, frames - i)) * F(0.5)
                total = total + part
            total = total * load(gain, 0)
            loud = louder(loud, total, total)
            heard = faded(total, frame + i, fade_in, fade_from, fade_to, cut)
            store(target, c * step + i, select(heard - heard == F(0.0), heard, F(0.0)))
        store(levels, count * 8, loud)
