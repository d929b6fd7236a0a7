"""Arithmetic that can be reckoned and is hardly meant: each is told with what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from farm.errors import Loc, Notice, ScoreError
from farm.graph.nodes import catalog
from farm.graph.said import Said, Written, exact_number
from farm.graph.terms import Bus, Constant, Inside, NodeTerm, StepsTerm, Term, Voices, walk
from farm.pattern.mini_tokens import VALUES
from farm.pattern.notes import hertz, note_number
from farm.quantities import plain

NOTHING = "a division by 0 gives 0"


def zero_divisors(divided: Term, divisor: Term, loc: Loc) -> Iterator[Notice]:
    """A warning for a divisor that is 0, or a string that holds one; `loc`: where the division stands.

    What is divided may be a sound, or a number that something else is set to.
    """
    number = isinstance(divided, (Constant, StepsTerm))
    if isinstance(divisor, Constant) and divisor.value == 0:
        hint = "divide by a number other than 0" if number else "where silence is meant write `* 0`"
        left = "" if number else ": nothing is left of what stands before it"
        yield Notice(f"{NOTHING}{left}", loc, hint)
    elif isinstance(divisor, StepsTerm):
        for said in divisor.said or ():
            for atom in said.unlike(lambda value: value.number != 0):
                hint = "divide by numbers other than 0" if number else 'for a step of silence write `* "1 0"`'
                yield Notice(NOTHING, said.at(atom), hint)


def note_factors(outputs: Iterable[Term], inside: Inside) -> Iterator[Notice]:
    """A warning for each name of a note that is a factor of a sound: of a frequency it may well be one."""

    def look(bus: Bus) -> Term | None:
        try:
            return inside(bus)
        except ScoreError:
            return None  # With --lenient it is left out, and told.

    for output in outputs:
        for term in walk(output, look, sounding):
            if isinstance(term, NodeTerm) and catalog()[term.node].product:
                for _, factor in (*term.inputs, *term.params):
                    if isinstance(factor, StepsTerm) and not factor.pitches:
                        yield from notes_in(factor)


def sounding(term: Term) -> tuple[Term, ...]:
    """What of a term is heard as sound: its inputs, and the instruments of voices."""
    if isinstance(term, NodeTerm):
        return tuple([one for _, one in term.inputs])
    return tuple([one for _, one in term.instruments]) if isinstance(term, Voices) else ()


def notes_in(factor: StepsTerm) -> Iterator[Notice]:
    """A warning for each different name of a note in a string."""
    for said in factor.said or ():
        for atom in said.unlike(is_no_note):
            note = note_number(atom.text.partition("'")[0])
            assert note is not None, "it is one"
            factor_hz = float(hertz(np.array([float(note)]))[0])
            message = f"`{atom.text}` is a note, and as a factor of a sound its frequency in Hz: {plain(factor_hz, 4)}"
            yield Notice(message, said.at(atom), "a factor is a number: 0.5 is half as loud")


def note_numbers(said: Iterable[Said], transform: str, argument: str, hint: str) -> Iterator[Notice]:
    """A warning for each different name of a note in strings that are an argument of a transform."""
    for string in said:
        for atom in string.unlike(is_no_note):
            number = exact_number(atom)
            assert number is not None, "it is a note"
            message = f"`{atom.text}` is a note, and as the `{argument}` of `{transform}` its MIDI number: {number}"
            yield Notice(message, string.at(atom), hint)


def never_heard(said: Iterable[Said], silent: bool) -> Iterator[Notice]:
    """A warning for each string of a source that names sounds and plays none; `silent`: its pattern is known to."""
    for string in said:
        if not silent and "?" not in string.text:
            continue
        if not VALUES.isdisjoint([token.kind for token in string.tokens]) and not string.shows_any():
            place = string.loc.shifted(0, max(len(string.text), 1))
            yield Notice("nothing of this pattern ever sounds", place, 'a rest is `~`; silence is s "~"')


def is_no_note(value: Written) -> bool:
    """Whether a value is anything but the name of a note or of a chord."""
    return value.number is not None or note_number(value.text.partition("'")[0]) is None
