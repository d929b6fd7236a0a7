"""Transforms by decorator: the annotations of a function say what its arguments are in the language.

    @transform
    def late(time: Cycles, pattern: Pattern) -> Pattern:
        '''Each hap `time` cycles later.

        late 0.25 $ "a b"  ->  ~ a ~ b
        '''
        return later(time, pattern)

The pattern comes last. `Ratio` is an exact number, `Pace` one that says how fast, `Cycles` one that is a time, `Count`
a whole one, `Amount` a float, `Fn` a transform, `Pat` a pattern (`farm.pattern.kinds`). A number may be given as a
pattern: then the transform is an inner join over its values. Keyword-only parameters named `seed` and `words` are given
by the call's place and score. Ranges are annotated: `Annotated[Ratio, Above(0)]` refuses, `Annotated[Amount, Between(0,
1)]` clamps with a notice.

The docstring's first line says what it does, further lines what else there is to know; its example, cycle by cycle
from cycle 0, is checked by the tests. Every module of `farm.pattern.transforms` is found by itself, and imported when
one of its transforms is asked for (`workers.index`). A definition that breaks a rule, or whose name another transform
has, is refused with its file and line.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints, overload

from farm.errors import DefinitionError, Loc, Notice, ScoreError
from farm.pattern.joins import inner_join
from farm.pattern.kinds import (
    Above,
    Amount,
    Argument,
    Between,
    Binding,
    Count,
    Cycles,
    Fn,
    In,
    Kind,
    Pace,
    Parameter,
    Pat,
    Ratio,
)
from farm.pattern.pattern import HAPS_PER_CYCLE, Pattern
from farm.pattern.words import Words
from workers.docstrings import docstring
from workers.index import Findings, index
from workers.records import record

__all__ = [
    "Above",
    "Amount",
    "Argument",
    "Between",
    "Count",
    "Cycles",
    "Fn",
    "In",
    "Pace",
    "Parameter",
    "Pat",
    "Ratio",
    "Transform",
    "transform",
    "transforms",
]
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_']*")


@record(frozen=True, slots=True)
class Transform:
    """A transform as the language sees it: `doc` says in a sentence what it does, `more` what else there is to know."""

    name: str
    aliases: tuple[str, ...]
    arguments: tuple[Parameter, ...]
    doc: str
    example: str
    function: Callable[..., Pattern]
    layers: bool
    """It puts copies on top of a pattern: of an oscillator, which plays one value at a time, only one is heard."""
    beside: bool
    """It plays a copy on the other side; of a signal alone, too."""
    given: frozenset[str]
    more: str = ""

    @property
    def signature(self) -> str:
        """How it is written: `every n f`."""
        return " ".join([self.name, *[one.name if one.default is None else f"[{one.name}]" for one in self.arguments]])

    @property
    def least(self) -> int:
        """Arguments that must be given."""
        return sum(one.default is None for one in self.arguments)

    @property
    def hint(self) -> str:
        """What stands below an error about it."""
        return f"written as `{self.signature}`; {self.doc[0].lower()}{self.doc[1:]}"

    def apply(
        self,
        args: Sequence[Argument],
        pattern: Pattern,
        seed: int,
        loc: Loc | None,
        words: Words | None = None,
        notices: list[Notice] | None = None,
        locs: Sequence[Loc] = (),
    ) -> Pattern:
        """The transformed pattern.

        `seed` is the place's, for transforms with chance; `words` reads numbers that are given as patterns and is
        needed then. Raises `ScoreError` for a wrong number or kind of arguments, for a number that makes no sense, and
        for more than 200,000 haps in a cycle; clamped constants are told in `notices`. What is said of an argument is
        said at its place in `locs`, all else at `loc`.
        """
        given, most = len(args), len(self.arguments)
        if given != most and not self.least <= given <= most:
            raise self._error(f"takes {_arguments(self.least, most)}, not {given}", loc)
        call = _Call(self, seed, loc, words, notices, locs)
        return call.bound(list(args), [], pattern)

    def check(self, index: int, values: Iterable[tuple[str, Fraction | None]], loc: Loc) -> None:
        """Looks at the values, as they are written and as numbers, of a pattern given as an argument at `loc`.

        Raises ScoreError for one that the argument cannot be, whichever cycle it stands in.
        """
        parameter = self.arguments[index] if index < len(self.arguments) else None
        if parameter is None or not parameter.kind.patterned:
            return
        binding = _Call(self, 0, loc, None, None, ()).binding(parameter, None)
        for text, number in values:
            if number is None:
                raise binding.no_number(text)
            parameter.kind.bind(binding, number)

    def _error(self, what: str, loc: Loc | None) -> ScoreError:
        return ScoreError(f"`{self.name}` {what}", loc=loc, hint=self.hint)


@record(frozen=True, slots=True)
class _Call:
    transform: Transform
    seed: int
    loc: Loc | None
    words: Words | None
    notices: list[Notice] | None
    locs: Sequence[Loc]

    def binding(self, parameter: Parameter, notices: list[Notice] | None) -> Binding:
        """An argument that is to be bound; it stands at its own place, if that is known."""
        index = self.transform.arguments.index(parameter)
        loc = self.locs[index] if index < len(self.locs) else self.loc
        return Binding(self.transform, parameter, loc, notices)

    def bound(self, waiting: list[Argument], done: list[Any], pattern: Pattern) -> Pattern:
        """Binds the arguments one after another; a number given as a pattern becomes an inner join."""
        index = len(done)
        if index == len(self.transform.arguments):
            return self.called(done, pattern)
        parameter = self.transform.arguments[index]
        argument = waiting[index] if index < len(waiting) else parameter.default
        assert argument is not None, "a default or an argument"
        if parameter.kind.patterned and isinstance(argument, Pattern):
            return self.patterned(parameter, argument, waiting, done, pattern)
        value = parameter.kind.bind(self.binding(parameter, self.notices), argument)
        return self.bound(waiting, [*done, value], pattern)

    def patterned(
        self, parameter: Parameter, argument: Pattern, waiting: list[Argument], done: list[Any], pattern: Pattern
    ) -> Pattern:
        words = self.words
        if words is None:
            raise ValueError("a number given as a pattern needs `words`")

        def choose(value: int, notices: list[Notice] | None = None) -> Pattern:
            binding = self.binding(parameter, notices)
            number = words.exact(value)
            if number is None:
                raise binding.no_number(words.text(value))
            return self.bound(waiting, [*done, parameter.kind.bind(binding, number)], pattern)

        if argument.pieces is not None and argument.coin is None and len(argument.pieces) == 1 == argument.grid:
            return choose(argument.pieces[0][2], self.notices)
        return inner_join(argument, choose, words.rank)

    def called(self, arguments: list[Any], pattern: Pattern) -> Pattern:
        transform = self.transform
        extra = {"seed": self.seed, "words": self.words, "loc": self.loc}
        keywords = {name: extra[name] for name in transform.given}
        result = transform.function(*arguments, pattern, **keywords)
        if result.peak > HAPS_PER_CYCLE:
            raise transform._error(
                f"asks for about {result.peak:,.0f} haps in one cycle, the limit is {HAPS_PER_CYCLE:,}", self.loc
            )
        return result


def _arguments(least: int, most: int) -> str:
    if least == most:
        return "no arguments" if not most else "one argument" if most == 1 else f"{most} arguments"
    return f"{least} to {most} arguments"


DEFINED: dict[str, Transform] = {}
"""The transforms that were defined so far, by name, aliases included; `transforms()` are all of them."""
PACKAGE = "farm.pattern.transforms"
"""Where farm's own are defined."""

Function = Callable[..., Pattern]


@overload
def transform(function: Function, /) -> Function: ...
@overload
def transform(
    *, name: str | None = None, aliases: Sequence[str] = (), layers: bool = False, beside: bool = False
) -> Callable[[Function], Function]: ...
def transform(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    aliases: Sequence[str] = (),
    layers: bool = False,
    beside: bool = False,
) -> Function | Callable[[Function], Function]:
    """Registers a function as a transform, under its own name or `name`, and under `aliases`.

    `layers` and `beside` say of it what `Transform` says of them.

    Raises DefinitionError for one that breaks a rule, or has another one's name.
    """

    def register(function: Function) -> Function:
        found = _transform_of(function, name or function.__name__.rstrip("_"), tuple(aliases), layers, beside)
        names = (found.name, *found.aliases)
        # Farm's own are compared with each other when all are imported, which they are whenever one was changed.
        known: Mapping[str, Transform] = DEFINED if is_own(function) else transforms()
        for one in names:
            if not NAME.fullmatch(one):
                raise _refused(function, f"`{one}` is no name of the language: letters, digits, _ and '")
            if one in known:
                place = _place(known[one].function)
                there = f"{place.file}:{place.line}"
                raise _refused(function, f"`{one}` is a transform already, in {there}: call yours otherwise")
        if len(set(names)) < len(names):
            raise _refused(function, "each alias stands once, and is not the name itself")
        DEFINED.update(dict.fromkeys(names, found))
        return function

    return register if function is None else register(function)


def _place(function: Function) -> Loc:
    """Where a function is defined."""
    code = function.__code__
    return Loc(code.co_filename, code.co_firstlineno, 1)


def _refused(function: Function, message: str) -> DefinitionError:
    """The error for a definition that breaks a rule."""
    import linecache

    file, line, column, length, _ = _place(function)
    text = linecache.getline(file, line).rstrip("\n")
    return DefinitionError(message, loc=Loc(file, line, column, length, text))


def _transform_of(function: Function, name: str, aliases: tuple[str, ...], layers: bool, beside: bool) -> Transform:
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())
    positional = [one for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    given = frozenset(one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY)
    if not given <= {"seed", "words", "loc"}:
        raise _refused(function, f"`{name}`: keyword arguments are seed, words and loc")
    lines = docstring(function).splitlines()
    examples = [line.strip() for line in lines if "->" in line]
    if not lines or not examples:
        raise _refused(function, f'`{name}`: its docstring needs a first line and an example: {name} $ "a b"  ->  b a')
    if not positional or hints.get(positional[-1].name) is not Pattern or hints.get("return") is not Pattern:
        raise _refused(function, f"`{name}` takes its pattern last and gives one: (..., pattern: Pattern) -> Pattern")
    return Transform(
        name,
        aliases,
        tuple(_parameter(function, one, hints.get(one.name)) for one in positional[:-1]),
        lines[0],
        examples[0],
        function,
        layers,
        beside,
        given,
        "\n".join(line for line in lines[1:] if line and "->" not in line),
    )


def _parameter(function: Function, parameter: inspect.Parameter, hint: Any) -> Parameter:
    extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    kinds = [extra for extra in extras if isinstance(extra, Kind)]
    ranges = [extra for extra in extras if isinstance(extra, Above | Between)]
    if not kinds:
        raise _refused(function, f"annotate `{parameter.name}` with Ratio, Pace, Cycles, Count, Amount, Fn or Pat")
    units = [extra.unit for extra in extras if isinstance(extra, In)]
    default = None if parameter.default is inspect.Parameter.empty else parameter.default
    return Parameter(parameter.name, kinds[0], default, ranges[0] if ranges else None, *units)


def is_own(function: Function) -> bool:
    """Whether a function stands in a module of farm's transforms."""
    return function.__module__.startswith(f"{PACKAGE}.")


class Transforms(Mapping[str, Transform]):
    """All transforms by name, aliases included; a module is imported when one of its own is asked for first.

    Raises DefinitionError, when one is asked for too.
    """

    def __init__(self) -> None:
        folders = [str(Path(__file__).parent), *importlib.import_module(PACKAGE).__path__]
        found = index("transforms", self.find, folders)
        self.homes = {row[0]: row[1] for row in found}

    def find(self) -> Findings:
        """Imports every module. Raises DefinitionError."""
        import pkgutil

        path = importlib.import_module(PACKAGE).__path__
        define([f"{PACKAGE}.{module}" for module in sorted(one.name for one in pkgutil.iter_modules(path))])
        return Findings(tuple((name, one.function.__module__) for name, one in DEFINED.items() if is_own(one.function)))

    def __getitem__(self, name: str) -> Transform:
        known = DEFINED.get(name)
        if known is not None:
            return known
        home = self.homes.get(name)
        if home is not None:
            define([home])
            there = {name for name, one in DEFINED.items() if one.function.__module__ == home}
            if there != {name for name, one in self.homes.items() if one == home}:
                self.homes = {row[0]: row[1] for row in self.find().rows}
            if name not in DEFINED:
                raise DefinitionError(f"there was a transform `{name}` when this process began: start it anew")
        return DEFINED[name]

    def __contains__(self, name: object) -> bool:
        return name in self.homes or name in DEFINED

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self.homes, *DEFINED)))

    def __len__(self) -> int:
        return len({*self.homes, *DEFINED})


def define(modules: Iterable[str]) -> None:
    """Imports modules of transforms; where that fails, nothing is defined. Raises DefinitionError."""
    before = dict(DEFINED)
    try:
        for module in modules:
            if module.startswith(f"{PACKAGE}."):
                importlib.import_module(module)
    except BaseException:
        # Whoever tries again imports what failed again.
        DEFINED.clear()
        DEFINED.update(before)
        raise


@cache
def transforms() -> Transforms:
    """All transforms by name. Raises DefinitionError."""
    return Transforms()
