"""The table of levels: what this machine runs, and that another architecture needs no more than a row."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from farm.cli.options import LEVELS as ON_THE_COMMAND_LINE
from farm.options import RenderOptions, UsageError
from workers import levels
from workers.targets import objects

ROOT = Path(__file__).resolve().parents[2]
CPU = """processor\t: 0
model name\t: Some CPU @ 2.00GHz
flags\t\t: fpu sse4_2 popcnt avx2 fma bmi1 bmi2 f16c abm movbe

processor\t: 1
flags\t\t: fpu
"""


def test_linux_and_llvm_say_the_same_of_this_cpu() -> None:
    import llvmlite.binding as llvm

    told, asked = levels.linux_features(), llvm.get_host_cpu_features()
    assert {need: need in told for level in levels.LEVELS for need in level.needs} == {
        need: asked[need] for level in levels.LEVELS for need in level.needs
    }


def test_the_first_cpu_is_read_in_llvm_s_words() -> None:
    found = levels.features_of(CPU)
    assert found.issuperset(levels.V3_NEEDS)
    assert not found.issuperset(levels.V4_NEEDS)
    assert levels.features_of("Features\t: fp asimd\n") == {"fp", "asimd"}
    assert levels.features_of("") == frozenset()


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> levels.Level:
    """A row for this machine, above the others."""
    row = levels.Level("v9", levels.X86_64, "x86-64-v4", "", ("fpu",), levels.PERMUTE)
    monkeypatch.setattr(levels, "LEVELS", (*levels.LEVELS, row))
    objects.host_levels.cache_clear()
    return row


def test_a_row_is_enough(another: levels.Level) -> None:
    try:
        assert objects.host_levels()[0] == "v9"
    finally:
        objects.host_levels.cache_clear()


def test_rows_of_other_machines_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "host", "6", "1", "riscv64")))
    objects.host_levels.cache_clear()
    try:
        assert levels.here() == ()
        assert objects.host_levels() == ()
    finally:
        monkeypatch.undo()
        objects.host_levels.cache_clear()


def test_what_may_be_asked_for_stands_in_the_table() -> None:
    assert ON_THE_COMMAND_LINE == levels.NAMES
    for name in levels.NAMES:
        assert RenderOptions(cpu=name).cpu == name
    with pytest.raises(UsageError, match="v1"):
        RenderOptions(cpu="v1")


WORDS = """
import llvmlite.binding as llvm
from llvmlite import ir
from workers.levels import Instruction, Processor
from workers.targets.vectors.words import instructed

arm = Processor(
    machine="aarch64",
    triple="aarch64-unknown-linux-gnu",
    default_rounding=Instruction("llvm.aarch64.set.fpcr", 0, bits=64),
    pause=Instruction("llvm.aarch64.hint", 1),
    futex=98,
)
module = ir.Module()
builder = ir.IRBuilder(ir.Function(module, ir.FunctionType(ir.VoidType(), []), "words").append_basic_block())
instructed(builder, arm.default_rounding)
instructed(builder, arm.pause)
builder.ret_void()
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
machine = llvm.Target.from_triple(arm.triple).create_target_machine()
print(machine.emit_assembly(llvm.parse_assembly(str(module))))
"""


def test_the_words_of_another_processor_are_what_its_row_says() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", WORDS],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [" ".join(line.split()).lower() for line in done.stdout.splitlines()]
    assert said.index("msr fpcr, xzr") < said.index("yield") < said.index("ret")


BEYOND = """
from workers import levels
levels.BY_NAME["v9"] = levels.Level("v9", levels.X86_64, "diamondrapids", "", ("none has it",), levels.PERMUTE)
from workers.targets import numba
numba.set_level("v9")
print(numba.emit_assembly("delay_signal", "v9"))
"""


def test_what_no_cpu_here_can_run_is_compiled_all_the_same() -> None:
    """Registers of APX, which are in no machine that these tests run on, nor in any level of the table."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", BEYOND],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "%r16" in done.stdout
