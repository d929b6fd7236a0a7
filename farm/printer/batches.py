"""What `farm batch` tells: a bar on a terminal, plain lines elsewhere, lines of JSON where they are asked for."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from farm.printer.numbers import columns
from farm.printer.streams import is_coloured, is_terminal, tell
from farm.quantities import counted, size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from farm.batch.order import Order
    from farm.batch.outcome import Failure
    from farm.batch.running import BatchEnd, Standing

REFRESH_S = 0.1
LINE_S = 1.0
SHOWN = 10
"""Failures that are told at the end."""


class BatchDisplay(Protocol):
    """Who is told of a batch."""

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """Kernels, before it begins."""

    def again(self, order: Order, failure: Failure) -> None:
        """A job gets another try."""

    def put_aside(self, order: Order, failure: Failure) -> None:
        """A job failed for good."""

    def stands(self, standing: Standing, over: bool) -> None:
        """How far it is."""


class BatchLines:
    """Plain lines: one at each tenth, not more than one a second; failures at once unless it is `quiet`."""

    def __init__(self, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet, self.clock = quiet, clock
        self.told_s, self.told_tenth = clock(), 0

    def __enter__(self) -> BatchLines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """A line at the beginning."""
        if not self.quiet and done == 0 and total:
            tell(f"compiling {counted(total, 'kernel')} for this machine, once")

    def again(self, order: Order, failure: Failure) -> None:
        """A line."""
        if not self.quiet:
            tell(f"{order.outs[0]}: {failure.message}; once more")

    def put_aside(self, order: Order, failure: Failure) -> None:
        """The reason, with its place."""
        tell(f"{order.outs[0]}: put aside\n{failure.text}")

    def stands(self, standing: Standing, over: bool) -> None:
        """A line, if one is due."""
        tenth = 10 * (standing.done + standing.put_aside) // max(1, standing.todo)
        now = self.clock()
        if self.quiet or over or tenth <= self.told_tenth or now - self.told_s < LINE_S:
            return
        self.told_s, self.told_tenth = now, tenth
        tell(f"{standing.done} of {counted(standing.todo, 'job')}, {pace(standing)}")


class BatchJson:
    """A line of JSON on standard error each second, and one for each failure."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.told_s = -math.inf

    def __enter__(self) -> BatchJson:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """A line."""
        tell(json.dumps({"event": "compiling", "done": done, "total": total}))

    def again(self, order: Order, failure: Failure) -> None:
        """A line."""
        tell(json.dumps({"event": "again", "file": order.outs[0], "failure": failure.as_json()}))

    def put_aside(self, order: Order, failure: Failure) -> None:
        """A line."""
        tell(json.dumps({"event": "put_aside", "file": order.outs[0], "failure": failure.as_json()}))

    def stands(self, standing: Standing, over: bool) -> None:
        """A line, if one is due, and at the end."""
        now = self.clock()
        if now - self.told_s >= LINE_S or over:
            self.told_s = now
            tell(json.dumps({"event": "over" if over else "stands", **standing_as_json(standing)}))


class BatchBar:
    """A bar on the terminal, with what each job process is on; wiped away at the end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        texts = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}")
        console = Console(file=sys.stderr, no_color=not is_coloured(sys.stderr), highlight=False, markup=False)
        # Standard output stays untouched: results go there.
        self.progress = Progress(*texts, console=console, auto_refresh=False, transient=True, redirect_stdout=False)
        self.clock, self.drawn_s = clock, -math.inf
        self.task = self.progress.add_task("batch", total=None, note="")

    def __enter__(self) -> BatchBar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self.progress.stop()

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """How many kernels."""
        with contextlib.suppress(OSError):
            note = f"{done} of {counted(total, 'kernel')}"
            self.progress.update(self.task, description="compiling", completed=done, total=total, note=note)
            self.progress.refresh()

    def again(self, order: Order, failure: Failure) -> None:
        """A line above the bar."""
        self.above(f"{order.outs[0]}: {failure.message}; once more")

    def put_aside(self, order: Order, failure: Failure) -> None:
        """The reason, above the bar."""
        self.above(f"{order.outs[0]}: put aside\n{failure.text}")

    def above(self, text: str) -> None:
        """Text that stays."""
        with contextlib.suppress(OSError):
            self.progress.console.print(text, soft_wrap=True)

    def stands(self, standing: Standing, over: bool) -> None:
        """Draws it, if a moment has passed."""
        now = self.clock()
        if now - self.drawn_s < REFRESH_S and not over:
            return
        self.drawn_s = now
        done = standing.done + standing.put_aside
        on = "  ".join(file.rpartition("/")[2] for _, file in standing.at_work)
        note = f"{done} of {standing.todo}, {pace(standing)}" + (f"\n{on}" if on else "")
        with contextlib.suppress(OSError):
            self.progress.update(self.task, description="batch", completed=done, total=standing.todo, note=note)
            self.progress.refresh()


def batch_progress(quiet: bool, how: str) -> AbstractContextManager[BatchDisplay]:
    """The display that suits standard error; `how` is auto, plain, or json."""
    if how == "json":
        return BatchJson()
    if quiet or how == "plain" or not is_terminal(sys.stderr):
        return BatchLines(quiet)
    return BatchBar()


def pace(standing: Standing) -> str:
    """How fast it goes, and how long it still takes."""
    wall_s = max(standing.wall_s, 1e-9)
    parts = [f"{standing.done / wall_s:.1f} files/s", f"{standing.sound_s / wall_s:.0f} s of sound/s"]
    if standing.left_s is not None:
        parts.append(f"{clock(standing.left_s)} left")
    if standing.put_aside:
        parts.append(f"{standing.put_aside} put aside")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """A time for people: `12 s`, `3:05`, `2:10:00`."""
    whole = math.ceil(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def standing_as_json(standing: Standing) -> dict[str, Any]:
    """For documents and lines of JSON."""
    return {
        "todo": standing.todo,
        "done": standing.done,
        "put_aside": standing.put_aside,
        "sound_s": round(standing.sound_s, 3),
        "wall_s": round(standing.wall_s, 3),
        "left_s": None if standing.left_s is None else round(standing.left_s, 1),
        "at_work": [{"process": name, "file": file} for name, file in standing.at_work],
    }


def batch_summary(end: BatchEnd, skipped: Mapping[str, int], manifest: str, failed: str) -> str:
    """What a batch made."""
    stands = end.standing
    wall_s = max(stands.wall_s, 1e-9)
    fast = f", {stands.sound_s / wall_s:.1f} × real time" if stands.done else ""
    lines = [f"{counted(stands.done, 'job')} done in {stands.wall_s:.2f} s: {stands.sound_s:.1f} s of sound{fast}"]
    lines += [f"  {counted(count, 'job')} left alone: {why}" for why, count in skipped.items()]
    lines.append(f"  {manifest}")
    if end.failures:
        lines.append(f"  {counted(len(end.failures), 'job')} put aside, see {failed}:")
        lines += [f"    {file}: {failure.message}" for file, failure in end.failures[:SHOWN]]
        if len(end.failures) > SHOWN:
            lines.append(f"    … and {len(end.failures) - SHOWN:,} more")
    left = stands.todo - stands.done - stands.put_aside
    if left:
        lines += [f"  ended early: {end.stopped}"] if end.stopped else []
        lines.append(f"  {counted(left, 'job')} not done: the same command with --resume does the rest")
    return "\n".join(lines)


def dry_page(rows: Sequence[Mapping[str, Any]], seconds: float, bytes_: int, jobs: int) -> str:
    """What a batch would do: a row for each job, at most a hundred, and what it would take."""
    shown = [(row["files"][0], "render" if row["render"] else "leave", row["why"]) for row in rows[:100]]
    lines = columns(shown) if shown else []
    if len(rows) > len(shown):
        lines.append(f"… and {counted(len(rows) - len(shown), 'more job')}")
    whole = f"{counted(jobs, 'job')} to do: about {clock(seconds)} of CPU time, {size(bytes_)}"
    return "\n".join([*lines, whole])
