"""Frozen values of which a score makes thousands.

A frozen dataclass sets every field with a call of its own, which is a tenth of the time of reading a score. `value` is
`dataclass` to mypy, which refuses assignments; while the program runs nobody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from workers.dataclass import dataclass

    def value(*, frozen: bool, **options: bool):
        """`dataclass(frozen=True, ...)`, checked before and not while the program runs; `eq` must be False."""
        assert frozen
        assert options["eq"] is False, "what can be equal to others needs a hash that stays"
        return dataclass(**options)
