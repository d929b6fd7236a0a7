"""Scores that ask for the impossible, each tried in a process of its own: what was said, time and memory it took.

Run as a program it prints a line of JSON for each.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from fractions import Fraction

DEEP = 5000
TWICE = 40
"""Buses of which each uses the one before twice."""


def doubled(first: str, use: str, last: str) -> str:
    """A chain of buses `~m0` ... where each uses the one before it twice."""
    return "\n".join([first, *(use.format(one, one - 1) for one in range(1, TWICE)), last.format(TWICE - 1)])


HOSTILE = {
    "a thousand million hits": 'out: s "bd*1000000000"',
    "by a pattern": 'out: s "bd*<1000000000 2>"',
    "a thousand million steps": 'out: s "bd!1000000000"',
    "in brackets": 'out: s "[[bd*1000]*1000]*1000"',
    "a range": '~x: saw 110\nout: s "~x*4" # note "0 .. 1000000000"',
    "a rhythm": 'out: s "bd(3,1000000000)"',
    "a rhythm of patterns": 'out: s "bd(<3 1000000>,<8 1000000>)"',
    "a polymeter": 'out: s "{bd sn}%1000000000"',
    "a fast transform": 'out: s "bd" $ fast 1000000000',
    "a fast transform by a pattern": 'out: s "bd" $ fast "<1 1000000000>"',
    "fast after slow": 'out: s "bd hh" $ slow 1000000000000 $ fast 999999999999.1',
    "doubling transforms": 'out: s "bd"' + " $ superimpose (fast 2)" * 40,
    "echoes of echoes": 'out: s "bd"' + " $ stut 64 0.01 0.5" * 4,
    "parentheses": "out: " + "(" * DEEP + "1" + ")" * DEEP,
    "brackets": 'out: s "' + "[" * DEEP + "bd" + "]" * DEEP + '"',
    "open brackets": "out: " + "(" * 100_000,
    "transforms in transforms": 'out: s "bd" $ ' + "every 2 (" * DEEP + "rev" + ")" * DEEP,
    "a sum": "out: " + "+".join(["sine 1"] * DEEP),
    "a chain": "out: saw 100" + " # lpf 800 1" * DEEP,
    "transforms": 'out: s "bd"' + " $ rev" * DEEP,
    "a pattern of a megabyte": 'out: s "' + "bd " * 350_000 + '"',
    "digits": "out: saw 1" + "0" * 100_000,
    "digits behind the point": "out: saw 0." + "0" * 100_000 + "1",
    "digits in a pattern": 'out: s "bd*1' + "0" * 10_000 + '"',
    "patterns of factors": 'out: s "<bd sn cp>' + "*<1.1 1.2 1.3>" * 40 + '"',
    "an index": 'out: s "bd:99999999999999999999999"',
    "doubled effects": doubled("~m0 # lpf 800 1", "~m{0} # gain 1 # ~m{1} # ~m{1}", "out: saw 110 # ~m{0}"),
    "doubled transforms": doubled("~m0 $ rev", "~m{0} $ ~m{1} $ ~m{1}", 'out: s "bd" $ ~m{0}'),
    "doubled sums": doubled('~m0: s "bd"', "~m{0}: ~m{1} + ~m{1}", "out: ~m{0} $ rev"),
    "a modifier of itself": "~m # lpf 800 1 # ~m\nout: saw 110 # ~m",
    "two modifiers of each other": "~m # lpf 800 1 # ~k\n~k # hpf 30 1 # ~m\nout: saw 110 # ~m",
}
"""Each ends in an error."""

HEAVY = {
    "a tempo": 'tempo: 1000000000000000\nout: s "bd"',
    "a slow tempo": 'tempo: 0.0000000000001\nout: s "bd*8"',
    "a hap that never ends": 'out: s "bd" $ slow 1000000000000000',
    "a slow step": 'out: s "bd/1000000000"',
    "a shift": 'out: s "bd" $ late 1000000000000',
    "a release": 'out: s "bd*8" # adsr 1 1 1 1000000000000',
    "an echo": 'out: s "bd*8" # delay 1000000000 0.5 0.5',
    "a note": '~a: saw 110\nout: s "~a" # note "99999999999999"',
    "a choke group": 'out: s "bd*100" # cut 1000000000000',
    "doubled signals": doubled("~m0: saw 110", "~m{0}: ~m{1} + ~m{1}", 'out: s "~m{0}" # gain 0'),
    "voices of voices": doubled("~m0: saw 110", '~m{0}: s "~m{1}*2"', "out: ~m{0}"),
    "periods without end": 'out: s "' + ", ".join("<" + "bd " * n + ">" for n in (7, 11, 13, 17, 19, 23, 29)) + '"',
}
"""Each is rendered, clamped where it must be."""


def tried(text: str) -> dict[str, object]:
    """Reads a score and renders a quarter of a second of it."""
    from farm.errors import FarmError
    from farm.graph.score import understand
    from farm.options import RenderOptions
    from farm.rendering.session import render
    from farm.score import Source

    began_s, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said, kind = "", "rendered"
    options = RenderOptions(duration=Fraction(1, 4), rate=8000, tail="none", backend="inline")
    try:
        render(understand(Source("hostile.ph", text)), options)
    except FarmError as error:
        kind, said = type(error).__name__, error.message
        if error.loc is None:
            kind = "error without a place"
    except BaseException as error:  # noqa: BLE001
        kind, said = type(error).__name__, str(error)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"kind": kind, "said": said, "cpu_s": time.process_time() - began_s, "grown_mb": grown / 1024}


def main() -> None:
    """Tries every score in a fork of this process, which has loaded all there is to load."""
    tried('out: s "bd" + (saw 110 # lpf 300 1)')
    for name, text in {**HOSTILE, **HEAVY}.items():
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            _, status = os.waitpid(pid, 0)
            if status:
                print(json.dumps({"name": name, "kind": f"died: {status}", "said": "", "cpu_s": 0, "grown_mb": 0}))
            continue
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
        print(json.dumps({"name": name, **tried(text)}), flush=True)
        os._exit(0)


if __name__ == "__main__":
    main()
