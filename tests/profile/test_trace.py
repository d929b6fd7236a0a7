"""Traces of real renders: every task with its time, and what the coordinator did."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farm.cli.group import farm
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
    # Of the first all is waited for; others join those that run, where the arena has room for them.
    assert not traced.windows[0].steps_s
    assert all(one.begin_s > 0 and one.read_s > 0 for one in traced.windows)
    assert all(len(one.steps_s) > 3 and min(one.steps_s) >= 0 and sum(one.steps_s) > 0 for one in traced.windows[1:])
    assert any(one.joins for one in traced.windows[1:])
    assert 0 < traced.look_s < 0.01
    chain = longest_chain(traced.plan, traced.windows)
    assert max(traced.windows, key=lambda one: one.tasks_s.max()).tasks_s.max() <= chain.seconds <= traced.tasks_s
    assert {*chain.groups} <= {group.key for group in traced.plan.groups}
    found = simulate(traced, 16)
    assert found.wall_s >= max(found.bounds_s.values())
    assert re.fullmatch(r"16 workers, [0-9.]+ s: [0-9.]+ times what .* \([0-9.]+ s\); workers stand .*", found.limit)


def test_a_window_in_which_the_tail_falls_silent_is_left_out() -> None:
    traced, stream = followed('cps: 1\nout: s "bd*4" # reverb 0.5 0.5 0.3', tail="auto", cycles=Fraction(2))
    assert 0 < sum(len(one.tasks_s) for one in traced.windows) < stream.report.tasks
    assert traced.windows[-1].window.last_frame >= stream.rendering.part.end_frame


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


def test_farm_plan_prints_the_longest_chain_as_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.ph").write_text(CONFIGS["q"], encoding="utf-8")
    command = ["plan", str(tmp_path / "a.ph"), "--cycles", "2", "--tail", "none", "--threads", "2"]
    farm.main([*command, "--measured", "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)["measured"]
    assert 0 < found["chain_s"] < found["tasks_s"]
    assert found["share"] == pytest.approx(found["chain_s"] / found["tasks_s"])
    assert sum(found["chain_groups_s"].values()) == pytest.approx(found["chain_s"])
    assert sum(found["groups_s"].values()) == pytest.approx(found["tasks_s"])
    assert all(found["groups_s"][key] >= took > 0 for key, took in found["chain_groups_s"].items())
    farm.main([*command, "--measured"], standalone_mode=False)
    assert re.search(r"longest chain +[0-9.]+ (µs|ms) of [0-9.]+ ms as measured: [0-9]+ %", capsys.readouterr().out)
    farm.main(command, standalone_mode=False)
    assert "longest chain" not in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [tmp_path / "a.ph"]
