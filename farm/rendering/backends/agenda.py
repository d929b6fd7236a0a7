"""The agenda: which tasks of at most two windows may run, as words of the arena that workers and coordinator share.

Done bits are the only truth; pending counts and the ring of ready tasks are derived from them, when a window joins and
when a worker has died. What the words mean stands in `workers.work`. Numbers of tasks and reads go through both sheets:
those of a window begin at `stride` times the number of its sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from farm.plan.plan import Area, WindowPlan
from farm.plan.schedule import SchedulePlan
from workers.arena import Key, Layout
from workers.records import record
from workers.wire import CONTROL_STRIDE, TASK_BITS, Control, Schedule, Task

Ints = NDArray[np.int64]
Bits = NDArray[np.bool_]
SHEETS = 2
REUSED = 1.75
"""How many times as many edges a task has where it uses a slot again."""
HELD = {
    Area.TASKS: len(Task),
    Area.FIRST_SUCCESSORS: 1,
    Area.PENDING: 1,
    Area.DONE: 1,
    Area.SUCCESSORS: 1,
    Area.READY: 1,
}
"""Words for each task or read, or each edge, in a region."""


@record(frozen=True, slots=True)
class Room:
    """How much a window may hold: `nodes` are tasks and reads, `edges` words of lists of successors."""

    nodes: int = 0
    edges: int = 0

    def fits(self, other: Room) -> bool:
        """Whether the other one is no larger."""
        return other.nodes <= self.nodes and other.edges <= self.edges

    def grown(self, other: Room) -> Room:
        """Room for both, and for half as much again where it did not suffice."""
        nodes = self.nodes if other.nodes <= self.nodes else other.nodes + other.nodes // 2
        edges = self.edges if other.edges <= self.edges else other.edges + other.edges // 2
        return Room(nodes, edges)

    def for_others(self, factor: float) -> Room:
        """Room for windows of so many times as much as the first, in which hardly a slot is used again."""
        return Room(int(self.nodes * factor), int(self.edges * factor * REUSED))

    @property
    def places(self) -> int:
        """Of the ring: a power of 2, and no fewer than tasks of two windows."""
        return 1 << (SHEETS * self.nodes - 1).bit_length()

    @property
    def sizes(self) -> dict[Key, int]:
        """Bytes of the regions."""
        nodes: dict[Key, int] = {(area, 0): 8 * SHEETS * held * self.nodes for area, held in HELD.items()}
        return {**nodes, (Area.SUCCESSORS, 0): 8 * SHEETS * self.edges, (Area.READY, 0): 8 * self.places}


def room_of(layout: Layout) -> Room:
    """All the room that an arena has."""
    words = {area: size // 8 for (area, _), (_, size) in layout.regions.items() if area in HELD}
    each = [words[area] // (SHEETS * held) for area, held in HELD.items() if area not in (Area.SUCCESSORS, Area.READY)]
    places = 1 << (words[Area.READY].bit_length() - 1)
    return Room(min(*each, places // SHEETS), words[Area.SUCCESSORS] // SHEETS)


def room_for(made: SchedulePlan) -> Room:
    """What a window needs. Every list from the window before has a word that says how long it is."""
    return Room(made.tasks + made.reads + 1, len(made.successors) + 2 * len(made.late_before))


@record(eq=False)
class Going:
    """A window that is under way. `base`: the number of its first task. `follows` the one before it, if that is too."""

    window: WindowPlan
    made: SchedulePlan
    sheet: int
    base: int
    follows: Going | None
    more: bool
    """Whether another window comes behind it."""

    @property
    def nodes(self) -> slice:
        """The numbers of its tasks and reads."""
        return slice(self.base, self.base + self.made.tasks + self.made.reads)

    def read(self, chunk: int) -> int:
        """The number of a chunk's read."""
        return self.base + self.made.tasks + chunk


class Agenda:
    """Done bits, counts and lists of at most two windows. `call` runs an entry of the loop: "join" or "complete"."""

    def __init__(self, regions: Mapping[Area, Ints], room: Room, words: Ints, call: Callable[[str], None]) -> None:
        self.control, self.ring = regions[Area.CONTROL], regions[Area.READY][: room.places]
        self.successors, self.firsts = regions[Area.SUCCESSORS], regions[Area.FIRST_SUCCESSORS]
        self.pending, self.done = regions[Area.PENDING], regions[Area.DONE]
        self.room, self.words, self.call = room, words, call
        self.going: list[Going] = []
        """In order."""
        self.clear()

    def clear(self) -> None:
        """Nothing is under way, and no worker looks."""
        self.going.clear()
        self.ring[:] = 0
        for word in (Control.HEAD, Control.TAIL, Control.SLEEPERS, Control.UNREAD, Control.COMING):
            self.control[CONTROL_STRIDE * word] = 0

    def is_done(self, number: int) -> bool:
        """Whether a task or read is done."""
        return bool(self.done[number] == 1)

    def done_of(self, going: Going) -> Bits:
        """Which tasks and reads of a window are done."""
        bits: Bits = self.done[going.nodes] == 1
        return bits

    def row_of(self, task: int) -> tuple[WindowPlan, Ints]:
        """The window of a task, and its row there."""
        going = next(one for one in self.going if one.nodes.start <= task < one.nodes.stop)
        return going.window, going.window.tasks[task - going.base]

    def bring(self, window: WindowPlan, made: SchedulePlan, sheet: int, more: bool) -> Going:
        """Lets a window run whose tables lie on a sheet; the one before it may be under way."""
        before = self.going[-1] if self.going else None
        base, first_edge = sheet * self.room.nodes, sheet * self.room.edges
        going = Going(window, made, sheet, base, before, more)
        nodes = going.nodes
        count = made.tasks + made.reads
        numbers = np.where(made.successors < made.tasks, made.successors + base, -1 - (made.successors + base))
        self.successors[first_edge : first_edge + len(numbers)] = numbers
        self.firsts[base : base + count + 1] = made.first_successor + first_edge
        none = np.zeros(count, bool)
        pending = made.pending(none)
        lists: Ints = np.zeros((0, 2), np.int64)
        if before is not None:
            pending += made.late(np.zeros(before.made.tasks + before.made.reads, bool))
            lists = self.lists_of(made, before.base, base, first_edge + len(numbers))
        ready = made.ready(none, pending) + base
        self.pending[nodes], self.done[nodes] = pending, 0
        self.going.append(going)
        self.tell_coming()
        joining = np.concatenate([[len(lists), len(ready)], lists.ravel(), ready])
        self.words[Schedule.JOINING] = joining.ctypes.data
        self.call("join")
        return going

    def lists_of(self, made: SchedulePlan, before: int, base: int, at: int) -> Ints:
        """Writes who waits for whom in the window before, from `at` on: (task or read there, where its list lies)."""
        starts = np.flatnonzero(np.diff(made.late_before, prepend=-1))
        lengths = np.diff(starts, append=len(made.late_before))
        places = at + starts + np.arange(len(starts))
        words = np.insert(made.late_after + base, starts, lengths)
        self.successors[at : at + len(words)] = words
        found: Ints = np.column_stack([made.late_before[starts] + before, places])
        return found

    def finished(self, going: Going) -> None:
        """A window is over: all of it is done."""
        self.going.remove(going)
        for other in self.going:
            other.follows = None
        self.tell_coming()

    def tell_coming(self) -> None:
        """Says whether a window is missing."""
        missing = len(self.going) < SHEETS and bool(self.going) and self.going[-1].more
        self.control[CONTROL_STRIDE * Control.COMING] = int(missing)

    def ready_reads(self, first: int, most: int) -> int:
        """How many chunks can be read: of `most` neighbouring reads from number `first` on, up to the first that
        cannot."""
        if self.pending[first] != 0:
            return 0
        waiting = self.pending[first : first + most] != 0
        return int(waiting.argmax()) if waiting.any() else most

    def missing_reads(self, first: int, count: int) -> int:
        """How many of so many neighbouring chunks cannot be read."""
        return int(np.count_nonzero(self.pending[first : first + count]))

    def complete(self, first: int, count: int) -> None:
        """Neighbouring chunks were read: `count` reads from number `first` on."""
        self.words[Schedule.READ], self.words[Schedule.READS] = first, count
        self.call("complete")

    def rebuild(self) -> None:
        """Derives pending counts and the ring from the done bits: what a death left behind does not matter."""
        ready: list[Ints] = []
        unread = 0
        for going in self.going:
            done, made = self.done_of(going), going.made
            pending = made.pending(done)
            if going.follows is not None:
                pending += made.late(self.done_of(going.follows))
            self.pending[going.nodes] = pending
            ready.append(made.ready(done, pending) + going.base)
            unread += int(((pending == 0) & ~done)[made.tasks :].sum())
        tasks = np.concatenate([np.zeros(0, np.int64), *ready])
        self.ring[:] = 0
        self.ring[: len(tasks)] = (np.arange(1, len(tasks) + 1) << TASK_BITS) | tasks
        for word, value in (
            (Control.HEAD, 0),
            (Control.TAIL, len(tasks)),
            (Control.SLEEPERS, 0),
            (Control.UNREAD, unread),
        ):
            self.control[CONTROL_STRIDE * word] = value
