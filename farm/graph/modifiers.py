"""Voice modifiers after `#`, as `farm.graph.vocabulary` defines them. They reach back to the nearest event source."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import cache

from farm.errors import Loc, Notice, ScoreError
from farm.graph import ranges
from farm.graph.binding import Signature, Slot, bind, signature_of
from farm.graph.doubtful import never_heard
from farm.graph.names import check_word
from farm.graph.nodes import language
from farm.graph.scope import Scope
from farm.graph.terms import (
    Bus,
    Constant,
    Function,
    NodeTerm,
    StepsTerm,
    Term,
    Voices,
    has_voices,
    inputs,
    map_voices,
    plays_samples,
    walk,
)
from farm.graph.vocabulary import MODIFIERS, ScoreWord
from farm.pattern.control import give_control, merge
from farm.score.syntax import Call, Expr, Name
from workers.catalog import Param
from workers.catalog import Unit as ParamUnit

ENVELOPES = {"ar": "natural", "adsr": "adsr"}
OF_SAMPLES = frozenset({"begin", "end", "loop", "n"})
"""Modifiers that mean nothing to a bus played as voices."""


def modify(scope: Scope, left: Term, right: Name | Call) -> Term | None:
    """`left # right` if right is a modifier that applies to left; None if it is to be read as an effect."""
    name, evaluator = right.name, scope.evaluator
    if name not in MODIFIERS:
        return None
    # A node of the same name does to a signal what the modifier does to voices.
    alike = language().get(name)
    if alike is None and isinstance(left, Bus):
        inner, _ = scope.behind(left)
        left = inner if has_voices(inner) else left
    voiced = has_voices(left)
    if alike is not None and alike.product and not isinstance(left, Voices):
        return None
    if not voiced and alike is not None and alike.ports:
        return None
    if not voiced and alike is not None and alike.envelope:
        envelope = scope.evaluate(right, name)
        return NodeTerm("mul", (("a", left), ("b", envelope)), (), scope.seed_path, right.loc)
    values = arguments(scope, MODIFIERS[name], right)
    if not voiced:
        if name == "note" and plays(scope, left):
            return anonymous(scope, left, values[0][1], right.loc)
        raise ScoreError(
            f"`{name}` changes voices, and there are none on its left",
            loc=right.loc,
            hint='voices come from s "...", or from an oscillator with # note "..."',
        )

    def change(voices: Voices) -> Voices:
        if name in OF_SAMPLES and voices.instruments and not plays_samples(voices, evaluator.words):
            what = "`osc # note`" if voices.instruments[0][0] == "" else f"`~{voices.instruments[0][0]}`"
            evaluator.notices.append(Notice(f"`{name}` changes samples, and {what} plays none: left out", right.loc))
            return voices
        for param, value in values:
            voices = with_control(scope, voices, param, value)
        return voices.enveloped(ENVELOPES[name]) if name in ENVELOPES else voices

    return map_voices(left, change)


def arguments(scope: Scope, word: ScoreWord, call: Name | Call) -> list[tuple[Param, Term]]:
    """The value of each argument, by position, by keyword or by default."""
    positional = call.args if isinstance(call, Call) else ()
    keywords = call.keywords if isinstance(call, Call) else ()
    slots = bind(taken_by(word.name), positional, keywords, call.loc)
    given: dict[str, Expr] = {slot.name: one for slot, one in zip(slots, positional, strict=False)}
    if keywords:
        given |= {slot.name: one for slot, (_, one, _) in zip(slots[len(positional) :], keywords, strict=True)}
    values: list[tuple[Param, Term]] = []
    for i, param in enumerate(word.params):
        written = given.get(param.name)
        if written is None:
            values.append((param, Constant(Fraction(repr(param.default)), call.loc)))
            continue
        if isinstance(written, Name):
            check_word(scope, word.name, written)
        values.append((param, scope.evaluate(written, i)))
    return values


@cache
def taken_by(name: str) -> Signature:
    """What a modifier takes."""
    word = MODIFIERS[name]
    slots = [Slot(param.name, param.name, needed=param.default is None) for param in word.params]
    return signature_of(name, slots, word.signature, counted=True)


def with_control(scope: Scope, voices: Voices, param: Param, value: Term) -> Voices:
    """Voices with one control set."""
    name = param.name
    if isinstance(value, Function):
        raise ScoreError(f"`{name}` needs a number, a pattern or a signal", loc=value.loc)
    if name == "n":
        # A pattern or a signal may name any sample of the bank.
        voices = replace(voices, index=math.floor(value.number + 0.5) if isinstance(value, Constant) else None)
    signals = tuple([one for one in voices.signals if one[0].name != name]) if voices.signals else ()
    if isinstance(value, Constant) and name != "note":
        number = ranges.ranged(scope.evaluator, param, value).number
        return voices.controlled(give_control(voices.pattern, name, number), signals)
    if isinstance(value, (Constant, StepsTerm)):
        pattern = ranges.controlled(scope.evaluator, param, value)
        return voices.controlled(merge(voices.pattern, pattern, value.loc), signals)
    return voices.controlled(voices.pattern, (*signals, (param, value)))


def plays(scope: Scope, term: Term) -> bool:
    """Whether an oscillator is among the inputs of a term: something that a note can set."""
    return any(is_oscillator(one) for one in walk(term, scope.inside, inputs))


def is_oscillator(term: Term) -> bool:
    """Whether a term is a node with a frequency."""
    definition = language().get(term.node) if isinstance(term, NodeTerm) else None
    return definition is not None and any(param.as_unit is ParamUnit.PHASE for param in definition.params)


def anonymous(scope: Scope, left: Term, notes: Term, loc: Loc) -> Voices:
    """`osc # note "..."`: a voice for each note, played by the oscillator's own chain."""
    if not isinstance(notes, (Constant, StepsTerm)):
        raise ScoreError("the notes of an oscillator are a pattern in quotes", loc=notes.loc)
    pattern = ranges.controlled(scope.evaluator, MODIFIERS["note"].params[0], notes)
    if isinstance(notes, StepsTerm):
        scope.evaluator.notices += never_heard(notes.said or (), not pattern.peak)
    return Voices(pattern, (), "natural", (("", left),), scope.seed_path, loc)
