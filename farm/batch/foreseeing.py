"""What a batch would take before it is run, in CPU seconds and bytes: some jobs are planned, the others are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from farm.audio.formats import format_of
from farm.batch.order import Order
from farm.errors import FarmError
from farm.graph.score import loads
from farm.rendering.explaining import explain
from farm.rendering.length import extent
from farm.rendering.session import BITS_BYTES
from workers.records import record

PLANNED = 64
"""Scores that are planned."""
EACH_S = 0.008
"""CPU seconds of a job beside its kernels: planning, output, the file."""
SOUND_SHARE = 0.0012
"""CPU seconds for a second of sound beside kernels."""
COMPRESSED = 0.6
"""What is left of 16 or 24 bits in FLAC, about."""
VORBIS_BYTES_S = 20_000


@record(frozen=True, slots=True)
class ExpectedCost:
    """What a job would take."""

    cpu_s: float
    size: int


def foreseen(orders: Sequence[Order]) -> list[ExpectedCost]:
    """About what each order would take; an automatic tail is not counted."""
    costs: dict[str, tuple[float, float]] = {}
    """CPU seconds of kernels for a second of sound, and seconds of sound for one that is guessed, by score."""
    found = []
    for order in orders:
        digest = order.score.sha256
        if digest not in costs and len(costs) < PLANNED and order.score.failure is None:
            costs[digest] = looked_at(order)
        share, real = costs.get(digest) or mean(costs)
        sound_s = order.sound_s * real
        cpu_s = len(order.outs) * (EACH_S + sound_s * (share + SOUND_SHARE))
        found.append(ExpectedCost(cpu_s, sum(bytes_of(order, out, sound_s) for out in order.outs)))
    return found


def looked_at(order: Order) -> tuple[float, float]:
    """Plans an order: CPU seconds of kernels for a second of sound; its seconds of sound by those that were guessed."""
    try:
        options = replace(order.options, samples=tuple(map(str, order.score.library.folders)))
        score = loads(order.score.text, name=order.score.name, seed=options.seed, lenient=options.lenient)
        score = score.bound(options.set)
        asked = extent(options, score.cps)
        last = asked.last if asked.last is not None else asked.end
        assert last is not None
        sound_s = (last - asked.first) / options.rate
        return explain(score, options).total_ns * 1e-9 / sound_s, sound_s / order.sound_s
    except FarmError:
        return 0.0, 1.0


def mean(costs: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """The means of what was looked at."""
    count = max(1, len(costs))
    return sum(share for share, _ in costs.values()) / count, sum(real for _, real in costs.values()) / count or 1.0


def bytes_of(order: Order, out: str, sound_s: float) -> int:
    """About how large a file becomes."""
    form, options = format_of(Path(out)), order.options
    if not form.bits:
        return int(sound_s * VORBIS_BYTES_S)
    whole = sound_s * options.rate * 2 * BITS_BYTES[options.bits]
    return int(whole * (COMPRESSED if form.compressed else 1))
