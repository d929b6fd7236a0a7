"""A sound file as its header describes it."""

from __future__ import annotations

from pathlib import Path

from farm.audio.splice import Pieces
from farm.audio.wav import WavLayout
from workers.records import record

MOST_FRAMES = 1 << 31
"""Longest sound, in frames: 13 hours at 44.1 kHz."""


@record(frozen=True, slots=True)
class Recording:
    """A sound file as its header describes it. `layout`: where the frames lie, in a WAV file that is decoded here."""

    file: Path
    rate: int
    channels: int
    frames: int
    """Of those that are there."""
    layout: WavLayout | None
    coding: str
    """For people: `PCM 16`, `float 32`, or what libsndfile calls it."""
    parts: tuple[Pieces, ...] = ()
    """What libsndfile decodes, one after another."""
    speakers: tuple[int, ...] = ()
    """Of each channel, as a bit of a channel mask; (): not named."""
    notices: tuple[str, ...] = ()
    """What is to be said whenever it is played."""
    short: str | None = None
    """Why there are fewer frames than the header promises."""
    exact: bool = True
    """Whether `frames` is no guess."""
    checksum: tuple[bytes, int] | None = None
    """A FLAC stream's MD5 of all frames, and their bits."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.frames / self.rate


def too_long(verb: str, frames: int) -> str:
    """The reason for a sound that is longer than any may be."""
    return f"it {verb} {frames:,} frames, and at most {MOST_FRAMES:,} can be played"
