"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from farm.cli import completion, values
from farm.cli.settings import Setting, load_config, strongest
from workers.levels import NAMES

if TYPE_CHECKING:
    from farm.options import RenderOptions

BACKENDS = ("auto", "inline", "local")
LEVELS = NAMES
LENGTH, SOUND, WORK = "length", "sound", "work (the frames are the same)"
"""Groups of options in helps."""

Command = Callable[..., Any]


def options(*several: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """One decorator from several, first on top."""

    def decorate(command: Command) -> Command:
        for option in reversed(several):
            command = option(command)
        return command

    return decorate


def setting(*declarations: str, **attributes: Any) -> Callable[[Command], Command]:
    """An option that variables and configuration files can set too."""
    return click.option(*declarations, cls=Setting, **attributes)


config_option = setting(
    "--config",
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=load_config,
    shell_complete=completion.files,
    help="TOML file of settings, called as these options: rate = 48000.  [none]",
)
samples_option = setting(
    "--samples",
    group=SOUND,
    layered=True,
    multiple=True,
    metavar="FOLDER",
    shell_complete=completion.folders,
    help="Folder of sample banks; may be repeated, the last one is searched first.  [none]",
)
lenient_option = setting("--lenient", is_flag=True, help="Leave out what cannot be rendered, with a warning.  [off]")
set_option = setting(
    "--set",
    group=SOUND,
    type=values.named,
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for `tempo`, or for a bus that is one number or string; may be repeated.  [as written]",
)
# Parameters are called as the fields of RenderOptions. Its defaults and ranges, repeated in the help, hold.
sounding_options = options(
    setting(
        "--cycles",
        group=LENGTH,
        type=values.exact,
        metavar="N",
        help="Length in cycles (8, 2.5, 1/3), above 0 to 10000000.  [8]",
    ),
    setting(
        "--duration",
        group=LENGTH,
        type=values.exact,
        metavar="SECONDS",
        help="Length in seconds, instead of --cycles, above 0 to 10000000.  [none]",
    ),
    setting(
        "--from",
        "from_",
        group=LENGTH,
        type=values.exact,
        metavar="N",
        help="First cycle of the part to keep, 0 or more.  [0]",
    ),
    setting(
        "--to",
        group=LENGTH,
        type=values.exact,
        metavar="N",
        help="Cycle at which that part ends, above --from to 10000000.  [the end]",
    ),
    setting(
        "--tail",
        group=LENGTH,
        type=values.tail,
        metavar="auto|none|SECONDS",
        help="How long it rings on: until silent (at most 30 s), not at all, or 0 to 3600 seconds.  [auto]",
    ),
    setting(
        "--fade-in",
        group=LENGTH,
        type=float,
        metavar="SECONDS",
        help="At the beginning, 0 to 3600 seconds.  [0.01]",
    ),
    setting(
        "--fade-out",
        group=LENGTH,
        type=float,
        metavar="SECONDS",
        help="At the end, 0 to 3600 seconds.  [0.01]",
    ),
    setting("--rate", group=SOUND, type=int, metavar="HZ", help="Sample rate in Hz, 8000 to 384000.  [44100]"),
    setting(
        "--quality",
        group=SOUND,
        type=values.Choice(["draft", "good", "best"]),
        help="Of sample playback and oscillators.  [good]",
    ),
    samples_option,
    setting(
        "--seed",
        group=SOUND,
        type=values.whole,
        metavar="N",
        help=f"Of everything random, a whole number to {2**63 - 1}.  [0]",
    ),
    set_option,
    setting(
        "--max-voices",
        group=SOUND,
        type=int,
        metavar="N",
        help="Voices at once, 1 to 1000000; a further one fades out the oldest within 5 ms.  [no limit]",
    ),
    setting(
        "--outputs-as-channels",
        group=SOUND,
        is_flag=True,
        help="Output 1 is the left channel, 2 the right, further ones further channels, in order; each the mean of its"
        " sides. `out` keeps its sides: left and right.  [off: all summed into stereo]",
    ),
    setting(
        "--chunk",
        group=WORK,
        type=int,
        metavar="FRAMES",
        help="Of one task, 64 to 1048576 frames.  [4096]",
    ),
    setting(
        "--cpu",
        group=WORK,
        type=values.Choice(LEVELS),
        help="Level of machine code, x86-64-v2 to v4.  [this machine's best]",
    ),
    setting(
        "--threads",
        group=WORK,
        type=values.threads,
        metavar="N|auto",
        help="Worker processes, 1 to 1024.  [auto: as many as CPUs allowed]",
    ),
    setting(
        "--work-dir",
        group=WORK,
        metavar="FOLDER",
        shell_complete=completion.folders,
        help="Map the arena to a file here.  [none: shared memory]",
    ),
    lenient_option,
    config_option,
)
channels_option = setting(
    "--channels",
    group=SOUND,
    type=values.Choice(["stereo", "mono"]),
    help="Left and right, or one channel: their mean.  [stereo]",
)
backend_option = setting(
    "--backend",
    group=WORK,
    type=values.Choice(BACKENDS),
    help="This process, a pool, or by the work.  [auto]",
)
file_options = options(
    setting(
        "--bits",
        group=SOUND,
        type=values.Choice(["16", "24", "32f"]),
        help="Of a frame and channel: whole numbers, or 32 bit float (WAV and AIFF). Ogg has none.  [24]",
    ),
    setting(
        "--container",
        group=SOUND,
        type=values.Choice(["wav", "rf64", "w64"]),
        help="Of .wav files: WAV, which becomes RF64 above 4 GiB, or RF64 at any size; w64 goes with .w64.  [wav]",
    ),
    setting(
        "--markers",
        group=SOUND,
        type=values.Choice(["cycles"]),
        help="Cue points with labels in WAV files, where each cycle begins.  [none]",
    ),
    setting(
        "--dither",
        group=SOUND,
        type=values.Choice(["tpdf", "shaped", "none"]),
        help="The noise under 16 and 24 bits: white, more of it in high frequencies, where less is heard, or none."
        " Digital silence stays silent.  [tpdf]",
    ),
    setting("--gain", group=SOUND, type=float, metavar="FACTOR", help="Of everything, 0 to 100.  [0.8]"),
    setting(
        "--clip",
        group=SOUND,
        type=values.Choice(["limit", "warn", "error", "rescale", "none"]),
        help="What is too loud: turned down by a look-ahead limiter, cut off at full scale with a warning,"
        " an error, everything turned down alike, or left alone (--bits 32f only).  [limit]",
    ),
    setting(
        "--normalize",
        group=SOUND,
        metavar="LOUDNESS",
        help="Turn all up or down alike, instead of --clip: peak=-1 (dBFS), lufs=-14, or lufs=-16,tp=-1 with a true"
        " peak that is not passed (else --ceiling).  [none]",
    ),
    setting("--ceiling", group=SOUND, type=float, metavar="DBTP", help="True peak that the limiter leaves.  [-1]"),
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on standard output.  [off]"
)
score_argument = click.argument("score", shell_complete=completion.scores)


def options_of(given: dict[str, Any]) -> RenderOptions:
    """What the command line, variables and the configuration file give, the rest by default.

    Raises UsageError when senseless.
    """
    from farm.options import RenderOptions

    return RenderOptions(**strongest(click.get_current_context(), given))
