"""FluidSynth: a SoundFont with one zone for each key, and a MIDI file that plays them.

A key's rate follows from its number (19 cents a key for samples, 37 for saws), not from params.csv; envelopes, pans and
cutoffs do. Channels repeat the keys.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from inputs import RATE, SECONDS, SHOT, SHOT_S, SOUND, Floats, read_params, shot_onsets

KEYS, CHANNELS = 128, 16
ROOT = 64
TICKS_PER_BEAT = 9600
TICKS_PER_SECOND = 2 * TICKS_PER_BEAT
OFF_S = 9.7
GAIN = "0.02"
CENTS_PER_KEY = {"w1": 19, "w2": 37, "w3": 0}
SAW_PERIOD, SAW_PERIODS = 100, 20

# Generators of SoundFont 2.01, section 8.1.
CUTOFF, PAN, ATTACK, DECAY, SUSTAIN, RELEASE = 8, 17, 34, 36, 37, 38
INSTRUMENT, KEY_RANGE, SAMPLE, LOOPS, SCALE, ROOT_KEY = 41, 43, 53, 54, 56, 58


def chunk(name: bytes, body: bytes) -> bytes:
    """A RIFF chunk."""
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def listed(name: bytes, *chunks: bytes) -> bytes:
    """A list of chunks."""
    return chunk(b"LIST", name + b"".join(chunks))


def timecents(seconds: float) -> int:
    """Seconds as SoundFonts write them."""
    return round(1200 * math.log2(max(seconds, 1e-3)))


def zone(work: str, key: int, params: dict[str, Floats]) -> list[tuple[int, int]]:
    """Generators of one key."""
    own = {name: float(column[key]) for name, column in params.items()}
    found = [(KEY_RANGE, key | (key << 8)), (PAN, int(own["pan"] * 500))]
    if work == "w2":
        found.append((CUTOFF, round(1200 * math.log2(own["cutoff_hz"] / 8.176))))
    if work != "w3":
        found += [(ATTACK, timecents(own["attack_s"])), (DECAY, timecents(own["decay_s"]))]
        found += [(SUSTAIN, int(-200 * math.log10(own["sustain"]))), (RELEASE, timecents(own["release_s"]))]
    return [*found, (LOOPS, int(work != "w3")), (SCALE, CENTS_PER_KEY[work]), (ROOT_KEY, ROOT), (SAMPLE, 0)]


def write_soundfont(work: str, folder: Path) -> Path:
    """Writes the SoundFont of a workload."""
    params = read_params(folder)
    if work == "w2":
        phase = np.arange(SAW_PERIOD * SAW_PERIODS) / SAW_PERIOD
        sound = np.sum([np.sin(2 * np.pi * k * phase) / k for k in range(1, SAW_PERIOD // 2)], axis=0)
        sound /= np.abs(sound).max() * 1.1
        loop = (SAW_PERIOD, SAW_PERIOD * (SAW_PERIODS - 1))
    else:
        sound = soundfile.read(folder / (SHOT if work == "w3" else SOUND))[0]
        loop = (8, len(sound) - 8)
    generators: list[tuple[int, int]] = []
    bags = []
    for key in range(KEYS):
        bags.append(len(generators))
        generators += zone(work, key, params)
    bags.append(len(generators))

    def name(value: str) -> bytes:
        return value.encode().ljust(20, b"\0")

    pairs = (struct.pack("<HH", which, value & 0xFFFF) for which, value in generators)
    presets = [("P", 0, 0, 0), ("EOP", 0, 0, 1)]
    header = struct.pack("<IIIIIBbHH", 0, len(sound), *loop, RATE, ROOT, 0, 0, 1)
    tables = listed(
        b"pdta",
        chunk(b"phdr", b"".join(name(one) + struct.pack("<HHHIII", *rest, 0, 0, 0) for one, *rest in presets)),
        chunk(b"pbag", struct.pack("<HHHH", 0, 0, 1, 0)),
        chunk(b"pmod", bytes(10)),
        chunk(b"pgen", struct.pack("<HHHH", INSTRUMENT, 0, 0, 0)),
        chunk(b"inst", name("I") + struct.pack("<H", 0) + name("EOI") + struct.pack("<H", len(bags) - 1)),
        chunk(b"ibag", b"".join(struct.pack("<HH", bag, 0) for bag in bags)),
        chunk(b"imod", bytes(10)),
        chunk(b"igen", b"".join(pairs) + bytes(4)),
        chunk(b"shdr", name("s") + header + name("EOS") + bytes(26)),
    )
    described = (chunk(b"ifil", struct.pack("<HH", 2, 1)), chunk(b"isng", b"EMU8000\0"), chunk(b"INAM", b"bench\0"))
    frames = (np.clip(sound, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    body = b"sfbk" + listed(b"INFO", *described) + listed(b"sdta", chunk(b"smpl", frames + bytes(92))) + tables
    file = folder / f"{work}.sf2"
    file.write_bytes(chunk(b"RIFF", body))
    return file


def variable(value: int) -> bytes:
    """A number of variable length, seven bits to a byte."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.append(0x80 | (value & 0x7F))
    return bytes(reversed(found))


def write_midi(events: Sequence[tuple[float, bool, int]], seconds: float, file: Path) -> Path:
    """Writes a MIDI file of one track. `events`: (second, on or off, channel * 128 + key)."""
    track = [b"\0\xff\x51\x03" + (500_000).to_bytes(3, "big")]
    last = 0
    for at_s, on, number in sorted(events):
        tick = round(at_s * TICKS_PER_SECOND)
        channel, key = divmod(number, KEYS)
        track.append(variable(tick - last) + bytes(((0x90 if on else 0x80) | channel, key, 100 if on else 0)))
        last = tick
    track.append(variable(int(seconds * TICKS_PER_SECOND) - last) + b"\xff\x2f\0")
    body = b"".join(track)
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_BEAT)
    file.write_bytes(head + b"MTrk" + struct.pack(">I", len(body)) + body)
    return file


def command(work: str, voices: int, folder: Path, out: Path) -> list[str]:
    """What renders a workload into `out`, run in `folder`."""
    seconds = SECONDS[work]
    events: list[tuple[float, bool, int]] = []
    if work == "w3":
        for number, onset in enumerate(shot_onsets(voices)):
            slot = number % (KEYS * CHANNELS)
            events += [(onset, True, slot), (min(onset + SHOT_S, seconds - 0.01), False, slot)]
    else:
        for slot in range(min(voices, KEYS * CHANNELS)):
            events += [(0.0, True, slot), (OFF_S, False, slot)]
    midi = write_midi(events, seconds, folder / f"{work}-{voices}.mid")
    linear = folder / "linear.cfg"
    linear.write_text("interp 1\n", encoding="utf-8")
    most = 512 if work == "w3" else max(voices + 64, 256)
    options = {"synth.polyphony": most, "synth.cpu-cores": 1, "synth.lock-memory": 0}
    settings = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
    plain = ["-R", "0", "-C", "0", "-g", GAIN]
    files = [str(write_soundfont(work, folder)), str(midi)]
    into = ["-F", str(out), "-T", "wav", "-O", "float", "-r", str(RATE)]
    return ["fluidsynth", "-n", "-i", "-q", "-f", str(linear), *into, *plain, *settings, *files]
