"""Names that people bring from elsewhere are answered by what a score says in their place."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from farm import cli
from farm.audio.samples import SampleLibrary
from farm.errors import SampleError, ScoreError, near, suggestion
from farm.graph.later import later_names
from farm.graph.names import function_names
from farm.graph.score import understand
from farm.score import Source
from farm.score.elsewhere import BANKS, FORMS, HEADS, OPERATORS, STATEMENTS, SYNTHS, bank_of, form_of
from tests.render.sound import frames


def refused(text: str) -> ScoreError:
    with pytest.raises(ScoreError) as caught:
        understand(Source("t.ph", text))
    return caught.value


def test_the_table_holds_no_name_of_this_language() -> None:
    assert not FORMS.keys() & (function_names() | later_names())


@pytest.mark.parametrize("form", sorted(set(FORMS.values())))
def test_what_a_score_says_instead_can_be_heard_or_is_a_rest(form: str) -> None:
    before = 's "bd stab"' if form[0] in "#$" else "s " if form[0] == '"' else ""
    assert frames(f"out: {before} {form}", cycles=1).any() == (form != 's "~"')


@pytest.mark.parametrize("statement", sorted(set(STATEMENTS.values())))
def test_statements_that_stand_for_others_are_ones(statement: str) -> None:
    understand(Source("t.ph", f'{statement}\no2: s "hh"'))


@pytest.mark.parametrize("option", sorted(set(HEADS.values())))
def test_options_that_stand_for_statements_are_ones(option: str) -> None:
    name, value = option.split()
    wrong = CliRunner().invoke(cli.farm, ["render", "there-is-no.ph", name, value])
    assert "No such option" not in str(wrong.output)
    assert name in CliRunner().invoke(cli.farm, ["render", "--help"]).output


@pytest.mark.parametrize("name", sorted(FORMS))
@pytest.mark.parametrize("sign", ["#", "$"])
def test_an_unknown_name_is_answered_by_its_form(name: str, sign: str) -> None:
    error = refused(f'out: s "bd" {sign} {name} 0.5')
    assert error.hint == form_of(name)
    assert error.loc is not None
    assert error.loc[1:4] == (1, 15, len(name))


@pytest.mark.parametrize("name", sorted(HEADS))
def test_a_head_that_is_an_option_is_answered_by_it(name: str) -> None:
    error = refused(f'out: s "bd"\n{name}: 3')
    assert error.message == f"`{name}:` begins no statement"
    assert error.hint == f"an option says that: farm render {HEADS[name]}; a bus is written `~{name}: ...`"
    assert error.loc is not None
    assert error.loc[1:4] == (2, 1, len(name))


@pytest.mark.parametrize("head", ["{} 0.5", "{} $ 3", "{}: 3"])
@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_from_elsewhere_is_answered_by_the_one_here(name: str, head: str) -> None:
    error = refused(f'out: s "bd"\n{head.format(name)}')
    assert error.hint == f"here it is written `{STATEMENTS[name]}`"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("out: Sine 440", "did you mean `sine`?"),
        ("out: SAW 110", "did you mean `saw`?"),
        ('out: s "bd" $ degradeby 0.5', "did you mean `degradeBy`?"),
        ("~Kick: saw 110\nout: ~kick", "did you mean `~Kick`?"),
    ],
)
def test_capital_letters_are_no_distance(text: str, hint: str) -> None:
    assert refused(text).hint == hint


def test_the_nearest_name_is_the_same_for_every_order() -> None:
    assert near("BD", ["Bd", "bd", "sn"]) == near("BD", ["bd", "sn", "Bd"]) == ["Bd"]
    assert suggestion("xyz", ["bd", "sn"]) is None


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_an_operator_from_elsewhere_is_shown_whole(operator: str) -> None:
    error = refused(f'out: s "bd" {operator} speed 2')
    assert (error.message, error.hint) == (f"`{operator}` means nothing here", OPERATORS[operator])
    assert error.loc is not None
    assert error.loc[2:4] == (13, len(operator))


def test_an_alternation_outside_a_string_is_no_operator() -> None:
    assert refused("out: s <~a ~b>").message == "`<` means nothing here"


def test_drums_have_the_names_of_banks_that_are_there() -> None:
    names = SampleLibrary().names()
    assert set(BANKS.values()) <= set(names)
    assert not (BANKS.keys() | SYNTHS) & set(names)
    assert bank_of("kick", ["sn"]) is None
    with pytest.raises(SampleError) as caught:
        frames('out: s "hh kick superpiano"')
    hints = [error.hint for error in (caught.value, *caught.value.also)]
    assert hints == ["here it is called `bd`", 'notes are played by oscillators: saw # note "c4 e4"']
    assert frames('out: saw # note "c4 e4"').any()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('s "bd*4" # gain 0.5', 'to hear it write `out: s "bd*4" # gain 0.5`'),
        ("tmpo 0.5", "did you mean `tempo`?"),
        ('$: s("bd*4")', 'here it is written `o1: s "bd sn"`'),
        ("out: saw 440Hz", "numbers have no unit: 440"),
        ('out: s "bd" # gain -6dB', "levels are factors: 0.5 is -6 dB"),
        (
            "out: saw 4.4.0",
            "numbers are digits with at most one point between them: 800, 0.25; names begin with a letter",
        ),
    ],
)
def test_what_was_probably_meant(text: str, hint: str) -> None:
    assert refused(text).hint == hint
