"""The write-ahead log beside a store, and whether committed transactions in it can no longer be read.

SQLite reads a log up to the first frame whose checksum is wrong, and the last process to close the database deletes the
rest. That is right after a crash in the middle of a transaction. Where whole transactions follow the damaged frame,
they would be lost silently.

A killed process can leave a transaction whose commit was never reported. Either the log holds all of it but the log's
index does not count it yet (the index survives while another process has the database open), or its last frame is
incomplete. Neither is damage, and SQLite writes over both.
"""

from __future__ import annotations

import shlex
import struct
import sys
import time
from pathlib import Path

from consult.envs.store.kept_files import read_at
from consult.errors import StoreError

BEGIN = b"SQLite format 3\x00"
"""First bytes of every SQLite file."""
_HEADER = struct.Struct(">8I")
"""Magic number, version, page size, number of the checkpoint, two salts, two checksums."""
_FRAME = struct.Struct(">6I")
"""Page, size of the database after a commit or 0, two salts, two checksums of all up to here."""
_Pair = tuple[int, int]
_MAGIC = 0x377F0682
_MOST_READ = 16
"""Offset of the number of readable frames in the file of the log's index."""
_TRIES = 4
"""Number of looks at the log: a writer adds frames before it counts them, so one look can mislead."""


def log_of(path: Path) -> Path | None:
    """Return the log of a database; None if there is none or it is empty."""
    log = Path(f"{path}-wal")
    try:
        return log if log.stat().st_size > _HEADER.size else None
    except OSError:
        return None


def refuse_spoilt_log(path: Path, named: Path | None = None) -> None:
    """Refuse a database whose log holds committed transactions after a damaged frame.

    Args:
        path: The database; a connection has read it, so that the log's index is there.
        named: Its name in the message, if it is another's copy.

    Raises:
        StoreError: The log holds such transactions.
    """
    for _ in range(_TRIES):
        if not _loses(path):
            return
        time.sleep(0.05)
    shown = named or path
    raise StoreError(
        f"the write-ahead log '{shown}-wal' is damaged, or was left so by a process that was killed: its last "
        "transactions cannot be read; copy the database and its log, then keep what can be read with: "
        f"sqlite3 {shlex.quote(str(shown))} 'PRAGMA wal_checkpoint(TRUNCATE)'"
    )


def _loses(path: Path) -> bool:
    log = log_of(path)
    try:
        index = read_at(Path(f"{path}-shm"), 2 * _MOST_READ)
        if log is None or len(index) < _MOST_READ + 4:
            return False
        readable = int.from_bytes(index[_MOST_READ : _MOST_READ + 4], sys.byteorder)
        head = read_at(log, _HEADER.size)
        magic, _, page, _, first, second, *sums = _HEADER.unpack(head)
        big = bool(magic & 1)
        if magic & ~1 != _MAGIC or _checksum(head[:24], big=big) != tuple(sums):
            return True
        return _commits_after_damage(log, readable, page, (first, second), (sums[0], sums[1]), big=big)
    except (OSError, struct.error):
        return False  # the writer has just tidied up


def _commits_after_damage(log: Path, readable: int, page: int, salts: _Pair, sums: _Pair, *, big: bool) -> bool:
    """Return whether a commit follows the first damaged frame after the readable ones.

    Args:
        log: The log.
        readable: Number of frames that are read.
        page: Size of a page in bytes.
        salts: Of the log; frames with others are of an earlier round.
        sums: Checksums of the log's header.
        big: Whether checksums read big-endian numbers.
    """
    frame = _FRAME.size + page
    count = (log.stat().st_size - _HEADER.size) // frame
    if readable:
        _, _, _, _, *before = _FRAME.unpack(read_at(log, _FRAME.size, _HEADER.size + (readable - 1) * frame))
        sums = (before[0], before[1])
    damaged = False
    for number in range(readable, count):
        whole = read_at(log, frame, _HEADER.size + number * frame)
        head, content = whole[: _FRAME.size], whole[_FRAME.size :]
        _, committed, *rest = _FRAME.unpack(head)
        if tuple(rest[:2]) != salts:
            damaged = True  # or of an earlier round, and then all others are, too
        elif damaged and committed:
            return True
        elif not damaged:
            sums = _checksum(head[:8] + content, sums, big=big)
            # A damaged frame that commits and is the last one was written in part.
            damaged = sums != tuple(rest[2:])
    return False


def _checksum(content: bytes, before: _Pair = (0, 0), *, big: bool) -> _Pair:
    first, second = before
    for one, other in struct.iter_unpack(f"{'>' if big else '<'}2I", content):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second


def is_foreign(path: Path) -> bool:
    """Return whether a file has content that is not SQLite's; SQLite itself overwrites a file of a few bytes."""
    begin = read_at(path, len(BEGIN))
    return begin not in (b"", BEGIN)
