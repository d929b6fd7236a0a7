"""What `--normalize` asks for: how loud a finished file is to be."""

from __future__ import annotations

import re

from farm.errors import UsageError, suggestion
from workers.records import record

RANGES = {"peak": (-60.0, 0.0), "lufs": (-70.0, 0.0), "tp": (-60.0, 0.0)}
"""Decibels of each word."""
WRITTEN = "write peak=-1, lufs=-14 or lufs=-16,tp=-1"


@record(frozen=True, slots=True)
class Normal:
    """How loud a file is to be: its greatest sample in dBFS, or its loudness in LUFS with a true peak in dBTP that is
    not passed (None: that of --ceiling)."""

    peak: float | None = None
    lufs: float | None = None
    tp: float | None = None


def normal(text: str) -> Normal:
    """What is asked for in words: `peak=-1`, `lufs=-14`, `lufs=-16,tp=-1`. Raises UsageError."""
    found: dict[str, float] = {}
    for part in text.replace(" ", "").split(","):
        word, _, number = part.partition("=")
        if word not in RANGES:
            raise UsageError(f"--normalize {text}: there is no `{word}`", hint=suggestion(word, RANGES) or WRITTEN)
        if word in found:
            raise UsageError(f"--normalize {text}: `{word}` stands there twice", hint=WRITTEN)
        if not re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,9})?", number, re.ASCII):
            raise UsageError(f"--normalize {text}: `{number}` is no number of decibels", hint=WRITTEN)
        low, high = RANGES[word]
        if not low <= float(number) <= high:
            raise UsageError(f"--normalize {text}: {word} must be from {low:g} to {high:g}, not {number}")
        found[word] = float(number)
    if ("peak" in found) == ("lufs" in found):
        raise UsageError(f"--normalize {text}: it takes either peak or lufs", hint=WRITTEN)
    if "peak" in found and "tp" in found:
        raise UsageError(f"--normalize {text}: tp goes with lufs", hint=WRITTEN)
    return Normal(**found)
