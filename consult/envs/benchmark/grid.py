"""The grid of a benchmark as data: the content of a TOML file, of the options, and of a report."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from consult.agents.choices import STRATEGIES, TEAMS, Protocol
from consult.agents.roles.checker import OWN as OWN_CHECKER
from consult.agents.temperament import temperaments
from consult.envs.by_role import by_role
from consult.envs.question_settings import (
    PATIENTS_ONLY,
    STRATEGY,
    refuse_assessors,
    refuse_settings,
    refuse_strategy,
)
from consult.fields import (
    DTYPES,
    Cases,
    ExactTypes,
    GridTemperament,
    MaxTurns,
    PanelSize,
    PatientGrounding,
    PictureWidth,
    Repeats,
    ScenarioName,
    Seed,
    SplitName,
    WeightDtype,
    once,
)
from consult.scenarios import Scenario, UnknownNameError

OWN, ALL = "own", "all"
"""Temperaments: one per case, balanced, or all four for each case."""
NOBODY_ASSESSES, RULES, THE_MODEL = "none", "rules", "model"
"""Assessors that are not a model reference; `model` is the grid's first model."""


def _on_menu(kind: str, menu: tuple[str, ...]) -> AfterValidator:
    def check(name: str) -> str:
        if name not in menu:
            raise UnknownNameError(kind, name, menu)
        return name

    return AfterValidator(check)


def _temperament(name: str) -> str:
    menu = (OWN, ALL, *temperaments())
    if name not in menu:
        raise UnknownNameError("temperament", name, menu)
    return name


def _none_alone(assessors: tuple[str, ...]) -> tuple[str, ...]:
    if NOBODY_ASSESSES in assessors and len(assessors) > 1:
        raise ValueError(f"none cannot be combined with other assessors, and it is {', '.join(assessors)}")
    return assessors


# A validator, not a Literal, so that the message names the nearest name first.
_Strategies = Annotated[
    tuple[Annotated[str, _on_menu("strategy", STRATEGIES)], ...], Field(min_length=1), AfterValidator(once)
]
_Teams = Annotated[tuple[Annotated[str, _on_menu("team", TEAMS)], ...], Field(min_length=1), AfterValidator(once)]
_References = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1), AfterValidator(once)]


class _Table(ExactTypes):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class RoleModels(_Table):
    """Models that play a role in every cell, whatever model is compared."""

    patient: str | None = None
    triage: str | None = None
    specialist: str | None = None
    attending: str | None = None
    specialists: dict[str, str] = Field(default_factory=dict)
    """Specialty → its own model."""


class Block(_Table):
    """Each strategy with each team and model, on a number of cases; missing values are the grid's."""

    strategies: _Strategies | None = None
    teams: _Teams | None = None
    models: _References | None = None
    cases: Cases | None = None
    repeats: Repeats | None = None


class Grid(_Table):
    """A benchmark. The same grid gives the same consultations."""

    scenario: ScenarioName = "derm34"
    split: SplitName = "test"
    strategies: _Strategies = ("no-dialogue", "dialogue")
    teams: _Teams = ("panel",)
    models: _References = ("starter",)
    """The models to compare: each plays all roles except those under `roles`."""
    cases: Cases | None = None
    """Number of cases; by default all."""
    repeats: Repeats = 1
    temperament: Annotated[GridTemperament, AfterValidator(_temperament)] = OWN
    panel_size: PanelSize = 3
    max_turns: MaxTurns = 14
    patient_grounding: PatientGrounding = True
    seed: Seed = 0
    dtype: Annotated[WeightDtype, BeforeValidator(_on_menu("dtype", DTYPES).func)] = "auto"
    classifier: str = "starter"
    """The classifier for the strategy `expert`; also a baseline if the scenario allows."""
    assessors: Annotated[_References, AfterValidator(_none_alone)] = (RULES,)
    """`rules`, `model`, a reference, or `none`."""
    judge: Annotated[str, Field(min_length=1)] = NOBODY_ASSESSES
    """The judge of open diagnoses that neither names nor aliases decide: a reference, or `none`."""
    prompts: Annotated[str, Field(min_length=1)] | None = None
    """A folder with prompts that replace the built-in ones."""
    checker: Annotated[str, Field(min_length=1)] = OWN_CHECKER
    """Checks the patient's lines after the rules: a reference, `rules` for the rules alone, or `patient` for the
    patient's own model if it is on a server or in a folder."""
    solo_baseline: bool = True
    """Whether a run of the solo doctor is added to each strategy that lacks one."""
    protocol: Protocol = "consult"
    """The rules of a consultation: this program's own, or 3MDBench's free talk."""
    picture_width: PictureWidth | None = None
    """Most pixels of a photograph's width that the doctors see."""
    extractor: Annotated[str, Field(min_length=1)] | None = None
    """The model that extracts the final diagnosis from a free talk; without one, the labels are searched for."""
    self_assessment: bool = True
    """Whether a compared model may assess."""
    temperature: Annotated[dict[str, float], BeforeValidator(partial(by_role, "temperature"))] = Field(
        default_factory=dict
    )
    top_p: Annotated[dict[str, float], BeforeValidator(partial(by_role, "top_p"))] = Field(default_factory=dict)
    max_tokens: Annotated[dict[str, int], BeforeValidator(partial(by_role, "max_tokens"))] = Field(default_factory=dict)
    thinking: Annotated[dict[str, str], BeforeValidator(partial(by_role, "thinking"))] = Field(default_factory=dict)
    """How models answer: role, or `all` → value; in a file also one value for all roles."""
    roles: RoleModels = RoleModels()
    cells: Annotated[tuple[Block, ...], Field(min_length=1)] = ()
    """Parts of the grid with their own cases; without any, the grid is one block."""

    def for_scenario(self, scenario: Scenario) -> Grid:
        """Return the grid with what applies to the scenario's cases in place of the defaults.

        Raises:
            UserError: The scenario has questions, and a setting is about patients.
        """
        if not scenario.asks_questions:
            return self
        usual = {"strategies": (STRATEGY,), "assessors": (NOBODY_ASSESSES,)}
        grid = self.model_copy(update={k: v for k, v in usual.items() if k not in self.model_fields_set})
        fields = type(self).model_fields
        given = [name for name in PATIENTS_ONLY if name in fields and getattr(grid, name) != fields[name].default]
        refuse_settings(scenario, [*given, *(["patient"] if grid.roles.patient else [])])
        for strategy in dict.fromkeys(name for block in grid.blocks() for name in block.strategies or ()):
            refuse_strategy(scenario, strategy)
        if grid.judges():
            refuse_assessors(scenario)
        return grid

    def blocks(self) -> list[Block]:
        """Return the blocks with all values filled in, except the number of cases if it means all."""
        names = ("strategies", "teams", "models", "cases", "repeats")
        usual = {name: getattr(self, name) for name in names}
        told = [block.model_dump(exclude_none=True) for block in self.cells] or [{}]
        return [Block.model_validate({**usual, **block}) for block in told]

    def judges(self) -> list[str]:
        """Return the assessors, with `model` replaced by the model's name."""
        named = (self.models[0] if name == THE_MODEL else name for name in self.assessors)
        return [name for name in dict.fromkeys(named) if name != NOBODY_ASSESSES]

    def compared(self) -> list[str]:
        """Return the models that are compared with each other."""
        return list(dict.fromkeys(model for block in self.blocks() for model in block.models or ()))

    def judges_diagnoses(self) -> bool:
        """Return whether a judge is asked about open diagnoses."""
        return self.judge != NOBODY_ASSESSES

    def toml(self, cases: int) -> str:
        """Write the grid with every default in it.

        Args:
            cases: Number of the split's cases; written where the grid means all.
        """
        import tomli_w

        told: dict[str, Any] = self.model_dump(mode="json")
        told["cases"] = told["cases"] or cases
        told["roles"] = {role: model for role, model in told["roles"].items() if model}
        blocks = [block.model_dump(mode="json") for block in self.blocks()] if self.cells else []
        told["cells"] = [{**block, "cases": block["cases"] or cases} for block in blocks]
        return tomli_w.dumps({key: value for key, value in told.items() if value not in ({}, [], None)})
