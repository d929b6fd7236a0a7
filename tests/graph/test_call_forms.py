"""Every node of the language, written in each of its forms: the sound is the same, bit for bit."""

from __future__ import annotations

import pytest

from farm.errors import ScoreError
from farm.graph.node_calls import short
from tests.render.sound import digest, frames, same_bits, score
from workers.catalog import Definition, Param, catalog, language
from workers.catalog import Unit as ParamUnit

NODES = [one for one in catalog().values() if one.role != "internal"]
EFFECTS = [one for one in NODES if one.ports]
SOURCES = [one for one in NODES if not one.ports]
INPUT = 'saw "110 165" * 0.5'
TIER_1 = """
    sine sin s saw square noise impulse white_noise adsr tri triangle supersaw ad perc line fm pulse n note lpf hpf
    reverb delay mul add chorus distortion distort dist bitcrush bpf notch gain amp speed pan cut ar
    begin end loop legato attack release sp fast swing slow degradeBy degrade rev every chop jux stut ply hurry early
    late off superimpose iter palindrome
"""


def value(param: Param, number: int) -> str:
    """A value inside a param's range, unlike its default and its neighbours'."""
    usual = {"Hz": 150.0 + 90 * number, "s": 0.05 + 0.02 * number}.get(param.unit)
    chosen = usual if usual is not None else (0.3 + 0.1 * number)
    chosen = min(max(chosen, param.low), param.high)
    return f"{chosen:.6f}".rstrip("0").rstrip(".")


def values(definition: Definition) -> list[str]:
    return [value(param, number) for number, param in enumerate(definition.params)]


def called(name: str, *arguments: str) -> str:
    return " ".join([name, *arguments])


def keywords(definition: Definition, given: list[str]) -> list[str]:
    pairs = zip(definition.params, given, strict=True)
    return [f":{short(param)} {one}" for param, one in reversed(list(pairs))]


@pytest.mark.parametrize("definition", EFFECTS, ids=lambda one: one.name)
def test_an_effect_in_every_form(definition: Definition) -> None:
    name, given = definition.name, values(definition)
    chain = frames(f"out: {INPUT} # {called(name, *given)}")
    assert chain.any(), "it sounds"
    assert digest(chain) != digest(frames(f"out: {INPUT}")), "it does something"
    others = [
        f"out: {called(name, f'({INPUT})', *given)}",
        f"~x: {INPUT}\nout: {called(name, '~x', *given)}",
        f"out: {name}({', '.join([INPUT, *given])})",
        f"out: {INPUT} # {name}({', '.join(given)})",
        f"out: {called(name, *given)} $ {INPUT}",
        f"out: {INPUT} $ {called(name, *given)}",
        f"~m # {called(name, *given)}\nout: {INPUT} # ~m",
        f"out: {INPUT} # {called(name, *keywords(definition, given))}",
        f"out: {called(name, f'({INPUT})', *keywords(definition, given))}",
        *(f"out: {INPUT} # {called(alias, *given)}" for alias in definition.aliases),
    ]
    for other in others:
        same_bits(chain, frames(other), other)


@pytest.mark.parametrize("definition", SOURCES, ids=lambda one: one.name)
def test_a_source_in_every_form(definition: Definition) -> None:
    name, given = definition.name, values(definition)
    plain = frames(f"out: {called(name, *given)} * 0.5")
    assert plain.any(), "it sounds"
    others = [
        f"out: {name}({', '.join(given)}) * 0.5",
        f"out: {called(name, *keywords(definition, given))} * 0.5",
        *(f"out: {called(alias, *given)} * 0.5" for alias in definition.aliases),
    ]
    for other in others:
        same_bits(plain, frames(other), other)
    scaled = frames(f"out: square 3 * {called(name, *given)}")
    same_bits(scaled, frames(f"out: square 3 # {called(name, *given)}"), "in a chain")
    same_bits(scaled, frames(f"out: square 3 # {called(name, *keywords(definition, given))}"), "in a chain by keywords")
    if definition.params and definition.params[0].as_unit is ParamUnit.PHASE:
        rest = given[1:]
        same_bits(
            frames(f"out: {called(name, chr(34) + '150 220' + chr(34), *rest)}"),
            frames(f'~p: "150 220"\nout: ~p # {called(name, *rest)}'),
            "a pattern in a chain is the frequency",
        )


@pytest.mark.parametrize("definition", NODES, ids=lambda one: one.name)
def test_wrong_arguments_are_told(definition: Definition) -> None:
    before = f"{INPUT} # " if definition.ports else ""
    given = values(definition)
    wrong = {
        "too many": called(definition.name, *given, "1", "1"),
        "unknown keyword": called(definition.name, *given, ":nothing 3"),
        "a transform": called(definition.name, "(fast 2)", *given[1:]),
    }
    if any(param.default is None for param in definition.params):
        wrong["too few"] = definition.name
    for what, call in wrong.items():
        with pytest.raises(ScoreError) as caught:
            score(f"out: {before}{call}")
        assert caught.value.loc is not None and caught.value.loc.column >= len(f"out: {before}"), what


def test_all_of_the_first_tier_is_there() -> None:
    from farm.graph.names import function_names

    known = function_names()
    assert not [name for name in TIER_1.split() if name not in known]
    assert "lpf" in language()
