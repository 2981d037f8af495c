"""Base classes of errors that are a user's mistake rather than a defect."""

from __future__ import annotations

import unicodedata

_MOST = 500
"""Most characters of an error's message that a sentence includes."""


class UserError(Exception):
    """A user's mistake; the message is one sentence that names the thing and the fix."""


class StoreError(UserError):
    """A store that cannot be opened, read or written; the message is one sentence with the fix."""


class StoreWarning(UserWarning):
    """Something in a store that cannot be read, while the rest can; one sentence."""


class PluginError(UserError):
    """The user's code cannot be loaded or failed; one sentence that names it."""

    place = ""
    """File and line where it failed; empty if that is not in the user's code."""


class PluginWarning(UserWarning):
    """Something a user should know about code that runs, although it runs; one sentence."""


def one_line(error: BaseException) -> str:
    """Return an error's type and message in one line, without control characters."""
    said = "".join(" " if unicodedata.category(one) in ("Cc", "Cs") else one for one in str(error)[: 2 * _MOST])
    said = " ".join(said.split())
    said = said if len(said) <= _MOST else f"{said[: _MOST - 1]}…"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
