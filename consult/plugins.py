"""Code of the user's: named by an installed package's entry point, as `file.py:name`, or given as an object in a call.

A `Registry` holds one kind of it. A file's code runs for a reference that the user wrote on the command line or in a
call, and for no other: `named` says for how long, and `Registry.find` refuses what stands in a store or a scenario.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from consult.errors import UserError

T = TypeVar("T")

CODE = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w*)")
"""`file.py:name`."""
IN_PYTHON = "python:"
"""How the reference of an object begins that was given in a call."""
_DIGITS = 10
"""Of a hash, in the reference of an object."""

_NAMED: ContextVar[Mapping[tuple[str, str], Any]] = ContextVar("named", default={})  # noqa: B039 - never written to
_LOADED: dict[tuple[Path, str], ModuleType] = {}


class PluginError(UserError):
    """Code of the user's that cannot be loaded or that failed; one sentence that names it."""


class Named:
    """What one call names: references as they stand in a configuration, and the code behind them."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Any] = {}

    def add(self, registry: Registry[Any], given: Any) -> str:
        """Take in what the user gave, and return its reference; a file's code runs here.

        Args:
            registry: Of its kind.
            given: A reference, or an object of the kind.

        Raises:
            PluginError: The file cannot be loaded, or the object is not of the kind.
        """
        if isinstance(given, str) and not CODE.fullmatch(given):
            return given
        reference, value = (given, load_code(given)) if isinstance(given, str) else (reference_of(given), given)
        self._found[registry.kind, reference] = registry.make(value, reference)
        return reference

    @contextmanager
    def known(self) -> Iterator[None]:
        """Let registries find what was named, until the end of the block."""
        token = _NAMED.set({**_NAMED.get(), **self._found})
        try:
            yield
        finally:
            _NAMED.reset(token)


@dataclass(frozen=True)
class Registry(Generic[T]):
    """One kind of plugin."""

    kind: str
    """In a sentence: model, reward, importer, expert, assessor."""
    group: str
    """Of entry points."""
    make: Callable[[Any, str], T]
    """Turns an object and its reference into one of the kind, or raises a `PluginError` that says what it must be."""
    built_in: tuple[str, ...] = ()
    """Names that no package can take."""

    def find(self, reference: str) -> T | None:
        """Return what a reference names; None where it is no plugin.

        Raises:
            PluginError: It is code that this call does not name, or an entry point that cannot be loaded.
        """
        found = _NAMED.get().get((self.kind, reference))
        if found is not None:
            made: T = found
            return made
        if CODE.fullmatch(reference):
            raise PluginError(
                f"'{reference}' is code of a file, which runs only where you name it yourself; "
                f"name it in the command or the call as the {self.kind}"
            )
        if reference.startswith(IN_PYTHON):
            raise PluginError(f"'{reference}' was given to a call from Python; make the same call again")
        point = self._points().get(reference)
        return None if point is None else self.make(_loaded(point, self.kind), reference)

    def names(self) -> list[str]:
        """List the entry points."""
        return sorted(self._points())

    def _points(self) -> dict[str, EntryPoint]:
        points = entry_points(group=self.group)
        return {point.name: point for point in points if point.name not in self.built_in}


def is_plugin(reference: str) -> bool:
    """Tell whether a reference is a file's code or an object that was given from Python."""
    return bool(CODE.fullmatch(reference)) or reference.startswith(IN_PYTHON)


@contextmanager
def blame(kind: str, reference: str, *through: type[Exception], where: str = "") -> Iterator[None]:
    """Turn whatever escapes from a plugin into one `PluginError` that names it.

    Args:
        kind: What it is.
        reference: How the user named it.
        through: Exceptions that are passed on as they are.
        where: What it failed on, such as ` on r1.3`.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if isinstance(error, (PluginError, *through)):
            raise
        said = f": {error}" if str(error) else ""
        raise PluginError(f"the {kind} '{reference}' failed{where} ({type(error).__name__}{said})") from error


def load_code(reference: str) -> Any:
    """Run a file and return what it calls a name; the file runs once, until it changes.

    Raises:
        PluginError: There is no such file or name, or the file fails.
    """
    match = CODE.fullmatch(reference)
    assert match is not None
    path, name = Path(match["file"]), match["name"]
    if not path.is_file():
        raise PluginError(f"there is no file '{path}'; check the path in '{reference}'")
    module = _module(path)
    if not hasattr(module, name):
        from consult.scenarios import UnknownNameError

        menu = [one for one, value in vars(module).items() if not one.startswith("_") and callable(value)]
        raise UnknownNameError(f"name in '{path}'", name, menu)
    return getattr(module, name)


def _module(path: Path) -> ModuleType:
    path = path.resolve()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if (path, digest) not in _LOADED:
        name = f"consult_code_{digest[:_DIGITS]}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(path.parent))
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise PluginError(f"'{path}' failed while it was loaded ({type(error).__name__}: {error})") from error
        finally:
            sys.path.remove(str(path.parent))
        _LOADED[path, digest] = module
    return _LOADED[path, digest]


def _loaded(point: EntryPoint, kind: str) -> Any:
    with blame(kind, point.name):
        return point.load()


def reference_of(value: Any) -> str:
    """Name an object that was given in a call: an edited function has another name, and is another model."""
    named = getattr(getattr(value, "info", None), "reference", None)
    if isinstance(named, str):
        return named if named.startswith(IN_PYTHON) else f"{IN_PYTHON}{named}"
    function = value.func if isinstance(value, partial) else value
    if not inspect.isroutine(function):
        return f"{IN_PYTHON}{type(value).__name__}"
    return f"{IN_PYTHON}{function.__name__}@{_hash_of(value)}"


def revision(reference: str, value: Any) -> str:
    """Return the hash of a file or of a function; empty where the reference has it."""
    match = CODE.fullmatch(reference)
    if match is not None:
        return hashlib.sha256(Path(match["file"]).read_bytes()).hexdigest()[:_DIGITS]
    return "" if reference.startswith(IN_PYTHON) else _hash_of(value)


def _hash_of(value: Any) -> str:
    """Hash a function with its defaults and what it encloses; of another object, its class."""
    if isinstance(value, partial):
        given = [*value.args, *(part for pair in sorted(value.keywords.items()) for part in pair)]
        return _hash(_hash_of(value.func), *map(_stable, given))
    code = getattr(value, "__code__", None)
    if code is None:
        return _hash(getattr(value, "__qualname__", type(value).__qualname__))
    closure = [_stable(cell.cell_contents) for cell in value.__closure__ or ()]
    return _hash(_code_of(code), repr(value.__defaults__), repr(closure))


def _code_of(code: Any) -> str:
    constants = [_code_of(one) if hasattr(one, "co_code") else repr(one) for one in code.co_consts]
    return repr((code.co_code, code.co_names, constants))


def _stable(value: Any) -> str:
    """Describe a value that cannot change; of another one its type, since it may be changed by a call."""
    plain = isinstance(value, str | int | float | bool | type(None))
    return repr(value) if plain else type(value).__qualname__


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_DIGITS]


def takes(function: Any, *arguments: str) -> bool:
    """Tell whether a function can be called with so many positional arguments."""
    try:
        inspect.signature(function).bind(*arguments)
    except (TypeError, ValueError):
        return False
    return True
