"""The ranges of voice controls, applied alike to numbers and to strings; those of signals are applied as they are read.

What is outside is clamped with a warning.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from farm.errors import Loc, Notice, ScoreError
from farm.graph.said import Written, in_hz, is_number, wrong_words
from farm.graph.scope import Evaluator
from farm.graph.terms import QUERIED_CYCLES, Constant, StepsTerm
from farm.pattern.control import control, word_error
from farm.pattern.hap import Haps
from farm.pattern.notes import pitch_class
from farm.pattern.pattern import Pattern, per_hap
from farm.pattern.time import Ints
from farm.pattern.unique import unique
from farm.quantities import plain
from workers.catalog import Param


def ranged(evaluator: Evaluator, param: Param, value: Constant) -> Constant:
    """A number for a voice, clamped with a warning. Raises ScoreError for a length that cannot be."""
    unit, above = param.unit, value.value.numerator
    if (unit == "s" and above < 0) or (unit == "slots" and above <= 0):
        least = "must not be below 0" if param.unit == "s" else "must be above 0"
        raise ScoreError(f"`{param.name}` is a length and {least}, not {plain(value.number)}", loc=value.loc)
    if is_within(param, value.number):
        if not is_whole(param, value.number):
            evaluator.notices.append(clamped(param, value.number, value.loc))
        return value
    evaluator.notices.append(clamped(param, value.number, value.loc))
    return Constant(Fraction(min(max(value.number, param.low), param.high)), value.loc)


def controlled(evaluator: Evaluator, param: Param, value: Constant | StepsTerm) -> Pattern:
    """A number or a string as the pattern of a control, within the range of the word that sets it."""
    if isinstance(value, Constant):
        return control(evaluator.as_pattern(ranged(evaluator, param, value)), param.name, evaluator.words)
    pattern = control(value.pattern, param.name, evaluator.words)
    wanted = reads(param.name)
    low, high, counts, above_0 = param.low, param.high, param.name == "n", param.unit == "slots"

    def fits(one: Written) -> bool:
        if one.number is None:
            return wanted(one) and is_inside(param, one)
        above, below = one.number.as_integer_ratio()
        return low <= above / below <= high and (above > 0 or not above_0) and (below == 1 or not counts)

    if value.said is not None and not any(said.unlike(fits) for said in value.said):
        return pattern
    for error in wrong_words(value.said, lambda text, loc: word_error(param.name, text, loc), wanted):
        evaluator.words.refuse(error)
    outside = numbers_outside(evaluator, param, value, pattern)
    for number, loc in outside.items():
        evaluator.notices.append(clamped(param, number, loc))
    return limited(pattern, param) if outside or value.said is None else pattern


def reads(name: str) -> Callable[[Written], bool]:
    """What a control reads: numbers and names of notes, `n` the letters of notes."""
    return is_number if name != "n" else lambda one: control_number("n", one) is not None


def is_within(param: Param, number: float) -> bool:
    """Whether a number is in the range of a param; a length in slots is above 0."""
    return param.low <= number <= param.high and (number > 0 or param.unit != "slots")


def is_whole(param: Param, number: float) -> bool:
    """Whether a number is whole, where a param counts samples of a bank."""
    return param.name != "n" or number % 1 == 0


def is_inside(param: Param, value: Written) -> bool:
    """Whether a value of a string is used by a param as it is, or no number."""
    number = control_number(param.name, value)
    return number is None or (is_within(param, number) and is_whole(param, number))


def clamped(param: Param, number: float, loc: Loc) -> Notice:
    """The warning for a number that is outside the range of a param, or not whole where it counts."""
    if is_within(param, number):
        return Notice(f"{param.name} {plain(number)} is no whole number; {math.floor(number + 0.5)} is used", loc)
    limits, used = f"{plain(param.low)} to {plain(param.high)}", min(max(number, param.low), param.high)
    message = f"{param.name} {plain(number)} is outside {limits}; {plain(used)} is used"
    if param.unit == "slots" and number == 0:
        message = f"{param.name} 0 is a length of nothing: the voice is let go at once"
    return Notice(message, loc)


def numbers_outside(evaluator: Evaluator, param: Param, value: StepsTerm, pattern: Pattern) -> dict[float, Loc]:
    """The numbers outside its range to which a string sets a control, each with its first place.

    Of `0 .. 20` it is the first one, of arithmetic those of its first cycles. Names of notes are no numbers to `note`:
    a pitch has no range.
    """
    found: dict[float, Loc] = {}
    places_told: set[Loc] = set()
    if value.said is not None:
        for said in value.said:
            for atom in said.unlike(lambda one: is_inside(param, one)):
                number, loc = control_number(param.name, atom), said.at(atom)
                if number is not None and loc not in places_told:
                    places_told.add(loc)
                    found.setdefault(number, loc)
        return found
    try:
        haps = pattern.query(np.arange(min(pattern.period or QUERIED_CYCLES, QUERIED_CYCLES)))
    except ScoreError:
        return found  # A word among the numbers is told when the pattern is checked or played.
    numbers, places, named = haps.entries(param.name), haps.entries("loc"), haps.entries("absolute")
    if numbers is None:
        return found
    for row in unique(haps.key):
        number = float(numbers[row])
        fits = is_within(param, number) and is_whole(param, number)
        if not np.isnan(number) and not fits and (named is None or not named[row]):
            found.setdefault(number, value.loc if places is None else evaluator.words.loc(places[row]))
    return found


def control_number(name: str, value: Written) -> float | None:
    """The number that a value of a string sets a control to; None for a word, and for a note where notes have names."""
    if value.number is None and name == "n":
        return pitch_class(value.text)
    return None if value.number is None and name == "note" else in_hz(value)


def limited(pattern: Pattern, param: Param) -> Pattern:
    """The pattern of a control with its numbers clamped to the range of a param; names of notes stay as they are."""

    def change(haps: Haps, _: Ints) -> Haps:
        numbers, named = haps.entries(param.name), haps.entries("absolute")
        assert numbers is not None, "it is the pattern of this control"
        within = np.clip(numbers, param.low, param.high)
        return haps.with_column(param.name, within if named is None else np.where(named > 0, numbers, within))

    return per_hap(pattern, change)
