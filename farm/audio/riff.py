"""Where the sound of a RIFF, RIFX, RF64, BW64 or Wave64 file lies, and how it is coded.

Layouts after Microsoft/IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF), Microsoft's
WAVEFORMATEXTENSIBLE, EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64) and Sonic Foundry's "Wave64".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, NamedTuple

import numpy as np

from farm.audio.broken import Broken, Sound, cut_short, placeholder, sound_of
from farm.audio.wav import EXTENSIBLE, IEEE_FLOAT, PCM, SUBFORMAT_TAIL, UNKNOWN_SIZE, WavFormat, WavLayout
from workers.records import record

BLOCK_BYTES = {0x31: 130, 0x40: 60}
"""What libsndfile decodes at once, where that is not what the header says: two blocks of GSM (of an odd number it makes
one more), G.721."""
MPEG_TAGS = (0x50, 0x55)
"""Format tags of MPEG audio: layers 1 and 2, layer 3."""
LINEAR = {(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (IEEE_FLOAT, 32), (IEEE_FLOAT, 64)}
"""Codings, with their bits, of which this project reads the frames itself."""
HEAD_BYTES = 40
LONG = (b"RF64", b"BW64")
WAVE64 = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_WAVE64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""What follows the four letters in the GUIDs of Wave64's chunks."""
KNOWN_CHUNKS = frozenset(
    b"LIST|id3 |ID3 |cue |smpl|inst|bext|fact|PEAK|JUNK|junk|PAD |FLLR|acid|iXML|_PMX|axml|chna|plst|note|"
    b"MARK|INST|COMT|NAME|AUTH|ANNO|(c) |MIDI|AESD|APPL|CHAN|COMM".split(b"|")
)
MOST_FRAME_BYTES = 0xFFFF
"""What 16 bits can state."""
SENSELESS_FRAMES = 1 << 31
"""libsndfile itself states 10,001 frames less than none in some files."""
LOOKED_AT = 1 << 16
"""Frames that are read at once to see where in 32 bits 24 lie."""


@record(frozen=True, slots=True)
class Wave:
    """What the header says: `offset` and `held` are the bytes of the sound that are there, of a cut one whole blocks.

    `layout`: its frames, where this project reads them itself. `speakers`: the channel mask, 0: none. `short`: why the
    sound is less than promised. `patches`: bytes that a reader needs at other places to find as much.
    """

    tag: int
    rate: int
    channels: int
    speakers: int
    offset: int
    held: int
    layout: WavLayout | None
    fact_frames: int | None
    short: str | None
    notices: tuple[str, ...]
    patches: tuple[tuple[int, bytes], ...]


class Chunk(NamedTuple):
    """A chunk: four letters, its first byte behind the header, its size, where that stands and in how many bytes."""

    name: bytes
    offset: int
    size: int
    size_at: int
    size_bytes: int


class Coding(NamedTuple):
    """The `fmt` chunk, which stands at byte `offset`; `block`: bytes of a frame, `speakers`: the channel mask."""

    tag: int
    channels: int
    rate: int
    block: int
    bits: int
    speakers: int
    offset: int


class Container(NamedTuple):
    """How chunks are laid out in RIFF and IFF: byte order, bytes of a size, alignment, the first one's place."""

    order: str
    size_bytes: int
    align: int
    first: int


RIFF = Container("<", 4, 2, 12)
_KINDS = {b"RIFF": RIFF, b"RF64": RIFF, b"BW64": RIFF, b"RIFX": Container(">", 4, 2, 12)}
_WAVE64 = Container("<", 8, 8, 40)


def kind(head: bytes) -> Container | None:
    """Which of them a file is that begins with `head`, HEAD_BYTES long; None: none."""
    if head[8:12] == b"WAVE":
        return _KINDS.get(head[:4])
    return _WAVE64 if head[:16] == WAVE64 and head[24:40] == b"wave" + _WAVE64_TAIL else None


def walk(file: BinaryIO, file_bytes: int) -> Wave:
    """Finds coding and sound in a file of `file_bytes` bytes that `kind` knows.

    Raises Broken for a damaged file, also for one that ends before its sound begins.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    container = kind(head)
    assert container is not None
    coding: Coding | None = None
    fact: int | None = None
    long: Chunk | None = None
    for chunk in chunks(file, container, container.first, file_bytes):
        if chunk.name == b"ds64" and head[:4] in LONG:
            size = struct.unpack("<Q", body(file, chunk, 16)[8:16])[0]
            long = Chunk(b"data", 0, size, chunk.offset + 8, 8)
        elif chunk.name == b"fmt ":
            coding = read_coding(body(file, chunk, 16), container.order, chunk.offset)
        elif chunk.name == b"fact" and chunk.size >= 4:
            fact = struct.unpack(container.order + "I", body(file, chunk, 4)[:4])[0]
        elif chunk.name == b"data":
            if coding is None:
                raise Broken("its frames come before their format (no `fmt` chunk)")
            if chunk.size == UNKNOWN_SIZE and long is not None:
                chunk = long._replace(offset=chunk.offset)
            behind = partial(followed, file, container, file_bytes, chunk.offset)
            sound = sound_of(chunk.size, file_bytes - chunk.offset, behind, 8 * chunk.size_bytes)
            return described(file, container.order, coding, chunk, sound, fact)
    stated = stated_bytes(head, container)
    if stated > file_bytes and not placeholder(stated, 8 * container.size_bytes):
        raise Broken(cut_short(stated, file_bytes, "bytes"))
    raise Broken("it holds no frames (no `data` chunk)")


def described(file: BinaryIO, order: str, coding: Coding, data: Chunk, sound: Sound, fact: int | None) -> Wave:
    """Coding and sound together."""
    tag, channels, bits, block, at = coding.tag, coding.channels, coding.bits, coding.block, coding.offset
    notices = [] if sound.notice is None else [sound.notice]
    patches: list[tuple[int, bytes]] = []
    linear, spare = (tag, bits) in LINEAR, 0
    if (tag, bits) == (PCM, 24) and block == 4 * channels:
        bits = 32
        spare = 8 if order == "<" and lies_low(file, data.offset, sound.held) else 0
        patches.append((at + 14, struct.pack(order + "H", bits)))
    elif linear and block != channels * bits // 8:
        right = channels * bits // 8
        notices.append(
            f"its header states {block} bytes a frame; {channels} × {bits} bits, which are {right}, are played"
        )
        patches.append((at + 12, struct.pack(order + "H", right)))
    layout = None
    if linear and order == "<":
        form = WavFormat(coding.rate, channels, bits, tag == IEEE_FLOAT, spare)
        layout = WavLayout(form, data.offset, sound.held // form.frame_bytes)
    held, unit = sound.held, BLOCK_BYTES.get(tag, max(block, 1))
    if sound.short is not None and layout is None and tag not in MPEG_TAGS:
        # A decoder makes noise of the rest of a block.
        held -= held % unit
    if held != data.size:
        patches.append((data.size_at, struct.pack(order + ("Q" if data.size_bytes == 8 else "I"), held)))
    return Wave(
        tag=tag,
        rate=coding.rate,
        channels=channels,
        speakers=coding.speakers,
        offset=data.offset,
        held=held,
        layout=layout,
        fact_frames=None if fact is None or fact >= SENSELESS_FRAMES or placeholder(fact) else fact,
        short=sound.short,
        notices=tuple(notices),
        patches=tuple(patches),
    )


def lies_low(file: BinaryIO, offset: int, held: int) -> bool:
    """Whether values of 24 bits in 32 lie in the lower ones: the first value that can be told says so."""
    file.seek(offset)
    left = held // 4
    while left > 0:
        values = np.frombuffer(file.read(4 * min(left, LOOKED_AT)), "<i4")
        if not len(values):
            break
        left -= len(values)
        too_large, too_fine = abs(values.astype(np.int64) + 0.5) > 1 << 23, values & 0xFF != 0
        told = np.flatnonzero(too_large | too_fine)
        if len(told):
            return not too_large[told[0]]
    return False


def chunks(file: BinaryIO, container: Container, offset: int, file_bytes: int) -> Iterator[Chunk]:
    """The chunks from byte `offset` on, as far as their headers are there."""
    wide = container.size_bytes == 8
    header_bytes = 24 if wide else 8
    while offset + header_bytes <= file_bytes:
        file.seek(offset)
        header = file.read(header_bytes)
        size = struct.unpack(container.order + ("Q" if wide else "I"), header[-container.size_bytes :])[0]
        # Wave64 counts the header; a size that is only a placeholder may be less.
        size = max(size - header_bytes, 0) if wide else size
        name = header[:4] if not wide or header[4:16] == _WAVE64_TAIL else b""
        yield Chunk(
            name, offset + header_bytes, size, offset + header_bytes - container.size_bytes, container.size_bytes
        )
        offset += header_bytes + size
        offset += -offset % container.align


def followed(file: BinaryIO, container: Container, file_bytes: int, offset: int, skipped: int) -> bool:
    """Whether further chunks stand `skipped` bytes behind `offset`: a known one, or any that fill the file."""
    first = offset + skipped
    first += -first % container.align
    end = first
    for chunk in chunks(file, container, first, file_bytes):
        if chunk.name in KNOWN_CHUNKS:
            return True
        if not chunk.name or not all(0x20 <= byte < 0x7F for byte in chunk.name):
            return False
        end = chunk.offset + chunk.size
    return end > first and 0 <= file_bytes - end < container.align


def body(file: BinaryIO, chunk: Chunk, at_least: int) -> bytes:
    """The first bytes of a chunk. Raises Broken where they are fewer than `at_least`."""
    file.seek(chunk.offset)
    found = file.read(min(chunk.size, 64))
    if len(found) < at_least:
        raise Broken(f"its `{chunk.name.decode().strip()}` chunk is too short")
    return found


def stated_bytes(head: bytes, container: Container) -> int:
    """Bytes of the whole file, by its own header."""
    if container.size_bytes == 8:
        return int(struct.unpack("<Q", head[16:24])[0])
    return int(struct.unpack(container.order + "I", head[4:8])[0]) + 8


def read_coding(found: bytes, order: str, offset: int) -> Coding:
    """The numbers of the `fmt` chunk, which stands at byte `offset`. Raises Broken."""
    tag, channels, rate, _, block, bits = struct.unpack(order + "HHIIHH", found[:16])
    speakers = 0
    if tag == EXTENSIBLE:
        if len(found) < 40:
            raise Broken("its `fmt` chunk is too short")
        speakers, code, *middle = struct.unpack(order + "IIHH", found[20:32])
        if (*middle, found[32:40]) == (0, 0x10, SUBFORMAT_TAIL[-8:]):
            tag = code
    if (tag, bits) in LINEAR and not 0 < channels * bits // 8 <= MOST_FRAME_BYTES:
        raise Broken(f"its format makes no sense ({channels} channels of {bits} bits in {block} bytes a frame)")
    return Coding(tag, channels, rate, block, bits, speakers, offset)
