"""The command line in this process, and in its own, with an engine that is quick."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from farm import cli
from tests.cli import fake_engine

ROOT = Path(__file__).resolve().parents[2]
Process = subprocess.CompletedProcess


class Ran(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def calls() -> Iterator[list[tuple[str, Any]]]:
    """What the fake engine was asked for."""
    fake_engine.calls.clear()
    yield fake_engine.calls
    fake_engine.calls.clear()


@pytest.fixture
def farm(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, calls: list[tuple[str, Any]]
) -> Callable[..., Ran]:
    """Runs a command line in an empty folder, with the fake engine."""
    for name, module in fake_engine.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("FARM_") and name != "FARM_CACHE"]:
        monkeypatch.delenv(variable)

    def run(*args: str) -> Ran:
        status = cli.run(args)
        return Ran(status, *capsys.readouterr())

    return run


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., Process[str]]:
    """Runs a command line as a process of its own, with the fake engine and pipes for its streams."""

    def run(*args: str, env: dict[str, str] | None = None, **how: Any) -> Process[str]:
        command = [sys.executable, "-P", str(ROOT / "tests/cli/fake_engine.py"), *args]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        where = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "CI": "", **(env or {})}
        return subprocess.run(command, cwd=tmp_path, env=where, text=True, timeout=30, check=False, **streams)

    return run
