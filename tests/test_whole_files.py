"""A result is written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from consult.whole_files import write_whole


def test_a_full_disk_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.html"
    write_whole(page, "before")
    whole = Path.write_text

    def half(self: Path, text: str, **named: str) -> int:
        whole(self, text[: len(text) // 2], **named)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(page, "after, and longer")
    assert caught.value.filename == str(page)
    assert page.read_text() == "before" and [one.name for one in tmp_path.iterdir()] == ["page.html"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.html").write_text("before")
    (tmp_path / "link.html").symlink_to("real.html")
    write_whole(tmp_path / "link.html", "after \u2713")
    assert (tmp_path / "link.html").is_symlink() and (tmp_path / "real.html").read_text("utf-8") == "after \u2713"


def test_a_pipe_is_written_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "page")
    assert os.read(reader, 10) == b"page" and not pipe.is_file()
    os.close(reader)
