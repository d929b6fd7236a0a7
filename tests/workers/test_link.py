"""The linker: every kernel's object is linked and runs; what it does not know is left to LLVM."""

from __future__ import annotations

import ctypes
import struct
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from workers.targets import objects
from workers.targets.link import Unlinkable, link

from .harness import kernel_names, lane_nodes

LEVEL = objects.host_levels()[0]


def compiled(text: str) -> bytes:
    """The object of a module of LLVM's language, made as kernels are."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(text)
    target = llvm.Target.from_default_triple()
    return bytes(target.create_target_machine(reloc="pic", codemodel="default", jit=False).emit_object(module))


def called(address: int, argument: int) -> int:
    """What int64(int64) machine code returns."""
    return int(ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address)(argument))


CONSTANTS = """
@table = private constant [4 x i64] [i64 3, i64 1, i64 4, i64 1]
define i64 @picked(i64 %n) {
  %at = getelementptr [4 x i64], ptr @table, i64 0, i64 %n
  %value = load i64, ptr %at
  ret i64 %value
}
"""
OUTSIDE = """
declare i64 @labs(i64)
declare i64 @atol(ptr)
@digits = private constant [3 x i8] c"42\\00"
define i64 @distance(i64 %n) {
  %other = call i64 @atol(ptr @digits)
  %difference = sub i64 %n, %other
  %size = call i64 @labs(i64 %difference)
  ret i64 %size
}
"""
VARIABLE = """
@count = internal global i64 5
define i64 @counted(i64 %n) {
  %old = load i64, ptr @count
  %new = add i64 %old, %n
  store i64 %new, ptr @count
  ret i64 %new
}
"""
UNHEARD_OF = """
declare i64 @no_such_function_anywhere(i64)
define i64 @lost(i64 %n) {
  %value = call i64 @no_such_function_anywhere(i64 %n)
  ret i64 %value
}
"""


def test_constants_and_functions_of_the_c_library_are_found() -> None:
    image = link({"picked": compiled(CONSTANTS), "distance": compiled(OUTSIDE)})
    assert [called(image.addresses["picked"], n) for n in range(4)] == [3, 1, 4, 1]
    assert [called(image.addresses["distance"], n) for n in (0, 42, 50)] == [42, 0, 8]


def test_code_can_be_run_and_not_written() -> None:
    image = link({"picked": compiled(CONSTANTS)})
    for line in Path("/proc/self/maps").read_text().splitlines():
        first, last = (int(end, 16) for end in line.split()[0].split("-"))
        if first <= image.addresses["picked"] < last:
            assert line.split()[1].startswith("r-x")
            return
    pytest.fail("the code is not mapped")


def test_every_kernel_is_linked_without_llvm() -> None:
    image = link(objects.ensure([*kernel_names(lane_nodes()), "work", "complete"], LEVEL))
    assert all(address > 0 for address in image.addresses.values())
    assert len({*image.addresses.values()}) == len(image.addresses) > 50


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("picked", b""),
        ("picked", b"\x7fELF"),
        ("picked", b"\xfe\xed\xfa\xcf" + bytes(100)),
        ("picked", compiled(CONSTANTS)[:-1]),
        ("picked", compiled(CONSTANTS)[:200]),
        ("picked", compiled(CONSTANTS).replace(struct.pack("<HHI", 1, 62, 1), struct.pack("<HHI", 1, 183, 1))),
        ("other", compiled(CONSTANTS)),
        ("counted", compiled(VARIABLE)),
        ("lost", compiled(UNHEARD_OF)),
    ],
    ids=["empty", "short", "other system", "cut", "cut short", "other CPU", "other name", "variable", "unheard of"],
)
def test_what_is_not_understood_is_refused(name: str, code: bytes) -> None:
    with pytest.raises(Unlinkable):
        link({name: code})


def test_what_is_not_understood_is_left_to_llvm() -> None:
    code = objects.load({"counted": compiled(VARIABLE)})
    assert called(code.addresses["counted"], 1) == 6
    assert called(code.addresses["counted"], 2) == 8


def test_linux_and_llvm_agree_on_this_cpu() -> None:
    told, found = objects._told_features(), objects._found_features()
    wanted = {name for names in objects.LEVEL_FEATURES.values() for name in names}
    assert told & wanted == found & wanted != frozenset()


def test_without_linux_llvm_is_asked(tmp_path: Path) -> None:
    assert objects._told_features(tmp_path / "missing") == frozenset()
    (tmp_path / "cpuinfo").write_text("processor : 0\nflags : fpu sse4_2 bmi1 abm\nflags : avx2\n")
    assert objects._told_features(tmp_path / "cpuinfo") == {"fpu", "sse4.2", "bmi", "lzcnt"}
