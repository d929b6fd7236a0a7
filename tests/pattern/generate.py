"""Random scores, built twice: by the engine and by the reference."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from farm.errors import Loc
from farm.pattern.arithmetic import arithmetic
from farm.pattern.control import control, merge
from farm.pattern.mini import parse
from farm.pattern.mini_reader import read
from farm.pattern.pattern import Pattern
from farm.pattern.register import TRANSFORMS
from farm.pattern.words import Words
from tests.pattern import reference
from tests.pattern.reference import Hap, Ref

START = Loc("test.ph", 1, 1)
SEED = 77
WORDS = ["bd", "hh", "sd", "cp", "0", "1", "2", "3", "-1", "1.5", "t", "c3", "~drum"]
NUMBERS = ["0", "1", "2", "3", "-1", "1.5", "c3", "eb2", "7"]


class Built(NamedTuple):
    text: str
    words: Words
    engine: Pattern
    reference: Ref


Change = tuple[str, Callable[[Pattern, Words], Pattern], Callable[[Ref], Ref]]


class Scores:
    """One random score after another from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def score(self) -> Built:
        words = Words()
        pick = self.random
        if pick.random() < 0.2:
            left, right = self.layers(2, NUMBERS), self.layers(2, NUMBERS)
            operator = pick.choice(["+", "-", "*", "/", "|+", "+|", "|*", "-|", "|>", "<|"])
            engine = arithmetic(operator, mini(left, words), mini(right, words), words)
            ref = reference.arithmetic(operator, mini_reference(left), mini_reference(right))
            name, text = "note", f'note ("{left}" {operator} "{right}")'
        else:
            notes = self.layers(2, WORDS)
            engine, ref = mini(notes, words), mini_reference(notes)
            name, text = "s", f's "{notes}"'
        engine, ref = control(engine, name, words), reference.control(ref, name)
        if pick.random() < 0.8:
            said, change, change_reference = self.changes(2)
            engine, ref = change(engine, words), change_reference(ref)
            text = f"{text} $ {said}"
        return Built(text, words, engine, ref)

    # --- Text

    def layers(self, depth: int, vocabulary: list[str]) -> str:
        return ", ".join(self.sequence(depth, vocabulary) for _ in range(self.random.choice([1, 1, 2])))

    def sequence(self, depth: int, vocabulary: list[str]) -> str:
        pick = self.random
        steps = [self.step(depth, vocabulary) for _ in range(pick.choice([1, 2, 2, 3, 4]))]
        if pick.random() < 0.07 and len(steps) > 1:
            steps.insert(1, "_")
        if pick.random() < 0.07 and len(steps) > 2:
            steps.insert(2, ".")
        return " ".join(steps)

    def step(self, depth: int, vocabulary: list[str]) -> str:
        pick = self.random
        text = self.atom(depth, vocabulary)
        if ".." in text and text[0] != "[":
            return text
        for _ in range(pick.choice([0, 0, 0, 1, 1, 2])):
            kind = pick.randrange(8)
            if kind <= 1:
                text += "*" + self.factor()
            elif kind == 2:
                text += "/" + self.factor()
            elif kind == 3:
                text += pick.choice(["!2", "!3", "!"])
            elif kind == 4:
                text += "@" + pick.choice(["2", "3", "1.5"])
            elif kind == 5:
                text += "?" + pick.choice(["", "0.3"])
            else:
                hits = pick.choice(["3", "5", "<3 5>", "-3", "2", "[3 4]", "[3|5]"])
                rotation = pick.choice(["", ",2", ",<0 2>", ",<0 [1 3]>"])
                text += f"({hits},{pick.choice(['8', '7', '<8 5>', '16'])}{rotation})"
        return text

    def atom(self, depth: int, vocabulary: list[str]) -> str:
        pick = self.random
        kind = pick.random()
        if depth <= 0 or kind < 0.45:
            if pick.random() < 0.08:
                return pick.choice(["c4'maj7", "a'm", "e'5", "c'7"])
            return pick.choice(vocabulary) if pick.random() < 0.85 else "~"
        if kind < 0.62:
            return f"[{self.layers(depth - 1, vocabulary)}]"
        if kind < 0.78:
            return f"<{self.sequence(depth - 1, vocabulary)}>"
        if kind < 0.83:
            pace = pick.choice(["", "%3", "%4", "%<3 5>"])
            return f"{{{self.sequence(depth - 1, vocabulary)}, {self.sequence(depth - 1, vocabulary)}}}{pace}"
        if kind < 0.87:
            return f"[{self.sequence(depth - 1, vocabulary)}|{self.sequence(depth - 1, vocabulary)}]"
        if kind < 0.9:
            return f"({self.sequence(depth - 1, vocabulary)})"
        return pick.choice(["0 .. 3", "2 .. 0", "[0 .. 2]"])

    def factor(self) -> str:
        return self.random.choice(
            "2 3 1.5 0.75 4 <2_3> <1_4_2> [2_3] [1_<2_3>] 0.5 5 7 1.25 [2|3] [2,3]".split()
        ).replace("_", " ")

    # --- Transforms

    def changes(self, depth: int) -> Change:
        chain = [self.change(depth) for _ in range(self.random.choice([1, 1, 2]))]

        def engine(pattern: Pattern, words: Words) -> Pattern:
            for _, change, _ in chain:
                pattern = change(pattern, words)
            return pattern

        def ref(pattern: Ref) -> Ref:
            for _, _, change in chain:
                pattern = change(pattern)
            return pattern

        return " $ ".join(said for said, _, _ in chain), engine, ref

    def change(self, depth: int) -> Change:
        pick = self.random
        kind = pick.randrange(20)
        if kind <= 1:
            rate = pick.choice([Fraction(2), Fraction(3), Fraction(3, 2), Fraction(1, 2), Fraction(5, 4)])
            return applied("fast", [rate], lambda p: reference.fast(rate, p))
        if kind <= 3:
            text = self.factor()
            name = pick.choice(["fast", "slow"])
            by = mini_reference(text)
            if name == "fast":
                return patterned(name, text, lambda p: reference.inner_join(by, lambda n: reference.fast(n, p)))
            return patterned(name, text, lambda p: reference.inner_join(by, lambda n: reference.fast(1 / n, p)))
        if kind == 4:
            return applied("rev", [], reference.rev)
        if kind == 5:
            probability = pick.choice([0.2, 0.5])
            return applied("degradeBy", [probability], lambda p: reference.degrade_by(probability, SEED, p))
        if kind == 6:
            time = self.time()
            return applied("late", [time], lambda p: reference.late(time, p))
        if kind == 7:
            time = self.time()
            return applied("early", [time], lambda p: reference.late(-time, p))
        if kind == 8:
            time = self.time()
            return applied("stut", [3, time, 0.5], lambda p: reference.stut(3, time, 0.5, p))
        if kind == 9:
            n = pick.choice([2, 3])
            return applied("ply", [n], lambda p: reference.ply(n, p))
        if kind == 10:
            n = pick.choice([2, 3])
            return applied("chop", [n], lambda p: reference.chop(n, p))
        if kind == 11:
            amount = pick.choice([Fraction(1, 10), Fraction(3, 25), Fraction(1, 3), Fraction(1)])
            return applied("swing", [amount], lambda p: reference.swing(amount, p))
        if kind == 12:
            n = pick.choice([2, 4, 3])
            return applied("iter", [n], lambda p: reference.iterate(n, p))
        if kind == 13:
            return applied("palindrome", [], reference.palindrome)
        if kind == 14:
            return applied("hurry", [2], lambda p: reference.scale("speed", 2.0, reference.fast(Fraction(2), p)))
        if kind == 15 or depth <= 0:
            return self.modifier()
        said, engine, ref = self.changes(depth - 1)
        if kind == 16:
            n = pick.choice([2, 3, 4])
            return nested("every", [n], said, engine, lambda p: reference.every(n, ref, p))
        if kind == 17:
            time = self.time()
            return nested("off", [time], said, engine, lambda p: reference.stack([p, reference.late(time, ref(p))]))
        if kind == 18:
            return nested("superimpose", [], said, engine, lambda p: reference.stack([p, ref(p)]))
        return nested("jux", [], said, engine, lambda p: reference.jux(ref, p))

    def modifier(self) -> Change:
        text = self.sequence(1, NUMBERS)
        name = self.random.choice(["gain", "note", "pan"])
        text = text if name == "note" else text.replace("'", "")
        right = reference.control(mini_reference(text), name) if name == "note" else None
        if right is None:
            text = self.sequence(0, ["0", "1", "0.5", "~", "0.25"]).replace("c4'maj7", "1").replace("a'm", "1")
            text = text.replace("e'5", "1").replace("c'7", "1")
            right = reference.control(mini_reference(text), name)
        chosen, said = right, f'# {name} "{text}"'
        return (
            said,
            lambda p, words: merge(p, control(mini(text, words), name, words)),
            lambda p: reference.merge(p, chosen),
        )

    def time(self) -> Fraction:
        return Fraction(self.random.choice([1, 1, 3, 5, 7, -1, 2]), self.random.choice([2, 3, 4, 8, 5]))


def applied(name: str, args: list[Any], ref: Callable[[Ref], Ref]) -> Change:
    said = " ".join([name, *map(str, args)])
    return said, lambda p, words: TRANSFORMS[name].apply(args, p, SEED, START, words), ref


def patterned(name: str, text: str, ref: Callable[[Ref], Ref]) -> Change:
    return (
        f'{name} "{text}"',
        lambda p, words: TRANSFORMS[name].apply([mini(text, words)], p, SEED, START, words),
        ref,
    )


def nested(
    name: str, args: list[Any], said: str, inner: Callable[[Pattern, Words], Pattern], ref: Callable[[Ref], Ref]
) -> Change:
    def engine(pattern: Pattern, words: Words) -> Pattern:
        return TRANSFORMS[name].apply([*args, lambda p: inner(p, words)], pattern, SEED, START, words)

    return " ".join([name, *map(str, args), f"({said})"]), engine, ref


def mini(text: str, words: Words, seed: int = SEED) -> Pattern:
    return parse(text, START, words, seed)


def mini_reference(text: str, seed: int = SEED) -> Ref:
    return reference.built(read(text, START), seed)


def listed(pattern: Pattern, words: Words, cycles: list[int]) -> list[Hap]:
    """The engine's haps in the reference's form, in the engine's order."""
    asked = np.array(cycles, np.int64)
    haps = pattern.query(asked)
    found: list[Hap] = []
    for j in range(len(haps)):
        cycle = int(asked[haps.row[j]])
        wb, we, pb, pe = (cycle + Fraction(int(t), haps.den) for t in haps.times[:, j])
        value: dict[str, Any] = {}
        for name, column in zip(haps.names, haps.values, strict=True):
            one = column[haps.key[j]]
            if np.isnan(one):
                continue
            if name == "loc":
                value[name] = words.loc(one).column - START.column
            else:
                value[name] = words.value(int(one)) if name in ("v", "s") else float(one)
        found.append(((wb, we), (pb, pe), value))
    return found


def referred(pattern: Ref, cycles: list[int]) -> list[Hap]:
    return [hap for c in cycles for hap in pattern.ask(Fraction(c), Fraction(c + 1))]
