"""What channels hold: left and right; --channels mono: their mean; --outputs-as-channels: every numbered output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from farm.errors import Notice
from farm.graph.graph import Output
from farm.options import RenderOptions
from farm.plan.path import Term
from workers.records import record

STEREO = ("left", "right")
MONO = ("mono",)
NOTHING_NUMBERED = Notice(
    "the score has no numbered outputs: --outputs-as-channels changes nothing", hint="write o1: ..., o2: ..."
)


@record(frozen=True, slots=True)
class Routing:
    """What each channel of the file is called, and which sides of which buses it is the sum of."""

    channels: tuple[str, ...]
    terms: tuple[tuple[Term, ...], ...]


def routing(outputs: Sequence[Output], options: RenderOptions) -> Routing | None:
    """Output 1 to the first channel (left), 2 to the second (right), and so on in the order of their numbers.

    `out`, which has no number, keeps its sides: they are added to the first two channels. None: the stereo mix.
    --channels mono: one channel, the sum of the means of all outputs' sides.
    """
    if options.channels == "mono":
        return Routing(MONO, (tuple(Term(output.bus, None) for output in outputs),))
    numbered = sorted(
        (int(output.name.lstrip("o")), output.name, output.bus) for output in outputs if output.name != "out"
    )
    if not options.outputs_as_channels or not numbered:
        return None
    plain = tuple(output.bus for output in outputs if output.name == "out")
    names = [name for _, name, _ in numbered]
    if plain:
        names += ["out"] * (2 - len(names))
    terms = [[Term(bus, None)] for _, _, bus in numbered]
    terms += [[] for _ in range(len(names) - len(terms))]
    for channel in range(min(len(names), 2)):
        terms[channel] += [Term(bus, channel) for bus in plain]
    return Routing(tuple(names), tuple(map(tuple, terms)))


def channels(names: Iterable[str], options: RenderOptions) -> tuple[str, ...]:
    """What each channel of the file holds, by the names of the outputs."""
    found = routing([Output(name, -1) for name in names], options)
    return STEREO if found is None else found.channels


def routing_notices(outputs: Sequence[Output], options: RenderOptions) -> tuple[Notice, ...]:
    """A warning where the option has nothing to work on."""
    useless = options.outputs_as_channels and routing(outputs, options) is None
    return (NOTHING_NUMBERED,) if useless else ()
