"""Room for deep nests: a nested pattern is a nest of closures, up to 20 frames a level and 400 levels.

Python counts the frames of its functions against a limit of the whole process. Since 3.11 they lie on the heap, so that
the limit of 1000 protects nothing here; it is raised while a score is read or its patterns are asked, and is what it
was when the last of these threads is through.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

FRAMES = 20_000

_turn = threading.Lock()
_before: list[int] = []
"""The limit as it was, once for each block that is under way: the first is the caller's."""


@contextmanager
def deep() -> Iterator[None]:
    """In this block calls may nest `FRAMES` deep."""
    with _turn:
        _before.append(sys.getrecursionlimit())
        sys.setrecursionlimit(max(_before[0], FRAMES))
    try:
        yield
    finally:
        with _turn:
            first = _before[0]
            _before.pop()
            if not _before:
                sys.setrecursionlimit(first)
