"""The one base of everything that is a user's mistake rather than a defect."""

from __future__ import annotations

import unicodedata

_MOST = 500
"""Characters of an error's message that a sentence takes."""


class UserError(Exception):
    """A user's mistake; the message is one sentence that names the thing and the fix."""


class PluginError(UserError):
    """Code of the user's that cannot be loaded or that failed; one sentence that names it."""

    place = ""
    """File and line where it failed; empty where that is not in code of the user's."""


class PluginWarning(UserWarning):
    """What a user should know of code that plays, though it plays; one sentence."""


def one_line(error: BaseException) -> str:
    """Return an error's type and message in one line, without control characters."""
    said = "".join(" " if unicodedata.category(one) in ("Cc", "Cs") else one for one in str(error)[: 2 * _MOST])
    said = " ".join(said.split())
    said = said if len(said) <= _MOST else f"{said[: _MOST - 1]}…"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
