"""Envelopes and ramps: functions of the frames since a start, so that they need no history."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Param, Unit, node
from workers.simd import F, Floats, U, Words, maximum, minimum, signed_maximum, to_float, to_int
from workers.spans import hull

SHORTEST_S = 0.001
LONGEST_S = 100000.0


def elapsed(age: Words) -> Floats:
    """Frames since the start as far as `age` counts them; 0 before it."""
    return to_float(signed_maximum(age, U(0)))


def between(start: Floats, end: Floats, part: Floats) -> Floats:
    """From `start` (at part <= 0) to `end` (at part >= 1), exact at both."""
    part = minimum(maximum(part, F(0.0)), F(1.0))
    value: Floats = start * (F(1.0) - part) + end * part
    return value


@node(
    role="control",
    params=(
        Param("attack_s", "s", None, SHORTEST_S, LONGEST_S, "linear rise from 0 to 1", Unit.FRAMES),
        Param("decay_s", "s", None, SHORTEST_S, LONGEST_S, "linear fall from 1 to the sustain level", Unit.FRAMES),
        Param("sustain", "1", 0.7, 0.0, 1.0, "level that is held"),
        Param("release_s", "s", 0.2, SHORTEST_S, LONGEST_S, "linear fall to 0, at the end of the slot", Unit.FRAMES),
    ),
    memory=STATELESS,
    cost_ns=0.25,
    example="out: saw 110 * adsr 0.01 0.1 0.7 0.2 * 0.3",
    span=lambda: (0.0, 1.0),
    envelope=True,
)
def adsr(
    attack_s: Any,
    decay_s: Any,
    sustain: Any,
    release_s: Any,
    age: Any,
    past: Any,
    gate_frames: Any,
    rate_hz: Any,
    out: Any,
    frames: int,
) -> None:
    """Envelope of straight lines: rise, fall to the sustain level, hold, release in the slot's last `release_s`.

    The slot is the cycle on a bus and the event's own slot in a voice. The release multiplies what the first three
    parts give, so that a slot too short for them still ends at 0; a release longer than the slot begins with the slot.
    Times are at least 1 ms. The four parts are those of the classical analog synthesisers (Pinch and Trocco, "Analog
    Days", 2002, on Ussachevsky's specification for Moog).
    """
    for i in range(frames):
        shortest = rate_hz * F(SHORTEST_S)
        attack = maximum(attack_s[i], shortest)
        decay = maximum(decay_s[i], shortest)
        release = minimum(maximum(release_s[i], shortest), maximum(gate_frames, F(1.0)))
        level = minimum(maximum(sustain[i], F(0.0)), F(1.0))
        n = elapsed(age[i]) + past
        rise = n * (F(1.0) / attack)
        fall = F(1.0) - maximum(n - attack, F(0.0)) * ((F(1.0) - level) / decay)
        left = to_float(to_int(maximum(gate_frames - past, F(0.0))) - age[i])
        end = minimum(maximum(left * (F(1.0) / release), F(0.0)), F(1.0))
        out[i] = minimum(rise, maximum(fall, level)) * end


@node(
    role="control",
    params=(
        Param("attack_s", "s", None, SHORTEST_S, LONGEST_S, "linear rise from 0 to 1", Unit.FRAMES),
        Param("decay_s", "s", None, SHORTEST_S, LONGEST_S, "linear fall from 1 to 0, at once after it", Unit.FRAMES),
    ),
    memory=STATELESS,
    cost_ns=0.2,
    example="out: saw 110 * ad 0.01 0.4 * 0.3",
    span=lambda: (0.0, 1.0),
    aliases=("perc",),
    envelope=True,
)
def ad(attack_s: Any, decay_s: Any, age: Any, past: Any, gate_frames: Any, rate_hz: Any, out: Any, frames: int) -> None:
    """Envelope of two straight lines, a rise and a fall, then silence until the next cycle.

    It restarts with every cycle, and in a voice at the onset, however short the slot. Times are at least 1 ms. The
    trapezoid generator of the EMS VCS 3 (1969) with no time at its top.
    """
    for i in range(frames):
        shortest = rate_hz * F(SHORTEST_S)
        attack = maximum(attack_s[i], shortest)
        decay = maximum(decay_s[i], shortest)
        n = elapsed(age[i]) + past
        after: Floats = n - attack
        fall = (decay - after) / decay
        out[i] = maximum(minimum(n / attack, fall), F(0.0))


@node(
    role="internal",
    params=(
        Param("start", "", None, -1e9, 1e9, "value at the start"),
        Param("end", "", None, -1e9, 1e9, "value it reaches and holds"),
        Param("duration_s", "s", None, 0.0, LONGEST_S, "time from one to the other", Unit.FRAMES),
    ),
    memory=STATELESS,
    cost_ns=0.2,
    example="out: saw 110 # lpf (line 200 4000 8) 1 * 0.3",
    span=hull,
)
def ramp(start: Any, end: Any, duration_s: Any, age: Any, past: Any, out: Any, frames: int) -> None:
    """One straight line from `start` to `end` in `duration_s`, then `end` for ever: `line` with three arguments.

    Linear interpolation, as the Line unit generator of Mathews, "The Technology of Computer Music" (1969).
    """
    for i in range(frames):
        out[i] = between(start[i], end[i], (elapsed(age[i]) + past) * (F(1.0) / maximum(duration_s[i], F(1.0))))


@node(
    role="control",
    params=(
        Param("start", "", None, -1e9, 1e9, "value at the start of the cycle"),
        Param("end", "", None, -1e9, 1e9, "value it reaches at the end of the cycle"),
    ),
    memory=STATELESS,
    cost_ns=0.2,
    example="out: saw 110 # lpf (line 200 4000) 1 * 0.3",
    span=hull,
    longer=ramp,
)
def line(start: Any, end: Any, age: Any, past: Any, gate_frames: Any, out: Any, frames: int) -> None:
    """Straight line from `start` to `end` over each cycle (in a voice: over the event's slot), then again.

    With a third argument, `line 200 4000 8`, it is one line of that many seconds from the start, then holds its end.
    Linear interpolation, as the Line unit generator of Mathews, "The Technology of Computer Music" (1969).
    """
    for i in range(frames):
        out[i] = between(start[i], end[i], (elapsed(age[i]) + past) * (F(1.0) / maximum(gate_frames, F(1.0))))
