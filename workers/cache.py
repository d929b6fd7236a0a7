"""The folder for what is made once and kept: compiled kernels, decoded sounds."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`FARM_CACHE`, else `XDG_CACHE_HOME`/ph-farm, else ~/.cache/ph-farm; a temporary folder when none is writable."""
    wanted = os.environ.get("FARM_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "ph-farm"
    )
    folder = Path(wanted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    import tempfile

    fallback = Path(tempfile.gettempdir()) / f"ph-farm-{os.getuid()}"
    fallback.mkdir(mode=0o700, exist_ok=True)
    return fallback
