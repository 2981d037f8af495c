"""User code: named by an installed package's entry point or as `file.py:name`, or passed as an object in a call.

A `Registry` handles one kind. A file's code runs only for a reference that the user wrote on the command line or in a
call: `named` sets for how long, and `Registry.find` refuses references that come from a store or a scenario.
"""

from __future__ import annotations

import inspect
import itertools
import os
import re
import secrets
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from types import MethodType
from typing import Any, Generic, TypeVar

from consult.code_files import CODE as CODE
from consult.code_files import load_code as load_code
from consult.code_files import place_of, revision_of_file, told
from consult.errors import PluginError as PluginError
from consult.errors import PluginWarning, one_line
from consult.identity import IndescribableError, code_fingerprint, digest, fingerprint
from consult.reading import refuse_undecodable

T = TypeVar("T")

IN_PYTHON = "python:"
"""Prefix of the reference to an object passed in a call."""
_ONCE = "once-"
"""Prefix of the hash of an object that no later call can recognise."""

_NAMED: ContextVar[Mapping[tuple[str, str], Any]] = ContextVar("named", default={})  # noqa: B039 - never written to


class Named:
    """The code that one call names: references as written in a configuration, and the objects behind them."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Any] = {}
        self._given: dict[tuple[str, str], tuple[Any, str]] = {}
        """The object behind a reference, and the reference before it was numbered."""

    def add(self, registry: Registry[Any], given: Any) -> str:
        """Register what the user passed and return its reference; a file's code runs here.

        Args:
            registry: Of its kind.
            given: A reference, or an object of the kind. Two objects have two references.

        Raises:
            PluginError: The file cannot be loaded, or the object is not of the kind.
        """
        if isinstance(given, str):
            refuse_undecodable(given)
            if CODE.fullmatch(given) and (registry.kind, given) not in self._found:
                self._found[registry.kind, given] = registry.made(load_code(given), given)
            return given
        for (kind, reference), (value, _) in self._given.items():
            if kind == registry.kind and _is_same(value, given):
                return reference
        first = reference_of(given)
        numbered = (first if n == 1 else f"{first}-{n}" for n in itertools.count(1))
        reference = next(one for one in numbered if (registry.kind, one) not in self._given)
        self._given[registry.kind, reference] = given, first
        self._found[registry.kind, reference] = registry.made(given, reference)
        return reference

    def unknowable(self) -> list[str]:
        """List the objects that a repeated call would not recognise: they cannot be described, or they have changed."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [called(value) for value, first in self._given.values() if reference_of(value) != first]

    @contextmanager
    def known(self) -> Iterator[None]:
        """Let registries find the named code until the end of the block."""
        token = _NAMED.set({**_NAMED.get(), **self._found})
        try:
            yield
        finally:
            _NAMED.reset(token)


@dataclass(frozen=True)
class Registry(Generic[T]):
    """One kind of plugin."""

    kind: str
    """Its name in a sentence: model, reward, importer, expert, assessor."""
    group: str
    """Of entry points."""
    make: Callable[[Any, str], T]
    """Turns an object and its reference into one of the kind, or raises a `PluginError` that says what it must be."""
    built_in: tuple[str, ...] = ()
    """Names that no package can use; a name that ends with a colon is a reserved prefix."""

    def find(self, reference: str) -> T | None:
        """Return the object that a reference names; None if it is not a plugin.

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
            raise PluginError(f"'{reference}' was passed to a call from Python; make the same call again")
        point = self._points().get(reference)
        if point is None:
            return None
        if self._is_built_in(reference):
            warn(
                f"an installed package names a {self.kind} '{reference}' (entry point {point.value}), which is a "
                "built-in name; the built-in one is used"
            )
            return None
        return self.made(_loaded(point, self.kind), reference)

    def has(self, reference: str) -> bool:
        """Return whether a reference names a plugin, without loading it."""
        if (self.kind, reference) in _NAMED.get() or is_plugin(reference):
            return True
        return reference in self._points() and not self._is_built_in(reference)

    def made(self, value: Any, reference: str) -> T:
        """Make an object of this kind.

        Raises:
            PluginError: It is not of the kind, or it is asynchronous.
        """
        _refuse_asynchronous(self.kind, value, reference)
        return self.make(value, reference)

    def names(self) -> list[str]:
        """List the entry points that can be used."""
        return sorted(name for name in self._points() if not self._is_built_in(name))

    def _is_built_in(self, name: str) -> bool:
        begun = (IN_PYTHON, *(one for one in self.built_in if one.endswith(":")))
        return name in self.built_in or name.startswith(begun) or CODE.fullmatch(name) is not None

    def _points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}


def is_plugin(reference: str) -> bool:
    """Return whether a reference is code in a file or an object passed from Python."""
    return bool(CODE.fullmatch(reference)) or reference.startswith(IN_PYTHON)


@contextmanager
def blame(kind: str, reference: str, *through: type[Exception], where: str = "") -> Iterator[None]:
    """Turn any exception from a plugin into one `PluginError` that names it.

    Args:
        kind: What it is.
        reference: How the user named it.
        through: Exceptions that are passed on as they are.
        where: What it failed on, such as ` on r1.3`.
    """
    try:
        yield
    except BaseException as error:
        # Closing one of our generators also passes through here; the user's code did not raise that.
        ends = isinstance(error, GeneratorExit) and not place_of(error)
        if ends or isinstance(error, (PluginError, KeyboardInterrupt, *through)):
            raise
        failed = PluginError(f"the {kind} '{reference}' failed{where} ({told(error)})")
        failed.place = place_of(error)
        raise failed from error


def _loaded(point: EntryPoint, kind: str) -> Any:
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # For a missing module or name, the location would be inside Python's import system.
        innermost = traceback.extract_tb(error.__traceback__)[-1].filename
        said = (
            one_line(error) if f"{os.sep}importlib{os.sep}" in innermost or innermost.startswith("<") else told(error)
        )
        package = f" of the package '{point.dist.name}'" if point.dist else ""
        raise PluginError(
            f"the {kind} '{point.name}' cannot be loaded ({said}); correct its entry point '{point.value}'{package}"
        ) from error


def called(value: Any) -> str:
    """Return an object's name: its `name`, the name of the function or class, or the name of its type."""
    named = getattr(getattr(value, "info", None), "reference", None)
    function = value.func if isinstance(value, partial) else value
    for one in (named, getattr(value, "name", None), getattr(function, "__name__", None)):
        if isinstance(one, str) and one.strip():
            return " ".join(one.removeprefix(IN_PYTHON).split())
    return type(function).__name__


def reference_of(value: Any) -> str:
    """Return a reference to an object passed in a call: its name and a hash of its code and state.

    An attribute `revision` replaces the hash. Without it, an object that cannot be described gets a new reference each
    time, and a warning is printed.
    """
    name, said = f"{IN_PYTHON}{called(value)}", _declared(value)
    if said is not None:
        return name if said == getattr(getattr(value, "info", None), "revision", None) else f"{name}@{said}"
    try:
        return f"{name}@{fingerprint(value)}"
    except IndescribableError as error:
        warn(
            f"'{called(value)}' has state that cannot be compared between calls ({error}), so no later call continues "
            "or reuses what it plays; give it an attribute `revision`, such as '1', and change it with the object"
        )
        return f"{name}@{_ONCE}{secrets.token_hex(4)}"


def revision(reference: str, value: Any) -> str:
    """Return the hash of a file or of an entry point's object; empty if the reference contains it."""
    if CODE.fullmatch(reference):
        return revision_of_file(reference)
    if reference.startswith(IN_PYTHON):
        return ""
    said = _declared(value)
    if said is not None:
        return said
    try:
        return fingerprint(value)
    except IndescribableError:
        return code_fingerprint(value)


def _declared(value: Any) -> str | None:
    """Return the `revision` attribute of an object as one word."""
    for one in (getattr(value, "revision", None), getattr(getattr(value, "info", None), "revision", None)):
        if isinstance(one, str | int) and not isinstance(one, bool) and str(one):
            said = str(one)
            return said if re.fullmatch(r"[\w.+-]{1,64}", said) else digest(said)
    return None


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two objects are the same; a bound method is a new object each time it is accessed."""
    if isinstance(one, MethodType) and isinstance(other, MethodType):
        return one.__self__ is other.__self__ and one.__func__ is other.__func__
    return one is other


def _refuse_asynchronous(kind: str, value: Any, reference: str) -> None:
    """Refuse an object that returns a coroutine.

    Raises:
        PluginError: It does.
    """
    methods = ("generate", "probabilities") if inspect.isclass(value) else ("generate", "probabilities", "__call__")
    parts = [value, *(getattr(value, name, None) for name in methods)]
    if any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in parts):
        raise PluginError(
            f"the {kind} '{reference}' is asynchronous, but is called without an event loop; make it a plain function, "
            "which may call asyncio.run"
        )


def warn(sentence: str) -> None:
    """Warn the user in one sentence."""
    warnings.warn(sentence, PluginWarning, stacklevel=3)


def takes(function: Any, *arguments: str) -> bool:
    """Return whether a function can be called with this many positional arguments."""
    try:
        inspect.signature(function).bind(*arguments)
    except (TypeError, ValueError):
        return False
    return True
