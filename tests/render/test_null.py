"""The null backend: planning as a whole needs no machine code."""

from __future__ import annotations

import pytest

from farm.errors import UsageError
from farm.graph.score import load
from farm.rendering.backends import NAMES, backend
from farm.rendering.warm import Warm
from tests.render.scores import SCORES
from tests.render.sound import asked, frames, report, run
from tests.scores.fingerprint import SCORES as FILES
from workers.targets import objects

PLANNED = ("frames", "voices", "voices_peak", "tasks", "banks", "notices")


@pytest.fixture
def no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither compiling nor loading is possible."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("machine code is asked for")

    for name in ("provide", "ensure", "load", "host_levels"):
        monkeypatch.setattr(objects, name, refuse)


@pytest.mark.usefixtures("no_code")
@pytest.mark.parametrize("name", FILES)
def test_every_score_is_planned_without_machine_code(name: str) -> None:
    found = run(load(FILES[name]), asked(backend="null"))
    assert found.frames > 0
    assert (found.backend, found.cpu, found.peak_dbfs) == ("null", "none", -float("inf"))


@pytest.mark.parametrize("name", ["samples", "bus voices", "cut groups", "effects"])
def test_what_is_planned_is_what_runs(name: str) -> None:
    planned, ran = report(SCORES[name], backend="null"), report(SCORES[name], backend="inline")
    for field in PLANNED:
        assert getattr(planned, field) == getattr(ran, field), field


def test_it_is_silent() -> None:
    assert not frames(SCORES["effects"], backend="null").any()


def test_backends_are_found_by_their_names() -> None:
    with Warm() as warm:
        for name in NAMES:
            assert backend(name, warm, 1, "v2").name == name
    with pytest.raises(UsageError, match="backend must be one of"):
        asked(backend="nowhere")
