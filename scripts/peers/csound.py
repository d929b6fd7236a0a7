"""Csound: an orchestra and a score for each workload."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from inputs import RATE, SECONDS, SHOT, SHOT_LEVEL, SHOT_S, SOUND, VOICES, level, read_params, shot_onsets

BLOCK = 64
INSTRUMENTS = {
    "w1": "kenv madsr p7,p8,p9,p10\nasig lposcil kenv*p11, p4, 0, 0, 1\nouts asig*p5, asig*p6",
    "w2": "kenv madsr p7,p8,p9,p10\nasig vco2 kenv*p11, p4\nafl butterlp asig, p12\nouts afl*p5, afl*p6",
    "w3": "asig loscil p11, 1, 1, 1, 0\nouts asig*p5, asig*p6",
}
FILE = """<CsoundSynthesizer>
<CsInstruments>
sr={rate}
ksmps={block}
nchnls=2
0dbfs=1
gi1 ftgen 1,0,0,1,"{sound}",0,0,1
instr 1
{instrument}
endin
</CsInstruments>
<CsScore>
f0 {seconds}
{events}
e
</CsScore>
</CsoundSynthesizer>
"""


def write_csd(work: str, voices: int, folder: Path) -> Path:
    """Writes a workload as a .csd file."""
    params = read_params(folder)
    angle = np.pi / 4 * (params["pan"] + 1.0)
    left, right = np.cos(angle), np.sin(angle)
    pitch = params["rate" if work == "w1" else "frequency_hz"]
    if work == "w3":
        events = [(onset, SHOT_S, number % VOICES) for number, onset in enumerate(shot_onsets(voices))]
    else:
        # madsr's release comes after the note's length.
        events = [(0.0, SECONDS[work] - params["release_s"][voice], voice) for voice in range(voices)]
    loud = SHOT_LEVEL if work == "w3" else level(voices)
    lines = [
        f"i1 {onset:.7f} {length:.6f} {pitch[v]:.5f} {left[v]:.5f} {right[v]:.5f} {params['attack_s'][v]:.4f}"
        f" {params['decay_s'][v]:.4f} {params['sustain'][v]:.4f} {params['release_s'][v]:.4f} {loud:.7f}"
        f" {params['cutoff_hz'][v]:.2f}"
        for onset, length, v in events
    ]
    file = folder / f"{work}-{voices}.csd"
    filled = FILE.format(
        rate=RATE,
        block=BLOCK,
        sound=SHOT if work == "w3" else SOUND,
        instrument=INSTRUMENTS[work],
        seconds=SECONDS[work],
        events="\n".join(lines),
    )
    file.write_text(filled, encoding="utf-8")
    return file


def command(work: str, voices: int, folder: Path, out: Path) -> list[str]:
    """What renders a workload into `out`, run in `folder`."""
    return ["csound", "-d", "-m0", "-W", "-f", "-o", str(out), str(write_csd(work, voices, folder))]
