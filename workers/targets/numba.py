"""The numba target: lowers kernels, compiles them for one CPU level, emits object files' bytes.

This is the one door to numba. It runs in processes of its own (started by `targets/compiling.py`), because Numba reads
the CPU level from the environment when it is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from itertools import chain
from types import FunctionType
from typing import Any

from workers.levels import BY_NAME


def set_level(level: str) -> None:
    """Names the CPU level to Numba; call before numba is imported."""
    os.environ["NUMBA_CPU_NAME"] = BY_NAME[level].cpu
    os.environ["NUMBA_CPU_FEATURES"] = BY_NAME[level].features
    os.environ["NUMBA_DISABLE_JIT"] = "0"


def _vocabulary(level: str) -> dict[str, Any]:
    from workers.targets import vectors

    vectors.target.level = BY_NAME[level]
    return dict(vectors.VOCABULARY)


_made: dict[str, dict[Any, Any]] = {}
"""Shared functions that this process has compiled already, by level."""


def _jitted(function: FunctionType, vocabulary: dict[str, Any], made: dict[Any, Any]) -> Any:
    """A shared dsp function with the vocabulary's vectors in place of numpy's."""
    import numba

    from workers.targets.keys import CALLED

    if function not in made:
        scope = _scope(function, vocabulary, made)
        # Constant arguments of a shared function reach its loops only where it is inlined.
        inlined = function.__module__ not in CALLED
        twin = FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
        made[function] = numba.njit(error_model="numpy", no_cfunc_wrapper=True, forceinline=inlined)(twin)
    return made[function]


def _scope(function: Any, vocabulary: dict[str, Any], made: dict[Any, Any]) -> dict[str, Any]:
    """The names that `function` uses: the vocabulary, jitted dsp functions, numbers; nothing else."""
    from workers.targets.keys import names_in, reached

    scope = {name: vocabulary[name] for name in names_in(function.__code__) if name in vocabulary}
    for name, value in reached(function).items():
        if name not in scope:
            scope[name] = _jitted(value, vocabulary, made) if isinstance(value, FunctionType) else value
    return scope


def flat_function(name: str, level: str) -> Callable[[int], None]:
    """The uncompiled flat function of a kernel variant, or of an entry of the loop. Raises NoSuchKernel, NodeError."""
    from workers.rules import check
    from workers.targets.keys import LOOPS, definition_of, functions_of, is_as_written
    from workers.targets.lower import lower

    vocabulary = _vocabulary(level)
    made = _made.setdefault(level, {})
    function, *added = functions_of(name)
    if name in LOOPS:
        return loop_function(function, level)
    definition, variant = definition_of(name)
    check(definition)
    if not is_as_written(function):
        raise TypeError("Python has compiled another kernel than stands in its file: touch the file")
    text = lower(definition, variant)
    scope = _scope(function, vocabulary, made)
    scope.update(vocabulary)
    scope.update({one.__name__: _jitted(one, vocabulary, made) for one in added})
    exec(compile(text, f"<lowered {name}>", "exec"), scope)
    flat: Callable[[int], None] = scope["kernel"]
    return flat


def loop_function(function: Any, level: str) -> Callable[[int], None]:
    """A function of one record, in the scope that it is compiled in: an entry of the loop, or a trial of it."""
    return FunctionType(function.__code__, _scope(function, _vocabulary(level), _made.setdefault(level, {})))


def module_of(name: str, level: str, flat: Callable[[int], None] | None = None) -> Any:
    """The optimised LLVM module with one visible function `name`: void(int64). `flat`: a kernel of no definition."""
    import llvmlite.binding as llvm
    from numba import cfunc, types

    compiled = cfunc(types.void(types.int64), nopython=True, error_model="numpy")(flat or flat_function(name, level))
    module = llvm.parse_assembly(compiled._library.get_llvm_str())
    # Numba's names count what the process has compiled before; the same kernel shall give the same bytes in each.
    for number, one in enumerate(chain(module.functions, module.global_variables)):
        if one.name == compiled._wrapper_name:
            one.name = name
        elif not one.is_declaration:
            one.name, one.linkage = f"part{number}", "internal"
    return module


def target_machine(level: str) -> Any:
    """LLVM's code generator for a CPU level: position independent, no fused multiply-add contraction."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    row = BY_NAME[level]
    return llvm.Target.from_triple(row.processor.triple).create_target_machine(
        cpu=row.cpu, features=row.features, opt=3, reloc="pic", codemodel="default", jit=False
    )


def _optimised(module: Any, machine: Any) -> Any:
    import llvmlite.binding as llvm

    options = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def emit_object(name: str, level: str, flat: Callable[[int], None] | None = None) -> bytes:
    """Machine code of a kernel variant, of the runner, or of `flat`, as the bytes of an ELF object."""
    machine = target_machine(level)
    code: bytes = machine.emit_object(_optimised(module_of(name, level, flat), machine))
    return code


def emit_assembly(name: str, level: str) -> str:
    """The same as text, to look at."""
    machine = target_machine(level)
    text: str = machine.emit_assembly(_optimised(module_of(name, level), machine))
    return text


def main(arguments: list[str]) -> None:
    """`PARENT PIPE LEVEL NAME ...`: sends name, key and machine code of each, zero bytes between, through a pipe."""
    from multiprocessing.connection import Connection

    from workers.lifeline import end_with
    from workers.targets.keys import key

    parent, pipe, level, *names = arguments
    end_with(int(parent), of_main_thread=False)
    set_level(level)
    with Connection(int(pipe), readable=False) as answers:
        for name in names:
            try:
                code = emit_object(name, level)
            except Exception as error:
                if os.environ.get("FARM_DEBUG") == "1":
                    raise
                sys.exit(complaint(name, error))
            answers.send_bytes(b"\0".join([name.encode(), key(name).encode(), code]))


def complaint(name: str, error: Exception) -> str:
    """What is wrong with a kernel in a line or two: Numba says it in forty."""
    from workers.catalog import NodeError

    if isinstance(error, NodeError):
        return "\n".join(str(one) for one in (error, *error.also))
    said = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("Failed in")]
    return f"{name}: {type(error).__name__}: {' '.join(said[:3])[:400]} (FARM_DEBUG=1 says all of it)"


if __name__ == "__main__":
    main(sys.argv[1:])
