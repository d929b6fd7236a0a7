"""`farm batch merge`: the manifests of shards joined into the one of their folder."""

from __future__ import annotations

import os
from pathlib import Path

from farm.batch.lease import Lease
from farm.batch.manifest import FAILED, NAME, ManifestEntry, entries, lines_of, manifests, path_of, read_line, rewrite
from farm.errors import FileError


def merged(folder: Path) -> tuple[int, int]:
    """Joins the manifests of a folder, which no batch may hold; how many files it tells of then, how many failed.

    Of two lines about one file that which fits the file counts, else the later one. Lines stand in the order of their
    lists. Raises FileError; also where there is none.
    """
    if folder.is_dir() and not manifests(folder, NAME) and not manifests(folder, FAILED):
        hint = "name the folder of the batch, that of --into: farm batch merge DIR"
        raise FileError(f"no manifest lies in {folder}", hint=hint)
    with Lease(folder):
        made = joined(folder, NAME)
        failed = {file: entry for file, entry in joined(folder, FAILED).items() if file not in made}
        for name, found in ((NAME, made), (FAILED, failed)):
            sources = manifests(folder, name)
            places = indices(sources)
            whole = path_of(folder, name)
            rewrite(whole, [found[file] for file in sorted(found, key=lambda file: (places.get(file, 0), file))])
            for source in sources:
                if source != whole:
                    source.unlink(missing_ok=True)
    return len(made), len(failed)


def joined(folder: Path, name: str) -> dict[str, ManifestEntry]:
    """The line of each file, of all manifests of a folder."""
    found: dict[str, ManifestEntry] = {}
    for path in manifests(folder, name):
        for file, entry in entries([path]).items():
            if file not in found or fits(folder, file, entry) or not fits(folder, file, found[file]):
                found[file] = entry
    return found


def fits(folder: Path, file: str, entry: ManifestEntry) -> bool:
    """Whether a file has the size that its line says."""
    try:
        return os.path.getsize(folder / file) == entry.size
    except OSError:
        return False


def indices(paths: list[Path]) -> dict[str, int]:
    """The number of each file's job in its list."""
    found: dict[str, int] = {}
    for path in paths:
        for _, line in lines_of(path):
            said = read_line(line)
            if said is not None and isinstance(said.get("index"), int):
                found[said["file"]] = said["index"]
    return found
