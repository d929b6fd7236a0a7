"""Sound files that libsndfile decodes: what it is given of them, and the frames it gives back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from farm.audio import downmix, flac, mpeg, ogg, stated
from farm.audio.broken import Broken, cut_short
from farm.audio.recording import MOST_FRAMES, Recording, too_long
from farm.audio.riff import MPEG_TAGS, Wave
from farm.audio.splice import Pieces, Splice, cut, patched

UNKNOWN_FRAMES = 1 << 62
"""From here on libsndfile means that it does not know how many there are."""
COUNTED_AT_ONCE = 1 << 16


class Forwards(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read from its start to its end: no place is looked for between blocks."""

    def seekable(self) -> bool:
        return False


class StreamFacts(NamedTuple):
    """What libsndfile says of a stream."""

    rate: int
    channels: int
    frames: int
    coding: str


def inspected(file: Path, opened: BinaryIO, file_bytes: int, head: bytes) -> Recording:
    """A file that begins with `head` and is no WAV file. Raises Broken, OSError."""
    whole: Pieces = ((0, file_bytes),)
    with closing(Splice(file, whole)) as stream:
        if head[:4] == b"OggS":
            return chain(file, ogg.links(stream))
        sound = flac.after_tags(stream)
        stream.seek(sound)
        opening = stream.read(4) or b""
        if opening == b"fLaC":
            return flac_stream(file, stream)
        if sound > 0 or mpeg.is_stream(opening):
            return mpeg_stream(file, stream)
    found = stated.stated(opened, file_bytes, head)
    if found is None:
        seen = look(file, whole)
        kind = seen.coding.split()[0]
        told = f"files of this kind ({kind}) are not looked at for how long they should be: see whether it is whole"
        return Recording(file, *seen[:3], None, seen.coding, (whole,), notices=(told,))
    pieces = cut(patched(whole, found.patches), 0, file_bytes if found.last_byte is None else found.last_byte)
    seen = look(file, pieces, found.short)
    notices = () if found.notice is None else (found.notice,)
    return Recording(file, *seen[:3], None, seen.coding, (pieces,), notices=notices, short=found.short)


def coded_wave(file: Path, wave: Wave, file_bytes: int) -> Recording:
    """A WAV file that libsndfile decodes. Raises Broken, OSError."""
    if wave.held == 0:
        raise Broken(wave.short or "it holds no frames")
    if wave.tag in MPEG_TAGS:
        with closing(Splice(file, ((wave.offset, wave.offset + wave.held),))) as stream:
            recording = mpeg_stream(file, stream, wave.short)
        return replace(recording, notices=wave.notices)
    pieces = patched(((0, file_bytes),), wave.patches)
    if wave.short is not None:
        pieces = cut(pieces, 0, wave.offset + wave.held)
    try:
        seen = look(file, pieces, wave.short)
    except Broken as reason:
        raise Broken(f"{reason} (format tag 0x{wave.tag:04X})") from None
    short, fact = wave.short, wave.fact_frames
    # Some programs count each channel there.
    if short is None and fact is not None and fact > seen.frames * seen.channels:
        short = cut_short(fact, seen.frames, "frames")
    speakers = downmix.speakers_in(wave.speakers, seen.channels)
    return Recording(file, *seen[:3], None, seen.coding, (pieces,), speakers, wave.notices, short)


def flac_stream(file: Path, stream: Splice, short: str | None = None) -> Recording:
    """FLAC, in a file of its own or in Ogg. Raises Broken, OSError."""
    found = flac.read(stream)
    short = short or found.short
    if found.frames == 0:
        raise Broken(short or "it holds no frames")
    if found.promised > MOST_FRAMES:
        raise Broken(too_long("states", found.promised))
    seen = look(file, found.pieces, short)._replace(frames=found.frames)
    speakers = downmix.speakers_in(found.speakers, seen.channels)
    # libsndfile gives back other numbers of bits shifted.
    sums = found.md5 is not None and short is None and found.bits % 8 == 0
    checksum = (found.md5, found.bits) if found.md5 is not None and sums else None
    return Recording(*(file, *seen[:3], None, seen.coding, (found.pieces,), speakers), short=short, checksum=checksum)


def mpeg_stream(file: Path, stream: Splice, short: str | None = None) -> Recording:
    """MP3 and its elder layers. Raises Broken, OSError."""
    found = mpeg.read(stream)
    short, pieces = short or found.short, found.pieces
    seen = look(file, pieces, short)
    if not found.says and seen.frames < found.frames and found.opening:
        # A guess by its first block; what lies behind it would not be read.
        pieces = (found.opening, *pieces)
        seen = look(file, pieces, short)
    elif not found.says:
        seen = seen._replace(frames=found.frames)
    return Recording(file, *seen[:3], None, seen.coding, (pieces,), short=short, exact=found.says)


def chain(file: Path, links: list[ogg.Link]) -> Recording:
    """The parts of an Ogg file, one after another, as far as they are alike. Raises Broken, OSError."""
    if not links:
        raise Broken("it holds no sound that is known here (Vorbis, Opus, FLAC or Speex)")
    parts: list[Recording] = []
    for number, link in enumerate(links):
        if link.coding == "flac":
            with closing(Splice(file, link.pieces)) as stream:
                part = flac_stream(file, stream, link.short)
        else:
            seen = look(file, link.pieces, link.short)
            part = Recording(file, *seen[:3], None, seen.coding, (link.pieces,), link.speakers, short=link.short)
        parts.append(part)
        first = parts[0]
        if (part.rate, part.channels) != (first.rate, first.channels):
            forms = [f"{one.rate} Hz with {one.channels} channels" for one in (first, part)]
            short = f"it is a chain of parts that differ: the first is of {forms[0]}, part {number + 1} of {forms[1]}"
            return joined(parts[:-1], short)
    return joined(parts, next((one.short for one in parts if one.short is not None), None))


def joined(parts: list[Recording], short: str | None) -> Recording:
    """Parts of one form as one recording."""
    first = parts[0]
    if len(parts) == 1:
        return replace(first, short=short)
    pieces = tuple(stream for part in parts for stream in part.parts)
    frames = sum(part.frames for part in parts)
    return replace(first, frames=frames, parts=pieces, short=short, checksum=None)


def look(file: Path, pieces: Pieces, short: str | None = None) -> StreamFacts:
    """What libsndfile says of a stream. Raises Broken, with the reason `short` where there is one, and OSError."""
    try:
        with decoder(file, pieces) as opened:
            coding = f"{opened.format} {opened.subtype}"
            frames = opened.frames
            if frames >= UNKNOWN_FRAMES:
                frames = 0
                while many := len(opened.read(COUNTED_AT_ONCE, "int16", always_2d=True)):
                    frames += many
            return StreamFacts(opened.samplerate, opened.channels, frames, coding)
    except Broken as reason:
        raise Broken(short or str(reason)) from None


@contextmanager
def decoder(file: Path, pieces: Pieces) -> Iterator[Forwards]:
    """libsndfile at the start of a stream. Raises Broken for what it refuses, also later, and OSError."""
    splice = None if pieces == ((0, os.stat(file).st_size),) else Splice(file, pieces)
    try:
        with Forwards(os.fsencode(file) if splice is None else splice) as opened:
            yield opened
    except soundfile.LibsndfileError as error:
        raise Broken(error.error_string.strip().rstrip(".")) from None
    finally:
        if splice is not None:
            splice.close()
            if splice.error is not None:
                raise splice.error


def blocks(recording: Recording, step: int, told: list[str]) -> Iterator[NDArray[np.float32]]:
    """Its frames as float32 (n, channels), `step` or fewer at a time. Raises Broken, OSError."""
    checksum = None if recording.checksum is None else flac.Checksum(recording.checksum[1])
    left = recording.frames
    for pieces in recording.parts:
        with decoder(recording.file, pieces) as opened:
            # A guess may be too short.
            while left > 0 or not recording.exact:
                many = min(step, left) if recording.exact else step
                if checksum is None:
                    block = opened.read(many, dtype="float32", always_2d=True)
                else:
                    values = opened.read(many, dtype="int32", always_2d=True)
                    checksum.take(values)
                    block = values.astype(np.float32) * np.float32(2.0**-31)
                if not len(block):
                    break
                left -= len(block)
                yield block
    if (
        recording.checksum is not None
        and checksum is not None
        and checksum.differs(recording.checksum[0])
        and left == 0
    ):
        told.append("its checksum (MD5) does not fit its frames: they are not those that were encoded")
