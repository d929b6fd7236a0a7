"""Voice modifiers after `#`, as `farm.graph.vocabulary` defines them. They reach back to the nearest event source."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from farm.errors import Loc, Notice, ScoreError
from farm.graph.terms import Bus, Constant, Function, Steps, Term, Unit, Voices, has_voices, map_voices
from farm.graph.vocabulary import MODIFIERS
from farm.pattern.control import control, give_control, merge
from farm.score.syntax import Call, Name
from workers.catalog import Param, language

if TYPE_CHECKING:
    from farm.graph.resolve import Resolver

ENVELOPES = {"ar": "percussive", "adsr": "adsr"}


def applied(resolver: Resolver, left: Term, right: Name | Call, place: str) -> Term | None:
    """`left # right` if right is a modifier that applies to left; None if it is to be read as an effect."""
    name = right.name
    if name not in MODIFIERS:
        return None
    arguments = right.args if isinstance(right, Call) else ()
    if isinstance(left, Bus) and name not in ("gain", "pan", "adsr") and has_voices(resolver.term_of(left.version)):
        left = resolver.term_of(left.version)
    voiced = has_voices(left)
    if name == "gain" and not isinstance(left, Voices):
        return None
    if not voiced and name in ("pan",):
        return None
    if not voiced and name == "adsr":
        envelope = resolver.operand(right, f"{place}/adsr")
        return Unit("mul", (("a", left), ("b", envelope)), (), place, right.loc)
    word = MODIFIERS[name]
    least, most = word.least, len(word.params)
    if not least <= len(arguments) <= most:
        wanted = f"{least} to {most}" if least < most else str(least)
        message = f"`{name}` takes {wanted} argument{'s' if most > 1 else ''}, not {len(arguments)}"
        raise ScoreError(message, loc=right.loc, hint=f"written as {word.signature}")
    if isinstance(right, Call) and right.keywords:
        raise ScoreError(f"`{name}` takes no keywords", loc=right.keywords[0][2])
    values = [resolver.evaluate(argument, f"{place}/{i}") for i, argument in enumerate(arguments)]
    if not voiced:
        if name == "note" and plays(resolver, left):
            return anonymous(resolver, left, values[0], place, right.loc)
        raise ScoreError(
            f"`{name}` changes voices, and there are none on its left",
            loc=right.loc,
            hint='voices come from s "...", or from an oscillator with # note "..."',
        )

    def change(voices: Voices) -> Voices:
        for param, value in zip(word.params, values, strict=False):
            voices = given(resolver, voices, param, value)
        return replace(voices, envelope=ENVELOPES.get(name, voices.envelope))

    return map_voices(left, change)


def given(resolver: Resolver, voices: Voices, param: Param, value: Term) -> Voices:
    """Voices with one control set."""
    name = param.name
    if isinstance(value, Function):
        raise ScoreError(f"`{name}` needs a number, a pattern or a signal", loc=value.loc)
    signals = tuple((other, term) for other, term in voices.signals if other != name)
    if isinstance(value, Constant):
        value = ranged(resolver, param, value)
    if isinstance(value, Constant) and name != "note":
        return replace(voices, pattern=give_control(voices.pattern, name, float(value.value)), signals=signals)
    if isinstance(value, Constant | Steps):
        pattern = control(resolver.as_pattern(value), name, resolver.words)
        return replace(voices, pattern=merge(voices.pattern, pattern), signals=signals)
    return replace(voices, signals=(*signals, (name, value)))


def ranged(resolver: Resolver, param: Param, value: Constant) -> Constant:
    """A number for a voice, clamped with a warning."""
    name, low, high = param.name, param.low, param.high
    if low <= value.value <= high:
        return value
    clamped = Fraction(min(max(float(value.value), low), high))
    message = f"{name} {float(value.value):g} is outside {low:g} to {high:g}; {float(clamped):g} is used"
    resolver.notices.append(Notice(message, value.loc))
    return Constant(clamped, value.loc)


def plays(resolver: Resolver, term: Term) -> bool:
    """Whether an oscillator is among the inputs of a term: something that a note can set."""
    if isinstance(term, Bus):
        return plays(resolver, resolver.term_of(term.version)) if term.version not in resolver.resolving else False
    if not isinstance(term, Unit):
        return False
    definition = language().get(term.node)
    if definition is not None and any(param.name == "freq_hz" for param in definition.params):
        return True
    return any(plays(resolver, one) for _, one in term.inputs)


def anonymous(resolver: Resolver, left: Term, notes: Term, place: str, loc: Loc) -> Voices:
    """`osc # note "..."`: a voice for each note, played by the oscillator's own chain."""
    if not isinstance(notes, Constant | Steps):
        raise ScoreError("the notes of an oscillator are a pattern in quotes", loc=notes.loc)
    pattern = control(resolver.as_pattern(notes), "note", resolver.words)
    return Voices(pattern, (), "natural", (("", left),), place, loc)
