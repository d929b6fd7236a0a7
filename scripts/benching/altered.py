"""Scores whose graphs are changed before they are rendered: other voices, fewer outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from farm.graph.graph import Graph
from farm.graph.score import Score


class Altered(Score):
    """A score every graph of which goes through `change`."""

    change: Callable[[Graph], Graph]

    def graph(self, seed: int) -> Graph:
        """The changed graph for a seed."""
        return self.change(super().graph(seed))


def altered(score: Score, change: Callable[[Graph], Graph]) -> Score:
    """The score with `change` between its text and each rendering."""
    made = Altered(**{one.name: getattr(score, one.name) for one in fields(score)})
    object.__setattr__(made, "change", change)
    return made
