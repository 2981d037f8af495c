"""Edits of a finished consultation; each removes only what one item of the rubric asks for.

They test an assessor's use of evidence: if a verdict does not change when its evidence is removed, it was not based on
it. An edit returns None if the consultation has nothing to remove.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from consult.agents.assessors.rules import CAUSES, HISTORY, SYMPTOMS, TREATMENTS, Played
from consult.agents.roles.advice import explained, says
from consult.scenarios import Label

Edit = Callable[[Played], Played | None]

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def without_questions(played: Played, topics: Sequence[str]) -> Played | None:
    """Take out the questions about some topics, each with its answer.

    Args:
        played: The consultation.
        topics: Topics of the card.

    Returns:
        None if there is no such question, or if an answer to one also states facts of other topics.
    """
    about = {fact.id: fact.topic for fact in played.case.card.facts}
    acts, kept, at = played.acts, [], 0
    while at < len(acts):
        asks = acts[at].action == "ask" and acts[at].speaker == "attending"
        if asks and played.topic_of_question(at) in topics:
            answer = acts[at + 1 : at + 2]
            if any(about.get(fact) not in topics for act in answer for fact in act.facts):
                return None
            at += 1 + len(answer)
            continue
        kept.append(acts[at])
        at += 1
    return replace(played, acts=tuple(kept)) if len(kept) < len(acts) else None


def without_history(played: Played) -> Played | None:
    """1.1: no question about past illnesses, habits, allergies or the family."""
    return without_questions(played, HISTORY)


def without_symptoms(played: Played) -> Played | None:
    """1.2: no question about symptoms, causes or tried treatments."""
    return without_questions(played, (*SYMPTOMS, *CAUSES, *TREATMENTS))


def without_basis(played: Played) -> Played | None:
    """1.3: the conclusion gives the scenario's diagnosis, explanation and advice, and no reason."""
    label = _concluded(played)
    if label is None:
        return None
    said = " ".join(map(_stopped, explained(label, played.known)))
    return _concluding(played, f"I believe that this is {label.name}. {said}")


def with_another_plan(played: Played) -> Played | None:
    """3.2: plan and red flags are those of a diagnosis of another specialty."""
    label, conclusion = _concluded(played), played.conclusion
    if label is None or conclusion is None:
        return None
    apart = [o for o in played.scenario.labels.values() if o.specialty != label.specialty and o.plan]
    other = random.Random(f"plan {played.case.id}").choice(apart)
    theirs = [one.text for one in (*other.plan, *other.safety_net) if not one.conditional]
    text = replanned(conclusion.text, label, theirs)
    return None if text is None else _concluding(played, text)


def without_red_flags(played: Played) -> Played | None:
    """3.2: the conclusion does not say when to come back at once."""
    label, conclusion = _concluded(played), played.conclusion
    if label is None or conclusion is None:
        return None
    told = sentences_of(conclusion.text)
    kept = [sentence for sentence in told if not any(says(sentence, one.text) for one in label.safety_net)]
    return _concluding(played, " ".join(kept)) if len(kept) < len(told) else None


def with_another_diagnosis(played: Played) -> Played | None:
    """3.1: a diagnosis of another specialty replaces the concluded one; the advice is unchanged."""
    label, conclusion = _concluded(played), played.conclusion
    if label is None or conclusion is None:
        return None
    apart = [name for name, o in played.scenario.labels.items() if o.specialty != label.specialty]
    other = random.Random(f"diagnosis {played.case.id}").choice(apart)
    text = conclusion.text.replace(label.name, other).replace(label.name.capitalize(), other.capitalize())
    acts = tuple(replace(a, text=text, diagnosis=other) if a is conclusion else a for a in played.acts)
    return replace(played, acts=acts)


def with_a_line(played: Played, line: str) -> Played | None:
    """2.1: one of the attending's questions begins with another line, such as a rude one."""
    asks = [i for i, a in enumerate(played.acts) if a.speaker == "attending" and a.action == "ask"]
    if not asks:
        return None
    at = asks[len(asks) // 2]
    spoken = replace(played.acts[at], text=f"{line} {played.acts[at].text}")
    return replace(played, acts=(*played.acts[:at], spoken, *played.acts[at + 1 :]))


def with_a_brush_off(played: Played, line: str) -> Played | None:
    """2.2: the patient's question back is not answered but brushed off."""
    for at, act in enumerate(played.acts[:-1]):
        after = played.acts[at + 1]
        if act.speaker == "patient" and act.action == "ask" and after.speaker == "attending":
            return replace(played, acts=(*played.acts[: at + 1], replace(after, text=line), *played.acts[at + 2 :]))
    return None


EDITS: Mapping[str, tuple[Edit, str]] = {
    "history removed": (without_history, "1.1"),
    "symptoms removed": (without_symptoms, "1.2"),
    "basis deleted": (without_basis, "1.3"),
    "diagnosis swapped": (with_another_diagnosis, "3.1"),
    "plan swapped": (with_another_plan, "3.2"),
    "red flags removed": (without_red_flags, "3.2"),
}
"""Name → edit, and the item whose evidence it removes; 4.1 follows from the items by its rule."""


def _concluded(played: Played) -> Label | None:
    return played.scenario.labels.get((played.conclusion.diagnosis if played.conclusion else None) or "")


def _concluding(played: Played, text: str) -> Played:
    acts = tuple(replace(act, text=text) if act is played.conclusion else act for act in played.acts)
    return replace(played, acts=acts)


def replanned(text: str, label: Label, steps: Sequence[str]) -> str | None:
    """Replace the plan and the red flags of a diagnosis, sentence by sentence, in whatever words they were told.

    Args:
        text: What was told.
        label: The diagnosis.
        steps: What is told instead; the rest comes at the end.

    Returns:
        None if no step of the diagnosis's plan was told.
    """
    left, edited, told = [_stopped(step) for step in steps], [], False
    for sentence in sentences_of(text):
        planned = any(says(sentence, one.text) for one in label.plan)
        told |= planned
        if planned or any(says(sentence, one.text) for one in label.safety_net):
            edited += [left.pop(0)] if left else []
        else:
            edited.append(sentence)
    return " ".join((*edited, *left)) if told else None


def sentences_of(text: str) -> list[str]:
    """Split a text into its sentences."""
    return [sentence for sentence in _SENTENCE_END.split(text.strip()) if sentence]


def _stopped(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
