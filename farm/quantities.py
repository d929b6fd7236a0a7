"""Quantities for people: numbers as a score writes them, how many of what, how many bytes, how loud."""

from __future__ import annotations

import math
from decimal import Decimal

FAINT_DBFS = -60.0
"""Below it hardly anything is heard."""


def plain(number: float, digits: int = 10) -> str:
    """A finite number, rounded to `digits`, as scores and options can write it: without an exponent, `0.00001`."""
    text = f"{number:.{digits}g}"
    return f"{Decimal(text):f}" if "e" in text else text


def size(held: float) -> str:
    """A number of bytes: `12 B`, `1.5 kB`, `3.0 MB`, `4.2 GB`."""
    if held < 1024:
        return f"{held:.0f} B"
    for unit in ("kB", "MB"):
        held /= 1024
        if held < 1023.95:
            return f"{held:.1f} {unit}"
    return f"{held / 1024:,.1f} GB"


def level(dbfs: float) -> str:
    """A level for people: `−3.2 dBFS`, or `silent`."""
    return "silent" if dbfs == -math.inf else f"{dbfs:.1f} dBFS".replace("-", "−")


def peak(dbfs: float) -> str:
    """A peak for people: `peak −3.2 dBFS`, or `silent`."""
    return "silent" if dbfs == -math.inf else f"peak {level(dbfs)}"


def counted(number: int, noun: str) -> str:
    """`1 voice`, `2,048 voices`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
