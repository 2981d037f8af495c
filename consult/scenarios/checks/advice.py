"""Check plans and safety nets that depend on the patient: some patient must meet each condition."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from consult.scenarios.case import URGENCIES, Urgency
from consult.scenarios.case_generator import Draw, Grammar
from consult.scenarios.files import AdviceSpec, LabelsFile, LabelSpec, ScenarioFile
from consult.scenarios.located_yaml import LocatedYaml, Place, Problem
from consult.scenarios.references import SEEN_ONLY, conditions_of, unknown_topic
from consult.scenarios.rules import as_values
from consult.scenarios.scenario import nearest_first
from consult.scenarios.shape import LONGEST_SHOWN, closest, field_name
from consult.scenarios.tables import SEXES

FEWEST = 20
"""Fewest train cases in which each condition of a plan must hold."""
ANSWERS = frozenset(("explanation", "cause", "contagious", "outlook", "serious"))
"""Keys of a label that hold a sentence."""
ENDS = (".", "!", "?", '."', '!"', '?"')
NOT_TOLD = ("view", "skin_type", *SEEN_ONLY)
"""Fields of a draw that no condition can be about."""


def topic_problems(labels: LabelsFile, at: LocatedYaml, scenario: ScenarioFile) -> Iterator[Problem]:
    """Find conditions on something that no doctor can ask about, in a scenario of written cases."""
    known = ["complaint", *scenario.topics, *scenario.examinations, "sex"]
    for place, field, chosen in conditions_of(labels):
        if field not in known:
            yield unknown_topic(place, field, known, at)
        for value in chosen if field == "sex" else ():
            if value not in SEXES:
                meant = closest(value, SEXES)
                fix = f"write '{meant}'" if meant else f"choose from: {', '.join(SEXES)}"
                yield at.problem(place, f"'{value}' is not a value of 'sex'", fix)


def condition_problems(grammar: Grammar, at: LocatedYaml) -> Iterator[Problem]:
    """Find conditional advice for too few train cases: it could not be learned, and no figure would show it."""
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
                fix = f"make its condition more common: it must apply to at least {FEWEST}"
                yield at.problem(("labels", label, key, n), what, fix)


def value_problems(labels: LabelsFile, at: LocatedYaml, values: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Find conditions that hold for no written case.

    Args:
        labels: The file.
        at: The same file with its lines.
        values: Topic, or `sex` → the values that cases have.
    """
    for place, field, chosen in conditions_of(labels):
        menu = sorted(values.get(field, ()))
        for value in chosen if field != "sex" else ():
            meant = closest(value, menu)
            # Advice may exclude a value that no case has yet, and may be about a topic without values in any case.
            if not menu or value in menu or ("unless" in place and not meant):
                continue
            fix = f"write '{meant}'" if meant else f"choose from: {', '.join(nearest_first(value, menu))}"
            yield at.problem(place, f"no case has the value '{value}' of '{field}'", fix)


def advice_problems(
    labels: LabelsFile, at: LocatedYaml, doubtful: Collection[str], cut: Collection[str]
) -> Iterator[Problem]:
    """Find advice that is empty, appears twice, or has an urgency without effect.

    Args:
        labels: The file.
        at: The same file with its lines.
        doubtful: Labels whose urgency is unknown.
        cut: Labels with a step that cannot be read completely.
    """
    for name, spec in labels.labels.items():
        for key in sorted(ANSWERS & spec.model_fields_set):
            said: str = getattr(spec, key)
            place: Place = ("labels", name, key)
            if not said.strip():
                yield at.problem(place, f"{field_name(place)} has no text", "write a sentence, or leave it out")
            elif not said.rstrip().endswith(ENDS):
                what = f"{field_name(place)} does not end like a sentence: '{said.strip()[-LONGEST_SHOWN:]}'"
                yield at.problem(place, what, "end it with a full stop")
        if name not in cut:
            yield from _step_problems(name, spec, at, None if name in doubtful else spec.urgency)


def _step_problems(name: str, spec: LabelSpec, at: LocatedYaml, urgency: Urgency | None) -> Iterator[Problem]:
    for key in ("plan", "safety_net"):
        steps = getattr(spec, key)
        for i, step in enumerate(steps):
            place: Place = ("labels", name, key, i)
            if any(_is_covered(step, other) for other in steps[:i]):
                yield at.problem(place, f"the step '{step.say}' of '{name}' appears twice", "remove one")
            if step.urgency and urgency and URGENCIES.index(step.urgency) <= URGENCIES.index(urgency):
                what = f"the urgency '{step.urgency}' of a step is no sooner than that of '{name}', '{urgency}'"
                yield at.problem((*place, "urgency"), what, "remove it: it has no effect")


def _is_covered(one: AdviceSpec, other: AdviceSpec) -> bool:
    """Return whether two steps say the same to the same patients, or one of them to all."""
    if " ".join(one.say.split()).lower() != " ".join(other.say.split()).lower():
        return False
    whom = [(step.when, step.unless) for step in (one, other)]
    return whom[0] == whom[1] or ([], []) in whom


def _known(draw: Draw) -> dict[str, frozenset[str]]:
    """Collect the values on a drawn patient's card, without wording them."""
    return {name: frozenset(as_values(value)) for name, value in draw.seen.items() if name not in NOT_TOLD}
