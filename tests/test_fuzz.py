"""scripts/fuzz: random scores reach the whole language, failures are found, made short, saved and told."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from farm.graph.vocabulary import MODIFIERS
from farm.pattern.register import transforms
from scripts.fuzzing import fuzz, trial
from scripts.fuzzing.fuzz import Share, Tally, farmed, tries
from scripts.fuzzing.minimise import minimised
from scripts.fuzzing.scores import score
from scripts.fuzzing.trial import Outcome
from workers.catalog import language

ROOT = Path(__file__).resolve().parent.parent


def test_a_few_hundred_scores_do_no_harm() -> None:
    """Each is rendered or is an error with a place; most are rendered, by far the most words in one of them."""
    command = [str(ROOT / "scripts/fuzz"), "--count", "200", "--seed", "4", "--jobs", "1", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {
        line.split(maxsplit=1)[1]: int(line.split()[0].replace(",", "")) for line in done.stdout.splitlines()[1:-1]
    }
    assert sum(counts.values()) == 200
    assert counts["rendered"] + counts["warned"] > 90
    assert counts["score error"] > 20
    missed = done.stdout.splitlines()[-1].removeprefix("  rendered without: ").split()
    assert len(missed) < 16, missed


def test_scores_use_every_name_and_every_sign() -> None:
    words = Counter[str]()
    signs = Counter[str]()
    for number in range(2500):
        text = score(0, number)
        words.update(set(trial.WORD.findall(text)))
        signs.update(set(text))
    missed = {*language(), *transforms(), *MODIFIERS, "synthdef", "bpm", "out2"} - words.keys()
    assert not missed
    assert set('[]<>{}()*/!@?|,.:%_~#$"') <= signs.keys()
    assert score(0, 7) == score(0, 7)
    assert len({score(0, number) for number in range(200)}) > 195
    assert score(1, 7) != score(0, 7)


def test_the_shortest_failing_text_is_found() -> None:
    text = 'cps: 2\n~a: saw 110\nout: s "bd*4 hh" # gain 0.5 # reverb 0.5 0.5\no2: ~a\n'
    assert minimised(text, lambda shorter: "reverb" in shorter and "bd" in shorter) == '"bd*4 hh"reverb'
    assert minimised(text, lambda _: False) == text
    asked = []
    minimised(text * 50, lambda shorter: bool(asked.append(shorter)), tries=20)
    assert len(asked) == 20


class Fake:
    """A laboratory where scores with a delay fail."""

    def __init__(self) -> None:
        self.words = Counter({"delay": 3})
        self.session = contextlib.ExitStack()

    def trial(self, text: str, *, compare: bool) -> Outcome:
        return Outcome("ValueError", "no in delay (delay.py:3)") if "delay" in text else Outcome("rendered")


def test_a_failure_is_made_short_and_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(trial, "Laboratory", Fake)
    monkeypatch.setattr(fuzz, "SAVED", tmp_path)
    tries(0, range(60), 8)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    done = [line for line in lines if "done" in line]
    assert [line["done"] for line in done] == list(range(60))
    bad = [line for line in done if line["kind"] == "ValueError"]
    assert bad
    assert {line["text"] for line in bad} == {"delay"}
    assert [line["done"] for line in bad] == [number for number in range(60) if "delay" in score(0, number)]
    tally = Tally(0, 60, quiet=True)
    for line in done:
        tally.add(line["done"], line["kind"], line["detail"], line["text"])
    said = capsys.readouterr().out
    assert f"scripts/fuzz --seed 0 --only {bad[0]['done']}\n" in said
    assert len(list(tmp_path.iterdir())) == 3, "of one place three are kept"
    assert (tmp_path / f"0-{bad[0]['done']}.ph").read_text() == "delay"
    assert f"{len(bad)}  failed  ValueError: delay (delay.py:3)" in tally.summary()


def test_a_process_that_dies_is_a_failure_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuzz, "SAVED", tmp_path)
    code = """
import json, os, sys
for number in range(*map(int, sys.argv[1:])):
    print(json.dumps({"begun": number}), flush=True)
    if number == 5:
        os.abort()
    print(json.dumps({"done": number, "kind": "rendered", "detail": "", "text": ""}), flush=True)
"""

    def start(share: Share) -> None:
        left = map(str, (share.left.start, share.left.stop, share.left.step))
        share.process = subprocess.Popen([sys.executable, "-c", code, *left], stdout=subprocess.PIPE, text=True)
        share.heard_s = fuzz.time.monotonic()

    monkeypatch.setattr(Share, "start", start)
    tally = Tally(2, 9, quiet=True)
    farmed(2, 9, 2, 8, tally)
    assert tally.kinds == {"rendered": 8, "died": 1}
    assert (tmp_path / "2-5.ph").read_text(encoding="utf-8") == score(2, 5)


def test_limits_end_a_trial() -> None:
    """In a process of its own: one that runs for ever, takes all memory, raises, and others."""
    code = """
from scripts.fuzzing import trial
laboratory = trial.Laboratory()
def spin(*_):
    while True: pass
def fill(*_):
    return [bytearray(1 << 28) for _ in range(64)]
def fail(*_):
    raise KeyError("x")
for what, trial.MOST_CPU_S in ((spin, 0.3), (fill, 30.0), (fail, 30.0)):
    understand, trial.understand = trial.understand, what
    print(laboratory.trial("", compare=False).kind)
    trial.understand = understand
print(laboratory.trial("out: nothing", compare=False).kind)
print(laboratory.trial("out: saw 110" + " * 99999999" * 6, compare=False).kind)
print(laboratory.trial("out: saw 110 * 0.2", compare=True).kind)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.split("\n")[:6] == [
        *("hang", "memory", "KeyError", "score error", "RenderError", "rendered"),
    ], done.stdout + done.stderr
