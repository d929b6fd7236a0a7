"""Which file holds which names, kept between processes: what nobody names need not be imported.

Names are found out by importing every file of a kind. What was found lies in the cache (`workers.cache`), beside what
it was found in: path, times, size and inode of each source. A source that is changed, added or gone, an index that is
damaged or that somebody else may have put there: all is found out anew.
Nothing is kept of a source that this process may have read before its last change, or that could be changed once more
without another time. Where no folder can be written, every process imports every file.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.machinery
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Sequence

from workers import cache
from workers.records import record

FORM = "index 1"
"""How an index is written, and what it means."""
HERE = os.path.dirname(os.path.abspath(__file__))
BELOW = "index"
"""The folder below one of the cache."""
SUFFIXES = tuple(importlib.machinery.all_suffixes())
TICK_NS = 2_000_000_000
"""Two changes within this may leave the same time: the coarsest that file systems tell."""
UNUSED_S = 30 * 86400.0
"""After how long an index is dropped; one that is used still is made again."""
ENCODING = ("utf-8", "surrogateescape")
"""How names of files become bytes, whatever they are."""
_began_ns = time.time_ns()

Row = tuple[str, ...]
"""What is said of one name."""


@record(frozen=True, slots=True)
class Findings:
    """What importing all files found: a row a name; `beside`: paths of what they imported from elsewhere."""

    rows: tuple[Row, ...]
    beside: tuple[str, ...] = ()


class Sources:
    """Source files as they are now: a line each. `newest_ns`: when the latest of them was changed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.newest_ns = 0

    def add(self, path: str) -> None:
        """One file; it may be gone."""
        try:
            about = os.stat(path)
        except OSError:
            self.lines.append(f"{path}\tgone")
            return
        changed_ns, moved_ns = about.st_mtime_ns, about.st_ctime_ns
        self.newest_ns = max(self.newest_ns, changed_ns, moved_ns)
        self.lines.append(f"{path}\t{changed_ns} {moved_ns} {about.st_size} {about.st_ino}")

    def add_folder(self, folder: str, deep: bool) -> None:
        """The modules of a folder by name; `deep`: those of the folders in it too."""
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith(SUFFIXES):
                    self.add(entry.path)
                elif deep and entry.name.isidentifier() and entry.name != "__pycache__" and entry.is_dir():
                    self.add_folder(entry.path, deep)


def index(
    kind: str, find: Callable[[], Findings], packages: Sequence[str], folders: Sequence[str] = ()
) -> tuple[Row, ...]:
    """The rows of a kind of names: those that are kept, else what `find` finds.

    They depend on the modules beside this one, on those in the folders `packages` and all folders in them, and on those
    in `folders`, which may import others. What `find` raises is raised, and nothing is kept then.
    """
    sources = Sources()
    sources.add_folder(HERE, deep=False)
    for package in packages:
        if not any(package.startswith(f"{other}{os.sep}") for other in packages):
            sources.add_folder(package, deep=True)
    for folder in folders:
        sources.add_folder(folder, deep=False)
    # Modules of a package import what is in it; those of a folder may import anything.
    places = "\0".join((FORM, sys.version, *packages, "", *folders, *(sys.path if folders else ())))
    name = f"{kind}-{hashlib.sha256(places.encode(*ENCODING)).hexdigest()[:24]}"
    kept = cache.first((BELOW,), lambda folder: _kept(folder.read(name), sources))
    if kept is not None:
        return kept
    findings = find()
    _keep(name, sources, findings)
    return findings.rows


def _kept(content: bytes | None, sources: Sources) -> tuple[Row, ...] | None:
    """The rows of an index; None for one that is damaged, or was found in other sources than there are now."""
    if content is None:
        return None
    head, _, rest = content.partition(b"\n")
    if head != _head(rest):
        return None
    made_of, beside, rows = rest.decode(*ENCODING).split("\n\n")
    others = beside.split("\n") if beside else []
    if made_of != "\n".join(sources.lines) or _lines_of(line.partition("\t")[0] for line in others) != others:
        return None
    return tuple([tuple(row.split("\t")) for row in rows.split("\n")] if rows else ())


def _head(rest: bytes) -> bytes:
    """The first line of an index."""
    return f"{FORM} {zlib.crc32(rest)}".encode()


def _lines_of(paths: Iterable[str]) -> list[str]:
    found = Sources()
    for path in paths:
        found.add(path)
    return found.lines


def _keep(name: str, sources: Sources, findings: Findings) -> None:
    """Writes an index, where it can be believed later and a folder can be written."""
    beside = Sources()
    for path in findings.beside:
        beside.add(path)
    rows = ["\t".join(row) for row in findings.rows]
    parts = (sources.lines, beside.lines, rows)
    written = "\n\n".join("\n".join(part) for part in parts)
    clear = all("\n" not in line for part in parts for line in part) and all(
        "\t" not in word for row in findings.rows for word in row
    )
    if not clear or max(sources.newest_ns, beside.newest_ns) > _began_ns - TICK_NS:
        return
    rest = written.encode(*ENCODING)
    with cache.writable(BELOW) as folder:
        if folder is not None:
            with contextlib.suppress(OSError):
                folder.write(name, _head(rest) + b"\n" + rest)
                _tidy(folder)


def _tidy(folder: cache.Folder) -> None:
    """Drops what nobody has made for long."""
    with os.scandir(folder.descriptor) as entries:
        old = [one.name for one in entries if one.stat().st_mtime < time.time() - UNUSED_S]
    for name in old:
        folder.drop(name)
