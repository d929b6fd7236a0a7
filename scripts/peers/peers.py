"""farm and its peers on three workloads, each as a whole process, net of the same process without voices.

W1: looping sample voices over one sound, linear interpolation, ADSR, constant pan, 10 s. W2: saw voices, each through a
low-pass, with ADSR and pan, 10 s. W3: 720 half-second one-shots in each cycle of 2 s, for 16 s. 44.1 kHz, stereo,
32-bit float files, one thread. csound, scsynth and FluidSynth are measured where they are installed. FluidSynth plays
rates of its own (19 cents a key) and in W2 a looped saw; all others are given the same numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import csound
import fluidsynth
import numpy as np
import scsynth
import soundfile
from inputs import RATE, SECONDS, SHOT_S, SHOTS, Floats, write_inputs

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORKS = {"w1": "W1 sample voices", "w2": "W2 saw, low-pass", "w3": "W3 one-shots"}
OCTAVES_HZ = (62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
Command = Callable[[str, int, Path, Path], list[str]]


def ours(work: str, voices: int, folder: Path, out: Path) -> list[str]:
    """What renders a workload with farm."""
    return [sys.executable, "-P", str(HERE / "ours.py"), work, str(voices), str(folder), str(out)]


PEERS: dict[str, Command] = {
    "farm": ours,
    "csound": csound.command,
    "scsynth": scsynth.command,
    "fluidsynth": fluidsynth.command,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One peer on one workload. Seconds: `empty_s` without voices, `wall_s` with them, medians; `ns` per voice and
    frame, net, of the quickest and the median run. `level_db`: of its sound against farm's. `band_db`: the greatest
    difference of an octave band from 62.5 Hz to 8 kHz against farm's, where that is within 40 dB of the loudest band,
    after making the levels equal.
    """

    peer: str
    work: str
    voices: int
    empty_s: float
    wall_s: float
    ns_least: float
    ns_median: float
    level_db: float
    band_db: float


def walls(command: Sequence[str], folder: Path, runs: int) -> list[float]:
    """Seconds of each run of a command."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
    found = []
    quiet = subprocess.DEVNULL
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, check=True, cwd=folder, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
        found.append(time.perf_counter() - started)
    return found


def band_levels(file: Path, seconds: float) -> tuple[float, Floats]:
    """Level of a rendered file in dB, and that of each octave band. Raises ValueError for silence."""
    frames = soundfile.read(file, always_2d=True)[0][: int(seconds * RATE)]
    power = (np.abs(np.fft.rfft(frames, axis=0)) ** 2).sum(axis=1)
    if not power.any():
        raise ValueError(f"{file.name} is silent")
    hertz = np.arange(len(power)) * (RATE / len(frames))
    root = 2.0**0.5
    bands = [power[(hertz >= centre / root) & (hertz < centre * root)].sum() for centre in OCTAVES_HZ]
    return float(10 * np.log10(np.mean(frames**2))), np.asarray(10 * np.log10(np.maximum(bands, 1e-12)))


def measured(peer: str, work: str, voices: int, folder: Path, runs: int) -> tuple[Row, float, Floats]:
    """One peer on one workload: without comparison, and the sound's levels to compare."""
    out = folder / f"{peer}-{work}-{voices}.wav"
    empty, full = (PEERS[peer](work, count, folder, out) for count in (0, voices))
    for command in (empty, full):
        walls(command, folder, 1)
    level, bands = band_levels(out, SECONDS[work])
    # One after the other, so that a busy moment of the machine meets both.
    pairs = [(walls(empty, folder, 1)[0], walls(full, folder, 1)[0]) for _ in range(runs)]
    empties, fulls = ([pair[which] for pair in pairs] for which in (0, 1))
    work_frames = SHOTS * SHOT_S * RATE if work == "w3" else voices * SECONDS[work] * RATE
    least, middle = (max(pick(fulls) - pick(empties), 0.0) / work_frames * 1e9 for pick in (min, median))
    out.unlink()
    return Row(peer, work, voices, median(empties), median(fulls), least, middle, 0.0, 0.0), level, bands


def rows(peers: Sequence[str], works: Sequence[str], voices: Sequence[int], runs: int, folder: Path) -> list[Row]:
    """All rows, workload by workload, farm first."""
    write_inputs(folder)
    found: list[Row] = []
    for work in works:
        for count in [720] if work == "w3" else voices:
            own_level, own_bands = 0.0, np.zeros(len(OCTAVES_HZ))
            for peer in peers:
                print(f"measuring {peer} {work} {count}", file=sys.stderr, flush=True)
                row, level, bands = measured(peer, work, count, folder, runs)
                if peer == peers[0]:
                    own_level, own_bands = level, bands
                apart = (bands - level) - (own_bands - own_level)
                heard = own_bands > own_bands.max() - 40.0
                band = float(apart[heard][np.argmax(np.abs(apart[heard]))])
                found.append(Row(**{**asdict(row), "level_db": level - own_level, "band_db": band}))
    return found


def table(found: Sequence[Row]) -> str:
    """The rows as text."""
    lines = [
        "workload          voices  peer         empty s   wall s  ns least  ns median  x farm  level dB  band dB",
    ]
    own = {(row.work, row.voices): row for row in found if row.peer == "farm"}
    for row in found:
        ratio = row.ns_least / own[row.work, row.voices].ns_least
        lines.append(
            f"{WORKS[row.work]:<16} {row.voices:7}  {row.peer:<11} {row.empty_s:8.3f} {row.wall_s:8.3f}"
            f" {row.ns_least:9.2f} {row.ns_median:10.2f} {ratio:7.1f} {row.level_db:9.1f} {row.band_db:8.1f}"
        )
    return "\n".join(lines)


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench --peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each row  [5]")
    parser.add_argument("--voices", type=int, nargs="+", default=[128, 1024], metavar="N", help="of W1 and W2")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS), help="besides farm")
    parser.add_argument("--work", nargs="+", choices=list(WORKS), default=list(WORKS))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    peers = ["farm", *(one for one in given.only if one != "farm")]
    missing = [one for one in peers[1:] if shutil.which(one) is None]
    with TemporaryDirectory(prefix="farm-peers-") as name:
        found = rows([one for one in peers if one not in missing], given.work, given.voices, given.runs, Path(name))
    if given.json:
        print(json.dumps([asdict(row) for row in found], indent=1))
        return 0
    print(table(found))
    for one in missing:
        print(f"{one}: not installed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
