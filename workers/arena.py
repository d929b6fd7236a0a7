"""The arena: one block of shared memory with named regions, 64-byte aligned. No Python object lives in it."""

from __future__ import annotations

import atexit
import contextlib
import mmap
import os
import sys
from collections.abc import Mapping
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from workers.ownership import claim, ownerless
from workers.records import record
from workers.wire import VERSION

ALIGNMENT = 64
PREFIX = "farm-"
Key = tuple[str, int]


class ArenaError(Exception):
    """Shared memory cannot be had; the message says how much was wanted."""


@record(frozen=True, slots=True)
class Layout:
    """Offset and bytes of each region."""

    regions: Mapping[Key, tuple[int, int]]
    total_bytes: int

    def fits(self, wanted: Mapping[Key, int]) -> bool:
        """Whether every wanted region is there and large enough."""
        regions = self.regions
        return all(key in regions and regions[key][1] >= size for key, size in wanted.items())

    def offset(self, key: Key) -> int:
        """Where a region begins."""
        return self.regions[key][0]


def lay_out(wanted: Mapping[Key, int], before: Layout | None = None) -> Layout:
    """A layout with room for `wanted`. Regions that outgrew an earlier layout get half as much again."""
    regions: dict[Key, tuple[int, int]] = {}
    at = ALIGNMENT
    for key, size in wanted.items():
        old = before.regions.get(key, (0, 0))[1] if before is not None else 0
        room = old if size <= old else size if before is None or old == 0 else size + size // 2
        room = (max(room, 8) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        regions[key] = (at, room)
        at += room
    return Layout(regions, at)


class Arena:
    """The shared block. Its creator unlinks it; whoever attaches only closes it."""

    def __init__(self, layout: Layout, folder: str | None = None) -> None:
        """Creates the block, all its pages reserved: in shared memory, or as a mapped file in `folder`.

        Raises ArenaError when there is too little room.
        """
        self.layout = layout
        self.size = layout.total_bytes
        self.folder = folder
        name = f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
        self.path = f"/dev/shm/{name}" if folder is None else str(Path(folder) / f"{name}.arena")
        _created.add(self.path)
        self.claimed = -1
        """Descriptor whose lock says that this block is in use."""
        try:
            self.memory: SharedMemory | FileMemory
            if folder is None:
                self.memory = untracked(name, layout.total_bytes)
            else:
                self.memory = FileMemory(self.path, layout.total_bytes)
            if os.path.exists(self.path):
                self.claimed = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
                claim(self.claimed)
                reserve(self.claimed, layout.total_bytes)
        except OSError as error:
            memory = getattr(self, "memory", None)
            if memory is not None:
                memory.close()
            remove(self.path)
            self.disclaim()
            place = "/dev/shm" if folder is None else folder
            wanted = f"{layout.total_bytes / 2**20:.0f} MiB are needed in {place}"
            raise ArenaError(f"{wanted}: {error.strerror}") from error
        assert self.memory.buf is not None
        self.bytes: NDArray[np.uint8] = np.frombuffer(self.memory.buf, np.uint8)
        self.address = int(self.bytes.ctypes.data)
        self.view(0, np.int64, 1)[0] = VERSION

    def take_layout(self, layout: Layout, folder: str | None) -> bool:
        """Uses the block for another layout, if it is in the wanted place and large enough."""
        if folder != self.folder or layout.total_bytes > self.size:
            return False
        self.layout = layout
        return True

    def view(self, offset: int, dtype: DTypeLike, count: int) -> NDArray[Any]:
        """`count` values of a type from an offset on."""
        size = np.dtype(dtype).itemsize * count
        return self.bytes[offset : offset + size].view(dtype)

    def region(self, key: Key, dtype: DTypeLike) -> NDArray[Any]:
        """A region as an array of a type."""
        offset, size = self.layout.regions[key]
        return self.bytes[offset : offset + size].view(dtype)

    def close(self) -> None:
        """Gives the memory back. Views that still exist keep their pages until they go; the name goes now."""
        self.bytes = np.zeros(0, np.uint8)
        remove(self.path)
        self.disclaim()
        _waiting.append(self.memory)
        close_waiting()

    def disclaim(self) -> None:
        """The block is nobody's any more."""
        if self.claimed >= 0:
            os.close(self.claimed)
            self.claimed = -1


_waiting: list[SharedMemory | FileMemory] = []
"""Unlinked blocks that somebody may still look at."""


def remove(path: str) -> None:
    """Takes the name away; the memory goes with the last mapping."""
    # Where none could be made, none is to be removed.
    with contextlib.suppress(OSError):
        os.unlink(path)
    _created.discard(path)


_created: set[str] = set()
"""Arenas of this process whose names are still there."""


@atexit.register
def remove_all() -> None:
    """At the end nothing stays, wherever an interrupt struck."""
    for path in list(_created):
        remove(path)


def untracked(name: str, size: int) -> SharedMemory:
    """A block of shared memory without the process that Python starts to keep track of such blocks.

    That takes longer than a small render. Whoever is killed before it can unlink is swept up after by the next render.
    Raises OSError.
    """
    if sys.version_info >= (3, 13):
        return SharedMemory(name, create=True, size=size, track=False)
    kept = resource_tracker.register, resource_tracker.unregister
    resource_tracker.register = resource_tracker.unregister = lambda *_: None
    try:
        return SharedMemory(name, create=True, size=size)
    finally:
        resource_tracker.register, resource_tracker.unregister = kept


class FileMemory:
    """A mapped file with the few methods of SharedMemory that an arena uses."""

    def __init__(self, path: str, size: int) -> None:
        """Creates the file. Raises OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.truncate(descriptor, size)
            self.mapping = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        self.buf: memoryview | None = memoryview(self.mapping)

    def close(self) -> None:
        """Unmaps it. Raises BufferError while somebody looks at it."""
        if self.buf is not None:
            self.buf.release()
            self.buf = None
        self.mapping.close()


@atexit.register
def close_waiting() -> None:
    """Unmaps unlinked blocks that nobody looks at any more."""
    for memory in list(_waiting):
        try:
            memory.close()
        except BufferError:
            continue
        _waiting.remove(memory)


def reserve(descriptor: int, size: int) -> None:
    """Has the system set the pages aside now, so that too little room is an error here and not a signal later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)


def sweep(folder: str = "/dev/shm") -> list[str]:
    """Removes arenas whose creators are gone (killed before they could); returns what was removed."""
    removed = []
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    for name in names:
        creator, path = name.removeprefix(PREFIX).partition("-")[0], os.path.join(folder, name)
        if not name.startswith(PREFIX) or not creator.isdigit() or not ownerless(path, int(creator)):
            continue
        with contextlib.suppress(OSError):
            os.unlink(path)
            removed.append(name)
    return removed
