"""Writers of sound files, and the streaming WAV writer: 16 and 24 bit PCM and 32 bit float, RF64 where needed.

A file appears whole or not at all (`farm.audio.partial`). The bytes are a function of the frames and the seed: no
time stamps, and no trace of how the frames were cut into writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from farm.audio import wav
from farm.audio.formats import W64, WAV, check_container, check_holds, format_of
from farm.audio.frames import ANYWHERE, FrameWriter, Place
from farm.audio.partial import PartialFile, file_error
from farm.errors import RenderError
from farm.options import Bits


def open_writer(path: Path, rate: int, channels: int, bits: Bits, place: Place = ANYWHERE) -> FrameWriter:
    """The writer for a file of the format that the extension of `path` names; arguments as for `FrameWriter`.

    Raises UsageError for an unknown extension and for what the format cannot hold, FileError where the file cannot
    be written.
    """
    form = format_of(path)
    check_holds(form, rate, bits, channels)
    check_container(form, place.container, bool(place.markers))
    if form in (WAV, W64):
        return WavWriter(path, rate, channels, bits, place)
    from farm.audio.encoded import EncodedWriter

    return EncodedWriter(path, form, rate, channels, bits, place)


class WavWriter(FrameWriter):
    """Writes frames to a WAV file at `path`; one whose RIFF size passes `riff_limit` bytes becomes RF64.

    Raises FileError where the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        rate: int,
        channels: int,
        bits: Bits,
        place: Place = ANYWHERE,
        *,
        riff_limit: int = wav.RIFF_LIMIT,
    ) -> None:
        super().__init__(Path(path), rate, channels, bits, place)
        self._riff_limit = riff_limit if place.container != "rf64" else -1
        self._w64 = self.path.suffix.lower() in W64.extensions
        self._partial = PartialFile(self.path)
        self._partial.put(self._header(b""))

    @property
    def closed(self) -> bool:
        return self._partial.closed

    def take(self, values: NDArray[Any]) -> None:
        self._partial.put(wav.frame_bytes(self.coding, values))

    def take_bytes(self, data: NDArray[np.uint8]) -> None:
        if data.shape[1] > self.coding.frame_bytes:
            # 24 bits in the upper three of four bytes.
            data = data.reshape(len(data), -1, 4)[:, :, 1:]
        self._partial.put(np.ascontiguousarray(data).data)

    def complete(self) -> None:
        data_bytes = self.frames * self.coding.frame_bytes
        if not self._w64:
            # Readers take what fills a last chunk of W64 up for frames.
            self._partial.put(bytes(data_bytes % 2))
        markers = wav.cue_chunks([one for one in self._place.markers if one[0] < min(self.frames, 1 << 32)])
        self._partial.put(markers)
        try:
            self._partial.file.seek(0)
        except OSError as error:
            raise self._partial.refused(error) from error
        self._partial.put(self._header(markers))
        self._partial.flush()

    def _header(self, behind: bytes) -> bytes:
        """What stands before the frames that were written so far."""
        if self._w64:
            return wav.w64_header(self.coding, self.frames)
        return wav.header(self.coding, self.frames, self._riff_limit, len(behind))

    def put_in_place(self) -> None:
        self._partial.commit()

    def abort(self) -> None:
        self._partial.abort()


class WavStream(FrameWriter):
    """Writes a WAV file into a stream that cannot go back, such as a pipe; `name` stands in messages.

    `frames`: how many there will be. None: nobody knows, and sizes are stated as 0xFFFFFFFF, which ffmpeg, sox,
    aplay and libsndfile take for "up to the end". BrokenPipeError passes through: who reads has had enough. The header
    is held back until there are frames behind it, or `commit` says that there are none: of a render that fails at once
    the reader gets nothing, and fails as well.
    """

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        rate: int,
        channels: int,
        bits: Bits,
        place: Place = ANYWHERE,
        frames: int | None = None,
    ) -> None:
        super().__init__(Path(name), rate, channels, bits, place)
        self._stream = stream
        self._promised = frames
        self._ended = False
        self._header = wav.endless_header(self.coding) if frames is None else wav.header(self.coding, frames)

    @property
    def closed(self) -> bool:
        return self._ended

    def take(self, values: NDArray[Any]) -> None:
        self._begin()
        self._put(wav.frame_bytes(self.coding, values))

    def take_bytes(self, data: NDArray[np.uint8]) -> None:
        self._begin()
        self._put(np.ascontiguousarray(data).data)

    def complete(self) -> None:
        if self._promised not in (None, self.frames):
            raise RenderError(f"{self.path} was announced with {self._promised} frames and has {self.frames}")
        self._begin()
        if self.frames * self.coding.frame_bytes % 2 and self._promised is not None:
            self._put(b"\0")
        self._put(b"")

    def put_in_place(self) -> None:
        self._ended = True

    def abort(self) -> None:
        self._ended = True

    def _begin(self) -> None:
        header, self._header = self._header, b""
        if header:
            self._put(header)

    def _put(self, data: bytes | memoryview) -> None:
        try:
            self._stream.write(data)
            if not data:
                self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self.abort()
            raise file_error(self.path, error) from error
