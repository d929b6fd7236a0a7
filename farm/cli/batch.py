"""`farm batch`: many files from a list of jobs, or from several scores."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import click

from farm.cli import values
from farm.cli.completion import files, folders
from farm.cli.doubts import doubts
from farm.cli.options import channels_option, file_options, json_option, options_of, setting, sounding_options
from farm.cli.process import interrupted
from farm.cli.settings import Configurable, strongest
from farm.cli.statuses import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import FrameType

    from farm.batch.choosing import Selection, Why
    from farm.batch.expand import ForAll
    from farm.batch.order import Order
    from farm.batch.orders import Placing
    from farm.options import RenderOptions

MERGE = "merge"
PUT_ASIDE = 5
"""Exit status where some jobs failed."""
LIST = "list"
"""A group of options in the help."""
WORK_FIELDS = ("chunk", "cpu", "work_dir")


@click.command(cls=Configurable)
@click.argument("jobs", nargs=-1, required=True, shell_complete=files)
@click.option("--into", metavar="DIR", shell_complete=folders, help="Folder of all outputs; it is made.  [here]")
@click.option(
    "--out",
    multiple=True,
    metavar="NAME",
    help="Output of each job that names none, with {score} {seed} {index} {split} {any set name} filled in; may be"
    " repeated for several formats.  [{score}-{seed}.wav]",
)
@click.option("--seeds", metavar="RANGE", help="A job for each seed, 0..199 or 1,5,9.  [that of --seed]")
@click.option(
    "--split", metavar="NAME=SHARE,...", help="Parts of a data set, by score: train=.8,valid=.1,test=.1.  [none]"
)
@click.option("--resume", is_flag=True, help="Leave alone what the manifest has, unchanged.  [off: all anew]")
@click.option("--check", is_flag=True, help="With --resume: read the bytes of files, too.  [off: their sizes]")
@click.option("--failed", is_flag=True, help="Only jobs that failed before.  [off]")
@click.option("--only", metavar="GLOB", help="Only jobs with an output like this, such as 'train/*'.  [all]")
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts, by the jobs' keys.  [all]")
@click.option("--retries", type=values.whole, metavar="N", help="Of a job whose process dies.  [1]")
@click.option("--fail-fast", is_flag=True, help="Begin no more jobs after one has failed.  [off]")
@click.option("--dry-run", is_flag=True, help="Say what would be done and why, and about what it takes.  [off]")
@click.option(
    "--progress",
    type=values.Choice(["auto", "plain", "json"]),
    default="auto",
    help="A bar on a terminal, lines elsewhere; lines of text; lines of JSON, on standard error.  [auto]",
)
@sounding_options
@channels_option
@file_options
@setting("--quiet", is_flag=True, help="Say errors and warnings only.  [off]")
@json_option
def batch(jobs: tuple[str, ...], **given: Any) -> int:
    """Render many files from a list of JOBS, or from several scores.

    JOBS is a .jsonl, .toml or .csv file, or scores. A line of JSONL: {"score": "q.ph", "out": "c1.wav", "cycles": 2,
    "seed": 1, "set": {"tempo": 0.5}}, with the options of `farm render` by name; `sweep` makes a job of each value,
    `draw` takes one by the seed. Scores lie where the list does, outputs below --into. Jobs run side by side, one in
    each of --threads processes; a manifest there says what each file is. A job that fails is put aside, and the rest
    go on. JOBS `merge`: join the manifests of shards in a folder.

    Exit status: 0 done, 1 failed, 2 wrong usage, 4 files, 5 jobs were put aside, 130 interrupted, 143 terminated.

    \b
    farm batch jobs.jsonl --into clips
    farm batch jobs.jsonl --into clips --resume
    farm batch *.ph --seeds 0..199 --out "{score}/{seed:04}.wav" --cycles 2
    farm batch jobs.toml --dry-run
    farm batch jobs.jsonl --shard 2/8 --into clips
    farm batch merge clips
    """
    options = options_of({name: value for name, value in given.items() if name in SOUNDING})
    if jobs[0] == MERGE and not os.path.exists(MERGE):
        return merge(jobs[1:], given)

    from pathlib import Path

    from farm.batch.choosing import Selection, read_shard
    from farm.batch.orders import Placing, Splits, read_splits

    choice = Selection(
        resume=given["resume"] or given["check"],
        check=given["check"],
        failed=given["failed"],
        only=given["only"] or "",
        shard=None if given["shard"] is None else read_shard(given["shard"]),
    )
    placing = Placing(
        into=Path(given["into"] or "."),
        outs=given["out"],
        splits=Splits() if given["split"] is None else read_splits(given["split"]),
        samples=options.samples,
        environment=os.environ.get("FARM_SAMPLES"),
    )
    check_folder(placing.into)
    orders = ordered(jobs, common(given, options), placing)
    if given["dry_run"]:
        return dry_run(orders, choice, placing.into, given["as_json"])
    return run(orders, choice, placing.into, options, given)


SOUNDING = frozenset(
    (
        *("cycles", "duration", "from_", "to", "tail", "fade_in", "fade_out", "rate", "quality", "samples", "seed"),
        *(
            "set",
            "max_voices",
            "channels",
            "outputs_as_channels",
            "chunk",
            "cpu",
            "threads",
            "work_dir",
            "lenient",
            "bits",
        ),
        *("dither", "gain", "clip", "ceiling"),
    )
)


def common(given: Mapping[str, Any], options: RenderOptions) -> ForAll:
    """What the command line says for every job."""
    from farm.batch.expand import OPTION_FIELDS, ForAll

    said = strongest(click.get_current_context(), {name: given[name] for name in SOUNDING})
    deciding = {name: value for name, value in said.items() if name in OPTION_FIELDS.values()}
    return ForAll(deciding, dict(options.set), given["seeds"])


def ordered(jobs: Sequence[str], common: ForAll, placing: Placing) -> Sequence[Order]:
    """The orders of a list, or of scores. Raises UsageError, FileError, SampleError."""
    from farm.batch.listing import is_list
    from farm.batch.orders import listed_orders, orders_of
    from farm.errors import UsageError

    lists = [one for one in jobs if is_list(one)]
    if len(jobs) == 1 and (lists or not jobs[0].lower().endswith(".ph")):
        return listed_orders(jobs[0], common, placing)
    if lists:
        raise UsageError(f"JOBS is one list, or scores: {lists[0]} stands beside others", hint="one batch for each")
    return orders_of(jobs, common, placing)


def check_folder(into: Path) -> None:
    """Raises FileError for a file in the place of the folder of all outputs."""
    from farm.errors import FileError

    if into.exists() and not into.is_dir():
        raise FileError(
            f"--into {into}: it is a file, not a folder", hint="name a folder; one that is not there is made"
        )


def chosen_now(orders: Sequence[Order], choice: Selection, into: Path) -> list[Why]:
    """Why each order is to be done, or not, as the folder is now. Raises FileError."""
    from farm.batch.choosing import chosen
    from farm.batch.manifest import FAILED, entries, failed_files, manifests

    done = entries(manifests(into)) if choice.resume else {}
    failed = failed_files(manifests(into, FAILED)) if choice.resume or choice.failed else set()
    return chosen(orders, choice, done, failed, into)


def run(
    orders: Sequence[Order], choice: Selection, into: Path, options: RenderOptions, given: Mapping[str, Any]
) -> int:
    """Runs a batch, and says what became of it."""
    from farm.audio.partial import file_error
    from farm.batch.decide import RETRIES
    from farm.batch.lease import Lease
    from farm.batch.runners.local import LocalRunner, slots_of
    from farm.batch.running import BatchRun
    from farm.printer.batches import batch_progress
    from farm.printer.streams import tell_problems

    as_json, quiet = given["as_json"], given["quiet"] or given["as_json"]
    if not as_json:
        tell_problems(doubts(options))
    try:
        os.makedirs(into, exist_ok=True)
    except OSError as error:
        raise file_error(into, error) from error
    slots = slots_of(options.threads)
    with Lease(into, choice.shard) as lease, batch_progress(quiet, given["progress"]) as display:
        whys = chosen_now(orders, choice, into)
        todo = [order for order, why in zip(orders, whys) if not why.is_done]
        sweep_folders(todo, into)
        with Stopping() as stopping:
            retries = RETRIES if given["retries"] is None else given["retries"]
            batch_run = BatchRun(
                orders=orders,
                whys=whys,
                runner=LocalRunner(min(slots, max(1, len(todo))), into),
                lease=lease,
                watcher=display,
                retries=retries,
                fail_fast=given["fail_fast"],
                how={name: getattr(options, name) for name in WORK_FIELDS},
                interrupted=lambda: stopping.asked,
            )
            try:
                end = batch_run.run()
            finally:
                # What job processes left that were killed.
                sweep_folders(todo, into)
    return told(end, whys, batch_run.paths, as_json, given["quiet"])


class Stopping:
    """While a batch runs, the first Ctrl-C asks it to end with what is under way; the second ends it."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Stopping:
        self.before = signal.getsignal(signal.SIGINT)
        if self.before is interrupted:
            signal.signal(signal.SIGINT, self.ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self.before)

    def ask(self, number: int, frame: FrameType | None) -> None:
        """On SIGINT."""
        if self.asked:
            interrupted(number, frame)
        self.asked = True
        from farm.printer.streams import tell

        tell("ending with what is under way; once more ends it at once")


def sweep_folders(orders: Sequence[Order], into: Path) -> None:
    """Removes what batches of this host that were killed left in the folders of outputs, each once."""
    from farm.audio.partial import sweep

    for folder in {os.path.dirname(out) for order in orders for out in order.outs}:
        if os.path.isdir(into / folder):
            sweep(into / folder)


def told(end: Any, whys: Sequence[Why], paths: Mapping[str, Path], as_json: bool, quiet: bool) -> int:
    """Says what became of a batch; the exit status that goes with it. Raises FileError where its disk is full."""
    from collections import Counter

    from farm.batch.manifest import FAILED, NAME
    from farm.errors import FileError
    from farm.printer.batches import batch_summary, standing_as_json
    from farm.printer.streams import say, say_json
    from farm.quantities import counted

    left = Counter(why for why in whys if why.is_done)
    stands = end.standing
    undone = stands.todo - stands.done - stands.put_aside
    status = PUT_ASIDE if end.failures else 0
    if undone and end.stopped == "interrupted":
        status = INTERRUPTED
    elif undone and not end.failures:
        done = f"{stands.done} of {counted(stands.todo, 'job')} done"
        raise FileError(f"{end.stopped}; {done}", hint="the same command with --resume does the rest")
    if as_json:
        failures = [{"file": file, **failure.as_json()} for file, failure in end.failures]
        document = {
            "ok": status == 0,
            "status": status,
            **standing_as_json(stands),
            "left_alone": {str(why): n for why, n in left.items()},
        }
        say_json({**document, "manifest": str(paths[NAME]), "stopped": end.stopped, "failures": failures})
    elif not quiet:
        skipped = {why.of(count): count for why, count in left.items()}
        say(batch_summary(end, skipped, str(paths[NAME]), str(paths[FAILED])))
    return status


def dry_run(orders: Sequence[Order], choice: Selection, into: Path, as_json: bool) -> int:
    """Says what a batch would do."""
    from collections import Counter

    from farm.batch.foreseeing import foreseen
    from farm.printer.batches import dry_page
    from farm.printer.streams import say, say_json

    whys = chosen_now(orders, choice, into)
    todo = [order for order, why in zip(orders, whys) if not why.is_done]
    expected = {order.index: one for order, one in zip(todo, foreseen(todo))}
    seconds, bytes_ = sum(one.cpu_s for one in expected.values()), sum(one.size for one in expected.values())
    rows = []
    for order, why in zip(orders, whys):
        row: dict[str, Any] = {"files": list(order.outs), "render": not why.is_done, "why": str(why), **order.facts()}
        if order.index in expected:
            row.update(cpu_s=round(expected[order.index].cpu_s, 4), bytes=expected[order.index].size)
        rows.append(row)
    if as_json:
        splits = Counter(order.split for order in orders if order.split is not None)
        whole = {"todo": len(todo), "cpu_s": round(seconds, 3), "bytes": bytes_, "splits": dict(splits)}
        say_json({"ok": True, "status": 0, **whole, "jobs": rows})
    else:
        say(dry_page(rows, seconds, bytes_, len(todo)))
    return 0


def merge(folders: Sequence[str], given: Mapping[str, Any]) -> int:
    """Joins the manifests of shards."""
    from pathlib import Path

    from farm.batch.merging import merged
    from farm.errors import UsageError
    from farm.printer.streams import say, say_json
    from farm.quantities import counted

    named = [*folders, *([given["into"]] if given["into"] is not None else [])]
    if len(named) > 1:
        raise UsageError("merge joins the manifests of one folder", hint="farm batch merge DIR")
    made, failed = merged(Path(named[0] if named else "."))
    if given["as_json"]:
        say_json({"ok": True, "status": 0, "files": made, "failed": failed})
    else:
        say(f"{counted(made, 'file')} in the manifest" + (f", {counted(failed, 'failure')}" if failed else ""))
    return 0
