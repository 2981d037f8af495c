"""Assessment examples: consultations that the starter played, a few edits of each, and the rules' scores of the result.

The edits are drawn so that no value of an item is rare, and so that each item changes while the others do not: values
that are correlated in the starter's play, such as a right diagnosis and its plan, are separated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from consult.agents.assessors.rubric import ITEMS
from consult.agents.assessors.rules import Played, assess_by_rules
from consult.agents.prompt_formats.starter_assessment import CONSTRUCTED, ITEM_TAGS, starter_assessment
from consult.agents.roles.advice import plain_reply
from consult.envs.assessing import view_of
from consult.rl.starter.assessor import edits
from consult.rl.starter.assessor.contrasts import Bank
from consult.rl.starter.assessor.edits import Edit
from consult.rl.starter.example import Example, Withheld

Chances = Mapping[Edit, float]

QUESTIONS: tuple[Chances, ...] = (
    {edits.with_fewer_questions: 0.55},
    {edits.without_history: 0.2, edits.with_history: 0.45},
    {edits.without_symptoms: 0.15, edits.with_one_kind: 0.15, edits.with_another_question: 0.2},
)
DIAGNOSES: Chances = {
    edits.with_fitting_truth: 0.3,
    edits.with_another_truth: 0.12,
    edits.with_right_diagnosis: 0.12,
    edits.with_another_diagnosis: 0.12,
}
PLANS: Chances = {
    edits.with_right_plan: 0.15,
    edits.with_another_plan: 0.15,
    edits.without_red_flags: 0.2,
    edits.sent_to_emergency: 0.05,
}
BASES: Chances = {edits.without_basis: 0.3, edits.with_basis: 0.5}
MANNERS: tuple[Chances, ...] = (
    {edits.brushed_off: 0.35, edits.left_unanswered: 0.2, edits.answered_otherwise: 0.2},
    {edits.with_a_polite_line: 0.3},
    {edits.with_a_rude_line: 0.5},
    {edits.with_noise: 0.3},
    {edits.with_noise: 0.15},
    {edits.cut_off: 0.03},
)
AS_PLAYED = 0.15
"""Share of the examples without an edit."""
RUDE = (edits.with_a_rude_line,)
UNHEARD = (edits.brushed_off, edits.left_unanswered)


@dataclass(frozen=True)
class Edited:
    """A consultation after edits, with its target assessment."""

    played: Played
    values: Mapping[str, int | None]
    """Item → value; None if unknown, which is not learned."""


def edited(played: Played, rng: Random, bank: Bank) -> Edited:
    """Draw an example's consultation."""
    made: list[Edit] = []
    if rng.random() >= AS_PLAYED:
        # Edits of manners come last: their words would separate sentences that other edits look for.
        for chances in (*QUESTIONS, DIAGNOSES, PLANS, BASES, *MANNERS):
            edit = _drawn(chances, rng)
            after = edit(played, rng, bank) if edit else None
            if edit and after:
                played, made = after, [*made, edit]
    return Edited(played, values_of(played, made))


def values_of(played: Played, made: Sequence[Callable[..., object]] = ()) -> dict[str, int | None]:
    """Return the rules' values, and the values of manners from the edits: 1 as played, 0 after a contrast."""
    values = {key: verdict.value for key, verdict in assess_by_rules(played).items()}
    evasive = any(act.text == plain_reply(None, None, played.scenario) for act in played.acts)
    unheard = any(edit in UNHEARD for edit in made)
    polite, heard = CONSTRUCTED
    values[polite] = int(not any(edit in RUDE for edit in made))
    values[heard] = 0 if unheard else None if evasive else 1
    return values


def example(subject: Edited) -> Example:
    """Make the example: the values are targets, the tags before them are given."""
    parts: list[str | Withheld] = []
    for tag, item in zip(ITEM_TAGS, ITEMS, strict=True):
        value = subject.values[item.key]
        parts += [Withheld(tag), Withheld("0") if value is None else str(value)]
    return Example("assess", starter_assessment(view_of(subject.played)), tuple(parts), cut=True)


def _drawn(chances: Chances, rng: Random) -> Edit | None:
    rest = 1 - sum(chances.values())
    return rng.choices([*chances, None], [*chances.values(), max(0.0, rest)])[0]
