"""The command line: reads options, calls, prints.

A file for each command, `group` for their list, `process` for how a process begins and ends. Everything but click is
imported inside the commands, so that `farm --help` starts at once; click and the commands come with the first use of
`farm`, so that an interrupt finds `main` waiting for it.
"""

from __future__ import annotations

from farm.cli import importing as importing  # first: nothing else may come from the caller's folder
from farm.cli.process import ONE_THREAD, main, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from farm.cli.group import farm as farm

__all__ = ["ONE_THREAD", "farm", "main", "run"]


def __getattr__(name: str) -> object:
    if name == "farm":
        from farm.cli.group import whole

        return whole()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
