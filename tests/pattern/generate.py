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
from farm.pattern.hap import Haps
from farm.pattern.mini import parse
from farm.pattern.mini_reader import read
from farm.pattern.pattern import Pattern
from farm.pattern.register import Argument, transforms
from farm.pattern.words import Words
from tests.pattern import reference
from tests.pattern.rational import Time
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


KINDS = {
    "fast": ("rate",),
    "slow": ("rate",),
    "hurry": ("rate",),
    "rev": (),
    "palindrome": (),
    "iter": ("count",),
    "early": ("time",),
    "late": ("time",),
    "swing": ("share",),
    "degrade": (),
    "degradeBy": ("share",),
    "degrade_by": ("share",),
    "ply": ("count",),
    "chop": ("count",),
    "stut": ("count", "time", "share"),
    "legato": ("rate",),
    "every": ("count", "f"),
    "off": ("time", "f"),
    "superimpose": ("f",),
    "jux": ("f",),
}
"""What the arguments of each transform are: all that there are, so that a new one must come in here."""

VALUES: dict[str, tuple[list[Fraction], list[str]]] = {
    "rate": (
        [Fraction(2), Fraction(3), Fraction(3, 2), Fraction(1, 2), Fraction(5, 4)],
        "<2_3> <1_4_2> [2_3] [1_<2_3>] [2|3] [2,3] 1.25 2_~ <0.5_1.5>*2".split(),
    ),
    "count": ([Fraction(2), Fraction(3), Fraction(4)], "<2_3> [3_2] [2|4] 2.7 <1_~_3> 4(3,8)".split()),
    "time": (
        [Fraction(1, 2), Fraction(1, 3), Fraction(3, 8), Fraction(-1, 4), Fraction(7, 5), Fraction(-2, 3)],
        "<0.25_0.125> [0.5_-0.25] 0.2 [0.1|0.4] <-1_1.5>".split(),
    ),
    "share": (
        [Fraction(1, 10), Fraction(3, 25), Fraction(1, 2), Fraction(1)],
        "<0.2_0.5> [0.5_0] 0.3? [0.25|0.75] 0.1_1".split(),
    ),
}
"""Numbers of each kind, and patterns of them (with `_` for a blank)."""

Change = tuple[str, Callable[[Pattern, Words], Pattern], Callable[[Ref], Ref]]


class Scores:
    """A random score from a seed. Neighbouring seeds begin with different transforms, so that none is missed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.first: str | None = list(KINDS)[seed % len(KINDS)]

    def score(self, depth: int | None = None) -> Built:
        """`depth`: how deep brackets and transforms nest; by chance if it is not said."""
        words = Words()
        pick = self.random
        changes = 2 if depth is None else depth
        depth = pick.choice([1, 1, 2]) if depth is None else depth
        if pick.random() < 0.2:
            left, right = self.layers(depth, NUMBERS), self.layers(depth, NUMBERS)
            operator = pick.choice(["+", "-", "*", "/", "|+", "+|", "|*", "-|", "|>", "<|"])
            engine = arithmetic(operator, mini(left, words), mini(right, words), words)
            ref = reference.arithmetic(operator, mini_reference(left), mini_reference(right))
            name, text = "note", f'note ("{left}" {operator} "{right}")'
        else:
            notes = self.layers(depth, WORDS)
            engine, ref = mini(notes, words), mini_reference(notes)
            name, text = "s", f's "{notes}"'
        engine, ref = control(engine, name, words), reference.control(ref, name, text[3:-1])
        if pick.random() < 0.9:
            said, change, change_reference = self.changes(changes)
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
        """A transform with its arguments: numbers given plainly or as patterns, transforms as chains of others."""
        pick = self.random
        if self.first is None and pick.random() < 0.06:
            return self.modifier()
        name = self.first or pick.choice([name for name in KINDS if depth > 0 or "f" not in KINDS[name]])
        self.first = None
        said: list[str] = []
        args: list[Callable[[Words], Argument]] = []
        references: list[Any] = []
        for kind in KINDS[name]:
            if kind == "f":
                inner, engine, ref = self.changes(depth - 1)
                said.append(f"({inner})")
                args.append(lambda words, engine=engine: lambda p: engine(p, words))  # type: ignore[misc]
                references.append(ref)
                continue
            plain, patterns = VALUES[kind]
            if pick.random() < 0.5:
                text = pick.choice(patterns).replace("_", " ")
                said.append(f'"{text}"')
                args.append(lambda words, text=text: mini(text, words))  # type: ignore[misc]
                references.append(mini_reference(text))
            else:
                value = pick.choice(plain)
                said.append(str(value))
                args.append(lambda words, value=value: value)  # type: ignore[misc]
                references.append(value)

        def change(pattern: Pattern, words: Words) -> Pattern:
            return transforms()[name].apply([one(words) for one in args], pattern, SEED, START, words)

        return " ".join([name, *said]), change, lambda p: reference.applied(name, references, p, SEED)

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


def mini(text: str, words: Words, seed: int = SEED) -> Pattern:
    return parse(text, START, words, seed)


def mini_reference(text: str, seed: int = SEED) -> Ref:
    return reference.built(read(text, START), seed)


def listed(pattern: Pattern, words: Words, cycles: list[int]) -> list[Hap]:
    """The engine's haps in the reference's form, in the engine's order."""
    asked = np.array(cycles, np.int64)
    haps = pattern.query(asked)
    den = int(haps.den)
    values = {int(key): valued(haps, key, words) for key in np.unique(haps.key)}
    found: list[Hap] = []
    for j in range(len(haps)):
        cycle = int(asked[haps.row[j]])
        wb, we, pb, pe = (Time(cycle * den + int(t), den) for t in haps.times[:, j])
        found.append(((wb, we), (pb, pe), values[int(haps.key[j])]))
    return found


def valued(haps: Haps, key: int, words: Words) -> dict[str, Any]:
    """A row of the value table in the reference's form."""
    value: dict[str, Any] = {}
    for name, column in zip(haps.names, haps.values, strict=True):
        one = column[key]
        if np.isnan(one):
            continue
        if name == "loc":
            value[name] = words.loc(one).column - START.column
        else:
            value[name] = words.value(int(one)) if name in ("v", "s") else float(one)
    return value


def referred(pattern: Ref, cycles: list[int]) -> list[Hap]:
    return [hap for c in cycles for hap in pattern.ask(Time(c), Time(c + 1))]
