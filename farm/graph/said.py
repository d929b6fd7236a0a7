"""What the strings of a score say, known from their text without asking a cycle.

A mistake in the last of a thousand cycles is then told before the first of them is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from fractions import Fraction
from operator import attrgetter
from typing import Protocol

import numpy as np

from farm.errors import Loc, ScoreError
from farm.pattern.mini_reader import read
from farm.pattern.mini_tokens import VALUES, MiniToken, mark_at
from farm.pattern.mini_tree import Atom, shows_any, values_in
from farm.pattern.notes import hertz, note_number
from workers.records import record

_SHOWN = VALUES | {":"}
"""Values, and the mark that makes other ones of them."""
_kind_of: Callable[[MiniToken], str] = attrgetter("kind")
_text_of: Callable[[MiniToken], str] = attrgetter("text")


class Written(Protocol):
    """A value that stands in a string: an atom of its tree, or a token."""

    @property
    def text(self) -> str:
        """How it is written."""
        ...

    @property
    def number(self) -> Fraction | None:
        """What it is, if that is a number."""
        ...


@record(frozen=True, slots=True, eq=False)
class Said:
    """A string, and the tokens as which it was read; `loc` is its first character.

    Its tree is not kept: trees are most of what is made while a score is read, and few are asked for again.
    """

    text: str
    tokens: Sequence[MiniToken]
    loc: Loc

    def at(self, atom: Atom) -> Loc:
        """Where one of its values stands."""
        text, offset = self.text, atom.offset
        length = len(atom.text)
        behind = text[offset + length : offset + length + 1]
        if not text.startswith(atom.text, offset) or behind.isalnum() or behind == ".":
            # A value that is written otherwise, such as one inside a range, stands where that is written.
            length = len(mark_at(text, offset))
        return self.loc.shifted(offset, length)

    def different(self) -> list[Atom]:
        """The values it can show, each at its first place, in the order of the text."""
        first: dict[str, Atom] = {}
        for atom in values_in(read(self.text, self.loc)):
            first.setdefault(atom.text, atom)
        return [*first.values()]

    def shows_any(self) -> bool:
        """Whether it can show a value at all."""
        return shows_any(read(self.text, self.loc))

    def unlike(self, wanted: Callable[[Written], bool]) -> list[Atom]:
        """Those of them that are not as `wanted`.

        Most strings have none, which their tokens show without a walk through the tree; a `:` makes words of others.
        """
        for token in {*self.tokens}:
            if token.kind in _SHOWN and (token.kind == ":" or not wanted(token)):
                return [atom for atom in self.different() if not wanted(atom)]
        return []


def words_in(said: tuple[Said, ...]) -> dict[str, Loc]:
    """The values of strings as they are written, each with its first place, in the order of the text."""
    found: dict[str, Loc] = {}
    for one in said:
        for atom in one.different():
            if atom.text not in found:
                found[atom.text] = one.at(atom)
    return found


def buses_in(said: tuple[Said, ...], synthdefs: frozenset[str]) -> dict[str, Loc]:
    """As `words_in`, of the words that name buses: `~name`, and the names of synthdefs without a tilde."""
    found: dict[str, Loc] = {}
    for one in said:
        # Most strings name none, which their tokens show without a walk through the tree.
        if "bus" in map(_kind_of, one.tokens) or not synthdefs.isdisjoint(map(_text_of, one.tokens)):
            for atom in one.different():
                if atom.text not in found and (atom.text[0] == "~" or atom.text in synthdefs):
                    found[atom.text] = one.at(atom)
    return found


@record(frozen=True, slots=True, eq=False)
class Banks:
    """The banks (`bd:3`) that strings name: all their words but those that are `buses`."""

    said: tuple[Said, ...]
    buses: Container[str] = ()

    def places(self) -> list[tuple[str, Loc]]:
        """Each with its first place, in the order of the text."""
        return [(word, loc) for word, loc in words_in(self.said).items() if word not in self.buses]


NO_BANKS = Banks(())


def is_number(value: Written) -> bool:
    """Whether a value is a number, or the name of a note, which stands for one."""
    return value.number is not None or note_number(value.text.partition("'")[0]) is not None


def in_hz(value: Written) -> float | None:
    """A value as a number where a signal is read: a note is its frequency, a chord that of its root, a word None."""
    if value.number is not None:
        above, below = value.number.as_integer_ratio()
        return above / below
    note = note_number(value.text.partition("'")[0])
    return None if note is None else float(hertz(np.array([float(note)]))[0])


def exact_number(value: Written) -> Fraction | None:
    """A value as an exact number: a note is its MIDI number, a word None."""
    note = note_number(value.text.partition("'")[0]) if value.number is None else None
    return value.number if note is None else Fraction(note)


def wrong_words(
    said: tuple[Said, ...] | None,
    error: Callable[[str, Loc], ScoreError],
    wanted: Callable[[Written], bool] = is_number,
) -> Iterator[ScoreError]:
    """An error for each word of strings that stands where a number is `wanted`."""
    for one in said or ():
        for atom in one.unlike(wanted):
            yield error(atom.text, one.at(atom))
