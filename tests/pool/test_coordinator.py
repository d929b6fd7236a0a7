"""The coordinator's decisions, with signals and commands alone: no processes, no clocks."""

from __future__ import annotations

import pytest

from farm.rendering.coordinator import (
    HUNG_CPU_S,
    IDLE_DEATHS_ALLOWED,
    STILL_LOOKS,
    Activity,
    Command,
    Coordinator,
    Died,
    GiveUp,
    Halt,
    Kill,
    Parked,
    Rebuild,
    Resume,
    Start,
    Tell,
)


def parked(*workers: int) -> Parked:
    """These workers stand at a task boundary."""
    return Parked(frozenset(workers))


def mended(*workers: int) -> list[Command]:
    """What follows when all others are parked."""
    return [Rebuild(), *(Start(worker) for worker in workers), Resume()]


def test_a_death_halts_the_others_and_is_mended_when_they_stand_still() -> None:
    pool = Coordinator(3)
    assert pool.decide(Died(1, 7)) == [Halt()]
    assert pool.decide(parked()) == []
    assert pool.decide(parked(0)) == []
    assert pool.decide(parked(0, 2)) == mended(1)
    assert pool.replaced == 1
    assert not pool.halted


def test_the_only_worker_is_mended_at_once() -> None:
    pool = Coordinator(1)
    assert pool.decide(Died(0, 0)) == [Halt()]
    assert pool.decide(parked()) == mended(0)


def test_nothing_is_decided_about_workers_that_park_for_another_reason() -> None:
    pool = Coordinator(2)
    assert pool.decide(parked(0, 1)) == []
    assert pool.replaced == 0


def test_a_death_is_told_once_however_often_it_is_seen() -> None:
    pool = Coordinator(2)
    assert pool.decide(Died(0, 4)) == [Halt()]
    for _ in range(5):
        assert pool.decide(Died(0, 4)) == []
    assert pool.decide(parked(1)) == mended(0)
    assert pool.replaced == 1


def test_a_death_while_halted_joins_those_to_be_replaced() -> None:
    pool = Coordinator(4)
    assert pool.decide(Died(2, 11)) == [Halt()]
    assert pool.decide(parked(0, 1)) == [], "worker 3 still runs"
    assert pool.decide(Died(3, 12)) == []
    assert pool.decide(parked(0, 1)) == mended(2, 3)
    assert pool.replaced == 2


def test_a_worker_may_die_while_it_is_parked() -> None:
    pool = Coordinator(3)
    pool.decide(Died(0, 5))
    assert pool.decide(parked(1)) == []
    assert pool.decide(Died(1, -1)) == []
    assert pool.decide(parked(1)) == [], "its flag still stands, but worker 2 has not parked"
    assert pool.decide(parked(1, 2)) == mended(0, 1)


@pytest.mark.parametrize("tasks", [(3, 4), (3, -1), (-1, -1)])
def test_two_deaths_at_once_are_mended_together(tasks: tuple[int, int]) -> None:
    pool = Coordinator(2)
    assert pool.decide(Died(0, tasks[0])) == [Halt()]
    assert pool.decide(Died(1, tasks[1])) == []
    assert pool.decide(parked()) == mended(0, 1)
    assert pool.replaced == 2


def test_the_death_of_a_replacement_is_a_death_like_any_other() -> None:
    pool = Coordinator(2)
    pool.decide(Died(0, 5))
    assert pool.decide(parked(1)) == mended(0)
    assert pool.decide(Died(0, -1)) == [Halt()]
    assert pool.decide(parked(1)) == mended(0)
    assert pool.decide(Died(0, 6)) == [Halt()]
    assert pool.decide(parked(1)) == mended(0)
    assert pool.replaced == 3


def test_a_late_parked_changes_nothing() -> None:
    pool = Coordinator(3)
    pool.decide(Died(0, 5))
    assert pool.decide(parked(1, 2)) == mended(0)
    assert pool.decide(parked(1, 2)) == []
    assert pool.decide(parked(0, 1, 2)) == []
    assert pool.decide(Died(1, 6)) == [Halt()]
    assert pool.decide(parked(1, 2)) == [], "the dead worker's flag does not stand for worker 0"
    assert pool.decide(parked(0, 1, 2)) == mended(1)


@pytest.mark.parametrize("second", [0, 1])
def test_a_task_that_kills_two_workers_ends_the_render(second: int) -> None:
    pool = Coordinator(2)
    pool.decide(Died(0, 9))
    pool.decide(parked(1))
    assert pool.decide(Died(second, 9)) == [GiveUp(9)]


def test_a_task_may_kill_its_second_worker_only_after_many_others_died() -> None:
    pool = Coordinator(2)
    for task in (9, 1, 2, 3, -1, 4):
        assert pool.decide(Died(0, task)) == [Halt()]
        assert pool.decide(parked(1)) == mended(0)
    assert pool.decide(Died(1, 9)) == [GiveUp(9)]


def test_the_second_death_ends_the_render_also_while_halted() -> None:
    pool = Coordinator(3)
    pool.decide(Died(0, 9))
    pool.decide(parked(1, 2))
    assert pool.decide(Died(1, 8)) == [Halt()]
    assert pool.decide(Died(2, 9)) == [GiveUp(9)]


def test_deaths_without_a_task_never_blame_one() -> None:
    pool = Coordinator(2)
    for _ in range(IDLE_DEATHS_ALLOWED):
        assert pool.decide(Died(1, -1)) == [Halt()]
        assert pool.decide(parked(0)) == mended(1)
    assert pool.deaths == {}


def test_workers_that_die_before_they_do_anything_end_the_render() -> None:
    pool = Coordinator(2)
    for _ in range(IDLE_DEATHS_ALLOWED):
        assert pool.decide(Died(1, -1)) == [Halt()]
        assert pool.decide(parked(0)) == mended(1)
    assert pool.decide(Died(1, -1)) == [GiveUp(-1)]


@pytest.mark.parametrize("alive", [Activity(1, 3, 0.1), Died(1, 3), "parked", "window"])
def test_a_worker_that_was_at_work_is_not_one_that_cannot_start(alive: Activity | Died | str) -> None:
    pool = Coordinator(2)
    for _ in range(IDLE_DEATHS_ALLOWED):
        pool.decide(Died(1, -1))
        pool.decide(parked(0))
    if alive == "window":
        pool.new_window(range(100))
    elif isinstance(alive, str):
        pool.decide(Died(0, 1))
        assert pool.decide(parked(1)) == mended(0)
    else:
        pool.decide(alive)
        pool.decide(parked(0))
    for _ in range(IDLE_DEATHS_ALLOWED):
        assert pool.decide(Died(1, -1)) == [Halt()]
        assert pool.decide(parked(0)) == mended(1)


def test_a_new_window_forgets_what_tasks_did() -> None:
    pool = Coordinator(2)
    for task in (9, 7):
        pool.decide(Died(0, task))
        pool.decide(parked(1))
    pool.decide(Activity(1, 9, 1.0))
    pool.new_window(range(8, 20))
    assert pool.decide(Died(0, 9)) == [Halt()], "task 9 is another one now"
    assert pool.decide(parked(1)) == mended(0)
    assert pool.decide(Activity(1, 9, 1.0 + HUNG_CPU_S)) == []
    assert pool.replaced == 3, "replacements are counted for the whole render"
    assert pool.decide(Died(0, 7)) == [GiveUp(7)], "task 7 is of the window that still runs"


# Hung workers.


def test_a_worker_hangs_by_its_own_cpu_time() -> None:
    pool = Coordinator(2, hung_cpu_s=30.0)
    assert pool.decide(Activity(0, 4, 100.0)) == []
    assert pool.decide(Activity(0, 4, 129.9)) == []
    assert pool.decide(Activity(0, 4, 130.0)) == [Kill(0)]


def test_wall_time_alone_never_hangs() -> None:
    pool = Coordinator(1)
    for _ in range(100_000):
        assert Kill(0) not in pool.decide(Activity(0, 4, 12.5)), "stopped, or waiting for a page: no CPU time goes by"


def test_cpu_time_of_other_tasks_does_not_count() -> None:
    pool = Coordinator(1, hung_cpu_s=30.0)
    for task in range(1000):
        assert pool.decide(Activity(0, task, 29.0 * task)) == []
    assert pool.decide(Activity(0, -1, 30_000.0)) == []
    assert pool.decide(Activity(0, -1, 60_000.0)) == [], "an idle worker may wait as it likes"
    assert pool.decide(Activity(0, 5, 60_000.0)) == []
    assert pool.decide(Activity(0, 5, 60_029.0)) == []
    assert pool.decide(Activity(0, 5, 60_030.0)) == [Kill(0)]


def test_a_hung_worker_is_killed_once_and_then_dies_like_any_other() -> None:
    pool = Coordinator(2, hung_cpu_s=1.0)
    pool.decide(Activity(1, 4, 0.0))
    assert pool.decide(Activity(1, 4, 1.0)) == [Kill(1)]
    assert pool.decide(Activity(1, 4, 2.0)) == []
    assert pool.decide(Died(1, 4)) == [Halt()]
    assert pool.decide(Activity(1, 4, 2.0)) == [], "nobody is there"
    assert pool.decide(parked(0)) == mended(1)
    assert pool.decide(Activity(1, 4, 0.2)) == [], "the replacement has its own CPU time"
    assert pool.decide(Activity(1, 4, 1.2)) == [Kill(1)]
    assert pool.decide(Died(1, 4)) == [GiveUp(4)], "a task that hangs twice has killed two workers"


def test_workers_hang_each_for_itself() -> None:
    pool = Coordinator(3, hung_cpu_s=10.0)
    for worker, cpu_s in ((0, 0.0), (1, 100.0), (2, 50.0)):
        pool.decide(Activity(worker, 7 + worker, cpu_s))
    assert pool.decide(Activity(0, 7, 5.0)) == []
    assert pool.decide(Activity(1, 8, 110.0)) == [Kill(1)]
    assert pool.decide(Activity(2, 9, 59.0)) == []


# Workers that stand still.


def looks(pool: Coordinator, count: int, *seen: Activity) -> list[Command]:
    """What is decided when the same is seen so often."""
    return [command for _ in range(count) for one in seen for command in pool.decide(one)]


@pytest.mark.parametrize(
    "still",
    [
        Activity(0, 4, 2.5),
        Activity(0, 4, 2.5, stopped=True),
        Activity(0, -1, 2.5, awaited=True),
        Activity(0, -1, 2.5, stopped=True),
    ],
)
def test_a_worker_that_is_waited_for_and_stands_still_is_told_of_once(still: Activity) -> None:
    pool = Coordinator(2)
    assert looks(pool, STILL_LOOKS, still, Activity(1, 5, 0.1)) == []
    assert looks(pool, 1, still) == [Tell(0, still.stopped)]
    assert looks(pool, 100, still) == []


def test_workers_that_move_or_owe_nothing_are_not_told_of() -> None:
    pool = Coordinator(2)
    for number in range(100):
        assert looks(pool, 1, Activity(0, 4, 0.01 * number), Activity(1, -1, 1.0)) == []
    assert looks(pool, STILL_LOOKS, Activity(0, 4, 1.0, stopped=True)) == []
    assert looks(pool, 1, Activity(0, 4, 1.01)) == [], "it goes on"
    assert looks(pool, STILL_LOOKS - 1, Activity(0, 4, 1.01)) == []
    assert looks(pool, 1, Activity(0, -1, 1.01)) == [], "it has done its task"
    assert looks(pool, STILL_LOOKS, Activity(0, 5, 1.01)) == []
    assert looks(pool, 1, Activity(0, 5, 1.01)) == [Tell(0, False)]


def test_a_worker_that_stands_still_again_is_told_of_again() -> None:
    pool = Coordinator(1)
    for cpu_s in (1.0, 2.0):
        assert looks(pool, STILL_LOOKS + 1, Activity(0, 4, cpu_s, stopped=True)) == [Tell(0, True)]


def test_a_replacement_begins_anew() -> None:
    pool = Coordinator(2)
    looks(pool, STILL_LOOKS, Activity(0, 4, 0.0))
    pool.decide(Died(0, 4))
    pool.decide(parked(1))
    assert looks(pool, STILL_LOOKS, Activity(0, 4, 0.0)) == []
    assert looks(pool, 1, Activity(0, 4, 0.0)) == [Tell(0, False)]
