"""Channels of a MIDI file: a pitch bend holds for a whole channel, so that notes between the keys need several."""

from __future__ import annotations

from dataclasses import field

from workers.records import record

DRUMS = 9
"""General MIDI's channel of percussion."""
MELODIC = tuple(channel for channel in range(16) if channel != DRUMS)
STRAIGHT = 0x2000
"""The bend that is none."""


@record(eq=False)
class MidiChannel:
    """What holds on a channel: its bend, how often each key is held, and when the last one was let go."""

    bend: int = STRAIGHT
    held: dict[int, int] = field(default_factory=dict)
    free_since: int = -1


@record(eq=False)
class MidiChannels:
    """Finds the channel of each note. Asked in order of time."""

    channels: tuple[MidiChannel, ...] = field(default_factory=lambda: tuple(MidiChannel() for _ in range(16)))

    def choose(self, key: int, bend: int) -> int:
        """The channel for a note: one with its bend where its key is free; else the one that is silent for longest.

        Where there is none, one of its bend, whose note of this key ends then; at last that of the nearest bend.
        """
        alike = [one for one in MELODIC if self.channels[one].bend == bend]
        free = [one for one in alike if key not in self.channels[one].held]
        if free:
            return free[0]
        silent = [one for one in MELODIC if not self.channels[one].held]
        if silent:
            return min(silent, key=lambda one: (self.channels[one].free_since, one))
        if alike:
            return alike[0]
        return min(MELODIC, key=lambda one: (abs(self.channels[one].bend - bend), one))

    def press(self, channel: int, key: int) -> None:
        """A note begins."""
        held = self.channels[channel].held
        held[key] = held.get(key, 0) + 1

    def release(self, channel: int, key: int, tick: int) -> None:
        """A note ends."""
        one = self.channels[channel]
        one.held[key] -= 1
        if not one.held[key]:
            del one.held[key]
        one.free_since = tick
