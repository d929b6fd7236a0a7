"""Records compare, hash and show themselves as frozen dataclasses do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
