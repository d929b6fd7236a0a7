"""Renders on pools for tests: hashes, and workers killed on the way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from farm.plan.plan import WindowPlan
from farm.rendering.backends.local import LocalBackend
from farm.rendering.report import Report
from farm.rendering.session import Session
from tests.render.sound import asked, run, score
from workers.targets import objects

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "configs/scores").glob("*.ph"))}
WHOLE = 1 << 15
"""A chunk longer than any of these renders."""


def rendered(text: str, session: Session | None = None, **options: Any) -> Report:
    """The report of a render into nothing: one cycle at 8 kHz, if nothing else is said."""
    return run(score(text), asked(**options), warm=None if session is None else session._warm)


def pooled(text: str, workers: int, **options: Any) -> Report:
    """The same on a pool."""
    return rendered(text, backend="local", threads=workers, **options)


def inline(text: str, **options: Any) -> Report:
    """The same in this process."""
    return rendered(text, backend="inline", **options)


def level_or_best(level: str | None) -> str | None:
    """A CPU level, or None where this machine cannot run it: then its best."""
    return level if level in objects.host_levels() else None


@contextmanager
def killing(count: int) -> Iterator[list[int]]:
    """SIGKILLs that many workers of every pool meanwhile, one after another; gives the list of whom.

    The first dies as soon as it has work, the others when a fifth more of the window's tasks is done each.
    """
    killed: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        start, watch = LocalBackend.start, LocalBackend.watch

        def kill(backend: LocalBackend) -> None:
            assert backend.pool is not None
            alive = [worker.pid for worker in backend.pool.workers if worker.process.is_alive()]
            if alive:
                killed.append(alive[len(killed) % len(alive)])
                os.kill(killed[-1], signal.SIGKILL)

        def started(backend: LocalBackend, window: WindowPlan, sheet: int, more: bool) -> None:
            start(backend, window, sheet, more)
            if not killed and count:
                kill(backend)

        def watched(backend: LocalBackend, timeout_s: float) -> None:
            watch(backend, timeout_s)
            agenda = backend.agenda
            done = agenda is not None and agenda.going and agenda.done_of(agenda.going[0]).mean() > 0.2 * len(killed)
            if len(killed) < count and done:
                kill(backend)

        patch.setattr(LocalBackend, "start", started)
        patch.setattr(LocalBackend, "watch", watched)
        yield killed


def segments(pid: int) -> list[str]:
    """Arenas of a process that lie in shared memory."""
    return [name for name in os.listdir("/dev/shm") if name.startswith(f"farm-{pid}-")]
