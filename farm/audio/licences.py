"""Licences and credits of banks, as they stand beside the sounds: in `bank.toml`, or in a file called LICENSE."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from farm.audio.samples import Bank
from workers.records import record

UNKNOWN = "unknown"
TABLE = "bank.toml"
FILES = re.compile(r"(licen[cs]e|copying)(\.(txt|md))?", re.IGNORECASE)
LONGEST = 200
"""Characters of a licence's first line that are kept."""
MOST_BYTES = 1 << 16


@record(frozen=True, slots=True)
class Licence:
    """What may be done with a bank's sounds, and who made them; `credits` may be empty."""

    licence: str
    credits: str = ""

    def as_json(self) -> dict[str, str]:
        """For documents."""
        return {"licence": self.licence, "credits": self.credits}


BUILT_IN = Licence("MIT", "synthesised by farm")


def licence_of(bank: Bank) -> Licence:
    """The licence of a bank: what stands in its own folder, else in the sample folder that it lies in."""
    if bank.built_in:
        return BUILT_IN
    for folder in dict.fromkeys((bank.folder, bank.parent)):
        for found in (from_table(folder / TABLE), *from_texts(folder)):
            if found is not None:
                return found
    return Licence(UNKNOWN)


def from_table(path: Path) -> Licence | None:
    """What a bank.toml says: `licence` and `credits`, or as they are written elsewhere; None where it says neither."""
    import tomllib

    try:
        said = tomllib.loads(read(path))
    except (OSError, ValueError, RecursionError):
        return None
    licence = first(said, ("licence", "license", "spdx"))
    credits_ = first(said, ("credits", "credit", "authors", "author"))
    return Licence(licence or UNKNOWN, credits_) if licence or credits_ else None


def first(said: dict[str, Any], keys: tuple[str, ...]) -> str:
    """The first of some keys that holds text, or a list of it."""
    for key in keys:
        value = said.get(key)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = ", ".join(value)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def from_texts(folder: Path) -> Iterator[Licence]:
    """The first line of each file that is called as licences are."""
    with suppress(OSError):
        for name in sorted(os.listdir(folder)):
            if FILES.fullmatch(name):
                with suppress(OSError, ValueError):
                    lines = (line.strip() for line in read(folder / name).splitlines())
                    line = next((one for one in lines if one), "")
                    if line:
                        yield Licence(line[:LONGEST])


def read(path: Path) -> str:
    """The beginning of a text. Raises OSError, ValueError."""
    with open(path, "rb") as file:
        return file.read(MOST_BYTES).decode("utf-8")
