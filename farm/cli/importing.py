"""Takes the folder that farm is called from off the import path, when this is imported: a file there is not farm's.

`python -m farm` puts it in front of the standard library, an empty entry of PYTHONPATH somewhere among the rest; a
`random.py` or a folder `workers` beside a score would be run. `os` and `sys` are there before the path is looked at.
"""

from __future__ import annotations

import os
import sys


def without_here(path: list[str], own: str) -> list[str]:
    """`path` without the present folder, unless that is `own`: the one that farm itself lies in."""
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:
        # It was removed: only its names are left.
        return [entry for entry in path if os.path.isabs(entry)]
    if here == os.path.realpath(own):
        return path
    return [entry for entry in path if os.path.realpath(entry) != here]


sys.path[:] = without_here(sys.path, os.path.join(os.path.dirname(__file__), "..", ".."))
