"""Names of outputs: `{score}/{seed:04}.wav` filled in, and what no output may be called.

A name depends on its job alone, `{index}` (the number of the job in its list, from 0) apart.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from fractions import Fraction
from string import Formatter
from typing import Any

from farm.errors import UsageError, suggestion
from farm.quantities import plain

DEFAULT = "{score}-{seed}.wav"
RESERVED = re.compile(r"manifest(\.\d+-of-\d+)?\.jsonl|failed(\.\d+-of-\d+)?\.jsonl|\.farm-.*")
"""Files of the batch itself."""
_SPEC = re.compile(r"0?\d{0,2}(\.\d{1,2})?[dfg]?", re.ASCII)
LONGEST = 255
"""Bytes of a name, as most file systems have it."""


def filled(template: str, values: Mapping[str, Any]) -> str:
    """A template with its names filled in. Raises UsageError for names that there are not, and for what is no name."""
    parts = []
    try:
        for text, name, spec, conversion in Formatter().parse(template):
            parts.append(text)
            if name is None:
                continue
            if name not in values:
                there = [*values] if "split" in values else [*values, "split (with --split)"]
                hint = "--split gives it" if name == "split" else suggestion(name, values)
                hint = hint or f"there are {', '.join(there)}"
                raise UsageError(f"OUT {template}: there is no `{{{name}}}`", hint=hint)
            if conversion or not _SPEC.fullmatch(spec or ""):
                raise UsageError(f"OUT {template}: `{{{name}:{spec}}}` is not understood", hint="for example {seed:04}")
            parts.append(shown(name, values[name], spec or "", template))
    except ValueError as wrong:
        hint = "a name in braces: {score}-{seed:04}.wav"
        raise UsageError(f"OUT {template}: {str(wrong).lower()}", hint=hint) from None
    return "".join(parts)


def shown(name: str, value: Any, spec: str, template: str) -> str:
    """A value within a name. Raises UsageError for text that would be a folder, or a number that is none."""
    if isinstance(value, Fraction):
        value = value.numerator if value.denominator == 1 else float(value)
    if isinstance(value, float) and not spec:
        return plain(value)
    if isinstance(value, str) and "/" in value and name != "score":
        raise UsageError(
            f"OUT {template}: `{name}` is `{value}`, which would be a folder", hint="name it in another way"
        )
    try:
        return format(value, spec)
    except ValueError:
        raise UsageError(f"OUT {template}: `{name}` is `{value}`, no such number as `{spec}` wants") from None


def checked(name: str) -> str:
    """A name below DIR, as short as it can be written. Raises UsageError for one that leads out, or is no file's."""
    why = ""
    if not name or name.endswith("/") or "\0" in name:
        why = "is no name of a file"
    elif os.path.isabs(name):
        why = "is absolute: outputs lie below DIR"
    elif ".." in name.split("/"):
        why = "climbs out of DIR"
    elif not name.isprintable():
        why = "holds control characters"
    if why:
        raise UsageError(f"OUT {name!r} {why}", hint="--into DIR says where the folder of all outputs is")
    short = os.path.normpath(name)
    if RESERVED.fullmatch(short) or any(part.startswith(".farm-") for part in short.split("/")):
        raise UsageError(f"OUT {name} is a file of the batch itself", hint="name another one")
    long = next((part for part in short.split("/") if len(os.fsencode(part)) > LONGEST), None)
    if long is not None:
        raise UsageError(f"OUT {long[:60]}... is longer than {LONGEST} bytes", hint="choose a shorter name")
    return short
