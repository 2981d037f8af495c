"""Training sets: decisions as they occur in play, with the correct answers.

A prompt is made by the rules, views and prompt formats of a consultation. Train cases are trained on, validation cases
choose the checkpoint, test cases are read once at the end; any other use is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from consult.agents.acts import Act, DoctorView
from consult.agents.choices import Rationale
from consult.agents.grounding.facts import plainly
from consult.agents.models.model import Prompt
from consult.agents.prompt_formats import Dialect
from consult.agents.roles.patient import MOST_FACTS
from consult.agents.temperament import own_temperament
from consult.envs.config import Plan
from consult.envs.consultation import Consultation, asked
from consult.envs.question_settings import STRATEGY
from consult.rl.config import TrainingError
from consult.rl.rewards.decisions import Target
from consult.scenarios import Case, Scenario
from consult.scenarios.correct import is_known, naming, plurality


@dataclass(frozen=True)
class Row:
    """One decision to make."""

    id: str
    """The id of the case, or of the consultation in the store."""
    case: Case
    view: DoctorView
    prompt: Prompt
    target: Target
    panel_correct_share: float | None = None
    """Share of the panel's opinions that are right, 0 to 1; None if there is no panel."""
    vote: str | None = None
    """The diagnosis that most of the panel named."""


def train_only(rows: Iterable[Row]) -> list[Row]:
    """Return rows after checking that training on all of them is allowed.

    Raises:
        TrainingError: A row belongs to another split.
    """
    checked = list(rows)
    for row in checked:
        if row.case.split != "train":
            raise TrainingError(
                f"case '{row.case.id}' belongs to the {row.case.split} split; train on train cases only"
            )
    return checked


def case_ids(scenario: Scenario, split: str, most: int | None) -> list[str]:
    """Return the first cases of a split.

    Args:
        scenario: The scenario.
        split: train, validation or test.
        most: None for all.

    Raises:
        TrainingError: The scenario has no such cases, or fewer.
    """
    known = list(scenario.case_ids(split)) if split in scenario.splits else []
    if not known and most != 0:
        raise TrainingError(
            f"'{scenario.name}' has no {split} cases; training needs cases in the splits train, validation and test"
        )
    if most is not None and most > len(known):
        raise TrainingError(
            f"the split '{split}' of '{scenario.name}' has {len(known):,} cases, not {most:,}; ask for fewer"
        )
    return known if most is None else known[:most]


def without(rows: Iterable[Row], specialties: Sequence[str]) -> list[Row]:
    """Return the rows whose case belongs to none of the given specialties."""
    return [row for row in rows if row.case.truth.specialty not in specialties]


def triage_rows(
    scenario: Scenario, ids: Sequence[str], dialect: Dialect, *, sees: bool, most: int | None = None
) -> list[Row]:
    """Return the triage doctor's decisions: complaint and photograph with a plain opening, or question and pictures.

    Args:
        scenario: The scenario.
        ids: Ids of cases; those without a true specialty are left out.
        dialect: The model's prompt format.
        sees: Whether the model takes photographs.
        most: Most photographs of a prompt; None for no limit.
    """
    rows = []
    for case_id in ids:
        case = scenario.case(case_id)
        if case.truth.specialty is None:
            continue
        consultation = _opened(scenario, case)
        view = consultation.observe().view
        assert isinstance(view, DoctorView)
        view = view.showing(most) if sees else replace(view, photograph=None)
        rows.append(Row(case_id, case, view, dialect.triage(view), Target(case.truth.specialty, case.truth.urgency)))
    return rows


def _opened(scenario: Scenario, case: Case) -> Consultation:
    plan = Plan(
        ordinal=1,
        case=case.id,
        temperament=own_temperament(scenario, case.id),
        strategy="dialogue" if case.question is None else STRATEGY,
        team="panel",
        seed=0,
    )
    consultation = Consultation(scenario, case, plan)
    if case.question is not None:
        consultation.step(asked(case.question))
        return consultation
    facts = (case.card.complaint, *(fact for fact in case.card.facts if fact.id in case.card.opening))[:MOST_FACTS]
    told = tuple(fact.id for fact in facts)
    consultation.step(Act("patient", "open", plainly(facts), "complaint", told, source="program"))
    return consultation


def attending_row(
    identifier: str,
    consultation: Consultation,
    dialect: Dialect,
    *,
    sees: bool,
    rationale: Rationale,
    most: int | None = None,
) -> Row | None:
    """Return the attending's decision in a consultation whose panel has given its opinions.

    Args:
        identifier: The consultation's id in the store.
        consultation: Restored at least up to the panel; everything said before the conclusion counts.
        dialect: The model's prompt format.
        sees: Whether the model takes photographs.
        rationale: Where the reason goes: before the decision, after it, or nowhere.
        most: Most photographs of a prompt; None for no limit.

    Returns:
        None if the case has no true diagnosis or nobody was consulted.
    """
    case, consulted = consultation.case, consultation.consulted
    truth = case.truth.diagnosis
    if truth is None or not is_known(truth, consultation.scenario) or consulted is None:
        return None
    before = Consultation(
        consultation.scenario,
        case,
        consultation.plan,
        max_turns=consultation.max_turns,
        panel_size=consultation.panel_size,
    )
    until = next((i for i, act in enumerate(consultation.acts) if act.action == "conclude"), len(consultation.acts))
    view = before.restore(consultation.acts[:until]).view
    assert isinstance(view, DoctorView)
    view = replace(view, rationale=rationale, photograph=view.photograph if sees else None).showing(most)
    named = [opinion.diagnosis for opinion in consulted.opinions]
    target = Target(truth, scenario=consultation.scenario)
    right = sum(map(target.is_right, named)) / len(named)
    vote = plurality(named, naming(consultation.scenario))
    return Row(identifier, case, view, dialect.decision(view), target, right, vote)
