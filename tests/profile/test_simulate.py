"""Schedules that are played through: laws that hold for any of them, and small ones that can be reckoned by hand."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from farm.plan.pacing import GLANCE_S
from farm.plan.plan import StaticPlan, WindowPlan
from farm.plan.schedule import schedule
from farm.profile.chains import longest_chain
from farm.profile.simulate import LATE_S, SLICE_S, SPINNING_S, WAKING_S, Play, PlayedWindow, simulate
from farm.profile.trace import Traced, TracedWindow
from tests.plan.planning import Planner
from tests.pool.plans import chance_plan, group, static, window
from tests.render.scores import SCORES
from workers.wire import Task

READ = frozenset({0})
SEEDS = range(40)


def traced(plan: StaticPlan, windows: list[WindowPlan], task_s: float = 1.0, **coordinator: float) -> Traced:
    """A render whose tasks all took as long."""
    costs = {"plan_s": 0.0, "tables_s": 0.0, "read_s": 0.0, **coordinator}
    made = [TracedWindow(window=one, tasks_s=np.full(len(one.tasks), task_s), **costs) for one in windows]
    return Traced(plan, READ, tuple(made), 0.0)


def played(stretches: list[PlayedWindow], workers: int, depth: int = 64) -> Play:
    """A play at its end: nothing is left over."""
    play = Play(stretches, workers, depth, max(depth // 2, 1))
    play.run()
    assert play.left == 0
    assert not play.ready and not play.running and play.home_task < 0
    assert max(play.pending) == min(play.pending) == 0
    assert set(play.idle) == set(range(workers))
    return play


def stretch(plan: StaticPlan, made: WindowPlan, task_s: float = 1.0, **coordinator: float) -> PlayedWindow:
    """A window to be played."""
    costs = {"plan_s": 0.0, "tables_s": 0.0, "read_s": 0.0, **coordinator}
    order = schedule(plan, made, READ)
    return PlayedWindow(made.first_chunk, made.chunks, [task_s] * len(made.tasks), order, **costs)


CHAIN = static([group("out", buses=(0,), carried=True)], depth=64, inner_depth=1)
FREE = static([group("out", buses=(0,))], depth=64, inner_depth=1)
BESIDE = 0.03
"""Sleeps and wakings together, seconds, in plays of tasks that last one each."""


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_chain_is_as_long_whoever_runs_it(workers: int) -> None:
    made = window(CHAIN, 0, [[[0]] * 10])
    assert played([stretch(CHAIN, made)], workers).now == pytest.approx(10, abs=BESIDE)


@pytest.mark.parametrize(("workers", "wall_s"), [(1, 10), (2, 5), (3, 4), (4, 3), (10, 1), (16, 1)])
def test_tasks_that_wait_for_nobody_are_shared_out(workers: int, wall_s: float) -> None:
    made = window(FREE, 0, [[[0]] * 10])
    assert played([stretch(FREE, made)], workers).now == pytest.approx(wall_s, abs=BESIDE)


def test_slots_are_written_again_when_they_are_read() -> None:
    """Two chunks at a time, and both are read, each in half a second, before the next two can begin."""
    made = window(FREE, 0, [[[0]] * 8])
    plan = replace(FREE, depth=2)
    play = played([stretch(plan, made, read_s=0.5)], 4, depth=2)
    assert play.now == pytest.approx(4 * (1 + 2 * 0.5), abs=4 * BESIDE)


def test_a_window_waits_for_the_one_before_and_its_plan_does_not() -> None:
    windows = [window(FREE, 0, [[[0]] * 4]), window(FREE, 0, [[[0]] * 4])]
    both = [stretch(FREE, one, plan_s=0.5, tables_s=0.25) for one in windows]
    # 16 CPUs: the coordinator has one of its own.
    assert played(both, 16).now == pytest.approx(0.5 + 2 * (0.25 + 1), abs=BESIDE)
    # A plan that takes longer than the tasks is what workers wait for.
    late = [both[0], replace(both[1], plan_s=3.0)]
    play = played(late, 16)
    assert play.now == pytest.approx(0.5 + 0.25 + 3 + 0.25 + 1, abs=BESIDE)
    # They stand 0.5 + 0.25 + 0.25 s, and from the end of the tasks to that of the plan; 12 of 16 all the time of it.
    assert play.stood_s == pytest.approx(16 * (0.5 + 0.25 + 0.25 + 2) + 12 * 1, abs=1)


def test_the_coordinator_takes_its_time_from_a_worker_where_all_cpus_are_busy() -> None:
    made, plan = window(FREE, 0, [[[0]] * 8]), FREE
    both = [stretch(plan, made), replace(stretch(plan, made), plan_s=2.0)]
    alone = played(both, 64).now
    shared = played(both, 1).now
    assert alone == pytest.approx(2 + 1, abs=BESIDE)
    assert shared == pytest.approx(16 + 2, abs=2 * BESIDE)


def test_who_wakes_has_the_cpu_first_but_not_for_long() -> None:
    """Two workers, each with a task of a second, and a plan of two: both get on."""
    made, plan = window(FREE, 0, [[[0]] * 2]), FREE
    play = played([stretch(plan, made), stretch(plan, made, plan_s=2.0)], 2)
    # One task is done after a second; then the coordinator has that worker's CPU, as it looks for a task.
    assert 2.9 < play.now < 4.1
    assert SLICE_S > GLANCE_S and LATE_S < SLICE_S and SPINNING_S < WAKING_S


@pytest.mark.parametrize("seed", SEEDS)
def test_no_schedule_is_shorter_than_its_bounds_and_every_task_is_done(seed: int) -> None:
    chance = random.Random(seed)
    plan, made, reads = chance_plan(seed)
    costs = np.array([chance.uniform(0.001, 1.0) for _ in made.tasks])
    one = TracedWindow(made, costs, 0.0, chance.uniform(0, 0.5), chance.uniform(0, 3.0))
    whole = Traced(plan, reads, (one,), 0.0)
    walls = []
    for workers in (1, 2, 3, 8, 64):
        found = simulate(whole, workers)
        assert found.wall_s >= max(found.bounds_s.values()) - 1e-9
        assert found == simulate(whole, workers)
        assert 0 <= found.stood_s <= workers * found.wall_s
        walls.append(found.wall_s)
    # One worker and the coordinator share a CPU: together they take as long as both, and sleeps.
    assert walls[0] >= whole.tasks_s + one.tables_s - 1e-9
    assert walls[0] <= whole.tasks_s + whole.coordinator_s + 0.2 + 0.01 * len(made.tasks)


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
        made = [TracedWindow(one, cost(planner.plan, one), 0.0, 0.0, 0.0) for one in windows]
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
