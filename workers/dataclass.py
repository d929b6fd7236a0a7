"""`dataclass` of the standard library, for a quick start: what a class needs is made when it is first needed.

The standard one compiles up to six methods for each class while it is imported, 0.8 ms in all, which for the classes of
a render is a fifth of a short one's time. Here `__init__` is compiled with the first instance, and the other methods
are a few functions that all classes share. Type checkers see the standard one, and so does who asks for it:
`dataclasses.fields`, `asdict` and `replace` and `inspect.signature` work as ever.

Known are frozen, slots, eq and repr; `default`, `default_factory`, `init`, `repr` and `compare` of fields; inheritance;
`__post_init__`; ClassVar. Annotations must be texts (`from __future__ import annotations`). What is derived from such a
class must be made here as well.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "default_of", "field", "replace"]

FIELDS = "__lazy_fields__"
"""The attribute of a class that holds its `Field`s by name, those of its bases first."""
MISSING: Any = type("Missing", (), {"__slots__": (), "__repr__": lambda _: "<made anew>"})()


class Field:
    """What a class says of one field."""

    __slots__ = ("compare", "default", "factory", "init", "kind", "repr")

    def __init__(self, default: Any, factory: Any, init: bool, repr: bool, compare: bool) -> None:
        self.default, self.factory, self.kind = default, factory, ""
        self.init, self.repr, self.compare = init, repr, compare


def lazy_field(
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    init: bool = True,
    repr: bool = True,
    compare: bool = True,
) -> Any:
    """As `dataclasses.field`."""
    return Field(default, default_factory, init, repr, compare)


def lazy_dataclass(
    cls: type | None = None, /, *, frozen: bool = False, slots: bool = False, eq: bool = True, repr: bool = True
) -> Any:
    """As `dataclasses.dataclass`."""

    def decorate(cls: type) -> type:
        own = own_fields(cls)
        inherited: dict[str, Field] = {}
        for base in reversed(cls.__mro__[1:]):
            inherited.update(vars(base).get(FIELDS, {}))
        fields = {**inherited, **own}
        added = methods(cls, fields, frozen, eq, repr)
        if slots:
            body = {name: value for name, value in vars(cls).items() if name not in own}
            body |= {"__slots__": tuple(name for name in own if name not in inherited), **added}
            body.pop("__dict__", None)
            body.pop("__weakref__", None)
            if frozen:
                body |= {"__getstate__": state, "__setstate__": set_state}
            slotted = type(cls)(cls.__name__, cls.__bases__, body)
            slotted.__qualname__ = cls.__qualname__
            for method in body.values():
                # What `super()` goes by: all methods share it.
                for cell in getattr(method, "__closure__", None) or ():
                    if cell.cell_contents is cls:
                        cell.cell_contents = slotted
            return slotted
        for name, one in own.items():
            if one.default is not MISSING:
                setattr(cls, name, one.default)
            elif name in vars(cls):
                delattr(cls, name)
        for name, value in added.items():
            setattr(cls, name, value)
        return cls

    return decorate if cls is None else decorate(cls)


def lazy_replace(instance: Any, /, **changes: Any) -> Any:
    """As `dataclasses.replace`."""
    fields: dict[str, Field] = getattr(type(instance), FIELDS)
    kept = {name: getattr(instance, name) for name, one in fields.items() if one.init and name not in changes}
    return type(instance)(**kept, **changes)


def default_of(cls: type, name: str) -> Any:
    """What a field has when nothing is given."""
    fields: dict[str, Field] = getattr(cls, FIELDS)
    return fields[name].default


def own_fields(cls: type) -> dict[str, Field]:
    """The fields that a class itself declares."""
    found = {}
    for name, kind in cls.__annotations__.items():
        if not kind.startswith("ClassVar"):
            default = vars(cls).get(name, MISSING)
            one = default if isinstance(default, Field) else Field(default, MISSING, True, True, True)
            one.kind = kind
            found[name] = one
    return found


def methods(cls: type, fields: dict[str, Field], frozen: bool, eq: bool, repr: bool) -> dict[str, Any]:
    """What a class is given; what it has written itself stays."""
    added: dict[str, Any] = {"__init__": first_init(fields, frozen)}
    compared = values_of(tuple(name for name, one in fields.items() if one.compare))
    if eq:
        added["__eq__"] = equality(compared)
    if repr:
        added["__repr__"] = shown
    added = {name: value for name, value in added.items() if name not in vars(cls)}
    if eq and vars(cls).get("__hash__") is None:
        added["__hash__"] = hashing(compared) if frozen else None
    if frozen:
        added |= {"__setattr__": refuse_setting, "__delattr__": refuse_deleting}
    added["__match_args__"] = tuple(name for name, one in fields.items() if one.init)
    added |= {FIELDS: fields, "__dataclass_fields__": StandardFields(), "__signature__": Signature()}
    return added


def first_init(fields: dict[str, Field], frozen: bool) -> Callable[..., None]:
    """An `__init__` that puts the compiled one in its place when it is first called."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        owner = next(cls for cls in type(self).__mro__ if vars(cls).get(FIELDS) is fields)
        compile_init(owner, frozen)(self, *args, **kwargs)

    return __init__


def compile_init(cls: Any, frozen: bool) -> Callable[..., None]:
    """Gives a class the `__init__` that its fields ask for."""
    scope: dict[str, Any] = {"set_field": object.__setattr__, "MISSING": MISSING}
    arguments, lines = ["self"], []
    for name, one in vars(cls)[FIELDS].items():
        value, argument = name, name
        if one.factory is not MISSING:
            scope[f"make_{name}"] = one.factory
            argument = f"{name}=MISSING"
            value = f"make_{name}() if {name} is MISSING else {name}" if one.init else f"make_{name}()"
        elif one.default is not MISSING:
            scope[f"default_{name}"] = one.default
            argument = f"{name}=default_{name}"
            value = name if one.init else f"default_{name}"
        elif not one.init:
            continue
        if one.init:
            arguments.append(argument)
        lines.append(f"set_field(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(arguments)}):\n " + "\n ".join(lines or ["pass"]), scope)
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__, init.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    cls.__init__ = init
    return init


def values_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the values of these fields."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda instance: tuple([getattr(instance, name) for name in names])


def equality(compared: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], Any]:
    """An `__eq__`: of the same class, with the same values."""

    def __eq__(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    return __eq__


def hashing(compared: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    """A `__hash__` of the values that are compared."""

    def __hash__(self: Any) -> int:
        return hash(compared(self))

    return __hash__


def shown(self: Any) -> str:
    """A `__repr__`."""
    fields: dict[str, Field] = getattr(type(self), FIELDS)
    listed = ", ".join([f"{name}={getattr(self, name)!r}" for name, one in fields.items() if one.repr])
    return f"{type(self).__qualname__}({listed})"


def refuse_setting(self: Any, name: str, _: object) -> None:
    """A `__setattr__` of what is frozen."""
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def refuse_deleting(self: Any, name: str) -> None:
    """A `__delattr__` of what is frozen."""
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def state(self: Any) -> list[Any]:
    """What is kept, by pickle and copy, of a frozen instance with slots."""
    return [getattr(self, name) for name in getattr(type(self), FIELDS)]


def set_state(self: Any, values: list[Any]) -> None:
    """Gives an instance what was kept of another."""
    for name, value in zip(getattr(type(self), FIELDS), values):
        object.__setattr__(self, name, value)


class StandardFields:
    """A class's fields as the standard library keeps them, once somebody asks."""

    def __get__(self, instance: object, owner: Any) -> Any:
        import dataclasses

        def standard(one: Field) -> Any:
            given = {"default": one.default, "default_factory": one.factory}
            known = {name: value for name, value in given.items() if value is not MISSING}
            return dataclasses.field(init=one.init, repr=one.repr, compare=one.compare, **known)

        fields: dict[str, Field] = getattr(owner, FIELDS)
        made: Any = dataclasses.make_dataclass(
            owner.__name__, [(name, one.kind, standard(one)) for name, one in fields.items()]
        )
        owner.__dataclass_fields__ = made.__dataclass_fields__
        return made.__dataclass_fields__


class Signature:
    """How a class is called, once somebody asks."""

    def __get__(self, instance: object, owner: Any) -> Any:
        import inspect

        parameters = [
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=inspect.Parameter.empty if one.default is one.factory is MISSING else one.default,
                annotation=one.kind,
            )
            for name, one in getattr(owner, FIELDS).items()
            if one.init
        ]
        return inspect.Signature(parameters, return_annotation=None)


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    dataclass, field, replace = lazy_dataclass, lazy_field, lazy_replace
