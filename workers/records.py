"""Frozen records: small classes of which there are many, and many of each.

A frozen dataclass compiles methods that refuse assignments while it is imported, and sets every field with a call of
its own: a tenth of the time of a short render, and of reading a long score. `record` is `dataclass` to mypy, which
refuses assignments; while the program runs nobody looks. Only `__init__` is compiled: what compares, hashes and shows
a record is one function for all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["record"]

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass, fields
    from operator import attrgetter

    def record(*, frozen: bool, slots: bool = False, eq: bool = True, repr: bool = True):
        """`dataclass(frozen=True, ...)`, checked before and not while the program runs."""
        assert frozen
        made = dataclass(slots=slots, eq=False, repr=False)

        def recorded(cls):
            cls = made(cls)
            if eq:
                compared(cls)
            if repr and "__repr__" not in cls.__dict__:
                cls.__repr__ = shown
            return cls

        return recorded

    def compared(cls) -> None:
        """Gives a class what compares and hashes its values, where it has none of its own."""
        names = [one.name for one in fields(cls) if one.compare]
        if len(names) > 1:
            values = attrgetter(*names)
        else:

            def values(one):
                return tuple(getattr(one, name) for name in names)

        def is_equal(self, other):
            return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

        def hashed(self):
            return hash(values(self))

        if "__eq__" not in cls.__dict__:
            cls.__eq__ = is_equal
        if cls.__dict__.get("__hash__") is None:
            cls.__hash__ = hashed

    def shown(self) -> str:
        """What a record looks like, as a dataclass shows it."""
        values = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
        return f"{self.__class__.__qualname__}({values})"
