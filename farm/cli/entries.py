"""What the documentation commands know of a word, from the definition that the renderer itself goes by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.errors import FarmError
    from farm.graph.vocabulary import ScoreWord
    from farm.pattern.notation import Feature
    from farm.pattern.register import Parameter, Transform
    from farm.printer.entries import Entry, WordArgument
    from workers.catalog import Definition, Param

NODE_KINDS = {"source": "sources", "control": "controls", "effect": "effects"}
PATTERN_KINDS = {
    "transform": "transforms, after `$`",
    "event source": "event sources",
    "value pattern": "value patterns",
    "voice modifier": "voice modifiers, after `#`",
    "mini-notation": "mini-notation, in quotes",
}


def node_entries() -> list[Entry]:
    """The nodes of the language, by name."""
    from farm.graph.nodes import catalog

    public = [one for one in catalog().values() if one.role != "internal"]
    return [of_node(one) for one in sorted(public, key=lambda one: one.name)]


def pattern_entries() -> list[Entry]:
    """Transforms, event sources, value patterns, voice modifiers and the features of mini-notation."""
    from farm.graph.vocabulary import EVENT_SOURCES, MODIFIERS, VALUE_SOURCES
    from farm.pattern.notation import FEATURES
    from farm.pattern.register import transforms

    known = {one.name: one for one in transforms().values()}
    sources = {one.name: one for one in EVENT_SOURCES.values()}
    return [
        *(of_transform(known[name]) for name in sorted(known)),
        *(of_word(one, "event source") for one in sources.values()),
        *(of_word(one, "value pattern") for one in VALUE_SOURCES.values()),
        *(of_word(MODIFIERS[name], "voice modifier") for name in sorted(MODIFIERS)),
        *map(of_feature, FEATURES),
    ]


def of_node(node: Definition) -> Entry:
    """A node of the catalog."""
    from farm.graph.node_calls import further_params, signature
    from farm.printer.entries import Entry, WordArgument, number_argument

    def argument(one: Param) -> WordArgument:
        about = one.about + "".join(f"; also `:{name}`" for name in one.also)
        return number_argument(one.name, one.unit, one.default, one.low, one.high, about)

    from_left = "from the left of `#`"
    inputs = [WordArgument(port.name, "signal", True, from_left, about=port.about) for port in node.ports]
    params = [argument(one) for one in node.params]
    for one in further_params(node):
        further = argument(one)
        params.append(replace(further, required=False, default="may be left out") if further.required else further)
    facts = [("memory", memory(node)), ("cost", f"about {node.cost_ns:g} ns a voice and frame")]
    if node.ring is not None:
        facts.append(("delay line", f"up to {node.ring.max_s:g} s" if node.ring.max_s else "of fixed length"))
    short = signature(node)
    return Entry(
        node.name,
        node.role,
        short,
        f"input # {short}" if node.role == "effect" else short,
        node.doc,
        node.example,
        node.aliases,
        (*inputs, *params),
        tuple(facts),
    )


def memory(node: Definition) -> str:
    """What a node remembers: `CLOSED_FORM; CARRIED when `freq_hz` is a signal`."""
    steady = node.memory_for(())
    moved: dict[str, list[str]] = {}
    for param in node.params:
        found = node.memory_for([param.name])
        if found != steady:
            moved.setdefault(found.name, []).append(f"`{param.name}`")
    when = (f"{name} when {' or '.join(params)} is a signal" for name, params in moved.items())
    return "; ".join([steady.name, *when])


def of_transform(transform: Transform) -> Entry:
    """A transform of the register."""
    from farm.printer.entries import Entry

    arguments = tuple(map(of_parameter, transform.arguments))
    written = f'"..." $ {transform.signature}'
    doc = f"{transform.doc}\n\n{transform.more}" if transform.more else transform.doc
    example = f"{transform.example}\n{score_with(transform)}"
    return Entry(transform.name, "transform", transform.signature, written, doc, example, transform.aliases, arguments)


def score_with(transform: Transform) -> str:
    """A score in which a transform does what it does in its example."""
    call = transform.example.partition(' $ "')[0]
    return f'out: s "bd sn:1 hh cp" $ {call}'


def of_parameter(parameter: Parameter) -> WordArgument:
    """An argument of a transform."""
    from farm.pattern.register import Above, Between
    from farm.printer.entries import WordArgument

    limits = parameter.range
    return WordArgument(
        parameter.name,
        parameter.shown_unit,
        parameter.default is None,
        None if parameter.default is None else float(parameter.default),
        limits.low if isinstance(limits, Above | Between) else None,
        limits.high if isinstance(limits, Between) else None,
        parameter.kind.page(limits),
    )


def of_word(word: ScoreWord, kind: str) -> Entry:
    """An event source or a voice modifier."""
    from farm.printer.entries import Entry, number_argument

    params = tuple(
        number_argument(word.shown(one), one.unit, one.default, one.low, one.high, one.about) for one in word.params
    )
    written = f"s ... # {word.signature}" if kind == "voice modifier" else word.signature
    return Entry(word.name, kind, word.signature, written, word.doc, word.example, word.aliases, params)


def of_feature(feature: Feature) -> Entry:
    """A feature of mini-notation."""
    from farm.printer.entries import Entry

    short = f"{feature.name:<12}{feature.written}"
    return Entry(
        feature.name, "mini-notation", short, f'"{feature.written}"', feature.doc, feature.example, feature.marks
    )


def found(entries: list[Entry], name: str) -> list[Entry]:
    """Those that are called so, or written so in their list; a name may be a transform and a modifier too."""
    return [one for one in entries if name in (one.name, *one.aliases, one.signature, one.written.strip('"'))]


def unknown(name: str, what: str) -> FarmError:
    """The error for a name that is none of `what` ("node" or "pattern"): what it is instead, or the nearest name."""
    import shlex

    from farm.errors import UsageError, near
    from farm.graph.later import LATER, later_names

    every = {"node": node_entries(), "pattern": pattern_entries()}
    command = f"`farm {what}s`"
    for other, entries in every.items():
        if other != what and (elsewhere := found(entries, name)):
            one = elsewhere[0]
            article = "an" if one.kind[0] in "aeiou" else "a"
            return UsageError(
                f"`{name}` is {article} {one.kind}, not a {what}",
                hint=f"`farm {other}s {shlex.quote(name)}` tells about it",
            )
    if name in later_names():
        return UsageError(f"`{name}` {LATER}", hint=f"{command} lists what there is")
    names = dict.fromkeys(later_names(), "")
    names |= {alias: kind for kind, entries in every.items() for one in entries for alias in (one.name, *one.aliases)}
    close = near(name, names)
    if not close:
        return UsageError(f"no {what} is called `{name}`", hint=f"{command} lists them all")
    kind = names[close[0]]
    more = "" if kind == what else f" `farm {kind}s {shlex.quote(close[0])}` tells about it" if kind else f" It {LATER}"
    return UsageError(f"no {what} is called `{name}`", hint=f"did you mean `{close[0]}`?{more}")
