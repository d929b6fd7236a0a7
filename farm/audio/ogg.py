"""The parts of an Ogg file: streams that follow each other, each with its own header, and whether the last one ends.

After RFC 3533, the Vorbis I specification, RFC 7845 (Opus) and RFC 9639 (FLAC in Ogg).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from farm.audio.splice import Pieces, Splice
from workers.records import record

CONTINUED, FIRST, LAST = 1, 2, 4
"""Flags of a page: it begins within a packet; it begins, it ends a stream."""
HEADER_BYTES = 27
FLAC_PREFIX_BYTES = 9
"""What stands before a FLAC stream's own first bytes."""
SPEAKERS = (
    (0x4,),
    (0x1, 0x2),
    (0x1, 0x4, 0x2),
    (0x1, 0x2, 0x10, 0x20),
    (0x1, 0x4, 0x2, 0x10, 0x20),
    (0x1, 0x4, 0x2, 0x10, 0x20, 0x8),
    (0x1, 0x4, 0x2, 0x200, 0x400, 0x100, 0x8),
    (0x1, 0x4, 0x2, 0x200, 0x400, 0x10, 0x20, 0x8),
)
"""The speakers of 1 to 8 channels of Vorbis, as bits of a channel mask, in their order."""


@record(frozen=True, slots=True)
class Link:
    """One part of a file. `coding`: vorbis, opus, flac, speex; `pieces`: what a decoder is given of the file.

    `speakers`: one for each channel; (): they have no order. `short`: why it ends early.
    """

    coding: str
    pieces: Pieces
    speakers: tuple[int, ...]
    short: str | None


class Page(NamedTuple):
    """A page: where it begins, its flags and stream, where its body begins and ends."""

    offset: int
    flags: int
    stream: int
    body: int
    end: int


def links(file: Splice) -> list[Link]:
    """The parts of a file that hold sound, in order."""
    groups: list[list[Page]] = []
    for page in pages(file):
        starts = page.flags & FIRST and not (groups and groups[-1][-1].flags & FIRST)
        if starts or not groups:
            groups.append([])
        groups[-1].append(page)
    found = []
    for number, group in enumerate(groups):
        last = groups[number + 1][0].offset if number + 1 < len(groups) else file.size
        link = link_of(file, group, last)
        if link is not None:
            found.append(link)
        elif found and group[-1].end > file.size:
            found[-1] = replace(found[-1], short=short_of(file, group[-1], group[-1]))
    return found


def pages(file: Splice) -> Iterator[Page]:
    """The pages of a file; the last may reach beyond its end."""
    at = 0
    while at < file.size:
        file.seek(at)
        header = file.read(HEADER_BYTES + 255) or b""
        if header[:4] != b"OggS":
            at = next_page(file, at + 1)
            continue
        if len(header) < HEADER_BYTES or len(header) < HEADER_BYTES + header[26]:
            # Not even its header is whole.
            least = HEADER_BYTES + (header[26] if len(header) >= HEADER_BYTES else 0)
            yield Page(at, header[5] if len(header) > 5 else 0, -1, file.size, at + least)
            return
        body = at + HEADER_BYTES + header[26]
        end = body + sum(header[HEADER_BYTES : HEADER_BYTES + header[26]])
        yield Page(at, header[5], struct.unpack("<I", header[14:18])[0], body, end)
        at = end


def next_page(file: Splice, at: int) -> int:
    """Where the next page begins, or the end of the file."""
    step = 1 << 16
    while at < file.size:
        file.seek(at)
        found = (file.read(step + 3) or b"").find(b"OggS")
        if found >= 0:
            return at + found
        at += step
    return file.size


def link_of(file: Splice, group: list[Page], last: int) -> Link | None:
    """The sound of a group of pages that ends before byte `last`; None where there is none that is known."""
    for page in group:
        if not page.flags & FIRST:
            break
        file.seek(page.body)
        packet = file.read(32) or b""
        coding = coding_of(packet)
        if coding is None:
            continue
        own = [one for one in group if one.stream == page.stream]
        short = short_of(file, group[-1], own[-1])
        if coding == "flac":
            bodies = [(one.body, min(one.end, file.size)) for one in own]
            bodies[0] = bodies[0][0] + FLAC_PREFIX_BYTES, bodies[0][1]
            return Link(coding, tuple(bodies), (), short)
        return Link(coding, ((group[0].offset, last),), speakers_of(coding, packet), short)
    return None


def coding_of(packet: bytes) -> str | None:
    """What a stream's first packet announces."""
    marks = {b"\x01vorbis": "vorbis", b"OpusHead": "opus", b"\x7fFLAC": "flac", b"Speex   ": "speex"}
    return next((name for mark, name in marks.items() if packet.startswith(mark)), None)


def speakers_of(coding: str, packet: bytes) -> tuple[int, ...]:
    """The speakers of the channels, by a stream's first packet."""
    if coding == "vorbis" and len(packet) > 11:
        channels = packet[11]
    elif coding == "opus" and len(packet) > 18 and packet[18] <= 1:
        channels = packet[9]
    else:
        return ()
    return SPEAKERS[channels - 1] if 1 <= channels <= len(SPEAKERS) else ()


def short_of(file: Splice, last: Page, own: Page) -> str | None:
    """Why a part ends early whose last page is `last`, and `own` the last one of its sound."""
    if last.end > file.size:
        promised, there = last.end - last.offset, file.size - last.offset
        return f"it is cut short: its last page promises {promised} bytes and {there} are there"
    if not own.flags & LAST:
        return "it is cut short: its last page says that more follows, and nothing does"
    return None
