"""`farm render`: a score to a sound file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from farm.cli.completion import files, folders
from farm.cli.labelling import label_names, labels_option
from farm.cli.options import (
    backend_option,
    channels_option,
    file_options,
    json_option,
    options_of,
    score_argument,
    setting,
    sounding_options,
)
from farm.cli.settings import Configurable, in_command_line
from farm.cli.sounding import sounded
from farm.cli.stems import STEM_OPTIONS, STEMS, ext_of, stem_options, stem_options_of, without_stems

if TYPE_CHECKING:
    from pathlib import Path

    from farm.graph.score import Score
    from farm.options import RenderOptions
    from farm.rendering.report import Observer, Report
    from farm.rendering.session import Session


@click.command(cls=Configurable)
@score_argument
@click.argument("out", required=False, shell_complete=files)
@sounding_options
@channels_option
@backend_option
@file_options
@setting(
    "--stems", group=STEMS, metavar="DIR", shell_complete=folders, help="A file for each output besides, here.  [none]"
)
@stem_options
@setting(
    "--manifest",
    metavar="FILE",
    shell_complete=files,
    help="Add a line of JSON about OUT, as `farm batch` writes them, to FILE.  [none]",
)
@labels_option
@setting("--quiet", is_flag=True, help="Say errors and warnings only.  [off]")
@json_option
def render(score: str, out: str | None, manifest: str | None, quiet: bool, as_json: bool, **given: Any) -> None:
    """Render SCORE to the sound file OUT.

    OUT's extension says the format: .wav, .w64, .flac, .ogg or .oga (Vorbis), .aiff or .aif. Left out: the score's
    name with .wav, in this folder; `-`: WAV to standard output. SCORE `-` reads standard input. A score is endless:
    without a length, 8 cycles are rendered. --from and --to cut a part out of the whole: the same frames.

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 an error in the score, 4 samples or files, 130 interrupted,
    141 its reader left, 143 terminated.

    \b
    farm render song.ph
    farm render song.ph song.flac --duration 180 --tail none
    farm render song.ph part.wav --cycles 32 --from 8 --to 12
    farm render song.ph - | aplay -
    farm render song.ph song.wav --stems stems --mute o2
    farm render song.ph song.wav --labels jams,mid
    farm render song.ph --json --bits 32f | jq .sha256
    """
    from farm.errors import UsageError

    folder, labels = given.pop("stems"), given.pop("labels")
    if folder is None:
        without_stems(given)
        asked, options = None, options_of(given)
    else:
        if out == "-":
            raise UsageError("OUT `-` and --stems: a pipe holds no stems", hint="name a file for the mix")
        options = options_of({name: value for name, value in given.items() if name not in STEM_OPTIONS})
        asked = stem_options_of(given, ext_of(target_of(score, out, options)), as_json)
    target = None if out == "-" else target_of(score, out, options)
    stream = standard_output(as_json) if target is None else None
    wanted = label_names(labels, to_stdout=target is None)
    if manifest is not None and target is None:
        raise UsageError("--manifest tells of a file, and OUT is standard output", hint="name a file for the sound")

    def rendered(session: Session, loaded: Score, observer: Observer) -> Report:
        if stream is not None:
            return session.render_stream(loaded, stream, options, observer)
        assert target is not None
        if asked is not None:
            labelled = replace(asked, labels=wanted)
            report = session.stems(loaded, folder, options, labelled, observer, mix=target)
        else:
            measured = manifest is not None
            report = session.render_file(loaded, target, options, observer, measured=measured, labels=wanted)
        if manifest is not None:
            from farm.batch.single import add_line
            from farm.errors import FileError

            try:
                add_line(manifest, target, loaded, options, report)
            except FileError as wrong:
                raise FileError(f"{wrong.message}; the sound is whole, in {target}", hint=wrong.hint) from wrong
        return report

    sounded(score, options, quiet, as_json, rendered, to_stdout=target is None)


def standard_output(as_json: bool) -> BinaryIO:
    """Standard output, for sound. Raises UsageError where no sound can go."""
    from farm.errors import UsageError

    if as_json:
        raise UsageError("OUT `-` and --json both want standard output", hint="name a file for the sound")
    if sys.stdout is None:
        raise UsageError("OUT `-`: standard output is closed", hint="name a file for the sound")
    if sys.stdout.isatty():
        raise UsageError(
            "OUT `-`: standard output is a terminal, which cannot play WAV",
            hint="pass it on (farm render SCORE - | aplay -), or name a file",
        )
    return sys.stdout.buffer


def target_of(score: str, out: str | None, options: RenderOptions) -> Path:
    """The file to write. Raises UsageError for a name that cannot be meant, or a format that cannot hold the frames."""
    from pathlib import Path

    from farm.audio.formats import check_clip, check_container, check_holds, file_named, format_of
    from farm.errors import UsageError

    if out is None:
        if score == "-":
            raise UsageError(
                "a score from standard input has no name: say where to write", hint="farm render - OUT.wav"
            )
        name = Path(score).name
        out = f"{(name[:-3] if name.lower().endswith('.ph') else name) or 'out'}.wav"
    target = file_named(out)
    if os.path.exists(score) and os.path.exists(out) and os.path.samefile(score, out):
        raise UsageError(f"OUT {out} is the score itself", hint="name another file; it would be overwritten")
    form = format_of(target)
    check_holds(form, options.rate, options.bits, 2)
    check_clip(form, options.clip, options.bits)
    check_container(form, options.container, options.markers is not None)
    if not form.bits and in_command_line("bits"):
        raise UsageError(f"--bits {options.bits}: {form.name} has no bits to choose", hint="leave --bits out")
    return target
