"""Output paths as values: what they take, what becomes of it, and the places of what they give."""

from __future__ import annotations

from farm.options import Clip, Dither
from farm.plan.limiting import Limiting
from farm.plan.weighting import cell_frames
from workers.records import record
from workers.wire import BLOCK, RISING, TRIANGULAR, UPPER_24

NEVER = 1 << 62
"""A frame that does not come."""
KINDS: dict[Dither, int] = {"none": 0, "tpdf": TRIANGULAR, "shaped": RISING}
GUARD = 96
"""Floats behind each channel's frames, which kernels may write or read beyond the last."""


MEASURED_LATE = 128
"""Frames by which true peaks are known late: up to two blocks."""
SPARE = 32
"""Peaks, or reductions, besides those of a chunk."""
SIGNALS = 6
"""Of a path."""


@record(frozen=True, slots=True)
class Term:
    """A side of a bus that is added to a channel: 0 left, 1 right; None: the mean of both."""

    bus: int
    side: int | None


@record(frozen=True, slots=True)
class WholeNumbers:
    """Whole numbers of `bits` (16 or 24) in a file, with dither; `upper`: 24 bits in the upper three of four bytes."""

    bits: int
    dither: Dither
    seed: int
    upper: bool = False

    @property
    def bytes(self) -> int:
        """Bytes of a number."""
        return 4 if self.upper else self.bits // 8

    @property
    def width(self) -> int:
        """As the kernel wants it."""
        return UPPER_24 if self.upper else self.bits


@record(frozen=True, slots=True)
class OutputPath:
    """From the signals of outputs to the frames of a file: mixed, with gain and fades, cut off or not, coded.

    `first` and `last` are the frames that are kept, as far as that is known; others do not count.
    """

    channels: tuple[tuple[Term, ...], ...]
    gain: float
    name: str = "mix"
    clip: Clip = "none"
    fade_in: int = 0
    """Frames."""
    fade_out: tuple[int, int] = (NEVER, NEVER)
    """The frames at which it begins and is complete."""
    cut: int = NEVER
    """The frame from which on there is silence."""
    first: int = 0
    last: int = NEVER
    coding: WholeNumbers | None = None
    """None: the frames as float32 alone."""
    limiter: Limiting | None = None
    measured: bool = False
    """Whether loudness and true peak of what is delivered are found out."""
    ends: int | None = None
    """The number of the path whose place this one takes from `first` on, where an automatic tail is cut off."""

    @property
    def width(self) -> int:
        """Channels."""
        return len(self.channels)

    @property
    def begin(self) -> int:
        """The first frame that is asked of the graph: a limiter remembers some before those that are kept."""
        return max(self.first - (0 if self.limiter is None else self.limiter.memory), 0)

    @property
    def buses(self) -> tuple[int, ...]:
        """What it reads, each once."""
        return tuple(dict.fromkeys(term.bus for terms in self.channels for term in terms))


@record(frozen=True, slots=True)
class PathPlan:
    """An output path in a plan, with the numbers of its signals: of what was mixed, of true peaks, reductions, frames,
    and of bytes if it has any. `measured`: buses of which it finds out how loud they are, besides their mix."""

    path: OutputPath
    mixed: int
    rate: int
    measured: tuple[int, ...] = ()

    def holds(self, signal: int) -> bool:
        """Whether a signal is its own."""
        return self.mixed <= signal < self.mixed + SIGNALS

    @property
    def peaks(self) -> int:
        """True peaks of cells of 8 frames."""
        return self.mixed + 1

    @property
    def nodes(self) -> int:
        """By how much borders of segments are turned down."""
        return self.mixed + 2

    @property
    def frames(self) -> int:
        """What is delivered."""
        return self.mixed + 3

    @property
    def data(self) -> int | None:
        """The same as whole numbers."""
        return None if self.path.coding is None else self.mixed + 4

    @property
    def loudness(self) -> int:
        """How loud that is, if it is measured."""
        return self.mixed + 5

    @property
    def late(self) -> int:
        """Frames that must follow the last one until all is known of it."""
        return self.delay + (MEASURED_LATE if self.path.measured else 0)

    @property
    def delay(self) -> int:
        """Frames by which what is delivered is late."""
        return 0 if self.path.limiter is None else self.path.limiter.delay

    @property
    def given(self) -> tuple[int, ...]:
        """The signals that are read from outside."""
        data = () if self.data is None else (self.data,)
        return (self.frames, *data, *((self.loudness,) if self.path.measured else ()))

    def step(self, chunk_frames: int) -> int:
        """Floats from one channel of what was mixed to the next: frames before the chunk, its own, and a guard."""
        return self.delay + (chunk_frames + 15) // 16 * 16 + GUARD

    def slot_frames(self, chunk_frames: int) -> int:
        """Frames of a chunk slot: those of whole chunks of a multiple of 16 lie side by side."""
        return (chunk_frames + 15) // 16 * 16

    def slot_bytes(self, chunk_frames: int) -> dict[int, int]:
        """Bytes of a chunk slot of each signal."""
        samples = self.path.width * self.slot_frames(chunk_frames)
        sizes = {self.mixed: 4 * self.path.width * self.step(chunk_frames), self.frames: 4 * samples}
        limiter = self.path.limiter
        if limiter is not None:
            sizes[self.peaks] = 4 * (chunk_frames // 8 + limiter.segment // 8 + SPARE)
            sizes[self.nodes] = 4 * (chunk_frames // limiter.segment + SPARE)
        if self.data is not None and self.path.coding is not None:
            sizes[self.data] = self.path.coding.bytes * ((samples + 31) // 32 * 32)
        if self.path.measured:
            sizes[self.loudness] = 4 * self.loudness_floats(chunk_frames)
        return sizes

    def loudness_floats(self, chunk_frames: int) -> int:
        """Floats of a chunk slot of loudness: of a true peak, and of each cell that may end there."""
        return 8 + (chunk_frames // cell_frames(self.rate) + 1) * self.eights * 8

    @property
    def eights(self) -> int:
        """Eight channels each."""
        return (self.path.width + 7) // 8

    def work_floats(self) -> int:
        """Numbers of a block."""
        return BLOCK * self.path.width


def stereo(buses: tuple[int, ...]) -> tuple[tuple[Term, ...], ...]:
    """Left and right sums of buses."""
    return tuple(tuple(Term(bus, side) for bus in buses) for side in (0, 1))


def path_plans(
    signals: int, paths: tuple[OutputPath, ...], rate: int, outputs: tuple[int, ...]
) -> tuple[PathPlan, ...]:
    """Numbers for the signals of paths, behind `signals` others. The first path measures all outputs."""
    return tuple(
        PathPlan(path, signals + SIGNALS * number, rate, outputs if number == 0 else ())
        for number, path in enumerate(paths)
    )
