"""One shared library of the objects of a level, by the system's linker."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from workers.levels import Level
from workers.targets.numba import target_machine
from workers.targets.objects import RUNTIME_SYMBOLS

LINKERS = ("ld", "ld.lld", "ld.bfd", "ld.gold", "ld.mold")
COMPILERS = ("cc", "gcc", "clang")
"""What knows where a linker is, where none is on the path."""
STRICT = ("-z", "now", "-z", "relro", "-z", "noexecstack")


class LinkError(Exception):
    """The linker failed; the message holds what it said."""


def linker() -> str | None:
    """The path of this system's linker; None where there is none."""
    for name in LINKERS:
        found = shutil.which(name)
        if found is not None:
            return found
    for name in COMPILERS:
        compiler = shutil.which(name)
        if compiler is not None:
            asked = subprocess.run([compiler, "-print-prog-name=ld"], text=True, capture_output=True, check=False)
            found = shutil.which(asked.stdout.strip() or "ld")
            if found is not None:
                return found
    return None


def linked(objects: Mapping[str, bytes], level: Level, program: str) -> bytes:
    """A shared library of objects, whose symbols are their names. Raises LinkError.

    The same objects give the same bytes: nothing in it tells when or where it was made.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = sorted(objects)
        for one in names:
            (folder / f"{one}.o").write_bytes(objects[one])
        (folder / "never.o").write_bytes(never(level))
        exported = "".join(f"{one}; " for one in names)
        (folder / "exported").write_text(f"{{ global: {exported}local: *; }};\n", encoding="utf-8")
        command = [program, "-shared", "-o", "library", "--version-script=exported", "--strip-all", "--build-id=none"]
        command += [*STRICT, "--hash-style=gnu", *(f"{one}.o" for one in names), "never.o"]
        done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise LinkError(f"{program}: {(done.stderr or done.stdout).strip()}")
        return (folder / "library").read_bytes()


def never(level: Level) -> bytes:
    """An object of what Numba's wrappers name on paths that kernels never take: abort()."""
    import llvmlite.binding as llvm

    body = "{\n  call void @abort()\n  unreachable\n}\n"
    functions = "".join(f"define hidden void @{name}() {body}" for name in RUNTIME_SYMBOLS)
    text = f'target triple = "{level.processor.triple}"\ndeclare void @abort()\n{functions}'
    code: bytes = target_machine(level.name).emit_object(llvm.parse_assembly(text))
    return code
