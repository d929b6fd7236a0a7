"""The key of a kernel covers what the kernel reaches, and nothing else."""

from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from farm.rendering.warmup import every_kernel
from workers.calls import form
from workers.catalog import CARRIED, STATELESS, catalog
from workers.dsp import math, units
from workers.targets import keys
from workers.targets.lower import lower, lowered

ROOT = Path(__file__).resolve().parents[2]
NAMES = (*every_kernel(), *keys.LOOPS)
Named = tuple[str, str]
"""A module and a name in it."""


def every_key() -> dict[str, str]:
    """The keys of all kernels, as if nothing had been looked at before."""
    keys.own.cache_clear()
    return {name: keys.key(name) for name in NAMES}


@cache
def names_read(function: FunctionType) -> frozenset[str]:
    """The names that stand in a function's text: found in its syntax, not in its code."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    # Defaults, annotations and decorators are no part of what is compiled.
    noted = {id(one) for part in ast.walk(tree) if isinstance(part, ast.AnnAssign) for one in ast.walk(part.annotation)}
    names = [one for part in tree.body for one in ast.walk(part) if isinstance(one, ast.Name)]
    return frozenset(one.id for one in names if id(one) not in noted)


def walk(function: FunctionType, seen: set[FunctionType]) -> Iterator[Named | FunctionType]:
    """All that a function reaches: functions, and numbers by module and name."""
    if function in seen:
        return
    seen.add(function)
    yield function
    for name in names_read(function):
        value = function.__globals__.get(name)
        if isinstance(value, FunctionType):
            yield from walk(value, seen)
        elif isinstance(value, int | float):
            yield (function.__module__, name)
        else:
            assert value is None or isinstance(value, type | ModuleType), (function, name)


def begins_with(name: str) -> list[FunctionType]:
    """The functions that a kernel's machine code begins with, and those that its lowered text calls."""
    if name in keys.LOOPS:
        return list(keys.functions_of(name))
    definition, variant = keys.definition_of(name)
    text = lower(definition, variant)
    function: Any = definition.seek if variant == "seek" else definition.kernel
    added = [one for one in (math.settle, units.phase_step, units.frames_of) if f"{one.__name__}(" in text]
    return [function, *added]


@cache
def all_reached() -> dict[Named | FunctionType, frozenset[str]]:
    """By function or number: the kernels that reach it."""
    found: dict[Named | FunctionType, set[str]] = {}
    for name in NAMES:
        seen: set[FunctionType] = set()
        for function in begins_with(name):
            for one in walk(function, seen):
                found.setdefault(one, set()).add(name)
    return {one: frozenset(names) for one, names in found.items()}


def changed(before: dict[str, str]) -> set[str]:
    after = every_key()
    return {name for name in NAMES if after[name] != before[name]}


def another(code: CodeType) -> CodeType:
    """Code that does something else: a number in it is another one, or two names have changed places."""
    for index, constant in enumerate(code.co_consts):
        if isinstance(constant, int | float):
            return code.replace(co_consts=(*code.co_consts[:index], constant + 1, *code.co_consts[index + 1 :]))
    assert len(code.co_names) > 1
    return code.replace(co_names=(code.co_names[1], code.co_names[0], *code.co_names[2:]))


def test_every_function_and_number_that_a_kernel_reaches_is_in_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    reached, before = all_reached(), every_key()
    functions = [one for one in reached if isinstance(one, FunctionType)]
    numbers = [one for one in reached if not isinstance(one, FunctionType)]
    assert len(functions) > 120
    assert len(numbers) > 90
    assert set().union(*reached.values()) == set(NAMES)
    for function in functions:
        code = function.__code__
        if len(code.co_names) < 2 and not any(isinstance(one, int | float) for one in code.co_consts):
            continue
        with monkeypatch.context() as patch:
            patch.setattr(function, "__code__", another(code))
            # What names have changed places may reach less; whoever reaches the function has another key.
            assert changed(before) == reached[function], function
    for module, name in numbers:
        with monkeypatch.context() as patch:
            value = getattr(sys.modules[module], name)
            patch.setattr(sys.modules[module], name, value + 1)
            # The same number may stand in other modules under this name: those are numbers of their own.
            assert changed(before) == reached[module, name], (module, name)
    assert changed(before) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"state": lambda one: (*one.state, one.state[0]) if one.state else None},
        {"shape": lambda one: next(shape for shape in type(one.shape) if shape is not one.shape)},
        {"params": lambda one: tuple(reversed(one.params)) if len({p.as_unit for p in one.params}) > 1 else None},
        {"memory": lambda one: {STATELESS: CARRIED, CARRIED: STATELESS}.get(one.memory)},
    ],
)
def test_the_form_of_a_definition_is_in_its_key(
    change: dict[str, Callable[[Any], Any]],
) -> None:
    ((field, made),) = change.items()
    before = every_key()
    for name, definition in catalog().items():
        value = made(definition)
        if value is None:
            continue
        whole = getattr(definition, field)
        object.__setattr__(definition, field, value)
        try:
            mine = {one for one in NAMES if one not in keys.LOOPS and keys.definition_of(one)[0] is definition}
            assert changed(before) == mine, (name, field)
        finally:
            object.__setattr__(definition, field, whole)


def test_lowering_looks_at_a_kernels_form_and_source_alone() -> None:
    for name in every_kernel():
        definition, variant = keys.definition_of(name)
        function: Any = definition.seek if variant == "seek" else definition.kernel
        assert lowered(form(definition, variant), inspect.getsource(function)) == lower(definition, variant)
    assert list(inspect.signature(lowered).parameters) == ["form", "source"]


def test_what_is_compiled_is_what_its_file_says() -> None:
    for name in every_kernel():
        function = keys.functions_of(name)[0]
        assert keys.is_as_written(function), name
    changed = FunctionType(another(keys.functions_of("noise_constant")[0].__code__), {})
    assert not keys.is_as_written(changed)


# Edits of files.

ASK = """
import json, sys
from farm.rendering.warmup import every_kernel
from workers.targets import keys
print(json.dumps([keys.toolchain(), {name: keys.key(name) for name in (*every_kernel(), *keys.LOOPS)}]))
"""


def asked(root: Path, *options: str, **variables: str) -> tuple[str, dict[str, str]]:
    """The toolchain and all keys of the farm in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(root), **variables}
    command = [sys.executable, "-P", *options, "-c", ASK]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    toolchain, found = json.loads(done.stdout)
    return toolchain, found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of farm, to be edited."""
    for package in ("farm", "workers"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "bank"))
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    """Changes a text in a file, which is not to be taken for the one before."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))


def test_comments_docstrings_and_lines_change_no_key(copy: Path) -> None:
    before = asked(copy)
    assert before == asked(ROOT), "where farm lies does not matter"
    shared = set(keys.sources())
    edited = 0
    for path in sorted((copy / "workers").rglob("*.py")):
        if (ROOT / path.relative_to(copy)).resolve() in {one.resolve() for one in shared}:
            continue
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        tree = ast.parse("".join(lines))
        for function in [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]:
            last = function.end_lineno or 0
            lines[last - 1] = lines[last - 1].rstrip("\n") + "  # a comment\n\n"
            first = function.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and first.lineno == first.end_lineno
            ):
                lines[first.lineno - 1] = lines[first.lineno - 1].replace('"""', '"""Otherwise: ', 1)
                edited += 1
        head = "# A comment in front.\n\n"
        path.write_text(head + "".join(lines), encoding="utf-8")
    assert edited > 200
    assert asked(copy) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "prefixes"),
    [
        ("nodes/noise.py", "rand(seed, time[i]) * level", "(rand(seed, time[i])) * (level)", ()),
        ("nodes/filters.py", "F(20000.0)", "F(60.0)", ("lpf_", "hpf_", "bpf_", "notch_")),
        ("dsp/chance.py", "U(0x7FEB352D)", "U(0x7FEB352F)", ("noise_",)),
        ("run.py", "EXPONENT = 0x7F800000", "EXPONENT = 0x7F000000", ("run", "work")),
        ("work.py", "NAP_NS = 20_000_000", "NAP_NS = 10_000_000", ("work",)),
    ],
)
def test_an_edit_changes_the_keys_of_what_reaches_it(
    file: str, old: str, new: str, prefixes: tuple[str, ...], copy: Path
) -> None:
    toolchain, before = asked(copy)
    edit(copy / "workers" / file, old, new)
    again, after = asked(copy)
    assert again == toolchain
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {name for name in changed if name.startswith(prefixes or ("nothing",))}
    assert bool(changed) == bool(prefixes)


@pytest.mark.parametrize("file", ["targets/numba.py", "targets/lower.py", "targets/vectors/lanes.py", "starting.py"])
def test_how_kernels_are_compiled_is_the_toolchain(file: str, copy: Path) -> None:
    toolchain, before = asked(copy)
    with (copy / "workers" / file).open("a") as source:
        source.write("# edited\n")
    again, after = asked(copy)
    assert again != toolchain
    assert after == before


NODE = '''
from __future__ import annotations
from typing import Any
from workers.catalog import STATELESS, Port, node
from workers.simd import F
HALF = {number}

def halved(value: Any) -> Any:
    """{comment}"""
    return value * F(HALF)

@node(role="effect", ports=(Port("input"),), memory=STATELESS, cost_ns=1.0, example="mine")
def mine(input: Any, out: Any, frames: int) -> None:
    """A node of one's own."""
    for i in range(frames):
        out[i] = halved(input[i])
'''


def test_a_node_of_ones_own_has_a_key_of_its_own(tmp_path: Path) -> None:
    def with_node(name: str, number: float, comment: str) -> tuple[str, dict[str, str]]:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "mine.py").write_text(NODE.format(number=number, comment=comment))
        return asked(ROOT, FARM_NODES=str(folder))

    toolchain, usual = asked(ROOT, FARM_NODES="")
    one, same, other = with_node("a", 0.5, "Half."), with_node("b", 0.5, "A half."), with_node("c", 0.25, "Half.")
    assert one == same
    assert {name for name in one[1] if one[1][name] != other[1][name]} == {"mine_constant"}
    assert {toolchain} == {one[0], other[0]}
    assert {name: key for name, key in one[1].items() if name in usual} == usual


def test_keys_are_the_same_in_every_process_and_without_docstrings() -> None:
    one = asked(ROOT, PYTHONHASHSEED="1")
    assert one == asked(ROOT, PYTHONHASHSEED="2")
    assert one == asked(ROOT, "-O")
    assert asked(ROOT, "-OO", PYTHONHASHSEED="1") == asked(ROOT, "-OO", PYTHONHASHSEED="2")


RENDER = ["-m", "farm", "render", "a.ph", "a.wav", "--cycles", "1", "--json"]


def test_a_comment_in_a_node_compiles_nothing_and_a_changed_line_that_node_alone(copy: Path) -> None:
    (copy / "a.ph").write_text("out: white_noise * 0.3 # lpf 800\n")
    cache_folder = copy / "cache"

    def compiled() -> int:
        done = subprocess.run(
            [sys.executable, "-P", *RENDER],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "FARM_CACHE": str(cache_folder)},
            capture_output=True,
            text=True,
            check=True,
        )
        count = json.loads(done.stdout)["compiled_kernels"]
        assert isinstance(count, int)
        return count

    assert compiled() > 3
    noise = copy / "workers/nodes/noise.py"
    text = noise.read_text()
    edit(noise, text, "# A comment.\n\n" + text)
    assert compiled() == 0
    edit(noise, "F(1.0)", "F(0.25)")
    before = {path.name for path in cache_folder.rglob("*.o")}
    assert compiled() == 1
    (added,) = {path.name for path in cache_folder.rglob("*.o")} - before
    assert added.startswith("noise_constant-")
