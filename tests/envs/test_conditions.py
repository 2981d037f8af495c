"""What differs between runs: a label names it, in a fixed order, and no two conditions have the same label."""

from __future__ import annotations

from typing import Any

import pytest

from consult.agents.prompt import PromptTexts
from consult.agents.temperament import own_temperament
from consult.envs.conditions import ROWS_MODEL, Conditions
from consult.envs.config import OwnCase, RoleConfig, RunConfig
from consult.envs.roles import roles
from consult.envs.settings import OWN, THEN, distinct, model_names, settings_of
from consult.scenarios import load_scenario

SCENARIO = load_scenario("derm34")
IDS = tuple(SCENARIO.case_ids("test")[:6])
MOODS = tuple(own_temperament(SCENARIO, case) for case in IDS)
ROLES = ("patient", "triage", "specialist", "attending")


def config(model: str = "a", **more: Any) -> RunConfig:
    players = {name: RoleConfig(model=model) for name in ROLES}
    told = {"scenario": "derm34", "cases": IDS, "temperaments": MOODS, **players, **more}
    return RunConfig.model_validate(told)


def settings(one: RunConfig, **more: Any) -> dict[str, Any]:
    models = {name: f"{role.model}@1" for name, role in roles(one).items()}
    models |= {"classifier": one.classifier} if one.strategy == "expert" else {}
    return settings_of(one, models, SCENARIO, prompts=PromptTexts(one.prompt_texts).revision, **more)


def conditions(*configs: RunConfig) -> Conditions:
    return Conditions({f"r{i}": settings(one) for i, one in enumerate(configs, 1)})


CHANGED: dict[str, Any] = {
    "scenario": "other",
    "split": "validation",
    "cases": IDS[:5],
    "temperaments": ("choleric",) * 6,
    "all_temperaments": True,
    "strategy": "reasoning",
    "team": "solo",
    "panel_size": 5,
    "max_turns": 9,
    "seed": 7,
    "patient_grounding": False,
    "patient": RoleConfig(model="b"),
    "triage": RoleConfig(model="a", temperature=0.1),
    "specialist": RoleConfig(model="a", top_p=0.5),
    "specialists": {"dermatology": RoleConfig(model="b")},
    "attending": RoleConfig(model="b"),
    "classifier": "other",
    "repeats": 2,
    "votes": 3,
    "panel_skill": 0.5,
    "checker": RoleConfig(model="b"),
    "prompt_texts": {"look": "Look closely."},
    "protocol": "3mdbench",
    "picture_width": 400,
    "extractor": RoleConfig(model="b"),
    "dtype": "bfloat16",
    "own": OwnCase(complaint="it itches"),
}


FIELDS = [name for name in RunConfig.model_fields if name != "judge"]
"""derm34 lists its diagnoses, so that no judge is asked; judges have a test of their own."""


@pytest.mark.parametrize("field", FIELDS)
def test_whatever_differs_stands_in_the_label(field: str) -> None:
    """A field that a configuration gets later is in the label, too, or needs an entry above."""
    needed = {"classifier": {"strategy": "expert"}, "extractor": {"protocol": "3mdbench"}}
    base: dict[str, Any] = needed.get(field, {})
    changed = base | {field: CHANGED[field]}
    if field == "cases":
        changed["temperaments"] = MOODS[:5]
    if field == "all_temperaments":
        changed["temperaments"] = ("choleric", "sanguine")
    found = conditions(config(**base), config(**changed))
    assert found.labels["r1"] != found.labels["r2"]
    assert found.differing and set(found.differing).isdisjoint(found.common)


def test_judges_of_open_diagnoses_stand_in_the_label() -> None:
    row = settings(config())
    rows = {"r1": row | {"judge": "none"}, "r2": row | {"judge": "m@1"}, "r3": row | {"judge": f"m@1{THEN}n@1"}}
    assert list(Conditions(rows).labels.values()) == ["judge none", "judge m", "judge m@1, then n@1"]


def test_the_model_comes_first_then_strategy_team_and_split() -> None:
    mood = {"temperaments": ("choleric",) * 6}
    found = conditions(
        config("a", seed=2, strategy="dialogue", **mood),
        config("b", team="solo", split="validation", strategy="reasoning", patient=RoleConfig(model="p"), **mood),
    )
    assert found.differing[:4] == ["model", "strategy", "team", "split"]
    assert found.labels["r2"].startswith("b · reasoning · solo · split validation · patient p · seed 0")


def test_a_role_that_the_compared_model_plays_is_said_once() -> None:
    found = conditions(config("a"), config("b"))
    assert list(found.labels.values()) == ["a", "b"]
    assert found.common["patient"] == ROWS_MODEL and found.common["triage"] == ROWS_MODEL
    fixed = conditions(*(config(name, patient=RoleConfig(model="a")) for name in "ab"))
    assert fixed.differing == ["model"] and fixed.common["patient"] == "a@1"
    mixed = conditions(config("a"), config("b"), config("a", patient=RoleConfig(model="p")))
    assert list(mixed.labels.values()) == ["a · patient a", "b · patient b", "a · patient p"]


def test_runs_of_one_condition_have_one_label() -> None:
    found = conditions(config(), config(), config("b"))
    assert found.labels["r1"] == found.labels["r2"] == "a" and found.labels["r3"] == "b"
    assert found.sides("r1", "r2") == ("r1", "r2", "a")
    assert conditions(config()).labels == {"r1": "a · dialogue · panel"}


def test_sides_of_a_difference_name_what_differs_between_the_two() -> None:
    found = conditions(config(), config(team="solo"), config("b"), config(cases=IDS[:5], temperaments=MOODS[:5]))
    # A row says how much was played; a difference is on the cases of both.
    assert found.labels["r4"] == "a · panel · 5 cases"
    assert found.sides("r1", "r2") == ("panel", "solo", "a · 6 cases")
    assert found.sides("r2", "r3") == ("a · solo", "b · panel", "6 cases")
    assert found.sides("r1", "r4") == ("6 cases", "5 cases", "a · panel")
    assert found.differing_between("r1", "r4") == []


def test_names_of_models_are_short_and_never_the_same() -> None:
    names = [
        "/data/models/run_1/checkpoint-500@aa",
        "/data/models/run_2/checkpoint-500@aa",
        "/data/models/run_2/checkpoint-500@bb",
        "checkpoint-500",
        "http://127.0.0.1:8000/v1#Qwen/Qwen2.5-VL-7B-Instruct",
        "scripted:/a/rather/long/path/of/files/50%_a&b,#.yaml@cc",
        "python:doctor@0123456789abcdef",
    ]
    short = distinct(names, {name: model_names(name) for name in names})
    assert len(set(short.values())) == len(names)
    assert short[names[0]] == "run_1/checkpoint-500"
    assert {short[names[1]], short[names[2]]} == {names[1], names[2]}, "only the revision tells these apart"
    assert short[names[4]] == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert short[names[5]] == "scripted:50%_a&b,#.yaml" and short[names[6]] == "python:doctor"


def test_names_that_look_alike_when_cleaned_are_told_apart() -> None:
    found = conditions(config("a"), config("a\x1b"), config("a · dialogue"))
    assert len(set(found.labels.values())) == 3


def test_a_case_under_its_own_temperament_is_one_arm_whatever_the_number_of_cases() -> None:
    rows = [config(), config(cases=IDS[:1], temperaments=MOODS[:1])]
    assert [settings(one)["temperament"] for one in rows] == [OWN, OWN]
    other = config(temperaments=(*MOODS[1:], MOODS[0]))
    assert settings(other)["temperament"] != OWN


@pytest.mark.parametrize("reference", ["bayes:derm34", "random:derm34", "nobody"])
def test_programs_and_persons_have_no_sampling(reference: str) -> None:
    role = RoleConfig(model=reference)
    one = config(patient=role) if reference == "nobody" else config(attending=role)
    found = settings_of(one, {}, SCENARIO)
    assert found["sampling of patient" if reference == "nobody" else "sampling of model"] is None
    assert str(found["sampling of model" if reference == "nobody" else "sampling of patient"]).startswith("temperature")
