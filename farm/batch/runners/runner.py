"""What a runner is: it carries orders to hosts and brings back what became of them. It decides nothing.

A job is named by its index in the batch. Where a job process dies, its runner says which job it was on, and that those
behind it had not begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from farm.batch.outcome import Outcome
from workers.records import record


@record(frozen=True, slots=True)
class Host:
    """A host that renders. `slots`: jobs side by side; `ahead`: how many it takes for each slot, the running one among
    them; `identity`: which farm it has."""

    name: str
    slots: int
    ahead: int = 2
    identity: str = ""


@record(frozen=True, slots=True)
class Bundle:
    """Jobs for a host, by index, each as its line. `wide`: one that takes all slots."""

    host: str
    indices: tuple[int, ...]
    lines: tuple[str, ...]
    wide: bool = False


@record(frozen=True, slots=True)
class JobDone:
    """A job came to its end, well or not."""

    index: int
    outcome: Outcome
    host: str


@record(frozen=True, slots=True)
class JobDied:
    """The process of a job died while it was on it. `reason`: how, in words."""

    index: int
    reason: str
    host: str


@record(frozen=True, slots=True)
class JobsLost:
    """Jobs that had not begun will not: nobody is to blame."""

    indices: tuple[int, ...]
    host: str


@record(frozen=True, slots=True)
class HostCame:
    """A host is there, or has other slots than before."""

    host: Host


@record(frozen=True, slots=True)
class HostWent:
    """A host is there no more; what it was on is told as lost."""

    name: str


@record(frozen=True, slots=True)
class Compiling:
    """A host compiles kernels, once: how many are done, of how many, and whether they are kept for the next time."""

    done: int
    total: int
    kept: bool


Event = JobDone | JobDied | JobsLost | HostCame | HostWent | Compiling


class Runner(Protocol):
    """Carries jobs."""

    def hosts(self) -> Mapping[str, Host]:
        """Those that are there now, by name. Raises RenderError where there can be none."""

    def send(self, bundle: Bundle) -> None:
        """Passes jobs on; they are told of later."""

    def events(self, timeout_s: float) -> Sequence[Event]:
        """What has happened since; waits so long for something."""

    def at_work(self) -> Sequence[tuple[str, int]]:
        """What each job process is on: its name, and an index."""

    def cancel(self) -> None:
        """Ends all that runs, at once."""

    def close(self) -> None:
        """Ends the processes, which have nothing left to do."""
