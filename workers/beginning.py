"""The first thing that a worker runs: it ties itself to its coordinator, and imports what it works with after that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.lifeline import Errand, end_with

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from workers.targets.objects import MachineCode


def begin(errand: Errand, pipe: Connection, code: MachineCode | None) -> None:
    """A worker's life."""
    end_with(errand.parent, errand.of_main_thread)
    from workers.worker import worker_main

    worker_main(errand, pipe, code)
