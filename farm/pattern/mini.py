"""Mini-notation to patterns: the meaning of each node of the syntax tree.

Chance is seeded by the path in the tree (which alternative, layer and step, from the outside in), so that
changing one step leaves the coins of all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from farm.errors import Loc, Notice, ScoreError, suggestion
from farm.pattern import mini_tree as tree
from farm.pattern.chance import child_seed
from farm.pattern.euclid import euclid
from farm.pattern.hap import Haps
from farm.pattern.joins import inner_join, sample
from farm.pattern.mini_reader import read
from farm.pattern.notes import CHORDS, note_number
from farm.pattern.pattern import Pattern, Value, chord, constant, per_hap, pure, silence
from farm.pattern.sequences import dropped, randcat, slowcat, stack, timecat
from farm.pattern.time import Ints
from farm.pattern.views import faster
from farm.pattern.words import ChordNote, Words

_NODE, _FACTOR, _HITS, _STEPS, _ROTATION, _CHOICE = -1, -2, -3, -4, -5, -6
"""Branches of the seed's path that are not numbered steps."""


def parse(text: str, loc: Loc, words: Words, seed: int, notices: list[Notice] | None = None) -> Pattern:
    """The pattern of a mini-notation text; haps have the columns `v` (id of the value) and `loc` (id of its place).

    `loc` is the place of the text's first character (not of the quote before it). Raises `ScoreError` with the
    column of the mistake; notices (an unknown chord) are appended to `notices`.
    """
    return built(read(text, loc), text, loc, words, seed, notices)


def built(
    read: tree.MiniGroup, text: str, loc: Loc, words: Words, seed: int, notices: list[Notice] | None = None
) -> Pattern:
    """The pattern of a text that was read; `seed` means something only if there is chance in it."""
    return _Builder(text, loc, words, notices).group(read, seed)


class _Builder:
    def __init__(self, text: str, loc: Loc, words: Words, notices: list[Notice] | None) -> None:
        self.loc = loc
        self.place = words.add_text(loc, text)
        self.words = words
        self.notices = notices
        self.known: dict[int, Pattern] = {}

    def node(self, node: tree.Node, seed: int) -> Pattern:
        """The pattern of a node; without chance in it, one for all its copies."""
        if node.extent.chance:
            return self.made(node, seed)
        key = id(node)
        pattern = self.known.get(key)
        if pattern is None:
            pattern = self.known[key] = self.made(node, seed)
        return pattern

    def made(self, node: tree.Node, seed: int) -> Pattern:
        if isinstance(node, tree.Atom):
            value = self.value(node)
            return self.chord(node) if value is None else pure(*value)
        if isinstance(node, tree.MiniGroup):
            return self.group(node, seed)
        if isinstance(node, tree.Rest):
            return silence
        inner = self.node(node.node, self.branch(node.node, seed, _NODE))
        if isinstance(node, tree.Faster):
            return self.faster(node, inner, seed)
        if isinstance(node, tree.Dropped):
            return dropped(inner, node.probability, seed)
        if isinstance(node, tree.Indexed):
            return self.indexed(inner, node.number)
        return self.euclid(node, inner, seed)

    def branch(self, node: tree.Node | tree.Sequence, seed: int, index: int) -> int:
        """The seed of a branch; computed only where chance will ask for it."""
        return child_seed(seed, index) if node.extent.chance else seed

    def value(self, atom: tree.Atom) -> Value | None:
        """What a number, a word or a bus stands for, and its place; None for a chord."""
        offset, text, number, _ = atom
        value = self.words.written.get(text)
        if value is None:
            if number is None and "'" in text:
                return None
            value = self.words.written[text] = self.words.intern(text if number is None else number)
        return value, self.place + offset

    def chord(self, atom: tree.Atom) -> Pattern:
        words, loc = self.words, self.place + atom.offset
        name, intervals = tree.chord_parts(atom.text)
        root = note_number(name)
        if root is None:
            raise ScoreError(
                f"`{name}` is not the name of a note",
                loc=self.loc.shifted(atom.offset, len(name)),
                hint="a chord is a root and a quality: `c4'maj7`",
            )
        if intervals is None:
            intervals = (0,)
            if self.notices is not None:
                quality = atom.text.partition("'")[2]
                hint = suggestion(quality, CHORDS) or f"the chords: {', '.join(CHORDS)}"
                self.notices.append(Notice(f"unknown chord `{quality}`: the root alone sounds", words.loc(loc), hint))
        notes = [ChordNote(Fraction(root + interval), len(intervals)) for interval in intervals]
        return chord([words.intern(note) for note in notes], loc)

    def group(self, group: tree.MiniGroup, seed: int) -> Pattern:
        chance = group.extent.chance
        if len(group.alternatives) == 1 and len(group.alternatives[0]) == 1:
            layer = group.alternatives[0][0]
            if chance:
                seed = child_seed(seed, 0)
                seed = child_seed(seed, 0) if layer.extent.chance else seed
            return self.layer(group, layer, layer.weight if group.kind == "{" else 1, seed)
        choices = []
        for i, layers in enumerate(group.alternatives):
            of_choice = child_seed(seed, i) if chance else seed
            first = layers[0].weight if group.kind == "{" else 1
            built = []
            for j, layer in enumerate(layers):
                of_layer = child_seed(of_choice, j) if chance and layer.extent.chance else of_choice
                built.append(self.layer(group, layer, first, of_layer))
            choices.append(built[0] if len(built) == 1 else stack(built))
        return choices[0] if len(choices) == 1 else randcat(choices, child_seed(seed, _CHOICE))

    def layer(self, group: tree.MiniGroup, layer: tree.Sequence, first: Fraction | int, seed: int) -> Pattern:
        known, place = self.words.written, self.place
        steps: list[tuple[Fraction | int, Pattern | Value]] = []
        for i, (weight, node) in enumerate(layer.steps):
            if type(node) is tree.Atom:
                offset, text, _, _ = node
                value = known.get(text)
                plain = self.value(node) if value is None else (value, place + offset)
                steps.append((weight, plain or self.node(node, seed)))
            else:
                steps.append((weight, self.node(node, child_seed(seed, i) if node.extent.chance else seed)))
        if not steps:
            return silence
        if group.kind == "[":
            return timecat(steps)
        if group.kind == "<":
            if all(weight == 1 for weight, _ in steps):
                return slowcat([step if isinstance(step, Pattern) else pure(*step) for _, step in steps])
            return faster(Fraction(1) / layer.weight, timecat(steps))
        cycle, weight = timecat(steps), layer.weight
        if group.pace is None:
            return faster(Fraction(first) / weight, cycle)
        return self.chosen(group.pace, seed, lambda pace: faster(pace / weight, cycle))

    def chosen(self, argument: tree.Node, seed: int, choose: Callable[[Fraction], Pattern]) -> Pattern:
        """`choose(number)`, or where the argument is a pattern, each stretch of it by its own number."""
        if isinstance(argument, tree.Atom) and argument.number is not None:
            return choose(argument.number)
        selector = self.node(argument, self.branch(argument, seed, _FACTOR))
        return inner_join(selector, lambda value: choose(self.words.exact(value) or Fraction(0)), self.words.rank)

    def faster(self, node: tree.Faster, inner: Pattern, seed: int) -> Pattern:
        if not node.slower:
            if type(node.factor) is tree.Atom and node.factor.number is not None:
                return faster(node.factor.number, inner)
            return self.chosen(node.factor, seed, lambda rate: faster(rate, inner))
        return self.chosen(node.factor, seed, lambda rate: faster(1 / rate, inner) if rate > 0 else silence)

    def euclid(self, node: tree.Euclid, inner: Pattern, seed: int) -> Pattern:
        if self.notices is not None:
            self.notices += crowded(node, self.loc)

        def argument(one: tree.Node | None, branch: int, choose: Callable[[int], Pattern]) -> Pattern:
            if one is None:
                return choose(0)
            return self.chosen(one, self.branch(one, seed, branch), lambda number: choose(int(number)))

        return argument(
            node.hits,
            _HITS,
            lambda hits: argument(
                node.steps,
                _STEPS,
                lambda steps: argument(
                    node.rotation, _ROTATION, lambda rotation: euclidean(hits, steps, rotation, inner)
                ),
            ),
        )

    def indexed(self, pattern: Pattern, index: int) -> Pattern:
        words = self.words

        def change(haps: Haps, _: Ints) -> Haps:
            ids, places = haps.entries("v"), haps.entries("loc")
            assert ids is not None and places is not None, "a pattern of mini-notation has values and places"
            new = [renamed(int(one), place) for one, place in zip(ids, places, strict=True)]
            return haps.with_column("v", np.array(new, np.float64))

        def renamed(value: int, place: float) -> int:
            return words.intern(f"{words.text(words.name(value, place))}:{index}")

        if pattern.pieces is not None and pattern.coin is None:
            return constant([(b, e, renamed(value, loc), loc) for b, e, value, loc in pattern.pieces], pattern.grid)
        return per_hap(pattern, change)


def crowded(node: tree.Euclid, loc: Loc) -> Iterator[Notice]:
    """A warning for each number of hits that is more than a rhythm has steps in any cycle; `loc`: the text's place.

    The reader has seen that all of them are whole.
    """
    steps = max((atom.number.numerator for atom in tree.numbers_in(node.steps) if atom.number is not None), default=0)
    for atom in tree.numbers_in(node.hits):
        if atom.number is not None and atom.number.numerator > steps > 0:
            message = f"{atom.text} hits are more than the {steps} steps of this rhythm: {steps} are played"
            yield Notice(message, loc.shifted(atom.offset, len(atom.text)), "hits, then steps: `bd(3,8)`")


def euclidean(hits: int, steps: int, rotation: int, pattern: Pattern) -> Pattern:
    """What sounds in `pattern` at each hit of a Euclidean rhythm, one step long."""
    struck = [step for step, hit in enumerate(euclid(hits, steps, rotation)) if hit]
    if not struck:
        return silence
    if pattern.pieces is not None and pattern.coin is None and pattern.grid == 1:
        return constant([(step, step + 1, value, loc) for step in struck for _, _, value, loc in pattern.pieces], steps)
    rhythm = constant([(step, step + 1, 0, 0) for step in struck], steps)
    return sample(rhythm, pattern, lambda hit, haps: hit.valued(haps.key, haps.values, haps.names))
