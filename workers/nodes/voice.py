"""Internal nodes: the envelopes of bus voices, eight voices side by side.

Times are whole frames since the onset, taken relative to their segment as integers before they become floats. Before
the onset and from `end_frames` on the value is 0; the last frames fade linearly by `fade_slope` a frame. In a voice
that has lasted for 2**30 frames times are words modulo 2**32, as `age` is; no rise or fall takes that long.
"""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Param, Port, Unit, node
from workers.dsp.math import exp2
from workers.simd import F, Floats, Words, everywhere, maximum, minimum, select, to_float

FOREVER = float((1 << 31) - 1)


def frames_param(name: str, about: str) -> Param:
    """A time in frames since the onset."""
    return Param(name, "frames", 0.0, 0.0, FOREVER, about, Unit.WORD)


def slope_param(name: str, about: str) -> Param:
    """A change per frame."""
    return Param(name, "1/frame", 0.0, 0.0, 1.0, about)


def closing(age: Words, end_frames: Words, fade_slope: Floats) -> Floats:
    """1 until shortly before the end, then down to 0; 0 before the onset."""
    left = minimum(maximum(to_float(end_frames - age) * fade_slope, F(0.0)), F(1.0))
    return select(to_float(age) < F(0.0), F(0.0), left)


def shaped(input: Floats, level: Floats) -> Floats:
    """input * level; exactly 0 where the voice does not sound, whatever its lane is doing."""
    return select(level == F(0.0), F(0.0), input * level)


@node(
    role="internal",
    ports=(Port("input"),),
    params=(
        slope_param("attack_slope", "1 / attack"),
        frames_param("attack_frames", "attack"),
        slope_param("decay_slope", "(1 - sustain) / decay"),
        Param("sustain", "", 1.0, 0.0, 1.0, "level held"),
        frames_param("release_frames", "when the release begins"),
        Param("release_level", "", 1.0, 0.0, 1.0, "level there"),
        slope_param("release_slope", "release_level / release"),
        frames_param("end_frames", "when the voice ends"),
        slope_param("fade_slope", "1 / fade"),
    ),
    memory=STATELESS,
    cost_ns=0.3,
)
def voice_adsr(
    input: Any,
    attack_slope: Any,
    attack_frames: Any,
    decay_slope: Any,
    sustain: Any,
    release_frames: Any,
    release_level: Any,
    release_slope: Any,
    end_frames: Any,
    fade_slope: Any,
    age: Any,
    out: Any,
    frames: int,
) -> None:
    """input times a linear attack, decay, sustain, release.

    While every voice holds its sustain there is nothing to work out: what falls has fallen, what rises is above it.
    """
    first, last = age[0], age[frames - 1]
    risen = sustain[0] <= to_float(first) * attack_slope[0]
    fallen = F(1.0) - to_float(first - attack_frames[0]) * decay_slope[0] <= sustain[0]
    held = to_float(last - release_frames[0]) < F(0.0)
    open_ = F(1.0) <= to_float(end_frames[0] - last) * fade_slope[0]
    if everywhere(((F(0.0) <= to_float(first)) & risen) & (fallen & (held & open_))):
        for i in range(frames):
            out[i] = shaped(input[i], sustain[i])
        return
    for i in range(frames):
        n = age[i]
        rise = to_float(n) * attack_slope[i]
        fall = maximum(F(1.0) - to_float(n - attack_frames[i]) * decay_slope[i], sustain[i])
        after = n - release_frames[i]
        release = maximum(release_level[i] - to_float(after) * release_slope[i], F(0.0))
        level = select(to_float(after) < F(0.0), minimum(rise, fall), release)
        out[i] = shaped(input[i], level * closing(n, end_frames[i], fade_slope[i]))


@node(
    role="internal",
    ports=(Port("input"),),
    params=(
        slope_param("attack_slope", "1 / attack"),
        frames_param("attack_frames", "attack"),
        Param("fall_rate", "octaves/frame", 0.0, -1.0, 0.0, "exponent of 2 per frame after the attack"),
        frames_param("end_frames", "when the voice ends"),
        slope_param("fade_slope", "1 / fade"),
    ),
    memory=STATELESS,
    cost_ns=0.4,
)
def voice_percussive(
    input: Any,
    attack_slope: Any,
    attack_frames: Any,
    fall_rate: Any,
    end_frames: Any,
    fade_slope: Any,
    age: Any,
    out: Any,
    frames: int,
) -> None:
    """input times a linear attack and an exponential fall at once after it."""
    for i in range(frames):
        n = age[i]
        after = to_float(n - attack_frames[i])
        level = select(after < F(0.0), to_float(n) * attack_slope[i], exp2(after * fall_rate[i]))
        out[i] = shaped(input[i], level * closing(n, end_frames[i], fade_slope[i]))


@node(
    role="internal",
    ports=(Port("input"),),
    params=(slope_param("fade_slope", "1 / fade"),),
    memory=STATELESS,
    cost_ns=0.1,
)
def ending(input: Any, fade_slope: Any, age: Any, out: Any, frames: int) -> None:
    """input until age 0, the end of the score, then faded out linearly: for sources that are not voices."""
    for i in range(frames):
        left = maximum(F(1.0) - to_float(age[i]) * fade_slope[i], F(0.0))
        out[i] = input[i] * select(to_float(age[i]) < F(0.0), F(1.0), left)


@node(role="internal", ports=(Port("input"),), memory=STATELESS, cost_ns=0.1)
def since_onset(input: Any, age: Any, out: Any, frames: int) -> None:
    """input from the voice's onset on, 0 before."""
    for i in range(frames):
        out[i] = select(to_float(age[i]) < F(0.0), F(0.0), input[i])
