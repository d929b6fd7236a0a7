"""More than two channels as two: the downmix of ITU-R BS.775 by the speakers that a file names, or the mean as one.

Left is L + 0.7071 C + 0.7071 Ls and right is R + 0.7071 C + 0.7071 Rs, of every pair of surrounds; a single surround
goes to both sides at 0.5, speakers between the front ones to their side at 0.7071, and the low frequency channel to
neither. Nothing is scaled: what is at full scale in all channels of 5.1 comes out at 2.41 times full scale, as any sum
of loud sounds does, and a file with sound in one front channel keeps its level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HALF_POWER = 0.7071
LEFT, RIGHT, CENTRE, LOW = 0x1, 0x2, 0x4, 0x8
GAINS = {
    LEFT: (1.0, 0.0),
    RIGHT: (0.0, 1.0),
    CENTRE: (HALF_POWER, HALF_POWER),
    LOW: (0.0, 0.0),
    0x10: (HALF_POWER, 0.0),
    0x20: (0.0, HALF_POWER),
    0x40: (HALF_POWER, 0.0),
    0x80: (0.0, HALF_POWER),
    0x100: (0.5, 0.5),
    0x200: (HALF_POWER, 0.0),
    0x400: (0.0, HALF_POWER),
}
"""What left and right get of a speaker, which is a bit of a channel mask: front left, right, centre, low frequency,
back left, back right, left and right of the centre, back centre, side left, side right."""


def speakers_in(mask: int, channels: int) -> tuple[int, ...]:
    """The speakers of a file's channels, in order, by a channel mask; (): it does not name them all."""
    bits = [1 << bit for bit in range(32) if mask >> bit & 1]
    return tuple(bits[:channels]) if len(bits) >= channels else ()


def mixed_to(channels: int, speakers: Sequence[int]) -> int:
    """How many channels are left."""
    return channels if channels <= 2 else 2 if is_known(speakers) else 1


def is_known(speakers: Sequence[int]) -> bool:
    """Whether a downmix of these speakers is defined: all are, and both front ones are among them."""
    return LEFT in speakers and RIGHT in speakers and all(one in GAINS for one in speakers)


def notice(channels: int, speakers: Sequence[int]) -> str | None:
    """What is to be said of a file with so many channels."""
    if channels <= 2:
        return None
    if is_known(speakers):
        low = ", the low frequency channel left out" if LOW in speakers else ""
        return f"its {channels} channels are mixed to stereo (ITU-R BS.775{low})"
    why = "" if speakers else ": it does not say which is which"
    return f"its {channels} channels are mixed to their mean, in the middle{why}"


def mixed(block: NDArray[np.float32], speakers: Sequence[int]) -> NDArray[np.float32]:
    """Frames (n, channels) as planes (1 or 2, n)."""
    channels = block.shape[1]
    if channels <= 2:
        return block.T
    if not is_known(speakers):
        mean: NDArray[np.float32] = np.add.reduce(block, axis=1)[None] / np.float32(channels)
        return mean
    sides = np.zeros((2, len(block)), np.float32)
    for channel, speaker in enumerate(speakers):
        for side, gain in zip(sides, GAINS[speaker], strict=True):
            if gain:
                side += np.float32(gain) * block[:, channel]
    return sides
