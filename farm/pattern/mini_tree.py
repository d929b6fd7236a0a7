"""The syntax tree of mini-notation.

    pattern  = layers { "|" layers }               by chance one of them in each cycle
    layers   = sequence { "," sequence }           together
    sequence = { step | "_" | "." | "!" | number ".." number }
    step     = atom { "*" factor | "/" factor | "!" [n] | "@" n | "?" [n] | ":" n | "(" euclid ")" }
    atom     = word | number | "~" | "[" pattern "]" | "(" pattern ")" | "<" pattern ">" | "{" pattern "}" ["%" factor]
    factor   = number | "<" … ">" | "[" … "]"

Every node knows its `Density`, computed while reading, so that a text that asks for too much is refused by
arithmetic, before a pattern is built.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from farm.pattern.notes import CHORDS


class Density(NamedTuple):
    """How much a node may sound: haps a cycle, haps at once, nodes below each other, and whether chance is in it."""

    peak: float
    layers: int
    height: int
    chance: bool


SINGLE = Density(1.0, 1, 0, False)
SILENT = Density(0.0, 0, 0, False)


class Atom(NamedTuple):
    """A number, a word, a bus symbol or a chord, as written."""

    offset: int
    text: str
    number: Fraction | None
    extent: Density


class Rest(NamedTuple):
    """Silence for a step."""

    offset: int
    extent: Density = SILENT


class Step(NamedTuple):
    """A node and how long it is beside its neighbours."""

    weight: Fraction | int
    node: Node


class Sequence(NamedTuple):
    """Steps one after another."""

    steps: tuple[Step, ...]
    extent: Density

    @property
    def weight(self) -> Fraction | int:
        return sum(step.weight for step in self.steps)


class MiniGroup(NamedTuple):
    """A bracket: alternatives (by chance) of layers (together) of sequences.

    kind "[": a cycle holds the sequence; "<": one step a cycle; "{": `pace` steps a cycle, by default as many as
    the first sequence has.
    """

    offset: int
    kind: str
    alternatives: tuple[tuple[Sequence, ...], ...]
    pace: Node | None
    extent: Density


class Faster(NamedTuple):
    """`node * factor`, or `node / factor` if `slower`."""

    offset: int
    node: Node
    factor: Node
    slower: bool
    extent: Density


class Dropped(NamedTuple):
    """`node?probability`."""

    offset: int
    node: Node
    probability: float
    extent: Density


class Euclid(NamedTuple):
    """`node(hits, steps, rotation)`."""

    offset: int
    node: Node
    hits: Node
    steps: Node
    rotation: Node | None
    extent: Density


class Indexed(NamedTuple):
    """`node:index`: the sample number of every word in the node."""

    offset: int
    node: Node
    number: int
    extent: Density


Node = Atom | Rest | MiniGroup | Faster | Dropped | Euclid | Indexed


def numbers_in(node: Node | Sequence) -> list[Atom]:
    """All atoms of a tree, in the order of the text: the values a patterned argument can take."""
    if isinstance(node, Atom):
        return [node]
    if isinstance(node, Sequence):
        return [atom for step in node.steps for atom in numbers_in(step.node)]
    if isinstance(node, MiniGroup):
        return [atom for layers in node.alternatives for layer in layers for atom in numbers_in(layer)]
    return [] if isinstance(node, Rest) else numbers_in(node.node)


def values_in(node: Node | Sequence) -> list[Atom]:
    """The atoms whose values a pattern can show, in the order of the text, those that never sound left out.

    A word with a sample number (`[bd sn]:3`) is the atom `bd:3` and has no number.
    """
    found: list[Atom] = []
    _add_values(node, found)
    return found


def _add_values(node: Node | Sequence, found: list[Atom]) -> None:
    if isinstance(node, Atom):
        found.append(node)
    elif isinstance(node, Sequence):
        for step in node.steps:
            _add_values(step.node, found)
    elif not node.extent.peak or isinstance(node, Rest):
        return
    elif isinstance(node, MiniGroup):
        for layers in node.alternatives:
            for layer in layers:
                _add_values(layer, found)
    elif isinstance(node, Indexed):
        for offset, text, _, extent in values_in(node.node):
            found.append(Atom(offset, f"{text}:{node.number}", None, extent))
    elif not isinstance(node, Dropped) or node.probability < 1:
        _add_values(node.node, found)


def shows_any(node: Node) -> bool:
    """Whether `values_in` a tree are any."""
    waiting: list[Node | Sequence] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Atom):
            return True
        if isinstance(one, Sequence):
            waiting += [step.node for step in one.steps]
        elif not one.extent.peak or isinstance(one, Rest):
            continue
        elif isinstance(one, MiniGroup):
            waiting += [layer for layers in one.alternatives for layer in layers]
        elif not isinstance(one, Dropped) or one.probability < 1:
            waiting.append(one.node)
    return False


@lru_cache(maxsize=4096)
def chord_parts(text: str) -> tuple[str, tuple[int, ...] | None]:
    """The root's name and the intervals of `root'quality`; None for an unknown quality."""
    root, _, quality = text.partition("'")
    return root, CHORDS.get(quality)
