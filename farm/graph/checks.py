"""Mistakes that show only when patterns are asked: words that are no numbers, banks that do not exist."""

from __future__ import annotations

import numpy as np

from farm.audio.decode import inspect
from farm.audio.samples import SampleLibrary
from farm.errors import FarmError, Loc, Notice, SampleError, ScoreError, placed
from farm.graph.graph import Graph, Source, StepsFeed
from farm.graph.slab import bank_notices, file_notices, no_bank
from farm.graph.voices import Controls, paces, playing, remarks_on
from farm.pattern.pattern import Pattern
from farm.pattern.unique import unique
from farm.pattern.words import no_number

ASKED_CYCLES = 64
ASKED_HAPS = 100_000


def problems(
    graph: Graph, library: SampleLibrary, said: list[Notice] | None = None, lenient: bool = False
) -> list[FarmError]:
    """Errors that a render of the first cycles would meet: all of a pattern's period, at most 64 cycles
    and about 100,000 haps. What it would say of banks and their files is added to `said`.
    """
    found: list[FarmError] = []
    for source in graph.sources:
        try:
            found += missing_banks(source, graph, library, [] if said is None else said, lenient)
        except ScoreError as error:
            found.append(error)
    for scope in (*graph.buses, *graph.instruments):
        for node in scope.nodes:
            for _, feed in node.params:
                if isinstance(feed, StepsFeed):
                    found += wrong_steps(feed, graph)
    unique = {(error.loc, error.message): error for error in found}
    return list(unique.values())


def warnings(graph: Graph) -> list[Notice]:
    """What a render of the first cycles would say of voices that cannot sound as they are written."""
    found: dict[tuple[str, Loc | None], Notice] = {}
    for source in graph.sources:
        if isinstance(source.voices, Pattern):
            for what, notice in remarked(source, graph):
                found.setdefault((what, notice.loc), notice)
    return [*found.values()]


def remarked(source: Source, graph: Graph) -> list[tuple[str, Notice]]:
    """The same of one source, as far as its patterns say it: controls that come from signals are not known."""
    try:
        haps = source.voices.query(cycles_of(source.voices))
    except ScoreError:
        return []
    source.voices.clear()
    rows = unique(haps.key)
    rows = rows[playing(source, haps, graph.words).take(rows)]
    unknown = {param.name: np.full(len(rows), np.nan) for param, _ in source.signals}
    controls = Controls(source, haps, rows, np.arange(len(rows)), None, unknown)
    return [*remarks_on(controls, paces(controls), graph.words)]


def cycles_of(pattern: Pattern) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The cycles to ask a pattern for: its period, as far as that is no endless work."""
    return np.arange(min(pattern.period or ASKED_CYCLES, ASKED_CYCLES, 1 + int(ASKED_HAPS / max(pattern.peak, 1.0))))


def missing_banks(
    source: Source, graph: Graph, library: SampleLibrary, said: list[Notice], lenient: bool
) -> list[FarmError]:
    """A SampleError for each bank that nobody has, and for each file that cannot be played. Fills `said`.

    Raises ScoreError for words among numbers.
    """
    with placed(source.loc):
        haps = source.voices.query(cycles_of(source.voices))
    source.voices.clear()
    names, places = haps.entries("s"), haps.entries("loc")
    if source.instrument is not None or names is None:
        return []
    found: list[FarmError] = []
    rows = unique(haps.key)
    for first in np.sort(np.unique(names[rows], return_index=True)[1]):
        row = rows[first]
        word = graph.words.text(int(names[row]))
        name, _, index = word.partition(":")
        if word.startswith("~"):
            continue
        loc = graph.words.loc(places[row]) if places is not None else source.loc
        try:
            bank = library.bank(name)
            if bank is None:
                raise no_bank(name, library)
            file = bank.file(int(index or 0))
            said += file_notices(file, inspect(file, lenient).notices, loc)
            said += bank_notices(bank, loc)
        except SampleError as error:
            found.append(SampleError(error.message, loc=loc, hint=error.hint))
    return found


def wrong_steps(feed: StepsFeed, graph: Graph) -> list[FarmError]:
    """An error for a word where a string is read as a signal."""
    with placed(feed.loc):
        haps = feed.pattern.query(cycles_of(feed.pattern))
    values, places = haps.entries("v"), haps.entries("loc")
    if values is None or not len(haps.row) or feed.reading == "open":
        return []
    for row in unique(haps.key):
        if np.isnan(graph.words.hertz(values[row : row + 1])[0]):
            loc = graph.words.loc(places[row]) if places is not None else feed.loc
            text = graph.words.text(int(values[row]))
            return [no_number(text, loc)]
    return []
