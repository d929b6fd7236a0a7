"""Random scores, made from the catalog of nodes, the register of transforms and the vocabulary of modifiers themselves.

A score is a function of seed and number. Most are meant to be valid; the rest are such a score with a few of its
characters or words changed.
"""

from __future__ import annotations

import re
from random import Random

from farm.graph.node_calls import short
from farm.graph.vocabulary import MODIFIERS
from farm.pattern.kinds import COUNT, PATTERN, TRANSFORM
from farm.pattern.register import Above, Between, Parameter, transforms
from scripts.fuzzing import patterns
from workers.catalog import Definition, Param, language

NODES = tuple(sorted(language()))
EFFECTS = tuple(name for name in NODES if language()[name].ports)
SOURCES = tuple(name for name in NODES if not language()[name].ports)
WORDS = (*NODES, *sorted(transforms()), *sorted(MODIFIERS), "s", "sound", "out", "tempo", "sp", "hush", "vst", "fn")
TOKEN = re.compile(r'"[^"\n]*"?|~?\w+|\s+|.', re.DOTALL)
SCRAPS = (
    *'"()[]<>{}#$:,|~*/+-=@%!?._',
    "--",
    "//",
    "/*",
    "*/",
    "\n",
    "\n\n",
    " ",
    "1e9",
    "\x00",
    "é",
    "0",
    "-1",
    "|+",
    "~+",
)


def score(seed: int, number: int) -> str:
    """Score `number` of a seed."""
    random = Random(f"{seed} {number}")
    text = Writer(random).score()
    return text if random.random() < 0.65 else mutated(random, text)


def mutated(random: Random, text: str) -> str:
    """The text with one to three changes."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        tokens = TOKEN.findall(text)
        at = random.randrange(len(tokens))
        kind = random.randrange(7)
        if kind == 0:
            del tokens[at]
        elif kind == 1:
            tokens.insert(at, random.choice(SCRAPS))
        elif kind == 2:
            tokens.insert(at, random.choice(tokens))
        elif kind == 3:
            tokens[at] = random.choice(WORDS)
        elif kind == 4:
            other = random.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif kind == 5:
            tokens[at] = random.choice(SCRAPS)
        else:
            inside = random.randrange(len(tokens[at]) + 1)
            tokens[at] = tokens[at][:inside] + random.choice(SCRAPS) + tokens[at][inside + 1 :]
        text = "".join(tokens) or "out:"
    return text


class Writer:
    """Writes one score. It knows which buses hold signals, voices, patterns, modifiers and transforms."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.kinds: dict[str, str] = {}

    def buses(self, *kinds: str) -> list[str]:
        """Names of buses of these kinds."""
        return [name for name, kind in self.kinds.items() if kind in kinds]

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    # Statements.

    def score(self) -> str:
        """A tempo, buses, outputs."""
        random = self.random
        lines = [self.tempo()] if self.chance(0.9) else []
        lines += [self.bus(name) for name in "abcdefgh"[: random.choice((0, 1, 2, 3, 4, 6))]]
        lines += self.outputs()
        if self.chance(0.1):
            random.shuffle(lines)
        if self.chance(0.2):
            lines.insert(random.randrange(len(lines) + 1), self.comment())
        return "\n".join(lines) + "\n"

    def tempo(self) -> str:
        """Fast, so that a short render meets several cycles."""
        random = self.random
        cps = random.choice(("1", "2", "3.3", "4", "7.9", "0.5", "40"))
        return random.choice(
            (f"cps: {cps}", f"tempo: {cps}", f"tempo {cps}", f"tempo = {cps}  # {cps} Hz", 'bpm: 480 "3/4"', "bpm: 960")
        )

    def comment(self) -> str:
        return self.random.choice(("-- a line", "// a line", "/* two\nlines */", "# a line of prose", ""))

    def bus(self, name: str) -> str:
        """A definition."""
        random = self.random
        kind = random.choice(("signal", "signal", "signal", "voices", "pattern", "modifier", "transform"))
        if kind == "modifier":
            line = f"~{name} # {' # '.join(self.effect() for _ in range(random.randint(1, 2)))}"
        elif kind == "transform":
            line = f"~{name} $ {self.transform()}"
        elif kind == "pattern":
            line = f"~{name}{random.choice((': ', ' $ ', ' = '))}{self.string()}"
        else:
            body = self.signal(2) if kind == "signal" else self.voices()
            line = random.choice(("~{}: {}", "~{} $ {}", "~{} = {}", "{} = {}", "synthdef {} {}")).format(name, body)
        self.kinds[name] = kind
        return line

    def outputs(self) -> list[str]:
        """One to three outputs, in any of their spellings."""
        random = self.random
        if self.chance(0.03):
            return [patterns.text(random, patterns.hit)]
        if self.chance(0.03) and self.buses("signal", "voices"):
            return []
        heads = random.sample(
            ("out:", "out $", "o1:", "out2:", "d3:", "o4 $", "out =", "out", "main:"), random.choice((1, 1, 2, 3))
        )
        return [f"{head} {self.heard()}" for head in heads]

    def heard(self) -> str:
        """What an output plays."""
        body = self.voices() if self.chance(0.5) else self.signal(2)
        if self.chance(0.1):
            body = f"(\n  {body} +\n  {self.signal(1)}\n)"
        return body

    # Voices.

    def voices(self) -> str:
        """`s "..."` in one of its forms, with transforms, modifiers and effects."""
        random = self.random
        instruments = self.buses("signal")
        pattern = patterns.text(random, patterns.voices(instruments) if self.chance(0.5) else patterns.hit)
        source = random.choice(
            (f"s {pattern}",) * 5 + (f"sound {pattern}", f"s({pattern}, {self.value()})", self.keywords(pattern))
        )
        transforms = [self.transform() for _ in range(random.choice((0, 0, 1, 1, 2, 3)))]
        if transforms and self.chance(0.3):
            source = f"s ({pattern} $ {' $ '.join(transforms)})"
        elif transforms and self.chance(0.5):
            source = " $ ".join([*transforms, source])
        else:
            source = " $ ".join([source, *transforms])
        if self.chance(0.05):
            source = f"{random.choice(('saw', 'sine', 'tri'))} # note {patterns.text(random, patterns.note)}"
        for _ in range(random.choice((0, 1, 1, 2, 3))):
            source += f"{random.choice((' ', ' ', chr(10) + '  '))}# {self.modifier()}"
        for _ in range(random.choice((0, 0, 1, 2))):
            source += f" # {self.effect()}"
        return source

    def keywords(self, pattern: str) -> str:
        name = self.random.choice(tuple(MODIFIERS))
        return f"s {pattern} :{name} {self.value()}"

    def modifier(self) -> str:
        """A voice modifier."""
        random = self.random
        word = MODIFIERS[random.choice(tuple(MODIFIERS))]
        if word.name == "note":
            return f"note {patterns.text(random, patterns.note)}"
        count = random.randint(word.least, len(word.params))
        return " ".join([word.name, *(self.argument(param) for param in word.params[:count])])

    def transform(self, depth: int = 1) -> str:
        """A call of a transform, or a bus that is one."""
        random = self.random
        if self.buses("transform") and self.chance(0.15):
            return f"~{random.choice(self.buses('transform'))}"
        found = transforms()[random.choice(tuple(transforms()))]
        least = sum(one.default is None for one in found.arguments)
        count = random.randint(least, len(found.arguments))
        return " ".join([found.name, *(self.transform_argument(one, depth) for one in found.arguments[:count])])

    def transform_argument(self, parameter: Parameter, depth: int) -> str:
        random = self.random
        if parameter.kind is TRANSFORM:
            if depth <= 0:
                return random.choice(("rev", "(fast 2)"))
            inner = " $ ".join(self.transform(depth - 1) for _ in range(random.choice((1, 1, 2))))
            return f"({inner})"
        if parameter.kind is PATTERN:
            return patterns.text(random, patterns.truth)
        if self.chance(0.15):
            return patterns.text(random, lambda r: str(r.choice((1, 2, 3, 0.5))), 1)
        if self.chance(0.05) and self.buses("signal"):
            return f"~{random.choice(self.buses('signal'))}"
        limits = parameter.range
        if parameter.kind is COUNT:
            return str(random.choice((1, 2, 3, 4, 5, 7, 8)))
        if isinstance(limits, Between):
            return random.choice(
                (f"{limits.low:g}", f"{limits.high:g}", f"{random.uniform(limits.low, limits.high):.3f}")
            )
        if isinstance(limits, Above):
            return random.choice(("2", "3", "0.5", "1.5", "1.333", "4", f"{limits.low + random.random() + 0.01:.3f}"))
        return random.choice(("0.25", "0.125", "-0.25", "1.5", "0", "0.333"))

    # Signals.

    def signal(self, depth: int) -> str:
        """A signal: a source, a chain, arithmetic, a bus."""
        random = self.random
        kind = random.random()
        if depth <= 0 or kind < 0.3:
            return self.source()
        if kind < 0.45 and self.buses("signal", "voices"):
            return f"~{random.choice(self.buses('signal', 'voices'))}"
        if kind < 0.65:
            operator = random.choice(("+", "-", "*", "/", "~+", "~*"))
            return f"({self.signal(depth - 1)} {operator} {random.choice((self.value(), self.signal(depth - 1)))})"
        if kind < 0.75:
            return self.function_form(depth)
        if kind < 0.78:
            operator = random.choice(("+", "|+", "+|", "*", "|>", "<|", "-|"))
            return f"({patterns.text(random, patterns.number)} {operator} {self.string()})"
        if kind < 0.81:
            return f"({self.signal(depth - 1)} # {random.choice(('noise', 'saw', 'sine', 'tri', self.source()))})"
        chain = " # ".join(self.effect() for _ in range(random.randint(1, 2)))
        return (
            f"({self.signal(depth - 1)} # {chain})" if self.chance(0.6) else f"{self.signal(depth - 1)} # {chain} * 0.5"
        )

    def source(self) -> str:
        """A call of a source."""
        name = self.random.choice(SOURCES)
        definition = language()[name]
        if self.chance(0.06) and sum(param.default is None for param in definition.params) <= 1:
            return f"{name} {patterns.text(self.random, patterns.note)}"
        return self.call(name, definition)

    def effect(self) -> str:
        """An effect in a chain, or a modifier bus."""
        if self.buses("modifier") and self.chance(0.15):
            return f"~{self.random.choice(self.buses('modifier'))}"
        name = self.random.choice(EFFECTS)
        return self.call(name, language()[name])

    def function_form(self, depth: int) -> str:
        """An effect with its inputs as first arguments, with blanks or commas."""
        name = self.random.choice(EFFECTS)
        definition = language()[name]
        inputs = [self.signal(depth - 1) for _ in definition.ports]
        arguments = self.arguments(definition)
        if self.chance(0.4):
            return f"{name}({', '.join([*inputs, *arguments])})"
        return f"({' '.join([name, *(f'({one})' for one in inputs), *arguments])})"

    def call(self, name: str, definition: Definition) -> str:
        """A call with its params: by position, the last ones perhaps by keyword, or with commas."""
        arguments = self.arguments(definition)
        if arguments and self.chance(0.15):
            param = definition.params[len(arguments) - 1]
            arguments[-1] = f":{short(param)} {arguments[-1]}"
        elif arguments and self.chance(0.1):
            return f"{name}({', '.join(arguments)})"
        return " ".join([name, *arguments])

    def arguments(self, definition: Definition) -> list[str]:
        least = sum(param.default is None for param in definition.params)
        count = self.random.randint(least, len(definition.params))
        return [self.argument(param) for param in definition.params[:count]]

    def argument(self, param: Param) -> str:
        """A value for a param: mostly within its range, at its edges, a little outside, or moving."""
        random = self.random
        kind = random.random()
        if kind < 0.6:
            return self.within(param)
        if kind < 0.72:
            return f"{max(min(random.choice((param.low, param.high)), 1e9), -1e9):.10g}"
        if kind < 0.75:
            return random.choice(("-1", "100000", "0", "1000000000"))
        if kind < 0.87:
            return patterns.text(random, lambda _: self.within(param), 1)
        if self.buses("signal", "pattern") and kind < 0.93:
            return f"~{random.choice(self.buses('signal', 'pattern'))}"
        return f"({self.source()} * {self.within(param)} + {self.within(param)})"

    def within(self, param: Param) -> str:
        low, high = max(param.low, -100.0), min(param.high, 10_000.0)
        if low > 0 and high / low > 50:
            return f"{low * (high / low) ** self.random.random():.4f}"
        if high > 20:
            high = min(high, 20.0 if low >= 0 else 100.0)
        return f"{self.random.uniform(low, high):.4f}"

    def value(self) -> str:
        """A plain value."""
        return self.random.choice((patterns.number(self.random), self.string()))

    def string(self) -> str:
        return patterns.text(self.random, self.random.choice((patterns.number, patterns.note, patterns.truth)), 1)
