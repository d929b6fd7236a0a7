"""Digests of sound files, remembered in the cache by path, size and time of change."""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from pathlib import Path

from farm.audio.decode import shown
from farm.errors import FileError
from workers import cache

PIECE = 1 << 20
DIGESTS = "digests"
"""The folder of the cache that holds them."""


def digest_of(file: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits. Raises FileError where it cannot be read."""
    try:
        now = os.stat(file)
        stamp = [str(file.resolve()), now.st_size, now.st_mtime_ns, now.st_ino]
        note = hashlib.sha256(json.dumps(stamp).encode()).hexdigest()
        known = cache.first((DIGESTS,), lambda folder: folder.read(note))
        if known is not None and re.fullmatch(rb"[0-9a-f]{64}", known):
            return known.decode()
        whole = hashlib.sha256()
        with open(file, "rb") as content:
            while piece := content.read(PIECE):
                whole.update(piece)
    except OSError as error:
        raise FileError(f"cannot read {shown(file)}: {error.strerror or error}") from error
    remember(note, whole.hexdigest())
    return whole.hexdigest()


def remember(note: str, digest: str) -> None:
    """Writes a digest down, whole or not at all; where that cannot be, it is found anew the next time."""
    with suppress(OSError), cache.writable(DIGESTS) as folder:
        if folder is not None:
            folder.write(note, digest.encode())
