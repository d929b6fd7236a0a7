"""What an installed wheel costs: its first render beside its second, and a short one beside the imports it needs."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from processes import Failed, Took, timed
from workloads import ROOT, SCORES

PIP = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--quiet"]
IMPORTS = "import numpy, click, llvmlite.binding"
SHORT = ("--duration", "1", "--tail", "none", "--quiet")
REPEATS = 5
"""Of short commands, for each environment: the least counts."""


@dataclass(frozen=True, slots=True)
class Installed:
    """Medians over environments that were made anew. CPU seconds.

    `first_s`, `second_s`: `farm render q.ph --cycles 8` with a cache that is empty and cannot be written. `compiled`:
    kernels that the first compiled. `short_s`: a second of q, warm; `imports_s`: a process that imports numpy, click
    and llvmlite.binding.
    """

    first_s: float
    second_s: float
    compiled: int
    short_s: float
    imports_s: float


def installed(runs: int) -> Installed:
    """Makes the wheel, and installs it once a run. Raises Failed."""
    took: list[tuple[float, ...]] = []
    compiled = 0
    with TemporaryDirectory(prefix="farm-measure-") as name:
        folder = Path(name)
        done([str(ROOT / "scripts" / "wheel"), "--out", name], folder)
        (wheel,) = folder.glob("*.whl")
        (folder / "file").write_bytes(b"")
        # A folder below a file is none, and cannot be made.
        nowhere, cache = folder / "file" / "cache", folder / "cache"
        for number in range(runs):
            environment = made(folder / f"env{number}", wheel)
            first, second = (used(environment, nowhere, "--cycles", "8", "--json") for _ in range(2))
            compiled = max(compiled, first.answer["compiled_kernels"])
            short_s, imports_s = [], []
            used(environment, cache, *SHORT)
            for _ in range(REPEATS):
                short_s.append(used(environment, cache, *SHORT).cpu_s)
                imports_s.append(timed([sys.executable, "-P", "-c", IMPORTS], folder, ALONE).cpu_s)
            took.append((first.cpu_s, second.cpu_s, min(short_s), min(imports_s)))
    first_s, second_s, least_s, needed_s = (median(column) for column in zip(*took))
    return Installed(first_s, second_s, compiled, least_s, needed_s)


ALONE = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}


def made(environment: Path, wheel: Path) -> Path:
    """An environment with the wheel, and what it depends on from this one."""
    done([sys.executable, "-I", "-m", "venv", "--without-pip", str(environment)], wheel.parent)
    python = str(environment / "bin" / "python")
    done([*PIP, "--python", python, "install", "--no-index", "--no-deps", str(wheel)], wheel.parent)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return environment


def used(environment: Path, cache: Path, *options: str) -> Took:
    """A render of q by what is installed there."""
    caches = {"FARM_CACHE": str(cache), "XDG_CACHE_HOME": str(cache), "PYTHONPATH": "", "FARM_NODES": ""}
    command = [str(environment / "bin" / "farm"), "render", str(SCORES / "q.ph"), "out.wav", *options]
    return timed(command, environment.parent, caches)


def done(command: list[str], folder: Path) -> None:
    """Runs what is not measured. Raises Failed."""
    ended = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    if ended.returncode:
        raise Failed(f"{' '.join(command)}: exit status {ended.returncode}\n{ended.stderr.strip()}")
