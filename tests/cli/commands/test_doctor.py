"""`consult doctor` as it is called: ready is 0, not ready 2, each problem a sentence."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from command_line import consult

PANEL = Path(__file__).parents[2] / "data" / "panel.yaml"


def doctor(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return consult("doctor", *words, folder=folder)


@pytest.mark.slow
def test_a_ready_machine_is_told_what_for(tmp_path: Path) -> None:
    done = doctor(tmp_path)
    assert done.returncode == 0 and not done.stderr, done.stderr
    for told in (
        "python",
        "cores",
        "memory",
        "GPU",
        "the connection was not tried",
        "consult.db: can be written, also in WAL mode",
        "hub",
        "5,589,280",
    ):
        assert told in done.stdout
    assert "tokens/s" in done.stdout and "1,024 tokens" in done.stdout and "float32 on" in done.stdout
    assert "Patient    " in done.stdout and "Triage     → " in done.stdout
    assert "Ready: " in done.stdout and "billion parameters in 32 bits" in done.stdout
    assert "Simulation, not medical advice." in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_json_is_one_object_and_unknown_is_null(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json", "--model", f"scripted:{PANEL}")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert told["event"] == "doctor" and told["ready"] and told["problems"] == []
    assert told["machine"]["store"]["wal"] and told["machine"]["packages"]["torch"]
    model = told["model"]
    assert model["images"] is True and model["backend"] == "scripted"
    for unknown in ("parameters", "dtype", "device", "context", "system_role", "resident_bytes"):
        assert model[unknown] is None
    assert model["tokens_per_second"] == {"1": None, "16": None}
    assert [turn["action"] for turn in model["turns"]] == ["open", "triage"]


def test_of_a_script_people_read_that_it_is_unknown(tmp_path: Path) -> None:
    shown = doctor(tmp_path, "--model", f"scripted:{PANEL}").stdout
    assert "parameters        unknown" in shown and "speed at batch 16 unknown" in shown


MISTAKES = [
    (["--model", "nowhere"], "there is no model 'nowhere'; give starter"),
    (["--model", "human"], "there is no model 'human'"),
    (["--model", "scripted:none.yaml"], "script 'none.yaml' does not exist"),
    (["--model", "empty"], "it has no config.json"),
    (["--model", "begun"], "the training run in 'begun' has not finished, so there is no model yet; continue it with"),
    (["--model", "pickled"], "has only pickled weights"),
    (["--model", "scripted:text.yaml"], "text.yaml:1:"),
    (["--model", "scripted:fails.yaml"], "it cannot play (melted); check that"),
    (["--model", "scripted:silent.yaml"], "it cannot play (the script has no replies for 'triage.triage'"),
    (["--model", "scripted:mumbles.yaml"], "it named no specialty when asked twice"),
    (["--db", "no/where.db"], "there is no folder 'no'; make it"),
    (["--db", "text.yaml"], "'text.yaml' is not an SQLite database; name another database with --db"),
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    for name in ("empty", "pickled", "begun/work"):
        (folder / name).mkdir(parents=True)
    (folder / "begun" / "work" / "config.json").write_text("{}")
    (folder / "pickled" / "config.json").write_text("{}")
    (folder / "pickled" / "pytorch_model.bin").write_bytes(b"x")
    (folder / "text.yaml").write_text("hello")
    (folder / "fails.yaml").write_text("replies: {patient: [{error: melted}]}")
    (folder / "silent.yaml").write_text("replies: {patient: [Hm.]}")
    (folder / "mumbles.yaml").write_text("replies: {patient: [Hm.], triage: [Hm.]}")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("words", "told"), MISTAKES)
def test_what_is_not_ready_is_said_in_a_sentence(desk: Path, words: list[str], told: str) -> None:
    base = words if "--model" in words else [*words, "--model", f"scripted:{PANEL}"]
    done = doctor(desk, *base)
    assert done.returncode == 2 and "Ready" not in done.stdout and "machine" in done.stdout
    assert told in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    spoken = doctor(desk, *base, "--json")
    assert spoken.returncode == 2
    (line,) = spoken.stdout.splitlines()
    assert json.loads(line)["ready"] is False and json.loads(line)["problems"]
