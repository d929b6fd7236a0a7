"""The master group: the last task of a chunk sums all outputs into frames, on a worker like the rest."""

from __future__ import annotations

from farm.graph.graph import Graph
from farm.graph.nodes import catalog
from farm.plan.groups import WHOLE_CHUNK, finished
from farm.plan.plan import Area, GroupKind, GroupPlan, Region, Word
from farm.plan.program import GroupBuilder, PlanSetting, Wiring, float_bits
from workers.wire import Code

LEVEL_LANES = 8
"""Magnitudes that are kept apart for each output and for the mix."""


def levels_bytes(outputs: int) -> int:
    """Bytes of a chunk's levels: of each output, then of the mix."""
    return 4 * LEVEL_LANES * (outputs + 1)


def master_bus(graph: Graph) -> int:
    """The number of the signal that holds mixed frames: behind those of the score's buses."""
    return len(graph.buses)


def master_group(graph: Graph, outputs: tuple[tuple[str, int], ...], gain: float, setting: PlanSetting) -> GroupPlan:
    """One task a chunk: reads every output's signal, writes frames and levels."""
    program = GroupBuilder(graph, setting, voiced=False)
    program.reads_buses += [bus for _, bus in outputs]
    target = master_bus(graph)
    words = {
        "signals": Word(Code.SIGNAL, 0, setting.signal_bytes),
        "offsets": Word(Code.ARENA, 0, 0, Region(Area.OFFSETS)),
        "gain": Word(Code.CONSTANT, program.bits(float_bits(gain))),
        "levels": Word(Code.SIGNAL, 0, levels_bytes(len(outputs)), Region(Area.LEVELS)),
        "target": Word(Code.SIGNAL, 0, 0, Region(Area.BUS, target)),
    }
    numbers = {"count": len(outputs), "plane": setting.plane}
    program.emit(catalog()["master"], None, "master", Wiring(words, numbers=numbers), None, post=True)
    program.cost_ns = catalog()["master"].cost_ns * 2 * len(outputs)
    return finished(program, "master", GroupKind.BUS, (target,), -1, WHOLE_CHUNK)
