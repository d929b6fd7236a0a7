"""What of farm's pages is made from its code."""

from __future__ import annotations
