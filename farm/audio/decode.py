"""Sound files as frames: which coding, how many, and the frames themselves in blocks.

WAV files of linear PCM and IEEE float are decoded here; FLAC, OGG, AIFF and rare WAV codings go through libsndfile,
which is imported only then. Memory is bounded by a block, whatever a header promises.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.audio import wav
from farm.errors import SampleError
from workers.records import record

RATES_HZ = (1_000, 768_000)
"""Least and greatest rate that a file may state."""
MOST_FRAMES = 1 << 31
"""Longest sound, in frames: 13 hours at 44.1 kHz."""
BLOCK_VALUES = 1 << 20
"""Frames times channels of one block."""


@record(frozen=True, slots=True)
class Recording:
    """A sound file as its header describes it. `layout`: where the frames lie, in a WAV file that is decoded here."""

    file: Path
    rate: int
    channels: int
    frames: int
    layout: wav.WavLayout | None
    coding: str
    """For people: `PCM 16`, `float 32`, or what libsndfile calls it."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.frames / self.rate


def shown(path: Path | str) -> str:
    """A path for a message: bytes that are no UTF-8, and control characters, as escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def unreadable(file: Path, reason: str) -> SampleError:
    """The error for a file that cannot be played."""
    return SampleError(
        f"cannot read the sample {shown(file)}: {reason}", hint="replace the file, or move it out of its folder"
    )


def inspect(file: Path) -> Recording:
    """What the file's header says. Raises SampleError, which names file and reason, where that cannot be played."""
    try:
        recording = _inspect(file)
    except OSError as error:
        raise unreadable(file, error.strerror or str(error)) from error
    except wav.BrokenWav as reason:
        raise unreadable(file, str(reason)) from None
    if not RATES_HZ[0] <= recording.rate <= RATES_HZ[1]:
        raise unreadable(file, f"it states a rate of {recording.rate} Hz")
    if recording.frames <= 0:
        raise unreadable(file, "it holds no frames")
    if recording.frames > MOST_FRAMES:
        raise unreadable(file, f"it states {recording.frames:,} frames, and at most {MOST_FRAMES:,} can be played")
    return recording


def _inspect(file: Path) -> Recording:
    try:
        with open(file, "rb") as opened:
            layout = wav.walk(opened, os.fstat(opened.fileno()).st_size)
    except wav.ForeignWav:
        return _inspect_with_libsndfile(file)
    form = layout.format
    coding = f"{'float' if form.floating else 'PCM'} {form.bits}"
    return Recording(file, form.rate, form.channels, layout.frames, layout, coding)


def _inspect_with_libsndfile(file: Path) -> Recording:
    import soundfile

    try:
        with soundfile.SoundFile(os.fsencode(file)) as opened:
            coding = f"{opened.format} {opened.subtype}"
            return Recording(file, opened.samplerate, opened.channels, opened.frames, None, coding)
    except soundfile.LibsndfileError as error:
        raise wav.BrokenWav(error.error_string.strip().rstrip(".")) from None


def blocks(recording: Recording) -> Iterator[NDArray[np.float32]]:
    """Its frames as float32 (n, channels), a block at a time.

    Raises SampleError when they are damaged, fewer than promised, or not finite.
    """
    step = max(1, BLOCK_VALUES // recording.channels)
    at = 0
    try:
        for block in _wav_blocks(recording, step) if recording.layout else _libsndfile_blocks(recording, step):
            if not np.isfinite(block).all():
                frame = at + int(np.argmin(np.isfinite(block).all(axis=1)))
                raise unreadable(recording.file, f"its frame {frame} is not a finite number")
            yield block
            at += len(block)
    except OSError as error:
        raise unreadable(recording.file, error.strerror or str(error)) from error
    except wav.BrokenWav as broken:
        raise unreadable(recording.file, str(broken)) from None
    if at < recording.frames:
        reason = f"it is cut short: its header promises {recording.frames} frames and {at} are there"
        raise unreadable(recording.file, reason)


def _wav_blocks(recording: Recording, step: int) -> Iterator[NDArray[np.float32]]:
    assert recording.layout is not None
    for first in range(0, recording.frames, step):
        yield wav.read(recording.file, recording.layout, first, min(step, recording.frames - first))


def _libsndfile_blocks(recording: Recording, step: int) -> Iterator[NDArray[np.float32]]:
    import soundfile

    try:
        with soundfile.SoundFile(os.fsencode(recording.file)) as opened:
            left = recording.frames
            while left > 0:
                block = opened.read(min(step, left), dtype="float32", always_2d=True)
                if not len(block):
                    return
                left -= len(block)
                yield block
    except soundfile.LibsndfileError as error:
        raise wav.BrokenWav(error.error_string.strip().rstrip(".")) from None


def read(file: Path) -> tuple[NDArray[np.float32], int]:
    """All frames of `file` as float32 (frames, channels) and its own rate in Hz. Raises SampleError."""
    recording = inspect(file)
    return np.concatenate(list(blocks(recording))), recording.rate
