"""`cut` with a group below 0: a voice stops the older ones of the same sample or bus, and leaves all others alone."""

from __future__ import annotations

import pytest

from tests.render.sound import Frames, frames, same_bits

BUSES = "~a: tri 220\n~b: tri 330\n"


def heard(text: str, **options: object) -> Frames:
    """A second of outputs, two cycles, without a tail."""
    return frames(f"cps: 2\n{BUSES}{text}", rate=22050, **{"duration": 1.0, **options})


@pytest.mark.parametrize("cut", ["-1", '"-1"', "~low", '"-1 -1"', "-7"])
def test_r10_a_group_below_0_chokes_only_the_same_sample(cut: str) -> None:
    head = "~low: line -1 -1\n"
    for text in ("oh hh ~ ~", "oh ~ hh:3 ~", "oh:0 oh:1"):
        same_bits(heard(f'{head}out: s "{text}" # cut {cut}'), heard(f'out: s "{text}" # cut 0'), f"{text} {cut}")
    same_bits(heard(f'{head}out: s "oh*8" # cut {cut}'), heard('out: s "oh*8" # cut 1'), f"one sample {cut}")


def test_r10_the_same_number_of_the_same_bank_is_the_same_sample_however_it_is_written() -> None:
    for text in ('s "oh oh:0 ~ ~"', 's "oh:1 oh" # n "0 1"', 's "oh:1 oh:0" # n "0 1"'):
        same_bits(heard(f"out: {text} # cut -1"), heard(f"out: {text} # cut 1"), text)
    same_bits(heard('out: s "oh oh" # n "0 1" # cut -1'), heard('out: s "oh oh" # n "0 1" # cut 0'), "two files")
    same_bits(
        heard('out: s "amen amen" # speed "1 -1" # cut -1'),
        heard('out: s "amen amen" # speed "1 -1" # cut 1'),
        "turned",
    )


def test_r10_groups_below_0_are_apart_and_hold_across_outputs() -> None:
    one, other = 's "oh ~ ~ ~"', 's "~ oh ~ ~"'
    choked = heard(f"o1: {one} # cut 1\no2: {other} # cut 1")
    both = heard(f"o1: {one} # cut 1\no2: {other} # cut 2")
    assert (choked != both).any()
    same_bits(heard(f"o1: {one} # cut -1\no2: {other} # cut -1"), choked, "one group in two outputs")
    for apart in ("-2", "1", "0"):
        same_bits(heard(f"o1: {one} # cut -1\no2: {other} # cut {apart}"), both, f"-1 and {apart}")
    same_bits(heard('o1: s "oh ~" # cut -1\no2: s "~ hh" # cut -1'), heard('o1: s "oh ~"\no2: s "~ hh"'), "two banks")


def once(text: str) -> Frames:
    """One cycle of it."""
    return heard(text, duration=0.5)


def test_r10_a_bus_chokes_only_itself() -> None:
    long = "# adsr 0.01 0.1 1 2"
    same_bits(once(f'out: s "~a ~b" {long} # cut -1'), once(f'out: s "~a ~b" {long} # cut 0'), "two buses")
    same_bits(once(f'out: s "~a ~a" {long} # cut -1'), once(f'out: s "~a ~a" {long} # cut 1'), "one bus")
    same_bits(once(f'out: s "~a bd" {long} # cut -1'), once(f'out: s "~a bd" {long} # cut 0'), "a bus and a sample")
    two = once(f'o1: s "~a ~" {long} # cut -1\no2: s "~ ~a" {long} # cut -1')
    same_bits(two, once(f'o1: s "~a ~" {long} # cut 1\no2: s "~ ~a" {long} # cut 1'), "a bus in two outputs")
    notes = f'tri 110 # note "0 7" {long}'
    same_bits(once(f"out: {notes} # cut -1"), once(f"out: {notes} # cut 1"), "an oscillator")


def test_r10_windows_and_chunks_do_not_show() -> None:
    text = 'out: s "oh*3 hh*5 oh:1*2" # cut "<-1 -2> -1"'
    whole = heard(text, duration=8.0)
    same_bits(whole, heard(text, duration=8.0, chunk=128), "chunks of 128")
    assert (whole != heard(text.replace("-", ""), duration=8.0)).any()
