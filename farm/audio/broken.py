"""Sound files that are not what they say, and what readers of their headers have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

NEAR = 64
"""How far beside a round number a placeholder may lie: what a header takes, added or left out."""


class Broken(Exception):
    """The file contradicts itself, ends early or cannot be decoded. The message is the reason."""


class Sound(NamedTuple):
    """The stretch of a file that holds its sound: `held` bytes. `short`, `notice`: what is to be said of it."""

    held: int
    short: str | None = None
    notice: str | None = None


def placeholder(size: int, bits: int = 32) -> bool:
    """Whether a size is one of those that programs write who do not know it yet, as into a pipe.

    These are 0x7F000000 and 0x7FFFF000, 2^(bits − 1) and 2^bits, and a header's length more or less.
    """
    rounds = (0x7F000000, 0x7FFFF000, 1 << (bits - 1), 1 << bits)
    return any(abs(size - one) <= NEAR for one in rounds)


def sound_of(stated: int, there: int, chunks_at: Callable[[int], bool], bits: int = 32) -> Sound:
    """The sound of a file whose header promises `stated` bytes of it and which goes on for `there` bytes.

    `chunks_at`: whether that many bytes further on further chunks stand, up to the end of the file.
    """
    if stated == 0:
        if there == 0 or chunks_at(0):
            return Sound(0)
        return Sound(there, notice=f"its header promises no sound; the {there} bytes behind it are played")
    if placeholder(stated, bits) and (stated >= there or not chunks_at(stated)):
        return Sound(there)
    if stated > there:
        return Sound(there, short=cut_short(stated, there, "bytes of sound"))
    return Sound(stated)


def cut_short(promised: int, there: int, what: str) -> str:
    """The reason for a file that ends early."""
    return f"it is cut short: its header promises {promised} {what} and {there} are there"
