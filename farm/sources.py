"""Which farm this is: a digest of its sources, and the versions of what its results depend on."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from farm.version import __version__
from workers.catalog import node_folders

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("farm", "workers")
LIBRARIES = ("numpy", "numba", "llvmlite")


@cache
def sources_digest() -> str:
    """SHA-256 of the sources of `farm` and `workers`, and of nodes of one's own: 64 hexadecimal digits."""
    whole = hashlib.sha256()
    places = [(ROOT, sorted((ROOT / package).rglob("*.py"))) for package in PACKAGES]
    places += [(folder, sorted(folder.glob("*.py"))) for folder in node_folders()]
    for root, paths in places:
        for path in paths:
            content = path.read_bytes()
            whole.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
            whole.update(content)
    return whole.hexdigest()


def identity() -> str:
    """What hosts must have in common to give equal bytes: version and sources of farm, Python, numpy, numba, llvmlite.

    For example `farm 0.1.0 3ef9a1..., Python 3.11, numpy 2.4.6, numba 0.68.1, llvmlite 0.50.0`.
    """
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    libraries = [f"{name} {installed(name)}" for name in LIBRARIES]
    return ", ".join([f"farm {__version__} {sources_digest()}", python, *libraries])


def installed(library: str) -> str:
    """The version of a library, or `missing`."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"
