"""The scripts that set up and run the project, and the lock they install from."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXECUTABLE = ["scripts/farm", "scripts/test", ".ci/run"]

# Plays every python in the tests of scripts/venv.sh: says what it was asked to install, and fails when FAIL names it.
FAKE_PYTHON = """#!/bin/bash
case "$*" in
    *ensurepip*) [[ -z ${TOO_OLD-} ]] && echo "$FAKE" ;;
    *'-m venv'*) [[ ${FAIL-} != venv ]] && mkdir -p "${!#}/bin" && cp "$FAKE" "${!#}/bin/python" ;;
    *'-m pip'*) echo install >>"$LOG"; sleep 0.1; [[ ${FAIL-} != pip ]] ;;
    *) echo "ran $* in $PWD" ;;
esac
"""


def locked() -> dict[str, str]:
    """Versions by canonical name, as the lock pins them."""
    lines = (ROOT / "configs/lock.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def named_in_project() -> list[str]:
    extras = PROJECT["optional-dependencies"].values()
    return [*PROJECT["dependencies"], *(requirement for extra in extras for requirement in extra)]


class Checkout:
    """A folder with the scripts and the lock, on a PATH where every Python is the fake one."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "check out"
        self.log = folder / "log"
        bin_folder = folder / "bin"
        (self.root / "scripts").mkdir(parents=True)
        for script in ["farm", "venv.sh"]:
            shutil.copy(ROOT / "scripts" / script, self.root / "scripts")
        (self.root / "configs").mkdir()
        self.lock = self.root / "configs/lock.txt"
        self.lock.write_text("one==1\n", encoding="utf-8")
        bin_folder.mkdir()
        for tool in ["bash", "cp", "env", "flock", "mkdir", "mv", "readlink", "rm", "sha256sum", "sleep"]:
            (bin_folder / tool).symlink_to(shutil.which(tool) or tool)
        fake = bin_folder / "python3"
        fake.write_text(FAKE_PYTHON, encoding="utf-8")
        fake.chmod(0o755)
        self.env = {"PATH": str(bin_folder), "FAKE": str(fake), "LOG": str(self.log)}

    def start(self, **env: str) -> subprocess.Popen[str]:
        command = [str(self.root / "scripts/farm"), "render", "a b.ph"]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env={**self.env, **env}, cwd=self.root.parent, stdout=pipe, stderr=pipe, text=True
        )

    def farm(self, **env: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr of one run of scripts/farm."""
        process = self.start(**env)
        out, err = process.communicate(timeout=20)
        return process.returncode, out, err

    def installs(self) -> int:
        return len(self.log.read_text(encoding="utf-8").splitlines()) if self.log.exists() else 0


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize("script", EXECUTABLE)
def test_scripts_are_executable_bash(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


@pytest.mark.parametrize("script", [*EXECUTABLE, "scripts/venv.sh"])
def test_scripts_parse(script: str) -> None:
    done = subprocess.run(["bash", "-n", ROOT / script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("requirement", named_in_project())
def test_lock_pins_what_the_project_names(requirement: str) -> None:
    wanted = Requirement(requirement)
    assert wanted.specifier.contains(locked()[canonicalize_name(wanted.name)])


@pytest.mark.parametrize("name", locked())
def test_lock_pins_what_its_packages_need(name: str) -> None:
    for requirement in map(Requirement, requires(name) or []):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            assert requirement.specifier.contains(locked()[canonicalize_name(requirement.name)]), requirement


def test_first_run_installs_and_later_runs_do_not(checkout: Checkout) -> None:
    ran = f"ran -P -m farm render a b.ph in {checkout.root.parent}\n"
    status, out, err = checkout.farm()
    assert (status, out) == (0, ran)
    assert "takes about a minute" in err
    assert checkout.farm() == (0, ran, "")
    assert checkout.installs() == 1


def test_a_changed_lock_is_installed(checkout: Checkout) -> None:
    checkout.farm()
    leftover = checkout.root / ".venv/leftover"
    leftover.touch()
    checkout.lock.write_text("one==2\n", encoding="utf-8")
    assert checkout.farm()[0] == 0
    assert checkout.installs() == 2
    assert not leftover.exists()


def test_the_venv_of_another_checkout_is_left_as_it_is(checkout: Checkout) -> None:
    checkout.farm()
    (checkout.root / ".venv").rename(checkout.root.parent / "theirs")
    theirs = checkout.root.parent / "theirs" / "lock.sha256"
    stamp = theirs.read_text(encoding="utf-8")
    (checkout.root / ".venv").symlink_to(theirs.parent)
    assert checkout.farm()[0] == 0
    assert checkout.installs() == 1, "it fits, and is used"
    checkout.lock.write_text("one==2\n", encoding="utf-8")
    assert checkout.farm()[0] == 0
    assert checkout.installs() == 2
    assert theirs.read_text(encoding="utf-8") == stamp
    assert not (checkout.root / ".venv").is_symlink()


@pytest.mark.parametrize("stage", ["venv", "pip"])
def test_a_failed_build_is_an_error_and_is_done_again(checkout: Checkout, stage: str) -> None:
    status, out, err = checkout.farm(FAIL=stage)
    assert (status, out) == (1, "")
    assert "could not" in err
    before = checkout.installs()
    assert checkout.farm()[0] == 0
    assert checkout.installs() == before + 1


def test_a_killed_build_is_done_again(checkout: Checkout) -> None:
    checkout.farm()
    (checkout.root / ".venv/lock.sha256").unlink()
    assert checkout.farm()[0] == 0
    assert checkout.installs() == 2


def test_two_at_once_install_once(checkout: Checkout) -> None:
    both = [checkout.start(), checkout.start()]
    results = [process.communicate(timeout=20) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(out.startswith("ran ") for out, _ in results)
    assert checkout.installs() == 1


def test_r26_a_clone_that_cannot_be_written_is_told_in_one_line(checkout: Checkout) -> None:
    # A folder in the lock's place stops root as well.
    (checkout.root / ".venv.lock").mkdir()
    status, out, err = checkout.farm()
    assert (status, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith(f"farm: this clone cannot be written ({checkout.root}): let its owner run scripts/farm once")
    assert line.endswith(f"python3 -m pip install {checkout.root}".replace("check out", "check\\ out"))


def test_a_ready_clone_whose_python_cannot_be_run_says_so(checkout: Checkout) -> None:
    assert checkout.farm()[0] == 0
    # As for somebody else: what stops root as well.
    (checkout.root / ".venv.lock").unlink()
    (checkout.root / ".venv.lock").mkdir()
    (checkout.root / ".venv/bin/python").unlink()
    (checkout.root / ".venv/bin/python").symlink_to("/nowhere/python3")
    status, out, err = checkout.farm()
    assert (status, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith(
        "farm: you cannot run the Python of this clone (/nowhere/python3): let its owner permit it, or "
    )
    assert line.endswith(f"python3 -m pip install {checkout.root}".replace("check out", "check\\ out"))


def test_the_first_page_names_every_script() -> None:
    (listed,) = re.findall(r"^scripts/ +(.*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    there = [path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and os.access(path, os.X_OK)]
    assert sorted(listed.split()) == sorted(there)


def test_without_a_fit_python_the_message_says_what_to_do(checkout: Checkout) -> None:
    status, out, err = checkout.farm(TOO_OLD="yes", PYTHON="/no/such/python")
    assert (status, out) == (1, "")
    assert "needs Python 3.11 or newer" in err
    assert "/no/such/python" in err
    assert not (checkout.root / ".venv").exists()
