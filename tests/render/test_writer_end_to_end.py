"""From a score to a file: its frames, its bytes, and what is left behind when a render does not finish."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from farm.errors import FarmError, FileError, RenderError, SampleError
from farm.options import Bits
from farm.rendering.report import Report
from farm.rendering.session import render_file
from tests.render.sound import RATE, asked, frames, run, score

ROOT = Path(__file__).resolve().parents[2]
TEXT = 'cps: 2\n~a: saw 110 # lpf 800 1\nout: s "bd*2? ~a hh" * 0.4 + noise * 0.01'
SHM = Path("/dev/shm")
ALL_BITS: tuple[Bits, ...] = ("16", "24", "32f")


def made(path: Path, text: str = TEXT, **options: Any) -> Report:
    """Renders to a file; integers are cut off at full scale."""
    options.setdefault("clip", "none" if options.get("bits") == "32f" else "warn")
    return render_file(score(text), path, asked(**options))


def segments(pid: int | None = None) -> list[str]:
    """The blocks of shared memory of a process that farm left (None: of this one)."""
    return [path.name for path in SHM.glob(f"farm-{os.getpid() if pid is None else pid}-*")]


@pytest.mark.parametrize(("bits", "error"), [("32f", 0.0), ("24", 2.0**-22), ("16", 2.0**-14)])
def test_a_file_holds_the_frames(tmp_path: Path, bits: Bits, error: float) -> None:
    said = made(tmp_path / "a.wav", bits=bits)
    expected = frames(TEXT)
    found, rate = soundfile.read(tmp_path / "a.wav", dtype="float64")
    assert (rate, found.shape, said.path) == (RATE, expected.shape, str(tmp_path / "a.wav"))
    assert np.abs(found - expected).max() <= error
    assert soundfile.info(tmp_path / "a.wav").subtype == {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}[bits]
    assert (np.abs(found - expected).max() > 0) == (bits != "32f"), "integers are rounded and dithered"


def test_files_are_the_same_to_the_byte_whenever_they_are_written(tmp_path: Path) -> None:
    written = [
        made(tmp_path / f"{bits}.wav", bits=bits) and (tmp_path / f"{bits}.wav").read_bytes() for bits in ALL_BITS
    ]
    time.sleep(1.1)
    for bits, before in zip(ALL_BITS, written, strict=True):
        made(tmp_path / "again.wav", bits=bits, chunk=333)
        assert (tmp_path / "again.wav").read_bytes() == before, bits
    assert len(set(written)) == 3


@pytest.mark.parametrize(
    ("ending", "bits", "error"),
    [
        ("flac", "24", 2.0**-22),
        ("flac", "16", 2.0**-14),
        ("aiff", "32f", 0.0),
        ("aiff", "24", 2.0**-22),
        ("ogg", "24", 0.1),
    ],
)
def test_other_formats_hold_the_frames_in_the_same_bytes(tmp_path: Path, ending: str, bits: Bits, error: float) -> None:
    made(tmp_path / f"a.{ending}", bits=bits)
    made(tmp_path / f"b.{ending}", bits=bits, chunk=333, window_frames=1000, backend="local", threads=2)
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    expected = frames(TEXT)
    found, rate = soundfile.read(tmp_path / f"a.{ending}", dtype="float64")
    assert (rate, found.shape) == (RATE, expected.shape)
    assert np.abs(found - expected).max() <= error


def test_the_seed_of_the_render_is_that_of_the_dither(tmp_path: Path) -> None:
    for seed in (0, 1):
        made(tmp_path / f"{seed}.wav", "out: sine 100 * 0.1", bits="16", seed=seed)
        made(tmp_path / f"{seed}f.wav", "out: sine 100 * 0.1", bits="32f", seed=seed)
    assert (tmp_path / "0f.wav").read_bytes() == (tmp_path / "1f.wav").read_bytes()
    assert (tmp_path / "0.wav").read_bytes() != (tmp_path / "1.wav").read_bytes()


def test_clipped_frames_are_counted(tmp_path: Path) -> None:
    loud = "out: sine 100 * 2"
    assert made(tmp_path / "a.wav", loud, bits="16").clipped_frames == pytest.approx(RATE * 2 * 2 / 3, abs=300)
    assert made(tmp_path / "b.wav", loud, bits="32f").clipped_frames == 0
    assert np.abs(soundfile.read(tmp_path / "b.wav")[0]).max() > 1.9


LATE_FAULT = "cps: 1\n~grow: ~grow * 1.01 + 1\nout: ~grow"


@pytest.mark.parametrize(
    ("text", "error", "status"),
    [
        (LATE_FAULT, RenderError, 1),
        ('cps: 1\nout: s "<bd!9 nosuch>"', SampleError, 4),
    ],
)
def test_a_render_that_fails_keeps_the_old_file(tmp_path: Path, text: str, error: type[FarmError], status: int) -> None:
    target = tmp_path / "a.wav"
    made(target)
    before = target.read_bytes()
    with pytest.raises(error) as caught:
        made(target, text, cycles=Fraction(12), window_frames=RATE)
    assert caught.value.status == status
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]
    assert segments() == []


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        made(tmp_path / "nowhere" / "a.wav")
    assert caught.value.status == 4
    assert segments() == []


def test_nothing_is_left_in_shared_memory(tmp_path: Path) -> None:
    for text in (TEXT, 'cps: 2\n~l: sine 1\nout: s "bd*4" $ fast ~l # gain ~l', 'out: s "bd*64"'):
        made(tmp_path / "a.wav", text, window_frames=RATE // 4)
        assert segments() == []


def test_giving_up_in_the_middle_leaves_no_shared_memory() -> None:
    class Enough(Exception):
        pass

    def take(block: object) -> None:
        assert segments(), "this render uses shared memory"
        raise Enough

    with pytest.raises(Enough):
        run(score(TEXT), asked(cycles=Fraction(100)), take)
    assert segments() == []


@pytest.mark.parametrize("old", [b"what was there before", None])
def test_an_interrupted_render_leaves_what_was_there(tmp_path: Path, old: bytes | None) -> None:
    target = tmp_path / "song.wav"
    if old is not None:
        target.write_bytes(old)
    (tmp_path / "song.ph").write_text(TEXT + '\n~l: sine 1\no2: s "hh*8" # gain ~l', encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    command = [
        sys.executable,
        "-P",
        "-m",
        "farm",
        "render",
        "song.ph",
        "--cycles",
        "900000",
        "--rate",
        "8000",
        "--bits",
        "16",
        "--quiet",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            growing = [path for path in tmp_path.iterdir() if path.name not in before]
            if growing and growing[0].stat().st_size > 1 << 20:
                break
            time.sleep(0.02)
        assert segments(process.pid), "it is rendering"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said.strip()) == (130, "interrupted")
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert old is None or target.read_bytes() == old
    assert segments(process.pid) == []


def test_a_disk_without_room_is_told_before_the_render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "f_blocks f_bavail f_frsize")
    monkeypatch.setattr("os.statvfs", lambda _: usage(10 << 8, 3 << 8, 4096))
    (tmp_path / "a.wav").write_bytes(b"old")
    with pytest.raises(FileError, match=r"a.wav would take 3\.8 MB, and 3\.0 MB are free there"):
        made(tmp_path / "a.wav", cycles=Fraction(164), bits="24")
    assert (tmp_path / "a.wav").read_bytes() == b"old"
    made(tmp_path / "a.wav", cycles=Fraction(2), bits="24")
    assert soundfile.info(tmp_path / "a.wav").frames == RATE
