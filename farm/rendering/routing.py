"""--outputs-as-channels: every numbered output is a channel of the file, instead of a part of one stereo mix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from farm.errors import Notice
from farm.graph.graph import Output
from farm.options import RenderOptions
from workers.records import record

Frames = NDArray[np.float32]

STEREO = ("left", "right")
NOTHING_NUMBERED = Notice(
    "the score has no numbered outputs: --outputs-as-channels changes nothing", hint="write o1: ..., o2: ..."
)


@record(frozen=True, slots=True)
class Routing:
    """Which buses reach which channel: `mono` give the mean of their sides to one, `stereo` theirs to the first two."""

    channels: tuple[str, ...]
    mono: tuple[tuple[int, int], ...]
    stereo: tuple[int, ...]

    def frames(self, planes: dict[int, Frames], gain: float) -> Frames:
        """Float32 (n, channels) of the planes (chunks, 2, frames) of each bus, times `gain`."""
        sides = {bus: one.transpose(1, 0, 2).reshape(2, -1) for bus, one in planes.items()}
        count = next(iter(sides.values())).shape[1]
        frames = np.zeros((count, len(self.channels)), np.float32)
        for bus, channel in self.mono:
            left, right = sides[bus]
            frames[:, channel] += (left + right) * np.float32(0.5)
        for bus in self.stereo:
            frames[:, :2] += sides[bus].T
        frames *= np.float32(gain)
        return frames


def routing(outputs: Sequence[Output], options: RenderOptions) -> Routing | None:
    """Output 1 to the first channel (left), 2 to the second (right), and so on in the order of their numbers.

    `out`, which has no number, keeps its sides: they are added to the first two channels. None: the stereo mix.
    """
    numbered = sorted(
        (int(output.name.lstrip("o")), output.name, output.bus) for output in outputs if output.name != "out"
    )
    if not options.outputs_as_channels or not numbered:
        return None
    plain = tuple(output.bus for output in outputs if output.name == "out")
    names = [name for _, name, _ in numbered]
    if plain:
        names += ["out"] * (2 - len(names))
    return Routing(tuple(names), tuple((bus, channel) for channel, (_, _, bus) in enumerate(numbered)), plain)


def channels(names: Iterable[str], options: RenderOptions) -> tuple[str, ...]:
    """What each channel of the file holds, by the names of the outputs."""
    found = routing([Output(name, -1) for name in names], options)
    return STEREO if found is None else found.channels


def routing_notices(outputs: Sequence[Output], options: RenderOptions) -> tuple[Notice, ...]:
    """A warning where the option has nothing to work on."""
    useless = options.outputs_as_channels and routing(outputs, options) is None
    return (NOTHING_NUMBERED,) if useless else ()
