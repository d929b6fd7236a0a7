"""What banks hold, for people: where each comes from, its files with their lengths and levels."""

from __future__ import annotations

from collections.abc import Iterator

from farm.audio.decode import blocks, inspect, shown
from farm.audio.measure import Tally
from farm.audio.samples import STAND_INS, Bank, SampleLibrary
from farm.audio.spelling import spelled
from farm.errors import SampleError
from workers.records import record


@record(frozen=True, slots=True)
class BankRow:
    """A bank in numbers. Lengths are of the files that can be played, 0 where there are none.

    `written`: how a score names it; empty where another bank, which is written alike, goes first.
    """

    name: str
    written: str
    folder: str
    built_in: bool
    stand_in: bool
    files: int
    shortest_s: float
    longest_s: float
    unreadable: int
    refused: tuple[str, ...]
    skipped: tuple[str, ...]
    """Sound files of kinds that are not played."""
    shadowed: tuple[str, ...]
    """Other folders of its name."""


@record(frozen=True, slots=True)
class FileRow:
    """A file of a bank. `problem`: why it cannot be played; then the numbers mean nothing."""

    index: int
    name: str
    rate: int = 0
    channels: int = 0
    seconds: float = 0.0
    coding: str = ""
    peak_dbfs: float = 0.0
    rms_dbfs: float = 0.0
    problem: str | None = None
    notices: tuple[str, ...] = ()
    """What a render says of it."""


def bank_row(bank: Bank, library: SampleLibrary) -> BankRow:
    """A bank of a library, from the headers of its files."""
    written = spelled(bank.name)
    lengths = []
    for file in bank.files:
        try:
            lengths.append(inspect(file).seconds)
        except SampleError:
            continue
    return BankRow(
        name=shown(bank.name),
        written=written if library.bank(written) == bank else "",
        folder=shown(bank.folder),
        built_in=bank.built_in,
        stand_in=bank.built_in and bank.name in STAND_INS,
        files=len(bank.names),
        shortest_s=min(lengths, default=0.0),
        longest_s=max(lengths, default=0.0),
        unreadable=len(bank.names) - len(lengths),
        refused=tuple(shown(name) for name in bank.refused),
        skipped=tuple(shown(name) for name in bank.skipped),
        shadowed=tuple(shown(bank.parent / within) for within in bank.shadowed),
    )


def bank_rows(library: SampleLibrary) -> Iterator[BankRow]:
    """All banks, sorted by name. Raises SampleError for a folder that cannot be listed."""
    for bank in library.banks():
        yield bank_row(bank, library)


def file_rows(bank: Bank) -> Iterator[FileRow]:
    """The files of a bank in order; each is read to its end, a block at a time."""
    for index, file in enumerate(bank.files):
        name = shown(file.name)
        try:
            recording = inspect(file)
            tally = Tally()
            told: list[str] = []
            for block in blocks(recording, told):
                tally = tally.over(block)
        except SampleError as error:
            yield FileRow(index, name, problem=error.message)
            continue
        yield FileRow(
            *(index, name, recording.rate, recording.channels, recording.seconds, recording.coding),
            *(tally.peak_dbfs, tally.rms_dbfs),
            notices=(*recording.notices, *told),
        )
