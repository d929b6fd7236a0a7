"""The WAV container: its header as bytes, its frames as bytes and as float32. `farm.audio.riff` finds them in a file.

Layout after Microsoft/IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF), Microsoft's
WAVEFORMATEXTENSIBLE, and EBU Tech 3306 (RF64). Nothing that is written depends on a clock or a host.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.audio.broken import Broken
from workers.records import record

PCM = 1
IEEE_FLOAT = 3
EXTENSIBLE = 0xFFFE
UNKNOWN_SIZE = 0xFFFFFFFF
RIFF_LIMIT = UNKNOWN_SIZE - 1
"""The largest size a RIFF header can state, in bytes; what is larger becomes RF64."""

_DS64_BYTES = 28
W64_RIFF_TAIL = bytes.fromhex("2e91cf11a5d628db04c10000")
W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""What follows the four letters of a name in a W64 file: of the first, and of all others."""
W64_HEAD = 24
"""Bytes of a name and a size."""
SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")
"""What follows the format code in the GUIDs KSDATAFORMAT_SUBTYPE_PCM and _IEEE_FLOAT."""


@record(frozen=True, slots=True)
class WavFormat:
    """How one frame is coded: `bits` a sample (8, 16, 24, 32, 64), `floating` or integer, little endian.

    `spare_bits`: upper bits of an integer that only repeat its sign (8 where 24 bits lie low in 32).
    """

    rate: int
    channels: int
    bits: int
    floating: bool
    spare_bits: int = 0

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame across its channels."""
        return self.channels * self.bits // 8


@record(frozen=True, slots=True)
class WavLayout:
    """Where the frames of a file lie: `frames` of them from byte `data_offset`."""

    format: WavFormat
    data_offset: int
    frames: int


def header(coding: WavFormat, frames: int, riff_limit: int = RIFF_LIMIT, behind: int = 0) -> bytes:
    """All bytes before the first frame. Its length depends on `coding` alone. `behind`: bytes of chunks behind them.

    A chunk of the size of `ds64` is always there: `JUNK` while the RIFF size is at most `riff_limit`, and in an RF64
    file the 64 bit sizes. So a header for any length fits into the place of the first one.
    """
    data_bytes = frames * coding.frame_bytes
    fmt = _chunk(b"fmt ", _fmt_body(coding))
    fact_bytes = 12 if coding.floating else 0
    before_data = 12 + 8 + _DS64_BYTES + len(fmt) + fact_bytes + 8
    riff_bytes = before_data + data_bytes + data_bytes % 2 + behind - 8
    if riff_bytes > riff_limit:
        riff = struct.pack("<4sI4s", b"RF64", UNKNOWN_SIZE, b"WAVE")
        sizes = _chunk(b"ds64", struct.pack("<QQQI", riff_bytes, data_bytes, frames, 0))
        stated_frames, stated_bytes = UNKNOWN_SIZE, UNKNOWN_SIZE
    else:
        riff = struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
        sizes = _chunk(b"JUNK", bytes(_DS64_BYTES))
        stated_frames, stated_bytes = frames, data_bytes
    fact = _chunk(b"fact", struct.pack("<I", stated_frames)) if coding.floating else b""
    return riff + sizes + fmt + fact + struct.pack("<4sI", b"data", stated_bytes)


def w64_header(coding: WavFormat, frames: int) -> bytes:
    """All bytes before the first frame of a W64 file (Sonic Foundry, "Sony Wave64"): names are GUIDs, sizes have 64
    bits and count themselves and their names, and chunks begin at multiples of 8."""
    fmt = _w64_chunk(b"fmt ", _fmt_body(coding, plain=True))
    fact = _w64_chunk(b"fact", struct.pack("<Q", frames)) if coding.floating else b""
    data_bytes = frames * coding.frame_bytes
    data = b"data" + W64_TAIL + struct.pack("<Q", W64_HEAD + data_bytes)
    whole = W64_HEAD + len(b"wave" + W64_TAIL) + len(fmt) + len(fact) + W64_HEAD + data_bytes
    riff = b"riff" + W64_RIFF_TAIL + struct.pack("<Q", whole) + b"wave" + W64_TAIL
    return riff + fmt + fact + data


def _w64_chunk(name: bytes, body: bytes) -> bytes:
    size = W64_HEAD + len(body)
    return name + W64_TAIL + struct.pack("<Q", size) + body + bytes(-size % 8)


def cue_chunks(markers: Sequence[tuple[int, str]]) -> bytes:
    """Cue points and their labels, as they stand behind the frames: frame of the file and text of each.

    What lies at 2^32 frames or later has no place in them.
    """
    if not markers:
        return b""
    points = [struct.pack("<II4sIII", n, at, b"data", 0, 0, at) for n, (at, _) in enumerate(markers, 1)]
    labels = [
        _padded(_chunk(b"labl", struct.pack("<I", n) + text.encode() + b"\0")) for n, (_, text) in enumerate(markers, 1)
    ]
    cue = _chunk(b"cue ", struct.pack("<I", len(points)) + b"".join(points))
    return cue + _chunk(b"LIST", b"adtl" + b"".join(labels))


def _padded(chunk: bytes) -> bytes:
    return chunk + bytes(len(chunk) % 2)


def endless_header(coding: WavFormat) -> bytes:
    """All bytes before the first frame of a file whose length nobody knows yet: both sizes are 0xFFFFFFFF."""
    endless = bytearray(header(coding, 0))
    endless[4:8] = endless[-4:] = struct.pack("<I", UNKNOWN_SIZE)
    return bytes(endless)


def frame_bytes(coding: WavFormat, values: NDArray[Any]) -> memoryview:
    """Frames as they stand in the file: `values` (n, channels) float32, or int16 or int32 of the format's bits."""
    if coding.floating:
        return np.ascontiguousarray(values, "<f4").data
    if coding.bits == 16:
        return np.ascontiguousarray(values, "<i2").data
    return pack_24(values.astype(np.int32, copy=False)).data


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body


def _fmt_body(coding: WavFormat, plain: bool = False) -> bytes:
    code = IEEE_FLOAT if coding.floating else PCM
    tag = code if coding.channels <= 2 or plain else EXTENSIBLE
    block = coding.frame_bytes
    body = struct.pack("<HHIIHH", tag, coding.channels, coding.rate, coding.rate * block, block, coding.bits)
    if tag == EXTENSIBLE:
        no_speakers = 0
        return body + struct.pack("<HHIH", 22, coding.bits, no_speakers, code) + SUBFORMAT_TAIL
    return body + struct.pack("<H", 0) if coding.floating else body


def read(path: Path, layout: WavLayout, first: int = 0, count: int | None = None) -> NDArray[np.float32]:
    """Frames `first` to `first + count` of the file as float32 (frames, channels), to its end by default.

    Full scale is ±1; integers are divided by 2^(bits − 1). Raises OSError, or Broken for a file that became shorter.
    """
    coding = layout.format
    frames = layout.frames - first if count is None else count
    shape = (frames, coding.channels)
    size = frames * coding.frame_bytes
    # Read, not mapped: a mapped file that another program cuts short ends this process.
    raw = np.fromfile(path, np.uint8, size, offset=layout.data_offset + first * coding.frame_bytes)
    if len(raw) < size:
        raise Broken("it became shorter while it was read")
    if coding.floating:
        with np.errstate(over="ignore"):
            return raw.view(f"<f{coding.bits // 8}").astype(np.float32).reshape(shape)
    full_scale = np.float32(2.0 ** (coding.bits - coding.spare_bits - 1))
    if coding.bits == 8:
        centred = raw.astype(np.float32) - full_scale
    elif coding.bits == 24:
        centred = _unpack_24(raw).astype(np.float32)
    else:
        centred = raw.view(f"<i{coding.bits // 8}").astype(np.float32)
    centred /= full_scale
    return centred.reshape(shape)


def _unpack_24(raw: NDArray[np.uint8]) -> NDArray[np.int32]:
    low, middle, high = (raw[byte::3].astype(np.uint32) for byte in range(3))
    signed: NDArray[np.int32] = (low << 8 | middle << 16 | high << 24).view(np.int32)
    signed >>= 8
    return signed


def pack_24(values: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Three bytes, little endian, for each value in −2^23 … 2^23 − 1, in C order."""
    words = np.ascontiguousarray(values, "<i4").reshape(-1).view(np.uint8)
    packed = np.empty(words.size // 4 * 3, np.uint8)
    for byte in range(3):
        packed[byte::3] = words[byte::4]
    return packed
