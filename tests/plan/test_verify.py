"""The verifier refuses plans that break a rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from farm.plan.plan import StaticPlan, WindowPlan, Word
from farm.plan.verify import PlanError, verify_static, verify_window
from tests.plan.planning import Planner
from workers.wire import RECORD_WORDS, Code, Task

TEXT = (
    'cps: 2\n~w: saw "110 220" # lpf 900 1\nout: s "~w*8 rim" # ar 0.01 0.5 # note "[0,3,7]*2" # delay 0.1 0.5 0.5\n'
    "o2: ~w * 0.5"
)


@pytest.fixture
def plan() -> StaticPlan:
    return Planner(TEXT).plan


@pytest.fixture
def window() -> tuple[StaticPlan, WindowPlan]:
    planner = Planner(TEXT)
    return planner.plan, planner.window(12)


def test_a_plan_as_it_was_made_is_right(plan: StaticPlan, window: tuple[StaticPlan, WindowPlan]) -> None:
    verify_static(plan)
    verify_window(*window)


def voiced(plan: StaticPlan) -> int:
    """The number of the group that plays an instrument."""
    return next(n for n, group in enumerate(plan.groups) if group.kind == "voices")


def changed_op(plan: StaticPlan, **changes: object) -> StaticPlan:
    """With the first op of the instrument's group changed."""
    number = voiced(plan)
    group = plan.groups[number]
    op = next(one for one in group.ops if one.fields)
    ops = tuple(replace(one, **changes) if one is op else one for one in group.ops)  # type: ignore[arg-type]
    return with_group(plan, number, ops=ops)


def with_group(plan: StaticPlan, number: int, **changes: object) -> StaticPlan:
    groups = list(plan.groups)
    groups[number] = replace(groups[number], **changes)  # type: ignore[arg-type]
    return replace(plan, groups=tuple(groups))


STATIC: dict[str, tuple[Callable[[StaticPlan], StaticPlan], str]] = {
    "groups in the wrong order": (lambda plan: replace(plan, groups=plan.groups[::-1]), "before what it reads"),
    "a group that reads what is not there": (
        lambda plan: with_group(plan, 0, reads_buses=(99,)),
        "before what it reads",
    ),
    "state outside the group": (lambda plan: changed_op(plan, first_field=500), "state outside its group"),
    "too many words": (
        lambda plan: changed_op(plan, words=(Word(Code.LITERAL),) * RECORD_WORDS),
        "too many words",
    ),
    "a feed of no constant": (
        lambda plan: with_group(
            plan,
            voiced(plan),
            feeds=tuple(replace(feed, constant=999) for feed in plan.groups[voiced(plan)].feeds),
        ),
        "feeds a constant that is not there",
    ),
}


@pytest.mark.parametrize("fault", STATIC)
def test_a_broken_plan_is_refused(fault: str, plan: StaticPlan) -> None:
    damage, said = STATIC[fault]
    with pytest.raises(PlanError, match=said):
        verify_static(damage(plan))


def swapped(window: WindowPlan) -> None:
    window.tasks[[0, -1]] = window.tasks[[-1, 0]]


def outside(window: WindowPlan) -> None:
    window.tasks[-1, Task.CHUNK] = window.chunks


def crowded(window: WindowPlan) -> None:
    window.tasks[window.tasks[:, Task.LANES] > 0, Task.LANES] = 17


def in_place(window: WindowPlan) -> None:
    carried = window.tasks[:, Task.STATE_IN] >= 0
    assert carried.any()
    window.tasks[carried, Task.STATE_OUT] = window.tasks[carried, Task.STATE_IN]


def doubled(window: WindowPlan) -> None:
    rows = window.tasks[:, Task.OUT] > 0
    assert rows.any()
    window.tasks[rows, Task.OUT] = 0


def too_long(window: WindowPlan) -> None:
    window.tasks[-1, Task.FRAMES] += 1


def moved(window: WindowPlan) -> None:
    object.__setattr__(window, "first_frame", window.first_frame + 32)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (swapped, "out of order"),
        (outside, "outside its window"),
        (crowded, "more voices than lanes"),
        (in_place, "change the state it reads"),
        (doubled, "share a private sum"),
        (too_long, "goes on behind its window"),
        (moved, "begins inside a block"),
    ],
)
def test_a_broken_window_is_refused(
    damage: Callable[[WindowPlan], None], said: str, window: tuple[StaticPlan, WindowPlan]
) -> None:
    damage(window[1])
    with pytest.raises(PlanError, match=said):
        verify_window(*window)
