"""The level that this process compiles for."""

from __future__ import annotations

from workers.levels import LEVELS, Level

level: Level = LEVELS[0]
"""Set before anything is compiled: an instruction that the level lacks aborts LLVM."""
