"""Scores: text that was read and understood."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from farm.errors import Notice, SampleError, ScoreError, UsageError, in_order, together
from farm.graph.build import build
from farm.graph.graph import Graph
from farm.graph.leaving import Leaving
from farm.graph.names import function_names, refused_links
from farm.graph.statements import BEATS, beats_of
from farm.pattern.depth import deep
from farm.score import Source, parse, parse_all, read_source, text_source
from farm.score.setting import Settable, Settings, bound, settable_in
from farm.score.syntax import Program, Tempo
from workers.records import record

if TYPE_CHECKING:
    from farm.audio.samples import SampleLibrary


@record(frozen=True, slots=True, eq=False)
class Score:
    """A score that was read: frozen syntax, and what can be said of it before anything is rendered.

    Patterns remember what they answered, so that every rendering builds a graph of its own, and no render changes what
    a later one, or one at the same time, gives.
    """

    source: Source
    program: Program
    cps: Fraction
    """Cycles a second."""
    outputs: tuple[str, ...]
    """Names of its outputs, `out`, `o1` ..., in the order in which they are mixed."""
    notices: tuple[Notice, ...]
    """Warnings of reading it, in the order of the text; with --lenient those of its first 64 cycles among them."""
    lenient: bool = False
    """Whether what cannot be rendered is left out."""
    settings: Settings = ()
    """Values in the place of those that the text writes."""
    unreadable: tuple[Notice, ...] = ()
    """With --lenient: what could not be read."""

    def __repr__(self) -> str:
        return f"Score({self.name!r}, outputs={self.outputs!r}, cps={self.cps})"

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.source.name

    @property
    def beats(self) -> int:
        """Beats of a cycle: those that the last tempo line has, 4 where it has none."""
        tempos = [statement for statement in self.program.statements if isinstance(statement, Tempo)]
        return beats_of(tempos[-1]) if tempos else BEATS

    def bound(self, settings: Settings) -> Score:
        """The score with other numbers and strings in the place of those that it writes.

        Raises UsageError for names that it does not have; ScoreError where it cannot be understood then.
        """
        if tuple(settings) == tuple(self.settings):
            return self
        with uncollected():
            program = bound(parsed_again(self), settings)
            graph = build(program, 0, Leaving([*self.unreadable]) if self.lenient else None)
        return replace(
            self,
            program=program,
            cps=graph.cps,
            outputs=names_of(graph),
            notices=tuple(in_order([*self.unreadable, *graph.notices])),
            settings=tuple(settings),
        )

    def graph(self, seed: int) -> Graph:
        """A new graph for a seed, which belongs to whoever asks for it."""
        with uncollected():
            return build(self.program, seed, Leaving([*self.unreadable]) if self.lenient else None)


def load(path: str | Path, *, seed: int = 0, lenient: bool = False, samples: Sequence[str] = ()) -> Score:
    """Reads a score ("-" is standard input).

    Raises ScoreError for what cannot be understood, with the other mistakes in `also`, those of names of banks (as
    they are found with the folders `samples`) among them; FileError for a file that cannot be read. With `lenient` it
    raises FileError alone: what cannot be understood is left out with a warning. UsageError for what is no path.
    """
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"farm.load reads the score at a path, not {path!r}", hint='for example "song.ph"')
    if not lenient:
        return understand(read_source(str(path)), seed=seed, samples=samples)
    leaving = Leaving()
    return understood(read_source(str(path), leaving.leave), seed, leaving, samples)


def loads(
    text: str, *, name: str = "<text>", seed: int = 0, lenient: bool = False, samples: Sequence[str] = ()
) -> Score:
    """A score from its text; `name` is what messages call it.

    Raises as `load` does, but for FileError; UsageError for what is no text.
    """
    if not isinstance(text, str):
        raise UsageError(f"farm.loads reads the text of a score, a str, not {text!r}", hint="farm.load reads a file")
    if not lenient:
        return understand(text_source(name, text), seed=seed, samples=samples)
    leaving = Leaving()
    return understood(text_source(name, text, leaving.leave), seed, leaving, samples)


def understand(source: Source, *, seed: int = 0, lenient: bool = False, samples: Sequence[str] = ()) -> Score:
    """A score from text that was read already. Raises as `load` does, with `lenient` nothing."""
    if lenient:
        return understood(source, seed, Leaving(), samples)
    with uncollected(), all_told(source, samples):
        program = parse(source, function_names(), refused_links())
        graph = build(program, seed)
        return Score(source, program, graph.cps, names_of(graph), graph.notices)


def parsed_again(score: Score) -> Program:
    """The program of a score's text as it is written."""
    if not score.settings:
        return score.program
    return parse_all(score.source, function_names(), refused_links())[0]


def settable_of(text: str, name: str) -> Settable | None:
    """What can be set in the score of a text, which messages call `name`; None where it cannot be read."""
    try:
        program, errors = parse_all(text_source(name, text), function_names(), refused_links())
    except ScoreError:
        return None
    return None if errors else settable_in(program, name)


def names_of(graph: Graph) -> tuple[str, ...]:
    """The names of a graph's outputs."""
    return tuple(output.name for output in graph.outputs)


@contextmanager
def all_told(source: Source, samples: Sequence[str]) -> Iterator[None]:
    """A mistake of the score that leaves this block as an error takes all others along."""
    try:
        yield
    except (ScoreError, SampleError) as error:
        from farm.graph.complaints import complaints

        sounds = sounds_of(source, samples)
        others = [] if sounds is None else complaints(source, sounds)[0]
        raise together([*others, error]) from None


def understood(source: Source, seed: int, leaving: Leaving, samples: Sequence[str] = ()) -> Score:
    """What can be understood of a text."""
    from farm.graph.checks import problems, warnings

    with uncollected():
        program, errors = parse_all(source, function_names(), refused_links())
        for error in errors:
            leaving.leave(error)
        unreadable = tuple(leaving.notices)
        graph = build(program, seed, leaving=leaving)
        sounds = sounds_of(source, samples)
        said: list[Notice] = []
        for problem in [] if sounds is None else problems(graph, sounds, said, lenient=True):
            leaving.leave(problem)
        notices = in_order([*graph.notices, *leaving.notices, *said, *warnings(graph, sounds)])
        return Score(source, program, graph.cps, names_of(graph), tuple(notices), True, (), unreadable)


def sounds_of(source: Source, samples: Sequence[str]) -> SampleLibrary | None:
    """The sounds that a render finds; None where one of its folders is missing, which the render tells."""
    from farm.audio.samples import VARIABLE, library

    try:
        return library(samples, source.name, os.environ.get(VARIABLE))
    except SampleError:
        return None


def silence(name: str) -> Graph:
    """The graph of a score of which nothing is left."""
    return understand(Source(name, ""), lenient=True).graph(0)


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for garbage: nearly all that reading makes is kept, and searching it takes a third of the time.

    Patterns may be nested deeply in it.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        with deep():
            yield
    finally:
        if searching:
            gc.enable()
