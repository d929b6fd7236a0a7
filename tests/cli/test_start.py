"""`farm --help` and `import farm` are quick, because they import next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.conftest import ROOT

HEAVY = {"numpy", "numba", "llvmlite", "soundfile", "rich", "psutil", "fractions", "json"}


def in_fresh_python(code: str) -> str:
    """What the code prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("line", ["--help", "render --help", "nodes --help", "--version"])
def test_help_imports_click_and_nothing_else(line: str) -> None:
    code = f"import sys; from farm import cli; cli.run({line.split()!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    assert "click" in modules
    assert not modules & HEAVY
    ours = {name for name in modules if name.partition(".")[0] in {"farm", "workers"}}
    # Options have levels of machine code among their values, and the list of commands needs none of these.
    levels = {"workers", "workers.levels"} if line.endswith(" --help") else set[str]()
    named = {"farm", "farm.cli", "farm.version"} | levels
    assert {".".join(name.split(".")[:2]) for name in ours} == named


def test_import_farm_loads_nothing() -> None:
    loaded = in_fresh_python(
        "import sys; before = {*sys.modules}; import farm; print(*{*sys.modules} - before)"
    ).split()
    assert {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names} == {
        "farm",
        "farm.version",
    }
    assert not {*loaded} & HEAVY


def test_main_holds_libraries_to_one_thread() -> None:
    code = """
import os, sys
from farm import cli
sys.argv = ["farm", "--version"]
try:
    cli.main()
except SystemExit as end:
    print(end.code, [os.environ[name] for name in cli.ONE_THREAD])
"""
    assert in_fresh_python(code) == "farm 0.1.0\n0 ['1', '1', '1', '1']\n"


def test_the_names_of_the_package_come_with_their_first_use() -> None:
    code = """
import sys
from types import ModuleType
import farm
session, score = ModuleType("farm.rendering.session"), ModuleType("farm.graph.score")
score.load, session.render = "load", "render"
packages = {name: ModuleType(name) for name in ("farm.rendering", "farm.graph")}
sys.modules.update({**packages, "farm.rendering.session": session, "farm.graph.score": score})
print(farm.load, farm.render, farm.RenderOptions(cycles=3).cycles, set(farm.__all__) <= set(dir(farm)))
try:
    farm.rendr
except AttributeError as problem:
    print(problem)
"""
    assert in_fresh_python(code) == "load render 3 True\nmodule 'farm' has no attribute 'rendr'\n"
