"""The configuration of a run: scenario, cases, strategy, team, and the model of each role."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from consult.agents.choices import PLAYERS, STRATEGY_RULES, Protocol, Strategy, Team
from consult.fields import Dtype, MaxTurns, PanelSize, PanelSkill, PatientGrounding, PictureWidth, Repeats, Seed, Votes
from consult.ranges import REPLY_TOKENS
from consult.reading import refuse_undecodable

_LATER: dict[str, object] = {
    "patient_grounding": True,
    "own": None,
    "classifier": "starter",
    "repeats": 1,
    "votes": 1,
    "panel_skill": None,
    "judge": None,
    "prompt_texts": {},
    "checker": None,
    "protocol": "consult",
    "picture_width": None,
    "extractor": None,
    "dtype": "auto",
}
"""Fields that were added later → the value that applied before."""


_LATER_OF_ROLE = {"max_tokens": None, "thinking": "auto"}
"""The same for the fields of a role."""

Thinking = Literal["auto", "on", "off"]


class RoleConfig(BaseModel):
    """The model that plays a role, and how its tokens are sampled."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    model: str = "starter"
    """A model reference."""
    temperature: Annotated[float, Field(ge=0, le=5)] = 0.7
    """0 is greedy."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    max_tokens: Annotated[int, Field(ge=REPLY_TOKENS.least, le=REPLY_TOKENS.most)] | None = None
    """Room for a reply in tokens; None for what each task needs."""
    thinking: Thinking = "auto"
    """Whether the model's own private thought comes before its replies; `auto`: in the strategy `reasoning`."""

    @property
    def _unset(self) -> set[str]:
        """Fields that were added later and have the value that applied before."""
        return {name for name, before in _LATER_OF_ROLE.items() if getattr(self, name) == before}


def extractor_config(reference: str) -> RoleConfig:
    """Return the configuration of the model that extracts the final diagnosis of a free talk: greedy."""
    return RoleConfig(model=reference, temperature=0.0)


class OwnCase(BaseModel):
    """A case from the user: nothing else is known about it, and there is no truth."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    complaint: Annotated[str, Field(min_length=1)]
    photograph: str | None = None
    """Hash of a photograph in the store."""


def _storable(name: str) -> str:
    refuse_undecodable(name)
    return name


class RunConfig(BaseModel):
    """One run. The same configuration gives the same consultations."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    scenario: Annotated[str, AfterValidator(_storable)]
    """Built-in name or folder."""
    split: str = "test"
    cases: tuple[str, ...]
    """Ids, in the order of play."""
    temperaments: tuple[str, ...]
    """One per case, or all of them for each case if `all_temperaments` is true."""
    all_temperaments: bool = False
    strategy: Strategy = "dialogue"
    team: Team = "panel"
    panel_size: PanelSize = 3
    max_turns: MaxTurns = 14
    seed: Seed = 0
    patient_grounding: PatientGrounding = True
    """Whether a program chooses the patient's facts and checks its lines against them; if not, 3MDBench's patient."""
    patient: RoleConfig = RoleConfig()
    triage: RoleConfig = RoleConfig(temperature=0.3)
    specialist: RoleConfig = RoleConfig(temperature=0.7)
    specialists: dict[str, RoleConfig] = {}
    """Specialty → its own model."""
    attending: RoleConfig = RoleConfig(temperature=0.5)
    classifier: str = "starter"
    """The classifier whose predictions the doctors see; only the strategy `expert` uses it."""
    repeats: Repeats = 1
    votes: Votes = 1
    panel_skill: PanelSkill | None = None
    """If set, a program makes up opinions that are right with this probability; only for training and ablation."""
    judge: RoleConfig | None = None
    """The judge of open diagnoses that neither names nor aliases decide; None leaves them unjudged."""
    prompt_texts: dict[str, str] = {}
    """Name → the user's text in place of the plain format's."""
    checker: RoleConfig | None = None
    """The model that checks a patient's lines after the rules; None leaves it to the rules."""
    protocol: Protocol = "consult"
    """The rules of a consultation."""
    picture_width: PictureWidth | None = None
    """Most pixels of a photograph's width that the doctors see; None for all."""
    extractor: RoleConfig | None = None
    """The model that extracts the final diagnosis from a free talk; None to search for the labels."""
    dtype: Dtype = "auto"
    """Data type of the weights that this program loads."""
    own: OwnCase | None = None
    """The user's case, played instead of the scenario's cases but with its labels and specialties."""

    @property
    def asks_classifier(self) -> bool:
        """Whether the doctors are told what an image classifier predicts."""
        return STRATEGY_RULES[self.strategy].asks_classifier

    def digest(self) -> str:
        """Hash the configuration: equal digests are the same run."""
        # A later field counts only if it differs from the value that applied before, so older runs keep their digest.
        later: dict[str, Any] = {name: True for name, before in _LATER.items() if getattr(self, name) == before}
        for name in (*PLAYERS, "judge", "checker", "extractor"):
            role: RoleConfig | None = getattr(self, name)
            if role is not None and name not in later:
                later[name] = role._unset
        later["specialists"] = {specialty: role._unset for specialty, role in self.specialists.items()}
        return hashlib.sha256(self.model_dump_json(exclude=later).encode()).hexdigest()[:16]

    def plan(self) -> list[Plan]:
        """List the consultations of the run in order."""
        if self.all_temperaments:
            pairs = [(case, temperament) for case in self.cases for temperament in self.temperaments]
        else:
            pairs = list(zip(self.cases, self.temperaments, strict=True))
        often = [(repeat, case, temperament) for repeat in range(self.repeats) for case, temperament in pairs]
        return [
            Plan(
                ordinal=i,
                case=case,
                temperament=temperament,
                strategy=self.strategy,
                team=self.team,
                seed=self.seed,
                repeat=repeat,
                protocol=self.protocol,
            )
            for i, (repeat, case, temperament) in enumerate(often, 1)
        ]


@lru_cache(maxsize=64)
def stored_config(text: str) -> RunConfig:
    """Read the configuration of a stored run; a large one takes a while, and many pages ask for the same.

    Raises:
        ValueError: It is not one.
    """
    config = RunConfig.model_validate_json(text)
    if not config.all_temperaments and len(config.cases) != len(config.temperaments):
        raise ValueError("the configuration has not one temperament for each case")
    return config


class Plan(BaseModel):
    """One consultation to play."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    ordinal: int
    """1-based position in the run."""
    case: str
    temperament: str
    strategy: Strategy
    team: Team
    seed: int
    protocol: Protocol = "consult"
    repeat: int = 0
    """0 for the first time that the case is played; part of the seed of every draw."""


Status = Literal["running", "finished", "unfinished", "failed"]
