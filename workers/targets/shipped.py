"""Machine code that came with the package: a shared library a CPU level, and an index of what is in them.

`scripts/wheel` makes both. The index says what our part of the toolchain was, the SHA-256 of each level's library, and
the title (`targets/keys.py`) of each kernel, whose name is its symbol. A kernel is taken from there while its title is
the same, whatever Numba this machine has or lacks; so no page of it is this process's own, and none is compiled.

It is believed as the cache is: folder and files belong to this user or root, and nobody else may write to them. A
library is opened once, its content is compared with the index, and what was opened is what is loaded.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from workers import cache
from workers.records import record
from workers.targets import keys

FOLDER = str(Path(__file__).resolve().parent.parent / "machine_code")
"""Where a wheel puts it; a clone has none."""
INDEX = "index"
CHANGED = "it was changed after it was made"
ADVICE = (
    "what is missing is compiled anew; where it shall be used, let it belong to you or root, and others not write to it"
    " (chmod -R go-w), or install farm again"
)


@record(frozen=True, slots=True)
class Index:
    """What came with the package."""

    toolchain: str
    """A digest of the sources that had made it."""
    libraries: Mapping[str, str]
    """The SHA-256 of each level's library: 64 hexadecimal digits."""
    titles: frozenset[str]
    """Of the kernels, which are in each of them."""

    def written(self) -> bytes:
        """As it is written: a line with the SHA-256 of the rest; a word and what it means in each line; the titles."""
        lines = [f"toolchain {self.toolchain}"]
        lines += [f"{level} {digest}" for level, digest in sorted(self.libraries.items())]
        text = "\n".join([*lines, "", *sorted(self.titles), ""]).encode()
        return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def read(content: bytes) -> Index | None:
    """An index from what is written; None where it is not whole."""
    digest, _, text = content.partition(b"\n")
    if digest != hashlib.sha256(text).hexdigest().encode():
        return None
    head, _, titles = text.decode().partition("\n\n")
    words = dict(line.split(" ") for line in head.splitlines())
    return Index(words.pop("toolchain"), words, frozenset(titles.split()))


def library_name(level: str) -> str:
    """The file of a level."""
    return f"{level}.so"


def shelf() -> cache.Folder | None:
    """The open folder; None where nothing came with the package, or is not believed. Close it."""
    root = cache.Root(FOLDER, made=False, written=False, advice=ADVICE)
    try:
        return cache.opened(root)
    except cache.Untrusted as error:
        cache.doubt(cache.Doubt(FOLDER, f"{FOLDER} is not used: {error}", advice=ADVICE))
    except OSError:
        pass
    return None


@functools.cache
def index() -> Index | None:
    """What came with the package; None: nothing, or our sources of the toolchain are not those that had made it."""
    folder = shelf()
    if folder is None:
        return None
    with folder:
        content = folder.read(INDEX)
    if content is None:
        return None
    found = read(content)
    if found is None:
        refuse(INDEX, CHANGED)
        return None
    return found if found.toolchain == keys.own_toolchain() else None


@functools.cache
def whole(level: str) -> int | None:
    """A descriptor of a level's library, which is as it was made; None where there is none, or none to be believed."""
    found, folder = index(), shelf()
    if folder is None:
        return None
    with folder:
        if found is None or level not in found.libraries:
            return None
        descriptor = folder.open(library_name(level))
        if descriptor is None and not folder.has(library_name(level)):
            refuse(library_name(level), "it is not there")
    if descriptor is None:
        return None
    with open(descriptor, "rb", closefd=False) as file:
        if hashlib.sha256(file.read()).hexdigest() == found.libraries[level]:
            return descriptor
    os.close(descriptor)
    refuse(library_name(level), CHANGED)
    return None


@functools.cache
def library(level: str) -> ctypes.CDLL | None:
    """A level's library, loaded; None where there is none, or none to be believed."""
    descriptor = whole(level)
    if descriptor is None:
        return None
    try:
        # The descriptor stays open: the loader would take a later file of the same number for this one.
        return ctypes.CDLL(f"/proc/self/fd/{descriptor}")
    except OSError as error:
        refuse(library_name(level), f"it cannot be loaded: {error}")
        return None


def refuse(name: str, why: str) -> None:
    """Notes that a file is not used."""
    cache.doubt(cache.Doubt(FOLDER, f"{FOLDER}/{name} is not used: {why}", advice=ADVICE))


def held(titles: Iterable[str], level: str) -> list[str]:
    """Those that came with the package for a level."""
    found = index()
    wanted = [] if found is None else [title for title in titles if title in found.titles]
    return wanted if wanted and whole(level) is not None else []


def addresses(titles: Iterable[str], level: str) -> dict[str, int]:
    """Where the kernels are that came with the package, by title; those that did not are left out."""
    wanted = held(titles, level)
    loaded = library(level) if wanted else None
    if loaded is None:
        return {}
    try:
        return {title: address(loaded, symbol_of(title)) for title in wanted}
    except AttributeError as error:
        refuse(library_name(level), str(error))
        return {}


def symbol_of(title: str) -> str:
    """What the library calls a kernel: its name."""
    return title.rpartition("-")[0]


def address(loaded: ctypes.CDLL, symbol: str) -> int:
    """Where a function of a library is. Raises AttributeError."""
    return ctypes.cast(getattr(loaded, symbol), ctypes.c_void_p).value or 0
