"""What patterns cost: questions, voice tables from a score's text, reading long texts.

Seconds are those of this process's CPU, the least of several repeats: patterns need one core, and what else the machine
does meanwhile is not their cost. Nothing is remembered from one repeat to the next. Beside each figure stands a hash of
what was computed, and whether it comes out the same when the cycles are asked in other windows.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from workloads import CPS, MIXED, MIXED_CHAIN, QUERIES, SCORES, STEPS, lines_of_score

from farm.audio.samples import BUILT_IN, SampleLibrary
from farm.errors import Loc
from farm.graph.asking import Asking
from farm.graph.graph import Graph
from farm.graph.names import function_names, refused_links
from farm.graph.score import uncollected, understand
from farm.graph.slab import SampleFiles
from farm.graph.statements import resolve
from farm.graph.voices import voices
from farm.pattern.clock import Clock
from farm.pattern.control import control
from farm.pattern.mini import parse as pattern_of
from farm.pattern.onsets import onset_frames
from farm.pattern.pattern import Pattern
from farm.pattern.register import transforms
from farm.pattern.words import Words
from farm.score import Source, parse

CYCLES = 256
WINDOWS = (CYCLES, 32, 1)
GRID = Clock(2**7 * 3**2 * 5**2 * 7 * 11 * 13, Fraction(1))
"""Times as multiples of this part of a cycle, to be hashed."""
RUN_S = 0.25
"""How long a figure is measured for each run that is asked for."""
PLACE = Loc("bench.ph", 1, 1)
SEED = 7

VOICES = {
    "mixed": (CYCLES, 30),
    "stress": (250, 5),
}
"""Cycles, and the cycles of a window as a session plans this score: a minute at most, 16,384 voices at least."""

Cost = dict[str, object]


def measure(runs: int) -> Iterator[Cost]:
    """Every row: what, count, unit, seconds, sha256, and whether all ways of asking gave the same."""
    for name, text in QUERIES.items():
        yield from question(
            name, lambda text=text, name=name: built(text, MIXED_CHAIN if name == "mixed" else ()), runs
        )
    with TemporaryDirectory(prefix="farm-measure-") as folder:
        slab = SampleFiles(44100, SampleLibrary((notes_as_samples(Path(folder)),)))
        chain = "".join(f" $ {change}" for change in MIXED_CHAIN)
        texts = {
            "mixed": f'{CPS}out: s "{MIXED}"{chain}\n',
            "stress": (SCORES / "stress.ph").read_text(encoding="utf-8"),
        }
        for name, text in texts.items():
            yield voice_tables(name, text, *VOICES[name], slab, runs)
    yield score_lines(runs)
    yield written_steps(runs)


def least(runs: int, work: Callable[[], float]) -> float:
    """The least of the measurements that fit into some time, and of at least three."""
    until = time.perf_counter() + RUN_S * runs
    found = [work() for _ in range(3)]
    while time.perf_counter() < until:
        found.append(work())
    return min(found)


def timed(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    started = time.process_time()
    kept = work()
    took = time.process_time() - started
    del kept
    return took


# Questions.


def built(text: str, chain: tuple[str, ...]) -> Pattern:
    """A pattern that nobody has asked yet."""
    words = Words()
    pattern = control(pattern_of(text, PLACE, words, SEED), "s", words)
    for change in chain:
        pattern = transformed(pattern, change)
    return pattern


def transformed(pattern: Pattern, change: str) -> Pattern:
    """`change` is a name, numbers, and perhaps another transform without arguments."""
    name, *rest = change.split()
    numbers = [Fraction(one) for one in rest if one[0].isdigit()]
    inner = [one for one in rest if not one[0].isdigit()]
    functions = [lambda one, inner=inner: transformed(one, " ".join(inner))] if inner else []
    return transforms()[name].apply([*numbers, *functions], pattern, SEED, PLACE)


def question(name: str, fresh: Callable[[], Pattern], runs: int) -> Iterator[Cost]:
    """What a pattern takes to answer its first cycle, its first 256, and the 256 after those."""
    first, following = np.arange(CYCLES), np.arange(CYCLES, 2 * CYCLES)
    hashes = {digest(fresh(), window) for window in WINDOWS}
    checked = {"sha256": digest(fresh(), CYCLES), "same": len(hashes) == 1}

    def once(cycles: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
        pattern = fresh()
        return timed(lambda: pattern.query(cycles))

    def after() -> float:
        pattern = fresh()
        pattern.query(first)
        return timed(lambda: pattern.query(following))

    for what, cycles, seconds in (
        ("first cycle", first[:1], least(runs, lambda: once(first[:1]))),
        (f"first {CYCLES} cycles", first, least(runs, lambda: once(first))),
        (f"next {CYCLES} cycles", following, least(runs, after)),
    ):
        count = len(fresh().query(cycles))
        yield {"what": name, "of": what, "count": count, "unit": "haps", "seconds": seconds, **checked}


def digest(pattern: Pattern, window: int) -> str:
    """A hash of all onsets of 256 cycles, asked `window` cycles at a time."""
    found = hashlib.sha256()
    for first in range(0, CYCLES, window):
        cycles = np.arange(first, first + window)
        haps = pattern.query(cycles)
        index, onset, end = onset_frames(haps, cycles, GRID)
        table = np.stack([onset, end, *(np.nan_to_num(haps.column(name).take(index)) for name in ("s", "loc", "pan"))])
        found.update(np.ascontiguousarray(table.T))
    return found.hexdigest()


# Voices.


def notes_as_samples(folder: Path) -> Path:
    """Banks for the notes that the mixed pattern names."""
    for name in set(re.findall(r"\b[a-g]\d\b", MIXED)):
        (folder / name).mkdir()
        shutil.copy(min((BUILT_IN / "bd").iterdir()), folder / name)
    return folder


def voice_tables(name: str, text: str, cycles: int, window: int, slab: SampleFiles, runs: int) -> Cost:
    """From a score's text to sorted voice tables, window by window; sounds are read beforehand."""
    source = Source(f"{name}.ph", text)

    def columns(window: int) -> Iterator[dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]]:
        score = understand(source)
        graph = score.graph(0)
        asking = asking_of(graph, slab)
        for first in range(0, cycles, window):
            for one in graph.sources:
                yield voices(one, first, min(window, cycles - first), asking, None)
                one.voices.clear()

    def hashed(window: int) -> tuple[int, str]:
        tables: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]]] = {}
        for table in columns(window):
            assert (np.diff(table["onset"]) >= 0).all()
            for column, values in table.items():
                tables.setdefault(column, []).append(values)
        whole = {column: np.concatenate(parts) for column, parts in tables.items()}
        # Sources come one after another in each window: only by onset is the order the same for all windows.
        order = np.lexsort((whole["end"], whole["gain_right"], whole["gain_left"], whole["source"], whole["onset"]))
        found = hashlib.sha256()
        for column in sorted(whole):
            found.update(np.ascontiguousarray(whole[column][order]))
        return len(order), found.hexdigest()

    count, hash_ = hashed(window)
    same = hashed(2 * window + 1) == (count, hash_)
    seconds = least(runs, lambda: timed(lambda: [None for _ in columns(window)]))
    of = "text to sorted voice tables"
    return {"what": name, "of": of, "count": count, "unit": "voices", "seconds": seconds, "sha256": hash_, "same": same}


def asking_of(graph: Graph, slab: SampleFiles) -> Asking:
    """What voices are made from, for scores whose voices read no signals; without the tables of quality best."""
    return Asking(Clock(slab.rate, graph.cps), graph.words, slab, no_signal, no_table, False)


def no_signal(bus: int, frames: object) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """No workload's voices read signals."""
    raise AssertionError(bus)


def no_table(pace: object) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Neither the count of voices nor their order depends on the quality."""
    raise AssertionError(pace)


# Reading.


def score_lines(runs: int) -> Cost:
    """Parsing and resolving a long score."""
    text = lines_of_score()
    source = Source("lines.ph", text)

    def read() -> int:
        with uncollected():
            program = parse(source, function_names(), refused_links())
            resolved = resolve(program, SEED, Words(), no_signals)
        return len(program.statements) + len(resolved.outputs)

    found = read()
    return {
        "what": "a score",
        "of": "parsed and resolved",
        "count": text.count("\n"),
        "unit": "lines",
        "seconds": least(runs, lambda: timed(read)),
        "sha256": hashlib.sha256(f"{found}\n{text}".encode()).hexdigest(),
        "same": read() == found,
    }


def no_signals(term: object, loc: object, pace: bool) -> Pattern:
    """No transform of a workload reads a signal."""
    raise AssertionError(loc)


def written_steps(runs: int) -> Cost:
    """From the text of a long pattern to its first cycle."""

    def read() -> Pattern:
        with uncollected():
            pattern = pattern_of(STEPS, PLACE, Words(), SEED)
        pattern.query(np.arange(1))
        return pattern

    found = digest_of_steps(read())
    return {
        "what": "a pattern",
        "of": "text to its first cycle",
        "count": len(STEPS.replace("[cp cp]", "[cp]").split()),
        "unit": "steps",
        "seconds": least(runs, lambda: timed(read)),
        "sha256": found,
        "same": digest_of_steps(read()) == found,
    }


def digest_of_steps(pattern: Pattern) -> str:
    """A hash of the onsets of the first cycle."""
    haps = pattern.query(np.arange(1))
    index, onset, end = onset_frames(haps, np.arange(1), GRID)
    values = haps.column("v").take(index)
    return hashlib.sha256(np.stack([onset, end, values]).tobytes()).hexdigest()
