"""The keywords of the API, the models that they are checked by, and what is said of them."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import BaseModel

import consult
from consult.api.given import ModelLike, PathLike
from consult.api.options import GridArguments, GridOptions, PlayArguments, PlayOptions
from consult.api.train import TrainArguments
from consult.envs.benchmark.grid import Grid, RoleModels
from consult.envs.config import RunConfig
from consult.envs.specialists import Specialists, specialists_of
from consult.errors import UserError
from consult.fields import range_of, shown_fields
from consult.rl.config import OTHERS, STAGES, Stage, TrainConfig

PAIRS: dict[str, tuple[Callable[..., Any], type[Any], type[BaseModel], set[str]]] = {
    "simulate": (consult.simulate, PlayArguments, PlayOptions, {"scenario", "specialists"}),
    "benchmark": (consult.benchmark, GridArguments, GridOptions, {"scenario"}),
    "train": (consult.train, TrainArguments, TrainConfig, {"role", "rewards"}),
}
"""Function → itself, its keywords, its model, and the fields that are parameters of its own."""
WIDER: dict[Any, Any] = {
    **{("train", name): ModelLike | None for name in OTHERS},
    ("train", "leave_out"): Sequence[str],
    ("train", "stages"): Sequence[Stage],
    ("train", "db"): PathLike,
}
"""Where a call takes more than the model keeps: code, lists, and a path as a text."""


def bare(hint: Any) -> Any:
    """Take away what is noted beside a type and the members of a union."""
    if get_origin(hint) is Annotated:
        return bare(get_args(hint)[0])
    if isinstance(hint, typing.types.UnionType) or get_origin(hint) is typing.Union:  # type: ignore[attr-defined]
        return typing.Union[tuple(bare(part) for part in get_args(hint))]  # noqa: UP007
    return hint


@pytest.mark.parametrize("name", PAIRS)
def test_the_keywords_are_the_fields_of_the_model_with_their_types(name: str) -> None:
    function, arguments, model, own = PAIRS[name]
    hints = typing.get_type_hints(arguments)
    assert set(hints) == set(model.model_fields) - own
    for key, hint in hints.items():
        assert hint == WIDER.get((name, key), bare(model.model_fields[key].annotation)), key
    parameters = inspect.signature(function).parameters
    for key in hints:
        assert parameters[key].default == model.model_fields[key].default, key


@pytest.mark.parametrize("name", PAIRS)
def test_each_argument_is_documented_in_a_sentence(name: str) -> None:
    function = PAIRS[name][0]
    for key in inspect.signature(function).parameters:
        assert f"\n        {key}: " in (function.__doc__ or ""), key
    assert "**" not in (function.__doc__ or "")


@pytest.mark.parametrize("name", PAIRS)
def test_each_field_is_said_in_whole_sentences(name: str) -> None:
    model = PAIRS[name][2]
    shown = {field.name: field.shown for field in shown_fields(model)}
    assert set(shown) >= set(model.model_fields) - {"role", "rewards", "specialists"}
    for key, one in shown.items():
        for said in (one.help, *([one.python] if one.python else [])):
            assert said.endswith("."), key
        assert one.help[:1].isupper() and one.group[:1].isupper(), key


def test_what_is_played_is_the_same_by_default_for_a_call_a_grid_and_a_run() -> None:
    for model in (PlayOptions, Grid):
        for name in set(model.model_fields) & set(RunConfig.model_fields) - {"scenario", "cases", "specialists"}:
            mine, runs = model.model_fields[name], RunConfig.model_fields[name]
            if name not in ("classifier", "judge", "checker", "patient", "triage", "specialist", "attending"):
                assert mine.default == runs.default, name
            assert range_of(mine) == range_of(runs), name
    for name in set(GridOptions.model_fields) & set(Grid.model_fields):
        assert range_of(GridOptions.model_fields[name]) == range_of(Grid.model_fields[name]), name


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: consult.simulate(pannel_size=3),  # type: ignore[call-arg]
            "simulate() has no argument 'pannel_size'; did you mean 'panel_size'?",
        ),
        (
            lambda: consult.benchmark(sead=3),  # type: ignore[call-arg]
            "benchmark() has no argument 'sead'; did you mean 'seed'?",
        ),
        (
            lambda: consult.train("triage", out="x", sead=3),  # type: ignore[call-arg]
            "train() has no argument 'sead'; did you mean 'seed'?",
        ),
        (lambda: consult.simulate(votes=65), "'votes' cannot be 65; give a whole number from 1 to 64"),
        (lambda: consult.simulate(panel_skill=True), "'panel_skill' cannot be True; give a number from 0 to 1"),
        (
            lambda: consult.benchmark(solo_baseline="no"),  # type: ignore[arg-type]
            "'solo_baseline' cannot be 'no'; give True or False",
        ),
        (lambda: consult.benchmark(repeats=0), "'repeats' cannot be 0; give a whole number from 1 to 100"),
        (
            lambda: consult.simulate(complaint="It itches.", split="train"),
            "split and complaint cannot be combined; give one of the two",
        ),
        (
            lambda: consult.simulate(complaint="It itches.", temperament="choleric"),
            "temperament is for a patient that a model plays; give patient with it, or leave it out",
        ),
        (
            lambda: consult.simulate(complaint="It itches.", patient_grounding=False),
            "patient_grounding is for a patient that a model plays; give patient with it, or leave it out",
        ),
        (
            lambda: consult.simulate(team="solo", panel_size=3),
            "panel_size has no effect on the team solo; leave it out, or choose the team panel",
        ),
        (
            lambda: consult.simulate(team="solo", specialist={"dermatology": "starter"}),
            "specialist has no effect on the team solo; leave it out, or choose the team panel",
        ),
        (
            lambda: consult.simulate(team="no-triage", triage="starter"),
            "triage has no effect on the team no-triage; leave it out, or choose the team panel",
        ),
        (
            lambda: consult.simulate(cases="test-0003", split="train"),
            "the case 'test-0003' is not in the split 'train'; leave split out, or name another",
        ),
    ],
)
def test_a_mistake_is_one_sentence(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(UserError) as raised:
        call()
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([], Specialists(None, {})),
        (["starter"], Specialists("starter", {})),
        (["dermatology=a", "b", "dentistry=c"], Specialists("b", {"dermatology": "a", "dentistry": "c"})),
        (["./a=b"], Specialists("./a=b", {})),
        (["http://host/v1?key=x#model"], Specialists("http://host/v1?key=x#model", {})),
        (["dermatology=scripted:a=b"], Specialists(None, {"dermatology": "scripted:a=b"})),
    ],
)
def test_who_plays_a_specialty_is_read_in_one_way(entries: list[str], found: Specialists) -> None:
    assert specialists_of(entries) == found
    for model in (PlayOptions, GridOptions):
        read = model.model_validate({"specialist": entries})
        assert (read.specialist, dict(read.specialists or {})) == (found.everyone, found.own)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (["a", "b"], "two models are given for all specialists, 'a' and 'b'; give one --specialist"),
        (["nails=a", "c", "nails=b"], "two models are given for 'nails', 'a' and 'b'; give one --specialist"),
    ],
)
def test_specialists_are_not_given_two_models(entries: list[str], said: str) -> None:
    with pytest.raises(UserError) as raised:
        specialists_of(entries)
    assert str(raised.value) == said


def test_who_plays_a_specialty_can_be_written_in_a_call_as_on_the_command_line() -> None:
    assert PlayOptions.model_validate({"specialist": "dermatology=a"}).specialists == {"dermatology": "a"}
    given: Mapping[str, ModelLike] = {"dermatology": "a"}
    assert PlayOptions.model_validate({"specialist": given}).everyone is None


def test_a_training_has_one_model_for_all_specialists() -> None:
    with pytest.raises(UserError, match="'dermatology=a' is for one specialty"):
        TrainConfig(role="attending", steps=1, specialist="dermatology=a")


@pytest.mark.parametrize("role", ["triage", "attending", "interview"])
def test_a_field_that_is_not_shown_for_a_role_can_only_fail(role: Any) -> None:
    others: dict[str, Any] = {
        "method": "sft", "rationale": "none", "curriculum": "order", "stages": STAGES[:1], "panel_skill": 0.5,
        "panel_draws": 3, "votes": 3, "max_tokens": 9, "patient": "starter", "triage": "starter",
        "specialist": "starter", "warm_up": 0.5,
    }  # fmt: skip
    for name, shown, _ in shown_fields(TrainConfig):
        if shown.roles and role not in shown.roles:
            with pytest.raises(UserError, match=f"--{name.replace('_', '-')}"):
                TrainConfig(role=role, steps=1, **{name: others[name]})


def test_options_of_a_grid_are_its_keys() -> None:
    found = GridOptions.model_validate({"specialist": ["dermatology=a", "b"], "patient": "c"}).by_key()
    # The rules of a protocol are those of its preset.
    assert set(found) == set(Grid.model_fields) - {"cells", "protocol", "picture_width"}
    assert set(found["roles"]) == set(RoleModels.model_fields)
    given = {name: value for name, value in found["roles"].items() if value is not None}
    assert given == {"patient": "c", "specialist": "b", "specialists": {"dermatology": "a"}}


def test_a_path_is_taken_as_a_text_and_as_a_path() -> None:
    for image in ("a.png", Path("a.png")):
        assert PlayOptions.model_validate({"image": image}).image == Path("a.png")
