"""How long a render is: from options and tempo to frames."""

from __future__ import annotations

import math
from fractions import Fraction

from farm.errors import UsageError
from farm.options import DEFAULT_CYCLES, RenderOptions
from farm.pattern.clock import Clock
from workers.records import record

LONGEST_TAIL_S = 30
QUIET_CELLS = 5
CELLS_PER_SECOND = 10
QUIET = 10.0 ** (-90 / 20)


@record(frozen=True, slots=True)
class Extent:
    """Frames of a render. `end`: where the score ends (None: endless, cut at `last`); `first` .. `last`: what is kept.

    `last` is None while an automatic tail decides it. `fade_out_at`: where the final fade begins, if that is known.
    """

    end: int | None
    first: int
    last: int | None
    tail: bool
    """Whether sources that are not voices fade at `end` and the rest rings on."""
    fade_out_at: int | None
    assumed: bool
    """Whether no length was given and the default holds: never where there is no end."""
    goes_on: bool = False
    """Whether the whole goes on behind `last`."""


def extent(options: RenderOptions, cps: Fraction, *, endless: bool = False) -> Extent:
    """The frames that options ask for. `endless`: without a length there is no end.

    Raises UsageError where they contradict each other.
    """
    rate, clock = options.rate, Clock(options.rate, cps)
    assumed = not endless and options.cycles is None and options.duration is None and options.to is None
    end: int | None = None
    if options.cycles is not None:
        end = clock.frame_of(options.cycles)
    elif options.duration is not None:
        end = math.floor(options.duration * rate + Fraction(1, 2))
    elif options.to is None and not endless:
        end = clock.frame_of(DEFAULT_CYCLES)
    first = clock.frame_of(options.from_ or 0)
    last = clock.frame_of(options.to) if options.to is not None else None
    if end is last is None and options.normalize is not None:
        raise UsageError(
            "--normalize depends on the loudness of the whole, and a score is endless", hint="give a length"
        )
    if end is last is None and options.clip == "rescale":
        raise UsageError(
            "--clip rescale depends on the peak of the whole, and a score is endless", hint="give a length"
        )
    if (end is not None and end < 1) or (last is not None and last <= first):
        raise UsageError("the render is shorter than one frame")
    if end is not None and first >= end:
        hint = (
            f"without a length it has {DEFAULT_CYCLES} cycles: give a longer --cycles, or the end of the part with --to"
        )
        if not assumed:
            hint = f"give a longer {'--cycles' if options.cycles is not None else '--duration'}"
        raise UsageError(f"--from {options.from_} is not before the end of the render", hint=hint)
    if end is not None and last is not None and last > end:
        raise UsageError(f"--to {options.to} is after the end of the render", hint="give a longer --cycles")
    fade = int(options.fade_out * rate + 0.5)
    if end is None:
        return Extent(None, first, last, False, None, assumed, goes_on=True)
    if options.tail == "none":
        goes_on = last is not None and last < end
        return Extent(end, first, end if last is None else last, False, max(end - fade, 0), assumed, goes_on)
    if isinstance(options.tail, str):
        return Extent(end, first, last, True, None, assumed, last is not None)
    whole = end + int(options.tail * rate + 0.5)
    goes_on = last is not None and last < whole
    return Extent(end, first, whole if last is None else last, True, max(whole - fade, 0), assumed, goes_on)


def cell_end(cell: int, rate: int) -> int:
    """The frame after cell number `cell` of the fixed grid of 100 ms."""
    return (cell + 1) * rate // CELLS_PER_SECOND
