"""`consult.train`: train a general practitioner from Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from consult.agents.choices import Rationale
from consult.agents.models.python import MODELS
from consult.api.arguments import takes
from consult.api.checks import boolean, folder, for_python, listed, listener, path_of, placed, plain, store_file, text
from consult.api.given import ModelLike, PathLike
from consult.api.run import RewardLike
from consult.errors import UserError
from consult.plugins import Named
from consult.rl.config import OTHERS, Curriculum, Method, Stage, TrainConfig, read_config
from consult.rl.rewards.decisions import DECISION_REWARDS, INTERVIEW_REWARDS
from consult.rl.rewards.user_rewards import REWARDS

Role = Literal["triage", "attending", "interview"]
Rewards = Mapping[Any, float | None] | Sequence[RewardLike] | RewardLike
"""Rewards with weights; None, or a list, for the weight set by `consult.reward`."""


@dataclass(frozen=True)
class PlannedTraining:
    """A planned training."""

    config: TrainConfig
    named: Named
    """User code that acts as a model or a reward in it."""


class TrainArguments(TypedDict, total=False):
    """The keywords of `consult.train` that say what is trained; `TrainConfig` says what each means."""

    scenario: str
    model: str
    patient: ModelLike | None
    triage: ModelLike | None
    specialist: ModelLike | None
    method: Method
    warm_up: float
    full: bool
    rank: int
    seed: int
    cases: int | None
    leave_out: Sequence[str]
    validation: int | None
    test: int | None
    steps: int | None
    minutes: float | None
    prompts: int
    group: int | None
    micro: int | None
    learning_rate: float | None
    temperature: float
    max_tokens: int | None
    beta: float | None
    entropy: float | None
    rationale: Rationale
    curriculum: Curriculum
    stages: Sequence[Stage]
    panel_skill: float | None
    panel_draws: int
    votes: int
    db: PathLike
    check_every: int
    report_to: str


@for_python
@takes(TrainArguments, TrainConfig)
def train(
    role: Role,
    *,
    out: PathLike,
    preset: str | None = None,
    config: PathLike | None = None,
    rewards: Rewards | None = None,
    replicas: int | None = None,
    ray: str | None = None,
    resume: bool = False,
    say: Callable[[str], None] | None = None,
    **fields: Unpack[TrainArguments],
) -> dict[str, Any]:
    """Train the triage doctor, the attending's decision, or its questions over whole consultations.

    Args:
        role: triage, attending or interview.
        **fields: What is trained, and how.
        out: The result's folder, which `simulate` takes as a model.
        preset: smoke: a training that takes minutes.
        config: TOML with the same fields; arguments given here override them.
        rewards: Reward → weight, overriding those of the role; a weight of 0 removes one. Or a list of your own, each
        with the weight set by `consult.reward`. Names of built-in rewards, `file.py:name`, or functions.
        replicas: As for `simulate`; the copies play the consultations before an attending is trained, and the other
            roles of an interview. The model in training itself is loaded once.
        ray: As for `simulate`.
        resume: Whether to continue the training in `out`.
        say: Called with the progress, in lines of text.

    Returns:
        The figures, as in metrics.json: `before`, `after` and `gain` as shares from 0 to 1, `interval`, `n`, `seconds`.

    Raises:
        UserError: An unknown field, an invalid value, a model that cannot be trained, or a reward
            that failed.
        KeyboardInterrupt: Interrupted; the same call with `resume=True` continues.
    """
    from consult.rl.practitioner import train_practitioner

    target, told, resume = folder("out", out), listener("say", say), boolean("resume", resume)
    placement = placed(None, replicas, ray)
    planned = plan_training(role, None if config is None else path_of("config", config), preset, rewards, fields)
    with planned.named.known():
        return train_practitioner(planned.config, target, told, placement=placement, resume=resume)


def plan_training(
    role: Role, file: Path | None, preset: str | None, rewards: Rewards | None, fields: Mapping[str, Any]
) -> PlannedTraining:
    """Make a training's configuration.

    Raises:
        UserError: As `train`.
    """
    named, given = Named(), {name: plain(value) for name, value in fields.items()}
    if preset is not None:
        text("preset", preset)
    if given.get("full") is not None:
        given["full"] = boolean("full", given["full"])
    for name, value in given.items():
        if isinstance(value, bool) and name != "full":
            raise UserError(f"'{name}' cannot be {value}; give a number or a text, not a bool")
    for name in OTHERS:
        if given.get(name) is not None:
            given[name] = named.add(MODELS, given[name])
    if rewards is not None:
        given["rewards"] = _weights(rewards, named)
    with named.known():
        config = read_config(role, file, preset, given)
    store_file(config.db)
    return PlannedTraining(config, named)


def _weights(rewards: Rewards, named: Named) -> dict[str, float]:
    """Return name → weight; a missing weight comes from the reward's decorator."""
    given = rewards.items() if isinstance(rewards, Mapping) else [(one, None) for one in listed(rewards)]
    weights = {_name(one, named): plain(weight) for one, weight in given}
    with named.known():
        return {name: _usual(name) if weight is None else weight for name, weight in weights.items()}


def _name(given: RewardLike, named: Named) -> str:
    built_in = isinstance(given, str) and (given in DECISION_REWARDS or given in INTERVIEW_REWARDS)
    return str(given) if built_in else named.add(REWARDS, given)


def _usual(name: str) -> float:
    own = None if name in DECISION_REWARDS or name in INTERVIEW_REWARDS else REWARDS.find(name)
    return 1.0 if own is None else own.weight
