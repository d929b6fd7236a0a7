"""What a person is told of workers that died or stand still."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from farm.errors import Notice, RenderError
from farm.plan.plan import GroupPlan, WindowPlan
from farm.rendering.backends.over_arena import lost_sample
from workers.slab import Extract, changed
from workers.wire import Task
from workers.worker import MEMORY_LOST, SAMPLE_LOST

Ints = NDArray[np.int64]


def lost_memory(codes: Collection[int], parts: Sequence[Extract], path: str) -> RenderError | None:
    """The error where workers ended with these codes because a sample's file or the arena at `path` is gone."""
    if SAMPLE_LOST in codes or -signal.SIGBUS in codes:
        lost = changed(parts) or next((one.path for one in parts if not os.access(one.path, os.R_OK)), None)
        if lost is not None or SAMPLE_LOST in codes:
            return lost_sample(lost or "a sample's file")
    if MEMORY_LOST in codes:
        return RenderError(f"{path} vanished while workers were using it", hint="render it again")
    return None


def ends_of(codes: Collection[int]) -> set[str]:
    """How workers ended, as people say it."""
    return {signal.Signals(-code).name if code < 0 else f"status {code}" for code in codes}


def never_began(codes: Collection[int]) -> RenderError:
    """The error for workers that die before they do anything."""
    return RenderError(
        f"workers end again and again before they do anything: {', '.join(sorted(ends_of(codes)))}",
        hint="`--backend inline` runs without workers",
    )


def deadly_task(codes: Collection[int], group: GroupPlan, window: WindowPlan, row: Ints) -> RenderError:
    """The error for a task of a group, a row of a window, that killed two workers."""
    names = ends_of(codes)
    nodes = ", ".join(dict.fromkeys(label.name for label in group.labels))
    chunk = window.first_chunk + int(row[Task.CHUNK])
    usual = "a sample file that became shorter meanwhile" if "SIGBUS" in names else "out of memory"
    return RenderError(
        f"two workers died of the same task: `{group.name}` ({nodes}), chunk {chunk}, frames "
        f"{int(row[Task.FRAME])} to {int(row[Task.FRAME] + row[Task.FRAMES])}: {', '.join(sorted(names))}",
        hint=f"{usual} is the usual reason; `--backend inline` runs without workers",
    )


def standing_still(number: int, pid: int, seconds: float, stopped: bool) -> Notice:
    """What to say of a worker that all wait for; it has not moved for so many seconds, or a signal `stopped` it."""
    name = f"farm-worker-{number} (pid {pid})"
    if stopped:
        return Notice(f"{name} is stopped: the render waits for it", None, f"`kill -CONT {pid}` lets it go on")
    hint = f"this machine may be short of memory, or a disk slow; `kill -KILL {pid}` gives its task to another"
    return Notice(f"{name} has not moved for {seconds:g} s: the render waits for it", None, hint)
