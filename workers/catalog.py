"""The catalog of nodes: what a node definition says, and how definitions are found.

Adding a node is one file below `workers/nodes` (or in a folder named by `FARM_NODES`): a function under `@node(...)`.
Everything else follows from the definition: its name in the language with arity, unit and range checks, plan edges,
compilation, contract tests, documentation. This module imports no numba.

A kernel's signature names what it needs. Besides its inputs and params these names are known:

=============  =====================================================================================================
`out`          lanes signal to write: `out[i] = value`
`frames`       number of frames of this call (a whole number, 1 to 64)
`frame`        absolute number of the first frame
`state`        the declared fields, one value per lane: `state.low`
`ring`         `ring.read(i, frames_ago)`, `ring.write(i, value)`: the declared delay line; silent before the lane began
`age`          `age[i]`: frames since the lane began (voice: onset; bus: start of the cycle, or of the present step), as
               a signed word: negative before, and right up to 2**30 frames, after which it only stays above them
`past`         float32 per lane: 0 up to there, then the frames that `age` leaves out
`time`         `time[i]`: frames since the voice's onset, on a bus since frame 0, modulo 2**32: for hashes
`gate_frames`  frames from there to the end of the slot (float32); on a bus who names it restarts with each cycle
`period_s`     1 / sample rate
`rate_hz`      the sample rate
`seed`        uint32 per lane: where this node stands; the seed of `rand(seed, frame)`
`side`         +1 in left lanes, -1 in right lanes, 0 inside voices
`channels`     lanes in use (2 on a bus, 8 inside voices), for `Shape.CHANNELS`
`lines`        memory of the delay lines, for `Shape.CHANNELS`, a channel's one after the other, `LINE_GUARD` floats
               behind each: lines of `line_mask` + 1 floats, then the short ones, of half as many
`line_mask`    length of a line - 1 (a power of two - 1)
`line_lengths` memory of whole numbers, for `Shape.CHANNELS`: (channels, lines), `Ring.line_frames` at this rate
`cells`        memory of the state fields, for `Shape.CHANNELS`: field f of channel c is float 16 f + c
`samples`      memory of all samples, for `Shape.FOLD`
=============  =====================================================================================================
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Container, Iterable, Mapping
from functools import cache
from types import ModuleType
from typing import Literal

from workers.definitions import (
    CARRIED,
    CLOSED_FORM,
    STATELESS,
    Column,
    Definition,
    Kernel,
    Memory,
    MemoryByPort,
    NodeError,
    Param,
    Port,
    Ring,
    Role,
    Shape,
    StateField,
    Unit,
    arguments_of,
    by_port,
    scaled,
)
from workers.index import HERE, Findings, Row, index
from workers.named import Named
from workers.node_files import OTHERS, OWN, homes, imported, node_folders, own_folders
from workers.records import record
from workers.spans import Span

__all__ = [
    "CARRIED",
    "CLOSED_FORM",
    "STATELESS",
    "Column",
    "Define",
    "Definition",
    "Memory",
    "MemoryByPort",
    "NodeError",
    "Param",
    "Port",
    "Ring",
    "Role",
    "Shape",
    "StateField",
    "Unit",
    "arguments_of",
    "by_port",
    "catalog",
    "language",
    "listed",
    "misnamed",
    "node",
    "node_folders",
    "scaled",
]

OWN_NODES = f"{OWN}."
ROLES = frozenset(Role)
RoleName = Literal["source", "control", "effect", "internal"]
Define = Callable[[Kernel], Definition]
"""What `node` gives: a family of nodes with much in common has a decorator of its own, which returns one."""


def node(
    *,
    role: RoleName,
    memory: Memory | MemoryByPort,
    params: tuple[Param, ...] = (),
    ports: tuple[Port, ...] = (),
    state: tuple[str, ...] = (),
    ring: Ring | None = None,
    columns: tuple[Column, ...] = (),
    numbers: tuple[str, ...] = (),
    shape: Shape = Shape.LANES,
    cost_ns: float,
    example: str = "",
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    ends_voice: bool = False,
    span: Callable[..., Span] | None = None,
    tuned: bool = False,
    longer: Definition | None = None,
    envelope: bool = False,
    strikes: bool = False,
    product: bool = False,
    operator: str = "",
    quality: str = "",
) -> Define:
    """Turns a kernel into a `Definition`. `state` lists fields as "name" (float32) or "name:u4" (uint32).

    Raises NodeError for one that breaks a rule (`workers.rules`); those of this package are held to the rules when they
    are compiled, and by the tests.
    """

    def define(kernel: Kernel) -> Definition:
        foreign = not getattr(kernel, "__module__", "").startswith(OWN_NODES)
        if foreign:
            from workers.rules import check_given

            caller = sys._getframe(1)
            check_given(kernel, caller.f_code.co_filename, caller.f_lineno, given)
        fields = tuple(StateField(field, dtype or "f4") for field, _, dtype in (text.partition(":") for text in state))
        definition = Definition(
            name=name or kernel.__name__.rstrip("_"),
            kernel=kernel,
            role=Role(role) if role in ROLES else role,  # type: ignore[arg-type]
            ports=ports,
            params=params,
            memory=memory,
            state=fields,
            ring=ring,
            columns=columns,
            numbers=numbers,
            shape=shape,
            cost_ns=cost_ns,
            example=example,
            aliases=aliases,
            ends_voice=ends_voice,
            span=span,
            tuned=tuned,
            longer=longer,
            envelope=envelope,
            strikes=strikes,
            product=product,
            operator=operator,
            quality=quality,
        )
        if foreign or role not in ROLES:
            from workers.rules import check

            check(definition)
        return definition

    given: dict[str, object] = {"role": role, "memory": memory, "params": params, "ports": ports, "state": state}
    given |= {"ring": ring, "columns": columns, "numbers": numbers, "shape": shape, "cost_ns": cost_ns}
    given |= {"example": example, "name": name, "aliases": aliases, "span": span}
    given |= {"longer": longer, "operator": operator, "quality": quality}
    return define


@record(frozen=True, slots=True)
class Listed:
    """What is known of a node before its file is imported: as much as it takes to tell whether a score needs it.

    `home`: what its module is called. `public`: it has a name in the language.
    """

    name: str
    home: str
    public: bool
    operator: str
    quality: str
    aliases: tuple[str, ...]

    @staticmethod
    def of(definition: Definition) -> Listed:
        """What the index says of a definition."""
        home, public = definition.kernel.__module__, definition.role != Role.INTERNAL
        return Listed(definition.name, home, public, definition.operator, definition.quality, tuple(definition.aliases))

    @staticmethod
    def read(row: Row) -> Listed:
        """From a row of the index."""
        name, home, public, operator, quality, *aliases = row
        return Listed(name, home, public == "public", operator, quality, tuple(aliases))

    @property
    def row(self) -> Row:
        """For the index."""
        public = "public" if self.public else ""
        return (self.name, self.home, public, self.operator, self.quality, *self.aliases)

    @property
    def names(self) -> tuple[str, ...]:
        """Its names in the language."""
        return (self.name, *self.aliases) if self.public else ()


class Catalog:
    """The nodes there are: what is known of each, and the definitions of those whose files were imported."""

    def __init__(self) -> None:
        self.found: dict[str, Definition] = {}
        self._lock = threading.RLock()
        rows = index("nodes", self.find, [HERE, *own_folders()], [str(folder) for folder in node_folders()])
        self.listed = {one.name: one for one in map(Listed.read, rows)}

    def find(self) -> Findings:
        """Imports every file. Raises NodeError when two definitions share a name, and for a file that is broken."""
        self.found = {}
        public: dict[str, Definition] = {}
        known = {*sys.modules}
        for home in homes():
            for definition in definitions_in(imported(home)):
                _enter(self.found, definition.name, definition)
                for name in Listed.of(definition).names:
                    _enter(public, name, definition)
        self.listed = {name: Listed.of(one) for name, one in self.found.items()}
        return Findings(tuple(one.row for one in self.listed.values()), files_beside(known) if node_folders() else ())

    def define(self, name: str) -> Definition:
        """The definition of a node that is listed; its file is imported, and all are if it is no longer as listed.

        Raises NodeError.
        """
        with self._lock:
            if name not in self.found:
                home = self.listed[name].home
                expected = [one for one in self.listed.values() if one.home == home]
                there = {one.name: one for one in definitions_in(imported(home))}
                if [Listed.of(one) for one in there.values()] == expected:
                    self.found.update(there)
                else:
                    self.find()
            if name not in self.found:
                raise NodeError(f"there was a node `{name}` here when this process began: start it anew", home)
            return self.found[name]


def files_beside(known: Container[str]) -> tuple[str, ...]:
    """The files of modules that were imported besides those that were `known`, and are no node's and none of ours."""
    ours = ("workers.", OTHERS)
    names = [name for name in [*sys.modules] if name not in known and not name.startswith(ours)]
    return tuple(sorted(filter(None, (getattr(sys.modules[name], "__file__", None) for name in names))))


def definitions_in(module: ModuleType) -> Iterable[Definition]:
    """The definitions that a node file makes, in its order."""
    for value in vars(module).values():
        if isinstance(value, Definition) and value.kernel.__module__ == module.__name__:
            yield value


@cache
def nodes() -> Catalog:
    """The nodes of this process. Raises NodeError."""
    return Catalog()


@cache
def catalog() -> Named[Definition]:
    """Every definition by name (aliases are not keys); a file is imported when the first of its nodes is asked for.

    Raises NodeError when two definitions share a name or an alias, and for a file of `FARM_NODES` that cannot be used.
    """
    return Named(nodes().listed, nodes().define)


def listed() -> Mapping[str, Listed]:
    """What is known of every node without its file, by name. Raises NodeError."""
    return nodes().listed


def _enter(names: dict[str, Definition], name: str, definition: Definition) -> None:
    """Gives a name to a definition. Raises NodeError where it is another one's."""
    other = names.setdefault(name, definition)
    if other is not definition:
        from workers.kernel_source import source_of

        source = source_of(other.kernel)
        raise misnamed(definition, name, f"the name of a node already, in {source.path}:{source.tree.lineno}")


def misnamed(definition: Definition, name: str, what: str) -> NodeError:
    """The error for a name that a node cannot have, because it is `what`."""
    from workers.rules import Declaration

    keyword = "aliases" if name in definition.aliases else "name"
    return Declaration(definition.kernel).error(f"`{name}` is {what}: call yours otherwise", keyword, name)


@cache
def language() -> Named[Definition]:
    """Definitions by every name that a score may use, aliases included; internal ones are left out."""
    meant = {name: one.name for one in listed().values() for name in one.names}
    return Named(meant, lambda name: catalog()[meant[name]])
