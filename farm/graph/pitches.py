"""Patterns of pitches that reach an output with nothing to play them (language 10.4): a default voice does.

As a signal `n "c4 e4"` is 261.6, 329.6 ...: heard, it would be nothing but an offset that clips.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from farm.errors import Loc, Notice, ScoreError
from farm.graph import modifiers
from farm.graph.terms import Bus, Constant, Function, Steps, Term, Unit, Voices, map_voices
from farm.graph.vocabulary import MODIFIERS
from farm.pattern.notes import hertz
from workers.catalog import catalog

if TYPE_CHECKING:
    from farm.graph.resolve import Resolver

LOOKED_THROUGH = 64
"""Cycles of a pattern that are searched for words."""
MIDDLE_C = 60.0
ENVELOPES = ("adsr", "ad")


def played(resolver: Resolver, term: Term, place: str) -> Term:
    """The term of an output, in which a triangle voice plays every pattern that would be heard as numbers."""
    return _played(resolver, term, place, frozenset(), alone=True)


def _played(resolver: Resolver, term: Term, place: str, inside: frozenset[int], *, alone: bool) -> Term:
    """`inside` are buses on the way here. `alone`: nothing else is heard, so that bare numbers are meant as notes."""
    if isinstance(term, Steps):
        return voiced(resolver, term, place) if alone or term.pitches or names_notes(resolver, term) else term
    if isinstance(term, Bus):
        if term.version in inside or term.version not in resolver.terms:
            return term
        inner = resolver.terms[term.version]
        changed = _played(resolver, inner, place, inside | {term.version}, alone=alone)
        return term if changed is inner else changed
    if not isinstance(term, Unit) or not term.inputs:
        return term
    if term.node == "mul":
        return product(resolver, term, place, inside, alone)
    heard = term.inputs if term.node in ("add", "sub") else term.inputs[:1]
    alone = alone and (len(heard) == 1 or any(isinstance(one, Constant) for _, one in heard))
    changes = [_played(resolver, one, f"{place}/{port}", inside, alone=alone) for port, one in heard]
    if all(new is old for new, (_, old) in zip(changes, heard, strict=True)):
        return term
    ports = [port for port, _ in heard]
    return replace(term, inputs=(*zip(ports, changes, strict=True), *term.inputs[len(ports) :]))


def product(resolver: Resolver, term: Unit, place: str, inside: frozenset[int], alone: bool) -> Term:
    """A product of which one side sounds is that side; of pitches and gates, the pitches come first."""
    (first, a), (second, b) = term.inputs
    if sounds(resolver, a, inside) or sounds(resolver, b, inside):
        return term
    turned = not pitched(resolver, a, inside)
    pitches, other = (b, a) if turned else (a, b)
    envelope = isinstance(other, Unit) and other.node in ENVELOPES
    alone = alone and (envelope or isinstance(other, Constant | Steps))
    voices = _played(resolver, pitches, place, inside, alone=alone)
    if voices is pitches:
        return term
    if isinstance(other, Unit) and other.node == "adsr":
        return map_voices(voices, lambda one: enveloped(resolver, one, other))
    return replace(term, inputs=((first, other), (second, voices)) if turned else ((first, voices), (second, other)))


def enveloped(resolver: Resolver, voices: Voices, adsr: Unit) -> Voices:
    """Voices with the envelope of an `adsr` that stood behind their pitches."""
    times = dict(adsr.params)
    for param, control in zip(catalog()["adsr"].params, MODIFIERS["adsr"].params, strict=True):
        if param.name in times:
            voices = modifiers.given(resolver, voices, control, times[param.name])
    return replace(voices, envelope="adsr")


def sounds(resolver: Resolver, term: Term, inside: frozenset[int]) -> bool:
    """Whether a source of sound is in a term."""
    if isinstance(term, Bus):
        if term.version in inside or term.version not in resolver.terms:
            return True
        return sounds(resolver, resolver.terms[term.version], inside | {term.version})
    if isinstance(term, Unit):
        return catalog()[term.node].role == "source" or any(sounds(resolver, one, inside) for _, one in term.inputs)
    return isinstance(term, Voices | Function)


def pitched(resolver: Resolver, term: Term, inside: frozenset[int]) -> bool:
    """Whether a pattern is in a term."""
    if isinstance(term, Bus):
        known = term.version in resolver.terms and term.version not in inside
        return known and pitched(resolver, resolver.terms[term.version], inside | {term.version})
    if isinstance(term, Unit):
        return any(pitched(resolver, one, inside) for _, one in term.inputs)
    return isinstance(term, Steps)


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
    triangle = Unit("tri", (), (("freq_hz", middle_c),), f"{place}/tri", steps.loc)
    return modifiers.anonymous(resolver, triangle, steps, f"{place}/note", steps.loc)


def values_of(resolver: Resolver, steps: Steps) -> Iterator[tuple[int, Loc]]:
    """The values of a pattern, as ids, each with its place."""
    pattern = steps.pattern
    haps = pattern.query(np.arange(min(pattern.period or LOOKED_THROUGH, LOOKED_THROUGH)))
    values, places = haps.entries("v"), haps.entries("loc")
    if values is not None:
        for row in np.unique(haps.key):
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
