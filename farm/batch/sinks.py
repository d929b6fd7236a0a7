"""Sinks: where the files of a job go."""

from __future__ import annotations

import hashlib
import os
from dataclasses import field
from pathlib import Path
from typing import Protocol

from farm.audio.frames import FrameWriter
from farm.audio.partial import file_error
from farm.audio.writer import open_writer
from farm.rendering.delivery import Delivery
from farm.rendering.outline import Outline
from farm.rendering.session import check_room
from workers.records import record


class JobSink(Protocol):
    """Takes files by their names below DIR."""

    def writer(self, name: str, derived: Outline, delivery: Delivery) -> FrameWriter:
        """What takes what is delivered to a file; it appears when the writer commits. Raises FileError, UsageError."""

    def beside(self, name: str) -> str:
        """A folder for what a file needs until it is whole."""

    def made(self, name: str) -> tuple[int, str]:
        """Bytes and SHA-256 of a file that appeared. Raises FileError."""


@record(eq=False)
class FolderSink:
    """Files in a folder of this host; folders in it are made."""

    into: Path
    folders: set[Path] = field(default_factory=set)
    """Those that are there."""

    def writer(self, name: str, derived: Outline, delivery: Delivery) -> FrameWriter:
        """As `JobSink.writer`."""
        path = self.into / name
        if path.parent not in self.folders:
            try:
                os.makedirs(path.parent, exist_ok=True)
            except OSError as error:
                raise file_error(path, error) from error
            self.folders.add(path.parent)
        options = derived.options
        check_room(path, derived)
        channels = len(derived.channels_of(delivery))
        return open_writer(path, options.rate, channels, options.bits, derived.place(delivery))

    def beside(self, name: str) -> str:
        """As `JobSink.beside`."""
        return str((self.into / name).parent)

    def made(self, name: str) -> tuple[int, str]:
        """As `JobSink.made`."""
        path = self.into / name
        try:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                return os.fstat(file.fileno()).st_size, digest
        except OSError as error:
            raise file_error(path, error) from error
