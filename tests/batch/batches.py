"""Batches for tests: short scores, a command line in a process of its own, and what lies in a folder."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCORES = {
    "drums": 'tempo: 2\nout: s "bd hh*2 [sn|cp] hh?"\n',
    "bass": 'tempo: 2\n~cut: 800\nout: saw "55 82.5" # lpf ~cut 1 * 0.4\n',
}
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith("FARM_") or name == "FARM_CACHE"
}


def scores_in(folder: Path) -> list[str]:
    """The scores, as files of a folder; their names."""
    for name, text in SCORES.items():
        (folder / f"{name}.ph").write_text(text, encoding="utf-8")
    return [f"{name}.ph" for name in SCORES]


def job_list(folder: Path, count: int, **more: Any) -> str:
    """A list of so many short jobs, of both scores; its name."""
    rows = [
        {"score": f"{[*SCORES][n % 2]}.ph", "out": f"{n % 3}/{n:03}.wav", "cycles": 1, "seed": n, "rate": 8000, **more}
        for n in range(count)
    ]
    (folder / "jobs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return "jobs.jsonl"


def farm(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command line in a folder."""
    command = [sys.executable, "-P", "-m", "farm", *words]
    where = {**ENVIRONMENT, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run(command, cwd=folder, env=where, capture_output=True, text=True, timeout=240, check=False)


def begun(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Begins a command line in a folder."""
    command = [sys.executable, "-P", "-m", "farm", *words]
    pipe = subprocess.PIPE
    where = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=folder, env=where, stdout=pipe, stderr=pipe, text=True)


def lines(path: Path) -> list[dict[str, Any]]:
    """What a manifest says."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def sounds(folder: Path) -> dict[str, str]:
    """The digest of each file below a folder that is a sound, by its path there."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".jsonl"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


TIMES = ("wall_s", "cpu_s", "times_real_time", "tries")
"""What two runs of the same batch need not have in common."""


def truth(path: Path) -> list[dict[str, Any]]:
    """What a manifest says that is the same in every run, in order of files."""
    said = [{key: value for key, value in one.items() if key not in TIMES} for one in lines(path)]
    return sorted(said, key=lambda one: str(one["file"]))


def children(pid: int) -> Sequence[int]:
    """The processes that one has started."""
    try:
        return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    except OSError:
        return []
