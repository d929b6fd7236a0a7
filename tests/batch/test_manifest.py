"""Manifests and leases: one line a file, half a line is none, one batch a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from farm.batch import lease as leases
from farm.batch.choosing import Selection, Why, chosen, read_shard, shard_of
from farm.batch.expand import ForAll
from farm.batch.lease import Lease, began
from farm.batch.manifest import ManifestEntry, ManifestWriter, entries, failed_files, manifests, rewrite
from farm.batch.merging import merged
from farm.batch.order import Order
from farm.batch.orders import Placing, listed_orders
from farm.errors import FileError, UsageError
from workers.ownership import host

from .batches import job_list, lines, scores_in

LEASE = ".farm-batch.lease"


def ended_process() -> int:
    """The number of a process that is no more."""
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    return int(done.stdout)


def held_by(folder: Path, **said: Any) -> Path:
    """A lease that somebody else holds."""
    whole = {"host": host(), "pid": 1, "began": began(1), "token": "x", **said}
    (folder / LEASE).write_text(json.dumps(whole), encoding="utf-8")
    return folder / LEASE


def test_lines_are_written_within_a_second(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "manifest.jsonl"
    writer = ManifestWriter(path, lambda: now[0])
    writer.add({"file": "a.wav", "size": 1})
    writer.due()
    assert path.read_bytes() == b""
    now[0] = 1.0
    writer.due()
    assert lines(path) == [{"file": "a.wav", "size": 1}]
    writer.add({"file": "b.wav", "size": 2})
    writer.close()
    assert [one["file"] for one in lines(path)] == ["a.wav", "b.wav"]


@pytest.mark.parametrize("torn", [b"", b"{", b'{"file": "c.wav", "size": 3, "key": "x"}', b"\0" * 70_000])
def test_half_a_line_is_none_and_the_next_one_is_not_lost_in_it(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(b'{"file": "a.wav", "size": 1, "key": "k", "sha256": "s"}\n[3]\nno json\n' + torn)
    assert [*entries([path])] == ["a.wav"]
    writer = ManifestWriter(path, lambda: 0.0)
    writer.add({"file": "b.wav", "size": 2})
    writer.close()
    assert [*entries([path])] == ["a.wav", "b.wav"]
    assert path.read_bytes().count(b"\n") == 4


def test_the_last_line_of_a_file_counts_and_a_manifest_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_text("".join(json.dumps({"file": f, "size": n}) + "\n" for n, f in enumerate("abcab")), encoding="utf-8")
    found = entries([path])
    assert {file: entry.size for file, entry in found.items()} == {"a": 3, "b": 4, "c": 2}
    rewrite(path, [found[file] for file in "cba"])
    assert [(one["file"], one["size"]) for one in lines(path)] == [("c", 2), ("b", 4), ("a", 3)]
    rewrite(path, [])
    assert not path.exists()
    assert entries([path]) == {}


def test_the_second_batch_of_a_folder_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    with Lease(tmp_path) as first:
        with pytest.raises(FileError, match=f"process {os.getpid()} on {host()}"):
            Lease(tmp_path)
        first.beat()
    assert [*tmp_path.iterdir()] == []
    with Lease(tmp_path):
        pass


def test_what_a_dead_process_of_this_host_holds_is_taken_over_at_once(tmp_path: Path) -> None:
    held_by(tmp_path, pid=ended_process(), began=7)
    with Lease(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [LEASE]


def test_a_number_that_is_another_process_by_now_holds_nothing(tmp_path: Path) -> None:
    held_by(tmp_path, pid=os.getpid(), began=(began(os.getpid()) or 0) - 1)
    Lease(tmp_path).give_up()


def test_another_host_is_believed_for_a_minute(tmp_path: Path) -> None:
    path = held_by(tmp_path, host="elsewhere", pid=ended_process())
    with pytest.raises(FileError, match="on elsewhere") as caught:
        Lease(tmp_path)
    assert "the folder is free in" in (caught.value.hint or "")
    before = path.stat().st_mtime - leases.STALE_S - 1
    os.utime(path, (before, before))
    with Lease(tmp_path):
        pass


def test_a_lease_that_was_just_made_and_is_empty_is_held(tmp_path: Path) -> None:
    (tmp_path / LEASE).write_bytes(b"")
    with pytest.raises(FileError, match="a process that just began"):
        Lease(tmp_path)


def test_a_batch_that_was_taken_for_dead_stops(tmp_path: Path) -> None:
    now = [0.0]
    mine = Lease(tmp_path, clock=lambda: now[0])
    held_by(tmp_path, host="elsewhere")
    mine.beat()
    now[0] = leases.BEAT_S
    with pytest.raises(FileError, match="taken"):
        mine.beat()
    mine.give_up()
    assert (tmp_path / LEASE).exists(), "it is another's"


def test_shards_share_a_folder_with_each_other_alone(tmp_path: Path) -> None:
    with Lease(tmp_path, (1, 3)), Lease(tmp_path, (2, 3)):
        for other in ((1, 3), (1, 2), None):
            with pytest.raises(FileError, match="another batch"):
                Lease(tmp_path, other)
        with Lease(tmp_path, (3, 3)):
            pass
        assert len([*tmp_path.iterdir()]) == 2


def test_a_folder_that_cannot_be_written_is_told() -> None:
    with pytest.raises(FileError, match="cannot write"):
        Lease(Path("/proc/1"))


def orders_in(folder: Path, count: int = 40) -> list[Order]:
    scores_in(folder)
    return listed_orders(str(folder / job_list(folder, count)), ForAll({}, {}), Placing(folder / "out"))


def test_why_a_job_is_done_again(tmp_path: Path) -> None:
    orders = orders_in(tmp_path, 7)
    out = tmp_path / "out"
    done = {}
    for order in orders[:6]:
        path = out / order.outs[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"abc")
        digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        done[order.outs[0]] = ManifestEntry(order.key, 3, digest, out, 0, 0)
    done[orders[1].outs[0]] = ManifestEntry("another", 3, "", out, 0, 0)
    (out / orders[2].outs[0]).unlink()
    (out / orders[3].outs[0]).write_bytes(b"abcd")
    (out / orders[4].outs[0]).write_bytes(b"abd")
    failed = {orders[6].outs[0]}

    def whys(**how: Any) -> list[Why]:
        return chosen(orders, Selection(**how), done, failed, out)

    assert whys() == [Why.NEW] * 7
    plain = [Why.DONE, Why.CHANGED, Why.GONE, Why.SIZE, Why.DONE, Why.DONE, Why.FAILED]
    assert whys(resume=True) == plain
    assert whys(resume=True, check=True) == [*plain[:4], Why.CONTENT, *plain[5:]]
    assert [why.is_done for why in whys(failed=True)] == [True] * 6 + [False]
    assert [why.is_done for why in whys(only="1/*")] == [order.outs[0][0] != "1" for order in orders]


def test_shards_are_parts_by_the_key_alone(tmp_path: Path) -> None:
    orders = orders_in(tmp_path)
    parts = {order.outs[0]: shard_of(order, 4) for order in orders}
    assert {*parts.values()} == {1, 2, 3, 4}
    fewer = orders_in(tmp_path, 20)
    assert {order.outs[0]: shard_of(order, 4) for order in fewer}.items() <= parts.items()
    mine = [chosen(orders, Selection(shard=(k, 4)), {}, (), tmp_path) for k in (1, 2, 3, 4)]
    assert all([why.is_done for why in whys].count(False) == 1 for whys in zip(*mine))
    for text in ("0/4", "5/4", "1", "1/0", "-1/4", "a/b", "1/4/2"):
        with pytest.raises(UsageError, match="--shard"):
            read_shard(text)


def test_manifests_of_shards_are_joined(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"123")
    said = {
        "manifest.jsonl": [("z", 9, 30)],
        "manifest.1-of-2.jsonl": [("c", 1, 2), ("b", 3, 1)],
        "manifest.2-of-2.jsonl": [("a", 1, 0), ("b", 4, 1)],
        "failed.1-of-2.jsonl": [("a", 0, 0), ("d", 0, 3)],
    }
    for name, rows in said.items():
        text = "".join(json.dumps({"file": file, "size": size, "index": n}) + "\n" for file, size, n in rows)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert merged(tmp_path) == (4, 1)
    assert [(one["file"], one["size"]) for one in lines(tmp_path / "manifest.jsonl")] == [
        *(("a", 1), ("b", 3), ("c", 1), ("z", 9))
    ]
    assert failed_files(manifests(tmp_path, "failed")) == {"d"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "failed.jsonl", "manifest.jsonl"]
    with Lease(tmp_path, (1, 2)), pytest.raises(FileError, match="another batch"):
        merged(tmp_path)


def test_a_folder_without_manifests_has_none_to_join(tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(b"")
    with pytest.raises(FileError, match="no manifest lies in"):
        merged(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["song.wav"]
