"""Frozen records: small classes of which there are many, and many of each.

A frozen dataclass compiles methods that refuse assignments while it is imported, and sets every field with a call of
its own: a tenth of the time of a short render, and of reading a long score. `record` is `dataclass` to mypy, which
refuses assignments; while the program runs nobody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["record"]

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass

    def record(*, frozen: bool, slots: bool = False, eq: bool = True, repr: bool = True):
        """`dataclass(frozen=True, ...)`, checked before and not while the program runs."""
        assert frozen
        return dataclass(slots=slots, eq=eq, unsafe_hash=eq, repr=repr)
