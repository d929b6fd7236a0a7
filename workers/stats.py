"""The stats file: what each worker did and when, beside the arena, for observers in any process.

The file is the session's, not the arena's, which grows and moves. It holds, at the offsets that its header names, the
names of groups and one ring for each worker; whoever takes a ring is the only one who writes it:

    header | names: key, length, UTF-8 ... | ring 0: its words | its records ... | ring 1 ...

A record is counted after it is written. A reader looks at the count, copies, looks again, and drops what may have been
written anew meanwhile: what it keeps is whole, whoever dies at whatever moment. Layouts stand in `workers.wire`.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import struct
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.arena import PREFIX, remove, reserve, shared_folder
from workers.ownership import claim
from workers.records import record
from workers.wire import RING_RECORDS, STATS_MAGIC, STATS_VERSION, Noted, RingHead, StatsHeader

Ints = NDArray[np.int64]

SUFFIX = ".stats"
PAGE = 4096
NAMES_AT, RINGS_AT = PAGE, 1 << 20
RING_BYTES = PAGE
"""From a ring's start to its records."""
RECORD_BYTES = 8 * len(Noted)
RING_STEP = RING_BYTES + RING_RECORDS * RECORD_BYTES
NOTED: np.dtype[Any] = np.dtype([(word.name.lower(), np.int64) for word in Noted])
"""A record as numpy reads it: int64 fields called as `Noted` calls them, in small letters."""


class StatsError(ValueError):
    """A file is no stats file that this version can read."""


def key_word(key: str) -> int:
    """What records call the group of a key: an int64, the beginning of the key's SHA-256."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little", signed=True)


@record(frozen=True, slots=True, eq=False)
class StatsRing:
    """A ring that one worker writes: where it lies in its file, and its words, int64, in this process."""

    path: str
    offset: int
    words: Ints

    @property
    def address(self) -> int:
        """Of its words in this process."""
        return int(self.words.ctypes.data)

    def begin(self, worker: int, edition: int) -> None:
        """Gives the ring to a worker of a rendering. What was written before stays readable."""
        self.words[RingHead.WORKER], self.words[RingHead.EDITION] = worker, edition
        self.words[RingHead.RATE] = 0

    def sums(self) -> Mapping[RingHead, int]:
        """Nanoseconds that were added up in it, by their words."""
        return {word: int(self.words[word]) for word in (RingHead.KERNELS_NS, RingHead.OUTPUT_NS, RingHead.SETUP_NS)}


def mapped(path: str, offset: int, descriptor: int = -1) -> StatsRing:
    """A ring at an offset of a stats file, which is open as `descriptor` or opened for this. Raises OSError."""
    opened = os.open(path, os.O_RDWR | os.O_CLOEXEC) if descriptor < 0 else descriptor
    try:
        return StatsRing(path, offset, np.frombuffer(mmap.mmap(opened, RING_STEP, offset=offset), np.int64))
    finally:
        if descriptor < 0:
            os.close(opened)


class StatsFile:
    """The stats file of a session, in its coordinator. Its name goes with it, at the latest with the process."""

    def __init__(self, folder: str | None = None) -> None:
        """Makes the file, in shared memory or in `folder`, readable by its owner only. Raises OSError."""
        name = f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}"
        self.path = str(Path(folder or shared_folder()) / name)
        self.name_goes = weakref.finalize(self, remove, self.path, os.getpid())
        self.descriptor = -1
        self.rings: list[StatsRing] = []
        self.free: list[StatsRing] = []
        self.named: set[str] = set()
        self.editions = 0
        try:
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            claim(self.descriptor)
            os.truncate(self.descriptor, RINGS_AT)
            reserve(self.descriptor, 2 * PAGE)
            self.header = np.frombuffer(mmap.mmap(self.descriptor, PAGE), np.int64)
        except OSError:
            self.close()
            raise
        words = {
            StatsHeader.VERSION: STATS_VERSION,
            StatsHeader.NAMES_AT: NAMES_AT,
            StatsHeader.RINGS_AT: RINGS_AT,
            StatsHeader.RING_STEP: RING_STEP,
            StatsHeader.RING_BYTES: RING_BYTES,
            StatsHeader.RING_RECORDS: RING_RECORDS,
            StatsHeader.RECORD_BYTES: RECORD_BYTES,
            StatsHeader.CREATOR: os.getpid(),
            StatsHeader.MAGIC: STATS_MAGIC,
        }
        for word, value in words.items():
            self.header[word] = value

    def borrow(self, count: int, keys: Iterable[str]) -> list[StatsRing]:
        """Rings for the workers of a rendering whose groups have these keys, each for one worker. Raises OSError."""
        while len(self.free) < count:
            self.free.append(self.grown())
        self.name(keys)
        self.editions += 1
        lent = [self.free.pop(0) for _ in range(count)]
        for worker, ring in enumerate(lent):
            ring.begin(worker, self.editions)
        return lent

    def give_back(self, rings: Iterable[StatsRing]) -> None:
        """Nobody writes these any more."""
        self.free += rings

    def grown(self) -> StatsRing:
        """One more ring, at the end of the file. Raises OSError."""
        offset = RINGS_AT + len(self.rings) * RING_STEP
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self.descriptor, offset, RING_STEP)
        else:
            os.truncate(self.descriptor, offset + RING_STEP)
        ring = mapped(self.path, offset, self.descriptor)
        ring.words[RingHead.MASK], ring.words[RingHead.RECORDS_AT] = RING_RECORDS - 1, RING_BYTES
        self.rings.append(ring)
        self.header[StatsHeader.RINGS] = len(self.rings)
        return ring

    def name(self, keys: Iterable[str]) -> None:
        """Writes what keys mean. One that finds no room is a number to readers. Raises OSError."""
        for key in keys:
            if key not in self.named:
                text = key.encode()
                entry = struct.pack("<qq", key_word(key), len(text)) + text
                written = int(self.header[StatsHeader.NAMES_BYTES])
                if NAMES_AT + written + len(entry) > RINGS_AT:
                    return
                os.pwrite(self.descriptor, entry, NAMES_AT + written)
                self.header[StatsHeader.NAMES_BYTES] = written + len(entry)
                self.named.add(key)

    def close(self) -> None:
        """Takes the name away; the memory goes with the last mapping."""
        self.name_goes()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


@record(frozen=True, slots=True, eq=False)
class Seen:
    """Records (`NOTED`) that a reader had not seen, ring by ring in the order of their ends, and how many it missed."""

    records: NDArray[Any]
    missed: int


class StatsReader:
    """Follows a stats file, in its own process or in another one, while workers write."""

    def __init__(self, path: str) -> None:
        """Opens the file. Raises OSError, StatsError."""
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.closes = weakref.finalize(self, os.close, self.descriptor)
        self.seen: dict[int, int] = {}
        """Records of each ring that were given already."""
        try:
            header = self.header()
        except StatsError:
            self.closes()
            raise
        self.rings_at, self.step = (int(header[word]) for word in (StatsHeader.RINGS_AT, StatsHeader.RING_STEP))
        self.room = int(header[StatsHeader.RING_RECORDS])

    def words(self, offset: int, count: int) -> Ints:
        """int64 words of the file as they are now."""
        return np.frombuffer(os.pread(self.descriptor, 8 * count, offset), np.int64)

    def header(self) -> Ints:
        """The words of the header. Raises StatsError."""
        header = self.words(0, len(StatsHeader))
        if len(header) < len(StatsHeader) or header[StatsHeader.MAGIC] != STATS_MAGIC:
            raise StatsError(f"{self.path} is no stats file")
        if header[StatsHeader.VERSION] != STATS_VERSION or header[StatsHeader.RECORD_BYTES] != RECORD_BYTES:
            raise StatsError(f"{self.path} is a stats file of version {header[StatsHeader.VERSION]}")
        return header

    def names(self) -> dict[int, str]:
        """The keys of groups by what records call them."""
        header = self.header()
        text = os.pread(self.descriptor, int(header[StatsHeader.NAMES_BYTES]), int(header[StatsHeader.NAMES_AT]))
        found, at = {}, 0
        while at < len(text):
            word, length = struct.unpack_from("<qq", text, at)
            found[word] = text[at + 16 : at + 16 + length].decode()
            at += 16 + length
        return found

    def skip(self) -> None:
        """What was written until now is not wanted."""
        for number in range(int(self.header()[StatsHeader.RINGS])):
            self.seen[number] = int(self.words(self.rings_at + number * self.step, len(RingHead))[RingHead.WRITTEN])

    def take(self) -> Seen:
        """What was written since the last call, as far as it is still there."""
        parts, missed = [], 0
        for number in range(int(self.header()[StatsHeader.RINGS])):
            records, lost = self.of_ring(number)
            parts.append(records)
            missed += lost
        return Seen(np.concatenate(parts) if parts else np.zeros(0, NOTED), missed)

    def of_ring(self, number: int) -> tuple[NDArray[Any], int]:
        """What is new in a ring, and how many records of it were written over before they were seen."""
        at, known = self.rings_at + number * self.step, self.seen.get(number, 0)
        words = self.words(at, len(RingHead))
        written, records_at = int(words[RingHead.WRITTEN]), at + int(words[RingHead.RECORDS_AT])
        first = max(known, written - self.room)
        places = np.arange(first, written) % self.room
        parts = []
        for run in np.split(places, np.flatnonzero(np.diff(places) != 1) + 1):
            if len(run):
                text = os.pread(self.descriptor, RECORD_BYTES * len(run), records_at + RECORD_BYTES * int(run[0]))
                parts.append(np.frombuffer(text, NOTED))
        records = np.concatenate(parts) if parts else np.zeros(0, NOTED)
        # The place of the record that is being written now counts as written over.
        whole = min(max(first, int(self.words(at, len(RingHead))[RingHead.WRITTEN]) - self.room + 1), written)
        self.seen[number] = written
        return records[whole - first :], whole - known

    def close(self) -> None:
        """Lets go of the file."""
        with contextlib.suppress(OSError):
            self.closes()
