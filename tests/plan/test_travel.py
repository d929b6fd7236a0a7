"""How long sound may be on its way: delay times along the longest path, and between which values signals lie."""

from __future__ import annotations

from fractions import Fraction

import pytest

from farm.plan.travel import Travel, longest_travel_s
from tests.plan.planning import Planner
from tests.render.sound import RATE, frames, score
from workers.catalog import catalog

TIMES = {
    'out: s "bd"': 0.0,
    'out: s "bd" # delay 3': 3.0,
    'out: s "bd" # delay 30': 10.0,
    'out: s "bd" # delay 3 # lpf 300 # delay 2 0 1': 5.0,
    'o1: s "bd" # delay 3\no2: s "bd" # delay 2': 3.0,
    '~a: s "bd" # delay 3\n~b: ~a # delay 2\nout: ~a + ~b': 5.0,
    '~unheard: s "bd" # delay 3\nout: s "bd"': 0.0,
    '~a: (s "bd" + ~b * 0.1) # delay 3\n~b: ~a # delay 2\nout: ~b # delay 1': 6.0,
    '~a: s "bd" # delay 3\n~b: (~a + ~b * 0.5) # delay 2\nout: ~b': 5.0,
    '~v: saw 110 # delay 3 # lpf 300\nout: s "~v" # delay 2': 5.0,
    "~e: ad 0.1 0.1 # delay 3\nout: sine 300 * ~e # delay 2": 5.0,
    'out: s "bd" # delay "<3 2>"': 3.0,
    'out: s "bd" # delay "<[2 4 ~] 3>"': 4.0,
    'out: s "bd" # delay "2|7"': 10.0,
    'out: s "bd" # delay (sine 1 * 0.5 + 2)': 2.5,
    'out: s "bd" # delay (tri 1 # mul 0.5 # add 2)': 2.5,
    'out: s "bd" # delay (2 - sine 1 * "<0.5 1>")': 3.0,
    'out: s "bd" # delay (sine 1 * tri 2 * 4)': 4.0,
    'out: s "bd" # delay (line 3 1)': 3.0,
    'out: s "bd" # delay (line 1 3 4 + ad 0.1 0.1)': 4.0,
    '~t: sine 1 + 1\nout: s "bd" # delay ~t # delay (~t * 2)': 6.0,
    'out: s "bd" # delay (noise + 1)': 10.0,
    '~t: ~t * 0.5 + 1\nout: s "bd" # delay ~t': 10.0,
}


@pytest.mark.parametrize("text", TIMES)
def test_the_longest_path_to_an_output(text: str) -> None:
    planner = Planner(text)
    assert longest_travel_s(planner.graph, planner.plan) == pytest.approx(TIMES[text])


def test_lines_of_any_kind_count() -> None:
    planner = Planner('out: s "bd" # chorus 0.5 0.5 # reverb 0.8 0.4')
    ring = catalog()["reverb"].ring
    chorus = catalog()["chorus"].ring
    assert ring is not None
    assert chorus is not None
    expected = chorus.max_s + (max(ring.line_frames) + ring.spread_frames) / 44100
    assert longest_travel_s(planner.graph, planner.plan) == pytest.approx(expected)


SPANS = {
    "sine 3": (-1.0, 1.0),
    "tri 3": (-1.0, 1.0),
    "saw 3000": (-2.0, 2.0),
    "square 3000": (-2.0, 2.0),
    "pulse 3000 0.3": (-2.0, 2.0),
    "impulse 3": (0.0, 1.0),
    "line 3 -1": (-1.0, 3.0),
    "line -3 1 0.5": (-3.0, 1.0),
    "adsr 0.1 0.1 0.5 0.1": (0.0, 1.0),
    "ad 0.1 0.1": (0.0, 1.0),
    "sine 3 + tri 2": (-2.0, 2.0),
    "sine 3 - impulse 2": (-2.0, 1.0),
    "sine 3 * tri 2 * -3": (-3.0, 3.0),
    "sine 3 * 2 - 5": (-7.0, -3.0),
    '1 - impulse 3 * "<2 4>"': (-3.0, 1.0),
    "line :end 3 :start 1": (1.0, 3.0),
    'sine 3 * "2 ~ -1"': (-2.0, 2.0),
}


@pytest.mark.parametrize("text", SPANS)
def test_signals_lie_where_their_definitions_say(text: str) -> None:
    planner = Planner(f"out: {text}")
    travel = Travel(planner.graph, planner.plan.rate)
    for group in planner.plan.groups:
        travel.add(group)
    low, high = travel.spans[planner.graph.outputs[0].bus]
    assert (low, high) == pytest.approx(SPANS[text])
    found = frames(f"out: {text}", cycles=Fraction(3), rate=RATE)
    rounding = 1e-6 * (high - low)
    assert low - rounding <= found.min() < found.max() <= high + rounding


def test_every_definition_with_a_span_is_looked_at() -> None:
    named = " ".join(
        node.node for text in SPANS for scope in score(f"out: {text}").graph(0).buses for node in scope.nodes
    )
    without = {name for name, one in catalog().items() if one.span is not None} - set(named.split())
    assert without <= {"gain", "plus", "hold"}
