"""The local runner: the crew of this host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from farm.batch.crew import Crew
from farm.batch.runners.runner import Bundle, Event, Host
from farm.sources import identity
from workers import cores
from workers.ownership import host


def slots_of(threads: int | None) -> int:
    """How many jobs go side by side: `threads`, else as many as this process may use CPUs."""
    return threads or cores.worker_count()[0]


class LocalRunner:
    """Runs jobs on this host, in as many processes side by side as there are slots."""

    def __init__(self, slots: int, into: Path) -> None:
        self.crew = Crew(slots, into, host())

    def hosts(self) -> Mapping[str, Host]:
        """This one."""
        name = self.crew.host
        return {name: Host(name, self.crew.slots, identity=identity())}

    def send(self, bundle: Bundle) -> None:
        """As `Runner.send`. Raises OSError where no process can be started."""
        for index, line in zip(bundle.indices, bundle.lines, strict=True):
            self.crew.give(index, line)

    def events(self, timeout_s: float) -> Sequence[Event]:
        """As `Runner.events`. Raises RenderError where farm itself was changed meanwhile."""
        return list(self.crew.events(timeout_s))

    def at_work(self) -> Sequence[tuple[str, int]]:
        """As `Runner.at_work`."""
        return [(f"{one.number}", one.queue[0]) for one in self.crew.everyone if one.queue]

    def cancel(self) -> None:
        """As `Runner.cancel`."""
        self.crew.cancel()

    def close(self) -> None:
        """As `Runner.close`."""
        self.crew.close()
