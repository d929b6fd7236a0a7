"""Records: small classes of which there are many, and many of each.

`record` is `dataclass` to mypy, which refuses assignments to frozen ones; while the program runs nobody looks, and
nothing is compiled for a class while it is imported: data classes of the standard library took a fifth of the time of a
short render. What compares, hashes and shows a record is one function for all of them. `__init__` is compiled once for
all classes with as many fields, and each has its code under its own names. What `fields`, `replace` and `asdict` of
the standard library ask a class for is made when they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["record"]

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import MISSING, Field, field, make_dataclass
    from functools import cache
    from operator import attrgetter
    from types import FunctionType, MemberDescriptorType

    def record(*, frozen: bool = False, slots: bool = False, eq: bool = True, repr: bool = True):
        """`dataclass(frozen=frozen, ...)`. Of its further arguments, and of those of `field`, there is no `kw_only`."""

        def recorded(cls):
            own = {
                name: cls.__dict__.get(name, MISSING)
                for name, annotation in cls.__annotations__.items()
                if "ClassVar" not in str(annotation)
            }
            parts = {}
            for base in cls.__mro__[:0:-1]:
                parts |= base.__dict__.get("__record_parts__", {})
            parts |= own
            if slots:
                cls = slotted(cls, own)
            else:
                for name, value in own.items():
                    if isinstance(value, Field):
                        delattr(cls, name)
            cls.__record_parts__ = parts
            cls.__dataclass_fields__ = Described()
            begin(cls, parts)
            if eq:
                compare(cls, parts, frozen)
            if repr and "__repr__" not in cls.__dict__:
                cls.__repr__ = shown
            return cls

        return recorded

    def slotted(cls, own):
        """The class once more, with slots for its own fields."""
        inherited = {name for base in cls.__mro__[1:] for name in slots_of(base)}
        kept = {name: value for name, value in cls.__dict__.items() if name not in own}
        kept["__slots__"] = tuple(name for name in own if name not in inherited)
        for name in ("__dict__", "__weakref__"):
            kept.pop(name, None)
        made = type(cls)(cls.__name__, cls.__bases__, kept)
        made.__qualname__ = cls.__qualname__
        return made

    def slots_of(cls):
        """The names of a class's own slots."""
        return [name for name, value in cls.__dict__.items() if isinstance(value, MemberDescriptorType)]

    def begin(cls, parts) -> None:
        """Gives a class its `__init__` and `__match_args__`, where it has none of its own."""
        given = {name: one for name, one in parts.items() if not isinstance(one, Field) or one.init}
        if "__match_args__" not in cls.__dict__:
            cls.__match_args__ = tuple(given)
        if "__init__" in cls.__dict__:
            return
        defaults, made = [], []
        for name, one in given.items():
            default = one
            if isinstance(one, Field):
                default = one.default
                if one.default_factory is not MISSING:
                    default = LATER
                    made.append((name, one.default_factory))
            if default is not MISSING:
                if default.__class__.__hash__ is None:
                    raise TypeError(f"{cls.__qualname__}.{name}: one {default.__class__.__name__} for all of them")
                defaults.append(default)
            elif defaults:
                raise TypeError(f"{cls.__qualname__}.{name} has no default and stands behind a field that has one")
        code = assigning(len(given)).__code__.replace(co_varnames=("self", *given), co_names=tuple(given))
        taking = FunctionType(code, {}, "__init__", tuple(defaults))
        taking.__qualname__, taking.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
        cls.__init__ = completed(taking, made) if made or hasattr(cls, "__post_init__") else taking

    LATER = object()
    """Stands where a value is made for each record."""

    def completed(taking, made):
        """An `__init__` that does more than to take values."""

        def __init__(self, *args, **keywords):
            taking(self, *args, **keywords)
            for name, make in made:
                if getattr(self, name) is LATER:
                    setattr(self, name, make())
            finish = getattr(self, "__post_init__", None)
            if finish is not None:
                finish()

        __init__.__wrapped__ = taking
        return __init__

    @cache
    def assigning(count: int) -> FunctionType:
        """A function that sets `count` fields of its first argument to its others."""
        names = [f"field_{number}" for number in range(count)]
        lines = [f"self.{name} = {name}" for name in names] or ["pass"]
        made = {}
        exec(f"def __init__({', '.join(['self', *names])}):\n " + "\n ".join(lines), made)
        return made["__init__"]

    class Described:
        """`__dataclass_fields__` of a record: made when it is asked for."""

        def __get__(self, one, cls):
            said = {}
            for base in cls.__mro__[::-1]:
                said |= getattr(base, "__annotations__", {})
            # A type that is no text need not be read.
            parts = [
                (name, object, one if isinstance(one, Field) else field(default=one))
                for name, one in cls.__record_parts__.items()
            ]
            # With a docstring it need not be given one, which would tell its arguments.
            said_of = {"__doc__": cls.__doc__ or cls.__name__}
            twin = make_dataclass(cls.__name__, parts, namespace=said_of, init=False, repr=False, eq=False)
            for name, part in twin.__dataclass_fields__.items():
                part.type = said[name]
            cls.__dataclass_fields__ = twin.__dataclass_fields__
            return twin.__dataclass_fields__

    def compare(cls, parts, frozen: bool) -> None:
        """Gives a class what compares and hashes its values, where it has none of its own."""
        names = [name for name, one in parts.items() if not isinstance(one, Field) or one.compare]
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
            cls.__hash__ = hashed if frozen else None

    def shown(self) -> str:
        """What a record looks like, as a dataclass shows it."""
        parts = self.__record_parts__.items()
        names = [name for name, one in parts if not isinstance(one, Field) or one.repr]
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"
