"""The wheel, installed in an empty environment, away from the clone: README's commands, its Python, the pages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from scripts.shipping import wheel as making
from scripts.shipping.linking import linker
from scripts.shipping.packing import Wheel, write
from tests.copies import ROOT
from workers.levels import NAMES

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "farm" / "docs").glob("*.md"))
CODE = "workers/machine_code"
needs_linker = pytest.mark.skipif(linker() is None, reason="there is no linker here: the wheel brings no machine code")
PIP = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--quiet"]


def block(language: str) -> str:
    """The only block of README in a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return str(found)


COMMANDS = [line.partition("  #")[0].split() for line in block("sh").splitlines()]


def done(command: list[str], folder: Path) -> None:
    ended = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def plain() -> Wheel:
    """The wheel that anybody's pip makes, without a network."""
    return making.plain()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, plain: Wheel) -> Path:
    """The project's wheel, with machine code where there is a linker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "plain", lambda: plain)
        return write(making.built(NAMES), tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def place(wheel: Path) -> Path:
    """A folder with README's score, and an environment `env` with nothing but the wheel and what it depends on."""
    folder = wheel.parent / "place"
    folder.mkdir()
    environment = folder / "env"
    done([sys.executable, "-I", "-m", "venv", "--without-pip", str(environment)], folder)
    python = str(environment / "bin" / "python")
    done([*PIP, "--python", python, "install", "--no-index", "--no-deps", str(wheel)], folder)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    (folder / "first.ph").write_text(block("ph"), encoding="utf-8")
    return folder


def ran(place: Path, program: str, *args: str, **more: str) -> str:
    """What a program of the environment prints; it has no variables of this project, but those given."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("FARM_", "PYTHON"))}
    cache = {name: os.environ[name] for name in ("FARM_CACHE",) if name in os.environ}
    command = [str(place / "env" / "bin" / program), *args]
    ended = subprocess.run(
        command, cwd=place, env={**variables, **cache, **more}, text=True, capture_output=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_wheel_holds_the_packages_sounds_and_pages_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    about = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    assert {name.partition("/")[0] for name in names} - {"farm", "workers"} == {about}
    here = {
        str(path.relative_to(ROOT))
        for top in ("farm", "workers")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.suffix in {".py", ".wav", ".md", ".typed"}
    }
    machine_code = {f"{CODE}/index", *(f"{CODE}/{level}.so" for level in NAMES)} if linker() else set()
    assert {name for name in names if ".dist-info/" not in name} == here | machine_code


@needs_linker
def test_two_wheels_are_equal(wheel: Path, tmp_path: Path) -> None:
    again = subprocess.run(
        [str(ROOT / "scripts" / "wheel"), "--out", str(tmp_path)], text=True, capture_output=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()
    assert again.stdout.startswith(f"{tmp_path / wheel.name}: ")


def test_without_a_linker_a_wheel_brings_no_machine_code_and_says_so(
    plain: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(making, "plain", lambda: plain)
    monkeypatch.setenv("PATH", str(tmp_path))
    making.main(["--out", str(tmp_path)])
    assert "there is no linker here" in capsys.readouterr().err
    (made,) = tmp_path.glob("*.whl")
    assert made.name.endswith("-py3-none-any.whl")
    assert not [name for name in zipfile.ZipFile(made).namelist() if "machine_code" in name]


WITHOUT_A_COMPILER = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
import farm
options = farm.RenderOptions(cycles="1/2", rate=8000, threads=2)
for path in sys.argv[1:]:
    with farm.Session() as session:
        report = session.render_file(farm.load(path), "one.wav", options)
        print(report.compiled_kernels, path)
"""


@needs_linker
def test_no_score_needs_a_compiler(place: Path) -> None:
    """Nor anything from a cache: that could not be loaded."""
    scores = sorted(str(path) for path in (ROOT / "configs" / "scores").glob("*.ph"))
    assert len(scores) > 20
    said = ran(place, "python", "-c", WITHOUT_A_COMPILER, *scores)
    assert said.splitlines() == [f"0 {path}" for path in scores]


@needs_linker
def test_an_empty_cache_that_cannot_be_written_stays_empty(place: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    where = {"FARM_CACHE": str(tmp_path / "file" / "c"), "XDG_CACHE_HOME": str(tmp_path / "file")}
    said = json.loads(ran(place, "farm", "render", "first.ph", "--json", **where))
    assert said["compiled_kernels"] == 0
    assert said["frames"] > 0


NODE = """
\"\"\"A node of one's own.\"\"\"

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Port, node
from workers.simd import F


@node(role="effect", ports=(Port("input"),), memory=STATELESS, cost_ns=0.1, example="out: saw 110 # halved")
def halved(input: Any, out: Any, frames: int) -> None:
    \"\"\"Half as much.\"\"\"
    for i in range(frames):
        out[i] = input[i] * F(0.5)
"""


@needs_linker
def test_a_node_of_one_s_own_is_compiled_and_nothing_else(place: Path, tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "halved.py").write_text(NODE, encoding="utf-8")
    (place / "halved.ph").write_text("out: saw 110 # lpf 800 1 # halved", encoding="utf-8")
    where = {"FARM_NODES": str(tmp_path / "nodes"), "FARM_CACHE": str(tmp_path / "cache")}
    for compiled in (1, 0):
        said = json.loads(ran(place, "farm", "render", "halved.ph", "--json", "--cycles", "1", **where))
        assert said["compiled_kernels"] == compiled
    (kept,) = (tmp_path / "cache").rglob("*.o")
    assert kept.name.startswith("halved_constant-")


@needs_linker
def test_a_library_that_was_changed_is_told_and_compiled_anew(place: Path) -> None:
    (packages,) = (place / "env").glob("lib/python*/site-packages")
    (place / "tone.ph").write_text("out: sine 440 * 0.5", encoding="utf-8")
    render = ("farm", "render", "tone.ph", "--json", "--cycles", "1")
    before = json.loads(ran(place, *render))
    assert before["warnings"] == []
    library = packages / CODE / f"{before['cpu']}.so"
    whole = library.read_bytes()
    library.write_bytes(whole[:-1] + b"!")
    try:
        after = json.loads(ran(place, *render))
    finally:
        library.write_bytes(whole)
    (notice,) = after["warnings"]
    assert notice["message"] == f"{library} is not used: it was changed after it was made"
    assert "install farm again" in notice["hint"]
    assert after["sha256"] == before["sha256"]


def test_what_is_installed_is_not_the_clone(place: Path) -> None:
    found = ran(place, "python", "-c", "import farm, workers; print(farm.__file__, workers.__file__)").split()
    assert all(Path(one).is_relative_to(place / "env") for one in found)


@pytest.mark.parametrize("command", [one for one in COMMANDS if one[0] == "farm"], ids=" ".join)
def test_commands_of_the_readme(place: Path, command: list[str]) -> None:
    ran(place, *command)
    for name in command[2:]:
        if name.endswith((".ph", ".flac")):
            assert (place / name).stat().st_size > 100
    if command[1:] == ["render", "first.ph"]:
        assert (place / "first.wav").stat().st_size > 1_000_000


def test_the_commands_of_the_readme_are_farm_s() -> None:
    assert len(COMMANDS) >= 5
    assert all(one[0] == "farm" for one in COMMANDS)


def test_python_of_the_readme(place: Path) -> None:
    said = ran(place, "python", "-c", block("python"))
    assert re.fullmatch(r"[0-9a-f]{64}\n", said)
    assert (place / "first.flac").stat().st_size > 100_000
    assert len([line for line in block("python").splitlines() if line]) == 5


def test_pages_come_with_the_wheel(place: Path) -> None:
    listed = ran(place, "farm", "docs")
    for path in PAGES:
        assert f"\n{path.stem} " in f"\n{listed}"
        assert ran(place, "farm", "docs", path.stem).splitlines()[0] == path.read_text(encoding="utf-8").splitlines()[0]
    assert ran(place, "farm", "docs", "--man").startswith('.TH "FARM" 1\n')
