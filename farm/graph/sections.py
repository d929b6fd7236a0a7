"""Effects as arguments of transforms: `every 2 (# lpf 300)`, `jux (# speed 2)`, `off 0.25 (rev # gain 0.5)`.

A transform works on patterns and an effect on sound. So the transform gets a function that only marks the haps it is
given; afterwards the voices of marked haps go through the effects, the others past them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from farm.errors import Loc, ScoreError
from farm.graph.terms import NodeTerm, Term, Voices, has_voices
from farm.pattern.control import set_control
from farm.pattern.hap import Haps
from farm.pattern.pattern import Pattern, per_hap
from farm.pattern.time import Ints


def mark_of(place: str) -> str:
    """The column that marks haps for the section at `place`; a leading `*` keeps it from being a control."""
    return f"*section {place}"


def marked(pattern: Pattern, mark: str) -> Pattern:
    """Every hap marked."""
    return set_control(pattern, mark, 1.0)


def only(pattern: Pattern, mark: str, wanted: bool) -> Pattern:
    """The haps that are marked, or those that are not."""

    def change(haps: Haps, _: Ints) -> Haps:
        return haps.keep((haps.column(mark) == 1.0) == wanted)

    return per_hap(pattern, change)


def parted(term: Term, mark: str, section: Callable[[Term], Term], name: str, loc: Loc) -> Term:
    """The marked voices among the inputs of a term sent through a section. Raises ScoreError where there are none."""
    if isinstance(term, Voices):
        through = replace(term, pattern=only(term.pattern, mark, True), place=f"{term.place}/{mark}")
        past = replace(term, pattern=only(term.pattern, mark, False))
        return NodeTerm("add", (("a", past), ("b", section(through))), (), f"{term.place}/{mark}/+", loc)
    if isinstance(term, NodeTerm) and has_voices(term):
        inputs = tuple(
            (port, parted(one, mark, section, name, loc) if has_voices(one) else one) for port, one in term.inputs
        )
        return replace(term, inputs=inputs)
    raise ScoreError(
        f"`{name}` with effects needs voices to send through them",
        loc=loc,
        hint='voices come from s "...", or from an oscillator with # note "..."',
    )
