"""Grids: what a file and options come to, which cells they have, and what a mistake in one is told."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from improvising import SCENARIO
from pydantic import ValidationError

from consult.envs.benchmark.cells import cells
from consult.envs.benchmark.grid import Grid
from consult.envs.benchmark.grid_file import GridError, Source, make_grid, read_grid, read_preset
from consult.envs.by_role import FIELDS
from consult.scenarios import UnknownNameError

ROOT = Path(__file__).parents[3]
WHOLE = """
seed = 3
assessors = ["none"]

[roles]
patient = "nobody"

[roles.specialists]
dentistry = "starter"

[[cells]]
strategies = ["dialogue"]
cases = 68

[[cells]]
strategies = ["text-only", "reasoning"]
teams = ["panel", "no-triage"]
cases = 34
repeats = 2
"""


def grid(text: str, **given: Any) -> Grid:
    return make_grid(Source("grid.toml", text, tomllib.loads(text)), given)


def names(found: Grid) -> list[tuple[str, str, int, int, bool]]:
    return [
        (c.config.strategy, c.config.team, len(c.config.cases), c.config.repeats, c.added)
        for c in cells(found, SCENARIO)
    ]


def test_blocks_have_cases_of_their_own_and_a_solo_doctor_each() -> None:
    assert names(grid(WHOLE)) == [
        ("dialogue", "panel", 68, 1, False),
        ("dialogue", "solo", 68, 1, True),
        ("text-only", "panel", 34, 2, False),
        ("text-only", "no-triage", 34, 2, False),
        ("text-only", "solo", 34, 2, True),
        ("reasoning", "panel", 34, 2, False),
        ("reasoning", "no-triage", 34, 2, False),
        ("reasoning", "solo", 34, 2, True),
    ]
    assert not any(added for *_, added in names(grid(WHOLE, solo_baseline=False)))
    assert len(names(grid('teams = ["panel", "solo"]\ncases = 2'))) == 4


def test_cells_are_what_simulate_would_play() -> None:
    first = cells(grid(WHOLE), SCENARIO)[0].config
    assert first.cases == tuple(SCENARIO.case_ids("test")[:68]) and first.seed == 3
    assert (first.patient.model, first.attending.model) == ("nobody", "starter")
    assert first.specialists["dentistry"].model == "starter" and first.attending.temperature == 0.5
    assert len(set(first.temperaments)) == 4 and len(first.plan()) == 68
    twice = cells(grid(WHOLE), SCENARIO)[2].config.plan()
    assert [p.repeat for p in twice] == [0] * 34 + [1] * 34 and [p.ordinal for p in twice] == list(range(1, 69))
    everyone = cells(grid('temperament = "all"\ncases = 2\nstrategies = ["dialogue"]'), SCENARIO)[0].config
    assert len(everyone.plan()) == 8


def test_models_are_compared_one_after_the_other() -> None:
    found = cells(grid('models = ["a", "b"]\ncases = 1\nteams = ["solo"]'), SCENARIO)
    assert [(c.model, c.config.strategy) for c in found] == [
        ("a", "no-dialogue"), ("a", "dialogue"), ("b", "no-dialogue"), ("b", "dialogue"),
    ]  # fmt: skip


def test_the_toml_that_is_carried_gives_the_same_runs() -> None:
    assert grid(grid("").toml(34)) == grid("cases = 34")
    expert = 'cases = 9\nstrategies = ["expert"]\nclassifier = "some/classifier"\npatient_grounding = false'
    for text in (WHOLE, expert, 'judge = "a/judge"\ncases = 9'):
        before = grid(text)
        carried = before.toml(680)
        after = grid(carried)
        assert [c.config.digest() for c in cells(after, SCENARIO)] == [
            c.config.digest() for c in cells(before, SCENARIO)
        ]
        assert after.toml(680) == carried
        told = tomllib.loads(carried)
        assert set(told) >= set(Grid.model_fields) - {
            "roles",
            "cells",
            "prompts",
            "extractor",
            "picture_width",
            *FIELDS,
        }
        assert told["cases"] in (9, 680)


def test_options_take_the_place_of_keys() -> None:
    found = grid(WHOLE, seed=9, roles={"triage": "other"})
    assert found.seed == 9 and (found.roles.patient, found.roles.triage) == ("nobody", "other")
    with pytest.raises(GridError, match=r"--cases and the cells of grid\.toml both say"):
        grid(WHOLE, cases=3)


@pytest.mark.parametrize("name", ["smoke", "3mdbench"])
def test_presets_are_grids(name: str) -> None:
    found = make_grid(read_preset(name), {})
    assert all(cell.config.max_turns == 14 for cell in cells(found, SCENARIO))


def test_the_preset_of_3mdbench_is_its_protocol() -> None:
    found = make_grid(read_preset("3mdbench"), {"models": ["org/name"]})
    configs = [cell.config for cell in cells(found, SCENARIO)]
    assert {c.strategy for c in configs} == {"no-dialogue", "text-only", "dialogue", "reasoning", "expert"}
    assert {(c.team, c.patient_grounding, c.all_temperaments, len(c.cases)) for c in configs} == {
        ("solo", False, False, 680)
    }
    assert {(c.protocol, c.picture_width, c.patient.temperature, c.patient.top_p) for c in configs} == {
        ("3mdbench", 400, 0.6, 0.9)
    }
    assert found.judges() == [] and not found.self_assessment


def test_the_full_grid_is_the_one_of_the_documentation() -> None:
    found = make_grid(read_grid(ROOT / "benchmarks" / "full.toml"), {})
    counts = {(s, t): n for s, t, n, _, _ in names(found)}
    assert len(counts) == 15
    whole = {(strategy, team) for strategy in ("no-dialogue", "dialogue") for team in ("panel", "solo")}
    assert all(n == 680 if cell in whole else n == 340 for cell, n in counts.items())


def test_the_grid_of_the_readme_is_one() -> None:
    block = (
        (ROOT / "docs" / "benchmarking.md").read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    )
    assert {(s, t) for s, t, *_ in names(grid(block))} >= {("dialogue", "solo"), ("expert", "solo")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("strategis = []", r"grid\.toml:1: strategis is not a key of a grid; there are: strategies, "),
        ("seed = 1\nstrategies = ['dialoge']", r"grid\.toml:2: strategies: no strategy 'dialoge'; there are: dialogue"),
        ("teams = ['pannel']", r"grid\.toml:1: teams: no team 'pannel'; there are: panel"),
        ("temperament = 'sangwine'", r"grid\.toml:1: temperament: no temperament 'sangwine'; there are: sanguine"),
        ("cases = 0", r"grid\.toml:1: cases: it must be a whole number from 1 .*, and it is 0"),
        ("seed = 'x'", r"grid\.toml:1: seed: it must be a whole number from .*, and it is 'x'"),
        ("strategies = []", r"grid\.toml:1: strategies: "),
        ("[roles]\npatients = 'x'", r"grid\.toml:2: roles\.patients is not a key of a grid; there are: patient, "),
        ("[[cells]]\ncases = 3\n\n[[cells]]\nseed = 3", r"grid\.toml:5: cells\.seed is not a key of a grid"),
        ("[[cells]]\ncases = 3\n\n[[cells]]\ncases = -3", r"grid\.toml:5: cells\.cases: "),
        ("cells = 3", r"grid\.toml:1: cells: "),
        ("cells = []", r"grid\.toml:1: cells: it must have at least one entry"),
        ("assessors = []", r"grid\.toml:1: assessors: it must have at least one entry"),
        ("temperature = []", r"grid\.toml:1: temperature: 'temperature' has no entry; give a number from 0 to 5"),
        ("models = ['a', 'b', 'a']", r"grid\.toml:1: models: 'a' is given twice; give it once"),
        ("strategies = ['dialogue', 'dialogue']", r"grid\.toml:1: strategies: 'dialogue' is given twice"),
        ("teams = ['solo', 'solo']", r"grid\.toml:1: teams: 'solo' is given twice"),
        ("seed = 1\nassessors = ['rules', 'rules']", r"grid\.toml:2: assessors: 'rules' is given twice; give it once"),
        ("[[cells]]\nteams = ['solo', 'solo']", r"grid\.toml:2: cells\.teams: 'solo' is given twice"),
        (
            "temperature = ['triage=1', 'triage=2']",
            r"grid\.toml:1: temperature: 'temperature' is given twice for triage",
        ),
        ("seed = 2024-01-31", r"grid\.toml:1: seed: .*, and it is 2024-01-31$"),
        ("split = 2024-01-31T10:00:00Z", r"grid\.toml:1: split: it must be a text, and it is 2024-01-31 10:00:00"),
        ("split = true", r"grid\.toml:1: split: it must be a text, and it is true$"),
        ("split = {a = [1, 10:00:00]}", r"grid\.toml:1: split: it must be a text, and it is \{a = \[1, 10:00:00\]\}$"),
        ("prompts = ['x']", r"grid\.toml:1: prompts: it must be a text, and it is \['x'\]$"),
    ],
)
def test_a_mistake_in_a_grid_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(GridError, match=f"^{told}"):
        grid(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cases = 681", "has 680 cases, not 681; ask for fewer"),
        ("split = 'tset'", "no split 'tset'; there are: test"),
        ("[[cells]]\ncases = 3\n[[cells]]\ncases = 4", "no-dialogue · panel with starter occurs in two cells"),
        ("models = ['human']", "a person plays one consultation at a time"),
        ("[roles.specialists]\nmagic = 'x'", "no specialty 'magic'"),
        (
            "models = ['a', 'b']\nteams = ['solo']\n[roles]\npatient = 'c'\nattending = 'c'",
            "is the same run with a and with b",
        ),
    ],
)
def test_a_grid_that_cannot_be_played_is_refused(text: str, told: str) -> None:
    with pytest.raises((GridError, UnknownNameError), match=told):
        cells(grid(text), SCENARIO)


def test_an_option_is_blamed_by_its_name() -> None:
    with pytest.raises(GridError, match=r"^--strategies: no strategy 'dialoge'"):
        grid(WHOLE.partition("[[cells]]")[0], strategies=["dialoge"])


def test_no_assessor_is_no_assessor_among_others() -> None:
    assert Grid.model_validate({"assessors": ["none"]}).judges() == []
    with pytest.raises(ValidationError, match="none cannot be combined with other assessors, and it is rules, none"):
        Grid.model_validate({"assessors": ["rules", "none"]})


@pytest.mark.parametrize(
    ("text", "given", "told"),
    [
        ("models = 3", {"models": ["a"]}, r"grid\.toml:1: models: it must be a list, and it is 3"),
        ("seed = 1\nmodels = ['a', 'a']", {"models": ["b"]}, r"grid\.toml:2: models: 'a' is given twice"),
        ("seed = 'x'", {"seed": 3}, r"grid\.toml:1: seed: "),
        ("roles = 3", {"roles": {"triage": "a"}}, r"grid\.toml:1: roles: it must be a table"),
        ("[roles]\npatient = 3", {"roles": {"patient": "a"}}, r"grid\.toml:2: roles\.patient: it must be a text"),
    ],
)
def test_a_mistake_of_the_file_is_told_although_an_option_replaces_it(
    text: str, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(GridError, match=f"^{told}"):
        grid(text, **given)
