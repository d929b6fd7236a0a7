"""The scores in configs/scores: each can be read, sounds, does not clip; workloads start as many voices as stated."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.audio import measure
from farm.graph.score import load, understand
from farm.options import RenderOptions
from farm.pattern.clock import Clock
from farm.pattern.onsets import onset_frames
from farm.rendering.report import Report
from farm.score import Source
from tests import measuring
from tests.render.sound import run

ROOT = Path(__file__).resolve().parent.parent
NAMED = {path.stem: path for path in sorted((ROOT / "configs" / "scores").glob("*.ph"))}
README, LANGUAGE, PYTHON = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "farm/docs/language.md", "farm/docs/python.md")
)
MEANT = {
    "loops": ["`breaks125` is a s", "`amen` is a s", "`amencutup` is a s", "`industrial` is a s"],
    "legacy-bare": ["of several bare patterns the last one"],
    "legacy-notes": ["nothing plays these pitches"],
    "transforms": ["`breaks125` is a synthetic stand-in"],
}
"""How the warnings begin that a score is meant to have."""
SHOWN, TOUR = (re.findall(r"^```ph\n(.*?)^```$", page, re.DOTALL | re.MULTILINE) for page in (README, LANGUAGE))


def rendered(name: str, cycles: int, **more: object) -> tuple[NDArray[np.float32], Report]:
    """Frames (n, 2) and the report of a score."""
    blocks: list[NDArray[np.float32]] = []
    options = RenderOptions(cycles=Fraction(cycles), **more)  # type: ignore[arg-type]
    report = run(load(NAMED[name]), options, lambda block: blocks.append(block.copy()))
    return np.concatenate(blocks), report


def test_there_are_the_workloads_and_fifteen_more() -> None:
    assert {"q", "m", "stress"} <= NAMED.keys()
    assert len(NAMED) >= 18


@pytest.mark.parametrize("name", NAMED)
def test_a_cycle_sounds_without_warnings(name: str) -> None:
    frames, report = rendered(name, 1)
    told = [notice.message for notice in report.notices]
    assert len(told) == len(MEANT.get(name, []))
    assert all(one.startswith(begin) for one, begin in zip(told, MEANT.get(name, [])))
    assert np.isfinite(frames).all()
    assert -20.0 < measuring.peak_dbfs(frames) < 0.0
    assert measuring.rms_dbfs(frames) > -40.0
    assert np.abs(measuring.dc_offset(frames)).max() < 0.02
    assert measure.decibels(np.sqrt((frames**2).mean(axis=0))).min() > -45.0, "one side is silent"


@pytest.mark.parametrize("name", sorted(NAMED.keys() - {"stress"}))
def test_eight_cycles_stay_below_full_scale(name: str) -> None:
    frames, report = rendered(name, 8)
    assert report.clipped_frames == 0
    assert measuring.peak_dbfs(frames) < -0.5
    assert report.tail_s < 12.0


@pytest.mark.parametrize(("name", "starts"), [("q", 36), ("m", 51), ("stress", 8192)])
@pytest.mark.parametrize("cycles", [1, 4])
def test_workloads_start_as_many_voices_as_they_state(name: str, starts: int, cycles: int) -> None:
    _, report = rendered(name, cycles, tail="none")
    assert report.voice_count == starts * cycles


def test_q_plays_c_minor_7_then_f_minor_7() -> None:
    """In the second half cycle the C, G and B flat of the first chord are gone, the A flat and C of the next there.

    The notes that the chords share with each other's harmonics, or with the echoes, say nothing.
    """
    frames, _ = rendered("q", 1, tail="none")
    size = 1 << 19
    first, second = (np.abs(np.fft.rfft(half * np.hanning(len(half)), size)) for half in frames[:, 0].reshape(2, -1))
    bins = {note: round(440.0 * 2.0 ** ((note - 69) / 12) * size / 44100) for note in range(46, 65)}
    assert min(first[bins[note]] / second[bins[note]] for note in (48, 55, 58)) > 2.0
    assert min(second[bins[note]] / first[bins[note]] for note in (56, 60)) > 2.0


def test_m_swells_on_both_sides_and_only_the_right_is_reversed() -> None:
    """Left: hits at 2/8, 5/8 and 7/8 (E(3,8) turned by one); right: the same cycle read backwards."""
    score = load(NAMED["m"])
    (source,) = [one for one in score.graph(0).sources if one.seed_path.startswith("o2")]
    haps = source.voices.query(np.array([0]))
    index, onset, _ = onset_frames(haps, np.array([0]), Clock(44100, Fraction(1, 2)))
    pan, gain = haps.entries("pan"), haps.entries("gain")
    assert pan is not None
    assert gain is not None
    key = haps.key.take(index)
    loud = gain.take(key) == gain[~np.isnan(gain)].max()
    sides = {side: (onset[loud & (pan.take(key) == side)] / 88200 * 8).tolist() for side in (-1.0, 1.0)}
    assert sides[-1.0] == [2.0, 5.0, 7.0]
    assert sorted(7.0 - one for one in sides[1.0]) == sides[-1.0]


def test_drums_are_not_the_same_in_every_cycle() -> None:
    frames, _ = rendered("drums", 4, tail="none")
    first, third = frames[:88200], frames[176400:264600]
    assert np.abs(first - third).max() > 0.05


@pytest.mark.parametrize("number", range(len(SHOWN) + len(TOUR)))
def test_what_readme_and_the_page_of_the_language_show_sounds(number: int) -> None:
    blocks: list[NDArray[np.float32]] = []
    score = understand(Source(f"score {number + 1}", [*SHOWN, *TOUR][number]))
    report = run(score, RenderOptions(cycles=Fraction(2)), lambda block: blocks.append(block.copy()))
    assert report.notices == ()
    assert -26.0 < measuring.peak_dbfs(np.concatenate(blocks)) < 0.0


def test_the_score_that_the_page_of_python_renders_with_many_seeds_depends_on_them() -> None:
    (name,) = re.findall(r"load\(\"configs/scores/([\w-]+)\.ph\"\).*\nwith farm.Session\(\)", PYTHON)
    takes = {rendered(name, 1, tail="none", seed=seed)[0].tobytes() for seed in range(3)}
    assert len(takes) == 3


def test_the_readme_has_one_score_and_the_language_a_tour() -> None:
    assert len(SHOWN) == 1
    assert len(TOUR) >= 7


def test_the_page_of_the_language_names_scores_that_exist() -> None:
    named = set(re.findall(r"`(?:configs/scores/)?([\w-]+)\.ph`", LANGUAGE))
    assert {"q", "m", "stress"} <= named <= NAMED.keys()


@pytest.mark.parametrize("name", NAMED)
def test_a_score_says_first_what_it_is(name: str) -> None:
    first = NAMED[name].read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"(--|//|#|/\*) \w.{10,}", first), first


@pytest.mark.parametrize(("workload", "voices"), [("sustain-72", 72), ("synth-128", 128)])
def test_benchmarks_of_given_voices_sound_throughout(workload: str, voices: int) -> None:
    """The count by which the bench divides is exact: every voice sounds in each of the 441,000 frames."""
    command = [sys.executable, str(ROOT / "scripts/benching/once.py"), "audible", workload, "good"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"voice_frames": voices * 441_000, "voices_peak": voices}


def test_what_is_measured_beside_peers_renders(tmp_path: Path) -> None:
    """The three workloads of the peers' harness, with few voices: the given columns are those that voices have."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT / "scripts/peers")!r})
from pathlib import Path
from inputs import write_inputs
from ours import main
write_inputs(Path("."))
for work in ("w1", "w2", "w3"):
    sys.argv = ["ours.py", work, "8", ".", work + ".wav"]
    main()
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True)
    assert all((tmp_path / f"{work}.wav").stat().st_size > 1_000_000 for work in ("w1", "w2", "w3"))


def test_what_the_page_of_python_shows_runs(tmp_path: Path) -> None:
    """All its blocks, one after another, as one program beside the scores; of many renders and blocks, three."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", PYTHON, re.DOTALL | re.MULTILINE))
    short = re.sub(r"\b100\b", "3", code)
    assert short.count("3") - code.count("3") == 2
    command = [sys.executable, "-c", short]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n('left', 'right') " in done.stdout
    assert {"q.wav", "q.jams", "q.mid"} <= {path.name for path in tmp_path.iterdir()}
