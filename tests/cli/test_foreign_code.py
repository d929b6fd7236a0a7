"""No process of farm imports anything from the folder that it is called from, whatever lies beside the score."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from farm.cli.importing import without_here
from workers import starting

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("numba", "llvmlite", "numpy", "workers", "farm", "click", "multiprocessing", "psutil", "soundfile")
MODULES = ("random", "types", "struct", "tempfile", "selectors", "pickle", "subprocess", "sitecustomize")
STARTS = {"types", "farm", "sitecustomize"}
"""What Python imports by itself before farm's first line, where nobody says -P or where PYTHONPATH names the folder."""
QUICK = "--cycles 1 --quiet --threads 2"


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A folder of scores in which somebody put modules that note that they were run."""
    folder = tmp_path / "scores"
    folder.mkdir()
    (folder / "a.ph").write_text("out: sine 440 * 0.5\n")
    note = f"open({str(tmp_path / 'ran')!r}, 'a').write(__name__ + '\\n')\n"
    for name in MODULES:
        (folder / f"{name}.py").write_text(note)
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(note)
    return folder


def ran(folder: Path) -> list[str]:
    """Names of the modules in a folder that were run."""
    note = folder.parent / "ran"
    return note.read_text().split() if note.exists() else []


def call(folder: Path, *command: str, **variables: str) -> str:
    """Runs a command in a folder; what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FARM_", "PYTHON"))}
    cache = os.environ.get("FARM_CACHE")
    known = {"FARM_CACHE": cache} if cache else {}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, **known, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_r12_compiling_runs_nothing_that_lies_beside_the_score(beside: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    call(beside, str(ROOT / "scripts/farm"), "render", "a.ph", *QUICK.split(), FARM_CACHE=str(cache))
    assert ran(beside) == []
    assert (beside / "a.wav").exists()
    assert len(list(cache.rglob("sine_constant-*.o"))) == 1


def test_r12_an_installed_farm_runs_nothing_either(beside: Path, tmp_path: Path) -> None:
    script = tmp_path / "bin" / "farm"
    script.parent.mkdir()
    script.write_text("import sys\nfrom farm.cli import main\nsys.exit(main())\n")
    for name in STARTS:
        shutil.rmtree(beside / name, ignore_errors=True)
        (beside / f"{name}.py").unlink(missing_ok=True)
    # An empty entry of PYTHONPATH means the present folder.
    path = {"PYTHONPATH": f"{ROOT}{os.pathsep}"}
    cache = {"FARM_CACHE": str(tmp_path / "cache")}
    call(beside, sys.executable, str(script), "render", "a.ph", *QUICK.split(), **path, **cache)
    assert ran(beside) == []


@pytest.mark.parametrize("portable", ["0", "1"])
@pytest.mark.parametrize("start", ["module", "safe module", "script", "python"])
def test_r12_nothing_is_run_by_workers_and_warm_starts(beside: Path, tmp_path: Path, start: str, portable: str) -> None:
    script = tmp_path / "bin" / "farm"
    script.parent.mkdir()
    script.write_text("import sys\nfrom farm.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n")
    caller = tmp_path / "bin" / "caller.py"
    caller.write_text(
        "import farm\nfrom fractions import Fraction\nif __name__ == '__main__':\n"
        "    options = farm.RenderOptions(cycles=Fraction(1), backend='local', threads=2)\n"
        "    farm.render_file(farm.load('a.ph'), 'a.wav', options)\n"
    )
    command = {
        "module": [sys.executable, "-m", "farm"],
        "safe module": [sys.executable, "-P", "-m", "farm"],
        "script": [sys.executable, str(script)],
        "python": [sys.executable, str(caller)],
    }[start]
    if start != "safe module":
        for name in STARTS:
            shutil.rmtree(beside / name, ignore_errors=True)
            (beside / f"{name}.py").unlink(missing_ok=True)
    arguments = [] if start == "python" else ["render", "a.ph", *QUICK.split(), "--backend", "local"]
    call(beside, *command, *arguments, PYTHONPATH=str(ROOT), FARM_PORTABLE=portable)
    assert ran(beside) == []
    assert (beside / "a.wav").exists()


def test_r12_the_doctor_runs_nothing(beside: Path) -> None:
    said = call(beside, str(ROOT / "scripts/farm"), "doctor")
    assert ran(beside) == []
    assert "farm can render here" in said


def test_nodes_of_ones_own_are_found_by_a_relative_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FARM_NODES", os.pathsep.join(["mine", "", "/theirs"]))
    assert starting.compiler_environment()["FARM_NODES"] == f"{tmp_path / 'mine'}{os.pathsep}/theirs"


def test_only_what_means_the_present_folder_leaves_the_import_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "link").symlink_to(here)
    monkeypatch.chdir(here)
    lib = str(tmp_path / "lib")
    path = ["", ".", str(here), str(tmp_path / "link"), lib, "/usr/lib/python3"]
    assert without_here(path, str(ROOT)) == [lib, "/usr/lib/python3"]
    assert without_here(path, str(tmp_path / "link")) == path
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", str(here), "../lib", ""]))
    assert starting.import_path() == lib
    assert starting.compiler_environment()["PYTHONPATH"] == f"{ROOT}{os.pathsep}{lib}"
    here.rmdir()
    assert without_here(path, str(ROOT)) == [str(here), str(tmp_path / "link"), lib, "/usr/lib/python3"]
    assert starting.compiler_environment()["PYTHONPATH"].startswith(str(ROOT))


@pytest.mark.parametrize("name", ["PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "NUMBA_OPT"])
def test_what_a_caller_wants_of_his_own_python_does_not_reach_the_compiler(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    assert name not in starting.compiler_environment()
