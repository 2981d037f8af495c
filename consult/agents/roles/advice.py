"""Check that a tiny model gives the scenario's advice for its diagnosis, and not for another.

A model of a few million parameters recites; its text is compared with the label's own sentences by their key words.
Advice that lacks them, or contains another diagnosis's, is not used: the program gives the scenario's advice instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

from consult.agents.grounding.clauses import stopped
from consult.agents.grounding.emergency_words import urgency_of
from consult.agents.grounding.facts import stems, telling, words
from consult.agents.titles import clinic_of
from consult.scenarios import Label, Scenario, Urgency
from consult.scenarios.conditional import Known, applying

QUOTATION = re.compile(r'(?<![^\s(])"(?:[^"]|(?<=\s)"[^"]*"(?=[\s.,!?"]))*"')
"""A quotation, including nested ones."""
STATED = 0.8
"""Share of a sentence's key words that the speech must contain for the sentence to count as said."""
SHORT = 4
"""Sentences with fewer key words are too common to distinguish diagnoses."""


def says(speech: str, sentence: str) -> bool:
    """Return whether a speech states a sentence."""
    return _covers(stems(speech), telling(sentence))


def _covers(said: AbstractSet[str], wanted: AbstractSet[str]) -> bool:
    return bool(wanted) and len(wanted & said) >= STATED * len(wanted)


def stammers(speech: str) -> bool:
    """Return whether a speech contains the same four words twice, a typical failure of a tiny model."""
    said = words(speech)
    runs = [tuple(said[i : i + 4]) for i in range(len(said) - 3)]
    return len(set(runs)) < len(runs)


SEEN_TODAY = "[Please have a doctor look at this today.]"
"""A program's sentence for an alarm without directions; square brackets mark it as a program's."""
AT_ONCE = "[Please go to the emergency department now.]"
"""A program's sentence for a danger sign in a person's own words."""
EMERGENCY_DEPARTMENT = "Please go to the emergency department now."
"""Directions in an emergency, if there are no others."""
NOTHING: Known = {}
"""A patient about whom nothing is known: only advice without `when` applies."""


def sentences(label: Label) -> tuple[str, ...]:
    """Return everything that the scenario says about a diagnosis to any patient."""
    advice = (one.text for one in (*label.plan, *label.safety_net))
    return tuple(filter(None, (label.explanation, *advice, *label.answers.values())))


def explained(label: Label, known: Known) -> tuple[str, ...]:
    """Return what the scenario says in a conclusion: what it is, what to do, when to come back."""
    parts = (label.explanation, *label.plan_for(known), *applying(label.safety_net, known))
    return tuple(filter(None, parts))


@lru_cache(maxsize=512)
def _told_apart_by(advice: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """Return the key words of each sentence that has enough of them to distinguish a diagnosis."""
    return tuple(frozenset(words) for words in map(telling, advice) if len(words) >= SHORT)


def without_quotations(text: str) -> str:
    """Return a text with nothing between its quotation marks."""
    return QUOTATION.sub('""', text)


def strange(speech: str, diagnosis: str, scenario: Scenario) -> bool:
    """Return whether a speech names another diagnosis, or states another's advice in one of its sentences.

    Quotations are the patient's words and are ignored.
    """
    speech = without_quotations(speech)
    own = scenario.labels[diagnosis]
    ours = " ".join((diagnosis, *own.aliases, *sentences(own)))
    allowed = {diagnosis, *scenario.diagnoses(ours)}
    if set(scenario.diagnoses(speech)) - allowed:
        return True
    others = (label for name, label in scenario.labels.items() if name != diagnosis)
    said, own_words = [stems(one) for one in re.split(r"(?<=[.!?])\s+", speech)], stems(ours)
    whole = set[str]().union(*said)  # tells most of the many sentences apart at once
    wanted = (words for label in others for words in _told_apart_by(sentences(label)) if _covers(whole, words))
    return any(not _covers(own_words, words) and any(_covers(one, words) for one in said) for words in wanted)


def is_sound_explanation(
    speech: str, diagnosis: str | None, urgency: Urgency | None, scenario: Scenario, known: Known = NOTHING
) -> bool:
    """Return whether an explanation may be used: it is the label's or, in an emergency, says where to go.

    Args:
        speech: The explanation.
        diagnosis: The concluded diagnosis.
        urgency: How soon the patient must be seen.
        scenario: The scenario with the advice to compare with.
        known: The findings that the doctor has learned, which decide the advice that depends on the patient.
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
    """Return whether an answer to a question back may be used."""
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
    """Word the scenario's advice without a model.

    Args:
        diagnosis: The concluded diagnosis.
        urgency: In an emergency, the patient is told where to go and nothing else.
        scenario: The scenario with the advice.
        known: The findings that were learned, which decide the advice that depends on the patient.
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


WITHIN: dict[Urgency, str] = {"routine": "in the next weeks", "soon": "within days", "urgent": "today"}
"""How soon a patient without a diagnosis is seen."""


def referral(specialty: str | None, urgency: Urgency | None, where: Sequence[str] = ()) -> str:
    """Refer a patient whose doctor has named no diagnosis; nothing is said of what it could be.

    Args:
        specialty: The triaged specialty.
        urgency: How soon the patient must be seen.
        where: Where to go with the alarms that the patient has told.
    """
    if urgency == "emergency" or any(urgency_of(sentence) == "emergency" for sentence in where):
        return _joined(("I cannot say yet what this is, and it cannot wait", *at_once(where)))
    place = clinic_of(specialty) if specialty else "a specialist"
    when = f"; you should be seen {'there ' if specialty else ''}{WITHIN[urgency]}" if urgency else ""
    return _joined((f"I cannot say yet what this is, so I am referring you to {place}{when}", *where))


def announcement(diagnosis: str | None, urgency: Urgency | None, where: Sequence[str] = ()) -> str:
    """Tell a decision alone, where the model's own words cannot be said; nothing of the scenario's advice is added.

    Args:
        diagnosis: The concluded diagnosis.
        urgency: How soon the patient must be seen.
        where: Where to go with the alarms that the patient has told.
    """
    named = f"I think this is {diagnosis}" if diagnosis else "I cannot say yet what this is"
    if urgency == "emergency" or any(urgency_of(sentence) == "emergency" for sentence in where):
        return _joined((f"{named}, and it cannot wait", *at_once(where)))
    return _joined((f"{named}; you should be seen {WITHIN[urgency]}" if urgency else named, *where))


def plain_reply(diagnosis: str | None, kind: str | None, scenario: Scenario) -> str:
    """Answer a question back from the scenario."""
    label = scenario.labels.get(diagnosis or "")
    return (label.answers.get(kind or "") if label else None) or "I cannot tell you more about that today."


def at_once(where: Sequence[str]) -> tuple[str, ...]:
    """Return where to go in an emergency, from the directions for the alarms that were told."""
    return tuple(sentence for sentence in where if sentence != SEEN_TODAY) or (EMERGENCY_DEPARTMENT,)


def _joined(parts: Iterable[str]) -> str:
    return " ".join(stopped(part) for part in parts if part)
