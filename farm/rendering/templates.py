"""Templates of names: `{score}/{seed:04}.wav` filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from string import Formatter
from typing import Any

from farm.errors import UsageError, suggestion
from farm.quantities import plain

_SPEC = re.compile(r"0?\d{0,2}(\.\d{1,2})?[dfg]?", re.ASCII)


def filled(
    template: str, values: Mapping[str, Any], option: str, example: str, others: Mapping[str, str] | None = None
) -> str:
    """A template with its names filled in; `option` had it, and `example` is one that could stand there.

    `others`: names that there would be with another option, which each names.

    Raises UsageError for names that there are not, and for what is no name.
    """
    parts, number = [], re.findall(r"\{\w+:\w+\}", example)[0]
    try:
        for text, name, spec, conversion in Formatter().parse(template):
            parts.append(text)
            if name is None:
                continue
            if name not in values:
                more = others or {}
                there = [*values, *(f"{one} (with {with_})" for one, with_ in more.items())]
                hint = f"{more[name]} gives it" if name in more else suggestion(name, values)
                hint = hint or f"there are {', '.join(there)}"
                raise UsageError(f"{option} {template}: there is no `{{{name}}}`", hint=hint)
            if conversion or not _SPEC.fullmatch(spec or ""):
                said = f"{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}"
                raise UsageError(f"{option} {template}: `{{{said}}}` is not understood", hint=f"for example {number}")
            parts.append(shown(name, values[name], spec or "", f"{option} {template}"))
    except ValueError as wrong:
        hint = f"a name in braces: {example}"
        raise UsageError(f"{option} {template}: {str(wrong).lower()}", hint=hint) from None
    return "".join(parts)


def shown(name: str, value: Any, spec: str, said: str) -> str:
    """A value within a name; `said`: the option and its template. Raises UsageError for text that would be a folder, or
    a number that is none."""
    if isinstance(value, Fraction):
        value = value.numerator if value.denominator == 1 else float(value)
    if isinstance(value, float) and not spec:
        return plain(value)
    if isinstance(value, str) and "/" in value and name != "score":
        raise UsageError(f"{said}: `{name}` is `{value}`, which would be a folder", hint="name it in another way")
    try:
        return format(value, spec)
    except ValueError:
        raise UsageError(f"{said}: `{name}` is `{value}`, no such number as `{spec}` wants") from None
