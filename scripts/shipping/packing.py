"""Wheels as values: their files by name, written so that equal files give an equal wheel."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WHEN = (1980, 1, 1, 0, 0, 0)
"""The date of every file: the first that such an archive can hold."""
MODE = 0o100644
UNIX = 3


@dataclass(frozen=True)
class Wheel:
    """A wheel's files by name, without the list of them, and the tag that says where it can be installed."""

    name: str
    """Of the distribution, with its version: `ph_farm-0.1.0`."""
    tag: str
    files: Mapping[str, bytes]

    @property
    def file_name(self) -> str:
        """What it is called."""
        return f"{self.name}-{self.tag}.whl"

    @property
    def about(self) -> str:
        """The folder of what is said of it."""
        return f"{self.name}.dist-info"


def unpacked(path: Path) -> Wheel:
    """A wheel that somebody made."""
    distribution, version, *tags = path.stem.split("-")
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.endswith(("/", "/RECORD"))}
    return Wheel(f"{distribution}-{version}", "-".join(tags), files)


def for_one_platform(plain: Wheel, tag: str, more: Mapping[str, bytes]) -> Wheel:
    """A wheel with more files, that only some can use."""
    path = f"{plain.about}/WHEEL"
    said = plain.files[path].decode()
    said = re.sub(r"(?m)^Tag: .*$", f"Tag: {tag}", said)
    said = re.sub(r"(?m)^Root-Is-Purelib: .*$", "Root-Is-Purelib: false", said)
    return Wheel(plain.name, tag, {**plain.files, **more, path: said.encode()})


def write(wheel: Wheel, folder: Path) -> Path:
    """Writes a wheel into a folder, in the place of an older one. Gives its path."""
    path, beside = folder / wheel.file_name, folder / f".{wheel.file_name}"
    # What is said of it comes last, and the list of all files at the very end, as the format advises.
    names = sorted(wheel.files, key=lambda name: (name.startswith(wheel.about), name))
    listing = f"{wheel.about}/RECORD"
    record = "".join(f"{name},{checksum(wheel.files[name])},{len(wheel.files[name])}\n" for name in names)
    files = {**wheel.files, listing: f"{record}{listing},,\n".encode()}
    with zipfile.ZipFile(beside, "w") as archive:
        for name in (*names, listing):
            entry = zipfile.ZipInfo(name, WHEN)
            entry.create_system, entry.external_attr, entry.compress_type = UNIX, MODE << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=9)
    return beside.replace(path)


def checksum(content: bytes) -> str:
    """As the list of files spells it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
