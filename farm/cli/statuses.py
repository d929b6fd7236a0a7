"""Exit statuses of the command line that are no error's own (`farm.errors` has those)."""

from __future__ import annotations

FAILED, USAGE, INTERRUPTED, UNREAD, TERMINATED = 1, 2, 130, 141, 143
"""UNREAD: whoever read the output left before its end, as `| head` does; said by the status alone, SIGPIPE's."""
