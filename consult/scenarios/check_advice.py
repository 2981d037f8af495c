"""Checks of plans and safety nets that depend on the patient: somebody must meet each of their conditions."""

from __future__ import annotations

from collections.abc import Iterator

from consult.scenarios.files import LabelsFile, ScenarioFile
from consult.scenarios.grammar import Draw, Grammar
from consult.scenarios.located_yaml import LocatedYaml, Problem
from consult.scenarios.references import SEEN_ONLY, conditions_of, unknown_topic
from consult.scenarios.rules import as_values
from consult.scenarios.shape import closest
from consult.scenarios.tables import SEXES

FEWEST = 20
"""Train cases in which each condition of a plan must hold."""
NOT_TOLD = ("view", "skin_type", *SEEN_ONLY)
"""Fields of a draw that no condition can be about."""


def topic_problems(labels: LabelsFile, at: LocatedYaml, scenario: ScenarioFile) -> Iterator[Problem]:
    """Find conditions about what no doctor can ask in a scenario of written cases."""
    known = ["complaint", *scenario.topics, *scenario.examinations, "sex"]
    for place, field, chosen in conditions_of(labels):
        if field not in known:
            yield unknown_topic(place, field, known, at)
        for value in chosen if field == "sex" else ():
            if value not in SEXES:
                meant = closest(value, SEXES)
                mend = f"write '{meant}'" if meant else f"choose from: {', '.join(SEXES)}"
                yield at.problem(place, f"'{value}' is not a value of 'sex'", mend)


def condition_problems(grammar: Grammar, at: LocatedYaml) -> Iterator[Problem]:
    """Find conditional advice that too few train cases need: nobody could learn it, and no figure would show it."""
    size, labels = grammar.splits.get("train", 0), list(grammar.labels)
    for i, label in enumerate(labels):
        advice = [
            (key, n, one)
            for key in ("plan", "safety_net")
            for n, one in enumerate(getattr(grammar.labels[label], key))
            if one.conditional
        ]
        numbers = range(i, size, len(labels))
        known = [_known(grammar.draw_for("train", number)) for number in numbers] if advice else []
        for key, n, one in advice:
            met = sum(one.applies(facts) for facts in known)
            if known and met < FEWEST:
                what = f"'{one.text}' applies to {met} of the {len(known)} train cases of '{label}'"
                mend = f"make its condition more common: it must apply to at least {FEWEST}"
                yield at.problem(("labels", label, key, n), what, mend)


def _known(draw: Draw) -> dict[str, frozenset[str]]:
    """Collect what a drawn patient's card tells, without wording it."""
    return {name: frozenset(as_values(value)) for name, value in draw.seen.items() if name not in NOT_TOLD}
