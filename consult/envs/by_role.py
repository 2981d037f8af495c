"""Values by role, such as temperatures: one for all roles, `role=value`, or a mapping of both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from consult.envs.config import RoleConfig, Thinking
from consult.errors import UserError
from consult.foreign_text import quoted
from consult.ranges import REPLY_TOKENS
from consult.scenarios import UnknownNameError

ALL = "all"
"""Stands for every role that is not named."""
ROLES = ("patient", "triage", "specialist", "attending", "judge")
FIELDS = ("temperature", "top_p", "max_tokens", "thinking")
"""Options with values by role; the names of the fields of a role's configuration."""
_SHAPES = {
    "temperature": "a number from 0 to 5",
    "top_p": "a number above 0, up to 1",
    "max_tokens": f"a whole number {REPLY_TOKENS}",
    "thinking": "auto, on or off",
}
ByRole = dict[str, Any]
"""Role, or `all` → value."""


class ByRoleError(UserError, ValueError):
    """A value that an option by role cannot have; the message is one sentence with the fix."""


def by_role(name: str, given: Any) -> ByRole:
    """Read the values of an option by role.

    Args:
        name: The option: one of `FIELDS`.
        given: A value, text such as `0.3` or `triage=0.3`, a list of such texts, or a mapping of role to value.

    Raises:
        ByRoleError: A value is invalid.
        UnknownNameError: There is no such role.
    """
    if isinstance(given, list | tuple) and not given:
        raise ByRoleError(f"'{name}' has no entry; give {_SHAPES[name]}, or leave it out")
    found: ByRole = {}
    for role, value in _entries(given):
        if role not in (ALL, *ROLES):
            raise UnknownNameError("role", str(role), (ALL, *ROLES))
        if role in found:
            raise ByRoleError(f"'{name}' is given twice for {'all roles' if role == ALL else role}; give it once")
        found[role] = _read(name, value)
    return found


def _entries(given: Any) -> Iterator[tuple[str, Any]]:
    if given is None:
        return
    if isinstance(given, Mapping):
        yield from given.items()
    elif isinstance(given, list | tuple):
        for one in given:
            yield from _entries(one)
    elif isinstance(given, str) and "=" in given:
        role, _, value = given.partition("=")
        yield role.strip(), value.strip()
    else:
        yield ALL, given


def _read(name: str, value: Any) -> Any:
    """Check one value; text, as on the command line, is read as a number."""
    number = _number(value)
    valid = {
        "temperature": number is not None and 0 <= number <= 5,
        "top_p": number is not None and 0 < number <= 1,
        "max_tokens": number is not None and number == int(number) and number in REPLY_TOKENS,
        "thinking": isinstance(value, str) and value in get_args(Thinking),
    }[name]
    if not valid:
        raise ByRoleError(f"'{name}' cannot be {quoted(value)}, only {_SHAPES[name]}; give another value")
    if name == "thinking":
        return value
    assert number is not None
    return int(number) if name == "max_tokens" else number


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def merged(usual: Any, given: Any, name: str) -> ByRole:
    """Return the values by role of a preset, with the given ones in their place; a value for all replaces them all.

    Args:
        usual: The preset's.
        given: As `by_role` takes them.
        name: The option.

    Raises:
        ByRoleError: A value is invalid.
    """
    own = by_role(name, given)
    return own if ALL in own else {**by_role(name, usual), **own}


def with_values(role: str, config: RoleConfig, given: Mapping[str, ByRole]) -> RoleConfig:
    """Return a role's configuration with the values given for it.

    Args:
        role: One of `ROLES`.
        config: Its usual configuration.
        given: Option → its values by role.
    """
    own = {name: values.get(role, values.get(ALL)) for name, values in given.items()}
    return config.model_copy(update={name: value for name, value in own.items() if value is not None})
