"""Patterns of pitches that reach an output with nothing to play them (language 10.4): a default voice does.

As a signal `n "c4 e4"` is 261.6, 329.6 ...: heard, it would be nothing but an offset that clips.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from farm.errors import Loc, Notice, ScoreError
from farm.graph import modifiers
from farm.graph.nodes import catalog
from farm.graph.terms import Bus, Constant, Function, NodeTerm, Steps, Term, Voices, map_voices
from farm.graph.vocabulary import MODIFIERS
from farm.pattern.notes import hertz
from farm.pattern.unique import unique
from workers.catalog import Definition

if TYPE_CHECKING:
    from farm.graph.resolve import Resolver

LOOKED_THROUGH = 64
"""Cycles of a pattern that are searched for words."""
MIDDLE_C = 60.0
DEFAULT_VOICE = "tri"


def played(resolver: Resolver, term: Term, place: str) -> Term:
    """The term of an output, in which a triangle voice plays every pattern that would be heard as numbers."""
    return _Player(resolver).played(term, place, alone=True)


@dataclass(eq=False)
class _Player:
    """Walks through the term of one output; what it knows of a term or bus it asks only once."""

    resolver: Resolver
    heard: dict[tuple[int, bool], Term | None] = field(default_factory=dict)
    """By definition of a bus, and whether it is alone: what is heard instead of the bus; None: the bus itself, as it is
    while its definition is being looked at."""
    sounding: dict[int, bool] = field(default_factory=dict)
    """By identity of a term; of a bus, which may be its own definition, by its version, below 0."""
    holding: dict[int, bool] = field(default_factory=dict)

    def played(self, term: Term, place: str, *, alone: bool) -> Term:
        """`alone`: nothing else is heard, so that bare numbers are meant as notes."""
        if isinstance(term, Steps):
            named = alone or term.pitches or names_notes(self.resolver, term)
            return voiced(self.resolver, term, place) if named else term
        if isinstance(term, Bus):
            return self.bus(term, place, alone)
        if not isinstance(term, NodeTerm) or not term.inputs:
            return term
        operator = catalog()[term.node].operator
        if operator == "*":
            return self.product(term, place, alone)
        heard = term.inputs if operator in ("+", "-") else term.inputs[:1]
        alone = alone and (len(heard) == 1 or any(isinstance(one, Constant) for _, one in heard))
        changes = [self.played(one, f"{place}/{port}", alone=alone) for port, one in heard]
        if all(new is old for new, (_, old) in zip(changes, heard, strict=True)):
            return term
        ports = [port for port, _ in heard]
        return replace(term, inputs=(*zip(ports, changes, strict=True), *term.inputs[len(ports) :]))

    def bus(self, term: Bus, place: str, alone: bool) -> Term:
        """A bus; where a pattern was in it, what stands in its definition instead."""
        inner = self.resolver.terms.get(term.version)
        if inner is None:
            return term
        key = (term.version, alone)
        if key not in self.heard:
            self.heard[key] = None
            changed = self.played(inner, place, alone=alone)
            if changed is not inner:
                self.heard[key] = changed
        return self.heard[key] or term

    def product(self, term: NodeTerm, place: str, alone: bool) -> Term:
        """A product of which one side sounds is that side; of pitches and gates, the pitches come first."""
        (first, a), (second, b) = term.inputs
        if self.sounds(a) or self.sounds(b):
            return term
        turned = not self.holds_pattern(a)
        pitches, other = (b, a) if turned else (a, b)
        envelope = catalog()[other.node] if isinstance(other, NodeTerm) and catalog()[other.node].envelope else None
        alone = alone and (envelope is not None or isinstance(other, (Constant, Steps)))
        voices = self.played(pitches, place, alone=alone)
        if voices is pitches:
            return term
        if envelope is not None and envelope.name in MODIFIERS and isinstance(other, NodeTerm):
            return map_voices(voices, lambda one: enveloped(self.resolver, one, envelope, other))
        return replace(
            term, inputs=((first, other), (second, voices)) if turned else ((first, voices), (second, other))
        )

    def sounds(self, term: Term) -> bool:
        """Whether a source of sound is in a term; a bus that is being resolved is taken for one."""
        if isinstance(term, Bus):
            inner, key = self.resolver.terms.get(term.version), -1 - term.version
            if inner is not None and key not in self.sounding:
                self.sounding[key] = True
                self.sounding[key] = self.sounds(inner)
            return inner is None or self.sounding[key]
        if not isinstance(term, NodeTerm):
            return isinstance(term, (Voices, Function))
        if id(term) not in self.sounding:
            self.sounding[id(term)] = True
            source = catalog()[term.node].role == "source"
            self.sounding[id(term)] = source or any(self.sounds(one) for _, one in term.inputs)
        return self.sounding[id(term)]

    def holds_pattern(self, term: Term) -> bool:
        """Whether a pattern is in a term."""
        if isinstance(term, Bus):
            inner, key = self.resolver.terms.get(term.version), -1 - term.version
            if inner is not None and key not in self.holding:
                self.holding[key] = False
                self.holding[key] = self.holds_pattern(inner)
            return inner is not None and self.holding[key]
        if not isinstance(term, NodeTerm):
            return isinstance(term, Steps)
        if id(term) not in self.holding:
            self.holding[id(term)] = False
            self.holding[id(term)] = any(self.holds_pattern(one) for _, one in term.inputs)
        return self.holding[id(term)]


def enveloped(resolver: Resolver, voices: Voices, envelope: Definition, term: NodeTerm) -> Voices:
    """Voices with the envelope that stood behind their pitches: the modifier of that name does the same."""
    times = dict(term.params)
    for param, control in zip(envelope.params, MODIFIERS[envelope.name].params, strict=True):
        if param.name in times:
            voices = modifiers.given(resolver, voices, control, times[param.name])
    return voices.enveloped(modifiers.ENVELOPES[envelope.name])


def voiced(resolver: Resolver, steps: Steps, place: str) -> Voices:
    """A triangle at middle C whose notes are the pattern's: names are pitches, numbers semitones above middle C."""
    word = a_word(resolver, steps)
    if word is not None:
        text, loc = word
        raise ScoreError(f"`{text}` is not a number, and nothing plays it", loc=loc, hint=f's "{text}" plays a sample')
    resolver.notices.append(
        Notice(
            "nothing plays these pitches: a triangle does",
            steps.loc,
            'give them an oscillator: saw "110 220", or saw 110 # note "c4 e4"',
        )
    )
    middle_c = Constant(Fraction(float(hertz(np.array([MIDDLE_C]))[0])), steps.loc)
    voice = catalog()[DEFAULT_VOICE]
    triangle = NodeTerm(voice.name, (), ((voice.params[0].name, middle_c),), f"{place}/{voice.name}", steps.loc)
    return modifiers.anonymous(resolver, triangle, steps, f"{place}/note", steps.loc)


def values_of(resolver: Resolver, steps: Steps) -> Iterator[tuple[int, Loc]]:
    """The values of a pattern, as ids, each with its place."""
    pattern = steps.pattern
    haps = pattern.query(np.arange(min(pattern.period or LOOKED_THROUGH, LOOKED_THROUGH)))
    values, places = haps.entries("v"), haps.entries("loc")
    if values is not None:
        for row in unique(haps.key):
            loc = resolver.words.loc(places[row]) if places is not None else steps.loc
            yield int(values[row]), loc


def a_word(resolver: Resolver, steps: Steps) -> tuple[str, Loc] | None:
    """The first word of a pattern that is neither number nor note, with its place."""
    for value, loc in values_of(resolver, steps):
        if np.isnan(resolver.words.hertz(np.array([value]))[0]):
            return resolver.words.text(value), loc
    return None


def names_notes(resolver: Resolver, steps: Steps) -> bool:
    """Whether a pattern holds names of notes."""
    return any(not np.isnan(resolver.words.midi(np.array([value]))[0]) for value, _ in values_of(resolver, steps))
