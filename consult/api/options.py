"""Options of `simulate` and `benchmark`, for Python and the command line: one pydantic model each, and typed keywords.

A value is checked against its field, with the API's names in messages. The check skips code and names of choices, which
`consult.api.playing` and the grid look up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypedDict

from pydantic import BaseModel, ConfigDict, SkipValidation, ValidationInfo, field_validator, model_validator

from consult.agents.choices import STRATEGIES, TEAMS, Player
from consult.api.checks import boolean, path_of, share, text, whole
from consult.api.given import AssessorLike, ModelLike, PathLike
from consult.envs.specialists import specialists_of
from consult.fields import (
    CASES_GROUP,
    PLAYED,
    PLAYERS,
    Cases,
    Dtype,
    GridTemperament,
    MaxTurns,
    PanelSize,
    PanelSkill,
    PatientGrounding,
    Repeats,
    ReplyTokens,
    RoleThinking,
    ScenarioName,
    Seed,
    Shown,
    SplitName,
    StrategyName,
    TeamName,
    TemperamentName,
    Temperature,
    TopP,
    Votes,
    WeightDtype,
    listed,
    members,
    range_of,
    within,
)
from consult.ranges import CASES, Range

ROLES: tuple[Player, ...] = ("patient", "triage", "specialist", "attending")
"""Roles with an option of their own; any other role is played by the model that plays all roles."""
_REFERENCE = "starter, a folder, a hub id, http://HOST:PORT/v1#NAME, scripted:FILE, or FILE.py:NAME"
_OBJECT = "a reference as `--model` takes it, an object with `generate`, or a function `(messages, images) -> str`"
_SPECIALISTS = "This model plays the specialists, written [SPECIALTY=]MODEL; it may be given again, once per specialty."

Triage = Annotated[ModelLike | None, SkipValidation, Shown(PLAYERS, "This model plays the triage doctor.")]
Attending = Annotated[ModelLike | None, SkipValidation, Shown(PLAYERS, "This model plays the attending physician.")]
Judge = Annotated[
    ModelLike | None,
    SkipValidation,
    Shown(PLAYERS, "This model judges the open diagnoses that no name or alias decides."),
]
Checker = Annotated[
    ModelLike | None,
    SkipValidation,
    Shown(
        PLAYERS,
        "This model checks each line of the patient after the rules, or rules for the rules alone; the default is the "
        "patient's own model if it is on a server or in a folder.",
    ),
]

Prompts = Annotated[
    bool | PathLike,
    Shown(
        PLAYED,
        "The prompts in this folder replace the built-in ones, file by file; consult prompts shows them.",
        python="Whether prompts and replies are stored; or a folder with prompts that replace the built-in ones, file "
        "by file, and which are stored too.",
        form="path",
    ),
]


Extractor = Annotated[
    ModelLike | None,
    SkipValidation,
    Shown(
        PLAYERS,
        "This model extracts the final diagnosis from the doctor's words in the preset 3mdbench; without one, the "
        "labels are searched for.",
    ),
]


class Options(BaseModel):
    """Options of a call, each checked against its type and range."""

    # Built at the first check: the help needs only the fields.
    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False, frozen=True, arbitrary_types_allowed=True, defer_build=True
    )

    @model_validator(mode="before")
    @classmethod
    def _own_specialists(cls, given: Any) -> Any:
        """Separate the model of all specialists from specialties with their own model."""
        who = given.get("specialist")
        if isinstance(who, Mapping):
            everyone, own = None, dict(who)
        elif isinstance(who, str | list):
            everyone, own = specialists_of([who] if isinstance(who, str) else who)
        else:
            return given
        return {**given, "specialist": everyone, "specialists": {**own, **(given.get("specialists") or {})}}

    @field_validator("*", mode="before")
    @classmethod
    def _in_words(cls, value: Any, told: ValidationInfo) -> Any:
        """Convert numpy values to Python numbers and booleans.

        Raises:
            UserError: An option has an invalid value.
        """
        name = str(told.field_name)
        info = cls.model_fields[name]
        if (value is None and info.default is None) or SkipValidation in info.metadata:
            return value
        return _checked(name, value, members(info.annotation), range_of(info))


def _checked(name: str, value: Any, kinds: Sequence[Any], span: Range | None) -> Any:
    if bool in kinds and Path in kinds:
        return path_of(name, value) if isinstance(value, str | Path) else boolean(name, value)
    if kinds == [bool]:
        return boolean(name, value)
    if kinds == [int] and span is not None:
        return whole(name, value, span)
    if kinds == [float] and span is not None:
        return share(name, value, span)
    if kinds == [str]:
        return text(name, value)
    return path_of(name, value) if Path in kinds else value


class PlayOptions(Options):
    """What `consult.simulate` plays."""

    scenario: ScenarioName = "derm34"
    cases: Annotated[
        Annotated[int, within(CASES)] | str | Sequence[str] | None,
        SkipValidation,
        Shown(
            CASES_GROUP,
            "The first N cases of the split are played, going round the diagnoses.",
            python="How many, from the first of the split's fixed order; or the id of one, or several ids. None for "
            "one case that the seed chooses.",
        ),
    ] = None
    split: SplitName = "test"
    temperament: TemperamentName | None = None
    complaint: Annotated[
        str | None,
        Shown(
            CASES_GROUP,
            "A complaint of your own is played instead of a case; at a terminal you play the patient.",
            python="A complaint of your own instead of cases.",
        ),
    ] = None
    image: Annotated[
        PathLike | None,
        Shown(CASES_GROUP, "This is your photograph for the complaint, a JPEG, PNG, WebP or DICOM file."),
    ] = None
    model: Annotated[
        ModelLike,
        SkipValidation,
        Shown(PLAYERS, f"This model plays all roles: {_REFERENCE}.", python=f"Who plays all roles: {_OBJECT}."),
    ] = "starter"
    patient: Annotated[
        ModelLike | None,
        SkipValidation,
        Shown(
            PLAYERS,
            "This model plays the patient; human means you at the terminal, and nobody gives no answers.",
            python="Who plays the patient; also `nobody`, or `human` at a terminal.",
        ),
    ] = None
    triage: Triage = None
    specialist: Annotated[
        ModelLike | Mapping[str, ModelLike] | None,
        SkipValidation,
        Shown(PLAYERS, _SPECIALISTS, python="Who plays all specialists, or specialty → model.", form="several"),
    ] = None
    specialists: Annotated[Mapping[str, ModelLike] | None, SkipValidation] = None
    """Specialty → its own model; of `specialist`."""
    attending: Attending = None
    classifier: Annotated[
        Any,
        SkipValidation,
        Shown(
            PLAYERS,
            "The strategy expert tells the doctors the first three predictions of this image classifier: starter (the "
            "default), a folder, or a hub id.",
            python="Whose predictions the strategy `expert` tells the doctors: a reference, or a function of one RGB "
            "picture that returns label → probability.",
        ),
    ] = None
    judge: Judge = None
    checker: Checker = None
    extractor: Extractor = None
    preset: Annotated[
        str | None,
        Shown(PLAYED, "The preset 3mdbench plays by the protocol of 3MDBench; options given beside it count."),
    ] = None
    strategy: Annotated[StrategyName, SkipValidation] = "dialogue"
    team: Annotated[TeamName, SkipValidation] = "panel"
    panel_size: PanelSize = 3
    seed: Seed = 0
    max_turns: MaxTurns = 14
    dtype: Annotated[WeightDtype, SkipValidation] = "auto"
    patient_grounding: PatientGrounding = True
    votes: Votes = 1
    panel_skill: PanelSkill | None = None
    temperature: Temperature = None
    top_p: TopP = None
    max_tokens: ReplyTokens = None
    thinking: RoleThinking = None
    prompts: Prompts = True

    @property
    def everyone(self) -> ModelLike | None:
        """Return the model of specialists without their own; None if not given."""
        return None if isinstance(self.specialist, Mapping) else self.specialist


class PlayArguments(TypedDict, total=False):
    """The keywords of `consult.simulate`; `PlayOptions` says what each means."""

    cases: int | str | Sequence[str] | None
    split: str
    temperament: str | None
    strategy: str
    team: str
    panel_size: int
    model: ModelLike
    patient: ModelLike | None
    triage: ModelLike | None
    specialist: ModelLike | Mapping[str, ModelLike] | None
    attending: ModelLike | None
    classifier: Any
    judge: ModelLike | None
    checker: ModelLike | None
    extractor: ModelLike | None
    preset: str | None
    seed: int
    max_turns: int
    dtype: Dtype
    patient_grounding: bool
    votes: int
    panel_skill: float | None
    temperature: float | Mapping[str, float] | None
    top_p: float | Mapping[str, float] | None
    max_tokens: int | Mapping[str, int] | None
    thinking: str | Mapping[str, str] | None
    prompts: bool | PathLike
    complaint: str | None
    image: PathLike | None


class GridOptions(Options):
    """Options of `consult.benchmark`; None takes the value from the preset, the file, or the grid's default."""

    scenario: ScenarioName | None = None
    cases: Cases | None = None
    split: SplitName | None = None
    temperament: GridTemperament | None = None
    repeats: Repeats | None = None
    models: Annotated[
        ModelLike | Sequence[ModelLike] | None,
        SkipValidation,
        Shown(
            PLAYERS,
            f"This model plays all roles; given again, models are compared with each other: {_REFERENCE}.",
            python="Compared with each other: each plays all roles but those given below; None for the starter. Here "
            "and below a single one needs no list.",
            flag="--model",
            form="several",
        ),
    ] = None
    patient: Annotated[
        ModelLike | None, SkipValidation, Shown(PLAYERS, "This model plays the patient, whatever model is compared.")
    ] = None
    triage: Triage = None
    specialist: Annotated[
        ModelLike | None,
        SkipValidation,
        Shown(PLAYERS, _SPECIALISTS, python="Who plays all specialists.", form="several"),
    ] = None
    specialists: Annotated[
        Mapping[str, ModelLike] | None,
        SkipValidation,
        Shown(PLAYERS, "Each specialty of these has its own model.", form="python"),
    ] = None
    attending: Attending = None
    classifier: Annotated[
        Any,
        SkipValidation,
        Shown(
            PLAYERS,
            "This image classifier serves the strategy expert and is a baseline: starter (the default), a folder, or "
            "a hub id.",
            python="Of images, for `expert` and as a baseline.",
        ),
    ] = None
    assessors: Annotated[
        AssessorLike | Sequence[AssessorLike] | None,
        SkipValidation,
        Shown(
            PLAYERS,
            "Consultations are assessed by rules, by model (the first one), by another model, or by none; this may be "
            "given again.",
            python="`rules`, `model` (the first one), `none`, a model, or a function as `consult.assess` takes it.",
            flag="--assessor",
            form="several",
        ),
    ] = None
    judge: Judge = None
    checker: Checker = None
    extractor: Extractor = None
    self_assessment: Annotated[
        bool | None,
        Shown(
            PLAYERS,
            "A compared model may also assess; the preset 3mdbench refuses it otherwise.",
            python="Whether a compared model may assess; the preset 3mdbench refuses it otherwise.",
            flag="--self-assessment/--no-self-assessment",
        ),
    ] = None
    strategies: Annotated[
        str | Sequence[str] | None,
        SkipValidation,
        Shown(PLAYED, f"These strategies are compared, separated by commas: {listed(STRATEGIES, 'and')}.",
              python=f"Some of {listed(STRATEGIES, 'and')}; None for no-dialogue and dialogue.", form="commas"),
    ] = None  # fmt: skip
    teams: Annotated[
        str | Sequence[str] | None,
        SkipValidation,
        Shown(PLAYED, f"These teams are compared, separated by commas: {listed(TEAMS, 'and')}.",
              python=f"Some of {listed(TEAMS, 'and')}; None for panel.", form="commas"),
    ] = None  # fmt: skip
    panel_size: PanelSize | None = None
    max_turns: MaxTurns | None = None
    dtype: Annotated[WeightDtype | None, SkipValidation] = None
    patient_grounding: PatientGrounding | None = None
    seed: Annotated[Seed | None, Shown(PLAYED, "The seed decides every random draw.")] = None
    prompts: Prompts = True
    solo_baseline: Annotated[
        bool | None,
        Shown(
            PLAYED,
            "A solo doctor is added to each strategy that lacks one.",
            python="Whether a solo doctor is added to each strategy that lacks one.",
            flag="--solo/--no-solo",
        ),
    ] = None

    temperature: Temperature = None
    top_p: TopP = None
    max_tokens: ReplyTokens = None
    thinking: RoleThinking = None

    def by_key(self) -> dict[str, Any]:
        """Return the options by the keys of a grid, where the roles are a table of their own."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        given["prompts"] = None if isinstance(self.prompts, bool) else str(self.prompts)
        roles = {name: given.pop(name) for name in (*ROLES, "specialists")}
        return {**given, "roles": roles}


class GridArguments(TypedDict, total=False):
    """The keywords of `consult.benchmark`; `GridOptions` says what each means."""

    models: ModelLike | Sequence[ModelLike] | None
    strategies: str | Sequence[str] | None
    teams: str | Sequence[str] | None
    cases: int | None
    split: str | None
    temperament: str | None
    repeats: int | None
    panel_size: int | None
    max_turns: int | None
    dtype: Dtype | None
    patient_grounding: bool | None
    patient: ModelLike | None
    triage: ModelLike | None
    specialist: ModelLike | None
    specialists: Mapping[str, ModelLike] | None
    attending: ModelLike | None
    classifier: Any
    assessors: AssessorLike | Sequence[AssessorLike] | None
    judge: ModelLike | None
    checker: ModelLike | None
    extractor: ModelLike | None
    self_assessment: bool | None
    seed: int | None
    prompts: bool | PathLike
    solo_baseline: bool | None
    temperature: float | Mapping[str, float] | None
    top_p: float | Mapping[str, float] | None
    max_tokens: int | Mapping[str, int] | None
    thinking: str | Mapping[str, str] | None
