"""The groups of output paths: the last tasks of a chunk mix all outputs and deliver frames, on workers as all is."""

from __future__ import annotations

from dataclasses import replace

from farm.graph.graph import Graph
from farm.graph.nodes import catalog
from farm.plan.groups import WHOLE_CHUNK, finished
from farm.plan.limiting import TARGET, Limiting
from farm.plan.path import KINDS, PathPlan
from farm.plan.plan import Area, GroupKind, GroupPlan, Region, Word
from farm.plan.program import GroupBuilder, PlanSetting, Wiring, float_bits
from farm.plan.weighting import cell_frames
from workers.dsp.true_peak import WORK
from workers.wire import BUFFER_BYTES, HELD, PLANE, Code

LEVEL_LANES = 8
"""Values that are kept apart for each output, for the mix and for what is delivered."""
DELIVERED_ROWS = 5
"""The greatest magnitudes, frames that were cut off, frames outside of the range of whole numbers, frames that were
turned down, and by how much."""


def level_rows(plan: PathPlan) -> int:
    """What a path measures in a chunk: each bus that it measures, the mix, what is delivered."""
    return len(plan.measured) + 1 + DELIVERED_ROWS


def levels_bytes(plan: PathPlan) -> int:
    """The same in bytes."""
    return 4 * LEVEL_LANES * level_rows(plan)


def path_groups(graph: Graph, number: int, plan: PathPlan, setting: PlanSetting) -> list[GroupPlan]:
    """The groups of output path `number`, each with one task a chunk.

    With a limiter there are three, so that what depends on the chunk before is little: the mix and its true peaks; the
    gain; what is delivered. The frames before a chunk on which its gain depends are the second's to hand on.
    """
    mixing = GroupBuilder(graph, setting, voiced=False)
    mixing.reads_buses += dict.fromkeys((*plan.measured, *plan.path.buses))
    mix(mixing, number, plan)
    mixing.cost_ns = 2 * catalog()["master"].cost_ns * len(mixing.reads_buses)
    kept = tuple(signal for signal in plan.given if signal != plan.loudness)
    loudness = [loud(graph, number, plan, setting)] if plan.path.measured else []
    if plan.path.limiter is None:
        deliver(mixing, number, plan)
        mixing.cost_ns += 2 * catalog()["deliver"].cost_ns
        return [finished(mixing, "master", GroupKind.BUS, (plan.mixed, *kept), -1, WHOLE_CHUNK), *loudness]
    measure(mixing, number, plan, plan.path.limiter)
    limiting = GroupBuilder(graph, setting, voiced=False)
    limiting.reads_buses += [plan.mixed, plan.peaks]
    limit(limiting, number, plan, plan.path.limiter)
    delivering = GroupBuilder(graph, setting, voiced=False)
    delivering.reads_buses += [plan.mixed, plan.nodes]
    deliver(delivering, number, plan)
    delivering.cost_ns = 2 * catalog()["deliver"].cost_ns
    gain = finished(limiting, "limiter", GroupKind.BUS, (plan.nodes,), -1, WHOLE_CHUNK)
    return [
        finished(mixing, "master", GroupKind.BUS, (plan.mixed, plan.peaks), -1, WHOLE_CHUNK),
        replace(gain, forgets=True),
        finished(delivering, "output", GroupKind.BUS, kept, -1, WHOLE_CHUNK),
        *loudness,
    ]


def loud(graph: Graph, number: int, plan: PathPlan, setting: PlanSetting) -> GroupPlan:
    """The group that finds out how loud the delivered frames of path `number` are. What lies before the first frame
    that is kept does not count, so that nothing has to run for it."""
    program = GroupBuilder(graph, setting, voiced=False)
    program.reads_buses.append(plan.frames)
    work = program.buffer(-(-4 * WORK // BUFFER_BYTES))
    words = {
        "sound": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, plan.frames)),
        "taps": Word(Code.ARENA, 0, 0, Region(Area.TAPS, number)),
        "work": program.scratch(work),
        "carried": Word(Code.LINES),
        "target": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, plan.loudness)),
    }
    numbers = {
        "channel_count": plan.path.width,
        "delay": plan.delay,
        "cell": cell_frames(setting.rate),
        "first": plan.path.first,
        "last": plan.path.last,
    }
    program.emit(catalog()["loudness"], None, "loudness", Wiring(words, numbers=numbers), None, post=True)
    program.cost_ns = 2 * catalog()["loudness"].cost_ns
    program.carried, program.fields = True, 1
    program.line_bytes = (4 * (plan.eights * HELD + 8 + plan.path.width * PLANE + 8) + 63) // 64 * 64
    found = finished(program, "loudness", GroupKind.BUS, (plan.loudness,), -1, WHOLE_CHUNK)
    return replace(found, forgets=True)


def measure(program: GroupBuilder, number: int, plan: PathPlan, limiter: Limiting) -> None:
    """The op that finds true peaks."""
    wiring = Wiring(peak_words(program, number, plan, limiter), numbers=peak_numbers(program, plan, limiter))
    program.emit(catalog()["cell_peaks"], None, "master", wiring, None, post=True)
    program.cost_ns += 2 * catalog()["cell_peaks"].cost_ns


def limit(program: GroupBuilder, number: int, plan: PathPlan, limiter: Limiting) -> None:
    """The op that finds the gain, and hands on what it depends on."""

    def constant(value: float) -> Word:
        return Word(Code.CONSTANT, program.bits(float_bits(value)))

    words = {
        **peak_words(program, number, plan, limiter),
        "carried": Word(Code.LINES),
        "nodes": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, plan.nodes)),
        "ceiling": constant(limiter.ceiling),
        "target": constant(limiter.ceiling * TARGET),
        "fast": constant(limiter.fast),
        "slow": constant(limiter.slow),
        "share": constant(1.0 / (limiter.first_mean * limiter.second_mean)),
    }
    numbers = {
        **peak_numbers(program, plan, limiter),
        "window": limiter.window,
        "sustain": limiter.sustain,
        "first_mean": limiter.first_mean,
        "second_mean": limiter.second_mean,
    }
    program.emit(catalog()["limiter"], None, "limiter", Wiring(words, numbers=numbers), None, post=True)
    program.cost_ns = 2 * catalog()["limiter"].cost_ns
    program.carried, program.fields = True, 1
    program.line_bytes = (4 * (limiter.past_floats + plan.path.width * limiter.delay) + 63) // 64 * 64


def peak_words(program: GroupBuilder, number: int, plan: PathPlan, limiter: Limiting) -> dict[str, Word]:
    """What both need that look for true peaks."""
    work = program.buffer(-(-4 * limiter.work_floats // BUFFER_BYTES))
    return {
        "mixed": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, plan.mixed)),
        "taps": Word(Code.ARENA, 0, 0, Region(Area.TAPS, number)),
        "work": program.scratch(work),
        "quiet": Word(Code.CONSTANT, program.bits(float_bits(limiter.quiet))),
        "peaks": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, plan.peaks)),
    }


def peak_numbers(program: GroupBuilder, plan: PathPlan, limiter: Limiting) -> dict[str, int]:
    """The same for numbers."""
    return {
        "channel_count": plan.path.width,
        "step": plan.step(program.setting.chunk_frames),
        "delay": limiter.delay,
        "segment": limiter.segment,
    }


def mix(program: GroupBuilder, number: int, plan: PathPlan) -> None:
    """The op that mixes."""
    setting, path = program.setting, plan.path
    words = {
        "signals": Word(Code.SIGNAL, 0, setting.signal_bytes),
        "offsets": Word(Code.ARENA, 0, 0, Region(Area.OFFSETS, number)),
        "terms": Word(Code.ARENA, 0, 0, Region(Area.TERMS, number)),
        "gain": Word(Code.CONSTANT, program.bits(float_bits(path.gain))),
        "levels": Word(Code.SIGNAL, 0, levels_bytes(plan), Region(Area.LEVELS, number)),
        "target": Word(Code.SIGNAL, 4 * plan.delay, 0, Region(Area.BUS, plan.mixed)),
    }
    numbers = {
        "count": len(plan.measured),
        "plane": setting.plane,
        "channel_count": path.width,
        "step": plan.step(setting.chunk_frames),
        "fade_in": path.fade_in,
        "fade_from": path.fade_out[0],
        "fade_to": path.fade_out[1],
        "cut": path.cut,
    }
    program.emit(catalog()["master"], None, "master", Wiring(words, numbers=numbers), None, post=True)


def deliver(program: GroupBuilder, number: int, plan: PathPlan) -> None:
    """The op that gives frames and bytes."""
    setting, path, coding = program.setting, plan.path, plan.path.coding
    work = program.buffer(-(-4 * plan.work_floats() // BUFFER_BYTES))
    data = plan.frames if plan.data is None else plan.data
    limiter = path.limiter
    nodes = plan.frames if limiter is None else plan.nodes
    words = {
        "mixed": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, plan.mixed)),
        "nodes": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, nodes)),
        "ceiling": Word(Code.CONSTANT, program.bits(float_bits(1.0 if limiter is None else limiter.ceiling))),
        "keys": Word(Code.ARENA, 0, 0, Region(Area.KEYS, number)),
        "levels": Word(
            Code.SIGNAL,
            4 * LEVEL_LANES * (len(plan.measured) + 1),
            levels_bytes(plan),
            Region(Area.LEVELS, number),
        ),
        "work": program.scratch(work),
        "sound": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, plan.frames)),
        "data": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, data)),
    }
    numbers = {
        "channel_count": path.width,
        "step": plan.step(setting.chunk_frames),
        "delay": plan.delay,
        "segment": 0 if limiter is None else limiter.segment,
        "late": 0 if limiter is None else limiter.late,
        "cut_off": int(path.clip == "warn"),
        "width": 0 if coding is None else coding.width,
        "dither": 0 if coding is None else KINDS[coding.dither],
        "first": path.first,
        "last": path.last,
    }
    program.emit(catalog()["deliver"], None, "master", Wiring(words, numbers=numbers), None, post=True)
