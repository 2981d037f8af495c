"""Is what a tiny model tells the patient the scenario's advice for its diagnosis, and not another's?

A model of a few million parameters recites; what it recites is compared with the label's own sentences by their telling
words. Advice that lacks them, or contains another diagnosis's, is not said: the program says the scenario's instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from consult.agents.grounding.emergency_words import urgency_of
from consult.agents.grounding.facts import stems, telling, words
from consult.scenarios import Label, Scenario, Urgency
from consult.scenarios.conditional import Known, applying

QUOTATION = re.compile(r'(?<![^\s(])"(?:[^"]|(?<=\s)"[^"]*"(?=[\s.,!?"]))*"')
"""A quotation, with others in it."""
STATED = 0.8
"""Share of a sentence's telling words that must stand in the speech for the sentence to count as said."""
SHORT = 4
"""Sentences with fewer telling words are too common to distinguish diagnoses."""


def says(speech: str, sentence: str) -> bool:
    """Return whether a speech states a sentence."""
    wanted = telling(sentence)
    return bool(wanted) and len(wanted & stems(speech)) >= STATED * len(wanted)


def stammers(speech: str) -> bool:
    """Return whether a speech says the same four words twice, as a tiny model does when it has lost its way."""
    said = words(speech)
    runs = [tuple(said[i : i + 4]) for i in range(len(said) - 3)]
    return len(set(runs)) < len(runs)


SEEN_TODAY = "[Please have a doctor look at this today.]"
"""What a program says of an alarm of which nobody says where to go; square brackets mark it as a program's."""
AT_ONCE = "[Please go to the emergency department now.]"
"""What a program says of a danger sign in a person's own words."""
EMERGENCY_DEPARTMENT = "Please go to the emergency department now."
"""Where to go in an emergency, if nobody says it."""
NOTHING: Known = {}
"""For a patient of whom nothing is known: only advice without `when` is meant for them."""


def sentences(label: Label) -> tuple[str, ...]:
    """Return all that the scenario says about a diagnosis to any patient."""
    advice = (one.text for one in (*label.plan, *label.safety_net))
    return tuple(filter(None, (label.explanation, *advice, *label.answers.values())))


def explained(label: Label, known: Known) -> tuple[str, ...]:
    """Return what the scenario says in a conclusion: what it is, what to do, when to come back."""
    parts = (label.explanation, *label.plan_for(known), *applying(label.safety_net, known))
    return tuple(filter(None, parts))


def without_quotations(text: str) -> str:
    """Return a text with nothing between its quotation marks."""
    return QUOTATION.sub('""', text)


def strange(speech: str, diagnosis: str, scenario: Scenario) -> bool:
    """Return whether a speech names another diagnosis, or states another's advice in one of its sentences.

    What it quotes is the patient's.
    """
    speech = without_quotations(speech)
    own = scenario.labels[diagnosis]
    ours = " ".join((diagnosis, *own.aliases, *sentences(own)))
    allowed = {diagnosis, *scenario.diagnoses(ours)}
    if set(scenario.diagnoses(speech)) - allowed:
        return True
    others = (s for name, label in scenario.labels.items() if name != diagnosis for s in sentences(label))
    said = re.split(r"(?<=[.!?])\s+", speech)
    return any(len(telling(s)) >= SHORT and not says(ours, s) and any(says(one, s) for one in said) for s in others)


def is_sound_explanation(
    speech: str, diagnosis: str | None, urgency: Urgency | None, scenario: Scenario, known: Known = NOTHING
) -> bool:
    """Return whether an explanation may be said: the label's own, or, in an emergency, where to go.

    Args:
        speech: The explanation.
        diagnosis: What was concluded.
        urgency: How soon the patient must be seen.
        scenario: Whose advice it is checked against.
        known: What the doctor has learned, which decides on the advice that depends on the patient.
    """
    label = scenario.labels.get(diagnosis or "")
    if diagnosis is None or label is None:
        return False
    if urgency == "emergency":
        sends = "emergency department" in speech.lower() or urgency_of(speech) == "emergency"
        return sends and not strange(speech, diagnosis, scenario)
    parts = explained(label, known)
    said = sum(says(speech, part) for part in parts)
    return said >= len(parts) - 2 and not strange(speech, diagnosis, scenario)


def is_sound_reply(speech: str, diagnosis: str | None, kind: str | None, scenario: Scenario) -> bool:
    """Return whether an answer to a question back may be said."""
    if diagnosis is None or diagnosis not in scenario.labels:
        return False
    answer = scenario.labels[diagnosis].answers.get(kind or "")
    return answer is not None and says(speech, answer) and not strange(speech, diagnosis, scenario)


def plain_explanation(
    diagnosis: str | None,
    urgency: Urgency | None,
    scenario: Scenario,
    known: Known = NOTHING,
    where: Sequence[str] = (),
) -> str:
    """Say the scenario's advice without a model.

    Args:
        diagnosis: What was concluded.
        urgency: In an emergency, the patient is told where to go and nothing else.
        scenario: Whose advice.
        known: What was learned of the patient, which decides on the advice that depends on it.
        where: Where to go with the alarms that the patient has told.
    """
    label = scenario.labels.get(diagnosis or "")
    if urgency == "emergency" or any(urgency_of(sentence) == "emergency" for sentence in where):
        named = f"I think this is {diagnosis}, and it" if diagnosis else "This"
        return _joined((f"{named} cannot wait", *at_once(where)))
    if label is None:
        back = where or ("Please come back, so that we can look at it again",)
        return _joined(("I am not sure yet what this is", *back))
    return _joined((f"I think this is {diagnosis}", *where, *explained(label, known)))


def plain_reply(diagnosis: str | None, kind: str | None, scenario: Scenario) -> str:
    """Answer a question back from the scenario."""
    label = scenario.labels.get(diagnosis or "")
    return (label.answers.get(kind or "") if label else None) or "I cannot tell you more about that today."


def at_once(where: Sequence[str]) -> tuple[str, ...]:
    """Return where to go in an emergency, out of where to go with the alarms that were told."""
    return tuple(sentence for sentence in where if sentence != SEEN_TODAY) or (EMERGENCY_DEPARTMENT,)


def stopped(sentence: str) -> str:
    """End a sentence with a full stop, where nothing ends it."""
    return sentence if sentence.endswith((".", "!", "?", ".]")) else f"{sentence}."


def _joined(parts: Iterable[str]) -> str:
    return " ".join(stopped(part) for part in parts if part)
