"""Base classes of errors that are a user's mistake rather than a defect."""

from __future__ import annotations

from consult import foreign_text

_MOST = 500
"""Most characters of an error's message that a sentence includes."""


class UserError(Exception):
    """A user's mistake; the message is one sentence that names the thing and the fix.

    What it quotes from outside is made harmless: no control characters, no keys, long values shortened.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(foreign_text.sentence(one) if isinstance(one, str) else one for one in args))


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


class ModelWarning(UserWarning):
    """Something a user should know about a model that runs, although it runs; one sentence."""


def one_line(error: BaseException) -> str:
    """Return an error's type and message in one line, without control characters and keys."""
    said = foreign_text.one_line(str(error), _MOST)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
