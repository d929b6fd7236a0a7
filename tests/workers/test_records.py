"""Records compare, hash and show themselves as frozen dataclasses do."""

from __future__ import annotations

import inspect
import pickle
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest

from workers.records import record


def classes(made: Any) -> tuple[Any, Any, Any]:
    """Three classes, made by a decorator."""

    @made
    class Pair:
        first: int
        second: str = "b"
        aside: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    @made
    class Single:
        only: float

    @made
    class Own:
        only: int

        def __repr__(self) -> str:
            return "own"

    return Pair, Single, Own


@pytest.mark.parametrize("slots", [False, True])
def test_a_record_is_like_a_frozen_dataclass(slots: bool) -> None:
    for ours, theirs in zip(
        classes(record(frozen=True, slots=slots)), classes(dataclass(frozen=True, slots=slots)), strict=True
    ):
        for values in ((1,), (2,)):
            assert repr(ours(*values)) == repr(theirs(*values))
            assert hash(ours(*values)) == hash(theirs(*values))
        assert ours(1) == ours(1) and ours(1) != ours(2)
        assert ours(1) != theirs(1) and theirs(1) != ours(1)
        assert {ours(1): 1}[ours(1)] == 1
        assert hasattr(ours(1), "__dict__") != slots
    pair = classes(record(frozen=True, slots=slots))[0]
    assert pair(1, "c", {"x": 1}) == pair(1, "c", {"y": 2})
    assert replace(pair(1), second="z") == pair(1, "z")


def test_a_record_without_values_compared_is_itself_only() -> None:
    @record(frozen=True, slots=True, eq=False)
    class Alone:
        value: int

    assert Alone(1) != Alone(1)
    assert len({Alone(1), Alone(1)}) == 2


@record(frozen=True, slots=True)
class Placed:
    first: int
    second: str = "b"
    third: tuple[int, ...] = field(default=(), repr=False)


@record(frozen=True, slots=True)
class Further(Placed):
    fourth: float = 0.5


@pytest.mark.parametrize("slots", [False, True])
def test_a_record_begins_like_a_frozen_dataclass(slots: bool) -> None:
    for ours, theirs in zip(
        classes(record(frozen=True, slots=slots)), classes(dataclass(frozen=True, slots=slots)), strict=True
    ):
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
        assert ours.__match_args__ == theirs.__match_args__
        assert [(one.name, one.default) for one in fields(ours)] == [(one.name, one.default) for one in fields(theirs)]
        for wrong in ((), (1, 2, 3, 4)):
            with pytest.raises(TypeError) as said:
                ours(*wrong)
            with pytest.raises(TypeError) as expected:
                theirs(*wrong)
            assert str(said.value) == str(expected.value)
        with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
            ours(other=1)


def test_the_init_of_as_many_fields_is_each_class_s_own() -> None:
    @record(frozen=True)
    class Other:
        left: int
        middle: int = 7
        right: str = "r"

    assert (Placed.__init__.__code__.co_code) == (Other.__init__.__code__.co_code)  # type: ignore[misc]
    assert repr(Other(1, right="x")) == "test_the_init_of_as_many_fields_is_each_class_s_own.<locals>.Other(" + (
        "left=1, middle=7, right='x')"
    )
    assert Placed(third=(1,), first=2).third == (1,)
    assert Further(1, fourth=2.0) == Further(1, "b", (), 2.0)
    assert [one.name for one in fields(Further)] == ["first", "second", "third", "fourth"]
    assert pickle.loads(pickle.dumps(Further(3))) == Further(3)
    assert replace(Further(3), first=4).fourth == 0.5


def test_what_is_more_than_taking_values_is_done_too() -> None:
    @record(frozen=True, slots=True)
    class Counted:
        text: str
        length: int = field(init=False, compare=False)
        parts: list[str] = field(default_factory=list)

        def __post_init__(self) -> None:
            object.__setattr__(self, "length", len(self.text))

    assert Counted("abc").length == 3
    assert Counted("abc").parts == [] and Counted("abc").parts is not Counted("abc").parts

    @record(frozen=True, slots=True)
    class Own:
        half: int

        def __init__(self, whole: int) -> None:
            object.__setattr__(self, "half", whole // 2)

    assert Own(4).half == 2


def test_a_field_without_a_default_does_not_stand_behind_one_with() -> None:
    with pytest.raises(TypeError, match="second has no default and stands behind a field that has one"):

        @record(frozen=True)
        class Wrong:
            first: int = 1
            second: int
