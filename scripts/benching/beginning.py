"""What a small render takes beside a process that imports the libraries it stands on, CPU seconds in turns."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from processes import FARM, timed
from workloads import ROOT

BASE = [sys.executable, "-P", "-c", "import numpy, click, llvmlite.binding"]
"""The base process."""
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
"""Threads that numpy starts would take longer than it does; modules are kept compiled, as installed ones are."""
MORE = 200
"""Nodes that are added to those there are, and transforms: four times as many."""
OLD_ENOUGH_S = 2.5
"""How long an index of names waits before it trusts the times of files (`workers.index`)."""
NODE = '''"""One of many nodes."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Param, Port, node

AMOUNT = Param("amount", "1", 0.5, 0.0, 1.0, "how much")


@node(role="effect", ports=(Port("input"),), params=(AMOUNT,), memory=STATELESS, cost_ns=0.1, example="out: {name} 1")
def {name}(input: Any, amount: Any, out: Any, frames: int) -> None:
    """A factor."""
    for i in range(frames):
        out[i] = input[i] * amount[i]
'''
TRANSFORM = '''"""One of many transforms."""

from __future__ import annotations

from farm.pattern.pattern import Pattern
from farm.pattern.register import transform


@transform
def {name}(pattern: Pattern) -> Pattern:
    """Plays it.

    {name} $ "a"  ->  a
    """
    return pattern
'''


def grown(root: Path) -> Path:
    """A copy of this checkout's packages with `MORE` nodes and transforms."""
    for package in ("farm", "workers"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    for number in range(MORE):
        name = f"more_{number:03}"
        (root / "workers" / "nodes" / f"{name}.py").write_text(NODE.format(name=name), encoding="utf-8")
        path = root / "farm" / "pattern" / "transforms" / f"{name}_turned.py"
        path.write_text(TRANSFORM.format(name=f"{name}_turned"), encoding="utf-8")
    return root


def beside_base(arguments: Sequence[str], runs: int) -> dict[str, float]:
    """CPU seconds of the base process and of `farm ARGUMENTS`, warm, and ratios: of this checkout and of a grown one.

    Medians; a ratio is that of two processes that ran one after the other.
    """
    with TemporaryDirectory(prefix="farm-measure-") as name:
        folder = Path(name)
        many = {"PYTHONPATH": str(grown(folder / "many"))}
        time.sleep(OLD_ENOUGH_S)
        command = [*FARM, *arguments]
        turns: list[tuple[float, float, float]] = []
        for _ in range(2 + runs):
            base, here, there = (
                timed(one, folder, {**ENVIRONMENT, **more}).cpu_s
                for one, more in ((BASE, {}), (command, {}), (command, many))
            )
            turns.append((base, here, there))
    counted = turns[2:]
    return {
        "base_cpu_s": median(base for base, _, _ in counted),
        "second_cpu_s": median(here for _, here, _ in counted),
        "second_over_base": median(here / base for base, here, _ in counted),
        "many_over_base": median(there / base for base, _, there in counted),
    }
