"""Puts objects into this process's memory, ready to run: all that a linker must do for code like ours.

Kernels are position independent and call nothing but a few functions of the C library; what is left to fill in is
distances within one image. That takes a millisecond here; to load LLVM for it takes forty. Objects that need more, or
that are not ELF for x86-64, are `Unlinkable`: LLVM can still load those.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Iterator, Mapping

from workers.dataclass import dataclass

HEADER = struct.Struct("<16sHHI QQQ IHHHHHH")
SECTION = struct.Struct("<IIQ QQQ IIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RELOCATION = struct.Struct("<QIIq")

ELF64, RELOCATABLE, X86_64 = b"\x7fELF\x02\x01\x01", 1, 62
PROGBITS, SYMTAB, RELA, NOBITS, REL = 1, 2, 4, 8, 9
WRITABLE, ALLOCATED, THREAD_LOCAL = 1, 2, 1024
UNDEFINED, FIRST_RESERVED = 0, 0xFF00
PC32, PLT32 = 2, 4
"""Both are filled in alike: where the symbol is, seen from here."""
ALIGNMENT = 64
TRAP = b"\xcc"
FAR_JUMP = struct.Struct("<6sQ")
TO_WHAT_FOLLOWS = b"\xff\x25\x00\x00\x00\x00"
"""Functions of the C library are further away than a distance of 32 bits: a jump through their address."""
STUB_BYTES = 16


class Unlinkable(Exception):
    """An object needs what is not done here."""


@dataclass(frozen=True, slots=True)
class Image:
    """Linked code: where the function of each object begins. It is there as long as `memory` is."""

    addresses: dict[str, int]
    memory: mmap.mmap


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """One section of an object. `place`: where it goes in the image, -1 when it does not."""

    kind: int
    flags: int
    offset: int
    size: int
    link: int
    about: int
    place: int


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """An object, and what its tables tell: sections, and where symbols and the text of their names are."""

    code: bytes
    sections: tuple[Section, ...]
    symbols: Section
    names: Section

    def symbol(self, number: int) -> tuple[str, int, int]:
        """Name, section and offset in it of a symbol."""
        name, _, _, section, value, _ = SYMBOL.unpack_from(self.code, self.symbols.offset + SYMBOL.size * number)
        at = self.names.offset + name
        return self.code[at : self.code.index(b"\0", at)].decode(), section, value

    def entry(self, name: str) -> int:
        """Where in the image the function called `name` begins. Raises Unlinkable."""
        for number in range(self.symbols.about, self.symbols.size // SYMBOL.size):
            called, section, value = self.symbol(number)
            if called == name and UNDEFINED < section < FIRST_RESERVED and self.sections[section].place >= 0:
                return self.sections[section].place + value
        raise Unlinkable(f"no function is called {name}")


def link(objects: Mapping[str, bytes]) -> Image:
    """Links objects, each with a function of its own name. Raises Unlinkable."""
    files: dict[str, File] = {}
    end = 0
    for name, code in objects.items():
        try:
            files[name], end = placed(code, end)
        except (struct.error, IndexError, ValueError) as error:
            raise Unlinkable(f"{name} is cut short") from error
    stubs: dict[str, int] = {}
    first_stub = aligned(end, ALIGNMENT)
    distances = [one for file in files.values() for one in distances_of(file, stubs, first_stub)]
    image = bytearray(TRAP * (first_stub + STUB_BYTES * len(stubs)))
    for file in files.values():
        for one in file.sections:
            if one.place >= 0:
                image[one.place : one.place + one.size] = file.code[one.offset : one.offset + one.size]
    try:
        for at, distance in distances:
            struct.pack_into("<i", image, at, distance)
    except struct.error as error:
        raise Unlinkable("more than 2 GB of code") from error
    for function, at in stubs.items():
        FAR_JUMP.pack_into(image, at, TO_WHAT_FOLLOWS, address_of(function))
    memory, base = executable(image)
    return Image({name: base + file.entry(name) for name, file in files.items()}, memory)


def aligned(at: int, step: int) -> int:
    """The next multiple of `step`."""
    return -(-at // step) * step


def placed(code: bytes, end: int) -> tuple[File, int]:
    """An object whose sections go behind `end`, and where they end. Raises Unlinkable, and as `struct` does."""
    ident, kind, machine, _, _, _, first, _, _, _, _, _, count, _ = HEADER.unpack_from(code)
    if not ident.startswith(ELF64) or kind != RELOCATABLE or machine != X86_64:
        raise Unlinkable("not an ELF object for x86-64")
    sections = []
    for number in range(count):
        _, kind, flags, _, offset, size, link, about, alignment, _ = SECTION.unpack_from(
            code, first + SECTION.size * number
        )
        place = -1
        if flags & ALLOCATED and size and kind in (PROGBITS, NOBITS):
            if kind == NOBITS or flags & (WRITABLE | THREAD_LOCAL) or alignment > mmap.PAGESIZE:
                raise Unlinkable("variables, or more than a page's alignment")
            place = aligned(end, max(alignment, ALIGNMENT))
            end = place + size
        sections.append(Section(kind, flags, offset, size, link, about, place))
    symbols = [one for one in sections if one.kind == SYMTAB]
    if len(symbols) != 1 or any(one.kind == REL for one in sections):
        raise Unlinkable("no table of symbols, or relocations without addends")
    return File(code, tuple(sections), symbols[0], sections[symbols[0].link]), end


def distances_of(file: File, stubs: dict[str, int], first_stub: int) -> Iterator[tuple[int, int]]:
    """Where in the image distances are to be filled in, and which; adds the `stubs` that they lead to.

    Raises Unlinkable.
    """
    known: dict[int, int] = {}
    for table in file.sections:
        base = file.sections[table.about].place if table.kind == RELA else -1
        if base < 0:
            continue
        rows = memoryview(file.code)[table.offset : table.offset + table.size]
        for offset, kind, symbol, addend in RELOCATION.iter_unpack(rows):
            if kind not in (PC32, PLT32):
                raise Unlinkable(f"relocations of type {kind}")
            if symbol not in known:
                known[symbol] = target(file, symbol, stubs, first_stub)
            yield base + offset, known[symbol] + addend - base - offset


def target(file: File, symbol: int, stubs: dict[str, int], first_stub: int) -> int:
    """Where in the image a symbol is: in a section, or the stub of a function from outside. Raises Unlinkable."""
    name, section, value = file.symbol(symbol)
    if section == UNDEFINED:
        return stubs.setdefault(name, first_stub + STUB_BYTES * len(stubs))
    if section >= FIRST_RESERVED or file.sections[section].place < 0:
        raise Unlinkable(f"`{name}` is in no section of code or constants")
    return file.sections[section].place + value


def address_of(function: str) -> int:
    """The address of a function of the C library. Raises Unlinkable."""
    try:
        found = ctypes.cast(getattr(ctypes.CDLL(None), function), ctypes.c_void_p).value
    except AttributeError:
        found = None
    if not found:
        raise Unlinkable(f"the C library has no `{function}`")
    return found


def executable(image: bytearray) -> tuple[mmap.mmap, int]:
    """A copy that can be run and no longer be written, and its address. Raises Unlinkable where that is forbidden."""
    memory = mmap.mmap(-1, max(len(image), 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[: len(image)] = image
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    if protect(base, len(memory), mmap.PROT_READ | mmap.PROT_EXEC) != 0:
        raise Unlinkable(f"memory cannot be made executable: {os.strerror(ctypes.get_errno())}")
    return memory, base
