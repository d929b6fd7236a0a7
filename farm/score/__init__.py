"""Text in, frozen syntax out. Knows no patterns, no nodes and no audio."""

from __future__ import annotations

from farm.score.parser import parse, parse_all
from farm.score.source import Source, read_source, text_source

__all__ = ["Source", "parse", "parse_all", "read_source", "text_source"]
