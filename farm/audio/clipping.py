"""What happens to frames that are too loud (`--clip`): limited, cut off, refused, all turned down, or left alone.

Each way takes the blocks of a render in order, float32 (n, channels), and gives those of the file: the frames from
`kept_from` on, `kept_frames` of them. Earlier and later frames only shape the limiter's gain, so that a part has the
frames of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

from farm.audio.limiter import CEILING, Limiter, look_ahead_frames, memory_frames
from farm.errors import FileError, RenderError
from workers.records import record

Frames = NDArray[np.float32]
FULL_SCALE = np.float32(1.0)
SPOOLED_FRAMES = 1 << 16


@record(eq=False)
class Clipping:
    """`none`: frames as they are. `peak`, counts and reductions are known when all blocks have passed."""

    rate: int
    channels: int
    first_frame: int = 0
    """Number of the first frame that comes."""
    kept_from: int = 0
    kept_frames: int | None = None
    """None: all that come."""
    peak: float = 0.0
    clipped_frames: int = 0
    """Kept frames that were cut off at full scale."""
    limited_frames: int = 0
    """Kept frames that the limiter turned down."""
    reduction_db: float = 0.0
    """By how much the loudest frame was turned down or cut off."""

    def through(self, blocks: Iterable[Frames]) -> Iterator[Frames]:
        """The blocks of the file. Raises RenderError or FileError."""
        end = None if self.kept_frames is None else self.kept_from + self.kept_frames
        for first, block in self.changed(blocks):
            kept = block[max(self.kept_from - first, 0) : None if end is None else max(end - first, 0)]
            if len(kept):
                kept = self.finished(max(first, self.kept_from), kept)
                self.peak = max(self.peak, loudest(kept))
                yield kept

    def changed(self, blocks: Iterable[Frames]) -> Iterator[tuple[int, Frames]]:
        """All blocks as they leave, each with the number of its first frame."""
        first = self.first_frame
        for block in blocks:
            yield first, block
            first += len(block)

    def finished(self, first: int, kept: Frames) -> Frames:
        """The last change to kept frames, the first of which is number `first`."""
        return kept


class Limiting(Clipping):
    """`limit`: a look-ahead limiter. It begins where the first frame is too loud: before, it would change nothing."""

    def changed(self, blocks: Iterable[Frames]) -> Iterator[tuple[int, Frames]]:
        """Blocks wait until as many frames as the limiter looks ahead have come after them."""
        ahead = look_ahead_frames(self.rate)
        waiting: list[Frames] = []
        first = self.first_frame
        limiter: Limiter | None = None
        for block in blocks:
            waiting.append(block)
            if limiter is None and loudest(block) > CEILING:
                limiter = Limiter(self.rate, self.channels, first_frame=first, kept_from=self.kept_from)
                first = max(first, self.kept_from)
            while waiting and (limiter is not None or sum(map(len, waiting[1:])) >= ahead):
                ready = waiting.pop(0)
                if limiter is not None:
                    ready = np.ascontiguousarray(limiter.take(ready.T).T)
                yield first, ready
                first += len(ready)
        if limiter is not None:
            waiting = [np.ascontiguousarray(limiter.finish().T)]
            self.limited_frames, self.reduction_db = limiter.limited_frames, limiter.largest_reduction_db
        for ready in waiting:
            yield first, ready
            first += len(ready)


class CuttingOff(Clipping):
    """`warn`: what passes full scale is cut off there, and counted."""

    def finished(self, first: int, kept: Frames) -> Frames:
        if loudest(kept) <= FULL_SCALE:
            return kept
        self.reduction_db = max(self.reduction_db, 20.0 * float(np.log10(loudest(kept))))
        self.clipped_frames += int(np.count_nonzero((np.abs(kept) > FULL_SCALE).any(axis=1)))
        return np.clip(kept, -FULL_SCALE, FULL_SCALE)


class Refusing(Clipping):
    """`error`: a frame above full scale ends the render."""

    def finished(self, first: int, kept: Frames) -> Frames:
        if loudest(kept) > FULL_SCALE:
            frame = first + int(np.argmax((np.abs(kept) > FULL_SCALE).any(axis=1)))
            raise RenderError(
                f"frame {frame} ({frame / self.rate:.3f} s) is above full scale: this block reaches "
                f"{20.0 * np.log10(loudest(kept)):+.1f} dBFS",
                hint="lower --gain, or let --clip limit or --clip rescale see to it",
            )
        return kept


class Rescaling(Clipping):
    """`rescale`: where the peak is above the limiter's ceiling, one gain for all frames brings it down there.

    The gain is known at the end, so the frames wait in a temporary file.
    """

    def through(self, blocks: Iterable[Frames]) -> Iterator[Frames]:
        import tempfile

        with tempfile.TemporaryFile(prefix="farm-") as spool:
            for block in super().through(blocks):
                put(spool, block)
            peak, self.peak = self.peak, 0.0
            gain = np.float32(1.0)
            if peak > CEILING:
                gain = np.float32(CEILING / np.float32(peak))
                self.reduction_db = -20.0 * float(np.log10(gain))
            spool.seek(0)
            while data := spool.read(4 * self.channels * SPOOLED_FRAMES):
                frames = np.frombuffer(data, np.float32).reshape(-1, self.channels)
                scaled = np.minimum(np.maximum(frames * gain, -CEILING), CEILING) if gain < 1 else frames
                self.peak = max(self.peak, loudest(scaled))
                yield scaled


def put(spool: IO[bytes], block: Frames) -> None:
    """Writes a block. Raises FileError where the disk is full."""
    try:
        spool.write(np.ascontiguousarray(block).data)
    except OSError as error:
        import tempfile

        hint = f"TMPDIR names another folder (now {tempfile.gettempdir()}); --clip limit needs none"
        raise FileError(f"--clip rescale keeps the frames in a temporary file: {error.strerror}", hint=hint) from error


def loudest(frames: Frames) -> float:
    """The greatest magnitude."""
    return max(float(frames.max(initial=0.0)), -float(frames.min(initial=0.0)))


CLIPPINGS = {"limit": Limiting, "warn": CuttingOff, "error": Refusing, "rescale": Rescaling, "none": Clipping}


def margins(way: str, rate: int) -> tuple[int, int]:
    """Frames before and after a part that its own frames depend on."""
    return (memory_frames(rate), look_ahead_frames(rate)) if way == "limit" else (0, 0)
