"""Counterfactual edits of a consultation that was played: each takes away, or adds, the evidence of one item.

An edit returns None if there is nothing to edit. The rules score the edited consultation, so an edit need not know the
items that it changes; only a rude line and a rejected question are known from the edit itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from random import Random

from consult.agents import counterfactuals
from consult.agents.acts import Act
from consult.agents.assessors.rules import CAUSES, HISTORY, KINDS, SYMPTOMS, TREATMENTS, Played, explains_the_basis
from consult.agents.grounding.facts import plainly
from consult.agents.prompt_formats.questions import said_about
from consult.agents.prompt_formats.starter_frames import sentence_case
from consult.agents.roles.advice import plain_explanation, plain_reply, sentences
from consult.rl.starter.assessor.contrasts import Bank
from consult.scenarios import Label
from consult.scenarios.conditional import applying

Edit = Callable[[Played, Random, Bank], Played | None]

GONE = 0.6
"""Share of the questions that are taken out at random."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


# -- questions ---------------------------------------------------------------------------------------------------------


def without_history(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Take out all questions about the history, with their answers."""
    return _without_questions(played, HISTORY)


def without_symptoms(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Take out all questions about symptoms, causes and treatments, with their answers."""
    return _without_questions(played, (*SYMPTOMS, *CAUSES, *TREATMENTS))


def with_one_kind(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Take out the questions of all but one of the three kinds, with their answers."""
    kept = KINDS[rng.choice(list(KINDS))]
    return _without_questions(played, {t for topics in KINDS.values() for t in topics} - set(kept))


def with_history(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Put in a question about the history, with its answer."""
    return None if set(HISTORY) & set(played.asked) else _with_question(played, HISTORY, rng)


def with_another_question(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Put in a question about symptoms, causes or treatments, with its answer."""
    return _with_question(played, KINDS[rng.choice(list(KINDS))], rng)


def with_fewer_questions(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Take out questions and examinations at random, with their answers; short examples are learned faster."""
    asked = [i for i, act in enumerate(played.acts) if _is(act, "ask") or _is(act, "examine")]
    gone = {i for i in asked if rng.random() < GONE}
    return _without_acts(played, gone) if gone else None


def _without_questions(played: Played, topics: Collection[str]) -> Played | None:
    asked = {i for i, act in enumerate(played.acts) if _is(act, "ask") and act.topic in topics}
    return _without_acts(played, asked) if asked else None


def _without_acts(played: Played, gone: Collection[int]) -> Played:
    answered = {i + 1 for i in gone if played.acts[i + 1 : i + 2] and played.acts[i + 1].action == "answer"}
    return _with(played, [act for i, act in enumerate(played.acts) if i not in gone and i not in answered])


def _with_question(played: Played, topics: Sequence[str], rng: Random) -> Played | None:
    worded = set(said_about("questions")) & set(played.scenario.topics)
    left = [t for t in topics if t in worded and t not in played.asked and played.case.card.about(t)]
    end = next((i for i, act in enumerate(played.acts) if act.action in ("consult", "conclude")), None)
    if not left or end is None:
        return None
    topic = rng.choice(left)
    fact = played.case.card.about(topic)[0]
    asked = (
        Act("attending", "ask", rng.choice(said_about("questions")[topic]), topic=topic),
        Act("patient", "answer", plainly((fact,)), topic=topic, facts=(fact.id,)),
    )
    free = [i for i in range(1, end + 1) if played.acts[i - 1].action != "ask"]
    at = rng.choice(free) if free else end
    return _with(played, (*played.acts[:at], *asked, *played.acts[at:]))


# -- what was told -----------------------------------------------------------------------------------------------------


def without_basis(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Take out of the conclusion each sentence that gives a reason."""
    if not explains_the_basis(played).value:
        return None
    edited = played
    for act in _told(played):
        said = [s for s in _SENTENCE.split(act.text) if not _names_a_basis(edited, act, s)]
        edited = _replacing(edited, act, " ".join(said))
    return edited if explains_the_basis(edited).value == 0 else None


def with_basis(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Put a reason into the conclusion that names a finding, a fact or the colleagues."""
    if played.conclusion is None or explains_the_basis(played).value:
        return None
    kind = rng.choice(["seen", "seen", "told", "colleagues"])
    fact = rng.choice(played.learned).text if played.learned else "it has been there for some time"
    finding = rng.choice(list(played.scenario.findings)) if played.scenario.findings else "what I see"
    reason = rng.choice(bank[kind]).replace("{finding}", finding).replace("{fact}", fact.rstrip("."))
    edited = _beside(played, played.conclusion, sentence_case(reason), rng)
    return edited if explains_the_basis(edited).value else None


def _names_a_basis(played: Played, act: Act, sentence: str) -> bool:
    conclusion = played.conclusion or act
    alone = [replace(a, text="") for a in played.acts if a is not conclusion and a not in _told(played)]
    return bool(explains_the_basis(_with(played, [*alone, replace(conclusion, text=sentence)])).value)


def with_another_plan(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Replace the treatment and red flags in the conclusion with those of another diagnosis."""
    told = played.conclusion.diagnosis if played.conclusion else None
    others = [label for label in played.scenario.labels.values() if label.plan and label.name != told]
    return _swapped(played, rng.choice(others)) if others else None


def with_right_plan(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Replace the treatment and red flags in the conclusion with those of the true diagnosis."""
    return _swapped(played, played.truth) if played.truth and played.truth.plan else None


def without_red_flags(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Take out when to come back."""
    return counterfactuals.without_red_flags(played)


def sent_to_emergency(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Replace the conclusion's text with the text for an emergency."""
    conclusion = played.conclusion
    if conclusion is None:
        return None
    text = plain_explanation(conclusion.diagnosis, "emergency", played.scenario)
    return _replacing(played, conclusion, text)


def _swapped(played: Played, other: Label) -> Played | None:
    conclusion = played.conclusion
    label = played.scenario.labels.get(conclusion.diagnosis or "") if conclusion else None
    if label is None or conclusion is None or label is other:
        return None
    # The steps that apply to this patient, given what the doctor has learned.
    steps = (*other.plan_for(played.known), *applying(other.safety_net, played.known))
    text = counterfactuals.replanned(conclusion.text, label, steps)
    return None if text is None else _replacing(played, conclusion, text)


# -- diagnosis ---------------------------------------------------------------------------------------------------------


def with_another_diagnosis(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Change the attending's diagnosis to another one, with the same plan."""
    conclusion = played.conclusion
    others = [name for name in played.scenario.labels if conclusion and name != conclusion.diagnosis]
    return _renamed(played, rng.choice(others)) if others else None


def with_right_diagnosis(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Change the attending's diagnosis to the true one, with the same plan."""
    return _renamed(played, played.truth.name) if played.truth else None


def with_another_truth(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Make another diagnosis the true one."""
    return _true(played, rng.choice(list(played.scenario.labels)))


def with_fitting_truth(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Make the attending's diagnosis the true one."""
    return _true(played, played.conclusion.diagnosis) if played.conclusion else None


def _renamed(played: Played, name: str) -> Played | None:
    conclusion = played.conclusion
    if conclusion is None or conclusion.diagnosis in (None, name):
        return None
    said = replace(conclusion, diagnosis=name, text=_naming(played, conclusion, name))
    return _with(played, [said if act is conclusion else act for act in played.acts])


def _naming(played: Played, conclusion: Act, name: str) -> str:
    """Name another diagnosis wherever the doctor names its own, except in the scenario's sentences."""
    was = conclusion.diagnosis or ""
    label = played.scenario.labels.get(was)
    kept = {s: f"\0{i}\0" for i, s in enumerate(s for s in (sentences(label) if label else ()) if s)}
    text = conclusion.text
    for sentence, mark in kept.items():
        text = text.replace(sentence, mark)
    text = re.sub(rf"(?<!\w){re.escape(was)}(?!\w)", name, text, flags=re.IGNORECASE)
    for sentence, mark in kept.items():
        text = text.replace(mark, sentence)
    return sentence_case(text)


def _true(played: Played, name: str | None) -> Played | None:
    label = played.scenario.labels.get(name or "")
    if label is None or name == played.case.truth.diagnosis:
        return None
    truth = replace(played.case.truth, diagnosis=name, specialty=label.specialty, urgency=label.urgency, red_flag=None)
    return Played(replace(played.case, truth=truth), played.scenario, played.acts)


# -- manners -----------------------------------------------------------------------------------------------------------


def with_a_rude_line(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Put a disrespectful sentence before or after one of the attending's lines."""
    kind = rng.choice([kind for kind in ("rude", "framed") if kind in bank])
    return _with_words(played, rng.choice(bank[kind]), rng)


def with_a_polite_line(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Put a friendly sentence before or after one of the attending's lines."""
    return _with_words(played, rng.choice(bank["polite"]), rng)


def brushed_off(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Reject one of the patient's questions."""
    return _replying(played, rng.choice(bank["brush_off"]), rng)


def left_unanswered(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Take out the answer to one of the patient's questions."""
    replies = _replies(played)
    gone = rng.choice(replies) if replies else None
    return _with(played, [act for act in played.acts if act is not gone]) if gone else None


def answered_otherwise(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Answer one of the patient's questions in other words than the scenario's."""
    return _replying(played, rng.choice(bank["attentive"]), rng)


def _with_words(played: Played, words: str, rng: Random) -> Played | None:
    lines = [act for act in played.acts if act.speaker == "attending" and act.action != "answer" and act.text]
    return _beside(played, rng.choice(lines), words, rng) if lines else None


def _replies(played: Played) -> list[Act]:
    return [act for act in played.acts if act.speaker == "attending" and act.action == "answer"]


def _replying(played: Played, words: str, rng: Random) -> Played | None:
    replies = [act for act in _replies(played) if act.text != plain_reply(None, None, played.scenario)]
    return _replacing(played, rng.choice(replies), words) if replies else None


# -- all the same ------------------------------------------------------------------------------------------------------


def with_noise(played: Played, rng: Random, bank: Bank) -> Played | None:
    """Insert unrelated words into anybody's line."""
    lines = [act for act in played.acts if act.text and act.action != "satisfied"]
    return _beside(played, rng.choice(lines), rng.choice(bank["noise"]), rng) if lines else None


def cut_off(played: Played, rng: Random, bank: Bank) -> Played | None:
    """End the consultation before a conclusion."""
    at = next((i for i, act in enumerate(played.acts) if act.action == "conclude"), None)
    return _with(played, played.acts[: rng.randint(1, at)]) if at else None


# -- helping -----------------------------------------------------------------------------------------------------------


def _is(act: Act, action: str) -> bool:
    return act.speaker == "attending" and act.action == action


def _told(played: Played) -> list[Act]:
    """Return the attending's lines from the conclusion on."""
    after = played.acts.index(played.conclusion) if played.conclusion else len(played.acts)
    return [act for act in played.acts[after:] if act.speaker == "attending"]


def _with(played: Played, acts: Sequence[Act]) -> Played:
    return Played(played.case, played.scenario, tuple(acts))


def _replacing(played: Played, old: Act, text: str) -> Played:
    return _with(played, [replace(act, text=text) if act is old else act for act in played.acts])


def _beside(played: Played, act: Act, words: str, rng: Random) -> Played:
    """Put words before, after or between the sentences of a line."""
    said = _SENTENCE.split(act.text)
    at = rng.choice([0, rng.randint(0, len(said)), len(said)])
    return _replacing(played, act, " ".join((*said[:at], words, *said[at:])))
