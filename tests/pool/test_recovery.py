"""A worker may die at any state it can leave in the tables: nothing is lost, nothing runs out of order or twice."""

from __future__ import annotations

import random
from functools import cache

import pytest

from farm.plan.schedule import SchedulePlan, ending, schedule

from .plans import chance_plan, chance_windows, group, static, window
from .tables import Play, Tables


@cache
def small() -> SchedulePlan:
    """Two slices, one of them carried, into a bus that is read: every kind of edge, in few tasks."""
    groups = [
        group("v", source=0),
        group("w", source=1, carried=True),
        group("out", buses=(0,), carried=True, reads_sources=(0, 1)),
    ]
    plan = static(groups, depth=2, inner_depth=1)
    made = window(plan, 0, [[[0, 1], [0], [0]], [[0], [], [0]], [[0]] * 3])
    return schedule(plan, made, frozenset({0}))


def whole(play: Play) -> None:
    """Asserts that everything was done, and more than once only what a death left unfinished."""
    tables = play.tables
    assert play.given_up is None
    assert tables.over
    for task, runs in enumerate(tables.runs):
        deaths = sum(claimed == task for _, claimed in play.died)
        assert 1 <= runs <= 1 + deaths, f"task {task} ran {runs} times and {deaths} workers died of it"


def following(seed: int) -> list[SchedulePlan]:
    """Windows of a random plan, one after another, each with what it waits for in the one before."""
    plan, windows, read = chance_windows(seed)
    ends = [None, *(ending(plan, one) for one in windows[:-1])]
    return [schedule(plan, one, read, before) for one, before in zip(windows, ends, strict=True)]


def test_windows_that_follow_each_other_are_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = 0
    for seed in range(30):
        workers = seed % 3 + 1
        play = Play(monkeypatch, Tables(following(seed), workers), workers, seed, {})
        play.run()
        whole(play)
        beside += max(play.under_way)
    assert beside > 45, "windows ran beside each other"


def test_workers_may_die_between_windows_and_across_them(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths = finished = 0
    for seed in range(60):
        chance = random.Random(seed)
        workers = chance.randint(1, 3)
        kills = {worker: [chance.randint(1, 250) for _ in range(chance.randint(0, 3))] for worker in range(workers)}
        play = Play(monkeypatch, Tables(following(seed), workers), workers, seed, kills)
        play.run()
        deaths += len(play.died)
        if play.given_up is None:
            whole(play)
            finished += 1
    assert deaths > 50
    assert finished > 40


def test_without_deaths_each_task_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(10):
        for workers in (1, 2, 3):
            play = Play(monkeypatch, Tables(small(), workers), workers, seed, {})
            play.run()
            whole(play)
            assert play.tables.runs == [1] * small().tasks


def accesses_of_one_worker(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many accesses a lone worker makes for the small plan."""
    play = Play(monkeypatch, Tables(small(), 1), 1, 0, {})
    play.run()
    return play.accesses[0]


def test_a_lone_worker_may_die_before_any_access(monkeypatch: pytest.MonkeyPatch) -> None:
    states = set()
    count = accesses_of_one_worker(monkeypatch)
    assert count > 60
    for at in range(1, count + 1):
        play = Play(monkeypatch, Tables(small(), 1), 1, 0, {0: [at]})
        play.run()
        whole(play)
        states.update(claimed for _, claimed in play.died)
    assert states == {-1, *range(small().tasks)}, "it died of every task, and of none"


@pytest.mark.parametrize("workers", [2, 3])
def test_one_of_several_workers_may_die_before_any_access(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    deaths = 0
    for at in range(1, 100):
        play = Play(monkeypatch, Tables(small(), workers), workers, at, {at % workers: [at]})
        play.run()
        whole(play)
        deaths += len(play.died)
    assert deaths > 40


def test_workers_may_die_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths = finished = 0
    for seed in range(40):
        chance = random.Random(seed)
        workers = chance.randint(1, 4)
        kills = {worker: [chance.randint(1, 90) for _ in range(chance.randint(0, 3))] for worker in range(workers)}
        play = Play(monkeypatch, Tables(schedule(*chance_plan(seed)), workers), workers, seed, kills)
        play.run()
        deaths += len(play.died)
        if play.given_up is not None:
            assert [claimed for _, claimed in play.died].count(play.given_up) == 2
        else:
            whole(play)
            finished += 1
    assert deaths > 40
    assert finished > 25


def test_a_task_that_kills_its_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accesses of a worker from its start to the middle of its first task, where it dies both times."""
    play = Play(monkeypatch, Tables(small(), 1), 1, 0, {})
    first = []
    run_task = play.run_task

    def noted(*arguments: int) -> None:
        first.append((play.accesses[0], play.task_of(*arguments)))
        run_task(*arguments)

    monkeypatch.setattr("workers.work.run_task", noted)
    play.run()
    at, task = first[0]
    again = Play(monkeypatch, Tables(small(), 1), 1, 0, {0: [at + 1, at + 1]})
    again.run()
    assert again.given_up == task
    assert again.died == [(0, task), (0, task)]
    assert again.tables.runs[task] == 0
