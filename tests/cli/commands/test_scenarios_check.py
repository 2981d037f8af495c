"""`consult scenarios check`: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from command_line import consult

CASES: list[dict[str, object]] = [
    {"id": "a", "complaint": "I cough", "diagnosis": "cold", "facts": [{"topic": "duration", "text": "for two days"}]},
    {"id": "b", "complaint": "I ache all over", "diagnosis": "flu"},
]


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    folder = tmp_path / "ward"
    folder.mkdir()
    (folder / "scenario.yaml").write_text("name: ward\ntitle: A ward\ntopics: {duration: how long}\n")
    (folder / "labels.yaml").write_text("labels:\n  flu: {specialty: medicine}\n  cold: {specialty: medicine}\n")
    write(folder, CASES)
    return folder


def write(folder: Path, cases: list[dict[str, object]]) -> None:
    (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))


def check(folder: Path | str) -> subprocess.CompletedProcess[str]:
    return consult("scenarios", "check", folder)


def test_a_clean_folder_is_said_to_be_clean(ward: Path) -> None:
    done = check(ward)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{ward}: no mistakes found (2 labels, 2 test cases)\n"


def test_mistakes_stand_on_a_line_each_in_the_order_of_the_file(ward: Path) -> None:
    facts = [{"topic": "duration", "text": "for two days."}]
    write(ward, [{**CASES[0], "sex": "F", "facts": facts}, {**CASES[1], "age": "40"}])
    done = check(ward)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.splitlines() == [
        "cases.jsonl:1: 'sex' is the text 'F'; write 'female'",
        "cases.jsonl:1: the fact 'duration' ends with a full stop: 'for two days.'; "
        "remove it: sentences are built around it",
        "cases.jsonl:2: 'age' is the text '40'; write 40 without quotes",
    ]


def test_what_a_file_holds_reaches_the_terminal_without_its_control_characters(ward: Path) -> None:
    write(ward, [{**CASES[0], "sex": "\x1b[31mF", "\x1b]0;title\x07": 1}, CASES[1]])
    done = check(ward)
    assert done.returncode == 2 and "'sex'" in done.stdout
    assert "\x1b" not in done.stdout and "\x07" not in done.stdout


@pytest.mark.parametrize("name", ["nowhere", "a.txt"])
def test_what_is_not_a_folder_is_a_mistake_in_the_command(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.txt").write_text("x")
    done = check(tmp_path / name)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tmp_path / name} is not a folder" in " ".join(done.stderr.split())
