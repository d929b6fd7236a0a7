"""Machine code that came with the package: taken as it was made, from nobody else, and by no compiler."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from scripts.shipping.linking import LinkError, linked, linker
from workers import cache
from workers.catalog import catalog
from workers.levels import BY_NAME
from workers.targets import keys, objects, shipped
from workers.targets.compiling import compiled

from .users import A, B, as_user, can_be_others, give, needs_root

ROOT = Path(__file__).resolve().parents[2]
LEVEL = objects.host_levels()[0]
NAMES = ("hold_constant", "run")
TITLES = {name: keys.title(name) for name in NAMES}
PROGRAM = linker()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no linker here: no wheel brings machine code")


def library_of(level: str, names: Sequence[str] = NAMES) -> bytes:
    """A library of kernels, compiled once and kept in the ordinary cache."""
    assert PROGRAM is not None
    return linked(objects.ensure(names, level), BY_NAME[level], PROGRAM)


def ship(folder: Path, libraries: dict[str, bytes], toolchain: str | None = None) -> None:
    """Puts libraries and their index where a wheel would."""
    folder.mkdir(exist_ok=True)
    digests = {level: hashlib.sha256(content).hexdigest() for level, content in libraries.items()}
    index = shipped.Index(toolchain or keys.own_toolchain(), digests, frozenset(TITLES.values()))
    (folder / "index").write_bytes(index.written())
    for level, content in libraries.items():
        (folder / f"{level}.so").write_bytes(content)


def forget() -> None:
    """As if nothing had been looked at. What was loaded stays, and so do its descriptors."""
    for one in (shipped.index, shipped.whole, shipped.library):
        one.cache_clear()
    cache.told()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where machine code came with the package: a library of two kernels."""
    path = tmp_path / "machine_code"
    ship(path, {LEVEL: library_of(LEVEL)})
    monkeypatch.setattr(shipped, "FOLDER", str(path))
    forget()
    yield path
    forget()


def taken() -> set[str]:
    """The kernels that are taken from the library."""
    at = shipped.addresses(TITLES.values(), LEVEL)
    assert all(at.values())
    return {name for name, title in TITLES.items() if title in at}


def told() -> str:
    """What was noted, in lines."""
    return "\n".join(one.message for one in cache.told())


def mapping_of(address: int) -> tuple[str, str]:
    """How the memory at an address may be used, and the file that it is of."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        span, mode, *rest = line.split(maxsplit=5)
        first, last = (int(one, 16) for one in span.split("-"))
        if first <= address < last:
            return mode, rest[-1]
    raise AssertionError(hex(address))


def test_kernels_are_the_pages_of_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "ensure", None)
    code = objects.provide(NAMES, LEVEL)
    for name in NAMES:
        assert mapping_of(code.addresses[name]) == ("r-xp", str(folder / f"{LEVEL}.so"))
    assert objects.lacking([*NAMES, "work"], LEVEL) == ["work"]
    assert told() == ""


def test_what_did_not_come_is_compiled_and_loaded_beside_it(folder: Path) -> None:
    code = objects.provide(["work", *NAMES], LEVEL)
    assert sorted(code.addresses) == sorted(["work", *NAMES])
    assert mapping_of(code.addresses["run"])[1] == str(folder / f"{LEVEL}.so")
    assert mapping_of(code.addresses["work"])[1] != str(folder / f"{LEVEL}.so")


def test_levels_are_not_taken_for_each_other(folder: Path) -> None:
    ship(folder, {level: library_of(level) for level in ("v2", "v3")})
    forget()
    found = {}
    for level in ("v2", "v3"):
        at = shipped.addresses(TITLES.values(), level)
        found[level] = {mapping_of(address)[1] for address in at.values()}
    assert found == {level: {str(folder / f"{level}.so")} for level in ("v2", "v3")}


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("change", [damaged, cut_short, emptied], ids=["damaged", "cut short", "emptied"])
def test_a_library_that_was_changed_is_not_loaded(change: Callable[[Path], None], folder: Path) -> None:
    path = folder / f"{LEVEL}.so"
    change(path)
    assert taken() == set()
    assert told() == f"{path} is not used: it was changed after it was made"
    forget()
    code = objects.provide(NAMES, LEVEL)
    assert sorted(code.addresses) == sorted(NAMES), "compiled anew"
    assert all(mapping_of(address)[1] != str(path) for address in code.addresses.values())


STEPS = ["", "index", f"{LEVEL}.so"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_what_others_may_write_to_is_not_believed(step: str, mode: int, folder: Path) -> None:
    path = folder / step
    path.chmod(path.stat().st_mode | mode)
    assert taken() == set()
    assert f"others may write to it (mode {stat.S_IMODE(path.stat().st_mode):o})" in told()


@needs_root
@pytest.mark.parametrize("step", STEPS)
def test_what_belongs_to_another_user_is_not_believed(step: str, folder: Path) -> None:
    os.chown(folder / step, B, B)
    assert taken() == set()
    said = cache.told()
    assert [one.message for one in said] == [f"{(folder / step)} is not used: it belongs to user {B}"]
    assert all("install farm again" in one.advice for one in said)


@pytest.mark.parametrize("step", STEPS[1:])
def test_files_are_no_links(step: str, folder: Path, tmp_path: Path) -> None:
    (folder / step).rename(tmp_path / "elsewhere")
    (folder / step).symlink_to(tmp_path / "elsewhere")
    assert taken() == set()
    assert told() == f"{folder / step} is not used: it is a link"


def test_what_is_compared_is_what_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / f"{LEVEL}.so"
    whole, opened = os.open, []

    def swapping(name: str, flags: int, *mode: int, **where: int) -> int:
        descriptor = whole(name, flags, *mode, **where)
        if str(name).endswith(".so"):
            opened.append(name)
            path.rename(folder / "first")
            path.write_bytes(b"another's")
        return descriptor

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", swapping)
        at = shipped.addresses(TITLES.values(), LEVEL)
    assert {mapping_of(address)[1] for address in at.values()} == {str(folder / "first")}
    assert opened == [f"{LEVEL}.so"], "the file is looked up once"


def test_nothing_came(folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "away")
    assert taken() == set()
    assert told() == ""


def test_what_another_toolchain_made_is_left_alone(folder: Path) -> None:
    ship(folder, {LEVEL: library_of(LEVEL)}, toolchain="another")
    assert taken() == set()
    assert told() == ""


def test_an_edited_kernel_is_compiled_and_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = catalog()["hold"].kernel.__code__
    keys.own.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(catalog()["hold"].kernel, "__code__", code.replace(co_consts=(*code.co_consts, 7)))
        assert objects.lacking(NAMES, LEVEL) == ["hold_constant"]
    keys.own.cache_clear()
    assert objects.lacking(NAMES, LEVEL) == []


@pytest.mark.parametrize("change", [damaged, cut_short, emptied], ids=["damaged", "cut short", "emptied"])
def test_an_index_that_was_changed_is_told(change: Callable[[Path], None], folder: Path) -> None:
    change(folder / "index")
    assert taken() == set()
    assert told() == f"{folder}/index is not used: it was changed after it was made"


def test_a_level_that_did_not_come_is_compiled(folder: Path) -> None:
    assert objects.lacking(NAMES, "v2" if LEVEL != "v2" else "v3") == list(NAMES)
    assert told() == ""


def test_a_library_that_is_gone_is_told(folder: Path) -> None:
    (folder / f"{LEVEL}.so").unlink()
    assert taken() == set()
    assert told() == f"{folder / LEVEL}.so is not used: it is not there"


def test_a_library_that_cannot_be_loaded_is_told(folder: Path) -> None:
    ship(folder, {LEVEL: b"no library"})
    assert taken() == set()
    assert told().startswith(f"{folder / LEVEL}.so is not used: it cannot be loaded: ")


def test_a_library_that_lacks_what_its_index_says_is_told(folder: Path) -> None:
    ship(folder, {LEVEL: library_of(LEVEL, ["run"])})
    assert taken() == set()
    assert told().startswith(f"{folder / LEVEL}.so is not used: ")
    assert sorted(objects.provide(NAMES, LEVEL).addresses) == sorted(NAMES)


def test_an_index_is_read_as_it_was_written() -> None:
    index = shipped.Index("abc", {"v3": "12", "v2": "34"}, frozenset({"run-1", "add_constant-2"}))
    assert shipped.read(index.written()) == index


def test_the_same_kernels_are_the_same_bytes_whatever_was_compiled_before_them() -> None:
    assert PROGRAM is not None
    names = ["hold_constant", "hold_signal", "noise_constant"]
    made = []
    for order in (names, names[::-1]):
        found = {name: code for name, _, code in compiled(order, "v3", 1)}
        made.append((found, linked(found, BY_NAME["v3"], PROGRAM)))
    assert made[0] == made[1]


def test_nothing_of_this_process_is_in_a_library(tmp_path: Path) -> None:
    content = library_of(LEVEL)
    for text in (b"numba", b"NumbaEnv", str(ROOT).encode(), b"/tmp"):
        assert text not in content
    library = tmp_path / "a.so"
    library.write_bytes(content)
    loaded = ctypes.CDLL(str(library))
    assert all(shipped.address(loaded, name) for name in NAMES)
    with pytest.raises(AttributeError):
        shipped.address(loaded, objects.RUNTIME_SYMBOLS[0])


def test_what_the_linker_says_is_told(tmp_path: Path) -> None:
    assert PROGRAM is not None
    with pytest.raises(LinkError, match="a"):
        linked({"a": b"no object"}, BY_NAME[LEVEL], PROGRAM)


RENDER = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from workers.targets import objects, shipped
shipped.FOLDER = sys.argv[1]
code = objects.provide(sys.argv[3:], sys.argv[2])
print(sorted(code.addresses))
try:
    objects.provide(["saw_constant", "lpf_constant"], sys.argv[2])
except objects.CompileError as error:
    print(error)
"""


def rendered(folder: Path, *before: str) -> list[str]:
    """What a process says that takes the kernels, and another one, without any compiler."""
    environment = {"PATH": os.environ["PATH"], "HOME": "none", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*before, sys.executable, "-P", "-c", RENDER, str(folder), LEVEL, *NAMES],
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_no_compiler_need_be_there(folder: Path) -> None:
    assert rendered(folder) == [
        str(sorted(NAMES)),
        "lpf_constant, saw_constant: there is no llvmlite to do it with (pip install llvmlite)",
    ]


@pytest.mark.skipif(not can_be_others(), reason="processes of other users cannot be started here")
@pytest.mark.parametrize(("owner", "believed"), [(0, True), (A, True), (B, False)])
def test_a_user_takes_what_is_root_s_or_his_own(owner: int, believed: bool, tmp_path: Path, folder: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    shutil.copytree(folder, tmp_path / "his")
    give(tmp_path / "his", owner)
    environment = {"PATH": os.environ["PATH"], "HOME": "none", "PYTHONPATH": str(ROOT)}
    code = "import sys\nfrom workers import cache\nfrom workers.targets import objects, shipped\n"
    code += "shipped.FOLDER = sys.argv[1]\nprint(objects.lacking(sys.argv[3:], sys.argv[2]) == [])\n"
    code += "print(*(one.message for one in cache.told()))"
    done = subprocess.run(
        [*as_user(A), sys.executable, "-P", "-c", code, str(tmp_path / "his"), LEVEL, *NAMES],
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = "" if believed else f"{tmp_path / 'his'} is not used: it belongs to user {B}"
    assert done.stdout.splitlines() == [str(believed), said]
