"""The spool: what is known of each voice, in order of onset, in memory while it is short and in a file without a name
when it grows long. Where a voice ends is often known a window after it began, and written in its place then."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from farm.audio.partial import file_error
from farm.graph.labelling import SAID

SPOOLED = np.dtype(
    [
        ("onset_frame", np.int64),
        ("gate_frame", np.int64),
        ("end_frame", np.int64),
        ("source", np.int32),
        ("sound", np.int32),
        ("ended", np.int64),
        *((name, np.float64) for name in ("cycle", "pitch_hz", "pitch_midi", "gain", "pan")),
        ("said", np.float64, (len(SAID),)),
    ]
)
"""Frames are those of the score. `source` and `sound`: numbers of the graph and of `Sounds`; `ended`: of ENDINGS."""
ENDINGS = ("itself", "choked", "stolen", "cut")
"""How a voice ends: by itself, by the next of its choke group, by `--max-voices`, or with the file."""
IN_MEMORY = 16 << 20
"""Bytes of a spool that needs no file."""
READ = 1 << 14
"""Voices that are read at once."""


class Spool:
    """Voices in order of onset. `folder`: where a long one lies; None: where temporary files do.

    All methods raise FileError where the disk refuses.
    """

    def __init__(self, folder: Path | None = None, in_memory: int = IN_MEMORY) -> None:
        self.folder = folder
        self.count = 0
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(in_memory, dir=None if folder is None else str(folder))  # noqa: SIM115

    def append(self, rows: NDArray[Any]) -> None:
        """Adds voices, SPOOLED, which begin no earlier than those that are there."""
        self._write(self.count, rows)
        self.count += len(rows)

    def settle(self, numbers: NDArray[np.int64], ends: NDArray[np.int64], ended: NDArray[np.int64]) -> None:
        """Writes where some voices end, and how, into their places."""
        for number, end, how in zip(numbers.tolist(), ends.tolist(), ended.tolist(), strict=True):
            row = self._read(number, 1).copy()
            row["end_frame"], row["ended"] = end, how
            self._write(number, row)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """All voices, READ at once."""
        for first in range(0, self.count, READ):
            yield self._read(first, min(READ, self.count - first))

    def close(self) -> None:
        """Gives memory and disk back."""
        self._file.close()

    def _write(self, number: int, rows: NDArray[Any]) -> None:
        try:
            self._file.seek(number * SPOOLED.itemsize)
            self._file.write(rows.tobytes())
        except OSError as error:
            raise file_error((self.folder or Path(tempfile.gettempdir())) / "labels", error) from error

    def _read(self, number: int, count: int) -> NDArray[Any]:
        try:
            self._file.seek(number * SPOOLED.itemsize)
            return np.frombuffer(self._file.read(count * SPOOLED.itemsize), SPOOLED)
        except OSError as error:
            raise file_error((self.folder or Path(tempfile.gettempdir())) / "labels", error) from error
