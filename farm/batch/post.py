"""What a job process is told when it starts."""

from __future__ import annotations

import json

from workers.records import record


@record(frozen=True, slots=True)
class JobPost:
    """What a job process is told when it starts. `cpu`: where it is pinned; `into`: DIR."""

    number: int
    parent: int
    of_main_thread: bool
    cpu: int | None
    into: str

    def as_json(self) -> str:
        """For the command line of the process."""
        return json.dumps([self.number, self.parent, self.of_main_thread, self.cpu, self.into])


def read_post(text: str) -> JobPost:
    """The same from the command line."""
    number, parent, of_main_thread, cpu, into = json.loads(text)
    return JobPost(number, parent, of_main_thread, cpu, into)
