"""Sounds as planes in files that workers map: float32, one plane a channel, at the session's rate, silence around them.

A mono float WAV file of that rate is such a file already and is mapped in place. So is any long WAV file of that rate,
mono or stereo, of 16, 24 or 32 bits or float: kernels convert it value by value, slower than they play planes, which is
worth it where decoding would take long and fill the disk. Everything else is decoded once into the cache: `sounds/` in
the folder that also keeps compiled kernels. A file there is named by a digest of the sound file's content, the rate and
what was done to it; it is written aside and renamed, so that two processes do no harm to each other, and one that is
damaged is made again.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.audio import decode, downmix
from farm.audio.recording import Recording
from farm.audio.resample import pieces, resampled_frames
from farm.audio.wav import WavLayout
from farm.errors import FileError, SampleError
from workers.cache import cache_folder
from workers.records import record
from workers.slab import PAGE
from workers.wire import coding

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
DECODED_BYTES = 1 << 22
"""Size of a WAV file's frames up to which they are decoded all the same, because planes play faster."""
ABANDONED_S = 3600.0
IN_MEMORY = 1 << 23
"""Values (frames times channels) up to which a sound is resampled in memory, not by way of a file."""


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

    def mapped(self) -> list[NDArray[np.float32]]:
        """Each plane, mapped, read-only: float32 (frames,). Not for files in a coding."""
        assert self.coding == 0
        starts = [self.left] if self.spread_bytes == 0 else [self.left, self.left + self.spread_bytes]
        return [np.memmap(self.path, np.float32, "r", start, (self.frames,)) for start in starts]

    def read(self) -> NDArray[np.float32]:
        """The planes in memory: float32 (channels, frames). Not for files in a coding."""
        return np.stack(self.mapped())


def planes_of(file: Path, rate: int, backwards: bool = False, lenient: bool = False) -> Planes:
    """A sound file at `rate` Hz, ready to be mapped. More than two channels are mixed (`farm.audio.downmix`).

    With `lenient` a file that is cut short or damaged is played as far as it goes. Raises SampleError for a file that
    cannot be played, FileError when the cache cannot be written.
    """
    try:
        # A small file that was decoded before needs no look at its header.
        path = name_for(file, rate, backwards) if os.stat(file).st_size <= WHOLLY_CHECKED else None
        if path is not None and (found := stored(path)) is not None:
            return found
        recording = decode.inspect(file, lenient)
        layout = recording.layout
        if layout is not None and not backwards and recording.rate == rate and fits_in_place(layout):
            check_finite(recording)
            return replace(in_place(file, layout), notices=recording.notices)
        if recording.short is not None or path is None:
            path = name_for(file, rate, backwards, recording.short is not None)
        return stored(path) or made(path, recording, rate, backwards)
    except OSError as error:
        raise decode.unreadable(file, error.strerror or str(error)) from error
    except SampleError:
        if not lenient:
            raise
        damaged = decode.counted(decode.inspect(file, lenient), lenient)
        path = name_for(file, rate, backwards, short=True)
        return stored(path) or made(path, damaged, rate, backwards)


def name_for(file: Path, rate: int, backwards: bool, short: bool = False) -> Path:
    """Where the cache keeps a sound file's planes; `short`: as far as it goes. Raises OSError."""
    made_how = ("backwards" * backwards, "as far as it goes" * short)
    return sounds_folder() / f"{name_of(content_digest(file), str(rate), *made_how)}.planes"


def fits_in_place(layout: WavLayout) -> bool:
    """Whether kernels play a file as it lies: a plane, or a long file in a coding that they know."""
    form = layout.format
    if is_plane(layout):
        return True
    known = form.channels <= 2 and not form.spare_bits and form.bits in ((32,) if form.floating else (16, 24, 32))
    return known and layout.frames * form.frame_bytes > DECODED_BYTES


def is_plane(layout: WavLayout) -> bool:
    """Whether the file's own bytes are a plane: float32, mono, on a multiple of 4."""
    form = layout.format
    return form.floating and form.bits == 32 and form.channels == 1 and layout.data_offset % 4 == 0


def in_place(file: Path, layout: WavLayout) -> Planes:
    """A WAV file as it lies."""
    form, first = layout.format, layout.data_offset
    last = first + layout.frames * form.frame_bytes
    if is_plane(layout):
        return Planes(file, first, last, first, 0, layout.frames)
    spread = form.bits // 8 if form.channels == 2 else 0
    return Planes(file, first, last, first, spread, layout.frames, coding(form.frame_bytes, form.bits, form.floating))


def kept(frames: NDArray[np.float32], loops: bool = False) -> Planes:
    """Frames (n,) that stand in no sound file; around a loop the guards continue it. Raises FileError."""
    frames = np.ascontiguousarray(frames, np.float32)
    path = sounds_folder() / f"{name_of(hashlib.sha256(frames.data).hexdigest(), 'loops' * loops)}.planes"
    found = stored(path)
    if found is not None:
        return found
    with writing(path, len(frames), 1) as file:
        file.put(0, 0, frames)
        if loops:
            file.put(0, -GUARD_FRAMES, frames.take(np.arange(-GUARD_FRAMES, 0), mode="wrap"))
            file.put(0, len(frames), frames.take(np.arange(GUARD_FRAMES), mode="wrap"))
    return checked(path)


# The cache.


def sounds_folder() -> Path:
    """Where decoded sounds are kept."""
    return cache_folder() / "sounds"


def name_of(*parts: str) -> str:
    """A name for a sound made in a certain way."""
    return hashlib.sha256("\0".join((FORM, *parts)).encode()).hexdigest()[:40]


def stored(path: Path) -> Planes | None:
    """The sound in a file of the cache; None where there is none, or one that is damaged."""
    try:
        with open(path, "rb") as file:
            form, frames, planes, total, text_bytes = HEADER.unpack(file.read(HEADER.size))
            text = file.read(min(text_bytes, PAGE))
            plane = plane_bytes(frames)
            size = PAGE + planes * plane
            if form.rstrip(b"\0").decode() != FORM or planes not in (1, 2) or os.fstat(file.fileno()).st_size != size:
                return None
            file.seek(PAGE)
            content = file.read() if size <= WHOLLY_CHECKED else b""
            if zlib.crc32(content, zlib.crc32(text)) != total:
                return None
            notices = tuple(text.decode().splitlines())
    except (OSError, struct.error, UnicodeDecodeError):
        return None
    left = PAGE + 4 * GUARD_FRAMES
    return Planes(path, PAGE, size, left, plane if planes == 2 else 0, frames, notices=notices)


def checked(path: Path) -> Planes:
    """A file of the cache that was written just now. Raises FileError."""
    found = stored(path)
    if found is None:
        raise FileError(f"{path} was written but cannot be read back", hint="FARM_CACHE=FOLDER names another cache")
    return found


def plane_bytes(frames: int) -> int:
    """Bytes of a plane with its guards, so that the next one begins on a multiple of 64."""
    return (4 * (frames + 2 * GUARD_FRAMES) + 63) // 64 * 64


class Writing:
    """A file of the cache in the making: planes of silence until something is put into them."""

    def __init__(self, descriptor: int, frames: int) -> None:
        self.descriptor, self.frames = descriptor, frames
        self.notices: tuple[str, ...] = ()
        """What is to be said of the sound."""

    def put(self, plane: int, first: int, frames: NDArray[np.float32]) -> None:
        """Writes frames from frame `first` of a plane on."""
        at = PAGE + plane * plane_bytes(self.frames) + 4 * (GUARD_FRAMES + first)
        view = np.ascontiguousarray(frames, "<f4").data.cast("B")
        while view:
            written = os.pwrite(self.descriptor, view, at)
            view, at = view[written:], at + written


@contextmanager
def writing(path: Path, frames: int, planes: int) -> Iterator[Writing]:
    """Makes a file of the cache: beside its name, and renamed when it is whole. Raises FileError."""
    import tempfile

    size, aside = PAGE + planes * plane_bytes(frames), ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
        try:
            os.truncate(descriptor, size)
            file = Writing(descriptor, frames)
            yield file
            text = "\n".join(file.notices).encode()[: PAGE - HEADER.size]
            content = os.pread(descriptor, size - PAGE, PAGE) if size <= WHOLLY_CHECKED else b""
            total = zlib.crc32(content, zlib.crc32(text))
            os.pwrite(descriptor, HEADER.pack(FORM.encode(), frames, planes, total, len(text)) + text, 0)
        finally:
            os.close(descriptor)
        os.replace(aside, path)
    except OSError as error:
        reason = f"{error.strerror or error}: {size / 2**20:.0f} MiB are needed"
        raise FileError(
            f"cannot keep a decoded sound in {path.parent}: {reason}",
            hint="`farm bank cache --clear` empties it; FARM_CACHE=FOLDER names another one",
        ) from error
    finally:
        with suppress(OSError):
            os.unlink(aside)


def made(path: Path, recording: Recording, rate: int, backwards: bool) -> Planes:
    """Decodes a sound into the cache. Raises SampleError, FileError."""
    if backwards:
        return reversed_of(path, planes_of(recording.file, rate, lenient=recording.short is not None), recording)
    if not recording.exact:
        recording = decode.counted(recording)
    planes = downmix.mixed_to(recording.channels, recording.speakers)
    told: list[str] = []
    if recording.rate == rate:
        with writing(path, recording.frames, planes) as file:
            for first, block in mixed(recording, told):
                for plane, frames in enumerate(block):
                    file.put(plane, first, frames)
            file.notices = (*recording.notices, *told)
        return checked(path)
    frames = resampled_frames(recording.frames, recording.rate, rate)
    with own_rate(recording, planes, told) as source, writing(path, frames, planes) as file:
        for plane, first, piece in pieces(source, recording.rate, rate):
            file.put(plane, first, piece)
        file.notices = (*recording.notices, *told)
    return checked(path)


def reversed_of(path: Path, forwards: Planes, recording: Recording) -> Planes:
    """A sound's planes backwards. Raises SampleError, FileError."""
    frames = forwards.frames
    with writing(path, frames, 2 if forwards.spread_bytes else 1) as file:
        # The file itself may become shorter: it is read, not mapped.
        for first, block in mixed(recording, []) if forwards.path == recording.file else cut(forwards.mapped()):
            for plane, part in enumerate(block):
                file.put(plane, frames - first - len(part), part[::-1])
        file.notices = forwards.notices
    return checked(path)


def cut(planes: list[NDArray[np.float32]]) -> Iterator[tuple[int, list[NDArray[np.float32]]]]:
    """(first frame, planes (n,)), block by block."""
    for first in range(0, len(planes[0]), decode.BLOCK_VALUES):
        yield first, [plane[first : first + decode.BLOCK_VALUES] for plane in planes]


def mixed(recording: Recording, told: list[str]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(first frame, planes float32 (1 or 2, n)), block by block; what decoding finds out is added to `told`."""
    first = 0
    for block in decode.blocks(recording, told):
        yield first, downmix.mixed(block, recording.speakers)
        first += len(block)


@contextmanager
def own_rate(recording: Recording, planes: int, told: list[str]) -> Iterator[NDArray[np.float32]]:
    """All frames at the file's own rate (planes, n): in memory while they are few, else mapped from a file aside."""
    if recording.frames * planes <= IN_MEMORY:
        yield np.concatenate([block for _, block in mixed(recording, told)], axis=1)
        return
    aside = sounds_folder() / f".{name_of(str(recording.file), str(os.getpid()))}.planes"
    try:
        with writing(aside, recording.frames, planes) as file:
            for first, block in mixed(recording, told):
                for plane, frames in enumerate(block):
                    file.put(plane, first, frames)
        found = checked(aside)
        starts = [found.left + plane * found.spread_bytes for plane in range(planes)]
        length = (found.last - found.left) // 4
        whole = np.memmap(aside, np.float32, "r", starts[0], (length,))
        spread = found.spread_bytes // 4
        yield np.lib.stride_tricks.as_strided(whole, (planes, found.frames), (4 * spread, 4), writeable=False)
    finally:
        aside.unlink(missing_ok=True)


# What is known of large files.


def content_digest(file: Path) -> str:
    """The SHA-256 of a file's content; a large one's is remembered. Raises OSError."""
    about = os.stat(file)
    if about.st_size > WHOLLY_CHECKED:
        known = recalled(about).get("sha256")
        if isinstance(known, str):
            return known
    with open(file, "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if about.st_size > WHOLLY_CHECKED:
        remember(about, sha256=digest)
    return digest


def check_finite(recording: Recording) -> None:
    """Raises SampleError for a NaN or infinity in a file mapped in place; a large one's verdict is remembered."""
    try:
        about = os.stat(recording.file)
    except OSError as error:
        raise decode.unreadable(recording.file, error.strerror or str(error)) from error
    assert recording.layout is not None
    if not recording.layout.format.floating:
        return
    if about.st_size > WHOLLY_CHECKED and recalled(about).get("finite") is True:
        return
    for _ in decode.blocks(recording):
        pass
    if about.st_size > WHOLLY_CHECKED:
        remember(about, finite=True)


def _note(about: os.stat_result) -> Path:
    identity = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    return sounds_folder() / "known" / f"{name_of(*map(str, identity))}.json"


def recalled(about: os.stat_result) -> dict[str, object]:
    """What is remembered of a file."""
    import json

    try:
        known = json.loads(_note(about).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def remember(about: os.stat_result, **facts: object) -> None:
    """Adds to what is remembered; where that cannot be written, it is found out anew next time."""
    import json
    import tempfile

    path = _note(about)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".", delete=False, encoding="ascii") as file:
            file.write(json.dumps({**recalled(about), **facts}))
        os.replace(file.name, path)


# For people.


@record(frozen=True, slots=True)
class Held:
    """What the cache holds."""

    folder: Path
    sounds: int
    bytes: int


def held() -> Held:
    """What the cache holds; what is being written right now does not count."""
    folder = sounds_folder()
    sizes = [path.stat().st_size for path in folder.glob("*.planes") if not path.name.startswith(".")]
    return Held(folder, len(sizes), sum(sizes))


def clear() -> Held:
    """Empties the cache; returns what it held. Renders that run keep what they have mapped. Raises FileError."""
    before = held()
    now = time.time()
    try:
        for path in (*before.folder.glob("*"), *before.folder.glob("known/*")):
            # What was begun a short while ago may still be written.
            if path.is_file() and (not path.name.startswith(".") or path.stat().st_mtime < now - ABANDONED_S):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"cannot empty {before.folder}: {error.strerror or error}") from error
    return before
