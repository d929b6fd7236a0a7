"""What happens to frames that are too loud (`--clip`): limited, cut off, refused, all turned down, or left alone.

Each way takes the blocks of a render in order and gives those of the file. Workers have turned frames down or cut them
off; here it is counted, refused, or put right at the end, and then whole numbers are made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

from farm.audio.block import Block, loudest
from farm.errors import FileError, RenderError
from workers.records import record

Frames = NDArray[np.float32]
CEILING = np.float32(0.96605086)
"""-0.3 dBFS as an amplitude, rounded down: what `rescale` leaves."""
FULL_SCALE = np.float32(1.0)
SPOOLED_FRAMES = 1 << 16


@record(eq=False)
class Clipping:
    """`none`: frames as they are. `peak`, counts and reductions are known when all blocks have passed."""

    rate: int
    channels: int
    first_frame: int = 0
    """Number of the first frame that is kept."""
    peak: float = 0.0
    clipped_frames: int = 0
    """Kept frames that were cut off at full scale."""
    limited_frames: int = 0
    """Kept frames that the limiter turned down."""
    reduction_db: float = 0.0
    """By how much the loudest frame was turned down or cut off."""

    def through(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The blocks of the file. Raises RenderError or FileError."""
        for block in blocks:
            self.meet(block)
            yield block

    def meet(self, kept: Block) -> None:
        """Looks at kept frames. Raises RenderError."""
        self.peak = max(self.peak, kept.peak)


class Limited(Clipping):
    """`limit`: what passes the ceiling was turned down, and counted."""

    def meet(self, kept: Block) -> None:
        super().meet(kept)
        self.limited_frames += kept.limited
        if kept.reduction > 0.0:
            self.reduction_db = max(self.reduction_db, -20.0 * float(np.log10(1.0 - kept.reduction)))


class CuttingOff(Clipping):
    """`warn`: what passes full scale was cut off there, and counted."""

    def meet(self, kept: Block) -> None:
        self.clipped_frames += kept.cut_off
        if kept.peak > FULL_SCALE:
            self.reduction_db = max(self.reduction_db, 20.0 * float(np.log10(kept.peak)))
        self.peak = max(self.peak, min(kept.peak, float(FULL_SCALE)))


class Refusing(Clipping):
    """`error`: a frame above full scale ends the render."""

    def meet(self, kept: Block) -> None:
        super().meet(kept)
        if kept.peak > FULL_SCALE:
            frame = kept.first + int(np.argmax((np.abs(kept.frames) > FULL_SCALE).any(axis=1)))
            raise RenderError(
                f"frame {frame} ({frame / self.rate:.3f} s) is above full scale: this block reaches "
                f"{20.0 * np.log10(kept.peak):+.1f} dBFS",
                hint="lower --gain, or let --clip limit or --clip rescale see to it",
            )


class Rescaling(Clipping):
    """`rescale`: where the peak is above -0.3 dBFS, one gain for all frames brings it down there.

    The gain is known at the end, so the frames wait in a temporary file.
    """

    def through(self, blocks: Iterable[Block]) -> Iterator[Block]:
        import tempfile

        with tempfile.TemporaryFile(prefix="farm-") as spool:
            for block in super().through(blocks):
                put(spool, block.frames)
            peak, self.peak = self.peak, 0.0
            gain = np.float32(1.0)
            if peak > CEILING:
                gain = np.float32(CEILING / np.float32(peak))
                self.reduction_db = -20.0 * float(np.log10(gain))
            spool.seek(0)
            first = self.first_frame
            while data := spool.read(4 * self.channels * SPOOLED_FRAMES):
                frames = np.frombuffer(data, np.float32).reshape(-1, self.channels)
                scaled = np.minimum(np.maximum(frames * gain, -CEILING), CEILING) if gain < 1 else frames
                self.peak = max(self.peak, loudest(scaled))
                yield block_of(first, scaled)
                first += len(scaled)


def put(spool: IO[bytes], block: Frames) -> None:
    """Writes a block. Raises FileError where the disk is full."""
    try:
        spool.write(np.ascontiguousarray(block).data)
    except OSError as error:
        import tempfile

        hint = f"TMPDIR names another folder (now {tempfile.gettempdir()}); --clip limit needs none"
        raise FileError(f"--clip rescale keeps the frames in a temporary file: {error.strerror}", hint=hint) from error


def block_of(first: int, frames: Frames) -> Block:
    """A block of frames alone."""
    return Block(first, frames, peak=loudest(frames))


CLIPPINGS = {"limit": Limited, "warn": CuttingOff, "error": Refusing, "rescale": Rescaling, "none": Clipping}
