"""Which jobs of a list are to be done now, and why: a pure look at orders, manifests and files."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from farm.batch.manifest import ManifestEntry
from farm.batch.order import Order
from farm.errors import UsageError
from workers.records import record


class Why(StrEnum):
    """Why a job is done, or is not."""

    NEW = "it is asked for"
    UNKNOWN = "the manifest does not have it"
    CHANGED = "the score, an option, a sample or farm has changed since"
    GONE = "its file is gone"
    SIZE = "its file has another size than the manifest says"
    CONTENT = "its file has other bytes than the manifest says"
    FAILED = "it failed before"
    DONE = "it is done"
    ELSEWHERE = "it belongs to another shard"
    LEFT_OUT = "--only leaves it out"
    NOT_FAILED = "it did not fail"
    UNREADABLE = "its score cannot be read"

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do for this reason."""
        return self in MANY

    def of(self, count: int) -> str:
        """In words for so many jobs with which there is nothing to do."""
        return MANY[self] if count != 1 else str(self)


MANY = {
    Why.DONE: "they are done",
    Why.ELSEWHERE: "they belong to another shard",
    Why.LEFT_OUT: "--only leaves them out",
    Why.NOT_FAILED: "they did not fail",
}
"""Reasons for which there is nothing to do, of several jobs."""


@record(frozen=True, slots=True)
class Selection:
    """What the command line says of which jobs are to be done."""

    resume: bool = False
    check: bool = False
    """Whether the bytes of files are read, too."""
    failed: bool = False
    only: str = ""
    shard: tuple[int, int] | None = None


def read_shard(text: str) -> tuple[int, int]:
    """`2/8`: the second of eight parts. Raises UsageError."""
    numbers = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
    if numbers is not None and 1 <= int(numbers[1]) <= int(numbers[2]):
        return int(numbers[1]), int(numbers[2])
    raise UsageError(f"--shard {text} is not K/N", hint="1/8 is the first of eight parts, 8/8 the last")


def chosen(
    orders: Sequence[Order], choice: Selection, done: Mapping[str, ManifestEntry], failed: Collection[str], into: Path
) -> list[Why]:
    """For each order why it is to be done, or why not. `done`: what manifests say, `failed`: files of failed jobs."""
    return [why(order, choice, done, failed, into) for order in orders]


def why(order: Order, choice: Selection, done: Mapping[str, ManifestEntry], failed: Collection[str], into: Path) -> Why:
    """Why a job is to be done, or why not."""
    if choice.shard is not None and shard_of(order, choice.shard[1]) != choice.shard[0]:
        return Why.ELSEWHERE
    if choice.only and not any(fnmatchcase(out, choice.only) for out in order.outs):
        return Why.LEFT_OUT
    had_failed = any(out in failed for out in order.outs)
    if choice.failed and not had_failed:
        return Why.NOT_FAILED
    if order.score.failure is not None:
        return Why.UNREADABLE
    if not choice.resume:
        return Why.FAILED if choice.failed else Why.NEW
    found = [lacking(order, out, done.get(out), into, choice.check) for out in order.outs]
    first = next((one for one in found if one is not Why.DONE), Why.DONE)
    return Why.FAILED if first is Why.UNKNOWN and had_failed else first


def lacking(order: Order, out: str, entry: ManifestEntry | None, into: Path, check: bool) -> Why:
    """What is wrong with a file of an order that the manifest may have."""
    if entry is None:
        return Why.UNKNOWN
    if entry.key != order.key:
        return Why.CHANGED
    try:
        if os.path.getsize(into / out) != entry.size:
            return Why.SIZE
        if check:
            with open(into / out, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != entry.sha256:
                    return Why.CONTENT
    except OSError:
        return Why.GONE
    return Why.DONE


def shard_of(order: Order, parts: int) -> int:
    """Which of so many parts an order belongs to, from 1 on: by its key, so that an edited list moves few jobs."""
    digest = order.key or hashlib.sha256("\n".join(order.outs).encode("utf-8", "surrogatepass")).hexdigest()
    return int(digest[:16], 16) % parts + 1
