"""Containers of sound files: RF64 at any size, W64, and cue points with labels; read back by libsndfile and by hand."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import farm
from farm.audio.frames import ALL_BITS, Place
from farm.audio.writer import open_writer
from farm.errors import UsageError
from farm.options import Bits, RenderOptions
from tests.render.sound import RATE

SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}


def noise(frames: int, channels: int) -> NDArray[np.float32]:
    """Some frames."""
    return np.random.default_rng(1).uniform(-0.9, 0.9, (frames, channels)).astype(np.float32)


def written(path: Path, frames: NDArray[np.float32], bits: Bits, place: Place) -> bytes:
    """The bytes of a file with these frames."""
    with open_writer(path, 44_100, frames.shape[1], bits, place) as writer:
        for at in range(0, len(frames), 100):
            writer.write(frames[at : at + 100])
    return path.read_bytes()


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(("name", "container", "form"), [("a.wav", "rf64", "RF64"), ("a.w64", "wav", "W64")])
@pytest.mark.parametrize("frames", [0, 1, 1001])
def test_frames_are_read_back(
    bits: Bits, channels: int, name: str, container: Any, form: str, frames: int, tmp_path: Path
) -> None:
    place = Place(container=container, dither="none")
    sound = noise(frames, channels)
    data = written(tmp_path / name, sound, bits, place)
    plain = written(tmp_path / "plain.wav", sound, bits, Place(dither="none"))
    about = soundfile.info(tmp_path / name)
    assert (about.format, about.subtype, about.frames, about.channels) == (form, SUBTYPES[bits], frames, channels)
    found, expected = (soundfile.read(tmp_path / one, dtype="float64")[0] for one in (name, "plain.wav"))
    assert np.array_equal(found, expected)
    if form == "W64":
        assert struct.unpack("<Q", data[16:24])[0] == len(data)
        assert (len(data) - frames * channels * int(bits[:2]) // 8) % 8 == 0, "frames begin at a multiple of 8"
    else:
        assert len(data) == len(plain)


@pytest.mark.parametrize("container", ["wav", "rf64"])
@pytest.mark.parametrize("bits", ["24", "32f"])
def test_markers_stand_behind_the_frames(container: Any, bits: Bits, tmp_path: Path) -> None:
    markers = ((0, "cycle 0"), (400, "cycle 1"), (1000, "second"), (2000, "beyond"))
    sound = noise(1001, 1)
    data = written(tmp_path / "a.wav", sound, bits, Place(container=container, markers=markers, dither="none"))
    plain = written(tmp_path / "b.wav", sound, bits, Place(container=container, dither="none"))
    assert np.array_equal(soundfile.read(tmp_path / "a.wav")[0], soundfile.read(tmp_path / "b.wav")[0])
    assert read_markers(data) == {0: "cycle 0", 400: "cycle 1", 1000: "second"}
    assert read_markers(plain) == {}
    if container == "wav":
        assert struct.unpack("<I", data[4:8])[0] == len(data) - 8


def read_markers(data: bytes) -> dict[int, str]:
    """The cue points of a WAV file and their labels, chunk by chunk."""
    at, places, texts = 12, dict[int, int](), dict[int, str]()
    long = struct.unpack("<Q", data[28:36])[0]
    while at < len(data):
        name, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        size = long if size == 0xFFFFFFFF and name == b"data" else size
        body = data[at + 8 : at + 8 + size]
        assert len(body) == size
        if name == b"cue ":
            for n in range(struct.unpack("<I", body[:4])[0]):
                number, _, chunk, _, _, place = struct.unpack("<II4sIII", body[4 + 24 * n : 28 + 24 * n])
                assert chunk == b"data"
                places[number] = place
        if name == b"LIST":
            inner = 4
            while inner < len(body):
                length = struct.unpack("<I", body[inner + 4 : inner + 8])[0]
                number = struct.unpack("<I", body[inner + 8 : inner + 12])[0]
                texts[number] = body[inner + 12 : inner + 8 + length].rstrip(b"\0").decode()
                inner += 8 + length + length % 2
        at += 8 + size + size % 2
    return {place: texts[number] for number, place in places.items()}


def test_a_render_marks_its_cycles(tmp_path: Path) -> None:
    score = farm.loads("cps: 3\nout: sine 100 * 0.1\n")
    how: dict[str, Any] = {"cycles": 8, "rate": RATE, "markers": "cycles", "tail": 1}
    farm.render_file(score, tmp_path / "a.wav", RenderOptions(**how))
    found = read_markers((tmp_path / "a.wav").read_bytes())
    assert found == {(2 * RATE * cycle + 3) // 6: f"cycle {cycle}" for cycle in range(8)}
    farm.render_file(score, tmp_path / "b.wav", RenderOptions(**how, from_="2.5", to=6))
    part = read_markers((tmp_path / "b.wav").read_bytes())
    first = (5 * RATE + 3) // 6
    assert part == {place - first: text for place, text in found.items() if first < place < 2 * RATE}
    folder = tmp_path / "stems"
    farm.stems(score, folder, RenderOptions(**how))
    assert all(read_markers(path.read_bytes()) == found for path in folder.iterdir())


@pytest.mark.parametrize("name", ["a.w64", "a.wav"])
@pytest.mark.parametrize("bits", ["16", "24"])
def test_a_render_into_another_container_has_the_same_frames(name: str, bits: str, tmp_path: Path) -> None:
    score = farm.loads('cps: 2\nout: s "bd*4"\n')
    how: dict[str, Any] = {"cycles": 2, "rate": RATE, "bits": bits}
    container = "rf64" if name == "a.wav" else "w64"
    farm.render_file(score, tmp_path / name, RenderOptions(**how, container=container))
    farm.render_file(score, tmp_path / "plain.wav", RenderOptions(**how))
    found, expected = (soundfile.read(tmp_path / one, dtype="int32")[0] for one in (name, "plain.wav"))
    assert np.array_equal(found, expected)
    assert soundfile.info(tmp_path / name).format == container.upper()


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("a.wav", {"container": "w64"}, "WAV is no W64"),
        ("a.flac", {"container": "rf64"}, "FLAC is no WAV"),
        ("a.flac", {"markers": "cycles"}, "FLAC files get none"),
        ("a.w64", {"markers": "cycles"}, "W64 files get none"),
    ],
)
def test_what_a_file_cannot_be_is_refused(name: str, how: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        farm.render_file(farm.loads("out: sine 100"), tmp_path / name, RenderOptions(cycles=1, **how))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", [{"container": "rf64"}, {"markers": "cycles"}])
def test_a_stream_is_plain(how: dict[str, Any], tmp_path: Path) -> None:
    said = pytest.raises(UsageError, match="is for files, and a stream is plain WAV")
    with farm.Session() as session, open(tmp_path / "a", "wb") as stream, said:
        session.render_stream(farm.loads("out: sine 100"), stream, RenderOptions(cycles=1, **how))
