"""Who does a piece of work: a lock file that the operating system releases when its process ends, however it ends.

A process id alone does not tell: it is given to another process after a restart of the machine or of a container. The
file lies beside the store, or in the folder that is written, so that every path to them leads to one lock; a copy of a
store has its own. It is deleted when the work ends. What a killed process leaves is not locked and does not disturb.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from consult.errors import UserError
from consult.identity import digest
from consult.whole_files import check_writable

if TYPE_CHECKING:
    from filelock import BaseFileLock

PATIENCE = 0.5
"""Seconds to wait for a lock, since `is_held` takes one for a moment."""
_MEMORY = ":memory:"


class HeldError(UserError):
    """Another process or thread does the same work, or nothing can be locked; one sentence with the fix."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as far as is known."""

    pid: int | None = None
    since: str = ""
    host: str = ""

    def __str__(self) -> str:
        """Return the holder as part of a sentence."""
        if self.pid is None:
            return "another process"
        here = self.host == socket.gethostname()
        if here and self.pid == os.getpid():
            return "another thread of this process"
        return f"process {self.pid}{'' if here else f' of {self.host}'} (since {self.since})"


def lock_of(store: Path, work: str) -> Path:
    """Return the lock file of a run or of other work on a store, beside the store's own file."""
    target = Path(os.path.realpath(store))
    return target.with_name(f"{target.name}-{quote(work, safe='')}.lock")


def holder_of(place: Path) -> Holder:
    """Return who holds a lock file."""
    try:
        return Holder(**json.loads(place.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Holder()  # not written yet, or not readable while it is locked, as on Windows


def is_held(store: Path, work: str) -> bool:
    """Return whether a process or thread does a piece of work on a store; nothing is written."""
    from filelock import Timeout

    place = lock_of(store, work)
    if str(store) == _MEMORY or not place.exists():
        return False
    lock = _lock(place, place, signed=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False  # whoever wants to do the work is told why it cannot be locked
    lock.release()
    return False


class Hold:
    """Locks that are held until the end of the block, and their files deleted.

    Args:
        like: The file or folder whose permissions the lock files get, so that colleagues can share both.
    """

    def __init__(self, like: Path) -> None:
        self._like = like
        self._held: list[BaseFileLock] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for lock in self._held:
            # Before the release: whoever has opened the file by then finds that it is deleted, and makes a new one.
            with suppress(OSError):
                os.unlink(lock.lock_file)
            lock.release()

    def take(self, place: Path, patience: float = PATIENCE) -> bool:
        """Lock a file, or return False if it is held.

        Args:
            place: The lock file.
            patience: Seconds to wait for it; negative without end.

        Raises:
            HeldError: The file cannot be locked.
        """
        from filelock import Timeout

        lock = _lock(place, self._like, signed=True)
        try:
            lock.acquire(timeout=patience, poll_interval=0.02)
        except Timeout:
            return False
        except (OSError, NotImplementedError) as error:
            why = getattr(error, "strerror", None) or error
            raise HeldError(
                f"'{place}' cannot be locked ({why}), so two processes could do the same work; use a folder that can "
                "be written, on a disk that has locks and room"
            ) from None
        self._held.append(lock)
        return True


class RunHold(Hold):
    """Locks on the runs of a store; a store in memory belongs to one process and needs none."""

    def __init__(self, store: Path) -> None:
        super().__init__(store)
        self._store = store

    def take_run(self, run: str) -> bool:
        """Lock a run, or return False if it is being played.

        Raises:
            HeldError: It cannot be locked.
        """
        return str(self._store) == _MEMORY or self.take(lock_of(self._store, run))

    def take_new(self, run: str) -> None:
        """Lock a run that is about to be created.

        Raises:
            HeldError: It cannot be locked, or is held, as by a process whose store was deleted.
        """
        if not self.take_run(run):
            raise being_played(self._store, run)


def player_of(store: Path, run: str, pid: int | None = None) -> str:
    """Return who plays a run, as part of a sentence.

    Args:
        store: The run's store.
        run: The run's id.
        pid: The process that an older version recorded.
    """
    return f"process {pid}" if plays_without_lock(pid) else str(holder_of(lock_of(store, run)))


def being_played(store: Path, run: str, pid: int | None = None) -> HeldError:
    """Return the sentence about a run that another process or thread plays."""
    return HeldError(f"run {run} is being played by {player_of(store, run, pid)}; wait for it, or stop it first")


@contextmanager
def holding(place: Path, like: Path, what: str, fix: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a lock during the block.

    Args:
        place: The lock file.
        like: The file or folder whose permissions it gets.
        what: What another process does, for the sentence, such as "benchmark b1 is being played".
        fix: The sentence's end.
        patience: Seconds to wait for it; negative without end.

    Raises:
        HeldError: Another process or thread holds it, or it cannot be locked.
    """
    with Hold(like) as hold:
        if not hold.take(place, patience):
            raise HeldError(f"{what} by {holder_of(place)}; {fix}")
        yield


@contextmanager
def held_folder(folder: Path, lock: str, fix: str) -> Iterator[None]:
    """Hold a folder into which results are written, made where it is missing, until the end of the block.

    Args:
        folder: The folder.
        lock: The name of its lock file.
        fix: The sentence's end, if another process holds it.

    Raises:
        UnwritableError: Nothing can be written there.
        HeldError: Another process or thread writes into it.
    """
    check_writable(folder)
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with holding(folder / lock, folder, f"'{folder}' is being written", fix):
            yield
    finally:
        # Work that was refused leaves nothing.
        for one in made:
            with suppress(OSError):
                one.rmdir()


def held_report(folder: Path) -> AbstractContextManager[None]:
    """Hold the folder of a report: the files of two reports would be mixed.

    Raises:
        UnwritableError: Nothing can be written there.
        HeldError: Another process or thread writes a report into it.
    """
    return held_folder(folder, ".report.lock", "wait for that report, or give another --out")


def scoring(store: Path, run: str, assessor: str, patience: float = PATIENCE) -> AbstractContextManager[None]:
    """Hold an assessor's or a judge's work on a run during the block: two at once would ask the same model twice.

    Raises:
        HeldError: Another process or thread does it.
    """
    place = lock_of(store, f"{run}-{digest(assessor)}")
    what = f"run {run} is being scored with {assessor}"
    return holding(place, store, what, "wait for it, or stop it first", patience)


def plays_without_lock(pid: int | None) -> bool:
    """Return whether the process that an older version recorded in a store may still play its run.

    Older versions hold no lock. Their number may belong to another program by now, which is told by its name.
    """
    if pid is None or pid == os.getpid():
        return False
    import psutil

    try:
        process = psutil.Process(pid)
        words = [process.name(), *process.cmdline()]
        return process.status() != psutil.STATUS_ZOMBIE and any("python" in w or "consult" in w for w in words)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _lock(place: Path, like: Path, *, signed: bool) -> BaseFileLock:
    from filelock import FileLock

    mode = like.stat().st_mode & 0o666 | 0o600
    # Without locks of the system, filelock would leave files that outlive a kill.
    more: dict[str, Any] = {"on_acquired": _sign} if signed else {}
    return FileLock(place, mode=mode, thread_local=False, fallback_to_soft=False, **more)


def _sign(descriptor: int) -> None:
    """Write who holds a lock into its file; if that fails, as on a full disk, the lock still holds."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    told = json.dumps({"pid": os.getpid(), "since": since, "host": socket.gethostname()})
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, told.encode())
