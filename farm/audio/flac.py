"""What a FLAC stream states and holds: its length, also where its header does not say it, its speakers, its checksum.

After RFC 9639. The last frames are looked at, without decoding them: each carries its place and two checksums.
"""

from __future__ import annotations

import hashlib
import re
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from farm.audio.broken import Broken, cut_short
from farm.audio.splice import Pieces, Splice, cut, patched
from farm.audio.wav import pack_24
from workers.records import record

STREAM_INFO, COMMENTS = 0, 4
STREAM_INFO_BYTES = 34
SPEAKERS = (0x4, 0x3, 0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F)
"""The channel masks that 1 to 8 channels have, where no comment says another (section 9.1.3)."""
FIRST_TAIL, LONGEST_TAIL = 1 << 15, 1 << 25
"""Bytes of the end that are searched for frames; a frame may have 16 MiB."""
FEW = 6
"""Candidates that are tried for one frame: sync bytes also occur in sound."""


@record(frozen=True, slots=True)
class Flac:
    """`pieces` is the stream for libsndfile, which knows its length from the header alone. `frames` of it are there.

    `promised`: what the header says, 0: nothing. `md5` is of the integers of all frames, None: not stated.
    """

    pieces: Pieces
    channels: int
    bits: int
    promised: int
    frames: int
    speakers: int
    md5: bytes | None
    short: str | None


class Info(NamedTuple):
    """The metadata: where the total stands, where frames begin; `block`: frames of a block, all but the last."""

    total_at: int
    first_byte: int
    block: int
    channels: int
    bits: int
    total: int
    md5: bytes
    speakers: int


class FlacFrame(NamedTuple):
    """A frame's own header: the number of its first frame of sound, how many it has."""

    start: int
    frames: int


class Tail(NamedTuple):
    """The end: `frames` that are surely there, `last_byte` behind them, whether nothing is missing (None: unsure)."""

    frames: int
    last_byte: int
    whole: bool | None


def read(stream: Splice) -> Flac:
    """What a stream states and holds. Raises Broken where that is no stream, or one that ends before its frames."""
    info = metadata(stream)
    tail = tail_of(stream, info)
    frames, short, pieces = info.total or tail.frames, None, stream.pieces
    if tail.whole is False or (tail.whole and tail.frames < info.total):
        frames = tail.frames
        short = cut_short(info.total, frames, "frames")
        if info.total == 0:
            short = f"it is cut short: it ends within a block of sound, {frames} frames are whole"
        pieces = cut(pieces, 0, tail.last_byte)
    elif tail.whole:
        frames = tail.frames
    if frames != info.total:
        pieces = patched(pieces, [(info.total_at, with_total(stream, info, frames))])
    md5 = info.md5 if any(info.md5) and short is None else None
    return Flac(pieces, info.channels, info.bits, info.total, frames, info.speakers, md5, short)


def metadata(stream: Splice) -> Info:
    """The blocks before the frames. Raises Broken."""
    at = after_tags(stream)
    stream.seek(at)
    if (stream.read(4) or b"") != b"fLaC":
        raise Broken("it is no FLAC stream")
    at, last, speakers = at + 4, False, 0
    found: tuple[int, bytes] | None = None
    while not last:
        stream.seek(at)
        header = stream.read(4) or b""
        size = int.from_bytes(header[1:4], "big")
        if len(header) < 4 or at + 4 + size > stream.size:
            raise Broken(cut_short(at + 4 + size, stream.size, "bytes"))
        last, kind = header[0] >= 0x80, header[0] & 0x7F
        if kind == STREAM_INFO and size >= STREAM_INFO_BYTES:
            found = at + 4, stream.read(STREAM_INFO_BYTES) or b""
        elif kind == COMMENTS:
            told = re.search(rb"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x([0-9a-f]{1,8})", stream.read(size) or b"", re.I)
            speakers = int(told[1], 16) if told else speakers
        at += 4 + size
    if found is None:
        raise Broken("its header does not say how it is coded")
    where, body = found
    block = struct.unpack(">H", body[2:4])[0]
    numbers = int.from_bytes(body[10:18], "big")
    channels, bits, total = (numbers >> 41 & 7) + 1, (numbers >> 36 & 31) + 1, numbers & (1 << 36) - 1
    return Info(where + 13, at, block, channels, bits, total, body[18:34], speakers or SPEAKERS[channels - 1])


def after_tags(stream: Splice) -> int:
    """Where the file goes on behind ID3v2 tags."""
    at = 0
    while True:
        stream.seek(at)
        header = stream.read(10) or b""
        if len(header) < 10 or header[:3] != b"ID3":
            return at
        size = 0
        for byte in header[6:10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + 10 * (header[5] >> 4 & 1)


def with_total(stream: Splice, info: Info, frames: int) -> bytes:
    """The five bytes of the header that hold the total, and four bits beside it."""
    stream.seek(info.total_at)
    first = (stream.read(1) or b"\0")[0]
    return bytes([first & 0xF0 | frames >> 32 & 0x0F]) + struct.pack(">I", frames & 0xFFFFFFFF)


def tail_of(stream: Splice, info: Info) -> Tail:
    """What the last frames say."""
    end = before_tags(stream)
    size = FIRST_TAIL
    while True:
        first = max(info.first_byte, end - size)
        stream.seek(first)
        found = tail_in(stream.read(end - first) or b"", first, info)
        if found is not None:
            return found
        if first == info.first_byte or size >= LONGEST_TAIL:
            return Tail(0, info.first_byte, None if end > info.first_byte else False)
        size *= 4


def before_tags(stream: Splice) -> int:
    """Where the sound ends in front of an ID3v1 tag."""
    stream.seek(max(0, stream.size - 128))
    return stream.size - 128 if (stream.read(3) or b"") == b"TAG" else stream.size


def tail_in(data: bytes, first: int, info: Info) -> Tail | None:
    """The end of the stream in its last bytes, which begin at byte `first`; None: no frame is sure."""
    heads = [(at, head) for at in syncs(data) if (head := head_at(data, at, info)) is not None]
    for at, head in heads[: -FEW - 1 : -1]:
        if checksum_16(data[at:]) == 0:
            return Tail(head.start + head.frames, first + len(data), True)
    for number in range(len(heads) - 1, -1, -1):
        at, head = heads[number]
        before = heads[max(number - FEW, 0) : number]
        if first + at == info.first_byte or any(checksum_16(data[one:at]) == 0 for one, _ in before):
            # A cut frame, or something else behind a whole one.
            whole = None if ends_within(data[at:]) else False
            return Tail(head.start, first + at, whole)
    return None


def syncs(data: bytes) -> list[int]:
    """Where a frame may begin."""
    values = np.frombuffer(data, np.uint8)
    return [int(at) for at in np.flatnonzero((values[:-1] == 0xFF) & (values[1:] & 0xFE == 0xF8))]


def head_at(data: bytes, at: int, info: Info) -> FlacFrame | None:
    """The header of a frame at a place, None: there is none."""
    if at + 6 > len(data):
        return None
    block_code, rate_code, number_byte = data[at + 2] >> 4, data[at + 2] & 15, data[at + 4]
    more = 0
    while number_byte & 0x80 >> more:
        more += 1
    if block_code == 0 or rate_code == 15 or data[at + 3] & 1 or more in (1, 8):
        return None
    number, end = number_byte & 0x7F >> more, at + 5 + max(more - 1, 0)
    for byte in data[at + 5 : end]:
        number = number << 6 | byte & 0x3F
    block_bytes = {6: 1, 7: 2}.get(block_code, 0)
    count = int.from_bytes(data[end : end + block_bytes], "big") + 1
    if not block_bytes:
        count = 192 if block_code == 1 else 144 << block_code if block_code < 6 else 1 << block_code
    end += block_bytes + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if end >= len(data) or checksum_8(data[at:end]) != data[end]:
        return None
    return FlacFrame(number if data[at + 1] & 1 else number * info.block, count)


def table(polynomial: int, bits: int) -> tuple[int, ...]:
    """A CRC's remainders, highest bit first."""
    found = []
    for byte in range(256):
        rest = byte << bits - 8
        for _ in range(8):
            rest = rest << 1 ^ (polynomial if rest >> bits - 1 else 0)
        found.append(rest & (1 << bits) - 1)
    return tuple(found)


_TABLE_8, _TABLE_16 = table(0x107, 8), table(0x18005, 16)


def checksum_8(data: bytes) -> int:
    """The CRC of a frame's header."""
    rest = 0
    for byte in data:
        rest = _TABLE_8[rest ^ byte]
    return rest


def checksum_16(data: bytes) -> int:
    """The CRC of a frame: 0 over a whole one with its own checksum."""
    rest = 0
    for byte in data:
        rest = (rest << 8 & 0xFF00) ^ _TABLE_16[rest >> 8 ^ byte]
    return rest


def ends_within(data: bytes) -> bool:
    """Whether a frame that begins here may end before the data does."""
    rest = 0
    for byte in data:
        rest = (rest << 8 & 0xFF00) ^ _TABLE_16[rest >> 8 ^ byte]
        if rest == 0:
            return True
    return False


class Checksum:
    """The checksum over decoded frames, as encoders make it."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.digest = hashlib.md5(usedforsecurity=False)

    def take(self, values: NDArray[np.int32]) -> None:
        """Adds frames (n, channels), whose highest bit is bit 31."""
        whole = values >> np.int32(32 - self.bits)
        size = (self.bits + 7) // 8
        packed = pack_24(whole) if size == 3 else np.ascontiguousarray(whole, f"<i{size}")
        self.digest.update(packed.data)

    def differs(self, stated: bytes) -> bool:
        """Whether the frames are not those whose checksum is stated."""
        return self.digest.digest() != stated
