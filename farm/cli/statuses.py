"""Exit statuses of the command line that are no error's own (`farm.errors` has those)."""

from __future__ import annotations

FAILED, USAGE, INTERRUPTED, TERMINATED = 1, 2, 130, 143
