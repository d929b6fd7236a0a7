"""The manifest of a folder: a line of JSON for each file, written by one process as soon as the file is there.

What a batch goes by when it is resumed: a line that is whole is the truth, half a line at the end is none. Failures
stand in a file beside it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from farm.audio.partial import PartialFile, file_error
from farm.batch.lease import suffix
from workers.records import record

NAME, FAILED = "manifest", "failed"
FLUSH_S = 1.0
FLUSH_BYTES = 1 << 16


@record(frozen=True, slots=True)
class ManifestEntry:
    """What is needed of a line to know whether its job is done, and where the line is."""

    key: str
    size: int
    sha256: str
    source: Path
    start: int
    length: int


def path_of(folder: Path, name: str = NAME, shard: tuple[int, int] | None = None) -> Path:
    """The manifest of a folder, or of a shard in it."""
    return folder / f"{name}{suffix(shard)}.jsonl"


def manifests(folder: Path, name: str = NAME) -> list[Path]:
    """All manifests of a folder: the whole one's first, then those of shards."""
    pattern = re.compile(rf"{name}\.\d+-of-\d+\.jsonl")
    try:
        found = sorted(entry for entry in os.listdir(folder) if pattern.fullmatch(entry))
    except FileNotFoundError:
        return []
    whole = folder / f"{name}.jsonl"
    return [*([whole] if whole.exists() else []), *(folder / one for one in found)]


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a file, each with where it begins; what stands behind the last line end is none.

    Raises FileError.
    """
    start = 0
    try:
        with open(path, "rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield start, line
                start += len(line)
    except FileNotFoundError:
        return
    except OSError as error:
        raise file_error(path, error) from error


def read_line(line: bytes) -> dict[str, Any] | None:
    """What a line says; None for one that is damaged."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and isinstance(said.get("file"), str) else None


def entries(paths: Sequence[Path]) -> dict[str, ManifestEntry]:
    """The last line of each file that manifests tell of. Raises FileError."""
    found: dict[str, ManifestEntry] = {}
    for path in paths:
        for start, line in lines_of(path):
            said = read_line(line)
            if said is not None:
                size = said["size"] if isinstance(said.get("size"), int) else -1
                key, sha256 = str(said.get("key")), str(said.get("sha256"))
                found[said["file"]] = ManifestEntry(key, size, sha256, path, start, len(line))
    return found


def failed_files(paths: Sequence[Path]) -> set[str]:
    """The files of jobs that failed. Raises FileError."""
    lines = (read_line(line) for path in paths for _, line in lines_of(path))
    return {said["file"] for said in lines if said is not None}


@record(eq=False)
class ManifestWriter:
    """Appends lines to a manifest. Raises FileError where that cannot be."""

    path: Path
    clock: Callable[[], float]
    held: list[bytes] = field(default_factory=list)
    bytes_held: int = 0
    flushed_s: float = 0.0

    def __post_init__(self) -> None:
        try:
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self.end = whole_bytes(self.descriptor)
            # Half a line, of one who was killed, is no line: the next one would be lost in it.
            os.ftruncate(self.descriptor, self.end)
            os.lseek(self.descriptor, self.end, os.SEEK_SET)
        except OSError as error:
            raise file_error(self.path, error) from error
        self.flushed_s = self.clock()

    def add(self, line: Mapping[str, Any]) -> None:
        """Notes a line; it is written within a second, or soon."""
        text = json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"
        self.held.append(text)
        self.bytes_held += len(text)
        if self.bytes_held >= FLUSH_BYTES:
            self.flush()

    def due(self) -> None:
        """Writes what is held if the last time was a second ago."""
        if self.clock() - self.flushed_s >= FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Writes what is held."""
        self.flushed_s = self.clock()
        text = b"".join(self.held)
        self.held.clear()
        self.bytes_held = 0
        try:
            while text:
                text = text[os.write(self.descriptor, text) :]
        except OSError as error:
            raise file_error(self.path, error) from error

    def close(self) -> None:
        """Writes what is held, and ends."""
        try:
            self.flush()
        finally:
            os.close(self.descriptor)


def whole_bytes(descriptor: int) -> int:
    """The bytes of a file up to its last line end."""
    size = os.fstat(descriptor).st_size
    end = size
    while end > 0:
        start = max(0, end - FLUSH_BYTES)
        at = os.pread(descriptor, end - start, start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def rewrite(path: Path, kept: Sequence[ManifestEntry]) -> None:
    """Makes a manifest anew, of these lines in this order; without any it goes. Raises FileError."""
    if not kept:
        path.unlink(missing_ok=True)
        return
    sources: dict[Path, int] = {}
    partial = PartialFile(path)
    try:
        for entry in kept:
            if entry.source not in sources:
                sources[entry.source] = os.open(entry.source, os.O_RDONLY | os.O_CLOEXEC)
            partial.put(os.pread(sources[entry.source], entry.length, entry.start))
        partial.commit()
    except OSError as error:
        raise partial.refused(error) from error
    finally:
        partial.abort()
        for descriptor in sources.values():
            os.close(descriptor)
