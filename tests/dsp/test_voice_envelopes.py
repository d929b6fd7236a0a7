"""Envelopes of bus voices: what is left out while all voices hold their sustain changes no bit."""

from __future__ import annotations

import dataclasses

import numpy as np

from workers.catalog import catalog
from workers.targets import python

from ..workers.harness import Machine, copy_of, make_call

FRAMES = 1024
ATTACK, DECAY, RELEASE_AT, RELEASE, END, FADE = 100, 200, 700, 150, 850, 16


def test_a_held_sustain_is_the_same_beside_voices_that_move(machine: Machine) -> None:
    call = make_call(catalog()["voice_adsr"], "constant", lanes=16, frames=FRAMES)
    sustain = np.linspace(0.05, 1.0, 16).astype(np.float32)
    whole = {"attack_frames": ATTACK, "release_frames": RELEASE_AT, "end_frames": END}
    call.params = {
        "attack_slope": np.full(16, 1.0 / ATTACK, np.float32),
        "decay_slope": ((1.0 - sustain) / DECAY).astype(np.float32),
        "sustain": sustain,
        "release_level": sustain,
        "release_slope": (sustain / RELEASE).astype(np.float32),
        "fade_slope": np.full(16, 1.0 / FADE, np.float32),
        **{name: np.full(16, value, np.uint32) for name, value in whole.items()},
    }
    call.fixtures["since"] = np.zeros(16, np.uint32)
    together = machine.run(copy_of(call))
    np.testing.assert_array_equal(python.run(copy_of(call)).view(np.uint32), together.view(np.uint32))

    # One voice of each eight is in its attack throughout.
    moving = {name: value.copy() for name, value in call.params.items()}
    for lane in (0, 8):
        moving["attack_slope"][lane] = 1e-6
        moving["attack_frames"][lane] = 1_000_000
        moving["release_frames"][lane] = moving["end_frames"][lane] = 2_000_000
    apart = machine.run(dataclasses.replace(copy_of(call), params=moving))
    others = [lane for lane in range(16) if lane not in (0, 8)]
    np.testing.assert_array_equal(together[:, others].view(np.uint32), apart[:, others].view(np.uint32))

    held = slice(ATTACK + DECAY + 64, RELEASE_AT - 64)
    expected = call.inputs["input"][held] * sustain
    np.testing.assert_array_equal(together[held][:, others], expected[:, others])
    assert not together[END:].any()
