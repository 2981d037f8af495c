"""The examples of docs/scenarios.md work as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from consult.cli.main import app
from consult.scenarios import load_scenario
from consult.scenarios.check import check_folder
from consult.scenarios.files import ScenarioFile

TEXT = (Path(__file__).parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
FILES = dict(re.findall(r"### `([\w.]+)`\n\n```\w+\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = [line for kind, block in BLOCKS if kind == "console" for line in block.splitlines()]


@pytest.fixture
def ward(tmp_path, monkeypatch):
    (tmp_path / "my-ward").mkdir()
    for name, content in FILES.items():
        (tmp_path / "my-ward" / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "my-ward"


def test_the_written_cases_are_clean_and_load(ward):
    assert set(FILES) == {"scenario.yaml", "labels.yaml", "cases.jsonl"}
    assert check_folder(ward) == []
    scenario = load_scenario("my-ward")
    assert scenario.case_ids("test") == ("w-01", "w-02")
    assert scenario.diagnosis("School sores, I think") == "impetigo"
    assert scenario.case("w-02").truth.urgency == "routine"


def test_the_settings_of_drawn_cases_are_known():
    (settings,) = (block for kind, block in BLOCKS if kind == "yaml" and "held_out" in block)
    assert ScenarioFile.model_validate(yaml.safe_load(settings)).splits["test"] == 100


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("consult scenarios ")])
def test_the_commands_run(ward, command):
    result = CliRunner().invoke(app, command.split()[1:])
    assert result.exit_code == 0, result.output
    assert "my-ward" in result.output


def test_every_command_names_the_example():
    assert COMMANDS and all(command.startswith("consult ") and "my-ward" in command for command in COMMANDS)


def test_a_mistake_exits_with_2_and_its_place(ward):
    path = ward / "cases.jsonl"
    path.write_text(path.read_text().replace('"impetigo"', '"impetiggo"'))
    result = CliRunner().invoke(app, ["scenarios", "check", "my-ward"])
    assert result.exit_code == 2
    assert result.output.startswith("cases.jsonl:1: the diagnosis 'impetiggo' is not in labels.yaml; ")


def test_derm34_is_listed_and_described():
    runner = CliRunner()
    assert "derm34" in runner.invoke(app, ["scenarios", "list"]).output
    described = json.loads(runner.invoke(app, ["scenarios", "show", "derm34", "--json"]).output)
    assert (described["scenario"], len(described["labels"]), len(described["ceilings"])) == ("derm34", 34, 5)


def test_the_table_to_import_becomes_two_cases(tmp_path):
    (table,) = (block for kind, block in BLOCKS if kind == "csv")
    (tmp_path / "patients.csv").write_text(table, encoding="utf-8")
    call = ["scenarios", "import", "csv", str(tmp_path / "patients.csv"), "--out", str(tmp_path / "ward")]
    result = CliRunner().invoke(app, call)
    assert "2 rows: 2 kept" in result.output and "1 sentences left out" in result.output
    assert check_folder(tmp_path / "ward") == []
    card = load_scenario(str(tmp_path / "ward")).case("p-1").card
    assert "I have had no fever" in [fact.text for fact in card.facts]
    assert card.examinations[0].text.startswith("on examination")


def test_every_kind_and_field_of_an_import_is_documented():
    from consult.scenarios.importing import KINDS
    from consult.scenarios.importing.columns import FIELDS

    for kind in KINDS:
        assert f"consult scenarios import {kind} " in TEXT
    for field, columns in FIELDS.items():
        assert all(f"`{name}`" in TEXT for name in (field, *columns)), field
