"""The plain path - spawned workers, no pinning, short sleeps instead of futexes - gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from farm.rendering.backends.local import LocalBackend
from farm.rendering.session import Session
from tests.render.scores import SCORES
from workers import cores

from .pools import CONFIGS, ROOT, inline, killing, rendered

pytestmark = pytest.mark.usefixtures("portable")


@pytest.fixture
def portable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forces the plain path."""
    monkeypatch.setenv("FARM_PORTABLE", "1")


def test_the_plain_path_is_taken() -> None:
    assert cores.portable()
    with Session() as session:
        rendered(SCORES["effects"], session, backend="local", threads=2)
        ((backend,),) = session._warm.backends.values()
        assert isinstance(backend, LocalBackend)
        assert backend.pool is not None
        assert backend.pool.context.get_start_method() == "spawn"
        assert backend.pool.cpus == (None, None)
        for worker in backend.pool.workers:
            assert len(os.sched_getaffinity(worker.pid)) == len(cores.allowed_cpus())


def test_spawned_workers_give_the_same_bytes() -> None:
    with Session() as session:
        for name in ("q", "stereo", "stress"):
            expected = inline(CONFIGS[name]).sha256
            for chunk in (256, 2048):
                report = rendered(CONFIGS[name], session, backend="local", threads=2, chunk=chunk)
                assert report.sha256 == expected, name
                assert report.backend == "local"


def test_spawned_workers_may_be_killed() -> None:
    how = {"cycles": Fraction(40), "chunk": 64}
    expected = inline(SCORES["bus voices"], **how).sha256
    with killing(2) as killed:
        report = rendered(SCORES["bus voices"], backend="local", threads=2, **how)
    assert report.sha256 == expected
    assert len(killed) == 2
    assert report.replaced_workers >= 1


def test_the_command_line_takes_the_plain_path(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "farm", "render", str(ROOT / "configs/scores/bass.ph")]
    options = "--cycles 2 --threads 2 --backend local --quiet"
    made = []
    for value in ("1", "0"):
        out = tmp_path / f"{value}.wav"
        subprocess.run(
            [*command, str(out), *options.split()],
            env={**os.environ, "PYTHONPATH": str(ROOT), "FARM_PORTABLE": value},
            check=True,
        )
        made.append(out.read_bytes())
    assert made[0] == made[1]
