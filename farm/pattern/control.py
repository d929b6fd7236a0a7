"""Controls: named values of haps. `control` names a raw pattern's values, `merge` gives one pattern another's controls.

A transform that scales a control (`stut` its gain, `jux` its pan) also keeps the factor in a column named with a
leading `*`, so that a control written after the transform is scaled too: `$ stut 8 0.125 0.5 # gain 0.8` is 0.8
times each copy's factor. `merge` does this; readers of the haps can ignore columns that begin with `*`.
"""

from __future__ import annotations

import numpy as np

from farm.errors import Loc, ScoreError, placed
from farm.pattern.hap import NONE, Haps, Names, paired, with_column
from farm.pattern.joins import at_onsets
from farm.pattern.pattern import HAPS_PER_CYCLE, Pattern, check_number, common_period, per_hap
from farm.pattern.time import Floats, Ints
from farm.pattern.unique import unique
from farm.pattern.words import Words

WORD_CONTROLS = frozenset({"s", "unit"})
"""Controls whose column holds ids of words; all others hold numbers."""

FACTOR = "*"


def control(pattern: Pattern, name: str, words: Words) -> Pattern:
    """The raw values of a pattern as the control `name`.

    `s`: the id of the word; a number is the word as which it is written. `note`: `note` (semitones, or the MIDI number
    of a name), `absolute` (1 for names and chord notes, else 0) and `size` (notes of the chord, else 1). `n`: the
    number, or the pitch class of a letter. All others: the number, of a note name its frequency in Hz. Querying raises
    `ScoreError` at the value where a word stands for a number.
    """

    def change(haps: Haps, _: Ints) -> Haps:
        ids = haps.entries("v")
        assert ids is not None, "only raw patterns have no controls yet"
        haps = haps.valued(haps.key, haps.values, tuple(name if one == "v" else one for one in haps.names))
        if name in WORD_CONTROLS:
            return _named(haps, name, ids, words)
        if name == "note":
            return _note(haps, ids, words)
        numbers = words.degree(ids) if name == "n" else words.hertz(ids)
        return haps.with_column(name, _checked(numbers, ids, haps, name, words))

    return per_hap(pattern, change)


def _named(haps: Haps, name: str, ids: Floats, words: Words) -> Haps:
    """With the names of numbers as they are written: a bank may be called `808` or `01`."""
    if not words.has_numbers(ids):
        return haps
    places = haps.entries("loc")
    if places is None:
        return haps
    named = [one if np.isnan(one) else words.name(int(one), at) for one, at in zip(ids, places, strict=True)]
    return haps.with_column(name, np.array(named, np.float64))


def _note(haps: Haps, ids: Floats, words: Words) -> Haps:
    numbers, midi, syllable = words.number(ids), words.midi(ids), words.semitones(ids)
    relative = np.where(np.isnan(numbers), syllable, numbers)
    notes = np.where(np.isnan(relative), midi, relative)
    haps = haps.with_column("note", _checked(notes, ids, haps, "note", words))
    haps = haps.with_column("absolute", (np.isnan(relative) & ~np.isnan(midi)).astype(np.float64))
    return haps.with_column("size", words.size(ids))


def _checked(numbers: Floats, ids: Floats, haps: Haps, name: str, words: Words) -> Floats:
    """`numbers`, one for each row of the value table; an error if a row in use holds a word."""
    wrong = np.isnan(numbers) & ~np.isnan(ids)
    if wrong.any():
        used = unique(haps.key)
        used = used[wrong[used]]
        for row in used:
            refuse_word(name, int(row), ids, haps, words)
    return numbers


def refuse_word(name: str, row: int, ids: Floats, haps: Haps, words: Words) -> None:
    """Raises ScoreError for a word in row `row` of a value table where a number is needed, unless `words` forgive.

    The empty word was forgiven before.
    """
    places = haps.entries("loc")
    loc = words.loc(places[row]) if places is not None else None
    if words.forgive is None or ids[row] != 0:
        words.refuse(word_error(name, words.text(int(ids[row])), loc))


def word_error(name: str, text: str, loc: Loc | None) -> ScoreError:
    """The error for a word where a control or an operator needs a number."""
    hint = "numbers are needed here"
    if name == "note":
        hint = 'a note is a name (c4, eb3), a syllable (do, re) or a number of semitones: "c4 eb3", "0 7"'
    return ScoreError(f"{name}: `{text}` is not a number", loc=loc, hint=hint)


def merge(left: Pattern, right: Pattern, loc: Loc | None = None) -> Pattern:
    """`left # right`: the haps of `left`, with the controls that sound in `right` at their onsets.

    The controls of `right` win; several haps at an onset give several haps (a chord); none leaves the hap as it is,
    controls that only `right` has being NaN. Places stay those of `left`. Too many haps are a
    mistake of `right`, at `loc`.
    """
    if not right.peak:
        return left

    def answer(cycles: Ints) -> Haps:
        haps = left.query(cycles)
        if not len(haps.row):
            return NONE
        with placed(loc):
            i, j, others = at_onsets(haps, cycles, right)
            if len(i) > HAPS_PER_CYCLE:
                check_number(haps.row[i])
        if len(i) < len(haps.row) or not (i == np.arange(len(i))).all():
            alone = np.flatnonzero(np.bincount(i, minlength=len(haps.row)) == 0)
            if len(alone):
                others = _with_absent(others)
                i, j = np.concatenate([i, alone]), np.concatenate([j, np.full(len(alone), len(others.row) - 1)])
                order = np.argsort(i, kind="stable")
                i, j = i[order], j[order]
            haps = haps.take(i)
        return paired(haps, haps, others.take(j), lambda own, given: _merged(own, haps.names, given, others.names))

    return Pattern(answer, common_period(left.period, right.period), left.peak, (left, right))


def _with_absent(haps: Haps) -> Haps:
    """With one more hap at the end that has no controls; its time means nothing."""
    values = np.concatenate([haps.values, np.full((len(haps.names), 1), np.nan)], axis=1)
    key = np.append(haps.key, values.shape[1] - 1)
    times = np.concatenate([haps.times, np.zeros((4, 1), haps.times.dtype)], axis=1)
    return Haps(np.append(haps.row, 0), times, haps.den, haps.reach, key, values, haps.names)


def _merged(own: Floats, names: Names, given: Floats, given_names: Names) -> tuple[Floats, Names]:
    for column, name in zip(given, given_names, strict=True):
        if name == "loc" or name.startswith(FACTOR):
            continue
        if FACTOR + name in names:
            factor = own[names.index(FACTOR + name)]
            column = column * np.where(np.isnan(factor), 1.0, factor)
        if name in names:
            column = np.where(np.isnan(column), own[names.index(name)], column)
        own, names = with_column(own, names, name, column)
    return own, names


def set_control(pattern: Pattern, name: str, value: float) -> Pattern:
    """With control `name` set to a number for every hap."""
    return per_hap(pattern, lambda haps, _: haps.with_column(name, value))


def scale_control(pattern: Pattern, name: str, factor: float) -> Pattern:
    """With control `name`, 1 where absent, times `factor`; a later `merge` of that control is scaled too."""

    def change(haps: Haps, _: Ints) -> Haps:
        return _scaled(_scaled(haps, name, factor), FACTOR + name, factor)

    return per_hap(pattern, change)


def _scaled(haps: Haps, name: str, factor: float) -> Haps:
    entries = haps.entries(name)
    if entries is None:
        return haps.with_column(name, factor)
    return haps.with_column(name, np.where(np.isnan(entries), 1.0, entries) * factor)


def give_control(pattern: Pattern, name: str, value: float) -> Pattern:
    """`# name value` with a number: set for every hap, times the factor that a transform left for it."""

    def change(haps: Haps, _: Ints) -> Haps:
        factor = haps.entries(FACTOR + name)
        if factor is None:
            return haps.with_column(name, value)
        return haps.with_column(name, np.where(np.isnan(factor), 1.0, factor) * value)

    return per_hap(pattern, change)
