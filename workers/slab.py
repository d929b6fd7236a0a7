"""The slab: recorded sound, files mapped one after another into one stretch of a process's address space.

Every process lays them out alike, so that an index into the slab means the same frame everywhere; where the stretch
begins is each process's own affair. Pages come from the disk when they are first played and belong to the system's
cache: memory holds what sounds. What no file fills reads as zeros: silence around the frames.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.records import record

PAGE = mmap.ALLOCATIONGRANULARITY
LEAST_BYTES = 1 << 26
"""Of address space, not of memory; so that a slab that grows is seldom mapped anew."""
MAP_FIXED = 0x10
FAILED = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_int64)


@record(frozen=True, slots=True)
class Extract:
    """Bytes `first` to `last` of a file, from byte `at` of the slab on (a multiple of PAGE).

    Byte `first` lies at `at + first % PAGE`; the rest of the pages that hold these bytes reads as zeros. `known`: the
    file's `identity` when it was looked at; None: nobody else writes to it.
    """

    path: str
    at: int
    first: int
    last: int
    known: tuple[int, ...] | None = None

    @property
    def start(self) -> int:
        """Where byte `first` lies in the slab."""
        return self.at + self.first % PAGE

    @property
    def stop(self) -> int:
        """Where the next part may begin: a page of silence is kept between them."""
        return -(-(self.start + self.last - self.first) // PAGE) * PAGE + PAGE


class Slab:
    """A process's view of the slab. Unmapped when nobody refers to it any more."""

    def __init__(self, least_bytes: int) -> None:
        self.size = max(LEAST_BYTES, 2 * least_bytes) // PAGE * PAGE
        self.memory = mmap.mmap(-1, self.size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
        self.bytes: NDArray[np.uint8] = np.frombuffer(self.memory, np.uint8)
        self.address = int(self.bytes.ctypes.data)
        self.parts: tuple[Extract, ...] = ()
        self.lost: str | None = None
        """A file that became shorter while it was read."""

    def take(self, part: Extract) -> None:
        """Maps one more part: whole pages in place; pages that hold other bytes of the file too are copied.

        Raises OSError, with the file's name, when it cannot be read, has become shorter or is not the one it was.
        """
        descriptor = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            held = os.fstat(descriptor).st_size
            if held < part.last or part.known not in (None, identity(descriptor)):
                raise OSError(errno.EIO, "it has become shorter or was changed", part.path)
            # Behind the end of the file the system fills the last page with zeros.
            first_page = -(-part.first // PAGE) * PAGE
            last_page = part.last if part.last == held else part.last // PAGE * PAGE
            if last_page <= first_page:
                self.copy(descriptor, part, part.first, part.last)
            else:
                self.map_at(part.start + first_page - part.first, last_page - first_page, descriptor, first_page)
                self.copy(descriptor, part, part.first, first_page)
                self.copy(descriptor, part, last_page, part.last)
        finally:
            os.close(descriptor)
        self.parts += (part,)

    def map_at(self, at: int, size: int, descriptor: int, offset: int) -> None:
        """Puts pages of a file (descriptor -1: fresh memory of our own) in the place of what is at `at`."""
        flags, access = mmap.MAP_PRIVATE | MAP_FIXED, mmap.PROT_READ
        if descriptor < 0:
            flags, access = flags | mmap.MAP_ANONYMOUS, access | mmap.PROT_WRITE
        if not 0 <= at <= at + size <= self.size:
            raise OSError(errno.ENOMEM, "outside the slab")
        if _libc.mmap(self.address + at, size, access, flags, descriptor, offset) == FAILED:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    def lose(self, address: int) -> bool:
        """Puts zeros in the place of what a file has lost there, up to its part's end; whether that is in this slab."""
        at = address - self.address
        for part in self.parts:
            if part.at <= at < part.stop:
                page = at // PAGE * PAGE
                try:
                    self.map_at(page, part.stop - page, -1, 0)
                except OSError:
                    return False
                self.lost = part.path
                return True
        return False

    def copy(self, descriptor: int, part: Extract, first: int, last: int) -> None:
        """Copies bytes `first` to `last` of a part's file into pages of our own."""
        if first == last:
            return
        at = part.start + first - part.first
        page = at // PAGE * PAGE
        self.map_at(page, -(-(at + last - first) // PAGE) * PAGE - page, -1, 0)
        while first < last:
            piece = os.pread(descriptor, min(last - first, 1 << 20), first)
            if not piece:
                raise OSError(errno.EIO, "it has become shorter", part.path)
            ctypes.memmove(self.address + at, piece, len(piece))
            first, at = first + len(piece), at + len(piece)


def identity(file: str | int) -> tuple[int, ...]:
    """What tells a file from others, and from itself once it is changed: device, inode, size, time. Raises OSError."""
    about = os.stat(file)
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


def changed(parts: Sequence[Extract]) -> str | None:
    """A file that somebody has written to since it was looked at. What is mapped of one that is gone stays."""
    for part in parts:
        if part.known is not None:
            try:
                now = identity(part.path)
            except OSError:
                continue
            if now[:2] == part.known[:2] and now != part.known:
                return part.path
    return None


def size_of(parts: Sequence[Extract]) -> int:
    """Bytes of a slab with these parts, which stand in order; a page of silence begins it."""
    return parts[-1].stop if parts else PAGE


def mapped(parts: Sequence[Extract], before: Slab | None = None) -> Slab:
    """A slab with these parts: the one `before`, where they only add to its own. Raises OSError."""
    slab, least_bytes = before, size_of(parts)
    if slab is None or least_bytes > slab.size or slab.parts != tuple(parts[: len(slab.parts)]):
        slab = Slab(least_bytes)
    for part in parts[len(slab.parts) :]:
        slab.take(part)
    return slab
