"""Frozen records: small classes of which there are many, and many of each.

A frozen dataclass compiles its methods while it is imported, and sets every field with a call of its own: a fifth of
the time of a short render, and of reading a long score. `record` is `dataclass` to mypy, which refuses assignments;
while the program runs nobody looks. What compares, hashes and shows a record is one function for all of them, and
`__init__` is compiled once for all that have as many fields: each gets its code under its own names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["record"]

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import MISSING, Field, dataclass, fields
    from functools import cache
    from operator import attrgetter
    from types import FunctionType

    def record(*, frozen: bool, slots: bool = False, eq: bool = True, repr: bool = True):
        """`dataclass(frozen=True, ...)`, checked before and not while the program runs."""
        assert frozen

        def recorded(cls):
            plain = is_plain(cls)
            cls = dataclass(slots=slots, eq=False, repr=False, init=not plain)(cls)
            if plain:
                cls.__init__ = beginning(cls)
            if eq:
                compared(cls)
            if repr and "__repr__" not in cls.__dict__:
                cls.__repr__ = shown
            return cls

        return recorded

    def is_plain(cls) -> bool:
        """Whether all that a new one does is to take a value, or a default, for each field."""
        said = [value for base in cls.__mro__ for value in vars(base).values() if isinstance(value, Field)]
        said += [one for base in cls.__mro__ for one in vars(base).get("__dataclass_fields__", {}).values()]
        simple = all(one.init and not one.kw_only and one.default_factory is MISSING for one in said)
        return simple and not hasattr(cls, "__post_init__") and "__init__" not in cls.__dict__

    def beginning(cls) -> FunctionType:
        """The `__init__` of a class whose fields are plain."""
        names, defaults = [one.name for one in fields(cls)], [one.default for one in fields(cls)]
        given = sum(one is MISSING for one in defaults)
        if any(one is MISSING for one in defaults[given:]):
            raise TypeError(f"{cls.__qualname__}: a field without a default stands behind one that has one")
        code = assigning(len(names)).__code__.replace(co_varnames=("self", *names), co_names=tuple(names))
        made = FunctionType(code, {}, "__init__", tuple(defaults[given:]))
        made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
        return made

    @cache
    def assigning(count: int) -> FunctionType:
        """A function that sets `count` fields of its first argument to its others."""
        names = [f"field_{number}" for number in range(count)]
        lines = [f"self.{name} = {name}" for name in names] or ["pass"]
        made = {}
        exec(f"def __init__({', '.join(['self', *names])}):\n " + "\n ".join(lines), made)
        return made["__init__"]

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
