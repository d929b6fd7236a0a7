"""Laws that every node of the catalog keeps."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from workers.catalog import CARRIED, Definition, Unit
from workers.simd import LANES
from workers.targets import python

from .harness import (
    RATE_HZ,
    RING_FRAMES,
    Machine,
    assert_same,
    assert_same_memory,
    copy_of,
    fresh_state,
    lane_nodes,
    lanes_of,
    make_call,
    rooms,
    stretch_of,
    variants,
)

NODES = [pytest.param(node, id=node.name) for node in lane_nodes()]


def kernels(wanted: Callable[[Definition], bool]) -> list[Any]:
    """Every variant of the nodes that are wanted, as test parameters."""
    nodes = [node for node in lane_nodes() if wanted(node)]
    return [pytest.param(node, variant, id=f"{node.name}-{variant}") for node in nodes for variant in variants(node)]


KERNELS = kernels(lambda node: True)
EFFECTS = kernels(lambda node: bool(node.ports))
WITH_RINGS = kernels(lambda node: node.ring is not None and not node.ring.line_frames)
WITH_LINES = kernels(lambda node: node.ring is not None and bool(node.ring.line_frames))
SMALLEST_NORMAL = np.float32(2.0**-126)


@pytest.mark.parametrize("level", ["v2", "v3", "v4"])
@pytest.mark.parametrize(("node", "variant"), KERNELS)
def test_machine_code_gives_the_bits_of_the_source(
    node: Definition, variant: str, level: str, machine_at: Callable[[str], Machine]
) -> None:
    call = make_call(node, variant, frame=RING_FRAMES - 100)
    if node.ring is not None:
        filling = np.random.default_rng(7)
        for memory in (call.ring, call.lines):
            if memory is not None:
                memory[...] = filling.uniform(-1.0, 1.0, memory.shape)
    twin = copy_of(call)
    expected = python.run(call)
    found = machine_at(level).run(twin)
    assert_same(found, expected, f"{node.name} {variant} {level}")
    assert_same_memory(twin, call, f"{node.name} {variant} {level}")


@pytest.mark.parametrize(("node", "variant"), KERNELS)
def test_values_stay_finite_over_the_whole_range(node: Definition, variant: str, machine: Machine) -> None:
    found = machine.run(make_call(node, variant, frames=3000))
    assert np.isfinite(found).all()


@pytest.mark.parametrize(("node", "variant"), KERNELS)
def test_any_split_into_calls_gives_the_same_bits(node: Definition, variant: str, machine: Machine) -> None:
    frames = 5000
    whole = make_call(node, variant, frames=frames, frame=RING_FRAMES - frames // 2)
    split = copy_of(whole)
    expected = machine.run(whole)
    rng = np.random.default_rng(11)
    parts, at = [], 0
    while at < frames:
        end = min(frames, at + int(rng.choice([1, 2, 7, 8, 9, 31, 64, 100, 200])))
        part = stretch_of(split, at, end)
        parts.append(machine.run(part))
        split.state = part.state
        at = end
    assert_same(np.vstack(parts), expected, node.name)
    assert_same_memory(split, whole, node.name)


@pytest.mark.parametrize("bits", [31, 32])
@pytest.mark.parametrize(("node", "variant"), KERNELS)
def test_frames_beyond_words_give_the_bits_of_those_near_0(
    node: Definition, variant: str, bits: int, machine: Machine
) -> None:
    near = make_call(node, variant, frames=600, frame=RING_FRAMES - 300)
    apart = (1 << bits) - RING_FRAMES
    far = dataclasses.replace(copy_of(near), frame=near.frame + apart)
    counted = {name: near.fixtures[name] + np.uint32(apart) for name in ("since", "origin")}
    far.fixtures = {**near.fixtures, **counted}
    by_source = copy_of(far)
    expected = machine.run(near)
    assert_same(machine.run(far), expected, f"{node.name} {variant} at 2^{bits}")
    assert_same_memory(far, near, f"{node.name} {variant} at 2^{bits}")
    assert_same(python.run(by_source), expected, f"{node.name} {variant} at 2^{bits} as written")


@pytest.mark.parametrize(("node", "variant"), KERNELS)
def test_eight_lanes_alone_equal_eight_lanes_among_many(node: Definition, variant: str) -> None:
    wide = make_call(node, variant, frames=100)
    start = 2 * LANES
    alone = lanes_of(wide, range(start, start + LANES))
    expected = python.run(wide)[:, start : start + LANES]
    assert_same(python.run(alone), np.ascontiguousarray(expected), node.name)


@pytest.mark.parametrize(("node", "variant"), KERNELS)
def test_a_side_alone_equals_that_side_beside_another(node: Definition, variant: str, machine: Machine) -> None:
    both = make_call(node, variant, frames=300, lanes=LANES, frame=RING_FRAMES - 100)
    for memory in (both.ring, both.lines):
        if memory is not None:
            memory[...] = np.random.default_rng(7).uniform(-1.0, 1.0, memory.shape)
    expected = machine.run(copy_of(both))
    for lane in range(LANES):
        alone = lanes_of(both, [lane] * LANES)
        for given in alone.inputs.values():
            # What the other lanes hear is heard nowhere else.
            given[:, 1:] = np.nan
        assert_same(machine.run(alone, channels=1)[:, :1], expected[:, lane : lane + 1], f"{node.name}, lane {lane}")


@pytest.mark.parametrize(("node", "variant"), kernels(lambda node: node.ring is not None and node.ring.never_nearer))
def test_what_is_never_nearer_than_its_port_is_not_read(node: Definition, variant: str, machine: Machine) -> None:
    assert node.ring is not None and node.ring.port is not None
    frames, least = 300, 1700
    call = make_call(node, variant, frames=frames, frame=RING_FRAMES - 121)
    seconds = node.param(node.ring.port).as_unit is Unit.FRAMES and variant == "constant"
    times = np.random.default_rng(5).integers(least, least + 99, call.lanes).astype(np.float32)
    given = times if seconds else np.broadcast_to((times + np.float32(0.5)) / np.float32(RATE_HZ), (frames, call.lanes))
    call.params[node.ring.port] = np.ascontiguousarray(given, np.float32)
    assert call.ring is not None
    call.ring[...] = np.random.default_rng(3).uniform(-1.0, 1.0, call.ring.shape)
    altered = copy_of(call)
    assert altered.ring is not None
    near = np.arange(call.frame + frames - least, call.frame) % RING_FRAMES
    altered.ring[near] = np.nan
    expected = machine.run(call)
    assert_same(machine.run(altered), expected, f"{node.name}: {least} frames are a stretch of {frames} and more")
    assert np.isfinite(expected).all()


@pytest.mark.parametrize("node", NODES)
def test_memory_is_what_it_is_declared_to_be(node: Definition, machine: Machine) -> None:
    for variant in variants(node):
        signals = [param.name for param in node.params] if variant == "signal" else []
        memory = node.memory_for(signals)
        if memory is CARRIED:
            continue
        frames = 3000
        long = make_call(node, variant, frames=frames)
        long.fixtures["origin"][:] = long.fixtures["since"][:] = 0
        expected = machine.run(copy_of(long))
        for start in (1, 63, 777, 2048, 2901):
            late = stretch_of(long, start, frames)
            late.state = fresh_state(node, late.lanes)
            if memory.seek is not None:
                needed = {name: late.params[name] for name in _seek_params(node)}
                ages = np.full(late.lanes, start, np.uint32)
                late.state = machine.seek(node, needed, ages)
                by_source = python.seek(node, needed, ages)
                for name, value in by_source.items():
                    assert np.array_equal(value, late.state[name])
            assert_same(machine.run(late), expected[start:], f"{node.name} {variant} from frame {start}")


def _seek_params(node: Definition) -> list[str]:
    assert node.seek is not None
    return [name for name in inspect.signature(node.seek).parameters if name not in ("state", "frames")]


@pytest.mark.parametrize(("node", "variant"), WITH_RINGS)
def test_rings_are_written_at_the_calls_own_frames_only(node: Definition, variant: str, machine: Machine) -> None:
    call = make_call(node, variant, frames=300, frame=RING_FRAMES - 121)
    rng = np.random.default_rng(3)
    assert call.ring is not None
    call.ring[...] = rng.uniform(-1.0, 1.0, call.ring.shape)
    old = call.ring.copy()
    again = copy_of(call)
    first = machine.run(call)
    own = (np.arange(call.frame, call.frame + call.frames)) % RING_FRAMES
    others = np.setdiff1d(np.arange(RING_FRAMES), own)
    assert np.array_equal(call.ring[others], old[others])
    assert not np.array_equal(call.ring[own], old[own])
    # A second run after the first writes and answers the same.
    again.ring = call.ring.copy()
    assert_same(machine.run(again), first, f"{node.name} run twice")
    assert_same_memory(again, call, f"{node.name} run twice")


@pytest.mark.parametrize("frame", [0, 1950, 7_000_003])
@pytest.mark.parametrize(("node", "variant"), WITH_LINES)
def test_lines_are_written_at_the_calls_own_frames_only(
    node: Definition, variant: str, frame: int, machine: Machine
) -> None:
    call = make_call(node, variant, frames=170, frame=frame)
    assert call.lines is not None
    call.lines[...] = np.random.default_rng(3).uniform(-1.0, 1.0, call.lines.shape)
    old = call.lines.copy()
    machine.run(call)
    for place in rooms(call):
        line, before = call.lines[:, place], old[:, place]
        own = np.arange(frame, frame + call.frames) % line.shape[1]
        others = np.setdiff1d(np.arange(line.shape[1]), own)
        assert np.array_equal(line[:, others], before[:, others])
        assert (line[:, own] != before[:, own]).mean() > 0.9


@pytest.mark.parametrize(("node", "variant"), EFFECTS)
def test_silence_in_dies_away(node: Definition, variant: str, machine: Machine) -> None:
    frames = 20000
    call = make_call(node, variant, frames=frames, lanes=24, ring_frames=32768)
    for given in call.inputs.values():
        given[64:] = 0.0
    found = machine.run(call)
    assert np.isfinite(found).all()
    tail = np.abs(found[-frames // 4 :])
    assert not ((tail > 0.0) & (tail < SMALLEST_NORMAL)).any()
    for field in node.state:
        if field.dtype == "f4":
            left = np.abs(call.state[field.name])
            assert not ((left > 0.0) & (left < SMALLEST_NORMAL)).any()


@pytest.mark.parametrize(("node", "variant"), EFFECTS)
def test_nothing_in_gives_nothing_out(node: Definition, variant: str, machine: Machine) -> None:
    call = make_call(node, variant, lanes=24)
    for given in call.inputs.values():
        given[:] = 0.0
    if "offset" in call.params:
        # What is added to the input is something in, too.
        call.params["offset"] = np.zeros_like(call.params["offset"])
    assert not machine.run(call).any()


@pytest.mark.parametrize("node", NODES)
def test_definitions_say_enough(node: Definition) -> None:
    assert len(node.doc) >= 30, "the docstring says too little"
    assert node.doc.rstrip().endswith(".")
