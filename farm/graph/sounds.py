"""What voices play, as small numbers: a sound of a bank or an instrument, numbered when it is first asked for."""

from __future__ import annotations

from dataclasses import field
from typing import NamedTuple

from workers.records import record

NOTHING = -1
"""The number of a sound that is left out."""


class PlayedSound(NamedTuple):
    """What a voice plays: sound `number` of a bank, in a file of that name, or an instrument (`~bass`), number -1."""

    name: str
    number: int = -1
    file: str = ""


@record(eq=False)
class Sounds:
    """The sounds of a rendering's voices: only ever added to. In which order depends on the windows of planning."""

    numbers: dict[PlayedSound, int] = field(default_factory=dict)

    def number(self, sound: PlayedSound) -> int:
        """The number of a sound."""
        return self.numbers.setdefault(sound, len(self.numbers))

    @property
    def all(self) -> tuple[PlayedSound, ...]:
        """All sounds so far, by their numbers."""
        return tuple(self.numbers)
