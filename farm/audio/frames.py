"""What every writer of sound does with frames, whatever file they go into: checks, dither, counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from farm.audio import wav
from farm.audio.block import Block
from farm.audio.dither import quantise
from farm.errors import RenderError
from farm.options import Bits, Container, Dither
from workers.records import record

ALL_BITS = ("16", "24", "32f")


@record(frozen=True, slots=True)
class Place:
    """What the bytes of a file depend on besides its frames: the seed of the dither, its kind, and the number of the
    file's first frame in the piece, so that a part has the same bytes as those frames of the whole; which container
    holds them, and its markers: frame of the file and text."""

    seed: int = 0
    first_frame: int = 0
    dither: Dither = "tpdf"
    container: Container = "wav"
    markers: tuple[tuple[int, str], ...] = ()


ANYWHERE = Place()


class FrameWriter(ABC):
    """Takes frames, and makes integers of them where the format has integers.

    `rate` in Hz; `bits` is "16" or "24" (dithered integers, see `farm.audio.dither`) or "32f" (floats as they are);
    `place` says which dither. As a context manager it commits on a clean exit and aborts on any other.
    """

    def __init__(self, path: Path, rate: int, channels: int, bits: Bits, place: Place) -> None:
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
        self._place = place
        self.values: NDArray[Any] | None = None
        """What was made of the floats that were written last; None where whole numbers were put."""
        self._complete = False

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether it is committed or aborted."""

    @abstractmethod
    def take(self, values: NDArray[Any]) -> None:
        """Append values (n, channels): float32, or int16 or int32 of the format's bits. Raises FileError."""

    @abstractmethod
    def take_bytes(self, data: NDArray[np.uint8]) -> None:
        """Append frames (n, bytes of a frame) as they stand in the file. Raises FileError."""

    @abstractmethod
    def complete(self) -> None:
        """Write what stands behind the last frame, and before the first. Raises FileError."""

    @abstractmethod
    def put_in_place(self) -> None:
        """Let the complete file appear. Raises FileError."""

    def finish(self) -> None:
        """Complete the file, which does not appear yet. Raises FileError, and ValueError after the end."""
        self.still_open()
        if not self._complete:
            self.complete()
            self._complete = True

    def commit(self) -> None:
        """Complete the file and let it appear. Raises FileError, and ValueError after the end."""
        self.finish()
        self.put_in_place()

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
                f"is {frames[frame - self._place.first_frame - self.frames, channel]}, not a finite number"
            ) from None
        self.take(values)
        self.values = values
        self.frames += len(frames)
        self.clipped_frames += clipped

    def put(self, block: Block) -> None:
        """Append a block, with its whole numbers if it has them. Raises as `write` does."""
        if block.data is None:
            self.write(block.frames)
            return
        self.still_open()
        self.take_bytes(block.data)
        self.values = None
        self.frames += len(block)
        self.clipped_frames += block.outside

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
        first = self._place.first_frame + self.frames
        if not self.coding.floating:
            return quantise(frames, self.coding.bits, self._place.seed, first, self._place.dither)
        finite = np.isfinite(frames)
        if not finite.all():
            frame, channel = divmod(int(np.argmin(finite)), self.coding.channels)
            raise ValueError(first + frame, channel)
        return frames, 0
