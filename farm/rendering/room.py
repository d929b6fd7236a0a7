"""What to say when the memory that workers share cannot be had, in shared memory or in a folder of one's own."""

from __future__ import annotations

import errno
from pathlib import Path

from farm.audio.partial import why_refused
from farm.errors import FarmError, FileError, RenderError
from farm.quantities import size
from workers.arena import ArenaError, shared_folder

ELSEWHERE = "name a folder on a disk with room: --work-dir FOLDER"


def no_arena(error: ArenaError, work_dir: str | None) -> FarmError:
    """The error for people: FileError where `work_dir` cannot be used at all, else RenderError."""
    if work_dir is not None:
        return no_file(error, work_dir)
    number, needed, folder = error.errno, f"{size(error.needed_bytes)} are needed", shared_folder()
    if number == errno.ENOSPC:
        message = f"there is not enough shared memory: {needed} in {folder}"
        return RenderError(message, hint=f"free some, or {ELSEWHERE}")
    if number == errno.ENOMEM:
        return RenderError(f"there is not enough memory: {needed}", hint="free some, or raise the limit (ulimit -v)")
    if number == errno.EFBIG:
        message = f"shared memory cannot be made: {needed}, which passes the size limit of files"
        return RenderError(message, hint="raise the limit: ulimit -f unlimited")
    if number in (errno.EMFILE, errno.ENFILE):
        return RenderError("shared memory cannot be made: too many files are open", hint="raise the limit: ulimit -n")
    reason, _ = why_refused(Path(folder) / "arena", error)
    return RenderError(f"shared memory cannot be made in {folder}: {reason}", hint=ELSEWHERE)


def no_file(error: ArenaError, work_dir: str) -> FarmError:
    """The same for a file in `work_dir`."""
    reason, advice = why_refused(Path(work_dir) / "arena", error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM):
        message = f"--work-dir {work_dir} cannot take the {size(error.needed_bytes)} that are needed: {reason}"
        return RenderError(message, hint=advice)
    return FileError(f"--work-dir {work_dir} cannot be used: {reason}", hint=advice)
