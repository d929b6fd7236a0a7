"""The lease of a folder: one batch at a time writes a manifest there.

A file made with O_EXCL, which every file system shared by hosts has, says who holds the folder: host, process, when the
process began, and by its time of change that it still lives. Locks would be seen on one host alone. A lease whose
process is gone from this host is taken over at once, another host's after a minute without a heartbeat, by the clock of
the file system.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from farm.audio.partial import file_error
from farm.errors import FileError
from workers.ownership import host

BEAT_S = 5.0
STALE_S = 60.0
PREFIX = ".farm-batch"


class Lease:
    """Holds a folder until it is given up. `shard`: (k, n) of a part of a batch, which others' parts may lie beside.

    Raises FileError where another batch holds it, or where no file can be made.
    """

    def __init__(
        self, folder: Path, shard: tuple[int, int] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder, self.shard, self.clock = folder, shard, clock
        self.path = folder / f"{PREFIX}{suffix(shard)}.lease"
        self.holder = {
            "host": host(),
            "pid": os.getpid(),
            "began": began(os.getpid()),
            "token": os.urandom(8).hex(),
        }
        self.beaten_s = clock()
        try:
            self.hold()
        except OSError as error:
            raise file_error(self.path, error) from error

    def hold(self) -> None:
        """Makes the file, and looks at those of others. Raises FileError, OSError."""
        text = json.dumps(self.holder).encode("ascii")
        for _ in range(3):
            try:
                descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            except FileExistsError:
                self.take_over(self.path)
                continue
            with open(descriptor, "wb") as file:
                file.write(text)
            break
        else:
            raise FileError(f"{self.folder} is held by batches that come and go", hint="try again")
        try:
            for other in self.folder.glob(f"{PREFIX}*.lease"):
                if other != self.path and not (self.shard and beside(other.name, self.shard)):
                    self.take_over(other)
        except BaseException:
            self.give_up()
            raise

    def take_over(self, path: Path) -> None:
        """Removes the lease of one who is gone. Raises FileError where it is held."""
        said, age_s = read(path), self.age_s(path)
        if said is None and age_s is None:
            return
        if said is None or lives(said):
            here = said is not None and said["host"] == host()
            if here or age_s is None or age_s < STALE_S:
                raise held(self.folder, said, age_s)
        # Whoever else takes it over has renamed another file: what is moved is looked at again.
        aside = self.folder / f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}"
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, aside)
            if read(aside) != said:
                with contextlib.suppress(FileExistsError):
                    os.link(aside, path)
                os.unlink(aside)
                raise held(self.folder, read(path), None)
            os.unlink(aside)

    def age_s(self, path: Path) -> float | None:
        """How long ago a lease was renewed, by the clock of its file system; None: it is not there."""
        probe = self.folder / f".farm-clock-{os.getpid()}-{os.urandom(4).hex()}"
        try:
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            try:
                return os.stat(probe).st_mtime - os.stat(path).st_mtime
            finally:
                os.unlink(probe)
        except FileNotFoundError:
            return None

    def beat(self) -> None:
        """Renews the lease every few seconds. Raises FileError where it is another's by now."""
        if self.clock() - self.beaten_s < BEAT_S:
            return
        self.beaten_s = self.clock()
        if read(self.path) != self.holder:
            raise FileError(
                f"another batch has taken {self.folder} over: this one was still for more than {STALE_S:.0f} s",
                hint="the same command with --resume does what is left",
            )
        with contextlib.suppress(OSError):
            os.utime(self.path)

    def give_up(self) -> None:
        """Lets the folder go."""
        if read(self.path) == self.holder:
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_up()


def suffix(shard: tuple[int, int] | None) -> str:
    """What the files of a shard are called besides: `.2-of-8`."""
    return "" if shard is None else f".{shard[0]}-of-{shard[1]}"


def beside(name: str, shard: tuple[int, int]) -> bool:
    """Whether a lease is that of another shard of as many."""
    return name.startswith(f"{PREFIX}.") and name.endswith(f"-of-{shard[1]}.lease")


def began(pid: int) -> int | None:
    """When a process of this host began, in ticks since the machine did; None where it is gone or nobody tells."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return None


def lives(said: dict[str, Any]) -> bool:
    """Whether the holder of a lease may live: one of another host always may."""
    if said["host"] != host() or not os.path.exists("/proc/self/stat"):
        return True
    return bool(began(said["pid"]) == said["began"])


def read(path: Path) -> dict[str, Any] | None:
    """What a lease says; None where it is gone, or is none."""
    try:
        said = json.loads(path.read_bytes())
        return said if {"host", "pid", "began", "token"} <= {*said} and isinstance(said["pid"], int) else None
    except (OSError, ValueError, TypeError):
        return None


def held(folder: Path, said: dict[str, Any] | None, age_s: float | None) -> FileError:
    """The error for a folder that another batch holds."""
    who = f"process {said['pid']} on {said['host']}" if said is not None else "a process that just began"
    hint = "wait for it to end, or write --into another folder; parts of one batch share a folder with --shard"
    if said is not None and said["host"] != host() and age_s is not None:
        left = max(1, round(STALE_S - age_s))
        hint += f". If that host is gone, the folder is free in {left} s"
    return FileError(f"another batch writes into {folder}: {who}", hint=hint)
