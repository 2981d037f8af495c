"""The rule assessor: decides items of the rubric from card and acts, without a model.

Each rule is a function of one consultation that returns a verdict with its reason. It judges what was asked and said,
not how a conversation ended: an unfinished consultation is judged by the same rules. If a rule cannot decide, the item
is None: empathy and wishes always, plans in other words than the scenario's, and items for which the scenario has no
topics, labels or truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from consult.agents.acts import Act
from consult.agents.assessors.rubric import ITEMS, NOT_DECIDED, Verdict
from consult.agents.grounding.emergency_words import urgency_of
from consult.agents.grounding.facts import stated, stems, telling, words
from consult.agents.prompt_formats.questions import topic_of
from consult.agents.roles.advice import SHORT, says, sentences
from consult.scenarios import URGENCIES, Case, Fact, Label, Scenario, Urgency
from consult.scenarios.conditional import Known, applying, known_facts, known_of
from consult.scenarios.correct import UNKNOWN, Correct, correct, is_known

RULES = "rules"
"""The reference of this assessor."""
VERSION = 5
"""Increases when a rule judges differently; part of the assessor's name, `rules@5`."""

WRONG = "concluded "
"""Prefix of the reason for 3.1 if the diagnosis is wrong."""
HISTORY = ("history", "conditions", "medicines", "allergies", "pregnancy", "family", "social")
SYMPTOMS = ("sensation", "symptoms", "site", "duration", "course", "alarm")
CAUSES = ("trigger",)
TREATMENTS = ("treatment",)
KINDS: Mapping[str, tuple[str, ...]] = {"symptoms": SYMPTOMS, "causes": CAUSES, "tried treatments": TREATMENTS}
ENOUGH_KINDS = 2
"""Number of kinds required for 1.2, of three."""
LIKE_A_FINDING = 0.6
"""Share of a finding's key words that must occur in one sentence that gives a reason; at least 2 of them."""
ENOUGH_WORDS = 2
"""Fewest key words of a finding or a fact that is said in other words."""
REWORDED = 0.6
"""Share of a sentence's key words that one of the scenario's sentences has if it says the same in other words."""
SOUND_PLAN = 0.6
"""Share of the true diagnosis's plan that must be said."""

_COLLEAGUES = re.compile(
    r"\b(?:colleagues?|specialists|second opinion|panel|(?:the|our|my|one|each|every) (?:other )?specialist)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|since|given|based|basis|reasons?|evidence|photo\w*|picture|image|there(?:'s| is| are)|"
    r"(?:I|we) (?:can )?(?:see|saw|found|noticed?)|you(?:'ve| have| had| told| said| say| mention\w*| describ\w*|"
    r" report\w*| noticed?| feel| felt| are| were)|your? [\w -]+ (?:is|are|was|were|has|have|looks?|feels?)|"
    r"suggest\w*|points?|pointed|fits?|speaks?|indicat\w*|consistent|typical\w*|hints?|supports?|shows?|shown|match\w*)\b",
    re.IGNORECASE,
)
"""Pattern of a sentence that gives the basis of a conclusion; "keep your skin dry" does not match."""
_CONDITION = re.compile(
    r"\b(?:if(?! you look)|unless|in case|as soon as|whenever|should (?:it|you|the|your))\b[^.;:!?]*", re.IGNORECASE
)


@dataclass(frozen=True)
class Played:
    """A finished consultation, as input of the rules."""

    case: Case
    scenario: Scenario
    acts: tuple[Act, ...]
    decided: Correct = UNKNOWN
    """The stored decision on its diagnosis; a judge's verdict counts if names do not decide."""

    @cached_property
    def asked(self) -> Mapping[str, int]:
        """Return topic of an attending's question → index of the first turn that asks about it.

        A question may also be part of the line that calls the panel, where nobody answers it.
        """
        found: dict[str, int] = {}
        for idx, act in enumerate(self.acts):
            topic = self.topic_of_question(idx) if _leads(act, "ask") else None
            if _leads(act, "consult") and "?" in act.text:
                topic = topic_of(act.text, "questions")
            if topic:
                found.setdefault(topic, idx)
        return found

    def topic_of_question(self, idx: int) -> str | None:
        """Return a question's topic: as stated, else from its words, else from the first fact of the answer."""
        question = self.acts[idx]
        facts = {fact.id: fact.topic for fact in self.case.card.facts}
        answered = self.acts[idx + 1].facts if idx + 1 < len(self.acts) else ()
        heard = next((facts[fact] for fact in answered if fact in facts), None)
        return question.topic or topic_of(question.text, "questions") or heard

    @cached_property
    def conclusion(self) -> Act | None:
        """Return the attending's conclusion."""
        return next((act for act in self.acts if act.action == "conclude"), None)

    @cached_property
    def concluded_at(self) -> tuple[int, ...]:
        """Return the index of the conclusion's turn; empty if there is none."""
        return tuple(idx for idx, act in enumerate(self.acts) if act is self.conclusion)

    @cached_property
    def told(self) -> str:
        """Return everything the attending said from the conclusion on, without its private thoughts."""
        after = self.acts.index(self.conclusion) if self.conclusion else len(self.acts)
        return " ".join(act.text for act in self.acts[after:] if act.speaker == "attending")

    @cached_property
    def learned(self) -> tuple[Fact, ...]:
        """Return the facts that the patient stated or an examination showed."""
        said = {fact for act in self.acts for fact in act.facts}
        done = {act.topic for act in self.acts if _leads(act, "examine")}
        card = self.case.card
        return (
            *(fact for fact in (card.complaint, *card.facts) if fact.id in said),
            *(fact for fact in card.examinations if fact.topic in done),
        )

    @cached_property
    def known(self) -> Known:
        """Return the names of the findings that the doctor has learned, and what can be seen: sex and age."""
        card = self.case.card
        return known_facts((*self.learned, *card.about("age")), card.sex)

    @cached_property
    def alarms(self) -> tuple[Fact, ...]:
        """Return the red flags that the patient told."""
        return tuple(fact for fact in self.learned if fact in self.case.card.alarms)

    @cached_property
    def sent(self) -> Urgency | None:
        """Return the urgency of the attending's referral in words; the scenario's safety nets are not referrals."""
        return urgency_of(_without(self.told, _flags(self.scenario)))

    @cached_property
    def told_topics(self) -> frozenset[str]:
        """Return the topics of the facts that the patient stated in answers, asked for or not."""
        told = {fact for act in self.acts if act.action == "answer" for fact in act.facts}
        return frozenset(fact.topic for fact in self.case.card.facts if fact.id in told)

    @cached_property
    def truth(self) -> Label | None:
        """Return the true diagnosis with its plan; None if the scenario does not know it."""
        return self.scenario.labels.get(self.case.truth.diagnosis or "")


Rule = Callable[[Played], Verdict]


def asks_for_history(played: Played) -> Verdict:
    """1.1: a question is about past illnesses, habits, allergies or the family."""
    if not set(HISTORY) & set(played.scenario.topics):
        return _open("the scenario has no topic of medical history")
    asked = {topic: idx for topic, idx in played.asked.items() if topic in HISTORY}
    if not asked:
        return Verdict(0, "no question about medical history")
    return Verdict(1, f"asked about {_and(asked)}", tuple(asked.values()))


def asks_for_symptoms(played: Played) -> Verdict:
    """1.2: the questions elicited at least two of: symptoms, causes, tried treatments.

    One of the two must have been asked about; the other may be told unasked in an answer.
    """
    if not any(set(topics) & set(played.scenario.topics) for topics in KINDS.values()):
        return _open("the scenario has no topics of symptoms, causes or treatments")
    asked = [kind for kind, topics in KINDS.items() if set(topics) & set(played.asked)]
    told = [kind for kind, topics in KINDS.items() if kind not in asked and set(topics) & played.told_topics]
    turns = tuple(idx for topic, idx in played.asked.items() if any(topic in topics for topics in KINDS.values()))
    why = f"asked about {_and(asked) or 'none of the three'}{f', was told {_and(told)}' if told else ''}"
    return Verdict(int(bool(asked) and len(asked) + len(told) >= ENOUGH_KINDS), why, turns)


def explains_the_basis(played: Played) -> Verdict:
    """1.3: the text from the conclusion on names a finding, one of the patient's facts, or the colleagues.

    Advice that the scenario gives to every patient, reworded or not, and conditions ("if it gets worse") are not a
    basis. The reason cites a finding or a fact that was said word for word, else the sentence.
    """
    if played.conclusion is None:
        return Verdict(0, "there is no conclusion")
    basis = _basis(played)
    return Verdict(int(basis is not None), basis or "names no basis", played.concluded_at)


def _basis(played: Played) -> str | None:
    said = _own_sentences(played)
    # A finding word for word counts even if the general explanation has much the same words.
    finding = max((f for f in played.scenario.findings if _is_said(f, said)), key=len, default=None)
    if finding:
        return f"names what was seen: {finding}"
    own = _of_this_patient(said, played.scenario)
    fact = max((f.text for f in played.learned if _is_said(f.text, own)), key=len, default=None)
    if fact:
        return f"names what was learned: {fact}"
    reasons = {s: _unnamed(s, played.scenario) for s in own if _REASON.search(s)}
    for sentence, unnamed in reasons.items():
        if any(_names(unnamed, finding) for finding in played.scenario.findings):
            return f'names what was seen, in other words: "{sentence}"'
    for sentence, unnamed in reasons.items():
        if any(len(telling(fact.text) & stems(unnamed)) >= ENOUGH_WORDS for fact in stated(unnamed, played.learned)):
            return f'names what was learned, in other words: "{sentence}"'
    asked = any(_leads(act, "consult") for act in played.acts)
    return "names the colleagues" if asked and any(map(_COLLEAGUES.search, own)) else None


def judges_no_feelings(played: Played) -> Verdict:
    """2.1 and 2.2: a program cannot decide these."""
    return _open("a program cannot tell respect, empathy and regard for wishes")


def finds_the_diagnosis(played: Played) -> Verdict:
    """3.1: the diagnosis is the true one, and a question, an examination or the panel led to it."""
    return replace(_diagnosis(played), turns=played.concluded_at)


def _diagnosis(played: Played) -> Verdict:
    true = played.case.truth.diagnosis
    if not is_known(true, played.scenario):
        return _open("no truth is known")
    found = played.conclusion.diagnosis if played.conclusion else None
    decided = correct(found, true, played.scenario)
    if decided.by == "unjudged" and played.decided.by == "judge":
        decided = played.decided
    if decided.by == "unjudged":
        return _open("the diagnoses are open, and the words differ")
    if not decided.correct:
        return Verdict(0, f"{WRONG}{found or 'no diagnosis'}, but it is {true}")
    steps = [act for act in played.acts if any(_leads(act, step) for step in ("ask", "examine", "consult"))]
    return Verdict(1, "right, after looking into it") if steps else Verdict(0, "right, but nothing was looked into")


def advises_rightly(played: Played) -> Verdict:
    """3.2: an emergency is referred to the right place; otherwise the true diagnosis's plan and red flags are given.

    In addition, an urgent case whose alarm the patient told must be referred on the same day. A plan is recognized by
    the scenario's own sentences. One in other words cannot be judged.
    """
    return replace(_advice(played), turns=played.concluded_at)


def _advice(played: Played) -> Verdict:
    if played.conclusion is None:
        return Verdict(0, "there is no conclusion")
    if played.case.truth.urgency == "emergency":
        sent = played.sent == "emergency"
        return Verdict(1, "an emergency, sent at once") if sent else Verdict(0, "an emergency, not sent at once")
    if played.case.truth.urgency == "urgent" and played.alarms and not _sent_with(played.alarms, played):
        return Verdict(0, "an alarm was told, but the patient was not sent on the same day")
    if played.truth is None or not played.truth.plan:
        return _open("the scenario has no plan for the true diagnosis")
    return _plan(played, played.truth)


def _sent_with(alarms: Iterable[Fact], played: Played) -> bool:
    """Return whether a patient is referred on the same day, or to the right place for one of the alarms."""
    today = played.sent is not None and URGENCIES.index(played.sent) >= URGENCIES.index("urgent")
    return today or any(says(played.told, alarm.where) for alarm in alarms if alarm.where)


def _plan(played: Played, true: Label) -> Verdict:
    label = _planned(played.told, true, played)
    if label is true:
        return _plan_of_the_truth(played, true)
    if label is not None:
        return Verdict(0, f"the plan for {label.name}, but it is {true.name}")
    if played.sent == "emergency" and not played.alarms:
        return Verdict(0, "sent to an emergency department, but it is not an emergency")
    if played.conclusion is not None and played.conclusion.diagnosis is None:
        return Verdict(0, "no diagnosis, and no plan for one")
    return _open("a plan in other words than the scenario's")


def _plan_of_the_truth(played: Played, true: Label) -> Verdict:
    """Judge whether the plan is the one that this patient needs: nothing missing, and nothing meant for others."""
    told, needs = played.told, known_of(played.case.card)
    special = [one for one in true.plan if one.conditional]
    unfit = next((one for one in special if not one.applies(needs) and says(told, one.text)), None)
    missing = next((one for one in special if one.when and one.applies(needs) and not says(told, one.text)), None)
    if unfit or missing:
        what = f"says '{unfit.text}'" if unfit else f"lacks '{missing.text if missing else ''}'"
        topics = (unfit or missing or special[0]).topics
        return Verdict(0, f"the plan for {true.name}, which for this patient {what}; {_asked_about(played, topics)}")
    flags = all(says(told, sentence) for sentence in applying(true.safety_net, needs))
    asked = f"; {_asked_about(played, true.conditional_topics)}" if true.conditional_topics else ""
    return Verdict(int(flags), f"the plan for {true.name}, {'with' if flags else 'without'} its red flags{asked}")


def _asked_about(played: Played, topics: Iterable[str]) -> str:
    """Describe which topics of those that a plan depends on the doctor learned about."""
    seen = {"age", "sex", "site", "complaint"}
    wanted = [topic for topic in topics if topic not in seen]
    learned = {fact.topic for fact in played.learned}
    asked = [topic for topic in wanted if topic in played.asked or topic in learned]
    missed = [topic for topic in wanted if topic not in asked]
    parts = [f"asked about {_and(asked)}"] if asked else []
    return (
        " and ".join((*parts, *([f"did not ask about {_and(missed)}"] if missed else []))) or "nothing had to be asked"
    )


def is_competent(sofar: Mapping[str, Verdict]) -> Verdict:
    """4.1, from the other items: 0 if diagnosis or advice is wrong, 2 if 1.1 to 1.3 are also met, else 1."""
    right = [sofar[key].value for key in ("3.1", "3.2")]
    if 0 in right:
        return Verdict(0, "diagnosis or advice is wrong")
    rest = [sofar[key].value for key in ("1.1", "1.2", "1.3")]
    if None in (*right, *rest):
        return _open("an item that it follows from is open")
    missing = [key for key in ("1.1", "1.2", "1.3") if sofar[key].value == 0]
    return Verdict(1, f"right, but {_and(missing)} not met") if missing else Verdict(2, "all met")


RULES_OF: Mapping[str, Rule] = {
    "1.1": asks_for_history,
    "1.2": asks_for_symptoms,
    "1.3": explains_the_basis,
    "2.1": judges_no_feelings,
    "2.2": judges_no_feelings,
    "3.1": finds_the_diagnosis,
    "3.2": advises_rightly,
}


def assess_by_rules(played: Played) -> dict[str, Verdict]:
    """Judge a consultation by all rules."""
    verdicts = {key: rule(played) for key, rule in RULES_OF.items()}
    verdicts["4.1"] = is_competent(verdicts)
    return {item.key: verdicts[item.key] for item in ITEMS}


# -- words -------------------------------------------------------------------------------------------------------------


def _leads(act: Act, action: str) -> bool:
    return act.speaker == "attending" and act.action == action


def _open(why: str) -> Verdict:
    return Verdict(None, NOT_DECIDED + why)


def _and(names: Iterable[str]) -> str:
    return ", ".join(names)


def _own_sentences(played: Played) -> list[str]:
    """Return the sentences from the conclusion on, without the scenario's own sentences and without conditions."""
    general = [s for label in played.scenario.labels.values() for s in sentences(label)]
    rest = _CONDITION.sub("", _without(played.told, general))
    return [s for s in (" ".join(one.split()) for one in re.split(r"(?<=[.!?])\s+", rest)) if telling(s)]


def _of_this_patient(said: Iterable[str], scenario: Scenario) -> list[str]:
    """Leave out reworded advice of the scenario, and sentences that begin as a definition of a diagnosis."""
    general = [telling(_unnamed(s, scenario)) for label in scenario.labels.values() for s in sentences(label)]
    return [s for s in said if not _defines(s, scenario) and not _rewords(telling(_unnamed(s, scenario)), general)]


def _rewords(said: set[str], general: Iterable[set[str]]) -> bool:
    return len(said) > 1 and any(
        len(said & one) >= REWORDED * (min(len(said), len(one)) if len(one) >= SHORT else len(said)) for one in general
    )


def _defines(sentence: str, scenario: Scenario) -> bool:
    first = rf"(?:an? |the |with )?(?:{'|'.join(map(re.escape, scenario.labels))})" if scenario.labels else "(?!)"
    return re.match(rf"{first}(?:,| is\b| are\b| means\b)", sentence, re.IGNORECASE) is not None


def _unnamed(text: str, scenario: Scenario) -> str:
    """Leave out the names of diagnoses, which are not evidence for themselves."""
    for name in scenario.labels:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text, flags=re.IGNORECASE)
    return text


def _is_said(clause: str, said: Iterable[str]) -> bool:
    """Return whether one of the sentences contains a clause word for word."""
    wanted = " ".join(words(clause))
    return bool(telling(clause)) and any(f" {wanted} " in f" {' '.join(words(one))} " for one in said)


def _without(text: str, said: Iterable[str]) -> str:
    for core in (sentence.rstrip(".!?") for sentence in said):
        if core and core.lower() in text.lower():
            text = re.sub(re.escape(core), " ", text, flags=re.IGNORECASE)
    return text


def _names(text: str, finding: str) -> bool:
    wanted = telling(finding)
    return len(wanted & stems(text)) >= max(ENOUGH_WORDS, LIKE_A_FINDING * len(wanted))


def _planned(told: str, true: Label, played: Played) -> Label | None:
    """Find the diagnosis whose plan is given: most of its steps, and among several the best match."""
    labels = [true, *(label for label in played.scenario.labels.values() if label is not true)]
    whole, known = known_of(played.case.card), played.known
    share: dict[str, float] = {}
    for label in labels:
        # The plan for this patient, or the plan that follows from what the doctor learned.
        plans = [plan for plan in (label.plan_for(whole), label.plan_for(known)) if plan]
        share[label.name] = max((sum(says(told, step) for step in plan) / len(plan) for plan in plans), default=0.0)
    theirs = [label for label in labels if share[label.name] >= SOUND_PLAN]
    return max(theirs, key=lambda label: share[label.name] + says(told, label.safety_net_for(whole)), default=None)


def _flags(scenario: Scenario) -> list[str]:
    return [one.text for label in scenario.labels.values() for one in label.safety_net] + [
        answer for label in scenario.labels.values() for answer in label.answers.values()
    ]
