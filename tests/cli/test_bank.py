"""`farm bank`: what banks hold and where they come from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from farm.audio import planes
from farm.audio.folders import ACCEPTED, SUFFIXES
from farm.audio.samples import BUILT_IN
from tests.cli.conftest import Ran

Farm = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `sounds`: a bank of three files, one of them broken, and a `bd` of its own."""
    times = np.arange(22_050) / 44_100
    for name, sound in {"kit/a.wav": np.sin(2764.6 * times), "kit/b.flac": 0.1 * np.ones((22_050, 2))}.items():
        path = tmp_path / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, sound, 44_100)
    (tmp_path / "sounds/kit/c.wav").write_bytes(b"RIFF")
    (tmp_path / "sounds/bd").mkdir()
    soundfile.write(tmp_path / "sounds/bd/mine.wav", np.ones(100), 8000)
    return tmp_path / "sounds"


def test_all_banks_with_where_they_come_from(farm: Farm, folder: Path) -> None:
    ran = farm("bank", "--samples", "sounds")
    assert (ran.status, ran.err) == (0, "")
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in ran.out.splitlines() if line}
    assert rows["bd"] == "1 file 0.01 s sounds/bd"
    assert rows["kit"] == "3 files 0.50 s, 1 unreadable sounds/kit"
    assert rows["hh"] == "6 files 0.08 to 0.17 s built in"
    assert rows["amen"] == "1 file 1.75 s built in, a synthetic stand-in"
    assert list(rows)[1:-1] == sorted(list(rows)[1:-1])


def test_one_bank_with_its_files(farm: Farm, folder: Path) -> None:
    ran = farm("bank", "kit", "--samples", "sounds")
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == "kit  3 files, sounds/kit"
    assert " ".join(lines[2].split()) == "kit:0 a.wav 44100 Hz mono 0.500 s PCM 16 peak 0.0 dBFS mean −3.0 dBFS"
    flac = "kit:1 b.flac 44100 Hz stereo 0.500 s FLAC PCM_16 peak −20.0 dBFS mean −20.0 dBFS"
    assert " ".join(lines[3].split()) == flac
    assert "cannot read the sample sounds/kit/c.wav" in lines[4]


def test_json(farm: Farm, folder: Path) -> None:
    listed: Any = json.loads(farm("bank", "--json", "--samples", "sounds").out)
    assert [(row["name"], row["files"]) for row in listed["banks"] if not row["built_in"]] == [("bd", 1), ("kit", 3)]
    one: Any = json.loads(farm("bank", "kit", "--json", "--samples", "sounds").out)
    assert [file["channels"] for file in one["files"]] == [1, 2, 0]


def test_what_is_not_there(farm: Farm) -> None:
    missing = farm("bank", "bdd")
    assert (missing.status, missing.err.splitlines()[0]) == (4, "error: there is no sample bank `bdd`")
    assert "did you mean `bd`?" in missing.err
    folder = farm("bank", "--samples", "absent")
    assert (folder.status, folder.err.splitlines()[0]) == (4, "error: the sample folder absent does not exist")
    wrong = farm("bank", "bd", "--clear")
    assert wrong.status == 2
    assert "farm bank cache --clear" in wrong.err


def test_the_cache_is_shown_and_cleared(farm: Farm, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CACHE", str(folder.parent / "cache"))
    assert farm("bank", "cache").out.endswith("cache/sounds: no decoded sounds\n")
    assert farm("bank", "cache", "--clear").out.endswith("cache/sounds: removed no decoded sounds\n")
    planes.planes_of(folder / "kit/b.flac", 44_100)
    assert farm("bank", "cache").out.endswith("cache/sounds: 1 decoded sound, 176.9 kB\n")
    assert farm("bank", "cache", "--clear").out.endswith("cache/sounds: removed 1 decoded sound, 176.9 kB\n")
    assert json.loads(farm("bank", "cache", "--json").out)["sounds"] == 0


def test_a_folder_without_sounds_is_told_which_files_it_may_hold(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "notes.txt").write_bytes(b"x")
    (tmp_path / "loose.wav").write_bytes((BUILT_IN / "bd" / "00.wav").read_bytes())
    (tmp_path / "song.ph").write_text('out: s "kit loose"')
    found = farm("check", str(tmp_path / "song.ph"), "--samples", str(tmp_path))
    assert found.status == 4
    assert f"song.ph:1:9: error: the bank {tmp_path}/kit holds no sound file\n" in found.err
    assert (
        "a bank's files are WAV, FLAC, OGG, MP3 or AIFF (.wav .flac .ogg .oga .opus .mp3 .aiff .aif .aifc)" in found.err
    )
    assert f"song.ph:1:13: error: there is no sample bank `loose`, but a file {tmp_path}/loose.wav\n" in found.err
    assert f"a bank is a folder: the file is `{tmp_path.name}:0`" in found.err
    assert set(re.findall(r"\.\w+", ACCEPTED)) == SUFFIXES
    assert "holds no sound file" in farm("bank", "--samples", str(tmp_path), "kit").err
    for name in ("a.m4a", "b.caf"):
        (tmp_path / "kit" / name).write_bytes(b"x")
    said = farm("bank", "--samples", str(tmp_path), "kit").err
    assert (
        f"error: the bank {tmp_path}/kit holds no sound file that farm plays, but 2 of other kinds: a.m4a, b.caf\n"
        in said
    )


def test_banks_say_what_they_leave_out(farm: Farm, tmp_path: Path) -> None:
    sound = (BUILT_IN / "bd" / "00.wav").read_bytes()
    for name in ("a/kit/x.wav", "b/kit/y.wav", "b/kit/z.m4a", "a/kit/y.m4a", "loose.wav", "loose.wma"):
        (tmp_path / "S" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "S" / name).write_bytes(sound)
    listed = farm("bank", "--samples", str(tmp_path / "S"))
    assert "kit: 1 file left out, because farm does not play their kind: y.m4a\n" in listed.out
    assert f"kit: not played, because they have the same name: {tmp_path}/S/b/kit\n" in listed.out
    assert "S: 1 file left out, because farm does not play their kind: loose.wma\n" in listed.out
    one = farm("bank", "--samples", str(tmp_path / "S"), "kit")
    assert "\n1 file left out, because farm does not play their kind: y.m4a\n" in one.out
    row: Any = json.loads(farm("bank", "--samples", str(tmp_path / "S"), "kit", "--json").out)
    assert (row["skipped"], row["shadowed"]) == (["y.m4a"], [f"{tmp_path}/S/b/kit"])
    (tmp_path / "song.ph").write_text('out: s "kit S"')
    said = farm("check", str(tmp_path / "song.ph"), "--samples", str(tmp_path / "S"))
    assert said.status == 0
    assert "warning: 1 file is left out of the bank `kit`, because farm does not play their kind: y.m4a\n" in said.err
    assert f"several folders are called `kit`: {tmp_path}/S/a/kit is played, not {tmp_path}/S/b/kit\n" in said.err
    assert "warning: 1 file is left out of the bank `S`" in said.err


def test_a_bank_says_what_a_render_says_of_its_files(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "S" / "kit").mkdir(parents=True)
    soundfile.write(tmp_path / "S" / "kit" / "a.flac", np.zeros((2000, 6)), 44_100)
    told = farm("bank", "--samples", str(tmp_path / "S"), "kit").out
    assert told.endswith(
        "\nkit:0: its 6 channels are mixed to stereo (ITU-R BS.775, the low frequency channel left out)\n"
    )


def test_r23_how_a_score_writes_each_bank(farm: Farm, folder: Path) -> None:
    for name in ("Ünï", "drum&bass", "Kick Drum", "808"):
        (folder / name).mkdir()
        soundfile.write(folder / name / "a.wav", np.ones(100), 8000)
    lines = farm("bank", "--samples", "sounds").out.splitlines()
    for shown in ("Ünï ", "drum_bass (drum&bass) ", "Kick_Drum (Kick Drum) ", "808 "):
        assert any(line.startswith(shown) for line in lines), shown
    for asked in ("Kick Drum", "Kick_Drum"):
        one = farm("bank", asked, "--samples", "sounds").out.splitlines()
        assert one[0] == "Kick_Drum (Kick Drum)  1 file, sounds/Kick Drum"
        assert one[2].startswith("Kick_Drum:0  a.wav")
    listed: Any = json.loads(farm("bank", "--json", "--samples", "sounds").out)
    assert {row["name"]: row["written"] for row in listed["banks"]}["drum&bass"] == "drum_bass"
