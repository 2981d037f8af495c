"""What `consult train starter`, `assessor` and `classifier` train: the fields are the options of the commands."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict

from consult.fields import CASES_GROUP, ExactTypes, Shown, within
from consult.ranges import (
    ADAPTER_RANK,
    ASSESSED,
    CASES,
    LABELS,
    MILLION_TOKENS,
    STEPS,
    THREADS,
    TRAINING_SEED,
    WORKERS,
)
from consult.rl.config import LENGTH, TRAINED

MILLION = 1_000_000

TablesName = Annotated[str, Shown(CASES_GROUP, "The scenario is one with tables.")]
Workers = Annotated[int, within(WORKERS), Shown(LENGTH, "This many processes draw the photographs.")]
Threads = Annotated[int, within(THREADS), Shown(LENGTH, "The training itself uses this many threads.")]


class _Recipe(ExactTypes):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True, defer_build=True)


class Recipe(_Recipe):
    """Everything that decides the weights of a starter."""

    scenario: TablesName = "derm34"
    seed: Annotated[int, within(TRAINING_SEED), Shown(TRAINED, "The seed decides weights, examples and batches.")] = 34
    tokens: Annotated[
        float, within(MILLION_TOKENS), Shown(LENGTH, "Decision examples have this many million tokens.")
    ] = 5.5
    wording_tokens: Annotated[
        float, within(MILLION_TOKENS), Shown(LENGTH, "Examples of speech have this many million tokens.")
    ] = 1.5
    triage_labels: Annotated[
        int, within(LABELS), Shown(CASES_GROUP, "Triage is trained on the specialty of this many cases.")
    ] = 1_000
    """Deliberately few; so are the next."""
    decision_labels: Annotated[
        int, within(LABELS), Shown(CASES_GROUP, "The attending is trained on the diagnosis of this many cases.")
    ] = 4_000
    vision_steps: Annotated[
        int, within(STEPS), Shown(LENGTH, "The vision tower is trained on this many batches of 64 images.")
    ] = 2_500
    free_pictures: Annotated[
        int,
        within(CASES),
        Shown(CASES_GROUP, "The tower sees this many drawings beyond the cases' own.", flag="--pictures"),
    ] = 6_800
    workers: Workers = 2
    threads: Threads = 1
    held_out: int = 170
    """Number of validation cases that are played for the card's table."""

    def stored(self) -> dict[str, Any]:
        """Return the recipe as it is stored beside the weights, with the number of tokens."""
        return {**self.model_dump(), "tokens": self.judging_tokens, "wording_tokens": self.speaking_tokens}

    @property
    def judging_tokens(self) -> int:
        """Return the number of tokens of examples in which the doctors learn to judge."""
        return round(self.tokens * MILLION)

    @property
    def speaking_tokens(self) -> int:
        """Return the number of tokens of examples in which everybody learns to speak."""
        return round(self.wording_tokens * MILLION)


class AssessorRecipe(_Recipe):
    """Everything that decides the weights of an assessor's adapter."""

    base: Annotated[
        str,
        Shown(TRAINED, "This model plays and is trained: starter, or a folder that train starter made."),
    ] = "starter"
    scenario: TablesName = "derm34"
    seed: Annotated[int, within(TRAINING_SEED), Shown(TRAINED, "The seed decides play, edits and weights.")] = 5
    consultations: Annotated[int, within(ASSESSED), Shown(CASES_GROUP, "This many train cases are played.")] = 320
    """Number of train cases, from the first; each is played once."""
    lessons: Annotated[
        int, within(CASES), Shown(LENGTH, "This many edited consultations are trained on, each once.")
    ] = 20_000
    rank: Annotated[int, within(ADAPTER_RANK), Shown(TRAINED, "The adapter has this rank.")] = 32
    rate: float = 2e-3
    batch: int = 8
    threads: Threads = 1


class ClassifierRecipe(_Recipe):
    """Everything that decides the weights of a starter's image classifier."""

    scenario: TablesName = "derm34"
    seed: Annotated[int, within(TRAINING_SEED), Shown(TRAINED, "The seed decides weights and batches.")] = 34
    cases: Annotated[int, within(CASES), Shown(CASES_GROUP, "The first N train cases are used.")] = 6_800
    held_out: Annotated[
        int,
        within(CASES),
        Shown(CASES_GROUP, "It is evaluated on the first N validation and the first N test cases."),
    ] = 680
    workers: Workers = 2
