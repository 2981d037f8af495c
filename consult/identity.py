"""Hash a user's object, its code and its state, so that the hash is the same in every process.

Results are stored and reused under this hash, so it always covers the object's whole state. If a state cannot be
described, such as a connection or a network, there is no hash, and nothing is reused.
"""

from __future__ import annotations

import copyreg
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterator
from enum import Enum
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

DIGITS = 10
"""Length of a hash."""
MOST = 20_000
"""Most values in a description; an object that holds more cannot be described."""
_ATOMS = (str, int, float, complex, bytes, bool, type(None), type(Ellipsis), type(NotImplemented))
INSTALLED = tuple(sorted({str(Path(sysconfig.get_paths()[name])) for name in ("stdlib", "platlib", "purelib")}))
_UNSAID = (
    "__doc__", "__module__", "__firstlineno__", "__static_attributes__", "__annotations__", "__annotate",
    "__orig_bases__", "__parameters__", "__match_args__", "__dataclass_", "__abstractmethods__", "_abc_",
)  # fmt: skip
"""Prefixes of class entries that do not affect what the class does."""


class IndescribableError(Exception):
    """A state that cannot be described; the message names its type."""


def fingerprint(value: Any) -> str:
    """Hash an object's code and state.

    Raises:
        IndescribableError: A part of its state cannot be described.
    """
    try:
        return digest(*_Description(value).of(value))
    except IndescribableError:
        raise
    except Exception as error:  # user code, such as a property or a `__reduce__`
        raise IndescribableError(type(error).__name__) from error


def code_fingerprint(value: Any) -> str:
    """Hash an object's code without its state; hash the name of its type if the code cannot be described."""
    kind = value if inspect.isroutine(value) or isinstance(value, type) else type(value)
    try:
        return fingerprint(kind)
    except IndescribableError:
        return digest(_qualified(kind))


def digest(*parts: str) -> str:
    """Hash texts."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return hashed.hexdigest()[:DIGITS]


class _Description:
    """Describes one object, part by part; an object that was described already is a number."""

    def __init__(self, root: Any = None) -> None:
        self._roots = {id(root), id(type(root)), *(id(getattr(root, name, None)) for name in ("func", "__func__"))}
        self._roots.add(id(type(getattr(root, "__self__", None))))
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # so that no number is given to two objects
        self._count = 0

    def of(self, value: Any) -> Iterator[str]:
        """Describe a value."""
        self._count += 1
        if self._count > MOST:
            raise IndescribableError("too many values")
        if type(value) in _ATOMS:
            yield f"{type(value).__name__} {value if isinstance(value, str) else repr(value)}"
            return
        if isinstance(value, ModuleType):
            yield f"module {value.__name__}"
            return
        if id(value) in self._seen:
            yield f"again {self._seen[id(value)]}"
            return
        self._kept.append(value)
        if not isinstance(value, tuple | frozenset | CodeType):
            # Whether two equal constants are one object is the compiler's business.
            self._seen[id(value)] = len(self._seen)
        try:
            yield from self._compound(value)
        except RecursionError:
            raise IndescribableError("values nested too deeply") from None

    def _compound(self, value: Any) -> Iterator[str]:
        if type(value) in (list, tuple):
            yield from self._all(type(value).__name__, *value)
        elif type(value) is dict:
            yield from self._all("dict", *chain.from_iterable(value.items()))
        elif type(value) in (set, frozenset):
            # The order of a set differs between processes.
            parts = sorted("\0".join(_Description().of(one)) for one in value)
            yield from self._all(type(value).__name__, *parts)
        elif isinstance(value, CodeType):
            yield from self._code(value)
        elif isinstance(value, FunctionType):
            yield from self._function(value)
        elif isinstance(value, MethodType):
            yield from self._all("method", value.__func__, value.__self__)
        elif isinstance(value, partial):
            yield from self._all("partial", value.func, value.args, value.keywords)
        elif isinstance(value, type):
            yield from self._class(value)
        elif inspect.isbuiltin(value):
            held = None if isinstance(value.__self__, ModuleType) else value.__self__
            yield from self._all(f"builtin {_qualified(value)}", held)
        elif isinstance(value, staticmethod | classmethod):
            yield from self._all(type(value).__name__, value.__func__)
        elif isinstance(value, property | cached_property):
            names = ("fget", "fset", "fdel", "func")
            yield from self._all("property", *(getattr(value, name, None) for name in names))
        elif isinstance(value, Enum):
            yield from self._all(f"{_qualified(type(value))}.{value.name}", value.value)
        else:
            yield from self._object(value)

    def _all(self, name: str, *values: Any) -> Iterator[str]:
        yield f"{name} of {len(values)}"
        for value in values:
            yield from self.of(value)

    # -- code ------------------------------------------------------------------------------------------------------

    def _code(self, code: CodeType) -> Iterator[str]:
        yield f"code {code.co_code.hex()} {code.co_flags} {code.co_argcount} {code.co_kwonlyargcount}"
        yield from self._all("names", *code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
        yield from self._all("constants", *code.co_consts)

    def _function(self, function: FunctionType) -> Iterator[str]:
        if _is_installed(function) and id(function) not in self._roots:
            yield f"function {_qualified(function)} {_version(function)}"
            return
        closed = [_content(cell) for cell in function.__closure__ or ()]
        defaults = [*(function.__defaults__ or ()), *sorted((function.__kwdefaults__ or {}).items())]
        yield from self._all("function", function.__code__, *closed, *defaults, dict(vars(function)))
        yield from self._globals(function)

    def _globals(self, function: FunctionType) -> Iterator[str]:
        """Describe the outer names that a function uses: values that cannot change, functions and classes."""
        for name in sorted(set(_names(function.__code__))):
            value = function.__globals__.get(name)
            if isinstance(value, FunctionType | type) or _is_constant(value):
                yield f"global {name}"
                yield from self.of(value)

    def _class(self, kind: type) -> Iterator[str]:
        yield f"class {_qualified(kind)}"
        if _is_installed(kind) and id(kind) not in self._roots:
            yield _version(kind)
            return
        yield from self._all("bases", *kind.__bases__)
        for name, value in sorted(vars(kind).items()):
            # Descriptors of C stand for slots, whose values are the instance's.
            if not name.startswith(_UNSAID) and (isinstance(value, property) or not inspect.isdatadescriptor(value)):
                yield f"has {name}"
                yield from self.of(value)

    # -- objects ---------------------------------------------------------------------------------------------------

    def _object(self, value: Any) -> Iterator[str]:
        """Describe an object by the parts that `copy` would copy."""
        kind = type(value)
        if isinstance(value, Iterator) or not (_copies_plainly(kind) or _is_trusted(kind)):
            raise IndescribableError(_qualified(kind))
        try:
            reduce = copyreg.dispatch_table.get(kind)
            reduced = value.__reduce_ex__(4) if reduce is None else reduce(value)
        except Exception:
            raise IndescribableError(_qualified(kind)) from None
        yield from self.of(kind)
        if isinstance(reduced, str):
            yield reduced
            return
        made, arguments, *state = reduced
        taken = [arguments[1:] if made is copyreg.__newobj__ else arguments]  # type: ignore[attr-defined]
        taken += [list(part) if isinstance(part, Iterator) else part for part in state]
        yield from self._all(f"object {_qualified(made)}", *taken)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None  # not filled yet


def _is_constant(value: Any) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(_is_constant, value))
    return type(value) in _ATOMS and value is not None


def _copies_plainly(kind: type) -> bool:
    """Return whether Python's default copy of an object includes all of its state."""
    usual: Any = object
    names = [name for name in ("__reduce__", "__reduce_ex__", "__getstate__") if hasattr(usual, name)]
    own = any(getattr(kind, name) is not getattr(usual, name) for name in names)
    return not own and ("__getstate__" in names or not hasattr(kind, "__getstate__"))


def _is_trusted(kind: type) -> bool:
    """Return whether a type's own copy method includes all of its state."""
    top = kind.__module__.partition(".")[0]
    return top in sys.stdlib_module_names or top == "numpy" or kind in copyreg.dispatch_table


def _is_installed(value: Any) -> bool:
    """Return whether a function or a class belongs to Python, an installed package, or this package."""
    name = getattr(value, "__module__", None) or ""
    return is_installed(name, sys.modules.get(name))


def is_installed(name: str, module: ModuleType | None) -> bool:
    """Return whether a module belongs to Python, an installed package, or this package."""
    top = name.partition(".")[0]
    if top == "__main__":
        return False  # in a notebook its file is an installed one
    if top in sys.stdlib_module_names or top == "consult":
        return True
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and file.startswith(INSTALLED)


def _version(value: Any) -> str:
    return str(getattr(sys.modules.get(value.__module__.partition(".")[0]), "__version__", ""))


def _qualified(value: Any) -> str:
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", type(value).__name__)
    return f"{getattr(value, '__module__', '')}.{name}"
