"""Sources: where a job finds its sounds, and whether they are still the ones that it was made for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import field
from pathlib import Path
from typing import Protocol

from farm.audio.decode import shown
from farm.audio.digests import digest_of
from farm.audio.licences import Licence, licence_of
from farm.audio.samples import Bank, SampleLibrary
from farm.errors import FileError, SampleError
from farm.rendering.job import JobBank
from workers.records import record


class JobSources(Protocol):
    """Where sounds come from."""

    @property
    def library(self) -> SampleLibrary:
        """Where they are found."""

    def licence(self, bank: Bank) -> Licence:
        """What may be done with the sounds of a bank."""

    def check(self, played: Iterable[Path], used: Iterable[Bank], banks: Iterable[JobBank]) -> None:
        """Raises SampleError where a file that was played, or the list of a bank that was used, is another than that
        of the job's banks: never another sound."""


@record(eq=False)
class FolderSources:
    """Sounds in folders of this host."""

    library: SampleLibrary
    known: dict[Path, tuple[tuple[int, ...], str]] = field(default_factory=dict)
    """Files that were looked at: by what they can be told that they are as they were, their digests."""
    licences: dict[Path, Licence] = field(default_factory=dict)

    def check(self, played: Iterable[Path], used: Iterable[Bank], banks: Iterable[JobBank]) -> None:
        """As `JobSources.check`."""
        wanted = {bank.name: bank.files for bank in banks}
        digests: dict[Path, str] = {}
        for bank in used:
            files = wanted.get(bank.name)
            if files is None or tuple(name for name, _ in files) != bank.names:
                raise changed(f"the bank {shown(bank.folder)} has other files", bank)
            digests.update((bank.folder / name, digest) for name, digest in files)
        for file in played:
            if digests.get(file, "") != self.digest(file):
                raise changed(f"the sample {shown(file)} is another one", None)

    def licence(self, bank: Bank) -> Licence:
        """As `JobSources.licence`; it is looked for once."""
        if bank.folder not in self.licences:
            self.licences[bank.folder] = licence_of(bank)
        return self.licences[bank.folder]

    def digest(self, file: Path) -> str:
        """The digest of a file's bytes. Raises SampleError where it is gone."""
        try:
            about = os.stat(file)
            stamp = (about.st_size, about.st_mtime_ns, about.st_ino, about.st_dev)
            if file not in self.known or self.known[file][0] != stamp:
                self.known[file] = stamp, digest_of(file)
        except (OSError, FileError) as error:
            reason = error.message if isinstance(error, FileError) else (error.strerror or str(error))
            raise SampleError(f"the sample {shown(file)} is gone: {reason}") from error
        return self.known[file][1]


def changed(what: str, bank: Bank | None) -> SampleError:
    """The error for a sound that is not the one of the job."""
    name = "" if bank is None else f" (`{bank.name}`)"
    hint = "start the batch again with --resume: what was made of the old sounds is made anew"
    return SampleError(f"{what}{name} than when the batch began", hint=hint)
