"""Arithmetic that can be reckoned and is hardly meant: each is told with what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from farm.errors import Loc, Notice, ScoreError
from farm.graph.nodes import catalog
from farm.graph.said import Written
from farm.graph.terms import Bus, Constant, Inside, NodeTerm, StepsTerm, Term, Voices, walk
from farm.pattern.notes import hertz, note_number

NOTHING = "a division by 0 gives 0"


def zero_divisors(divisor: Term, loc: Loc) -> Iterator[Notice]:
    """A warning for a divisor that is 0, or a string that holds one; `loc`: where the division stands."""
    if isinstance(divisor, Constant) and divisor.value == 0:
        yield Notice(f"{NOTHING}: nothing is left of what stands before it", loc, "for silence write `* 0`")
    elif isinstance(divisor, StepsTerm):
        for said in divisor.said or ():
            for atom in said.unlike(lambda value: value.number != 0):
                yield Notice(NOTHING, said.at(atom), 'for a step of silence write `* "1 0"`')


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
            message = f"`{atom.text}` is a note, and as a factor of a sound its frequency in Hz: {factor_hz:.4g}"
            yield Notice(message, said.at(atom), "a factor is a number: 0.5 is half as loud")


def is_no_note(value: Written) -> bool:
    """Whether a value is anything but the name of a note or of a chord."""
    return value.number is not None or note_number(value.text.partition("'")[0]) is None
