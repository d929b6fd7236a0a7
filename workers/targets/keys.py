"""The key of a kernel: a digest of all that its machine code is made from, computed without the compiler.

Compiled code is made from the code of functions and from the numbers that their global names mean, and from nothing
else: `reached` says which, for this module and for the compiler alike, so that what a key does not cover cannot be
compiled either. Of a function counts what Python made of it: comments, docstrings and places in the file do not.

What all kernels share (how they are lowered, the versions of the compiler) is the `toolchain`.
"""

from __future__ import annotations
import __future__

import functools
import hashlib
import importlib
import importlib.util
import inspect
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from workers.calls import VARIANTS, form
from workers.catalog import catalog
from workers.definitions import Definition, MemoryByPort, Unit

LOOPS = {"run": "run", "work": "work", "complete": "work", "join": "work"}
"""Entries that are no kernels, and the modules of `workers` that hold them."""
DIGITS = 24
HERE = Path(__file__).resolve().parent
SHARED = ("lower.py", "numba.py", "keys.py", "compiling.py", "../levels.py", "../starting.py", "vectors/*.py")
"""The sources that turn functions into machine code, from here."""

FUTURE = __future__.annotations.compiler_flag
"""The flag of code whose module has `from __future__ import annotations`."""

CALLED = ("workers.run", "workers.work")
"""Modules whose functions are called where they are named; those of others are put in their place."""

Reached = dict[str, FunctionType | int | float]


class NoSuchKernel(LookupError):
    """Nothing is called like that."""


def names_in(code: CodeType) -> set[str]:
    """The global names, and those of attributes, in a function's code and in code within it."""
    names, pending = set(code.co_names), [one for one in code.co_consts if isinstance(one, CodeType)]
    return names.union(*map(names_in, pending))


def reached(function: FunctionType) -> Reached:
    """What the names in a function mean that compiled code may use: functions, and numbers as they are now."""
    found: Reached = {}
    for name in sorted(names_in(function.__code__)):
        value = function.__globals__.get(name)
        if isinstance(value, FunctionType | int | float):
            found[name] = value
    return found


def functions_of(name: str) -> tuple[FunctionType, ...]:
    """The functions that a kernel's machine code begins with: its own, and those that lowering adds.

    Raises NoSuchKernel.
    """
    if name in LOOPS:
        loop: Any = getattr(importlib.import_module(f"workers.{LOOPS[name]}"), name)
        return (loop,)
    definition, variant = definition_of(name)
    function: Any = definition.seek if variant == "seek" else definition.kernel
    return (function, *added(definition, variant))


def definition_of(name: str) -> tuple[Definition, str]:
    """The definition of a kernel, and its variant. Raises NoSuchKernel."""
    node, _, variant = name.rpartition("_")
    definition = catalog().get(node)
    if definition is None or variant not in (*VARIANTS, "seek") or (variant == "seek" and definition.seek is None):
        raise NoSuchKernel(f"there is no kernel {name}")
    return definition, variant


def added(definition: Definition, variant: str) -> tuple[FunctionType, ...]:
    """The functions that lowering calls besides those that a kernel names."""
    from workers.dsp import math, units

    made: list[Any] = []
    if variant != "seek" and any(field.dtype == "f4" for field in definition.state):
        made.append(math.settle)
    if variant == "signal":
        read = {param.as_unit for param in definition.params}
        made += [units.phase_step] * (Unit.PHASE in read) + [units.frames_of] * (Unit.FRAMES in read)
    return tuple(made)


def declared(definition: Definition) -> tuple[object, ...]:
    """What a definition says of memory. No code is made from it, but where it is another the rules are asked anew."""
    memory = definition.memory
    if isinstance(memory, MemoryByPort):
        names: tuple[object, ...] = (sorted(memory.ports), memory.steps.name, memory.signal.name)
    else:
        names = (memory.name,)
    return (*names, definition.seek is not None, definition.ring, definition.columns, definition.role)


def meaning(code: CodeType, document: str | None) -> tuple[object, ...]:
    """What code does, without where it stands and without its docstring."""
    constants: list[object] = []
    for index, constant in enumerate(code.co_consts):
        if index == 0 and document is not None and constant == document:
            constants.append(plain(None))
        elif isinstance(constant, CodeType):
            constants.append(meaning(constant, None))
        else:
            constants.append(plain(constant))
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (counts, code.co_code, code.co_exceptiontable, names, tuple(constants))


def is_as_written(function: FunctionType) -> bool:
    """Whether a function is what its file says now, which Python's own cache of modules may not have noticed.

    A kernel is compiled from its text, and its key is that of its code.
    """
    code = function.__code__
    text, future = textwrap.dedent(inspect.getsource(function)), code.co_flags & FUTURE
    whole = compile(text, code.co_filename, "exec", flags=future, dont_inherit=True)
    written = [one for one in whole.co_consts if isinstance(one, CodeType) and one.co_name == code.co_name]
    return any(meaning(one, function.__doc__) == meaning(code, function.__doc__) for one in written)


def plain(constant: object) -> object:
    """A constant as a text that tells its type too, the same in every process."""
    if isinstance(constant, frozenset):
        return ("frozenset", sorted(map(repr, constant)))
    if isinstance(constant, tuple):
        return ("tuple", [plain(one) for one in constant])
    return f"{type(constant).__name__} {constant!r}"


@functools.cache
def own(function: FunctionType) -> tuple[bytes, tuple[tuple[str, FunctionType], ...]]:
    """A digest of a function's code and of the numbers that it names; the functions that it names."""
    named = reached(function)
    numbers = {name: plain(value) for name, value in named.items() if not isinstance(value, FunctionType)}
    told = (function.__module__ in CALLED, meaning(function.__code__, function.__doc__), function.__defaults__, numbers)
    functions = tuple((name, value) for name, value in named.items() if isinstance(value, FunctionType))
    return hashlib.sha256(repr(told).encode()).digest(), functions


def key(name: str) -> str:
    """The key of a kernel variant, or of an entry of the loop. Raises NoSuchKernel."""
    total = hashlib.sha256()
    if name not in LOOPS:
        definition, variant = definition_of(name)
        total.update(repr((form(definition, variant), declared(definition))).encode())
    pending = list(functions_of(name))
    numbers = {function: number for number, function in enumerate(pending)}
    for function in pending:
        digest, named = own(function)
        total.update(digest)
        for met, value in named:
            # A function is told by its number: they are met in the same order everywhere.
            if value not in numbers:
                numbers[value] = len(pending)
                pending.append(value)
            total.update(f"{met} is {numbers[value]}\0".encode())
    return total.hexdigest()[:DIGITS]


def title(name: str) -> str:
    """What the cache calls the machine code of a kernel: its name and its key. Raises NoSuchKernel."""
    return f"{name}-{key(name)}"


def sources() -> Iterable[Path]:
    """The files of the toolchain, in order."""
    for pattern in SHARED:
        yield from sorted(HERE.glob(pattern))


def own_toolchain() -> str:
    """A digest of our part of what turns functions into machine code."""
    total = hashlib.sha256()
    for path in sources():
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def toolchain() -> str:
    """A digest of what turns functions into machine code: our sources, versions of Python and compiler, the triple.

    Raises ImportError where there is no compiler.
    """
    import llvmlite.binding as llvm

    total = hashlib.sha256(own_toolchain().encode())
    for package in ("numba", "llvmlite"):
        spec = importlib.util.find_spec(package)
        if spec is None:
            raise ModuleNotFoundError(f"there is no {package}", name=package)
        for folder in spec.submodule_search_locations or ():
            total.update((Path(folder) / "_version.py").read_bytes())
    python = (sys.implementation.cache_tag, sys.version_info[:3])
    total.update(repr((python, llvm.llvm_version_info, llvm.get_default_triple())).encode())
    return total.hexdigest()[:DIGITS]
