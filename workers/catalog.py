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

import importlib
import importlib.machinery
import importlib.util
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
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
    "misnamed",
    "node",
    "node_folders",
    "scaled",
]

OWN_NODES = "workers.nodes."
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


def node_folders() -> tuple[Path, ...]:
    """Folders of further node files, from `FARM_NODES` (separated like PATH), each once."""
    folders = [Path(part) for part in os.environ.get("FARM_NODES", "").split(os.pathsep) if part]
    return tuple({folder.resolve(): folder for folder in reversed(folders)}.values())[::-1]


def node_files(folder: Path) -> list[Path]:
    """The node files of a folder, by name. Raises NodeError where it is no folder, or cannot be read."""
    try:
        names = sorted(os.listdir(folder))
    except NotADirectoryError:
        raise NodeError("this is a file, and FARM_NODES names folders", folder) from None
    except OSError as error:
        raise NodeError(f"this folder, which FARM_NODES names, cannot be read: {error.strerror}", folder) from None
    return [folder / name for name in names if name.endswith(".py") and not name.startswith(".")]


def _modules() -> Iterable[ModuleType]:
    import workers.nodes

    for found in sorted(pkgutil.walk_packages(workers.nodes.__path__, "workers.nodes."), key=lambda m: m.name):
        if not found.ispkg:
            yield importlib.import_module(found.name)
    for number, folder in enumerate(node_folders()):
        for path in node_files(folder):
            yield _imported(path, f"farm_nodes_{number}_{path.stem}")


class AsWritten(importlib.machinery.SourceFileLoader):
    """Reads the text of a module, and no bytecode beside it.

    Python tells an edit by the second and the size, so that two within a second may be taken for one.
    """

    def get_code(self, fullname: str) -> CodeType:
        """What Python makes of the text as it is now."""
        return self.source_to_code(self.get_data(self.path), self.path)


def _imported(path: Path, name: str) -> ModuleType:
    """A node file as a module. Raises NodeError, whatever goes wrong."""
    if not path.is_file():
        raise NodeError("this is no file with nodes", path)
    spec = importlib.util.spec_from_file_location(name, path, loader=AsWritten(name, str(path)))
    assert spec is not None and spec.loader is not None, "the name ends with .py"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, NodeError | KeyboardInterrupt):
            raise
        raise _unimportable(path, error) from error
    return module


def _unimportable(path: Path, error: BaseException) -> NodeError:
    """What is said of a file that Python cannot import."""
    if isinstance(error, SyntaxError) and error.filename in (None, str(path)):
        return NodeError(f"this is not Python: {error.msg}", path, error.lineno or 0, error.offset or 1)
    if isinstance(error, OSError) and error.filename == str(path):
        return NodeError(f"this file cannot be read: {error.strerror}", path)
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    return NodeError(f"this file cannot be imported: {what}", path, lines[-1] if lines else 0)


@cache
def catalog() -> dict[str, Definition]:
    """Every definition by name (aliases are not keys).

    Raises NodeError when two definitions share a name or an alias, and for a file of `FARM_NODES` that cannot be used.
    """
    found: dict[str, Definition] = {}
    public: dict[str, Definition] = {}
    for module in _modules():
        for value in vars(module).values():
            if isinstance(value, Definition) and value.kernel.__module__ == module.__name__:
                _enter(found, value.name, value)
                for name in (value.name, *value.aliases) if value.role != Role.INTERNAL else ():
                    _enter(public, name, value)
    return found


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
def language() -> dict[str, Definition]:
    """Definitions by every name that a score may use, aliases included; internal ones are left out."""
    names: dict[str, Definition] = {}
    for definition in catalog().values():
        if definition.role != "internal":
            names.update(dict.fromkeys((definition.name, *definition.aliases), definition))
    return names
