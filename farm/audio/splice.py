"""Files made of stretches of a file and of bytes in between: what libsndfile is given where it must not see a header.

Pieces are values: `(first, last)` are bytes of the file on the disk, `bytes` stand for themselves.
"""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

Piece = bytes | tuple[int, int]
Pieces = tuple[Piece, ...]


def size_of(piece: Piece) -> int:
    """Bytes of a piece."""
    return len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]


def cut(pieces: Pieces, first: int, last: int) -> Pieces:
    """Bytes `first` to `last` of what the pieces make."""
    found: list[Piece] = []
    at = 0
    for piece in pieces:
        size = size_of(piece)
        low, high = max(first - at, 0), min(last - at, size)
        if low < high:
            found.append(piece[low:high] if isinstance(piece, bytes) else (piece[0] + low, piece[0] + high))
        at += size
    return tuple(found)


def patched(pieces: Pieces, patches: Iterable[tuple[int, bytes]]) -> Pieces:
    """The pieces with other bytes at some places: (where, what)."""
    whole = sum(map(size_of, pieces))
    for at, right in patches:
        pieces = (*cut(pieces, 0, at), right, *cut(pieces, at + len(right), whole))
    return pieces


class Splice(io.RawIOBase):
    """A file to read that the pieces make. Its own errors are kept in `error`: none may pass through libsndfile."""

    def __init__(self, path: Path, pieces: Pieces) -> None:
        super().__init__()
        self.pieces = pieces
        self.starts = [0, *accumulate(map(size_of, pieces))]
        self.size, self.at = self.starts[-1], 0
        self.error: OSError | None = None
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.at = max(0, offset + (0, self.at, self.size)[whence])
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, into: object) -> int:
        """Fills as much of a buffer as there is."""
        view = memoryview(into).cast("B")  # type: ignore[arg-type]
        done = 0
        while done < len(view) and self.at < self.size and self.error is None:
            number = bisect_right(self.starts, self.at) - 1
            piece, within = self.pieces[number], self.at - self.starts[number]
            many = min(len(view) - done, size_of(piece) - within)
            if isinstance(piece, bytes):
                found = piece[within : within + many]
            else:
                try:
                    found = os.pread(self.descriptor, many, piece[0] + within)
                except OSError as error:
                    self.error = error
                    break
            if not found:
                break
            view[done : done + len(found)] = found
            done, self.at = done + len(found), self.at + len(found)
        return done

    def close(self) -> None:
        if not self.closed:
            os.close(self.descriptor)
        super().close()
