"""Batches: many files from one list, rendered side by side, one job process a core, and resumed where they were."""

from __future__ import annotations
