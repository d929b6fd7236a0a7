"""Schedules that are played through: laws that hold for any of them, and small ones that can be reckoned by hand."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from farm.plan.pacing import GLANCE_S, LONGEST_GLANCE_S
from farm.plan.plan import StaticPlan, WindowPlan
from farm.plan.schedule import ending, schedule
from farm.profile.chains import longest_chain
from farm.profile.simulate import SLICE_S, SPINNING_S, WAKING_S, Play, PlayedWindow, simulate
from farm.profile.trace import Traced, TracedWindow, typical
from tests.plan.planning import Planner
from tests.pool.plans import chance_plan, group, static, window
from tests.render.scores import SCORES
from workers.wire import Task

READ = frozenset({0})
SEEDS = range(40)


def traced(plan: StaticPlan, windows: list[WindowPlan], task_s: float = 1.0, **coordinator: float) -> Traced:
    """A render whose tasks all took as long."""
    return Traced(
        plan, READ, tuple(timed(one, np.full(len(one.tasks), task_s), **coordinator) for one in windows), 0, 0
    )


def timed(
    made: WindowPlan, tasks_s: np.ndarray, *steps_s: float, begin_s: float = 0, read_s: float = 0
) -> TracedWindow:
    """A window as it was run."""
    return TracedWindow(made, tasks_s, steps_s, begin_s, read_s, True)


def played(stretches: list[PlayedWindow], workers: int, depth: int = 64) -> Play:
    """A play at its end: nothing is left over."""
    play = Play(stretches, workers, depth, max(depth // 2, 1))
    play.run()
    assert (play.begun, play.over, play.unread, play.waits) == (len(stretches), len(stretches), 0, False)
    assert not any(play.left) and not any(play.pending)
    assert not play.ready and not play.running and play.home_task < 0
    assert set(play.idle) == set(range(workers))
    return play


def stretches(plan: StaticPlan, *windows: WindowPlan, task_s: float = 1.0, **coordinator: Any) -> list[PlayedWindow]:
    """Windows, one behind the other, to be played."""
    costs = {"steps_s": (0.0,), "begin_s": 0.0, "read_s": 0.0, **coordinator}
    found, before = [], None
    for one in windows:
        order = schedule(plan, one, READ, before)
        found.append(PlayedWindow(one.first_chunk, one.chunks, [task_s] * len(one.tasks), order, **costs))
        before = ending(plan, one)
    return found


CHAIN = static([group("out", buses=(0,), carried=True)], depth=64, inner_depth=1)
FREE = static([group("out", buses=(0,))], depth=64, inner_depth=1)
BESIDE = 0.03
"""Sleeps and wakings together, seconds, in plays of tasks that last one each."""


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_chain_is_as_long_whoever_runs_it(workers: int) -> None:
    made = window(CHAIN, 0, [[[0]] * 10])
    assert played(stretches(CHAIN, made), workers).now == pytest.approx(10, abs=BESIDE)


@pytest.mark.parametrize(("workers", "wall_s"), [(1, 10), (2, 5), (3, 4), (4, 3), (10, 1), (16, 1)])
def test_tasks_that_wait_for_nobody_are_shared_out(workers: int, wall_s: float) -> None:
    made = window(FREE, 0, [[[0]] * 10])
    assert played(stretches(FREE, made), workers).now == pytest.approx(wall_s, abs=BESIDE)


def test_slots_are_written_again_when_they_are_read() -> None:
    """Two chunks are read at a time, each in half a second: while the other two of four slots are filled."""
    made = window(FREE, 0, [[[0]] * 8])
    plan = replace(FREE, depth=4)
    play = played(stretches(plan, made, read_s=0.5), 4, depth=4)
    assert play.now == pytest.approx(1 + 8 * 0.5, abs=4 * BESIDE)


def test_a_window_begins_beside_the_one_before() -> None:
    """Its plan is made while that one runs, and no worker waits for the end of it."""
    windows = [window(FREE, 0, [[[0]] * 5]), window(FREE, 5, [[[0]] * 5])]
    # 2 workers and 10 tasks: 5 seconds, where a wait for all of the first window would make it 6.
    assert played(stretches(FREE, *windows), 2).now == pytest.approx(5, abs=BESIDE)
    apart = [replace(one, joins=False) for one in stretches(FREE, *windows)]
    assert played(apart, 2).now == pytest.approx(6, abs=BESIDE)


def test_a_plan_is_made_while_workers_run_and_waited_for_where_it_is_late() -> None:
    windows = [window(FREE, 0, [[[0]] * 4]), window(FREE, 4, [[[0]] * 4])]
    # 16 CPUs: the coordinator has one of its own.
    both = stretches(FREE, *windows, steps_s=(0.2, 0.3), begin_s=0.25)
    assert played(both, 16).now == pytest.approx(0.5 + 0.25 + 1 + 0.75, abs=BESIDE)
    # A plan that takes longer than the tasks is what workers wait for: the 4 that had one.
    late = [both[0], replace(both[1], steps_s=(3.0,))]
    play = played(late, 16)
    assert play.now == pytest.approx(0.5 + 0.25 + 3 + 0.25 + 1, abs=BESIDE)
    # Others, who slept longer, have those of the second window: these wait until the end.
    assert play.stood_s == pytest.approx(4 * (2 + 0.25 + 1), abs=8 * BESIDE)


def test_no_more_than_two_windows_are_under_way() -> None:
    """The third is not planned before the first is over."""
    windows = [window(FREE, first, [[[0]] * 2]) for first in (0, 2, 4)]
    play = played(stretches(FREE, *windows, steps_s=(0.5,)), 1)
    assert play.now == pytest.approx(0.5 + 6 + 2 * 0.5, abs=0.3)
    # Two workers of three have nothing to do but once the third window is there.
    play = played(stretches(FREE, *windows, steps_s=(0.5,)), 8)
    assert play.now == pytest.approx(0.5 + 0.5 + 1 + 0.5 + 1, abs=0.6)


def test_tasks_wait_for_those_that_they_follow_in_the_window_before() -> None:
    windows = [window(CHAIN, 0, [[[0]] * 5]), window(CHAIN, 5, [[[0]] * 5])]
    both = stretches(CHAIN, *windows)
    assert len(both[1].order.late_before)
    assert played(both, 4).now == pytest.approx(10, abs=BESIDE)


def test_slots_are_read_before_the_next_window_writes_them_again() -> None:
    """Two slots, and windows of three chunks: a chunk runs when the last but one was read, also over their border."""
    plan = replace(FREE, depth=2)
    parts = [window(FREE, 0, [[[0]] * 3]), window(FREE, 3, [[[0]] * 3])]
    play = played(stretches(plan, *parts, read_s=0.5), 4, depth=2)
    assert play.now == pytest.approx(1 + 0.5 + 1 + 0.5 + 1 + 2 * 0.5, abs=2 * BESIDE)


def test_the_coordinator_takes_its_time_from_a_worker_where_all_cpus_are_busy() -> None:
    windows = [window(FREE, 0, [[[0]] * 8]), window(FREE, 8, [[[0]] * 8])]
    one, other = stretches(FREE, *windows)
    both = [one, replace(other, steps_s=(2.0,))]
    assert played(both, 64).now == pytest.approx(2 + 1, abs=BESIDE)
    assert played(both, 1).now == pytest.approx(16 + 2, abs=2 * BESIDE)


def test_who_shares_a_cpu_has_half_of_it() -> None:
    """Two workers with a task of two seconds, and a plan of one: it takes two, or one task three."""
    windows = [window(FREE, 0, [[[0]] * 2]), window(FREE, 2, [[[0]] * 2])]
    one, other = stretches(FREE, *windows, task_s=2.0)
    assert played([one, replace(other, steps_s=(1.0,))], 2).now == pytest.approx(5, abs=2 * BESIDE)


def test_who_had_more_of_a_cpu_does_not_have_it_first_when_it_wakes() -> None:
    play = Play(stretches(FREE, window(FREE, 0, [[[0]] * 2])), 1, 64, 2)
    play.home_task, play.home_left_s = 0, 1.0
    for debt_s, yields, slice_s in ((0.0, False, SLICE_S), (SLICE_S / 2, True, SLICE_S / 2), (1.0, True, SLICE_S)):
        play.debt_s = debt_s
        play.wake_up()
        assert (play.yields, play.slice_s) == (yields, slice_s)
    play.home_task = -1
    play.wake_up()
    assert not play.yields
    assert GLANCE_S < SLICE_S and SPINNING_S < WAKING_S


@pytest.mark.parametrize("seed", SEEDS)
def test_no_schedule_is_shorter_than_its_bounds_and_every_task_is_done(seed: int) -> None:
    chance = random.Random(seed)
    plan, made, reads = chance_plan(seed)
    costs = np.array([chance.uniform(0.001, 1.0) for _ in made.tasks])
    one = timed(made, costs, 0.1, begin_s=chance.uniform(0, 0.5), read_s=chance.uniform(0, 3.0))
    whole = Traced(plan, reads, (one,), 0.0, 1e-5)
    walls = []
    for workers in (1, 2, 3, 8, 64):
        found = simulate(whole, workers)
        assert found.wall_s >= max(found.bounds_s.values()) - 1e-9
        assert found == simulate(whole, workers)
        assert 0 <= found.stood_s <= workers * found.wall_s
        walls.append(found.wall_s)
    # One worker and the coordinator share a CPU: together they take as long as both, looks, and sleeps.
    assert walls[0] >= whole.tasks_s + one.begin_s - 1e-9
    looks_s = whole.tasks_s * whole.look_s / GLANCE_S
    assert walls[0] <= whole.tasks_s + whole.coordinator_s + looks_s + 2 * LONGEST_GLANCE_S * made.chunks


@pytest.mark.parametrize("name", ["bus voices", "effects", "a loop of two buses", "cut groups"])
@pytest.mark.parametrize("workers", [1, 3, 16])
def test_windows_of_a_score_are_played_to_their_end(name: str, workers: int) -> None:
    planner = Planner(SCORES[name])
    windows = planner.windows(5, 8, 1, 10)
    made = tuple(timed(one, 1e-3 * cost(planner.plan, one), 1e-3, 1e-3, read_s=1e-3) for one in windows)
    whole = Traced(planner.plan, frozenset((0,)), made, 0.0, 1e-5)
    found = simulate(whole, workers)
    assert max(found.bounds_s.values()) - 1e-9 <= found.wall_s <= found.alone_s + 1.0


def test_what_runs_have_in_common_is_the_middle() -> None:
    made = window(FREE, 0, [[[0]] * 2])
    runs = [
        Traced(FREE, READ, (timed(made, np.array([1.0, one]), one, begin_s=one, read_s=one),), one, one)
        for one in (2.0, 9.0, 3.0)
    ]
    common = typical(runs)
    (only,) = common.windows
    assert only.tasks_s.tolist() == [1, 3]
    assert (only.steps_s, only.begin_s, only.read_s, common.wall_s, common.look_s) == ((3,), 3, 3, 3, 3)
    assert (common.tasks_s, common.coordinator_s) == (4, 9)


# Chains.


def cost(plan: StaticPlan, made: WindowPlan) -> np.ndarray:
    """Seconds of tasks that do not depend on how time is cut into windows."""
    rows = made.tasks
    return 1.0 + (rows[:, Task.GROUP] * 7 + rows[:, Task.FRAME] // 512 * 3 + rows[:, Task.SLICE]) % 5


CHAINED = ("bus voices", "effects", "a loop of two buses", "cut groups", "parts, loops and lengths")


@pytest.mark.parametrize("name", CHAINED)
def test_the_longest_chain_is_the_same_in_any_windows(name: str) -> None:
    text = SCORES[name]
    found = []
    for lengths in ((24,), (8, 8, 8), (1, 5, 2, 16)):
        planner = Planner(text)
        windows = planner.windows(*lengths)
        made = [timed(one, cost(planner.plan, one)) for one in windows]
        chain = longest_chain(planner.plan, made)
        assert chain.seconds == pytest.approx(sum(chain.groups.values()))
        assert chain.seconds <= sum(one.tasks_s.sum() for one in made)
        found.append(chain.seconds)
    assert len({*found}) == 1


def test_a_chain_goes_from_window_to_window() -> None:
    windows = [window(CHAIN, 0, [[[0]] * 5]), window(CHAIN, 5, [[[0]] * 5])]
    chain = longest_chain(CHAIN, traced(CHAIN, windows).windows)
    assert (chain.seconds, chain.groups) == (10, {CHAIN.groups[0].key: 10})
    assert longest_chain(FREE, traced(FREE, windows).windows).seconds == 1
    assert longest_chain(CHAIN, []).longest_group == ""
    assert Fraction(chain.seconds) == 10
