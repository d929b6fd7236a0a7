"""Machine code on disk: kernels are compiled once and later loaded with llvmlite alone, without importing numba.

One object file per kernel variant, below a folder named by a digest of every source of `workers` (and of
`FARM_NODES`), the versions of Numba, llvmlite and LLVM, the triple and the CPU level. A file begins with the SHA-256 of
its place and code and is renamed into place whole; one that does not fit it is compiled again. A file is opened once,
and only where `workers.cache` believes that nobody else has put it there.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from workers import cache
from workers.records import record
from workers.targets.compiling import LOOP_ENTRIES, CompileError, compiled
from workers.turns import turn

__all__ = [
    "LOOP_ENTRIES",
    "Code",
    "CompileError",
    "Shelf",
    "digest",
    "ensure",
    "host_levels",
    "load",
    "stored",
    "take_over",
    "unsaved",
]

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

LABEL_BYTES = 32
LOCK = ".lock"
"""The file whose lock whoever compiles has."""

Progress = Callable[[int, int, bool], None]


@record(frozen=True, slots=True)
class Code:
    """Loaded machine code: addresses by kernel name. `engine` keeps it alive."""

    addresses: dict[str, int]
    engine: Any


@functools.cache
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


@record(frozen=True, slots=True)
class Shelf:
    """Where the code of one version of the sources lies, for one CPU level."""

    version: str
    level: str

    @property
    def below(self) -> tuple[str, ...]:
        """Its folder, below one of the cache."""
        return ("objects", self.version, self.level)

    def labelled(self, name: str, code: bytes) -> bytes:
        """The content of a kernel's file: first the SHA-256 of where it belongs and of the code, then the code.

        A file that was given another's name is told by it from what belongs there, and so is one that was damaged.
        """
        label = hashlib.sha256("\0".join((*self.below, name, "")).encode() + code).digest()
        return label + code


def stored(names: Iterable[str], shelf: Shelf) -> dict[str, bytes]:
    """The code that there is for these names: whole, fit for its name, and put there by nobody else."""
    found = {name: _unsaved[shelf, name] for name in names if (shelf, name) in _unsaved}
    left = [name for name in names if name not in found]

    def look(folder: cache.Folder) -> bool | None:
        for name in left[:]:
            content = folder.read(f"{name}.o")
            # What was checked is what is loaded: the file is not looked at again.
            if content and content == shelf.labelled(name, content[LABEL_BYTES:]):
                found[name] = content[LABEL_BYTES:]
                left.remove(name)
        return None if left else True

    if left:
        cache.first(shelf.below, look)
    return found


def keep(folder: cache.Folder | None, shelf: Shelf, name: str, code: bytes) -> None:
    """Puts code into the cache, or into this process's memory where there is none that can be written."""
    if folder is not None:
        try:
            folder.write(f"{name}.o", shelf.labelled(name, code))
            return
        except OSError as error:
            cache.doubt(cache.cannot_be_written(folder.path, error))
    _unsaved[shelf, name] = code


_unsaved: dict[tuple[Shelf, str], bytes] = {}
"""Code that no cache keeps, by name."""


def unsaved(names: Iterable[str], level: str) -> dict[str, bytes]:
    """The code of these names that other processes do not find in a cache."""
    if not _unsaved:
        return {}
    shelf = Shelf(digest(), level)
    return {name: _unsaved[shelf, name] for name in names if (shelf, name) in _unsaved}


def take_over(codes: Mapping[str, bytes], level: str) -> None:
    """Has code at hand that another process compiled and no cache keeps."""
    if codes:
        shelf = Shelf(digest(), level)
        _unsaved.update({(shelf, name): code for name, code in codes.items()})


def ensure(
    names: Iterable[str],
    level: str,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    waiting: Callable[[], None] | None = None,
) -> dict[str, bytes]:
    """Code of each kernel by name, from the cache or compiled now. Raises CompileError.

    `progress` hears (compiled so far, to compile, whether they are kept for the next time). One process compiles at a
    time for a cache; `waiting` is called when that is another one for more than a moment.
    """
    shelf = Shelf(digest(), level)
    wanted = sorted({*names, "run"})
    found = stored(wanted, shelf)

    def lacking() -> list[str]:
        return [name for name in wanted if name not in found]

    def served() -> bool:
        found.update(stored(lacking(), shelf))
        return not lacking()

    if not lacking():
        return found
    with cache.writable(*shelf.below) as folder, turn(folder, LOCK, served, waiting):
        if served():
            return found
        missing = lacking()
        if progress is not None:
            progress(0, len(missing), folder is not None)
        with contextlib.closing(compiled(missing, level, jobs)) as arriving:
            for done, (name, code) in enumerate(arriving, 1):
                keep(folder, shelf, name, code)
                found[name] = code
                if progress is not None:
                    progress(done, len(missing), folder is not None)
    return found


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
