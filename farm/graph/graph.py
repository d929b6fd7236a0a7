"""The graph: what shall sound, as frozen values. Nodes stand in scopes; a scope is one bus or one instrument."""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction
from typing import Any, Literal

from farm.errors import Loc, Notice
from farm.graph.leaving import Leaving
from farm.graph.said import NO_BANKS, Banks
from farm.graph.signals import PlanTimeSignals
from farm.pattern.pattern import Pattern
from farm.pattern.words import Words
from workers.catalog import Param
from workers.records import record

Reading = Literal["hold", "gate", "open"]
"""How a step function treats rests: hold the last value; fall to 0; 1 where a hap sounds and 0 where none does."""


@record(frozen=True, slots=True)
class ConstantFeed:
    """A number, in the language's unit. `pitched`: a voice's note scales it."""

    value: float
    pitched: bool = False


@record(frozen=True, slots=True, eq=False)
class StepsFeed:
    """A pattern as a step function, clamped to `low` .. `high`."""

    pattern: Pattern
    reading: Reading
    low: float
    high: float
    loc: Loc


@record(frozen=True, slots=True)
class SignalFeed:
    """Another node of the same scope, at audio rate."""

    node: int


Feed = ConstantFeed | StepsFeed | SignalFeed


@record(frozen=True, slots=True, eq=False)
class Node:
    """A node of a scope. `node` names its definition, or one of the joints:

    "bus" (reads bus `target`; `previous`: its frame before) and "voices" (the sum of source `target`).
    """

    node: str
    inputs: tuple[tuple[str, int], ...]
    params: tuple[tuple[str, Feed], ...]
    seed_path: str
    loc: Loc | None
    target: int = -1
    previous: bool = False
    heard: bool = False
    """Whether the node's output reaches the result as sound, not as a parameter."""


@record(frozen=True, slots=True, eq=False)
class Body:
    """Nodes in an order in which every node follows those it reads; `result` is the one that is heard."""

    name: str
    nodes: tuple[Node, ...]
    result: int


@record(frozen=True, slots=True, eq=False)
class VoiceSource:
    """A source of voices: the haps of `voices` whose name selects it, played from samples or by an instrument.

    `instrument` is an index into `Graph.instruments`, or None for samples. `word` is the bus name in the pattern
    ("" for all haps of an anonymous instrument). `root_hz` is the frequency of the instrument's first oscillator: a
    feed, or the number of the bus (a probe) that carries it; None if there is no oscillator. `signals` are controls
    read from buses at each onset, each with the range of the word that sets it.
    """

    name: str
    voices: Any
    envelope: str
    signals: tuple[tuple[Param, int], ...]
    instrument: int | None
    word: str
    root_hz: Feed | int | None
    seed_path: str
    loc: Loc | None
    banks: Banks | None = NO_BANKS
    """Those that the strings of a source of samples name; None: not known."""
    index: int | None = 0
    """What `n` adds to their numbers; None: what a pattern or signal says."""


@record(frozen=True, slots=True, eq=False)
class Output:
    """An output of the score: `out`, `o1` ..."""

    name: str
    bus: int


@record(frozen=True, slots=True, eq=False)
class Graph:
    """A whole score. `buses` are scopes with stereo signals; `probes` those of them that only planning reads.

    A graph belongs to one rendering, and to the probes of that: its patterns remember answers, its words grow by those
    that patterns reckon, its signals have one reader.
    """

    name: str
    cps: Fraction
    words: Words
    buses: tuple[Body, ...]
    instruments: tuple[Body, ...]
    sources: tuple[VoiceSource, ...]
    outputs: tuple[Output, ...]
    notices: tuple[Notice, ...] = ()
    probes: frozenset[int] = field(default_factory=frozenset)
    signals: PlanTimeSignals = field(default_factory=PlanTimeSignals)
    leaving: Leaving | None = None
    """What `--lenient` left out; None: every mistake is an error."""
