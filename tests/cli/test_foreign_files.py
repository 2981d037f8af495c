"""Files, pipes, folders and names from elsewhere, through the command line: work, or one sentence and exit code 2."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import consult
from PIL import Image

from consult import reading

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"
SCRIPT = ("--model", f"scripted:{PANEL}")
PLAY = ("simulate", *SCRIPT, "--case", "test-0003", "--json")
ODD = os.fsdecode(b"caf\xe9")
"""A name that is not UTF-8, as Latin-1 systems write it."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reading, "PATIENCE", 0.05)
    return tmp_path


def refused(words: Sequence[str], *told: str) -> None:
    done = consult(*words)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.startswith("consult: ") and done.stderr.count("\n") == 1, done.stderr
    assert all(part in done.stderr for part in told), done.stderr


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Play a consultation once; its store is copied."""
    db = tmp_path_factory.mktemp("played") / "consult.db"
    consult(*PLAY, "--db", db, check=True)
    return db


# -- what is no file ---------------------------------------------------------------------------------------------------

OPENED = {
    "script": ("simulate", "--model", "scripted:{}", "--case", "test-0003", "--json"),
    "grid": ("benchmark", "--config", "{}", "--json"),
    "training": ("train", "triage", "--config", "{}", "--out", "out", "--dry-run"),
    "picture": ("simulate", *SCRIPT, "--complaint", "I itch", "--image", "{}", "--json"),
    "table": ("scenarios", "import", "csv", "{}", "--out", "out"),
    "json lines": ("scenarios", "import", "jsonl", "{}", "--out", "out"),
    "AgentClinic": ("scenarios", "import", "agentclinic", "{}", "--out", "out"),
    "CRAFT-MD": ("scenarios", "import", "craft-md", "{}", "--out", "out"),
    "ratings": ("assess", "r1", "--import", "{}"),
}
"""What is opened → the command."""
KINDS = {"folder": "is a folder", "pipe": "is a pipe", "/dev/zero": "is a device", "gone": "", "link": "is a link"}
"""Name of what is no file → part of the sentence."""


@pytest.fixture
def kinds(elsewhere: Path, played: Path) -> Path:
    shutil.copy(played, elsewhere)
    (elsewhere / "folder").mkdir()
    os.mkfifo(elsewhere / "pipe")
    (elsewhere / "link").symlink_to("nowhere")
    return elsewhere


@pytest.mark.slow
@pytest.mark.parametrize("opened", OPENED)
def test_what_is_no_file_is_one_sentence_wherever_it_is_named(kinds: Path, opened: str) -> None:
    for name, what in KINDS.items():
        # A ratings file that is missing has a sentence of its own.
        refused([word.format(name) for word in OPENED[opened]], name, what if opened not in ("ratings", "grid") else "")
    assert not (kinds / "out").exists()


@pytest.mark.parametrize("opened", ["script", "grid", "training", "table", "json lines", "ratings"])
@pytest.mark.parametrize(
    ("content", "what"),
    [("a: é\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"), (b"PK\x03\x04\0\0", "is an Excel workbook")],
)
def test_other_kinds_of_files_are_named(kinds: Path, opened: str, content: bytes, what: str) -> None:
    (kinds / "file").write_bytes(content)
    refused([word.format("file") for word in OPENED[opened]], "file", what)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("replies: {patient: [2024-13-45]}", "'2024-13-45' cannot be read as a date or number; put it in quotes"),
        ("replies: {patient: [2024-01-01 25:00:00]}", "cannot be read as a date or number; put it in quotes"),
        ("replies: {patient: [" + "9" * 5_000 + "]}", "cannot be read as a date or number; put it in quotes"),
        ("replies: {patient: [a]}\nreplies: {patient: [b]}", "'replies' appears twice"),
        ("? [a, b]\n: c", "a list or mapping stands where a name belongs; write a name"),
        ("a: &a [x, x]\nb: [*a, *a]", "uses an anchor, alias or tag"),
        ("replies: !!python/object:os.system {}", "uses an anchor, alias or tag"),
        ("replies: " + "[" * 5_000, "is nested too deeply"),
        ("#" * 1_000_001, "is larger than 1 MB"),
        ("replies: {patient: [a\0b]}", "has a NUL byte"),
    ],
    ids=lambda value: value[:24],
)
def test_scripts_out_of_bounds_are_one_sentence(elsewhere: Path, content: str, what: str) -> None:
    (elsewhere / "script.yaml").write_text(content)
    refused(("simulate", "--model", "scripted:script.yaml", "--json"), "script.yaml", what)


@pytest.mark.parametrize("command", ["grid", "training"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("seed = " + "9" * 5_000, "contains a number of thousands of digits"),
        ("seed = " + "[" * 5_000, "is nested too deeply"),
        ("seed = 1\nseed = 2\n", "line 2, is not TOML"),
        ("seed = nan\n", "seed"),
        ("seed = 2024-01-01\n", "seed"),
    ],
    ids=lambda value: value[:16],
)
def test_settings_out_of_bounds_are_one_sentence(elsewhere: Path, command: str, content: str, what: str) -> None:
    (elsewhere / "a.toml").write_text(content)
    refused([word.format("a.toml") for word in OPENED[command]], "a.toml", what)


def test_a_scenario_with_a_link_to_nothing_or_a_key_twice_is_not_played(elsewhere: Path) -> None:
    ward = elsewhere / "ward"
    ward.mkdir()
    (ward / "scenario.yaml").write_text("name: ward\ntitle: A ward\ntopics: {site: where}\n")
    (ward / "cases.jsonl").write_text('{"id": "a", "complaint": "I ache", "diagnosis": "flu"}\n')
    os.mkfifo(ward / "other.yaml")
    play = ("simulate", *SCRIPT, "--scenario", "ward", "--json")
    assert consult(*play).returncode == 0
    (ward / "labels.yaml").symlink_to("nowhere")
    refused(play, "labels.yaml", "is a link to 'nowhere', which does not exist")
    (ward / "labels.yaml").unlink()
    (ward / "labels.yaml").write_text("labels:\n  flu: {specialty: a}\n  flu: {specialty: b}\n")
    refused(play, "labels.yaml:3: 'flu' appears twice")


def test_a_script_can_come_through_a_pipe(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE", 20)
    read, write = os.pipe()
    os.write(write, PANEL.read_bytes())
    os.close(write)
    try:
        done = consult("simulate", "--model", f"scripted:/dev/fd/{read}", "--case", "test-0003", "--json")
    finally:
        os.close(read)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/null"])
def test_no_device_or_pipe_is_a_store(kinds: Path, name: str) -> None:
    for words in (("runs", "--db", name), ("show", "r1", "--db", name), (*PLAY, "--db", name)):
        refused(words, name, "is a ")


# -- names that are not UTF-8 ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_names_that_are_not_utf_8_are_read_and_written(elsewhere: Path) -> None:
    (elsewhere / f"{ODD}.csv").write_text("complaint,diagnosis\nI itch,hives\n")
    with (elsewhere / f"{ODD}.png").open("wb") as stream:
        Image.new("RGB", (8, 8)).save(stream, "PNG")
    (elsewhere / f"{ODD}.toml").write_text("steps = 1\n")
    db = ("--db", f"{ODD}.db")
    for words in (
        ("scenarios", "import", "csv", f"{ODD}.csv", "--out", f"{ODD}-ward"),
        ("scenarios", "check", f"{ODD}-ward"),
        ("scenarios", "show", f"{ODD}-ward"),
        (*PLAY, *db),
        ("simulate", *SCRIPT, "--complaint", "I itch", "--image", f"{ODD}.png", "--patient", f"scripted:{PANEL}", *db),
        ("runs", *db),
        ("show", "r1.1", "--html", f"{ODD}.html", *db),
    ):
        done = consult(*words)
        assert done.returncode == 0, done
    assert (elsewhere / f"{ODD}.html").exists() and (elsewhere / f"{ODD}-ward").is_dir()


STORED = [
    ("simulate", "--model", f"scripted:{ODD}.yaml"),
    ("simulate", "--model", f"{ODD}.py:doctor"),
    ("simulate", "--model", ODD),
    ("simulate", *SCRIPT, "--patient", f"scripted:{ODD}.yaml"),
    ("simulate", *SCRIPT, "--specialist", f"dermatology=scripted:{ODD}.yaml"),
    ("simulate", *SCRIPT, "--strategy", "expert", "--classifier", ODD),
    ("simulate", *SCRIPT, "--scenario", f"{ODD}-ward"),
    ("benchmark", *SCRIPT, "--scenario", f"{ODD}-ward", "--cases", "1"),
    ("benchmark", "--model", f"scripted:{ODD}.yaml", "--cases", "1"),
    ("assess", "r1", "--assessor", f"scripted:{ODD}.yaml"),
    ("assess", "r1", "--judge", f"scripted:{ODD}.yaml"),
    ("train", "triage", "--model", ODD, "--out", "out", "--steps", "1"),
    ("train", "triage", "--reward", f"{ODD}.py:reward", "--out", "out", "--steps", "1"),
]


@pytest.mark.parametrize("words", STORED, ids=lambda words: ascii(" ".join(words[:1] + words[-2:])))
def test_a_name_that_would_be_stored_must_be_utf_8(elsewhere: Path, played: Path, words: Sequence[str]) -> None:
    shutil.copy(played, elsewhere)
    before = (elsewhere / "consult.db").read_bytes()
    shutil.copy(PANEL, elsewhere / f"{ODD}.yaml")
    (elsewhere / ODD).mkdir()
    (elsewhere / f"{ODD}-ward").mkdir()
    (elsewhere / f"{ODD}.py").write_text("def doctor(messages, images):\n    return ''\n")
    (elsewhere / f"{ODD}-ward/scenario.yaml").write_text("name: ward\ntitle: A ward\ntopics: {site: where}\n")
    (elsewhere / f"{ODD}-ward/cases.jsonl").write_text('{"id": "a", "complaint": "I ache", "diagnosis": "flu"}\n')
    refused(words, "caf\ufffd", "is not UTF-8 and cannot be stored; rename the file")
    assert (elsewhere / "consult.db").read_bytes() == before


@pytest.mark.parametrize(
    "words", [("show", ODD), ("resume", ODD), ("report", ODD), ("assess", ODD, "--assessor", "rules")]
)
def test_no_run_has_a_name_that_is_not_utf_8(elsewhere: Path, played: Path, words: Sequence[str]) -> None:
    shutil.copy(played, elsewhere)
    refused(words, "there are: r1")


# -- folders without a model -------------------------------------------------------------------------------------------

MODELS = [
    ("simulate", "--model", "{}"),
    ("simulate", *SCRIPT, "--triage", "{}"),
    ("simulate", *SCRIPT, "--strategy", "expert", "--classifier", "{}"),
    ("benchmark", "--model", "{}", "--cases", "1"),
    ("assess", "r1", "--assessor", "{}"),
    ("train", "assessor", "--base", "{}", "--out", "out"),
    ("train", "classifier", "--model", "{}"),
    ("train", "triage", "--model", "{}", "--steps", "1", "--out", "out"),
]


@pytest.mark.slow
@pytest.mark.parametrize("words", MODELS, ids=lambda words: " ".join(words[:2] + words[-2:]))
def test_a_folder_without_a_model_is_one_sentence(elsewhere: Path, played: Path, words: Sequence[str]) -> None:
    shutil.copy(played, elsewhere)
    (elsewhere / "empty").mkdir()
    shutil.copytree(next(iter(consult_starter())), elsewhere / "cut")
    weights = elsewhere / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000])
    for folder, what in (("empty", "is not a model"), ("cut", "cannot be loaded")):
        refused([word.format(folder) for word in words], f"'{folder}'", what)


def consult_starter() -> Sequence[str]:
    import consult.agents.starter as starter

    return list(starter.__path__)


def test_a_check_of_no_folder_is_told_where_mistakes_are_told(elsewhere: Path) -> None:
    refused(("scenarios", "check", "nope"), "nope is not a folder")
    refused(("scenarios", "show", "nope"), "nope")


@pytest.mark.slow
def test_a_broken_state_of_a_training_is_one_sentence(elsewhere: Path) -> None:
    (elsewhere / "out" / "work").mkdir(parents=True)
    (elsewhere / "out" / "work" / "config.json").write_text("{")
    refused(("train", "triage", "--steps", "1", "--out", "out", "--resume"), "config.json", "another --out")
    (elsewhere / "out" / "work" / "config.json").write_text(json.dumps([1]))
    refused(("train", "triage", "--steps", "1", "--out", "out", "--resume"), "is not a JSON object")
