"""Another commit of this clone, checked out beside it for a while."""

from __future__ import annotations

import hashlib
import io
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from processes import Failed, Took, timed
from workloads import ROOT

LOCK = Path("configs", "lock.txt")
STAMP = "lock.sha256"
"""By which `scripts/venv.sh` knows that a .venv is whole, and from which lock."""
ONCE = Path("scripts", "benching", "once.py")


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of the project. `cache`: a folder of its own for what it compiles."""

    root: Path
    cache: Path
    name: str

    @property
    def python(self) -> str:
        """The Python of its .venv, not resolved: the environment goes by that name."""
        return str(self.root / ".venv" / "bin" / "python")

    @property
    def once(self) -> list[str]:
        """What runs its once.py."""
        return [self.python, str(self.root / ONCE)]

    @property
    def crews(self) -> Path:
        """Its crews.py, which is there where there is `farm batch`."""
        return self.root / ONCE.with_name("crews.py")

    @property
    def farm(self) -> list[str]:
        """What runs its farm."""
        return [self.python, "-P", "-m", "farm"]

    def timed(self, command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> Took:
        """Runs a command in a folder, with this checkout's modules and cache. Raises Failed."""
        return timed(command, folder, {"PYTHONPATH": str(self.root), "FARM_CACHE": str(self.cache), **(env or {})})


def git(*words: str, root: Path) -> bytes:
    """What git says about a clone. Raises Failed."""
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False)
    except OSError as error:
        raise Failed(f"cannot run git, which --against needs: {error.strerror}") from None
    if done.returncode:
        raise Failed(f"git {words[0]}: {done.stderr.decode(errors='replace').strip() or 'failed'}")
    return done.stdout


def commit_of(name: str, root: Path = ROOT) -> str:
    """The full name of a commit of this clone. Raises Failed."""
    try:
        top = Path(git("rev-parse", "--show-toplevel", root=root).decode().rstrip("\n"))
    except Failed as failure:
        raise Failed(f"{root} is not a git clone, so no other commit can be checked out: {failure}") from None
    if top.resolve() != root.resolve():
        raise Failed(f"{root} is not a git clone of its own, but lies in that of {top}: no other commit is known")
    try:
        found = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", root=root)
    except Failed:
        raise Failed(
            f"this clone has no commit {name}. `git log --oneline` lists what it has; `git fetch --unshallow` brings "
            "what a shallow clone lacks"
        ) from None
    return found.decode().strip()


def here(root: Path = ROOT) -> str:
    """The commit of this checkout, and whether anything in it has been changed since."""
    changed = git("status", "--porcelain", root=root)
    return commit_of("HEAD", root)[:12] + (", with changes that are not committed" if changed.strip() else "")


@contextmanager
def beside(commit: str, root: Path = ROOT) -> Iterator[tuple[Checkout, Checkout, Path]]:
    """This checkout, one of another commit, and a folder for what they write; whatever ends it, all but the first go.

    `commit` is a full name. The other one shares this one's .venv if that has all it needs, else makes its own.
    Raises Failed.
    """
    with ended_by_signals():
        folder = Path(tempfile.mkdtemp(prefix="farm-against-"))
        try:
            other = folder / "checkout"
            other.mkdir()
            with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", commit, root=root))) as files:
                files.extractall(other, filter="tar")
            if not (other / ONCE).is_file():
                raise Failed(f"{commit[:12]} has no {ONCE}: it is older than the bench")
            environment(root, other)
            (folder / "out").mkdir()
            yield (
                Checkout(root, folder / "cache-here", here(root)),
                Checkout(other, folder / "cache-there", commit[:12]),
                folder / "out",
            )
        finally:
            with unhurried():
                shutil.rmtree(folder, ignore_errors=True)


def environment(root: Path, other: Path) -> None:
    """Gives the other checkout a .venv: this one's, if that holds all that its lock names. Raises Failed."""
    if pins(other / LOCK) <= pins(root / LOCK):
        # A folder of its own, of links: what the other checkout's scripts do to their .venv happens to these.
        (other / ".venv").mkdir()
        for part in (root / ".venv").iterdir():
            if part.name != STAMP:
                (other / ".venv" / part.name).symlink_to(part)
        stamp = hashlib.sha256((other / LOCK).read_bytes()).hexdigest()
        (other / ".venv" / STAMP).write_text(f"{stamp}\n", encoding="ascii")
        return
    script = 'source "$1/scripts/venv.sh" && ensure_venv "$1"'
    if subprocess.run(["bash", "-c", script, "bash", str(other)], stdout=sys.stderr, check=False).returncode:
        raise Failed(f"{other}: its .venv could not be made, see above. Its {LOCK} is not that of this checkout")


def pins(lock: Path) -> set[str]:
    """The packages that a lock names, with their versions."""
    lines = (line.strip() for line in lock.read_text(encoding="utf-8").splitlines())
    return {line for line in lines if line and not line.startswith("#")}


ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end this process as an exception does, so that what was made is removed."""

    def end(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def unhurried() -> Iterator[None]:
    """Keeps a second interrupt from stopping what the first one began."""
    numbers = (signal.SIGINT, *ENDING)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
