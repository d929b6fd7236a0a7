"""Workers end with the process of their coordinator: not later, and not earlier."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from farm.rendering.backends.local import LocalBackend
from farm.rendering.session import Session
from workers import lifeline

from .pools import ROOT, inline, pooled, rendered
from .test_leaks import TEXT, eventually, gone

COORDINATOR = """
    import sys, threading, time
    from farm.rendering.session import Session
    from tests.pool.pools import rendered
    from tests.pool.test_leaks import TEXT

    sessions = []

    def start():
        sessions.append(Session())
        rendered(TEXT, sessions[0], backend="local", threads=2)
        ((backend,),) = sessions[0]._warm.backends.values()
        print(*(worker.pid for worker in backend.pool.workers), flush=True)

    def wait():
        start()
        time.sleep(600)

    if __name__ == "__main__":
        what = {"main": wait, "thread": lambda: run(wait), "ended thread": lambda: (run(start), time.sleep(600))}
        def run(target):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        what[sys.argv[1]]()
"""
LATE_S = 2.0
"""Far above what it takes (0.02 s): other tests may have the machine."""


@contextmanager
def coordinator(where: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process whose session has a pool, which was started in this thread of it; and the workers."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(COORDINATOR), where],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, [int(pid) for pid in process.stdout.readline().split()]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("portable", ["0", "1"])
@pytest.mark.parametrize("where", ["main", "thread", "ended thread"])
def test_workers_end_with_their_coordinator(where: str, portable: str) -> None:
    with coordinator(where, FARM_PORTABLE=portable) as (process, workers):
        assert len(workers) == 2
        assert not eventually(lambda: any(map(gone, workers)), 0.2)
        process.kill()
        assert eventually(lambda: all(map(gone, workers)), LATE_S)


def test_a_worker_that_stands_still_ends_with_its_coordinator() -> None:
    with coordinator("main") as (process, workers):
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        process.kill()
        assert eventually(lambda: all(map(gone, workers)), LATE_S)


@pytest.mark.parametrize("portable", ["0", "1"])
def test_the_end_of_the_thread_that_started_a_pool_is_not_the_pools(
    portable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_PORTABLE", portable)
    expected = inline(TEXT).sha256
    with Session() as session:
        for _ in range(3):
            thread = threading.Thread(
                target=lambda: rendered(TEXT, session, backend="local", threads=2), name="a caller's"
            )
            thread.start()
            thread.join()
            ((backend,),) = session._warm.backends.values()
            assert isinstance(backend, LocalBackend) and backend.pool is not None
            workers = [worker.pid for worker in backend.pool.workers]
            report = rendered(TEXT, session, backend="local", threads=2)
            assert (report.sha256, report.replaced_workers) == (expected, 0)
            assert [worker.pid for worker in backend.pool.workers] == workers


def test_an_older_kernel_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        if os.fork() == 0:
            os.write(writer, b"%d\n" % os.getpid())
            lifeline.wait_for_end(os.getppid())
        signal.pause()
    with open(reader) as told:
        child = int(told.readline())
    assert not eventually(lambda: gone(child), 0.2)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    assert eventually(lambda: gone(child), LATE_S)
    os.close(writer)


def test_a_worker_whose_coordinator_is_gone_already_ends_at_once() -> None:
    for of_main_thread in (False, True):
        child = os.fork()
        if child == 0:
            lifeline.end_with(os.getpid(), of_main_thread)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_a_pool_of_a_thread_leaves_nothing() -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(pooled(TEXT, 2).sha256))
    thread.start()
    thread.join()
    assert found == [inline(TEXT).sha256]
