"""The stages of a recipe on disk: a later call of the same recipe continues from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from consult.errors import UserError, one_line


class RecipeError(UserError, ValueError):
    """A recipe that cannot be run; the message is one sentence with the fix."""


@contextmanager
def reading_stage(path: Path) -> Iterator[None]:
    """Read a stage during the block; whatever fails there, the stage is damaged.

    Raises:
        RecipeError: The block failed.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:  # each library has its own errors for a file that is cut off or spoilt
        raise RecipeError(
            f"'{path}' is damaged or cannot be read ({one_line(error)}); remove it, and the same command makes it again"
        ) from error
