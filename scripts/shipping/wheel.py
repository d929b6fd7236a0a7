"""`scripts/wheel`: compiles every kernel for every level, and packs a wheel that brings them.

What the cache holds of them is taken from there: the same kernel is the same bytes whenever it is compiled.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from farm.rendering.warmup import every_kernel
from scripts.shipping.linking import LinkError, linked, linker
from scripts.shipping.packing import Wheel, for_one_platform, unpacked, write
from workers.levels import BY_NAME, here
from workers.targets import keys, objects, shipped

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("farm", "workers", "pyproject.toml", "README.md", "LICENSE")
"""What a wheel is made from."""


def say(text: str) -> None:
    """A word to whoever waits."""
    print(f"wheel: {text}", file=sys.stderr)


def plain() -> Wheel:
    """The wheel that anybody's pip makes: the packages and their data. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name, "copy")
        copy.mkdir()
        ignored = shutil.ignore_patterns("__pycache__", Path(shipped.FOLDER).name)
        for one in SOURCES:
            path = ROOT / one
            if path.is_dir():
                shutil.copytree(path, copy / one, ignore=ignored)
            else:
                shutil.copy(path, copy)
        command = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--quiet", "wheel"]
        command += ["--no-index", "--no-deps", "--no-build-isolation", "-w", name, str(copy)]
        subprocess.run(command, check=True, cwd=name)
        (made,) = Path(name).glob("*.whl")
        return unpacked(made)


def machine_code(levels: Sequence[str], program: str) -> dict[str, bytes]:
    """The libraries of these levels and their index, by the names of their files. Raises CompileError, LinkError."""
    names = (*every_kernel(), *objects.LOOP_ENTRIES)
    libraries: dict[str, bytes] = {}
    for level in levels:
        say(f"{level}: {len(names)} kernels")
        code = objects.ensure(names, level, jobs=os.cpu_count() or 1, progress=compiling)
        libraries[level] = linked(code, BY_NAME[level], program)
    digests = {level: hashlib.sha256(library).hexdigest() for level, library in libraries.items()}
    index = shipped.Index(keys.own_toolchain(), digests, frozenset(objects.titles_of(names).values()))
    files = {shipped.library_name(level): library for level, library in libraries.items()}
    return {**files, shipped.INDEX: index.written()}


def compiling(done: int, total: int, kept: bool) -> None:
    """Says how far the compiler is."""
    if done % 20 == 0 or done == total:
        say(f"  compiled {done} of {total}")


def tag() -> str:
    """Where machine code can be used: its keys are of this Python's code, and it calls Linux."""
    return f"cp{sys.version_info.major}{sys.version_info.minor}-none-linux_{os.uname().machine}"


def built(levels: Sequence[str]) -> Wheel:
    """The wheel, with machine code of these levels where there is a linker. Raises CompileError, LinkError."""
    program = linker()
    if program is None:
        say("there is no linker here (ld, ld.lld, cc): the wheel brings no machine code, each machine compiles its own")
        return plain()
    folder = Path(shipped.FOLDER).relative_to(ROOT).as_posix()
    files = {f"{folder}/{name}": content for name, content in machine_code(levels, program).items()}
    return for_one_platform(plain(), tag(), files)


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes it."""
    names = [level.name for level in here()]
    reader = argparse.ArgumentParser(prog="scripts/wheel", description="Makes a wheel that brings machine code.")
    reader.add_argument("--out", type=Path, default=ROOT / "build", help="folder to put it into  [build]")
    reader.add_argument("--cpu", action="append", choices=names, help="a level that it brings; may be repeated  [all]")
    given = reader.parse_args(arguments)
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        path = write(built(sorted(set(given.cpu or names))), given.out)
    except (objects.CompileError, LinkError, subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"scripts/wheel: {error}")
    content = path.read_bytes()
    print(f"{path}: {len(content) / 1e6:.1f} MB, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
