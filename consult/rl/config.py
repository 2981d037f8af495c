"""What a training is: the same fields as flags of the command line and as keys of a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from consult.agents.acts import Rationale
from consult.agents.models.human import PERSONS
from consult.agents.models.python import BUILT_IN
from consult.envs.config import within
from consult.errors import UserError
from consult.plugins import is_plugin
from consult.ranges import CASES, PANEL_SKILL, SEED, VOTES
from consult.rl.rewards.decisions import DECISION_REWARDS, INTERVIEW_REWARDS
from consult.rl.rewards.user_rewards import REWARDS
from consult.scenarios import UnknownNameError

TrainedRole = Literal["triage", "attending", "interview"]
Method = Literal["grpo", "sft", "sft+grpo"]
Curriculum = Literal["none", "order", "entropy", "full"]
Stage = Literal["easy", "medium", "hard"]
STAGES: tuple[Stage, ...] = ("easy", "medium", "hard")

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "smoke": {"cases": 600, "validation": 170, "test": 0, "minutes": 2.0, "check_every": 20},
}
"""Name → fields."""
STARTER_RECIPES: Mapping[TrainedRole, Mapping[str, Any]] = {
    "triage": {"minutes": 3.0},
    "attending": {"minutes": 10.0},
    "interview": {"steps": 40, "prompts": 8, "validation": 170, "check_every": 10},
}
"""Role → fields of a training of the starter that is given no end; for triage and interview the published ones."""
DEFAULT_WEIGHTS: Mapping[TrainedRole, Mapping[str, float]] = {
    "triage": {"format": 1.0, "accuracy": 1.0, "urgency": 0.5},
    "attending": {"format": 1.0, "accuracy": 1.0},
    "interview": {
        "new_finding": 0.05,
        "unanswerable": -0.05,
        "repeated": -0.2,
        "out_of_turns": -0.5,
        "diagnosis": 1.0,
        "advice": 0.0,
    },
}


OTHERS: tuple[Literal["patient", "triage", "specialist"], ...] = ("patient", "triage", "specialist")
"""Roles that are frozen while an attending is trained."""
MENUS: Mapping[TrainedRole, Sequence[str]] = {
    "triage": tuple(DECISION_REWARDS),
    "attending": tuple(name for name in DECISION_REWARDS if name != "urgency"),
    "interview": tuple(INTERVIEW_REWARDS),
}
"""Role → rewards that it can have."""
DEFAULT_BETA: Mapping[TrainedRole, float] = {"triage": 0.0, "attending": 4e-3, "interview": 0.02}
DEFAULT_ENTROPY: Mapping[TrainedRole, float] = {"triage": 0.01, "attending": 0.01, "interview": 0.0}


class TrainingError(UserError):
    """A training that cannot begin or go on; one sentence with the fix."""


class TrainConfig(BaseModel):
    """One training. On one machine and with `steps`, the same configuration gives the same weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: TrainedRole
    scenario: str = "derm34"
    model: str = "starter"
    """Where training starts: starter, a folder, an adapter or a hub id."""
    patient: str | None = None
    """Who plays the patient; None for the start, without its adapter where it is one."""
    triage: str | None = None
    """Who plays the triage doctor; as `patient`."""
    specialist: str | None = None
    """Who plays every specialist; as `patient`."""
    method: Method = "grpo"
    """`sft+grpo` gives half of the steps and minutes to each."""
    full: bool = False
    """Train all weights of the language model instead of an adapter."""
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """Of the adapter."""
    seed: Annotated[int, within(SEED)] = 0
    cases: Annotated[int, within(CASES)] | None = None
    """Train cases, the first of the split; None for all."""
    leave_out: tuple[str, ...] = ()
    """Specialties whose cases are not trained on."""
    validation: Annotated[int, Field(ge=1)] | None = None
    """Validation cases that choose the checkpoint; None for all."""
    test: Annotated[int, Field(ge=0)] | None = None
    """Test cases that are read once at the end; None for all."""
    steps: Annotated[int, Field(ge=1)] | None = None
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Wall time of training; the earlier of the two ends it. With neither, `STARTER_RECIPES`."""
    prompts: Annotated[int, Field(ge=1)] = 16
    """Different cases in a step."""
    group: Annotated[int, Field(ge=2)] | None = None
    """Completions of each; None for the starter's 64 (triage), 16 (attending) or 8 (interview), any other model's 8."""
    micro: Annotated[int, Field(ge=1)] | None = None
    """Completions that are on the device at once; None for all of a step."""
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak; None for what suits model and method."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Of the completions that are trained on."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Of a completion; None for as many as in play."""
    beta: Annotated[float, Field(ge=0)] | None = None
    """Weight of the KL divergence from the start of the stage; None for what suits the role."""
    entropy: Annotated[float, Field(ge=0)] | None = None
    """Weight of the entropy bonus; None for what suits the role."""
    rewards: dict[str, FiniteFloat] = {}
    """Name → weight, over those of the role."""
    rationale: Rationale = "before"
    """Where the attending's reason stands."""
    curriculum: Curriculum = "none"
    stages: tuple[Stage, ...] = STAGES
    panel_skill: Annotated[float, within(PANEL_SKILL)] | None = None
    """Where set, opinions are made up, right with this probability."""
    panel_draws: Annotated[int, within(VOTES)] = 1
    """Panels that are made up for each interview."""
    votes: Annotated[int, within(VOTES)] = 1
    """Decisions of which the majority counts when the result is measured."""
    db: Path = Path("consult.db")
    """Where interviews and opinions are kept, and taken from."""
    check_every: Annotated[int, Field(ge=1)] = 50
    """Steps between two looks at the validation cases; each look is a checkpoint."""
    report_to: str = "none"
    """trackio, tensorboard or wandb, where it is installed."""

    @model_validator(mode="before")
    @classmethod
    def _ended(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("model", "starter") != "starter":
            return given
        if any(given.get(name) is not None for name in ("steps", "minutes")):
            return given
        said = {name: value for name, value in given.items() if value is not None}
        return {**STARTER_RECIPES.get(given.get("role", ""), {}), **said}

    @model_validator(mode="after")
    def _fits(self) -> TrainConfig:
        for name in self.rewards:
            if name not in MENUS[self.role]:
                check_own(name, self.role)
        if not self.weights and self.method != "sft":
            raise TrainingError("no reward is left; leave one in, e.g. --reward accuracy=1")
        if is_plugin(self.model) or self.model.startswith(tuple(one for one in BUILT_IN if one.endswith(":"))):
            raise TrainingError(f"'{self.model}' cannot be trained here; give starter, a folder or a hub id")
        if self.steps is None and self.minutes is None:
            raise TrainingError(f"no limit is set for training '{self.model}'; pass --steps or --minutes")
        if self.role != "attending":
            for name in ("rationale", "curriculum", "stages", "panel_skill", "panel_draws"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    flag = name.replace("_", "-")
                    raise TrainingError(f"--{flag} belongs to the attending's decision; use consult train attending")
        for name in OTHERS:
            if getattr(self, name) in PERSONS:
                raise TrainingError(f"'{getattr(self, name)}' cannot play in a training; give --{name} a model")
        for name, why in self._idle():
            flag = name.replace("_", "-")
            raise TrainingError(f"--{flag} would change nothing here, since {why}; leave it out")
        if self.role == "interview" and self.method != "grpo":
            raise TrainingError("an interview has no right answer to copy; leave --method at grpo")
        if self.curriculum != "none" and self.method != "grpo":
            raise TrainingError("--curriculum works only with GRPO; leave --method at grpo")
        if not self.stages or len(set(self.stages)) < len(self.stages):
            raise TrainingError("--stages lists each stage once, of easy, medium, hard; e.g. --stages easy,medium")
        return self

    def _idle(self) -> Iterator[tuple[str, str]]:
        """Give the fields that were given and change nothing, and why."""
        if self.role == "triage":
            for name in OTHERS:
                if getattr(self, name) is not None:
                    yield name, "a triage decision is trained on complaint and photograph alone"
        if self.full and "rank" in self.model_fields_set:
            yield "rank", "--full trains all weights and no adapter"
        if self.panel_skill is not None and self.specialist is not None:
            yield "specialist", "--panel-skill makes the opinions up"
        if self.panel_skill is None and self.panel_draws != 1:
            yield "panel_draws", "no panels are made up without --panel-skill"
        if self.method != "grpo" and self.stages != STAGES:
            yield "stages", f"--method {self.method} is trained on all decisions"
        if self.curriculum in ("entropy", "full") and self.entropy is not None:
            yield "entropy", f"--curriculum {self.curriculum} has a weight for each stage"
        if self.curriculum == "full" and self.beta is not None:
            yield "beta", "--curriculum full has a weight for each stage"
        if self.role == "interview" and self.votes != 1:
            yield "votes", "an interview is measured as it is played"
        if self.role == "interview" and self.max_tokens is not None:
            yield "max_tokens", "an interview's choices come from a fixed list"

    @property
    def kl_weight(self) -> float:
        """KL weight where no curriculum sets it."""
        return DEFAULT_BETA[self.role] if self.beta is None else self.beta

    @property
    def entropy_weight(self) -> float:
        """Entropy weight where no curriculum sets it."""
        return DEFAULT_ENTROPY[self.role] if self.entropy is None else self.entropy

    @property
    def weights(self) -> dict[str, float]:
        """The rewards that count, with their weights."""
        merged = {**DEFAULT_WEIGHTS[self.role], **self.rewards}
        return {name: weight for name, weight in merged.items() if weight != 0}


def check_own(name: str, role: TrainedRole) -> None:
    """Refuse a reward that a role cannot have.

    Raises:
        UnknownNameError: There is no such reward.
        PluginError: It is code that this call does not name.
        TrainingError: It scores something else than the role does.
    """
    own = REWARDS.find(name)
    if own is None:
        raise UnknownNameError("reward", name, [*MENUS[role], *REWARDS.names()])
    if (own.over == "consultation") != (role == "interview"):
        scored, others = (
            ("a whole consultation", "interview")
            if own.over == "consultation"
            else ("one decision", "triage and consult train attending")
        )
        raise TrainingError(f"the reward '{name}' scores {scored}; use it with consult train {others}")


def read_config(role: TrainedRole, file: Path | None, preset: str | None, given: Mapping[str, Any]) -> TrainConfig:
    """Put a configuration together: what was given goes before the file, and the file before the preset.

    Args:
        role: What is trained.
        file: TOML.
        preset: Name.
        given: Field → value.

    Raises:
        TrainingError: The file is missing or broken, or a field has a value that it cannot have.
        UnknownNameError: A field or a preset that there is not.
    """
    if preset is not None and preset not in PRESETS:
        raise UnknownNameError("preset", preset, list(PRESETS))
    fields = {**PRESETS.get(preset or "", {}), **_of_file(file), **given}
    fields = {name.replace("-", "_"): value for name, value in fields.items()}
    for name in fields:
        if name == "role":
            raise TrainingError(f"'{file}' names a role, which is the command's: consult train {role}; take it out")
        if name not in TrainConfig.model_fields:
            raise UnknownNameError("field of a training", name, list(TrainConfig.model_fields))
    if fields.get("steps") is not None and "minutes" not in {**_of_file(file), **given}:
        fields.pop("minutes", None)  # a preset's
    try:
        return TrainConfig.model_validate({**fields, "role": role})
    except ValidationError as error:
        raise TrainingError(_first(error, file)) from None


def _of_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(f"there is no file '{file}'; check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingError(f"'{file}' is no TOML: {error}; fix that place") from None


def _first(error: ValidationError, file: Path | None) -> str:
    first = error.errors()[0]
    said = first.get("ctx", {}).get("error")
    if isinstance(said, UserError):
        return str(said)
    name = ".".join(str(part) for part in first["loc"])
    where = f"'{file}': " if file else ""
    return f"{where}'{name}' cannot be {first['input']!r}: {first['msg'][:1].lower()}{first['msg'][1:]}; fix the value"
