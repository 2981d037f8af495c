"""Add the fields of a model to the signature and docstring of an API function that takes them as keywords."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from consult.fields import range_of, shown_fields

F = TypeVar("F", bound=Callable[..., Any])
_WIDTH = 120


def takes(arguments: type[Any], model: type[BaseModel]) -> Callable[[F], F]:
    """List a model's fields in the signature of a function that takes them as `**`, with type, default and meaning.

    Args:
        arguments: A TypedDict of the keywords, whose types are not evaluated.
        model: Defines their defaults and meanings.
    """

    def name_all(function: F) -> F:
        signature, hints = inspect.signature(function), arguments.__annotations__
        own = list(signature.parameters.values())
        rest = own.pop()
        fields = model.model_fields
        keywords = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=fields[name].default, annotation=hint.__forward_arg__
            )
            for name, hint in hints.items()
        ]
        first = [one for one in own if one.kind is not one.KEYWORD_ONLY]
        named = signature.replace(parameters=[*first, *keywords, *own[len(first) :]])
        function.__signature__ = named  # type: ignore[attr-defined]
        if function.__doc__:
            function.__doc__ = _with_meanings(
                function.__doc__, rest.name, {name: _meaning(model, name) for name in hints}
            )
        return function

    return name_all


def _meaning(model: type[BaseModel], name: str) -> str:
    field = next(field for field in shown_fields(model) if field.name == name)
    said, span = field.shown.python or field.shown.help, range_of(field.info)
    ends = f" It is a number {span}." if span is not None and span.most is not None and span.most < 2**31 else ""
    return said + ends


def _with_meanings(docstring: str, rest: str, meanings: dict[str, str]) -> str:
    """Replace the sentence about all arguments with the meaning of each argument."""
    lines = docstring.splitlines()
    place = next(idx for idx, line in enumerate(lines) if line.strip().startswith(f"**{rest}:"))
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    told = [
        line
        for name, meaning in meanings.items()
        for line in textwrap.wrap(
            f"{name}: {meaning}",
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=f"{indent}    ",
            break_on_hyphens=False,
        )
    ]
    return "\n".join([*lines[:place], *told, *lines[place + 1 :]])
