"""How farm starts Python processes of its own: nothing is imported from the folder that it is called from.

Python puts the present folder in front of everything that it imports from, for `-m` and `-c` alike and for each empty
entry of PYTHONPATH; a `random.py` beside a score would be run instead of the standard library's.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds `workers`."""

UNWANTED = ("PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONSTARTUP", "PYTHONWARNINGS")
"""Variables with which people change how their own Python runs; a compiler under them would hang or stumble."""


def import_path() -> str:
    """PYTHONPATH without what means the present folder, absolute; what is empty then means nothing to Python."""
    if sys.flags.ignore_environment:
        return ""
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return os.pathsep.join(absolute(entry) for entry in entries if not is_here(entry))


def absolute(folder: str) -> str:
    """A path from the root on; as it is where the present folder was removed."""
    try:
        return os.path.abspath(folder)
    except OSError:
        return folder


def is_here(folder: str) -> bool:
    """Whether a path, all links followed, is the present folder and not the one that farm itself lies in."""
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:
        # A present folder that was removed holds nothing.
        return not os.path.isabs(folder)
    return os.path.realpath(folder or here) == here != str(ROOT)


def compiler_environment() -> dict[str, str]:
    """The environment of a process that compiles: what Numba makes does not depend on the caller's variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    for name in UNWANTED if not sys.flags.ignore_environment else (*UNWANTED, "PYTHONHOME"):
        kept.pop(name, None)
    path = import_path()
    kept["PYTHONPATH"] = f"{ROOT}{os.pathsep}{path}" if path else str(ROOT)
    folders = [absolute(folder) for folder in kept.get("FARM_NODES", "").split(os.pathsep) if folder]
    if folders:
        kept["FARM_NODES"] = os.pathsep.join(folders)
    kept.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")})
    return kept


@contextlib.contextmanager
def safe_path() -> Iterator[None]:
    """Python processes that `multiprocessing` starts within import nothing from the present folder either."""
    before = {name: os.environ.get(name) for name in ("PYTHONSAFEPATH", "PYTHONPATH")}
    os.environ["PYTHONSAFEPATH"] = "1"
    if before["PYTHONPATH"] is not None:
        os.environ["PYTHONPATH"] = import_path()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
