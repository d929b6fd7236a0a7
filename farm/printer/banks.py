"""What `farm bank` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.printer.numbers import columns
from farm.printer.streams import heading
from farm.quantities import counted, level, peak, size

if TYPE_CHECKING:
    from farm.audio.keeping import Held
    from farm.audio.listing import BankRow, FileRow


def banks_page(banks: list[BankRow]) -> str:
    """A row for each bank."""
    rows = [(_name(one), counted(one.files, "file"), _lengths(one), _origin(one)) for one in banks]
    lines = columns([("bank", "files", "length", "from"), *rows])
    said = [f"{one.name}: {line}" for one in banks for line in _left_out(one)]
    after = ["", *said] if said else []
    return "\n".join([heading(lines[0]), *lines[1:], *after, "", "`farm bank NAME` lists the files of one"])


def bank_page(bank: BankRow, files: list[FileRow]) -> str:
    """A bank with all its files."""
    rows = [
        (
            *(f"{bank.written or '-'}:{one.index}", one.name),
            *((f"{one.rate} Hz", _channels(one.channels), f"{one.seconds:.3f} s", one.coding) if fit else ("",) * 4),
            *((peak(one.peak_dbfs), f"mean {level(one.rms_dbfs)}") if fit else (one.problem or "", "")),
        )
        for one in files
        for fit in [one.problem is None]
    ]
    lines = [f"{heading(_name(bank))}  {counted(bank.files, 'file')}, {_origin(bank)}", "", *columns(rows)]
    said = [f"{bank.written or bank.name}:{one.index}: {line}" for one in files for line in one.notices] + _left_out(
        bank
    )
    return "\n".join([*lines, *(["", *said] if said else [])])


def licences_page(rows: list[tuple[str, str, str]]) -> str:
    """Of each bank what may be done with it, and who made it."""
    if not rows:
        return "the score names no banks"
    lines = columns([("bank", "licence", "credits"), *rows])
    return "\n".join([heading(lines[0]), *lines[1:]])


def cache_page(held: Held, cleared: bool) -> str:
    """The cache of decoded sounds."""
    if held.folder is None:
        return "no folder can be written to keep decoded sounds in: `farm doctor` says why"
    what = f"{counted(held.sounds, 'decoded sound')}, {size(held.bytes)}" if held.sounds else "no decoded sounds"
    return f"{held.folder}: removed {what}" if cleared else f"{held.folder}: {what}"


def _left_out(bank: BankRow) -> list[str]:
    found = []
    if bank.refused:
        found.append(f"left out, because they are links out of the sample folder: {', '.join(bank.refused)}")
    if bank.skipped:
        count = counted(len(bank.skipped), "file")
        found.append(f"{count} left out, because farm does not play their kind: {', '.join(bank.skipped)}")
    if bank.shadowed:
        found.append(f"not played, because they have the same name: {', '.join(bank.shadowed)}")
    return found


def _name(bank: BankRow) -> str:
    """How a score writes a bank, and what its folder is called where that is something else."""
    if not bank.written:
        return f"- ({bank.name}: another bank is written alike and goes first)"
    return bank.written if bank.written == bank.name else f"{bank.written} ({bank.name})"


def _lengths(bank: BankRow) -> str:
    if bank.unreadable == bank.files:
        return "unreadable"
    shortest, longest = f"{bank.shortest_s:.2f}", f"{bank.longest_s:.2f}"
    span = f"{longest} s" if shortest == longest else f"{shortest} to {longest} s"
    return f"{span}, {bank.unreadable} unreadable" if bank.unreadable else span


def _origin(bank: BankRow) -> str:
    if not bank.built_in:
        return bank.folder
    return "built in, a synthetic stand-in" if bank.stand_in else "built in"


def _channels(count: int) -> str:
    return {1: "mono", 2: "stereo"}.get(count, f"{count} channels")
