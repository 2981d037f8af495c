"""Write a file whole or not at all, so that a full disk or a kill leaves the former one as it was."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text beside its place first; the file takes its place when it is complete.

    Args:
        path: The file. A pipe or a device, which nothing can replace, is written directly.
        text: Its content, stored as UTF-8.

    Raises:
        OSError: The file cannot be written.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8")
        return
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        # The user knows the file, not its draft.
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            draft.unlink()
