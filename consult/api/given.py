"""Types that callers may pass as a model, and one-sentence messages about mistaken values."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from consult.errors import UserError
from consult.foreign_text import quoted_python

if TYPE_CHECKING:
    from consult.agents.models import Request
    from consult.plugins import Named

T = TypeVar("T", bound=str)


class Generates(Protocol):
    """An object that answers requests: it returns one reply, or text, per request, in their order."""

    def generate(self, requests: Sequence[Request], /) -> Sequence[Any]:
        """Answer a batch."""


ModelLike = str | Generates | Callable[[list[dict[str, str]], list[Any]], str]
"""A reference, an object with `generate`, or a function `(messages, images) -> str`."""
AssessorLike = ModelLike | Callable[[Any], Any]
"""A model, or a function of one consultation that returns item → value."""
PathLike = str | Path
"""Of a file or a folder."""


def from_menu(kind: str, name: str, menu: tuple[T, ...]) -> T:
    """Return the entry of this name.

    Raises:
        UnknownNameError: There is no such entry.
    """
    found = next((entry for entry in menu if entry == name), None)
    if found is None:
        from consult.scenarios import UnknownNameError

        raise UnknownNameError(kind, str(name), menu)
    return found


@contextmanager
def checked() -> Iterator[None]:
    """Report a value that a configuration refuses in one sentence.

    Raises:
        UserError: The configuration refused a value.
    """
    from pydantic import ValidationError

    from consult.fields import refusal

    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise UserError(
            f"'{name}' cannot be {quoted_python(first['input'])}: {refusal(first)}; give another value"
        ) from None


def naming(db: Path) -> str:
    """Return the option that a suggested command needs to find the database."""
    return "" if str(db) == "consult.db" else f" --db {shlex.quote(str(db))}"


def what_is_left(named: Named) -> str:
    """Return how to continue after an interrupt: by the same call, unless it would not recognise the models."""
    unknown = ", ".join(dict.fromkeys(named.unknowable()))
    if not unknown:
        return "What was played is stored; the same call continues."
    return (
        f"What was played is stored. The same call starts again, since the state of '{unknown}' has changed or cannot "
        "be compared; give it an attribute `revision` so that later calls continue."
    )
