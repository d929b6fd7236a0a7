"""The scores of configs/scores sound as recorded; and a fingerprint shows what changed, where and by how much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.scores import bless, complaint, fingerprint
from tests.scores.fingerprint import SCORES, Fingerprint, Frames, differences, from_text, of_frames, to_text

RATE = 44100


@pytest.mark.parametrize("name", SCORES)
def test_scores_sound_as_recorded(name: str) -> None:
    recorded = fingerprint.recorded(name)
    assert recorded is not None, f"scripts/bless {name}"
    changed = differences(recorded, fingerprint.of_score(name))
    assert not changed, "\n  ".join([f"`scripts/bless {name}` records this, if it is meant:", *changed])


def clicks(times_s: list[float], levels: list[float], seconds: float = 1.0) -> Frames:
    """Short decaying bursts of 1 kHz on both sides."""
    frames = np.zeros((round(seconds * RATE), 2), np.float32)
    for time_s, level in zip(times_s, levels, strict=True):
        at = round(time_s * RATE)
        t = np.arange(min(2000, len(frames) - at)) / RATE
        frames[at : at + len(t)] += (level * np.cos(2 * np.pi * 1000 * t) * np.exp(-t / 0.01)).astype(np.float32)[
            :, None
        ]
    return frames


def printed(frames: Frames, sha256: str = "a" * 64) -> Fingerprint:
    return of_frames(frames, RATE, "2", 3, sha256)


TIMES = [0.1, 0.35, 0.6]
BEFORE = printed(clicks(TIMES, [0.5, 0.25, 0.5]))


def test_a_fingerprint_holds_what_was_put_in() -> None:
    assert BEFORE.onset_frames == tuple(round(one * RATE) for one in TIMES)
    assert np.allclose(BEFORE.onset_db, [-6.02, -12.04, -6.02], atol=0.01)
    assert BEFORE.left_db[0] == BEFORE.left_db[9] == -120.0
    energy = 0.5**2 * (
        np.exp(-2 * np.arange(2000) / RATE / 0.01) * np.cos(2 * np.pi * 1000 * np.arange(2000) / RATE) ** 2
    )
    assert abs(BEFORE.left_db[1] - 10 * np.log10(energy.sum() / 4410)) < 0.01
    loudest = BEFORE.band_hz[int(np.argmax(BEFORE.band_db))]
    assert loudest < 1000 < 2 * loudest


def test_the_text_gives_the_fingerprint_back() -> None:
    assert from_text(to_text(BEFORE)) == BEFORE
    assert to_text(BEFORE).count("\n") < 60


def test_the_same_sound_has_no_differences() -> None:
    assert differences(BEFORE, printed(clicks(TIMES, [0.5, 0.25, 0.5]))) == []


def test_an_onset_that_moved_is_named() -> None:
    told = differences(BEFORE, printed(clicks([0.1, 0.36, 0.6], [0.5, 0.25, 0.5])))
    assert told == ["onset at 0.3500 s moved to 0.3600 s (+441 frames)", *told[1:]]
    assert all("onset" not in line for line in told[1:])


def test_onsets_that_came_and_went_are_named() -> None:
    fewer = printed(clicks([0.1, 0.6], [0.5, 0.5]))
    assert differences(BEFORE, fewer)[0] == "onset at 0.3500 s is gone (-12.04 dB)"
    assert differences(fewer, BEFORE)[0] == "onset at 0.3500 s is new (-12.04 dB)"


def test_a_change_of_level_is_told_for_its_100_ms_and_its_band() -> None:
    told = differences(BEFORE, printed(clicks(TIMES, [0.5, 0.5, 0.5])))
    assert told[0] == "onset at 0.3500 s: -12.04 -> -6.02 dB (+6.02)"
    (left,) = [line for line in told if line.startswith("left")]
    assert left.startswith("left from 0.3 to 0.4 s: ")
    assert left.endswith("(+6.02)")
    assert any(line.startswith("707 to 1414 Hz: ") for line in told)


def test_one_side_alone_is_told() -> None:
    frames = clicks(TIMES, [0.5, 0.25, 0.5])
    frames[:13230, 1] = 0.0
    told = differences(BEFORE, printed(frames))
    assert [line for line in told if line.startswith("left")] == []
    assert any(line.startswith("right from 0.1 to 0.2 s: ") and "-> -120.00 dB" in line for line in told)


def test_other_bits_alone_are_told() -> None:
    told = differences(BEFORE, replace(BEFORE, sha256="b" * 64))
    assert told == ["bits: aaaaaaaaaaaa -> bbbbbbbbbbbb, yet nothing measured here"]
    assert differences(BEFORE, replace(BEFORE, voices=5)) == ["voices: 3 -> 5 (+2)"]


def test_a_long_difference_is_cut() -> None:
    louder = replace(BEFORE, left_db=tuple(one + 1 for one in range(30)))
    told = differences(replace(BEFORE, left_db=tuple(range(30))), louder)
    assert len(told) == fingerprint.MOST_TOLD + 1
    assert told[-1] == "and 18 more levels"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of fingerprints, and two scores."""
    scores = {name: tmp_path / f"{name}.ph" for name in ("one", "two")}
    for number, path in enumerate(scores.values(), 1):
        path.write_text(f'cps: 4\nout: s "bd*{number}"\n', encoding="utf-8")
    kept = tmp_path / "kept"
    monkeypatch.setattr(fingerprint, "SCORES", scores)
    monkeypatch.setattr(fingerprint, "FOLDER", kept)
    monkeypatch.setattr(complaint, "BROKEN", {})
    monkeypatch.setattr(complaint, "FOLDER", tmp_path / "none")
    return kept


def test_blessing_shows_records_and_then_does_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def said() -> str:
        return capsys.readouterr().out

    assert bless.main([]) == 0
    assert said() == "one:\n  new\ntwo:\n  new\n2 of 2 recorded anew\n"
    times = [path.stat().st_mtime_ns for path in sorted(folder.iterdir())]
    assert bless.main([]) == 0
    assert said() == "nothing has changed\n"
    assert [path.stat().st_mtime_ns for path in sorted(folder.iterdir())] == times
    (tmp_path / "two.ph").write_text('cps: 4\nout: s "bd bd ~ ~"\n', encoding="utf-8")
    assert bless.main(["one"]) == 0
    assert said() == "nothing has changed\n"
    assert bless.main(["two"]) == 0
    assert said().startswith("two:\n")
    (folder / "three.toml").touch()
    assert bless.main([]) == 0
    assert said() == "three:\n  gone\n1 of 2 recorded anew\n"
    assert bless.main(["onne"]) == 2
    assert "did you mean `one`?" in capsys.readouterr().err
