"""The examples of docs/scenarios.md work as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from narrowing import grammar_of, present
from typer.testing import CliRunner

from consult.cli.commands.scenarios import bar
from consult.cli.main import app
from consult.scenarios import load_scenario
from consult.scenarios.checks.folder import check_folder
from consult.scenarios.conditional import known_of
from consult.scenarios.files import AdviceSpec, LabelsFile, LabelSpec, RuleSpec, ValueSpec
from consult.scenarios.folder import labels_of

TEXT = (Path(__file__).parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
FILES = dict(re.findall(r"^### `([\w.]+)`\n\n```\w+\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE))
TABLES = dict(re.findall(r"^#### `([\w.]+)`\n\n```\w+\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE))
COMMANDS = [line for kind, block in BLOCKS if kind == "console" for line in block.splitlines()]


@pytest.fixture
def ward(tmp_path, monkeypatch):
    for folder, files in (("my-ward", FILES), ("my-tables", TABLES)):
        (tmp_path / folder).mkdir()
        for name, content in files.items():
            (tmp_path / folder / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "my-ward"


def test_the_written_cases_are_clean_and_load(ward):
    assert set(FILES) == {"scenario.yaml", "labels.yaml", "cases.jsonl"}
    assert check_folder(ward) == []
    scenario = load_scenario("my-ward")
    assert scenario.case_ids("test") == ("w-01", "w-02")
    assert scenario.diagnosis("School sores, I think") == "impetigo"
    assert scenario.case("w-02").truth.urgency == "routine"


def test_a_written_fact_can_carry_what_a_plan_asks_for(ward):
    scenario = load_scenario("my-ward")
    plan = scenario.labels["impetigo"].plan_for(known_of(scenario.case("w-01").card))
    assert len(plan) == 2 and plan[1].startswith("Cut the nails short")
    assert len(scenario.labels["impetigo"].plan_for({})) == 1
    assert list(scenario.labels["impetigo"].answers) == ["contagious", "outlook", "serious", "cause"]


def test_the_example_of_conditions():
    (example,) = (block for kind, block in BLOCKS if kind == "yaml" and block.startswith("plan:"))
    spec = LabelSpec.model_validate({"specialty": "any", **yaml.safe_load(example)})
    (label,) = labels_of(LabelsFile(labels={"any": spec})).values()
    told = [len(label.plan_for({t: frozenset({v}) for t, v in known.items()})) for known in KNOWN]
    assert told == [2, 3, 1, 3, 2]
    assert label.safety_net_for({"age": frozenset({"child"})}).endswith("only itches.")


KNOWN: tuple[dict[str, str], ...] = (
    {},
    {"conditions": "diabetes"},
    {"pregnancy": "pregnant"},
    {"sex": "female", "age": "older"},
    {"sex": "female"},
)


def test_the_drawn_cases_are_clean_and_load(ward):
    names = {"scenario.yaml", "labels.yaml", "findings.yaml", "values.yaml", "names.yaml", "rules.yaml"}
    assert set(TABLES) == names
    assert check_folder(ward.parent / "my-tables") == []
    scenario = load_scenario("my-tables")
    assert {split: len(scenario.case_ids(split)) for split in scenario.splits} == {
        "train": 1000,
        "validation": 100,
        "test": 100,
        "alarms": 20,
    }
    grammar = grammar_of(scenario)
    drawn = [grammar.draw_for("train", number) for number in range(300)]
    assert not [draw for draw in drawn if grammar.tables.exclusions.broken(draw.seen)]
    assert {value for draw in drawn for value in draw.values["conditions"]} == {"asthma", "gout"}
    alarmed = scenario.case("alarms-0000")
    assert alarmed.card.about("alarm")[0].where == "Call an ambulance now."
    assert alarmed.truth.urgency == "emergency" and scenario.case("alarms-0001").truth.urgency == "soon"


def test_children_speak_as_children(ward):
    scenario = load_scenario("my-tables")
    said: dict[bool, set[str]] = {}
    for case in map(scenario.case, scenario.case_ids("test")):
        said.setdefault(present(case.card.age) < 12, set()).add(case.card.complaint.text)
    assert said == {True: {"I'm all red there", "I've got bumps"}, False: {"I have a rash", "I have raised lumps"}}


def test_every_key_of_a_value_and_a_label_is_documented():
    for model in (ValueSpec, LabelSpec, RuleSpec, AdviceSpec):
        assert [key for key in model.model_fields if not re.search(rf"\b{key}\b", TEXT)] == []


@pytest.mark.slow
@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("consult scenarios ")])
def test_the_commands_run(ward, command):
    result = CliRunner().invoke(app, command.split()[1:])
    assert result.exit_code == 0, result.output
    assert command.split()[-1] in result.output


def test_every_command_names_the_example():
    assert COMMANDS and all(re.search(r"^consult .*\bmy-(ward|tables)\b", command) for command in COMMANDS)


def test_a_mistake_exits_with_2_and_its_place(ward):
    path = ward / "cases.jsonl"
    path.write_text(path.read_text().replace('"impetigo"', '"impetiggo"'))
    result = CliRunner().invoke(app, ["scenarios", "check", "my-ward"])
    assert result.exit_code == 2
    assert result.output.startswith("cases.jsonl:1: the diagnosis 'impetiggo' is not in labels.yaml; ")


@pytest.mark.slow
def test_derm34_is_listed_and_described():
    runner = CliRunner()
    assert "derm34" in runner.invoke(app, ["scenarios", "list"]).output
    described = json.loads(runner.invoke(app, ["scenarios", "show", "derm34", "--json"]).output)
    assert (described["scenario"], len(described["labels"]), len(described["ceilings"])) == ("derm34", 34, 7)
    assert [known["name"] for known in described["facts_known"]] == ["0", "1", "2", "4", "6", "all"]
    assert all(known["draws"] == 1_700 for known in described["facts_known"])


@pytest.mark.slow
def test_ceilings_are_plotted_where_there_are_tables(ward):
    runner = CliRunner()
    shown = runner.invoke(app, ["scenarios", "show", "my-tables"]).output
    assert "by the number of facts known" in shown and "█" in shown
    described = json.loads(runner.invoke(app, ["scenarios", "show", "my-ward", "--json"]).output)
    assert described["ceilings"] == described["facts_known"] == []
    assert "how often" not in runner.invoke(app, ["scenarios", "show", "my-ward"]).output.lower()


def test_the_bar_is_as_long_as_the_share():
    assert [bar(share) for share in (0.0, 1.0)] == ["", "█" * 30]
    assert bar(0.5) == "█" * 15 and bar(0.5 + 1 / 240) == "█" * 15 + "▏"


@pytest.mark.slow
@pytest.mark.parametrize("page", ["docs/derm34.md", "README.md"])
def test_the_tables_of_ceilings_are_what_is_computed(page):
    from consult.scenarios.ceilings import ceilings

    text = (Path(__file__).parents[1] / page).read_text(encoding="utf-8")
    (table,) = re.findall(r"<!-- ceilings -->\n(.*?)<!-- /ceilings -->", text, re.DOTALL)
    exact = [c for c in ceilings(grammar_of(load_scenario("derm34")), draws=34) if not c.draws]
    assert len(exact) == 5
    for ceiling in exact:
        name = ceiling.name.replace("triage from", "clinic, from")
        assert f"| {name} | {100 * ceiling.value:.1f} % |" in table, "run: python docs/ceilings.py"


def test_the_table_to_import_becomes_two_cases(tmp_path):
    (table,) = (block for kind, block in BLOCKS if kind == "csv")
    (tmp_path / "patients.csv").write_text(table, encoding="utf-8")
    call = ["scenarios", "import", "csv", str(tmp_path / "patients.csv"), "--out", str(tmp_path / "ward")]
    result = CliRunner().invoke(app, call)
    assert "2 rows: 2 kept" in result.output and "1 sentence left out" in result.output
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
