"""A result is written whole or not at all."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consult.whole_files import UnwritableError, check_page, check_writable, drafted, write_together, write_whole

LIMIT = 1000


@contextmanager
def small_disk() -> Iterator[None]:
    """Let no file grow beyond a thousand bytes, as on a full disk."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_the_former_file(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_whole(page, "before")
    with small_disk(), pytest.raises(OSError, match="File too large") as caught:
        write_whole(page, "after" * LIMIT)
    assert caught.value.filename in (str(page), None)
    assert page.read_text() == "before" and [one.name for one in tmp_path.iterdir()] == ["page.html"]


def test_of_several_files_none_changes_if_one_cannot_be_written(tmp_path: Path) -> None:
    write_together(tmp_path, {"a.md": lambda: ["a"], "b.md": lambda: ["b"]})
    with small_disk(), pytest.raises(OSError, match="File too large") as caught:
        write_together(tmp_path, {"a.md": lambda: ["A"], "b.md": lambda: ["B"] * 2 * LIMIT})
    assert caught.value.filename == str(tmp_path / "b.md")
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"a.md": "a", "b.md": "b"}


def test_a_draft_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), drafted(tmp_path / "a.png") as draft:
        assert draft.suffix == ".png" and draft.parent == tmp_path
        draft.write_bytes(b"half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_the_next_one_to_write_a_file_removes_the_drafts_that_killed_processes_left(tmp_path: Path) -> None:
    with drafted(tmp_path / "a.md") as living:
        living.touch()
        gone = living.with_name(f".a.{2**22 + 1}-12345678.part.md")
        other, own = tmp_path / f".b.{2**22 + 1}-12345678.part.md", tmp_path / ".a.notes.part.md"
        for one in (gone, other, own):
            one.touch()
        write_whole(tmp_path / "a.md", "page")
        assert not gone.exists() and living.exists() and other.exists() and own.exists()


def test_a_missing_folder_is_named_and_not_the_draft(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(tmp_path / "no" / "page.html", "page")
    assert caught.value.filename == str(tmp_path / "no" / "page.html")


def test_a_name_as_long_as_a_file_system_allows(tmp_path: Path) -> None:
    name = "é" * 125 + ".md"
    write_whole(tmp_path / name, "page")
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_permissions_stay_and_a_new_file_has_the_usual_ones(tmp_path: Path) -> None:
    page, usual = tmp_path / "page.html", tmp_path / "usual"
    usual.touch()
    write_whole(page, "before")
    assert page.stat().st_mode == usual.stat().st_mode
    page.chmod(0o640)
    write_whole(page, "after")
    assert page.stat().st_mode & 0o777 == 0o640 and page.read_text() == "after"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.html").write_text("before")
    (tmp_path / "link.html").symlink_to("real.html")
    write_whole(tmp_path / "link.html", "after \u2713")
    assert (tmp_path / "link.html").is_symlink() and (tmp_path / "real.html").read_text("utf-8") == "after \u2713"


def test_a_pipe_is_written_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    check_writable(pipe)
    write_whole(pipe, "page")
    assert os.read(reader, 10) == b"page" and not pipe.is_file()
    os.close(reader)


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may write everywhere")
def test_a_place_where_nothing_can_be_written_is_refused(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    tmp_path.chmod(0o555)
    with pytest.raises(UnwritableError, match=r"a' cannot be written, since '.*' is read-only; name another place"):
        check_writable(tmp_path / "a")


@pytest.mark.parametrize("content", [b"SQLite format 3\x00" + b"x" * 90, b"name: ward\n", b"\x89PNG"])
def test_only_a_page_is_replaced_by_a_page(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "a.html"
    place.write_bytes(content)
    (tmp_path / "link.html").symlink_to(place)
    for one in (place, tmp_path / "link.html"):
        with pytest.raises(UnwritableError, match="is a file, but not an HTML page; name another file"):
            check_page(one)
    assert place.read_bytes() == content
    for page in (b"", b"<!DOCTYPE html>\n<p>", b"\xef\xbb\xbf<html>"):
        place.write_bytes(page)
        check_page(place)
    check_page(tmp_path / "new.html")


def test_a_pipe_that_nobody_reads_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnwritableError, match="nobody reads the pipe"):
        check_page(tmp_path / "pipe")
    with pytest.raises(UnwritableError, match="is a folder; name a file in it"):
        check_page(tmp_path)
