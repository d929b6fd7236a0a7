"""What is told of the cache: which of its folders are not used as they were meant, why, and what is done instead."""

from __future__ import annotations

from farm.errors import Notice
from workers import cache


def cache_notices() -> tuple[Notice, ...]:
    """A warning for each thing in the cache that was not used since this was last asked."""
    doubts = cache.told()
    if not doubts:
        return ()
    root = cache.roots("objects").write
    if root is None:
        instead = "what is compiled and decoded is not kept"
    else:
        instead = f"what is missing is compiled and decoded anew, and kept in {root.folder}"
    usual = f"{instead}; FARM_CACHE=FOLDER names another folder"
    return tuple(Notice(one.message, None, one.advice or usual) for one in doubts)
