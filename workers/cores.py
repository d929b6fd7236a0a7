"""Cores: how many workers to run, and where each is pinned. The one door to psutil."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

TOPOLOGY = Path("/sys/devices/system/cpu")
CGROUP = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def portable() -> bool:
    """Whether to keep to what every system has: no pinning, no futex, no fork (`FARM_PORTABLE=1`, or not Linux)."""
    return os.environ.get("FARM_PORTABLE") == "1" or sys.platform != "linux"


def allowed_cpus() -> tuple[int, ...]:
    """CPUs that this process may run on, by number."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    import psutil

    try:
        return tuple(sorted(psutil.Process().cpu_affinity()))
    except (AttributeError, OSError):
        return tuple(range(os.cpu_count() or 1))


def quota_cpus(folder: Path = CGROUP, membership: Path = MEMBERSHIP) -> float | None:
    """CPUs' worth of time that the control group and those around it grant (cgroup 2 or 1); None without a limit."""
    granted = []
    for group in groups(folder, membership, ""):
        with contextlib.suppress(OSError, ValueError):
            quota, period = (group / "cpu.max").read_text().split()[:2]
            if quota != "max":
                granted.append(int(quota) / int(period))
    for group in groups(folder / "cpu", membership, "cpu"):
        with contextlib.suppress(OSError, ValueError):
            quota_us = int((group / "cpu.cfs_quota_us").read_text())
            if quota_us > 0:
                granted.append(quota_us / int((group / "cpu.cfs_period_us").read_text()))
    return min(granted, default=None)


def groups(folder: Path, membership: Path, controller: str) -> list[Path]:
    """Folders of this process's control group for a controller of cgroup 1 (cgroup 2: ""), and of those around it.

    The group's path may be the host's, of which a container sees nothing but its end: the mounted folder itself.
    """
    within = Path("/")
    with contextlib.suppress(OSError, ValueError):
        for line in membership.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                within = Path(path)
    return [folder / part.relative_to("/") for part in (within, *within.parents)]


def worker_count() -> tuple[int, str]:
    """How many workers `auto` means, and what decided it."""
    cpus = len(allowed_cpus())
    quota = quota_cpus()
    if quota is not None and quota < cpus:
        return max(1, int(quota)), f"the control group grants {quota:g} CPUs"
    return cpus, f"{cpus} CPU{'s' if cpus > 1 else ''} allowed"


def siblings(cpu: int, folder: Path = TOPOLOGY) -> tuple[int, ...]:
    """CPUs of the same physical core, itself included."""
    try:
        text = (folder / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text()
    except OSError:
        return (cpu,)
    found: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return tuple(found)


def pinning(cpus: tuple[int, ...], workers: int, folder: Path = TOPOLOGY) -> tuple[int, ...]:
    """A CPU for each worker: distinct physical cores first, then their siblings, then around again."""
    ranked = sorted(cpus, key=lambda cpu: (sorted(set(siblings(cpu, folder)) & set(cpus)).index(cpu), cpu))
    return tuple(ranked[number % len(ranked)] for number in range(workers))


def before_fork() -> None:
    """Imports psutil, so that not each worker has to."""
    import psutil  # noqa: F401


def pin(cpu: int) -> None:
    """Pins this process to a CPU, where the system can."""
    import psutil

    with contextlib.suppress(AttributeError, OSError):
        psutil.Process().cpu_affinity([cpu])


@cache
def asks_cpu() -> Callable[[], int]:
    """What says on which CPU a thread runs."""
    import ctypes

    return getattr(ctypes.CDLL(None), "sched_getcpu", lambda: -1)


def current_cpu() -> int:
    """The CPU on which this thread runs, -1 where the system does not say."""
    return asks_cpu()()


def move_to(cpu: int) -> None:
    """Moves this thread to a CPU, which it may leave again."""
    with contextlib.suppress(AttributeError, OSError):
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {cpu})
        os.sched_setaffinity(0, allowed)


def is_stopped(pid: int) -> bool:
    """Whether a signal or a debugger holds a process."""
    import psutil

    try:
        return psutil.Process(pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    except psutil.Error:
        return False


def ended_children_cpu_s() -> float:
    """CPU time of all processes that this one has started, and waited for when they had ended."""
    try:
        import resource
    except ImportError:
        times = os.times()
        return times.children_user + times.children_system
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


CPUCLOCK_SCHED = 2
"""Of the clocks that Linux has for each process: the time that it ran, in ns."""


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used; 0.0 when it is gone."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            # What `clock_getcpuclockid` gives; psutil counts in hundredths of a second.
            return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
