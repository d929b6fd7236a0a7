"""Deliveries: what the files of a render get, as far as it is known before its graph is made."""

from __future__ import annotations

from farm.graph.seeds import seed64
from farm.options import Bits, Clip, Dither, RenderOptions
from workers.records import record


@record(frozen=True, slots=True)
class Delivery:
    """What one file gets.

    `takes`: the outputs (`o1`) and buses (`~drums`) that are added up; None: all outputs, as the options route them.
    `bits` are those of a frame and channel as workers make them; `upper`: 24 are the upper three of four bytes.
    `hashed`: whether its frames are; `filed`: whether there is a file, or somebody else looks at them.
    """

    name: str
    gain: float
    clip: Clip
    bits: Bits
    dither: Dither
    seed: int
    """Of the dither."""
    takes: tuple[str, ...] | None = None
    upper: bool = False
    fades: bool = True
    hashed: bool = True
    filed: bool = True
    measured: bool = False
    """Whether loudness and true peak are found out."""


def whole_mix(options: RenderOptions, bits: Bits = "32f", upper: bool = False) -> Delivery:
    """The mix of all outputs, as options ask for it."""
    return Delivery(
        name="mix",
        gain=options.gain,
        clip=options.clip if options.normalize is None else "rescale",
        bits=bits,
        dither=options.dither,
        seed=seed64(options.seed, "dither"),
        upper=upper,
        measured=options.normalize is not None,
    )
