"""Patterns of pitches that reach an output with nothing to play them (language 10.4): a default voice does.

As a signal `n "c4 e4"` is 261.6, 329.6 ...: heard, it would be nothing but an offset that clips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from farm.errors import Loc, Notice, ScoreError
from farm.graph import modifiers
from farm.graph.nodes import catalog
from farm.graph.scope import Evaluator, Scope
from farm.graph.terms import (
    Bus,
    Constant,
    Function,
    Inside,
    NodeTerm,
    StepsTerm,
    Term,
    Voices,
    identity,
    inputs,
    map_voices,
    walk,
)
from farm.graph.vocabulary import MODIFIERS
from farm.pattern.notes import hertz
from farm.pattern.unique import unique
from workers.catalog import Definition

LOOKED_THROUGH = 64
"""Cycles of a pattern that are searched for words."""
MIDDLE_C = 60.0
DEFAULT_VOICE = "tri"


def played(scope: Scope, term: Term) -> Term:
    """The term of an output, in which a triangle voice plays every pattern that would be heard as numbers."""
    return _Player(scope).played(term, "", alone=True)


class _Asked:
    """Whether something is in a term, through its inputs; what was found is kept, of terms and buses.

    `circular` is what a bus counts as inside itself.
    """

    __slots__ = ("circular", "found", "inside", "lacking", "wanted")

    def __init__(self, wanted: Callable[[Term], bool], inside: Inside, circular: bool) -> None:
        self.wanted = wanted
        self.inside = inside
        self.circular = circular
        self.found: set[int] = set()
        """By identity: the terms that it is in, and those that it is not in."""
        self.lacking: set[int] = set()

    def __call__(self, term: Term) -> bool:
        if not isinstance(term, (Bus, NodeTerm)):
            return self.wanted(term)
        path: list[Term] = []
        walked: set[int] = set()
        for one in walk(term, self.inside, inputs, path=path, past=self.lacking):
            known = identity(one)
            if known in self.found or (self.circular if known in walked else self.wanted(one)):
                self.found.update(map(identity, path))
                return True
            walked.add(known)
        self.lacking |= walked
        return False


class _Player:
    """Walks through the term of one output; what it knows of a term or bus it asks only once."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.heard: dict[tuple[int, bool], Term | None] = {}
        """By definition of a bus, and whether it is alone: what is heard instead of the bus; None: the bus itself, as
        it is while its definition is being looked at."""
        # They ask the evaluator and not the player: whom it held in turn nobody would free when the score is read.
        self.inside = partial(known_inside, scope.evaluator)
        self.sounds = _Asked(partial(is_sound, self.inside), self.inside, True)
        self.holds_pattern = _Asked(is_pattern, self.inside, False)

    def at(self, path: str) -> Scope:
        """The scope at a path from the output's own on."""
        return self.scope.at(path.removeprefix("/")) if path else self.scope

    def played(self, term: Term, path: str, *, alone: bool) -> Term:
        """`path`, from the output's own on, seeds voices; `alone`: nothing else is heard, so that numbers are notes."""
        if isinstance(term, StepsTerm):
            named = alone or term.pitches or names_notes(self.scope, term)
            return voiced(self.at(path), term) if named else term
        if isinstance(term, Bus):
            return self.bus(term, path, alone)
        if not isinstance(term, NodeTerm) or not term.inputs:
            return term
        operator = catalog()[term.node].operator
        if operator == "*":
            return self.product(term, path, alone)
        heard = term.inputs if operator in ("+", "-") else term.inputs[:1]
        alone = alone and (len(heard) == 1 or any(isinstance(one, Constant) for _, one in heard))
        changes: list[tuple[str, Term]] = []
        any_changed = False
        for port, one in heard:
            changed = one
            if isinstance(one, (StepsTerm, Bus, NodeTerm)):
                changed = self.played(one, f"{path}/{port}", alone=alone)
                any_changed |= changed is not one
            changes.append((port, changed))
        return replace(term, inputs=(*changes, *term.inputs[len(heard) :])) if any_changed else term

    def bus(self, term: Bus, path: str, alone: bool) -> Term:
        """A bus; where a pattern was in it, what stands in its definition instead."""
        inner = self.inside(term)
        if inner is None:
            return term
        key = (term.version, alone)
        if key not in self.heard:
            self.heard[key] = None
            changed = self.played(inner, path, alone=alone)
            if changed is not inner:
                self.heard[key] = changed
        return self.heard[key] or term

    def product(self, term: NodeTerm, path: str, alone: bool) -> Term:
        """A product of which one side sounds is that side; of pitches and gates, the pitches come first."""
        (first, a), (second, b) = term.inputs
        if self.sounds(a) or self.sounds(b):
            return term
        turned = not self.holds_pattern(a)
        pitches, other = (b, a) if turned else (a, b)
        envelope = catalog()[other.node] if isinstance(other, NodeTerm) and catalog()[other.node].envelope else None
        alone = alone and (envelope is not None or isinstance(other, (Constant, StepsTerm)))
        voices = self.played(pitches, path, alone=alone)
        if voices is pitches:
            return term
        if envelope is not None and envelope.name in MODIFIERS and isinstance(other, NodeTerm):
            return map_voices(voices, lambda one: enveloped(self.scope, one, envelope, other))
        return replace(
            term, inputs=((first, other), (second, voices)) if turned else ((first, voices), (second, other))
        )


def known_inside(evaluator: Evaluator, bus: Bus) -> Term | None:
    """What stands in a definition, if it means anything."""
    return evaluator.known(bus.version)


def is_sound(inside: Inside, term: Term) -> bool:
    """Whether a term is a source of sound; a bus that is none of which anything is known is taken for one."""
    if isinstance(term, NodeTerm):
        return catalog()[term.node].role == "source"
    return inside(term) is None if isinstance(term, Bus) else isinstance(term, (Voices, Function))


def is_pattern(term: Term) -> bool:
    """Whether a term is a pattern of plain values."""
    return isinstance(term, StepsTerm)


def enveloped(scope: Scope, voices: Voices, envelope: Definition, term: NodeTerm) -> Voices:
    """Voices with the envelope that stood behind their pitches: the modifier of that name does the same."""
    times = dict(term.params)
    for param, control in zip(envelope.params, MODIFIERS[envelope.name].params, strict=True):
        if param.name in times:
            voices = modifiers.with_control(scope, voices, control, times[param.name])
    return voices.enveloped(modifiers.ENVELOPES[envelope.name])


def voiced(scope: Scope, steps: StepsTerm) -> Voices:
    """A triangle at middle C whose notes are the pattern's: names are pitches, numbers semitones above middle C."""
    word = a_word(scope, steps)
    if word is not None:
        text, loc = word
        raise ScoreError(f"`{text}` is not a number, and nothing plays it", loc=loc, hint=f's "{text}" plays a sample')
    scope.evaluator.notices.append(
        Notice(
            "nothing plays these pitches: a triangle does",
            steps.loc,
            'give them an oscillator: saw "110 220", or saw 110 # note "c4 e4"',
        )
    )
    middle_c = Constant(Fraction(float(hertz(np.array([MIDDLE_C]))[0])), steps.loc)
    voice = catalog()[DEFAULT_VOICE]
    path = f"{scope.seed_path}/{voice.name}"
    triangle = NodeTerm(voice.name, (), ((voice.params[0].name, middle_c),), path, steps.loc)
    return modifiers.anonymous(scope.at("note"), triangle, steps, steps.loc)


def values_of(scope: Scope, steps: StepsTerm) -> Iterator[tuple[int, Loc]]:
    """The values of a pattern, as ids, each with its place."""
    pattern = steps.pattern
    haps = pattern.query(np.arange(min(pattern.period or LOOKED_THROUGH, LOOKED_THROUGH)))
    values, places = haps.entries("v"), haps.entries("loc")
    if values is not None:
        for row in unique(haps.key):
            loc = scope.evaluator.words.loc(places[row]) if places is not None else steps.loc
            yield int(values[row]), loc


def a_word(scope: Scope, steps: StepsTerm) -> tuple[str, Loc] | None:
    """The first word of a pattern that is neither number nor note, with its place."""
    words = scope.evaluator.words
    for value, loc in values_of(scope, steps):
        if np.isnan(words.hertz(np.array([value]))[0]):
            return words.text(value), loc
    return None


def names_notes(scope: Scope, steps: StepsTerm) -> bool:
    """Whether a pattern holds names of notes."""
    words = scope.evaluator.words
    return any(not np.isnan(words.midi(np.array([value]))[0]) for value, _ in values_of(scope, steps))
