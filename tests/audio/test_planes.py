"""Sounds as files that can be mapped: in place, or decoded once into the cache."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.audio import decode, keeping, planes, resample
from farm.audio.keeping import GUARD_FRAMES, Planes
from farm.audio.planes import kept, planes_of
from farm.errors import FileError, SampleError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FARM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sounds"


def noise(frames: int = 3000, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(5).uniform(-0.9, 0.9, (frames, channels)).astype(np.float32)


def stored(path: Path, frames: np.ndarray, rate: int = 44_100, **options: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, frames, rate, **options)
    return path


def around(found: Planes) -> list[np.ndarray]:
    """Each plane with its guards, from the bytes of the file."""
    whole = np.fromfile(found.path, np.uint8)[: found.last]
    starts = [found.left] if not found.spread_bytes else [found.left, found.left + found.spread_bytes]
    guard = 4 * GUARD_FRAMES
    return [whole[at - guard : at + 4 * found.frames + guard].view(np.float32) for at in starts]


def test_a_mono_float_wav_of_the_rate_is_its_own_plane(tmp_path: Path, cache: Path) -> None:
    frames = noise(channels=1)
    path = stored(tmp_path / "a.wav", frames, subtype="FLOAT")
    found = planes_of(path, 44_100)
    assert (found.path, found.frames, found.spread_bytes) == (path, 3000, 0)
    np.testing.assert_array_equal(found.read(), frames.T)
    assert found.last - found.first == 4 * 3000
    assert not list(cache.glob("*.planes"))


@pytest.mark.parametrize(
    ("name", "channels", "rate", "options"),
    [
        ("a.wav", 1, 44_100, {"subtype": "PCM_16"}),
        ("a.wav", 2, 44_100, {"subtype": "FLOAT"}),
        ("a.wav", 1, 48_000, {"subtype": "FLOAT"}),
        ("a.wav", 2, 22_050, {"subtype": "PCM_24"}),
        ("a.flac", 2, 44_100, {}),
        ("a.ogg", 1, 44_100, {}),
        ("a.aiff", 2, 44_100, {}),
    ],
)
def test_everything_else_is_decoded_once(
    tmp_path: Path, cache: Path, name: str, channels: int, rate: int, options: dict[str, str]
) -> None:
    path = stored(tmp_path / name, noise(channels=channels), rate, **options)
    found = planes_of(path, 44_100)
    truth = resample.resample(np.ascontiguousarray(decode.read(path)[0].T), rate, 44_100)
    np.testing.assert_array_equal(found.read(), truth)
    for plane, whole in zip(truth, around(found), strict=True):
        np.testing.assert_array_equal(whole, np.pad(plane, GUARD_FRAMES))
    made = found.path.stat()
    assert found.path.parent == cache
    assert planes_of(path, 44_100) == found
    assert found.path.stat().st_mtime_ns == made.st_mtime_ns
    assert planes_of(path, 48_000).path != found.path
    np.testing.assert_array_equal(planes_of(path, 44_100, backwards=True).read(), truth[:, ::-1])


def test_more_than_two_channels_are_mixed(tmp_path: Path) -> None:
    frames = noise(channels=5)
    found = planes_of(stored(tmp_path / "a.wav", frames, subtype="FLOAT"), 44_100)
    np.testing.assert_allclose(found.read(), frames.mean(axis=1)[None], atol=1e-7)


def test_the_content_names_it_not_the_path(tmp_path: Path, cache: Path) -> None:
    one = planes_of(stored(tmp_path / "a.wav", noise()), 44_100)
    assert planes_of(stored(tmp_path / "elsewhere" / "b.wav", noise()), 44_100) == one
    stored(tmp_path / "a.wav", -noise())
    assert planes_of(tmp_path / "a.wav", 44_100).path != one.path
    assert len(list(cache.glob("*.planes"))) == 2


@pytest.mark.parametrize("how", ["cut short", "another form", "a changed byte", "empty"])
def test_a_damaged_one_is_made_again(tmp_path: Path, how: str) -> None:
    path = stored(tmp_path / "a.wav", noise())
    found = planes_of(path, 44_100)
    whole = found.path.read_bytes()
    at = len(whole) // 2
    damaged = {
        "cut short": whole[:-1],
        "another form": b"planes 0" + whole[8:],
        "a changed byte": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
        "empty": b"",
    }[how]
    found.path.write_bytes(damaged)
    assert planes_of(path, 44_100) == found
    assert found.path.read_bytes() == whole


def test_two_processes_at_once_do_no_harm(tmp_path: Path, cache: Path) -> None:
    for number in range(6):
        stored(tmp_path / f"{number}.flac", noise(20_000 + number), 48_000)
    program = (
        "import sys, pathlib\n"
        "from farm.audio.planes import planes_of\n"
        "for number in range(6):\n"
        "    print(float(abs(planes_of(pathlib.Path(sys.argv[1]) / f'{number}.flac', 44100).read()).sum()))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    said = [process.communicate()[0] for process in running]
    assert said[0] == said[1]
    assert len(said[0].split()) == 6
    assert len(list(cache.iterdir())) == 6


def test_long_sounds_are_resampled_piece_by_piece(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(tmp_path / "a.wav", noise(9000), 48_000)
    whole = planes_of(path, 44_100).read().copy()
    keeping.clear()
    monkeypatch.setattr(planes, "IN_MEMORY", 100)
    monkeypatch.setattr(decode, "BLOCK_VALUES", 1000)
    np.testing.assert_array_equal(planes_of(path, 44_100).read(), whole)
    assert len(list(cache.iterdir())) == 1


def test_what_is_known_of_a_large_file_is_not_found_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "WHOLLY_CHECKED", 1000)
    pcm, floats = stored(tmp_path / "a.wav", noise()), stored(tmp_path / "b.wav", noise(channels=1), subtype="FLOAT")
    found = planes_of(pcm, 44_100), planes_of(floats, 44_100)
    with monkeypatch.context() as patch:
        patch.setattr("hashlib.file_digest", None)
        patch.setattr(decode, "blocks", None)
        assert (planes_of(pcm, 44_100), planes_of(floats, 44_100)) == found
    broken = noise(channels=1)
    broken[2900] = np.inf
    stored(floats, broken, subtype="FLOAT")
    for _ in range(2):
        with pytest.raises(SampleError, match=r"b\.wav: its frame 2900 is not a finite number"):
            planes_of(floats, 44_100)


def test_a_sound_of_our_own_with_and_without_a_loop() -> None:
    frames = noise(100, 1)[:, 0]
    once, loop = kept(frames), kept(frames, loops=True)
    assert once.path != loop.path
    np.testing.assert_array_equal(around(once)[0], np.pad(frames, GUARD_FRAMES))
    np.testing.assert_array_equal(around(loop)[0], np.pad(frames, GUARD_FRAMES, mode="wrap"))
    assert kept(frames) == once


def test_an_enormous_promise_takes_no_memory(tmp_path: Path) -> None:
    """A FLAC header may state 2^36 - 1 frames: nothing is set aside for them."""
    path = stored(tmp_path / "a.flac", noise(2000, 1))
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    with pytest.raises(SampleError, match=r"states 68,719,476,735 frames, and at most"):
        planes_of(path, 44_100)
    content[21] &= 0xF0
    content[22:26] = (1 << 30).to_bytes(4, "big")
    path.write_bytes(content)
    with pytest.raises(SampleError, match=r"cannot read the sample .*a\.flac: "):
        planes_of(path, 44_100)


def test_a_full_disk_is_an_error_that_names_the_way_out(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stored(tmp_path / "a.wav", noise())

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(
        FileError, match=r"cannot keep a decoded sound in .*: no space left on device: \d+\.\d kB"
    ) as caught:
        planes_of(path, 44_100)
    assert "FARM_CACHE" in str(caught.value.hint)
    assert not list(cache.iterdir())


def test_the_cache_is_counted_and_emptied(tmp_path: Path, cache: Path) -> None:
    sizes = [planes_of(stored(tmp_path / f"{n}.wav", noise(2000 + n)), 44_100).path.stat().st_size for n in range(3)]
    (cache / ".being-written").write_bytes(b"1")
    old = cache / ".abandoned"
    old.write_bytes(b"1")
    os.utime(old, (time.time() - 7200,) * 2)
    assert (keeping.held().sounds, keeping.held().bytes) == (3, sum(sizes))
    assert keeping.clear().sounds == 3
    assert keeping.held().sounds == 0
    assert [path.name for path in cache.iterdir()] == [".being-written"]
