"""Reads mini-notation: recursive descent from tokens to the tree, with the limits checked on the way."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from farm.errors import Loc, ScoreError
from farm.pattern.mini_density import Alternatives, of_group, sequenced
from farm.pattern.mini_tokens import CLOSER, DEEPEST, LONGEST_NUMBER, MiniToken, failure, tokens_of
from farm.pattern.mini_tree import (
    SILENT,
    SINGLE,
    Atom,
    Density,
    Dropped,
    Euclid,
    Faster,
    Indexed,
    MiniGroup,
    Node,
    Rest,
    Sequence,
    Step,
    numbers_in,
)
from farm.pattern.pattern import HAPS_PER_CYCLE

HIGHEST = 2 * DEEPEST
"""The most brackets and modifiers inside each other."""

PATTERNED = 25
"""As how many of these a factor counts that is a pattern: each of its numbers asks all within for cycles of its own."""

ANYWHERE = Loc("", 1, 1)
"""The place of a text whose mistakes are placed later."""

_NO_PATH = "a bank is a name, not a path: a score reaches no file but those of its sample folders (--samples FOLDER)"
_PARTS = frozenset([",", "|"])
_ENDS = frozenset(["]", ">", ")", "}", ",", "|", "end"])
_CHANGES = frozenset(["*", "/", "@", "?", ":", "(", "%", "!", ".."])
"""What may follow a step and belong to it."""
_MODIFIERS = frozenset(["*", "/", "@", "?", ":", "("])


def read(text: str, loc: Loc) -> MiniGroup:
    """The tree of a mini-notation text whose first character stands at `loc`.

    Raises `ScoreError` with the exact column for every mistake and for what would pass the limits.
    """
    return read_tokens(text, loc)[0]


def read_tokens(text: str, loc: Loc) -> tuple[MiniGroup, list[MiniToken]]:
    """The same, and the tokens that it was read from; the last is of kind "end"."""
    try:
        return _read(text)
    except ScoreError as error:
        raise placed_from(error, loc) from None


def placed_from(error: ScoreError, loc: Loc) -> ScoreError:
    """An error of a text that was read anywhere, in a text whose first character stands at `loc`."""
    assert error.loc is not None, "every mistake has its column"
    at = loc.shifted(error.loc.column - ANYWHERE.column, error.loc.length)
    return ScoreError(error.message, loc=at, hint=error.hint)


@lru_cache(maxsize=1)
def _read(text: str) -> tuple[MiniGroup, list[MiniToken]]:
    """The same, of a text that may stand anywhere.

    The last text is remembered: of some the tree is asked for twice, one time right after the other.
    """
    reader = _Reader(text, ANYWHERE)
    return reader.whole(), reader.tokens


class _Reader:
    def __init__(self, text: str, loc: Loc) -> None:
        self.loc = loc
        self.tokens, self.starts = tokens_of(text, loc)
        self.at = 0

    def fail(self, message: str, start: int, length: int = 1, hint: str | None = None) -> ScoreError:
        return failure(self.loc, message, start, length, hint)

    def next(self) -> int:
        """The index of the next token, which is taken."""
        at = self.at
        self.at = at + 1
        return at

    def glued(self, kind: str) -> int | None:
        """The index of the next token, taken if it is of this kind and follows the last one without a blank."""
        at = self.at
        if self.tokens[at].kind == kind and not self.tokens[at - 1].parted:
            self.at = at + 1
            return at
        return None

    def end(self, at: int) -> int:
        """Where a token ends."""
        return self.starts[at] + len(self.tokens[at].text)

    def wrong(self, message: str, at: int, hint: str | None = None) -> ScoreError:
        """An error at a token."""
        return self.fail(message, self.starts[at], max(1, len(self.tokens[at].text)), hint)

    def number(self, at: int) -> Fraction:
        """The value of a number."""
        value = self.tokens[at].number
        if value is None:
            if len(self.tokens[at].text) > LONGEST_NUMBER:
                raise self.wrong(f"a number with more than {LONGEST_NUMBER} digits", at)
            raise self.wrong("a number over 1e15", at)
        return value

    # --- Extents

    def extent(
        self, peak: float, layers: int, height: int, chance: bool, start: int, last: int | None = None
    ) -> Density:
        """What a node may sound, refused at `start`, up to the end of token `last`, where it is too much."""
        if peak > HAPS_PER_CYCLE:
            what = f"this asks for about {peak:,.0f} haps in one cycle, the limit is {HAPS_PER_CYCLE:,}"
            raise self.fail(what, start, 1 if last is None else self.end(last) - start)
        if height > HIGHEST:
            hint = f"a factor that is a pattern counts as {PATTERNED}"
            raise self.fail(f"steps are nested more than {HIGHEST} deep, modifiers included", start, hint=hint)
        return tuple.__new__(Density, (peak, layers, height, chance))

    # --- Grammar

    def whole(self) -> MiniGroup:
        alternatives = self.alternatives()
        at = self.next()
        if self.tokens[at].kind != "end":
            raise self.fail(f"`{self.tokens[at].text}` closes nothing", self.starts[at])
        return self.grouped(0, "[", alternatives, None)

    def alternatives(self) -> Alternatives:
        first = self.sequence()
        if self.tokens[self.at].kind not in _PARTS:
            return ((first,),)
        layers = [first]
        alternatives: list[tuple[Sequence, ...]] = []
        while (kind := self.tokens[self.at].kind) in _PARTS:
            self.at += 1
            if kind == "|":
                alternatives.append(tuple(layers))
                layers = []
            layers.append(self.sequence())
        alternatives.append(tuple(layers))
        return tuple(alternatives)

    def sequence(self) -> Sequence:
        at = self.at
        start = self.starts[at]
        feet: list[tuple[int, list[Step]]] = []
        steps: list[Step] = []
        tokens, starts, new = self.tokens, self.starts, tuple.__new__
        while True:
            token = tokens[at]
            extent = token.extent
            if extent is not None:
                step = new(Step, (1, new(Atom, (starts[at], token.text, token.number, extent))))
                at += 1
                if tokens[at].kind in _CHANGES:
                    self.at = at
                    self.add(step, steps, at - 1)
                    at = self.at
                else:
                    steps.append(step)
                continue
            kind = token.kind
            if kind in _ENDS:
                break
            self.at = at
            if kind == ".":
                self.at += 1
                feet.append((start, steps))
                steps, start = [], starts[self.at]
            elif kind == "_":
                self.at += 1
                if not steps:
                    raise self.wrong("`_` has no step before it to prolong", at, "for example `bd _ sn`; a rest is `~`")
                steps[-1] = Step(steps[-1].weight + 1, steps[-1].node)
            elif kind == "!":
                if not steps:
                    raise self.wrong("`!` has no step before it to repeat", at, "for example `bd ! sn`")
                self.repeat(steps)
            else:
                self.add(new(Step, (1, self.atom())), steps, at)
            at = self.at
        self.at = at
        if feet:
            feet.append((start, steps))
            steps = [Step(1, self.grouped(at, "[", ((sequenced(foot),),), None)) for at, foot in feet if foot]
        return sequenced(steps)

    def add(self, step: Step, steps: list[Step], first: int) -> None:
        """A step, which began with token `first`, with all that changes it."""
        while (given := self.changed(step)) is not None:
            step = given
        steps.append(step)
        if self.tokens[self.at].kind == "..":
            self.range(steps, first)
        while self.tokens[self.at].kind == "!":
            self.repeat(steps)
            while (given := self.changed(old := steps[-1])) is not None:
                copies = 1
                while copies < len(steps) and steps[-1 - copies] is old:
                    copies += 1
                steps[-copies:] = [given] * copies

    def repeat(self, steps: list[Step]) -> None:
        """`!` and `!n` after a step: it stands n times (2 if not said)."""
        mark = self.next()
        count = self.glued("number")
        copies = 2 if count is None else self.count(count, "`!` takes a whole number of 1 or more")
        if len(steps) + copies > HAPS_PER_CYCLE:
            raise self.wrong(f"more than {HAPS_PER_CYCLE:,} steps in one cycle", mark)
        steps.extend([steps[-1]] * (copies - 1))

    def count(self, at: int, message: str) -> int:
        value = self.number(at)
        if value.denominator != 1 or value < 1:
            raise self.wrong(message, at, "for example `bd!3`; a rest is `~`")
        return int(value)

    def range(self, steps: list[Step], first: int) -> None:
        """`a .. b`: all whole numbers from a to b, in place of the step a."""
        dots, last = self.next(), self.next()
        begin = steps[-1].node
        if not isinstance(begin, Atom) or begin.number is None or self.tokens[last].kind != "number":
            raise self.wrong("`..` stands between two numbers", dots, "for example `0 .. 3`")
        end = self.number(last)
        if begin.number.denominator != 1 or end.denominator != 1:
            start = self.starts[first]
            raise self.fail("`..` counts in whole numbers", start, self.end(last) - start)
        if abs(end - begin.number) + len(steps) > HAPS_PER_CYCLE:
            raise self.wrong(f"a range of more than {HAPS_PER_CYCLE:,} steps", dots)
        low, high = int(begin.number), int(end)
        steps.pop()
        for value in range(low, high + 1) if low <= high else range(low, high - 1, -1):
            steps.append(Step(1, Atom(begin.offset, str(value), Fraction(value), SINGLE)))
        kind = self.tokens[self.at].kind
        if kind in ("*", "/", "@", "?", ":", "%", "..") or (kind == "(" and not self.tokens[last].parted):
            start = self.starts[self.at]
            raise self.fail("a range takes no modifier", start, hint="put it into brackets: `[0 .. 3]*2`")

    def changed(self, step: Step) -> Step | None:
        """A step with the modifier that comes next, which is taken; None if there is none."""
        at = self.at
        kind = self.tokens[at].kind
        if kind not in _MODIFIERS or (kind == "(" and self.tokens[at - 1].parted):
            if kind == "%":
                raise self.fail("`%` follows a `{ }` group", self.starts[at])
            return None
        self.at = at + 1
        weight, node = step
        if kind == "@":
            return Step(self.weight(at), node)
        if kind == "?":
            changed = self.dropped(at, node)
        elif kind == ":":
            changed = self.indexed(at, node)
        elif kind == "(":
            changed = self.euclid(at, node)
        else:
            changed = self.faster(kind == "/", at, node)
        return tuple.__new__(Step, (weight, changed))

    def dropped(self, at: int, node: Node) -> Node:
        given = self.glued("number")
        probability = 0.5
        if given is not None:
            exact = self.number(given)
            if not 0 <= exact <= 1:
                raise self.wrong("a probability lies between 0 and 1", given, "for example `bd?0.3`")
            probability = float(exact)
        peak, layers, height, _ = node.extent
        start = self.starts[at]
        return Dropped(start, node, probability, self.extent(peak, layers, height + 1, True, start))

    def weight(self, at: int) -> Fraction | int:
        value = self.next()
        if self.tokens[value].kind != "number":
            raise self.wrong("`@` needs a number", at, "for example `bd@3`")
        weight = self.number(value)
        if weight <= 0:
            raise self.wrong("a weight is above 0", value, "for example `bd@3`; a rest is `~`")
        return int(weight) if weight.denominator == 1 else weight

    def indexed(self, at: int, node: Node) -> Node:
        given = self.glued("number")
        start = self.starts[at]
        if given is None:
            raise self.fail("`:` is followed by a sample number", start, hint="for example `bd:3`")
        if not self.tokens[given].text.isdigit():
            hint = "samples are counted: 0, 1, 2 ..."
            raise self.wrong("a sample number is a whole number of 0 or more", given, hint)
        for atom in numbers_in(node):
            if atom.text[0] == "~" or "'" in atom.text or ":" in atom.text:
                what = f"`:{self.tokens[given].text}` has no meaning on `{atom.text}`"
                raise self.fail(what, start, self.end(given) - start)
        peak, layers, height, chance = node.extent
        extent = self.extent(peak, layers, height + 1, chance, start)
        return Indexed(start, node, int(self.number(given)), extent)

    def faster(self, slower: bool, at: int, node: Node) -> Node:
        factor = self.factor(at, "bd/2" if slower else "bd*2")
        peak, layers, height, chance = node.extent
        start = self.starts[at]
        if type(factor) is Atom:
            rate = self.needs_number(factor)
            if rate.numerator < 0 or (slower and not rate.numerator):
                what, hint = "cannot be slowed by 0", "for example `bd/2`; a rest is `~`"
                if rate.numerator < 0:
                    what, hint = "cannot run backwards", '`rev` turns each cycle round: s "bd sn" $ rev'
                raise self.fail(f"a pattern {what}", factor.offset, len(factor.text), hint)
            fastest = rate.denominator / rate.numerator if slower else rate.numerator / rate.denominator
            extent = self.extent(peak * fastest, layers, height + 1, chance, start, self.at - 1)
        else:
            by = factor.extent
            rates = [value for value in map(self.needs_number, numbers_in(factor)) if value.numerator > 0]
            fastest = max([float(1 / value if slower else value) for value in rates], default=0.0)
            extent = self.extent(
                peak * fastest * by.layers,
                layers * by.layers,
                max(height, by.height) + PATTERNED,
                chance or by.chance,
                start,
                self.at - 1,
            )
        return tuple.__new__(Faster, (start, node, factor, slower, extent))

    def factor(self, at: int, example: str) -> Node:
        mark, kind = self.tokens[at].kind, self.tokens[self.at].kind
        if kind not in ("number", "<", "["):
            hint = _NO_PATH if mark == "/" and kind == "word" else f"for example `{example}`"
            raise self.fail(f"`{mark}` needs a number, a `<…>` or a `[…]`", self.starts[at], hint=hint)
        return self.atom()

    def needs_number(self, atom: Atom) -> Fraction:
        if atom.number is None:
            raise self.fail(f"`{atom.text}` is not a number", atom.offset, len(atom.text))
        return atom.number

    def euclid(self, at: int, node: Node) -> Node:
        arguments = [self.argument(at)]
        while self.tokens[self.next()].kind == ",":
            arguments.append(self.argument(at))
        start, closing = self.starts[at], self.at - 1
        length = self.end(closing) - start
        if self.tokens[closing].kind != ")":
            raise self.fail("`|` has no meaning among these arguments", self.starts[closing])
        if not 2 <= len(arguments) <= 3:
            what = "a Euclidean rhythm takes two or three arguments"
            raise self.fail(what, start, length, "hits, steps and rotation: `bd(3,8,2)`")
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
            raise self.fail(f"a rhythm of more than {HAPS_PER_CYCLE:,} steps", start, length)
        old = node.extent
        extents = [argument.extent for argument in arguments]
        together = 1
        for one in extents:
            together *= max(one.layers, 1)
        extent = self.extent(
            float(most_hits * old.layers * together),
            old.layers * together,
            max(old.height, *[one.height for one in extents]) + 1,
            old.chance or any(one.chance for one in extents),
            start,
            closing,
        )
        return Euclid(start, node, hits, steps, arguments[2] if len(arguments) > 2 else None, extent)

    def whole_number(self, atom: Atom) -> int:
        value = self.needs_number(atom)
        if value.denominator != 1:
            raise self.fail("a Euclidean rhythm takes whole numbers", atom.offset, len(atom.text))
        return value.numerator

    def argument(self, at: int) -> Node:
        start = self.starts[self.at]
        sequence = self.sequence()
        if not sequence.steps:
            raise self.fail("a Euclidean rhythm misses an argument", self.starts[at], hint="for example `bd(3,8)`")
        if len(sequence.steps) == 1 and sequence.steps[0].weight == 1:
            return sequence.steps[0].node
        return self.grouped(start, "[", ((sequence,),), None)

    def atom(self) -> Node:
        at = self.at
        self.at = at + 1
        token, start = self.tokens[at], self.starts[at]
        kind, extent = token.kind, token.extent
        if extent is not None:
            return tuple.__new__(Atom, (start, token.text, token.number, extent))
        if kind == "~":
            return tuple.__new__(Rest, (start, SILENT))
        if kind == "number":
            return Atom(start, token.text, self.number(at), SINGLE)
        if kind == "word":
            index = token.text.rpartition(":")[2]
            raise self.fail("a sample number over 1e15", self.end(at) - len(index), len(index))
        if kind in ("/", ".."):
            raise self.wrong(f"`{kind}` has nothing before it", at, _NO_PATH)
        if kind not in CLOSER:
            raise self.fail(f"`{token.text}` has nothing before it", start)
        alternatives = self.alternatives()
        self.at += 1
        pace: Node | None = None
        if kind == "{" and (percent := self.glued("%")) is not None:
            pace = self.factor(percent, "{a b c}%4")
            for atom in numbers_in(pace):
                value = self.needs_number(atom)
                if isinstance(pace, Atom) and value <= 0:
                    what = "a polymeter has more than 0 steps a cycle"
                    raise self.fail(what, atom.offset, len(atom.text), "for example `{bd sn hh}%4`")
        return self.grouped(start, "[" if kind == "(" else kind, alternatives, pace)

    def grouped(self, start: int, kind: str, alternatives: Alternatives, pace: Node | None) -> MiniGroup:
        extent = of_group(kind, alternatives, pace)
        if extent.peak > HAPS_PER_CYCLE or extent.height > HIGHEST:
            self.extent(*extent, start)
        return tuple.__new__(MiniGroup, (start, kind, alternatives, pace, extent))
