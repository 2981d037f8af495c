"""Load code from a file, named as `file.py:name`; run it again only when the file or a module beside it changes.

Each file gets the modules of its own folder, even if another folder has modules of the same names.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from consult.errors import PluginError, one_line
from consult.identity import DIGITS, INSTALLED, digest, is_installed
from consult.reading import FileError, MissingFileError, digest_of, refuse_no_file

CODE = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w*)")
"""`file.py:name`."""


@dataclass(frozen=True)
class _Loaded:
    """A file that was run."""

    module: ModuleType
    helpers: Mapping[str, ModuleType]
    """Name → a module of the same folder that it imported."""
    digests: Mapping[Path, str]
    """File → its hash when it was read; the file itself is the first."""

    @property
    def revision(self) -> str:
        """A hash of the file, with the modules beside it that it uses."""
        first, *others = self.digests.values()
        return digest(first, *sorted(others)) if others else first[:DIGITS]

    def is_current(self) -> bool:
        """Return whether nothing has changed since."""
        return all(path.is_file() and _digest(path) == then for path, then in self.digests.items())


_HERE = Path(__file__).parent
_LOADED: dict[Path, _Loaded] = {}


def load_code(reference: str) -> Any:
    """Run a file and return the object that it defines under a name.

    Raises:
        PluginError: There is no such file or name, or the file fails.
    """
    match = CODE.fullmatch(reference)
    assert match is not None
    path, name = Path(match["file"]), match["name"]
    try:
        refuse_no_file(path)
    except MissingFileError:
        raise PluginError(f"there is no file '{path}'; check the path in '{reference}'") from None
    except FileError as error:
        raise PluginError(str(error)) from None
    module = _loaded(path).module
    if not hasattr(module, name):
        from consult.scenarios import UnknownNameError

        menu = [one for one, value in vars(module).items() if not one.startswith("_") and callable(value)]
        if not menu:
            raise PluginError(f"no name in '{path}' can be called; define '{name}' in it")
        raise UnknownNameError(f"name in '{path}'", name, menu)
    return getattr(module, name)


def revision_of_file(reference: str) -> str:
    """Return the hash of a reference's file, with the modules beside it that it uses.

    Raises:
        PluginError: The file cannot be loaded.
    """
    match = CODE.fullmatch(reference)
    assert match is not None
    return _loaded(Path(match["file"])).revision


def told(error: BaseException) -> str:
    """Return one line about what the user's code raised, and where: type, message, file and line."""
    said, place = one_line(error), place_of(error)
    # The message of a syntax error includes its location.
    return said if not place or place in said else f"{said}; {place}"


def place_of(error: BaseException) -> str:
    """Return file and line of the innermost frame in the user's code: `mine.py, line 23`; empty if there is none.

    Code of an installed package counts only if the traceback has no other file.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{Path(error.filename).name}, line {error.lineno}"
    frames = [
        (frame.filename, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen ") and not Path(frame.filename).is_relative_to(_HERE)
    ]
    own = [one for one in frames if not one[0].startswith(INSTALLED)] or [
        one for one in frames if one[0] == frames[0][0]
    ]
    return f"{Path(own[-1][0]).name}, line {own[-1][1]}" if own else ""


def _loaded(path: Path) -> _Loaded:
    path = path.resolve()
    known = _LOADED.get(path)
    if known is None or not known.is_current():
        known = _LOADED[path] = _run(path)
    return known


def _run(path: Path) -> _Loaded:
    first = _digest(path)
    name = f"consult_code_{digest(str(path), first)}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    with _own_modules(path.parent) as helpers:
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise PluginError(f"'{path}' failed while it was being loaded ({told(error)})") from error
    files = {Path(str(helper.__file__)): "" for helper in helpers.values()}
    return _Loaded(module, helpers, {path: first, **{file: _digest(file) for file in sorted(files)}})


@contextmanager
def _own_modules(folder: Path) -> Iterator[dict[str, ModuleType]]:
    """Make imports search a folder first and read its modules again; yield the modules imported inside the block.

    Afterwards a module stays where imports find it, unless another folder has one of this name: what is imported later
    is then an error, and never the other folder's.
    """
    before = {name: module for name, module in sys.modules.items() if _stands_in(folder, name, module)}
    for name in before:
        del sys.modules[name]
    others, found = set(map(id, sys.modules.values())), dict[str, ModuleType]()
    unwritten, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # a kept one may be older than an edit
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield found
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = unwritten
        found |= {
            name: module
            for name, module in sys.modules.items()
            if id(module) not in others and _lies_in(folder, name, module)
        }
        _put_back(folder, before)


def _put_back(folder: Path, before: Mapping[str, ModuleType]) -> None:
    owned = {id(helper) for loaded in _LOADED.values() for helper in loaded.helpers.values()}
    for name, module in before.items():
        if id(module) not in owned:
            sys.modules[name] = module  # the user's own import stays what it was
        elif not _lies_in(folder, name, module):
            sys.modules.pop(name, None)


def _stands_in(folder: Path, name: str, module: ModuleType | None) -> bool:
    """Return whether a module would be another one if a folder comes first."""
    top = name.partition(".")[0]
    if top == "__main__" or is_installed(name, module):
        return False
    return (folder / f"{top}.py").is_file() or (folder / top).is_dir()


def _lies_in(folder: Path, name: str, module: ModuleType | None) -> bool:
    """Return whether a module is one beside a folder's files."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or name.startswith("consult_code_") or is_installed(name, module):
        return False
    return Path(file).is_file() and folder in Path(file).resolve().parents


def _digest(path: Path) -> str:
    return digest_of(path).hex()
