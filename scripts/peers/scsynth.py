"""SuperCollider's scsynth: a score of OSC bundles for its non-realtime mode; synths as compiled in defs/."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

from inputs import (
    SECONDS,
    SHOT,
    SHOT_LEVEL,
    SOUND,
    START_FRAMES,
    VOICES,
    level,
    read_params,
    shot_onsets,
)

DEFS = Path(__file__).with_name("defs")
SYNTHS = {"w1": "w1lin", "w2": "w2", "w3": "w3"}
GATE_OFF_S = 0.3
BUNDLE_BYTES = 4000
FIRST_NODE, GROUP = 1000, 2

Argument = str | bytes | int | float


def text(value: str) -> bytes:
    """An OSC string: ended by a zero, padded to four bytes."""
    encoded = value.encode() + b"\0"
    return encoded + bytes(-len(encoded) % 4)


def message(address: str, *arguments: Argument) -> bytes:
    """An OSC message."""
    tags, body = ",", b""
    for value in arguments:
        if isinstance(value, str):
            tags, body = tags + "s", body + text(value)
        elif isinstance(value, bytes):
            tags, body = tags + "b", body + struct.pack(">i", len(value)) + value + bytes(-len(value) % 4)
        elif isinstance(value, int):
            tags, body = tags + "i", body + struct.pack(">i", value)
        else:
            tags, body = tags + "f", body + struct.pack(">f", float(value))
    return text(address) + text(tags) + body


def bundles(at_s: float, messages: Iterable[bytes]) -> bytes:
    """Bundles of one time, each with its length in front, as files of scores have them."""
    groups: list[list[bytes]] = [[]]
    for one in messages:
        if groups[-1] and sum(map(len, groups[-1])) + len(one) > BUNDLE_BYTES:
            groups.append([])
        groups[-1].append(one)
    whole = int(at_s)
    head = b"#bundle\0" + struct.pack(">II", whole, int((at_s - whole) * 2**32) & 0xFFFFFFFF)
    packed = (head + b"".join(struct.pack(">i", len(one)) + one for one in group) for group in groups)
    return b"".join(struct.pack(">i", len(one)) + one for one in packed)


def write_score(work: str, voices: int, folder: Path) -> Path:
    """Writes a workload as a score of OSC bundles."""
    params = read_params(folder)
    synth, seconds = SYNTHS[work], SECONDS[work]
    sound = str(folder / (SHOT if work == "w3" else SOUND))
    parts = [
        bundles(0.0, [message("/d_recv", (DEFS / f"{synth}.scsyndef").read_bytes())]),
        bundles(0.0, [message("/b_allocRead", 0, sound)]),
        bundles(0.0, [message("/g_new", GROUP, 0, 0)]),
    ]
    if work == "w3":
        for number, onset in enumerate(shot_onsets(voices)):
            pan = float(params["pan"][number % VOICES])
            shot = ("pan", pan, "rate", 1.0, "amp", SHOT_LEVEL)
            parts.append(bundles(float(onset), [message("/s_new", synth, FIRST_NODE + number, 0, GROUP, *shot)]))
    else:
        starts = []
        for voice in range(voices):
            own = {name: float(column[voice]) for name, column in params.items()}
            shape = ("a", own["attack_s"], "d", own["decay_s"], "s", own["sustain"], "r", own["release_s"])
            pitch = (
                ("rate", own["rate"], "start", own["start"] * START_FRAMES)
                if work == "w1"
                else ("freq", own["frequency_hz"], "cut", own["cutoff_hz"])
            )
            given = ("pan", own["pan"], *shape, "amp", level(voices), *pitch)
            starts.append(message("/s_new", synth, FIRST_NODE + voice, 0, GROUP, *given))
        parts.append(bundles(0.0, starts))
        gates = (message("/n_set", FIRST_NODE + voice, "gate", 0.0) for voice in range(voices))
        parts.append(bundles(seconds - GATE_OFF_S, gates))
    parts.append(bundles(float(seconds), [message("/c_set", 0, 0.0)]))
    file = folder / f"{work}-{voices}.osc"
    file.write_bytes(b"".join(parts))
    return file


def command(work: str, voices: int, folder: Path, out: Path) -> list[str]:
    """What renders a workload into `out`, run in `folder`."""
    score = str(write_score(work, voices, folder))
    room = ["-n", "40000", "-m", "262144", "-w", "256", "-z", "256"]
    sound = ["-u", "0", "-D", "0", "-o", "2", "-i", "0"]
    return ["scsynth", *sound, *room, "-N", score, "_", str(out), "44100", "WAV", "float"]
