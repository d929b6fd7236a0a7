"""Groups keep their keys and programs whatever else stands in the score; a change shows where it is made."""

from __future__ import annotations

import pytest

from farm.plan.keys import told_apart
from farm.plan.lower import wanted
from farm.plan.plan import GroupPlan, StaticPlan
from tests.plan.planning import Planner
from tests.pool.pools import CONFIGS
from tests.render.scores import SCORES

ALL = {**CONFIGS, **SCORES}
ELSEWHERE = """
~unheard_of: saw 99 # delay 0.1 0.5 + s "bd*3, ~never_heard"
~never_heard: tri 50
o77: ~unheard_of # reverb 0.5 0.5
"""


def groups(text: str) -> dict[str, GroupPlan]:
    """The groups of a score by key; no two share one."""
    plan = Planner(text).plan
    found = {group.key: group for group in plan.groups}
    assert len(found) == len(plan.groups)
    return found


def programs(text: str) -> dict[str, str]:
    """The programs of a score's groups by key."""
    return {key: group.program for key, group in groups(text).items()}


def changed(before: str, after: str) -> set[str]:
    """The keys of groups whose programs differ; no group comes or goes."""
    old, new = programs(before), programs(after)
    assert old.keys() == new.keys()
    return {key for key in old if old[key] != new[key]}


@pytest.mark.parametrize("name", ALL)
def test_what_stands_elsewhere_changes_no_key_and_no_program(name: str) -> None:
    text = ALL[name]
    alone = programs(text)
    for other in (ELSEWHERE + text, f"{text}\n{ELSEWHERE}", f"-- a comment\n\n{text}\n-- and another"):
        found = programs(other)
        assert {key: found[key] for key in alone} == alone


@pytest.mark.parametrize("name", SCORES)
def test_labels_and_state_go_with_their_group(name: str) -> None:
    alone, moved = Planner(SCORES[name]), Planner(ELSEWHERE + SCORES[name])
    there = {group.key: group for group in moved.plan.groups}
    for group in alone.plan.groups:
        assert [one.name for one in there[group.key].labels] == [one.name for one in group.labels]
        for op, other in zip(group.ops, there[group.key].ops, strict=True):
            assert op.node == other.node
    if not alone.graph.probes:
        sizes, others = regions(alone), regions(moved)
        assert sizes and {key: others[key] for key in sizes} == sizes


def regions(planner: Planner) -> dict[object, int]:
    """Bytes of what is handed on from window to window."""
    plan: StaticPlan = planner.plan
    return {
        key: size
        for key, size in wanted(plan, planner.window(12), frozenset(plan.buses)).items()
        if key[0] in ("state", "ring")
    }


SCORE = """cps: 2
~wave: saw 110 # lpf 800 1
~played: s "~wave*4" # adsr 0.01 0.1 0.5 0.1
~drums: s "bd sn" # gain 0.8
~lfo: sine 0.5
o1: ~played # delay 0.25 0.5
o2: ~drums # lpf (~lfo * 400 + 900) 1
o3: saw "110 220" * 0.1
"""
CHANGES = {
    "a constant of an instrument: its voices, and the bus that sums them up": (
        "lpf 800",
        "lpf 900",
        {"voices ~played/~wave", "bus ~played"},
    ),
    "a constant of a bus, not of what reads it": ("sine 0.5", "sine 0.25", {"bus ~lfo"}),
    "a constant of an output": ("delay 0.25", "delay 0.125", {"bus o1"}),
    "another node": ("~drums # lpf", "~drums # hpf", {"bus o2"}),
    "how a string is read": ('saw "110 220" * 0.1', 'saw "110 220" * "0.1"', {"bus o3"}),
    "an envelope of another kind": ("adsr 0.01 0.1 0.5 0.1", "ar 0.01 0.1", {"voices ~played/~wave", "bus ~played"}),
    "a pattern of voices": ('"~wave*4"', '"~wave(3,8)"', set()),
    "a pattern of samples, and a control": ('"bd sn" # gain 0.8', '"bd*4 sn" # gain 0.5', set()),
    "a pattern of steps": ('"110 220"', '"110 330 440"', set()),
    "times of voices": ("adsr 0.01 0.1", "adsr 0.02 0.3", set()),
    "the tempo": ("cps: 2", "cps: 3", set()),
    "blanks and comments": ("~lfo:", "-- slow\n\n~lfo:  ", set()),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_shows_in_the_program_where_it_is_made(what: str) -> None:
    old, new, expected = CHANGES[what]
    assert old in SCORE
    assert changed(SCORE, SCORE.replace(old, new)) == expected


def test_versions_of_a_bus_have_keys_of_their_own() -> None:
    keys = sorted(programs('cps: 2\n~a: tri 100\n~b: s "bd ~a"\nout: ~b\n~b: s "bd*2"\no3: ~b'))
    assert [key for key in keys if key.startswith("samples")] == ["samples ~b", "samples ~b'1"]
    assert told_apart(["~a", "~b", "~a", "~a"]) == ("~a", "~b", "~a #2", "~a #3")


def test_output_paths_have_keys_of_their_own() -> None:
    from farm.plan.path import OutputPath, stereo
    from farm.plan.program import PlanSetting
    from farm.plan.static import static_plan

    planner = Planner("cps: 2\no1: saw 110\no2: tri 50")
    roots = tuple(output.bus for output in planner.graph.outputs)
    setting = PlanSetting(8000, 512, 8, 1, "good", 0, False, 80)
    found = {}
    for gain in (0.5, 0.6):
        path = OutputPath(stereo(roots), gain)
        found[gain] = static_plan(planner.graph, roots, setting, (path,)).groups[-1]
    assert {one.key for one in found.values()} == {"bus path 0 mixed path 0 frames"}
    assert found[0.5].program != found[0.6].program
