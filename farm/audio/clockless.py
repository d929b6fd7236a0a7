"""What libsndfile takes from the clock, taken out again: the same frames are the same bytes whenever they are written.

It numbers an Ogg stream by chance (RFC 3533: each page carries the number and a checksum over the page) and writes
the time into the `PEAK` chunk of a float AIFF file.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

STREAM_NUMBER = 1
PAGE_HEADER_BYTES = 27
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def number_ogg_stream(file: BinaryIO, number: int = STREAM_NUMBER) -> None:
    """Gives every page of the Ogg file, in place, this stream number. Raises ValueError if it is no Ogg file."""
    offset = 0
    while True:
        file.seek(offset)
        header = bytearray(file.read(PAGE_HEADER_BYTES))
        if not header:
            return
        if header[:4] != b"OggS" or len(header) < PAGE_HEADER_BYTES:
            raise ValueError(f"there is no Ogg page at byte {offset}")
        segments = file.read(header[26])
        body = file.read(sum(segments))
        struct.pack_into("<I", header, 14, number)
        struct.pack_into("<I", header, 22, 0)
        struct.pack_into("<I", header, 22, checksum(bytes(header) + segments + body))
        file.seek(offset)
        file.write(header)
        offset += PAGE_HEADER_BYTES + len(segments) + len(body)


def checksum(page: bytes) -> int:
    """Ogg's CRC: polynomial 0x04C11DB7, from 0, highest bit first. It is zlib's of mirrored bytes, mirrored."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED), "big")


def clear_aiff_time(file: BinaryIO) -> None:
    """Sets the time in the `PEAK` chunk of the AIFF file, in place, to 0; does nothing without one."""
    file.seek(0, 2)
    end = file.tell()
    offset = 12
    while offset + 8 <= end:
        file.seek(offset)
        name, size = struct.unpack(">4sI", file.read(8))
        if name == b"PEAK":
            file.seek(offset + 12)
            file.write(bytes(4))
            return
        offset += 8 + size + size % 2
