"""Sound files as frames: which coding, how many, and the frames themselves in blocks.

WAV files of linear PCM and IEEE float are decoded here; FLAC, OGG, MP3, AIFF and rare codings go through libsndfile,
which is imported only then. How much a file should hold is read from its own header, whoever decodes it: one that is
cut short is an error, or with `lenient` what is there. Memory is bounded by a block, whatever a header promises.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.audio import downmix, wav
from farm.audio.broken import Broken, cut_short
from farm.audio.recording import MOST_FRAMES, Recording, too_long
from farm.errors import SampleError

RATES_HZ = (1_000, 768_000)
"""Least and greatest rate that a file may state."""
BLOCK_VALUES = 1 << 20
"""Frames times channels of one block."""
FEW_VALUES = 256
"""The same where it matters which is the last one that can be decoded."""


def shown(path: Path | str) -> str:
    """A path for a message: bytes that are no UTF-8, and control characters, as escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def unreadable(file: Path, reason: str, hint: str = "replace the file, or move it out of its folder") -> SampleError:
    """The error for a file that cannot be played."""
    return SampleError(f"cannot read the sample {shown(file)}: {reason}", hint=hint)


def inspect(file: Path, lenient: bool = False) -> Recording:
    """What the file's header says. Raises SampleError, which names file and reason, where that cannot be played.

    A file that is cut short cannot, but with `lenient` as far as it goes.
    """
    try:
        recording = _inspect(file)
    except OSError as error:
        raise unreadable(file, error.strerror or str(error)) from error
    except Broken as reason:
        raise unreadable(file, str(reason)) from None
    if not RATES_HZ[0] <= recording.rate <= RATES_HZ[1]:
        raise unreadable(file, f"it states a rate of {recording.rate} Hz")
    if recording.frames > MOST_FRAMES:
        raise unreadable(file, too_long("states", recording.frames))
    if recording.short is not None and not lenient:
        raise unreadable(file, recording.short, "replace the file; with --lenient what is there is played")
    if recording.frames <= 0:
        raise unreadable(file, recording.short or "it holds no frames")
    mixing = downmix.notice(recording.channels, recording.speakers)
    lacking = None if recording.short is None else f"{recording.short}; that is played"
    told = tuple(one for one in (lacking, *recording.notices, mixing) if one is not None)
    return replace(recording, notices=told)


def _inspect(file: Path) -> Recording:
    from farm.audio import riff

    with open(file, "rb") as opened:
        file_bytes = os.fstat(opened.fileno()).st_size
        head = opened.read(riff.HEAD_BYTES)
        if riff.kind(head) is None:
            from farm.audio import foreign

            return foreign.inspected(file, opened, file_bytes, head)
        wave = riff.walk(opened, file_bytes)
    if wave.layout is None:
        from farm.audio import foreign

        return foreign.coded_wave(file, wave, file_bytes)
    form = wave.layout.format
    coding = f"{'float' if form.floating else 'PCM'} {form.bits - form.spare_bits}"
    return Recording(
        *(file, form.rate, form.channels, wave.layout.frames, wave.layout, coding),
        speakers=downmix.speakers_in(wave.speakers, form.channels),
        notices=wave.notices,
        short=wave.short,
    )


def blocks(recording: Recording, told: list[str] | None = None) -> Iterator[NDArray[np.float32]]:
    """Its frames as float32 (n, channels), a block at a time. What decoding finds out is added to `told`.

    Raises SampleError when they are damaged, fewer than promised, or not finite.
    """
    try:
        yield from _checked(recording, [] if told is None else told, BLOCK_VALUES)
    except OSError as error:
        raise unreadable(recording.file, error.strerror or str(error)) from error
    except Broken as broken:
        raise unreadable(recording.file, str(broken)) from None


def _checked(recording: Recording, told: list[str], values: int) -> Iterator[NDArray[np.float32]]:
    step = max(1, values // recording.channels)
    at = 0
    for block in _wav_blocks(recording, step) if recording.layout else _foreign_blocks(recording, step, told):
        if not np.isfinite(block).all():
            frame = at + int(np.argmin(np.isfinite(block).all(axis=1)))
            raise Broken(f"its frame {frame} is not a finite number")
        yield block
        at += len(block)
    if at < recording.frames and recording.exact:
        raise Broken(cut_short(recording.frames, at, "frames"))


def _wav_blocks(recording: Recording, step: int) -> Iterator[NDArray[np.float32]]:
    assert recording.layout is not None
    for first in range(0, recording.frames, step):
        yield wav.read(recording.file, recording.layout, first, min(step, recording.frames - first))


def _foreign_blocks(recording: Recording, step: int, told: list[str]) -> Iterator[NDArray[np.float32]]:
    from farm.audio import foreign

    yield from foreign.blocks(recording, step, told)


def counted(recording: Recording, lenient: bool = False) -> Recording:
    """The recording with as many frames as come out of it; with `lenient` only those before its first damage.

    Raises SampleError as `blocks` does, also where there are none.
    """
    frames, short, notices, checksum = 0, recording.short, recording.notices, recording.checksum
    try:
        # Of the block in which it meets a damage libsndfile gives nothing.
        for block in _checked(replace(recording, checksum=None), [], FEW_VALUES if lenient else BLOCK_VALUES):
            frames += len(block)
    except OSError as error:
        raise unreadable(recording.file, error.strerror or str(error)) from error
    except Broken as broken:
        if not lenient or frames == 0:
            raise unreadable(recording.file, str(broken)) from None
        short, checksum = short or str(broken), None
        notices = (*notices, f"{broken}; the {frames} frames before are played")
    if frames == 0:
        raise unreadable(recording.file, "it holds no frames")
    if frames > MOST_FRAMES:
        raise unreadable(recording.file, too_long("holds", frames))
    return replace(recording, frames=frames, exact=True, short=short, notices=notices, checksum=checksum)


def read(file: Path) -> tuple[NDArray[np.float32], int]:
    """All frames of `file` as float32 (frames, channels) and its own rate in Hz. Raises SampleError."""
    recording = inspect(file)
    return np.concatenate(list(blocks(recording))), recording.rate
