"""Jobs: what decides the bytes of a render, as one value that can travel, and a key that names these bytes.

A job holds text and numbers, no code: `as_json` in one process and `read_job` in another give an equal job. What does
not decide the bytes (threads, chunks, levels of machine code, backends, folders, names of outputs) is not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import field, fields, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from farm.audio.digests import digest_of
from farm.audio.samples import SampleLibrary
from farm.audio.spelling import composed
from farm.errors import UsageError
from farm.options import Decides, RenderOptions
from farm.pattern.mini_tokens import words_in
from farm.sources import sources_digest
from workers.records import record

if TYPE_CHECKING:
    from farm.graph.score import Score

FORM = 1
"""Version of the JSON form."""
HELD = ("form", "name", "text", "options", "banks")
"""What the JSON of a job has."""
DECIDING = tuple(one.name for one in fields(RenderOptions) if one.metadata["decides"] in (Decides.FRAMES, Decides.FILE))
"""Options that are part of a job."""


@record(frozen=True, slots=True)
class JobBank:
    """A bank that a job names: its sound files in order, each with the SHA-256 of its bytes."""

    name: str
    files: tuple[tuple[str, str], ...]

    @property
    def sha256(self) -> str:
        """One digest for all of it: names and bytes."""
        return hashlib.sha256(canonical(self.files).encode("ascii")).hexdigest()


@record(frozen=True, slots=True)
class Job:
    """What is rendered: the text of a score, the options that decide frames or bytes, and the banks that it names.

    `banks` is None until they have been looked at, which reads every file of theirs once. `name` is what messages call
    the score; it decides nothing.
    """

    name: str
    text: str
    options: tuple[tuple[str, Any], ...]
    """Name and value of each deciding option, as JSON has them, in order."""
    banks: tuple[JobBank, ...] | None = None

    def as_json(self) -> str:
        """The job as canonical JSON: keys in order, no blanks, ASCII."""
        banks = None if self.banks is None else [{"name": one.name, "files": one.files} for one in self.banks]
        whole = {"form": FORM, "name": self.name, "text": self.text, "options": dict(self.options), "banks": banks}
        return canonical(whole)

    def with_banks(self, library: SampleLibrary | None = None) -> Job:
        """The job with the banks that its text names, as `library` (None: that of its name) finds them.

        Raises SampleError, FileError for what cannot be read.
        """
        if self.banks is not None:
            return self
        from farm.rendering.outline import sounds

        found = NamedBanks(library if library is not None else sounds(self.name, ()))
        return replace(self, banks=found.of(self.text, dict(self.options)["set"]))

    def key(self, library: SampleLibrary | None = None) -> str:
        """What names the bytes of this job, 64 hexadecimal digits: equal keys, equal bytes.

        It is a digest of what the job holds but for its name, and of the sources of farm. Raises as `with_banks`.
        """
        whole = self.with_banks(library)
        assert whole.banks is not None
        held = [whole.text, dict(whole.options), [[one.name, one.files] for one in whole.banks]]
        return hashlib.sha256(canonical([FORM, sources_digest(), held]).encode("ascii")).hexdigest()

    def render_options(self, **how: Any) -> RenderOptions:
        """The options of the job, and `how` the work is done: threads, chunk, cpu, backend, samples, work_dir.

        Raises UsageError.
        """
        wrong = [name for name in how if name in DECIDING]
        if wrong:
            raise UsageError(f"`{wrong[0]}` decides what a job renders, not how", hint="make another job")
        return RenderOptions(**dict(self.options), **how)

    def score(self) -> Score:
        """The score, read anew. Raises ScoreError."""
        from farm.graph.score import loads

        options = dict(self.options)
        return loads(self.text, name=self.name, seed=options["seed"], lenient=options["lenient"])


def job_of(score: Score, options: RenderOptions | None = None) -> Job:
    """The job of rendering a score with these options.

    Raises UsageError for a backend that does not render, and for what is no score or no options.
    """
    from farm.rendering.outline import check_arguments

    options = RenderOptions() if options is None else options
    check_arguments(score, options)
    if options.backend == "null":
        raise UsageError("the backend `null` renders nothing: there is no job for it")
    return Job(score.name, score.source.text, deciding(options))


def deciding(options: RenderOptions) -> tuple[tuple[str, Any], ...]:
    """Name and value of each option that decides frames or bytes."""
    return tuple((name, plain(getattr(options, name))) for name in DECIDING)


def read_job(text: str) -> Job:
    """A job from its JSON. Raises UsageError for what is none."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError) as wrong:
        raise UsageError(f"this is no job: it is no JSON ({wrong})", hint="read_job takes what as_json wrote") from None
    lacking = HELD if not isinstance(found, dict) else [one for one in HELD if one not in found]
    if lacking:
        raise UsageError(f"this is no job: it lacks {', '.join(lacking)}", hint="read_job takes what as_json wrote")
    try:
        if found["form"] != FORM:
            raise UsageError(f"this job has form {found['form']!r}, and this farm reads form {FORM}")
        banks = found["banks"]
        job = Job(
            name=found["name"],
            text=found["text"],
            options=tuple(
                (name, plain(getattr(options, name))) for options in [asked(found["options"])] for name in DECIDING
            ),
            banks=None if banks is None else tuple(read_bank(one) for one in banks),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError("this is no job: its options or banks are not what as_json writes") from None
    if not isinstance(job.name, str) or not isinstance(job.text, str):
        raise UsageError("this is no job: its name and its text are not text")
    return job


def asked(options: Mapping[str, Any]) -> RenderOptions:
    """The options that a job's JSON states: all that decide, and no others."""
    if sorted(options) != sorted(DECIDING):
        odd = sorted({*options} ^ {*DECIDING})
        raise UsageError(f"this is no job of this farm: its options differ in {', '.join(odd)}")
    return RenderOptions(**options)


def read_bank(held: Mapping[str, Any]) -> JobBank:
    """A bank from its JSON."""
    return JobBank(str(held["name"]), tuple((str(name), str(digest)) for name, digest in held["files"]))


@record(eq=False)
class NamedBanks:
    """The banks of a library as jobs hold them: each file is read once, and looked at no more."""

    library: SampleLibrary
    names: set[str] = field(default_factory=set)
    """Of all banks, as a score writes them, once they were asked for."""
    known: dict[str, JobBank] = field(default_factory=dict)

    def of(self, text: str, settings: Iterable[tuple[str, Any]] = ()) -> tuple[JobBank, ...]:
        """The banks that the text of a score can name, or a setting in the place of one of its strings; in order.

        Every word is meant that is the name of one: also in a comment, since the score is not read for it. Raises
        SampleError, FileError for what cannot be read.
        """
        if not self.names:
            self.names.update(self.library.names())
        words = words_in(text).union(*(words_in(str(value)) for _, value in settings))
        return tuple(self.bank(name) for name in sorted(self.names.intersection(map(composed, words))))

    def bank(self, name: str) -> JobBank:
        """A bank with the digests of its files. Raises SampleError, FileError."""
        if name not in self.known:
            bank = self.library.bank(name)
            assert bank is not None, "it is one of the list"
            self.known[name] = JobBank(name, tuple((file.name, digest_of(file)) for file in bank.files))
        return self.known[name]


def plain(value: Any) -> Any:
    """A value of an option as JSON has it: fractions as text, `1/3` or `2`."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, tuple):
        return tuple((name, plain(one)) for name, one in value)
    return value


def canonical(value: Any) -> str:
    """JSON that is the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
