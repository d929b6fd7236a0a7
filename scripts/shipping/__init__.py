"""The wheel: the packages, and machine code of every kernel."""

from __future__ import annotations
