"""CPU seconds in the report: every process and every moment is in one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from farm.rendering.report import CpuSeconds, Duty
from farm.rendering.session import Session
from farm.rendering.spent import Spent
from tests.pool.pools import CONFIGS, ROOT, killing
from tests.render.sound import asked, score

LONG = ("stress.ph", "--cycles", "16", "--tail", "none", "--json")
SHORT = ("q.ph", "--duration", "1", "--tail", "none", "--json")


def busy(seconds: float) -> None:
    """Uses CPU time."""
    import time

    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def sum_and_whole(tmp_path: Path, name: str, *options: str) -> tuple[dict[str, float], float]:
    """The CPU seconds of a document, and those of its process and of all that it started."""
    command = [sys.executable, "-P", "-m", "farm", "render", str(ROOT / "configs/scores" / name)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command += [str(tmp_path / "a.wav"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        report: dict[str, Any] = json.loads(process.stdout.read())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return report["cpu_s"], used.ru_utime + used.ru_stime


@pytest.mark.parametrize("backend", [("inline",), ("local", "--threads", "2")])
def test_their_sum_is_that_of_all_processes(tmp_path: Path, backend: tuple[str, ...]) -> None:
    cpu_s, whole_s = sum_and_whole(tmp_path, *LONG, "--backend", *backend)
    assert list(cpu_s) == [str(duty) for duty in Duty]
    assert min(cpu_s.values()) >= 0
    assert all(cpu_s[name] > 0 for name in cpu_s if name != "waiting")
    # It is `kernels` that takes longest here: they were told apart, and not all put into one.
    assert max(cpu_s, key=cpu_s.__getitem__) == "kernels"
    assert 0.97 * whole_s < sum(cpu_s.values()) <= whole_s


@pytest.mark.parametrize("backend", [("inline",), ("local", "--threads", "2")])
def test_it_is_in_a_render_of_a_second_too(tmp_path: Path, backend: tuple[str, ...]) -> None:
    """How workers start and end is counted, and what lies between the parts of a render."""
    found = []
    for _ in range(3):
        cpu_s, whole_s = sum_and_whole(tmp_path, *SHORT, "--backend", *backend)
        assert sum(cpu_s.values()) <= whole_s
        assert max(cpu_s, key=cpu_s.__getitem__) == "starting"
        found.append(sum(cpu_s.values()) / whole_s)
    assert max(found) > 0.97


def test_what_is_nothing_else_is_starting(tmp_path: Path) -> None:
    with Session() as session:
        report = session.render_file(score(CONFIGS["q"]), tmp_path / "a.wav", asked(cycles=Fraction(1), bits="32f"))
    spent, whole = report.cpu_s, report.of_process(100.0, 0.125).cpu_s
    assert whole.all_s == pytest.approx(100.0)
    assert whole.reading_s == spent.reading_s + 0.125
    assert whole.starting_s == pytest.approx(100.0 - 0.125 - (spent.all_s - spent.starting_s))
    assert (whole.kernels_s, whole.hashing_s, whole.waiting_s) == (spent.kernels_s, spent.hashing_s, spent.waiting_s)


def test_what_a_thread_is_on_counts_once_and_callers_do_not() -> None:
    spent = Spent()
    busy(0.02)
    with spent.on(Duty.OUTPUT):
        busy(0.02)
        with spent.on(Duty.HASHING):
            busy(0.03)
        with spent.on(None):
            busy(0.05)
            with spent.on(Duty.WRITING):
                busy(0.04)
        busy(0.02)
    spent.move(0.01, Duty.OUTPUT, Duty.READING)
    found = spent.cpu
    for name, seconds in {"output": 0.03, "hashing": 0.03, "writing": 0.04, "reading": 0.01}.items():
        assert seconds <= getattr(found, f"{name}_s") < seconds + 0.005, name
    assert found.planning_s == found.starting_s == found.waiting_s == 0
    assert found.all_s == pytest.approx(sum(spent.cpu_s.values()))


@pytest.mark.parametrize("options", [{"backend": "inline"}, {"backend": "local", "threads": 2}])
def test_renders_of_a_warm_session_are_told_apart(options: dict[str, Any], tmp_path: Path) -> None:
    loaded, given = score(CONFIGS["q"]), asked(cycles=Fraction(8), bits="32f", **options)
    with Session() as session:
        first, second, third = (session.render_file(loaded, tmp_path / "a.wav", given).cpu_s for _ in range(3))
        assert all(isinstance(one, CpuSeconds) for one in (first, second, third))
        assert second.starting_s < first.starting_s
        # Nothing of one render is in the next: neither doubles what it took.
        assert 0.2 < third.kernels_s / second.kernels_s < 5
        assert second.kernels_s > 0 and second.hashing_s > 0 and second.writing_s > 0 and second.planning_s > 0
        if options["backend"] == "inline":
            assert second.waiting_s == pytest.approx(0, abs=1e-9)


def test_what_dead_workers_spent_is_in_it(tmp_path: Path) -> None:
    loaded = score(CONFIGS["q"])
    with Session() as session, killing(2) as killed:
        report = session.render_file(
            loaded, tmp_path / "a.wav", asked(cycles=Fraction(8), bits="32f", chunk=64, backend="local", threads=2)
        )
        assert len(killed) == 2
        assert report.replaced_workers == 2
        assert report.cpu_s.kernels_s > 0
        assert report.cpu_s.waiting_s >= 0
