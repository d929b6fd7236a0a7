"""Digests of sound files, remembered in the cache by path, size and time of change."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from farm.audio.decode import shown
from farm.errors import FileError
from workers.cache import cache_folder

PIECE = 1 << 20


def digest_of(file: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits. Raises FileError where it cannot be read."""
    try:
        now = os.stat(file)
        stamp = [str(file.resolve()), now.st_size, now.st_mtime_ns, now.st_ino]
        note = cache_folder() / "digests" / hashlib.sha256(json.dumps(stamp).encode()).hexdigest()
        with suppress(OSError, ValueError):
            known = note.read_text(encoding="ascii")
            if len(known) == 64 and int(known, 16) >= 0:
                return known
        whole = hashlib.sha256()
        with open(file, "rb") as content:
            while piece := content.read(PIECE):
                whole.update(piece)
    except OSError as error:
        raise FileError(f"cannot read {shown(file)}: {error.strerror or error}") from error
    remember(note, whole.hexdigest())
    return whole.hexdigest()


def remember(note: Path, digest: str) -> None:
    """Writes a digest down, whole or not at all; where that cannot be, it is found anew the next time."""
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=note.parent, delete=False, encoding="ascii") as file:
            file.write(digest)
        os.replace(file.name, note)
