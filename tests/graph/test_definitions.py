"""What a node or transform says in its definition is what the language makes of it: farm knows none by its name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from farm.cli.entries import node_entries
from farm.errors import ScoreError
from farm.graph.graph import ConstantFeed, Graph, Node
from farm.graph.score import understand
from farm.pattern.control import scale_control
from farm.pattern.pattern import Pattern
from farm.pattern.register import DEFINED, Fn, Pace, transform
from farm.pattern.sequences import stack
from farm.pattern.views import faster
from farm.rendering.warmup import every_kernel
from farm.score import Source
from tests.workers.node_files import HEAD, Define, define

__all__ = ["define"]

OWN = f'''{HEAD}
FREQUENCY = Param("freq_hz", "Hz", 2.0, 0.0, 20000.0, "frequency", Unit.PHASE)


@node(role="source", params=(FREQUENCY,), memory=CARRIED, state=("phase:u4",), cost_ns=0.2,
      example="out: organ 110 7 * 0.2", tuned=True)
def organ(freq_hz: Any, state: Any, out: Any, frames: int) -> None:
    """A sine."""
    for i in range(frames):
        out[i] = sin_phase(state.phase)
        state.phase = state.phase + freq_hz[i]


@node(role="source", params=(FREQUENCY,), memory=CARRIED, state=("phase:u4",), cost_ns=0.2,
      example="out: ticks 2 * sp bd", strikes=True)
def ticks(freq_hz: Any, state: Any, out: Any, frames: int) -> None:
    """One frame of 1 at a time."""
    for i in range(frames):
        out[i] = select(state.phase < freq_hz[i], F(1.0), F(0.0))
        state.phase = state.phase + freq_hz[i]


@node(role="internal", params=(Param("level", "1", None, 0.0, 1.0, "level"),
      Param("after_s", "s", None, 0.0, 10.0, "when", Unit.FRAMES)), memory=STATELESS, cost_ns=0.2)
def late_step(level: Any, after_s: Any, age: Any, out: Any, frames: int) -> None:
    """A step after a time."""
    for i in range(frames):
        out[i] = select(to_float(age[i]) < after_s[i], F(0.0), level[i])


@node(role="control", params=(Param("level", "1", None, 0.0, 1.0, "level"),), memory=STATELESS, cost_ns=0.2,
      example="out: sine 220 * step 0.5", longer=late_step, envelope=True)
def step(level: Any, out: Any, frames: int) -> None:
    """A level."""
    for i in range(frames):
        out[i] = level[i]
'''


@pytest.fixture
def own_nodes(define: Define) -> None:
    assert define(OWN) == []


def graph(text: str) -> Graph:
    return understand(Source("test.ph", text)).graph(0)


def nodes(text: str, name: str) -> list[Node]:
    return [node for bus in graph(text).buses for node in bus.nodes if node.node == name]


def constants(node: Node) -> dict[str, float]:
    return {name: feed.value for name, feed in node.params if isinstance(feed, ConstantFeed)}


@pytest.mark.usefixtures("own_nodes")
def test_a_tuned_node_takes_an_offset_in_semitones() -> None:
    for call in ("organ 110 12", "organ 110 :offset 12", 'organ 110 "+12"'):
        [found] = nodes(f"out: {call}", "organ")
        assert constants(found)["freq_hz"] == pytest.approx(220.0)
    with pytest.raises(ScoreError, match="at most"):
        graph("out: ticks 2 3")
    page = next(one for one in node_entries() if one.name == "organ")
    assert page.signature == "organ [freq 2] [offset 0]"


@pytest.mark.usefixtures("own_nodes")
def test_a_node_that_strikes_plays_a_sample() -> None:
    own, farms = (graph(f"cps: 1\nout: {name} 4 * 0.5 * sp bd").sources for name in ("ticks", "impulse"))
    assert len(own) == len(farms) == 1
    assert own[0].voices.query(np.array([0])).times.tolist() == farms[0].voices.query(np.array([0])).times.tolist()
    assert len(own[0].voices.query(np.array([0]))) == 4
    # Its own default holds where the score says nothing.
    assert len(graph("cps: 1\nout: ticks * sp bd").sources[0].voices.query(np.array([0]))) == 2
    with pytest.raises(ScoreError, match="is triggered by an `impulse`"):
        graph("out: organ 4 * sp bd")


@pytest.mark.usefixtures("own_nodes")
def test_more_arguments_mean_the_longer_form() -> None:
    [short] = nodes("out: sine 220 * step 0.5", "step")
    assert constants(short) == {"level": 0.5}
    for call in ("step 0.5 2", "step 0.5 :after 2", "step 0.5 :after_s 2"):
        [longer] = nodes(f"out: sine 220 * {call}", "late_step")
        assert constants(longer) == {"level": 0.5, "after_s": 2.0}
    with pytest.raises(ScoreError, match="`step` takes at most 1 argument, not 3"):
        graph("out: sine 220 * step 1 2 3")
    page = next(one for one in node_entries() if one.name == "step")
    assert page.signature == "step level [after]"
    assert "late_step_signal" in every_kernel()


@pytest.mark.usefixtures("own_nodes")
def test_an_envelope_leaves_pitches_what_they_are() -> None:
    # Numbers times an envelope are notes; times a signal they are numbers.
    assert len(graph('out: "0 4 7" * step 0.5').sources) == 1
    assert graph('out: "0 4 7" * (organ 3)').sources == ()


@pytest.fixture
def own_transforms() -> Iterator[None]:
    def doubled(n: Pace, pattern: Pattern) -> Pattern:
        """Plays it, and quieter, faster.

        doubled 2 $ "a"  ->  [a,a a]
        """
        return stack([pattern, scale_control(faster(n, pattern), "gain", 0.5)])

    def sides(f: Fn, pattern: Pattern) -> Pattern:
        """Plays it on both sides.

        sides (rev) $ "a"  ->  [a,a]
        """
        return stack([pattern, f(pattern)])

    doubled.__annotations__ = {"n": Pace, "pattern": Pattern, "return": Pattern}
    sides.__annotations__ = {"f": Fn, "pattern": Pattern, "return": Pattern}
    transform(layers=True)(doubled)
    transform(beside=True)(sides)
    yield
    DEFINED.pop("doubled")
    DEFINED.pop("sides")


@pytest.mark.usefixtures("own_transforms")
def test_a_transform_that_layers_warns_of_oscillators() -> None:
    score = understand(Source("test.ph", 'out: sine ("110 220" $ doubled 2)'))
    plain = understand(Source("test.ph", 'out: sine "110 220" $ doubled 2'))
    assert any("`doubled` makes copies" in one.message for one in plain.notices)
    assert not any("makes copies" in one.message for one in score.notices)


@pytest.mark.usefixtures("own_transforms")
def test_a_transform_beside_makes_two_sides_of_a_signal() -> None:
    own, farms = (graph(f'out: sine "110 220" $ {name} (fast 2)').buses for name in ("sides", "jux"))
    assert [[node.node for node in bus.nodes] for bus in own] == [[node.node for node in bus.nodes] for bus in farms]
    assert sum(node.node == "pan" for bus in own for node in bus.nodes) == 2


@pytest.mark.usefixtures("own_transforms")
def test_a_pace_reads_a_signal_as_one() -> None:
    counts = {}
    for name in ("slow", "fast", "doubled", "late"):
        made = graph(f'~lfo: sine 0.3\nout: s "bd*4" $ {name} ~lfo')
        made.signals.reader = lambda _, cycles: np.ones(len(cycles))
        counts[name] = len(made.sources[0].voices.query(np.array([0])))
    # A signal at 1 is four times as fast, as a time it is one cycle.
    assert counts == {"slow": 1, "fast": 16, "doubled": 20, "late": 4}
