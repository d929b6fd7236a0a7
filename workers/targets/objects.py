"""Machine code on disk: kernels are compiled once and later loaded with llvmlite alone, without importing numba.

One object file per kernel variant, below a folder of the toolchain and one of the CPU level, with a name that holds its
key (`targets/keys.py`): what is edited has another key, and what is not is still there. A file begins with the SHA-256
of its place and code and is renamed into place whole; one that does not fit it is compiled again. A file is opened
once, and only where `workers.cache` believes that nobody else has put it there.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workers import cache
from workers.levels import here, linux_features
from workers.records import record
from workers.targets import keys, shipped
from workers.targets.compiling import LOOP_ENTRIES, CompileError, compiled
from workers.turns import turn

__all__ = [
    "LOOP_ENTRIES",
    "CompileError",
    "MachineCode",
    "Shelf",
    "ensure",
    "host_levels",
    "lacking",
    "load",
    "provide",
    "stored",
    "take_over",
    "unsaved",
]

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

SOME = 3
"""How many kernels are named where there may be many."""

LABEL_BYTES = 32
LOCK = ".lock"
"""The file whose lock whoever compiles has."""

Progress = Callable[[int, int, bool], None]


@record(frozen=True, slots=True)
class MachineCode:
    """Loaded machine code: addresses by kernel name. `engine` keeps what was linked in this process alive."""

    addresses: dict[str, int]
    engine: Any = None


@functools.cache
def host_levels() -> tuple[str, ...]:
    """CPU levels that this machine can run, best first; empty where it can run none."""
    features = linux_features() or _llvm_features()
    return tuple(level.name for level in reversed(here()) if features.issuperset(level.needs))


def _llvm_features() -> frozenset[str]:
    import llvmlite.binding as llvm

    return frozenset(name for name, has in llvm.get_host_cpu_features().items() if has)


@record(frozen=True, slots=True)
class Shelf:
    """Where the code that one toolchain made lies, for one CPU level."""

    toolchain: str
    level: str

    @property
    def below(self) -> tuple[str, ...]:
        """Its folder, below one of the cache."""
        return ("objects", self.toolchain, self.level)

    def labelled(self, title: str, code: bytes) -> bytes:
        """The content of a kernel's file: first the SHA-256 of where it belongs and of the code, then the code.

        A file that was given another's name is told by it from what belongs there, and so is one that was damaged.
        """
        label = hashlib.sha256("\0".join((*self.below, title, "")).encode() + code).digest()
        return label + code


def stored(titles: Iterable[str], shelf: Shelf) -> dict[str, bytes]:
    """The code that there is under these titles: whole, fit for its title, and put there by nobody else."""
    found = {title: _unsaved[shelf, title] for title in titles if (shelf, title) in _unsaved}
    left = [title for title in titles if title not in found]

    def look(folder: cache.Folder) -> bool | None:
        for title in left[:]:
            content = folder.read(f"{title}.o")
            # What was checked is what is loaded: the file is not looked at again.
            if content and content == shelf.labelled(title, content[LABEL_BYTES:]):
                found[title] = content[LABEL_BYTES:]
                left.remove(title)
        return None if left else True

    if left:
        cache.first(shelf.below, look)
    return found


def keep(folder: cache.Folder | None, shelf: Shelf, title: str, code: bytes) -> None:
    """Puts code into the cache, or into this process's memory where there is none that can be written."""
    if folder is not None:
        try:
            folder.write(f"{title}.o", shelf.labelled(title, code))
            return
        except OSError as error:
            cache.doubt(cache.cannot_be_written(folder.path, error))
    _unsaved[shelf, title] = code


_unsaved: dict[tuple[Shelf, str], bytes] = {}
"""Code that no cache keeps, by title."""


def unsaved(names: Iterable[str], level: str) -> dict[str, bytes]:
    """The code of these kernels that other processes do not find in a cache, by title."""
    if not _unsaved:
        return {}
    shelf = Shelf(keys.toolchain(), level)
    return {one: _unsaved[shelf, one] for one in map(keys.title, names) if (shelf, one) in _unsaved}


def take_over(codes: Mapping[str, bytes], level: str) -> None:
    """Has code at hand, by title, that another process compiled and no cache keeps."""
    if codes:
        shelf = Shelf(keys.toolchain(), level)
        _unsaved.update({(shelf, one): code for one, code in codes.items()})


def titles_of(names: Iterable[str]) -> dict[str, str]:
    """The title of each kernel by name. Raises CompileError."""
    try:
        return {name: keys.title(name) for name in sorted(set(names))}
    except keys.NoSuchKernel as error:
        raise CompileError(str(error)) from error


def provide(
    names: Iterable[str],
    level: str,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    waiting: Callable[[], None] | None = None,
) -> MachineCode:
    """Kernels and `run`, loaded: as they came with the package, from the cache, or compiled now. Raises CompileError.

    `progress` and `waiting`: as in `ensure`.
    """
    titles = titles_of((*names, "run"))
    with LOADING:
        found = shipped.addresses(titles.values(), level)
    at = {name: found[title] for name, title in titles.items() if title in found}
    left = [name for name in titles if name not in at]
    if not left:
        return MachineCode(at)
    linked = load(ensure(left, level, jobs=jobs, progress=progress, waiting=waiting))
    return MachineCode({**at, **linked.addresses}, linked.engine)


def lacking(names: Iterable[str], level: str) -> list[str]:
    """Those that did not come with the package, for a level that need not be this machine's. Raises CompileError."""
    titles = titles_of(names)
    there = shipped.held(titles.values(), level)
    return [name for name, title in titles.items() if title not in there]


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
    titles = titles_of(names)
    if not titles:
        return {}
    try:
        shelf = Shelf(keys.toolchain(), level)
    except ImportError as error:
        some = ", ".join(list(titles)[:SOME]) + (" …" if len(titles) > SOME else "")
        raise CompileError(f"{some}: there is no {error.name} to do it with (pip install {error.name})") from error
    found = stored(titles.values(), shelf)

    def missing() -> list[str]:
        return [name for name, one in titles.items() if one not in found]

    def served() -> bool:
        found.update(stored([titles[name] for name in missing()], shelf))
        return not missing()

    if missing():
        with cache.writable(*shelf.below) as folder, turn(folder, LOCK, served, waiting):
            if not served():
                _compile(missing(), titles, found, shelf, folder, jobs, progress)
    return {name: found[one] for name, one in titles.items()}


def _compile(
    names: list[str],
    titles: dict[str, str],
    found: dict[str, bytes],
    shelf: Shelf,
    folder: cache.Folder | None,
    jobs: int,
    progress: Progress | None,
) -> None:
    """Compiles kernels, and adds their code to what is found and to the cache. Raises CompileError."""
    if progress is not None:
        progress(0, len(names), folder is not None)
    with contextlib.closing(compiled(names, shelf.level, jobs)) as arriving:
        for done, (name, key, code) in enumerate(arriving, 1):
            if titles[name] != f"{name}-{key}" and not sys.flags.optimize:
                raise CompileError(f"the source of {name} was changed after this process had read it: start it anew")
            keep(folder, shelf, titles[name], code)
            found[titles[name]] = code
            if progress is not None:
                progress(done, len(names), folder is not None)


LOADING = threading.RLock()
"""Held while code is loaded and while a process is forked: no copy of this process may begin its life with a lock of
the compiler's library that another thread, which the copy lacks, was holding."""


def load(objects: dict[str, bytes]) -> MachineCode:
    """Links objects into this process and finds their addresses."""
    with LOADING:
        return _loaded(objects)


def _loaded(objects: dict[str, bytes]) -> MachineCode:
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
    return MachineCode({name: engine.get_function_address(name) for name in objects}, engine)
