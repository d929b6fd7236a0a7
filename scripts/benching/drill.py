"""Drills: the pool's atomic words, its ring and its loop without any sound, on real processes.

They show that nothing is lost or done twice, and what a task costs that does nothing. The entry `drill(record)` is
compiled like the loop itself and uses the very same `take` and `publish`.
"""

from __future__ import annotations

import ctypes
import mmap
import multiprocessing
import time
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from workers.arena import Arena, Key, lay_out
from workers.futex import wake_sleepers
from workers.pool import Attached, Pool
from workers.targets import objects
from workers.targets.numba import emit_object, loop_function
from workers.wire import CONTROL_STRIDE, TASK_BITS, WORKER_WORDS, Control, Group, Run, Schedule, Task
from workers.words import add_shared, load_shared, pause, read_word, swap_shared
from workers.work import publish, take

Ints = NDArray[np.int64]


class Drill(IntEnum):
    """Words of the record that `drill` is called with, after those of `Schedule`."""

    ROUNDS = 24
    """Additions, and exchanges, of each process."""
    ITEMS = 25
    STRIDE = 26
    """Taking item i publishes item i + STRIDE."""
    COUNTERS = 27
    """Address of `Counter` words, CONTROL_STRIDE apart."""
    TIMES_TAKEN = 28
    """Address of int64 (items)."""


class Counter(IntEnum):
    """What processes count together."""

    ADDED = 0
    SWAPPED = 1
    TAKEN = 2


D_ROUNDS, D_ITEMS, D_STRIDE = int(Drill.ROUNDS), int(Drill.ITEMS), int(Drill.STRIDE)
D_COUNTERS, D_TIMES_TAKEN = int(Drill.COUNTERS), int(Drill.TIMES_TAKEN)
ADDED, SWAPPED = CONTROL_STRIDE * int(Counter.ADDED), CONTROL_STRIDE * int(Counter.SWAPPED)
TAKEN = CONTROL_STRIDE * int(Counter.TAKEN)
DRILL_WORDS = len(Drill) + int(Drill.ROUNDS)


def drill(record: int) -> None:
    """Adds, exchanges, then takes and publishes until every item was taken."""
    counters = read_word(record, D_COUNTERS)
    for _ in range(read_word(record, D_ROUNDS)):
        add_shared(counters, ADDED, 1)
    for _ in range(read_word(record, D_ROUNDS)):
        before = load_shared(counters, SWAPPED)
        while swap_shared(counters, SWAPPED, before, before + 1) != before:
            before = load_shared(counters, SWAPPED)
    items = read_word(record, D_ITEMS)
    while load_shared(counters, TAKEN) < items:
        item = take(record)
        if item < 0:
            pause()
            continue
        add_shared(read_word(record, D_TIMES_TAKEN), item, 1)
        if item + read_word(record, D_STRIDE) < items:
            publish(record, item + read_word(record, D_STRIDE))
        add_shared(counters, TAKEN, 1)


def compiled_drill(level: str) -> objects.MachineCode:
    """The entry "drill", compiled for a CPU level."""
    return objects.load({"drill": emit_object("drill", level, loop_function(drill, level))})


def drilled(code: objects.MachineCode, processes: int, rounds: int, items: int, stride: int) -> tuple[Ints, Ints]:
    """Runs `drill` in forked processes: what they counted together, and how often each item was taken.

    `code` holds the entry "drill". There are at least `stride` items.
    """
    control, counters = CONTROL_STRIDE * int(Control.FIRST_WORKER), CONTROL_STRIDE * len(Counter)
    memory = mmap.mmap(-1, 8 * (control + counters + places(items) + items + DRILL_WORDS))
    words: Ints = np.frombuffer(memory, np.int64)
    base, at = int(words.ctypes.data), 0
    parts = []
    for length in (control, counters, places(items), items, DRILL_WORDS):
        parts.append((base + 8 * at, words[at : at + length]))
        at += length
    (control_at, controls), (counters_at, counted), (ring_at, ring), (taken_at, taken), (record_at, record) = parts
    ring[:stride] = entries(stride)
    record[Schedule.RING_MASK] = places(items) - 1
    controls[CONTROL_STRIDE * Control.TAIL] = stride
    record[Schedule.CONTROL], record[Schedule.RING] = control_at, ring_at
    record[Drill.ROUNDS], record[Drill.ITEMS], record[Drill.STRIDE] = rounds, items, stride
    record[Drill.COUNTERS], record[Drill.TIMES_TAKEN] = counters_at, taken_at
    entry = ctypes.CFUNCTYPE(None, ctypes.c_int64)(code.addresses["drill"])
    context = multiprocessing.get_context("fork")
    running = [context.Process(target=entry, args=(record_at,)) for _ in range(processes)]
    for process in running:
        process.start()
    for process in running:
        process.join()
    assert not any(process.exitcode for process in running), [process.exitcode for process in running]
    return counted[::CONTROL_STRIDE].copy(), taken.copy()


def places(tasks: int) -> int:
    """Of a ring for so many tasks: a power of 2."""
    return 1 << (tasks - 1).bit_length()


def entries(count: int) -> Ints:
    """The first entries of a ring: tasks 0, 1, ..."""
    found: Ints = (np.arange(1, count + 1) << TASK_BITS) | np.arange(count)
    return found


def empty_task_ns(level: str, workers: int, tasks: int = 100_000, width: int = 64, rounds: int = 6) -> float:
    """Wall nanoseconds of one task that does nothing, on a pool of workers: the median of all rounds but the first.

    Tasks are `width` chains beside each other, as chunks of slices are. Raises CompileError.
    """
    code = objects.provide(objects.LOOP_ENTRIES, level)
    record_words = CONTROL_STRIDE * int(Control.FIRST_WORKER) + workers * WORKER_WORDS
    words = {
        "tasks": len(Task) * tasks,
        "groups": len(Group),
        "control": record_words,
        "successors": tasks,
        "firsts": tasks + 1,
        "pending": tasks,
        "done": tasks,
        "ring": places(tasks),
    }
    sizes: dict[Key, int] = {(name, 0): 8 * count for name, count in words.items()}
    sizes.update({("scratch", number): 1 << 16 for number in range(workers)})
    arena = Arena(lay_out(sizes))
    pool = Pool(workers, level, code)
    try:
        tables = {name: arena.region((name, 0), np.int64)[:count] for name, count in words.items()}
        for table in tables.values():
            table[:] = 0
        chained = max(tasks - width, 0)
        tables["successors"][:chained] = np.arange(width, tasks)
        tables["firsts"][:] = np.minimum(np.arange(tasks + 1), chained)
        control = tables["control"]
        named = {
            Run.TASKS: "tasks",
            Run.GROUPS: "groups",
            Schedule.CONTROL: "control",
            Schedule.SUCCESSORS: "successors",
            Schedule.FIRST_SUCCESSOR: "firsts",
            Schedule.PENDING: "pending",
            Schedule.DONE: "done",
            Schedule.RING: "ring",
        }
        own = {int(word): (arena.layout.offset((name, 0)), True) for word, name in named.items()}
        own[int(Run.ARENA)] = (0, True)
        own[int(Schedule.SPINS)] = (2000, False)
        own[int(Schedule.RING_MASK)] = (places(tasks) - 1, False)
        own[int(Schedule.PORTABLE)] = (int(pool.portable), False)
        records = [{**own, int(Run.SCRATCH): (arena.layout.offset(("scratch", n)), True)} for n in range(workers)]
        pool.attach(Attached(arena.path, arena.size, tuple(records), ()))
        parked = control[CONTROL_STRIDE * int(Control.FIRST_WORKER) + CONTROL_STRIDE :: WORKER_WORDS]
        took_s = []
        for _ in range(rounds):
            control[CONTROL_STRIDE * Control.HALT] = 1
            while not parked.all():
                time.sleep(0.001)
            tables["done"][:] = 0
            tables["ring"][:] = 0
            tables["ring"][:width] = entries(width)
            tables["pending"][:] = np.arange(tasks) >= width
            control[CONTROL_STRIDE * Control.HEAD], control[CONTROL_STRIDE * Control.TAIL] = 0, width
            control[CONTROL_STRIDE * Control.HALT] = 0
            if not pool.portable:
                wake_sleepers(int(control.ctypes.data) + 8 * CONTROL_STRIDE * int(Control.HALT))
            started = time.perf_counter()
            while tables["done"][-width:].sum() < width:
                time.sleep(0.0001)
            took_s.append(time.perf_counter() - started)
            assert tables["done"].all()
        control[CONTROL_STRIDE * Control.STOP] = 1
        pool.stopped(10.0)
    finally:
        pool.close()
        arena.close()
    return float(np.median(took_s[1:])) / tasks * 1e9
