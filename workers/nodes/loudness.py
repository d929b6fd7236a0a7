"""Internal node of an output path: how loud what is delivered sounds, and its true peak (ITU-R BS.1770-4).

Each channel passes the recommendation's two filters, a shelf for the head and a high-pass, here as state variable
filters by the trapezoidal rule (A. Simper, "Solving the continuous SVF equations using trapezoidal integration", 2013):
the same responses, and exact in float32 at every rate. Its energy is summed up in cells of 100 ms, of which whoever
reads them makes gates and loudness.
"""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Port, Shape, node
from workers.dsp.true_peak import LARGEST, TAPS, true_peaks
from workers.nodes.limiter import kept
from workers.simd import (
    F,
    Floats,
    Memory,
    absolute,
    load,
    load_some,
    load_strided,
    maximum,
    select,
    splat,
    store,
    store_some,
)
from workers.wire import HELD, PLANE

WEIGHTS = len(TAPS)
"""Where the filters stand behind the taps of true peaks: the shelf's three factors, its damping, what it adds up of the
high and of the band; the same of the high-pass, and by how much it is too low."""
FAINT = 1e-20


def settled(value: Floats) -> Floats:
    """A state that has all but decayed is 0."""
    return select(F(FAINT) < absolute(value), value, F(0.0))


def weighted(
    sound: Memory, at: int, step: int, count: int, many: int, taps: Memory, carried: Memory, held: int
) -> None:
    """Filters `many` frames of `count` channels, the first at `at` and each `step` floats behind the one before; adds
    up their energy. What is carried lies at `held`."""
    a = load(carried, held)
    b = load(carried, held + 8)
    c = load(carried, held + 16)
    d = load(carried, held + 24)
    energy = load(carried, held + 32)
    for k in range(many):
        value = load_some(sound, at + k * step, count)
        rest = value - b
        band = splat(taps, WEIGHTS) * a + splat(taps, WEIGHTS + 1) * rest
        low = b + splat(taps, WEIGHTS + 1) * a + splat(taps, WEIGHTS + 2) * rest
        a = band + band - a
        b = low + low - b
        high = value - splat(taps, WEIGHTS + 3) * band - low
        shelved = splat(taps, WEIGHTS + 4) * high + splat(taps, WEIGHTS + 5) * band + low
        rest = shelved - d
        band = splat(taps, WEIGHTS + 6) * c + splat(taps, WEIGHTS + 7) * rest
        low = d + splat(taps, WEIGHTS + 7) * c + splat(taps, WEIGHTS + 8) * rest
        c = band + band - c
        d = low + low - d
        heard = (shelved - splat(taps, WEIGHTS + 9) * band - low) * splat(taps, WEIGHTS + 10)
        energy = energy + heard * heard
    store(carried, held, a)
    store(carried, held + 8, b)
    store(carried, held + 16, c)
    store(carried, held + 24, d)
    store(carried, held + 32, energy)


def beside(sound: Memory, at: int, step: int, many: int, carried: Memory, plane: int) -> None:
    """Puts `many` frames of a channel side by side, from `plane` on."""
    for k in range(0, many, 8):
        if many - k >= 8:
            store(carried, plane + k, load_strided(sound, at + k * step, step))
        else:
            for j in range(k, many):
                store_some(carried, plane + j, splat(sound, at + j * step), 1)


def silent(carried: Memory, plane: int, many: int) -> None:
    """Puts `many` frames of silence there."""
    for k in range(many):
        store_some(carried, plane + k, F(0.0), 1)


def top(memory: Memory, index: int) -> Floats:
    """The greatest of eight floats, in every lane."""
    found = splat(memory, index)
    for k in range(1, 8):
        found = maximum(splat(memory, index + k), found)
    return found


@node(
    role="internal",
    ports=(Port("sound"), Port("taps"), Port("work"), Port("carried"), Port("target")),
    numbers=("channel_count", "delay", "cell", "first", "last"),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=4.0,
)
def loudness(
    sound: Any,
    taps: Any,
    work: Any,
    carried: Any,
    target: Any,
    frame: int,
    frames: int,
    channel_count: int,
    delay: int,
    cell: int,
    first: int,
    last: int,
) -> None:
    """Energies of cells of `cell` frames, which count from frame `first`, and the true peak so far.

    `sound`: frames side by side, the first of them `delay` frames before the task's own. Those before `first` and from
    `last` on are silence. `target` receives the true peak, eight times, then for each cell that ends in this task eight
    energies for each eight channels. `carried` is handed on from chunk to chunk: `HELD` floats for each eight channels,
    the true peak, `PLANE` floats for each channel. True peaks are looked for one block of 64 frames late.
    """
    groups = (channel_count + 7) // 8
    planes = groups * HELD + 8
    rows = 0
    for start in range(0 - (frame - delay) % 64, frames, 64):
        i = max(start, 0)
        number = frame - delay + i
        many = min(start + 64, frames) - i
        begin = min(max(first - number, 0), many)
        end = max(min(last - number, many), begin)
        if i == start:
            for g in range(groups):
                for k in range(0, HELD - 8, 8):
                    store(carried, g * HELD + k, settled(load(carried, g * HELD + k)))
        for c in range(channel_count):
            plane = planes + c * PLANE + 128 + number % 64
            silent(carried, plane, begin)
            beside(sound, (i + begin) * channel_count + c, channel_count, end - begin, carried, plane + begin)
            silent(carried, plane + end, many - end)
        # A cell is longer than a block.
        left = cell - (number + begin - first) % cell
        whole = 0
        if left <= end - begin:
            whole = 1
        here = min(left, end - begin)
        for g in range(groups):
            at = (i + begin) * channel_count + 8 * g
            count = min(channel_count - 8 * g, 8)
            weighted(sound, at, channel_count, count, here, taps, carried, g * HELD)
            if whole == 1:
                store(target, 8 + (rows * groups + g) * 8, load(carried, g * HELD + 32))
                store(carried, g * HELD + 32, F(0.0))
                weighted(
                    sound, at + here * channel_count, channel_count, count, end - begin - here, taps, carried, g * HELD
                )
        rows += whole
        if start + 64 <= frames:
            best = top(carried, planes - 8)
            quiet = best * F(1.0 / LARGEST)
            found = true_peaks(carried, planes + 64, PLANE, channel_count, taps, work, quiet)
            store(carried, planes - 8, maximum(found, best))
            for c in range(channel_count):
                kept(carried, planes + c * PLANE + 64, carried, planes + c * PLANE, 128)
    store(target, 0, load(carried, planes - 8))
