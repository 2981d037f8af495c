"""Looking at a store's files leaves SQLite's locks alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from consult.envs.store import kept_files
from consult.envs.store.kept_files import MOST, read_at
from consult.envs.store.readonly import ReadOnlyStore
from consult.envs.store.write import Store

OPENED_AND_CLOSED = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM runs'); c.close()"
)


def test_a_second_store_in_the_process_does_not_let_others_delete_the_log(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Store(path) as store:
        with store._transaction():
            store._connection.execute("CREATE TABLE IF NOT EXISTS more (n)")
        Store(path).close()
        with ReadOnlyStore(path):
            pass
        subprocess.run([sys.executable, "-c", OPENED_AND_CLOSED, str(path)], check=True)
        assert Path(f"{path}-wal").stat().st_size, "another process closed the file, and took itself for the last one"
        with store._transaction():
            store._connection.execute("INSERT INTO more VALUES (7)")
        with ReadOnlyStore(path) as reader:
            assert reader.query("SELECT n FROM more") == [{"n": 7}]


@pytest.mark.skipif(not hasattr(os, "pread"), reason="files are read otherwise where there is no pread")
def test_few_files_stay_open_and_no_deleted_ones(tmp_path: Path) -> None:
    for number in range(MOST + 20):
        file = tmp_path / f"{number}"
        file.write_bytes(b"abc")
        assert read_at(file, 2, 1) == b"bc"
    assert len(kept_files._kept) <= MOST
    for file in tmp_path.iterdir():
        file.unlink()
    (tmp_path / "new").write_bytes(b"new")
    assert read_at(tmp_path / "new", 9) == b"new"
    gone = [descriptor for descriptor in kept_files._kept.values() if not os.fstat(descriptor).st_nlink]
    assert gone == []


def test_a_replaced_file_is_read_anew(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_bytes(b"old")
    assert read_at(file, 3) == b"old"
    other.write_bytes(b"new")
    other.replace(file)
    assert read_at(file, 3) == b"new"
    file.unlink()
    with pytest.raises(OSError):
        read_at(file, 3)
