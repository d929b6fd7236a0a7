"""The WAV writer against independent readers, against itself, and against disks that refuse."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.audio import decode, dither, wav
from farm.audio.frames import Place
from farm.audio.writer import Bits, WavWriter
from farm.errors import FileError, RenderError

ALL_BITS: tuple[Bits, ...] = ("16", "24", "32f")


def noise(frames: int, channels: int, level: float = 0.5) -> np.ndarray:
    return (np.random.default_rng(3).uniform(-level, level, (frames, channels))).astype(np.float32)


def written(
    path: Path, frames: np.ndarray, bits: Bits, pieces: list[int] | None = None, seed: int = 0, **limit: int
) -> bytes:
    """The bytes of a file of `frames`, written in pieces of the given lengths."""
    with WavWriter(path, 44_100, frames.shape[1], bits, Place(seed), **limit) as writer:
        for piece in np.split(frames, np.cumsum(pieces or [])):
            writer.write(piece)
    return path.read_bytes()


@pytest.mark.parametrize(("bits", "width"), [("16", 2), ("24", 3)])
def test_the_standard_library_reads_the_integers_back(tmp_path: Path, bits: Bits, width: int) -> None:
    frames = noise(1001, 2)
    written(tmp_path / "a.wav", frames, bits, seed=5)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()) == (
            2,
            width,
            44_100,
            1001,
        )
        raw = np.frombuffer(file.readframes(2000), np.uint8).reshape(-1, width)
    weights = 1 << (8 * np.arange(width))
    values = (raw * weights).sum(axis=1)
    values = np.where(values >= 1 << (8 * width - 1), values - (1 << 8 * width), values).reshape(-1, 2)
    expected, _ = dither.quantise(frames, 8 * width, 5, 0)
    np.testing.assert_array_equal(values, expected)
    assert np.abs(values / 2.0 ** (8 * width - 1) - frames).max() <= 1.5 / 2.0 ** (8 * width - 1)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("riff_limit", [wav.RIFF_LIMIT, 500])
def test_libsndfile_and_our_reader_agree(tmp_path: Path, bits: Bits, channels: int, riff_limit: int) -> None:
    path = tmp_path / "a.wav"
    frames = noise(333, channels)
    data = written(path, frames, bits, riff_limit=riff_limit)
    assert data[:4] == (b"RIFF" if riff_limit == wav.RIFF_LIMIT else b"RF64")
    assert len(data) % 2 == 0
    theirs, rate = soundfile.read(path, dtype="float32", always_2d=True)
    ours, our_rate = decode.read(path)
    assert rate == our_rate == 44_100
    np.testing.assert_array_equal(ours, theirs)
    assert np.abs(ours - frames).max() <= (0.0 if bits == "32f" else 1.5 / 2 ** (int(bits) - 1))
    info = soundfile.info(path)
    assert info.subtype == {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}[bits]
    if riff_limit == 500:
        assert info.format == "RF64"


def test_the_switch_to_rf64_comes_with_the_first_byte_too_many(tmp_path: Path) -> None:
    frames = noise(100, 2)
    size = len(written(tmp_path / "a.wav", frames, "16"))
    assert written(tmp_path / "b.wav", frames, "16", riff_limit=size - 8)[:4] == b"RIFF"
    assert written(tmp_path / "c.wav", frames, "16", riff_limit=size - 9)[:4] == b"RF64"
    assert (tmp_path / "c.wav").stat().st_size == size


def test_sizes_beyond_four_gigabytes_stand_in_ds64() -> None:
    coding = wav.WavFormat(48_000, 2, 16, False)
    long, short = wav.header(coding, 1 << 31), wav.header(coding, 1)
    assert len(long) == len(short)
    assert (short[12:16], long[12:16]) == (b"JUNK", b"ds64")
    assert int.from_bytes(long[28:36], "little") == 1 << 33
    assert int.from_bytes(long[20:28], "little") == (1 << 33) + len(long) - 8


@pytest.mark.parametrize("bits", ALL_BITS)
def test_the_clock_leaves_no_trace(tmp_path: Path, bits: Bits) -> None:
    frames = noise(500, 2)
    first = written(tmp_path / "a.wav", frames, bits)
    time.sleep(1.1)
    assert written(tmp_path / "b.wav", frames, bits) == first


@settings(max_examples=25, deadline=None)
@given(pieces=st.lists(st.integers(0, 400), max_size=8), bits=st.sampled_from(ALL_BITS))
def test_the_cut_into_writes_leaves_no_trace(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[int], bits: Bits
) -> None:
    folder = tmp_path_factory.mktemp("split")
    frames = noise(1200, 2)
    pieces = [piece for piece, total in zip(pieces, np.cumsum(pieces), strict=True) if total <= 1200]
    assert written(folder / "a.wav", frames, bits, pieces) == written(folder / "b.wav", frames, bits)


def test_another_seed_dithers_otherwise(tmp_path: Path) -> None:
    frames = noise(500, 2)
    assert written(tmp_path / "a.wav", frames, "16", seed=1) != written(tmp_path / "b.wav", frames, "16", seed=2)


def test_non_contiguous_frames(tmp_path: Path) -> None:
    planes = np.ascontiguousarray(noise(300, 2).T)
    assert written(tmp_path / "a.wav", planes.T, "32f") == written(tmp_path / "b.wav", noise(300, 2), "32f")


def test_clipped_frames_are_counted_and_clamped(tmp_path: Path) -> None:
    frames = np.zeros((10, 2), np.float32)
    frames[2] = 1.5, -1.5
    frames[5, 1] = -3.0
    frames[7, 0] = 1.0
    with WavWriter(tmp_path / "a.wav", 44_100, 2, "16") as writer:
        writer.write(frames[:4])
        writer.write(frames[4:])
        assert writer.clipped_frames in (2, 3)
        assert writer.frames == 10
    values = soundfile.read(tmp_path / "a.wav", dtype="int16")[0]
    assert (values[2, 0], values[2, 1], values[5, 1]) == (32_767, -32_768, -32_768)
    with WavWriter(tmp_path / "b.wav", 44_100, 2, "32f") as writer:
        writer.write(frames)
        assert writer.clipped_frames == 0
    assert soundfile.read(tmp_path / "b.wav", dtype="float32")[0][5, 1] == -3.0


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_by_place(tmp_path: Path, bits: Bits, value: float) -> None:
    frames = noise(9000, 2)
    frames[5000, 1] = value
    with pytest.raises(RenderError, match=rf"frame 5100 of channel 1 is {value}"):
        written(tmp_path / "a.wav", np.concatenate([noise(100, 2), frames]), bits, [100])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("ending", [RuntimeError, KeyboardInterrupt])
def test_an_aborted_file_leaves_the_old_one(tmp_path: Path, ending: type[BaseException]) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")

    def ended_early() -> None:
        with WavWriter(path, 44_100, 2, "16") as writer:
            writer.write(noise(100, 2))
            assert len(os.listdir(tmp_path)) == 2
            raise ending

    with pytest.raises(ending):
        ended_early()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.wav"]


def test_a_forgotten_writer_leaves_nothing(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav", 44_100, 2, "16")
    writer.write(noise(100, 2))
    del writer
    assert os.listdir(tmp_path) == []


def test_nothing_happens_after_the_end(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav", 44_100, 2, "16")
    writer.commit()
    writer.abort()
    assert soundfile.info(tmp_path / "a.wav").frames == 0
    with pytest.raises(ValueError, match="already committed"):
        writer.write(noise(1, 2))
    with pytest.raises(ValueError, match="already committed"):
        writer.commit()


def test_a_forked_child_does_not_remove_the_file(tmp_path: Path) -> None:
    program = (
        "import os, sys, pathlib, numpy\n"
        "from farm.audio.writer import WavWriter\n"
        "writer = WavWriter(pathlib.Path(sys.argv[1]), 44100, 1, '16')\n"
        "child = os.fork()\n"
        "if child == 0: sys.exit()\n"
        "os.waitpid(child, 0)\n"
        "writer.write(numpy.zeros((7, 1), numpy.float32))\n"
        "writer.commit()\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.wav")], check=True)
    assert soundfile.info(tmp_path / "a.wav").frames == 7


def test_links_are_followed_and_permissions_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "a.wav", tmp_path / "link.wav"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    written(link, noise(10, 1), "16")
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert soundfile.info(path).frames == 10


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place, reason in (
        (tmp_path / "absent" / "a.wav", "does not exist"),
        (tmp_path, "it is a folder"),
        (tmp_path / "file" / "a.wav", "is not a folder"),
        (tmp_path / ("x" * 300), "too long"),
        (Path("/dev/null"), "not a regular file"),
    ):
        with pytest.raises(FileError, match=reason) as caught:
            WavWriter(place, 44_100, 2, "16")
        assert str(place) in caught.value.message
        assert caught.value.hint


def test_r26_a_link_is_told_by_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for target, reason in (
        (tmp_path / "gone" / "x.wav", f"the folder {tmp_path}/gone does not exist"),
        (tmp_path / "file" / "deep" / "x.wav", f"{tmp_path}/file is not a folder"),
        (tmp_path / "folder", "it is a folder"),
        (Path("/dev/null"), "it is not a regular file"),
        (tmp_path / "link.wav", "its links lead in a circle"),
        (tmp_path / ("x" * 300), "its name is too long"),
    ):
        link = tmp_path / "link.wav"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        with pytest.raises(FileError) as caught:
            WavWriter(link, 44_100, 2, "16")
        assert caught.value.message == f"cannot write {link}, a link to {target}: {reason}"
        assert caught.value.hint


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "no permission"),
        (errno.EPERM, "no permission"),
        (errno.EROFS, "its disk is mounted read-only"),
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "your disk quota is used up"),
        (errno.EFBIG, "the file would pass the size limit"),
        (errno.ELOOP, "its links lead in a circle"),
        (errno.ENAMETOOLONG, "its name is too long"),
        (errno.EMFILE, "too many files are open"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_r26_every_refusal_has_its_reason(
    number: int, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError) as caught:
        WavWriter(tmp_path / "a.wav", 44_100, 2, "16")
    assert caught.value.message == f"cannot write {tmp_path}/a.wav: {reason}"
    assert caught.value.hint


def test_r26_a_file_that_is_write_protected_is_not_its_folders_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.wav").write_bytes(b"old")
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / "a.wav" and access(path, mode))
    with pytest.raises(FileError, match="it is write-protected") as caught:
        WavWriter(tmp_path / "a.wav", 44_100, 2, "16")
    assert f"chmod u+w {tmp_path}/a.wav" in (caught.value.hint or "")


def test_an_unwritable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:  # for whom permissions do not hold

        def refuse(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
    else:
        tmp_path.chmod(0o500)
    with pytest.raises(FileError, match="no permission") as caught:
        WavWriter(tmp_path / "a.wav", 44_100, 2, "16")
    assert "permissions" in (caught.value.hint or "")


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file of this process may pass 100 kB."""
    old_limits, old_action = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old_limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old_limits)
    signal.signal(signal.SIGXFSZ, old_action)


@pytest.mark.usefixtures("small_files")
def test_a_disk_that_refuses_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")
    with pytest.raises(FileError, match="size limit"):
        written(path, noise(100_000, 2), "16", [1000] * 99)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.wav"]


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    writer = WavWriter(tmp_path / "a.wav", 44_100, 2, "16")
    writer.write(noise(100, 2))
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(FileError, match="the disk is full"):
        writer.commit()
    assert os.listdir(tmp_path) == []


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bits"):
        WavWriter(tmp_path / "a.wav", 44_100, 2, "12")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="channels"):
        WavWriter(tmp_path / "a.wav", 44_100, 0, "16")
    with WavWriter(tmp_path / "a.wav", 44_100, 2, "16") as writer:
        for frames in (np.zeros((3, 1), np.float32), np.zeros(3, np.float32), np.zeros((3, 2))):
            with pytest.raises(ValueError, match="expected float32"):
                writer.write(frames)
