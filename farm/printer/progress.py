"""Progress on standard error: a bar on a terminal, plain lines elsewhere.

Rich is imported when there is a bar to draw, and its refresh thread is never started.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from farm.printer.streams import is_coloured, is_terminal, tell, tell_problem

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.progress import Progress

    from farm.errors import Notice

REFRESH_S = 0.05
LINE_S = 1.0
WAITING = "waiting for another farm that compiles kernels"


class Display(Protocol):
    """What a render tells while it runs."""

    told: list[Notice]
    """Warnings that were shown already."""

    def begins(self, assumed: int | None) -> None:
        """The render begins; `assumed`: the cycles that it has because no length was given."""

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """`done` of `total` kernels are compiled; `kept`: for the next time too."""

    def waiting(self) -> None:
        """Another process compiles what this one needs."""

    def rendering(self, frames_done: int, frames_total: int | None) -> None:
        """`frames_done` frames are rendered, of `frames_total`; None while the tail rings on."""

    def warning(self, notice: Notice) -> None:
        """What a person should know at once."""


class Warnings:
    """What every observer does with warnings: they are told at once, and kept, so that nobody says them again."""

    def __init__(self) -> None:
        self.told: list[Notice] = []

    def warning(self, notice: Notice) -> None:
        """A warning, on standard error."""
        self.told.append(notice)
        tell_problem(notice)

    def begins(self, assumed: int | None) -> None:
        """A line where the length is one that nobody asked for."""
        if assumed is not None:
            tell(f"a score is endless: rendering {assumed} cycles (--cycles or --duration say how much)")


class Silence(Warnings):
    """Shows nothing but warnings."""

    def __enter__(self) -> Silence:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begins(self, assumed: int | None) -> None:
        """Nothing."""

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """Nothing."""

    def waiting(self) -> None:
        """Nothing."""

    def rendering(self, frames_done: int, frames_total: int | None) -> None:
        """Nothing."""


class Lines(Warnings):
    """Plain lines: one at each tenth, not more than one a second, none for what takes less than a second."""

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._rate = rate
        self._clock = clock
        self._told_s = clock()
        self._told_tenths: dict[str, int] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """A line at each tenth of the kernels; the first at once, because it says why nothing sounds yet."""
        first = "compiling" not in self._told_tenths
        if total and self._is_due("compiling", 10 * done // total, at_once=first and done < total):
            tell(f"compiling kernels for this machine: {done} of {total} ({_until(kept)})")

    def waiting(self) -> None:
        """A line."""
        tell(WAITING)

    def rendering(self, frames_done: int, frames_total: int | None) -> None:
        """A line at each tenth of the frames, and one for the tail."""
        seconds = frames_done / self._rate
        if frames_total is None:
            if self._is_due("tail", 0):
                tell(f"rendering the tail: {seconds:.1f} s so far")
        elif frames_total and self._is_due("rendering", tenth := min(10, 10 * frames_done // frames_total)):
            tell(f"rendering: {10 * tenth} %, {seconds:.1f} of {frames_total / self._rate:.1f} s")

    def _is_due(self, stage: str, tenth: int, at_once: bool = False) -> bool:
        now = self._clock()
        if tenth <= self._told_tenths.get(stage, -1) or (now - self._told_s < LINE_S and not at_once):
            return False
        self._told_s, self._told_tenths[stage] = now, tenth
        return True


class Bar(Warnings):
    """A bar on the terminal, drawn by the thread that reports progress and wiped away at the end."""

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._rate = rate
        self._clock = clock
        self._stage = "planning"
        self._drawn_s = -math.inf
        self._begun_s: float | None = None
        self._progress = _rich_progress()
        self._task = self._progress.add_task(self._stage, total=None, note="")

    def __enter__(self) -> Bar:
        self._progress.start()
        self._progress.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._progress.stop()

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """The kernels compiled so far."""
        self._draw("compiling", done, total, f"{done} of {total} kernels, {_until(kept)}")

    def waiting(self) -> None:
        """For what."""
        self._draw("waiting", 0, None, WAITING.removeprefix("waiting "))

    def rendering(self, frames_done: int, frames_total: int | None) -> None:
        """The seconds rendered so far and their speed."""
        now = self._clock()
        if self._begun_s is None:
            self._begun_s = now
        seconds = frames_done / self._rate
        of = "" if frames_total is None else f" of {frames_total / self._rate:.1f}"
        wall_s = now - self._begun_s
        speed = f"  {seconds / wall_s:.1f} × real time" if wall_s > REFRESH_S else ""
        stage = "tail" if frames_total is None else "rendering"
        self._draw(stage, frames_done, frames_total, f"{seconds:.1f}{of} s{speed}")

    def _draw(self, stage: str, done: int, total: int | None, note: str) -> None:
        now = self._clock()
        if stage == self._stage and done != total and now - self._drawn_s < REFRESH_S:
            return
        self._stage, self._drawn_s = stage, now
        with contextlib.suppress(OSError):
            self._progress.update(self._task, description=stage, completed=done, note=note)
            self._progress.tasks[0].total = total  # None, "nobody knows", would mean "as before" to `update`
            self._progress.refresh()


def _until(kept: bool) -> str:
    return "kept for the next time" if kept else "not kept: no cache folder can be written"


def _rich_progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}")
    console = Console(file=sys.stderr, no_color=not is_coloured(sys.stderr))
    # Standard output stays untouched: results and JSON go there.
    return Progress(*columns, console=console, auto_refresh=False, transient=True, redirect_stdout=False)


def progress(rate: int, quiet: bool) -> AbstractContextManager[Display]:
    """The observer that suits standard error; `rate` in Hz turns frames into seconds."""
    if quiet:
        return Silence()
    return Bar(rate) if is_terminal(sys.stderr) else Lines(rate)
