"""--clip in whole renders: parts, chunks and workers give the same frames; files that end at full scale."""

from __future__ import annotations

import re
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import farm
from farm.errors import UsageError, as_python
from farm.rendering.session import render_file
from tests.render.sound import RATE, asked, frames, report, score

LOUD = 'cps: 2\nout: s "bd*4 [sn, hh] bd" * 3 + sine 50 * 0.5'


@pytest.mark.parametrize("options", [{"chunk": 100}, {"window_frames": 3000}, {"backend": "local", "threads": 2}])
def test_the_same_frames_however_it_is_cut(options: dict[str, object]) -> None:
    whole = frames(LOUD, clip="limit", cycles=Fraction(4))
    assert np.abs(whole).max() <= 10 ** (-1 / 20) < np.abs(frames(LOUD, cycles=Fraction(4))).max()
    assert frames(LOUD, clip="limit", cycles=Fraction(4), **options).tobytes() == whole.tobytes()


@pytest.mark.parametrize(("begin", "end"), [("0", "1/3"), ("1/2", "2"), ("3", "4"), ("2.9", "3.3")])
@pytest.mark.parametrize("tail", ["none", 0.5])
def test_a_part_has_the_frames_of_the_whole(begin: str, end: str, tail: str | float) -> None:
    first, last = (int(Fraction(cycle) / 2 * RATE + Fraction(1, 2)) for cycle in (begin, end))
    whole = frames(LOUD, clip="limit", cycles=Fraction(4), tail=tail)
    part = frames(LOUD, clip="limit", cycles=Fraction(4), tail=tail, from_=Fraction(begin), to=Fraction(end))
    assert part.tobytes() == whole[first:last].tobytes()


def test_the_report_says_how_much_was_turned_down() -> None:
    bare, limited = report(LOUD, clip="none"), report(LOUD, clip="limit")
    assert limited.limited_frames > 100
    # A peak lies between two frames, and what is above the ceiling is turned down a little further.
    assert bare.peak_dbfs + 1.0 < limited.reduction_db < bare.peak_dbfs + 1.5
    assert limited.output_peaks_dbfs == bare.output_peaks_dbfs
    scaled = report(LOUD, clip="rescale")
    assert (scaled.limited_frames, scaled.clipped_frames) == (0, 0)
    assert scaled.reduction_db == pytest.approx(bare.peak_dbfs + 0.3, abs=0.01)


def test_loud_frames_go_into_float_files_only(tmp_path: Path) -> None:
    for name, bits in (("a.wav", "24"), ("a.flac", "16"), ("a.ogg", "32f")):
        with pytest.raises(UsageError, match="clip none goes with 32 bit float files only"):
            render_file(score(LOUD), tmp_path / name, asked(bits=bits))
    assert not list(tmp_path.iterdir())
    with pytest.raises(UsageError, match="clip rescale depends on the peak of the whole"):
        asked(clip="rescale", to=Fraction(1))


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        (
            "limit",
            r"warning: the limiter turned down [\d,]+ frames \(\d+ %\), by at most 11\.\d dB\n  gain 0\.22\d needs",
        ),
        (
            "warn",
            r"warning: [\d,]+ frames clipped \(\d+ %\)\n  gain 0\.2\d+ has room for the peak, and clip limit cuts",
        ),
        ("rescale", r"warning: everything was turned down by 10\.4 dB"),
        ("none", None),
    ],
)
def test_what_was_turned_down_is_told_to_programs_too(clip: str, said: str | None, tmp_path: Path) -> None:
    score = farm.loads("out: sine 440 * 4", name="loud")
    options = farm.RenderOptions(duration=1, tail="none", backend="inline", bits="32f", clip=clip)  # type: ignore[arg-type]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        farm.render(score, options)
    report = farm.render_file(score, tmp_path / "a.wav", options)
    with farm.stream(score, options) as stream:
        assert sum(map(len, stream)) == report.frames
    assert stream.report.notices == report.notices
    assert [str(one.message) for one in caught] == [as_python(one) for one in report.notices]
    if said is None:
        assert report.notices == ()
    else:
        (told,) = caught
        assert told.category is farm.FarmWarning
        assert re.match(said, str(told.message)), str(told.message)
