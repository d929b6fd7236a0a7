"""Sound files for tests, made byte by byte or by libsndfile."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import soundfile

RATE = 44_100


def tone(frames: int = 22_050, hertz: float = 441.0) -> np.ndarray:
    """A sine at half of full scale: float64 (frames,)."""
    return 0.5 * np.sin(np.arange(frames) * (2 * np.pi * hertz / RATE))


def noise(frames: int = 3000, channels: int = 1, seed: int = 9) -> np.ndarray:
    """Noise on the grid of 16 bits, so that every lossless coding holds it exactly: float32 (frames, channels)."""
    whole = np.random.default_rng(seed).integers(-20_000, 20_000, (frames, channels))
    return (whole / 32768.0).astype(np.float32)


def stored(path: Path, frames: np.ndarray, rate: int = RATE, **options: str | None) -> Path:
    """The file, written by libsndfile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, frames, rate, **options)
    return path


def written(path: Path, content: bytes) -> Path:
    """The file with this content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    """A chunk of RIFF; `size`: what it says of itself."""
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    """A WAV file of these chunks."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def fmt(tag: int = 1, channels: int = 1, bits: int = 16, block: int | None = None, rate: int = RATE) -> bytes:
    """A `fmt` chunk."""
    block = channels * bits // 8 if block is None else block
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits))


def speakers(mask: int, channels: int, bits: int = 16) -> bytes:
    """A `fmt` chunk of WAVEFORMATEXTENSIBLE with a channel mask."""
    block = channels * bits // 8
    tail = bytes.fromhex("000000001000800000aa00389b71")
    body = struct.pack("<HHIIHHHHIH", 0xFFFE, channels, RATE, RATE * block, block, bits, 22, bits, mask, 1)
    return chunk(b"fmt ", body + tail)


def pcm_16(frames: np.ndarray) -> bytes:
    """Frames as 16 bits, little endian."""
    return np.round(frames * 32768.0).astype("<i2").tobytes()
