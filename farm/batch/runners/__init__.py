"""Runners: what carries jobs to where they are rendered, and outcomes back."""

from __future__ import annotations
