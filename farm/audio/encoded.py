"""FLAC, OGG Vorbis and AIFF files, by libsndfile.

libsndfile writes into a file of ours, so that what the disk refuses is known with its reason, and it gets blocks of
one length, so that nothing shows how the frames were cut into writes. What it takes from the clock is taken out
again (`farm.audio.clockless`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from farm.audio import clockless
from farm.audio.formats import AIFF, FLAC, OGG, Format
from farm.audio.frames import ANYWHERE, FrameWriter, Place
from farm.audio.partial import PartialFile
from farm.errors import FileError, RenderError
from farm.options import Bits

BLOCK_FRAMES = 4096
VORBIS_QUALITY = 0.6
"""Of 0 to 1: about 190 kbit/s for stereo music at 44.1 kHz."""
CONTAINERS = {FLAC.name: "FLAC", OGG.name: "OGG", AIFF.name: "AIFF"}
SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}


class Sink:
    """A file for libsndfile's callbacks, out of which no exception may come: the first is kept in `error`."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        if self.error is None:
            try:
                return self.file.write(data)
            except OSError as error:
                self.error = error
        return 0

    def seek(self, place: int, whence: int = 0) -> int:
        if self.error is None:
            try:
                return self.file.seek(place, whence)
            except OSError as error:
                self.error = error
        return -1

    def tell(self) -> int:
        return -1 if self.error else self.file.tell()

    def read(self, count: int = -1) -> bytes:
        return b"" if self.error else self.file.read(count)


class EncodedWriter(FrameWriter):
    """Writes frames to a file of the format `form`; arguments as for `FrameWriter`.

    Vorbis gets floats, of any `bits`: workers have done all to them that is done, and nothing is converted here.

    Raises FileError where the file cannot be written or grows longer than its format allows.
    """

    def __init__(
        self,
        path: Path,
        form: Format,
        rate: int,
        channels: int,
        bits: Bits,
        place: Place = ANYWHERE,
    ) -> None:
        super().__init__(path, rate, channels, bits if form.bits else "32f", place)
        self._form = form
        self._waiting: list[NDArray[Any]] = []
        self._partial = PartialFile(path)
        self._sink = Sink(self._partial.file)
        try:
            self._encoder = soundfile.SoundFile(
                self._sink,
                "w",
                rate,
                channels,
                SUBTYPES[bits] if form.bits else "VORBIS",
                format=CONTAINERS[form.name],
                compression_level=None if form.bits else 1.0 - VORBIS_QUALITY,
            )
        except soundfile.LibsndfileError as error:
            raise self._failed(error) from error

    @property
    def closed(self) -> bool:
        return self._partial.closed

    def take_bytes(self, data: NDArray[np.uint8]) -> None:
        self.encode(data.copy().view(np.int16 if self.coding.bits == 16 else np.int32))

    def take(self, values: NDArray[Any]) -> None:
        # libsndfile takes the upper 24 bits of an int32.
        self.encode(values << 8 if values.dtype == np.int32 else values.copy())

    def encode(self, values: NDArray[Any]) -> None:
        """Append values as libsndfile takes them."""
        most = self._form.most_bytes
        if most is not None and (self.frames + len(values)) * self.coding.frame_bytes > most:
            self.abort()
            hint = "write .wav, which has no such limit, or render a shorter part"
            raise FileError(f"cannot write {self.path}: {self._form.name} ends at 4 GiB", hint=hint)
        self._waiting.append(values)
        waiting = sum(map(len, self._waiting))
        if waiting >= BLOCK_FRAMES:
            joined = np.concatenate(self._waiting)
            whole = waiting - waiting % BLOCK_FRAMES
            for first in range(0, whole, BLOCK_FRAMES):
                self._encode(joined[first : first + BLOCK_FRAMES])
            self._waiting = [joined[whole:]]

    def complete(self) -> None:
        if self.frames == 0 and self._form is FLAC:
            self.abort()
            hint = "render a longer part, or write .wav"
            raise FileError(f"cannot write {self.path}: there are no frames, and FLAC has no empty files", hint=hint)
        rest = np.concatenate(self._waiting) if self._waiting else np.empty(0)
        if len(rest):
            self._encode(rest)
        try:
            self._encoder.close()
        except soundfile.LibsndfileError as error:
            raise self._failed(error) from error
        if self._sink.error is not None:
            raise self._partial.refused(self._sink.error)
        try:
            if self._form is OGG:
                clockless.number_ogg_stream(self._partial.file)
            elif self._form is AIFF:
                clockless.clear_aiff_time(self._partial.file)
        except OSError as error:
            raise self._partial.refused(error) from error
        self._partial.flush()

    def put_in_place(self) -> None:
        self._partial.commit()

    def abort(self) -> None:
        if not self.closed:
            self._encoder.close()
        self._partial.abort()

    def _encode(self, values: NDArray[Any]) -> None:
        try:
            self._encoder.write(np.ascontiguousarray(values))
        except (soundfile.LibsndfileError, AssertionError) as error:
            raise self._failed(error) from error
        if self._sink.error is not None:
            raise self._failed(self._sink.error)

    def _failed(self, error: Exception) -> FileError | RenderError:
        """Aborts; the error for people, by the disk's own reason if it gave one."""
        refused = self._sink.error
        if refused is not None:
            return self._partial.refused(refused)
        self._partial.abort()
        return RenderError(f"cannot write {self.path}: {error}")
