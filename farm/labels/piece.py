"""The piece that labels are about: a sound file's length, tempo and beats, and where it begins in its score."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from farm.pattern.clock import Clock
from workers.records import record


@record(frozen=True, slots=True)
class Beat:
    """A beat: its frame in the file, its cycle, and its number there, from 1 on."""

    frame: int
    cycle: int
    number: int


@record(frozen=True, slots=True)
class LabelledPiece:
    """What a sound file holds of a score. `first` and `last`: frames of the score; `outputs`: those in the file.

    `file` and `score` are names without folders; `version` is that of farm.
    """

    file: str
    score: str
    seed: int
    rate: int
    cps: Fraction
    beats: int
    first: int
    last: int
    first_cycle: Fraction
    """Where the file begins in its score, in cycles."""
    outputs: tuple[str, ...]
    version: str

    @property
    def frames(self) -> int:
        """Of the file."""
        return self.last - self.first

    @property
    def seconds(self) -> float:
        """Of the file."""
        return self.frames / self.rate

    @property
    def bpm(self) -> float:
        """Beats a minute."""
        return float(self.cps * 60 * self.beats)

    @property
    def clock(self) -> Clock:
        """Where cycles lie in the score."""
        return Clock(self.rate, self.cps)

    def beat_times(self) -> Iterator[Beat]:
        """All beats in the file, in order."""
        clock = self.clock
        number = math.ceil(self.first_cycle * self.beats)
        while (frame := clock.frame_of(Fraction(number, self.beats)) - self.first) < self.frames:
            cycle, beat = divmod(number, self.beats)
            yield Beat(frame, cycle, beat + 1)
            number += 1
