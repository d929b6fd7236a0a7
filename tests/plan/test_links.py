"""Links: where the chain of a bus is cut, and that no frame knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from farm.graph.graph import Graph
from farm.options import RenderOptions
from farm.plan.edges import critical_path_ns
from farm.plan.links import links
from farm.plan.plan import GroupKind
from farm.rendering.outline import Part
from farm.rendering.rendering import Rendering
from farm.rendering.warm import Warm
from tests.plan.planning import Planner
from tests.render.scores import SCORES
from tests.render.sound import Frames, asked, same_bits, score

CUT = {
    "a source and its reverb": ('s "bd" # reverb 0.7 0.5', ["out left", "out right"]),
    "a filter before a reverb": ('s "bd" # lpf 800 1 # reverb 0.7 0.5', ["out # lpf", "out left", "out right"]),
    "a delay before a reverb": ('s "bd" # delay 0.3 0.4 # reverb 0.7 0.5', ["out # delay", "out left", "out right"]),
    "a reverb before a delay": (
        's "bd" # reverb 0.7 0.5 # gain 0.5 # delay 0.3',
        ["out # reverb left", "out # reverb right", "out"],
    ),
    "two reverbs": (
        's "bd" # reverb 0.7 0.5 # reverb 0.2 0.5',
        ["out # reverb left", "out # reverb right", "out left", "out right"],
    ),
    "two delays": ('s "bd" # delay 0.3 # delay 0.2', ["out # delay", "out"]),
    "a source for itself behind a reverb": (
        '(s "bd" # reverb 0.7 0.5) # lpf (sine 2 * 500 + 900) 1',
        ["out # reverb left", "out # reverb right", "out"],
    ),
    "a reverb that one of its params hears too": (
        "~lfo # delay 0.3 # reverb (~lfo * 0.5) 0.5\n~lfo: sine 2",
        ["~lfo", "out # delay", "out left", "out right"],
    ),
    "many voices at once": ('s "bd*2000" # reverb 0.7 0.5', ["out # voices", "out left", "out right"]),
    "two halves that meet": ('(s "bd" # delay 0.3) + (s "sn" # delay 0.2)', ["out # delay", "out"]),
    "a bus that hears itself": ('~a\n~a: s "bd" # delay 0.3 + ~a * 0.1 # reverb 0.5 0.5', ["~a", "out"]),
    "nothing heavy": ('s "bd" # lpf 800 1 # hpf 100 1', ["out"]),
    "nothing carried": ("supersaw 110 + supersaw 220", ["out"]),
}


def names(text: str) -> list[str]:
    """The buses of a plan and their links, in order."""
    return [group.name for group in Planner(text).plan.groups if group.kind is GroupKind.BUS]


@pytest.mark.parametrize("what", CUT)
def test_a_bus_is_cut_between_its_heavy_nodes_and_where_sides_do_not_meet(what: str) -> None:
    text, expected = CUT[what]
    assert names(f"out: {text}") == expected


@pytest.mark.parametrize("name", SCORES)
def test_links_hold_every_node_once_and_one_signal_leaves_each(name: str) -> None:
    graph: Graph = score(SCORES[name]).graph(0)
    for scope in graph.buses:
        found = links(graph, scope)
        assert [one.first for one in found] == [0, *(one.stop for one in found[:-1])]
        assert found[-1].stop == len(scope.nodes) and found[-1].result == scope.result
        assert [one.before for one in found] == [-1, *(one.result for one in found[:-1])]


def pieces(text: str, options: RenderOptions, cut: bool) -> list[Frames]:
    """The frames of each bus of a score that is heard."""
    graph = score(text).graph(0)
    roots: Sequence[int] = list(dict.fromkeys(output.bus for output in graph.outputs))
    with Warm() as warm:
        part = Part(tuple(roots), 6000, True)
        rendering = Rendering(graph, options, part, warm, cut=cut)
        found: dict[int, list[Frames]] = {bus: [] for bus in roots}
        for piece in rendering.pieces(9000):
            for bus in roots:
                found[bus] += [plane.copy() for plane in piece.planes[bus]]
        rendering.close()
    return [np.concatenate(found[bus], axis=1) for bus in roots]


EVERY = {**SCORES, **{what: f"cps: 1.7\nout: {text}" for what, (text, _) in CUT.items() if "supersaw" not in text}}


@pytest.mark.parametrize("chunk", [64, 777])
@pytest.mark.parametrize("name", EVERY)
def test_a_bus_that_is_cut_gives_the_bits_of_one_that_is_not(name: str, chunk: int) -> None:
    options = asked(duration=1, chunk=chunk)
    for one, other in zip(pieces(EVERY[name], options, True), pieces(EVERY[name], options, False), strict=True):
        same_bits(one, other, name)


def test_a_zero_keeps_its_sign_from_link_to_link() -> None:
    text = "out: supersaw 110 * (square 7 * 0.5 + 0.5) # reverb 0.7 0.5 0"
    options = replace(asked(duration=1), chunk=512)
    (one,), (other,) = pieces(text, options, True), pieces(text, options, False)
    assert np.signbit(other).any()
    same_bits(one, other, text)


def test_the_longest_chain_of_a_delay_and_a_reverb_is_one_side_of_the_reverb() -> None:
    planner = Planner('out: s "bd*4" # delay 0.3 0.4 # reverb 0.7 0.5')
    plan, window = planner.plan, planner.window(40)
    sides = [group for group in plan.groups if group.side is not None]
    longest, total, _ = critical_path_ns(plan, window)
    assert longest < 1.2 * sides[0].cost_ns * window.chunks * plan.chunk_frames
    assert longest < 0.4 * total


@pytest.mark.parametrize(
    ("time_s", "lag"), [("0.01", 1), ("0.064", 1), ("0.1", 1), ("0.19", 2), ("0.3", 3), ("0.6", 4), ("(sine 1)", 1)]
)
def test_a_delay_waits_for_what_it_reads_and_for_nothing_nearer(time_s: str, lag: int) -> None:
    found = [group.lag for group in Planner(f'out: s "bd*4" # delay {time_s} 0.4').plan.groups if group.carried]
    assert found == [lag]
