"""A program that uses farm stays as it was: nothing of Python is replaced or set for good."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

CODE = """
import gc, signal, sys, threading
import multiprocessing.resource_tracker as tracker
from types import ModuleType
seen = lambda: (sys.getrecursionlimit(), gc.isenabled(), tracker.register, tracker.unregister, sys.excepthook,
                [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGBUS)], threading.excepthook)
before = seen()
import farm
score = farm.loads('out: s "bd*4 [hh*2 sn]"')
options = dict(cycles=1, rate=8000, tail="none")
farm.render(score, farm.RenderOptions(**options))
with farm.Session() as session:
    session.render(score, farm.RenderOptions(**options, backend="local", threads=2))
assert seen() == before, (seen(), before)
import farm.rendering.session
assert callable(farm.render) and not isinstance(farm.render, ModuleType)
assert type(sys.modules["farm"]) is ModuleType
print("as before")
"""


def test_a_program_that_renders_is_as_it_was() -> None:
    where = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False, env=where)
    assert (done.stdout, done.stderr) == ("as before\n", "")
