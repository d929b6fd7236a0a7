"""The streaming WAV writer: 16 and 24 bit PCM and 32 bit float, RF64 where needed, whole or not at all.

Frames go into a file with a temporary name beside the target. `commit` completes its header and renames it; any other
end (an error, an interrupt, an exit without commit) removes it and leaves an existing target as it was. The bytes are
a function of the frames and the seed: no time stamps, and no trace of how the frames were cut into writes.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import weakref
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from farm.audio import wav
from farm.audio.dither import quantise
from farm.errors import FileError, RenderError

Bits = Literal["16", "24", "32f"]


class WavWriter:
    """Writes frames to a WAV file at `path`.

    `rate` in Hz; `bits` is "16" or "24" (dithered integers, see `farm.audio.dither`) or "32f" (floats as they are);
    `seed` is that of the dither, which depends on the frame's number in the piece: `first_frame` is that of the
    file's first, so that a part has the same bytes as those frames of the whole. A file whose RIFF size passes
    `riff_limit` bytes becomes RF64. As a context manager it commits on a clean exit and aborts on any other. Raises
    FileError where the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        rate: int,
        channels: int,
        bits: Bits,
        seed: int = 0,
        *,
        first_frame: int = 0,
        riff_limit: int = wav.RIFF_LIMIT,
    ) -> None:
        if bits not in ("16", "24", "32f"):
            raise ValueError(f"bits must be '16', '24' or '32f', not {bits!r}")
        if not 1 <= channels <= 4096 or not 1 <= rate * channels * 4 < 1 << 32:
            raise ValueError(f"no file has {channels} channels at {rate} Hz")
        self.path = Path(path)
        self.clipped_frames = 0
        """Frames of which a channel was clamped to the range of the integer format so far."""
        self.frames = 0
        """Frames written so far."""
        self._coding = wav.WavFormat(rate, channels, int(bits[:2]), bits == "32f")
        self._seed = seed
        self._first_frame = first_frame
        self._riff_limit = riff_limit
        try:
            self._target = _regular_target(self.path)
            _sweep(self._target.parent)
            descriptor, self._temporary = _open_beside(self._target)
        except OSError as error:
            raise file_error(self.path, error) from error
        self._remove = weakref.finalize(self, _remove_own, self._temporary, os.getpid())
        self._file = open(descriptor, "wb", buffering=1 << 16)  # noqa: SIM115
        self._put(wav.header(self._coding, 0, riff_limit))

    def write(self, frames: NDArray[np.float32]) -> None:
        """Append float32 `frames` (n, channels), full scale ±1.

        Raises RenderError on a NaN or an infinity, before any of these frames is written; FileError when the disk
        refuses; ValueError on another shape or type, or after the end.
        """
        if self._file.closed:
            raise ValueError(f"{self.path} is already committed or aborted")
        if frames.ndim != 2 or frames.shape[1] != self._coding.channels or frames.dtype != np.float32:
            raise ValueError(f"expected float32 frames (n, {self._coding.channels}), not {frames.dtype} {frames.shape}")
        if len(frames) == 0:
            return
        try:
            coded, clipped = self._code(frames)
        except ValueError as error:
            frame, channel = error.args
            raise RenderError(
                f"cannot write {self.path}: frame {frame} of channel {channel} "
                f"is {frames[frame - self.frames, channel]}, not a finite number"
            ) from None
        self._put(coded.data)
        self.frames += len(frames)
        self.clipped_frames += clipped

    def commit(self) -> None:
        """Complete the file and put it in the target's place. Raises FileError."""
        if self._file.closed:
            raise ValueError(f"{self.path} is already committed or aborted")
        if self.frames * self._coding.frame_bytes % 2:
            self._put(b"\0")
        try:
            self._file.seek(0)
            self._file.write(wav.header(self._coding, self.frames, self._riff_limit))
            self._file.close()
            os.replace(self._temporary, self._target)
        except OSError as error:
            self.abort()
            raise file_error(self.path, error) from error
        self._remove.detach()

    def abort(self) -> None:
        """Drop what was written; an existing target stays as it was. Does nothing after commit or abort."""
        # What is still buffered may be refused once more by a full disk; it is dropped either way.
        with contextlib.suppress(OSError):
            self._file.close()
        self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        elif not self._file.closed:
            self.commit()

    def _code(self, frames: NDArray[np.float32]) -> tuple[NDArray[np.generic], int]:
        if self._coding.floating:
            finite = np.isfinite(frames)
            if not finite.all():
                frame, channel = divmod(int(np.argmin(finite)), self._coding.channels)
                raise ValueError(self.frames + frame, channel)
            return np.ascontiguousarray(frames, "<f4"), 0
        integers, clipped = quantise(frames, self._coding.bits, self._seed, self._first_frame + self.frames)
        if self._coding.bits == 16:
            return np.ascontiguousarray(integers, "<i2"), clipped
        return wav.pack_24(integers.astype(np.int32, copy=False)), clipped

    def _put(self, data: bytes | memoryview) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            self.abort()
            raise file_error(self.path, error) from error


_serial = itertools.count()


def _regular_target(path: Path) -> Path:
    """`path` with its links followed. Refuses folders and devices, which a rename would replace."""
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return target
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a directory")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is not a regular file")
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "is write-protected")
    return target


def _open_beside(target: Path) -> tuple[int, Path]:
    """A file of our own in the target's folder, with the permissions of the target if there is one."""
    while True:
        temporary = target.parent / f".farm-{os.getpid()}-{next(_serial)}.part"
        try:
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            continue
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))
        return descriptor, temporary


def _sweep(folder: Path) -> None:
    """Removes what renders that were killed left beside their targets."""
    for left in folder.glob(".farm-*-*.part"):
        writer = left.name.split("-")[1]
        if writer.isdigit() and not os.path.exists(f"/proc/{writer}") and os.path.exists("/proc/self"):
            left.unlink(missing_ok=True)


def _remove_own(temporary: Path, process: int) -> None:
    """Remove the temporary file, unless this is a forked child of the process that writes it."""
    if os.getpid() == process:
        temporary.unlink(missing_ok=True)


def file_error(path: Path, error: OSError) -> FileError:
    """The FileError for people: what could not be written, why, and what to do."""
    folder = path.parent
    reasons = {
        errno.ENOENT: (f"the folder {folder} does not exist", f"create it (mkdir -p {folder}) or name another place"),
        errno.ENOTDIR: (f"{folder} is not a folder", "name a place inside a folder"),
        errno.EISDIR: ("it is a folder", f"name a file in it, such as {path / 'out.wav'}"),
        errno.EINVAL: ("it is not a regular file", "name an ordinary file"),
        errno.EACCES: ("no permission", f"check the permissions of {folder}, or name another place"),
        errno.EPERM: ("no permission", f"check the permissions of {folder}, or name another place"),
        errno.EROFS: ("its disk is mounted read-only", "name a place on another disk"),
        errno.ENOSPC: ("the disk is full", "free some space, name another disk, or render fewer bits or seconds"),
        errno.EDQUOT: ("your disk quota is used up", "free some space or name another disk"),
        errno.EFBIG: ("the file would pass the size limit", "raise the limit (ulimit -f) or name another disk"),
        errno.ENAMETOOLONG: ("its name is too long", "choose a shorter name"),
    }
    reason, advice = reasons.get(error.errno or 0, (error.strerror or str(error), "name another place"))
    return FileError(f"cannot write {path}: {reason}", hint=advice)
