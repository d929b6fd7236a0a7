"""Mistakes in what a score names, and those that show only when its patterns are asked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from farm.audio.decode import inspect
from farm.audio.lock import check_locked
from farm.audio.samples import Bank, SampleLibrary
from farm.errors import FarmError, Loc, Notice, SampleError, ScoreError, placed
from farm.graph.controls import Controls, paces, remarks_on
from farm.graph.graph import Graph, StepsFeed, VoiceSource
from farm.graph.slab import bank_notices, file_notices, no_bank, written_alike
from farm.graph.voices import playing
from farm.pattern.pattern import Pattern
from farm.pattern.unique import unique
from farm.pattern.words import no_number

ASKED_CYCLES = 64
ASKED_HAPS = 100_000


def problems(
    graph: Graph, library: SampleLibrary, said: list[Notice] | None = None, lenient: bool = False
) -> list[FarmError]:
    """Errors that a render would meet: all that the score names, and what its patterns hold in their first cycles.

    Of a pattern its period is looked at, at most 64 cycles and about 100,000 haps. What a render would say of banks
    and their files is added to `said`.
    """
    found: list[FarmError] = []
    for source in graph.sources:
        if isinstance(source.voices, Pattern):
            found += asked(source)
    found += wrong_banks(graph, library, [] if said is None else said, lenient)
    for scope in (*graph.buses, *graph.instruments):
        for node in scope.nodes:
            for _, feed in node.params:
                if isinstance(feed, StepsFeed):
                    found += wrong_steps(feed, graph)
    unique = {(error.loc, error.message): error for error in found}
    return list(unique.values())


def warnings(graph: Graph, library: SampleLibrary | None) -> list[Notice]:
    """What a render would say of banks, and of voices of its first cycles that cannot sound as they are written."""
    said = [] if library is None else banks_written_alike(graph, library)
    found: dict[tuple[str, Loc | None], Notice] = {}
    for source in graph.sources:
        if isinstance(source.voices, Pattern):
            for what, notice in remarked(source, graph):
                found.setdefault((what, notice.loc), notice)
    return [*said, *found.values()]


def banks_written_alike(graph: Graph, library: SampleLibrary) -> list[Notice]:
    """A warning for each word that several banks are written as."""
    said: dict[str, Notice] = {}
    for source in graph.sources:
        for word, loc in named(source, graph):
            name = word.partition(":")[0]
            try:
                bank = library.bank(name)
            except SampleError:
                continue
            notice = None if bank is None or name in said else written_alike(name, bank, library)
            if notice is not None:
                said[name] = replace(notice, loc=loc)
    return [*said.values()]


def remarked(source: VoiceSource, graph: Graph) -> list[tuple[str, Notice]]:
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


def asked(source: VoiceSource) -> list[FarmError]:
    """The error that a source's haps of its first cycles are: too many of them, a word that arithmetic made."""
    try:
        with placed(source.loc):
            source.voices.query(cycles_of(source.voices))
    except ScoreError as error:
        return [error]
    finally:
        source.voices.clear()
    return []


def wrong_banks(graph: Graph, library: SampleLibrary, said: list[Notice], lenient: bool) -> list[FarmError]:
    """A SampleError for each bank that a score names and nobody has, and for each of its files that cannot be played.

    Of a bank whose samples a pattern or a signal chooses every file is looked at, of another those that are named.
    Adds warnings of banks and files to `said`.
    """
    found: list[FarmError] = []
    for source in graph.sources:
        seen: set[Path] = set()
        for word, loc in named(source, graph):
            name, _, index = word.partition(":")
            try:
                bank = library.bank(name)
                if bank is None:
                    raise no_bank(name, library)
            except SampleError as error:
                found.append(SampleError(error.message, loc=loc, hint=error.hint))
                continue
            files = bank.files if source.index is None else [bank.file(int(index or 0) + source.index)]
            fresh = [file for file in files if file not in seen]
            seen.update(fresh)
            said += bank_notices(bank, loc)
            wrong = [*refused_by_lock(bank, fresh), *unplayable(fresh, loc, said, lenient)]
            found += [SampleError(error.message, loc=loc, hint=error.hint) for error in wrong]
    return found


def refused_by_lock(bank: Bank, files: Iterable[Path]) -> list[SampleError]:
    """An error for each file of a bank that the lock of its folder does not have so."""
    found = []
    for file in files:
        try:
            check_locked(bank, file)
        except SampleError as error:
            found.append(error)
    return found


def named(source: VoiceSource, graph: Graph) -> Iterable[tuple[str, Loc]]:
    """The words of a source that name samples, each with a place: all that are written, where they are known."""
    if source.instrument is not None or not isinstance(source.voices, Pattern):
        return []
    if source.banks is not None:
        return source.banks.places()
    try:
        haps = source.voices.query(cycles_of(source.voices))
    except ScoreError:
        return []
    source.voices.clear()
    names, places = haps.entries("s"), haps.entries("loc")
    if names is None or places is None:
        return []
    rows = unique(haps.key)
    texts = {graph.words.text(int(names[row])): graph.words.loc(places[row]) for row in rows[::-1]}
    return [(text, loc) for text, loc in texts.items() if not text.startswith("~")]


def unplayable(files: Iterable[Path], loc: Loc, said: list[Notice], lenient: bool) -> Iterator[SampleError]:
    """An error for each file whose header says that it cannot be played; adds warnings of the others to `said`."""
    for file in files:
        try:
            try:
                found = os.stat(file)
            except OSError:
                inspect(file)  # It says what is wrong.
                continue
            said += file_notices(file, probed(file, found.st_size, found.st_mtime_ns, lenient), loc)
        except SampleError as error:
            yield error


@lru_cache(maxsize=1 << 16)
def probed(file: Path, size: int, changed_ns: int, lenient: bool) -> tuple[str, ...]:
    """What is to be said of a file that can be played; it is not opened again until it changes. Raises SampleError."""
    return inspect(file, lenient).notices


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
