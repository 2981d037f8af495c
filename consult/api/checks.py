"""Check the arguments of API functions; report a mistake in one sentence with the API's names."""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import operator
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from consult.errors import UserError
from consult.foreign_text import quoted_python
from consult.ranges import BATCH, REPLICAS, Range
from consult.whole_files import check_writable

if TYPE_CHECKING:
    from consult.envs.placement import Placement

P = ParamSpec("P")
R = TypeVar("R")
_FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")
_COMMAND = re.compile(r"\bconsult [a-z]+")
_ARGUMENTS = {"reward": "rewards", "import": "a CSV file"}
"""Flag → argument, if their names differ."""


class UnknownArgumentError(UserError, TypeError):
    """An API function has no such argument; one sentence that names the nearest one."""

    def __init__(self, function: str, name: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        fix = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
        super().__init__(f"{function}() has no argument '{name}'; {fix}")


def for_python(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function's error messages name arguments instead of command-line flags.

    An unknown argument is reported in the same way.
    """
    parameters = inspect.signature(function).parameters
    known = [name for name in parameters if name != "self"]
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters.values())

    @functools.wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        unknown = next((name for name in kwargs if name not in known), None)
        if unknown is not None and not takes_all:
            raise UnknownArgumentError(function.__name__, unknown, known)
        try:
            return function(*args, **kwargs)
        except UserError as error:
            error.args = (in_arguments(str(error)), *error.args[1:])
            raise

    return told


def in_arguments(sentence: str) -> str:
    """Return a sentence with argument names instead of flags; a command at its end is not changed."""
    command = _COMMAND.search(sentence)
    end = command.start() if command else len(sentence)

    def argument(match: re.Match[str]) -> str:
        return _ARGUMENTS.get(match[1], match[1].replace("-", "_"))

    return _FLAG.sub(argument, sentence[:end]) + sentence[end:]


def whole(name: str, value: Any, span: Range) -> int:
    """Return a whole number within its range; numpy integers count as whole numbers, booleans do not.

    Raises:
        UserError: It is something else.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number not in span:
        raise UserError(f"'{name}' cannot be {shown(value)}; give {span.number}")
    return number


def given_batch(value: Any) -> int | None:
    """Return how many consultations the user wants to play at once; None leaves it to the models.

    Raises:
        UserError: It is no such number.
    """
    return None if value is None else whole("batch", value, BATCH)


def placed(batch: Any, replicas: Any, ray: Any) -> Placement:
    """Return where the models are loaded, and how many consultations are played at once.

    Raises:
        UserError: A value is no such number or address.
    """
    from consult.envs.placement import Placement

    number = None if replicas is None else whole("replicas", replicas, REPLICAS)
    return Placement(given_batch(batch), number, None if ray is None else text("ray", ray))


def share(name: str, value: Any, span: Range) -> float:
    """Return a number within its range.

    Raises:
        UserError: It is something else.
    """
    try:
        number = math.nan if isinstance(value, bool | str | bytes) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if number not in span:
        raise UserError(f"'{name}' cannot be {shown(value)}; give {span.number}")
    return number


def boolean(name: str, value: Any) -> bool:
    """Return a boolean; numpy booleans are accepted, texts and numbers are not.

    Raises:
        UserError: It is something else.
    """
    found = plain(value)
    if not isinstance(found, bool):
        raise UserError(f"'{name}' cannot be {shown(value)}; give True or False")
    return found


def text(name: str, value: Any) -> str:
    """Return a text.

    Raises:
        UserError: It is something else.
    """
    if not isinstance(value, str):
        raise UserError(f"'{name}' cannot be {shown(value)}; give a text")
    return value


def listed(value: Any) -> list[Any]:
    """Return the argument as a list; a single text, function or object becomes one entry."""
    single = isinstance(value, str | bytes) or callable(value) or hasattr(value, "generate")
    return [value] if single or not isinstance(value, Iterable) else list(value)


def plain(value: Any) -> Any:
    """Convert a numpy number to a Python number."""
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () else value


def path_of(name: str, value: Any) -> Path:
    """Return a path.

    Raises:
        UserError: It is not a path.
    """
    if not isinstance(value, str | os.PathLike) or not str(value) or "\0" in str(value):
        raise UserError(f"'{name}' cannot be {shown(value)}; give a path")
    return Path(value)


def store_file(value: Any) -> Path:
    """Return the file of a store.

    Raises:
        UserError: It is not a file name.
    """
    path = path_of("db", value)
    if str(path).startswith(":memory:") or str(path).startswith("file:"):
        raise UserError(f"'db' cannot be {shown(str(path))}; runs are kept in a file, such as consult.db")
    if path.is_dir():
        raise UserError(f"'{path}' is a folder; name a file in it, such as {path / 'consult.db'}")
    return path


def folder(name: str, value: Any) -> Path:
    """Return a folder that exists or can be created.

    Raises:
        UserError: It or one of its parents is a file, or it cannot be written.
    """
    path = path_of(name, value)
    taken = next((one for one in (path, *path.parents) if one.exists() and not one.is_dir()), None)
    if taken is not None:
        raise UserError(f"'{taken}' is a file; give '{name}' a folder")
    check_writable(path)
    return path


def listener(name: str, value: Any) -> Callable[[Any], None]:
    """Return a callback; without one, return a function that does nothing.

    Raises:
        UserError: It cannot be called.
    """
    if value is None:
        return lambda told: None
    if not callable(value):
        raise UserError(f"'{name}' cannot be {shown(value)}; give a function of one argument")
    found: Callable[[Any], None] = value
    return found


def shown(value: Any) -> str:
    """Return a value as shown in a sentence."""
    return quoted_python(plain(value))
