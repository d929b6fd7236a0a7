"""`workers.dataclass` beside `dataclasses`: whatever is asked of a class, both answer alike."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from workers import dataclass as lazy

FLAVOURS = [
    {"frozen": frozen, "slots": slots, "eq": eq, "repr": repr}
    for frozen in (False, True)
    for slots in (False, True)
    for eq in (False, True)
    for repr in (False, True)
]


@lazy.dataclass(frozen=True, slots=True)
class Kept:
    """At the top of a module, where pickle finds it."""

    first: int
    second: list[int] = lazy.field(default_factory=list)


def twins(flavour: dict[str, bool]) -> list[Any]:
    """The same class, made by the standard library and by us."""
    made = []
    for module in (dataclasses, lazy):
        dataclass: Callable[..., Any] = module.dataclass
        field: Callable[..., Any] = module.field

        @dataclass(**flavour)
        class Point:
            """A point."""

            shared: ClassVar[int] = 7
            x: int
            y: float = 0.5
            names: list[str] = field(default_factory=list)
            hidden: int = field(default=3, repr=False, compare=False)
            total: float = field(init=False, compare=False)

            def __post_init__(self) -> None:
                object.__setattr__(self, "total", self.x + self.y)

            @property
            def twice(self) -> float:
                """Twice the total."""
                return 2 * self.total

        made.append(Point)
    return made


def outcome(act: Callable[[], Any]) -> Any:
    """What something gives, or the kind of error that it raises."""
    try:
        return act()
    except (TypeError, AttributeError, ValueError) as error:
        return type(error)


ACTS: dict[str, Callable[[Any], Any]] = {
    "fields": lambda cls: [getattr(cls(1, 2.5, ["a"]), name) for name in ("x", "y", "names", "hidden", "total")],
    "defaults": lambda cls: (cls(x=1).y, cls(1).names, cls(1).hidden, cls(1).twice, cls.shared),
    "fresh lists": lambda cls: cls(1).names is cls(1).names,
    "too few": lambda cls: cls(),
    "too many": lambda cls: cls(1, 2.0, [], 4, 5),
    "unknown": lambda cls: cls(1, z=2),
    "not in init": lambda cls: cls(1, total=2.0),
    "setting": lambda cls: setattr(cls(1), "x", 2),
    "deleting": lambda cls: delattr(cls(1), "x"),
    "equal": lambda cls: (cls(1) == cls(1), cls(1) == cls(2), cls(1) != cls(1), cls(1) == (1, 0.5, [])),
    "not compared": lambda cls: cls(1, hidden=1) == cls(1, hidden=2),
    "hash of lists": lambda cls: hash(cls(1)) is None,
    "hash": lambda cls: cls(1, 2, ()) != cls(1, 2, (), 4) or hash(cls(1, 2, ())) == hash(cls(1, 2, (), 4)),
    "hashable": lambda cls: cls.__hash__ is None,
    "repr": lambda cls: repr(cls(1)).split(" at ")[0],
    "match": lambda cls: cls.__match_args__,
    "signature": lambda cls: str(inspect.signature(cls)).split(", names")[0],
    "standard fields": lambda cls: [(one.name, one.type, one.init, one.repr) for one in dataclasses.fields(cls)],
    "asdict": lambda cls: dataclasses.asdict(cls(1)),
    "replace": lambda cls: dataclasses.replace(cls(1, 2.5), x=3).total,
    "copy": lambda cls: (copy.copy(cls(1, 2.5)).y, copy.deepcopy(cls(1, 2.5)).total),
    "names": lambda cls: (cls.__name__, cls.__qualname__, cls.__doc__, cls.__module__),
    "slots": lambda cls: getattr(cls, "__slots__", None),
    "dict": lambda cls: hasattr(cls(1), "__dict__"),
    "default of a field": lambda cls: lazy.default_of(cls, "y") if hasattr(cls, lazy.FIELDS) else 0.5,
    "class attributes": lambda cls: [hasattr(cls, name) for name in ("x", "names", "total")],
    "default of the class": lambda cls: getattr(cls, "y", None) == 0.5,
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("flavour", FLAVOURS, ids=lambda one: "+".join(name for name in one if one[name]) or "none")
def test_both_answer_alike(flavour: dict[str, bool], act: str) -> None:
    standard, ours = twins(flavour)
    assert outcome(lambda: ACTS[act](ours)) == outcome(lambda: ACTS[act](standard))


@pytest.mark.parametrize("flavour", [one for one in FLAVOURS if one["frozen"] or one["slots"]], ids=str)
def test_other_attributes_are_refused(flavour: dict[str, bool]) -> None:
    with pytest.raises(AttributeError):
        twins(flavour)[1](1).other = 2


def test_replaced_fields_are_the_only_ones_that_change() -> None:
    before = Kept(1, [2])
    after = lazy.replace(before, first=5)
    assert (before.first, after.first, after.second is before.second) == (1, 5, True)
    with pytest.raises(TypeError):
        lazy.replace(before, third=1)  # type: ignore[call-arg]


def test_what_is_pickled_comes_back() -> None:
    assert pickle.loads(pickle.dumps(Kept(1, [2]))) == Kept(1, [2])


def test_fields_of_a_base_come_first() -> None:
    @lazy.dataclass(frozen=True, slots=True)
    class Base:
        first: int
        second: int = 2

    @lazy.dataclass(frozen=True, slots=True)
    class Derived(Base):
        third: int = 3
        second: int = 20

    one = Derived(1)
    assert (one.first, one.second, one.third) == (1, 20, 3)
    assert Derived.__match_args__ == ("first", "second", "third")
    assert Base(1) != one
    assert (repr(Base(1)), Base(1).second) == (f"{Base.__qualname__}(first=1, second=2)", 2)


@pytest.mark.parametrize("slots", [False, True])
def test_super_finds_the_base(slots: bool) -> None:
    @lazy.dataclass(slots=slots)
    class Base:
        value: int

        def size(self) -> int:
            return self.value

    @lazy.dataclass(slots=slots)
    class Derived(Base):
        def size(self) -> int:
            return super().size() + 1

    assert Derived(1).size() == 2


def test_what_a_class_writes_itself_stays() -> None:
    @lazy.dataclass(frozen=True)
    class Own:
        value: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 5

        def __repr__(self) -> str:
            return "own"

    assert (Own(1) == 3, hash(Own(1)), repr(Own(1))) == (True, 5, "own")


def test_instances_are_matched() -> None:
    match Kept(4):
        case Kept(first, []):
            assert first == 4
        case _:
            pytest.fail("not matched")
