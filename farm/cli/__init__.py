"""The command line: reads options, calls, prints.

A file for each command, `group` for their list, `process` for how a process begins and ends. Everything but click is
imported inside the commands, so that `farm --help` starts at once.
"""

from __future__ import annotations

from farm.cli.group import farm
from farm.cli.process import ONE_THREAD, main, run

__all__ = ["ONE_THREAD", "farm", "main", "run"]
