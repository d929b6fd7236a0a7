"""`python -m farm`."""

from __future__ import annotations

from farm.cli import main

main()
