"""The files of one render: they appear together when all of them are whole, or none does."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from farm.audio.block import Block
from farm.audio.frames import FrameWriter
from farm.audio.partial import file_error


class Files:
    """Takes the blocks of a render, each into the file of its path.

    `opening` opens the writers, in the order of the paths, when this is entered; a clean exit commits all files but
    those that were dropped, any other aborts all. Raises what writers raise.
    """

    def __init__(self, opening: Sequence[Callable[[], FrameWriter]]) -> None:
        self.writers: list[FrameWriter] = []
        self._opening = opening

    def put(self, block: Block) -> None:
        """Appends a block to the file of its path. Raises FileError, RenderError."""
        self.writers[block.path].put(block)

    def drop(self, path: int) -> None:
        """The file of a path shall not appear."""
        self.writers[path].abort()

    def abort(self) -> None:
        """No file that is not in its place yet appears."""
        for writer in self.writers:
            writer.abort()

    def commit(self) -> None:
        """Completes all files, then puts them in their places. Raises FileError, before any is where that is known."""
        wanted = [writer for writer in self.writers if not writer.closed]
        try:
            for writer in wanted:
                writer.finish()
            for writer in wanted:
                writer.commit()
        except BaseException:
            self.abort()
            raise

    def __enter__(self) -> Files:
        try:
            for opened in self._opening:
                self.writers.append(opened())
        except BaseException:
            self.abort()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        else:
            self.commit()


@contextmanager
def made_for(files: Sequence[Path]) -> Iterator[None]:
    """The folders of files are there within; those that were missing go again after an error. Raises FileError."""
    made: list[tuple[Path, weakref.finalize[..., object]]] = []
    try:
        for folder in dict.fromkeys(file.parent for file in files):
            for one in [*reversed([folder, *folder.parents])]:
                if not one.exists():
                    try:
                        one.mkdir()
                    except OSError as error:
                        raise file_error(one, error) from error
                    # Files within may stay until this process ends, where a signal came while they were opened.
                    made.append((one, weakref.finalize(made_for, remove_empty, one, os.getpid())))
        yield
    except BaseException:
        for one, at_end in reversed(made):
            remove_empty(one, os.getpid())
            if not one.exists():
                at_end.detach()
        raise
    for _, at_end in made:
        at_end.detach()


def remove_empty(folder: Path, maker: int) -> None:
    """Removes a folder, if nothing is in it, in the process that made it and in no copy of that."""
    if os.getpid() == maker:
        with suppress(OSError):
            folder.rmdir()
