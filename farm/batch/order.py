"""Orders: a job of a batch with what it is called there and where its files go."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from farm.audio.samples import SampleLibrary
from farm.batch.outcome import Failure
from farm.errors import UsageError
from farm.options import RenderOptions
from farm.rendering.job import Job, JobBank, deciding, read_job
from workers.records import record


@record(frozen=True, slots=True, eq=False)
class ScoreText:
    """A score as a batch knows it: its text, once however many jobs are made of it, and where its sounds are."""

    name: str
    """What messages call it: its path."""
    text: str = ""
    sha256: str = ""
    library: SampleLibrary = SampleLibrary()
    failure: Failure | None = None
    """Why it cannot be read."""

    @property
    def stem(self) -> str:
        """Its name without folder and extension."""
        name = os.path.basename(self.name)
        return name[:-3] if name.lower().endswith(".ph") else name


def text_digest(text: str) -> str:
    """SHA-256 of a score's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@record(frozen=True, slots=True, eq=False)
class Order:
    """A job within its batch. `outs`: its files below DIR, of one render; `line`: where its list has it, 0 for none."""

    index: int
    score: ScoreText
    options: RenderOptions
    outs: tuple[str, ...]
    key: str
    banks: tuple[JobBank, ...] = ()
    split: str | None = None
    line: int = 0

    @property
    def job(self) -> Job:
        """What decides the bytes."""
        return Job(self.score.name, self.score.text, deciding(self.options), self.banks)

    @property
    def sound_s(self) -> float:
        """About how many seconds it makes: its tempo is not known before it is read."""
        options = self.options
        if options.duration is not None:
            return float(options.duration)
        last = options.to if options.to is not None else options.cycles
        return 2.0 * float((last or Fraction(8)) - (options.from_ or 0))

    def facts(self) -> dict[str, Any]:
        """What the manifest says of it before it is rendered."""
        said = {name: value for name, value in deciding(self.options) if name not in ("set", "seed")}
        plain = RENDERED_BY_DEFAULT
        return {
            "key": self.key,
            "index": self.index,
            "score": self.score.name,
            "score_sha256": self.score.sha256,
            "seed": self.options.seed,
            "set": {name: plain_setting(value) for name, value in self.options.set},
            "split": self.split,
            "options": {name: value for name, value in said.items() if value != plain[name]},
        }

    def as_json(self, how: Mapping[str, Any]) -> str:
        """One line for a job process. `how` the work is done: threads, chunk, cpu, work_dir."""
        folders = [str(folder) for folder in self.score.library.folders]
        rest = json.dumps({"key": self.key, "outs": self.outs, "folders": folders, "how": how})
        return f"{rest}\t{self.job.as_json()}"


RENDERED_BY_DEFAULT = dict(deciding(RenderOptions()))


def plain_setting(value: Fraction | str) -> int | float | str:
    """A setting as the manifest has it: a number where it is one."""
    if isinstance(value, str):
        return value
    return value.numerator if value.denominator == 1 else float(value)


@record(frozen=True, slots=True, eq=False)
class SentOrder:
    """An order as a job process reads it."""

    job: Job
    key: str
    outs: tuple[str, ...]
    folders: tuple[str, ...]
    how: dict[str, Any]
    """The work is done: fields of `RenderOptions`."""


def read_order(line: str) -> SentOrder:
    """An order from its line. Raises UsageError for what is none."""
    try:
        rest, _, job = line.partition("\t")
        said = json.loads(rest)
        return SentOrder(
            read_job(job), str(said["key"]), texts(said["outs"]), texts(said["folders"]), dict(said["how"])
        )
    except (ValueError, KeyError, TypeError):
        raise UsageError("this is no order of a batch") from None


def texts(said: Sequence[Any]) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(map(str, said))
