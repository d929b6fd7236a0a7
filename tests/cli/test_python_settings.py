"""What a person asks of Python by its variables and options leaves farm as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from farm.pattern.register import transforms
from workers.catalog import catalog
from workers.docstrings import docstring, from_source

ROOT = Path(__file__).resolve().parents[2]


def call(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in a folder, with these variables of Python and no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FARM_"))}
    cache = {"FARM_CACHE": os.environ["FARM_CACHE"]} if "FARM_CACHE" in os.environ else {}
    return subprocess.run(
        command,
        cwd=folder,
        env={**kept, **cache, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.ph").write_text('out: s "bd*2" $ every 2 rev\n')
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHONOPTIMIZE", "1"),
        ("PYTHONOPTIMIZE", "2"),
        ("PYTHONHOME", "/nowhere"),
        ("PYTHONINSPECT", "1"),
        ("PYTHONSTARTUP", "/nowhere.py"),
        ("PYTHONWARNINGS", "error"),
        ("PYTHONPLATLIBDIR", "nowhere"),
        ("PYTHONEXECUTABLE", "/nowhere"),
        ("PYTHONPATH", ":"),
        ("PYTHONSAFEPATH", "1"),
        ("PYTHONNOUSERSITE", "1"),
    ],
)
def test_r18_variables_of_python_leave_a_checkout_as_it_is(folder: Path, name: str, value: str) -> None:
    done = call(folder, str(ROOT / "scripts/farm"), "render", "a.ph", "--cycles", "1", "--quiet", **{name: value})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (folder / "a.wav").exists()


@pytest.mark.parametrize(
    "line",
    ["--help", "render --help", "nodes lpf", "nodes", "patterns every", "patterns", "check a.ph", "nodes adsr --json"],
)
@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_r18_an_installed_farm_says_the_same_without_docstrings(folder: Path, line: str, option: str) -> None:
    path = {"PYTHONPATH": str(ROOT)}
    usual = call(folder, sys.executable, "-P", "-m", "farm", *line.split(), **path)
    assert usual.returncode == 0, usual.stderr
    without = call(folder, sys.executable, "-P", option, "-m", "farm", *line.split(), **path)
    assert (without.returncode, without.stdout, without.stderr) == (0, usual.stdout, usual.stderr)


def test_r18_an_installed_farm_renders_the_same_without_docstrings(folder: Path) -> None:
    path = {"PYTHONPATH": str(ROOT)}
    line = "render a.ph --cycles 2 --quiet --threads 2 --backend local"
    made = []
    for option in ("-P", "-OO"):
        done = call(folder, sys.executable, "-P", option, "-m", "farm", *line.split(), **path)
        assert done.returncode == 0, done.stderr
        made.append((folder / "a.wav").read_bytes())
    assert made[0] == made[1]


def test_the_source_holds_every_docstring_that_is_read() -> None:
    functions = [*(one.function for one in transforms().values()), *(one.kernel for one in catalog().values())]
    assert len(functions) > 50
    for function in functions:
        assert from_source(function) == docstring(function), function
