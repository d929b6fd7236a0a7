"""Workers that hang, tasks that kill, values that are not finite: the right thing happens, and it is said."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import psutil
import pytest

from farm.errors import FarmError, Notice, RenderError
from farm.rendering.backends import local
from farm.rendering.backends.local import LocalBackend
from farm.rendering.coordinator import Died
from farm.rendering.outline import outline
from farm.rendering.session import Session
from farm.rendering.stream import run
from farm.rendering.warm import Warm
from tests.render.sound import asked, score
from workers import cores, worker

from .pools import inline, killing, pooled, rendered

TEXT = 'cps: 1\n~w: saw 110 # lpf (sine 0.3 * 400 + 900) 1\nout: s "~w*64" # ar 0.1 2 # gain 0.02\n'
OPTIONS = {"cycles": Fraction(12)}
HUGE = "1000000000000000"


def stopped_in_a_task(backend: LocalBackend) -> bool:
    """SIGSTOPs worker 0 if that catches it inside a task."""
    assert backend.pool is not None
    pid = backend.pool.workers[0].pid
    if backend.claim(0) < 0:
        return False
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.002)
    if backend.claim(0) >= 0:
        return True
    os.kill(pid, signal.SIGCONT)
    return False


@pytest.fixture
def at_each_look(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[LocalBackend], None]], None]:
    """Has something called whenever the coordinator looks at its workers, which it does often."""
    watch = LocalBackend.watch
    monkeypatch.setattr(local, "CPU_CHECK_S", 0.02)

    def call(look: Callable[[LocalBackend], None]) -> None:
        def watched(backend: LocalBackend, timeout_s: float) -> None:
            look(backend)
            watch(backend, timeout_s)

        monkeypatch.setattr(LocalBackend, "watch", watched)

    return call


Looking = Callable[[Callable[[LocalBackend], None]], None]


def test_a_stopped_worker_does_not_count_as_hung(at_each_look: Looking) -> None:
    """It uses no CPU time; when it goes on, so does the render."""
    expected = inline(TEXT, **OPTIONS).sha256
    stopped_at: list[float] = []
    longest: list[float] = []

    def look(backend: LocalBackend) -> None:
        backend.coordinator.hung_cpu_s = 0.05
        if not stopped_at:
            if stopped_in_a_task(backend):
                stopped_at.append(time.monotonic())
        elif time.monotonic() - stopped_at[0] > 0.6 and not longest:
            assert backend.pool is not None and backend.claim(0) >= 0
            longest.append(time.monotonic() - stopped_at[0])
            os.kill(backend.pool.workers[0].pid, signal.SIGCONT)

    at_each_look(look)
    report = pooled(TEXT, 2, **OPTIONS)
    assert stopped_at and longest
    assert report.sha256 == expected
    assert report.replaced_workers == 0


class Watcher:
    """An observer that lets workers go on once it was told that they stand still."""

    def __init__(self) -> None:
        self.told: list[Notice] = []

    def begins(self, assumed: int | None) -> None:
        """Nothing."""

    def compiling(self, done: int, total: int) -> None:
        """Nothing."""

    def rendering(self, frames_done: int, frames_total: int | None) -> None:
        """Nothing."""

    def warning(self, notice: Notice) -> None:
        """Lets it go on. On a machine that is short of time others may be told of, too: they only wait for it."""
        if "is stopped" not in notice.message:
            return
        self.told.append(notice)
        found = re.search(r"pid (\d+)", notice.message)
        assert found is not None
        assert psutil.Process(int(found[1])).status() == psutil.STATUS_STOPPED
        os.kill(int(found[1]), signal.SIGCONT)


@pytest.mark.parametrize("where", ["hold", "start", "collect", "detach", "a task"])
def test_a_worker_that_is_stopped_is_told_of_and_waited_for(
    where: str, at_each_look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    how: dict[str, Any] = {**OPTIONS, "backend": "local", "threads": 2}
    how |= {"cycles": Fraction(40), "chunk": 1 << 15} if where == "a task" else {"window_frames": 8000}
    expected = inline(TEXT, cycles=how["cycles"]).sha256
    stopped: list[int] = []

    def stop(backend: LocalBackend) -> None:
        if not stopped and backend.pool is not None and backend.arena is not None:
            stopped.append(backend.pool.workers[0].pid)
            os.kill(stopped[0], signal.SIGSTOP)

    def look(backend: LocalBackend) -> None:
        if where == "a task" and not stopped and backend.pool is not None and stopped_in_a_task(backend):
            stopped.append(backend.pool.workers[0].pid)

    at_each_look(look)
    if where != "a task":
        step = getattr(LocalBackend, where)
        monkeypatch.setattr(
            LocalBackend, where, lambda backend, *arguments: (stop(backend), step(backend, *arguments))[1]
        )
    watcher = Watcher()
    with Warm() as warm:
        report = run(outline(score(TEXT), asked(**how)), warm, len, watcher)
    assert report.sha256 == expected
    assert report.replaced_workers == 0
    assert stopped
    assert [one.message for one in watcher.told] == [
        f"farm-worker-0 (pid {stopped[0]}) is stopped: the render waits for it"
    ]
    assert watcher.told[0].hint == f"`kill -CONT {stopped[0]}` lets it go on"
    assert watcher.told[0] in report.notices


def test_a_worker_that_is_stopped_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = inline(TEXT).sha256
    monkeypatch.setattr(local, "LEAVE_S", 0.1)
    leave = LocalBackend.leave
    stopped: list[int] = []

    def left(backend: LocalBackend) -> None:
        if backend.pool is not None and not stopped:
            stopped.append(backend.pool.workers[1].pid)
            os.kill(stopped[0], signal.SIGSTOP)
        leave(backend)

    monkeypatch.setattr(LocalBackend, "leave", left)
    with Session() as session:
        for _ in range(2):
            report = rendered(TEXT, session, backend="local", threads=2)
            assert (report.sha256, report.replaced_workers) == (expected, 0)
        assert not psutil.pid_exists(stopped[0])


def test_a_worker_that_spends_its_cpu_time_in_one_task_is_killed(
    at_each_look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands still in a task; a false clock says that it works and works."""
    expected = inline(TEXT, **OPTIONS).sha256
    hung: list[int] = []

    def look(backend: LocalBackend) -> None:
        assert backend.pool is not None
        if not hung and stopped_in_a_task(backend):
            hung.append(backend.pool.workers[0].pid)

    at_each_look(look)
    monkeypatch.setattr(cores, "cpu_seconds", lambda pid: 200.0 * time.monotonic() if pid in hung else 0.0)
    report = pooled(TEXT, 2, **OPTIONS)
    assert hung
    assert report.sha256 == expected
    assert report.replaced_workers == 1


def test_a_task_that_kills_two_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalBackend, "claim", lambda self, worker: 30)
    with killing(2), pytest.raises(RenderError) as caught:
        # So long a window that it is not over before the second death is seen.
        pooled(TEXT, 2, chunk=128, cycles=Fraction(30), window_frames=200_000)
    message = caught.value.message
    assert message.startswith("two workers died of the same task: `~w` (saw, ")
    assert "lpf" in message
    assert "chunk " in message and "frames " in message
    assert message.endswith("SIGKILL")
    assert caught.value.hint is not None and "--backend inline" in caught.value.hint
    assert pooled(TEXT, 2, chunk=128, cycles=Fraction(1, 8)).frames == 1000, "the next render is not harmed"


def test_a_session_goes_on_after_a_render_that_ended_while_a_death_was_being_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = inline(TEXT).sha256
    leave = LocalBackend.leave

    def left_in_disorder(backend: LocalBackend) -> None:
        assert backend.pool is not None
        os.kill(backend.pool.workers[0].pid, signal.SIGKILL)
        backend.obey(backend.coordinator.decide(Died(0, -1)))
        assert backend.coordinator.halted
        leave(backend)

    monkeypatch.setattr(LocalBackend, "leave", left_in_disorder)
    with Session() as session:
        for workers in (1, 2, 1, 2):
            report = rendered(TEXT, session, backend="local", threads=workers)
            assert report.sha256 == expected
            assert report.replaced_workers == 0


def test_workers_that_cannot_start_end_the_render(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "name_process", lambda name: name == "farm" or os._exit(3))
    with pytest.raises(RenderError, match="before they do anything: status 3"):
        pooled(TEXT, 2)


def test_shared_memory_that_vanishes_is_named(at_each_look: Looking) -> None:
    """Workers that take the place of dead ones find nothing to map."""
    removed: list[str] = []

    def look(backend: LocalBackend) -> None:
        if not removed and backend.arena is not None and backend.pool is not None:
            removed.append(backend.arena.path)
            os.unlink(backend.arena.path)
            for worker in backend.pool.workers:
                os.kill(worker.pid, signal.SIGKILL)

    at_each_look(look)
    with pytest.raises(RenderError) as caught:
        pooled(TEXT, 2, cycles=Fraction(60))
    assert caught.value.message == f"{removed[0]} vanished while workers were using it"


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("chunk", [64, 2048])
def test_a_value_that_is_not_finite_names_node_and_frame(workers: int, chunk: int) -> None:
    text = f"cps: 1\n~calm: sine 5\nout: ~calm + sine 1 * {HUGE} * {HUGE} * 1000000000"
    errors = []
    for render in (inline, lambda text, **how: pooled(text, workers, **how)):
        with pytest.raises(FarmError) as caught:
            render(text, chunk=chunk)
        errors.append(caught.value)
    assert errors[0].message == errors[1].message
    assert errors[0].loc == errors[1].loc
    assert "`*` in `out` gives a value that is not finite at frame " in errors[1].message


def test_a_late_value_that_is_not_finite_is_found_windows_later() -> None:
    text = f'cps: 4\n~loud: saw 100 * {HUGE} * {HUGE} * {HUGE}\nout: s "<bd!7 ~loud>"'
    how = {"cycles": Fraction(9), "chunk": 128, "window_frames": 2000}
    with pytest.raises(FarmError) as caught:
        pooled(text, 2, **how)
    assert "`*` in `~loud`" in caught.value.message
    frame = int(caught.value.message.split("at frame ")[1].split(" ")[0])
    assert 14_000 // 128 * 128 <= frame < 14_010
