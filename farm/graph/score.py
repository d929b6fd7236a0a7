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
from farm.graph.leaving import Leaving
from farm.score import Source, parse, parse_all, read_source
from farm.score.syntax import Program


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A score that was read: its syntax and its graph for a seed."""

    source: Source
    program: Program
    graph: Graph
    seed: int
    unreadable: tuple[Notice, ...] = ()
    """With --lenient: what could not be read."""

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
        if seed == self.seed:
            return self.graph
        leaving = self.graph.leaving
        return build(self.program, seed, leaving=None if leaving is None else Leaving([*self.unreadable]))


def load(path: str | Path, *, seed: int = 0, lenient: bool = False) -> Score:
    """Reads a score ("-" is standard input).

    Raises ScoreError for what cannot be understood, FileError for a file that cannot be read. With `lenient` it raises
    FileError alone: what cannot be understood is left out with a warning.
    """
    if not lenient:
        return understand(read_source(str(path)), seed=seed)
    leaving = Leaving()
    return understood(read_source(str(path), leaving.leave), seed, leaving)


def understand(source: Source, *, seed: int = 0, lenient: bool = False) -> Score:
    """A score from text that was read already. Raises ScoreError, with `lenient` nothing."""
    if lenient:
        return understood(source, seed, Leaving())
    with uncollected():
        program = parse(source, function_names(), refused_links())
        return Score(source, program, build(program, seed), seed)


def understood(source: Source, seed: int, leaving: Leaving) -> Score:
    """What can be understood of a text."""
    with uncollected():
        program, errors = parse_all(source, function_names(), refused_links())
        for error in errors:
            leaving.leave(error)
        unreadable = tuple(leaving.notices)
        return Score(source, program, build(program, seed, leaving=leaving), seed, unreadable)


def silence(name: str) -> Graph:
    """The graph of a score of which nothing is left."""
    return understand(Source(name, ""), lenient=True).graph


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
