"""Parse the decision in a completion more strictly than in play.

In play, parsing tolerates a model that does not keep to the form. A reward that did so would pay for guessing: all
labels listed, two answers, the label only in the thought. Here only a single answer in its place counts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from consult.agents.acts import DoctorView
from consult.agents.choices import Rationale
from consult.agents.prompt_formats import Dialect
from consult.agents.prompt_formats.clean import without_thought
from consult.scenarios import Scenario, Urgency
from consult.scenarios.normalised import abstains

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


def parse_triage(text: str, view: DoctorView, dialect: Dialect) -> Decided:
    """Parse a triage doctor's completion, written in reply to what `view` shows."""
    read = dialect.read_triage(text, view)
    if dialect.slots:
        return Decided(text, read.specialty if read else None, read is not None, read.urgency if read else None)
    answer = without_thought(text).strip()
    answers = len(re.findall(r'"specialty"\s*:', answer))
    if read is None or answers != 1:
        return Decided(text, None, False)
    formed = _is_triage_object(answer) and read.urgency is not None and bool(read.why)
    return Decided(text, read.specialty, formed, read.urgency)


def _is_triage_object(answer: str) -> bool:
    try:
        data = json.loads(answer)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and set(data) == {"specialty", "urgency", "why"}


def parse_diagnosis(text: str, scenario: Scenario, rationale: Rationale = "before") -> Decided:
    """Parse an attending's completion.

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
    said = answer.strip(" .\n")
    return said if len(said) <= 80 and not abstains(said) else None
