"""Terms: what an expression of a score means, before it is laid out as a graph of nodes.

A term is a frozen tree. Voices stay open (they can still take modifiers and transforms) until the graph is built.
`walk` is the way through terms and the buses in them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from farm.errors import Loc, ScoreError
from farm.graph.said import NO_BANKS, Banks, Said
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
class StepsTerm:
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
    """A node: its inputs by port, its params by name. `seed_path` leads from the bus down the syntax tree."""

    node: str
    inputs: tuple[tuple[str, Term], ...]
    params: tuple[tuple[str, Term], ...]
    seed_path: str
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
    seed_path: str
    loc: Loc
    one_shot: bool = False
    banks: Banks | None = NO_BANKS
    """Those that its strings name; None: arithmetic makes others."""
    index: int | None = 0
    """What `n` adds to their numbers; None: what a pattern or signal says."""

    def controlled(self, pattern: Pattern, signals: tuple[tuple[Param, Term], ...]) -> Voices:
        """The same voices with other controls."""
        envelope, instruments, seed_path, loc = self.envelope, self.instruments, self.seed_path, self.loc
        return Voices(pattern, signals, envelope, instruments, seed_path, loc, self.one_shot, self.banks, self.index)

    def enveloped(self, envelope: str) -> Voices:
        """The same voices with another envelope."""
        pattern, signals, instruments, seed_path = self.pattern, self.signals, self.instruments, self.seed_path
        return Voices(
            pattern, signals, envelope, instruments, seed_path, self.loc, self.one_shot, self.banks, self.index
        )


@record(frozen=True, slots=True, eq=False)
class Bus:
    """A reference to a definition of a bus: `version` numbers the definitions of the score."""

    version: int
    loc: Loc


@record(frozen=True, slots=True, eq=False)
class Trail:
    """What is being resolved, each definition inside the one before: inside itself a bus is its own frame before.

    `pasted` are the modifier buses whose effects are being pasted.
    """

    buses: frozenset[int] = frozenset()
    pasted: frozenset[int] = frozenset()


Effects = Callable[["Term", Trail], "Term"]
"""What effects make of a term; the trail is that of whoever applies them."""


@record(frozen=True, slots=True, eq=False)
class Function:
    """A transform, a section of effects, or both, waiting for what it works on.

    `apply` does all of it. As the argument of a transform it comes in two halves: what it does to a pattern, and the
    effects (None: none) for the voices of the haps that the transform gave it.
    """

    apply: Effects
    pattern: Callable[[Pattern], Pattern]
    effects: Effects | None
    loc: Loc


Term: TypeAlias = Constant | StepsTerm | NodeTerm | Voices | Bus | Function

Inside = Callable[[Bus], Term | None]
"""What stands in the definition of a bus; None where it cannot be looked at, as while it is being resolved."""


def inputs(term: Term) -> tuple[Term, ...]:
    """What goes through a node as sound."""
    return tuple([one for _, one in term.inputs]) if isinstance(term, NodeTerm) else ()


def children(term: Term) -> tuple[Term, ...]:
    """All that a term is made of: inputs and params of a node, signals and instruments of voices."""
    if isinstance(term, NodeTerm):
        return tuple([one for _, one in (*term.inputs, *term.params)])
    return tuple([one for _, one in (*term.signals, *term.instruments)]) if isinstance(term, Voices) else ()


def closed(_: Bus) -> None:
    """For walks that stop at buses."""
    return


def identity(term: Term) -> int:
    """The same number for the same term, and for all references to one definition (those are below 0)."""
    return ~term.version if isinstance(term, Bus) else id(term)


def walk(
    term: Term,
    inside: Inside,
    along: Callable[[Term], tuple[Term, ...]],
    *,
    path: list[Term] | None = None,
    past: Container[int] = (),
) -> Iterator[Term]:
    """A term and all terms below it, through the buses in it: each before those below it, from left to right, once.

    `along` says what is below a term. A bus that is met inside itself comes a second time and is not entered again.
    `path` is kept at the terms from the first down to the one that comes; those whose `identity` is `past` are passed
    over, with all that is below them.
    """
    path = [] if path is None else path
    seen: set[int] = set()
    entered: set[int] = set()
    waiting: list[Term | None] = [term]
    while waiting:
        one = waiting.pop()
        if one is None:
            entered.discard(identity(path.pop()))
            continue
        known = identity(one)
        if known in past:
            continue
        if known in seen:
            if known in entered:
                yield one
            continue
        seen.add(known)
        path.append(one)
        yield one
        waiting.append(None)
        if isinstance(one, Bus):
            entered.add(known)
            inner = inside(one)
            waiting += () if inner is None else (inner,)
        else:
            waiting += reversed(along(one))


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
    """Whether any hap names a sample; a pattern too long to look through may, and so may one that names no bus."""
    pattern = voices.pattern
    if not voices.instruments and voices.banks is not None and pattern.peak:
        return True
    if pattern.period is None or pattern.period > QUERIED_CYCLES:
        return not any(word == "" for word, _ in voices.instruments)
    try:
        haps = pattern.query(np.arange(pattern.period))
    except ScoreError:
        # A wrong word among its numbers is told when the pattern is played or checked.
        return True
    used = unique(haps.column("s"))
    return any(not words.text(int(one)).startswith("~") for one in used if one == one)
