"""Random mini-notation, every sign of it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from farm.pattern.notes import CHORDS

BANKS = ("bd", "hh", "sn", "cp", "rim", "808bd", "oh", "perc", "cb", "shaker")
QUALITIES = tuple(CHORDS)

Atom = Callable[[Random], str]


def number(random: Random) -> str:
    """A number that a person might write."""
    kind = random.randrange(8)
    if kind < 3:
        return str(random.choice((0, 1, 2, 3, 4, 5, 7, 8, 12, 16)))
    if kind < 5:
        return random.choice(("0.5", "0.25", "0.1", "0.75", "1.5", ".5", "0.333", "2.25"))
    if kind == 5:
        return str(-random.choice((1, 2, 5, 12)))
    if kind == 6:
        return str(random.randrange(20, 5000))
    return f"{random.uniform(-2, 4):.3f}"


def note(random: Random) -> str:
    """A note, a chord, or semitones."""
    kind = random.randrange(4)
    if kind == 0:
        return number(random)
    name = random.choice("cdefgab") + random.choice(("", "", "#", "b", "s")) + random.choice("12345")
    return name if kind < 3 else f"{name}'{random.choice(QUALITIES)}"


def hit(random: Random) -> str:
    """A bank, perhaps with an index."""
    return random.choice(BANKS) + random.choice(("", "", "", f":{random.randrange(12)}"))


def voices(buses: list[str]) -> Atom:
    """Buses as instruments, and banks."""
    return lambda random: f"~{random.choice(buses)}" if buses and random.random() < 0.7 else hit(random)


def truth(random: Random) -> str:
    """1 or 0."""
    return random.choice(("1", "0", "1", "1"))


def text(random: Random, atom: Atom, depth: int = 2) -> str:
    """A pattern in quotes."""
    layers = [sequence(random, atom, depth) for _ in range(1 if random.random() < 0.85 else random.randint(2, 3))]
    return '"' + ", ".join(layers) + '"'


def sequence(random: Random, atom: Atom, depth: int) -> str:
    """Steps side by side."""
    steps: list[str] = []
    for _ in range(random.choice((1, 1, 2, 3, 4))):
        steps.append(step(random, atom, depth))
        extra = random.random()
        if extra < 0.04:
            steps.append("_")
        elif extra < 0.06 and len(steps) > 1:
            steps.append(".")
            steps.append(step(random, atom, depth))
    return " ".join(steps)


def step(random: Random, atom: Atom, depth: int) -> str:
    """One step with its modifiers."""
    written = bare(random, atom, depth)
    if written == "~" or ".." in written:
        return written
    while random.random() < 0.3:
        written += modifier(random, depth)
    return written


def bare(random: Random, atom: Atom, depth: int) -> str:
    """A step without modifiers."""
    kind = random.random()
    if depth <= 0 or kind < 0.6:
        return "~" if random.random() < 0.15 else atom(random)
    inner = sequence(random, atom, depth - 1)
    if kind < 0.72:
        return f"[{inner}]"
    if kind < 0.84:
        return f"<{inner}>"
    if kind < 0.88:
        return "{" + inner + "}" + random.choice(("", f"%{random.randint(1, 8)}", "%<3 4>"))
    if kind < 0.91:
        return f"({inner})"
    if kind < 0.95:
        return f"[{inner}, {sequence(random, atom, depth - 1)}]"
    if kind < 0.98:
        return f"[{inner}|{sequence(random, atom, depth - 1)}]"
    return f"{random.randint(0, 3)} .. {random.randint(0, 6)}"


def modifier(random: Random, depth: int) -> str:
    """What may follow a step."""
    few, steps = random.randint(-1, 5), random.choice((3, 4, 5, 7, 8, 16))
    return random.choice(
        (
            f"*{random.choice(('2', '3', '4', '1.5', '0.5', '0', '8', '<2 3>', '[2 4]'))}",
            f"/{random.choice(('2', '3', '1.5', '<1 2>'))}",
            random.choice(("!", "!2", "!3")),
            f"@{random.choice(('2', '3', '1.5', '0.5'))}",
            random.choice(("?", "?0.3", "?0", "?1")),
            f"({few},{steps})",
            f"({few},{steps},{random.randint(-3, 8)})",
            f"(<{few} 3>,{steps},<0 {random.randint(0, 7)}>)",
        )
    )
