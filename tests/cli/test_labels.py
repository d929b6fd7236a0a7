"""`farm render --labels`: what is asked for reaches the render; what cannot be meant is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Ran

Farm = Callable[..., Ran]


def test_formats_reach_the_render(farm: Farm, calls: list[tuple[str, Any]]) -> None:
    assert farm("render", "song.ph", "--labels", "jams, MID").status == 0
    assert ("labels", ("jams", "mid")) in calls


def test_the_variable_says_them_too(farm: Farm, calls: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_LABELS", "csv")
    assert farm("render", "song.ph").status == 0
    assert ("labels", ("csv",)) in calls
    monkeypatch.setenv("FARM_LABELS", "cvs")
    told = farm("render", "song.ph")
    assert told.status == 2
    assert "`cvs` is no format of labels" in told.err
    assert "did you mean `csv`?; the variable FARM_LABELS sets --labels" in told.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--labels", "midi"), "did you mean `mid`?"),
        (("--labels", "jams,jams"), "names `jams` twice"),
        (("--labels", ""), "nothing is no format of labels"),
    ],
)
def test_what_cannot_be_meant(farm: Farm, calls: list[tuple[str, Any]], given: tuple[str, ...], said: str) -> None:
    told = farm("render", "song.ph", *given)
    assert (told.status, calls) == (2, [])
    assert said in told.err


def test_a_pipe_has_no_labels(process: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = process("render", "song.ph", "-", "--labels", "csv")
    assert done.returncode == 2
    assert "OUT `-` is none" in done.stderr and not done.stdout


def test_a_render_without_labels_imports_nothing_of_them(tmp_path: Path) -> None:
    (tmp_path / "a.ph").write_text('out: s "bd"')
    code = (
        "import sys; from farm.cli import run;"
        " status = run(['render', 'a.ph', 'a.wav', '--cycles', '1', '--backend', 'inline', '--quiet']);"
        " print(status, sorted(one for one in sys.modules if one.startswith('farm.labels')))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr
