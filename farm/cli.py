"""The command line: reads options, calls, prints.

Everything but click is imported inside the commands, so that `farm --help` starts at once.
"""

from __future__ import annotations

import io
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from farm import __version__

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from farm.errors import FarmError, Notice
    from farm.options import RenderOptions

FAILED, USAGE, INTERRUPTED, TERMINATED = 1, 2, 130, 143
BACKENDS = ("auto", "inline", "local")
LEVELS = ("v2", "v3", "v4")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
EXACT = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15}|\d{1,15}/\d{1,15})", re.ASCII)

Command = Callable[..., Any]


def exact(text: str) -> Fraction:
    """A number kept as a fraction: `8`, `1/3`, `2.5`."""
    from fractions import Fraction

    if not EXACT.fullmatch(text):
        raise click.BadParameter(f"`{text}` is not a number: write 8, 2.5 or 1/3")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise click.BadParameter(f"`{text}` divides by zero") from None


def whole(text: str) -> int:
    """A whole number of at most 63 bits."""
    if re.fullmatch("[0-9]{1,19}", text) and int(text) < 2**63:
        return int(text)
    raise click.BadParameter(f"`{text}` is not a whole number from 0 to {2**63 - 1}")


def tail(text: str) -> str | float:
    """`auto`, `none`, or seconds."""
    if text in {"auto", "none"}:
        return text
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"`{text}` is neither auto nor none nor a number of seconds") from None


def threads(text: str) -> int | None:
    """`auto` (None) or a number of workers."""
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError:
        raise click.BadParameter(f"`{text}` is neither auto nor a whole number") from None


class Commands(click.Group):
    """The commands, with a word for who names a score where a command stands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it."""
        if args[0].endswith(".ph") and self.get_command(ctx, args[0]) is None:
            raise click.UsageError(f"`{args[0]}` is a score; to render it: farm render {args[0]}", ctx)
        return super().resolve_command(ctx, args)


def options(*several: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """One decorator from several, first on top."""

    def decorate(command: Command) -> Command:
        for option in reversed(several):
            command = option(command)
        return command

    return decorate


# Parameters are called as the fields of RenderOptions. Its defaults, repeated in the help, stand in for the rest.
sounding_options = options(
    click.option("--cycles", type=exact, metavar="N", help="Length in cycles (8, 1/3, 2.5).  [8]"),
    click.option("--duration", "duration_s", type=exact, metavar="SECONDS", help="Length in seconds."),
    click.option("--from", "from_cycle", type=exact, metavar="N", help="Render only from this cycle on."),
    click.option("--to", "to_cycle", type=exact, metavar="N", help="Render only up to this cycle."),
    click.option("--rate", type=int, metavar="HZ", help="Sample rate.  [44100]"),
    click.option("--quality", type=click.Choice(["draft", "good", "best"]), help="Of sample playback.  [good]"),
    click.option("--fade-in", "fade_in_s", type=float, metavar="SECONDS", help="At the beginning.  [0.01]"),
    click.option("--fade-out", "fade_out_s", type=float, metavar="SECONDS", help="At the end.  [0.01]"),
    click.option("--tail", type=tail, metavar="auto|none|SECONDS", help="How long it rings on.  [auto]"),
    click.option("--seed", type=whole, metavar="N", help="Of everything random.  [0]"),
    click.option("--chunk", "chunk_frames", type=int, metavar="FRAMES", help="Frames of one task.  [2048]"),
    click.option("--cpu", type=click.Choice(LEVELS), help="Level of machine code.  [this machine's best]"),
    click.option("--threads", type=threads, metavar="N|auto", help="Worker processes.  [auto: CPUs allowed]"),
    click.option("--backend", type=click.Choice(BACKENDS), help="This process or a pool, by the work.  [auto]"),
    click.option("--work-dir", metavar="FOLDER", help="Map the arena to a file here, not to shared memory."),
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on standard output.")
score_argument = click.argument("score")


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(__version__, message="farm %(version)s")
@click.pass_context
def farm(ctx: click.Context) -> None:
    """Render .ph scores to sound files.

    \b
    farm render song.ph                 8 cycles, to song.wav
    farm render song.ph a.wav --cycles 32 --bits 16
    farm check song.ph                  errors and warnings, no sound
    farm nodes lpf                      all about one node

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 an error in the score, 4 samples or files, 130 interrupted.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(USAGE)


@farm.command()
@score_argument
@click.argument("out", required=False)
@sounding_options
@click.option("--bits", type=click.Choice(["16", "24", "32f"]), help="Of a frame and channel.  [24]")
@click.option("--gain", type=float, metavar="FACTOR", help="Of everything.  [0.8]")
@click.option("--quiet", is_flag=True, help="Errors and warnings only.")
@json_option
def render(score: str, out: str | None, quiet: bool, as_json: bool, **given: Any) -> None:
    """Render SCORE to the WAV file OUT.

    OUT left out: the score's name with .wav, in this folder. SCORE `-` reads standard input. A score is endless:
    without a length, 8 cycles are rendered. --from and --to cut a part out of the whole: the same frames.

    \b
    farm render song.ph
    farm render song.ph song.wav --duration 180 --tail none
    farm render song.ph part.wav --cycles 32 --from 8 --to 12
    farm render song.ph --json --bits 32f | jq .sha256
    """
    with failures(as_json):
        options = options_of(given)
        target = target_of(score, out)

        from farm.options import DEFAULT_CYCLES
        from farm.printer.pages import level_warnings, summary
        from farm.printer.progress import progress
        from farm.printer.streams import problem_as_json, say, say_json, tell
        from farm.render.job import load, render_file

        silent = quiet or as_json
        loaded = load(score, seed=options.seed)
        tell_all(loaded.notices)
        if options.cycles is options.duration_s is options.to_cycle is None and not silent:
            tell(f"a score is endless: rendering {DEFAULT_CYCLES} cycles (--cycles or --duration say how much)")
        with progress(options.rate, silent) as observer:
            report = render_file(loaded, target, options, observer)
        later = [*(one for one in report.notices if one not in loaded.notices), *level_warnings(report, options.gain)]
        tell_all(later)
        warnings = [*loaded.notices, *later]
        if as_json:
            measured = {key: value for key, value in report.as_json().items() if key != "notices"}
            say_json({"ok": True, "status": 0, **measured, "warnings": [*map(problem_as_json, warnings)]})
        elif not quiet:
            say(summary(report, len(warnings)))


@farm.command()
@score_argument
@json_option
def check(score: str, as_json: bool) -> int:
    """Say what is wrong in SCORE, without rendering it.

    Exit status 3 when there are errors; warnings alone are status 0.

    \b
    farm check song.ph
    farm check song.ph --json
    """
    with failures(as_json):
        from farm.printer.numbers import counted
        from farm.printer.streams import problem_as_json, say, say_json

        errors, warnings = problems_of(score)
        status = errors[0].status if errors else 0
        if as_json:
            lists = {"errors": [*map(problem_as_json, errors)], "warnings": [*map(problem_as_json, warnings)]}
            say_json({"ok": not errors, "status": status, **lists})
            return status
        tell_all([*errors, *warnings])
        found = counted(len(errors), "error") if errors else "no errors"
        say(f"{found}, {counted(len(warnings), 'warning')}" if warnings else found)
        return status


@farm.command()
@score_argument
@sounding_options
@json_option
def plan(score: str, as_json: bool, **given: Any) -> None:
    """Show how SCORE would be rendered.

    Groups, their nodes with what these remember, tasks, voices at once, the arena's size, the critical path.

    \b
    farm plan song.ph
    farm plan song.ph --cycles 64 --json
    """
    with failures(as_json):
        options = options_of(given)

        from farm.printer.pages import plan_page
        from farm.printer.streams import problem_as_json, say, say_json
        from farm.render.explaining import explain
        from farm.render.job import load

        loaded = load(score, seed=options.seed)
        tell_all(loaded.notices)
        explanation = explain(loaded, options)
        if as_json:
            warnings = [problem_as_json(one) for one in loaded.notices]
            say_json({"ok": True, "status": 0, **explanation.as_json(), "warnings": warnings})
        else:
            say(plan_page(explanation))


@farm.command()
@click.argument("name", required=False)
def nodes(name: str | None) -> None:
    """List the nodes of the language, or say all about NAME.

    \b
    farm nodes
    farm nodes lpf
    """
    from farm.graph.calling import signature
    from farm.printer.pages import node_page, nodes_page
    from farm.printer.streams import say
    from workers.catalog import catalog, language

    if name is None:
        say(nodes_page([(one, signature(one)) for one in catalog().values() if one.role != "internal"]))
    elif name in language():
        say(node_page(language()[name], signature(language()[name])))
    else:
        raise unknown_node(name)


@farm.command()
@click.option("--cpu", multiple=True, type=click.Choice([*LEVELS, "all"]), help="Level, or all; may be repeated.")
@click.option("--quiet", is_flag=True, help="Errors only.")
def warmup(cpu: tuple[str, ...], quiet: bool) -> None:
    """Compile every kernel ahead, so that no render has to.

    \b
    farm warmup                         for this machine
    farm warmup --cpu v2 --cpu v3       for other machines
    farm warmup --cpu all
    """
    from farm.options import RenderOptions
    from farm.printer.numbers import counted
    from farm.printer.progress import progress
    from farm.printer.streams import say
    from farm.render.job import warmup

    levels = LEVELS if "all" in cpu else tuple(dict.fromkeys(cpu))
    with progress(RenderOptions().rate, quiet) as observer:
        ready = warmup(levels, observer)
    if not quiet:
        say(f"{counted(ready, 'kernel')} ready")


@farm.command()
@score_argument
@sounding_options
@json_option
def verify(score: str, as_json: bool, **given: Any) -> int:
    """Render SCORE in different ways and compare the frames.

    One worker, all of them, other lengths of chunks and windows, a worker killed on the way: every render must give
    the same bytes. Exit status 1 when one does not.

    \b
    farm verify song.ph --cycles 16
    farm verify song.ph --threads 8
    """
    with failures(as_json):
        options = options_of(given)

        from dataclasses import asdict

        from farm.printer.pages import verdict_line
        from farm.printer.streams import say, say_json, tell
        from farm.render.job import load
        from farm.render.verify import verify

        verdicts = []
        loaded = load(score, seed=options.seed)
        for verdict in verify(loaded, options, lambda trial: tell(f"rendering: {trial.name}")):
            verdicts.append(verdict)
            if not as_json:
                say(verdict_line(verdict))
        same = all(verdict.same for verdict in verdicts)
        if as_json:
            rows = [{"trial": v.trial.name, **{k: w for k, w in asdict(v).items() if k != "trial"}} for v in verdicts]
            say_json({"ok": same, "status": 0 if same else 1, "verdicts": rows})
        else:
            say(f"{len(verdicts)} renders, {'all the same bytes' if same else 'NOT the same bytes'}")
        return 0 if same else 1


def options_of(given: dict[str, Any]) -> RenderOptions:
    """What the command line gives, the rest by default. Raises UsageError when senseless."""
    from farm.options import RenderOptions

    return RenderOptions(**{name: value for name, value in given.items() if value is not None})


def target_of(score: str, out: str | None) -> Path:
    """The file to write. Raises UsageError for a name that cannot be meant."""
    from pathlib import Path

    from farm.errors import UsageError

    if out is None:
        if score == "-":
            raise UsageError(
                "a score from standard input has no name: say where to write", hint="farm render - OUT.wav"
            )
        out = f"{Path(score).name.removesuffix('.ph') or 'out'}.wav"
    target = Path(out)
    example = f"for example {target.with_suffix('.wav') if target.name else 'out.wav'}"
    if "\0" in out or not out:
        raise UsageError("OUT is not the name of a file", hint=example)
    if target.is_dir() or out.endswith("/"):
        raise UsageError(f"{out} is a folder; OUT is a file", hint=f"for example {target / 'out.wav'}")
    if os.path.exists(score) and os.path.exists(out) and os.path.samefile(score, out):
        raise UsageError(f"OUT {out} is the score itself", hint="name another file; it would be overwritten")
    if target.suffix.lower() != ".wav":
        raise UsageError(f"{out} does not end in .wav, and only WAV is written", hint=example)
    return target


def problems_of(score: str) -> tuple[list[FarmError], list[Notice]]:
    """Errors, in the order of the text, and warnings of a score. Raises FileError or ScoreError if it is no text.

    While a statement cannot be read it is not known what the others mean (a bus that seems to be missing may stand in
    that statement), so that the graph is asked for its errors when the text has none.
    """
    from farm.audio.samples import SampleLibrary
    from farm.errors import ScoreError
    from farm.graph.build import build
    from farm.graph.calling import function_names
    from farm.graph.checks import problems
    from farm.score import parse_all, read_source

    program, found = parse_all(read_source(score), function_names())
    errors: list[FarmError] = [*found]
    warnings = list(program.notices)
    if not errors:
        try:
            graph = build(program, seed=0, errors=errors)
            warnings += graph.notices
            if not errors:
                errors += problems(graph, SampleLibrary())
        except ScoreError as error:
            errors.append(error)
    errors = list({(error.loc, error.message): error for error in errors}.values())
    errors.sort(key=lambda error: (error.loc.line, error.loc.column) if error.loc else (0, 0))
    return errors, list(dict.fromkeys(warnings))


def unknown_node(name: str) -> FarmError:
    """The error for a name that is no node, with the nearest one."""
    from farm.errors import UsageError, suggestion
    from farm.graph.calling import function_names
    from farm.pattern.register import TRANSFORMS
    from workers.catalog import language

    if name in TRANSFORMS:
        transform = TRANSFORMS[name]
        hint = f"written as `{transform.signature}`; {transform.doc}"
        return UsageError(f"`{name}` is a transform of patterns, not a node", hint=hint)
    if name in function_names():
        return UsageError(f"`{name}` starts or changes voices, it is not a node", hint="`farm nodes` lists the nodes")
    hint = suggestion(name, language()) or "`farm nodes` lists them all"
    return UsageError(f"no node is called `{name}`", hint=hint)


def tell_all(problems: Sequence[FarmError | Notice]) -> None:
    """Errors and warnings, on standard error."""
    from farm.printer.streams import tell_problem

    for problem in problems:
        tell_problem(problem)


@contextmanager
def failures(as_json: bool) -> Iterator[None]:
    """With --json, an error is a JSON document too."""
    if not as_json:
        yield
        return
    from farm.errors import FarmError
    from farm.printer.streams import failure_as_json, say_json

    try:
        yield
    except FarmError as error:
        say_json(failure_as_json(error))
        raise


def told(problem: Exception) -> int:
    """Says what went wrong; the exit status that goes with it."""
    from farm.errors import FarmError, FileError, RenderError, UsageError
    from farm.printer.streams import tell, tell_problem

    match problem:
        case FarmError():
            shown = problem
        case click.UsageError():
            hint = f"see `{problem.ctx.command_path} --help`" if problem.ctx else None
            shown = UsageError(problem.format_message(), hint=hint)
        case click.ClickException():
            shown = UsageError(problem.format_message())
        case Exception() if type(problem).__name__ == "NodeFileError":
            hint = "FARM_NODES names the folder; README shows a node in ten lines"
            shown = UsageError(f"this file of yours does not define a node: {problem}", hint=hint)
        case MemoryError():
            shown = RenderError("out of memory", hint="render fewer cycles, or fewer voices at once")
        case OSError(strerror=str(reason)):
            name = f"{problem.filename}: " if problem.filename else ""
            shown = FileError(f"{name}{reason}")
        case _:
            if os.environ.get("FARM_DEBUG") == "1":
                import traceback

                tell("".join(traceback.format_exception(problem)).rstrip())
            text = " ".join(f"{type(problem).__name__}: {problem}".split())
            hint = "please report it with the score; FARM_DEBUG=1 shows where it happened"
            shown = RenderError(f"internal error: {text}: this is a bug in farm", hint=hint)
    tell_problem(shown)
    return shown.status


def run(args: Sequence[str] | None = None) -> int:
    """Runs one command line (default: this process's own); the exit status, whatever happens."""
    try:
        status = farm.main(args=args, prog_name="farm", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED
    except Exception as problem:  # noqa: BLE001
        return told(problem)
    return status if isinstance(status, int) else 0


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. A type of its own: an interpreter that has seen a plain KeyboardInterrupt leave any `exec` of a text
    (dataclasses and namedtuples are made by one) kills itself with SIGINT at its end, whatever the exit status."""


def interrupted(*_: object) -> NoReturn:
    """On SIGINT."""
    raise Interrupted


def terminated(*_: object) -> NoReturn:
    """On SIGTERM and SIGHUP: leaves through every `finally`, so that no partial file and no memory stays behind."""
    sys.exit(TERMINATED)


def main() -> NoReturn:
    """The console entry: one thread, and never a traceback."""
    for ending in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, ending):
            signal.signal(getattr(signal, ending), terminated)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupted)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    status = run()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as problem:
        if not isinstance(problem, BrokenPipeError):
            status = status or told(problem)
        # What Python still holds for standard output goes nowhere, or the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = status or FAILED
    sys.exit(status)
