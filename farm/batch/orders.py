"""From rows and what the command line says to orders: scores read, options checked, names filled in, splits, keys.

All that can be known of a list before anything is rendered is found here, and told with the line that says it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from farm.audio.formats import FORMATS, check_clip, check_holds, format_of
from farm.audio.samples import SampleLibrary, library
from farm.batch.expand import MOST_JOBS, ForAll, SingleJob, single_jobs
from farm.batch.listing import EXAMPLES, ListRow, ListText, Mistakes, list_rows
from farm.batch.naming import DEFAULT, checked, out_name
from farm.batch.order import Order, ScoreText, text_digest
from farm.batch.outcome import failure_of
from farm.errors import FarmError, FileError, ScoreError, UsageError
from farm.options import RenderOptions
from farm.rendering.job import Job, JobBank, NamedBanks, deciding
from farm.score import read_source
from farm.score.setting import OPTION, Settable
from workers.records import record

MOST_TEXT = 1 << 20
"""Characters of a score whose settings are checked before it is rendered."""


@record(frozen=True, slots=True)
class Splits:
    """Parts of a data set, each with its share; a score belongs to one of them as a whole."""

    shares: tuple[tuple[str, float], ...] = ()

    def of(self, digest: str) -> str | None:
        """The part that a score belongs to, by the digest of its text: seeds of one never lie in two parts."""
        place = int(digest[:13] or "0", 16) / float(1 << 52)
        for name, share in self.shares:
            place -= share
            if place < 0:
                return name
        return self.shares[-1][0] if self.shares else None


def read_splits(text: str) -> Splits:
    """`train=.8,valid=.1,test=.1`. Raises UsageError."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, sign, share = part.strip().partition("=")
        if not sign or not re.fullmatch(r"[\w.-]+", name) or not re.fullmatch(r"\d*\.?\d+", share) or name in shares:
            raise UsageError(f"--split: `{part}` is not NAME=SHARE", hint="for example train=.8,valid=.1,test=.1")
        shares[name] = float(share)
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise UsageError(f"--split: the shares add up to {sum(shares.values()):g}, not to 1")
    return Splits(tuple(shares.items()))


@record(frozen=True, slots=True, eq=False)
class Placing:
    """Where outputs lie and sounds are found. `into`: DIR; `outs`: names for jobs that have none of their own."""

    into: Path
    outs: tuple[str, ...] = ()
    splits: Splits = Splits()
    samples: tuple[str, ...] = ()
    environment: str | None = None
    """What FARM_SAMPLES says."""


@record(eq=False)
class OrderBook:
    """Makes orders, each score read once, each bank looked at once."""

    placing: Placing
    orders: list[Order] = field(default_factory=list)
    mistakes: Mistakes = field(default_factory=Mistakes)
    scores: dict[str, ScoreText] = field(default_factory=dict)
    libraries: dict[tuple[Path, ...], NamedBanks] = field(default_factory=dict)
    named: dict[tuple[Any, ...], tuple[JobBank, ...]] = field(default_factory=dict)
    """Banks by library, text and the settings that are text."""
    taken: dict[str, int] = field(default_factory=dict)
    """Which order has an output."""
    suited: set[tuple[Any, ...]] = field(default_factory=set)
    """Formats with options that were found to go together."""
    settables: dict[str, Settable | None] = field(default_factory=dict)
    """What can be set, by path of a score; None where it is not known before it is rendered."""

    def take(self, row: ListRow, common: ForAll) -> None:
        """Adds the jobs of a row; its mistakes are noted. Raises UsageError when there are too many."""
        try:
            for single in single_jobs(row, common):
                if len(self.orders) >= MOST_JOBS:
                    raise UsageError(f"a batch has at most {MOST_JOBS:,} jobs", loc=row.loc())
                self.orders.append(self.order(single))
        except UsageError as wrong:
            self.mistakes.add(located(wrong, row))
        except FileError as wrong:
            # A list is read as a whole; what the command line names is a file that is not there, as it is elsewhere.
            loc = row.loc("score")
            kind = FileError if loc is None else UsageError
            hint = "check the path" if loc is None else "check the path; scores lie where the list does"
            there = os.path.exists(os.path.join(row.text.folder, row.values["score"]))
            self.mistakes.add(kind(wrong.message, loc=loc, hint=wrong.hint if there else hint))

    def order(self, single: SingleJob) -> Order:
        """The order of one job. Raises UsageError."""
        row = single.row
        path = row.values.get("score")
        if not isinstance(path, str) or not path or "\0" in path:
            raise UsageError("a job has a `score`, the path of one", loc=row.loc("score"))
        if path == "-":
            raise UsageError("a batch reads scores from files, not from standard input", loc=row.loc("score"))
        score = self.score(os.path.join(row.text.folder, path))
        options = RenderOptions(**{**single.options, "set": single.settings})
        self.check_settings(score, options, row)
        split = row.values.get("split", self.placing.splits.of(score.sha256))
        if split is not None and not isinstance(split, str):
            raise UsageError("`split` is the name of a part", loc=row.loc("split"))
        index = len(self.orders)
        values = {"score": score.stem, "seed": options.seed, "index": index, **dict(options.set)}
        outs = self.named_outs(row, values if split is None else {**values, "split": split}, options)
        for out in outs:
            if self.taken.setdefault(out, index) != index:
                raise clash(out, self.orders[self.taken[out]], score, options.seed, row.line)
        banks: tuple[JobBank, ...] = ()
        key = ""
        if score.failure is None:
            try:
                banks = self.banks(score, options)
            except FarmError as problem:
                score = self.scores[score.name] = replace(score, failure=failure_of(problem))
            key = Job(score.name, score.text, deciding(options), banks).key()
        return Order(index, score, options, outs, key, banks, split, row.line)

    def named_outs(self, row: ListRow, values: dict[str, Any], options: RenderOptions) -> tuple[str, ...]:
        """The outputs of a job. Raises UsageError for names that cannot be, and for formats that do not fit."""
        said = row.values.get("out", self.placing.outs or DEFAULT)
        templates = said if isinstance(said, list | tuple) else [said]
        if not templates or not all(isinstance(one, str) for one in templates):
            raise UsageError("`out` is the name of a file, or a list of such", loc=row.loc("out"))
        outs = tuple(checked(out_name(one, values)) for one in templates)
        if len({*outs}) < len(outs):
            raise UsageError(f"a job writes {outs[0]} twice", loc=row.loc("out"))
        for out in outs:
            self.check_format(out, options)
        return outs

    def check_format(self, out: str, options: RenderOptions) -> None:
        """Raises UsageError where the format of an output cannot hold what is rendered."""
        form = format_of(Path(out))
        how = (FORMATS.index(form), options.rate, options.bits, options.clip)
        if how not in self.suited:
            check_holds(form, options.rate, options.bits, 2)
            check_clip(form, options.clip, options.bits)
            self.suited.add(how)

    def check_settings(self, score: ScoreText, options: RenderOptions, row: ListRow) -> None:
        """Raises UsageError, at its place in the row, for what a score does not have, or not as such a value.

        What the command line says is noted without a place. A score that cannot be read has no such mistakes.
        """
        if not options.set or score.failure is not None or len(score.text) > MOST_TEXT:
            return
        if score.name not in self.settables:
            # What understands scores takes long to load, and most batches set nothing.
            from farm.graph.score import settable_of

            self.settables[score.name] = settable_of(score.text, score.name)
        settable = self.settables[score.name]
        if settable is None:
            return
        for name, value in options.set:
            key = said_in(row, name)
            try:
                settable.check(name, value, OPTION if key is None else "set")
            except UsageError as wrong:
                if key is None:
                    self.mistakes.add(wrong)
                    continue
                wrong.loc = row.loc(key)
                raise

    def score(self, path: str) -> ScoreText:
        """The score at a path, read when it is first asked for."""
        if path not in self.scores:
            self.scores[path] = self.read(path)
        return self.scores[path]

    def read(self, path: str) -> ScoreText:
        """Reads a score; one that is there and cannot be read fails its jobs.

        Raises FileError for one that is not there, SampleError for a sample folder that is not.
        """
        sounds = library(self.placing.samples, path, self.placing.environment)
        folders = tuple(Path(os.path.abspath(folder)) for folder in sounds.folders)
        try:
            text = read_source(path).text
        except (FileError, ScoreError) as problem:
            if not os.path.isfile(path):
                raise
            return ScoreText(path, failure=failure_of(problem))
        if folders not in self.libraries:
            self.libraries[folders] = NamedBanks(SampleLibrary(folders))
        return ScoreText(path, text, text_digest(text), self.libraries[folders].library)

    def banks(self, score: ScoreText, options: RenderOptions) -> tuple[JobBank, ...]:
        """The banks that a job names. Raises SampleError, FileError."""
        # Numbers are no names, but for such as 808.
        texts = tuple(value if isinstance(value, str) or value.denominator == 1 else None for _, value in options.set)
        where = (score.library.folders, score.sha256, texts)
        if where not in self.named:
            self.named[where] = self.libraries[score.library.folders].of(score.text, options.set)
        return self.named[where]


def clash(out: str, other: Order, score: ScoreText, seed: int, line: int) -> UsageError:
    """The error for an output that another job has, too; `line` is 0 where no list is read."""
    if line:
        where = "another of this line" if line == other.line else f"that of line {other.line}"
        return UsageError(f"two jobs write {out}: {where} too", hint="{seed} and {index} tell apart")
    if (other.score.name, other.options.seed) == (score.name, seed):
        message = f"two jobs write {out}: {score.name} with seed {seed} is asked for twice"
        return UsageError(message, hint="name each score and each seed once")
    parts = [
        *(["{score}"] if other.score.stem != score.stem else []),
        *(["{seed}"] if other.options.seed != seed else []),
    ]
    message = f"two jobs write {out}: {other.score.name} with seed {other.options.seed}, {score.name} with seed {seed}"
    return UsageError(message, hint=f"--out with {' and '.join(parts or ['{index}'])} tells them apart")


def said_in(row: ListRow, name: str) -> str | None:
    """How a row writes a name that it sets, sweeps or draws; None where it does not."""
    said = {key for where in ("set", "sweep", "draw") for key in row.values.get(where, {})}
    return next((key for key in (name, f"~{name}") if key in said), None)


def located(wrong: UsageError, row: ListRow) -> UsageError:
    """The same mistake at its place in the list: that of the option which it names, else of the row."""
    if wrong.loc is None:
        options = re.findall(r"--([a-z-]+)", wrong.message)
        keys = [key for key in options if {key, key.replace("-", "_")} & {*row.values}]
        found = keys or (["out"] if wrong.message.startswith(("OUT ", "two jobs", "cannot write")) else [])
        wrong.loc = row.loc(found[0] if found else "")
    return wrong


def listed_orders(path: str, common: ForAll, placing: Placing) -> list[Order]:
    """The orders of a list. Raises as `orders_of`, FileError where it cannot be read, UsageError where it is empty."""
    book = OrderBook(placing)
    for row in list_rows(path, book.mistakes):
        book.take(row, common)
    book.mistakes.tell()
    if not book.orders:
        raise UsageError(f"{path} holds no jobs", hint=EXAMPLES[os.path.splitext(path)[1].lower()])
    check_places(book.orders, placing.into, [*book.scores, path])
    return book.orders


def orders_of(scores: Sequence[str], common: ForAll, placing: Placing) -> list[Order]:
    """The orders of several scores, which are all alike.

    Raises UsageError for mistakes, several together, and for an output that lies elsewhere than it says, or in the
    place of a score; SampleError for a sample folder that does not exist.
    """
    book = OrderBook(placing)
    text = ListText("", (), "")
    for score in scores:
        book.take(ListRow({"score": score}, text, 0, 0), common)
    book.mistakes.tell()
    check_places(book.orders, placing.into, [*book.scores])
    return book.orders


def check_places(orders: Sequence[Order], into: Path, read: Sequence[str]) -> None:
    """Raises UsageError for outputs of which one is the folder of another, that a link leads out of DIR, or that are
    what the batch reads."""
    files = {out: order for order in orders for out in order.outs}
    root = os.path.realpath(into)
    sources = {os.path.realpath(path): path for path in read}
    folders: dict[str, str] = {}
    for out, order in files.items():
        folder, _, name = out.rpartition("/")
        if folder not in folders:
            above = folder.split("/") if folder else []
            for depth in range(1, len(above) + 1):
                if "/".join(above[:depth]) in files:
                    raise UsageError(f"OUT {'/'.join(above[:depth])} would be a file, and a folder in {out}")
            folders[folder] = os.path.realpath(os.path.join(root, folder))
            if folders[folder] != root and not folders[folder].startswith(root.rstrip("/") + "/"):
                raise UsageError(f"OUT {out}: a link in DIR leads to {folders[folder]}, outside", hint="remove it")
        target = os.path.join(folders[folder], name)
        if os.path.islink(target):
            target = os.path.realpath(target)
            if not target.startswith(root.rstrip("/") + "/"):
                raise UsageError(f"OUT {out} is a link to {target}, outside DIR", hint="remove it")
        if target in sources:
            what = "its own score" if sources[target] == order.score.name else f"{sources[target]}, which is read"
            raise UsageError(f"OUT {out} is {what}", hint="name another file; it would be overwritten")
