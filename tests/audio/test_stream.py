"""WAV into a stream that cannot go back."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.audio import riff, wav
from farm.audio.frames import Place
from farm.audio.writer import Bits, WavStream, WavWriter
from farm.errors import FileError, RenderError
from tests.audio.test_writer import ALL_BITS, noise


def streamed(frames: np.ndarray, bits: Bits, promised: int | None) -> bytes:
    stream = BytesIO()
    with WavStream(stream, "<stdout>", 44_100, frames.shape[1], bits, Place(5), promised) as writer:
        writer.write(frames[:100])
        writer.write(frames[100:])
    return stream.getvalue()


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("bits", ALL_BITS)
def test_a_known_length_makes_the_bytes_of_a_file(tmp_path: Path, bits: Bits, channels: int) -> None:
    frames = noise(333, channels)
    with WavWriter(tmp_path / "a.wav", 44_100, channels, bits, Place(5)) as writer:
        writer.write(frames)
    assert streamed(frames, bits, 333) == (tmp_path / "a.wav").read_bytes()


@pytest.mark.parametrize("bits", ALL_BITS)
def test_an_unknown_length_is_read_up_to_the_end(tmp_path: Path, bits: Bits) -> None:
    frames = noise(333, 2)
    data = streamed(frames, bits, None)
    (tmp_path / "a.wav").write_bytes(data)
    assert (data[4:8], data[data.index(b"data") + 4 :][:4]) == (b"\xff" * 4, b"\xff" * 4)
    known, _ = soundfile.read(BytesIO(streamed(frames, bits, 333)), dtype="float32")
    theirs, rate = soundfile.read(BytesIO(data), dtype="float32")
    assert rate == 44_100
    np.testing.assert_array_equal(theirs, known)
    with open(tmp_path / "a.wav", "rb") as file:
        layout = riff.walk(file, len(data)).layout
    assert layout is not None
    np.testing.assert_array_equal(wav.read(tmp_path / "a.wav", layout), known)


def test_a_known_length_beyond_four_gigabytes_is_rf64() -> None:
    stream = BytesIO()
    WavStream(stream, "<stdout>", 44_100, 2, "24", frames=1 << 30).write(noise(1, 2))
    assert stream.getvalue()[:4] == b"RF64"


def test_a_broken_promise_is_an_error() -> None:
    with pytest.raises(RenderError, match="announced with 334 frames and has 333"):
        streamed(noise(333, 2), "16", 334)


def test_a_reader_that_leaves_is_passed_on_and_a_full_disk_named() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError), open(writer, "wb", buffering=0) as stream:
        WavStream(stream, "<stdout>", 44_100, 2, "16").write(noise(1, 2))
    with (
        pytest.raises(FileError, match="cannot write <stdout>: the disk is full"),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        WavStream(full, "<stdout>", 44_100, 2, "16").write(noise(1, 2))


class Stopped(BaseException):
    """Stands for an interrupt."""


@pytest.mark.parametrize("error", [RenderError("no"), OSError("no"), KeyboardInterrupt(), Stopped()], ids=repr)
@pytest.mark.parametrize("promised", [None, 100])
def test_r21_what_fails_before_its_first_frame_writes_nothing(error: BaseException, promised: int | None) -> None:
    stream = BytesIO()
    writer = WavStream(stream, "<stdout>", 44_100, 2, "16", frames=promised)
    writer.write(noise(0, 2))
    writer.__exit__(type(error), error, None)
    assert writer.closed
    assert stream.getvalue() == b""


def test_r21_a_first_frame_that_is_no_number_writes_nothing() -> None:
    stream = BytesIO()
    with pytest.raises(RenderError, match="not a finite number"), WavStream(stream, "<s>", 44_100, 2, "16") as writer:
        writer.write(np.full((10, 2), np.nan, np.float32))
    assert stream.getvalue() == b""


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("promised", [None, 0])
def test_r21_no_frames_at_all_are_a_valid_file(tmp_path: Path, bits: Bits, promised: int | None) -> None:
    stream = BytesIO()
    with WavStream(stream, "<stdout>", 44_100, 2, bits, frames=promised):
        assert stream.getvalue() == b""
    layout = riff.walk(BytesIO(stream.getvalue()), len(stream.getvalue())).layout
    assert layout is not None and layout.frames == 0
    (tmp_path / "a.wav").write_bytes(stream.getvalue())
    assert len(soundfile.read(tmp_path / "a.wav")[0]) == 0
