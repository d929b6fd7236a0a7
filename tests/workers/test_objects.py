"""The object cache: whole files or none, rebuilt when damaged, renamed by every edit, loaded without the compiler."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from farm.rendering.warmup import every_kernel
from workers import cache
from workers.catalog import catalog
from workers.targets import keys, objects
from workers.targets.compiling import LOOP_ENTRIES, WEIGHTS, shares_of

ROOT = Path(__file__).resolve().parents[2]
LEVEL = objects.host_levels()[0]
KERNEL = "hold_constant"
SHELF = objects.Shelf(keys.toolchain(), LEVEL)
FILES = {name: f"{keys.title(name)}.o" for name in (KERNEL, "run")}


def run(code: str, cache: Path, *args: str, root: Path = ROOT) -> subprocess.Popen[str]:
    """Starts Python with a cache folder of its own."""
    environment = {**os.environ, "PYTHONPATH": str(root), "FARM_CACHE": str(cache)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, *args],
        env=environment,
        cwd=cache,
        text=True,
        stdin=subprocess.DEVNULL,
        **pipes,
    )


def finished(process: subprocess.Popen[str]) -> str:
    """What a process printed; asserts that it ended well."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds a kernel and the task loop; the folder of its objects."""
    objects.ensure([KERNEL, "run"], LEVEL)
    folder = Path(*SHELF.below)
    here = tmp_path / folder
    here.mkdir(parents=True)
    (root,) = cache.roots(*SHELF.below).read
    for name in (KERNEL, "run"):
        shutil.copy(Path(root.folder) / folder / FILES[name], here)
    monkeypatch.setenv("FARM_CACHE", str(tmp_path))
    return here


def read(name: str = KERNEL) -> bytes | None:
    """The code that the cache has for a kernel."""
    return objects.stored([keys.title(name)], SHELF).get(keys.title(name))


ENSURE = """
import hashlib, sys
from workers.targets import objects
found = objects.ensure([sys.argv[2], "run"], sys.argv[1])
code = objects.load(found)
print(sorted((name, hashlib.sha256(one).hexdigest(), code.addresses[name] > 0) for name, one in found.items()))
"""


def test_two_processes_may_fill_an_empty_cache_at_once(tmp_path: Path) -> None:
    both = [run(ENSURE, tmp_path, LEVEL, KERNEL) for _ in range(2)]
    said = [finished(process) for process in both]
    assert said[0] == said[1]
    assert said[0].count("True") == 2
    files = sorted(path.name for path in (tmp_path / "objects").rglob("*") if path.is_file())
    assert files == [".lock", *FILES.values()], "no half-written files"


@pytest.mark.parametrize("damage", ["cut short", "one bit", "empty", "checksum alone", "gone"])
def test_a_damaged_object_is_not_believed(damage: str, filled: Path) -> None:
    path = filled / FILES[KERNEL]
    content = bytearray(path.read_bytes())
    assert read() == bytes(content[32:])
    content[len(content) // 2] ^= 4
    broken = {
        "cut short": bytes(content[:-1]),
        "one bit": bytes(content),
        "empty": b"",
        "checksum alone": bytes(content[:32]),
    }
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(broken[damage])
    assert read() is None


def test_a_damaged_object_is_rebuilt_and_the_others_are_kept(filled: Path) -> None:
    path = filled / FILES[KERNEL]
    before = path.read_bytes()
    loop = (filled / FILES["run"]).stat().st_mtime_ns
    path.write_bytes(before[:-7])
    compiled: list[tuple[int, int]] = []
    found = objects.ensure([KERNEL, "run"], LEVEL, progress=lambda done, total, _: compiled.append((done, total)))
    assert compiled == [(0, 1), (1, 1)]
    assert read() == found[KERNEL]
    assert objects.load(found).addresses[KERNEL] > 0
    assert (filled / FILES["run"]).stat().st_mtime_ns == loop


def test_what_is_whole_is_not_compiled_again(filled: Path) -> None:
    said: list[tuple[int, int]] = []
    found = objects.ensure([KERNEL, "run"], LEVEL, progress=lambda done, total, _: said.append((done, total)))
    assert said == []
    assert set(found) == {KERNEL, "run"}
    code = objects.load(found)
    assert all(address > 0 for address in code.addresses.values())
    ctypes.CFUNCTYPE(None, ctypes.c_int64)(code.addresses["run"])


@pytest.mark.parametrize("name", ["nosuch_constant", "hold_nosuch", "hold_seek", "hold", ""])
def test_a_kernel_that_is_none_is_an_error(name: str, filled: Path) -> None:
    with pytest.raises(objects.CompileError, match=f"there is no kernel {name}"):
        objects.ensure([name], LEVEL)


def test_a_kernel_that_cannot_be_compiled_is_an_error(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiling process knows nothing of this one."""
    monkeypatch.setattr(keys, "catalog", lambda: {**catalog(), "ghost": catalog()["hold"]})
    with pytest.raises(objects.CompileError, match="there is no kernel ghost_constant"):
        objects.ensure(["ghost_constant"], LEVEL)
    assert sorted(path.name for path in filled.iterdir()) == [".lock", *FILES.values()]


def test_what_was_edited_since_this_process_began_is_not_taken_for_what_it_knows(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = catalog()["hold"].kernel.__code__
    monkeypatch.setattr(catalog()["hold"].kernel, "__code__", code.replace(co_consts=(*code.co_consts, 7)))
    keys.own.cache_clear()
    try:
        with pytest.raises(objects.CompileError, match="the source of hold_constant was changed after"):
            objects.ensure([KERNEL, "run"], LEVEL)
    finally:
        keys.own.cache_clear()
    assert sorted(path.name for path in filled.iterdir()) == [".lock", *FILES.values()]


def test_what_takes_long_to_compile_is_a_kernel() -> None:
    assert set(WEIGHTS) <= {*every_kernel(), *LOOP_ENTRIES}
    shares = shares_of(["sampler_best_constant", "sampler_good_constant", *(f"node{i}_constant" for i in range(6))], 2)
    assert [sum(name.startswith("sampler") for name in share) for share in shares] == [1, 1]


def test_a_warm_start_imports_no_compiler_and_nothing_that_only_others_need() -> None:
    code = """
import sys
from fractions import Fraction
from farm.options import RenderOptions
from farm.graph.score import understand
from farm.rendering.session import render
from farm.score import Source
score = understand(Source("a.ph", 'cps: 4\\nout: s "bd*2" + saw 110 # lpf 800 1'))
sound = render(score, RenderOptions(cycles=Fraction(1), rate=8000))
assert abs(sound).max() > 0.1
print({"numba", "psutil", "soundfile", "numpy.ma"} & {*sys.modules})
"""
    (root,) = cache.roots().read
    for _ in range(2):
        said = finished(run(code, Path(root.folder)))
    assert said == "set()\n"
