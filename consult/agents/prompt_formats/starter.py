"""The starter's prompt format: terse prompts with tags, since a tiny model cannot read instructions.

The parts of a doctor's prompt are ordered by how late they change: the patient's data, the triage decision, what was
told and measured, the panel's opinions, and last the request. So the doctors of a consultation share its beginning.

What a program does for the model here: the patient's facts are put into slots (`<fact>`) of the sentence that the model
writes; a doctor reads a patient's line as the clauses of its facts, tagged by topic, where the line states them word by
word, and as it is otherwise; who quotes the patient names the topic, and the program puts the clause into the quotation
marks; what the photograph shows is asked once a doctor, and put where the doctor names it (`<seen>`). The attending
chooses its next act in one request and words it in another, a short one. Advice to the patient is the scenario's,
worded sentence by sentence where the model has learned to, in slots of a frame that the model words.

A line is chosen among those that the model has learned for its purpose (`consult.agents.prompt_formats.wording`): those
for a patient of this temperament and age, a question about this topic, this sentence of the advice. Where a reply is
free, as the reason after a diagnosis is, it is checked by them: a reason with a broken sentence is refused, and asked
for once more as a choice.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from consult.agents.acts import (
    NOT_MY_FIELD,
    AssessorView,
    DoctorView,
    Line,
    Opinion,
    PatientTask,
    PatientView,
    Person,
)
from consult.agents.assessors.rubric import Verdict
from consult.agents.models.model import Choice, Message, Prompt
from consult.agents.prompt_formats.clean import clean
from consult.agents.prompt_formats.prompt_format import (
    ActionOutput,
    DecisionOutput,
    FreeOutput,
    OpinionOutput,
    TriageOutput,
)
from consult.agents.prompt_formats.starter_assessment import read_starter_assessment, starter_assessment
from consult.agents.prompt_formats.starter_doctor import (
    CHILDHOOD,
    NEUTRAL,
    alarm_of,
    denies_alarm,
    finding_of,
    is_open,
    noted,
    quotable,
    said_on,
    supporting,
    told,
)
from consult.agents.prompt_formats.starter_frames import (
    TAG,
    fill,
    filled,
    framed,
    joined,
    named_first,
    with_article,
    with_its_article,
)
from consult.agents.prompt_formats.starter_reasons import (
    counting,
    explaining,
    in_brackets,
    quoting,
    reason_of,
    true_frames,
)
from consult.agents.prompt_formats.starter_tags import (
    NAME,
    OPINION,
    REPLY,
    SAID,
    SEEN,
    SLOTS,
    TAGS,
    TASK,
    TOPIC_TAGS,
    tag,
    without_tags,
)
from consult.agents.prompt_formats.wording import (
    frames,
    fresh,
    is_learned,
    kind_of_fact,
    more_frames,
    patient_frames,
    patient_lines,
    rewordings,
    taught_questions,
)
from consult.agents.roles.advice import at_once, explained, says
from consult.agents.temperament import Temperament
from consult.scenarios import URGENCIES, Card, Fact, Scenario, Urgency
from consult.scenarios.case import ALARM

VERSION = 3

HABITS = 3
"""Number of habits of the panel's members, in turn: weigh everything, rely on the photograph, rely on the story."""
STEADY = 0.8
"""Temperature of lines without a constraint."""
VARIED = 2.0
"""Temperature for drawing one of several suitable lines, so that none is used too often."""
CALIBRATION = {True: (0.60, 0.04), False: (1.39, 1.00)}
"""Whether there are panel opinions → slope and intercept of the final confidence's log odds over the probability's.

Platt scaling (1999), fitted on 340 validation consultations with a panel and 208 without. A panel's members agree more
on a patient than the opinions in the attending's training data, so the attending trusts them too much. Without a panel,
it is right more often than the general practitioner whose beliefs it learned.
"""
QUESTIONS = 5
"""Number of topics that an attending asks about before it consults or concludes, if no alarm was told."""
SURE = 0.3
"""Temperature for drawing a diagnosis: a physician seldom names an unlikely one."""

_DECIDED = {
    "before": r"\s*<think>(?P<thought>.*?)</think>\s*<answer>(?P<answer>.*?)</answer>(?P<others>.*)",
    "after": r"\s*<answer>(?P<answer>.*?)</answer>\s*<think>(?P<thought>.*?)(?:</think>(?P<others>.*)|\Z)",
    "none": r"\s*<answer>(?P<answer>.*?)</answer>(?P<others>.*)",
}
"""Where the reason goes → the form of a decision."""
_SAYS = ("surely", "probably", "perhaps")
_LAST = 200
"""Most characters of the last line in the prompt for the words of a question."""


def confidence_word(confidence: float | None) -> str:
    """Convert a confidence of 0 to 1 to one of three words: from 0.75, from 0.45, below."""
    if confidence is None:
        return _SAYS[1]
    return _SAYS[0] if confidence >= 0.75 else _SAYS[1] if confidence >= 0.45 else _SAYS[2]


class StarterDialect:
    """Terse prompts with tags."""

    name = "starter"
    slots = True
    in_words = False

    def fingerprint(self) -> str:
        """Hash the prompt format; it must equal the hash in the weights' metadata."""
        source = hashlib.sha256(repr((VERSION, TAGS, _SAYS, HABITS)).encode())
        for prompt in _examples(self):
            choice = prompt.choice
            source.update(repr((prompt.messages, choice and (choice.options, choice.after))).encode())
        return source.hexdigest()[:16]

    # -- patient ---------------------------------------------------------------------------------------------------

    def patient_line(self, view: PatientView, task: PatientTask, temperament: Temperament) -> Prompt:
        """Ask the patient to put a task into words."""
        slots = " ".join(SLOTS[: len(task.facts)])
        kind = kind_of_fact(task.facts[0]) if task.kind == "answer" and task.facts else ""
        user = " ".join(part for part in (task.kind, kind, task.about, slots) if part)
        lines = patient_lines(view.temperament, task, child=is_child(view.card), said=_said_by("patient", view))
        return Prompt((_patient(view), Message("user", user)), 64, _held(lines))

    def read_patient_line(self, text: str, task: PatientTask, view: PatientView) -> str | None:
        """Fill the slots; None if one is missing, repeated or left over, or a sentence is broken."""
        child = is_child(view.card)
        known = patient_frames(view.temperament, task, child=child)
        if len(task.facts) > 1:
            known += more_frames(view.temperament, child=child)
        return filled(text, task.facts) if is_learned(text, known) else None

    def free_line(self, view: PatientView, temperament: Temperament) -> Prompt:
        """Ask a patient who decides for itself what to say."""
        system = _patient(view)
        if not view.lines:
            return Prompt((system, Message("user", f"open {SLOTS[0]}")), 64, temperature=STEADY)
        if "answer" in view.offers:
            return Prompt((system, Message("user", f"free {without_tags(clean(view.lines[-1].text))[:_LAST]}")), 64)
        asked = any(line.speaker == "patient" and line.action == "ask" for line in view.lines)
        acts = ("<ask>", "<satisfied>", "<reluctant>") if "ask" in view.offers else ("<satisfied>", "<reluctant>")
        user = "react again" if asked else "react"
        return Prompt((system, Message("user", user)), 64, Choice(acts))

    def read_free_line(self, text: str, view: PatientView) -> FreeOutput | None:
        """Read it: an answer begins with the topics whose facts go into its slots."""
        if not view.lines:
            said = filled(text, (view.card.complaint,))
            return FreeOutput("open", said, (view.card.complaint.id,)) if said else None
        if "answer" in view.offers:
            return self._free_answer(text, view)
        match = re.match(r"\s*<(ask|satisfied|reluctant)>\s*(?:([a-z]+):)?(.*)", text, re.DOTALL)
        said = filled(match.group(3), ()) if match else None
        if match is None or said is None:
            return None
        if match.group(1) == "ask":
            return FreeOutput("ask", said, topic=match.group(2))
        return FreeOutput("satisfied", said, accepts=match.group(1) == "satisfied")

    def _free_answer(self, text: str, view: PatientView) -> FreeOutput | None:
        match = re.match(r"\s*((?:<[a-z]+>)+)(.*)", text, re.DOTALL)
        if match is None:
            return None
        topics = [name.strip("<>") for name in TAG.findall(match.group(1)) if name not in SLOTS]
        # A line may begin with a slot; anything that is not a topic belongs to the line.
        words = re.sub(r"^(?:<(?!fact>|second>|third>)[a-z]+>)+", "", text.strip())
        facts = [fact for topic in dict.fromkeys(topics) for fact in view.card.about(topic)[:1]]
        said = filled(words, facts)
        return FreeOutput("answer", said, tuple(fact.id for fact in facts)) if said else None

    def topic(self, question: str, view: PatientView) -> Prompt:
        """Ask which topic a question is about."""
        options = tuple(tag(topic) for topic in view.topics if topic in TOPIC_TAGS)
        messages = (Message("system", "topic"), Message("user", clean(question)[:300]))
        return Prompt(messages, 2, Choice((*options, "<unsure>")), temperature=0.0)

    def read_topic(self, text: str, view: PatientView) -> str | None:
        """Read the topic."""
        named = text.strip().strip("<>")
        return named if named in view.topics else None

    # -- doctors ---------------------------------------------------------------------------------------------------

    def look(self, view: DoctorView) -> Prompt | None:
        """Ask what the photograph shows; the prompt is always the same for the same photograph."""
        if view.photograph is None or not view.findings:
            return None
        user = Message("user", SEEN, (view.photograph,))
        return Prompt((Message("system", "doctor"), user), 32, Choice(view.findings), temperature=0.0)

    def read_look(self, text: str, view: DoctorView) -> str:
        """Read it."""
        return clean(text)

    def triage(self, view: DoctorView) -> Prompt:
        """Ask for specialty, urgency and why."""
        options = tuple(f"{specialty}, {urgency}." for specialty in view.specialties for urgency in URGENCIES)
        choice = Choice(options, after="</think>" if view.thinks else "") if options else None
        return self._doctor(_thinking("triage", view), view, "", 72 if view.thinks else 48, choice)

    def read_triage(self, text: str, view: DoctorView) -> TriageOutput | None:
        """Parse specialty, urgency and reason; the reason is empty if it cannot be used."""
        thought, said = _thought(text)
        for specialty in view.specialties:
            for urgency in URGENCIES:
                head = f"{specialty}, {urgency}."
                if said.startswith(head):
                    why = reason_of(said[len(head) :], view, "triage", with_article(specialty))
                    return TriageOutput(specialty, urgency, why, thought)
        return None

    def plain_triage(self, word: TriageOutput, view: DoctorView) -> str:
        """Return a program's reason for a triage; square brackets mark it as a program's."""
        return f"[photograph: {view.seen}]" if view.seen else in_brackets(said_on(view).get("complaint"))

    def action(self, view: DoctorView) -> Prompt:
        """Ask for the next act; topics that were asked about, or that are on file, are not among the choices."""
        options: list[str] = []
        # The panel hears what the patient said before; an attending that asks afterwards knows more than the panel did.
        asks = () if view.opinions else view.offers
        if "ask" in asks:
            options += [f"<ask><{t}>" for t in view.topics if is_open(t, view)]
        if "examine" in asks:
            options += [f"<examine><{t}>" for t in view.examinations if is_open(t, view)]
        # A doctor who has heard of no alarm asks a few questions first.
        early = bool(options) and len(view.asked) < QUESTIONS and not alarm_of(view) and view.turns_left > 2
        options += [f"<{offer}>" for offer in ("consult", "conclude") if offer in view.offers and not early]
        alone = "consult" not in view.offers and not view.opinions
        role = _thinking("alone" if alone else "lead", view)
        choice = Choice(tuple(options), after="</think>" if view.thinks else "")
        return self._doctor(role, view, f"{OPINION}\n" if view.opinions else "", 32 if view.thinks else 4, choice)

    def read_action(self, text: str, view: DoctorView) -> ActionOutput | None:
        """Parse the next act; its words are requested separately."""
        thought, said = _thought(text)
        match = re.match(r"<(ask|examine|consult|conclude)>(?:<([a-z]+)>)?", said)
        action = next((offer for offer in view.offers if match and offer == match.group(1)), None)
        if match is None or action is None:
            return None
        # The panel is always asked before a conclusion, so the attending announces it in its own words.
        action = "consult" if action == "conclude" and "consult" in view.offers else action
        topic = match.group(2) if action in ("ask", "examine") else None
        return None if action in ("ask", "examine") and topic is None else ActionOutput(action, topic, "", thought)

    def wording(self, view: DoctorView, word: ActionOutput) -> Prompt | None:
        """Ask for the words of an act."""
        if word.action == "conclude":
            return None
        first = "" if any(line.speaker == "attending" for line in view.lines) else "first "
        named = "named " if first and view.patient.name else ""
        last = view.lines[-1] if view.lines else None
        heard = f"\n{SAID} {without_tags(clean(last.text))[:_LAST]}" if last and last.speaker == "patient" else ""
        act = f"{first}{named}{word.action} {word.topic or ''}".strip()
        said, before = _said_to(word), _said_by("attending", view)
        lead_ins: tuple[str, ...] = ()
        if first:
            lead_ins = frames("doctor", "greeting" if named else "greeting_plain")
            if word.action == "consult":
                lead_ins = tuple(one for one in lead_ins if one.endswith(GREETS_ALONE))
        elif heard and word.action != "consult" and len(before) % 2:
            # Acknowledging every answer sounds mechanical, and the line that calls the panel already has thanks.
            answered = last is not None and any(topic not in last.absences for topic, _ in last.quotes)
            lead_ins = fresh(frames("doctor", "acknowledge") if answered else NEUTRAL, before)
        options = tuple(f"{one} {question}" for one in lead_ins for question in said) or said
        messages = (Message("system", "attending"), Message("user", f"{act}{heard}"))
        return Prompt(messages, 48, _held(options))

    def read_wording(self, text: str, view: DoctorView, word: ActionOutput) -> str | None:
        """Parse the words; None if they are broken or about another topic than the chosen one."""
        kinds = [key for key in LEAD_INS if key != "greeting" or view.patient.name]
        known = tuple(line for key in kinds for line in frames("doctor", key))
        said = _said_to(word)
        if not is_learned(text, (*known, *said)) or not any(text.strip().endswith(one) for one in said):
            return None
        return fill(text, {NAME: view.patient.name})

    def reasons(
        self, view: DoctorView, role: str, *, outside: bool = False, given: Sequence[str] = ()
    ) -> Choice | None:
        """List the reasons that quote what was seen and said."""
        if outside:
            return Choice(tuple(f" {frame}" for frame in fresh(frames("doctor", role, "outside"), given)), final=True)
        said = said_on(view) if role == "triage" else quotable(view)
        seen = [f" {frame}" for frame in fresh(frames("doctor", role, "seen"), given)] if view.seen else []
        if role == "triage":
            quoted = {"alarm": said.keys() & {ALARM}, "told": said.keys() & {"complaint"}}
        else:
            quoted = {"seen_told" if view.seen else "told": said.keys() & set(TOPIC_TAGS)}
        told = [
            f" {tag(topic)} {frame}"
            for kind, topics in quoted.items()
            for topic in sorted(topics)
            for frame in fresh(true_frames(view, role, kind), given)
        ]
        return Choice((*seen, *told), final=True) if seen or told else None

    def opinion(self, view: DoctorView, specialty: str, member: int) -> Prompt:
        """Ask one specialist."""
        options = tuple(f"{name}." for name in (*view.labels, NOT_MY_FIELD))
        choice = Choice(options, temperature=SURE) if view.labels else None
        return self._doctor(f"specialist {specialty} {member % HABITS + 1}", view, "", 64, choice)

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionOutput | None:
        """Parse an opinion; the reason's slots quote the topics before it."""
        named = named_first(text.strip(), (*view.labels, NOT_MY_FIELD))
        if named is None:
            return None
        reason = text.strip()[len(named) + 1 :]
        if named == NOT_MY_FIELD:
            return OpinionOutput(None, None, reason_of(reason, view, "specialist"))
        return OpinionOutput(named, None, reason_of(reason, view, "specialist", label=named))

    def plain_opinion(self, word: OpinionOutput, view: DoctorView) -> str:
        """Return a program's reason for an opinion."""
        if word.diagnosis is None:
            return "[outside its field]"
        return f"[photograph: {view.seen}]" if view.seen else in_brackets(supporting(view).get("complaint"))

    def decision(self, view: DoctorView) -> Prompt:
        """Ask for thought, diagnosis, urgency and differential."""
        opinions = "".join(
            f"{OPINION} {o.specialty}: {confidence_word(o.confidence)} {o.diagnosis or NOT_MY_FIELD}.\n"
            for o in view.opinions
        )
        prompt = self._doctor("decide", view, opinions, 96, _decisions(view))
        return prompt if view.rationale == "before" else replace(prompt, begin="<answer>")

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionOutput | None:
        """Parse all of it; a topic in the thought is replaced by a quotation.

        If the patient denied an alarm, an emergency is replaced by the urgency of the diagnosis: the model misreads
        some denials, mainly in words that it did not learn.
        """
        match = re.match(_DECIDED[view.rationale], text, re.DOTALL)
        if match is None or match["answer"] not in view.labels:
            return None
        urgency, others = _urgency(match["others"] or "")
        if urgency == "emergency" and denies_alarm(view):
            urgency = scenario.labels[match["answer"]].urgency if match["answer"] in scenario.labels else None
        differential = tuple(dict.fromkeys((match["answer"], *_listed(others, view.labels))))[:3]
        thought = match.groupdict().get("thought")
        if thought is None:
            return DecisionOutput(match["answer"], differential, "", urgency)
        quoted = quoting(thought, view)
        return DecisionOutput(match["answer"], differential, counting(quoted, view), urgency)

    def confidence(self, probability: float | None, view: DoctorView) -> float | None:
        """Calibrate the probability of the diagnosis."""
        if probability is None:
            return None
        slope, intercept = CALIBRATION[bool(view.opinions)]
        certain = min(max(probability, 1e-6), 1 - 1e-6)
        odds = slope * math.log(certain / (1 - certain)) + intercept
        return 1 / (1 + math.exp(-odds))

    def advice(self, view: DoctorView, scenario: Scenario) -> tuple[str, ...]:
        """List the sentences of the scenario's advice that the model can word, for this patient and diagnosis."""
        label = scenario.labels.get(view.diagnosis or "")
        if label is None or view.urgency == "emergency":
            return ()
        return tuple(sentence for sentence in explained(label, view.known) if sentence in rewordings())

    def rewording(self, sentence: str) -> Prompt:
        """Ask the doctor to reword a sentence of the scenario's advice."""
        messages = (Message("system", "attending"), Message("user", f"say {sentence}"))
        return Prompt(messages, 64, _held(rewordings().get(sentence, ())))

    def read_rewording(self, text: str, sentence: str) -> str | None:
        """Parse the reworded sentence; None if it does not say the same."""
        said = clean(text)
        return said if said in rewordings().get(sentence, ()) and says(said, sentence) else None

    def explanation(self, view: DoctorView) -> Prompt:
        """Ask for a frame around the advice."""
        kind = explaining(view)
        messages = (Message("system", "attending"), Message("user", f"explain {kind}"))
        return Prompt(messages, 80, _held(frames("doctor", "explain", kind)))

    def read_explanation(self, text: str, view: DoctorView, scenario: Scenario) -> str | None:
        """Fill the frame; None if it is broken, lacks or repeats a slot, or there is no diagnosis."""
        label, kind = scenario.labels.get(view.diagnosis or ""), explaining(view)
        if label is None or not is_learned(text, frames("doctor", "explain", kind)):
            return None
        if kind == "emergency":
            where = joined(at_once(view.where))
            return framed(text, {"<label>": with_its_article(label), "<where>": where})
        where = joined(view.where)
        worded = {sentence: view.worded.get(sentence, sentence) for sentence in explained(label, view.known)}
        net = {sentence for sentence in worded if sentence in label.safety_net_for(view.known)}
        plan = [worded[sentence] for sentence in label.plan_for(view.known)]
        fillings = {
            "<label>": with_its_article(label),
            "<what>": joined(filter(None, [worded.get(label.explanation)])),
            "<plan>": joined(plan),
            "<net>": joined(words for sentence, words in worded.items() if sentence in net),
            "<seen>": finding_of(view) if "seen" in kind else "",
            "<fact>": alarm_of(view) if kind == "alarm" else noted(view) if "told" in kind else "",
            "<where>": where if kind == "alarm" else "",
        }
        # The label decides which of the scenario's sentences exist; the kind decides the rest.
        kept = {slot: filling for slot, filling in fillings.items() if filling or slot in ("<what>", "<plan>", "<net>")}
        said = framed(text, kept)
        # An alarm that cannot be quoted has no frame.
        return f"{where} {said}" if said and where and kind != "alarm" else said

    def reply(self, view: DoctorView, question: Line) -> Prompt:
        """Ask for a frame around the scenario's answer."""
        messages = (Message("system", "attending"), Message("user", "reply"))
        return Prompt(messages, 48, _held(frames("doctor", "reply")))

    def reply_sentence(self, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Return the scenario's answer to a question back; None if it has none, or one that was not learned."""
        label = scenario.labels.get(view.diagnosis or "")
        answer = label.answers.get(question.topic or "") if label else None
        return answer if answer in rewordings() else None

    def read_reply(self, text: str, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Fill the frame; None if it is broken, or the scenario has no answer to a question of this kind."""
        label = scenario.labels.get(view.diagnosis or "")
        answer = label.answers.get(question.topic or "") if label else None
        if not answer or not is_learned(text, frames("doctor", "reply")):
            return None
        return framed(text, {REPLY: view.worded.get(answer, answer)})

    # -- assessor --------------------------------------------------------------------------------------------------

    def assessment(self, view: AssessorView) -> Prompt:
        """Ask for all verdicts; an adapter was trained for this role, the weights were not."""
        return starter_assessment(view)

    def read_assessment(self, text: str) -> dict[str, Verdict]:
        """Read all verdicts."""
        return read_starter_assessment(text)

    def _doctor(self, task: str, view: DoctorView, last: str, tokens: int, choice: Choice | None) -> Prompt:
        photographs = (view.photograph,) if view.photograph else ()
        user = f"{told(view)}\n{last}{TASK} {task}"
        return Prompt((Message("system", "doctor"), Message("user", user, photographs)), tokens, choice)


LEAD_INS = ("greeting", "greeting_plain", "acknowledge", "acknowledge_worried", "acknowledge_angry")
"""Lists of what an attending may say before a question."""
GREETS_ALONE = "I'm the doctor looking after you today."
"""The end of a greeting that announces no questions."""


def is_child(card: Card) -> bool:
    """Return whether a patient speaks as a child."""
    return card.age is not None and card.age < CHILDHOOD


def _patient(view: PatientView) -> Message:
    return Message("system", f"patient {view.temperament}{' child' if is_child(view.card) else ''}")


def _held(lines: Sequence[str]) -> Choice | None:
    """Constrain a reply to lines; None if there are none."""
    return Choice(tuple(lines), temperature=VARIED, final=True) if lines else None


def _said_by(speaker: str, view: DoctorView | PatientView) -> tuple[str, ...]:
    return tuple(line.text for line in view.lines if line.speaker == speaker)


def _said_to(word: ActionOutput) -> tuple[str, ...]:
    """List the starter's lines for an act, without possible text before them."""
    if word.action == "consult":
        return frames("doctor", "consult")
    return taught_questions("questions" if word.action == "ask" else "examinations", word.topic or "")


def _decisions(view: DoctorView) -> Choice | None:
    if not view.labels:
        return None
    # The text after a decision is forced if a reason must follow.
    close = "</answer><think>" if view.rationale == "after" else "</answer>"
    options = tuple(f"{label}{close}" for label in view.labels)
    return Choice(options, "<answer>" if view.rationale == "before" else "", SURE)


def _urgency(text: str) -> tuple[Urgency | None, str]:
    """Split the urgency from the differential after a decision."""
    first, _, rest = text.strip().partition(".")
    found = next((urgency for urgency in URGENCIES if urgency == first.strip()), None)
    return found, (rest if found else text).strip()


def _listed(text: str, labels: Sequence[str]) -> list[str]:
    """Return the labels of a list, in order; other entries are skipped."""
    found, rest = list[str](), text.strip()
    while rest:
        named = named_first(f"{rest}.", labels, ",.")
        found += [named] if named else []
        rest = re.sub(r"^[^,.]*", "", rest[len(named or "") :]).lstrip(",. ")
    return found


def _thinking(role: str, view: DoctorView) -> str:
    return f"{role} thinking" if view.thinks else role


def _thought(text: str) -> tuple[str, str]:
    """Split a private thought from the text after it."""
    match = re.match(r"\s*<think>(.*?)</think>\s*(.*)", text, re.DOTALL)
    if match is None:
        return "", text.strip()
    # Thinking of the same diagnosis twice counts as thinking of one.
    return re.sub(r"\bof (.+), or of \1\.", r"of \1.", clean(match.group(1))), match.group(2)


def _examples(dialect: StarterDialect) -> list[Prompt]:
    """Render one prompt of each kind from fixed views, so that any change of the format changes the fingerprint."""
    from consult.agents.temperament import temperaments
    from consult.scenarios import Photograph

    def nothing() -> Any:
        raise RuntimeError("an example has no pixels")

    fact = Fact("site", "site", "it is on my hands")
    lines = (
        Line("patient", "open", "Hello, I have a rash.", "complaint", (("complaint", "I have a rash"),)),
        Line("attending", "ask", "Where is it?", "site"),
        Line("patient", "answer", "It is on my hands.", "site", (("site", "it is on my hands"),)),
        Line("patient", "answer", "Who can tell?"),
        Line("attending", "examine", "It is warm.", "palpation", (("palpation", "it is warm"),)),
    )
    doctor = DoctorView(
        lines=lines,
        labels=("eczema", "hives"),
        specialties=("dermatology", "allergy clinic"),
        topics={"site": "where", "duration": "how long"},
        examinations={"palpation": "feeling"},
        opinions=(Opinion("dermatology", "eczema", 0.5, "I see it."), Opinion("dermatology", None, None, "")),
        asked=("site",),
        offers=("ask", "examine", "consult", "conclude"),
        turns_left=9,
        diagnosis="eczema",
        thought='I see it. I noted "it is warm". They agree.',
        specialty="dermatology",
        urgency="soon",
        patient=Person("Ada", 40, "female"),
        findings=("a red patch", "small papules"),
        photograph=Photograph("example", nothing),
    )
    alarmed = replace(
        doctor, lines=(*lines, Line("patient", "answer", "", "alarm", (("alarm", "I choke"),))), where=("Go.",)
    )
    child = Card(Fact("complaint", "complaint", "I have a rash"), (fact,), age=7)
    patient = PatientView(
        Card(Fact("complaint", "complaint", "I have a rash"), (fact,)), "sanguine", lines, doctor.topics
    )
    temperament = temperaments()["sanguine"]
    tasks = [
        PatientTask("open", (fact,)),
        PatientTask("answer", (fact, fact)),
        PatientTask("answer", (replace(fact, none=True),)),
        PatientTask("unknown"),
        PatientTask("ask", about="outlook"),
        PatientTask("satisfied"),
        PatientTask("reluctant"),
    ]
    thinking = replace(doctor, thinks=True, expert=("eczema", "hives"), opinions=())
    free = [
        replace(patient, lines=()),
        replace(patient, lines=lines[:2], offers=("answer",)),
        replace(patient, offers=("ask", "satisfied")),
        replace(patient, lines=(*lines, Line("patient", "ask", "Is it bad?")), offers=("satisfied",)),
    ]
    asking = ActionOutput("ask", "duration", "")
    return [
        *(dialect.patient_line(patient, task, temperament) for task in tasks),
        dialect.patient_line(replace(patient, card=child), tasks[0], temperament),
        *(p for p in [dialect.look(doctor)] if p is not None),
        *(dialect.free_line(view, temperament) for view in free),
        dialect.topic("Where is it?", patient),
        *(dialect.triage(view) for view in (doctor, thinking)),
        *(dialect.action(view) for view in (doctor, thinking)),
        *(p for n in (1, 3) if (p := dialect.wording(replace(doctor, lines=lines[:n]), asking)) is not None),
        *(dialect.opinion(doctor, "dermatology", member) for member in range(HABITS)),
        dialect.decision(doctor),
        *(dialect.explanation(replace(doctor, thought=thought)) for thought in ("", doctor.thought, "I see it.")),
        *(dialect.explanation(replace(alarmed, urgency=urgency)) for urgency in ("urgent", "emergency")),
        dialect.rewording("Do not scratch it."),
        dialect.reply(doctor, Line("patient", "ask", "Is it catching?")),
        dialect.reply(doctor, Line("patient", "ask", "Is it catching?", "contagious")),
    ]
