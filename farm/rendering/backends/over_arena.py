"""What the backends of this machine share: the arena, which nobody else sees, and the tables of windows in it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from farm.errors import Notice, RenderError
from farm.plan.lower import ample, wanted, write_programs
from farm.plan.plan import Area, StaticPlan, WindowPlan
from farm.plan.tables import Tables, put, window_tables
from farm.rendering.backends import Lender, Preparation
from farm.rendering.piece import Piece
from farm.rendering.report import Duty
from farm.rendering.room import no_arena
from farm.rendering.slots import Slots
from workers import cores
from workers.arena import Arena, ArenaError, Key, Layout, lay_out, shared_folder
from workers.records import record
from workers.slab import Extract, changed
from workers.stats import StatsRing
from workers.targets.objects import MachineCode
from workers.wire import RingHead, Run

Ints = NDArray[np.int64]


@record(frozen=True, slots=True, eq=False)
class Foreseen:
    """What a window needs, made with its plan: bytes of regions, and the tables for the layout of that time.

    `sheet`: on which of the arena's its tables are to lie.
    """

    sizes: dict[Key, int]
    sheet: int
    layout: Layout | None
    tables: Tables


class OverArena(ABC):
    """Runs windows whose tables lie in an arena, which is borrowed for a rendering and grows with its windows."""

    name: str
    workers: int
    level: str
    depth: int
    """Chunk slots of signals that are read from outside."""
    inner_depth: int
    """Chunk slots of signals between groups."""
    sheets: int
    """How many windows may be under way."""
    code: MachineCode

    def __init__(self, lender: Lender, level: str) -> None:
        self.lender = lender
        self.level = level
        self.arena: Arena | None = None
        self.slots: Slots | None = None
        """Views of the arena; an arena that is closed goes with the last of them."""
        self.foreseen: dict[int, Foreseen] = {}
        """By the identity of their windows."""
        self.mapped = 0
        """Files of sounds that are mapped."""
        self.summed: dict[RingHead, float] = {}
        """What stood in the rings when the rendering began."""
        self.rings: Sequence[StatsRing] = ()
        """Where each worker notes what it does; none where that cannot be."""
        self.notices: Sequence[Notice] = ()
        """What was told in the present rendering."""

    def prepare(self, preparation: Preparation) -> None:
        """Loads the machine code of a plan. Raises RenderError."""
        started = time.perf_counter()
        self.preparation, self.plan = preparation, preparation.plan
        self.read_buses = frozenset((*preparation.buses, *self.plan.given))
        self.mapped = 0
        self.planned = 0
        self.waiting: tuple[WindowPlan, bool] | None = None
        self.notices = ()
        spent, children_s = preparation.spent, cores.ended_children_cpu_s()
        with spent.on(Duty.STARTING):
            self.note_tasks()
        # Who fails to compile leaves as well.
        self.summed = self.sums()
        with spent.on(Duty.CODE):
            self.load(self.plan.kernels)
        spent.cpu_s[Duty.CODE] += cores.ended_children_cpu_s() - children_s
        spent.compile_s += time.perf_counter() - started
        self.summed = self.sums()

    def note_tasks(self) -> None:
        """Has each worker note what it does; where no file can be made for that, the rendering goes on without."""
        folder = self.preparation.work_dir
        try:
            keys = [group.key for group in self.plan.groups]
            self.rings = self.lender.rings(self.workers, keys, folder)
        except OSError as error:
            self.rings = ()
            self.notices = (unnoted(error, folder),)

    def sums(self) -> dict[RingHead, float]:
        """CPU seconds that were added up in the rings of this rendering."""
        words = (RingHead.KERNELS_NS, RingHead.OUTPUT_NS, RingHead.SETUP_NS)
        return {word: 1e-9 * sum(int(ring.words[word]) for ring in self.rings) for word in words}

    def shares(self, cpu_s: float, waits: bool) -> None:
        """Tells what `cpu_s` seconds of CPU were spent on by those that run tasks: on what they noted, the rest on
        waiting, if they do that.

        A task that another process interrupted took longer than its CPU time, which is what is shared then.
        """
        spent, now = self.preparation.spent.cpu_s, self.sums()
        if not self.rings:
            spent[Duty.KERNELS] += cpu_s
            return
        setup_s, kernels_s, output_s = (
            now[word] - self.summed[word] for word in (RingHead.SETUP_NS, RingHead.KERNELS_NS, RingHead.OUTPUT_NS)
        )
        tasks_s = kernels_s + output_s
        part = max(cpu_s - setup_s, 0.0) / tasks_s if tasks_s else 0.0
        if waits:
            part = min(part, 1.0)
        spent[Duty.STARTING] += setup_s
        spent[Duty.KERNELS] += kernels_s * part
        spent[Duty.OUTPUT] += output_s * part
        spent[Duty.WAITING] += cpu_s - setup_s - tasks_s * part

    def foresee(self, window: WindowPlan) -> Iterator[None]:
        """Works out the order of a window's tasks and its tables: nothing but copies is left to do while workers stand.

        Decides with the first window how many chunks may be under way.
        """
        if not self.planned:
            self.choose_depths(window)
            self.plan = replace(self.plan, depth=self.depth, inner_depth=self.inner_depth)
        yield
        self.order(self.plan, window)
        yield
        sizes = {
            **wanted(self.plan, window, self.read_buses, self.workers, self.sheets),
            **self.regions(window),
        }
        if not self.planned and self.sheets > 1:
            sizes = ample(self.plan, sizes, self.preparation.space_for(window))
        yield
        self.foreseen[id(window)] = self.laid_out(window, sizes, self.planned % self.sheets)
        self.planned += 1

    def laid_out(self, window: WindowPlan, sizes: dict[Key, int], sheet: int) -> Foreseen:
        """The tables of a window for the present arena, if there is one and it is large enough."""
        layout = self.arena.layout if self.arena is not None else None
        if layout is None or not layout.fits(sizes):
            return Foreseen(sizes, sheet, None, [])
        return Foreseen(sizes, sheet, layout, self.tables(window, layout, sheet))

    def tables(self, window: WindowPlan, layout: Layout, sheet: int) -> Tables:
        """The tables of a window on a sheet of an arena."""
        return window_tables(self.plan, window, layout, sheet, self.first_task(sheet))

    def run(self, window: WindowPlan, more: bool) -> Iterator[Piece]:
        """Writes the tables of a window and sets it going, beside the last one if that is possible.

        Raises RenderError, FileError.
        """
        joins = self.can_join(window)
        if joins or self.is_free():
            self.go(window, more, joins)
        else:
            self.waiting = (window, more)
        return self.pieces(window)

    def go(self, window: WindowPlan, more: bool, joins: bool) -> None:
        """Sets a window going; where it does not join the last one nothing else is under way."""
        sheet = self.foreseen[id(window)].sheet
        with self.preparation.spent.on(Duty.PLANNING):
            self.write(window, joins)
            self.start(window, sheet, more)

    def pieces(self, window: WindowPlan) -> Iterator[Piece]:
        """The frames of a window; at its end the next one begins, if it had to wait for that."""
        assert self.slots is not None
        chunk = self.plan.chunk_frames
        for at, many in self.collect(window):
            first_frame = window.first_frame + at * chunk
            last_frame = min(first_frame + many * chunk, window.last_frame)
            if last_frame > self.preparation.first_frame:
                yield from self.slots.pieces(window.first_chunk + at, first_frame, last_frame)
        if self.waiting is not None:
            (following, more), self.waiting = self.waiting, None
            self.go(following, more, False)

    def write(self, window: WindowPlan, joins: bool) -> None:
        """Puts a window into the arena, a larger one where it has outgrown the last."""
        begun = time.perf_counter()
        parts = self.preparation.sounds.parts
        made = self.foreseen.pop(id(window))
        if self.arena is not None and made.layout is not self.arena.layout:
            made = self.laid_out(window, made.sizes, made.sheet)
        outgrown = made.layout is None
        started = time.perf_counter()
        if not joins:
            with self.preparation.spent.on(Duty.STARTING):
                self.make_room(made.sizes if outgrown else None, parts)
        spent = time.perf_counter() - started
        self.preparation.spent.arena_s += spent
        assert self.arena is not None
        put(self.arena, made.tables if not outgrown else self.tables(window, self.arena.layout, made.sheet))
        self.preparation.spent.plan_s += time.perf_counter() - begun - spent

    def make_room(self, sizes: dict[Key, int] | None, parts: Sequence[Extract]) -> None:
        """Parks who works, gives them an arena with room for these regions, if any, and the files of new sounds."""
        self.hold()
        if sizes is not None or len(parts) > self.mapped:
            self.detach()
        if sizes is not None:
            self.arena = self.grown_arena(sizes)
            write_programs(self.plan, self.arena, self.read_buses, self.sheets)
            self.slots = Slots(self.plan, self.arena, self.preparation.buses)
        assert self.arena is not None
        if sizes is not None or len(parts) > self.mapped:
            self.attach(self.arena, parts)
            self.mapped = len(parts)

    def grown_arena(self, sizes: dict[Key, int]) -> Arena:
        """A new arena with room for these regions, and what the old one must hand on."""
        old, self.slots = self.arena, None
        layout = lay_out(sizes, old.layout if old is not None else None)
        folder = self.preparation.work_dir
        try:
            fresh = self.lender.borrow(layout, folder)
        except ArenaError as error:
            raise no_arena(error, folder) from error
        if old is not None:
            for key in old.layout.regions:
                if key[0] in (Area.STATE, Area.RING) and key in layout.regions:
                    kept = old.region(key, np.uint8)
                    fresh.region(key, np.uint8)[: len(kept)] = kept
            kept = np.zeros(0, np.uint8)
            old.close()
        return fresh

    def return_arena(self) -> None:
        """The lender has the arena back."""
        self.slots, self.waiting = None, None
        self.foreseen.clear()
        if self.arena is not None:
            arena, self.arena = self.arena, None
            self.lender.give_back(arena)
        rings, self.rings = self.rings, ()
        self.lender.give_back_rings(rings)

    # What the backends do in their own ways.

    @abstractmethod
    def load(self, kernels: tuple[str, ...]) -> None:
        """Loads machine code."""

    @abstractmethod
    def choose_depths(self, window: WindowPlan) -> None:
        """Sets `depth` and `inner_depth` for a rendering that begins with this window."""

    @abstractmethod
    def order(self, plan: StaticPlan, window: WindowPlan) -> None:
        """Works out in which order tasks may run."""

    @abstractmethod
    def regions(self, window: WindowPlan) -> dict[Key, int]:
        """Regions of the arena that the backend itself needs for a window."""

    @abstractmethod
    def hold(self) -> None:
        """Nothing may run until `start`: tables are about to change."""

    @abstractmethod
    def detach(self) -> None:
        """The arena is about to go."""

    @abstractmethod
    def attach(self, arena: Arena, parts: Sequence[Extract]) -> None:
        """Works in this arena, with the samples in these files, from now on."""

    @abstractmethod
    def can_join(self, window: WindowPlan) -> bool:
        """Whether a window can begin while the last one runs."""

    def is_free(self) -> bool:
        """Whether nothing is under way."""
        return True

    def first_task(self, sheet: int) -> int:
        """Where the tasks of a sheet begin."""
        return 0

    @abstractmethod
    def start(self, window: WindowPlan, sheet: int, more: bool) -> None:
        """The tables of this window are written: go. `more`: whether another one comes."""

    @abstractmethod
    def collect(self, window: WindowPlan) -> Iterator[tuple[int, int]]:
        """(first chunk, chunks) of a window whose outputs can be read, in order; good until the next step."""


def check_unchanged(parts: Sequence[Extract]) -> None:
    """Raises RenderError where another program has written to the files that are played where they lie."""
    file = changed(parts)
    if file is not None:
        raise lost_sample(file)


def unnoted(error: OSError, folder: str | None) -> Notice:
    """What is said where no stats file can be made."""
    where = folder or shared_folder()
    message = f"nothing is noted of when tasks ran: no file can be made for it in {where}: {error.strerror}"
    return Notice(message, None, "the frames are the same; --json cannot tell kernels from workers that wait")


def lost_sample(file: str) -> RenderError:
    """The error for a sample's file that another program has changed."""
    return RenderError(f"{file} vanished or was changed while it was being rendered", hint="render it again")


def record_words(arena: Arena) -> dict[int, tuple[int, bool]]:
    """The words of a `Run` record for an arena: value, and whether the arena's address is to be added."""
    layout = arena.layout
    names = {Run.TASKS: Area.TASKS, Run.GROUPS: Area.GROUPS, Run.OPS: Area.OPS, Run.FEEDS: Area.FEEDS}
    words: dict[int, tuple[int, bool]] = {int(word): (layout.offset((name, 0)), True) for word, name in names.items()}
    words[int(Run.ARENA)] = (0, True)
    return words
