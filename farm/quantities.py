"""Quantities for people: how many bytes, and what is too quiet to be heard."""

from __future__ import annotations

FAINT_DBFS = -60.0
"""Below it hardly anything is heard."""


def size(held: float) -> str:
    """A number of bytes: `12 B`, `1.5 kB`, `3.0 MB`, `4.2 GB`."""
    if held < 1024:
        return f"{held:.0f} B"
    for unit in ("kB", "MB"):
        held /= 1024
        if held < 1023.95:
            return f"{held:.1f} {unit}"
    return f"{held / 1024:,.1f} GB"
