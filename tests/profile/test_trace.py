"""Traces of real renders: every task with its time, and what the coordinator did."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from farm.errors import RenderError
from farm.profile.chains import longest_chain
from farm.profile.simulate import simulate
from farm.profile.trace import Trace, Traced, tasks_s
from farm.rendering.outline import outline
from farm.rendering.stream import Stream
from farm.rendering.warm import Warm
from tests.pool.pools import CONFIGS, killing
from tests.render.sound import asked, score
from workers.stats import NOTED


def followed(text: str, warm: Warm | None = None, **options: Any) -> tuple[Traced, Stream]:
    """A render on a pool, traced."""
    given = asked(backend="local", threads=2, **{"cycles": Fraction(8), "chunk": 512, **options})
    with Stream(outline(score(text), given), warm or Warm()) as stream:
        trace = Trace(stream.rendering)
        for _ in stream:
            pass
    if warm is None:
        stream.warm.close()
    return trace.result(), stream


def test_every_task_has_its_time() -> None:
    traced, stream = followed(CONFIGS["q"], window_frames=4096)
    report = stream.report
    assert len(traced.windows) > 5
    assert sum(len(one.tasks_s) for one in traced.windows) == report.tasks
    assert all((one.tasks_s > 0).all() for one in traced.windows)
    # What workers added up is the same, but for what they were interrupted in.
    assert traced.tasks_s >= report.cpu_s.kernels_s
    assert 0 < traced.coordinator_s < traced.wall_s
    assert all(one.tables_s > 0 and one.read_s > 0 for one in traced.windows)
    assert all(one.plan_s > 0 for one in traced.windows[1:])
    chain = longest_chain(traced.plan, traced.windows)
    assert max(traced.windows, key=lambda one: one.tasks_s.max()).tasks_s.max() <= chain.seconds <= traced.tasks_s
    assert {*chain.groups} <= {group.key for group in traced.plan.groups}
    found = simulate(traced, 16)
    assert found.wall_s >= max(found.bounds_s.values())
    assert found.limit.startswith("16 workers: ")


def test_a_warm_session_tells_its_renders_apart() -> None:
    with Warm() as warm:
        one, other = (followed(CONFIGS["q"], warm)[0] for _ in range(2))
    assert [len(part.tasks_s) for part in one.windows] == [len(part.tasks_s) for part in other.windows]
    assert one.tasks_s != other.tasks_s


def test_of_a_task_that_ran_again_the_last_time_counts() -> None:
    with killing(2):
        traced, stream = followed(CONFIGS["q"], chunk=64)
    assert stream.report.replaced_workers > 0
    assert sum(len(one.tasks_s) for one in traced.windows) == stream.report.tasks


def test_what_was_not_noted_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    traced, _ = followed(CONFIGS["q"])
    with pytest.raises(RenderError, match="were noted and written over"):
        tasks_s(traced.plan, traced.windows[0].window, np.zeros(0, NOTED))
    monkeypatch.setattr(Warm, "rings", lambda *_: ())
    with pytest.raises(RenderError, match="there is no stats file"):
        followed(CONFIGS["q"])
