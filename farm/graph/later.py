"""Names and forms of the language that farm knows but does not play yet: an error says so, not "unknown"."""

from __future__ import annotations

from functools import cache

from farm.errors import Loc, ScoreError
from farm.pattern.later import LATER_TRANSFORMS
from farm.pattern.register import transforms

LATER = "comes with a later version of farm"
HINT = "with --lenient the score is rendered without it"

_SOURCES = (
    "pink_noise pink brown_noise superkick supersnare superhat superpwm superchip superfm synth granular pluck "
    "waveguide formant vowel additive vocoder pitch_shift wavetable saw_hz soft_saw_hz square_hz triangle_hz organ_hz "
    "pm blip vco fmcrossmod phasor wedge rand irand run scan sine_trig saw_trig square_trig tri_trig"
)
_CONTROLS = (
    "env asr segments xline curve env_trig gate trig tar tadsr mtof lag schmidt rms if select range sample_hold latch "
    "timer peak_follower amp_follower min wrap xfade mix decimator"
)
_EFFECTS = (
    "rlpf rhpf resonz moog_ladder moog_hz parametric_eq comb bq_lp bq_hp bq_bp bq_notch svf_lp svf_hp svf_bp svf_notch "
    "allpass djf flanger phaser tremolo vibrato plate convolve freeze tapedelay multitap pingpong lush fchorus ring "
    "ring_mod reverb_stereo compressor limiter expander sidechain_compressor transient_shaper widener coarse compress "
    "limit transient diffuser pan2 pan2_l pan2_r tap"
)
_MODIFIERS = "scale chord unit dur"


@cache
def later_names() -> frozenset[str]:
    """Functions, modifiers and transforms of the language; some may be there by now."""
    return frozenset(" ".join((_SOURCES, _CONTROLS, _EFFECTS, _MODIFIERS)).split()) | LATER_TRANSFORMS


@cache
def later_links() -> frozenset[str]:
    """Those of them that can follow `#`."""
    return frozenset(" ".join((_SOURCES, _CONTROLS, _EFFECTS, _MODIFIERS)).split())


def later_name(name: str, loc: Loc) -> ScoreError:
    """The error for one of `later_names`."""
    if name in LATER_TRANSFORMS:
        there = ", ".join(sorted({one.name for one in transforms().values()}))
        return ScoreError(f"`{name}` {LATER}", loc=loc, hint=f"the transforms there are: {there}; {HINT}")
    return comes_later(f"`{name}`", loc)


def comes_later(what: str, loc: Loc) -> ScoreError:
    """The error for something that a later version plays."""
    return ScoreError(f"{what} {LATER}", loc=loc, hint=HINT)
