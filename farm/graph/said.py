"""What the strings of a score say, known from their text without asking a cycle."""

from __future__ import annotations

from farm.errors import Loc
from farm.pattern.mini_tokens import mark_at
from farm.pattern.mini_tree import Atom, Group, values_in
from workers.records import record


@record(frozen=True, slots=True, eq=False)
class Said:
    """A string, and how it was read; `loc` is its first character."""

    text: str
    tree: Group
    loc: Loc

    @property
    def atoms(self) -> list[Atom]:
        """The values it can show, in the order of the text."""
        return values_in(self.tree)

    def at(self, atom: Atom) -> Loc:
        """Where one of its values stands."""
        return self.loc.shifted(atom.offset, len(mark_at(self.text, atom.offset)))
