"""Lists of jobs: what they mean, and how every mistake in them is told, with its place."""

from __future__ import annotations

import json
import random
import statistics
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from farm.batch.expand import ForAll
from farm.batch.order import Order, read_order
from farm.batch.orders import Placing, Splits, listed_orders, orders_of, read_splits
from farm.errors import FarmError, FileError, UsageError, show

SCORE = '~cut: 500\n~pat: "bd sn"\nout: s ~pat # lpf ~cut 1\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with scores."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.ph").write_text(f"-- {name}\n{SCORE}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(text: str | bytes, name: str = "jobs.jsonl", common: ForAll | None = None, **placing: Any) -> list[Order]:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return listed_orders(name, common or ForAll({}, {}), Placing(Path("out"), **placing))


def refused(text: str | bytes, name: str = "jobs.jsonl", **how: Any) -> FarmError:
    with pytest.raises(FarmError) as caught:
        listed(text, name, **how)
    assert len(show(caught.value)) < 2000
    return caught.value


JOB = {"score": "a.ph", "out": "c1.wav", "cycles": 2, "seed": 1, "set": {"tempo": 0.5}}


def test_one_job_in_three_forms(folder: Path) -> None:
    toml = 'cycles = 2\n[[job]]\nscore = "a.ph"\nout = "c1.wav"\nseed = 1\nset = { tempo = 0.5 }\n'
    csv = "score,out,cycles,seed,set.tempo\na.ph,c1.wav,2,1,0.5\n"
    made = [listed(json.dumps(JOB)), listed(toml, "jobs.toml"), listed(csv, "jobs.csv")]
    for (order,) in made:
        assert (order.outs, order.options.cycles, order.options.seed) == (("c1.wav",), 2, 1)
        assert order.options.set == (("tempo", Fraction(1, 2)),)
        assert order.key == made[0][0].key
        assert read_order(order.as_json({"threads": 1})).job.key() == order.key
    assert [order.line for (order,) in made] == [1, 2, 2]


def test_the_key_is_that_of_the_job(folder: Path) -> None:
    import farm

    (order,) = listed(json.dumps(JOB))
    options = farm.RenderOptions(cycles=2, seed=1, set={"tempo": 0.5})
    assert order.key == farm.job_of(farm.load("a.ph"), options).key()


def test_sweeps_and_draws(folder: Path) -> None:
    row = {
        "score": "a.ph",
        "out": "{seed}-{cut:.1f}-{pat}.wav",
        "sweep": {"seed": "0..2", "cut": [400, 800]},
        "draw": {"tempo": "uniform 0.4 0.7", "pat": ["bd", "sn"]},
    }
    orders = listed(json.dumps(row))
    assert [(one.options.seed, dict(one.options.set)["cut"]) for one in orders] == [
        *((0, 400), (0, 800), (1, 400), (1, 800), (2, 400), (2, 800))
    ]
    drawn = [dict(one.options.set) for one in orders]
    assert all(Fraction("0.4") <= one["tempo"] <= Fraction("0.7") and one["pat"] in ("bd", "sn") for one in drawn)
    assert drawn[0]["tempo"] == drawn[1]["tempo"] != drawn[2]["tempo"], "the seed decides, and nothing else"
    alone = listed(json.dumps({**row, "sweep": {"seed": [2], "cut": [400]}}))
    assert dict(alone[0].options.set) == drawn[4]


def test_draws_are_spread_as_they_say(folder: Path) -> None:
    row = {"score": "a.ph", "sweep": {"seed": "0..1999"}, "draw": {"tempo": "uniform 1 3", "cut": "log 200 5000"}}
    drawn = [dict(one.options.set) for one in listed(json.dumps(row))]
    tempi, cuts = ([float(one[name]) for one in drawn] for name in ("tempo", "cut"))
    assert statistics.mean(tempi) == pytest.approx(2.0, abs=0.06)
    assert statistics.median(cuts) == pytest.approx(1000.0, rel=0.1)
    assert 1 <= min(tempi) < 1.02 and 2.98 < max(tempi) <= 3 and min(cuts) >= 200 and max(cuts) <= 5000


def test_scores_with_seeds_need_no_list(folder: Path) -> None:
    placing = Placing(Path("out"), outs=("{score}/{seed:04}.wav", "{score}/{seed:04}.flac"))
    orders = orders_of(["a.ph", "b.ph"], ForAll({"cycles": 2}, {}, "0..2"), placing)
    assert [one.outs for one in orders][::5] == [
        ("a/0000.wav", "a/0000.flac"),
        ("b/0002.wav", "b/0002.flac"),
    ]
    assert orders_of(["a.ph"], ForAll({}, {}), Placing(Path("out")))[0].outs == ("a-0.wav",)


def test_a_row_is_stronger_than_the_command_line(folder: Path) -> None:
    common = ForAll({"cycles": 4, "rate": 8000, "seed": 3}, {"cut": 100, "tempo": 1})
    (order,) = listed('{"score": "a.ph", "duration": 2, "set": {"cut": 7}}', common=common)
    assert (order.options.cycles, order.options.duration, order.options.rate) == (None, 2, 8000)
    assert dict(order.options.set) == {"cut": 7, "tempo": 1}


def test_a_split_holds_a_score_with_all_its_seeds(folder: Path) -> None:
    splits = read_splits("train=.8,valid=.1,test=.1")
    chance = random.Random(1)
    digests = [f"{chance.getrandbits(256):064x}" for _ in range(5000)]
    shares = [sum(splits.of(one) == name for one in digests) / 5000 for name in ("train", "valid", "test")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)
    row = {"score": "a.ph", "out": "{split}/{seed}.wav", "sweep": {"seed": "0..19"}}
    orders = listed(json.dumps(row), splits=splits)
    assert len({one.split for one in orders}) == 1
    assert orders[0].outs == (f"{orders[0].split}/0.wav",)
    assert Splits().of("0" * 64) is None


@pytest.mark.parametrize("text", ["train", "train=1,test=1", "a=.5,a=.5", "a=-1,b=2", ""])
def test_what_is_no_split(text: str) -> None:
    with pytest.raises(UsageError, match="--split"):
        read_splits(text)


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ('{"score": "a.ph"', "this is not JSON: expecting ',' delimiter", (1, 17)),
        ('{"score": "a.ph"}\n\n[1]', "a job is an object, not a list", (3, 1)),
        ('{"score": "a.ph", "score": "b.ph"}', "this is not JSON: `score` twice", (1, 19)),
        ('{"score": "a.ph", "seed": NaN}', "NaN is no number of JSON", (1, 1)),
        ("[" * 100_000, "nested too deeply", (1, 1)),
        ('{"score": "a.ph", "oot": "x.wav"}', "a job has no `oot`", (1, 19)),
        ('{"score": 3}', "a job has a `score`", (1, 2)),
        ('{"score": "a.ph", "rate": 3}', "--rate must be from 8000", (1, 19)),
        ('{"score": "a.ph", "fade-in": "x"}', "must be a number", (1, 19)),
        ('{"score": "a.ph", "out": "/etc/x.wav"}', "is absolute", (1, 19)),
        ('{"score": "a.ph", "out": "../x.wav"}', "climbs out of DIR", (1, 19)),
        ('{"score": "a.ph", "out": "a/../../x.wav"}', "climbs out of DIR", (1, 19)),
        ('{"score": "a.ph", "out": "a\\u001b[2J.wav"}', "control characters", (1, 19)),
        ('{"score": "a.ph", "out": "x"}', "cannot write x: it has no extension", (1, 19)),
        ('{"score": "a.ph", "out": "{sed}.wav"}', "there is no `{sed}`", (1, 19)),
        ('{"score": "a.ph", "out": "{seed!r}.wav"}', "is not understood", (1, 19)),
        ('{"score": "a.ph", "out": "{seed:>99999999}.wav"}', "is not understood", (1, 19)),
        ('{"score": "a.ph", "out": "{seed.real}.wav"}', "there is no `{seed.real}`", (1, 19)),
        ('{"score": "a.ph", "out": "manifest.jsonl"}', "is a file of the batch itself", (1, 19)),
        ('{"score": "a.ph", "out": "x.flac", "bits": "32f"}', "FLAC cannot hold --bits 32f", (1, 36)),
        ('{"score": "a.ph", "out": "x.wav"}\n{"score": "b.ph", "out": "./x.wav"}', "two jobs write x.wav", (2, 19)),
        ('{"score": "a.ph", "sweep": {"cut": "9..1"}}', "runs backwards", (1, 29)),
        ('{"score": "a.ph", "sweep": {"cut": "0..99999999"}}', "more than 1,000,000", (1, 29)),
        ('{"score": "a.ph", "draw": {"cut": "log 0 9"}}', "cannot be drawn from 'log 0 9'", (1, 28)),
        ('{"score": "a.ph", "draw": [1]}', "`draw` is an object of names, not a list", (1, 19)),
        (b'{"score": "a.ph"}\n{"score": "\xff"}', "not UTF-8 text", (2, 12)),
        ('{"score": "a.ph"}\n{"out": "b.wav", "score": "none.ph"}', "no such file: none.ph", (2, 18)),
        ('{"score": "."}', ". is a folder, not a score", (1, 2)),
        ('{"score": "-"}', "a batch reads scores from files", (1, 2)),
        ('{"score": "a.ph", "set": {"nope": 1}}', "set nope: `nope` is not in a.ph", (1, 27)),
        ('{"score": "a.ph", "set": {"out": 1}}', "set out: `out` is an output", (1, 27)),
        ('{"score": "a.ph", "set": {"~cut": "high"}}', "set cut=high: `cut` is a number in a.ph", (1, 27)),
        ('{"score": "a.ph", "set": {"tempo": 0}}', "a tempo is a number above 0", (1, 27)),
        ('{"score": "a.ph", "draw": {"nope": "choice 1 2"}}', "`nope` is not in a.ph", (1, 28)),
        ('{"score": "a.ph", "draw": {"cut": "choice a b"}}', "`cut` is a number in a.ph", (1, 28)),
        ('{"score": "a.ph", "sweep": {"seed": "0..9", "cit": [1, 2]}}', "`cit` is not in a.ph", (1, 45)),
    ],
)
def test_a_mistake_is_told_with_its_place(folder: Path, text: str | bytes, said: str, place: tuple[int, int]) -> None:
    wrong = refused(text)
    assert isinstance(wrong, UsageError)
    assert said in wrong.message
    assert wrong.loc is not None
    assert (wrong.loc.file, wrong.loc.line, wrong.loc.column) == ("jobs.jsonl", *place)


def test_mistakes_of_toml_and_csv_have_places_too(folder: Path) -> None:
    wrong = refused('[[job]]\nscore = "a.ph"\n[[job]]\nscore = "b.ph"\nrate = 3\n', "jobs.toml")
    assert wrong.loc is not None and (wrong.loc.line, wrong.loc.column) == (5, 1)
    wrong = refused("[[job]\n", "jobs.toml")
    assert wrong.loc is not None and wrong.loc.line == 1
    wrong = refused('score,rate\n"a.ph",8000\nb.ph,3\n', "jobs.csv")
    assert wrong.loc is not None and (wrong.loc.line, wrong.loc.column) == (3, 6)
    wrong = refused("score,rate\na.ph,8000,9\n", "jobs.csv")
    assert "3 cells under 2 keys" in wrong.message
    wrong = refused("score\na.ph,8000\n", "jobs.csv")
    assert "2 cells under 1 key" in show(wrong) and "1 keys" not in show(wrong)


@pytest.mark.parametrize("comma", [";", "\t"])
def test_csv_of_spreadsheets_may_have_other_commas(folder: Path, comma: str) -> None:
    text = "\ufeffscore,out,seed,set.cut\na.ph,c1.wav,1,400\n".replace(",", comma)
    (order,) = listed(text, "jobs.csv")
    assert (order.outs, order.options.seed, dict(order.options.set)) == (("c1.wav",), 1, {"cut": 400})
    wrong = refused(text.replace("400", "high"), "jobs.csv")
    assert wrong.loc is not None and (wrong.loc.line, wrong.loc.column) == (2, 15)


def test_tables_of_toml_with_another_name_are_told_where_they_stand(folder: Path) -> None:
    wrong = refused('[[job]]\nscore = "a.ph"\n\n[[jobs]]\nscore = "b.ph"\n', "jobs.toml")
    assert wrong.loc is not None and (wrong.loc.line, wrong.loc.column) == (4, 3)
    assert "no `jobs`" in wrong.message and "[[job]]" in str(wrong.hint) and not wrong.also
    wrong = refused("jobs = 3\n", "jobs.toml")
    assert wrong.loc is not None and "[[job]]" in str(wrong.hint)


def test_what_holds_for_all_jobs_of_a_list_is_told_once_where_it_stands(folder: Path) -> None:
    text = "cycles = 2\nset = { nope = 3 }\n" + '[[job]]\nscore = "a.ph"\n' * 3
    wrong = refused(text, "jobs.toml")
    assert wrong.loc is not None and (wrong.loc.line, wrong.loc.column) == (2, 9)
    assert not wrong.also


@pytest.mark.parametrize(("name", "shown"), [("e.toml", "[[job]]"), ("e.csv", "song.ph,song.wav"), ("e.jsonl", '{"sc')])
def test_an_empty_list_is_told_how_its_form_looks(folder: Path, name: str, shown: str) -> None:
    assert shown in str(refused("", name).hint)


def test_several_mistakes_are_told_together(folder: Path) -> None:
    wrong = refused("\n".join('{"score": "a.ph", "rate": 3}' for _ in range(5)))
    assert len(wrong.also) == 4


@pytest.mark.parametrize("name", ["rubbish.jsonl", "rubbish.toml", "rubbish.csv"])
@pytest.mark.parametrize("kind", ["bytes", "letters"])
def test_a_megabyte_of_rubbish_is_told_in_a_few_lines(folder: Path, name: str, kind: str) -> None:
    chance = random.Random(7)
    content = chance.randbytes(1 << 20)
    if kind == "letters":
        content = bytes(32 + one % 95 for one in content)
    wrong = refused(content, name)
    assert isinstance(wrong, UsageError)
    assert wrong.loc is not None and wrong.loc.line >= 1 and wrong.loc.column >= 1


def test_an_output_meets_neither_a_score_nor_a_folder_nor_the_outside(folder: Path) -> None:
    (folder / "x.wav").write_text(SCORE, encoding="utf-8")
    row = '{"score": "x.wav", "out": "x.wav"}'
    Path("here.jsonl").write_text(row, encoding="utf-8")
    with pytest.raises(UsageError, match=r"OUT x\.wav is its own score"):
        listed_orders("here.jsonl", ForAll({}, {}), Placing(Path()))
    assert (
        "would be a file, and a folder"
        in refused('{"score": "a.ph", "out": "d.wav"}\n{"score": "a.ph", "out": "d.wav/x.wav"}').message
    )
    (folder / "out").mkdir()
    (folder / "elsewhere").mkdir()
    (folder / "out" / "link").symlink_to(folder / "elsewhere")
    assert "outside" in refused('{"score": "a.ph", "out": "link/x.wav"}').message
    (folder / "out" / "y.wav").symlink_to(folder / "elsewhere" / "y.wav")
    assert "outside DIR" in refused('{"score": "a.ph", "out": "y.wav"}').message


def test_two_jobs_with_one_output_are_named_where_there_is_no_list(folder: Path) -> None:
    def told(scores: list[str], seeds: str | None, *outs: str) -> str:
        with pytest.raises(UsageError) as caught:
            orders_of(scores, ForAll({}, {}, seeds), Placing(Path("out"), outs=outs))
        return show(caught.value)

    assert "a.ph with seed 0 is asked for twice" in told(["a.ph", "a.ph"], None)
    assert "a.ph with seed 0 is asked for twice" in told(["a.ph"], "0,0")
    seeds = told(["a.ph"], "0..1", "x.wav")
    assert "a.ph with seed 0, a.ph with seed 1" in seeds and "--out with {seed} tells" in seeds
    assert "--out with {score} tells" in told(["a.ph", "b.ph"], None, "x.wav")
    assert "another of this line" in refused('{"score": "a.ph", "out": "x.wav", "sweep": {"seed": "0..1"}}').message


def test_a_list_that_is_none(folder: Path) -> None:
    assert isinstance(refused("", "empty.jsonl"), UsageError)
    assert "neither a list of jobs nor a score" in refused("x", "jobs.json").message
    with pytest.raises(FileError, match=r"cannot read none\.jsonl"):
        listed_orders("none.jsonl", ForAll({}, {}), Placing(Path("out")))


def test_what_the_command_line_sets_wrongly_is_told_once_and_without_a_place(folder: Path) -> None:
    common = ForAll({}, {"nope": 1})
    wrong = refused('{"score": "a.ph"}\n{"score": "a.ph", "seed": 1}', common=common)
    assert isinstance(wrong, UsageError)
    assert (wrong.message, wrong.loc, wrong.also) == ("--set nope: `nope` is not in a.ph", None, ())
    with pytest.raises(UsageError, match=r"set nope: `nope` is not in a\.ph"):
        orders_of(["a.ph"], common, Placing(Path("out")))
    # A row that says it itself is where it stands.
    wrong = refused('{"score": "a.ph", "set": {"nope": 2}}', common=common)
    assert wrong.loc is not None and wrong.loc.column == 27


def test_a_score_of_the_command_line_that_is_not_there_is_a_file_that_is_not(folder: Path) -> None:
    with pytest.raises(FileError, match=r"no such file: none\.ph"):
        orders_of(["a.ph", "none.ph"], ForAll({}, {}), Placing(Path("out")))


def test_each_score_is_read_once_for_its_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from farm.graph import score as scores

    read: list[str] = []
    real = scores.settable_of

    def noted(text: str, name: str) -> object:
        read.append(name)
        return real(text, name)

    monkeypatch.setattr(scores, "settable_of", noted)
    rows = [
        {"score": name, "sweep": {"seed": "0..9", "cut": [1, 2]}, "out": "{index}.wav"} for name in ("a.ph", "b.ph")
    ]
    assert len(listed("\n".join(map(json.dumps, rows * 3)))) == 120
    assert read == ["a.ph", "b.ph"]
    assert listed('{"score": "a.ph"}') and len(read) == 2, "without settings none is read for them"


def test_settings_of_a_score_that_cannot_be_understood_are_no_mistakes_of_the_list(folder: Path) -> None:
    (folder / "bad.ph").write_text('out: s "bd', encoding="utf-8")
    assert len(listed('{"score": "bad.ph", "set": {"nope": 1}}\n{"score": "a.ph"}')) == 2


def test_a_score_that_cannot_be_read_fails_its_own_jobs_alone(folder: Path) -> None:
    (folder / "bad.ph").write_bytes(b"\xff\xfe")
    orders = listed('{"score": "bad.ph"}\n{"score": "a.ph"}')
    assert [one.score.failure is None for one in orders] == [False, True]
    assert [one.score.failure.kind for one in orders[:1] if one.score.failure] == ["score"]
