"""MPEG audio, layers 1 to 3, as it stands in an MP3 file or in a WAV file: how much of it is there.

Without its `Xing` frame a stream says nothing of its length, and libsndfile guesses it by the first frame. Its frames
are counted here, each by the header it has, and a stream that does not say as much is given such a frame.
After ISO/IEC 11172-3 and 13818-3.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from farm.audio.broken import Broken, cut_short
from farm.audio.flac import after_tags
from farm.audio.splice import Pieces, Splice, cut
from workers.records import record

SEARCHED_BYTES = 1 << 16
"""How far the next frame is looked for where there is none."""
KBIT_S = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by version (2 is also 2.5) and layer."""
RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By the header's two bits of version: 1, 2, 2.5."""
TAGS = (b"TAG", b"APE", b"LYR", b"ID3")
TALK_BYTES = 156
"""Bytes of a `Xing` frame that hold something: its header, silence for the decoder, and all that programs add."""


@record(frozen=True, slots=True)
class Mpeg:
    """`pieces` is the stream for libsndfile. `frames` of sound are in it, as far as its headers say.

    `says`: whether the stream itself says how long it is. `opening`: a frame that says so, where one can.
    """

    pieces: Pieces
    frames: int
    says: bool
    opening: bytes
    short: str | None


class MpegFrame(NamedTuple):
    """A frame's header: its bytes, the frames of sound in it, what stays the same in a stream, bytes of side data."""

    size: int
    frames: int
    kind: tuple[int, int, int]
    side: int


class FrameCount(NamedTuple):
    """What a `Xing` or `VBRI` frame says: frames of MPEG behind it, bytes from it on; None: nothing of it."""

    frames: int | None
    size: int | None


def is_stream(head: bytes) -> bool:
    """Whether a file that begins with these bytes may be one."""
    return head[:3] == b"ID3" or head_of(head) is not None


def read(stream: Splice) -> Mpeg:
    """What a stream holds. Raises Broken where it is none."""
    at = first_frame(stream, after_tags(stream))
    header = frame_at(stream, at)
    stream.seek(at)
    opening = stream.read(header.size) or b""
    said = said_in(opening, header)
    audio = at if said is None else at + header.size
    count, end, missing = counted(stream, audio, header)
    frames, short = count * header.frames, None
    if said is not None and said.frames is not None and is_fewer(said, count, stream.size - at, missing):
        short = cut_short(said.frames * header.frames, frames, "frames")
    elif missing is not None:
        short = f"it is cut short: its last block promises {missing[0]} bytes and {missing[1]} are there"
    if said is None or said.frames is None:
        opening = talk(opening, header, count) if header.kind[1] == 3 else b""
        return Mpeg(cut(stream.pieces, audio, end), frames, False, opening, short)
    if short is None and said.frames in (count, count + 1):
        return Mpeg(stream.pieces, frames, True, b"", None)
    right = with_length(opening, header, count, end - at)
    return Mpeg((right, *cut(stream.pieces, audio, end)), frames, True, b"", short)


def is_fewer(said: FrameCount, count: int, there: int, missing: tuple[int, int] | None) -> bool:
    """Whether there are fewer than `said`. Some programs count the frame that says it."""
    assert said.frames is not None
    if count == said.frames - 1:
        return missing is not None or (said.size is not None and said.size > there)
    return count < said.frames


def counted(stream: Splice, at: int, like: MpegFrame) -> tuple[int, int, tuple[int, int] | None]:
    """Whole frames from byte `at` on, the byte behind them, and of a cut one the bytes it promises and has."""
    count, end = 0, at
    while at + 4 <= stream.size:
        stream.seek(at)
        opening = stream.read(4) or b""
        header = head_of(opening)
        if header is not None and header.kind == like.kind:
            if at + header.size > stream.size:
                return count, end, (header.size, stream.size - at)
            count, at = count + 1, at + header.size
            end = at
        elif opening[:3] in TAGS:
            break
        else:
            try:
                at = first_frame(stream, at, like)
            except Broken:
                break
    return count, end, None


def first_frame(stream: Splice, at: int, like: MpegFrame | None = None) -> int:
    """Where the next frame begins, which another one follows or the end. Raises Broken."""
    stream.seek(at)
    data = stream.read(SEARCHED_BYTES) or b""
    place = data.find(b"\xff")
    while place >= 0:
        header = head_of(data[place : place + 4])
        if header is not None and (like is None or header.kind == like.kind):
            stream.seek(at + place + header.size)
            following = head_of(stream.read(4) or b"")
            behind = at + place + header.size >= stream.size
            if behind or (following is not None and following.kind == header.kind):
                return at + place
        place = data.find(b"\xff", place + 1)
    raise Broken("it holds no frames")


def frame_at(stream: Splice, at: int) -> MpegFrame:
    """The header at a place where there is one."""
    stream.seek(at)
    found = head_of(stream.read(4) or b"")
    assert found is not None
    return found


def head_of(data: bytes) -> MpegFrame | None:
    """The header in four bytes, None: it is none, or says nothing of the frame's length."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    version, layer = data[1] >> 3 & 3, 4 - (data[1] >> 1 & 3)
    bit_rate, rate = data[2] >> 4, data[2] >> 2 & 3
    if version == 1 or layer == 4 or rate == 3 or bit_rate in (0, 15):
        return None
    bits_s = 1000 * KBIT_S[1 if version == 3 else 2, layer][bit_rate - 1]
    rate_hz, padding = RATES_HZ[version][rate], data[2] >> 1 & 1
    count = 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152
    slot = 4 if layer == 1 else 1
    size = (count // 8 * bits_s // rate_hz // slot + padding) * slot
    mono = data[3] >> 6 == 3
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    return MpegFrame(size, count, (version, layer, rate), side)


def said_in(frame: bytes, header: MpegFrame) -> FrameCount | None:
    """What a frame says of the stream; None: it is one of sound."""
    at = 4 + header.side
    if header.kind[1] == 3 and frame[at : at + 4] in (b"Xing", b"Info") and len(frame) >= at + 16:
        flags, *numbers = struct.unpack(">III", frame[at + 4 : at + 16])
        frames = numbers.pop(0) if flags & 1 else None
        return FrameCount(frames, numbers[0] if flags & 2 else None)
    if frame[36:40] == b"VBRI" and len(frame) >= 54:
        size, frames = struct.unpack(">II", frame[46:54])
        return FrameCount(frames, size)
    return None


def with_length(frame: bytes, header: MpegFrame, count: int, size: int) -> bytes:
    """A `Xing` or `VBRI` frame with other numbers, and none of the padding behind the sound that it had."""
    at = 4 + header.side
    right = bytearray(frame)
    if frame[at : at + 4] not in (b"Xing", b"Info"):
        right[46:54] = struct.pack(">II", size, count)
        return bytes(right)
    flags = struct.unpack(">I", frame[at + 4 : at + 8])[0]
    right[at + 8 : at + 12] = struct.pack(">I", count)
    if flags & 2:
        right[at + 12 : at + 16] = struct.pack(">I", size)
    # Behind the four numbers: who made it (9 bytes), and at 21 twelve bits each of delay and padding.
    made_by = at + 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
    if len(right) >= made_by + 24:
        right[made_by + 22 : made_by + 24] = bytes([right[made_by + 22] & 0xF0, 0])
    return bytes(right)


def talk(like: bytes, header: MpegFrame, count: int) -> bytes:
    """A `Xing` frame, like the one given but as short as may be, that says: `count` frames follow."""
    at = 4 + header.side
    openings = (bytes([like[0], like[1] | 1, rate << 4 | like[2] & 0x0C, like[3]]) for rate in range(1, 15))
    sizes = ((opening, found.size) for opening in openings if (found := head_of(opening)) is not None)
    opening, size = next((opening, size) for opening, size in sizes if size >= max(at + 12, TALK_BYTES))
    return (opening + bytes(header.side) + b"Xing" + struct.pack(">II", 1, count)).ljust(size, b"\0")
