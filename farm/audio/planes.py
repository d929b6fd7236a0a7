"""Sounds as planes in files that workers map: float32, one plane a channel, at the session's rate, silence around them.

A mono float WAV file of that rate is such a file already and is mapped in place. So is any long WAV file of that rate,
mono or stereo, of 16, 24 or 32 bits or float: kernels convert it value by value, slower than they play planes, which is
worth it where decoding would take long and fill the disk. Everything else is decoded once into the cache
(`farm.audio.keeping`), under a name that is a digest of the sound file's content, the rate and what was done to it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.audio import decode, downmix, keeping
from farm.audio.keeping import GUARD_FRAMES, Planes, name_of, recalled, remember, stored, writing
from farm.audio.recording import Recording
from farm.audio.resample import pieces, resampled_frames
from farm.audio.wav import WavLayout
from farm.errors import SampleError
from workers.slab import identity
from workers.wire import coding

DECODED_BYTES = 1 << 22
"""Size of a WAV file's frames up to which they are decoded all the same, because planes play faster."""
IN_MEMORY = 1 << 23
"""Values (frames times channels) up to which a sound is resampled in memory, not by way of a file."""


def planes_of(file: Path, rate: int, backwards: bool = False, lenient: bool = False) -> Planes:
    """A sound file at `rate` Hz, ready to be mapped. More than two channels are mixed (`farm.audio.downmix`).

    With `lenient` a file that is cut short or damaged is played as far as it goes. Raises SampleError for a file that
    cannot be played, FileError when the cache cannot be written.
    """
    try:
        # A small file that was decoded before needs no look at its header.
        known = identity(os.fspath(file))
        name = name_for(file, rate, backwards) if os.stat(file).st_size <= keeping.WHOLLY_CHECKED else None
        if name is not None and (found := stored(name)) is not None:
            return found
        recording = decode.inspect(file, lenient)
        layout = recording.layout
        if layout is not None and not backwards and recording.rate == rate and fits_in_place(layout):
            check_finite(recording)
            return replace(in_place(file, layout), notices=recording.notices, known=known)
        if recording.short is not None or name is None:
            name = name_for(file, rate, backwards, recording.short is not None)
        return stored(name) or made(name, recording, rate, backwards)
    except OSError as error:
        raise decode.unreadable(file, error.strerror or str(error)) from error
    except SampleError:
        if not lenient:
            raise
        damaged = decode.counted(decode.inspect(file, lenient), lenient)
        name = name_for(file, rate, backwards, short=True)
        return stored(name) or made(name, damaged, rate, backwards)


def name_for(file: Path, rate: int, backwards: bool, short: bool = False) -> str:
    """The name of a sound file's planes in the cache; `short`: as far as it goes. Raises OSError."""
    made_how = ("backwards" * backwards, "as far as it goes" * short)
    return name_of(content_digest(file), str(rate), *made_how)


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
    name = name_of(hashlib.sha256(frames.data).hexdigest(), "loops" * loops)
    found = stored(name)
    if found is not None:
        return found
    with writing(name, len(frames), 1) as file:
        file.put(0, 0, frames)
        if loops:
            file.put(0, -GUARD_FRAMES, frames.take(np.arange(-GUARD_FRAMES, 0), mode="wrap"))
            file.put(0, len(frames), frames.take(np.arange(GUARD_FRAMES), mode="wrap"))
    return file.planes


def made(name: str, recording: Recording, rate: int, backwards: bool) -> Planes:
    """Decodes a sound into the cache. Raises SampleError, FileError."""
    if backwards:
        return reversed_of(name, planes_of(recording.file, rate, lenient=recording.short is not None), recording)
    if not recording.exact:
        recording = decode.counted(recording)
    planes = downmix.mixed_to(recording.channels, recording.speakers)
    told: list[str] = []
    if recording.rate == rate:
        with writing(name, recording.frames, planes) as file:
            for first, block in mixed(recording, told):
                for plane, frames in enumerate(block):
                    file.put(plane, first, frames)
            file.notices = (*recording.notices, *told)
        return file.planes
    frames = resampled_frames(recording.frames, recording.rate, rate)
    with own_rate(recording, planes, told) as source, writing(name, frames, planes) as file:
        for plane, first, piece in pieces(source, recording.rate, rate):
            file.put(plane, first, piece)
        file.notices = (*recording.notices, *told)
    return file.planes


def reversed_of(name: str, forwards: Planes, recording: Recording) -> Planes:
    """A sound's planes backwards. Raises SampleError, FileError."""
    frames = forwards.frames
    with writing(name, frames, 2 if forwards.spread_bytes else 1) as file:
        # The file itself may become shorter: it is read, not mapped.
        for first, block in mixed(recording, []) if forwards.path == recording.file else cut(forwards.mapped()):
            for plane, part in enumerate(block):
                file.put(plane, frames - first - len(part), part[::-1])
        file.notices = forwards.notices
    return file.planes


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
    if recording.frames * planes <= IN_MEMORY or not keeping.lasts():
        yield np.concatenate([block for _, block in mixed(recording, told)], axis=1)
        return
    with writing(None, recording.frames, planes) as file:
        for first, block in mixed(recording, told):
            for plane, frames in enumerate(block):
                file.put(plane, first, frames)
    found = file.planes
    try:
        length = (found.last - found.left) // 4
        whole = np.memmap(found.path, np.float32, "r", found.left, (length,))
        spread = found.spread_bytes // 4
        yield np.lib.stride_tricks.as_strided(whole, (planes, found.frames), (4 * spread, 4), writeable=False)
    finally:
        with suppress(OSError):
            found.path.unlink()


# What is known of large files.


def content_digest(file: Path) -> str:
    """The SHA-256 of a file's content; a large one's is remembered. Raises OSError."""
    about = os.stat(file)
    if about.st_size > keeping.WHOLLY_CHECKED:
        known = recalled(about).get("sha256")
        if isinstance(known, str):
            return known
    with open(file, "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if about.st_size > keeping.WHOLLY_CHECKED:
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
    if about.st_size > keeping.WHOLLY_CHECKED and recalled(about).get("finite") is True:
        return
    for _ in decode.blocks(recording):
        pass
    if about.st_size > keeping.WHOLLY_CHECKED:
        remember(about, finite=True)
