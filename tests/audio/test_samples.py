"""Reading sound files and looking them up in banks."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.audio import decode, samples
from farm.audio.planes import planes_of
from farm.errors import SampleError


def stored(path: Path, frames: np.ndarray, rate: int = 44_100, **options: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, frames, rate, **options)
    return path


def noise(frames: int = 500, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(9).uniform(-0.9, 0.9, (frames, channels))


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_every_linear_wav(tmp_path: Path, container: str, subtype: str, channels: int) -> None:
    path = stored(tmp_path / "a.wav", noise(501, channels), 32_000, format=container, subtype=subtype)
    frames, rate = decode.read(path)
    assert (rate, frames.dtype, frames.shape) == (32_000, np.float32, (501, channels))
    assert type(frames) is np.ndarray
    np.testing.assert_array_equal(frames, soundfile.read(path, dtype="float32", always_2d=True)[0])


@pytest.mark.parametrize(
    ("suffix", "options", "tolerance"),
    [
        ("flac", {"subtype": "PCM_24"}, 2e-7),
        ("aiff", {"subtype": "PCM_16"}, 4e-5),
        ("ogg", {}, 0.05),
        ("wav", {"subtype": "MS_ADPCM"}, 0.05),
    ],
)
def test_other_codings_through_libsndfile(
    tmp_path: Path, suffix: str, options: dict[str, str], tolerance: float
) -> None:
    tone = 0.5 * np.sin(np.arange(1000) * 0.05)[:, None] * [1.0, -1.0]
    path = stored(tmp_path / f"a.{suffix}", tone, **options)
    frames, rate = decode.read(path)
    assert rate == 44_100
    np.testing.assert_array_equal(frames, soundfile.read(path, dtype="float32", always_2d=True)[0])
    assert np.abs(frames[:1000] - tone).max() < tolerance


def test_wav_needs_no_libsndfile(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.wav", noise())
    program = (
        "import sys, pathlib\n"
        "from farm.audio.planes import planes_of\n"
        "planes_of(pathlib.Path(sys.argv[1]), 48000)\n"
        "assert 'soundfile' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


PCM_16_MONO = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 44_100, 88_200, 2, 16))


def test_unknown_chunks_of_odd_size_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(
        riff(chunk(b"LIST", b"odd"), PCM_16_MONO, chunk(b"cue ", b"12345"), chunk(b"data", b"\0\x40\0\xc0"))
    )
    np.testing.assert_array_equal(decode.read(path)[0], [[0.5], [-0.5]])


def test_a_piped_file_without_a_size_goes_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff(PCM_16_MONO) + b"data\xff\xff\xff\xff" + b"\0\x40" * 10)
    assert decode.read(path)[0].shape == (10, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot read"),
        (b"RIFF", "cannot read"),
        (b"no sound at all" * 10, "cannot read"),
        (riff(), "no `data` chunk"),
        (riff(PCM_16_MONO), "no `data` chunk"),
        (riff(PCM_16_MONO, chunk(b"data", b"")), "holds no frames"),
        (riff(chunk(b"data", b"\0\0"), PCM_16_MONO), "before their format"),
        (riff(chunk(b"fmt ", b"\1\0")), "`fmt` chunk is too short"),
        (riff(PCM_16_MONO, chunk(b"data", bytes(1000)))[:-1], "cut short"),
        (riff(PCM_16_MONO, chunk(b"data", bytes(1000)))[:60], "promises 1000 bytes of sound and 16 are there"),
        (riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 0, 44_100, 0, 0, 16))), "makes no sense"),
        (riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 3, 6, 2, 16)), chunk(b"data", bytes(8))), "rate of 3 Hz"),
        (
            riff(
                chunk(b"fmt ", struct.pack("<HHIIHH", 3, 1, 44_100, 176_400, 4, 32)),
                chunk(b"data", struct.pack("<3f", 0.0, 0.5, float("nan"))),
            ),
            "frame 2 is not a finite number",
        ),
    ],
)
def test_broken_files_are_named_with_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(SampleError, match=reason) as caught:
        planes_of(path, 44_100)
    assert str(path) in caught.value.message


def test_every_truncation_of_a_file_is_noticed(tmp_path: Path) -> None:
    whole = stored(tmp_path / "a.wav", noise(20, 1), subtype="FLOAT").read_bytes()
    path = tmp_path / "b.wav"
    for length in range(whole.index(b"data") + 8 + 80):
        path.write_bytes(whole[:length])
        with pytest.raises(SampleError):
            decode.read(path)


def test_a_truncated_flac(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.flac", noise(20_000))
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(SampleError, match=r"a\.flac"):
        decode.read(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.wav", tmp_path):
        with pytest.raises(SampleError, match="cannot read"):
            decode.read(path)


def test_planes_are_at_the_asked_rate(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.wav", noise(480), 48_000, subtype="FLOAT")
    lower = planes_of(path, 44_100).read()
    assert (lower.shape, lower.dtype) == ((2, 441), np.float32)
    np.testing.assert_array_equal(planes_of(path, 48_000).read(), decode.read(path)[0].T)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.wav", "a.WAV", "Z.flac", "é.aif", "c.txt", "._b.wav", ".hidden.wav"):
        (tmp_path / "one" / "kit").mkdir(parents=True, exist_ok=True)
        (tmp_path / "one" / "kit" / name).write_bytes(b"")
    (tmp_path / "one" / "kit" / "d.wav").mkdir()
    (tmp_path / "one" / "empty").mkdir()
    (tmp_path / "one" / "empty" / "readme.txt").write_bytes(b"")
    (tmp_path / "one" / "loose.wav").write_bytes(b"")
    for bank in ("kit", "empty", "bd"):
        (tmp_path / "two" / bank).mkdir(parents=True)
        (tmp_path / "two" / bank / "x.ogg").write_bytes(b"")
    return tmp_path


def test_files_are_sorted_by_the_bytes_of_their_names(folder: Path) -> None:
    bank = samples.SampleLibrary((folder / "one",)).bank("kit")
    assert bank is not None
    assert [file.name for file in bank.files] == ["Z.flac", "a.WAV", "b.wav", "é.aif"]
    assert not bank.built_in


def test_the_index_wraps_both_ways(folder: Path) -> None:
    bank = samples.SampleLibrary((folder / "one",)).bank("kit")
    assert bank is not None
    assert [bank.file(index).name[0] for index in (0, 3, 4, 9, -1, -4, -5)] == ["Z", "é", "Z", "a", "é", "Z", "é"]


def test_folders_are_searched_in_order_and_the_built_in_bank_last(folder: Path) -> None:
    library = samples.SampleLibrary((folder / "one", folder / "two"))
    found = {name: library.bank(name) for name in ("kit", "empty", "bd", "sn", "nothing", "loose.wav")}
    assert found["kit"] is not None
    assert found["kit"].files[0].parent == folder / "one" / "kit"
    assert found["empty"] is not None
    assert found["empty"].files == (folder / "two" / "empty" / "x.ogg",)
    assert found["bd"] is not None
    assert not found["bd"].built_in
    assert found["sn"] is not None
    assert found["sn"].built_in
    assert found["nothing"] is None
    assert found["loose.wav"] is None
    assert samples.SampleLibrary((folder / "one",)).bank("empty") is None


def test_names(folder: Path) -> None:
    built_in = samples.SampleLibrary().names()
    assert list(built_in) == sorted(set(built_in))
    assert set(samples.SampleLibrary((folder / "one",)).names()) == {*built_in, "kit", "one"}
    assert set(samples.SampleLibrary((folder / "two",)).names()) == {*built_in, "kit", "empty"}


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../one/kit", "kit/../kit", "/", "kit/", "a\\kit", "kit\0", "..\\one", ".kit"]
)
def test_no_name_leaves_the_folder(folder: Path, name: str) -> None:
    assert samples.SampleLibrary((folder / "two", folder / "one")).bank(name) is None
    assert samples.SampleLibrary((folder / "one",)).bank(str(folder / "one" / "kit")) is None


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    library = samples.SampleLibrary((tmp_path / "absent",))
    with pytest.raises(SampleError, match="absent does not exist"):
        library.bank("bd")
    with pytest.raises(SampleError, match="absent does not exist"):
        library.names()


def test_libraries_of_the_same_folders_are_one(folder: Path) -> None:
    library = samples.SampleLibrary((folder / "one",))
    assert library == samples.SampleLibrary((folder / "one",)) != samples.SampleLibrary((folder,))
    assert hash(library) == hash(samples.SampleLibrary((folder / "one",)))


def test_a_name_too_long_for_the_disk_is_no_bank() -> None:
    assert samples.SampleLibrary().bank("x" * 5000) is None


def test_files_are_not_opened_by_a_lookup(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.open", None)
    monkeypatch.setattr(os, "open", None)
    assert samples.SampleLibrary((folder / "one",)).bank("kit") is not None
