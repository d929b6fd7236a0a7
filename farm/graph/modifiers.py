"""Voice modifiers after `#`, as `farm.graph.vocabulary` defines them. They reach back to the nearest event source."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from farm.errors import Loc, Notice, ScoreError
from farm.graph import ranges
from farm.graph.binding import Signature, Slot, bind
from farm.graph.nodes import language
from farm.graph.terms import (
    Bus,
    Constant,
    Function,
    NodeTerm,
    Steps,
    Term,
    Voices,
    has_voices,
    map_voices,
    plays_samples,
)
from farm.graph.vocabulary import MODIFIERS, Word
from farm.pattern.control import give_control, merge
from farm.score.syntax import Call, Name
from workers.catalog import Param
from workers.catalog import Unit as ParamUnit

if TYPE_CHECKING:
    from farm.graph.resolve import Resolver

ENVELOPES = {"ar": "natural", "adsr": "adsr"}
OF_SAMPLES = frozenset({"begin", "end", "loop", "n"})
"""Modifiers that mean nothing to a bus played as voices."""


def applied(resolver: Resolver, left: Term, right: Name | Call, place: str) -> Term | None:
    """`left # right` if right is a modifier that applies to left; None if it is to be read as an effect."""
    name = right.name
    if name not in MODIFIERS:
        return None
    # A node of the same name does to a signal what the modifier does to voices.
    alike = language().get(name)
    if alike is None and has_voices(inner := resolver.behind(left)):
        left = inner
    voiced = has_voices(left)
    if alike is not None and alike.product and not isinstance(left, Voices):
        return None
    if not voiced and alike is not None and alike.ports:
        return None
    if not voiced and alike is not None and alike.envelope:
        envelope = resolver.operand(right, f"{place}/{name}")
        return NodeTerm("mul", (("a", left), ("b", envelope)), (), place, right.loc)
    values = arguments(resolver, MODIFIERS[name], right, place)
    if not voiced:
        if name == "note" and plays(resolver, left):
            return anonymous(resolver, left, values[0][1], place, right.loc)
        raise ScoreError(
            f"`{name}` changes voices, and there are none on its left",
            loc=right.loc,
            hint='voices come from s "...", or from an oscillator with # note "..."',
        )

    def change(voices: Voices) -> Voices:
        if name in OF_SAMPLES and voices.instruments and not plays_samples(voices, resolver.words):
            what = "`osc # note`" if voices.instruments[0][0] == "" else f"`~{voices.instruments[0][0]}`"
            resolver.notices.append(Notice(f"`{name}` changes samples, and {what} plays none: left out", right.loc))
            return voices
        for param, value in values:
            voices = given(resolver, voices, param, value)
        return voices.enveloped(ENVELOPES[name]) if name in ENVELOPES else voices

    return map_voices(left, change)


def arguments(resolver: Resolver, word: Word, call: Name | Call, place: str) -> list[tuple[Param, Term]]:
    """The value of each argument, by position, by keyword or by default."""
    positional = call.args if isinstance(call, Call) else ()
    keywords = call.keywords if isinstance(call, Call) else ()
    slots = bind(signature_of(word.name), [one.loc for one in positional], keywords, call.loc)
    written = [*positional, *(argument for _, argument, _ in keywords)]
    given = {slot.name: argument for slot, argument in zip(slots, written, strict=True)}
    values: list[tuple[Param, Term]] = []
    for i, param in enumerate(word.params):
        if param.name in given:
            values.append((param, resolver.evaluate(given[param.name], f"{place}/{i}")))
        else:
            values.append((param, Constant(Fraction(repr(param.default)), call.loc)))
    return values


@cache
def signature_of(name: str) -> Signature:
    """What a modifier takes."""
    word = MODIFIERS[name]
    slots = [Slot(param.name, param.name, needed=param.default is None) for param in word.params]
    return Signature(name, tuple(slots), word.signature, counted=True)


def given(resolver: Resolver, voices: Voices, param: Param, value: Term) -> Voices:
    """Voices with one control set."""
    name = param.name
    if isinstance(value, Function):
        raise ScoreError(f"`{name}` needs a number, a pattern or a signal", loc=value.loc)
    if name == "n":
        # A pattern or a signal may name any sample of the bank.
        voices = replace(voices, index=math.floor(value.number + 0.5) if isinstance(value, Constant) else None)
    signals = tuple([one for one in voices.signals if one[0].name != name]) if voices.signals else ()
    if isinstance(value, Constant) and name != "note":
        number = ranges.ranged(resolver, param, value).number
        return voices.controlled(give_control(voices.pattern, name, number), signals)
    if isinstance(value, (Constant, Steps)):
        return voices.controlled(merge(voices.pattern, ranges.controlled(resolver, param, value), value.loc), signals)
    return voices.controlled(voices.pattern, (*signals, (param, value)))


def plays(resolver: Resolver, term: Term, within: frozenset[int] = frozenset()) -> bool:
    """Whether an oscillator is among the inputs of a term: something that a note can set.

    `within`: definitions that are being looked at; one may use itself.
    """
    if isinstance(term, Bus):
        if term.version in resolver.resolving or term.version in within:
            return False
        return plays(resolver, resolver.term_of(term.version), within | {term.version})
    if not isinstance(term, NodeTerm):
        return False
    definition = language().get(term.node)
    if definition is not None and any(param.as_unit is ParamUnit.PHASE for param in definition.params):
        return True
    return any(plays(resolver, one, within) for _, one in term.inputs)


def anonymous(resolver: Resolver, left: Term, notes: Term, place: str, loc: Loc) -> Voices:
    """`osc # note "..."`: a voice for each note, played by the oscillator's own chain."""
    if not isinstance(notes, (Constant, Steps)):
        raise ScoreError("the notes of an oscillator are a pattern in quotes", loc=notes.loc)
    pattern = ranges.controlled(resolver, MODIFIERS["note"].params[0], notes)
    return Voices(pattern, (), "natural", (("", left),), place, loc)
