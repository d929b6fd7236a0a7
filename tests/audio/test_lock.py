"""`farm.lock`, licences, and the line of a manifest for one render."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import farm
from farm import cli
from farm.audio.licences import licence_of
from farm.audio.lock import NAME, check_locked, lock, locked
from farm.audio.samples import BUILT_IN, SampleLibrary
from farm.errors import FileError, SampleError, UsageError

DRUM = (BUILT_IN / "bd" / "00.wav").read_bytes()
OTHER = (BUILT_IN / "sn" / "00.wav").read_bytes()
SCORE = 'out: s "own own:1"'


@pytest.fixture
def sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of banks, and a score to stand beside."""
    monkeypatch.chdir(tmp_path)
    for name in ("own/a.wav", "own/b.wav", "kit/deep/c.wav"):
        path = tmp_path / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DRUM)
    (tmp_path / "own.ph").write_text(SCORE, encoding="utf-8")
    return tmp_path / "sounds"


def rendered() -> str:
    options = farm.RenderOptions(cycles=1, rate=8000, samples=("sounds",))
    return farm.render_file(farm.load("own.ph", samples=("sounds",)), "own.wav", options).sha256


def test_a_lock_holds_every_file_and_says_yes_to_what_it_holds(sounds: Path) -> None:
    before = rendered()
    assert lock(SampleLibrary((sounds,))) == [(sounds / NAME, 3)]
    digest = hashlib.sha256(DRUM).hexdigest()
    assert locked(sounds) == {"own": {"a.wav": digest, "b.wav": digest}, "kit/deep": {"c.wav": digest}}
    assert rendered() == before
    text = (sounds / NAME).read_bytes()
    lock(SampleLibrary((sounds,)))
    assert (sounds / NAME).read_bytes() == text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda sounds: (sounds / "own" / "b.wav").write_bytes(OTHER), r"the sample sounds/own/b\.wav is another one"),
        (lambda sounds: (sounds / "own" / "0.wav").write_bytes(DRUM), r"has 0\.wav besides"),
        (lambda sounds: (sounds / "own" / "b.wav").unlink(), r"lacks b\.wav"),
        (lambda sounds: (sounds / NAME).write_text("{}"), "it is no lock of farm's"),
        (lambda sounds: (sounds / NAME).write_text('{"form": 1, "banks": {}}'), r"is not in sounds/farm\.lock"),
    ],
)
def test_a_render_refuses_what_a_lock_does_not_hold(sounds: Path, change: Callable[[Path], object], said: str) -> None:
    lock(SampleLibrary((sounds,)))
    change(sounds)
    with pytest.raises(SampleError, match=said) as caught:
        rendered()
    assert caught.value.loc is not None and caught.value.loc.file == "own.ph"
    assert not Path("own.wav").exists()
    lock(SampleLibrary((sounds,)))
    rendered()


def test_the_built_in_bank_needs_no_lock() -> None:
    bank = SampleLibrary().bank("bd")
    assert bank is not None
    check_locked(bank, bank.file(0))


@pytest.mark.parametrize(
    ("files", "licence"),
    [
        ({}, ("unknown", "")),
        ({"own/LICENSE": "\n  CC0 1.0 Universal\nmore"}, ("CC0 1.0 Universal", "")),
        ({"COPYING.txt": "GPL"}, ("GPL", "")),
        ({"bank.toml": 'license = "CC-BY-4.0"\nauthors = ["A", "B"]'}, ("CC-BY-4.0", "A, B")),
        ({"bank.toml": 'licence = "outer"', "own/bank.toml": 'licence = "inner"'}, ("inner", "")),
        ({"own/bank.toml": "no toml [", "own/licence.md": "MIT"}, ("MIT", "")),
        ({"own/bank.toml": 'name = "x"', "LICENSE": "MIT"}, ("MIT", "")),
        ({"own/bank.toml": 'credits = "Ö"'}, ("unknown", "Ö")),
    ],
)
def test_licences_stand_beside_banks(sounds: Path, files: dict[str, str], licence: tuple[str, str]) -> None:
    for name, text in files.items():
        (sounds / name).write_text(text, encoding="utf-8")
    bank = SampleLibrary((sounds,)).bank("own")
    assert bank is not None
    found = licence_of(bank)
    assert (found.licence, found.credits) == licence


def test_the_command_line_locks_and_tells_licences(sounds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sounds / "LICENSE").write_text("CC0", encoding="utf-8")
    assert cli.run(["bank", "lock", "--samples", "sounds", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["locks"] == [{"path": "sounds/farm.lock", "files": 3}]
    assert cli.run(["bank", "licenses", "own.ph", "--samples", "sounds"]) == 0
    assert capsys.readouterr().out == "bank  licence  credits\nown   CC0\n"
    for line, said in (
        (["bank", "lock"], "no sample folder"),
        (["bank", "licenses"], "which score"),
        (["bank", "bd", "x.ph"], "SCORE goes with"),
    ):
        assert cli.run(line) == UsageError.status
        assert said in capsys.readouterr().err


def test_a_render_adds_the_line_of_its_file(sounds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("said.jsonl").write_bytes(b'{"file": "torn')
    for name in ("x.wav", "y.flac"):
        words = ["render", "own.ph", name, "--cycles", "1", "--rate", "8000", "--samples", "sounds", "--quiet"]
        assert cli.run([*words, "--manifest", "said.jsonl"]) == 0
    torn, *whole = Path("said.jsonl").read_text(encoding="utf-8").splitlines()
    assert torn == '{"file": "torn'
    first, second = map(json.loads, whole)
    assert (first["file"], second["file"], first["bits"]) == ("x.wav", "y.flac", "24")
    assert first["integrated_lufs"] == second["integrated_lufs"] < 0
    assert first["key"] == second["key"] and first["frames_sha256"] == second["frames_sha256"]
    for one in (first, second):
        content = Path(one["file"]).read_bytes()
        assert (one["size"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert [*first["banks"]] == [*first["licences"]] == ["own"]
    options = farm.RenderOptions(cycles=1, rate=8000, samples=("sounds",))
    assert first["key"] == farm.job_of(farm.load("own.ph", samples=("sounds",)), options).key(SampleLibrary((sounds,)))
    assert cli.run(["render", "own.ph", "-", "--samples", "sounds", "--manifest", "said.jsonl"]) == 2
    assert "--manifest tells of a file" in capsys.readouterr().err
    words = ["render", "own.ph", "z.wav", "--cycles", "1", "--rate", "8000", "--samples", "sounds", "--quiet"]
    assert cli.run([*words, "--manifest", "none/said.jsonl"]) == FileError.status
    assert "the folder none does not exist; the sound is whole, in z.wav" in capsys.readouterr().err
    assert Path("z.wav").stat().st_size > 44
