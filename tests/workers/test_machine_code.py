"""What the compiled kernels are made of: eight-wide instructions where the CPU level has them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from workers.simd import LANES
from workers.targets.lower import lower

from .harness import catalog

ROOT = Path(__file__).resolve().parent.parent.parent
ARITHMETIC_ON_8 = re.compile(r"\bv(add|sub|mul)ps\b.*%ymm")


@cache
def assembly(level: str) -> dict[str, str]:
    """Assembly of voice kernels at a CPU level, by name; made in a process of its own, as Numba asks for one level."""
    names = ["saw_constant", "lpf_constant", "lpf_signal"]
    script = (
        "import sys\n"
        "from workers.targets import numba\n"
        f"numba.set_level({level!r})\n"
        f"for name in {names!r}:\n"
        f"    print('@@' + name); print(numba.emit_assembly(name, {level!r}))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    parts = done.stdout.split("@@")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in parts}


@pytest.mark.parametrize("name", ["saw_constant", "lpf_constant", "lpf_signal"])
def test_v3_computes_eight_lanes_in_one_instruction(name: str) -> None:
    assert len(ARITHMETIC_ON_8.findall(assembly("v3")[name])) >= LANES


@pytest.mark.parametrize("name", ["saw_constant", "lpf_constant", "lpf_signal"])
def test_v2_has_no_wide_registers(name: str) -> None:
    text = assembly("v2")[name]
    assert "%ymm" not in text
    assert re.search(r"\bmulps\b.*%xmm", text)


@pytest.mark.parametrize("level", ["v2", "v3"])
def test_nothing_is_contracted_to_fused_multiply_add(level: str) -> None:
    for name, text in assembly(level).items():
        assert not re.search(r"\bvfn?m(add|sub)", text), name


def in_a_loop(lines: list[str], at: int) -> bool:
    """Whether a line lies between a label and a later jump back to it, and nothing between them returns."""
    begins = {line[:-1]: n for n, line in enumerate(lines[:at]) if line.startswith(".LBB") and line.endswith(":")}
    for n, line in enumerate(lines[at:], at):
        parts = line.split()
        if len(parts) == 2 and parts[0].startswith("j") and parts[1] in begins:
            return not any("ret" in between for between in lines[begins[parts[1]] : n])
    return False


def test_constant_coefficients_are_outside_the_loop() -> None:
    """The division is done once a call where cutoff and q are constants, and in the loop where they are signals."""
    found = {}
    for variant in ("constant", "signal"):
        lines = [line.split("#")[0].rstrip() for line in assembly("v3")[f"lpf_{variant}"].splitlines()]
        found[variant] = {in_a_loop(lines, at) for at, line in enumerate(lines) if "vdivps" in line}
    assert found == {"constant": {False}, "signal": {True}}


def test_lowered_kernels_hold_no_signals_but_loads_and_stores() -> None:
    constant, signal = (lower(catalog()["lpf"], variant) for variant in ("constant", "signal"))
    assert "cutoff_hz[" not in constant + signal
    assert "load(p_cutoff_hz, i * 8)" in signal.replace("(i)", "i")
    assert "load(p_cutoff_hz" not in constant


def test_frames_of_channels_are_taken_singly_or_by_eight() -> None:
    text = lower(catalog()["reverb"], "signal")
    assert "splat(p_damp, (i + 1) * 8 + channel)" in text
    assert "load_strided(p_mix, (i) * 8 + channel, 8)" in text.replace("(p_mix, i * 8", "(p_mix, (i) * 8")
