"""Numbers of the user's: ranges are stated and kept to, and no number is infinite or none."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from command_line import type_in
from pydantic import BaseModel, ValidationError

import consult
from consult.api.options import GridOptions, PlayOptions
from consult.envs.benchmark.grid import Block, Grid
from consult.envs.config import OwnCase, RoleConfig, RunConfig
from consult.ranges import SEED, TRAINING_SEED
from consult.rl.config import TrainConfig

MODELS: list[type[BaseModel]] = [PlayOptions, GridOptions, Grid, Block, RoleConfig, RunConfig, OwnCase, TrainConfig]


def takes_floats(annotation: Any) -> bool:
    return "float" in str(annotation)


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
@pytest.mark.parametrize(
    ("model", "name"),
    [
        pytest.param(model, name, id=f"{model.__name__}.{name}")
        for model in MODELS
        for name, info in model.model_fields.items()
        if takes_floats(info.annotation) and "dict" not in str(info.annotation)
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
