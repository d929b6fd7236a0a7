"""The words of one score: values and places as small integers, and what consumers read from them.

Ids are given in the order of the text, for each score anew, so that a score rendered before changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from farm.errors import Loc, ScoreError
from farm.pattern.mini_tokens import mark_at
from farm.pattern.notes import hertz, note_number, pitch_class, solfege
from farm.pattern.time import Floats, Ints
from workers.records import record

LARGEST_NUMBER = 10**15
MOST_BITS = 256
_TRUE = frozenset({"t", "true", "x"})


@record(frozen=True, slots=True)
class ChordNote:
    """One note of a chord of `size` notes."""

    midi: Fraction | float
    size: int


Value = Fraction | str | ChordNote


def calculated(operator: str, a: Fraction, b: Fraction) -> Fraction:
    """`a operator b` for `+ - * /`; x / 0 is 0. Exact, until its digits pass all bounds: then the nearest float64."""
    if operator == "+":
        result = a + b
    elif operator == "-":
        result = a - b
    elif operator == "*":
        result = a * b
    else:
        result = a / b if b else Fraction(0)
    if result.denominator.bit_length() > MOST_BITS and abs(result) <= LARGEST_NUMBER:
        return Fraction(float(result))
    return result


def no_number(text: str, loc: Loc | None) -> ScoreError:
    """The error for a word where a string is read as a signal."""
    return ScoreError(f"`{text}` is not a number", loc=loc, hint="numbers or notes are needed here")


class Words:
    """Interned values and places of one score. Id 0 is the empty word; a NaN id reads like it."""

    def __init__(self) -> None:
        self.forgive: Callable[[ScoreError], None] | None = None
        """Where a word goes that stands for a number, which then says nothing; None: it is an error."""
        self._values: list[Value] = []
        self._numbers: set[float] = set()
        self.written: dict[str, int] = {}
        """The id of what stands for itself in mini-notation, as far as it was read."""
        self._ids: dict[str | ChordNote | tuple[int, int], int] = {}
        self._columns: Floats = np.zeros((len(_COLUMNS), 0))
        self._places: list[int] = []
        self._texts: list[tuple[Loc, str | None]] = []
        self._next_place = 0
        self._results: dict[tuple[str, int, int], int] = {}
        self._names: dict[tuple[int, float], int] = {}
        self.intern("")
        self.add_loc(Loc("", 0, 0, 0))

    def refuse(self, error: ScoreError) -> None:
        """Raises the error, unless such errors are forgiven."""
        if self.forgive is None:
            raise error
        self.forgive(error)

    def intern(self, value: Value | int) -> int:
        """The id of a number, word, bus symbol (`~name`) or chord note."""
        key: str | ChordNote | tuple[int, int]
        if isinstance(value, (str, ChordNote)):
            key = value
        else:
            # The hash of a Fraction takes ten times as long as that of its two numbers.
            key = value.as_integer_ratio()
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = len(self._values)
            self._values.append(Fraction(value) if isinstance(value, int) else value)
            if not isinstance(value, (str, ChordNote)):
                self._numbers.add(found)
        return found

    def value(self, number: int) -> Value:
        """The value of an id."""
        return self._values[number]

    def texts(self) -> list[str]:
        """The words among the values, in the order of their ids."""
        return [value for value in self._values if isinstance(value, str)]

    def text(self, number: int) -> str:
        """The value of an id as a person would write it."""
        value = self._values[number]
        if isinstance(value, str):
            return value
        exact = Fraction(value.midi) if isinstance(value, ChordNote) else value
        return str(exact.numerator) if exact.denominator == 1 else repr(float(exact))

    def rank(self, number: int) -> tuple[int, Fraction, str]:
        """A sort key that depends on the value and not on when it was interned."""
        value = self._values[number]
        if isinstance(value, str):
            return (2, Fraction(0), value)
        return (1, Fraction(value.midi), str(value.size)) if isinstance(value, ChordNote) else (0, value, "")

    def exact(self, number: int) -> Fraction | None:
        """The number of an id, a note name or chord note as its MIDI number; None for other words."""
        value = self._values[number]
        if isinstance(value, Fraction):
            return value
        if isinstance(value, ChordNote):
            return Fraction(value.midi)
        midi = note_number(value)
        return None if midi is None else Fraction(midi)

    def has_numbers(self, ids: Floats) -> bool:
        """Whether a number is among the values of ids; their words are not read as notes for it."""
        return not self._numbers.isdisjoint(ids.tolist())

    def number(self, ids: Floats | Ints) -> Floats:
        """The numbers of ids; NaN for words, note names included."""
        return self._look_up("number", ids)

    def midi(self, ids: Floats | Ints) -> Floats:
        """The MIDI numbers of note names, solfège and chord notes; NaN for all else."""
        return self._look_up("midi", ids)

    def size(self, ids: Floats | Ints) -> Floats:
        """The size of the chord that a value is a note of, else 1."""
        return self._look_up("size", ids)

    def hertz(self, ids: Floats | Ints) -> Floats:
        """A number is itself, a note its frequency, 440 Hz at MIDI 69; NaN for other words."""
        return self._look_up("hertz", ids)

    def degree(self, ids: Floats | Ints) -> Floats:
        """A number is itself, a note name without octave its pitch class 0 .. 11; NaN for other words."""
        return self._look_up("degree", ids)

    def semitones(self, ids: Floats | Ints) -> Floats:
        """The semitones of solfège syllables above do; NaN for all else."""
        return self._look_up("solfege", ids)

    def true(self, ids: Floats | Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether values mean yes: `t`, `true`, `x` and 1."""
        yes: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = self._look_up("true", ids) == 1.0
        return yes

    def _look_up(self, column: str, ids: Floats | Ints) -> Floats:
        index = np.where(np.isnan(ids), 0, ids).astype(np.int64) if ids.dtype.kind == "f" else ids
        known = self._columns.shape[1]
        if known < len(self._values):
            fresh = np.array([_read(value) for value in self._values[known:]]).T
            self._columns = np.concatenate([self._columns, fresh], axis=1)
        found: Floats = self._columns[_COLUMNS.index(column)].take(index)
        return found

    def calculate(self, operator: str, left: int, right: int) -> int | None:
        """The id of `left operator right` for `+ - * /`, or None where a word is no number; x / 0 is 0."""
        known = self._results.get((operator, left, right))
        if known is not None:
            return known
        a, b = self.exact(left), self.exact(right)
        if a is None or b is None:
            return None
        number = self._results[operator, left, right] = self.intern(calculated(operator, a, b))
        return number

    def name(self, number: int, place: float) -> int:
        """The id of a value as the name of a bank: a number as it is written at a place (`01`), a word as it is."""
        value = self._values[number]
        if not isinstance(value, Fraction):
            return number
        known = self._names.get((number, place))
        if known is None:
            written = self.mark(place)
            text = written if is_value(written, value) else self.text(number)
            known = self._names[number, place] = self.intern(text)
        return known

    def add_loc(self, loc: Loc) -> int:
        """The id of a place in the score."""
        return self._add(loc, None)

    def add_text(self, loc: Loc, text: str) -> int:
        """The id of the first character of a text of mini-notation at `loc`; those of its others follow."""
        return self._add(loc, text)

    def _add(self, loc: Loc, text: str | None) -> int:
        first = self._next_place
        self._places.append(first)
        self._texts.append((loc, text))
        self._next_place = first + max(len(text or ""), 1)
        return first

    def loc(self, number: float) -> Loc:
        """The place of an id: of a character of mini-notation, of what begins there."""
        loc, text, offset = self._at(number)
        return loc if text is None else loc.shifted(offset, len(mark_at(text, offset)))

    def mark(self, number: float) -> str:
        """What begins at the place of an id, as it is written; nothing where that is no mini-notation."""
        _, text, offset = self._at(number)
        return "" if text is None else mark_at(text, offset)

    def _at(self, number: float) -> tuple[Loc, str | None, int]:
        """Where a text begins, the text, and how far from its beginning a place lies."""
        place = int(number) if number == number else 0
        index = bisect_right(self._places, place) - 1
        loc, text = self._texts[index]
        return loc, text, place - self._places[index]


_COLUMNS = ("number", "midi", "size", "hertz", "degree", "solfege", "true")


def is_value(text: str, value: Fraction) -> bool:
    """Whether a text is a number, and this one."""
    try:
        return Fraction(text) == value
    except ValueError:
        return False


def _read(value: Value) -> tuple[float, ...]:
    """What each of `_COLUMNS` says of a value."""
    nan = np.nan
    if isinstance(value, Fraction):
        number = float(value)
        return (number, nan, 1.0, number, number, nan, float(number == 1.0))
    if isinstance(value, ChordNote):
        midi = float(value.midi)
        return (nan, midi, float(value.size), float(hertz(np.array([midi]))[0]), nan, nan, 0.0)
    true = float(value in _TRUE)
    note = note_number(value)
    if note is None:
        return (nan, nan, 1.0, nan, nan, nan, true)
    step, syllable = pitch_class(value), solfege(value)
    frequency = float(hertz(np.array([float(note)]))[0])
    degree = nan if step is None else float(step)
    return (nan, float(note), 1.0, frequency, degree, nan if syllable is None else float(syllable), true)
