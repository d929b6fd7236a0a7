"""How long jobs take: one guess for each score and length, mended by what was measured."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import field

from workers.records import record

SHARE = 0.005
"""CPU seconds for a second of sound, before anything was measured."""


@record(eq=False)
class Ratios:
    """CPU seconds for a second of sound: of jobs that are alike, and of all."""

    alike: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    """CPU seconds and seconds of sound by kind, all that were measured."""
    cpu_s: float = 0.0
    sound_s: float = 0.0

    def note(self, kind: Hashable, sound_s: float, cpu_s: float) -> None:
        """A job of a kind was measured."""
        own = self.alike.get(kind, (0.0, 0.0))
        self.alike[kind] = own[0] + cpu_s, own[1] + sound_s
        self.cpu_s += cpu_s
        self.sound_s += sound_s

    def estimate_s(self, kind: Hashable, sound_s: float) -> float:
        """About how many CPU seconds a job takes."""
        own = self.alike.get(kind)
        if own is not None and own[1] > 0:
            return sound_s * own[0] / own[1]
        return sound_s * (self.cpu_s / self.sound_s if self.sound_s > 0 else SHARE)
