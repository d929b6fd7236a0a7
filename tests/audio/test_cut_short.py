"""Files that end before their own headers say so, of every kind that is played."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.audio import decode, keeping
from farm.audio.planes import planes_of
from farm.errors import SampleError
from tests.audio.files import RATE, chunk, noise, riff, stored, tone, written

KINDS = [
    ("WAV", "PCM_16", None),
    ("WAV", "PCM_24", None),
    ("WAV", "FLOAT", None),
    ("WAV", "PCM_16", "BIG"),
    ("WAV", "FLOAT", "BIG"),
    ("WAV", "ULAW", None),
    ("WAV", "ALAW", None),
    ("WAV", "ULAW", "BIG"),
    ("WAV", "IMA_ADPCM", None),
    ("WAV", "MS_ADPCM", None),
    ("WAV", "GSM610", None),
    ("WAV", "G721_32", None),
    ("WAV", "NMS_ADPCM_32", None),
    ("WAVEX", "PCM_16", None),
    ("WAVEX", "ULAW", None),
    ("RF64", "PCM_16", None),
    ("RF64", "ALAW", None),
    ("W64", "PCM_16", None),
    ("W64", "DOUBLE", None),
    ("W64", "ULAW", None),
    ("W64", "MS_ADPCM", None),
    ("W64", "GSM610", None),
    ("AIFF", "PCM_16", None),
    ("AIFF", "PCM_S8", None),
    ("AIFF", "PCM_24", None),
    ("AIFF", "PCM_16", "LITTLE"),
    ("AIFF", "PCM_U8", None),
    ("AIFF", "FLOAT", None),
    ("AIFF", "DOUBLE", None),
    ("AIFF", "ULAW", None),
    ("AIFF", "ALAW", None),
    ("AIFF", "IMA_ADPCM", None),
    ("AIFF", "GSM610", None),
    ("AU", "PCM_16", None),
    ("AU", "ULAW", None),
    ("AU", "FLOAT", "LITTLE"),
    ("CAF", "PCM_16", None),
    ("CAF", "FLOAT", None),
    ("CAF", "ALAW", None),
    ("SVX", "PCM_16", None),
    ("NIST", "PCM_16", None),
    ("NIST", "ULAW", None),
    ("FLAC", "PCM_16", None),
    ("FLAC", "PCM_24", None),
    ("FLAC", "PCM_S8", None),
    ("OGG", "VORBIS", None),
    ("OGG", "OPUS", None),
    ("MP3", "MPEG_LAYER_III", None),
]
EARLY_BYTES = {"OGG": 4608, "CAF": 4096}
"""Where headers end that are long."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CACHE", str(tmp_path / "cache"))


def whole_file(path: Path, kind: tuple[str, str, str | None]) -> bytes:
    """A file of two seconds of sound of this kind."""
    form, subtype, endian = kind
    rate = {"NMS_ADPCM_32": 8000, "OPUS": 48_000}.get(subtype, RATE)
    sound = tone(2 * RATE) + 0.1 * noise(2 * RATE)[:, 0]
    return stored(path, sound, rate, format=form, subtype=subtype, endian=endian).read_bytes()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(filter(None, kind)))
def test_r08_a_file_cut_short_is_an_error(tmp_path: Path, kind: tuple[str, str, str | None]) -> None:
    path = tmp_path / "a.wav"
    content = whole_file(path, kind)
    whole, _ = decode.read(path)
    assert decode.inspect(path).notices == ()
    assert len(whole) >= 2 * 8000
    for left in (len(content) - 16, len(content) * 6 // 10, len(content) * 6 // 10 + 1, len(content) // 3):
        written(path, content[:left])
        with pytest.raises(SampleError, match="it is cut short: "):
            decode.inspect(path)
        with pytest.raises(SampleError, match="it is cut short: "):
            planes_of(path, RATE)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(filter(None, kind)))
@pytest.mark.parametrize("share", [0.6, 0.9])
def test_r08_with_lenient_what_is_there_is_played(
    tmp_path: Path, kind: tuple[str, str, str | None], share: float
) -> None:
    path = tmp_path / "a.wav"
    content = whole_file(path, kind)
    whole, rate = decode.read(path)
    early = EARLY_BYTES.get(kind[0], 0)
    left = early + int((len(content) - early) * share)
    written(path, content[:left])
    found = planes_of(path, rate, lenient=True)
    assert any("it is cut short: " in one for one in found.notices)
    assert share - (0.3 if kind[0] == "OGG" else 0.1) < found.frames / len(whole) < share + 0.02
    # Where a decoder looks ahead, the last frames differ.
    apart = 0 if kind[1] not in ("OPUS", "VORBIS", "MPEG_LAYER_III") else 4096
    sure = found.frames - apart
    np.testing.assert_allclose(found.read()[0][:sure], whole[:sure, 0], atol=0 if not apart else 2e-3)
    # The rule holds whatever the cache knows by now; and backwards it is the same.
    with pytest.raises(SampleError, match="cut short"):
        planes_of(path, rate)
    again = planes_of(path, rate, lenient=True)
    assert (again.notices, again.frames) == (found.notices, found.frames)
    back = planes_of(path, rate, backwards=True, lenient=True)
    np.testing.assert_array_equal(back.read(), found.read()[:, ::-1])
    assert back.notices == found.notices


def test_r08_both_numbers_are_said(tmp_path: Path) -> None:
    sound = tone()
    cases = {
        "AIFF": ("PCM_16", r"promises 44100 bytes of sound and 44084 are there"),
        "W64": ("PCM_16", r"promises 44100 bytes of sound and 44084 are there"),
        "FLAC": ("PCM_16", r"promises 22050 frames and 20480 are there"),
        "AU": ("ULAW", r"promises 22050 bytes of sound and 22034 are there"),
    }
    for form, (subtype, said) in cases.items():
        path = stored(tmp_path / "a.wav", sound, format=form, subtype=subtype)
        written(path, path.read_bytes()[:-16])
        with pytest.raises(SampleError, match=said) as caught:
            decode.inspect(path)
        assert "--lenient" in str(caught.value.hint)


def test_r08_nothing_but_a_header_is_cut_short_too(tmp_path: Path) -> None:
    for form in ("WAV", "W64", "RF64", "AIFF", "CAF", "FLAC", "OGG"):
        path = stored(tmp_path / "a.wav", noise(30_000), format=form)
        content = path.read_bytes()
        for left in (30, 45):
            written(path, content[:left])
            for lenient in (False, True):
                with pytest.raises(SampleError):
                    decode.inspect(path, lenient)
    content = stored(tmp_path / "a.wav", noise(30_000)).read_bytes()
    written(path, content[:40])
    with pytest.raises(SampleError, match=rf"promises {len(content)} bytes and 40 are there"):
        decode.inspect(path)


def test_r08_frames_that_a_header_promises_elsewhere(tmp_path: Path) -> None:
    """Where the size of the sound says nothing: `numSampleFrames` of AIFF, `fact` of WAV."""
    path = stored(tmp_path / "a.aiff", tone(), subtype="PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"SSND")
    held = struct.unpack(">I", content[at + 4 : at + 8])[0]
    struct.pack_into(">I", content, at + 4, held - 20_000)
    written(path, bytes(content[:-20_000]))
    with pytest.raises(SampleError, match="promises 22050 frames and 12050 are there"):
        decode.inspect(path)
    law = chunk(b"fmt ", struct.pack("<HHIIHHH", 7, 1, RATE, RATE, 1, 8, 0))
    for size in (10_000, 0xFFFFFFFF):
        fact = chunk(b"fact", struct.pack("<I", 22_050))
        written(path, riff(law, fact, chunk(b"data", bytes(10_000), size)))
        with pytest.raises(SampleError, match="promises 22050 frames and 10000 are there"):
            decode.inspect(path)


def test_r08_trailing_chunks_that_are_cut_do_no_harm(tmp_path: Path) -> None:
    """All the sound is there."""
    path = stored(tmp_path / "a.wav", noise())
    whole, _ = decode.read(path)
    content = path.read_bytes() + chunk(b"LIST", bytes(1000))
    written(path, content[:-500])
    np.testing.assert_array_equal(decode.read(path)[0], whole)


def test_r08_a_flac_file_cut_at_a_frame_or_with_something_behind_it(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.flac", noise(20_000, 2))
    content = path.read_bytes()
    whole, _ = decode.read(path)
    starts = [at for at in range(len(content) - 1) if content[at] == 0xFF and content[at + 1] & 0xFE == 0xF8]
    written(path, content[: starts[-1]])
    with pytest.raises(SampleError, match="it is cut short: its header promises 20000 frames and 16384 are there"):
        decode.inspect(path)
    np.testing.assert_array_equal(planes_of(path, RATE, lenient=True).read(), whole[:16384].T)
    written(path, content + b"TAG" + bytes(125))
    np.testing.assert_array_equal(decode.read(path)[0], whole)


def test_u7_an_ogg_file_without_its_last_page(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.ogg", tone(10 * RATE) + 0.2 * noise(10 * RATE)[:, 0])
    content = path.read_bytes()
    whole, _ = decode.read(path)
    pages = [at for at in range(len(content)) if content.startswith(b"OggS", at)]
    written(path, content[: pages[-1]])
    with pytest.raises(SampleError, match="it is cut short: its last page says that more follows, and nothing does"):
        decode.inspect(path)
    found = planes_of(path, RATE, lenient=True)
    assert 0 < len(whole) - found.frames < 3 * RATE
    np.testing.assert_array_equal(found.read()[0], whole[: found.frames, 0])
    for left in (pages[-1] + 10, pages[-1] + 28, pages[2] + 300):
        written(path, content[:left])
        with pytest.raises(SampleError, match=r"it is cut short: its last page promises \d+ bytes and \d+ are there"):
            decode.inspect(path)


def test_with_lenient_what_lies_before_a_damage_is_played(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.flac", noise(40_000, 1))
    content = bytearray(path.read_bytes())
    whole, _ = decode.read(path)
    content[len(content) // 2] ^= 0x55
    written(path, bytes(content))
    with pytest.raises(SampleError, match="cannot read"):
        planes_of(path, RATE)
    found = planes_of(path, RATE, lenient=True)
    assert 4096 <= found.frames < 24_000
    np.testing.assert_array_equal(found.read(), whole[: found.frames].T)
    assert [one for one in found.notices if one.endswith(f"the {found.frames} frames before are played")]
    assert not [one for one in found.notices if "checksum" in one]


def test_a_kind_that_is_not_looked_at_says_so(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.wav", noise(), format="IRCAM", subtype="PCM_16")
    assert "IRCAM" in decode.inspect(path).notices[0]
    assert len(decode.read(path)[0]) == 3000


def test_a_file_that_becomes_shorter_while_it_is_decoded(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.wav", noise(300_000))
    recording = decode.inspect(path)
    written(path, path.read_bytes()[:100_000])
    with pytest.raises(SampleError, match="it became shorter while it was read"):
        list(decode.blocks(recording))


def test_notices_are_kept_with_decoded_sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(tmp_path / "a.wav", noise(channels=3))
    found = planes_of(path, 48_000)
    assert len(found.notices) == 1
    with monkeypatch.context() as patch:
        patch.setattr(decode, "inspect", None)
        assert planes_of(path, 48_000) == found
    content = bytearray(found.path.read_bytes())
    content[keeping.HEADER.size + 2] ^= 1
    written(found.path, bytes(content))
    assert planes_of(path, 48_000) == found


def test_soundfile_is_asked_forwards_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for a place between blocks is slow in some codings and wrong in others."""
    path = stored(tmp_path / "a.mp3", tone())
    whole, _ = decode.read(path)
    monkeypatch.setattr(decode, "BLOCK_VALUES", 1000)
    monkeypatch.setattr(soundfile.SoundFile, "seek", None)
    np.testing.assert_array_equal(decode.read(path)[0], whole)
