"""The native loop of a worker: claims ready tasks, runs them, counts down their successors, sleeps when there are none.

Compiled as one function per CPU level. A finished task stores its done bit, then counts its successors down, runs the
last that becomes ready itself and publishes the others. After a worker's death the coordinator halts the rest at task
boundaries and derives counts and ring from the done bits anew.

Two windows may be under way, so that nobody waits for all of one before the next begins. What follows a task within
its window stands in a list that never changes; what follows it in the next window is not known when it may begin. So
until a task is done its DONE word holds 0, or where a list of followers in the next window lies; whoever finishes it
puts 1 there and takes the list in one step. `join` offers such a list, and where the task was done before, counts it
down itself.

    DONE    0 not done | 1 done | 2 + n not done, and a list at SUCCESSORS[n]: how many, then who

The ring of ready tasks has more places than two windows have tasks; an entry holds its own number, counted from 1,
beside the task, so that one of a round before is told from one of this round.

    RING    entry number << TASK_BITS | task

Entries: `work(record)` runs until STOP; `complete(record)` marks reads done on behalf of the coordinator;
`join(record)` lets the tasks of a further window run.
"""

from __future__ import annotations

from workers.run import GROUP_BYTES, T_GROUP, TASK_BYTES, expect_note, note, ring_clock_ns, run_task
from workers.wire import CONTROL_STRIDE, TASK_BITS, WORKER_WORDS, Control, Run, Schedule
from workers.words import (
    add_shared,
    clock_ns,
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
UNREAD, COMING = CONTROL_STRIDE * int(Control.UNREAD), CONTROL_STRIDE * int(Control.COMING)
WAKE, SLEEPERS = CONTROL_STRIDE * int(Control.WAKE), CONTROL_STRIDE * int(Control.SLEEPERS)
HALT, STOP = CONTROL_STRIDE * int(Control.HALT), CONTROL_STRIDE * int(Control.STOP)
FIRST_WORKER = CONTROL_STRIDE * int(Control.FIRST_WORKER)
R_ARENA, R_TASKS, R_GROUPS, R_OPS = int(Run.ARENA), int(Run.TASKS), int(Run.GROUPS), int(Run.OPS)
R_FEEDS, R_KERNELS, R_SCRATCH, R_STATS = int(Run.FEEDS), int(Run.KERNELS), int(Run.SCRATCH), int(Run.STATS)
S_CONTROL, S_SUCCESSORS, S_FIRST = int(Schedule.CONTROL), int(Schedule.SUCCESSORS), int(Schedule.FIRST_SUCCESSOR)
S_PENDING, S_DONE, S_RING = int(Schedule.PENDING), int(Schedule.DONE), int(Schedule.RING)
S_WORKER, S_SPINS = int(Schedule.WORKER), int(Schedule.SPINS)
S_PORTABLE, S_READ, S_READS = int(Schedule.PORTABLE), int(Schedule.READ), int(Schedule.READS)
S_RING_MASK, S_JOINING = int(Schedule.RING_MASK), int(Schedule.JOINING)
TASKS_DONE, STOOD_NS = 2 * CONTROL_STRIDE, 2 * CONTROL_STRIDE + 1
"""Words of a worker, from its first."""
DONE = 1
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
        ready = load_shared(ring, head & read_word(record, S_RING_MASK))
        if ready >> TASK_BITS != head + 1:
            return -1
        if swap_shared(control, HEAD, head, head + 1) == head:
            return ready & ((1 << TASK_BITS) - 1)


def publish(record: int, task: int) -> None:
    """Makes a task known as ready."""
    control = read_word(record, S_CONTROL)
    entry = add_shared(control, TAIL, 1)
    place = entry & read_word(record, S_RING_MASK)
    store_shared(read_word(record, S_RING), place, ((entry + 1) << TASK_BITS) | task)
    add_shared(control, WAKE, 1)
    if load_shared(control, SLEEPERS) > 0 and read_word(record, S_PORTABLE) == 0:
        wake(control, WAKE, 1)


def count_down(record: int, first: int, stop: int, own: int) -> int:
    """Counts down SUCCESSORS[first] .. SUCCESSORS[stop]; returns one that became ready, or `own`, others published.

    A successor below 0 is a read, -1 less its number, which only the coordinator does: it sees that its count is 0.
    """
    pending = read_word(record, S_PENDING)
    successors = read_word(record, S_SUCCESSORS)
    for e in range(first, stop):
        follower = read_word(successors, e)
        if follower < 0:
            if add_shared(pending, -1 - follower, -1) == 1:
                add_shared(read_word(record, S_CONTROL), UNREAD, 1)
        elif add_shared(pending, follower, -1) == 1:
            if own >= 0:
                publish(record, own)
            own = follower
    return own


def count_down_list(record: int, at: int, own: int) -> int:
    """The same for the list at SUCCESSORS[at]."""
    return count_down(record, at + 1, at + 1 + read_word(read_word(record, S_SUCCESSORS), at), own)


def finish(record: int, task: int) -> int:
    """Marks a task done and counts its successors down; returns one that became ready, or -1."""
    done = read_word(record, S_DONE)
    offered = load_shared(done, task)
    while swap_shared(done, task, offered, DONE) != offered:
        offered = load_shared(done, task)
    firsts = read_word(record, S_FIRST)
    own = count_down(record, read_word(firsts, task), read_word(firsts, task + 1), -1)
    if offered > DONE:
        own = count_down_list(record, offered - DONE - 1, own)
    return own


def complete(record: int) -> None:
    """Marks READS reads from READ on done, from outside the loop; whatever becomes ready is published."""
    first = read_word(record, S_READ)
    for read in range(first, first + read_word(record, S_READS)):
        add_shared(read_word(record, S_CONTROL), UNREAD, -1)
        own = finish(record, read)
        if own >= 0:
            publish(record, own)


def join(record: int) -> None:
    """Lets a further window run, from outside the loop: tables are whole, pending counts as if nothing were done.

    JOINING is the address of: how many lists, how many tasks are ready, then (task, where its list lies) ..., and the
    ready tasks.
    """
    joining = read_word(record, S_JOINING)
    lists = read_word(joining, 0)
    for n in range(lists):
        task = read_word(joining, 2 + 2 * n)
        at = read_word(joining, 3 + 2 * n)
        if swap_shared(read_word(record, S_DONE), task, 0, at + DONE + 1) == DONE:
            own = count_down_list(record, at, -1)
            if own >= 0:
                publish(record, own)
    for n in range(read_word(joining, 1)):
        publish(record, read_word(joining, 2 + 2 * lists + n))


def awaits_coordinator(control: int) -> int:
    """Whether whoever has no task waits for the coordinator: to read what is finished, or to bring a window."""
    return load_shared(control, UNREAD) > 0 or load_shared(control, COMING) > 0


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


def stand(control: int, own: int, since: int) -> None:
    """Counts the time since an instant as spent waiting for the coordinator, once the worker has had a task."""
    if read_word(control, own + TASKS_DONE) > 0:
        write_word(control, own + STOOD_NS, read_word(control, own + STOOD_NS) + clock_ns() - since)


def work(record: int) -> None:
    """Works until STOP. A task that is done stands in the ring of records, if there is one."""
    default_rounding()
    control = read_word(record, S_CONTROL)
    stats = read_word(record, R_STATS)
    started = ended = 0
    own = FIRST_WORKER + read_word(record, S_WORKER) * WORKER_WORDS
    while load_shared(control, STOP) == 0:
        if load_shared(control, HALT) == 1:
            waited = clock_ns()
            park(record, control, own)
            started = 0
            stand(control, own, waited)
        task = take(record)
        if task < 0:
            waited = clock_ns()
            awaited = awaits_coordinator(control)
            idle(record, control)
            started = 0
            if awaited:
                stand(control, own, waited)
        while task >= 0:
            store_shared(control, own, task + 1)
            arena = read_word(record, R_ARENA)
            at = read_word(record, R_TASKS) + task * TASK_BYTES
            group = read_word(record, R_GROUPS) + read_word(at, T_GROUP) * GROUP_BYTES
            # One look at the clock a task, where one follows the other at once.
            if stats != 0:
                expect_note(stats)
                if started == 0:
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
            write_word(control, own + TASKS_DONE, read_word(control, own + TASKS_DONE) + 1)
            if follower >= 0 and load_shared(control, HALT) == 1:
                follower = -1
            task = follower
