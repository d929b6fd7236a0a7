"""What happens to frames that are too loud (`--clip`): limited, cut off, refused, all turned down, or left alone.

Each way takes the blocks of a render in order and gives those of the file. Workers have turned frames down or cut them
off; here it is counted, refused, or put right at the end, and then whole numbers are made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import zip_longest
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
    path: int = 0
    """Number of the output path."""
    lead: Clipping | None = None
    """What decides about a gain that all paths share; None: this one."""
    peak: float = 0.0
    clipped_frames: int = 0
    """Kept frames that were cut off at full scale."""
    limited_frames: int = 0
    """Kept frames that the limiter turned down."""
    reduction_db: float = 0.0
    """By how much the loudest frame was turned down or cut off."""

    def passed(self, block: Block) -> Iterator[Block]:
        """What of a block goes on at once. Raises RenderError or FileError."""
        self.meet(block)
        yield block

    def rest(self) -> Iterator[Block]:
        """What goes on at the end. Raises FileError."""
        return iter(())

    def close(self) -> None:
        """Drops what waits."""

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
    """One gain for all frames, which is known at the end: so they wait in a file without a name beside the target, and
    whole numbers are made of them in this process; workers have done their part when the gain is known.

    `rescale`: where the peak is above -0.3 dBFS, the gain brings it down there. `lead`: whose gain it is.
    """

    folder: str | None = None
    """Where frames wait; None: where temporary files lie."""
    most = float(CEILING)
    """What no frame of the lead passes."""
    met_peak: float = 0.0
    """Before the gain."""
    spool: IO[bytes] | None = None

    def meet(self, kept: Block) -> None:
        self.met_peak = max(self.met_peak, kept.peak)

    @property
    def gain(self) -> np.float32:
        """What all is turned up or down by."""
        if isinstance(self.lead, Rescaling):
            return self.lead.gain
        return np.float32(CEILING / np.float32(self.met_peak)) if self.met_peak > CEILING else np.float32(1.0)

    def passed(self, block: Block) -> Iterator[Block]:
        self.meet(block)
        try:
            if self.spool is None:
                import tempfile

                self.spool = tempfile.TemporaryFile(prefix=".farm-", dir=self.folder)  # noqa: SIM115
            self.spool.write(np.ascontiguousarray(block.frames).data)
        except OSError as error:
            raise self.refused(error) from error
        return iter(())

    def refused(self, error: OSError) -> FileError:
        """The error for a file that cannot be made or is full."""
        import tempfile

        where = self.folder or tempfile.gettempdir()
        hint = "free some space, or write to another disk; --clip limit needs no such file"
        message = f"frames that wait for their gain cannot be kept in {where}: {error.strerror}"
        return FileError(message, hint=hint)

    def rest(self) -> Iterator[Block]:
        if self.spool is None:
            return
        gain = self.gain
        if gain < 1.0:
            self.reduction_db = -20.0 * float(np.log10(gain))
        first, most = self.first_frame, np.float32(self.most)
        try:
            self.spool.seek(0)
        except OSError as error:
            raise self.refused(error) from error
        while data := self.spool.read(4 * self.channels * SPOOLED_FRAMES):
            scaled = np.frombuffer(data, np.float32).reshape(-1, self.channels)
            if gain != 1.0:
                scaled = scaled * gain
                if self.lead is None:
                    scaled = np.minimum(np.maximum(scaled, -most), most)
            block = Block(first, scaled, peak=loudest(scaled), path=self.path)
            self.peak = max(self.peak, block.peak)
            yield block
            first += len(scaled)

    def close(self) -> None:
        if self.spool is not None:
            # What is still buffered may be refused once more by a full disk; it is dropped either way.
            with suppress(OSError):
                self.spool.close()


class Normalizing(Rescaling):
    """`--normalize`: the gain that `wanted` says for the greatest sample magnitude, which is not passed by `most`."""

    most = float(FULL_SCALE)
    wanted: Callable[[float], float] = staticmethod(lambda peak: 1.0)

    @property
    def gain(self) -> np.float32:
        return np.float32(self.wanted(self.met_peak))


CLIPPINGS: dict[str, type[Clipping]] = {
    "limit": Limited,
    "warn": CuttingOff,
    "error": Refusing,
    "rescale": Rescaling,
    "none": Clipping,
}


def through(ways: Sequence[Clipping], blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks of files, each by the way of its path. Raises RenderError or FileError."""
    try:
        for block in blocks:
            yield from ways[block.path].passed(block)
        # Frame for frame, as far as they go.
        for several in zip_longest(*(way.rest() for way in ways)):
            yield from (block for block in several if block is not None)
    finally:
        for way in ways:
            way.close()
