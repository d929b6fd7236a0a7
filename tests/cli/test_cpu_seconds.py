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

LONG = ("--cycles", "16", "--tail", "none", "--json")


def busy(seconds: float) -> None:
    """Uses CPU time."""
    import time

    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@pytest.mark.parametrize("backend", [("inline",), ("local", "--threads", "2")])
def test_their_sum_is_that_of_all_processes(tmp_path: Path, backend: tuple[str, ...]) -> None:
    command = [sys.executable, "-P", "-m", "farm", "render", str(ROOT / "configs/scores/stress.ph")]
    command += [str(tmp_path / "a.wav"), "--backend", *backend, *LONG]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        report: dict[str, Any] = json.loads(process.stdout.read())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    cpu_s = report["cpu_s"]
    assert list(cpu_s) == [str(duty) for duty in Duty]
    assert min(cpu_s.values()) >= 0
    assert all(cpu_s[name] > 0 for name in cpu_s if name != "waiting")
    # It is `kernels` that takes longest here: they were told apart, and not all put into one.
    assert max(cpu_s, key=cpu_s.__getitem__) == "kernels"
    whole_s = used.ru_utime + used.ru_stime
    assert 0.97 * whole_s < sum(cpu_s.values()) <= whole_s


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
