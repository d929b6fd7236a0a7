"""Processes that need the same kernels at once: one compiles, the others wait, and go on when it is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workers import cache
from workers.targets import keys, objects
from workers.turns import turn

from .test_objects import KERNEL, LEVEL, ROOT

ENSURE = """
import sys
from workers.targets import keys, objects
found = objects.ensure(
    [sys.argv[2], "run"], sys.argv[1],
    progress=lambda done, total, kept: print("compiling", done, total, kept, flush=True),
    waiting=lambda: print("waiting", flush=True),
)
print("ready", *sorted(found), flush=True)
"""
HOLD = """
import sys, time
from workers import cache
from workers.turns import turn
with cache.writable(*sys.argv[1].split("/")) as folder, turn(folder, sys.argv[2], lambda: False, None):
    print("held", flush=True)
    time.sleep(600)
"""


def start(code: str, folder: Path, *args: str) -> subprocess.Popen[str]:
    """Starts Python with a cache folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FARM_CACHE": str(folder)}
    command = [sys.executable, "-P", "-c", code, *args]
    return subprocess.Popen(command, env=environment, cwd=folder, text=True, stdout=subprocess.PIPE)


def test_three_cold_processes_compile_each_kernel_once(tmp_path: Path) -> None:
    running = [start(ENSURE, tmp_path, LEVEL, KERNEL) for _ in range(3)]
    said = [process.communicate(timeout=300)[0].splitlines() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert all(lines[-1] == f"ready {KERNEL} run" for lines in said)
    assert sum(line.startswith("compiling") and line.split()[1] != "0" for lines in said for line in lines) == 2
    # Who comes while the first is at it says so; who comes later finds it done.
    assert sum("waiting" in lines for lines in said) <= 2
    assert all("waiting" in lines or lines[0].startswith(("compiling", "ready")) for lines in said)


@pytest.fixture
def held(tmp_path: Path) -> subprocess.Popen[str]:
    """A process that has the lock, and compiles nothing."""
    shelf = objects.Shelf(keys.toolchain(), LEVEL)
    process = start(HOLD, tmp_path, "/".join(shelf.below), objects.LOCK)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_dies_with_its_holder(tmp_path: Path, held: subprocess.Popen[str], number: int) -> None:
    waiting = start(ENSURE, tmp_path, LEVEL, KERNEL)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waiting\n"
    held.send_signal(number)
    held.wait()
    said = waiting.communicate(timeout=300)[0].splitlines()
    assert said[0] == "compiling 0 2 True"
    assert said[-1] == f"ready {KERNEL} run"


def test_who_finds_what_it_needs_while_it_waits_goes_on(
    tmp_path: Path, held: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (found, *_) = (objects.ensure([KERNEL, "run"], LEVEL),)
    waiting = start(ENSURE, tmp_path, LEVEL, KERNEL)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waiting\n"
    monkeypatch.setenv("FARM_CACHE", str(tmp_path))
    shelf = objects.Shelf(keys.toolchain(), LEVEL)
    with cache.writable(*shelf.below) as folder:
        for name, code in found.items():
            objects.keep(folder, shelf, keys.title(name), code)
    assert waiting.communicate(timeout=60)[0] == f"ready {KERNEL} run\n"
    assert held.poll() is None
    held.kill()
    held.wait()


def test_nobody_waits_where_nothing_can_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with turn(None, "lock", lambda: False, None):
        pass
    monkeypatch.setenv("FARM_CACHE", str(tmp_path))
    with cache.writable() as folder:
        (tmp_path / "lock").mkdir()
        with turn(folder, "lock", lambda: False, None):
            pass

        def cannot(*_: object) -> None:
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr("fcntl.flock", cannot)
        with turn(folder, "other", lambda: False, None):
            pass


def test_turns_of_one_process_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CACHE", str(tmp_path))
    said: list[str] = []
    started = time.monotonic()
    with cache.writable() as folder:
        with turn(folder, "lock", lambda: False, None):
            # Another descriptor is another holder, in this process too.
            with turn(folder, "lock", lambda: bool(said), lambda: said.append("waiting")):
                assert said == ["waiting"]
            assert time.monotonic() - started > 1.0
        with turn(folder, "lock", lambda: False, lambda: said.append("again")):
            pass
    assert said == ["waiting"]
    assert (tmp_path / "lock").stat().st_mode & 0o077 == 0, "who could read it could lock it"
