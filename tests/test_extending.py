"""Adding to farm as its pages show: a node is one file, a transform one decorated function; nothing else is touched."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.errors import ScoreError
from tests.render.sound import frames, same_bits

ROOT = Path(__file__).resolve().parents[1]


def block_below(heading: str) -> str:
    """The first Python block below a heading of the page for contributors."""
    text = (ROOT / "farm/docs/contributing.md").read_text(encoding="utf-8")
    return text.split(f"## {heading}\n")[1].split("```python\n")[1].split("```")[0]


NODE = block_below("A node in one file")
TRANSFORM = block_below("A transform in one function")


def farm(folder: Path, *args: str, nodes: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command line in a folder, with a folder of nodes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("FARM_NODES", None)
    if nodes is not None:
        environment["FARM_NODES"] = str(nodes)
    return subprocess.run(
        [sys.executable, "-P", "-m", "farm", *args],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


def test_the_page_keeps_its_word() -> None:
    assert len([line for line in NODE.splitlines() if line.strip()]) <= 20
    assert NODE.count("@node") == NODE.count("def ") == 1
    assert len([line for line in TRANSFORM.splitlines() if line.strip()]) <= 15
    assert TRANSFORM.count("@transform") == TRANSFORM.count("def ") == 1


@pytest.mark.parametrize(
    ("file", "text"), [("workers/nodes/dull.py", NODE), ("farm/pattern/transforms/twice.py", TRANSFORM)]
)
@pytest.mark.parametrize("check", [("format", "--check"), ("check",)], ids=lambda words: words[0])
def test_what_the_page_shows_passes_the_first_two_checks(file: str, text: str, check: tuple[str, ...]) -> None:
    """Where it belongs, as the project's own files: under their names, with the project's settings."""
    command = [sys.executable, "-m", "ruff", *check, "--no-cache", "--stdin-filename", file, "-"]
    done = subprocess.run(command, cwd=ROOT, input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def node_folder(tmp_path: Path) -> Path:
    """A folder with one node in one file."""
    folder = tmp_path / "nodes"
    folder.mkdir()
    (folder / "dull.py").write_text(NODE, encoding="utf-8")
    return folder


def test_a_node_in_one_file_is_documented(node_folder: Path, tmp_path: Path) -> None:
    page = farm(tmp_path, "nodes", "dull", nodes=node_folder)
    assert page.returncode == 0, page.stderr
    said = " ".join(page.stdout.split())
    for part in (
        "dull",
        "amount",
        "how much of it",
        "Takes the edge off a sound",
        "0.99",
        "CARRIED",
        "# dull 0.9 * 0.3",
    ):
        assert part in said
    listed = farm(tmp_path, "nodes", nodes=node_folder)
    assert "dull" in listed.stdout
    unknown = farm(tmp_path, "nodes", "dull")
    assert unknown.returncode == 2
    assert "no node is called `dull`" in unknown.stderr


def test_a_node_in_one_file_is_checked_like_the_others(node_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.ph").write_text("out: sine 100 # dull 1 2 3\no2: sine 100 # dulll 0.5", encoding="utf-8")
    said = farm(tmp_path, "check", "wrong.ph", nodes=node_folder)
    assert said.returncode == 3
    assert "`dull` takes at most 1 argument" in said.stderr
    assert "did you mean `dull`?" in said.stderr


@pytest.mark.parametrize("form", ["square 100 # dull 0.9", "dull (square 100) 0.9", "square 100 # dull (line 0.9 0.9)"])
def test_a_node_in_one_file_is_compiled_and_heard(form: str, node_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "song.ph").write_text(f"out: {form}\n", encoding="utf-8")
    (tmp_path / "bare.ph").write_text("out: square 100\n", encoding="utf-8")
    options = "--bits 32f --quiet --duration 1/4 --rate 8000 --tail none --gain 0.5 --fade-in 0 --fade-out 0".split()
    for name in ("song", "bare"):
        done = farm(tmp_path, "render", f"{name}.ph", f"{name}.wav", *options, nodes=node_folder)
        assert done.returncode == 0, done.stderr
    found, bare = (soundfile.read(tmp_path / f"{name}.wav")[0][:, 0] for name in ("song", "bare"))
    last, expected = 0.0, []
    for x in bare:
        last = x + 0.9 * (last - x)
        expected.append(last)
    assert len(found) == 2000
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.fixture
def transform_module(tmp_path: Path) -> Iterator[None]:
    """One more module among the transforms; forgotten afterwards."""
    import farm.pattern.transforms as package
    from farm.pattern import register

    (tmp_path / "twice.py").write_text(TRANSFORM, encoding="utf-8")
    package.__path__.append(str(tmp_path))
    importlib.invalidate_caches()
    try:
        register.transforms.cache_clear()
        yield
    finally:
        package.__path__.remove(str(tmp_path))
        register.DEFINED.pop("twice", None)
        register.transforms.cache_clear()
        sys.modules.pop("farm.pattern.transforms.twice", None)


@pytest.mark.usefixtures("transform_module")
def test_a_transform_in_one_function_is_documented_and_heard() -> None:
    from farm.pattern.register import transforms

    added = transforms()["twice"]
    assert added.signature == "twice time"
    assert added.doc == "Plays a pattern and, `time` cycles later, once more."
    assert added.example.startswith('twice 0.25 $ "a b ~ ~"')
    found = frames('cps: 2\nout: s "rim ~ ~ ~" $ twice 0.25')
    same_bits(found, frames('cps: 2\nout: s "rim rim ~ ~"'))
    patterned = frames('cps: 2\nout: twice "<0.25 0.5>" $ s "rim ~ ~ ~"', cycles=Fraction(2))
    same_bits(patterned[: len(found)], found)
    assert np.abs(patterned[len(found) + 2000 : len(found) + 2100]).max() > 0.1


@pytest.mark.usefixtures("transform_module")
def test_a_transform_in_one_function_is_checked_like_the_others() -> None:
    with pytest.raises(ScoreError, match="`twice` takes one argument") as caught:
        frames('out: s "rim" $ twice')
    assert caught.value.loc is not None and caught.value.loc.column == 16
    with pytest.raises(ScoreError, match="there is no transform `twise`") as caught:
        frames('out: s "rim" $ twise 2')
    assert caught.value.hint == "did you mean `twice`?"


def test_what_was_added_is_gone_again() -> None:
    with pytest.raises(ScoreError, match="there is no transform `twice`"):
        frames('out: s "rim" $ twice 0.5')
