"""Chunks count from the frame at which a rendering begins, and the last is as long as is asked for: neither shows."""

from __future__ import annotations

import pytest

from farm.plan.verify import PlanError
from farm.rendering.outline import Part
from farm.rendering.rendering import Rendering
from farm.rendering.warm import Warm
from tests.render.beginning import heard, mixed
from tests.render.scores import SCORES
from tests.render.sound import asked, rms, same_bits, score
from workers.wire import Task

COUNT = 9001


@pytest.mark.parametrize("name", SCORES)
def test_the_chunk_does_not_show_wherever_a_rendering_begins(name: str) -> None:
    for start in (64 * 37, 64 * 1001):
        whole = heard(SCORES[name], start, COUNT, chunk=1 << 14)
        assert whole.shape == (COUNT, 2)
        assert rms(whole) > 1e-4
        for chunk, window in ((64, 640), (200, None), (777, 5000), (4096, 4096)):
            found = heard(SCORES[name], start, COUNT, chunk=chunk, window_frames=window)
            same_bits(found, whole, f"{name} from {start}, chunks of {chunk}, windows of {window}")


@pytest.mark.parametrize("name", ["bus voices", "effects", "cut groups"])
def test_nor_does_it_on_a_pool(name: str) -> None:
    whole = heard(SCORES[name], 64 * 37, COUNT, chunk=1 << 14)
    for chunk, window in ((64, 640), (777, 5000)):
        found = heard(SCORES[name], 64 * 37, COUNT, chunk=chunk, window_frames=window, backend="local", threads=2)
        same_bits(found, whole, f"{name}, chunks of {chunk}")


@pytest.mark.parametrize("name", ["samples", "voices of a bus", "steps and gates"])
def test_a_rendering_that_begins_at_0_is_cut_anywhere(name: str) -> None:
    whole = heard(SCORES[name], 0, COUNT)
    for count in (1, 63, 4096, 4097, 8999):
        same_bits(heard(SCORES[name], 0, count, chunk=512), whole[:count], f"{name}, {count} frames")


def test_nothing_is_computed_behind_the_end() -> None:
    graph = score(SCORES["effects"]).graph(0)
    roots = tuple(output.bus for output in graph.outputs)
    with Warm() as warm:
        rendering = Rendering(graph, asked(chunk=512), Part(roots, None, False, 128, (mixed(graph),), 128), warm)
        window = rendering.plan_next(0, rendering.chunks_until(128 + COUNT), 128 + COUNT)
        rendering.close()
    ends = window.tasks[:, Task.FRAME] + window.tasks[:, Task.FRAMES]
    assert ends.max() == window.last_frame == 128 + COUNT
    assert set(window.tasks[:, Task.FRAMES].tolist()) == {512, COUNT % 512}


def test_a_rendering_begins_with_a_block() -> None:
    with pytest.raises(PlanError, match="begins inside a block"):
        heard(SCORES["samples"], 100, 1000)
