"""Effects as arguments of transforms: `every 2 (# lpf 300)`, `jux (# speed 2)`, `off 0.25 (rev # gain 0.5)`.

A transform works on patterns and an effect on sound. So the transform gets a function that only marks the haps it is
given; afterwards the voices of marked haps go through the effects, the others past them.
"""

from __future__ import annotations

from dataclasses import replace

from farm.errors import Loc, ScoreError
from farm.graph.terms import Effects, NodeTerm, Term, Trail, Voices, has_voices
from farm.pattern.control import set_control
from farm.pattern.hap import Haps
from farm.pattern.pattern import Pattern, per_hap
from farm.pattern.time import Ints
from workers.records import record


@record(frozen=True, slots=True, eq=False)
class MarkedEffects:
    """The effects of one argument of a transform, and the mark of the haps that go through them."""

    mark: str
    effects: Effects


def mark_of(seed_path: str) -> str:
    """The column that marks haps for the section at a path; a leading `*` keeps it from being a control."""
    return f"*section {seed_path}"


def marked(pattern: Pattern, mark: str) -> Pattern:
    """Every hap marked."""
    return set_control(pattern, mark, 1.0)


def only(pattern: Pattern, mark: str, wanted: bool) -> Pattern:
    """The haps that are marked, or those that are not."""

    def change(haps: Haps, _: Ints) -> Haps:
        return haps.keep((haps.column(mark) == 1.0) == wanted)

    return per_hap(pattern, change)


def parted(term: Term, part: MarkedEffects, trail: Trail, name: str, loc: Loc) -> Term:
    """The marked voices among the inputs of a term sent through the effects. Raises ScoreError where there are none."""
    if isinstance(term, Voices):
        path = f"{term.seed_path}/{part.mark}"
        through = replace(term, pattern=only(term.pattern, part.mark, True), seed_path=path)
        past = replace(term, pattern=only(term.pattern, part.mark, False))
        return NodeTerm("add", (("a", past), ("b", part.effects(through, trail))), (), f"{path}/+", loc)
    if isinstance(term, NodeTerm) and has_voices(term):
        inputs = tuple(
            (port, parted(one, part, trail, name, loc) if has_voices(one) else one) for port, one in term.inputs
        )
        return replace(term, inputs=inputs)
    raise ScoreError(
        f"`{name}` with effects needs voices to send through them",
        loc=loc,
        hint='voices come from s "...", or from an oscillator with # note "..."',
    )
