"""A process imports the nodes and transforms that its score names, however many there are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
NODE = '''"""A node of a test."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Param, Port, node


@node(
    role="effect",
    ports=(Port("input"),),
    params=(Param("amount", "1", 0.5, 0.0, 1.0, "how much"),),
    memory=STATELESS,
    cost_ns=0.1,
    example="out: saw 110 # {name} 0.5",
    aliases=("{name}_too",),
)
def {name}(input: Any, amount: Any, out: Any, frames: int) -> None:
    """A factor."""
    for i in range(frames):
        out[i] = input[i] * amount[i]
'''
TRANSFORM = '''"""Transforms of a test."""

from __future__ import annotations

from farm.pattern.pattern import Pattern
from farm.pattern.register import transform


@transform
def {name}(pattern: Pattern) -> Pattern:
    """Plays it.

    {name} $ "a"  ->  a
    """
    return pattern
'''
REPORTING = """
import sys
from workers import index
index.TICK_NS = -600_000_000_000  # what a test has just written counts as old enough to be kept
if sys.argv[1] == "render":
    import farm
    options = farm.RenderOptions(backend="null", cycles=1, tail="none")
    status = len(farm.render(farm.load("song.ph"), options)) == 0
else:
    from farm import cli
    status = cli.run(sys.argv[1:])
names = [one for one in sys.modules if one.startswith(("workers.nodes.", "farm.pattern.transforms.", "farm_nodes_"))]
print(int(status), len([one for one in sys.modules if one.startswith(("farm", "workers"))]), *names, file=sys.stderr)
"""


class Loaded(NamedTuple):
    """What a process printed, its exit status, its modules of nodes and transforms, how many of farm it has in all."""

    out: str
    err: str
    status: int
    modules: set[str]
    count: int


class Copy:
    """A copy of the packages, with a cache of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for package in ("farm", "workers"):
            shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
        (root / "scores").mkdir()

    def farm(self, *args: str, score: str = "", nodes: Path | None = None) -> Loaded:
        (self.root / "scores" / "song.ph").write_text(score, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPATH": str(self.root), "FARM_CACHE": str(self.root / "cache")}
        environment |= {} if nodes is None else {"FARM_NODES": str(nodes)}
        command = [sys.executable, "-P", "-c", REPORTING, *args]
        done = subprocess.run(
            command, cwd=self.root / "scores", env=environment, capture_output=True, text=True, check=True
        )
        *said, last = done.stderr.splitlines()
        status, count, *modules = last.split()
        return Loaded(done.stdout, "\n".join(said), int(status), set(modules), int(count))

    def render(self, score: str, nodes: Path | None = None) -> Loaded:
        """A render that plans everything and computes nothing: no kernel needs to be compiled."""
        done = self.farm("render", score=score, nodes=nodes)
        assert done.status == 0
        return done

    def check(self, score: str, nodes: Path | None = None) -> Loaded:
        """`farm check`."""
        return self.farm("check", "song.ph", score=score, nodes=nodes)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy whose nodes and transforms a process has found already."""
    made = Copy(tmp_path_factory.mktemp("copy"))
    assert {"workers.nodes.chorus", "farm.pattern.transforms.stereo"} <= made.render(SMALL).modules
    return made


SMALL = "out: saw 110 # lpf 800 1 * 0.2\n"
SMALL_MODULES = {
    "workers.nodes.arithmetic",  # the product
    "workers.nodes.deliver",  # the output path, with the limiter and the master
    "workers.nodes.filters",
    "workers.nodes.limiter",
    "workers.nodes.master",
    "workers.nodes.oscillators",
    "workers.nodes.plumbing",  # from lanes to stereo
}


def test_a_render_imports_what_its_score_names(copy: Copy) -> None:
    assert copy.render(SMALL).modules == SMALL_MODULES
    done = copy.render('out: s "bd*2" $ fast 2 $ jux rev # pan 0.5\n')
    assert {one for one in done.modules if one.startswith("farm.")} == {
        "farm.pattern.transforms.stereo",
        "farm.pattern.transforms.time",
    }
    assert not done.modules & {"workers.nodes.filters", "workers.nodes.oscillators", "workers.nodes.reverb"}


def test_two_hundred_nodes_more_cost_no_module(copy: Copy) -> None:
    before = copy.render(SMALL)
    folder, transforms = copy.root / "workers" / "nodes", copy.root / "farm" / "pattern" / "transforms"
    names = [f"extra_{number:03}" for number in range(200)]
    for name in names:
        (folder / f"{name}.py").write_text(NODE.format(name=name), encoding="utf-8")
        (transforms / f"{name}_turned.py").write_text(TRANSFORM.format(name=f"{name}_turned"), encoding="utf-8")
    try:
        assert {f"workers.nodes.{name}" for name in names} <= copy.render(SMALL).modules
        after = copy.render(SMALL)
        assert (after.modules, after.count) == (before.modules, before.count)
        # One of them, by its other name, is one file more; so is a transform.
        named = copy.render('out: saw ("110 220" $ extra_007_turned) # lpf 800 1 # extra_117_too 0.5 * 0.2\n')
        assert named.modules - before.modules == {
            "farm.pattern.transforms.extra_007_turned",
            "workers.nodes.extra_117",
        }
        # What lists them, or knows one that is written nearly so, knows all.
        assert all(f"\n  {name} " in copy.farm("nodes").out for name in ("extra_000", "extra_199", "lpf"))
        wrong = copy.check("out: saw 110 # extra_17\n")
        assert wrong.status == 3
        assert "did you mean `extra_" in wrong.err
        for name in names:
            (folder / f"{name}.py").unlink()
        gone = copy.check("out: saw 110 # extra_117\n")
        assert gone.status == 3
        assert "there is no function `extra_117`" in gone.err
    finally:
        for name in names:
            (folder / f"{name}.py").unlink(missing_ok=True)
            (transforms / f"{name}_turned.py").unlink()
    copy.render(SMALL)


def test_an_edit_is_seen_at_once(copy: Copy) -> None:
    path = copy.root / "workers" / "nodes" / "bitcrush.py"
    text = path.read_text(encoding="utf-8")
    assert copy.check("out: saw 110 # crunch 4\n").status == 3
    try:
        assert "cost_ns=" in text
        path.write_text(text.replace("    cost_ns=", '    aliases=("crunch",),\n    cost_ns=', 1), encoding="utf-8")
        assert copy.check("out: saw 110 # crunch 4\n").status == 0
        path.write_text(text.replace("    cost_ns=", '    aliases=("lpf",),\n    cost_ns=', 1), encoding="utf-8")
        for _ in range(2):
            clash = copy.check(SMALL)
            assert clash.status == 2
            assert "`lpf` is the name of a node already" in clash.err
        path.write_text("def bitcrush(:\n", encoding="utf-8")
        for command in (("verify", "song.ph"), ("check", "song.ph"), ("nodes",)):
            broken = copy.farm(*command, score=SMALL)
            assert broken.status == 2, command
            assert "this is not Python" in broken.err
            assert f"{path}:1:" in broken.err
        assert f"{path}:1:" in copy.farm("doctor").out
    finally:
        path.write_text(text, encoding="utf-8")
    assert copy.check(SMALL).status == 0


def test_nodes_of_ones_own_are_imported_when_they_are_named(copy: Copy, tmp_path: Path) -> None:
    nodes = tmp_path / "nodes"
    nodes.mkdir()
    for name in ("first", "second"):
        (nodes / f"{name}.py").write_text(NODE.format(name=name), encoding="utf-8")
    (nodes / "third.py").write_text(
        NODE.format(name="third").replace("\n\n\n", "\nimport beside\n\n\n", 1), encoding="utf-8"
    )
    (copy.root / "beside.py").write_text("NAME = 'third'\n", encoding="utf-8")
    assert copy.render(SMALL, nodes).modules >= {"farm_nodes_0_first", "farm_nodes_0_third"}
    assert copy.render(SMALL, nodes).modules == SMALL_MODULES
    assert copy.render("out: saw 110 # second 0.5\n", nodes).modules >= {"farm_nodes_0_second"}
    # What one of them imports from elsewhere may decide which nodes it has.
    (copy.root / "beside.py").unlink()
    broken = copy.check(SMALL, nodes)
    assert broken.status == 2
    assert "No module named 'beside'" in broken.err


def test_an_index_that_is_wrong_does_no_harm(copy: Copy) -> None:
    import zlib

    from workers.index import FORM

    for path in (copy.root / "cache" / "index").iterdir():
        _, _, rest = path.read_bytes().partition(b"\n")
        rest = rest.replace(b"workers.nodes.filters", b"workers.nodes.chorus").replace(
            b"farm.pattern.transforms.time", b"os"
        )
        path.write_bytes(f"{FORM} {zlib.crc32(rest)}\n".encode() + rest)
    done = copy.render('out: saw ("110 220" $ fast 2) # lpf 800 1 * 0.2\n')
    assert done.status == 0, done.err
    assert done.modules > SMALL_MODULES
    shutil.rmtree(copy.root / "cache")
