"""The meaning of patterns, slowly: closures over time spans, exact times, one hap at a time.

Nothing here is shared with the engine but the syntax tree of mini-notation, the hash of chance, and the words.
A hap is (whole, part, value): two spans in absolute cycles and a dict of controls.
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np

from farm.pattern import mini_tree as tree
from farm.pattern.chance import child_seed
from farm.pattern.notes import hertz, note_number, pitch_class, solfege
from farm.pattern.words import ChordNote
from tests.pattern.rational import Time

Exact = Time | Fraction | int
Span = tuple[Time, Time]
Hap = tuple[Span, Span, dict[str, Any]]
MASK = (1 << 64) - 1


class Ref:
    """A pattern: `ask(begin, end)` gives the haps whose parts lie in a span."""

    def __init__(self, answer: Callable[[Time, Time], list[Hap]]) -> None:
        self.answer = answer
        self.known: dict[tuple[int, int, int, int], list[Hap]] = {}

    def ask(self, begin: Time, end: Time) -> list[Hap]:
        """The same list each time: an onset is looked up in the whole cycle around it, again and again."""
        span = (begin.numerator, begin.denominator, end.numerator, end.denominator)
        if span not in self.known:
            self.known[span] = self.answer(begin, end)
        return self.known[span]

    def split(self) -> Ref:
        """Asked cycle by cycle."""
        return Ref(lambda b, e: [hap for x, y in cycles_of(b, e) for hap in self.answer(x, y)])


def cycles_of(begin: Time, end: Time) -> Iterator[Span]:
    while begin < end:
        following = floor(begin) + 1
        if end <= following:
            yield begin, end
            return
        yield begin, Time(following)
        begin = Time(following)


def meeting(a: Span, b: Span) -> Span | None:
    both_ = max(a[0], b[0]), min(a[1], b[1])
    return both_ if both_[0] < both_[1] else None


def by_cycle(choose: Callable[[int], Ref]) -> Ref:
    return Ref(lambda b, e: choose(floor(b)).ask(b, e)).split()


silence = Ref(lambda b, e: [])


def pure(value: dict[str, Any]) -> Ref:
    return Ref(lambda b, e: [((Time(floor(b)), Time(floor(b) + 1)), (b, e), value)]).split()


def stack(patterns: list[Ref]) -> Ref:
    return Ref(lambda b, e: [hap for pattern in patterns for hap in pattern.ask(b, e)])


def affine(pattern: Ref, rate: Exact, start: Exact) -> Ref:
    """Outer time t shows inner time t * rate + start."""
    rate, start = Time(rate), Time(start)

    def out(span: Span) -> Span:
        begin, end = span[0] - start, span[1] - start
        return (begin, end) if rate == 1 else (begin / rate, end / rate)

    return Ref(
        lambda b, e: [(out(w), out(p), v) for w, p, v in pattern.ask(b * rate + start, e * rate + start)]
    ).split()


def fast(rate: Exact, pattern: Ref) -> Ref:
    return affine(pattern, rate, 0) if rate > 0 else silence


def late(time: Exact, pattern: Ref) -> Ref:
    return affine(pattern, 1, -time)


def slowcat(patterns: list[Ref]) -> Ref:
    count = len(patterns)
    return by_cycle(lambda c: late(c - c // count, patterns[c % count]))


def compress(begin: Time, end: Time, pattern: Ref) -> Ref:
    rate = 1 / (end - begin)

    def ask(b: Time, e: Time) -> list[Hap]:
        cycle = floor(b)
        span = meeting((b, e), (cycle + begin, cycle + end))
        return affine(pattern, rate, cycle - (cycle + begin) * rate).ask(*span) if span else []

    return Ref(ask).split()


def timecat(steps: Sequence[tuple[Exact, Ref]]) -> Ref:
    total = sum((Time(weight) for weight, _ in steps), Time(0))
    at = Time(0)
    placed = []
    for weight, pattern in steps:
        placed.append(compress(at / total, (at + weight) / total, pattern))
        at += weight
    return stack(placed)


def inner_join(selector: Ref, choose: Callable[[Any], Ref]) -> Ref:
    known: dict[Any, Ref] = {}

    def ask(b: Time, e: Time) -> list[Hap]:
        haps = []
        for _, part, value in selector.ask(b, e):
            key = value["v"]
            if key not in known:
                known[key] = choose(key)
            haps += known[key].ask(*part)
        return haps

    return Ref(ask).split()


def rev(pattern: Ref) -> Ref:
    def ask(b: Time, e: Time) -> list[Hap]:
        k = 2 * floor(b) + 1
        return [((k - w[1], k - w[0]), (k - p[1], k - p[0]), v) for w, p, v in pattern.ask(k - e, k - b)]

    return Ref(ask).split()


def every(n: int, f: Callable[[Ref], Ref], pattern: Ref) -> Ref:
    changed = f(pattern)
    return by_cycle(lambda c: changed if c % n == 0 else pattern)


def mixed(z: int) -> int:
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def coin(instant: Exact, seed: int) -> float:
    cycle = floor(instant)
    rest = instant - cycle
    (bits,) = struct.unpack("<Q", struct.pack("<d", rest.numerator / rest.denominator))
    return (mixed(mixed(mixed(seed & MASK) ^ (cycle & MASK)) ^ bits) >> 11) * 2.0**-53


def degrade_by(probability: float, seed: int, pattern: Ref) -> Ref:
    return Ref(lambda b, e: [hap for hap in pattern.ask(b, e) if coin(hap[0][0], seed) >= probability])


def randcat(patterns: list[Ref], seed: int) -> Ref:
    return by_cycle(lambda c: patterns[int(coin(Time(c), seed) * len(patterns))])


def sounding(pattern: Ref, instant: Time) -> list[Hap]:
    cycle = Time(floor(instant))
    return [hap for hap in pattern.ask(cycle, cycle + 1) if hap[1][0] <= instant < hap[1][1]]


def sample(left: Ref, right: Ref, combine: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]) -> Ref:
    return Ref(
        lambda b, e: [(w, p, combine(v, u)) for w, p, v in left.ask(b, e) for _, _, u in sounding(right, w[0])]
    ).split()


def both(left: Ref, right: Ref, combine: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]) -> Ref:
    def ask(b: Time, e: Time) -> list[Hap]:
        others = right.ask(b, e)
        haps = []
        for w, p, v in left.ask(b, e):
            for w2, p2, u in others:
                part, whole = meeting(p, p2), meeting(w, w2)
                if part and whole:
                    haps.append((whole, part, combine(v, u)))
        return haps

    return Ref(ask).split()


def exact(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, ChordNote):
        return Fraction(value.midi)
    midi = note_number(value)
    assert midi is not None
    return Fraction(midi)


OPERATIONS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else Fraction(0),
}


def arithmetic(operator: str, left: Ref, right: Ref) -> Ref:
    if operator == "|>":
        return sample(left, right, lambda v, u: u)
    if operator == "<|":
        return sample(right, left, lambda v, u: u)
    operation = OPERATIONS[operator.strip("|")]
    if operator.startswith("|"):
        return sample(left, right, lambda v, u: {**v, "v": operation(exact(v["v"]), exact(u["v"]))})
    if operator.endswith("|"):
        return sample(right, left, lambda v, u: {**v, "v": operation(exact(u["v"]), exact(v["v"]))})
    return both(left, right, lambda v, u: {**v, "v": operation(exact(v["v"]), exact(u["v"]))})


def per_value(change: Callable[[dict[str, Any]], dict[str, Any]], pattern: Ref) -> Ref:
    return Ref(lambda b, e: [(w, p, change(v)) for w, p, v in pattern.ask(b, e)])


def frequency(midi: float) -> float:
    return float(hertz(np.array([midi]))[0])


def written(raw: Fraction, offset: int, text: str) -> str:
    """A number as the name of a bank: as it stands at an offset of a text, if it stands there."""
    found = re.match(r"-?[0-9]*\.?[0-9]+", text[offset:])
    return found[0] if found and Fraction(found[0]) == raw else f"{float(raw):g}"


def control(pattern: Ref, name: str, text: str = "") -> Ref:
    def change(value: dict[str, Any]) -> dict[str, Any]:
        raw = value["v"]
        rest = {key: one for key, one in value.items() if key != "v"}
        if name == "s":
            return {**rest, "s": written(raw, rest["loc"], text) if isinstance(raw, Fraction) else raw}
        if name == "note":
            if isinstance(raw, Fraction):
                return {**rest, "note": float(raw), "absolute": 0.0, "size": 1.0}
            if isinstance(raw, ChordNote):
                return {**rest, "note": float(raw.midi), "absolute": 1.0, "size": float(raw.size)}
            step = solfege(raw)
            note = step if step is not None else note_number(raw)
            return {**rest, "note": float(note or 0), "absolute": float(step is None), "size": 1.0}
        if isinstance(raw, Fraction):
            return {**rest, name: float(raw)}
        if name == "n":
            return {**rest, name: float(pitch_class(raw) or 0)}
        return {**rest, name: frequency(float(exact(raw)))}

    return per_value(change, pattern)


def merge(left: Ref, right: Ref) -> Ref:
    def combined(value: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        result = dict(value)
        for name, one in given.items():
            if name != "loc" and not name.startswith("*"):
                result[name] = one * value.get("*" + name, 1.0) if "*" + name in value else one
        return result

    def ask(b: Time, e: Time) -> list[Hap]:
        haps: list[Hap] = []
        for w, p, v in left.ask(b, e):
            given = sounding(right, w[0])
            haps += [(w, p, combined(v, u)) for _, _, u in given] or [(w, p, v)]
        return haps

    return Ref(ask).split()


def scale(name: str, factor: float, pattern: Ref) -> Ref:
    return per_value(
        lambda v: {**v, name: v.get(name, 1.0) * factor, "*" + name: v.get("*" + name, 1.0) * factor}, pattern
    )


def divided(pattern: Ref, n: int, change: Callable[[dict[str, Any], int], dict[str, Any]]) -> Ref:
    def ask(b: Time, e: Time) -> list[Hap]:
        haps = []
        for w, p, v in pattern.ask(b, e):
            step = (w[1] - w[0]) / n
            for i in range(n):
                whole = (w[0] + i * step, w[0] + (i + 1) * step)
                part = meeting(whole, p)
                if part:
                    haps.append((whole, part, change(v, i)))
        return haps

    return Ref(ask)


def ply(n: int, pattern: Ref) -> Ref:
    return divided(pattern, n, lambda v, i: v)


def chop(n: int, pattern: Ref) -> Ref:
    def change(value: dict[str, Any], i: int) -> dict[str, Any]:
        begin = value.get("begin", 0.0)
        length = value.get("end", 1.0) - begin
        return {**value, "begin": begin + length * i / n, "end": begin + length * (i + 1) / n}

    return divided(pattern, n, change)


def stut(n: int, time: Exact, decay: float, pattern: Ref) -> Ref:
    copies, factor = [], 1.0
    for i in range(n):
        copies.append(scale("gain", factor, late(time * i, pattern)))
        factor *= decay
    return stack(copies)


def jux(f: Callable[[Ref], Ref], pattern: Ref) -> Ref:
    return stack([scale("pan", -1.0, pattern), scale("pan", 1.0, f(pattern))])


def iterate(n: int, pattern: Ref) -> Ref:
    return by_cycle(lambda c: late(-Time(c % n, n), pattern))


def palindrome(pattern: Ref) -> Ref:
    backwards = rev(pattern)
    return by_cycle(lambda c: backwards if c % 2 else pattern)


def swing(amount: Exact, pattern: Ref) -> Ref:
    def ask(b: Time, e: Time) -> list[Hap]:
        haps = []
        for cycle in (floor(b) - 1, floor(b)):
            begun = [hap for hap in pattern.ask(Time(cycle), Time(cycle + 1)) if hap[0][0] == hap[1][0]]
            rank = {onset: i for i, onset in enumerate(sorted({hap[0][0] for hap in begun}))}
            for w, _, v in begun:
                delay = amount * min(w[1] - w[0], Time(1)) if rank[w[0]] % 2 else Time(0)
                whole = (w[0] + delay, w[1] + delay)
                part = meeting(whole, (b, e))
                if part:
                    haps.append((whole, part, v))
        return haps

    return Ref(ask).split()


def applied(name: str, args: list[Any], pattern: Ref, seed: int) -> Ref:
    """A transform by name. Its arguments are numbers, transforms, or patterns of numbers: those are inner joins."""

    def bound(waiting: list[Any], done: list[Any]) -> Ref:
        if not waiting:
            return TRANSFORMS[name](*done, pattern, seed)
        first, rest = waiting[0], waiting[1:]
        if isinstance(first, Ref):
            return inner_join(first, lambda value: bound(rest, [*done, exact(value)]))
        return bound(rest, [*done, first])

    return bound(args, [])


TRANSFORMS: dict[str, Callable[..., Ref]] = {
    "fast": lambda n, p, _: fast(n, p),
    "slow": lambda n, p, _: fast(1 / n, p),
    "hurry": lambda n, p, _: scale("speed", float(n), fast(n, p)),
    "rev": lambda p, _: rev(p),
    "palindrome": lambda p, _: palindrome(p),
    "iter": lambda n, p, _: iterate(int(n), p),
    "early": lambda time, p, _: late(-time, p),
    "late": lambda time, p, _: late(time, p),
    "swing": lambda amount, p, _: swing(amount, p),
    "degrade": lambda p, seed: degrade_by(0.5, seed, p),
    "degradeBy": lambda probability, p, seed: degrade_by(float(probability), seed, p),
    "degrade_by": lambda probability, p, seed: degrade_by(float(probability), seed, p),
    "ply": lambda n, p, _: ply(int(n), p),
    "chop": lambda n, p, _: chop(int(n), p),
    "stut": lambda n, time, decay, p, _: stut(int(n), time, float(decay), p),
    "legato": lambda factor, p, _: per_value(lambda v: {**v, "legato": float(factor)}, p),
    "every": lambda n, f, p, _: every(int(n), f, p),
    "off": lambda time, f, p, _: stack([p, late(time, f(p))]),
    "superimpose": lambda f, p, _: stack([p, f(p)]),
    "jux": lambda f, p, _: jux(f, p),
}


# --- Mini-notation ------------------------------------------------------------------------------------------


def rhythm(hits: int, steps: int, rotation: int) -> list[bool]:
    """Bjorklund's algorithm with lists of lists, as in the paper."""
    if steps <= 0:
        return []
    count = abs(hits)
    if count >= steps:
        base = [True] * steps
    elif count == 0:
        base = [False] * steps
    else:
        heads: list[list[bool]] = [[True]] * count
        tails: list[list[bool]] = [[False]] * (steps - count)
        while len(tails) > 1:
            pairs = min(len(heads), len(tails))
            heads, tails = (
                [heads[i] + tails[i] for i in range(pairs)],
                heads[pairs:] or tails[pairs:],
            )
        base = [one for group in heads + tails for one in group]
    if hits < 0:
        base = [not one for one in base]
    return base[rotation % steps :] + base[: rotation % steps]


def euclid(hits: int, steps: int, rotation: int, pattern: Ref) -> Ref:
    struck = rhythm(hits, steps, rotation)
    if not struck:
        return silence
    times = timecat([(Time(1), pure({}) if hit else silence) for hit in struck])
    return sample(times, pattern, lambda hit, value: value)


def built(node: tree.Node, seed: int) -> Ref:
    """The pattern of a tree of mini-notation; `loc` is the offset in the text."""

    def branch(child: tree.Node | tree.Sequence, index: int) -> int:
        return child_seed(seed, index) if child.extent.chance else seed

    if isinstance(node, tree.Rest):
        return silence
    if isinstance(node, tree.Atom):
        if node.number is None and "'" in node.text:
            name, intervals = tree.chord_parts(node.text)
            root, intervals = note_number(name) or 0, intervals or (0,)
            notes = [ChordNote(Fraction(root + interval), len(intervals)) for interval in intervals]
            return stack([pure({"v": note, "loc": node.offset}) for note in notes])
        return pure({"v": node.text if node.number is None else node.number, "loc": node.offset})
    if isinstance(node, tree.MiniGroup):
        return group(node, seed)
    inner = built(node.node, branch(node.node, -1))
    if isinstance(node, tree.Dropped):
        return degrade_by(node.probability, seed, inner)
    if isinstance(node, tree.Indexed):
        return per_value(lambda v: {**v, "v": f"{v['v']}:{node.number}"}, inner)
    if isinstance(node, tree.Faster):
        factor = built(node.factor, branch(node.factor, -2))
        if node.slower:
            return inner_join(factor, lambda n: fast(1 / n, inner) if n > 0 else silence)
        return inner_join(factor, lambda n: fast(n, inner))

    def argument(one: tree.Node | None, index: int) -> Ref:
        if one is None:
            return pure({"v": Fraction(0)})
        return built(one, child_seed(branch(one, index), -2) if one.extent.chance else seed)

    return inner_join(
        argument(node.hits, -3),
        lambda hits: inner_join(
            argument(node.steps, -4),
            lambda steps: inner_join(
                argument(node.rotation, -5), lambda rotation: euclid(int(hits), int(steps), int(rotation), inner)
            ),
        ),
    )


def group(node: tree.MiniGroup, seed: int) -> Ref:
    choices = []
    for i, layers in enumerate(node.alternatives):
        of_choice = child_seed(seed, i) if node.extent.chance else seed
        first = layers[0].weight
        choices.append(
            stack(
                [
                    layer(node, one, Time(first), child_seed(of_choice, j) if one.extent.chance else of_choice)
                    for j, one in enumerate(layers)
                ]
            )
        )
    return choices[0] if len(choices) == 1 else randcat(choices, child_seed(seed, -6))


def layer(node: tree.MiniGroup, one: tree.Sequence, first: Time, seed: int) -> Ref:
    steps = [
        (Time(step.weight), built(step.node, child_seed(seed, i) if step.node.extent.chance else seed))
        for i, step in enumerate(one.steps)
    ]
    if not steps:
        return silence
    if node.kind == "[":
        return timecat(steps)
    if node.kind == "<":
        if all(weight == 1 for weight, _ in steps):
            return slowcat([pattern for _, pattern in steps])
        return fast(1 / Time(one.weight), timecat(steps))
    if node.pace is None:
        return fast(first / one.weight, timecat(steps))
    pace = built(node.pace, child_seed(seed, -2) if node.pace.extent.chance else seed)
    return inner_join(pace, lambda n: fast(Time(n) / one.weight, timecat(steps)))


# --- Comparison ---------------------------------------------------------------------------------------------


def canonical(haps: list[Hap]) -> tuple[Any, Any]:
    """What is meant, without how it is cut: coverage in time of each (whole, value), and the onsets."""
    changes: dict[Any, dict[Time, int]] = defaultdict(lambda: defaultdict(int))
    onsets: dict[Any, int] = defaultdict(int)
    said: dict[int, tuple[tuple[str, str], ...]] = {}
    for whole, part, value in haps:
        said_of = said.get(id(value))
        if said_of is None:
            said_of = said[id(value)] = tuple(sorted([(name, repr(one)) for name, one in value.items()]))
        key = (whole, said_of)
        at = changes[key]
        at[part[0]] += 1
        at[part[1]] -= 1
        if whole[0] == part[0]:
            onsets[key] += 1
    return {key: {t: n for t, n in counts.items() if n} for key, counts in changes.items()}, dict(onsets)
