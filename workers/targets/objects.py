"""Machine code on disk: kernels are compiled once and later loaded with llvmlite alone, without importing numba.

One object file per kernel variant, below a folder named by a digest of every source of `workers` (and of
`FARM_NODES`), the versions of Numba, llvmlite and LLVM, the triple and the CPU level. A file begins with the SHA-256 of
its code and is renamed into place whole; one that does not fit its checksum is compiled again. Compilation runs in
processes of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import threading
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from workers.cache import cache_folder
from workers.records import record
from workers.targets.compiling import LOOP_ENTRIES, CompileError, compiled

__all__ = ["LOOP_ENTRIES", "Code", "CompileError", "digest", "ensure", "host_levels", "load", "read", "save"]

LEVEL_FEATURES = {
    "v4": ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi2"),
    "v3": ("avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe"),
    "v2": ("sse4.2", "popcnt"),
}
RUNTIME_SYMBOLS = (
    "numba_gil_ensure",
    "numba_gil_release",
    "numba_unpickle",
    "numba_runtime_build_excinfo_struct",
    "NRT_Free",
    "numba_do_raise",
    "NRT_MemInfo_call_dtor",
)
"""Named by Numba's wrappers on paths that these kernels never take; they are bound to abort()."""

Progress = Callable[[int, int], None]


@record(frozen=True, slots=True)
class Code:
    """Loaded machine code: addresses by kernel name. `engine` keeps it alive."""

    addresses: dict[str, int]
    engine: Any


@cache
def host_levels() -> tuple[str, ...]:
    """CPU levels this machine can run, best first; empty when it is not x86-64 of at least v2."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return tuple(level for level, wanted in LEVEL_FEATURES.items() if all(features.get(name) for name in wanted))


def _sources() -> Iterable[Path]:
    from workers.catalog import node_folders

    root = Path(__file__).resolve().parent.parent
    yield from sorted(root.rglob("*.py"))
    for folder in node_folders():
        yield from sorted(folder.glob("*.py"))


def digest() -> str:
    """A name for everything that the machine code depends on, except the CPU level."""
    import llvmlite.binding as llvm

    total = hashlib.sha256()
    for path in _sources():
        total.update(str(path.name).encode() + b"\0" + path.read_bytes() + b"\0")
    for package in ("numba", "llvmlite"):
        spec = importlib.util.find_spec(package)
        for place in spec.submodule_search_locations or () if spec else ():
            total.update((Path(place) / "_version.py").read_bytes())
    total.update(repr((llvm.llvm_version_info, llvm.get_default_triple())).encode())
    return total.hexdigest()[:24]


def save(path: Path, code: bytes) -> None:
    """Writes code with its checksum beside `path` and renames it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    import tempfile

    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        file.write(hashlib.sha256(code).digest() + code)
    os.replace(file.name, path)


def read(path: Path) -> bytes | None:
    """Code that fits its checksum, or None (missing, cut short, damaged)."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    code = content[32:]
    return code if code and hashlib.sha256(code).digest() == content[:32] else None


def ensure(names: Iterable[str], level: str, *, jobs: int = 1, progress: Progress | None = None) -> dict[str, bytes]:
    """Code of each kernel by name, from the cache or compiled now. Raises CompileError."""
    folder = cache_folder() / "objects" / digest() / level
    found = {name: read(folder / f"{name}.o") for name in sorted({*names, "run"})}
    missing = [name for name, code in found.items() if code is None]
    if missing:
        if progress is not None:
            progress(0, len(missing))
        with contextlib.closing(compiled(missing, level, jobs)) as arriving:
            for done, (name, code) in enumerate(arriving, 1):
                save(folder / f"{name}.o", code)
                found[name] = code
                if progress is not None:
                    progress(done, len(missing))
    return {name: code for name, code in found.items() if code is not None}


LOADING = threading.RLock()
"""Held while code is loaded and while a process is forked: no copy of this process may begin its life with a lock of
the compiler's library that another thread, which the copy lacks, was holding."""


def load(objects: dict[str, bytes]) -> Code:
    """Links objects into this process and finds their addresses."""
    with LOADING:
        return _loaded(objects)


def _loaded(objects: dict[str, bytes]) -> Code:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    abort = ctypes.cast(ctypes.CDLL(None).abort, ctypes.c_void_p).value
    for symbol in RUNTIME_SYMBOLS:
        llvm.add_symbol(symbol, abort)
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    for code in objects.values():
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Code({name: engine.get_function_address(name) for name in objects}, engine)
