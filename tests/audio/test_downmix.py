"""More than two channels: by the speakers that a file names, or their mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from farm.audio import decode, downmix
from farm.audio.planes import planes_of
from tests.audio.files import RATE, chunk, fmt, noise, pcm_16, riff, speakers, stored, written

HALF_POWER = np.float32(0.7071)
MASKS = {
    "3.0": (0x7, "L R C"),
    "quad": (0x33, "L R Ls Rs"),
    "4.0": (0x107, "L R C S"),
    "5.0": (0x37, "L R C Ls Rs"),
    "5.1": (0x3F, "L R C - Ls Rs"),
    "5.1 side": (0x60F, "L R C - Ls Rs"),
    "6.1": (0x70F, "L R C - S Ls Rs"),
    "7.1": (0x63F, "L R C - Ls Rs Ls Rs"),
    "7.1 wide": (0xFF, "L R C - Ls Rs Ls Rs"),
}
GAINS = {
    "L": (1.0, 0.0),
    "R": (0.0, 1.0),
    "C": (HALF_POWER, HALF_POWER),
    "S": (0.5, 0.5),
    "Ls": (HALF_POWER, 0.0),
    "Rs": (0.0, HALF_POWER),
    "-": (0.0, 0.0),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CACHE", str(tmp_path / "cache"))


def expected(frames: np.ndarray, order: str) -> np.ndarray:
    """The two sides (2, n) of frames (n, channels) by the names of their channels."""
    return np.array([GAINS[name] for name in order.split()]).T @ frames.T.astype(np.float64)


@pytest.mark.parametrize("layout", MASKS)
def test_u4_a_wav_file_is_mixed_by_its_channel_mask(tmp_path: Path, layout: str) -> None:
    mask, order = MASKS[layout]
    frames = noise(channels=len(order.split()))
    path = written(tmp_path / "a.wav", riff(speakers(mask, frames.shape[1]), chunk(b"data", pcm_16(frames))))
    found = planes_of(path, RATE)
    np.testing.assert_allclose(found.read(), expected(frames, order), atol=1e-6)
    (said,) = found.notices
    assert said.startswith(f"its {frames.shape[1]} channels are mixed to stereo (ITU-R BS.775")
    assert ("low frequency" in said) == ("-" in order)
    # Again, out of the cache, backwards, and at another rate.
    assert planes_of(path, RATE) == found
    np.testing.assert_array_equal(planes_of(path, RATE, backwards=True).read(), found.read()[:, ::-1])
    assert planes_of(path, 48_000).notices == found.notices
    assert planes_of(path, 48_000).spread_bytes > 0


def test_u4_a_front_channel_keeps_its_level(tmp_path: Path) -> None:
    frames = np.zeros((3000, 6), np.float32)
    frames[:, 0] = noise()[:, 0]
    path = written(tmp_path / "a.wav", riff(speakers(0x3F, 6), chunk(b"data", pcm_16(frames))))
    left, right = planes_of(path, RATE).read()
    np.testing.assert_array_equal(left, frames[:, 0])
    assert not right.any()


@pytest.mark.parametrize("container", ["WAVEX", "RF64", "W64", "RIFX"])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT", "ULAW"])
def test_u4_every_riff_has_a_mask(tmp_path: Path, container: str, subtype: str) -> None:
    """libsndfile writes the mask of 5.1 in WAVEX and RF64 and none elsewhere."""
    kind = {"RIFX": "WAV"}.get(container, container)
    endian = "BIG" if container == "RIFX" else None
    path = stored(tmp_path / "a.wav", noise(channels=6), format=kind, subtype=subtype, endian=endian)
    recording = decode.inspect(path)
    assert recording.channels == 6
    masked = container in ("WAVEX", "RF64")
    assert recording.speakers == ((0x1, 0x2, 0x4, 0x8, 0x10, 0x20) if masked else ())
    assert (planes_of(path, RATE).spread_bytes > 0) == masked


@pytest.mark.parametrize(
    ("channels", "order"),
    [
        (3, "L R C"),
        (4, "L R Ls Rs"),
        (5, "L R C Ls Rs"),
        (6, "L R C - Ls Rs"),
        (7, "L R C - S Ls Rs"),
        (8, "L R C - Ls Rs Ls Rs"),
    ],
)
def test_u4_flac_has_orders_of_its_own(tmp_path: Path, channels: int, order: str) -> None:
    frames = noise(channels=channels)
    found = planes_of(stored(tmp_path / "a.flac", frames), RATE)
    np.testing.assert_allclose(found.read(), expected(frames, order), atol=1e-6)


def test_u4_a_comment_in_flac_names_other_speakers(tmp_path: Path) -> None:
    frames = noise(channels=4)
    path = stored(tmp_path / "a.flac", frames)
    content = path.read_bytes()
    comment = b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x0107"
    vendor = len(b"test").to_bytes(4, "little") + b"test"
    body = vendor + (1).to_bytes(4, "little") + len(comment).to_bytes(4, "little") + comment
    block = bytes([4]) + len(body).to_bytes(3, "big") + body
    written(path, content[:42] + block + content[42:])
    np.testing.assert_allclose(planes_of(path, RATE).read(), expected(frames, "L R C S"), atol=1e-6)


@pytest.mark.parametrize(
    ("channels", "order"),
    [
        (3, "L C R"),
        (4, "L R Ls Rs"),
        (5, "L C R Ls Rs"),
        (6, "L C R Ls Rs -"),
        (7, "L C R Ls Rs S -"),
        (8, "L C R Ls Rs Ls Rs -"),
    ],
)
@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_u4_vorbis_and_opus_have_orders_of_their_own(tmp_path: Path, channels: int, order: str, subtype: str) -> None:
    path = stored(tmp_path / "a.ogg", noise(9000, channels), 48_000, format="OGG", subtype=subtype)
    frames, _ = decode.read(path)
    np.testing.assert_allclose(planes_of(path, 48_000).read(), expected(frames, order), atol=1e-5)


def test_u4_without_a_mask_it_is_the_mean(tmp_path: Path) -> None:
    for channels in (3, 4, 6, 8):
        frames = noise(channels=channels)
        for path in (
            stored(tmp_path / "a.aiff", frames),
            written(tmp_path / "a.wav", riff(fmt(channels=channels), chunk(b"data", pcm_16(frames)))),
            written(tmp_path / "b.wav", riff(speakers(0, channels), chunk(b"data", pcm_16(frames)))),
            written(tmp_path / "c.wav", riff(speakers(0x3, channels), chunk(b"data", pcm_16(frames)))),
        ):
            found = planes_of(path, RATE)
            np.testing.assert_allclose(found.read(), frames.mean(axis=1)[None], atol=1e-6)
            assert found.notices == (
                f"its {channels} channels are mixed to their mean, in the middle: it does not say which is which",
            )


@pytest.mark.parametrize("mask", [0x30C, 0x5033, 0x3C])
def test_u4_speakers_that_no_downmix_knows(tmp_path: Path, mask: int) -> None:
    """Such as those on the ceiling, or no front ones."""
    channels = mask.bit_count()
    frames = noise(channels=channels)
    path = written(tmp_path / "a.wav", riff(speakers(mask, channels), chunk(b"data", pcm_16(frames))))
    found = planes_of(path, RATE)
    np.testing.assert_allclose(found.read(), frames.mean(axis=1)[None], atol=1e-6)
    assert found.notices == (f"its {channels} channels are mixed to their mean, in the middle",)


def test_one_and_two_channels_are_what_they_are(tmp_path: Path) -> None:
    for channels, mask in ((1, 0x4), (2, 0x3), (2, 0x600), (1, 0)):
        frames = noise(channels=channels)
        path = written(tmp_path / "a.wav", riff(speakers(mask, channels), chunk(b"data", pcm_16(frames))))
        found = planes_of(path, RATE)
        np.testing.assert_array_equal(found.read(), frames.T)
        assert found.notices == ()


def test_a_mask_with_more_speakers_than_channels_names_the_first() -> None:
    assert downmix.speakers_in(0x3F, 4) == (0x1, 0x2, 0x4, 0x8)
    assert downmix.speakers_in(0x3, 4) == ()
