"""Reads mini-notation: recursive descent from tokens to the tree, with the limits checked on the way."""

from __future__ import annotations

from collections.abc import Sequence as Several
from fractions import Fraction
from functools import lru_cache

from farm.errors import Loc, ScoreError
from farm.pattern.mini_tokens import CLOSER, DEEPEST, Token, failure, tokens_of
from farm.pattern.mini_tree import (
    SINGLE,
    Atom,
    Dropped,
    Euclid,
    Extent,
    Faster,
    Group,
    Indexed,
    Node,
    Rest,
    Sequence,
    Step,
    chord_parts,
    numbers_in,
)
from farm.pattern.pattern import HAPS_PER_CYCLE

HIGHEST = 2 * DEEPEST
"""The most brackets and modifiers inside each other."""

PATTERNED = 25
"""As how many of these a factor counts that is a pattern: each of its numbers asks all within for cycles of its own."""

LARGEST = 10**15
_NO_PATH = "a bank is a name, not a path: a score reaches no file but those of its sample folders (--samples FOLDER)"
_LONGEST_NUMBER = 40
_ENDS = frozenset(["]", ">", ")", "}", ",", "|", "end"])
_PLAIN = frozenset(["word", "number", "bus", "~"])
_CHANGES = frozenset(["*", "/", "@", "?", ":", "(", "%", "!", ".."])
"""What may follow a step and belong to it."""


def read(text: str, loc: Loc) -> Group:
    """The tree of a mini-notation text whose first character stands at `loc`.

    Raises `ScoreError` with the exact column for every mistake and for what would pass the limits.
    """
    return _Reader(text, loc).whole()


class _Reader:
    def __init__(self, text: str, loc: Loc) -> None:
        self.loc = loc
        self.tokens = tokens_of(text, loc)
        self.at = 0

    def fail(self, message: str, start: int, length: int = 1, hint: str | None = None) -> ScoreError:
        return failure(self.loc, message, start, length, hint)

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def glued(self, kind: str) -> Token | None:
        """The next token, taken if it is of this kind and follows the last one without a blank."""
        token = self.tokens[self.at]
        if token.kind == kind and token.start == self.tokens[self.at - 1].end:
            self.at += 1
            return token
        return None

    def number(self, token: Token) -> Fraction:
        text = token.text
        if len(text) > _LONGEST_NUMBER:
            raise self.fail(f"a number with more than {_LONGEST_NUMBER} digits", token.start, len(text))
        value = _number(text)
        if value is None:
            raise self.fail("a number over 1e15", token.start, len(text))
        return value

    # --- Extents

    def checked(self, extent: Extent, start: int, length: int = 1) -> Extent:
        if extent.peak > HAPS_PER_CYCLE:
            raise self.fail(
                f"this asks for about {extent.peak:,.0f} haps in one cycle, the limit is {HAPS_PER_CYCLE:,}",
                start,
                length,
            )
        if extent.height > HIGHEST:
            hint = f"a factor that is a pattern counts as {PATTERNED}"
            raise self.fail(f"steps are nested more than {HIGHEST} deep, modifiers included", start, hint=hint)
        return extent

    # --- Grammar

    def whole(self) -> Group:
        alternatives = self.alternatives()
        token = self.next()
        if token.kind != "end":
            raise self.fail(f"`{token.text}` closes nothing", token.start)
        return self.grouped(0, "[", alternatives, None)

    def alternatives(self) -> tuple[tuple[Sequence, ...], ...]:
        alternatives: list[tuple[Sequence, ...]] = []
        layers = [self.sequence()]
        while self.tokens[self.at].kind in (",", "|"):
            if self.next().kind == "|":
                alternatives.append(tuple(layers))
                layers = []
            layers.append(self.sequence())
        alternatives.append(tuple(layers))
        return tuple(alternatives)

    def sequence(self) -> Sequence:
        start = self.tokens[self.at].start
        feet: list[tuple[int, list[Step]]] = []
        steps: list[Step] = []
        tokens, new = self.tokens, tuple.__new__
        while (token := tokens[self.at]).kind not in _ENDS:
            kind = token.kind
            if kind in _PLAIN and tokens[self.at + 1].kind not in _CHANGES:
                steps.append(new(Step, (1, self.atom())))
            elif kind == ".":
                self.at += 1
                feet.append((start, steps))
                steps, start = [], token.start
            elif kind == "_":
                self.at += 1
                if not steps:
                    raise self.fail("`_` has no step before it to prolong", token.start)
                steps[-1] = Step(steps[-1].weight + 1, steps[-1].node)
            elif kind == "!":
                if not steps:
                    raise self.fail("`!` has no step before it to repeat", token.start)
                self.repeat(steps)
            else:
                steps.append(self.step())
                if tokens[self.at].kind == "..":
                    self.range(steps, token)
                while tokens[self.at].kind == "!":
                    self.repeat(steps)
                    while self.modify(steps, token):
                        pass
        if feet:
            feet.append((start, steps))
            steps = [Step(1, self.grouped(at, "[", ((self.sequenced(foot, at),),), None)) for at, foot in feet if foot]
        return self.sequenced(steps, start)

    def sequenced(self, steps: list[Step], start: int) -> Sequence:
        peak, layers, height, chance = 0.0, 0, 0, False
        for _, node in steps:
            own = node.extent
            if own is SINGLE:
                peak += 1.0
                layers = layers or 1
                continue
            peak += own.peak
            height = max(height, own.height)
            chance = chance or own.chance
            layers = max(layers, own.layers)
        return Sequence(tuple(steps), Extent(peak, layers, height, chance))

    def repeat(self, steps: list[Step]) -> None:
        """`!` and `!n` after a step: it stands n times (2 if not said)."""
        mark = self.next()
        count = self.glued("number")
        copies = 2 if count is None else self.count(count, "`!` takes a whole number of 1 or more")
        if len(steps) + copies > HAPS_PER_CYCLE:
            raise self.fail(f"more than {HAPS_PER_CYCLE:,} steps in one cycle", mark.start)
        steps.extend([steps[-1]] * (copies - 1))

    def count(self, token: Token, message: str) -> int:
        value = self.number(token)
        if value.denominator != 1 or value < 1:
            raise self.fail(message, token.start, len(token.text))
        return int(value)

    def range(self, steps: list[Step], first: Token) -> None:
        """`a .. b`: all whole numbers from a to b, in place of the step a."""
        dots = self.next()
        begin = steps[-1].node
        last = self.next()
        if not isinstance(begin, Atom) or begin.number is None or last.kind != "number":
            raise self.fail("`..` stands between two numbers", dots.start, 2, "for example `0 .. 3`")
        end = self.number(last)
        if begin.number.denominator != 1 or end.denominator != 1:
            raise self.fail("`..` counts in whole numbers", first.start, last.end - first.start)
        if abs(end - begin.number) + len(steps) > HAPS_PER_CYCLE:
            raise self.fail(f"a range of more than {HAPS_PER_CYCLE:,} steps", dots.start, 2)
        low, high = int(begin.number), int(end)
        steps.pop()
        for value in range(low, high + 1) if low <= high else range(low, high - 1, -1):
            steps.append(Step(1, Atom(begin.offset, str(value), Fraction(value), SINGLE)))
        following = self.tokens[self.at]
        glued = following.kind == "(" and following.start == last.end
        if following.kind in ("*", "/", "@", "?", ":", "%", "..") or glued:
            raise self.fail("a range takes no modifier", following.start, hint="put it into brackets: `[0 .. 3]*2`")

    def step(self) -> Step:
        token = self.tokens[self.at]
        steps = [Step(1, self.atom())]
        while self.modify(steps, token):
            pass
        return steps[0]

    def modify(self, steps: list[Step], first: Token) -> bool:
        """Takes one modifier of the last step and of its copies; false if there is none."""
        token = self.tokens[self.at]
        kind = token.kind
        if kind == "(" and token.start != self.tokens[self.at - 1].end:
            return False
        if kind not in ("*", "/", "@", "?", ":", "("):
            if kind == "%":
                raise self.fail("`%` follows a `{ }` group", token.start)
            return False
        self.at += 1
        old = steps[-1]
        if kind == "@":
            given = Step(self.weight(token), old.node)
        else:
            given = Step(old.weight, self.modified(token, old.node))
        copies = 1
        while copies < len(steps) and steps[-1 - copies] is old:
            copies += 1
        steps[-copies:] = [given] * copies
        return True

    def modified(self, token: Token, node: Node) -> Node:
        if token.kind in "*/":
            return self.faster(token, node)
        if token.kind == "?":
            given = self.glued("number")
            probability = Fraction(1, 2) if given is None else self.number(given)
            if given is not None and not 0 <= probability <= 1:
                raise self.fail("a probability lies between 0 and 1", given.start, len(given.text))
            old = node.extent
            extent = self.checked(Extent(old.peak, old.layers, old.height + 1, True), token.start)
            return Dropped(token.start, node, float(probability), extent)
        if token.kind == ":":
            return self.indexed(token, node)
        return self.euclid(token, node)

    def weight(self, token: Token) -> Fraction | int:
        value = self.next()
        if value.kind != "number":
            raise self.fail("`@` needs a number", token.start, hint="for example `bd@3`")
        weight = self.number(value)
        if weight <= 0:
            raise self.fail("a weight is above 0", value.start, len(value.text))
        return int(weight) if weight.denominator == 1 else weight

    def indexed(self, token: Token, node: Node) -> Node:
        given = self.glued("number")
        if given is None:
            raise self.fail("`:` is followed by a sample number", token.start, hint="for example `bd:3`")
        if not given.text.isdigit():
            hint = "samples are counted: 0, 1, 2 ..."
            raise self.fail("a sample number is a whole number of 0 or more", given.start, len(given.text), hint)
        for atom in numbers_in(node):
            if atom.number is not None or atom.text[0] == "~" or "'" in atom.text or ":" in atom.text:
                raise self.fail(
                    f"`:{given.text}` has no meaning on `{atom.text}`", token.start, given.end - token.start
                )
        old = node.extent
        extent = self.checked(Extent(old.peak, old.layers, old.height + 1, old.chance), token.start)
        return Indexed(token.start, node, int(self.number(given)), extent)

    def faster(self, token: Token, node: Node) -> Node:
        factor = self.factor(token, "bd*2" if token.kind == "*" else "bd/2")
        slower = token.kind == "/"
        rates: list[float] = []
        for atom in numbers_in(factor):
            value = self.needs_number(atom)
            sign = value.numerator
            if isinstance(factor, Atom) and (sign < 0 or (slower and not sign)):
                what = "cannot run backwards" if sign < 0 else "cannot be slowed by 0"
                raise self.fail(f"a pattern {what}", atom.offset, len(atom.text))
            if sign > 0:
                rates.append(float(1 / value if slower else value))
        fastest = max(rates, default=0.0)
        old, by = node.extent, factor.extent
        extent = Extent(
            old.peak * fastest * by.layers,
            old.layers * by.layers,
            max(old.height, by.height) + (1 if isinstance(factor, Atom) else PATTERNED),
            old.chance or by.chance,
        )
        where = self.tokens[self.at - 1]
        self.checked(extent, token.start, where.end - token.start)
        return Faster(token.start, node, factor, slower, extent)

    def factor(self, token: Token, example: str) -> Node:
        kind = self.tokens[self.at].kind
        if kind not in ("number", "<", "["):
            hint = _NO_PATH if token.kind == "/" and kind == "word" else f"for example `{example}`"
            raise self.fail(f"`{token.kind}` needs a number, a `<…>` or a `[…]`", token.start, hint=hint)
        return self.atom()

    def needs_number(self, atom: Atom) -> Fraction:
        if atom.number is None:
            raise self.fail(f"`{atom.text}` is not a number", atom.offset, len(atom.text))
        return atom.number

    def euclid(self, token: Token, node: Node) -> Node:
        arguments = [self.argument(token)]
        while self.next().kind == ",":
            arguments.append(self.argument(token))
        closing = self.tokens[self.at - 1]
        if closing.kind != ")":
            raise self.fail("`|` has no meaning among these arguments", closing.start)
        if not 2 <= len(arguments) <= 3:
            raise self.fail(
                "a Euclidean rhythm takes two or three arguments",
                token.start,
                closing.end - token.start,
                "hits, steps and rotation: `bd(3,8,2)`",
            )
        hits, steps = arguments[:2]
        most_steps = max((abs(self.whole_number(atom)) for atom in numbers_in(steps)), default=0)
        most_hits = 0
        for atom in numbers_in(hits):
            value = self.whole_number(atom)
            most_hits = max(most_hits, most_steps if value < 0 else min(value, most_steps))
        for argument in arguments[2:]:
            for atom in numbers_in(argument):
                self.whole_number(atom)
        if most_steps > HAPS_PER_CYCLE:
            raise self.fail(f"a rhythm of more than {HAPS_PER_CYCLE:,} steps", token.start, closing.end - token.start)
        old = node.extent
        extents = [argument.extent for argument in arguments]
        together = 1
        for one in extents:
            together *= max(one.layers, 1)
        extent = Extent(
            float(most_hits * old.layers * together),
            old.layers * together,
            max(old.height, *[one.height for one in extents]) + 1,
            old.chance or any(one.chance for one in extents),
        )
        self.checked(extent, token.start, closing.end - token.start)
        return Euclid(token.start, node, hits, steps, arguments[2] if len(arguments) > 2 else None, extent)

    def whole_number(self, atom: Atom) -> int:
        value = self.needs_number(atom)
        if value.denominator != 1:
            raise self.fail("a Euclidean rhythm takes whole numbers", atom.offset, len(atom.text))
        return int(value)

    def argument(self, token: Token) -> Node:
        start = self.tokens[self.at].start
        sequence = self.sequence()
        if not sequence.steps:
            raise self.fail("a Euclidean rhythm misses an argument", token.start, hint="for example `bd(3,8)`")
        if len(sequence.steps) == 1 and sequence.steps[0].weight == 1:
            return sequence.steps[0].node
        return self.grouped(start, "[", ((sequence,),), None)

    def atom(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        kind, text, start, _ = token
        if kind == "word":
            extent = self.word_extent(token) if "'" in text or ":" in text else SINGLE
            return tuple.__new__(Atom, (start, text, None, extent))
        if kind == "number":
            return tuple.__new__(Atom, (start, text, self.number(token), SINGLE))
        if kind == "~":
            return Rest(token.start)
        if kind == "bus":
            return Atom(token.start, token.text, None, SINGLE)
        if kind not in CLOSER and kind in ("/", ".."):
            raise self.fail(f"`{kind}` has nothing before it", start, len(kind), _NO_PATH)
        if kind not in CLOSER:
            raise self.fail(f"`{token.text}` has nothing before it", token.start)
        alternatives = self.alternatives()
        self.at += 1
        pace: Node | None = None
        if kind == "{" and (percent := self.glued("%")):
            pace = self.factor(percent, "{a b c}%4")
            for atom in numbers_in(pace):
                value = self.needs_number(atom)
                if isinstance(pace, Atom) and value <= 0:
                    raise self.fail("a polymeter has more than 0 steps a cycle", atom.offset, len(atom.text))
        return self.grouped(token.start, "[" if kind == "(" else kind, alternatives, pace)

    def word_extent(self, token: Token) -> Extent:
        text = token.text
        index = text.rpartition(":")[2] if ":" in text else ""
        if len(index) > _LONGEST_NUMBER or (index and int(index) > LARGEST):
            raise self.fail("a sample number over 1e15", token.end - len(index), len(index))
        if "'" not in text:
            return SINGLE
        notes = len(chord_parts(text)[1] or (0,))
        return Extent(float(notes), notes, 0, False)

    def grouped(
        self, start: int, kind: str, alternatives: tuple[tuple[Sequence, ...], ...], pace: Node | None
    ) -> Group:
        peak, together, height = 0.0, 0, 0
        chance = len(alternatives) > 1
        for layers in alternatives:
            steps = self.pace_of(layers, pace) if kind == "{" else 1.0
            peak_here, together_here = 0.0, 0
            for layer in layers:
                own = layer.extent
                peak_here += _layer_peak(layer, kind, steps)
                together_here += own.layers
                height = max(height, own.height)
                chance = chance or own.chance
            peak, together = max(peak, peak_here), max(together, together_here)
        if pace is not None:
            chance = chance or pace.extent.chance
            together *= max(pace.extent.layers, 1)
            peak *= max(pace.extent.layers, 1)
            height = max(height, pace.extent.height)
        extent = self.checked(Extent(peak, together, height + 1, chance), start)
        return Group(start, kind, alternatives, pace, extent)

    def pace_of(self, layers: Several[Sequence], pace: Node | None) -> float:
        if pace is None:
            return float(layers[0].weight)
        return max((float(self.needs_number(atom)) for atom in numbers_in(pace)), default=0.0)


def _layer_peak(layer: Sequence, kind: str, pace: float) -> float:
    if kind == "[" or not layer.steps:
        return layer.extent.peak
    if kind == "<":
        return max(step.node.extent.peak for step in layer.steps)
    return layer.extent.peak * max(pace, 0.0) / float(layer.weight)


@lru_cache(maxsize=4096)
def _number(text: str) -> Fraction | None:
    """A number as written; None if it is too large."""
    value = Fraction(text)
    return value if abs(value) <= LARGEST else None
