"""The workloads: names, what is rendered, how long. Only the standard library is used here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCORES = ROOT / "configs" / "scores"

NAMED = ("farm-1024", "q", "m", "stress", "buses", "chords", "batch-500", "minute", "hour")
SUSTAIN = (72, 128, 648, 720, 1024, 4096, 16384)
SYNTH = (128, 1024)
DRUMS = (8, 16, 32, 64, 128, 720)
SUSTAIN_S = 10
BATCH = "batch-500"
CPS = "cps: 0.5\n"

# One voice of synth-N: a saw through its own low-pass with a moving cutoff; ADSR and pan are the voice's columns.
INSTRUMENT = '~v: saw 110 # lpf (sine 0.5 * 800 + 1200) 0.8\nout: s "~v" # adsr 0.01 0.1 0.7 0.5\n'
PAD = (
    "~pad: saw 110 # lpf 900 1\n"
    """out: s "~pad*8" # note "<c3'min7 f3'min7 g3'min7 c3'maj7>" # ar 2.5 3 # gain 0.05\n"""
)
FARM_S = 5
OUTPUTS = 16
CLIPS = 500
HOUR = 'out: s "bd*16" # gain 0.5 # reverb 0.7 0.5 0.3\n'


@dataclass(frozen=True, slots=True)
class Workload:
    """One row's work. `voices`: exactly so many given voices that sound throughout; None: those of the score."""

    name: str
    score: str
    """A score's text, or the path of a file."""
    length: tuple[str, str]
    """The option that says how long, and its value."""
    voices: int | None = None
    into_file: bool = True
    """Whether `farm render` renders it into a file; otherwise a Python program renders it into nothing."""

    def path(self, folder: Path) -> Path:
        """The score as a file, written into `folder` if it is text."""
        if self.score.endswith(".ph"):
            return Path(self.score)
        file = folder / f"{self.name}.ph"
        file.write_text(self.score, encoding="utf-8")
        return file


def buses() -> str:
    """16 buses with a low-pass, a delay and a reverb each; 7 of 15 starts a cycle and 9 of 14: 231."""
    sounds = ("bd", "sn", "hh", "cp", "rim", "perc", "tamb", "shaker")
    lines = []
    for k in range(16):
        starts = 15 if k < 7 else 14
        effects = f"# lpf {600 + 200 * k} 0.8 # delay {0.2 + 0.01 * k:.2f} 0.4 0.3 # reverb 0.6 0.5 0.2"
        lines.append(f'~b{k + 1}: s "{sounds[k % len(sounds)]}*{starts}" # gain 0.1 {effects}\n')
    return "".join(lines) + "out: " + " + ".join(f"~b{k + 1}" for k in range(16)) + "\n"


def workload(name: str) -> Workload | None:
    """The workload with this name, None if there is none."""
    seconds = ("--duration", str(SUSTAIN_S))
    if name in ("q", "m", "stress"):
        cycles = ("--cycles", "8" if name == "q" else "4")
        return Workload(name, str(SCORES / f"{name}.ph"), cycles, into_file=name != "stress")
    if name == "buses":
        return Workload(name, CPS + buses(), ("--cycles", "4"))
    if name == "chords":
        return Workload(name, CPS + PAD, ("--cycles", "4"))
    if name == "farm-1024":
        outputs = (f'o{k}: s "bd" # adsr 0.01 0.1 0.7 0.5 # reverb 0.7 0.5 0.3\n' for k in range(1, OUTPUTS + 1))
        return Workload(name, CPS + "".join(outputs), ("--duration", str(FARM_S)), 1024, into_file=False)
    if name == BATCH:
        return Workload(name, "", ("--duration", "4"), into_file=False)
    if name in ("hour", "minute"):
        return Workload(name, CPS + HOUR, ("--duration", "3600" if name == "hour" else "60"))
    sized = re.fullmatch(r"(sustain|synth|drums)-([1-9][0-9]{0,5})", name)
    if sized is None:
        return None
    kind, count = sized[1], int(sized[2])
    if kind == "drums":
        return Workload(
            name, f'{CPS}out: s "bd*{count}" # gain {0.8 / max(count / 16, 1) ** 0.5:.3f}\n', ("--cycles", "8")
        )
    if kind == "synth":
        return Workload(name, CPS + INSTRUMENT, seconds, count, into_file=False)
    return Workload(name, CPS + 'out: s "bd" # adsr 0.01 0.1 0.7 0.5\n', seconds, count, into_file=False)


def all_names() -> list[str]:
    """Every workload of a run without arguments, in the table's order."""
    sized = [("sustain", SUSTAIN), ("synth", SYNTH), ("drums", DRUMS)]
    return [*(f"{kind}-{count}" for kind, counts in sized for count in counts), *NAMED]


MIXED = "<[bd*2 [~ bd]] [bd(5,8,<0 2>)]>, [hh*16]?, [c3 e3 g3 <b3 a3>]*4, ~ cp"
MIXED_CHAIN = ("every 4 rev", "jux rev", "off 0.125 rev", "fast 2")
QUERIES = {
    "bd*720": "bd*720",
    "bd hh sd hh": "bd hh sd hh",
    "layers": "[bd(3,8), hh*8, ~ sd ~ [sd cp]]",
    "mixed": MIXED,
}
"""Patterns that are asked; `mixed` under its chain of transforms."""

STEPS = " ".join(("bd", "hh", "sd", "[cp cp]", f"{i % 97}.5", "hh?", "c3", "bd*2")[i % 8] for i in range(8192))
"""A pattern of 8,192 written steps."""

_STANZA = """-- part {k}
~kick{k}: s "bd ~ [bd bd:{k}] ~" # gain 0.{k}
~hats{k}: s "[hh*2 hh?]*4, ~ oh:{k}" # gain "0.3 0.{k} [0.2 0.4]" # pan "-0.5 0.{k}"
~lfo{k}: sine "<0.25 0.{k}>" * 400 + 900
~lead{k}: saw "220 330 <440 55{k}> 660" # lpf ~lfo{k} 0.7 # gain 0.2
~bass{k}: s "~voice{k}(3,8)" # note "<c2 c2 eb2 g1 {k}>" # ar 0.01 0.3 $ every 4 (fast 2)
~voice{k}: saw 55 # lpf 7{k} 1.2

o{k}: ~kick{k} + ~hats{k} * 0.5 + ~lead{k} + ~bass{k}
    # delay 0.375 0.4 0.3 # reverb 0.5 0.5 0.2
"""


def lines_of_score() -> str:
    """A score of 400 lines: buses, patterns, chains, transforms and outputs; no string stands in it twice."""
    return CPS + "".join(_STANZA.format(k=k) for k in range(1, 40)) + "-- end\n" * 9
