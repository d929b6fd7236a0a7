"""Labels are a function of score and options, as the sound is: not of chunks, windows, workers, or where they wait."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farm.graph.sounds import Sounds
from farm.labels import spool
from tests.labels.readers import ALL, rendered
from tests.render.sound import RATE, report, score

CUT_OFF = """
cps: 1.7
~lfo: sine 0.7 * 0.3 + 0.5
~moving: saw (~lfo * 400 + 100)
~long: line 1 1
o1: s "oh? hh [oh hh]*2 <bd sn>" # cut 1 # gain ~lfo
o2: s "~long*3 ~" # adsr 0.01 0.1 0.6 0.8 # cut -1 # legato 3
o3: s "~moving(5,8)" $ every 2 (late 0.125) # note "c'maj9 <0 7>" # release 0.6
o4: s "casio*2" # loop 1 # legato 2 # end 0.2 # speed "1 -0.5"
"""
WAYS: tuple[dict[str, Any], ...] = (
    {"chunk": 64, "window_frames": 64},
    {"chunk": 333, "window_frames": 1000},
    {"chunk": 4096, "window_frames": 9000},
    {"backend": "local", "threads": 2, "chunk": 512, "window_frames": 3000},
)


def files(path: Path) -> dict[str, bytes]:
    """The bytes of all label files."""
    return {name: path.with_suffix(f".{name}").read_bytes() for name in ALL.split(",")}


@pytest.mark.parametrize("most", [None, 5])
def test_bytes_do_not_depend_on_how_the_work_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int | None
) -> None:
    options = {"cycles": 6, "max_voices": most, "tail": "auto", "from_": Fraction(1, 2)}
    path = tmp_path / "a.wav"
    whole = rendered(CUT_OFF, path, backend="inline", **options)
    expected = files(path)
    assert whole.voices is not None
    wanted = {"itself", "choked", *(("stolen",) if most else ())}
    assert wanted <= set(whole.voices["ended"].tolist())
    # A long spool lies in a file.
    monkeypatch.setattr(spool.Spool.__init__, "__defaults__", (None, 500))
    for way in WAYS:
        again = rendered(CUT_OFF, path, **{"backend": "inline", **options, **way})
        assert files(path) == expected, way
        assert again.voices is not None and again.voices.dtype == whole.voices.dtype
        assert again.voices.tobytes() == whole.voices.tobytes()
    assert sorted(one.suffix for one in tmp_path.iterdir()) == sorted([".wav", *(f".{one}" for one in ALL.split(","))])


def test_labels_change_no_frame(tmp_path: Path) -> None:
    plain = rendered(CUT_OFF, tmp_path / "a.wav", (), cycles=3)
    labelled = rendered(CUT_OFF, tmp_path / "b.wav", True, cycles=3)
    assert plain.voices is None and labelled.voices is not None
    assert plain.sha256 == labelled.sha256
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert len(labelled.voices) == plain.voice_count == labelled.voice_count


def test_nothing_is_collected_where_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("labels are made")

    monkeypatch.setattr("farm.graph.voices.labels_of", refuse)
    monkeypatch.setattr(Sounds, "number", refuse)
    assert report(CUT_OFF).voices is None


def test_a_choked_voice_ends_where_the_next_begins(tmp_path: Path) -> None:
    text = 'cps: 1\n~one: line 1 1\nout: s "~one ~one ~ ~" # adsr 0 0 1 2 # cut 1'
    for window in (64, 1000, None):
        found = rendered(text, tmp_path / "a.wav", True, window_frames=window, chunk=64, cycles=2, tail=1.0).voices
        assert found is not None
        assert found["ended"].tolist() == ["choked", "choked", "choked", "cut"]
        fade = RATE * 5 // 1000
        assert found["end_frame"].tolist() == [RATE // 4 + fade, RATE + fade, RATE * 5 // 4 + fade, 3 * RATE]
        assert found["gate_end_frame"].tolist() == [RATE // 4, RATE // 2, RATE * 5 // 4, RATE * 3 // 2]


def test_a_part_has_the_voices_of_the_whole(tmp_path: Path) -> None:
    whole = rendered(CUT_OFF, tmp_path / "a.wav", True, cycles=6).voices
    part = rendered(CUT_OFF, tmp_path / "b.wav", True, cycles=6, from_=2, to=4).voices
    assert whole is not None and part is not None
    inside = whole[(whole["cycle"] >= 2) & (whole["cycle"] < 4)]
    assert part["cycle"].tolist() == inside["cycle"].tolist()
    first = score(CUT_OFF).cps
    begin = int(2 * RATE / first + Fraction(1, 2))
    assert np.array_equal(part["onset_frame"], inside["onset_frame"] - begin)
    end = int(4 * RATE / first + Fraction(1, 2))
    assert np.array_equal(part["end_frame"], np.minimum(inside["end_frame"], end) - begin)
    assert set(part["ended"][inside["end_frame"] > end].tolist()) == {"cut"}
