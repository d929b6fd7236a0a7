"""The schedule of a window: whoever touches the same memory does so in the plan's order, and nobody else waits."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from farm.plan.plan import Side, StaticPlan, WindowPlan
from farm.plan.schedule import SchedulePlan, ending, grouped_by_task, schedule
from tests.render.scores import SCORES
from workers.wire import Task

from .plans import Cell, chance_plan, chance_windows, descendants, group, score_plan, static, touched, window

SEEDS = range(150)
Names = set[tuple[str, str]]


def named(plan: StaticPlan, made: WindowPlan, edges: SchedulePlan) -> Names:
    """Edges by name: `group.slice@chunk`, or `read@chunk`."""

    def name(number: int) -> str:
        if number >= edges.tasks:
            return f"read@{number - edges.tasks}"
        row = made.tasks[number]
        return f"{plan.groups[int(row[Task.GROUP])].name}.{int(row[Task.SLICE])}@{int(row[Task.CHUNK])}"

    return {(name(one), name(other)) for one, other in zip(edges.before.tolist(), edges.after.tolist())}


def holds(plan: StaticPlan, made: WindowPlan, read: frozenset[int]) -> int:
    """Asserts that every two that touch the same cell, one of them writing, are in order; returns how many do."""
    later = descendants(schedule(plan, made, read))
    users: dict[Cell, list[tuple[int, bool]]] = {}
    pairs = 0
    for _, one, reads, writes in touched(plan, made, read):
        for cell in reads | writes:
            for other, wrote in users.setdefault(cell, []):
                if wrote or cell in writes:
                    pairs += 1
                    assert later[other] >> one & 1, (other, one, cell)
            users[cell].append((one, cell in writes))
    return pairs


# Each kind of edge alone.


def test_a_chunk_is_read_when_its_bus_is_done_and_its_slot_is_free_again_when_it_is_read() -> None:
    plan = static([group("out", buses=(0,))], depth=2, inner_depth=1)
    made = window(plan, 0, [[[0]] * 5])
    assert named(plan, made, schedule(plan, made, frozenset({0}))) == {
        *((f"out.0@{chunk}", f"read@{chunk}") for chunk in range(5)),
        *((f"read@{chunk}", f"out.0@{chunk + 2}") for chunk in range(3)),
    }


def test_a_carried_bus_is_a_chain() -> None:
    plan = static([group("out", buses=(0,), carried=True)], depth=9, inner_depth=1)
    made = window(plan, 4, [[[0]] * 3])
    assert named(plan, made, schedule(plan, made, frozenset({0}))) == {
        *((f"out.0@{chunk}", f"read@{chunk}") for chunk in range(3)),
        ("out.0@0", "out.0@1"),
        ("out.0@1", "out.0@2"),
    }


def test_what_is_read_long_after_it_is_written_leaves_chunks_free() -> None:
    plan = static([group("out", buses=(0,), carried=True, lag=2)], depth=9, inner_depth=1)
    made = window(plan, 0, [[[0]] * 5])
    assert named(plan, made, schedule(plan, made, frozenset({0}))) == {
        *((f"out.0@{chunk}", f"read@{chunk}") for chunk in range(5)),
        *((f"out.0@{chunk}", f"out.0@{chunk + 2}") for chunk in range(3)),
        *((f"out.0@{chunk}", f"out.0@{chunk + 3}") for chunk in range(2)),
    }


def test_both_sides_of_a_bus_are_read_and_neither_waits_for_the_other() -> None:
    left = group("left", buses=(0,), carried=True, side=Side.LEFT)
    right = group("right", buses=(0,), carried=True, side=Side.RIGHT)
    plan = static([left, right, group("out", buses=(1,), reads_buses=(0,))], depth=9, inner_depth=4)
    made = window(plan, 0, [[[0]] * 2] * 3)
    assert named(plan, made, schedule(plan, made, frozenset({1}))) == {
        *((f"{side}.0@{chunk}", f"out.0@{chunk}") for side in ("left", "right") for chunk in range(2)),
        *((f"out.0@{chunk}", f"read@{chunk}") for chunk in range(2)),
        ("left.0@0", "left.0@1"),
        ("right.0@0", "right.0@1"),
    }


def test_a_sum_waits_for_its_slices_and_slices_for_the_sum_that_used_their_slot() -> None:
    plan = static([group("v", source=0), group("out", buses=(0,), reads_sources=(0,))], depth=9, inner_depth=2)
    made = window(plan, 0, [[[0, 1], [1], [1, 2]], [[0]] * 3])
    edges = named(plan, made, schedule(plan, made, frozenset({0})))
    assert edges == {
        *((f"out.0@{chunk}", f"read@{chunk}") for chunk in range(3)),
        *(("v.0@0", "out.0@0"), ("v.1@0", "out.0@0"), ("v.1@1", "out.0@1"), ("v.1@2", "out.0@2"), ("v.2@2", "out.0@2")),
        *(("out.0@0", "v.1@2"), ("out.0@0", "v.2@2")),
    }


def test_slots_stay_in_order_where_a_source_is_silent_for_a_while() -> None:
    plan = static([group("v", source=0), group("out", buses=(0,), reads_sources=(0,))], depth=99, inner_depth=2)
    made = window(plan, 0, [[[0], [], [], [], [0], [], [], [], [0]], [[0]] * 9])
    edges = named(plan, made, schedule(plan, made, frozenset({0})))
    assert {("out.0@0", "v.0@4"), ("out.0@4", "v.0@8")} <= edges
    assert not {edge for edge in edges if edge[0] == "out.0@2" and edge[1].startswith("v")}


def test_a_slice_keeps_its_state_in_order_over_a_pause() -> None:
    plan = static([group("v", source=0, carried=True)], depth=9, inner_depth=9)
    made = window(plan, 0, [[[0, 1], [1], [0], [0, 1]]])
    assert named(plan, made, schedule(plan, made, frozenset())) == {
        *(("v.0@0", "v.0@2"), ("v.0@2", "v.0@3"), ("v.1@0", "v.1@1"), ("v.1@1", "v.1@3")),
    }


def test_a_bus_that_voices_read_now_and_then_does_not_run_ahead_of_itself() -> None:
    plan = static([group("lfo", buses=(0,)), group("v", source=0, reads_buses=(0,))], depth=9, inner_depth=2)
    made = window(plan, 0, [[[0]] * 7, [[0], [], [], [], [0], [], []]])
    edges = named(plan, made, schedule(plan, made, frozenset()))
    assert {("v.0@0", "lfo.0@2"), ("lfo.0@2", "lfo.0@4"), ("v.0@4", "lfo.0@6")} <= edges
    assert ("lfo.0@0", "lfo.0@2") not in edges, "its reader already says so"


def test_a_group_may_have_a_bus_that_is_read_from_outside_and_one_that_is_not() -> None:
    plan = static([group("loop", buses=(0, 1)), group("out", buses=(2,), reads_buses=(0, 1))], depth=3, inner_depth=1)
    made = window(plan, 0, [[[0]] * 5, [[0]] * 5])
    edges = named(plan, made, schedule(plan, made, frozenset({0, 2})))
    assert ("read@0", "loop.0@3") in edges
    assert ("out.0@0", "loop.0@1") in edges
    assert ("loop.0@0", "read@0") in edges
    assert ("out.0@0", "read@0") in edges


# The meaning as a whole.


def test_whoever_touches_the_same_memory_is_in_order() -> None:
    pairs = [holds(*chance_plan(seed)) for seed in SEEDS]
    assert sum(pairs) > 20_000
    assert sum(count > 100 for count in pairs) > len(pairs) // 3


@pytest.mark.parametrize("name", SCORES)
def test_whoever_touches_the_same_memory_in_a_score_is_in_order(name: str) -> None:
    assert holds(*score_plan(SCORES[name], chunk=200)) > 50


def test_edges_lead_on_in_the_plans_order_and_join_only_neighbours() -> None:
    for seed in SEEDS:
        plan, made, read = chance_plan(seed)
        edges = schedule(plan, made, read)
        place = {one: at for at, (_, one, _, _) in enumerate(touched(plan, made, read))}
        groups = made.tasks[:, Task.GROUP].tolist()
        for one, other in zip(edges.before.tolist(), edges.after.tolist()):
            assert place[one] < place[other]
            if one < edges.tasks and other < edges.tasks and groups[one] != groups[other]:
                first, second = plan.groups[groups[one]], plan.groups[groups[other]]
                reads = {*first.reads_buses, *second.reads_buses} & {*first.buses, *second.buses}
                assert reads or {first.source, second.source} & {*first.reads_sources, *second.reads_sources}


def test_successors_are_the_same_edges_grouped() -> None:
    for seed in SEEDS:
        edges = schedule(*chance_plan(seed))
        count = edges.tasks + edges.reads
        assert len(edges.first_successor) == count + 1
        owner = np.repeat(np.arange(count), np.diff(edges.first_successor))
        found = sorted(zip(owner.tolist(), edges.successors.tolist()))
        assert found == sorted(zip(edges.before.tolist(), edges.after.tolist()))


def test_memory_does_not_grow_with_duration() -> None:
    """Before the coordinator has read chunk c, no task of an output's chunk c + depth or later may run."""
    for seed in SEEDS:
        plan, made, read = chance_plan(seed)
        edges = schedule(plan, made, read)
        later = descendants(edges)
        for task, row in enumerate(made.tasks.tolist()):
            if not read & set(plan.groups[row[Task.GROUP]].buses):
                continue
            for chunk in range(row[Task.CHUNK] - plan.depth, -1, -plan.depth):
                written = (made.tasks[:, Task.GROUP] == row[Task.GROUP]) & (made.tasks[:, Task.CHUNK] == chunk)
                if written.any():
                    assert later[edges.tasks + chunk] >> task & 1


# What is derived from done bits.


def test_pending_and_ready_are_what_they_say_for_any_done_bits() -> None:
    for seed in SEEDS:
        edges = schedule(*chance_plan(seed))
        chance = random.Random(seed)
        count = edges.tasks + edges.reads
        for share in (0.0, 0.3, 0.8, 1.0):
            done = [chance.random() < share for _ in range(count)]
            expected = [0] * count
            for one, other in zip(edges.before.tolist(), edges.after.tolist()):
                expected[other] += not done[one]
            pending = edges.pending(np.array(done, bool))
            assert pending.tolist() == expected
            free = [task for task in range(edges.tasks) if not done[task] and expected[task] == 0]
            assert edges.ready(np.array(done, bool), pending).tolist() == free


def test_any_order_that_obeys_the_edges_gets_everything_done() -> None:
    for seed in SEEDS:
        edges = schedule(*chance_plan(seed))
        chance = random.Random(seed)
        count = edges.tasks + edges.reads
        done = np.zeros(count, bool)
        while not done.all():
            pending = edges.pending(done)
            free = np.flatnonzero((pending == 0) & ~done).tolist()
            assert free, "nothing may run, and not all is done"
            done[chance.sample(free, chance.randint(1, len(free)))] = True


# From one window to the next.


def both(
    plan: StaticPlan, one: WindowPlan, other: WindowPlan, read: frozenset[int]
) -> tuple[SchedulePlan, SchedulePlan]:
    """The schedule of a window that may begin while the one before it runs, and of both as one, reads behind tasks."""
    before = schedule(plan, one, read)
    made = schedule(plan, other, read, ending(plan, one))
    shift, behind = before.tasks + before.reads, np.arange(made.tasks + made.reads)
    numbers = behind + shift
    firsts = np.concatenate([before.before, numbers[made.before], made.late_before])
    seconds = np.concatenate([before.after, numbers[made.after], numbers[made.late_after]])
    return made, grouped_by_task(firsts, seconds, shift + len(behind), 0)


def test_whoever_touches_the_same_memory_in_two_windows_is_in_order() -> None:
    pairs = 0
    for seed in SEEDS:
        plan, windows, read = chance_windows(seed)
        for one, other in pairwise(windows):
            later = descendants(both(plan, one, other, read)[1])
            shift = len(one.tasks) + one.chunks
            users: dict[Cell, list[tuple[int, bool]]] = {}
            for made, first in ((one, 0), (other, shift)):
                for _, number, reads, writes in touched(plan, made, read):
                    here = number + first
                    for cell in reads | writes:
                        for before, wrote in users.setdefault(cell, []):
                            if wrote or cell in writes:
                                pairs += first > before
                                assert later[before] >> here & 1, (seed, before, here, cell)
                        users[cell].append((here, cell in writes))
    assert pairs > 1000


def test_a_window_waits_for_the_end_of_the_one_before_and_for_no_more() -> None:
    plan = static([group("v", source=0, carried=True), group("out", buses=(0,), reads_sources=(0,))], 2, 2)
    one, other = window(plan, 0, [[[0]] * 4, [[0]] * 4]), window(plan, 4, [[[0]] * 2, [[0]] * 2], [[[0]] * 4] * 2)
    made, _ = both(plan, one, other, frozenset({0}))
    late = {(int(first), int(second)) for first, second in zip(made.late_before, made.late_after)}
    voice, bus, read = (lambda chunk: 2 * chunk), (lambda chunk: 2 * chunk + 1), (lambda chunk: 8 + chunk)
    assert late == {
        (voice(3), voice(0)),
        *((bus(2 + chunk), voice(chunk)) for chunk in range(2)),
        *((read(2 + chunk), bus(chunk)) for chunk in range(2)),
    }


def test_a_slice_waits_for_another_that_had_its_state_in_the_window_before() -> None:
    plan = static([group("v", source=0, carried=True)], 2, 1)
    one, other = window(plan, 0, [[[0], *[[]] * 20]]), window(plan, 21, [[[1]]])
    other.tasks[:, Task.RING] = 0
    made, _ = both(plan, one, other, frozenset())
    assert {*made.late_before.tolist()} == {*made.late_after.tolist()} == {0}
