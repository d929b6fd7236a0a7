"""farm on a peer's workload, as a whole process: python ours.py WORK VOICES FOLDER OUT.

The voices' parameters are those of params.csv, given as columns; the kernels, plan and file are those of any render.
One worker, linear interpolation (`draft`), float WAV. Without voices the same kernels are loaded, the same sounds read.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from inputs import RATE, SECONDS, SHOT, SHOT_LEVEL, SOUND, START_FRAMES, VOICES, level, read_params, shot_onsets

from farm.audio.planes import planes_of
from farm.audio.writer import WavWriter
from farm.graph import envelope, law
from farm.graph.asking import Asking
from farm.graph.columns import Columns
from farm.graph.envelope import EnvelopeShape
from farm.graph.score import understand
from farm.graph.voices import STEP_BITS
from farm.options import RenderOptions
from farm.plan.plan import ConstantKind, ConstantPlan
from farm.plan.program import float_bits
from farm.rendering.outline import outline
from farm.rendering.rendering import Rendering
from farm.rendering.stream import Stream
from farm.rendering.warm import Warm
from farm.score import Source
from workers.records import record

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benching"))
from altered import altered
from given import Explicit

ROOT_HZ, ANY_CUTOFF_HZ = 110.0, 1234.5
SCORES = {
    "w1": 'cps: 0.5\nout: s "bd" # adsr 0.01 0.1 0.7 0.5\n',
    "w2": f'cps: 0.5\n~v: saw {ROOT_HZ} # lpf {ANY_CUTOFF_HZ} 0.70710678\nout: s "~v" # adsr 0.01 0.1 0.7 0.5\n',
    "w3": 'cps: 0.5\nout: s "bd"\n',
}


@record(frozen=True, slots=True, eq=False)
class OneSound(Explicit):
    """Voices over one sound, which joins the slab when they are first asked for; `loops`: around it."""

    sound: np.ndarray[tuple[int], np.dtype[np.float32]]
    loops: bool

    def between(self, first_cycle: int, cycles: int, asking: Asking) -> Columns:
        """The voices of these cycles, with their places in the slab."""
        columns = Explicit.between(self, first_cycle, cycles, asking)
        key = ("the peers' sound", int(self.loops), False)
        if key not in asking.slab.named:
            asking.slab.named[key] = asking.slab.add(self.sound, self.loops)
        start, length = asking.slab.named[key][:2]
        columns["source"] = np.full(len(columns["onset"]), start)
        columns["loop"] = np.full(len(columns["onset"]), (length << STEP_BITS) if self.loops else 0)
        return columns


def gains(pan: np.ndarray[Any, Any], loud: float) -> Columns:
    """Equal power with the peers' levels: farm's own law is louder by the square root of two."""
    left, right = law.pan_gains(pan)
    scale = loud / np.sqrt(2.0)
    return {"gain_left": (scale * left).astype(np.float32), "gain_right": (scale * right).astype(np.float32)}


def shape(params: dict[str, Any]) -> EnvelopeShape:
    """The voices' envelopes."""
    return EnvelopeShape("adsr", *(params[name] for name in ("attack_s", "decay_s", "sustain", "release_s")))


def sampled(count: int, start: Any, step: Any, segments: envelope.Segments) -> Columns:
    """Columns of the sampler."""
    return {
        "position": np.floor(start * (1 << STEP_BITS)).astype(np.int64),
        "step": np.floor(step * (1 << STEP_BITS) + 0.5).astype(np.int64),
        "breaks": segments.breaks,
        "levels": segments.levels,
        "slopes": segments.slopes,
        "curve": segments.curve,
        "table": np.zeros(count, np.int64),
        "coding": np.zeros(count, np.int64),
        "spread": np.zeros(count, np.int64),
        "blend": np.zeros(count, np.float32),
    }


def sustained(work: str, voices: int, folder: Path) -> Explicit:
    """The voices of W1 and W2: all begin at frame 0 and end with the workload."""
    params = {name: column[:voices] for name, column in read_params(folder).items()}
    frames = SECONDS[work] * RATE
    slot = frames - np.floor(params["release_s"] * RATE + 0.5).astype(np.int64)
    zeros = np.zeros(voices, np.int64)
    columns: Columns = {"onset": zeros, "slot": slot, "cut": zeros, **gains(params["pan"], level(voices))}
    sound = mono(folder / SOUND)
    if work == "w1":
        segments = envelope.adsr_segments(shape(params), np.full(voices, envelope.NEVER), slot, RATE)
        columns |= {"end": segments.breaks[:, -1]}
        columns |= sampled(voices, params["start"] * START_FRAMES, params["rate"], segments)
        return OneSound(columns, sound, True)
    constants, length = envelope.bus_envelope(shape(params), slot, None, RATE)
    columns |= {
        "end": length,
        "ratio": params["frequency_hz"] / ROOT_HZ,
        "same": np.arange(voices),
        "cutoff_hz": params["cutoff_hz"].astype(np.float32),
        **constants,
    }
    return Explicit(columns)


def shots(voices: int, folder: Path) -> Explicit:
    """The one-shots of W3."""
    pan = read_params(folder)["pan"]
    onset = np.floor(shot_onsets(voices) * RATE + 0.5).astype(np.int64)
    count, sound = len(onset), mono(folder / SHOT)
    natural = np.full(count, len(sound))
    nothing = np.full(count, np.nan)
    segments = envelope.held_segments(nothing, natural, RATE)
    zeros = np.zeros(count, np.int64)
    columns: Columns = {"onset": onset, "end": onset + segments.breaks[:, -1], "slot": natural, "cut": zeros}
    columns |= gains(pan[np.arange(count) % VOICES], SHOT_LEVEL)
    columns |= sampled(count, np.zeros(count), np.ones(count), segments)
    return OneSound(columns, sound, False)


def mono(file: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A sound's frames."""
    return planes_of(file, RATE).read()[0]


def own_cutoffs(rendering: Rendering) -> None:
    """Gives each voice of W2 its own cutoff: the score's one becomes a column, as pitches and levels are."""
    known = ConstantPlan(ConstantKind.BITS, float_bits(ANY_CUTOFF_HZ))
    groups = [
        replace(
            group,
            constants=tuple(
                ConstantPlan(ConstantKind.COLUMN, 0, "cutoff_hz") if one == known else one for one in group.constants
            ),
        )
        for group in rendering.plan.groups
    ]
    assert groups != list(rendering.plan.groups)
    rendering.plan = replace(rendering.plan, groups=tuple(groups))
    rendering.restart()


def main() -> None:
    """Renders."""
    work, voices, folder, out = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    given = shots(voices, folder) if work == "w3" else sustained(work, voices, folder)
    score = understand(Source(f"{work}.ph", SCORES[work]))
    score = altered(
        score, lambda graph: replace(graph, sources=tuple(replace(one, voices=given) for one in graph.sources))
    )
    options = RenderOptions(
        duration=Fraction(SECONDS[work]),
        quality="draft",
        backend="inline",
        tail="none",
        gain=1.0,
        fade_in=0.0,
        fade_out=0.0,
        bits="32f",
    )
    with (
        Warm() as warm,
        WavWriter(out, RATE, 2, options.bits) as writer,
        Stream(outline(score, options), warm) as stream,
    ):
        if work == "w2":
            own_cutoffs(stream.rendering)
        for block in stream:
            writer.put(block)


if __name__ == "__main__":
    main()
