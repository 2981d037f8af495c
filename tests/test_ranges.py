"""Numbers of the user's: ranges are stated and kept to, and no number is infinite or none."""

from __future__ import annotations

import functools
import itertools
import math
import re
from typing import Any

import pytest
import typer
from command_line import type_in
from pydantic import BaseModel, ValidationError

import consult
from consult.agents.models.server.server_url import Address
from consult.api.options import GridOptions, PlayOptions
from consult.cli.main import app
from consult.envs.benchmark.grid import Block, Grid
from consult.envs.config import OwnCase, RoleConfig, RunConfig
from consult.fields import shown_fields
from consult.ranges import SEED, TRAINING_SEED, Range
from consult.rl.config import TrainConfig
from consult.rl.starter.config import AssessorRecipe, ClassifierRecipe, Recipe

RECIPES: dict[str, type[BaseModel]] = {"starter": Recipe, "assessor": AssessorRecipe, "classifier": ClassifierRecipe}
MODELS: list[type[BaseModel]] = [
    PlayOptions, GridOptions, Grid, Block, RoleConfig, RunConfig, OwnCase, TrainConfig, *RECIPES.values(),
]  # fmt: skip


def takes_floats(annotation: Any) -> bool:
    return re.search(r"\bfloat\b", str(annotation)) is not None


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
@pytest.mark.parametrize(
    ("model", "name"),
    [
        pytest.param(model, name, id=f"{model.__name__}.{name}")
        for model in MODELS
        for name, info in model.model_fields.items()
        if takes_floats(info.annotation) and not {"dict", "Mapping"} & set(re.findall(r"\w+", str(info.annotation)))
    ],
)
def test_no_number_is_infinite_or_none(model: type[BaseModel], name: str, value: str) -> None:
    with pytest.raises((ValidationError, consult.UserError)) as caught:
        model.model_validate({name: float(value)})
    told: Exception = caught.value
    if isinstance(told, ValidationError):
        assert (name,) in [error["loc"] for error in told.errors()]
    else:
        assert f"'{name}'" in str(told)


@pytest.mark.parametrize(
    "given",
    [{"temperature": math.nan}, {"top_p": math.inf}, {"temperature": {"triage": -math.inf}}, {"top_p": "triage=nan"}],
)
def test_no_number_by_role_is_infinite_or_none(given: Any, tmp_path: Any) -> None:
    with pytest.raises(consult.UserError, match=r"^'(temperature|top_p)' cannot be .*, only a number "):
        consult.simulate(db=tmp_path / "a.db", **given)


def test_ranges_of_seeds() -> None:
    assert str(SEED) == "from -2⁶³ to 2⁶³ - 1" and str(TRAINING_SEED) == "from 0 to 2³² - 1"
    assert -(2**63) in SEED and 2**63 not in SEED and -1 not in TRAINING_SEED and 2**32 not in TRAINING_SEED


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [
        *itertools.product(
            (("train", "triage"), ("train", "attending"), ("train", "interview"), ("train", "starter"),
             ("train", "assessor"), ("train", "classifier")),
            ("--seed",), ("-1", str(2**32), "1.5", "x", ""),
        ),
        *itertools.product((("train", "triage"), ("train", "interview")), ("--minutes", "--learning-rate"),
                           ("inf", "nan", "-inf", "0", "x")),
        *itertools.product((("simulate",),), ("--seed",), (str(2**63), str(-(2**63) - 1), "1.5", "")),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_one_sentence(
    command: tuple[str, ...], option: str, value: str, tmp_path: Any
) -> None:
    out = ["--out", str(tmp_path / "out")] if command[0] == "train" else ["--db", str(tmp_path / "a.db")]
    out = [str(tmp_path / "out")] if command[-1] == "classifier" else out
    code, _, err = type_in(*command, option, value, *out)
    assert code == 2 and err.count("\n") == 1 and f"'{option}'" in err, err
    assert list(tmp_path.iterdir()) == []


HOSTILE = ("", " 5 ", "1_000", "0x10", "٣", "²", "nan", "inf", "-inf", "x", "9" * 5_000, "--1", "1,5", "true", "1e999")
"""No number of any option."""


def numbers() -> list[tuple[tuple[str, ...], str, Any]]:
    """List every number of every command: its words, its option and its parameter."""
    found: list[tuple[tuple[str, ...], str, Any]] = []
    waiting: list[tuple[tuple[str, ...], Any]] = [((), typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        waiting += [((*words, name), inner) for name, inner in getattr(command, "commands", {}).items()]
        for one in command.params if not hasattr(command, "commands") else ():
            if one.type_descriptor.annotation in (int, float):
                found.append((words, one.opts[0], one))
    return sorted(found, key=lambda each: each[:2])


@pytest.mark.parametrize(("words", "option", "parameter"), numbers(), ids=lambda value: str(value)[:40])
def test_each_number_has_a_range_in_its_help_and_takes_nothing_else(
    words: tuple[str, ...], option: str, parameter: Any
) -> None:
    whole = parameter.type_descriptor.annotation is int
    span = Range(parameter.min, parameter.max, whole)
    assert parameter.hidden or str(span) in help_of(words)
    read = parameter.type_descriptor.parameter_info.parser
    assert read(str(parameter.min)) == parameter.min and read(str(parameter.max)) == parameter.max
    more = ("2.0", "1e1", ".5") if whole else ()
    for value in (*HOSTILE, *more, str(parameter.max + 1), str(parameter.min - 1)):
        with pytest.raises(ValueError, match=r"^takes a "):
            read(value)


@pytest.mark.parametrize("name", RECIPES)
def test_the_options_of_a_recipe_are_its_fields(name: str) -> None:
    told = help_of(("train", name))
    for field, shown, info in shown_fields(RECIPES[name]):
        option = shown.flag or f"--{field.replace('_', '-')}"
        assert re.search(rf"{option} <\w+> {re.escape(shown.help)} \[default: {info.default}[;\]]", told), option


@functools.cache
def help_of(words: tuple[str, ...]) -> str:
    return " ".join(type_in(*words, "--help", env={"COLUMNS": "500"})[1].split())


@pytest.mark.parametrize("value", ["0", "1025", "2.0", "8.5", "1_0", "nan", "x", "", "٣"])
def test_numbers_of_an_address_are_read_in_the_same_way(value: str) -> None:
    with pytest.raises(consult.UserError, match=r"concurrency in .* takes a whole number from 1 to 1,024"):
        Address.parse(f"http://127.0.0.1:9/v1?concurrency={value}#x")


def test_the_same_number_is_refused_on_the_command_line_and_in_a_file(tmp_path: Any) -> None:
    for number in ("2.0", "0", "99999999999999999999"):
        (tmp_path / "grid.toml").write_text(f"panel_size = {number}\n")
        typed = type_in("benchmark", "--panel-size", number)
        written = type_in("benchmark", "--config", tmp_path / "grid.toml")
        for code, out, err in (typed, written):
            assert (code, out) == (2, "") and "a whole number from 1 to 15" in err and number[:9] in err


EMPTY = """
simulate --model @ | simulate --model= | simulate --specialist _ | simulate --scenario @ | simulate --db @
simulate --complaint @ | report r1 --out @ | report @ | show @ | train triage --out @ | doctor --model _
benchmark --config @ | scenarios check @
"""


@pytest.mark.parametrize("typed", [words.strip() for words in re.split(r"[|\n]", EMPTY) if words.strip()])
def test_an_empty_value_is_one_sentence(typed: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = type_in(*({"@": "", "_": " \t"}.get(word, word) for word in typed.split()))
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert err.endswith(" is empty; give a value, or leave it out\n")
    assert list(tmp_path.iterdir()) == []


EXACT = [
    (Grid, "cases", True), (Grid, "cases", "3"), (Grid, "cases", 3.0), (Grid, "seed", True), (Grid, "panel_size", True),
    (Grid, "patient_grounding", "on"), (Grid, "patient_grounding", 1), (Grid, "solo_baseline", "off"),
    (Block, "cases", True),
    (TrainConfig, "rank", True), (TrainConfig, "steps", "5"), (TrainConfig, "full", "yes"), (TrainConfig, "seed", 1.0),
    (TrainConfig, "minutes", "2"), (TrainConfig, "learning_rate", True),
]  # fmt: skip


@pytest.mark.parametrize(("model", "name", "value"), EXACT)
def test_a_file_s_value_of_another_type_is_refused(model: type[BaseModel], name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({name: value})
    (told,) = [error for error in caught.value.errors() if error["loc"][:1] == (name,)]
    assert "it must be" in told["msg"]


def test_whole_numbers_are_numbers() -> None:
    assert TrainConfig.model_validate({"role": "triage", "minutes": 2, "steps": 5}).minutes == 2.0
