"""Decoded sounds in the cache: files of planes that workers map, `sounds/` in the folder that also keeps kernels.

A file is written aside and renamed, so that two processes do no harm to each other; one that is damaged, or that
somebody else could have put there (`workers.cache`), is made again. Where no folder can be written, sounds stay in the
memory of this process, in a file without a name that workers map all the same.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.errors import FileError
from farm.quantities import size
from workers import cache
from workers.records import record
from workers.slab import PAGE

GUARD_FRAMES = 32
"""Frames of silence (or of the loop's continuation) on both sides of a plane: as far as interpolation looks."""
FORM = "planes 2"
"""What the cached bytes are made by and look like; a part of every name."""
HEADER = struct.Struct("<16sQIII")
"""Form, frames, planes, CRC-32 of all that follows (of a large file, of what follows within the header's page), bytes
of the text behind it: a line for each thing that is to be said of the sound."""
WHOLLY_CHECKED = 1 << 20
"""Bytes up to which a file's content is read whenever it is used: to find its digest, to check its sum. What was found
out about a larger one is remembered for as long as its size, times and inode stay."""
ABANDONED_S = 3600.0
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk that takes no more, or of a file that may not grow."""
SOUNDS, KNOWN = "sounds", "known"


@record(frozen=True, slots=True)
class Planes:
    """Where a sound's frames lie: bytes `first` to `last` of `path` are all that a worker needs to see.

    `left`: the byte of the left (or only) plane's first frame; `spread_bytes`: from there to the right one's, 0: mono.
    """

    path: Path
    first: int
    last: int
    left: int
    spread_bytes: int
    frames: int
    coding: int = 0
    """0: planes of float32; else `workers.wire.coding`: the frames of a WAV file, interleaved."""
    notices: tuple[str, ...] = ()
    """What is to be said of the sound file."""
    known: tuple[int, ...] | None = None
    """The `workers.slab.identity` of a sound file that is played where it lies."""

    def mapped(self) -> list[NDArray[np.float32]]:
        """Each plane, mapped, read-only: float32 (frames,). Not for files in a coding."""
        assert self.coding == 0
        starts = [self.left] if self.spread_bytes == 0 else [self.left, self.left + self.spread_bytes]
        return [np.memmap(self.path, np.float32, "r", start, (self.frames,)) for start in starts]

    def read(self) -> NDArray[np.float32]:
        """The planes in memory: float32 (channels, frames). Not for files in a coding."""
        return np.stack(self.mapped())


def plane_bytes(frames: int) -> int:
    """Bytes of a plane with its guards, so that the next one begins on a multiple of 64."""
    return (4 * (frames + 2 * GUARD_FRAMES) + 63) // 64 * 64


def planes_at(path: Path, at: int, frames: int, planes: int, notices: tuple[str, ...]) -> Planes:
    """What begins, with its header's page, at byte `at` of a file."""
    plane, left = plane_bytes(frames), at + PAGE + 4 * GUARD_FRAMES
    spread = plane if planes == 2 else 0
    return Planes(path, at + PAGE, at + PAGE + planes * plane, left, spread, frames, notices=notices)


def name_of(*parts: str) -> str:
    """A name for a sound made in a certain way."""
    return hashlib.sha256("\0".join((FORM, *parts)).encode()).hexdigest()[:40]


# Reading.


def stored(name: str) -> Planes | None:
    """The sound of a name, in the cache or in memory; None where there is none, or one that is damaged."""
    if name in _in_memory:
        return _in_memory[name]
    return cache.first((SOUNDS,), lambda folder: _checked(folder, f"{name}.planes"))


def _checked(folder: cache.Folder, name: str) -> Planes | None:
    """The sound in a file of the cache; None where there is none, or one that is damaged."""
    descriptor = folder.open(name)
    if descriptor is None:
        return None
    with suppress(OSError, struct.error, UnicodeDecodeError), open(descriptor, "rb") as file:
        form, frames, planes, total, text_bytes = HEADER.unpack(file.read(HEADER.size))
        text = file.read(min(text_bytes, PAGE))
        size = PAGE + planes * plane_bytes(frames)
        if form.rstrip(b"\0").decode() != FORM or planes not in (1, 2) or os.fstat(descriptor).st_size != size:
            return None
        file.seek(PAGE)
        content = file.read() if size <= WHOLLY_CHECKED else b""
        if zlib.crc32(content, zlib.crc32(text)) != total:
            return None
        return planes_at(Path(folder.path, name), 0, frames, planes, tuple(text.decode().splitlines()))
    return None


# Writing.


class Writing:
    """A sound in the making: planes of silence until something is put into them. `planes`: where, once it is whole."""

    planes: Planes

    def __init__(self, descriptor: int, frames: int, at: int = 0) -> None:
        self.descriptor, self.frames, self.at = descriptor, frames, at
        self.notices: tuple[str, ...] = ()
        """What is to be said of the sound."""

    def put(self, plane: int, first: int, frames: NDArray[np.float32]) -> None:
        """Writes frames from frame `first` of a plane on."""
        at = self.at + PAGE + plane * plane_bytes(self.frames) + 4 * (GUARD_FRAMES + first)
        view = np.ascontiguousarray(frames, "<f4").data.cast("B")
        while view:
            written = os.pwrite(self.descriptor, view, at)
            view, at = view[written:], at + written


def lasts() -> bool:
    """Whether there is a folder where sounds can be kept."""
    return cache.roots(SOUNDS).write is not None


@contextmanager
def writing(name: str | None, frames: int, planes: int) -> Iterator[Writing]:
    """Makes a sound of the cache; one without a name is for the caller alone, who removes its file.

    Raises FileError.
    """
    size = PAGE + planes * plane_bytes(frames)
    with cache.writable(SOUNDS) as folder:
        aside = _begun(folder, name) if folder is not None else None
        if folder is None or aside is None:
            with _in_the_memory(name, frames, planes, size) as made:
                yield made
            return
        descriptor, beside = aside
        try:
            try:
                os.truncate(descriptor, size)
                made = Writing(descriptor, frames)
                yield made
                text = "\n".join(made.notices).encode()[: PAGE - HEADER.size]
                content = os.pread(descriptor, size - PAGE, PAGE) if size <= WHOLLY_CHECKED else b""
                total = zlib.crc32(content, zlib.crc32(text))
                os.pwrite(descriptor, HEADER.pack(FORM.encode(), frames, planes, total, len(text)) + text, 0)
            finally:
                os.close(descriptor)
            if name is not None:
                folder.put_in_place(beside, f"{name}.planes")
        except OSError as error:
            folder.drop(beside)
            raise _refused(f"a decoded sound in {folder.path}", error, size) from error
        except BaseException:
            folder.drop(beside)
            raise
        path = Path(folder.path, beside if name is None else f"{name}.planes")
        made.planes = planes_at(path, 0, frames, planes, made.notices)


def _begun(folder: cache.Folder, name: str | None) -> tuple[int, str] | None:
    """A new file in the cache; None where none can be made after all. Raises FileError for a full disk."""
    try:
        return folder.aside(name or "passing")
    except OSError as error:
        if error.errno in FULL:
            raise _refused(f"a decoded sound in {folder.path}", error, 0) from error
        cache.doubt(cache.cannot_be_written(folder.path, error))
        return None


def _refused(what: str, error: OSError, needed: int) -> FileError:
    reason = cache.said(error)
    if error.errno in FULL and needed:
        reason = f"{reason}: {size(needed)} are needed"
    hint = "`farm bank cache --clear` empties it; FARM_CACHE=FOLDER names another one"
    return FileError(f"cannot keep {what}: {reason}", hint=hint)


_in_memory: dict[str, Planes] = {}
"""Sounds that no folder keeps."""
_memory: list[int] = []
"""The descriptor of the file that holds them, once there is one."""
_growing = threading.Lock()


@contextmanager
def _in_the_memory(name: str | None, frames: int, planes: int, size: int) -> Iterator[Writing]:
    """As `writing`, into the file without a name. Raises FileError."""
    if not hasattr(os, "memfd_create"):
        message = "no folder can be written to keep decoded sounds in, and this system has no files in memory"
        raise FileError(message, hint="FARM_CACHE=FOLDER names one")
    try:
        with _growing:
            if not _memory:
                _memory.append(os.memfd_create("farm-sounds"))
            at = -(-os.fstat(_memory[0]).st_size // PAGE) * PAGE
            os.truncate(_memory[0], at + size)
        made = Writing(_memory[0], frames, at)
        yield made
    except OSError as error:
        raise _refused("a decoded sound in memory", error, size) from error
    made.planes = planes_at(Path(f"/proc/{os.getpid()}/fd/{_memory[0]}"), at, frames, planes, made.notices)
    if name is not None:
        _in_memory[name] = made.planes


# What is known of large files.


def _note(about: os.stat_result) -> str:
    identity = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    return f"{name_of(*map(str, identity))}.json"


def recalled(about: os.stat_result) -> dict[str, object]:
    """What is remembered of a file."""
    import json

    known: object = None
    with suppress(ValueError):
        known = json.loads(cache.first((SOUNDS, KNOWN), lambda folder: folder.read(_note(about))) or b"null")
    return known if isinstance(known, dict) else {}


def remember(about: os.stat_result, **facts: object) -> None:
    """Adds to what is remembered; where that cannot be written, it is found out anew next time."""
    import json

    with suppress(OSError), cache.writable(SOUNDS, KNOWN) as folder:
        if folder is not None:
            folder.write(_note(about), json.dumps({**recalled(about), **facts}).encode())


# For people.


@record(frozen=True, slots=True)
class Held:
    """What the cache holds; without a folder that can be written it holds nothing."""

    folder: Path | None
    sounds: int
    bytes: int


def sounds_folder() -> Path | None:
    """The folder where decoded sounds are kept; None where there is none that can be written."""
    root = cache.roots(SOUNDS).write
    return None if root is None else Path(root.folder, SOUNDS)


def held() -> Held:
    """What the cache holds; what is being written right now does not count."""
    folder = sounds_folder()
    if folder is None:
        return Held(None, 0, 0)
    sizes = [path.stat().st_size for path in folder.glob("*.planes") if not path.name.startswith(".")]
    return Held(folder, len(sizes), sum(sizes))


def clear() -> Held:
    """Empties the cache; returns what it held. Renders that run keep what they have mapped. Raises FileError."""
    before = held()
    if before.folder is None:
        return before
    now = time.time()
    try:
        for path in (*before.folder.glob("*"), *before.folder.glob(f"{KNOWN}/*")):
            # What was begun a short while ago may still be written.
            if path.is_file() and (not path.name.startswith(".") or path.stat().st_mtime < now - ABANDONED_S):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"cannot empty {before.folder}: {cache.said(error)}") from error
    return before
