"""Bad input: each broken score is told what it should be, at the right place, and nothing takes long or much memory."""

from __future__ import annotations

import contextlib
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.errors import FarmError, FileError, Loc, SampleError, ScoreError, in_order, show
from farm.graph.score import understand
from farm.score import Source, read_source
from tests.render.sound import frames
from tests.scores import complaint
from tests.scores.complaint import BROKEN


@pytest.mark.parametrize("name", BROKEN)
def test_farm_says_of_a_broken_score_what_is_recorded(name: str) -> None:
    recorded = complaint.recorded(name)
    assert recorded is not None, f"scripts/bless {name}"
    changed = complaint.differences(recorded, complaint.of_score(name))
    assert not changed, "\n  ".join([f"`scripts/bless {name}` records this, if it is meant:", *changed])


@pytest.mark.parametrize("name", BROKEN)
def test_a_complaint_has_a_place_under_its_caret(name: str) -> None:
    """Each error names file, line and column; the caret stands below that column of the line that is shown."""
    text = complaint.recorded(name)
    assert text is not None
    lines = BROKEN[name].read_text(encoding="utf-8").split("\n")
    assert text.startswith(("status 3\n", "status 4\n"))
    assert "Traceback" not in text
    found = re.findall(r"^(\S+):(\d+):(\d+): error: (.+)\n( *)(\d+ \| )(.*)\n( *)(\^+)$", text, re.MULTILINE)
    assert found or name == "empty"
    for file, line, column, message, blanks, gutter, shown, under, caret in found:
        assert file == f"{name}.ph"
        assert gutter == f"{line} | "
        assert shown == lines[int(line) - 1]
        assert len(under) == len(blanks) + len(gutter) + int(column) - 1
        assert len(under) + len(caret) <= len(blanks) + len(gutter) + max(len(shown), 1)
        assert message[0].islower() or message[0] in "`\"'"


@pytest.mark.parametrize("name", BROKEN)
def test_a_render_of_a_broken_score_ends_with_all_of_its_errors(name: str) -> None:
    with pytest.raises((ScoreError, SampleError)) as caught:
        frames(BROKEN[name].read_text(encoding="utf-8"))
    told = [show(error).removeprefix("test.ph") for error in (caught.value, *caught.value.also)]
    recorded = (complaint.recorded(name) or "").replace(f"{name}.ph", "")
    assert all(one in recorded for one in told)
    assert len(told) == recorded.count(": error: ")
    assert str(caught.value) == f"test.ph{told[0].splitlines()[0].replace(' error:', '', 1)}"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("~a: saw 110 # lfp\nout: ~a # hfp 3 + saw 2 # gnai\no2: ~c", [1, 2, 2, 3]),
        ('~a: saw 110 ; 3\no2: s "bdd"\nout: ~a * 0.3\ntempo: x', [1, 2, 4]),
        ('out: s "bdd hh" # speed "x"\no2: s "xxx"', [1, 1, 2]),
        ('~a: saw (3\nout: ~a # gain 0.5 # lfp 3 # cutoff 300\no2: sn "bd" # gian 3 # pan 0', [1, 2, 2, 3, 3]),
        ('o3: s "bdd"\no2: s "xxx"\nout: saw "c bd"\n~x: s "bd" $ fast "2 x"', [1, 2, 3, 4]),
    ],
)
def test_mistakes_of_all_kinds_are_told_at_once(text: str, lines: list[int]) -> None:
    with pytest.raises((ScoreError, SampleError)) as caught:
        frames(text)
    every = in_order([caught.value, *caught.value.also])
    assert [error.loc.line for error in every if error.loc is not None] == lines
    assert isinstance(caught.value, ScoreError) or not any(isinstance(error, ScoreError) for error in every)


@pytest.mark.parametrize(
    "text",
    [
        'kick: s "bd"\nout: ~kick',
        '~kick s "bd"\nout: ~kick # note 3',
        "~a: (saw 110\nout: ~a",
        "~a: (saw 110 +\n~b $ saw 220\nout: ~b",
        "x = saw 110 +\nout: x # lpf 300",
        '/* kicks\n~b $ s "bd"\n\nout: ~b',
        '~c: s "hh"\n/* kicks\n~b $ s "bd"\n\nout: ~b',
        "fn f a = saw a\nout: f 3 + f 4",
        "~f a $ saw a\nout: ~f 3",
        '%p: "0 3"\nout: s "bd" # note %p',
        "@t: saw 3\nout: @t",
        '~t: evry 2 rev\nout: s "bd hh" $ ~t',
        "~m # lfp 300\nout: saw 55 # ~m",
        "~x: ~y\n~z: ~x * 2\nout: ~x + ~z",
        'out: sn "bd" # speed 2 # note 3',
        "~a: saw 3 # nope",
    ],
)
def test_a_mistake_causes_no_others(text: str) -> None:
    with pytest.raises((ScoreError, SampleError)) as caught:
        frames(text)
    assert not caught.value.also


@pytest.mark.parametrize(
    ("content", "said", "line", "column"),
    [
        pytest.param('out: s "bd"\n'.encode("utf-16"), "this text is UTF-16, not UTF-8", 1, 1, id="UTF-16"),
        pytest.param('out: s "bd"\n'.encode("utf-16-be"), "control character U+0000", 1, 1, id="UTF-16 without a mark"),
        pytest.param('-- für\nout: s "bd"\n'.encode("latin-1"), "not UTF-8 text: byte 0xFC", 1, 5, id="Latin-1"),
        pytest.param(b'out: s "bd"\n-- \xe2\x82', "not UTF-8 text: byte 0xE2", 2, 4, id="cut in a character"),
        pytest.param(b'out: s "bd\x00"\n', "control character U+0000", 1, 11, id="NUL"),
        pytest.param(b'-- a\nout: \x1b[31ms "bd"\n', "control character U+001B", 2, 6, id="escape"),
        pytest.param(b'out: s "bd"\x0c\n', "control character U+000C", 1, 12, id="form feed"),
        pytest.param('out: s "bd"\x85\n'.encode(), "control character U+0085", 1, 12, id="next line of C1"),
        pytest.param(b"\xfe\xff\x00o", "this text is UTF-16, not UTF-8", 1, 1, id="UTF-16, big end first"),
        pytest.param(b"RIFF\x24\x00\x00\x00WAVEfmt ", "is a sound file, not a score", 1, 1, id="WAV"),
        pytest.param(b"RF64\xff\xff\xff\xffWAVEds64", "is a sound file, not a score", 1, 1, id="RF64"),
        pytest.param(b"FORM\x00\n\x00\x08AIFFCOMM", "is a sound file, not a score", 1, 1, id="AIFF"),
        pytest.param(b"fLaC\x00\x00\x00\x22", "is a sound file, not a score", 1, 1, id="FLAC"),
        pytest.param(b"OggS\x00\x02", "is a sound file, not a score", 1, 1, id="Ogg"),
    ],
)
def test_what_is_no_text_is_pointed_at(content: bytes, said: str, line: int, column: int, tmp_path: Path) -> None:
    path = tmp_path / "score.ph"
    path.write_bytes(content)
    with pytest.raises(ScoreError) as caught:
        read_source(str(path))
    assert said in caught.value.message
    loc = caught.value.loc
    assert isinstance(loc, Loc)
    assert (loc.line, loc.column) == (line, column)
    assert show(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("steering", ["\x00", "\x1b[31m", "\x9b1m", "\u202e", "\u2066", "\u200b", "\x7f"])
def test_nothing_of_a_score_steers_the_terminal(steering: str) -> None:
    text = f"out: {steering}lfp {steering}300"
    loc = Loc(f"a{steering}.ph", 1, 6 + len(steering), 3, text)
    first, line, carets, hint = show(ScoreError(f"no `{steering}`", loc=loc, hint=f"not {steering}")).split("\n")
    assert (first + line + carets + hint).isprintable()
    escape = steering[0].encode("unicode_escape").decode()
    assert all(escape in part for part in (first, line, hint))
    assert line[carets.index("^") : carets.rindex("^") + 1] == "lfp"


def test_a_caret_covers_the_whole_escape() -> None:
    _, line, carets = show(ScoreError("no", loc=Loc("a.ph", 1, 3, 1, "a \u202e b" + "\x07" * 400))).split("\n")
    assert line[carets.index("^") : carets.rindex("^") + 1] == "\\u202e"
    assert line.endswith("...")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_mean_nothing(end: str, mark: str, tmp_path: Path) -> None:
    path = tmp_path / "score.ph"
    path.write_bytes((mark + end.join(['~a: s "bd*4" -- c', "  # gain 0.5", "", "out: ~a + ~b", ""])).encode())
    with pytest.raises(ScoreError) as caught:
        understand(read_source(str(path)))
    assert caught.value.loc is not None
    assert (caught.value.loc.line, caught.value.loc.column) == (4, 11)


def test_a_folder_or_nothing_is_no_score(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "is a folder"), (tmp_path / "none.ph", "no such file"), (tmp_path / "a\0b", "null")):
        with pytest.raises(FileError, match=said):
            read_source(str(path))


SCRAPS = st.sampled_from(
    [
        *(
            "out:",
            "out $",
            "~a:",
            "~b $",
            "~m #",
            "o1:",
            "cps:",
            "bpm:",
            "\n",
            "\n\n",
            " # ",
            " $ ",
            " + ",
            "*",
            "/",
            "-",
        ),
        *(
            "s",
            '"',
            '"bd"',
            '"bd*4 [hh sn]"',
            '"<c4 e4>"',
            "saw",
            "sine 110",
            "lpf 800 1",
            "reverb",
            "fast 2",
            "every 2",
        ),
        *("rev", "jux", "stut 3 0.1", "(", ")", "[", "]", "<", ">", "{", "}", ",", "|", "~a", "~b", "~m", "~", "note"),
        *("1", "0", "-3", "0.5", "1e9", "99999999999999999", ".", "..", "!", "?", "@", "%", "'", "_", "--", "//", "/*"),
        *(
            "*/",
            "#",
            "out",
            "= ",
            "tempo",
            "hush",
            "fn f a",
            "%p:",
            "@t:",
            "vst",
            "midi",
            "\x00",
            "é",
            "🥁",
            "\t",
            ":",
            ":q 1",
        ),
    ]
)


def understood(text: str) -> None:
    """Reads a score; a ScoreError is a proper answer, any other exception is not. With --lenient there is none."""
    with contextlib.suppress(ScoreError):
        understand(Source("t.ph", text))
    understand(Source("t.ph", text), lenient=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('~b: ~b\nout: ~b * "1 0"', ""),
        ("~b: ~b * 0.9 + noise\nout: ~b $ jux rev", "`rev` has nothing to work on"),
        ("~b: ~b\nout: ~b $ jux rev", "`rev` has nothing to work on"),
        ('~b: ~b * 0.9 + noise\nout: ~b # note "c"', "`note` changes voices, and there are none on its left"),
        ("~b: ~b * 0.5\nout: sp bd * ~b", "`sp` is triggered by an `impulse`"),
        ("~b: ~b # speed 2\nout: ~b", "`speed` changes voices, and there are none on its left"),
        ("~b $ ~b $ lpf 800 1 ~b $ 0.5", "`lpf` takes at most 2 arguments, not 3"),
    ],
)
def test_a_bus_that_names_itself_is_looked_at_once(text: str, said: str) -> None:
    understood(text)
    with pytest.raises(ScoreError, match=re.escape(said)) if said else contextlib.nullcontext():
        understand(Source("t.ph", text))


@settings(max_examples=300)
@given(st.lists(SCRAPS, max_size=14).map("".join))
def test_scraps_of_the_language_are_a_score_or_a_score_error(text: str) -> None:
    understood(text)


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_any_text_is_a_score_or_a_score_error(text: str) -> None:
    understood(text)


@settings(max_examples=150)
@given(st.text(alphabet="abchs0123456789.~[]<>(){}*/:!@?|,_%'-# ", max_size=30))
def test_any_pattern_is_a_score_or_an_error(text: str) -> None:
    found: FarmError | None = None
    try:
        frames(f'out: s "{text}" # gain "{text}"')
    except (ScoreError, SampleError) as error:
        found = error
    assert found is None or found.loc is not None, found


@settings(max_examples=60)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_score_or_an_error(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file, contextlib.suppress(ScoreError):
        file.write(content)
        file.flush()
        understand(read_source(file.name))
