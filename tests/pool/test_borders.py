"""Between two windows nobody stands: what a window needs is there before the one in front of it is over."""

from __future__ import annotations

import os
import signal
import time
from fractions import Fraction
from typing import Any

import pytest

from farm.rendering.backends.agenda import Agenda
from farm.rendering.backends.local import LocalBackend
from tests.render.scores import SCORES

from .pools import inline, pooled


@pytest.mark.parametrize("name", ["bus voices", "effects"])
def test_windows_join_those_that_run_and_workers_stand_only_where_the_arena_grows(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"cycles": Fraction(8), "chunk": 128, "window_frames": 1024}
    expected = inline(SCORES[name], **asked).sha256
    happened: list[str] = []

    def watched(place: type, what: str) -> None:
        plain = getattr(place, what)

        def noting(self: Any, *arguments: Any) -> Any:
            happened.append(f"{what} {len(self.agenda.going)}" if what == "start" else what)
            return plain(self, *arguments)

        monkeypatch.setattr(place, what, noting)

    for what in ("hold", "grown_arena", "start", "order"):
        watched(LocalBackend, what)
    assert pooled(SCORES[name], 2, **asked).sha256 == expected
    windows, grown = happened.count("order"), happened.count("grown_arena")
    assert windows > 10 and 1 <= grown < windows // 2
    assert happened.count("hold") == grown == happened.count("start 0")
    assert happened.count("start 1") == windows - grown
    # It begins as soon as it is planned, which is while the one before it runs.
    joined = [at for at, what in enumerate(happened) if what == "start 1"]
    assert all(happened[at - 1] == "order" for at in joined)


@pytest.mark.parametrize("name", ["bus voices", "effects"])
def test_a_worker_may_die_when_a_window_is_over(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"cycles": Fraction(6), "chunk": 128, "window_frames": 1024}
    expected = inline(SCORES[name], **asked).sha256
    backends: list[LocalBackend] = []
    over = [0]
    plain_start, plain_finished = LocalBackend.start, Agenda.finished

    def started(self: LocalBackend, *arguments: Any) -> None:
        backends[:] = [self]
        plain_start(self, *arguments)

    def finished(self: Agenda, *arguments: Any) -> None:
        plain_finished(self, *arguments)
        over[0] += 1
        pool = backends[0].pool
        if over[0] % 3 == 1 and pool is not None:
            os.kill(pool.workers[over[0] % 2].pid, signal.SIGKILL)

    monkeypatch.setattr(LocalBackend, "start", started)
    monkeypatch.setattr(Agenda, "finished", finished)
    report = pooled(SCORES[name], 2, **asked)
    assert over[0] > 6
    assert report.replaced_workers >= 2
    assert report.sha256 == expected


def test_a_report_says_how_long_workers_stood(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"cycles": Fraction(24), "chunk": 256}
    complete = Agenda.complete

    def slowly(self: Agenda, first: int, count: int) -> None:
        time.sleep(0.005 * count)
        complete(self, first, count)

    monkeypatch.setattr(Agenda, "complete", slowly)
    report = pooled(SCORES["effects"], 2, **asked)
    assert 0.1 < report.stood_s < 2 * report.wall_s
    assert 0.1 < report.stood_share < 1.0
    assert inline(SCORES["effects"]).stood_s == 0.0
