"""The native loop of a worker: claims ready tasks, runs them, counts down their successors, sleeps when there are none.

Compiled as one function per CPU level. A ring of ready tasks never wraps within its window. A finished task stores its
done bit, then counts its successors down, runs the first that becomes ready itself and publishes the others. After a
worker's death the coordinator halts the rest at task boundaries and derives counts and ring from the done bits anew.

Entries: `work(record)` runs until STOP; `complete(record)` marks one task done on behalf of the coordinator.
"""

from __future__ import annotations

from workers.run import GROUP_BYTES, T_GROUP, TASK_BYTES, note, ring_clock_ns, run_task
from workers.wire import CONTROL_STRIDE, WORKER_WORDS, Control, Run, Schedule
from workers.words import (
    add_shared,
    default_rounding,
    doze,
    load_shared,
    pause,
    read_word,
    sleep_while,
    store_shared,
    swap_shared,
    wake,
    write_word,
)

HEAD, TAIL = CONTROL_STRIDE * int(Control.HEAD), CONTROL_STRIDE * int(Control.TAIL)
TASK_COUNT = CONTROL_STRIDE * int(Control.TASK_COUNT)
WAKE, SLEEPERS = CONTROL_STRIDE * int(Control.WAKE), CONTROL_STRIDE * int(Control.SLEEPERS)
HALT, STOP = CONTROL_STRIDE * int(Control.HALT), CONTROL_STRIDE * int(Control.STOP)
FIRST_WORKER = CONTROL_STRIDE * int(Control.FIRST_WORKER)
R_ARENA, R_TASKS, R_GROUPS, R_OPS = int(Run.ARENA), int(Run.TASKS), int(Run.GROUPS), int(Run.OPS)
R_FEEDS, R_KERNELS, R_SCRATCH, R_STATS = int(Run.FEEDS), int(Run.KERNELS), int(Run.SCRATCH), int(Run.STATS)
S_CONTROL, S_SUCCESSORS, S_FIRST = int(Schedule.CONTROL), int(Schedule.SUCCESSORS), int(Schedule.FIRST_SUCCESSOR)
S_PENDING, S_DONE, S_RING = int(Schedule.PENDING), int(Schedule.DONE), int(Schedule.RING)
S_WORKER, S_SPINS = int(Schedule.WORKER), int(Schedule.SPINS)
S_PORTABLE, S_TASK = int(Schedule.PORTABLE), int(Schedule.TASK)
NAP_NS = 20_000_000
"""Longest sleep: a wake-up that a killed worker owed is late by this much, not lost."""
NAP_US, LONGEST_NAP_US = 200, 5_000
"""First and longest sleep where nothing wakes a worker."""


def take(record: int) -> int:
    """A ready task, or -1."""
    control = read_word(record, S_CONTROL)
    ring = read_word(record, S_RING)
    while True:
        head = load_shared(control, HEAD)
        if head >= load_shared(control, TAIL):
            return -1
        ready = load_shared(ring, head)
        if ready == 0:
            return -1
        if swap_shared(control, HEAD, head, head + 1) == head:
            return ready - 1


def publish(record: int, task: int) -> None:
    """Makes a task known as ready."""
    control = read_word(record, S_CONTROL)
    entry = add_shared(control, TAIL, 1)
    store_shared(read_word(record, S_RING), entry, task + 1)
    add_shared(control, WAKE, 1)
    if load_shared(control, SLEEPERS) > 0 and read_word(record, S_PORTABLE) == 0:
        wake(control, WAKE, 1)


def finish(record: int, task: int) -> int:
    """Marks a task done and counts its successors down; returns one that became ready, or -1.

    Successors from TASK_COUNT on are reads, which only the coordinator does: it sees that their count is 0.
    """
    store_shared(read_word(record, S_DONE), task, 1)
    pending = read_word(record, S_PENDING)
    successors = read_word(record, S_SUCCESSORS)
    firsts = read_word(record, S_FIRST)
    count = read_word(read_word(record, S_CONTROL), TASK_COUNT)
    own = -1
    for e in range(read_word(firsts, task), read_word(firsts, task + 1)):
        follower = read_word(successors, e)
        if add_shared(pending, follower, -1) == 1 and follower < count:
            if own < 0:
                own = follower
            else:
                publish(record, own)
                own = follower
    return own


def complete(record: int) -> None:
    """Marks the task in word TASK done, from outside the loop; whatever becomes ready is published."""
    own = finish(record, read_word(record, S_TASK))
    if own >= 0:
        publish(record, own)


def idle(record: int, control: int) -> None:
    """Waits until there may be a ready task: spins briefly, once, then sleeps; a thousand that wait cost little."""
    seen = load_shared(control, WAKE)
    for _ in range(read_word(record, S_SPINS)):
        if load_shared(control, WAKE) != seen or load_shared(control, HEAD) < load_shared(control, TAIL):
            return
        pause()
    add_shared(control, SLEEPERS, 1)
    nap_us = NAP_US
    # WAKE is read before HEAD and TAIL are: what is published in between ends the sleep at once.
    while (
        load_shared(control, HEAD) >= load_shared(control, TAIL)
        and load_shared(control, HALT) == 0
        and load_shared(control, STOP) == 0
    ):
        if read_word(record, S_PORTABLE) == 1:
            doze(nap_us)
            nap_us = min(2 * nap_us, LONGEST_NAP_US)
        else:
            sleep_while(control, WAKE, seen, NAP_NS)
        seen = load_shared(control, WAKE)
    add_shared(control, SLEEPERS, -1)


def park(record: int, control: int, own: int) -> None:
    """Waits while the coordinator puts the tables in order."""
    store_shared(control, own + CONTROL_STRIDE, 1)
    while load_shared(control, HALT) == 1 and load_shared(control, STOP) == 0:
        if read_word(record, S_PORTABLE) == 1:
            doze(NAP_US)
        else:
            sleep_while(control, HALT, 1, NAP_NS)
    store_shared(control, own + CONTROL_STRIDE, 0)


def work(record: int) -> None:
    """Works until STOP. A task that is done stands in the ring of records, if there is one."""
    default_rounding()
    control = read_word(record, S_CONTROL)
    stats = read_word(record, R_STATS)
    started = ended = 0
    own = FIRST_WORKER + read_word(record, S_WORKER) * WORKER_WORDS
    while load_shared(control, STOP) == 0:
        if load_shared(control, HALT) == 1:
            park(record, control, own)
            started = 0
        task = take(record)
        if task < 0:
            idle(record, control)
            started = 0
        while task >= 0:
            store_shared(control, own, task + 1)
            arena = read_word(record, R_ARENA)
            at = read_word(record, R_TASKS) + task * TASK_BYTES
            group = read_word(record, R_GROUPS) + read_word(at, T_GROUP) * GROUP_BYTES
            # One look at the clock a task, where one follows the other at once.
            if stats != 0 and started == 0:
                started = max(ring_clock_ns(stats), ended)
            run_task(
                arena,
                at,
                group,
                read_word(record, R_OPS),
                read_word(record, R_FEEDS),
                read_word(record, R_KERNELS),
                read_word(record, R_SCRATCH),
                0,
            )
            if stats != 0:
                started = ended = note(stats, at, group, started)
            follower = finish(record, task)
            store_shared(control, own, 0)
            write_word(control, own + 2 * CONTROL_STRIDE, read_word(control, own + 2 * CONTROL_STRIDE) + 1)
            if follower >= 0 and load_shared(control, HALT) == 1:
                follower = -1
            task = follower
