"""Numbers and tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def duration(nanoseconds: float) -> str:
    """A time for people."""
    if nanoseconds < 1e6:
        return f"{nanoseconds / 1e3:.1f} µs"
    return f"{nanoseconds / 1e6:.1f} ms" if nanoseconds < 1e9 else f"{nanoseconds / 1e9:.2f} s"


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell."""
    table = list(rows)
    widths = [max(map(len, cells)) for cells in zip(*table)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table]
