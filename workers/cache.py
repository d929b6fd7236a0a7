"""The folders of what is made once and kept: compiled kernels, decoded sounds.

Candidates, in order: `FARM_CACHE`; `XDG_CACHE_HOME`/ph-farm, else ~/.cache/ph-farm; `ph-farm-<uid>` in a temporary
folder. What is looked for is read from the first one that can be written and from those before it; what is made is
written there. In a `FARM_CACHE` that everybody may write to (mode 1777) each user has a folder of his own.

What is kept is code, so it is read only where nobody else can have put it: every folder, from the candidate down, and
the file itself belong to this user or root, or to the owner of the folder that `FARM_CACHE` names, and nobody but the
owner may write to them. Folders are walked and files are opened by descriptor, links below the candidate are not
followed. What is not believed is noted, for the one who renders (`told`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import TypeVar

from workers.records import record

Found = TypeVar("Found")
NAME = "ph-farm"
FOLDER_MODE, FILE_MODE = 0o755, 0o644
"""What is made is never open to others' writing, whatever the umask; the umask may close it to their reading."""
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
NO_FOLDER = "it is a link, or no folder"
TEMPORARY = ("/tmp", "/var/tmp")
"""Where temporary folders are, besides those that TMPDIR, TEMP and TMP name. Never the present folder."""
_LOOK = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Untrusted(Exception):
    """A folder or file of the cache that is not believed; the message says why: `it belongs to user b`."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path = path


@record(frozen=True, slots=True)
class Root:
    """A candidate: its path from the root on, and the folders `within` that hold this user's part of it."""

    path: str
    within: tuple[str, ...] = ()
    named: bool = False
    """By FARM_CACHE: its owner is believed."""
    shared: bool = False
    """Everybody may make files in it, and nobody remove another's (the sticky bit): only own files and root's count."""
    linked: bool = True
    """Whether it may be a link."""
    made: bool = True
    """Whether it is made where it is missing."""
    written: bool = True
    """Whether it is for this user to write to."""
    advice: str = ""
    """What is said to whoever wonders what to do where it is not believed."""

    @property
    def folder(self) -> str:
        """The folder that holds this user's part."""
        return os.path.join(self.path, *self.within)


@record(frozen=True, slots=True)
class Doubt:
    """Why something in the cache is not used as it was meant: a sentence for people. `refused`: it is not believed."""

    folder: str
    message: str
    refused: bool = True
    named: bool = False
    """Whether it is about what FARM_CACHE names."""
    advice: str = ""
    """What is done instead, and what to do, where that is not the cache's affair."""


class Folder:
    """An open folder whose files may be believed. Close it, or use it in `with`."""

    def __init__(self, descriptor: int, path: str, owners: frozenset[int], advice: str) -> None:
        self.descriptor, self.path, self.owners, self.advice = descriptor, path, owners, advice

    def open(self, name: str) -> int | None:
        """A descriptor to read a file of this folder with; None where there is none, or none to be believed."""
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(name, flags, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno == errno.ELOOP:
                doubt(Doubt(self.path, f"{self.path}/{name} is not used: it is a link", advice=self.advice))
            return None
        about = os.fstat(descriptor)
        why = why_not(about, self.owners) if stat.S_ISREG(about.st_mode) else "it is no file"
        if why is None:
            return descriptor
        os.close(descriptor)
        doubt(Doubt(self.path, f"{self.path}/{name} is not used: {why}", advice=self.advice))
        return None

    def has(self, name: str) -> bool:
        """Whether there is a file of this name, whatever it is."""
        return os.access(name, os.F_OK, dir_fd=self.descriptor, follow_symlinks=False)

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none, or none to be believed."""
        descriptor = self.open(name)
        if descriptor is None:
            return None
        with contextlib.suppress(OSError), open(descriptor, "rb") as file:
            return file.read()
        return None

    def aside(self, name: str) -> tuple[int, str]:
        """(descriptor, name) of a new file beside `name`, open for reading and writing. Raises OSError."""
        while True:
            beside = f".{name}-{os.getpid()}-{os.urandom(4).hex()}"
            with contextlib.suppress(FileExistsError):
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                return os.open(beside, flags, FILE_MODE, dir_fd=self.descriptor), beside

    def put_in_place(self, beside: str, name: str) -> None:
        """Renames a file of this folder. Raises OSError."""
        os.replace(beside, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def drop(self, name: str) -> None:
        """Removes a file of this folder, if it is there."""
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self.descriptor)

    def write(self, name: str, content: bytes) -> None:
        """Makes a file: written aside, and renamed when it is whole. Raises OSError."""
        descriptor, beside = self.aside(name)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
            self.put_in_place(beside, name)
        except BaseException:
            self.drop(beside)
            raise

    def writable(self) -> bool:
        """Whether files can be made here, as far as the system says before one is."""
        return os.access(".", os.W_OK | os.X_OK, dir_fd=self.descriptor)

    def why_not_writable(self) -> str:
        """The reason where files cannot be made here."""
        read_only = hasattr(os, "fstatvfs") and os.fstatvfs(self.descriptor).f_flag & os.ST_RDONLY
        return "its disk is mounted read-only" if read_only else "permission denied"

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)


def why_not(about: os.stat_result, owners: frozenset[int]) -> str | None:
    """Why a folder or file is not believed; None: it is."""
    if about.st_uid not in owners:
        return f"it belongs to {user(about.st_uid)}"
    if about.st_mode & OTHERS_WRITE:
        return f"others may write to it (mode {stat.S_IMODE(about.st_mode):o})"
    return None


def user(number: int) -> str:
    """A user for people: `user b`, `user 1001`."""
    import pwd

    with contextlib.suppress(KeyError):
        return f"user {pwd.getpwuid(number).pw_name}"
    return f"user {number}"


def opened(root: Root, *below: str, make: bool = False) -> Folder:
    """The folder `below` a candidate, every step on the way believed. Raises Untrusted; OSError where there is none."""
    path = root.path
    flags = _LOOK if root.linked else _LOOK | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        if not make:
            raise
        os.makedirs(path, FOLDER_MODE, exist_ok=True)
        descriptor = os.open(path, flags)
    except OSError as error:
        if not root.linked and error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Untrusted(path, NO_FOLDER) from error
        raise
    try:
        about = os.fstat(descriptor)
        owners = frozenset({os.geteuid(), 0, *([about.st_uid] if root.named and not root.shared else [])})
        if not (root.shared and is_shared(about)):
            believe(path, about, owners)
        for name in (*root.within, *below):
            path = os.path.join(path, name)
            inner = _step(descriptor, path, name, make)
            os.close(descriptor)
            descriptor = inner
            believe(path, os.fstat(descriptor), owners)
    except BaseException:
        os.close(descriptor)
        raise
    return Folder(descriptor, path, owners, root.advice)


def believe(path: str, about: os.stat_result, owners: frozenset[int]) -> None:
    """Raises Untrusted for what is not to be believed."""
    why = why_not(about, owners)
    if why is not None:
        raise Untrusted(path, why)


def _step(descriptor: int, path: str, name: str, make: bool) -> int:
    """Opens a folder within an open one, no link. Raises Untrusted, OSError."""
    try:
        try:
            return os.open(name, _LOOK | os.O_NOFOLLOW, dir_fd=descriptor)
        except FileNotFoundError:
            if not make:
                raise
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, FOLDER_MODE, dir_fd=descriptor)
        return os.open(name, _LOOK | os.O_NOFOLLOW, dir_fd=descriptor)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Untrusted(path, NO_FOLDER) from error
        raise


def is_shared(about: os.stat_result) -> bool:
    """Whether everybody (or a group) may make files in a folder, and nobody remove another's."""
    return bool(about.st_mode & stat.S_ISVTX and about.st_mode & OTHERS_WRITE)


def candidates() -> list[Root]:
    """The folders that may hold the cache for long, the first first."""
    found = []
    named = os.environ.get("FARM_CACHE")
    if named:
        with contextlib.suppress(OSError):
            found += named_candidates(os.path.abspath(named))
    usual = usual_folder()
    return found if usual is None else [*found, Root(usual)]


def named_candidates(path: str) -> list[Root]:
    """FARM_CACHE; the parts of it, where many users have each their own."""
    shared = False
    with contextlib.suppress(OSError):
        shared = is_shared(os.stat(path))
    if not shared:
        return [Root(path, named=True)]
    number = os.geteuid()
    others: list[tuple[str, ...]] = [("user-0",), ()] if number else [()]
    return [
        *(Root(path, within, named=True, shared=True, made=False, written=False) for within in others),
        Root(path, (f"user-{number}",), named=True, shared=True),
    ]


def usual_folder() -> str | None:
    """This user's own folder; None without a home. A relative name means nothing: each time another folder."""
    caches = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(caches):
        caches = os.path.join(os.environ.get("HOME") or _home(), ".cache")
    return os.path.join(caches, NAME) if os.path.isabs(caches) else None


def _home() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return ""


def temporary_folders() -> list[str]:
    """Folders for what need not last. Never the present one, which Python takes where there is no other."""
    named = (os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP"))
    folders = dict.fromkeys((*(one for one in named if os.path.isabs(one)), *TEMPORARY))
    return [folder for folder in folders if os.path.isdir(folder)]


def temporary_candidates(folder: str) -> list[Root]:
    """This user's folders in a temporary one."""
    own = f"{NAME}-{os.geteuid()}"
    if (folder, own) not in _further:
        names: list[str] = []
        with contextlib.suppress(OSError):
            names = [name for name in sorted(os.listdir(folder)) if name.startswith(f"{own}-")]
        _further[folder, own] = names
    further = (Root(os.path.join(folder, name), linked=False, made=False) for name in _further[folder, own])
    return [Root(os.path.join(folder, own), linked=False), *further]


def fresh(folder: str) -> list[Root]:
    """A new folder in a temporary one, with a name that nobody could have taken before; none where it cannot be."""
    import tempfile

    own = f"{NAME}-{os.geteuid()}"
    try:
        made = tempfile.mkdtemp(prefix=f"{own}-", dir=folder)
    except OSError:
        return []
    _further.setdefault((folder, own), []).append(os.path.basename(made))
    return [Root(made, linked=False)]


_further: dict[tuple[str, str], list[str]] = {}
"""Further folders of this user in temporary folders, looked for once a process: those hold very many files at times."""


@record(frozen=True, slots=True)
class Roots:
    """Where the cache is: it is `read` from these folders, the first first, and written to one (None: to none)."""

    read: tuple[Root, ...]
    write: Root | None
    doubts: tuple[Doubt, ...]
    """About those that stand before the one that is written to."""

    def worth_telling(self) -> list[Doubt]:
        """The doubts that matter: a home that cannot be written does only where nothing else is to be had."""
        return [one for one in self.doubts if one.refused or one.named or self.write is None]


def roots(*below: str) -> Roots:
    """The folders `below` those of the cache that are used now. What can be made is made."""
    read: list[Root] = []
    doubts: list[Doubt] = []
    found = _first_writable(candidates(), below, read, doubts)
    for folder in [] if found is not None else temporary_folders():
        found = _first_writable(temporary_candidates(folder), below, read, doubts)
        found = found or _first_writable(fresh(folder), below, read, doubts)
        if found is not None:
            break
    return Roots(tuple(read), found, tuple(doubts))


def _first_writable(
    roots: Iterable[Root], below: tuple[str, ...], read: list[Root], doubts: list[Doubt]
) -> Root | None:
    """The first that can be written; those up to it that can be read, and what is wrong with them, are added."""
    for root in roots:
        try:
            with opened(root, *below, make=root.made) as folder:
                read.append(root)
                if root.written and folder.writable():
                    return root
                why = folder.why_not_writable()
        except Untrusted as error:
            if root.written and root.made:
                doubts.append(Doubt(error.path, f"the cache folder {error.path} is not used: {error}"))
            continue
        except OSError as error:
            why = said(error)
        if root.written and root.made:
            doubts.append(replace(cannot_be_written(root.path, why), named=root.named))
    return None


def said(error: OSError) -> str:
    """The system's reason, as the end of a sentence."""
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


def cannot_be_written(folder: str, why: str | OSError) -> Doubt:
    """That files cannot be made in a folder, and why."""
    reason = said(why) if isinstance(why, OSError) else why
    return Doubt(folder, f"the cache folder {folder} cannot be written: {reason}", refused=False)


def first(below: tuple[str, ...], look: Callable[[Folder], Found | None]) -> Found | None:
    """What `look` finds in the first folder `below` one of the cache that it finds anything in."""
    found = roots(*below)
    for one in found.doubts:
        if one.refused:
            doubt(one)
    for root in found.read:
        with contextlib.suppress(OSError, Untrusted), opened(root, *below) as folder:
            seen = look(folder)
            if seen is not None:
                return seen
    return None


@contextlib.contextmanager
def writable(*below: str) -> Iterator[Folder | None]:
    """The open folder `below` the cache that is written to; None where nothing can be kept."""
    found = roots(*below)
    for one in found.worth_telling():
        doubt(one)
    folder: Folder | None = None
    if found.write is not None:
        with contextlib.suppress(OSError, Untrusted):
            folder = opened(found.write, *below, make=True)
    if folder is None:
        yield None
        return
    with folder:
        yield folder


_doubts: dict[str, Doubt] = {}
"""What was noted and not told yet, by its message."""


def doubt(one: Doubt) -> None:
    """Notes why something is not used, once."""
    _doubts[one.message] = one


def told() -> list[Doubt]:
    """What was noted since it was last asked for."""
    found = list(_doubts.values())
    _doubts.clear()
    return found
