"""Scores that ask for the impossible end within a second and 200 MB; files that cannot be, where they cannot be."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from farm import cli
from tests.render.sound import BANK
from tests.scores.hostile import HEAVY, HOSTILE

ROOT = Path(__file__).resolve().parents[2]
MOST_CPU_S = 1.0
MOST_MB = 200.0
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


@cache
def tried() -> dict[str, dict[str, object]]:
    """What came of every score, by its name."""
    command = [sys.executable, "-P", "-m", "tests.scores.hostile"]
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, check=True, timeout=300)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {str(line["name"]): line for line in lines}


@pytest.mark.parametrize("name", [*HOSTILE, *HEAVY])
def test_the_impossible_ends_soon_and_small(name: str) -> None:
    found = tried()[name]
    assert found["kind"] == ("ScoreError" if name in HOSTILE else "rendered"), found
    assert float(str(found["cpu_s"])) < MOST_CPU_S, found
    assert float(str(found["grown_mb"])) < MOST_MB, found


class Ran(NamedTuple):
    status: int
    out: str
    err: str


Farm = Callable[..., Ran]


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Farm:
    """Runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> Ran:
        status = cli.run(args)
        return Ran(status, *capsys.readouterr())

    return run


def limited(most_bytes: int, *args: str, folder: Path) -> Ran:
    """Runs a command line in a process whose files may not grow longer."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    command = [sys.executable, "-P", "-m", "farm", *args]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    done = subprocess.run(command, cwd=folder, env=ENV, check=False, timeout=120, preexec_fn=limit, **pipes)
    return Ran(done.returncode, done.stdout, done.stderr)


def bank_of(folder: Path, content: bytes) -> None:
    """A bank `mine` with one file beside the score."""
    (folder / "samples" / "mine").mkdir(parents=True)
    (folder / "samples" / "mine" / "one.wav").write_bytes(content)
    (folder / "song.ph").write_text('~a: s "bd*2"\nout: ~a + s "hh ~ mine:2"\n', encoding="utf-8")


def recording(name: str) -> bytes:
    """The first file of a built-in bank."""
    return sorted((BANK / name).glob("*.wav"))[0].read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(recording("bd")[:1000], id="truncated"),
        pytest.param(recording("bd")[:20], id="cut in its head"),
        pytest.param(b"", id="empty"),
        pytest.param(b"This is not sound.\n" * 20, id="text"),
    ],
)
def test_a_sample_that_cannot_be_played_is_an_error_where_it_is_named(
    content: bytes, farm: Farm, tmp_path: Path
) -> None:
    bank_of(tmp_path, content)
    for command in (("check", "song.ph"), ("render", "song.ph", "song.wav", "--cycles", "1", "--backend", "inline")):
        done = farm(*command)
        assert done.status == 4, done.err
        assert "song.ph:2:19: error: " in done.err, done.err
        assert "one.wav" in done.err
        assert f"{' ' * 26}^^^^^^\n" in done.err
    assert not (tmp_path / "song.wav").exists()


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(ending: str, tmp_path: Path) -> None:
    (tmp_path / "song.ph").write_text("out: noise * 0.5\n", encoding="utf-8")
    old = tmp_path / f"song.{ending}"
    old.write_bytes(b"old")
    options = ("--duration", "40", "--backend", "inline", "--tail", "none")
    done = limited(3_000_000, "render", "song.ph", old.name, *options, folder=tmp_path)
    assert done.status == 4, done.err
    assert "Traceback" not in done.err
    assert old.name in done.err
    assert old.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {old.name, "song.ph"}


def test_places_where_nothing_can_be_written(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "song.ph").write_text('out: s "bd"\n', encoding="utf-8")
    (tmp_path / "file").write_bytes(b"")
    for place in ("file/song.wav", "nowhere/song.wav", "/proc/song.wav", "song.ph/song.wav"):
        done = farm("render", "song.ph", place, "--cycles", "1", "--backend", "inline")
        assert (done.status, done.out) == (4, ""), done.err
        assert "error: " in done.err
        assert "Traceback" not in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "song.ph"]


@pytest.mark.parametrize(
    "word", ["../secret", "..", "../../etc", "a/../../secret", "bd/../../secret", "./bd", "mine:../0"]
)
def test_no_word_of_a_score_leaves_the_folder_of_samples(word: str, farm: Farm, tmp_path: Path) -> None:
    """There is a sample where each of these would lead; none of them is played."""
    bank_of(tmp_path, recording("bd"))
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "one.wav").write_bytes(recording("sn"))
    (tmp_path / "song.ph").write_text(f'out: s "{word}"\n', encoding="utf-8")
    done = farm("check", "song.ph")
    assert done.status in (3, 4), done.out
    assert "song.ph:1:" in done.err
    assert "secret/one.wav" not in done.err
