"""FLAC, OGG Vorbis and AIFF: what is read back, the same bytes always, limits, and disks that refuse."""

from __future__ import annotations

import hashlib
import os
import struct
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.audio import dither, encoded
from farm.audio.formats import AIFF, EXTENSIONS, FLAC, FORMATS, OGG, W64, WAV, Format, check_holds, format_of
from farm.audio.frames import Place
from farm.audio.writer import open_writer
from farm.errors import FileError, RenderError, UsageError
from farm.options import Bits
from tests.audio.test_writer import noise, small_files

__all__ = ["small_files"]
RATE = 44_100
ENCODED: list[tuple[str, Bits]] = [
    ("flac", "16"),
    ("flac", "24"),
    ("ogg", "24"),
    ("aiff", "16"),
    ("aiff", "24"),
    ("aif", "32f"),
]


def written(path: Path, frames: np.ndarray, bits: Bits, pieces: list[int] | None = None) -> bytes:
    """The bytes of a file of `frames`, written in pieces of the given lengths."""
    with open_writer(path, RATE, frames.shape[1], bits, Place(5)) as writer:
        for piece in np.split(frames, np.cumsum(pieces or [])):
            writer.write(piece)
    return path.read_bytes()


def music(seconds: float) -> np.ndarray:
    """Two tones a channel, float32 (n, 2)."""
    t = np.arange(int(seconds * RATE)) / RATE
    return np.stack(
        [np.sin(2 * np.pi * f * t) * 0.3 + np.sin(2 * np.pi * 3 * f * t) * 0.1 for f in (220, 330)], 1
    ).astype(np.float32)


@pytest.mark.parametrize(("bits", "width"), [("16", 16), ("24", 24)])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_flac_holds_the_dithered_integers(tmp_path: Path, bits: Bits, width: int, channels: int) -> None:
    frames = noise(9001, channels)
    data = written(tmp_path / "a.flac", frames, bits)
    expected, _ = dither.quantise(frames, width, 5, 0)
    found = soundfile.read(tmp_path / "a.flac", dtype="int32", always_2d=True)[0] >> (32 - width)
    np.testing.assert_array_equal(found, expected)
    info = soundfile.info(tmp_path / "a.flac")
    assert (info.frames, info.samplerate, info.subtype) == (9001, RATE, f"PCM_{bits}")
    # RFC 9639, 8.2: STREAMINFO ends with the MD5 of the samples, little endian.
    raw = expected.astype("<i4").reshape(-1, 1).view(np.uint8)[:, : width // 8]
    assert data[26:42] == hashlib.md5(raw.tobytes()).digest()


@pytest.mark.parametrize(("bits", "width"), [("16", 16), ("24", 24)])
def test_aiff_holds_the_dithered_integers(tmp_path: Path, bits: Bits, width: int) -> None:
    frames = noise(501, 2)
    data = written(tmp_path / "a.aiff", frames, bits)
    expected, _ = dither.quantise(frames, width, 5, 0)
    at = data.index(b"SSND")
    assert (data[:4], data[8:12], struct.unpack(">I", data[4:8])[0]) == (b"FORM", b"AIFF", len(data) - 8)
    raw = np.frombuffer(data[at + 16 : at + 16 + 501 * 2 * width // 8], np.uint8).reshape(-1, width // 8)
    values = (raw.astype(np.int64) * 256 ** np.arange(width // 8 - 1, -1, -1)).sum(axis=1)
    values[values >= 1 << (width - 1)] -= 1 << width
    np.testing.assert_array_equal(values.reshape(-1, 2), expected)


def test_aiff_holds_floats_as_they_are(tmp_path: Path) -> None:
    frames = noise(500, 3, 4.0)
    written(tmp_path / "a.aiff", frames, "32f")
    np.testing.assert_array_equal(soundfile.read(tmp_path / "a.aiff", dtype="float32")[0], frames)


def test_vorbis_sounds_like_the_original(tmp_path: Path) -> None:
    frames = music(1.0)
    data = written(tmp_path / "a.ogg", frames, "24")
    found, rate = soundfile.read(tmp_path / "a.ogg", dtype="float32")
    assert (rate, found.shape) == (RATE, frames.shape)
    error = float(np.square(found - frames)[2000:-2000].mean())
    assert 10 * np.log10(float(np.square(frames).mean()) / error) > 30.0
    assert len(data) < frames.size * 2 / 5


def crc(page: bytes) -> int:
    """Bit by bit, as RFC 3533 says it."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = ((register << 1) ^ (0x04C11DB7 if register & 1 << 31 else 0)) & 0xFFFFFFFF
    return register


def test_ogg_pages_have_one_number_and_right_checksums(tmp_path: Path) -> None:
    data = written(tmp_path / "a.oga", noise(20_000, 2), "24")
    offset, pages = 0, 0
    while offset < len(data):
        assert data[offset : offset + 4] == b"OggS"
        length = 27 + data[offset + 26] + sum(data[offset + 27 : offset + 27 + data[offset + 26]])
        number, sequence, told = struct.unpack_from("<III", data, offset + 14)
        page = bytearray(data[offset : offset + length])
        page[22:26] = bytes(4)
        assert (number, sequence, told) == (1, pages, crc(bytes(page)))
        offset, pages = offset + length, pages + 1
    assert pages > 3


def test_the_same_bytes_always_and_however_they_are_cut(tmp_path: Path) -> None:
    frames = noise(20_000, 2)
    before = [written(tmp_path / f"{bits}.{ending}", frames, bits) for ending, bits in ENCODED]
    time.sleep(1.1)
    for (ending, bits), data in zip(ENCODED, before, strict=True):
        again = written(tmp_path / f"again.{ending}", frames, bits, [1, 4096, 5000, 0, 64, 10_000])
        assert again == data, (ending, bits)
    assert len(set(before)) == len(ENCODED)


@pytest.mark.parametrize(("ending", "bits"), ENCODED[2:])
def test_an_empty_file_is_a_file(tmp_path: Path, ending: str, bits: Bits) -> None:
    written(tmp_path / f"a.{ending}", np.zeros((0, 2), np.float32), bits)
    assert soundfile.info(tmp_path / f"a.{ending}").frames == 0


def test_an_empty_flac_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_bytes(b"old")
    with pytest.raises(FileError, match="no frames, and FLAC has no empty files"):
        written(tmp_path / "a.flac", np.zeros((0, 2), np.float32), "16")
    assert (tmp_path / "a.flac").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.flac"]


@pytest.mark.parametrize(("ending", "bits"), ENCODED)
def test_what_is_not_finite_leaves_the_old_file(tmp_path: Path, ending: str, bits: Bits) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"old")
    frames = noise(9000, 2)
    frames[5000, 1] = np.nan
    with pytest.raises(RenderError, match="frame 5000 of channel 1 is nan"):
        written(path, frames, bits)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(("ending", "bits"), ENCODED)
@pytest.mark.usefixtures("small_files")
def test_a_disk_that_refuses_leaves_the_old_file(
    tmp_path: Path, ending: str, bits: Bits, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"old")
    with pytest.raises(FileError, match="size limit"):
        written(path, noise(600_000, 2), bits, [10_000] * 59)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [path.name]
    assert capfd.readouterr() == ("", ""), "no exception comes out of a callback"


@pytest.fixture
def full_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that has no room for what the encoder writes last."""
    close = soundfile.SoundFile.close

    def last(file: soundfile.SoundFile) -> None:
        sink = getattr(file, "name", None)
        if isinstance(sink, encoded.Sink):
            sink.error = OSError(28, "No space left on device")
        close(file)

    monkeypatch.setattr(soundfile.SoundFile, "close", last)


@pytest.mark.parametrize(("ending", "bits"), ENCODED)
@pytest.mark.usefixtures("full_at_the_end")
def test_a_disk_that_is_full_at_the_end(tmp_path: Path, ending: str, bits: Bits) -> None:
    with pytest.raises(FileError, match="the disk is full"):
        written(tmp_path / f"a.{ending}", noise(100, 2), bits)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("ending", ["flac", "ogg", "aiff"])
def test_a_folder_that_is_missing(tmp_path: Path, ending: str) -> None:
    with pytest.raises(FileError, match="does not exist"):
        open_writer(tmp_path / "nowhere" / f"a.{ending}", RATE, 2, "24")


def test_aiff_ends_at_four_gigabytes(tmp_path: Path) -> None:
    tiny = replace(AIFF, most_bytes=1000)
    writer = encoded.EncodedWriter(tmp_path / "a.aiff", tiny, RATE, 2, "16")
    writer.write(noise(250, 2))
    with pytest.raises(FileError, match="AIFF ends at 4 GiB"):
        writer.write(noise(1, 2))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("form", "rate", "bits", "channels"),
    [
        (FLAC, 384_000, "24", 8),
        (FLAC, 65_535, "16", 1),
        (FLAC, 88_200, "16", 1),
        (FLAC, 8001, "16", 2),
        (OGG, 200_000, "24", 2),
        (OGG, 8000, "16", 255),
        (AIFF, 384_000, "32f", 2),
        (AIFF, 8001, "24", 1024),
    ],
)
def test_what_a_format_is_said_to_hold_it_holds(
    tmp_path: Path, form: Format, rate: int, bits: Bits, channels: int
) -> None:
    path = tmp_path / f"a{form.extensions[0]}"
    with open_writer(path, rate, channels, bits) as writer:
        writer.write(noise(300, channels))
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.frames) == (rate, channels, 300)


@pytest.mark.parametrize(
    ("form", "rate", "bits", "channels", "said"),
    [
        (FLAC, 44_100, "32f", 2, "FLAC cannot hold --bits 32f: it holds 16 or 24"),
        (FLAC, 44_100, "24", 9, "FLAC cannot hold 9 channels: at most 8"),
        (FLAC, 88_201, "24", 2, "FLAC cannot hold --rate 88201: above 65535 Hz it counts in tens"),
        (OGG, 200_001, "24", 2, "OGG Vorbis cannot hold --rate 200001: at most 200000 Hz"),
        (OGG, 44_100, "24", 256, "OGG Vorbis cannot hold 256 channels: at most 255"),
        (AIFF, 44_100, "24", 1025, "AIFF cannot hold 1025 channels: at most 1024"),
    ],
)
def test_what_a_format_cannot_hold_is_said(form: Format, rate: int, bits: Bits, channels: int, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_holds(form, rate, bits, channels)
    assert caught.value.message == said
    assert caught.value.hint


def test_the_extension_says_the_format() -> None:
    assert [format_of(Path(f"a{one.extensions[-1].upper()}")) for one in FORMATS] == [WAV, FLAC, OGG, AIFF, W64]
    for name, hint in (("a.mp3", EXTENSIONS), ("a", EXTENSIONS), ("a.wave", ".wav"), ("a.fla", ".flac")):
        with pytest.raises(UsageError) as caught:
            format_of(Path(name))
        assert hint in (caught.value.hint or ""), name
