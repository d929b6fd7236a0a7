"""Sample files as they are heard: where they come from, how they are held, both channels, what is wrong with them."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from farm.audio import decode, keeping, planes
from farm.errors import RenderError, SampleError, show
from farm.graph import slab
from farm.graph.law import pan_gains
from farm.graph.score import understand
from farm.options import RenderOptions
from farm.score import Source
from tests.render.sound import RATE, Frames, frames, report, run, same_bits

EDGE = 64
"""Frames of attack and of closing fade."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keeping, "SOUNDS", str(tmp_path / "cache"))
    monkeypatch.delenv("FARM_SAMPLES", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def noise(seed: int = 1, channels: int = 1, count: int = 2000) -> np.ndarray:
    """Noise on the grid of 16 bits, so that every coding holds it exactly: float32 (count, channels)."""
    whole = np.random.default_rng(seed).integers(-20_000, 20_000, (count, channels))
    return (whole / 32768.0).astype(np.float32)


def stored(path: Path, sound: np.ndarray, rate: int = RATE, **options: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, **options)
    return path


def heard(text: str, folder: Path, **options: Any) -> Frames:
    return frames(text, samples=(str(folder),), **options)


@pytest.mark.parametrize("pan", [0.0, 0.5, -0.3, 1.0, -1.0])
def test_a_stereo_file_keeps_its_sides_in_the_middle_and_becomes_their_mean_at_the_ends(
    folder: Path, pan: float
) -> None:
    sound = noise(channels=2).astype(np.float64)
    stored(folder / "kit" / "a.wav", sound, subtype="FLOAT")
    found = heard(f'cps: 1\nout: s "kit" # pan {pan}', folder)[EDGE : len(sound) - EDGE]
    inner = sound[EDGE:-EDGE]
    mean = inner.mean(axis=1)
    gains = [float(gain[0]) for gain in pan_gains(np.array([pan]))]
    for side, gain in enumerate(gains):
        expected = gain * ((1.0 - abs(pan)) * inner[:, side] + abs(pan) * mean)
        np.testing.assert_allclose(found[:, side], expected, atol=2e-6)


def test_a_mono_file_sounds_as_a_stereo_file_of_the_same_twice(folder: Path) -> None:
    stored(folder / "kit" / "a.wav", noise(), subtype="FLOAT")
    stored(folder / "kit" / "b.wav", noise().repeat(2, axis=1), subtype="FLOAT")
    for pan in ("0", "0.5", "-1"):
        one, two = (heard(f'cps: 1\nout: s "kit:{index}" # pan {pan}', folder) for index in (0, 1))
        np.testing.assert_allclose(one, two, atol=1e-6)


SCORE = """cps: 1
out: s "kit:{0}*3" # speed "1 -1 0.7" # pan "0 0.5 -1"
o2: s "kit:{0}*2" # speed "2.6 1.3" # begin 0.1 # ar 0.01 0.2
o3: s "kit:{0}" # loop 1 # speed 0.9 # begin 0.5
"""
FILES = (("a.wav", "FLOAT"), ("b.wav", "PCM_16"), ("c.wav", "PCM_24"), ("d.wav", "PCM_32"), ("e.flac", "PCM_16"))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("quality", ["draft", "good", "best"])
def test_what_is_mapped_in_place_and_what_is_decoded_sound_the_same(
    folder: Path, channels: int, quality: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, subtype in FILES:
        stored(folder / "kit" / name, noise(channels=channels), subtype=subtype)
    whole = heard(SCORE.format(4), folder, quality=quality)
    assert np.abs(whole).max() > 0.3
    for decoded_bytes in (1 << 20, 0):
        monkeypatch.setattr(planes, "DECODED_BYTES", decoded_bytes)
        keeping.clear()
        held = [planes.planes_of(folder / "kit" / name, RATE) for name, _ in FILES]
        in_place = [name for (name, _), one in zip(FILES, held) if one.path.parent.name == "kit"]
        assert in_place == ([name for name, _ in FILES[:4]] if not decoded_bytes else ["a.wav"] * (channels == 1))
        for index, (name, subtype) in enumerate(FILES[:4]):
            found = heard(SCORE.format(index), folder, quality=quality)
            same_bits(found, whole, f"{name} {subtype}, decoded up to {decoded_bytes} bytes")
    if quality == "good":
        for options in ({"chunk": 333}, {"threads": 2}, {"threads": 2, "work_dir": str(folder)}):
            same_bits(heard(SCORE.format(1), folder, **options), whole, str(options))
        keeping.clear()
        same_bits(heard(SCORE.format(4), folder), whole, "an empty cache")


def test_a_pool_maps_what_later_windows_name(folder: Path) -> None:
    for index in range(8):
        stored(folder / "kit" / f"{index}.wav", noise(index), subtype="FLOAT" if index % 2 else "PCM_16")
    text = 'cps: 4\nout: s "<kit:0 kit:1 kit:2 kit:3 kit:4 kit:5 kit:6 kit:7>*2"\n'
    whole = heard(text, folder, cycles=Fraction(8))
    for options in ({"threads": 2}, {"backend": "inline"}):
        found = heard(text, folder, cycles=Fraction(8), chunk=256, window_frames=1024, **options)
        same_bits(found, whole, str(options))


def test_folders_are_searched_in_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--samples, the last first; FARM_SAMPLES; `samples` beside the score; the built-in bank."""
    levels = {"first": 0.1, "last": 0.2, "variable": 0.3, "samples": 0.4}
    for name, level in levels.items():
        stored(folder / name / "bd" / "a.wav", np.full((400, 1), level, np.float32), subtype="FLOAT")
    (folder / "test.ph").write_text("")

    def level(*asked: str) -> float:
        return float(frames('cps: 1\nout: s "bd"', samples=asked)[200, 0])

    assert level("first", "last") == pytest.approx(0.2)
    assert level("last", "first") == pytest.approx(0.1)
    monkeypatch.setenv("FARM_SAMPLES", os.pathsep.join([str(folder / "variable"), str(folder / "first")]))
    assert level() == pytest.approx(0.3)
    assert level("first") == pytest.approx(0.1)
    monkeypatch.delenv("FARM_SAMPLES")
    assert level() == pytest.approx(0.4)
    told = report('cps: 1\nout: s "bd hh"', samples=("last",))
    assert told.banks == ("bd", "hh")
    assert told.foreign_banks == {"bd": "last/bd"}
    (folder / "test.ph").unlink()
    assert report('cps: 1\nout: s "bd"').foreign_banks == {}


def test_a_bank_that_is_left_out_does_not_count(folder: Path) -> None:
    (folder / "samples" / "junk").mkdir(parents=True)
    (folder / "samples" / "junk" / "a.wav").write_text("no sound")
    source = Source("test.ph", 'cps: 1\nout: s "bd junk"')
    loaded = understand(source, lenient=True)
    told = run(loaded, RenderOptions(cycles=Fraction(1), lenient=True))
    assert (told.banks, told.foreign_banks) == (("bd",), {})


def fault(text: str, folder: Path) -> SampleError:
    with pytest.raises(SampleError) as caught:
        heard(text, folder)
    assert caught.value.status == 4
    return caught.value


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.wav", b"", "Format not recognised"),
        ("a.wav", b"RIFF\0\0\0\0WAVE", "no `data` chunk"),
        ("a.flac", b"fLaC" + bytes(40), "a.flac: "),
        ("a.ogg", b"OggS" + bytes(40), "a.ogg: "),
        (
            "a.wav",
            b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\0\0\0\0\0\0\0\0\2\0\x10\0data\4\0\0\0abcd",
            "of 0 Hz",
        ),
        ("a.wav", b"RIFF\xff\xff\xff\xffWAVEfmt \xf0\xff\xff\xff\1\0\1\0", "is too short"),
        ("\udcff\n.wav", b"no sound", r"\xff\n.wav: Format not recognised"),
    ],
)
def test_a_file_that_cannot_be_played_is_named_under_the_caret(
    folder: Path, name: str, content: bytes, reason: str
) -> None:
    (folder / "kit").mkdir()
    (folder / "kit" / name).write_bytes(content)
    error = fault('-- drums\nout: s "hh kit:0"', folder)
    assert error.loc is not None and (error.loc.line, error.loc.column, error.loc.length) == (2, 12, 5)
    assert "cannot read the sample" in error.message
    assert reason in error.message
    show(error).encode("utf-8")


def test_not_finite_frames_are_an_error_where_the_score_names_them(folder: Path) -> None:
    sound = noise()
    sound[1234] = np.nan
    stored(folder / "kit" / "a.wav", sound, subtype="FLOAT")
    assert "a.wav: its frame 1234 is not a finite number" in fault('out: s "bd kit"', folder).message


def test_no_link_leads_out_of_the_folder(folder: Path) -> None:
    outside = stored(folder / "elsewhere" / "a.wav", noise())
    root = folder / "root"
    kit = stored(root / "kit" / "b.wav", noise()).parent
    (kit / "a.wav").symlink_to(outside)
    (kit / "c.wav").symlink_to("../kit/b.wav")
    (root / "away").symlink_to(folder / "elsewhere")
    (root / "beside").symlink_to("kit")
    (root / "links").mkdir()
    (root / "links" / "a.wav").symlink_to("../../elsewhere/a.wav")
    told = report('cps: 1\nout: s "kit:0 kit:1 beside"', samples=(str(root),))
    notes = [notice for notice in told.notices if "left out of the bank `kit`" in notice.message]
    assert len(notes) == 1 and notes[0].message.endswith("links out of its sample folder: a.wav")
    assert notes[0].loc is not None and notes[0].loc.column == 9
    error = fault('out: s "bd away"', root)
    assert f"is a link to {folder}/elsewhere, outside its sample folder" in error.message
    assert error.loc is not None and error.loc.column == 12
    assert "every sound file of the bank" in fault('out: s "links"', root).message


def test_a_large_folder_is_not_looked_through(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the sub-directory that is named is listed, and of its files only the named one is opened. For a name that no
    sub-directory has, all folders are listed, once."""
    for bank in ("kit", "other"):
        (folder / bank).mkdir()
        for index in range(500):
            os.close(os.open(folder / bank / f"{index:03}.wav", os.O_CREAT | os.O_WRONLY))
    stored(folder / "kit" / "499.wav", noise())
    listed: list[str] = []
    opened: list[Path] = []
    scan, inspect = os.scandir, decode.inspect
    monkeypatch.setattr(os, "scandir", lambda path: (listed.append(str(path)), scan(path))[1])
    monkeypatch.setattr(decode, "inspect", lambda file, lenient: (opened.append(file), inspect(file, lenient))[1])
    told = report('cps: 1\nout: s "kit:499 kit:999"', samples=(str(folder),))
    assert told.peak_dbfs > -10.0
    assert [path for path in listed if path.startswith(str(folder))] == [str(folder / "kit")]
    assert [path.name for path in opened if path.parent.name == "kit"] == ["499.wav"]
    listed.clear()
    opened.clear()
    report('cps: 1\nout: s "hh cp sn"', samples=(str(folder),))
    names = {name: listed.count(str(folder / name)) for name in ("", "kit", "other", "cache")}
    assert names == {"": 1, "kit": 1, "other": 1, "cache": 1}
    assert not [path for path in opened if path.is_relative_to(folder)]


@pytest.mark.parametrize("backend", ["inline", "local"])
def test_a_file_that_vanishes_meanwhile_is_named(folder: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(folder / "kit" / "a.wav", noise(), subtype="FLOAT")
    whole = slab.planes_of

    def vanishing(file: Path, rate: int, backwards: bool, lenient: bool) -> planes.Planes:
        found = whole(file, rate, backwards, lenient)
        path.unlink()
        return found

    monkeypatch.setattr(slab, "planes_of", vanishing)
    with pytest.raises(RenderError) as caught:
        heard('out: s "kit"', folder, backend=backend, threads=2 if backend == "local" else None)
    assert str(path) in caught.value.message
