"""What the strings of a score say, known from their text without asking a cycle.

A mistake in the last of a thousand cycles is then told before the first of them is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from farm.errors import Loc, ScoreError
from farm.pattern.mini_tokens import different_values, mark_at
from farm.pattern.mini_tree import Atom, MiniGroup, values_in
from farm.pattern.notes import note_number
from workers.records import record


@record(frozen=True, slots=True, eq=False)
class Said:
    """A string, and how it was read; `loc` is its first character."""

    text: str
    tree: MiniGroup
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
        for atom in values_in(self.tree):
            first.setdefault(atom.text, atom)
        return [*first.values()]

    def unlike(self, wanted: Callable[[Atom], bool]) -> list[Atom]:
        """Those of them that are not as `wanted`.

        Most strings have none, which their few different words and numbers show without a walk through the tree.
        """
        for value in different_values(self.text):
            if value is None or not wanted(value):
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


def is_number(atom: Atom) -> bool:
    """Whether a value is a number, or the name of a note, which stands for one."""
    return atom.number is not None or note_number(atom.text.partition("'")[0]) is not None


def exact_numbers(said: tuple[Said, ...] | None) -> Iterator[tuple[str, Fraction | None]]:
    """The values of strings as they are written and as exact numbers: a note is its MIDI number, a word None."""
    for one in said or ():
        for _, text, number, _ in one.different():
            note = note_number(text.partition("'")[0]) if number is None else None
            yield text, number if note is None else Fraction(note)


def wrong_words(
    said: tuple[Said, ...] | None, error: Callable[[str, Loc], ScoreError], wanted: Callable[[Atom], bool] = is_number
) -> Iterator[ScoreError]:
    """An error for each word of strings that stands where a number is `wanted`."""
    for one in said or ():
        for atom in one.unlike(wanted):
            yield error(atom.text, one.at(atom))
