"""What voices are made from besides the score."""

from __future__ import annotations

from collections.abc import Callable

from farm.graph.columns import Floats, Ints
from farm.graph.leaving import Leaving
from farm.graph.slab import SampleFiles
from farm.graph.sounds import Sounds
from farm.pattern.clock import Clock
from farm.pattern.words import Words
from workers.records import record

SignalReader = Callable[[int, Ints], Floats]
"""(bus, frames) -> the bus's left channel at those frames."""


@record(frozen=True, slots=True)
class Asking:
    """What voices are made from besides the score: rate and tempo, samples, signals."""

    clock: Clock
    words: Words
    slab: SampleFiles
    signal: SignalReader
    sinc_table: Callable[[Floats], Ints]
    """Rates (n,) -> index of the sinc table in the slab for each (only asked with quality best)."""
    best: bool
    leaving: Leaving | None = None
    sounds: Sounds | None = None
    """Where labels of voices note what is played; None: nobody asks for labels."""

    @property
    def rate(self) -> int:
        """Frames per second."""
        return self.clock.rate
