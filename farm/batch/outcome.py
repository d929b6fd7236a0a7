"""Outcomes: what became of a job, as data that travels. Errors are data too; nothing of them is ever evaluated."""

from __future__ import annotations

import errno
from typing import Any

from farm.errors import FarmError, FileError, Loc, RenderError, SampleError, ScoreError, UsageError, show
from workers.records import record

KINDS = {ScoreError: "score", SampleError: "sample", UsageError: "usage", FileError: "file", RenderError: "render"}
DISK, BUG, DEATH = "disk", "bug", "death"
"""Kinds of failures beside those: no file can be written here; a mistake of farm's own; the job's process died."""
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""Reasons for which other files are refused as well."""


@record(frozen=True, slots=True)
class Failure:
    """Why a job failed. `text`: what a person is shown, with the place in the score and a hint."""

    kind: str
    text: str
    message: str = ""
    """The first line alone, without place."""
    line: int = 0
    column: int = 0
    """Of the score; 0 where none is known."""

    @property
    def final(self) -> bool:
        """Whether another try would end in the same way."""
        return self.kind not in (BUG, DEATH)

    @property
    def stops_all(self) -> bool:
        """Whether every other job would fail too."""
        return self.kind == DISK

    def as_json(self) -> dict[str, Any]:
        """For the manifest, and for pipes."""
        place = {"line": self.line, "column": self.column} if self.line else {}
        return {"kind": self.kind, "message": self.message, **place, "text": self.text}


def read_failure(said: dict[str, Any]) -> Failure:
    """A failure from its JSON. Raises KeyError, ValueError, TypeError for what is none."""
    line, column = int(said.get("line", 0)), int(said.get("column", 0))
    return Failure(str(said["kind"]), str(said["text"]), str(said["message"]), line, column)


def failure_of(problem: Exception) -> Failure:
    """An exception as data."""
    if not isinstance(problem, FarmError):
        if isinstance(problem, MemoryError):
            return Failure(BUG, "error: out of memory", "out of memory")
        text = " ".join(f"{type(problem).__name__}: {problem}".split())
        return Failure(BUG, f"error: internal error: {text}: this is a bug in farm", f"internal error: {text}")
    cause = problem.__cause__
    kind = next((name for one, name in KINDS.items() if isinstance(problem, one)), "render")
    if isinstance(problem, FileError) and isinstance(cause, OSError) and cause.errno in FULL:
        kind = DISK
    loc = problem.loc or Loc("", 0, 0)
    return Failure(kind, show(problem), problem.message, loc.line, loc.column)


@record(frozen=True, slots=True)
class MadeFile:
    """A file that a job made. `facts`: what the manifest says of it, by name."""

    file: str
    """Its path below DIR."""
    size: int
    sha256: str
    """Of its bytes."""
    facts: dict[str, Any]


@record(frozen=True, slots=True)
class Outcome:
    """What became of a job: files, or why there are none."""

    key: str
    files: tuple[MadeFile, ...] = ()
    failure: Failure | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """As it travels."""
        return {
            "key": self.key,
            "files": [[one.file, one.size, one.sha256, one.facts] for one in self.files],
            "failure": None if self.failure is None else self.failure.as_json(),
            "wall_s": round(self.wall_s, 6),
            "cpu_s": round(self.cpu_s, 6),
        }


def read_outcome(said: dict[str, Any]) -> Outcome:
    """An outcome from its JSON. Raises KeyError, ValueError, TypeError for what is none."""
    files = tuple(MadeFile(str(file), int(size), str(sha), dict(facts)) for file, size, sha, facts in said["files"])
    failure = None if said["failure"] is None else read_failure(said["failure"])
    return Outcome(str(said["key"]), files, failure, float(said["wall_s"]), float(said["cpu_s"]))
