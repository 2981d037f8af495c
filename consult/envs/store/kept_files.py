"""Read files that SQLite may have open, and leave its locks alone.

By POSIX, a process that closes any descriptor of a file loses all its locks on that file, SQLite's included. So such a
file is read through a descriptor that stays open.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

MOST = 96
"""Most descriptors that stay open; those of deleted files are closed first, then the oldest."""
_kept: dict[tuple[int, int], int] = {}
_lock = threading.Lock()


def read_at(path: Path, size: int, offset: int = 0) -> bytes:
    """Read a part of a file.

    Args:
        path: The file.
        size: Most bytes to read.
        offset: Where to begin.

    Raises:
        OSError: The file cannot be read.
    """
    if not hasattr(os, "pread"):  # Windows, whose locks end with their own descriptor
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)
    with _lock:
        return os.pread(_descriptor(path), size, offset)


def _descriptor(path: Path) -> int:
    found = path.stat()
    key = found.st_dev, found.st_ino
    if key not in _kept:
        _close_some()
        descriptor = os.open(path, os.O_RDONLY)
        opened = os.fstat(descriptor)
        _kept[opened.st_dev, opened.st_ino] = descriptor
        return descriptor
    return _kept[key]


def _close_some() -> None:
    for key in [key for key, descriptor in _kept.items() if not os.fstat(descriptor).st_nlink]:
        os.close(_kept.pop(key))
    while len(_kept) >= MOST:
        os.close(_kept.pop(next(iter(_kept))))
