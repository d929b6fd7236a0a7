"""Numbers of label files: short, without an exponent where they are times, and none where nothing is said."""

from __future__ import annotations

import json
import math
from typing import Any


def seconds(time_s: float) -> str:
    """A time: nanoseconds, no zeros at its end."""
    return f"{time_s:.9f}".rstrip("0").removesuffix(".")


def number(value: float) -> str:
    """Any other number, to ten digits; a whole one without a point."""
    text = f"{value:.10g}"
    return "0" if text == "-0" else text


def said(value: float) -> float | None:
    """A number to ten digits, for JSON; None for NaN."""
    if math.isnan(value):
        return None
    short = float(number(value))
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def as_json(value: Any) -> str:
    """A value on one line of JSON, in ASCII."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
