"""Terms: what an expression of a score means, before it is laid out as a graph of nodes.

A term is a frozen tree. Voices stay open (they can still take modifiers and transforms) until the graph is built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from farm.errors import Loc, ScoreError
from farm.graph.said import Said
from farm.pattern.pattern import Pattern
from farm.pattern.unique import unique
from farm.pattern.words import Words
from workers.catalog import Param
from workers.records import record

QUERIED_CYCLES = 64
"""How far a pattern without a short period is looked ahead to learn which words it plays."""


@record(frozen=True, slots=True, eq=False)
class Constant:
    """A number."""

    value: Fraction
    loc: Loc

    @property
    def number(self) -> float:
        """The nearest float64; `float` of a Fraction takes twice as long."""
        above, below = self.value.as_integer_ratio()
        return above / below


@record(frozen=True, slots=True, eq=False)
class Steps:
    """A pattern of plain values: a step function of time where a signal is wanted.

    `literal`: written as a string (or arithmetic of strings) right here, so that `+ - * /` work on the pattern.
    `pitches`: written as `n` or `note`, so that its numbers are notes.
    `said`: the strings whose values it shows, as they are written; None where it shows others, results of arithmetic.
    """

    pattern: Pattern
    loc: Loc
    literal: bool = True
    pitches: bool = False
    said: tuple[Said, ...] | None = None


@record(frozen=True, slots=True, eq=False)
class NodeTerm:
    """A node: its inputs by port, its params by name. `place` is the path from the bus down the syntax tree."""

    node: str
    inputs: tuple[tuple[str, Term], ...]
    params: tuple[tuple[str, Term], ...]
    place: str
    loc: Loc


@record(frozen=True, slots=True, eq=False)
class Voices:
    """An event source. `signals` are controls read from signals at each onset, each with the range of its word.

    `envelope`: "adsr", or "natural": percussive where a voice has a release, else a whole sample or, of a bus, the
    default fall.
    `instruments` are the terms that `~name` in the pattern plays; the key "" is the one of `osc # note "..."`.
    `one_shot`: written `sp bd`, so that a product with impulses says when it plays.
    """

    pattern: Pattern
    signals: tuple[tuple[Param, Term], ...]
    envelope: str
    instruments: tuple[tuple[str, Term], ...]
    place: str
    loc: Loc
    one_shot: bool = False
    names: tuple[tuple[str, Loc], ...] | None = ()
    """Banks (`bd:3`) that its strings name, each with its first place; None: arithmetic makes others."""
    index: int | None = 0
    """What `n` adds to their numbers; None: what a pattern or signal says."""

    def controlled(self, pattern: Pattern, signals: tuple[tuple[Param, Term], ...]) -> Voices:
        """The same voices with other controls."""
        return Voices(
            *(pattern, signals, self.envelope, self.instruments, self.place, self.loc),
            *(self.one_shot, self.names, self.index),
        )

    def enveloped(self, envelope: str) -> Voices:
        """The same voices with another envelope."""
        return Voices(
            *(self.pattern, self.signals, envelope, self.instruments, self.place, self.loc),
            *(self.one_shot, self.names, self.index),
        )


@record(frozen=True, slots=True, eq=False)
class Bus:
    """A reference to a definition of a bus: `version` numbers the definitions of the score."""

    version: int
    loc: Loc


@record(frozen=True, slots=True, eq=False)
class Function:
    """A transform, a section of effects, or both, waiting for what it works on.

    `apply` does all of it. As the argument of a transform it comes in two halves: what it does to a pattern, and the
    effects (None: none) for the voices of the haps that the transform gave it.
    """

    apply: Callable[[Term], Term]
    pattern: Callable[[Pattern], Pattern]
    effects: Callable[[Term], Term] | None
    loc: Loc


Term: TypeAlias = Constant | Steps | NodeTerm | Voices | Bus | Function


def children(term: Term) -> tuple[Term, ...]:
    """Inputs and params of a unit; nothing for other terms."""
    if isinstance(term, NodeTerm):
        return tuple(t for _, t in term.inputs) + tuple(t for _, t in term.params)
    return ()


def has_voices(term: Term) -> bool:
    """Whether voices are among the inputs (params do not count)."""
    if isinstance(term, Voices):
        return True
    return isinstance(term, NodeTerm) and any(has_voices(t) for _, t in term.inputs)


def map_voices(term: Term, change: Callable[[Voices], Voices]) -> Term:
    """The term with every voice source among its inputs changed."""
    if isinstance(term, Voices):
        return change(term)
    if isinstance(term, NodeTerm):
        return replace(term, inputs=tuple((port, map_voices(t, change)) for port, t in term.inputs))
    return term


def plays_samples(voices: Voices, words: Words) -> bool:
    """Whether any hap names a sample; a pattern too long to look through may."""
    pattern = voices.pattern
    if pattern.period is None or pattern.period > QUERIED_CYCLES:
        return not any(word == "" for word, _ in voices.instruments)
    try:
        haps = pattern.query(np.arange(pattern.period))
    except ScoreError:
        # A wrong word among its numbers is told when the pattern is played or checked.
        return True
    used = unique(haps.column("s"))
    return any(not words.text(int(one)).startswith("~") for one in used if one == one)
