"""An examination of this machine: what a render needs of it, what was found, and what to do where that is wrong."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal

from farm.errors import FarmError
from farm.quantities import size
from farm.version import __version__
from workers.records import record

State = Literal["fine", "warning", "broken"]
SHM = Path("/dev/shm")
TIGHT_BYTES = 64 << 20
"""Room below which longer or denser renders fail."""
LIBRARIES = ("numpy", "soundfile", "psutil", "click", "rich", "numba", "llvmlite")
COMPILER = ("numba", "llvmlite")
"""Libraries that are needed only where machine code did not come with farm."""
TRIAL = "out: sine 440 * 0.5"


@record(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `broken` keeps farm from rendering; `advice` says what to do."""

    name: str
    state: State
    found: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Looks at everything, one thing after another; none of them raises."""
    for look in (
        versions,
        cpu_level,
        cores,
        shared_memory,
        cache_folders,
        kernel_cache,
        sound_cache,
        sample_folders,
        own_nodes,
        trial_render,
    ):
        yield from guarded(look)


def guarded(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a look finds; if it fails itself, that."""
    try:
        yield from look()
    except FarmError as error:
        yield Finding(look.__name__.replace("_", " "), "broken", error.message, error.hint or "")
    except Exception as error:  # noqa: BLE001
        text = " ".join(f"{type(error).__name__}: {error}".split())
        yield Finding(look.__name__.replace("_", " "), "broken", text, "FARM_DEBUG=1 farm render ... shows more")


def versions() -> Iterator[Finding]:
    """farm, Python and the libraries."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Finding("farm", "fine", f"{__version__}, Python {platform.python_version()}, {system}")
    found, missing = [], []
    for library in LIBRARIES:
        try:
            found.append(f"{library} {metadata.version(library)}")
        except metadata.PackageNotFoundError:
            missing.append(library)
    if missing:
        advice = f"install them: pip install {' '.join(missing)}"
        state: State = "broken"
        if set(missing) <= set(COMPILER) and brought() == len(kernels()):
            advice = f"nodes of your own take {' and '.join(missing)}: pip install {' '.join(missing)}"
            state = "warning"
        yield Finding("libraries", state, f"{', '.join(missing)} missing; {', '.join(found)}", advice)
    else:
        yield Finding("libraries", "fine", ", ".join(found))


def cpu_level() -> Iterator[Finding]:
    """Which kernels this processor runs."""
    from workers.targets.objects import host_levels

    levels = host_levels()
    if not levels:
        yield Finding("CPU level", "broken", "below x86-64-v2", "farm needs an x86-64 processor with SSE4.2")
    elif levels[0] == "v2":
        advice = "without AVX2 kernels work on 4 numbers at once instead of 8: renders take longer, and sound the same"
        yield Finding("CPU level", "warning", "v2 (SSE4.2)", advice)
    else:
        yield Finding("CPU level", "fine", f"{levels[0]}; it runs {', '.join(levels)}")


def runs(level: str) -> bool:
    """Whether this processor runs the machine code of a level."""
    from workers.targets.objects import host_levels

    return level in host_levels()


def cores() -> Iterator[Finding]:
    """How many workers a render starts."""
    from workers.cores import allowed_cpus, portable, quota_cpus, worker_count

    count, because = worker_count()
    quota, cpus, every = quota_cpus(), len(allowed_cpus()), os.cpu_count() or 1
    granted = "no quota" if quota is None else f"a quota of {quota:g}"
    found = f"{every} in the machine, {cpus} allowed, {granted}: {count} worker{'s' if count > 1 else ''} ({because})"
    advice = ""
    if quota is not None and quota < cpus:
        advice = "the quota of the container or service limits renders; raise it (docker run --cpus) for more speed"
    elif cpus < every:
        advice = "this process may not use all of them (taskset, docker run --cpuset-cpus)"
    yield Finding("cores", "warning" if advice else "fine", found, advice)
    if portable():
        advice = "unset FARM_PORTABLE for faster starts" if os.environ.get("FARM_PORTABLE") == "1" else ""
        yield Finding("workers", "warning" if advice else "fine", "portable: no pinning, no futex, no fork", advice)


def shared_memory() -> Iterator[Finding]:
    """Where the arena lies."""
    if not SHM.is_dir() or not os.access(SHM, os.W_OK):
        advice = "mount one, or use --work-dir FOLDER (FARM_WORK_DIR)"
        work_dir = os.environ.get("FARM_WORK_DIR")
        state: State = "warning" if work_dir else "broken"
        yield Finding("shared memory", state, f"there is no {SHM} that can be written", advice)
        return
    usage = shutil.disk_usage(SHM)
    found = f"{SHM} has {size(usage.free)} free of {size(usage.total)}"
    if usage.free < TIGHT_BYTES:
        advice = "long or dense renders need more: docker run --shm-size=512m, or --work-dir FOLDER"
        yield Finding("shared memory", "warning", found, advice)
    else:
        yield Finding("shared memory", "fine", found)


def cache_folders() -> Iterator[Finding]:
    """Where what is compiled and decoded is kept, and the folders that are not used as they were meant."""
    from workers import cache

    found = cache.roots("objects")
    for one in found.worth_telling():
        advice = "FARM_CACHE=FOLDER names a folder that can be made and written"
        if one.refused:
            advice = "let it belong to you alone (chown, chmod go-w), or FARM_CACHE=FOLDER names another one"
        yield Finding("cache folder", "warning", one.message, advice)
    if found.write is None:
        advice = "FARM_CACHE=FOLDER names one"
        yield Finding(
            "cache folder", "warning", "none can be written: what is compiled and decoded is not kept", advice
        )
        return
    folder = found.write.folder
    also = [root.folder for root in found.read if root != found.write]
    free = shutil.disk_usage(folder).free
    text = f"{folder}, {size(free)} free{''.join(f'; {one} is read too' for one in also)}"
    if free < TIGHT_BYTES:
        yield Finding("cache folder", "warning", text, "free some space, or FARM_CACHE=FOLDER names another place")
    else:
        yield Finding("cache folder", "fine", text)


def kernels() -> tuple[str, ...]:
    """Names of all there are, those of the loop included."""
    from farm.rendering.warmup import every_kernel
    from workers.targets.objects import LOOP_ENTRIES

    return (*every_kernel(), *LOOP_ENTRIES)


def brought() -> int:
    """How many of them came with farm for this processor."""
    from workers.targets.objects import host_levels, lacking

    return sum(len(kernels()) - len(lacking(kernels(), level)) for level in host_levels()[:1])


def kernel_cache() -> Iterator[Finding]:
    """Machine code: what came with farm, and what was compiled."""
    from workers import cache
    from workers.targets import keys
    from workers.targets.objects import host_levels

    names, ready, best = kernels(), brought(), host_levels()[:1]
    came = f"{ready} came with farm, " if ready else ""
    try:
        toolchain = keys.toolchain()
    except ImportError as error:
        state: State = "fine" if ready == len(names) else "broken"
        yield Finding("kernels", state, f"{came}nothing can be compiled without {error.name}")
        return
    titles = {f"{keys.title(name)}.o" for name in names}
    ours = 0
    held: dict[bool, int] = {True: 0, False: 0}
    folders = [Path(root.folder, "objects") for root in cache.roots("objects").read]
    for path in (path for folder in folders for path in folder.glob("*/*/*.o")):
        current = path.parts[-3] == toolchain and path.name in titles
        held[current] += path.stat().st_size
        ours += current and path.parts[-2] in best
    stale = f"; {size(held[False])} of other versions" if held[False] else ""
    found = f"{came}{ours} compiled for this machine, {size(held[True])}{stale}"
    advice = "the first render compiles what it needs (10 to 40 s): farm warmup does it now"
    if ours or ready == len(names):
        advice = ""
    if held[False] > 256 << 20:
        advice = f"{folders[-1]} may be deleted: what is needed is compiled again"
    yield Finding("kernels", "warning" if advice else "fine", found, advice)


def sound_cache() -> Iterator[Finding]:
    """Decoded sounds."""
    from farm.audio.keeping import held

    found = held()
    if found.folder is None:
        return
    text = f"{found.sounds} decoded in {found.folder}, {size(found.bytes)}"
    advice = "farm bank cache --clear empties it" if found.bytes > 4 << 30 else ""
    yield Finding("sounds", "warning" if advice else "fine", text, advice)


def sample_folders() -> Iterator[Finding]:
    """The built-in bank, and the folders of FARM_SAMPLES."""
    from farm.audio.folders import ACCEPTED
    from farm.audio.samples import BUILT_IN, VARIABLE, SampleLibrary

    built_in = SampleLibrary().banks()
    count = sum(len(bank.names) for bank in built_in)
    if count:
        yield Finding("built-in bank", "fine", f"{len(built_in)} banks, {count} samples")
    else:
        yield Finding("built-in bank", "broken", f"nothing in {BUILT_IN}", "install farm again")
    for name in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        folder = Path(name)
        if not folder.is_dir():
            advice = f"create it, or take it out of {VARIABLE}: renders refuse it"
            yield Finding("sample folder", "broken", f"{name} does not exist", advice)
            continue
        banks = [bank for bank in SampleLibrary((folder,)).banks() if bank.parent == folder]
        if banks:
            yield Finding("sample folder", "fine", f"{name}: {len(banks)} banks")
        else:
            advice = f"it holds no folder with files of the kinds {ACCEPTED}: one for each bank"
            yield Finding("sample folder", "warning", f"{name}: no banks", advice)


def own_nodes() -> Iterator[Finding]:
    """Nodes of one's own."""
    from farm.errors import DefinitionError
    from farm.graph.nodes import catalog
    from workers.catalog import node_folders

    folders = node_folders()
    try:
        count = len(catalog())
    except DefinitionError as error:
        yield Finding("own nodes", "broken", str(error), "mend the file, or unset FARM_NODES")
        return
    if folders:
        yield Finding("own nodes", "fine", f"{', '.join(map(str, folders))}; {count} nodes in all")


def trial_render() -> Iterator[Finding]:
    """A render: a tenth of a second of a sine, in this process."""
    import time
    from fractions import Fraction

    import numpy as np

    from farm.graph.score import understand
    from farm.options import RenderOptions
    from farm.rendering.session import render
    from farm.score import Source

    started = time.perf_counter()
    work_dir = os.environ.get("FARM_WORK_DIR") or None
    options = RenderOptions(
        duration=Fraction(1, 10), tail="none", gain=1.0, backend="inline", threads=1, work_dir=work_dir
    )
    frames = render(understand(Source("trial.ph", TRIAL)), options)
    peak = float(np.abs(frames).max())
    wall_s = time.perf_counter() - started
    if frames.shape == (4410, 2) and 0.49 < peak < 0.51:
        yield Finding("trial render", "fine", f"0.1 s of a sine in {wall_s:.2f} s")
    else:
        yield Finding("trial render", "broken", f"{len(frames)} frames, peak {peak:g}: not a sine", "please report it")
