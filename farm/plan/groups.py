"""Groups: the scopes of a graph as programs of ops over scratch buffers.

A bus's chain is one group; a loop of buses is one; each source of voices is one. Inside a group the nodes run one after
another over blocks; only what leaves it goes through the arena.
"""

from __future__ import annotations

from collections.abc import Iterable

from farm.graph.graph import Body, ConstantFeed, Feed, Graph, Node, SignalFeed, StepsFeed
from farm.graph.nodes import catalog, samplers
from farm.plan.links import ChainLink, link_name
from farm.plan.plan import (
    Area,
    ConstantKind,
    ConstantPlan,
    FeedKind,
    GroupKind,
    GroupPlan,
    OpPlan,
    Region,
    Side,
    Word,
)
from farm.plan.program import GroupBuilder, PlanSetting, Wiring
from workers.calls import kernel_name, layout
from workers.catalog import Definition, Shape, Unit
from workers.wire import BLOCK, BUFFER_BYTES, Code

WHOLE_CHUNK = 1 << 40
"""Block length of groups that take a task in one call."""
ENVELOPES = {"adsr": "voice_adsr", "natural": "voice_percussive"}


def signal_word(program: GroupBuilder, region: Region, step: int) -> Word:
    """A stereo signal in the arena, or the side of it that the group works out."""
    return Word(Code.SIGNAL, program.side_bytes, step, region)


def scope_ops(program: GroupBuilder, scope: Body, inside: dict[int, int], remembered: dict[int, int]) -> int:
    """Ops of a scope; returns its result's buffer.

    `inside`: result buffers of the buses of the same loop; `remembered`: their state fields.
    """
    buffers: dict[int, int] = {}
    node_ops(program, scope, range(len(scope.nodes)), buffers, (inside, remembered))
    return buffers[scope.result]


def node_ops(
    program: GroupBuilder,
    scope: Body,
    nodes: Iterable[int],
    buffers: dict[int, int],
    loop: tuple[dict[int, int], dict[int, int]],
) -> None:
    """Ops of some nodes of a scope; notes their buffers."""
    numbers = {"count": 1, "stride": 0, "plane": program.plane}
    for index in nodes:
        node = scope.nodes[index]
        if node.node == "bus":
            buffers[index] = bus_op(program, scope, node, *loop)
            continue
        out = buffers[index] = program.buffer()
        if node.node == "voices":
            program.reads_sources.append(node.target)
            definition = catalog()["mix"]
            partials = signal_word(program, Region(Area.PARTIALS, node.target), 0)
            counted = {**numbers, "stride": program.setting.signal_bytes // 4}
            wiring = Wiring(inputs={"signals": partials}, numbers=counted)
            program.emit(definition, node, scope.name, wiring, program.scratch(out))
            last = program.ops[-1]
            count_at = [argument.name for argument in layout(definition, "constant")].index("count") - 2
            words = list(last.words)
            words[count_at] = Word(Code.COUNT, 0, 0, Region(Area.COUNTS, node.target))
            program.ops[-1] = OpPlan(last.kernel, tuple(words), last.node, last.out_word, last.first_field, last.fields)
            continue
        definition = catalog()[node.node]
        inputs = {port: program.scratch(buffers[source]) for port, source in node.inputs}
        if program.voiced and definition.shape is Shape.CHANNELS:
            inputs = {port: begun(program, node, scope.name, word) for port, word in inputs.items()}
        params = dict(node.params)
        if definition.name == "gate":
            gate_op(program, definition, node, scope.name, params, program.scratch(out))
            continue
        signals: dict[str, int] = {}
        if any(isinstance(feed, SignalFeed) for feed in params.values()):
            for name, feed in params.items():
                signals[name] = (
                    buffers[feed.node] if isinstance(feed, SignalFeed) else held(program, node, scope.name, feed)
                )
        program.emit(definition, node, scope.name, Wiring(inputs, params, signals), program.scratch(out))
        if node.heard and definition.role == "source" and not program.voiced and program.setting.fades:
            ending_op(program, node, scope.name, out)


def held(program: GroupBuilder, node: Node, scope: str, feed: Feed) -> int:
    """A constant as a signal, beside params that are signals."""
    out = program.buffer()
    program.emit(catalog()["hold"], node, scope, Wiring(params={"value": feed}), program.scratch(out))
    return out


def begun(program: GroupBuilder, node: Node, scope: str, word: Word) -> Word:
    """An input that is silent before each voice's onset: lines of a voice must not hear what its lane ran before."""
    out = program.scratch(program.buffer())
    program.emit(catalog()["since_onset"], node, scope, Wiring({"input": word}), out)
    return out


def ending_op(program: GroupBuilder, node: Node, scope: str, buffer: int) -> None:
    """Fades a source out at the end of the score, in place."""
    slope = 1.0 / max(program.setting.fade_out_frames, 1)
    word = program.scratch(buffer)
    since_end = {"since": program.constant(ConstantPlan(ConstantKind.END))}
    fed: dict[str, Feed] = {"fade_slope": ConstantFeed(slope)}
    program.emit(catalog()["ending"], node, scope, Wiring({"input": word}, fed, constants=since_end), word)


def gate_op(
    program: GroupBuilder, definition: Definition, node: Node, scope: str, params: dict[str, Feed], out: Word
) -> None:
    """A step function with ramps: three step-fed constants, of which one is the frame where the step began."""
    feed = params["target"]
    constants: dict[str, int] = {}
    if isinstance(feed, StepsFeed):
        wanted: list[tuple[FeedKind, StepsFeed | None, Unit]] = [
            (FeedKind.VALUE, feed, Unit.PLAIN),
            (FeedKind.PREVIOUS, feed, Unit.PLAIN),
            (FeedKind.ORIGIN, feed, Unit.WORD),
        ]
        constants = dict(zip(("target", "previous", "since"), program.fed_constant(wanted), strict=True))
    program.emit(definition, node, scope, Wiring(params=params, constants=constants), out)


def bus_op(program: GroupBuilder, scope: Body, node: Node, inside: dict[int, int], remembered: dict[int, int]) -> int:
    """Reads a bus: of the same loop from its buffer or its frame before, of another group from the arena."""
    if node.previous:
        out = program.buffer()
        recall = catalog()["recall"]
        if node.target not in remembered:
            remembered[node.target] = program.fields
            program.fields += 1
        first_field = remembered[node.target]
        program.emit(recall, node, scope.name, Wiring(), program.scratch(out), first_field=first_field)
        return out
    if node.target in inside:
        return inside[node.target]
    out = program.buffer()
    program.reads_buses.append(node.target)
    signals = signal_word(program, Region(Area.BUS, node.target), 0)
    numbers = {"plane": program.plane}
    if not program.voiced:
        numbers |= {"count": 1, "stride": 0}
    joint = catalog()["broadcast" if program.voiced else "mix"]
    program.emit(joint, node, scope.name, Wiring({"signals": signals}, numbers=numbers), program.scratch(out))
    return out


def bus_group(graph: Graph, buses: tuple[int, ...], setting: PlanSetting) -> GroupPlan:
    """A bus, or the buses of a loop, as one group."""
    program = GroupBuilder(graph, setting, voiced=False)
    inside: dict[int, int] = {}
    remembered: dict[int, int] = {}
    for bus in buses:
        inside[bus] = scope_ops(program, graph.buses[bus], inside, remembered)
    for bus, first_field in remembered.items():
        wiring = Wiring({"input": program.scratch(inside[bus])})
        program.emit(catalog()["remember"], None, graph.buses[bus].name, wiring, None, first_field=first_field)
    for bus in buses:
        inputs = {"input": program.scratch(inside[bus]), "target": signal_word(program, Region(Area.BUS, bus), 1)}
        wiring = Wiring(inputs, numbers={"plane": setting.plane})
        program.emit(catalog()["keep"], None, graph.buses[bus].name, wiring, None, post=True)
    name = " ".join(graph.buses[bus].name for bus in buses)
    return finished(program, name, GroupKind.BUS, buses, -1, 1 if remembered else BLOCK)


def link_groups(
    graph: Graph, scope: Body, link: ChainLink, signals: tuple[int, int], setting: PlanSetting
) -> list[GroupPlan]:
    """A link of a bus, or its two sides. `signals`: the one it goes on from (where there is one), the one it gives."""
    sides: Iterable[Side | None] = Side if link.sides else (None,)
    builders = (GroupBuilder(graph, setting, voiced=False, side=side) for side in sides)
    return [link_group(program, scope, link, signals) for program in builders]


def link_group(program: GroupBuilder, scope: Body, link: ChainLink, signals: tuple[int, int]) -> GroupPlan:
    """A link of a bus, or one side of it."""
    heard, given = signals
    buffers: dict[int, int] = {}
    if link.before >= 0:
        out = buffers[link.before] = program.buffer()
        program.reads_buses.append(heard)
        wiring = Wiring({"signals": signal_word(program, Region(Area.BUS, heard), 0)}, numbers={"plane": program.plane})
        program.emit(catalog()["resume"], None, scope.name, wiring, program.scratch(out))
    node_ops(program, scope, (*link.again, *range(link.first, link.stop)), buffers, ({}, {}))
    inputs = {
        "input": program.scratch(buffers[link.result]),
        "target": signal_word(program, Region(Area.BUS, given), 1),
    }
    if program.side is None:
        wiring = Wiring(inputs, numbers={"plane": program.plane})
        program.emit(catalog()["keep"], None, scope.name, wiring, None, post=True)
    else:
        program.emit(catalog()["keep_side"], None, scope.name, Wiring(inputs), None, post=True)
    name = link_name(scope, link) if program.side is None else f"{link_name(scope, link)} {program.side}"
    return finished(program, name, GroupKind.BUS, (given,), -1, BLOCK)


def voice_group(graph: Graph, source: int, setting: PlanSetting) -> GroupPlan:
    """The voices of an instrument as one group."""
    played = graph.sources[source]
    assert played.instrument is not None
    program = GroupBuilder(graph, setting, voiced=True)
    result = scope_ops(program, graph.instruments[played.instrument], {}, {})
    definition = catalog()[ENVELOPES[played.envelope]]
    final = program.buffer(2)
    constants = {}
    for param in definition.params:
        if param.name == "end_frames":
            constants[param.name] = program.constant(ConstantPlan(ConstantKind.LENGTH))
        elif param.name == "fade_slope":
            constants[param.name] = program.constant(ConstantPlan(ConstantKind.FADE))
        elif param.as_unit is Unit.WORD:
            constants[param.name] = program.constant(ConstantPlan(ConstantKind.AFTER, 0, param.name))
        else:
            constants[param.name] = program.constant(ConstantPlan(ConstantKind.COLUMN, 0, param.name))
    out = program.scratch(final, BUFFER_BYTES)
    inputs = {"input": program.scratch(result)}
    program.emit(definition, None, played.name, Wiring(inputs, constants=constants), out)
    left = len(program.constants)
    program.constants += [
        ConstantPlan(ConstantKind.COLUMN, 0, "gain_left"),
        ConstantPlan(ConstantKind.COLUMN, 0, "gain_right"),
    ]
    halves = {
        "low": Word(Code.HALF_OUT, final * BUFFER_BYTES, 0),
        "high": Word(Code.HALF_OUT, (final + 1) * BUFFER_BYTES, 1),
        "gains": Word(Code.CONSTANT, left),
        "target": Word(Code.OUT),
    }
    program.emit(
        catalog()["fold"], None, played.name, Wiring(halves, numbers={"plane": setting.plane}), None, post=True
    )
    return finished(program, played.name, GroupKind.VOICES, (), source, BLOCK)


def sample_group(graph: Graph, source: int, setting: PlanSetting) -> GroupPlan:
    """The sample voices of a source as one group."""
    program = GroupBuilder(graph, setting, voiced=True)
    definition = catalog()[samplers()[setting.quality]]
    words: list[Word] = []
    for argument in layout(definition, "constant")[2:]:
        if argument.role == "out":
            words.append(Word(Code.OUT))
        elif argument.role == "samples":
            words.append(Word(Code.SLAB))
        elif argument.role == "column":
            column = next(one for one in definition.columns if one.name == argument.name)
            width = (4 if column.dtype == "f4" else 8) * column.width
            words.append(Word(Code.COLUMN, 0, width, Region(Area.COLUMN, source, argument.name)))
        elif argument.name == "voices":
            words.append(Word(Code.LANES))
        else:
            words.append(Word(Code.LITERAL, setting.plane))
    name = graph.sources[source].name
    node = Node(definition.name, (), (), name, graph.sources[source].loc)
    number = program.label(definition, node, name, "constant", definition.memory_for(()).name)
    program.posts.append(OpPlan(kernel_name(definition, "constant"), tuple(words), number))
    program.cost_ns = definition.cost_ns
    program.columns = definition.columns
    return finished(program, name, GroupKind.SAMPLES, (), source, WHOLE_CHUNK)


def finished(
    program: GroupBuilder, name: str, kind: GroupKind, buses: tuple[int, ...], source: int, block_frames: int
) -> GroupPlan:
    """The frozen group."""
    return GroupPlan(
        key="",
        name=name,
        kind=kind,
        buses=buses,
        source=source,
        ops=tuple(program.ops),
        posts=tuple(program.posts),
        seeks=() if program.carried else tuple(program.seeks),
        constants=tuple(program.constants),
        feeds=tuple(program.fed),
        fields=program.fields,
        carried=program.carried,
        ring_bytes=program.ring_bytes,
        line_bytes=program.line_bytes,
        block_frames=block_frames,
        buffers=program.buffers,
        reads_buses=tuple(dict.fromkeys(program.reads_buses)),
        reads_sources=tuple(dict.fromkeys(program.reads_sources)),
        labels=tuple(program.labels),
        cost_ns=program.cost_ns,
        line_lengths=tuple(program.line_lengths),
        columns=program.columns,
        side=program.side,
        lag=program.lag,
    )
