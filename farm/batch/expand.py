"""From rows of a list to single jobs: `sweep` makes one of each value, `draw` takes one by the seed.

{"score": "q.ph", "sweep": {"seed": "0..9", "cut": [400, 800]}, "draw": {"tempo": "uniform 0.4 0.7"}}
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from itertools import product
from typing import Any

from farm.batch.listing import ListRow, kind_of
from farm.errors import UsageError, suggestion
from farm.options import LARGEST_SET, Decides, RenderOptions
from farm.quantities import plain
from workers.records import record

MOST_JOBS = 1_000_000
"""Of one batch."""
DIGITS = 6
"""Of a number that is drawn: so many count."""

OPTION_FIELDS = {
    one.name.rstrip("_").replace("_", "-"): one.name
    for one in fields(RenderOptions)
    if one.metadata["decides"] in (Decides.FRAMES, Decides.FILE) and one.name != "set"
}
"""The options that a row may give, as the command line calls them, and the fields of `RenderOptions`."""
FLAGS = frozenset({"lenient", "outputs_as_channels"})
OWN_KEYS = ("score", "out", "set", "sweep", "draw", "split")
_NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})(?:\s+by\s+({_NUMBER}))?\s*", re.ASCII)


@record(frozen=True, slots=True, eq=False)
class SingleJob:
    """One job as a row and the command line say it: fields of `RenderOptions`, and settings, apart."""

    row: ListRow
    options: dict[str, Any]
    settings: dict[str, Any]


@record(frozen=True, slots=True, eq=False)
class ForAll:
    """What the command line says for every job: fields of `RenderOptions`, settings, seeds; rows are stronger."""

    options: Mapping[str, Any]
    settings: Mapping[str, Any]
    seeds: str | None = None


def single_jobs(row: ListRow, common: ForAll) -> Iterator[SingleJob]:
    """The jobs of a row, the last name of a sweep changing fastest. Raises UsageError at the place of a mistake."""
    options, settings = dict(common.options), dict(common.settings)
    for key, value in row.values.items():
        field = field_of(key)
        if field is not None:
            settle(options, field, value)
        elif key not in OWN_KEYS:
            known = [*OWN_KEYS, *OPTION_FIELDS]
            hint = suggestion(key, known) or f"a job has {', '.join(known)}; numbers of the score stand in `set`"
            raise UsageError(f"a job has no `{key[:80]}`", loc=row.loc(key), hint=hint)
    settings.update(named(row, "set"))
    axes = {name: swept(row, name, value) for name, value in named(row, "sweep").items()}
    if common.seeds is not None and "seed" not in axes and "seed" not in row.values:
        axes["seed"] = in_words(common.seeds, "--seeds")
    draws = named(row, "draw")
    if math.prod(map(len, axes.values())) > MOST_JOBS:
        raise UsageError(f"this sweep has more than {MOST_JOBS:,} jobs", loc=row.loc("sweep"))
    for values in product(*axes.values()):
        one_options, one_settings = dict(options), dict(settings)
        for name, value in zip(axes, values):
            field = field_of(name)
            if field is not None:
                settle(one_options, field, value)
            else:
                one_settings[name.removeprefix("~")] = value
        for name, spec in draws.items():
            one_settings[name.removeprefix("~")] = drawn(row, name, spec, one_options.get("seed", 0))
        yield SingleJob(row, one_options, one_settings)


def field_of(key: str) -> str | None:
    """The field of `RenderOptions` that a key means, or None; `~gain` is a bus."""
    return OPTION_FIELDS.get(key.replace("_", "-"))


def settle(options: dict[str, Any], field: str, value: Any) -> None:
    """Gives an option: `duration` takes the place of `cycles`, and the other way round."""
    other = {"cycles": "duration", "duration": "cycles"}.get(field)
    if other is not None:
        options.pop(other, None)
    if field in FLAGS and value in ("true", "false"):
        value = value == "true"
    options[field] = value


def named(row: ListRow, key: str) -> dict[str, Any]:
    """An object of a row. Raises UsageError for what is none."""
    value = row.values.get(key, {})
    if not isinstance(value, dict):
        hint = 'for example {"tempo": 0.5}'
        raise UsageError(f"`{key}` is an object of names, not {kind_of(value)}", loc=row.loc(key), hint=hint)
    return value


def swept(row: ListRow, name: str, value: Any) -> Sequence[Any]:
    """The values of a name that is swept: those of a list, or of a range. Raises UsageError."""
    if isinstance(value, list):
        if not value:
            raise UsageError(f"the sweep of `{name}` is empty", loc=row.loc(name))
        return value
    if isinstance(value, str):
        try:
            return in_words(value, f"the sweep of `{name}`")
        except UsageError as wrong:
            raise UsageError(wrong.message, loc=row.loc(name), hint=wrong.hint) from None
    message = f"the sweep of `{name}` is a list or a range, not {kind_of(value)}"
    raise UsageError(message, loc=row.loc(name), hint='for example [1, 2, 4], "0..9" or "0.4..0.6 by 0.05"')


def in_words(text: str, what: str) -> Sequence[Any]:
    """The values of `0..9`, `0.4..0.6 by 0.05`, both ends included, or `1,2,4`. Raises UsageError."""
    found = _RANGE.fullmatch(text)
    if found is None:
        parts = [part.strip() for part in text.split(",")]
        if all(re.fullmatch(_NUMBER, part, re.ASCII) for part in parts):
            return [number(Fraction(part)) for part in parts]
        hint = "write 0..9, 0.4..0.6 by 0.05, or 1,2,4"
        raise UsageError(f"{what}: `{text[:80]}` is neither a range nor numbers", hint=hint)
    first, last, step = Fraction(found[1]), Fraction(found[2]), Fraction(found[3] or 1)
    if step <= 0 or last < first:
        raise UsageError(
            f"{what}: `{text[:80]}` runs backwards", hint="the lower number comes first, the step is above 0"
        )
    count = (last - first) // step + 1
    if count > MOST_JOBS:
        raise UsageError(f"{what}: `{text[:80]}` has more than {MOST_JOBS:,} values")
    if first.denominator == step.denominator == 1:
        return range(int(first), int(first + count * step), int(step))
    return [number(first + k * step) for k in range(count)]


def number(value: Fraction) -> int | Fraction:
    """A number as an integer where it is one."""
    return value.numerator if value.denominator == 1 else value


def drawn(row: ListRow, name: str, spec: Any, seed: Any) -> Any:
    """A value by the seed: of `uniform 0.4 0.7`, `log 200 4000`, `choice a b c` or a list. Raises UsageError.

    The same seed gives the same value, whatever else is in the list.
    """
    place = chance(name, seed)
    if isinstance(spec, list) and spec:
        return spec[int(place * len(spec))]
    kind, *words = spec.split() if isinstance(spec, str) else ("",)
    if kind == "choice" and words:
        return words[int(place * len(words))]
    if kind in ("uniform", "log") and len(words) == 2 and all(re.fullmatch(_NUMBER, one, re.ASCII) for one in words):
        low, high = map(float, words)
        if low <= high and (kind == "uniform" or low > 0) and high <= LARGEST_SET:
            if kind == "uniform":
                return Fraction(plain(low + place * (high - low), DIGITS))
            return Fraction(plain(low * math.exp(place * math.log(high / low)), DIGITS))
    hint = 'write "uniform 0.4 0.7", "log 200 4000" (both above 0), "choice a b c", or a list'
    raise UsageError(f"`{name}` cannot be drawn from {str(spec)[:80]!r}", loc=row.loc(name), hint=hint)


def chance(name: str, seed: Any) -> float:
    """A number from 0 up to 1: a hash of the name and the seed."""
    digest = hashlib.sha256(f"draw {name.removeprefix('~')} {seed}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)
