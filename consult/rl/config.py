"""The configuration of a training run: the same fields are command-line flags and keys of a TOML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from consult.agents.choices import Rationale
from consult.envs.specialists import specialists_of
from consult.errors import UserError
from consult.fields import CASES_GROUP, OUTPUT, PLAYERS, ExactTypes, Shown, once, refusal, shown_fields, within
from consult.foreign_text import quoted, quoted_python
from consult.ranges import (
    CASES,
    GROUP,
    LEARNING_RATE,
    MAX_TOKENS,
    MICRO,
    MINUTES,
    PANEL_SKILL,
    PROMPTS,
    RANK,
    REWARD_WEIGHT,
    STEPS,
    TEMPERATURE,
    TEST_CASES,
    TRAINING_SEED,
    VOTES,
    WARM_UP,
    WEIGHT,
)
from consult.reading import read_toml, refuse_undecodable

TrainedRole = Literal["triage", "attending", "interview"]
Method = Literal["grpo", "sft", "sft+grpo"]
Curriculum = Literal["none", "order", "entropy", "full"]
Stage = Literal["easy", "medium", "hard"]
STAGES: tuple[Stage, ...] = ("easy", "medium", "hard")

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "smoke": {"cases": 600, "validation": 170, "test": 0, "minutes": 2.0, "check_every": 20},
}
"""Name → fields."""
PRESET_STEPS: Mapping[tuple[str, TrainedRole], int] = {("smoke", "triage"): 80}
"""Preset and role → steps, which replace the preset's minutes: a busy machine then trains as much as an idle one."""
STARTER_RECIPES: Mapping[TrainedRole, Mapping[str, Any]] = {
    "triage": {"minutes": 3.0},
    "attending": {"minutes": 10.0},
    "interview": {"steps": 40, "prompts": 8, "validation": 170, "check_every": 10},
}
"""Role → fields for training the starter without --steps or --minutes; triage and interview use the published ones."""
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
DEFAULT_BETA: Mapping[TrainedRole, float] = {"triage": 0.0, "attending": 4e-3, "interview": 0.02}
DEFAULT_ENTROPY: Mapping[TrainedRole, float] = {"triage": 0.01, "attending": 0.01, "interview": 0.0}


TRAINED, LENGTH, LEARNING, ATTENDING = "What is trained", "Length and size", "Learning", "The attending's decision"
"""Parts of the help."""


class TrainingError(UserError):
    """A training run that cannot start or continue; the message is one sentence with the fix."""


class TrainConfig(ExactTypes):
    """One training run. On one machine and with `steps`, the same configuration gives the same weights."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True, defer_build=True)

    role: TrainedRole
    scenario: Annotated[str, Shown(CASES_GROUP, "The scenario is a built-in name or a folder.")] = "derm34"
    model: Annotated[
        str, Shown(TRAINED, "Training starts from this model: starter, a folder, an adapter, or a hub id.")
    ] = "starter"
    patient: Annotated[
        str | None,
        Shown(
            PLAYERS,
            "This model plays the patient; without it, the model that training starts from does, without its adapter.",
            roles=("attending", "interview"),
        ),
    ] = None
    triage: Annotated[
        str | None,
        Shown(
            PLAYERS,
            "This model plays the triage doctor; without it, the model that training starts from does.",
            roles=("attending", "interview"),
        ),
    ] = None
    specialist: Annotated[
        str | None,
        Shown(
            PLAYERS,
            "This model plays every specialist; without it, the model that training starts from does.",
            roles=("attending", "interview"),
        ),
    ] = None
    method: Annotated[
        Method,
        Shown(
            TRAINED,
            "The method is grpo, sft, or sft+grpo, which gives half of the steps and minutes to each.",
            roles=("triage", "attending"),
        ),
    ] = "grpo"
    full: Annotated[
        bool, Shown(TRAINED, "All weights of the language model are trained instead of an adapter.", flag="--full")
    ] = False
    rank: Annotated[int, within(RANK), Shown(TRAINED, "The adapter has this rank.")] = 16
    seed: Annotated[int, within(TRAINING_SEED), Shown(TRAINED, "The seed decides weights, order and random draws.")] = 0
    cases: Annotated[
        Annotated[int, within(CASES)] | None,
        Shown(CASES_GROUP, "The first N train cases are trained on; without it, all are."),
    ] = None
    leave_out: Annotated[
        tuple[str, ...],
        AfterValidator(once),
        Shown(CASES_GROUP, "Cases of this specialty are not trained on; it may be given again.", form="several"),
    ] = ()
    validation: Annotated[
        Annotated[int, within(CASES)] | None,
        Shown(CASES_GROUP, "This many validation cases choose the checkpoint; without it, all do."),
    ] = None
    test: Annotated[
        Annotated[int, within(TEST_CASES)] | None,
        Shown(CASES_GROUP, "This many test cases are read once, at the end; without it, all are."),
    ] = None
    steps: Annotated[
        Annotated[int, within(STEPS)] | None, Shown(LENGTH, "Training ends after this many steps in all.")
    ] = None
    minutes: Annotated[
        Annotated[float, within(MINUTES)] | None,
        Shown(
            LENGTH,
            "Training ends after this many minutes of wall time in all, or after the steps, whichever comes first; "
            "the starter has a recipe for its length.",
        ),
    ] = None
    prompts: Annotated[int, within(PROMPTS), Shown(LENGTH, "A step has this many different cases.")] = 16
    group: Annotated[
        Annotated[int, within(GROUP)] | None,
        Shown(
            LENGTH,
            "Each case of a step has this many completions; without it, 64 (triage), 16 (attending) or 8 (interview) "
            "of the starter, and 8 of any other model.",
        ),
    ] = None
    micro: Annotated[
        Annotated[int, within(MICRO)] | None,
        Shown(LENGTH, "The device holds this many completions at once; without it, all of a step."),
    ] = None
    learning_rate: Annotated[
        Annotated[float, within(LEARNING_RATE)] | None,
        Shown(LEARNING, "This is the peak learning rate; the default depends on model and method."),
    ] = None
    temperature: Annotated[
        float,
        within(TEMPERATURE),
        Shown(LEARNING, "Completions that are trained on are drawn at this temperature."),
    ] = 1.0
    max_tokens: Annotated[
        Annotated[int, within(MAX_TOKENS)] | None,
        Shown(
            LEARNING,
            "A completion has at most this many tokens; the default is the limit used in play.",
            roles=("triage", "attending"),
        ),
    ] = None
    beta: Annotated[
        Annotated[float, within(WEIGHT)] | None,
        Shown(
            LEARNING,
            "The KL divergence from the start of the stage has this weight; the default depends on the role.",
        ),
    ] = None
    entropy: Annotated[
        Annotated[float, within(WEIGHT)] | None,
        Shown(LEARNING, "The entropy bonus has this weight; the default depends on the role."),
    ] = None
    warm_up: Annotated[
        float,
        within(WARM_UP),
        Shown(
            LEARNING,
            "GRPO of a model that writes freely first spends this share of the training on copying right answers, if "
            "too few of its answers are usable; 0 leaves that out.",
            roles=("triage", "attending"),
        ),
    ] = 0.2
    rewards: dict[str, Annotated[float, within(REWARD_WEIGHT)]] = Field(default_factory=dict)
    """Name → weight; overrides the role's default weights."""
    rationale: Annotated[
        Rationale,
        Shown(
            ATTENDING,
            "The attending's reason comes before its decision, after it, or nowhere: before, after or none.",
            roles=("attending",),
        ),
    ] = "before"
    curriculum: Annotated[
        Curriculum, Shown(ATTENDING, "The curriculum is none, order, entropy or full.", roles=("attending",))
    ] = "none"
    stages: Annotated[
        tuple[Stage, ...],
        Shown(
            ATTENDING,
            "Decisions of these stages are trained on, separated by commas: easy, medium and hard.",
            python="Decisions of these stages are trained on, of easy, medium and hard.",
            form="commas",
            roles=("attending",),
        ),
    ] = STAGES
    panel_skill: Annotated[
        Annotated[float, within(PANEL_SKILL)] | None,
        Shown(ATTENDING, "A program makes up the opinions, each right with this probability.", roles=("attending",)),
    ] = None
    panel_draws: Annotated[
        int,
        within(VOTES),
        Shown(ATTENDING, "Each interview gets this many made-up panels.", roles=("attending",)),
    ] = 1
    votes: Annotated[
        int,
        within(VOTES),
        Shown(
            LEARNING,
            "Each decision of the evaluation is made this often, and the answer of the majority counts.",
            roles=("triage", "attending"),
        ),
    ] = 1
    db: Annotated[Path, Shown(OUTPUT, "This SQLite file stores interviews and opinions for reuse.")] = Path(
        "consult.db"
    )
    check_every: Annotated[
        int, within(STEPS), Shown(LENGTH, "A checkpoint is saved and evaluated each time after this many steps.")
    ] = 50
    report_to: Annotated[
        str, Shown(OUTPUT, "The curves are reported to trackio, tensorboard or wandb, if it is installed, or none.")
    ] = "none"

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
        from consult.agents.models.human import PERSONS
        from consult.agents.models.python import BUILT_IN
        from consult.plugins import is_plugin

        for name in self.rewards:
            if name not in menu_of(self.role):
                check_own(name, self.role)
        if not self.weights and self.method != "sft":
            raise TrainingError("no reward is left; keep at least one, e.g. --reward accuracy=1")
        if is_plugin(self.model) or self.model.startswith(tuple(one for one in BUILT_IN if one.endswith(":"))):
            raise TrainingError(f"'{self.model}' cannot be trained here; give starter, a folder or a hub id")
        if self.steps is None and self.minutes is None:
            raise TrainingError(f"no limit is set for training '{self.model}'; pass --steps or --minutes")
        if self.role != "attending":
            for name, shown, info in shown_fields(TrainConfig):
                if shown.roles == ("attending",) and getattr(self, name) != info.default:
                    flag = name.replace("_", "-")
                    raise TrainingError(f"--{flag} belongs to the attending's decision; use consult train attending")
        for name in OTHERS:
            if getattr(self, name) in PERSONS:
                raise TrainingError(f"'{getattr(self, name)}' cannot play during training; give --{name} a model")
        if self.specialist is not None and specialists_of([self.specialist]).own:
            raise TrainingError(
                f"'{self.specialist}' is for one specialty, but during training one model plays every specialist; give "
                "--specialist a model without a specialty"
            )
        for name, why in self._idle():
            flag = name.replace("_", "-")
            raise TrainingError(f"--{flag} would have no effect, since {why}; leave it out")
        if self.role == "interview" and self.method != "grpo":
            raise TrainingError("an interview has no right answer to copy; leave --method at grpo")
        if self.curriculum != "none" and self.method != "grpo":
            raise TrainingError("--curriculum works only with GRPO; leave --method at grpo")
        if not self.stages or len(set(self.stages)) < len(self.stages):
            raise TrainingError("--stages lists each stage once, of easy, medium, hard; e.g. --stages easy,medium")
        return self

    def _idle(self) -> Iterator[tuple[str, str]]:
        """Yield each given field that has no effect, with the reason."""
        if self.role == "triage":
            for name in OTHERS:
                if getattr(self, name) is not None:
                    yield name, "a triage decision is trained only on complaint and photograph"
        if self.full and "rank" in self.model_fields_set:
            yield "rank", "--full trains all weights and no adapter"
        if "warm_up" in self.model_fields_set and self.warm_up:
            if self.method != "grpo":
                yield "warm_up", f"--method {self.method} copies right answers anyway"
            elif self.model == "starter":
                yield "warm_up", "the starter decides among named options and needs none"
        if self.panel_skill is not None and self.specialist is not None:
            yield "specialist", "--panel-skill makes the opinions up"
        if self.panel_skill is None and self.panel_draws != 1:
            yield "panel_draws", "panels are made up only with --panel-skill"
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
        """Return the KL weight that applies if no curriculum sets it."""
        return DEFAULT_BETA[self.role] if self.beta is None else self.beta

    @property
    def entropy_weight(self) -> float:
        """Return the entropy weight that applies if no curriculum sets it."""
        return DEFAULT_ENTROPY[self.role] if self.entropy is None else self.entropy

    @property
    def weights(self) -> dict[str, float]:
        """Return the rewards with a weight other than 0, and their weights."""
        merged = {**DEFAULT_WEIGHTS[self.role], **self.rewards}
        return {name: weight for name, weight in merged.items() if weight != 0}


def menu_of(role: TrainedRole) -> list[str]:
    """List the built-in rewards that a role can have."""
    from consult.rl.rewards.decisions import DECISION_REWARDS, INTERVIEW_REWARDS

    if role == "interview":
        return list(INTERVIEW_REWARDS)
    return [name for name in DECISION_REWARDS if role == "triage" or name != "urgency"]


def check_own(name: str, role: TrainedRole) -> None:
    """Refuse a reward that a role cannot have.

    Raises:
        UnknownNameError: There is no such reward.
        PluginError: The reward is code that this call does not name.
        TrainingError: It scores something that the role does not produce.
    """
    from consult.rl.rewards.user_rewards import REWARDS
    from consult.scenarios import UnknownNameError

    own = REWARDS.find(name)
    if own is None:
        raise UnknownNameError("reward", name, [*menu_of(role), *REWARDS.names()])
    if (own.over == "consultation") != (role == "interview"):
        scored, others = (
            ("a whole consultation", "interview")
            if own.over == "consultation"
            else ("one decision", "triage and consult train attending")
        )
        raise TrainingError(f"the reward '{name}' scores {scored}; use it with consult train {others}")


def read_config(role: TrainedRole, file: Path | None, preset: str | None, given: Mapping[str, Any]) -> TrainConfig:
    """Build a configuration: given values override those of the file or of the preset; only one of the two is given.

    Args:
        role: The role to train.
        file: TOML.
        preset: Name.
        given: Field → value.

    Raises:
        FileError: The file is missing or broken.
        TrainingError: A file and a preset are given, or a field has a value that it cannot have.
        UnknownNameError: There is no such field or preset.
    """
    from consult.scenarios import UnknownNameError

    if preset is not None and file is not None:
        raise TrainingError("--preset and --config both say what is trained; give one of the two")
    if preset is not None and preset not in PRESETS:
        raise UnknownNameError("preset", preset, list(PRESETS))
    told = {} if file is None else _named(read_toml(file)[1], file)
    own = {**told, **_named(given, None)}
    fields = {**_of_preset(preset, role, own), **own}
    for name in fields:
        if name == "role":
            raise TrainingError(f"'{file}' names a role, but the command does that: consult train {role}; remove it")
        if name not in TrainConfig.model_fields:
            raise UnknownNameError("training field", name, list(TrainConfig.model_fields))
    refuse_undecodable(*(value for value in fields.values() if isinstance(value, str)))
    _refuse_values(told, role, file)
    try:
        return TrainConfig.model_validate({**fields, "role": role})
    except ValidationError as error:
        raise TrainingError(_first(error.errors(), file)) from None


def _named(fields: Mapping[str, Any], file: Path | None) -> dict[str, Any]:
    """Return values by the names of the fields; a file may write them with hyphens, as options are.

    Raises:
        TrainingError: A field occurs in both ways.
    """
    found: dict[str, Any] = {}
    for key, value in fields.items():
        name = key.replace("-", "_")
        if name in found:
            raise TrainingError(f"'{file}' gives '{name}' twice; give it once")
        found[name] = value
    return found


def _refuse_values(told: Mapping[str, Any], role: TrainedRole, file: Path | None) -> None:
    """Check each value of a file, although an option may replace it.

    Raises:
        TrainingError: One is wrong by itself.
    """
    try:
        TrainConfig.model_validate({**told, "role": role})
    except ValidationError as error:
        raise TrainingError(_first(error.errors(), file)) from None
    except UserError:
        return  # the values together, which are checked with the options


def _of_preset(preset: str | None, role: TrainedRole, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a preset; a limit of the user's replaces the preset's."""
    if preset is None:
        return {}
    fields = dict(PRESETS[preset])
    if any(own.get(name) is not None for name in ("steps", "minutes")):
        del fields["minutes"]
    elif (preset, role) in PRESET_STEPS:
        fields["steps"] = PRESET_STEPS[preset, role]
        del fields["minutes"]
    return fields


def _first(errors: Sequence[Any], file: Path | None) -> str:
    first = errors[0]
    said = first.get("ctx", {}).get("error")
    if isinstance(said, UserError):
        return str(said)
    name = ".".join(str(part) for part in first["loc"])
    where = f"'{file}': " if file else ""
    why = refusal(first).partition(", and it is ")[0]
    told = (quoted if file is not None else quoted_python)(first["input"])
    fix = "" if ";" in why else "; fix the value"
    return f"{where}'{name}' cannot be {told}: {why}{fix}"
