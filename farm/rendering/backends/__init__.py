"""Where tasks run. `inline`: in this process; `local`: in a pool of worker processes; `null`: nowhere.

A backend is found by its name: the module `farm.rendering.backends.NAME` defines a class `NameBackend`, which is made
for a number of workers and for someone who lends what is costly to make (`Lender`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Protocol

from farm.errors import Notice
from farm.graph.slab import SampleFiles
from farm.plan.plan import StaticPlan, WindowPlan
from farm.rendering.piece import Piece
from farm.rendering.spent import Spent
from workers.arena import Arena, Layout
from workers.records import record
from workers.stats import StatsRing
from workers.targets.objects import MachineCode

NAMES = ("inline", "local", "null")


class Watching(Protocol):
    """Who is told of the machine code that is made."""

    def compiling(self, done: int, total: int, kept: bool) -> None:
        """How many kernels are compiled, of how many, and whether they are kept for the next time."""

    def waiting(self) -> None:
        """Another process compiles what this one needs."""


class Lender(Protocol):
    """Who lends what is kept warm from rendering to rendering."""

    def code(self, level: str, kernels: tuple[str, ...], watching: Watching) -> MachineCode:
        """Loaded machine code."""

    def borrow(self, layout: Layout, folder: str | None) -> Arena:
        """An arena with this layout."""

    def give_back(self, arena: Arena) -> None:
        """The arena is not used any more."""

    def rings(self, count: int, keys: Iterable[str], folder: str | None) -> Sequence[StatsRing]:
        """Rings in which workers note what they do for groups of these keys; none where that is not wanted.

        Raises OSError where there can be none.
        """

    def give_back_rings(self, rings: Sequence[StatsRing]) -> None:
        """Nobody writes these any more."""


@record(frozen=True, slots=True, eq=False)
class Preparation:
    """What a backend is told of a rendering before its first window.

    `buses`: the names of those that are read, besides the mix. `sounds` grow from window to window. `spent` is where
    the backend notes its time. Pieces that end at `first_frame` or before are not given.
    """

    plan: StaticPlan
    buses: Mapping[int, str]
    sounds: SampleFiles
    spent: Spent
    work_dir: str | None = None
    first_frame: int = 0
    space_for: Callable[[WindowPlan], float] = lambda _: 1.0
    """How many times as much as this window, the first, the largest of the rendering may hold."""
    meanwhile: Callable[[], bool] = lambda: False
    """What this process may do while it waits for workers: a little of it a call; whether there was something."""


class Backend(Protocol):
    """What a rendering asks of a place where tasks run.

    In this order: `prepare` once, then for each window `foresee` when it has been planned and `run` when its turn has
    come, at last `leave`. Its users keep nothing of it but the pieces that it gives, and take all of those of a window
    before they ask for the next one's.
    """

    name: str
    """As `--backend` calls it."""
    workers: int
    """Processes that run tasks; 1 where it is this one."""
    joins: bool
    """Whether a window is to be run as soon as the one before the last is over, while the last still runs."""
    replaced: int
    """Workers that died in this rendering and were replaced."""
    notices: Sequence[Notice]
    """What a person should know of this rendering."""
    lasting: bool
    """Whether it is worth keeping for the next rendering."""

    def prepare(self, preparation: Preparation) -> None:
        """Loads the machine code of a plan and starts what has to be started. Raises RenderError, UsageError."""

    def foresee(self, window: WindowPlan) -> Iterator[None]:
        """Works out ahead what a window needs besides its plan, in steps, while an earlier one may still run."""

    def run(self, window: WindowPlan, more: bool) -> Iterator[Piece]:
        """Sets a window going at once and gives its frames in order, each piece good until the next is asked for.

        `more`: whether another one comes. Raises RenderError, FileError.
        """

    def stood(self) -> tuple[float, float]:
        """Seconds that workers waited for this process while windows were under way, of all seconds that they had."""

    def tasks_done(self) -> tuple[int, ...]:
        """Tasks that each worker of a pool has done in this rendering; nothing where there is none."""

    def pids(self) -> tuple[int, ...]:
        """The process ids of its workers; nothing where there is none."""

    def leave(self) -> None:
        """A rendering is over, finished or not."""

    def close(self) -> None:
        """Ends everything that was started."""


def backend(name: str, lender: Lender, workers: int, level: str, block_by_block: bool = False) -> Backend:
    """A new backend of this name, for machine code of a CPU level.

    `block_by_block`: it runs no chunk ahead, as live play needs.
    """
    made: Backend = getattr(import_module(f"{__name__}.{name}"), f"{name.title()}Backend")(
        lender, workers, level, block_by_block
    )
    return made
