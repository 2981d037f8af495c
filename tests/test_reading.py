"""Files from outside are read at one place: what is accepted, and one sentence for everything else."""

from __future__ import annotations

import ast
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consult import reading
from consult.reading import (
    FileError,
    KindError,
    MissingFileError,
    read_json,
    read_object,
    read_text,
    read_toml,
    text_lines,
)
from consult.scenarios.importing.lines import Lines

PACKAGE = Path(reading.__file__).parent

ALLOWED = {
    "agents/assessors/known_faults.py": "transcripts of the package",
    "agents/models/local/licence.py": "YAML, from text that was read",
    "__main__.py": "the null device",
    "cli/main.py": "the null device",
    "cli/terminal/closed.py": "the null device",
    "envs/held.py": "a lock file of the program",
    "whole_files.py": "a file, to wait until it is on the disk",
    "envs/store/kept_files.py": "a store and its log, which SQLite has open",
    "agents/prompt.py": "prompts of the package",
    "api/report.py": "a report's own pages, for its display",
    "cli/web/server.py": "style sheets of the package",
    "render/export/parquet.py": "the card of the package",
    "envs/benchmark/grid_file.py": "presets of the package",
    "envs/environment_check.py": "limits of the system, in /sys",
    "envs/metrics/mdbench_scorer.py": "a table of the package",
    "envs/user_case.py": "a photograph from the store",
    "render/page.py": "a style sheet of the package",
    "render/report/page.py": "style sheets and scripts of the package",
    "rl/runtime/results.py": "a card of the package",
    "rl/starter/assessor/recipe.py": "a card of the package",
    "rl/starter/card.py": "a card of the package",
    "rl/starter/vision.py": "drawn photographs that the same training kept",
    "scenarios/drawing/__init__.py": "source of the package, for the revision",
    "scenarios/located_yaml.py": "YAML, from text that was read",
    "scenarios/photographs.py": "Pillow, on bytes that were read",
}
"""Modules that read something by themselves, and what."""
READERS = {
    "json.load", "tomllib.load", "tomllib.loads", "yaml.load", "yaml.safe_load", "Image.open", "open", "io.open",
    "os.open", "codecs.open", "os.fdopen", "gzip.open", "np.load", "pickle.load",
}  # fmt: skip


def reads_by_itself(source: str) -> list[str]:
    """Give the calls by which a module reads a file without `consult.reading`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        last = name.rpartition(".")[2]
        words = {one.arg: one.value for one in node.keywords}
        given = [*node.args, *words.values()]
        mode = next(
            (one.value for one in given if isinstance(one, ast.Constant) and str(one.value)[:1] in set("wax")), "r"
        )
        opens = last == "open" and ({"encoding", "newline", "errors", "mode"} & set(words) or _is_mode(node.args))
        reads = last in ("read_text", "read_bytes") and "reading" not in name and name != last
        if reads or ((name in READERS or opens) and mode == "r"):
            found.append(f"{node.lineno}: {name}")
    return found


def _is_mode(given: list[ast.expr]) -> bool:
    return bool(given) and isinstance(given[0], ast.Constant) and given[0].value in ("r", "rb", "rt")


def test_no_other_module_reads_a_users_file() -> None:
    sources = {str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    reading_by_itself = {name: found for name, source in sources.items() if (found := reads_by_itself(source))}
    others = {name: found for name, found in reading_by_itself.items() if name not in (*ALLOWED, "reading.py")}
    assert others == {}
    assert [name for name in ALLOWED if name not in reading_by_itself] == []


@pytest.mark.parametrize(
    "source",
    ["path.read_text()", "(folder / name).read_bytes()", "open(path)", "path.open(encoding='utf-8')", "p.open('rb')",
     "json.load(stream)", "tomllib.load(f)", "Image.open(path)", "with open(path, newline='') as f: pass"],
)  # fmt: skip
def test_reading_is_noticed_wherever_it_stands(source: str) -> None:
    assert reads_by_itself(source)


@pytest.mark.parametrize("source", ["models.open(config)", "path.open('w')", "open(path, 'wb')", "read_text(path)"])
def test_other_calls_are_not_taken_for_reading(source: str) -> None:
    assert not reads_by_itself(source)


# -- files -------------------------------------------------------------------------------------------------------------


def made(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


TEXT = "a: café\nb: 2\n"


@pytest.mark.parametrize(
    "content",
    [TEXT.encode(), b"\xef\xbb\xbf" + TEXT.encode(), 2 * b"\xef\xbb\xbf" + TEXT.encode(),
     TEXT.replace("\n", "\r\n").encode(),
     TEXT.replace("\n", "\r").encode()],
    ids=["plain", "byte-order mark", "two byte-order marks", "CRLF", "CR"],
)  # fmt: skip
def test_a_text_is_the_same_from_any_system(tmp_path: Path, content: bytes) -> None:
    assert read_text(made(tmp_path / "a", content)) == TEXT


def test_an_empty_file_is_an_empty_text(tmp_path: Path) -> None:
    assert read_text(made(tmp_path / "a", b"")) == ""


def folder(path: Path) -> None:
    path.mkdir()


def link_to_nothing(path: Path) -> None:
    path.symlink_to("gone")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def of(content: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(content)

    return make


REFUSED: list[tuple[Callable[[Path], None], str, str]] = [
    (lambda path: None, "does not exist", "check the path"),
    (folder, "is a folder", "give a regular file"),
    (link_to_nothing, "is a link to 'gone', which does not exist", "correct the link"),
    (link_to_itself, "is a link that leads back to itself", "correct the link"),
    (of(b"a" * 1_000_001), "is larger than 1 MB", "make it smaller"),
    (of("a: é".encode("latin-1")), "is not UTF-8 text at 'a: \ufffd'", "save it as UTF-8"),
    (of("a: 1\n".encode("utf-16")), "is UTF-16 text", "save it as UTF-8"),
    (of("a: 1\n".encode("utf-16-le")), "is UTF-16 text", "save it as UTF-8"),
    (of("a: 1\n".encode("utf-16-be")), "is UTF-16 text", "save it as UTF-8"),
    (of("a: 1\n".encode("utf-32")), "is UTF-16 text", "save it as UTF-8"),
    (of(b"a: 1\nb: \0\n"), "line 2, has a NUL byte", "give a text file"),
    (of(b"PK\x03\x04rest"), "is an Excel workbook", "a table as CSV"),
    (of(b"\x1f\x8brest"), "is compressed by gzip", "unpack it first"),
    (of(b"SQLite format 3\0rest"), "is an SQLite database", "give a text file"),
]


@pytest.mark.parametrize(
    ("make", "what", "fix"), REFUSED, ids=lambda value: value[:30] if isinstance(value, str) else ""
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, make: Callable[[Path], None], what: str, fix: str) -> None:
    make(tmp_path / "a.yaml")
    with pytest.raises(FileError) as told:
        read_text(tmp_path / "a.yaml", pipe=True)
    said = str(told.value)
    assert what in said and fix in said and str(tmp_path / "a.yaml") in said and "\n" not in said


def test_names_that_no_file_can_have_are_one_sentence(tmp_path: Path) -> None:
    for name in ("x" * 300, "a\0b", "file/below"):
        made(tmp_path / "file", b"")
        with pytest.raises(MissingFileError):
            read_text(tmp_path / name)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_file(device: str) -> None:
    with pytest.raises(KindError, match="is a device; give a regular file"):
        read_text(Path(device), pipe=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may read everything")
def test_a_file_without_permission_is_one_sentence(tmp_path: Path) -> None:
    made(tmp_path / "a", b"x").chmod(0)
    with pytest.raises(FileError, match="cannot be read without permission; change its permissions"):
        read_text(tmp_path / "a")


# -- pipes -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    os.mkfifo(tmp_path / "pipe")
    yield tmp_path / "pipe"


def delivered(path: Path, content: bytes) -> threading.Thread:
    writer = threading.Thread(target=path.write_bytes, args=(content,), daemon=True)
    writer.start()
    return writer


def test_a_pipe_is_read_to_its_end(pipe: Path) -> None:
    content = "ä".encode() * 200_000
    writer = delivered(pipe, content)
    assert read_text(pipe, pipe=True) == content.decode()
    writer.join(10)
    assert not writer.is_alive()


def test_a_pipe_into_which_nobody_writes_is_given_up(pipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE", 0.05)
    with pytest.raises(FileError, match=r"is a pipe into which nothing was written for 0\.05 seconds"):
        read_text(pipe, pipe=True)


def test_a_pipe_is_refused_where_a_file_is_read_more_than_once(pipe: Path) -> None:
    with pytest.raises(KindError, match="is a pipe; give a regular file"):
        read_text(pipe)


def test_a_pipe_without_end_is_too_large(pipe: Path) -> None:
    delivered(pipe, b"x" * 1_100_000)
    with pytest.raises(FileError, match="is larger than 1 MB"):
        read_text(pipe, pipe=True)


# -- data --------------------------------------------------------------------------------------------------------------

TOML = [
    ("a = " + "9" * 5_000, "contains a number of thousands of digits"),
    ("a = " + "[" * 5_000, "is nested too deeply"),
    ("a = " + "[" * 70 + "]" * 70, "is nested too deeply"),
    ("a = 1\na = 2\n", "line 2, is not TOML (Cannot overwrite a value)"),
    ("a =", "is not TOML"),
    ("a = \x1b[31m", "is not TOML"),
]


@pytest.mark.parametrize(("content", "what"), TOML, ids=lambda value: value[:20])
def test_toml_out_of_bounds_is_one_sentence(tmp_path: Path, content: str, what: str) -> None:
    with pytest.raises(FileError) as told:
        read_toml(made(tmp_path / "a.toml", content))
    assert what in str(told.value) and "\x1b" not in str(told.value) and "\n" not in str(told.value)


def test_toml_of_any_system(tmp_path: Path) -> None:
    assert read_toml(made(tmp_path / "a.toml", b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")) == (
        "a = 1\nb = 2\n",
        {"a": 1, "b": 2},
    )


@pytest.mark.parametrize("content", ["", "{", "[" * 5_000, "9" * 5_000, '{"a": 1', "[1]", "{}", '{"a": 1}'])
def test_a_broken_state_is_one_sentence(tmp_path: Path, content: str) -> None:
    with pytest.raises(FileError, match=r"; begin anew$"):
        read_object(made(tmp_path / "state.json", content), "b", fix="begin anew")


def test_json_may_have_a_mark_at_its_beginning(tmp_path: Path) -> None:
    path = made(tmp_path / "a.json", b"\xef\xbb\xbf" + json.dumps({"a": [1, None]}).encode())
    assert read_json(path) == {"a": [1, None]}


def test_marks_at_the_beginning_are_no_part_of_a_table(tmp_path: Path) -> None:
    lines = 2 * b"\xef\xbb\xbf" + b"id\n\xef\xbb\xbf1\n"
    assert list(text_lines(made(tmp_path / "a", lines))) == ["id\n", "\ufeff1\n"]
    with Lines(tmp_path / "a") as rows:
        assert list(rows) == ["id\n", "\ufeff1\n"]


@pytest.mark.parametrize("written", ['"x"', "true", "NaN", "Infinity", "null", "[1]"])
def test_a_state_without_a_number_is_one_sentence(tmp_path: Path, written: str) -> None:
    path = made(tmp_path / "clock.json", f'{{"spent": {written}}}')
    with pytest.raises(FileError, match=r"clock\.json' has no number as 'spent'; remove it"):
        read_object(path, numbers=("spent",), fix="remove it")
