"""Copies of the project, for tests that write into one."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def copied(root: Path) -> Path:
    """Copies the project's files to `root`, which is new; they share this one's .venv. Gives `root`."""
    ignored = shutil.ignore_patterns(".git", ".venv*", "__pycache__", "build", "*.egg-info", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, root, ignore=ignored)
    (root / ".venv").symlink_to(ROOT / ".venv")
    return root
