"""What AIFF, 8SVX, AU, CAF and NIST files state of their length: libsndfile decodes them and believes what is there.

Layouts after Apple's "Audio Interchange File Format AIFF-C", Electronic Arts' "8SVX", Sun's "au(4)", Apple's "Core
Audio Format Specification" and NIST's "SPHERE".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, NamedTuple

from farm.audio.broken import Broken, Sound, cut_short, placeholder, sound_of
from farm.audio.riff import Container, body, chunks, followed

IFF = Container(">", 4, 2, 12)
VALUE_BYTES = {
    **dict.fromkeys((b"ulaw", b"ULAW", b"alaw", b"ALAW", b"raw "), 1),
    **dict.fromkeys((b"in24", b"42ni"), 3),
    **dict.fromkeys((b"in32", b"23ni", b"fl32", b"FL32"), 4),
    **dict.fromkeys((b"fl64", b"FL64"), 8),
}
"""Bytes of a value in AIFF-C, by compression."""
BLOCK_BYTES = {b"ima4": 34, b"GSM ": 33}
"""Bytes of what is decoded at once of a channel, by compression."""
AU_BLOCK_BYTES = {23: 60, 25: 45, 26: 75}
"""The same of AU, by encoding: G.721, and G.723 of 24 and of 40 kbit/s."""
PLAIN = (b"NONE", b"sowt", b"twos")
"""Compressions that compress nothing."""


class Stated(NamedTuple):
    """Why the sound is less than promised, what is to be said of it, and bytes that libsndfile needs elsewhere.

    `last_byte`: where the last whole block of a cut sound ends.
    """

    short: str | None = None
    notice: str | None = None
    patches: tuple[tuple[int, bytes], ...] = ()
    last_byte: int | None = None


def stated(file: BinaryIO, file_bytes: int, head: bytes) -> Stated | None:
    """What the file says that begins with `head`; None for a kind that is not known here.

    Raises Broken for one that ends before its sound.
    """
    readers: dict[bytes, Callable[[BinaryIO, int], Stated]] = {
        b"FORM": iff,
        b".snd": partial(au, order=">"),
        b"dns.": partial(au, order="<"),
        b"caff": caf,
        b"NIST": nist,
    }
    read = readers.get(head[:4])
    return read(file, file_bytes) if read is not None else None


def iff(file: BinaryIO, file_bytes: int) -> Stated:
    """AIFF, AIFF-C and 8SVX."""
    file.seek(4)
    whole = struct.unpack(">I", file.read(4))[0] + 8
    frames, frame_bytes, block = 0, 0, 1
    for chunk in chunks(file, IFF, 12, file_bytes):
        if chunk.name == b"COMM":
            common = body(file, chunk, 18)
            channels, frames, bits = struct.unpack(">HIH", common[:8])
            kind = common[18:22] if chunk.size >= 22 else PLAIN[0]
            frame_bytes = channels * ((bits + 7) // 8 if kind in PLAIN else VALUE_BYTES.get(kind, 0))
            block = BLOCK_BYTES.get(kind, 1) * max(channels, 1)
        elif chunk.name in (b"SSND", b"BODY"):
            inner = 8 if chunk.name == b"SSND" else 0
            offset = chunk.offset + inner
            behind = partial(followed, file, IFF, file_bytes, offset)
            sound = sound_of(max(chunk.size - inner, 0), max(file_bytes - offset, 0), behind)
            if (
                sound.short is None
                and frame_bytes
                and not placeholder(frames)
                and not placeholder(frames * frame_bytes)
            ):
                held = sound.held // frame_bytes
                if frames > held and not (sound.held == 0 or sound.notice):
                    sound = sound._replace(short=cut_short(frames, held, "frames"))
            return Stated(sound.short, sound.notice, last_byte=whole_blocks(sound, offset, block))
    if whole > file_bytes and not placeholder(whole):
        raise Broken(cut_short(whole, file_bytes, "bytes"))
    raise Broken("it holds no frames (no `SSND` chunk)")


def au(file: BinaryIO, file_bytes: int, order: str) -> Stated:
    """AU, also called SND."""
    file.seek(4)
    numbers = file.read(12)
    if len(numbers) < 12:
        raise Broken("it ends within its header")
    offset, size, encoding = struct.unpack(order + "III", numbers)
    sound = sound_of(size, max(file_bytes - offset, 0), nothing_at)
    found = patched(sound, size, 8, struct.pack(order + "I", sound.held))
    return found._replace(last_byte=whole_blocks(sound, offset, AU_BLOCK_BYTES.get(encoding, 1)))


def caf(file: BinaryIO, file_bytes: int) -> Stated:
    """Core Audio's own."""
    at = 8
    while at + 12 <= file_bytes:
        file.seek(at)
        name, size = struct.unpack(">4sQ", file.read(12))
        if name == b"data":
            counted = 4
            sound = sound_of(max(size - counted, 0), max(file_bytes - at - 12 - counted, 0), nothing_at, 64)
            return patched(sound, size - counted, at + 4, struct.pack(">Q", sound.held + counted))
        at += 12 + size
    if at > file_bytes:
        raise Broken(cut_short(at, file_bytes, "bytes"))
    raise Broken("it holds no frames (no `data` chunk)")


def nist(file: BinaryIO, file_bytes: int) -> Stated:
    """SPHERE: text of a stated length, then the frames."""
    file.seek(0)
    lines = file.read(1 << 14).decode("latin-1").split("\n")
    fields = {parts[0]: parts[2] for line in lines[2:] if len(parts := line.split()) >= 3}
    try:
        header_bytes = int(lines[1])
        names = ("sample_count", "sample_n_bytes", "channel_count")
        size, one, channels = (int(fields.get(name, "1")) for name in names)
    except (ValueError, IndexError):
        raise Broken("its header makes no sense") from None
    there = max(file_bytes - header_bytes, 0)
    if "sample_count" not in fields or fields.get("sample_coding", "pcm") not in ("pcm", "ulaw", "alaw", "mu-law"):
        return Stated()
    return Stated(sound_of(size * one * channels, there, nothing_at, 64).short)


def patched(sound: Sound, promised: int, at: int, right: bytes) -> Stated:
    """With the bytes of the right size where another is promised."""
    return Stated(sound.short, sound.notice, () if sound.held == promised else ((at, right),))


def whole_blocks(sound: Sound, offset: int, block: int) -> int | None:
    """Where the last whole block of a cut sound ends that begins at byte `offset`; None: it is not cut."""
    return None if sound.short is None else offset + sound.held // block * block


def nothing_at(_: int) -> bool:
    """Nothing stands behind the sound."""
    return False
