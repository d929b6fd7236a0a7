"""Runs commands as processes of their own and says what they took.

The standard library alone: what this process holds would count as its children's peak memory, so it stays small.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from workloads import ROOT

ONCE = [sys.executable, str(Path(__file__).with_name("once.py"))]
FARM = [sys.executable, "-P", "-m", "farm"]


class Failed(Exception):
    """A measured command failed; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Took:
    """What a process took: seconds on the wall and of CPUs, peak memory in MiB; `said` is its standard output.

    `others`: how many CPUs everything else on the machine kept busy meanwhile.
    """

    wall_s: float
    cpu_s: float
    others: float
    peak_mib: float
    said: str

    @property
    def answer(self) -> dict[str, Any]:
        """Its output as JSON."""
        found: dict[str, Any] = json.loads(self.said)
        return found


def timed(command: Sequence[str], folder: Path, env: dict[str, str] | None = None) -> Took:
    """Runs a command in a folder. Raises Failed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    with TemporaryFile() as out, TemporaryFile() as err:
        busy_s, started = machine_busy_s(), time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=err)
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            end(process)
            raise
        wall_s = time.perf_counter() - started
        busy_s = machine_busy_s() - busy_s
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            message = err.read().decode(errors="replace").strip()
            raise Failed(f"{' '.join(command)}: exit status {process.returncode}\n{message}")
        said = out.read().decode()
    cpu_s = used.ru_utime + used.ru_stime
    return Took(wall_s, cpu_s, max(busy_s - cpu_s, 0.0) / wall_s, used.ru_maxrss / 1024, said)


ENDING_S = 5.0
"""How long a command may take to put away what it holds."""


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a command: asks first, so that its own processes and memory go with it."""
    process.terminate()
    try:
        process.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def machine_busy_s() -> float:
    """CPU seconds that all processes together have used since the machine started; 0.0 where that is not told."""
    try:
        words = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return 0.0
    user, nice, system = (int(word) for word in words[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


SAMPLING_S = 0.02


def together_mib(command: Sequence[str], folder: Path) -> float:
    """Runs a command and looks every 20 ms at what it and its children hold, shared pages counted once: the most, MiB.

    Raises Failed. Looking takes time: this is no run to be timed.
    """
    most = 0.0
    over = threading.Event()
    running: list[int] = []

    def look() -> None:
        nonlocal most
        while not over.wait(SAMPLING_S):
            for pid in running:
                most = max(most, sum(shared_kib(one) for one in family(pid)) / 1024)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        with TemporaryFile() as out, TemporaryFile() as err:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=err)
            running.append(process.pid)
            if process.wait():
                err.seek(0)
                raise Failed(f"{' '.join(command)}: {err.read().decode(errors='replace').strip()}")
    finally:
        over.set()
        watching.join()
    return most


def family(pid: int) -> Iterator[int]:
    """A process and all its descendants."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def shared_kib(pid: int) -> int:
    """Proportional set size of a process in KiB; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
