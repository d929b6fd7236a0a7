"""The compiling processes: kernels' names go in, their machine code comes back through a pipe.

Each is a Python of its own (`python -P -m workers.targets.numba`) in the folder that holds `workers`, and imports
nothing from the caller's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable

from workers.starting import ROOT, compiler_environment

WEIGHTS = {
    "run": 8,
    "work": 10,
    "complete": 2,
    "sampler_draft_constant": 6,
    "sampler_good_constant": 7,
    "sampler_best_constant": 7,
}
"""How long kernels take to compile, beside the usual one."""

LOOP_ENTRIES = ("run", "work", "complete", "join")
"""What a pool needs besides kernels."""

COMPLAINT_CHARACTERS = 2000
"""How much of what a compiling process said is told, from its end."""


class CompileError(Exception):
    """The compiling process failed; the message holds what it said."""


def shares_of(names: Iterable[str], jobs: int) -> list[list[str]]:
    """The names in at most `jobs` shares that take about as long as each other."""
    order = sorted(names, key=lambda name: -WEIGHTS.get(name, 1))
    shares: list[list[str]] = [[] for _ in range(max(1, min(jobs, len(order))))]
    weights = [0] * len(shares)
    for name in order:
        # What shares most of its code is compiled together.
        together = [
            i for i, share in enumerate(shares) if name in LOOP_ENTRIES and any(one in LOOP_ENTRIES for one in share)
        ]
        chosen = together[0] if together else weights.index(min(weights))
        shares[chosen].append(name)
        weights[chosen] += WEIGHTS.get(name, 1) // (2 if together else 1)
    return [share for share in shares if share]


def compiled(names: Iterable[str], level: str, jobs: int) -> Generator[tuple[str, str, bytes], None, None]:
    """(name, key, machine code) of each kernel as it is done, by `jobs` processes. Raises CompileError."""
    import subprocess
    from multiprocessing.connection import Connection, Pipe, wait

    environment = compiler_environment()
    processes: dict[int, subprocess.Popen[bytes]] = {}
    answers: dict[int, Connection] = {}
    complaints: dict[int, bytearray] = {}
    try:
        for number, share in enumerate(shares_of(names, jobs)):
            ours, theirs = Pipe(duplex=False)
            answers[number] = ours
            with theirs:
                processes[number] = subprocess.Popen(
                    [
                        *(sys.executable, "-P", *["-s"] * sys.flags.no_user_site, "-m", "workers.targets.numba"),
                        *(str(os.getpid()), str(theirs.fileno()), level, *share),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=environment,
                    cwd=ROOT,
                    pass_fds=[theirs.fileno()],
                )
            complaints[number] = bytearray()
        pipes = {process.stderr.fileno(): number for number, process in processes.items() if process.stderr is not None}
        while answers or pipes:
            for ready in wait([*answers.values(), *pipes]):
                if isinstance(ready, int):
                    said = os.read(ready, 1 << 16)
                    complaints[pipes[ready]] += said
                    if not said:
                        del pipes[ready]
                    continue
                number = next(number for number, answer in answers.items() if answer is ready)
                try:
                    name, key, code = answers[number].recv_bytes().split(b"\0", 2)
                except EOFError:
                    answers.pop(number).close()
                    continue
                yield name.decode(), key.decode(), code
        for number, process in processes.items():
            if process.wait() != 0:
                complaint = complaints[number].decode(errors="replace").strip()[-COMPLAINT_CHARACTERS:]
                raise CompileError(complaint or f"the compiler ended with status {process.returncode}")
    finally:
        for answer in answers.values():
            answer.close()
        for process in processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
