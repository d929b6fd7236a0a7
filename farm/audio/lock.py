"""`farm.lock` in a folder of banks: which files each bank has, with their digests. A render refuses any others."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from farm.audio.decode import shown
from farm.audio.digests import digest_of
from farm.audio.partial import PartialFile
from farm.audio.samples import Bank, SampleLibrary
from farm.errors import SampleError

NAME = "farm.lock"
FORM = 1
HOW = "`farm bank lock` writes it anew, when the change is meant"

Locked = dict[str, dict[str, str]]
"""Digests by bank (its folder within the sample folder) and file."""


def lock(library: SampleLibrary) -> list[tuple[Path, int]]:
    """Writes the lock of each folder of a library; the path of each, and how many files it holds.

    Raises SampleError, FileError.
    """
    written = []
    for folder in library.folders:
        banks = [bank for bank in SampleLibrary((folder,)).banks() if bank.parent == folder]
        held = {bank.within: {file.name: digest_of(file) for file in bank.files} for bank in banks}
        text = json.dumps({"form": FORM, "banks": held}, indent=1, sort_keys=True) + "\n"
        partial = PartialFile(folder / NAME)
        try:
            partial.put(text.encode("ascii"))
            partial.commit()
        finally:
            partial.abort()
        written.append((folder / NAME, sum(map(len, held.values()))))
    return written


def locked(folder: Path) -> Locked | None:
    """The lock of a folder of banks; None where there is none. Raises SampleError for one that cannot be read."""
    path = folder / NAME
    try:
        said = json.loads(path.read_bytes())
        return banks_in(said)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no lock of farm's"
        raise SampleError(f"{shown(path)} cannot be read: {reason}", hint=HOW) from None


def banks_in(said: dict[str, Any]) -> Locked:
    """What a lock says. Raises ValueError, KeyError, TypeError, AttributeError for what is none."""
    if said["form"] != FORM:
        raise ValueError(said["form"])
    return {str(name): {str(file): str(sha) for file, sha in files.items()} for name, files in said["banks"].items()}


def check_locked(bank: Bank, file: Path) -> None:
    """Raises SampleError where the folder of a bank has a lock, and the bank or the file is another than it says."""
    if bank.built_in:
        return
    held = locked(bank.parent)
    if held is None:
        return
    files = held.get(bank.within)
    if files is None:
        raise SampleError(f"the bank {shown(bank.folder)} is not in {shown(bank.parent / NAME)}", hint=HOW)
    if {*files} != {*bank.names}:
        odd = sorted({*files} ^ {*bank.names}, key=os.fsencode)[0]
        what = f"has {shown(odd)} besides" if odd in bank.names else f"lacks {shown(odd)}"
        raise SampleError(f"the bank {shown(bank.folder)} {what}: {shown(bank.parent / NAME)} says", hint=HOW)
    if files[file.name] != digest_of(file):
        raise SampleError(f"the sample {shown(file)} is another one than {shown(bank.parent / NAME)} says", hint=HOW)
