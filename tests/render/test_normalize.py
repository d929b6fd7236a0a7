"""--normalize: one gain for all, found out on the mix; the same for any chunk, window and worker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import farm
from farm.errors import UsageError
from farm.options import RenderOptions
from farm.rendering.report import Report
from tests.pool.pools import killing
from tests.render.sound import RATE

TEXT = 'cps: 2\no1: s "bd*4 [sn, hh] bd" * 0.7 # delay 0.2 0.4 0.3\no2: sine 50 * 0.2 + noise * 0.05\n'


def made(path: Path, text: str = TEXT, **how: Any) -> tuple[Any, Report]:
    """The frames of a file, and its report."""
    options = RenderOptions(**{"cycles": 6, "rate": RATE, **how})
    report = farm.render_file(farm.loads(text), path, options)
    return soundfile.read(path, dtype="float64")[0], report


@pytest.mark.parametrize("gain", [0.1, 0.8, 9.0])
@pytest.mark.parametrize("bits", ["24", "32f"])
def test_the_peak_is_as_asked(gain: float, bits: str, tmp_path: Path) -> None:
    found, report = made(tmp_path / "a.wav", normalize="peak=-3", gain=gain, bits=bits)
    assert 20 * np.log10(np.abs(found).max()) == pytest.approx(-3.0, abs=0.001)
    assert report.peak_dbfs == pytest.approx(-3.0, abs=0.001)
    assert (report.clipped_frames, report.limited_frames) == (0, 0)
    bare = farm.render(farm.loads(TEXT), RenderOptions(cycles=6, rate=RATE, clip="none", gain=gain))
    assert report.normalized_db == pytest.approx(-3.0 - 20 * np.log10(np.abs(bare).max()), abs=0.001)
    np.testing.assert_allclose(found, bare * np.float32(10 ** (report.normalized_db / 20)), atol=1e-6)


def test_full_scale_is_not_passed(tmp_path: Path) -> None:
    found, report = made(tmp_path / "a.wav", normalize="peak=0", bits="32f")
    assert np.abs(found).max() == 1.0
    assert report.clipped_frames == 0


@pytest.mark.parametrize("asked", ["lufs=-30", "lufs=-23,tp=-1", "lufs=-25,tp=-3.5"])
def test_the_loudness_is_as_asked(asked: str, tmp_path: Path) -> None:
    _, report = made(tmp_path / "a.wav", normalize=asked)
    assert report.loudness is not None
    lufs = float(re.split("[=,]", asked)[1])
    assert report.loudness.integrated_lufs == pytest.approx(lufs, abs=1e-3)
    again, second = made(tmp_path / "b.wav", f'out: s "bd" * 0\n{TEXT}', normalize=asked, gain=0.2)
    assert second.loudness is not None and second.loudness.integrated_lufs == pytest.approx(lufs, abs=1e-3)
    assert len(again) > RATE


def test_the_true_peak_has_the_last_word(tmp_path: Path) -> None:
    _, report = made(tmp_path / "a.wav", normalize="lufs=-3,tp=-2")
    assert report.loudness is not None and report.loudness.integrated_lufs is not None
    assert report.loudness.true_peak_dbtp == pytest.approx(-2.0, abs=1e-3)
    assert report.loudness.integrated_lufs < -5
    told = [notice.message for notice in report.notices]
    assert (
        f"the loudness is {report.loudness.integrated_lufs:.1f} LUFS instead of -3: the true peak is at -2.0 dBTP"
        in told
    )
    _, ceiling = made(tmp_path / "b.wav", normalize="lufs=-3", ceiling=-4.0)
    assert ceiling.loudness is not None and ceiling.loudness.true_peak_dbtp == pytest.approx(-4.0, abs=1e-3)


WAYS: tuple[dict[str, Any], ...] = (
    {"backend": "inline", "chunk": 64},
    {"backend": "inline", "chunk": 777, "window_frames": 3000},
    {"backend": "local", "threads": 2, "chunk": 512},
    {"backend": "local", "threads": 3, "chunk": 100},
)


@pytest.mark.parametrize("how", WAYS, ids=str)
@pytest.mark.parametrize("asked", ["peak=-1", "lufs=-24,tp=-1"])
def test_the_bytes_are_the_same_however_it_is_made(how: dict[str, Any], asked: str, tmp_path: Path) -> None:
    _, expected = made(tmp_path / "a.flac", normalize=asked, backend="inline")
    with killing(int(how["backend"] == "local")):
        _, found = made(tmp_path / "b.flac", normalize=asked, **how)
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()
    assert (found.sha256, found.loudness, found.normalized_db) == (
        *(expected.sha256, expected.loudness),
        expected.normalized_db,
    )


def test_stems_have_the_gain_of_their_mix(tmp_path: Path) -> None:
    options = RenderOptions(cycles=6, rate=RATE, normalize="lufs=-30", bits="32f")
    report = farm.stems(farm.loads(TEXT, name="song.ph"), tmp_path, options)
    assert report.residual_dbfs is not None and report.residual_dbfs < -130
    sound = {path.stem[8:]: soundfile.read(path, dtype="float64")[0] for path in tmp_path.iterdir()}
    np.testing.assert_allclose(sound["o1"] + sound["o2"], sound["mix"], atol=1e-6)
    whole = RenderOptions(cycles=6, rate=RATE, normalize="lufs=-30")
    coded = farm.stems(farm.loads(TEXT, name="song.ph"), tmp_path, whole)
    assert coded.residual_dbfs is not None and -139 < coded.residual_dbfs < -110


def test_what_is_silent_or_short_is_left_as_it_is(tmp_path: Path) -> None:
    found, report = made(tmp_path / "a.wav", "out: sine 100 * 0", normalize="lufs=-14", tail="none")
    assert not found.any()
    assert any("the mix has no loudness" in notice.message for notice in report.notices)
    _, short = made(tmp_path / "a.wav", "out: sine 100", normalize="lufs=-14", tail="none", cycles=None, duration=0.3)
    assert any("shorter than 0.4 s" in notice.message for notice in short.notices)
    assert short.normalized_db == 0.0


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"normalize": "loud"}, "there is no `loud`"),
        ({"normalize": "lfs=-14"}, "there is no `lfs`"),
        ({"normalize": "peak=one"}, "`one` is no number of decibels"),
        ({"normalize": "peak=3"}, "peak must be from -60 to 0, not 3"),
        ({"normalize": "peak=-1,lufs=-14"}, "it takes either peak or lufs"),
        ({"normalize": "tp=-1"}, "it takes either peak or lufs"),
        ({"normalize": "peak=-1,tp=-1"}, "tp goes with lufs"),
        ({"normalize": "peak=-1,peak=-2"}, "stands there twice"),
        ({"normalize": 3}, "normalize must be"),
        ({"normalize": "peak=-1", "clip": "rescale"}, "not with --clip rescale|not with clip rescale"),
        ({"normalize": "peak=-1", "to": 1}, "depends on the loudness of the whole"),
    ],
)
def test_what_cannot_be_meant_is_refused(how: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        RenderOptions(**how)


def test_an_endless_score_has_no_loudness() -> None:
    with pytest.raises(UsageError, match="depends on the loudness of the whole, and a score is endless"):
        farm.stream(farm.loads(TEXT), RenderOptions(normalize="peak=-1"))
