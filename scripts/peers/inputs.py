"""What all peers are given: two sounds and one line of parameters for each voice, drawn from a fixed seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE = 44100
SECONDS = {"w1": 10, "w2": 10, "w3": 16}
VOICES = 8192
SHOTS_PER_CYCLE = 720
CYCLE_S = 2.0
SHOTS = SHOTS_PER_CYCLE * 8
SHOT_S = 0.5
SHOT_LEVEL = 0.1
SOUND, SHOT, PARAMS = "src.wav", "bd.wav", "params.csv"
NAMES = ("rate", "pan", "start", "attack_s", "decay_s", "sustain", "release_s", "frequency_hz", "cutoff_hz")
LOWEST = (0.5, -1.0, 0.0, 0.01, 0.1, 0.5, 0.3, 55.0, 400.0)
HIGHEST = (2.0, 1.0, 1.0, 0.1, 0.5, 0.9, 0.8, 880.0, 6000.0)
START_FRAMES = 170_000
"""`start` 0 .. 1 is this many frames of the sound."""


def level(voices: int) -> float:
    """Of each voice, so that their sum stays below full scale."""
    return 0.5 / max(voices, 1) ** 0.5


def write_inputs(folder: Path) -> None:
    """Writes src.wav (4 s, harmonics and noise), bd.wav (0.5 s) and params.csv."""
    chance = np.random.default_rng(7)
    seconds = np.arange(4 * RATE) / RATE
    partials = (110.0, 220.5, 331.0, 442.0, 660.0, 1320.0, 2640.0)
    sound = 0.05 * chance.standard_normal(seconds.size)
    for number, frequency_hz in enumerate(partials, 1):
        sound += np.sin(2 * np.pi * frequency_hz * seconds + chance.uniform(0.0, 2 * np.pi)) / number
    soundfile.write(folder / SOUND, sound / (np.abs(sound).max() * 1.05), RATE, subtype="PCM_16")
    seconds = np.arange(int(SHOT_S * RATE)) / RATE
    turns = 50.0 * seconds + 10.0 * (1.0 - np.exp(-30.0 * seconds))
    soundfile.write(folder / SHOT, 0.9 * np.sin(2 * np.pi * turns) * np.exp(-8.0 * seconds), RATE, subtype="PCM_16")
    columns = [chance.uniform(low, high, VOICES) for low, high in zip(LOWEST, HIGHEST)]
    np.savetxt(folder / PARAMS, np.stack(columns, 1), fmt="%.6f", delimiter=",", header=",".join(NAMES), comments="")


def read_params(folder: Path) -> dict[str, Floats]:
    """Columns of parameters by name, float64 (8192,)."""
    table = np.loadtxt(folder / PARAMS, delimiter=",", skiprows=1)
    return dict(zip(NAMES, table.T))


def shot_onsets(voices: int) -> Floats:
    """Onsets of all one-shots in seconds; none for an empty run."""
    return np.arange(SHOTS if voices else 0) * (CYCLE_S / SHOTS_PER_CYCLE)
