"""What headers leave open, get wrong, or say of more than one stream."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.audio import clockless, decode, flac
from farm.audio.planes import planes_of
from farm.errors import SampleError
from tests.audio.files import RATE, chunk, fmt, noise, pcm_16, riff, stored, tone, written

PLACEHOLDERS = [
    *(0x7FFFF000, 0x7FFFF024, 0x7FFFF012, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0x80000000, 0x80000024),
    *(0xFFFFFFFF, 0xFFFFFFFF - 36, 0x7F000000, 0x7F000024),
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CACHE", str(tmp_path / "cache"))


# Chains.


def link(path: Path, sound: np.ndarray, rate: int = RATE, subtype: str = "VORBIS") -> tuple[bytes, np.ndarray]:
    """An Ogg file with this sound, and its frames as they are decoded."""
    soundfile.write(path, sound, rate, format="OGG", subtype=subtype)
    return path.read_bytes(), decode.read(path)[0]


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("channels", [1, 2])
def test_r09_all_links_of_a_chained_ogg_file_are_played(tmp_path: Path, subtype: str, channels: int) -> None:
    rate = 48_000 if subtype == "OPUS" else RATE
    path = tmp_path / "a.ogg"
    sounds = [tone(int(seconds * rate), hertz) for seconds, hertz in ((0.5, 300.0), (1.2, 700.0), (0.1, 500.0))]
    links = [link(path, np.stack([sound] * channels, axis=1), rate, subtype) for sound in sounds]
    for chosen in ([0, 1, 2], [1, 1], [2, 0]):
        written(path, b"".join(links[number][0] for number in chosen))
        frames, found_rate = decode.read(path)
        assert found_rate == rate
        np.testing.assert_array_equal(frames, np.concatenate([links[number][1] for number in chosen]))
        assert decode.inspect(path).frames == planes_of(path, rate).frames == len(frames)
        assert decode.inspect(path).notices == ()


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 1), (RATE, 2)])
def test_r09_links_that_differ_are_an_error(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "a.ogg"
    first, sound = link(path, tone())
    second, _ = link(path, np.stack([tone()] * channels, axis=1), rate)
    written(path, first + first + second)
    with pytest.raises(SampleError, match=f"part 3 of {rate} Hz with {channels} channels"):
        decode.inspect(path)
    found = planes_of(path, RATE, lenient=True)
    np.testing.assert_array_equal(found.read()[0], np.concatenate([sound[:, 0]] * 2))
    assert "a chain of parts that differ" in found.notices[0]


def test_r09_a_chain_that_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    content, _ = link(path, tone(10 * RATE) + 0.2 * noise(10 * RATE)[:, 0])
    for left in (len(content) - 16, len(content) * 6 // 10, 15):
        written(path, content + content[:left])
        with pytest.raises(SampleError, match="it is cut short"):
            decode.inspect(path)


# Unknown lengths.


def without_length(content: bytes, checksum: bool = False) -> bytes:
    """A FLAC file as an encoder writes it into a pipe: 0 frames, and no checksum."""
    piped = bytearray(content)
    piped[21] &= 0xF0
    piped[22:26] = bytes(4)
    if not checksum:
        piped[26:42] = bytes(16)
    return bytes(piped)


@pytest.mark.parametrize("frames", [22_050, 4096, 8192, 100, 1, 50_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_r19_flac_without_a_length_is_played_to_its_end(
    tmp_path: Path, frames: int, channels: int, subtype: str
) -> None:
    path = stored(tmp_path / "a.flac", noise(frames, channels), subtype=subtype)
    whole, _ = decode.read(path)
    assert whole.shape == (frames, channels)
    written(path, without_length(path.read_bytes()))
    assert decode.inspect(path).frames == frames
    np.testing.assert_array_equal(decode.read(path)[0], whole)
    np.testing.assert_array_equal(planes_of(path, RATE).read(), whole.T)


def test_r19_flac_without_a_length_that_is_cut_short(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.flac", noise(22_050))
    whole, _ = decode.read(path)
    content = without_length(path.read_bytes())
    for left in (len(content) - 1, len(content) - 16, len(content) * 6 // 10):
        written(path, content[:left])
        with pytest.raises(SampleError, match="it is cut short: it ends within a block of sound"):
            decode.inspect(path)
        found = planes_of(path, RATE, lenient=True)
        assert found.frames % 4096 == 0
        np.testing.assert_array_equal(found.read(), whole[: found.frames].T)


def test_r19_a_length_that_is_too_small(tmp_path: Path) -> None:
    """The frames say how many there are."""
    path = stored(tmp_path / "a.flac", noise(22_050))
    whole, _ = decode.read(path)
    content = bytearray(path.read_bytes())
    content[24:26] = (10_000).to_bytes(2, "big")
    written(path, bytes(content))
    np.testing.assert_array_equal(decode.read(path)[0], whole)


def in_ogg(content: bytes, number: int) -> bytes:
    """A FLAC file of a stream without a length, in Ogg (RFC 9639, 10.1): a packet a page."""
    frames = [at for at in flac.syncs(content) if flac.head_at(content, at, flac.Info(0, 0, 4096, 1, 16, 0, b"", 0))]
    packets = [b"\x7fFLAC\x01\x00\x00\x00" + content[:42], content[42 : frames[0]]]
    packets += [content[first:last] for first, last in zip(frames, [*frames[1:], len(content)], strict=True)]
    pages = b""
    for index, packet in enumerate(packets):
        lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
        assert len(lacing) < 256
        flags = 2 if index == 0 else 4 if index == len(packets) - 1 else 0
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, 0, number, index, 0, len(lacing)) + lacing
        sum_at = 22
        checksum = clockless.checksum(head + packet)
        pages += head[:sum_at] + struct.pack("<I", checksum) + head[sum_at + 4 :] + packet
    return pages


def test_r19_flac_in_ogg(tmp_path: Path) -> None:
    sounds = [tone(22_050), tone(9000, 700.0)]
    links = []
    for number, sound in enumerate(sounds):
        content = stored(tmp_path / "a.flac", sound).read_bytes()
        links.append((in_ogg(without_length(content), number), decode.read(tmp_path / "a.flac")[0]))
    path = tmp_path / "a.oga"
    for chosen in ([0], [1], [0, 1]):
        written(path, b"".join(links[number][0] for number in chosen))
        np.testing.assert_array_equal(decode.read(path)[0], np.concatenate([links[number][1] for number in chosen]))
        assert decode.inspect(path).coding == "FLAC PCM_16"
    written(path, links[0][0][:-1000])
    with pytest.raises(SampleError, match="it is cut short"):
        decode.inspect(path)


def silent_xing(content: bytes) -> bytes:
    """An MP3 file without the frame that says its length."""
    at = min(content.find(mark) for mark in (b"Xing", b"Info") if mark in content)
    first = content.rfind(b"\xff\xfb", 0, at)
    return content[content.index(b"\xff\xfb", at) :] if first >= 0 else content


def test_r19_mp3_without_a_length(tmp_path: Path) -> None:
    """libsndfile guesses it by the first frame: a quiet start promises far too little."""
    sound = np.concatenate([np.zeros(RATE), tone(RATE) + 0.2 * noise(RATE)[:, 0]])
    path = tmp_path / "a.mp3"
    soundfile.write(path, sound, RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.1)
    assert decode.inspect(path).frames == 2 * RATE
    whole, _ = decode.read(path)
    written(path, silent_xing(path.read_bytes()))
    frames, _ = decode.read(path)
    assert 2 * RATE <= len(frames) < 2 * RATE + 3 * 1152
    late = int(np.argmax(np.correlate(frames[RATE:, 0], whole[RATE : 2 * RATE, 0][:20_000], "valid")))
    np.testing.assert_allclose(frames[RATE + late :][:20_000], whole[RATE:][:20_000], atol=1e-3)
    assert planes_of(path, RATE).frames == len(frames)


def test_r20_placeholders_for_sizes_mean_to_the_end(tmp_path: Path) -> None:
    sound = noise(22_050)
    law = chunk(b"fmt ", struct.pack("<HHIIHHH", 7, 1, RATE, RATE, 1, 8, 0))
    path = tmp_path / "a.wav"
    for size in PLACEHOLDERS:
        written(path, riff(fmt(), chunk(b"data", pcm_16(sound), size)))
        np.testing.assert_array_equal(decode.read(path)[0], sound)
        assert decode.inspect(path).notices == ()
        written(path, riff(law, chunk(b"data", bytes(range(256)) * 10, size)))
        assert len(decode.read(path)[0]) == 2560


@pytest.mark.parametrize("size", [0x7FFFF000 - 100, 0x7FFE0000, 0x70000000, 0x90000000, 44_102, 60_000])
def test_r20_other_sizes_are_promises(tmp_path: Path, size: int) -> None:
    path = written(tmp_path / "a.wav", riff(fmt(), chunk(b"data", pcm_16(noise(22_050)), size)))
    with pytest.raises(SampleError, match=f"cut short: its header promises {size} bytes of sound and 44100 are there"):
        decode.inspect(path)


def test_r20_placeholders_of_other_containers(tmp_path: Path) -> None:
    """As ffmpeg and sox write them into pipes."""
    sound = noise(22_050)
    frames = np.round(sound * 32768.0).astype(">i2").tobytes()
    rate = bytes.fromhex("400eac44000000000000")

    def aiff(form: int, count: int, size: int) -> bytes:
        common = struct.pack(">HIH", 1, count, 16) + rate
        head = b"FORM" + struct.pack(">I", form) + b"AIFFCOMM" + struct.pack(">I", 18) + common
        return head + b"SSND" + struct.pack(">III", size, 0, 0) + frames

    def w64(whole: int, size: int) -> bytes:
        tail = bytes.fromhex("f3acd3118cd100c04f8edb8a")
        head = bytes.fromhex("726966662e91cf11a5d628db04c10000") + struct.pack("<Q", whole) + b"wave" + tail
        coding = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
        return head + b"fmt " + tail + struct.pack("<Q", 40) + coding + b"data" + tail + struct.pack("<Q", size)

    def caf(size: int) -> bytes:
        description = struct.pack(">d4sIIIII", 44_100.0, b"lpcm", 0, 2, 1, 1, 16)
        head = b"caff" + struct.pack(">HH", 1, 0) + b"desc" + struct.pack(">Q", 32) + description
        return head + b"data" + struct.pack(">QI", size, 0) + frames

    def rf64(long: int) -> bytes:
        sizes = chunk(b"ds64", struct.pack("<QQQI", long, long, 0, 0))
        head = b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + sizes + fmt()
        return head + b"data" + struct.pack("<I", 0xFFFFFFFF) + pcm_16(sound)

    for content in (
        aiff(0x7F000050, 0x3F800000, 0x7F000008),
        aiff(0, 0, 0),
        b".snd" + struct.pack(">IIIII", 24, 0xFFFFFFFF, 3, RATE, 1) + frames,
        b".snd" + struct.pack(">IIIII", 24, 0, 3, RATE, 1) + frames,
        w64(0xFFFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF) + pcm_16(sound),
        w64(0, 24) + pcm_16(sound),
        caf(0xFFFFFFFFFFFFFFFF),
        rf64(0),
        rf64(0xFFFFFFFFFFFFFFFF),
    ):
        path = written(tmp_path / "a.wav", content)
        np.testing.assert_array_equal(decode.read(path)[0], sound, err_msg=repr(content[:40]))


def test_u5_a_size_of_0_with_sound_behind_it(tmp_path: Path) -> None:
    sound = noise(1000)
    path = written(tmp_path / "a.wav", riff(fmt(), chunk(b"data", pcm_16(sound), 0)))
    np.testing.assert_array_equal(decode.read(path)[0], sound)
    assert decode.inspect(path).notices == ("its header promises no sound; the 2000 bytes behind it are played",)
    law = chunk(b"fmt ", struct.pack("<HHIIHHH", 6, 1, RATE, RATE, 1, 8, 0))
    written(path, riff(law, chunk(b"data", bytes(range(256)), 0)))
    assert len(decode.read(path)[0]) == 256
    for nothing in (b"", chunk(b"LIST", bytes(100)), chunk(b"zzzz", b"abc") + chunk(b"yyyy", b"")):
        for coding in (fmt(), law):
            written(path, riff(coding, chunk(b"data", b""), nothing))
            with pytest.raises(SampleError, match="it holds no frames"):
                decode.inspect(path)


def test_r20_chunks_behind_a_true_size_of_2_gigabytes_stay_chunks(tmp_path: Path) -> None:
    """A placeholder that is true: what follows is no sound."""
    path = tmp_path / "a.wav"
    with open(path, "wb") as file:
        file.write(riff(fmt(), chunk(b"data", b"", 0x7FFFF000)))
        file.seek(0x7FFFF000, 1)
        file.write(chunk(b"LIST", b"abcd"))
    assert decode.inspect(path).frames == 0x7FFFF000 // 2


# Formats that contradict themselves.


@pytest.mark.parametrize(("tag", "bits"), [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)])
@pytest.mark.parametrize("channels", [1, 2])
def test_r24_a_wrong_block_align(tmp_path: Path, tag: int, bits: int, channels: int) -> None:
    right = channels * bits // 8
    content = np.random.default_rng(1).integers(0, 127, 300 * right, np.uint8)
    if tag == 3:
        content = np.random.default_rng(1).uniform(-1, 1, 300 * channels).astype(f"<f{bits // 8}").view(np.uint8)
    path = tmp_path / "a.wav"
    written(path, riff(fmt(tag, channels, bits), chunk(b"data", content.tobytes())))
    whole, _ = decode.read(path)
    assert decode.inspect(path).notices == ()
    for wrong in {0, 1, right + 1, 2 * right, 100} - {right, 4 * channels if bits == 24 else 0}:
        written(path, riff(fmt(tag, channels, bits, block=wrong), chunk(b"data", content.tobytes())))
        np.testing.assert_array_equal(decode.read(path)[0], whole)
        (said,) = decode.inspect(path).notices
        assert said.startswith(f"its header states {wrong} bytes a frame; {channels} × {bits} bits")
    if bits != 24:
        big = bytearray(riff(fmt(tag, channels, bits), chunk(b"data", content.tobytes())))
        big[:4] = b"RIFX"
        coding = struct.pack(">HHIIHH", tag, channels, RATE, RATE * right, 0, bits)
        sound = content.reshape(-1, bits // 8)[:, ::-1].tobytes()
        body = b"WAVEfmt " + struct.pack(">I", 16) + coding + b"data" + struct.pack(">I", len(sound)) + sound
        written(path, b"RIFX" + struct.pack(">I", len(body)) + body)
        np.testing.assert_array_equal(decode.read(path)[0], whole)


def test_r24_24_bits_in_4_bytes(tmp_path: Path) -> None:
    """They lie high, or low with their sign repeated: the values tell."""
    values = np.random.default_rng(2).integers(-(1 << 23), 1 << 23, (3000, 2), np.int32)
    values[:1000] = 0
    values[1000:1100] >>= 12
    for low in (False, True):
        content = (values if low else values << 8).astype("<i4").tobytes()
        path = written(tmp_path / "a.wav", riff(fmt(1, 2, 24, block=8), chunk(b"data", content)))
        np.testing.assert_array_equal(decode.read(path)[0], values.astype(np.float32) / np.float32(1 << 23))
        assert decode.inspect(path).coding == ("PCM 24" if low else "PCM 32")
        np.testing.assert_array_equal(planes_of(path, RATE).read(), decode.read(path)[0].T)
    quiet = written(tmp_path / "b.wav", riff(fmt(1, 2, 24, block=8), chunk(b"data", bytes(80))))
    assert not decode.read(quiet)[0].any()


def test_r24_24_bits_low_in_4_bytes_are_not_played_where_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from farm.audio import planes

    monkeypatch.setattr(planes, "DECODED_BYTES", 0)
    values = np.random.default_rng(2).integers(-(1 << 23), 1 << 23, (3000, 1), np.int32)
    path = written(tmp_path / "a.wav", riff(fmt(1, 1, 24, block=4), chunk(b"data", values.astype("<i4").tobytes())))
    assert planes_of(path, RATE).path != path
    written(path, riff(fmt(1, 1, 24, block=4), chunk(b"data", (values << 8).astype("<i4").tobytes())))
    assert planes_of(path, RATE).path == path


def test_r24_mp3_in_a_wav_file(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.mp3", tone())
    content = path.read_bytes()
    whole, _ = decode.read(path)
    coding = struct.pack("<HHIIHHHHIHHH", 0x55, 1, RATE, 8000, 1, 0, 12, 1, 2, 417, 1, 1393)
    fact = chunk(b"fact", struct.pack("<I", 24_878))
    for size in (None, 0xFFFFFFFF, 0):
        written(path, riff(chunk(b"fmt ", coding), fact, chunk(b"data", content, size)))
        np.testing.assert_array_equal(decode.read(path)[0], whole)
    written(path, riff(chunk(b"fmt ", coding), fact, chunk(b"data", content))[:-100])
    with pytest.raises(SampleError, match="cut short"):
        decode.inspect(path)


@pytest.mark.parametrize("tag", [0x161, 0xFF, 0x2000])
def test_r24_a_coding_that_nobody_decodes_is_named(tmp_path: Path, tag: int) -> None:
    coding = struct.pack("<HHIIHHH", tag, 1, RATE, 8000, 1, 0, 0)
    path = written(tmp_path / "a.wav", riff(chunk(b"fmt ", coding), chunk(b"data", bytes(5000))))
    with pytest.raises(SampleError, match=f"format tag 0x{tag:04X}"):
        decode.inspect(path)


# Checksums.


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_u6_a_flac_file_whose_checksum_does_not_fit(tmp_path: Path, subtype: str, channels: int) -> None:
    path = stored(tmp_path / "a.flac", noise(9000, channels), subtype=subtype)
    content = bytearray(path.read_bytes())
    whole, _ = decode.read(path)
    stereo = () if channels <= 2 else decode.inspect(path).notices
    assert planes_of(path, RATE).notices == stereo
    content[30] ^= 1
    written(path, bytes(content))
    for rate in (RATE, 48_000):
        for backwards in (False, True):
            found = planes_of(path, rate, backwards)
            assert [one for one in found.notices if "its checksum (MD5) does not fit its frames" in one]
    np.testing.assert_array_equal(decode.read(path)[0], whole)
    told: list[str] = []
    assert sum(map(len, decode.blocks(decode.inspect(path), told))) == 9000
    assert len(told) == 1
    written(path, without_length(bytes(content)))
    assert planes_of(path, RATE).notices == stereo


def test_u6_a_checksum_of_a_stream_without_a_length(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.flac", noise(9000))
    written(path, without_length(path.read_bytes(), checksum=True))
    assert planes_of(path, RATE).notices == ()
    content = bytearray(path.read_bytes())
    content[41] ^= 0x80
    written(path, bytes(content))
    assert len(planes_of(path, RATE).notices) == 1
