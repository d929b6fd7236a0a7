"""The wheel, installed in an empty environment, away from the clone: README's commands, its Python, the pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.copies import ROOT, copied

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "farm" / "docs").glob("*.md"))
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
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, made without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    root = copied(folder / "copy")
    done([*PIP, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", str(folder), str(root)], folder)
    (found,) = folder.glob("*.whl")
    return found


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


def ran(place: Path, program: str, *args: str) -> str:
    """What a program of the environment prints; it has no variables of this project."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("FARM_", "PYTHON"))}
    cache = {name: os.environ[name] for name in ("FARM_CACHE",) if name in os.environ}
    command = [str(place / "env" / "bin" / program), *args]
    ended = subprocess.run(
        command, cwd=place, env={**variables, **cache}, text=True, capture_output=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_wheel_holds_the_packages_sounds_and_pages_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.partition("/")[0] for name in names} - {"farm", "workers"} == {
        f"{wheel.name.split('-py3')[0]}.dist-info"
    }
    here = {
        str(path.relative_to(ROOT))
        for top in ("farm", "workers")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.suffix in {".py", ".wav", ".md", ".typed"}
    }
    assert {name for name in names if ".dist-info/" not in name} == here


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
