"""Writers of sound files, and the streaming WAV writer: 16 and 24 bit PCM and 32 bit float, RF64 where needed.

A file appears whole or not at all (`farm.audio.partial`). The bytes are a function of the frames and the seed: no
time stamps, and no trace of how the frames were cut into writes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from farm.audio import wav
from farm.audio.dither import quantise
from farm.audio.formats import WAV, check_holds, format_of
from farm.audio.partial import PartialFile, file_error
from farm.errors import RenderError
from farm.options import Bits

ALL_BITS = ("16", "24", "32f")


def open_writer(
    path: Path, rate: int, channels: int, bits: Bits, seed: int = 0, *, first_frame: int = 0
) -> FrameWriter:
    """The writer for a file of the format that the extension of `path` names; arguments as for `FrameWriter`.

    Raises UsageError for an unknown extension and for what the format cannot hold, FileError where the file cannot
    be written.
    """
    form = format_of(path)
    check_holds(form, rate, bits, channels)
    if form is WAV:
        return WavWriter(path, rate, channels, bits, seed, first_frame=first_frame)
    from farm.audio.encoded import EncodedWriter

    return EncodedWriter(path, form, rate, channels, bits, seed, first_frame=first_frame)


class FrameWriter(ABC):
    """Takes frames, and makes integers of them where the format has integers.

    `rate` in Hz; `bits` is "16" or "24" (dithered integers, see `farm.audio.dither`) or "32f" (floats as they are);
    `seed` is that of the dither, which depends on the frame's number in the piece: `first_frame` is that of the
    file's first, so that a part has the same bytes as those frames of the whole. As a context manager it commits on
    a clean exit and aborts on any other.
    """

    def __init__(self, path: Path, rate: int, channels: int, bits: Bits, seed: int, first_frame: int) -> None:
        if bits not in ALL_BITS:
            raise ValueError(f"bits must be '16', '24' or '32f', not {bits!r}")
        if not 1 <= channels <= 4096 or not 1 <= rate * channels * 4 < 1 << 32:
            raise ValueError(f"no file has {channels} channels at {rate} Hz")
        self.path = path
        self.clipped_frames = 0
        """Frames of which a channel was clamped to the range of the integer format so far."""
        self.frames = 0
        """Frames written so far."""
        self.coding = wav.WavFormat(rate, channels, int(bits[:2]), bits == "32f")
        self._seed = seed
        self._first_frame = first_frame

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether it is committed or aborted."""

    @abstractmethod
    def take(self, values: NDArray[Any]) -> None:
        """Append values (n, channels): float32, or int16 or int32 of the format's bits. Raises FileError."""

    @abstractmethod
    def commit(self) -> None:
        """Complete the file. Raises FileError, and ValueError after the end."""

    @abstractmethod
    def abort(self) -> None:
        """Drop what was written. Does nothing after commit or abort."""

    def write(self, frames: NDArray[np.float32]) -> None:
        """Append float32 `frames` (n, channels), full scale ±1.

        Raises RenderError on a NaN or an infinity, before any of these frames is written; FileError when the disk
        refuses; ValueError on another shape or type, or after the end.
        """
        self.still_open()
        if frames.ndim != 2 or frames.shape[1] != self.coding.channels or frames.dtype != np.float32:
            raise ValueError(f"expected float32 frames (n, {self.coding.channels}), not {frames.dtype} {frames.shape}")
        if len(frames) == 0:
            return
        try:
            values, clipped = self._coded(frames)
        except ValueError as error:
            frame, channel = error.args
            raise RenderError(
                f"cannot write {self.path}: frame {frame} of channel {channel} "
                f"is {frames[frame - self._first_frame - self.frames, channel]}, not a finite number"
            ) from None
        self.take(values)
        self.frames += len(frames)
        self.clipped_frames += clipped

    def still_open(self) -> None:
        """Raises ValueError after the end."""
        if self.closed:
            raise ValueError(f"{self.path} is already committed or aborted")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        elif not self.closed:
            self.commit()

    def _coded(self, frames: NDArray[np.float32]) -> tuple[NDArray[Any], int]:
        first = self._first_frame + self.frames
        if not self.coding.floating:
            return quantise(frames, self.coding.bits, self._seed, first)
        finite = np.isfinite(frames)
        if not finite.all():
            frame, channel = divmod(int(np.argmin(finite)), self.coding.channels)
            raise ValueError(first + frame, channel)
        return frames, 0


class WavWriter(FrameWriter):
    """Writes frames to a WAV file at `path`; one whose RIFF size passes `riff_limit` bytes becomes RF64.

    Raises FileError where the file cannot be written.
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
        super().__init__(Path(path), rate, channels, bits, seed, first_frame)
        self._riff_limit = riff_limit
        self._partial = PartialFile(self.path)
        self._partial.put(wav.header(self.coding, 0, riff_limit))

    @property
    def closed(self) -> bool:
        return self._partial.closed

    def take(self, values: NDArray[Any]) -> None:
        self._partial.put(wav.frame_bytes(self.coding, values))

    def commit(self) -> None:
        """Complete the file and put it in the target's place. Raises FileError."""
        self.still_open()
        if self.frames * self.coding.frame_bytes % 2:
            self._partial.put(b"\0")
        try:
            self._partial.file.seek(0)
        except OSError as error:
            raise self._partial.refused(error) from error
        self._partial.put(wav.header(self.coding, self.frames, self._riff_limit))
        self._partial.commit()

    def abort(self) -> None:
        self._partial.abort()


class WavStream(FrameWriter):
    """Writes a WAV file into a stream that cannot go back, such as a pipe; `name` stands in messages.

    `frames` is how many there will be. None: nobody knows, and sizes are stated as 0xFFFFFFFF, which ffmpeg, sox, aplay
    and libsndfile take for "up to the end". BrokenPipeError passes through: who reads has had enough. The header is
    held back until there are frames behind it, or `commit` says that there are none: of a render that fails at once
    the reader gets nothing, and fails as well.
    """

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        rate: int,
        channels: int,
        bits: Bits,
        seed: int = 0,
        *,
        first_frame: int = 0,
        frames: int | None = None,
    ) -> None:
        super().__init__(Path(name), rate, channels, bits, seed, first_frame)
        self._stream = stream
        self._promised = frames
        self._ended = False
        self._header = wav.endless_header(self.coding) if frames is None else wav.header(self.coding, frames)

    @property
    def closed(self) -> bool:
        return self._ended

    def take(self, values: NDArray[Any]) -> None:
        self._begin()
        self._put(wav.frame_bytes(self.coding, values))

    def commit(self) -> None:
        self.still_open()
        if self._promised not in (None, self.frames):
            raise RenderError(f"{self.path} was announced with {self._promised} frames and has {self.frames}")
        self._begin()
        if self.frames * self.coding.frame_bytes % 2 and self._promised is not None:
            self._put(b"\0")
        self._put(b"")
        self._ended = True

    def abort(self) -> None:
        self._ended = True

    def _begin(self) -> None:
        header, self._header = self._header, b""
        if header:
            self._put(header)

    def _put(self, data: bytes | memoryview) -> None:
        try:
            self._stream.write(data)
            if not data:
                self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self.abort()
            raise file_error(self.path, error) from error
