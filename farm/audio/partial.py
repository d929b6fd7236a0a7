"""A file that appears whole or not at all.

It is written under a temporary name beside its target. `commit` renames it; any other end (an error, an interrupt,
an exit without commit) removes it and leaves an existing target as it was.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import weakref
from pathlib import Path

from farm.errors import FileError
from workers.ownership import claim, host, ownerless


class PartialFile:
    """Bytes on their way to `path`. `file` is open for writing and reading. Raises FileError where it cannot be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._target = _regular_target(path)
            sweep_once(self._target.parent)
            descriptor = self._open_beside()
        except OSError as error:
            raise file_error(path, error) from error
        self.file = open(descriptor, "w+b", buffering=1 << 16)  # noqa: SIM115

    def _open_beside(self) -> int:
        """A file of our own in the target's folder, with the permissions of the target if there is one."""
        while True:
            self._temporary = self._target.parent / f".farm-{host()}-{os.getpid()}-{os.urandom(4).hex()}.part"
            # Before the file is there: a signal may end this process between any two lines.
            self._remove = weakref.finalize(self, _remove_own, self._temporary, os.getpid())
            try:
                descriptor = os.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            except FileExistsError:
                self._remove.detach()
                continue
            claim(descriptor)
            with contextlib.suppress(OSError):
                os.fchmod(descriptor, stat.S_IMODE(self._target.stat().st_mode))
            return descriptor

    @property
    def closed(self) -> bool:
        """Whether it is committed or aborted."""
        return self.file.closed

    def put(self, data: bytes | memoryview) -> None:
        """Write at the present place. Raises FileError when the disk refuses, after which nothing is left."""
        try:
            self.file.write(data)
        except OSError as error:
            raise self.refused(error) from error

    def flush(self) -> None:
        """Hand all to the disk's keeper. Raises FileError when it refuses, after which nothing is left."""
        try:
            self.file.flush()
        except OSError as error:
            raise self.refused(error) from error

    def commit(self) -> None:
        """Put the file in its target's place. Raises FileError, after which nothing is left."""
        try:
            # Ours until it is in its place: a second descriptor keeps the lock.
            held = os.dup(self.file.fileno())
            try:
                self.file.close()
                os.replace(self._temporary, self._target)
            finally:
                os.close(held)
        except OSError as error:
            raise self.refused(error) from error
        self._remove.detach()

    def abort(self) -> None:
        """Drop what was written; an existing target stays as it was. Does nothing after commit or abort."""
        # What is still buffered may be refused once more by a full disk; it is dropped either way.
        with contextlib.suppress(OSError):
            self.file.close()
        self._remove()

    def refused(self, error: OSError) -> FileError:
        """Aborts; the error for people."""
        self.abort()
        return file_error(self.path, error)


def _regular_target(path: Path) -> Path:
    """`path` with its links followed. Refuses folders and devices, which a rename would replace."""
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return target
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a directory")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is not a regular file")
    if not os.access(target, os.W_OK):
        read_only = hasattr(os, "statvfs") and os.statvfs(target).f_flag & os.ST_RDONLY
        raise OSError(errno.EROFS if read_only else errno.EACCES, "is write-protected")
    return target


_swept: set[Path] = set()
"""Folders that this process has swept."""


def sweep_once(folder: Path) -> None:
    """Sweeps a folder when this process first writes there: to list one with 10,000 files takes 9 ms."""
    if folder not in _swept:
        _swept.add(folder)
        sweep(folder)


def sweep(folder: Path) -> None:
    """Removes what renders of this host that were killed left beside their targets.

    What another host writes there is its own: neither its processes nor its locks may be seen from here.
    """
    for left in folder.glob(f".farm-{host()}-*-*.part"):
        writer = left.name.split("-")[-2]
        if writer.isdigit() and ownerless(str(left), int(writer)):
            left.unlink(missing_ok=True)


def _remove_own(temporary: Path, process: int) -> None:
    """Remove the temporary file, unless this is a forked child of the process that writes it."""
    if os.getpid() == process:
        # Where there can be no file, there is none to remove.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def file_error(path: Path, error: OSError) -> FileError:
    """The FileError for people: what could not be written, why, and what to do."""
    reason, advice = why_refused(path, error)
    link = f", a link to {os.readlink(path)}" if os.path.islink(path) else ""
    return FileError(f"cannot write {path}{link}: {reason}", hint=advice)


def why_refused(path: Path, error: OSError) -> tuple[str, str]:
    """Why the file `path` cannot be made or written, and what to do. Where it is a link, its target decides."""
    target = Path(os.path.realpath(path)) if os.path.islink(path) else path
    folder = target.parent
    another = "name another place"
    reasons = {
        errno.ENOENT: (f"the folder {folder} does not exist", f"create it ({made(folder)}) or {another}"),
        errno.ENOTDIR: (f"{no_folder(folder)} is not a folder", "name a place inside a folder"),
        errno.EISDIR: ("it is a folder", f"name a file in it, such as {path / 'out.wav'}"),
        errno.EINVAL: ("it is not a regular file", "name an ordinary file"),
        errno.ELOOP: ("its links lead in a circle", f"remove one of them, or {another}"),
        errno.EACCES: ("no permission", f"check the permissions of {folder}, or {another}"),
        errno.EPERM: ("no permission", f"check the permissions of {folder}, or {another}"),
        errno.EROFS: ("its disk is mounted read-only", "name a place on another disk"),
        errno.ENOSPC: ("the disk is full", "free some space, name another disk, or render fewer bits or seconds"),
        errno.EDQUOT: ("your disk quota is used up", "free some space or name another disk"),
        errno.EFBIG: ("the file would pass the size limit", "raise the limit (ulimit -f) or name another disk"),
        errno.ENAMETOOLONG: ("its name is too long", "choose a shorter name"),
        errno.EMFILE: ("too many files are open", "raise the limit (ulimit -n)"),
        errno.ENFILE: ("too many files are open on this machine", "close some programs"),
    }
    if error.errno == errno.ENOENT and os.path.isdir(folder):
        reasons[errno.ENOENT] = (f"{folder} takes no files", another)
    if error.errno == errno.EACCES and os.access(folder, os.W_OK | os.X_OK) and os.path.exists(target):
        reasons[errno.EACCES] = (
            "it is write-protected",
            f"allow it (chmod u+w {quoted(str(target))}) or {another}",
        )
    return reasons.get(error.errno or 0, (error.strerror or str(error), another))


def quoted(path: str) -> str:
    """A path as a shell reads it."""
    import shlex

    return shlex.quote(path)


def made(folder: Path) -> str:
    """The command that makes a folder."""
    return f"mkdir -p {quoted(str(folder))}"


def no_folder(path: Path) -> Path:
    """Of a folder and those around it the outermost one that is there and is none; itself if all are folders."""
    for around in (*reversed(path.parents), path):
        if os.path.exists(around) and not os.path.isdir(around):
            return around
    return path
