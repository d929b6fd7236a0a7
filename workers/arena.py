"""The arena: one block of shared memory with named regions, 64-byte aligned. No Python object lives in it."""

from __future__ import annotations

import contextlib
import mmap
import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from workers.ownership import claim, ownerless
from workers.records import record
from workers.wire import VERSION

ALIGNMENT = 64
PREFIX = "farm-"
Key = tuple[str, int | str]
"""What a region is, and which: a number of one plan, or a name that outlives it."""


class ArenaError(OSError):
    """An arena cannot be made; `errno` says why, `needed_bytes` how much was wanted."""

    def __init__(self, error: OSError, needed_bytes: int) -> None:
        super().__init__(error.errno, error.strerror)
        self.needed_bytes = needed_bytes


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
    """The shared block. Its creator unlinks it; whoever attaches only closes it.

    It is a mapped file: of the memory that the system shares by name (`/dev/shm` holds what
    `multiprocessing.shared_memory` makes there too, which would start a process of its own to keep track of it), of a
    folder otherwise. Whoever is killed before it can unlink is swept up after by the next render.
    """

    def __init__(self, layout: Layout, folder: str | None = None) -> None:
        """Creates the block, all its pages reserved: in shared memory, or in `folder`.

        Raises ArenaError when there is too little room, or none that can be written.
        """
        self.layout = layout
        self.size = layout.total_bytes
        self.folder = folder
        parent = folder or shared_folder()
        name = f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}{'' if parent == SHARED else '.arena'}"
        self.path = str(Path(parent) / name)
        self.name_goes = weakref.finalize(self, remove, self.path, os.getpid())
        """Takes the name away, at the latest when nobody refers to the arena any more, or at the process's end."""
        self.claimed = -1
        """Descriptor whose lock says that this block is in use."""
        try:
            self.claimed = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            claim(self.claimed)
            os.truncate(self.claimed, self.size)
            reserve(self.claimed, self.size)
            memory = mmap.mmap(self.claimed, self.size)
        except OSError as error:
            self.name_goes()
            self.disclaim()
            raise ArenaError(error, layout.total_bytes) from error
        self.bytes: NDArray[np.uint8] = np.frombuffer(memory, np.uint8)
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
        """Gives the memory back: the name goes now, the pages with the last view of them."""
        self.bytes = np.zeros(0, np.uint8)
        self.name_goes()
        self.disclaim()

    def disclaim(self) -> None:
        """The block is nobody's any more."""
        if self.claimed >= 0:
            os.close(self.claimed)
            self.claimed = -1


SHARED = "/dev/shm"


def shared_folder() -> str:
    """Where shared memory has its names; on systems without such a place the folder of temporary files."""
    if os.path.isdir(SHARED):
        return SHARED
    import tempfile

    return tempfile.gettempdir()


def remove(path: str, maker: int) -> None:
    """Takes a name away, in the process that made it and in no copy of that; memory goes with the last mapping."""
    # Where none could be made, none is to be removed.
    if os.getpid() == maker:
        with contextlib.suppress(OSError):
            os.unlink(path)


def reserve(descriptor: int, size: int) -> None:
    """Has the system set the pages aside now, so that too little room is an error here and not a signal later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)


def sweep(folder: str = SHARED) -> list[str]:
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
