"""Values that are known by name before they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

Value = TypeVar("Value")


class Named(Mapping[str, Value]):
    """A mapping whose names are all known; `make` makes the value of one when it is asked for first."""

    def __init__(self, names: Iterable[str], make: Callable[[str], Value]) -> None:
        self.names = dict.fromkeys(names)
        self.make = make
        self.made: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        made = self.made.get(name)
        if made is None:
            if name not in self.names:
                raise KeyError(name)
            made = self.made.setdefault(name, self.make(name))
        return made

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, made if need be; the default for no name."""
        made = self.made.get(name)
        if made is not None:
            return made
        return self[name] if name in self.names else default

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
