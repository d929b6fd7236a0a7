"""The levels of machine code: which CPUs what is compiled for, and the words that differ from CPU to CPU.

A level of another architecture is another row of `LEVELS`, with a `Processor` of its own, and nothing else.
`farm --help` reads it, so it imports next to nothing.
"""

from __future__ import annotations

import os
from functools import cache
from typing import NamedTuple


class Instruction(NamedTuple):
    """What no language has a word for: LLVM's name for it, and the word that it takes (None: none)."""

    intrinsic: str
    word: int | None = None
    bits: int = 32
    by_address: bool = False
    """Whether it is given where the word is, in place of the word."""


class Processor(NamedTuple):
    """An architecture under Linux."""

    machine: str
    """As the system calls it (`uname -m`)."""
    triple: str
    """As LLVM calls it."""
    default_rounding: Instruction
    """Rounds to nearest even, and keeps denormals."""
    pause: Instruction
    """Tells the CPU that this is a waiting loop."""
    futex: int
    """The number of the system call."""


class Level(NamedTuple):
    """A set of instructions that code is compiled for."""

    name: str
    processor: Processor
    cpu: str
    """LLVM's name of the least CPU that has them."""
    features: str
    """What LLVM is told besides."""
    needs: tuple[str, ...]
    """What a CPU must have, in LLVM's words."""
    permute: str | None = None
    """LLVM's name for the choice of any 8 of 8 floats; None: they are taken one by one."""


X86_64 = Processor(
    machine="x86_64",
    triple="x86_64-unknown-linux-gnu",
    default_rounding=Instruction("llvm.x86.sse.ldmxcsr", 0x1F80, by_address=True),
    pause=Instruction("llvm.x86.sse2.pause"),
    futex=202,
)
PERMUTE = "llvm.x86.avx2.permps"
V2_NEEDS = ("sse4.2", "popcnt")
V3_NEEDS = ("avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe")
V4_NEEDS = ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi2")
LEVELS = (
    Level("v2", X86_64, "x86-64-v2", "", V2_NEEDS),
    Level("v3", X86_64, "x86-64-v3", "", V3_NEEDS, PERMUTE),
    # Vectors are 8 floats wide: registers of 16 would only lower the clock.
    Level("v4", X86_64, "x86-64-v4", "+prefer-256-bit", V4_NEEDS, PERMUTE),
)
"""The lesser ones of an architecture first."""
BY_NAME = {level.name: level for level in LEVELS}
NAMES = tuple(BY_NAME)

LINUX_CPU = "/proc/cpuinfo"
LINUX_BYTES = 1 << 14
"""Enough for the first CPU: they are alike, and there may be hundreds."""
LINUX_NAMES = {"sse4_2": "sse4.2", "bmi1": "bmi", "abm": "lzcnt"}
"""LLVM's words for what Linux calls otherwise."""


def here() -> tuple[Level, ...]:
    """The levels of this machine's architecture, the lesser ones first."""
    return tuple(level for level in LEVELS if level.processor.machine == os.uname().machine)


def features_of(text: str) -> frozenset[str]:
    """What the first CPU of a `/proc/cpuinfo` has, in LLVM's words; nothing where it does not say."""
    for line in text.splitlines():
        name, _, said = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(LINUX_NAMES.get(word, word) for word in said.split())
    return frozenset()


@cache
def linux_features() -> frozenset[str]:
    """What this CPU has, as Linux says; nothing where it is not Linux."""
    try:
        with open(LINUX_CPU, "rb") as file:
            return features_of(file.read(LINUX_BYTES).decode(errors="replace"))
    except OSError:
        return frozenset()
