"""Scores: text that was read and understood."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from farm.errors import Notice
from farm.graph.build import build
from farm.graph.calling import function_names, refused_links
from farm.graph.graph import Graph
from farm.score import Source, parse, read_source
from farm.score.syntax import Program


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A score that was read: its syntax and its graph for a seed."""

    source: Source
    program: Program
    graph: Graph
    seed: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.source.name

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Warnings of reading it."""
        return self.graph.notices

    def seeded(self, seed: int) -> Graph:
        """The graph for a seed."""
        return self.graph if seed == self.seed else build(self.program, seed)


def load(path: str | Path, *, seed: int = 0) -> Score:
    """Reads a score ("-" is standard input).

    Raises ScoreError for what cannot be understood, FileError for a file that cannot be read.
    """
    return understand(read_source(str(path)), seed=seed)


def understand(source: Source, *, seed: int = 0) -> Score:
    """A score from text that was read already. Raises ScoreError."""
    with uncollected():
        program = parse(source, function_names(), refused_links())
        return Score(source, program, build(program, seed), seed)


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for garbage: nearly all that reading makes is kept, and searching it takes a third of the time."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()
