"""Malformed files of each kind: one sentence that names the file, exit code 2, and nothing written."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import consult as typed

from consult.scenarios.importing import import_cases

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
try:
    sources: Any = importlib.import_module("import_sources")
finally:
    del sys.path[0]
KINDS, make = sources.KINDS, sources.make
NEEDED = {"csv": "complaint", "slake": "q_lang", "omnimedvqa": "gt_answer", "scin": "condition_duration"}
NEEDED |= {"pad-ufes-20": "diagnostic", "ham10000": "dx", "fitzpatrick17k": "label", "ddi": "disease"}
NEEDED |= {"derm1m": "label", "3mdbench": "personality", "mmmu": "options"}
"""Kind → a column that it needs; `question` for others."""


def lacking(kind: str, path: Path) -> None:
    column = NEEDED.get(kind, "question")
    if path.suffix == ".parquet":
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.parquet.read_table(path).drop_columns([column]), path)
    else:
        # The quoted name in JSON, the first line of a table.
        head, _, rest = path.read_bytes().partition(b"\n")
        path.write_bytes(head.replace(column.encode(), b"zzz") + b"\n" + rest)


def malformed(kind: str, path: Path):
    """Yield what is wrong, after it was written."""
    whole = path.read_bytes()
    lacking(kind, path)
    yield "a column is missing" if kind != "csv" else "optional"
    wrong = {
        "empty": b"",
        "NUL": b"\0" * 500,
        "UTF-16": "a,b\n1,2\n".encode("utf-16"),
        "a picture": b"\x89PNG\r\n\x1a\n",
    }
    wrong |= {"no list": b'{"questions": []}', "no word": b" \n \n"}
    if path.suffix in (".json", ".parquet"):
        wrong |= {"cut": whole[:-30], "Latin-1": whole.replace(b"e", b"\xe9", 9)}
    for what, content in wrong.items():
        path.write_bytes(content)
        yield what


@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_file_is_one_sentence(kind, tmp_path):
    at = tmp_path / "source"
    at.mkdir()
    made = make(kind, at, 2)
    for what in malformed(kind, at / KINDS[kind].file):
        if what == "optional":
            continue
        result = typed("scenarios", "import", kind, str(made.source), "--out", str(tmp_path / "out"))
        said = result.stderr.strip()
        assert result.returncode == 2, (what, said)
        assert said.count("\n") == 0 and "\0" not in said and "Traceback" not in said and ". " not in said, (what, said)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["source"], what


@pytest.mark.parametrize("kind", KINDS)
def test_each_broken_row_is_named_by_its_line(kind, tmp_path):
    at = tmp_path / "source"
    at.mkdir()
    made = make(kind, at, 60)
    summary = import_cases(kind, made.source, tmp_path / "out")
    dropped = (tmp_path / "out/import/dropped.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(one)["line"] for one in dropped] == made.broken and summary.kept == 59


def test_a_broken_row_of_several_files_is_named_by_its_file(tmp_path):
    at = tmp_path / "source"
    at.mkdir()
    (at / "a.csv").write_text("question,answer\nIs it?,yes\n", encoding="utf-8")
    (at / "b.csv").write_text("question,answer\n,no\nIs it so?,no\n", encoding="utf-8")
    result = typed("scenarios", "import", "vqa", str(at), "--out", str(tmp_path / "out"))
    assert "    b.csv, line 2: there is no question" in result.stdout
    dropped = json.loads((tmp_path / "out/import/dropped.jsonl").read_text(encoding="utf-8"))
    assert dropped == {"line": 2, "reason": "there is no question", "detail": "", "file": "b.csv"}


def test_a_long_json_list_is_read_in_parts(tmp_path):
    """An entry, a number and a character of several bytes lie across the parts in which the file is read."""
    from consult.scenarios.importing.json_list import CHUNK, JsonList

    entries = [{"text": "é" * 1_000, "n": n} for n in range(2 * CHUNK // 2_000)]
    entries.insert(3, {"text": "x" * (2 * CHUNK), "n": 123456789})
    path = tmp_path / "long.json"
    path.write_text(json.dumps([*entries, 12], ensure_ascii=False), encoding="utf-8")
    *read, last = JsonList(path)
    assert [one.fields for one in read] == entries and str(last.fields) == "not a JSON object"
    assert [one.line for one in read] == list(range(1, len(entries) + 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}\n{"a": 2}]', r"line 2, is not valid JSON \(Expecting ',' delimiter\)"),
        ('[{"a": 1},\n]', r"line 2, is not valid JSON \(Expecting value\)"),
        ('[{"a": 1}]\n[]', r"line 2, is not valid JSON \(Extra data\)"),
        ('[{"a": 1},\n{"a": ', r"line 2, is not valid JSON \(Expecting value\)"),
        ('[{"a": ' + "9" * 5_000 + "}]", "contains a number of thousands of digits"),
        ('[{"a": ' + "[" * 70 + "]" * 70 + "}]", "is nested too deeply"),
        ("[]", "holds no question"),
    ],
)
def test_a_broken_json_list_is_refused_with_its_line(text, message, tmp_path):
    from consult.errors import UserError
    from consult.scenarios.importing.json_list import JsonList

    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        list(JsonList(path))
