"""What people see. Only `farm.cli` prints; the rest of farm raises and returns."""

from __future__ import annotations
