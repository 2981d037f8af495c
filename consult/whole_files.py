"""Write files whole or not at all, so that a full disk or a kill leaves the former ones as they were.

A file is written beside its place under another name, and renamed when it is complete and on the disk.
"""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from consult.errors import UserError

Pieces = Callable[[], Iterable[str]]
_STEM = 40
"""Most characters of a file's name in its draft's, since a file system limits the whole."""


class UnwritableError(UserError):
    """A place where nothing can be written; one sentence with the fix."""


def check_writable(path: Path) -> None:
    """Check, before any work, that a file or folder can be created or replaced; nothing is written.

    Raises:
        UnwritableError: Its folder, or the nearest one that exists, may not be written.
    """
    target = Path(os.path.realpath(path))  # a loop of links is not an error here
    if target.exists() and not (target.is_file() or target.is_dir()):
        return  # a pipe or a device, which is not replaced
    there = next((one for one in (target, *target.parents) if one.is_dir()), target)
    if not os.access(there, os.W_OK | os.X_OK):
        raise UnwritableError(f"'{path}' cannot be written, since '{there}' is read-only; name another place")


def check_page(path: Path) -> None:
    """Check, before any work, that a page can be written to a place; only a page or an empty file is replaced.

    Raises:
        UnwritableError: The place cannot be written, is a folder or a pipe that nobody reads, or holds another file.
    """
    check_writable(path)
    if path.is_dir():
        raise UnwritableError(f"'{path}' is a folder; name a file in it, such as {path / 'page.html'}")
    if path.is_fifo():
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno == errno.ENXIO:
                raise UnwritableError(f"nobody reads the pipe '{path}'; begin to read it first") from None
            raise
    elif path.is_file() and not _is_page(path):
        raise UnwritableError(f"'{path}' is a file, but not an HTML page; name another file")


def _is_page(path: Path) -> bool:
    with path.open("rb") as stream:
        begin = stream.read(256).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return begin == b"" or begin.startswith((b"<!doctype html", b"<html"))


def write_whole(path: Path, text: str) -> None:
    """Write a text file.

    Args:
        path: The file. A pipe or a device, which nothing can replace, is written directly.
        text: Its content, stored as UTF-8.

    Raises:
        OSError: The file cannot be written.
    """
    with drafted(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def write_together(folder: Path, contents: Mapping[str, Pieces]) -> None:
    """Write the text files of a folder, made where it is missing; all are complete before one takes its place.

    Args:
        folder: Their folder.
        contents: Name → what gives its text in pieces.

    Raises:
        OSError: One cannot be written; then none has changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        drafts = {name: stack.enter_context(drafted(folder / name)) for name in contents}
        for name, pieces in contents.items():
            with naming(drafts[name], folder / name), drafts[name].open("w", encoding="utf-8", newline="") as file:
                file.writelines(pieces())


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """Give the path of a draft with the same suffix, which takes the file's place if the block ends without an error.

    Args:
        path: The file. For a pipe or a device, which nothing can replace, its own path is given.

    Raises:
        OSError: The file cannot be written; it names the file and not the draft.
    """
    target = Path(os.path.realpath(path))  # a loop of links is not an error here
    if target.exists() and not target.is_file():
        yield target
        return
    _remove_left(target)
    # Unique, since two processes may write the same file; the last one to finish wins.
    draft = target.with_name(f".{target.stem[:_STEM]}.{os.getpid()}-{secrets.token_hex(4)}.part{target.suffix}")
    try:
        with naming(draft, path):
            yield draft
            _flush_to_disk(draft)
            if target.exists():
                shutil.copymode(target, draft)
            draft.replace(target)
    finally:
        with suppress(OSError):
            draft.unlink()


def _remove_left(target: Path) -> None:
    """Remove the drafts of a file that killed processes have left."""
    import psutil

    for left in target.parent.glob(f".{glob.escape(target.stem[:_STEM])}.*-*.part{glob.escape(target.suffix)}"):
        writer = left.name.removesuffix(f".part{target.suffix}").rpartition(".")[2].partition("-")[0]
        if writer.isdecimal() and not psutil.pid_exists(int(writer)):
            with suppress(OSError):
                left.unlink()


@contextmanager
def naming(draft: Path, path: Path) -> Iterator[None]:
    """Let an error name the file that the user knows instead of its draft.

    Raises:
        OSError: As in the block.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename not in (str(draft), draft, None):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _flush_to_disk(path: Path) -> None:
    """Wait until a file is on the disk: a rename may reach it earlier than the content if the power fails."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
