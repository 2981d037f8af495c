"""Parse the decision in a completion more strictly than in play.

In play, parsing tolerates a model that does not keep to the form. A reward that did so would pay for guessing: all
labels listed, two answers, the label only in the thought. Here only a single answer in its place counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from consult.agents.acts import DoctorView
from consult.agents.choices import Rationale
from consult.agents.prompt_formats import Dialect
from consult.agents.prompt_formats.answers import json_object, short
from consult.agents.prompt_formats.clean import without_thought
from consult.agents.prompt_formats.schemas import MOST_OTHERS, keys_of_decision, keys_of_triage
from consult.scenarios import URGENCIES, Scenario, Urgency

_THOUGHT = r"<think>(?P<thought>.*?)</think>"
_ANSWER = r"<answer>(?P<answer>[^<>]*)</answer>"
_REST = r"(?:\s*<differential>[^<>]*</differential>)?(?:\s*<urgency>[^<>]*</urgency>)?"
FORMS: dict[Rationale, str] = {
    "before": rf"\s*{_THOUGHT}\s*{_ANSWER}{_REST}\s*",
    "after": rf"\s*{_ANSWER}\s*{_THOUGHT}{_REST}\s*",
    "none": rf"\s*{_ANSWER}{_REST}\s*",
}
"""Where the reason goes → the form of a decision."""


@dataclass(frozen=True)
class Decided:
    """One completion."""

    text: str
    named: str | None
    """The only answer: a specialty or a diagnosis. None if there is none, or several."""
    formed: bool
    """Whether it keeps to the form."""
    urgency: Urgency | None = None
    constrained: bool = False
    """Whether it was drawn under a constraint, which keeps it to the form."""


def parse_triage(text: str, view: DoctorView, dialect: Dialect) -> Decided:
    """Parse a triage doctor's completion, written in reply to what `view` shows."""
    read = dialect.read_triage(text, view)
    if dialect.slots:
        return Decided(text, read.specialty if read else None, read is not None, read.urgency if read else None)
    answer = without_thought(text).strip()
    answers = len(re.findall(r'"specialty"\s*:', answer))
    if read is None or answers != 1:
        return Decided(text, None, False)
    return Decided(text, read.specialty, _has_form(answer, keys_of_triage(view)), read.urgency)


def parse_decision(text: str, view: DoctorView, dialect: Dialect, scenario: Scenario) -> Decided:
    """Parse an attending's completion, written in reply to what `view` shows.

    The form is one JSON object, or the tags of a format with slots. An answer in tags from a model that was asked for
    JSON counts, but it does not keep to the form.
    """
    tagged = parse_diagnosis(text, scenario, view.rationale)
    if dialect.slots:
        return tagged
    answer = without_thought(text).strip()
    data = json_object(answer)
    key = "diagnosis" if view.question is None else "answer"
    if data is None or key not in data:
        return replace(tagged, formed=False)
    only = len(re.findall(rf'"{key}"\s*:', answer)) == 1 and isinstance(data[key], str)
    named = _only_label(data[key], scenario) if only else None
    urgency = next((one for one in URGENCIES if one == data.get("urgency")), None)
    return Decided(text, named, named is not None and _has_form(answer, keys_of_decision(view)), urgency)


def _has_form(answer: str, keys: Sequence[str]) -> bool:
    """Return whether an answer is one object with these keys in their order, each with a value of its kind."""
    try:
        data = json.loads(answer)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and tuple(data) == tuple(keys) and all(_fits(key, data[key]) for key in keys)


def _fits(key: str, value: Any) -> bool:
    if key == "differential":
        return isinstance(value, list) and len(value) <= MOST_OTHERS and all(isinstance(one, str) for one in value)
    if key == "confidence":
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    if key == "urgency":
        return value in URGENCIES
    return isinstance(value, str) and bool(value.strip())


def parse_diagnosis(text: str, scenario: Scenario, rationale: Rationale = "before") -> Decided:
    """Parse an attending's completion in tags.

    Args:
        text: The completion as the model wrote it.
        scenario: The scenario whose labels and aliases count; without labels, any short answer counts.
        rationale: Where the reason must be.
    """
    match = re.fullmatch(FORMS[rationale], text, re.DOTALL | re.IGNORECASE)
    formed = match is not None and bool(match.groupdict().get("thought", "-").strip())
    # An answer does not count inside a thought, and a thought that never ends has no answer after it.
    spoken = re.sub(r"<think>.*?(?:</think>|\Z)", " ", text, flags=re.DOTALL | re.IGNORECASE)
    answers = re.findall(_ANSWER, spoken, re.DOTALL | re.IGNORECASE)
    named = _only_label(answers[0], scenario) if len(answers) == 1 else None
    return Decided(text, named, formed and named is not None)


def _only_label(answer: str, scenario: Scenario) -> str | None:
    if scenario.labels:
        return scenario.diagnosis(answer)
    return short(answer.strip(" .\n"), asked=scenario.asks_questions)
