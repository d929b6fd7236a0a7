"""Machine code, as the tests of kernels use it."""

from __future__ import annotations

from ..workers.conftest import machine, machine_at, skip_above

__all__ = ["machine", "machine_at", "skip_above"]
