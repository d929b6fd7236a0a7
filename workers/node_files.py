"""The files of nodes: those of this package, and those in folders that `FARM_NODES` names."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType

from workers.definitions import NodeError

OWN = "workers.nodes"
"""The package of farm's nodes."""
OTHERS = "farm_nodes_"
"""How modules of other folders are called: this, the number of the folder, the name of the file."""


def node_folders() -> tuple[Path, ...]:
    """Folders of further node files, from `FARM_NODES` (separated like PATH), each once."""
    folders = [Path(part) for part in os.environ.get("FARM_NODES", "").split(os.pathsep) if part]
    return tuple({folder.resolve(): folder for folder in reversed(folders)}.values())[::-1]


def own_folders() -> list[str]:
    """The folders of farm's nodes."""
    return list(importlib.import_module(OWN).__path__)


def node_files(folder: Path) -> list[Path]:
    """The node files of a folder, by name. Raises NodeError where it is no folder, or cannot be read."""
    try:
        names = sorted(os.listdir(folder))
    except NotADirectoryError:
        raise NodeError("this is a file, and FARM_NODES names folders", folder) from None
    except OSError as error:
        raise NodeError(f"this folder, which FARM_NODES names, cannot be read: {error.strerror}", folder) from None
    return [folder / name for name in names if name.endswith(".py") and not name.startswith(".")]


def others() -> dict[str, Path]:
    """The files of other folders, by what their modules are called. Raises NodeError."""
    return {
        f"{OTHERS}{number}_{path.stem}": path
        for number, folder in enumerate(node_folders())
        for path in node_files(folder)
    }


def homes() -> Iterator[str]:
    """What the modules of all node files are called: farm's first. Raises NodeError."""
    import pkgutil

    for found in sorted(pkgutil.walk_packages(own_folders(), f"{OWN}."), key=lambda one: one.name):
        if not found.ispkg:
            yield found.name
    yield from others()


def imported(home: str) -> ModuleType:
    """The module of a node file. Raises NodeError, whatever goes wrong; LookupError where there is no such file."""
    if home.startswith(f"{OWN}."):
        try:
            return importlib.import_module(home)
        except NodeError:
            raise
        except Exception as error:
            spec = importlib.util.find_spec(home)
            if spec is None or spec.origin is None:
                raise LookupError(f"there is no module {home}") from error
            raise _unimportable(Path(spec.origin), error) from error
    return _from_file(others()[home], home)


class AsWritten(importlib.machinery.SourceFileLoader):
    """Reads the text of a module, and no bytecode beside it.

    Python tells an edit by the second and the size, so that two within a second may be taken for one.
    """

    def get_code(self, fullname: str) -> CodeType:
        """What Python makes of the text as it is now."""
        return self.source_to_code(self.get_data(self.path), self.path)


def _from_file(path: Path, name: str) -> ModuleType:
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
    import traceback

    if isinstance(error, SyntaxError) and error.filename in (None, str(path)):
        return NodeError(f"this is not Python: {error.msg}", path, error.lineno or 0, error.offset or 1)
    if isinstance(error, OSError) and error.filename == str(path):
        return NodeError(f"this file cannot be read: {error.strerror}", path)
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    return NodeError(f"this file cannot be imported: {what}", path, lines[-1] if lines else 0)
