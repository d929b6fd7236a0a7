"""Recorded sound: which file a bank's name and index mean, and that file's frames at the session's rate.

Only files that are asked for are opened. WAV files are decoded here; FLAC, OGG, AIFF and rare WAV codings go through
libsndfile, which is imported only then.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.audio import wav
from farm.audio.resample import resample
from farm.errors import SampleError

BUILT_IN = Path(__file__).parent.parent / "bank"
"""The folder of the built-in bank."""

STAND_INS = frozenset(
    {"alphabet", "amen", "amencutup", "birds", "breaks125", "breaks152", "casio", "em2", "gtr", "industrial"}
)
"""Built-in banks that only stand in for recordings of other sounds; a render that uses one says so."""

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".aif", ".aiff"})
"""What makes a file a sound file, in lower case."""

RATES_HZ = (1_000, 768_000)
"""Least and greatest rate that a file may state."""


@dataclass(frozen=True, slots=True)
class Bank:
    """The sound files of one sub-directory, sorted by the bytes of their names; never empty."""

    name: str
    files: tuple[Path, ...]
    built_in: bool

    def file(self, index: int) -> Path:
        """The file at `index`, which wraps around the bank both ways."""
        return self.files[index % len(self.files)]


@dataclass(frozen=True, slots=True)
class SampleLibrary:
    """Folders of banks, searched in order; the built-in bank comes last without being named.

    A name is one component of a path, so that a score reaches nothing outside these folders; what a folder links to
    is the choice of its owner.
    """

    folders: tuple[Path, ...] = ()

    def bank(self, name: str) -> Bank | None:
        """The first bank called `name`, or None. A sub-directory without sound files does not count.

        Raises SampleError if a folder does not exist or cannot be listed.
        """
        if not _is_plain(name):
            return None
        for folder in (*self.folders, BUILT_IN):
            _check_folder(folder)
            if files := _sound_files(folder / name):
                return Bank(name, files, folder == BUILT_IN)
        return None

    def names(self) -> tuple[str, ...]:
        """The names of all banks, sorted. Raises SampleError as `bank` does."""
        names: set[str] = set()
        for folder in (*self.folders, BUILT_IN):
            _check_folder(folder)
            names.update(
                entry.name for entry in os.scandir(folder) if _is_plain(entry.name) and _sound_files(Path(entry.path))
            )
        return tuple(sorted(names))


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A decoded sound: read-only, C-contiguous float32 `frames` (channels, n), n > 0, at `rate` Hz."""

    frames: NDArray[np.float32]
    rate: int
    file: Path


def load(file: Path, rate: int) -> Sample:
    """The frames of `file`, resampled to `rate` Hz if it has another one. Raises SampleError."""
    frames, file_rate = read(file)
    planes = resample(np.ascontiguousarray(frames.T), file_rate, rate)
    planes.setflags(write=False)
    return Sample(planes, rate, file)


def read(file: Path) -> tuple[NDArray[np.float32], int]:
    """The frames of `file` as float32 (frames, channels) and its own rate in Hz.

    Raises SampleError, which names file and reason, when it is missing, unreadable, cut short, damaged, empty, or holds
    a NaN or an infinity.
    """
    try:
        frames, rate = _decode(file)
    except OSError as error:
        raise SampleError(f"cannot read the sample {file}: {error.strerror or error}") from error
    except wav.BrokenWav as reason:
        raise _unreadable(file, str(reason)) from None
    if len(frames) == 0:
        raise _unreadable(file, "it holds no frames")
    if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
        raise _unreadable(file, f"it states a rate of {rate} Hz")
    if not np.isfinite(frames).all():
        frame = int(np.argmin(np.isfinite(frames).all(axis=1)))
        raise _unreadable(file, f"its frame {frame} is not a finite number")
    return frames, rate


def _decode(file: Path) -> tuple[NDArray[np.float32], int]:
    try:
        with open(file, "rb") as opened:
            layout = wav.walk(opened, os.fstat(opened.fileno()).st_size)
        return wav.read(file, layout), layout.format.rate
    except wav.ForeignWav:
        return _decode_with_libsndfile(file)


def _decode_with_libsndfile(file: Path) -> tuple[NDArray[np.float32], int]:
    import soundfile

    try:
        with soundfile.SoundFile(file) as opened:
            promised, rate = opened.frames, opened.samplerate
            frames = opened.read(dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise wav.BrokenWav(error.error_string) from None
    if len(frames) < promised:
        raise wav.BrokenWav(f"it is cut short: its header promises {promised} frames and {len(frames)} are there")
    return frames, rate


def _unreadable(file: Path, reason: str) -> SampleError:
    return SampleError(
        f"cannot read the sample {file}: {reason}", hint="replace the file, or move it out of its folder"
    )


def _is_plain(name: str) -> bool:
    """Whether `name` is one visible component of a path, on any system."""
    return bool(name) and not name.startswith(".") and not any(sign in name for sign in "/\\\0")


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise SampleError(
            f"the sample folder {folder} does not exist", hint="it must be a folder with one sub-directory a bank"
        )


def _sound_files(folder: Path) -> tuple[Path, ...]:
    try:
        entries = [entry for entry in os.scandir(folder) if _is_sound_file(entry)]
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            return ()
        raise SampleError(f"cannot list the bank {folder}: {error.strerror or error}") from error
    return tuple(Path(entry.path) for entry in sorted(entries, key=lambda entry: os.fsencode(entry.name)))


def _is_sound_file(entry: os.DirEntry[str]) -> bool:
    """Hidden files are not: some systems keep attributes in `._name.wav` beside `name.wav`."""
    return not entry.name.startswith(".") and Path(entry.name).suffix.lower() in SUFFIXES and entry.is_file()
