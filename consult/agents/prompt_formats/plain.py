"""The prompt format for any instruction-tuned model: instructions in words, decisions as JSON.

A doctor's prompt goes from what never changes to what changes often, so that prefixes are shared: rules and menus, the
patient, the conversation, then the task of this turn or panel member. A doctor describes and reasons before it decides.
Replies that do not keep to the format are accepted if their meaning is clear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from consult.agents.acts import (
    NOT_MY_FIELD,
    AssessorView,
    DoctorView,
    Line,
    Opinion,
    PatientTask,
    PatientView,
)
from consult.agents.assessors.rubric import Verdict
from consult.agents.choices import Action
from consult.agents.models.model import Choice, Message, Prompt
from consult.agents.prompt import BUILT_IN, PLAIN, PromptTexts
from consult.agents.prompt_formats import assessment
from consult.agents.prompt_formats import picture_questions as questions
from consult.agents.prompt_formats.answers import (
    LONGEST_WORDS,
    answer_object,
    diagnosis_in,
    differential_in,
    json_object,
    named_in_text,
    only_one,
    reason_in,
    reasoned,
    said,
    share,
    short,
    speech,
    tagged_urgency,
    urgency_in,
)
from consult.agents.prompt_formats.clean import clean, thought_of, without_thought
from consult.agents.prompt_formats.prompt_format import (
    ActionOutput,
    DecisionOutput,
    FreeOutput,
    OpinionOutput,
    TriageOutput,
    transcript,
)
from consult.agents.prompt_formats.schemas import (
    DECISION_KEYS,
    DIFFERENTIAL,
    MOST_OTHERS,
    OTHER,
    TRIAGE_KEYS,
    Schema,
    action_schema,
    decision_keys,
    decision_schema,
    diagnosis_choice,
    opinion_schema,
    reaction_schema,
    shape,
    triage_schema,
)
from consult.agents.prompt_formats.spoken import FORMS, not_sayable
from consult.agents.prompt_formats.whole import WholeAnswers
from consult.agents.temperament import Temperament
from consult.agents.titles import doctor_of, on_file, person_of
from consult.scenarios import Scenario
from consult.scenarios.normalised import abstains
from consult.scenarios.scenario import REFERRAL

TRIAGE_TOKENS, DECISION_TOKENS = 768, 1024
"""Most tokens of a triage, and of an opinion or a decision: a description, the reasoning and the answer."""
ACTION_TOKENS, EXPLANATION_TOKENS, SPEECH_TOKENS, TOPIC_TOKENS = 256, 384, 256, 16
THOUGHT_TOKENS = 512
"""More tokens where a private thought is asked for."""
UNSURE = "unsure"
STANCES = ("stance_likely", "stance_danger", "stance_story")
"""What the members of a panel attend to, in turn; the names of the texts."""
_TO = {
    "ask": "to ask the patient",
    "examine": "to examine the patient",
    "consult": "to hear the specialists, once, when you know enough for them to judge",
    "conclude": "to end the interview, when no answer would change your mind",
}
"""Act → what it is for, before its form."""


@dataclass(frozen=True)
class PlainDialect(WholeAnswers):
    """Instructions in words."""

    texts: PromptTexts = BUILT_IN
    name = PLAIN
    slots = False
    in_words = True

    # -- patient ---------------------------------------------------------------------------------------------------

    def patient_line(self, view: PatientView, task: PatientTask, temperament: Temperament) -> Prompt:
        """Ask the patient to put a task into words."""
        fillings = {"ask": {"about": task.about}}.get(task.kind, {})
        if task.kind in ("open", "answer"):
            fillings = {"facts": _listed(fact.text for fact in task.facts)}
        situation = self.texts.fill(f"patient_{task.kind}", **fillings)
        return self._patient(view, temperament, self.texts.text("patient_rules"), situation)

    def read_patient_line(self, text: str, task: PatientTask, view: PatientView) -> str | None:
        """Read the line."""
        return speech(text, "patient")

    def free_line(self, view: PatientView, temperament: Temperament) -> Prompt:
        """Ask a patient who decides for itself what to say and whether to ask back."""
        facts = _listed(fact.text for fact in (view.card.complaint, *view.card.facts))
        spoken = next((kind for kind in ("open", "answer") if kind in view.offers), None)
        kind = spoken or ("react" if "ask" in view.offers else "leave")
        rules = self.texts.fill("patient_free", facts=facts)
        prompt = self._patient(view, temperament, rules, self.texts.text(f"free_{kind}"))
        return prompt if spoken else replace(prompt, schema=reaction_schema(view))

    def read_free_line(self, text: str, view: PatientView) -> FreeOutput | None:
        """Parse its reply; a reaction without JSON is a question if it contains a question mark."""
        for kind in ("open", "answer"):
            if kind in view.offers:
                line = speech(text, "patient")
                return FreeOutput(kind, line) if line else None
        answer = without_thought(text)
        data = json_object(answer)
        if data is None:
            line = None if "{" in answer else speech(answer, "patient")
            asks = line is not None and "?" in line and "ask" in view.offers
            return FreeOutput("ask" if asks else "satisfied", line) if line else None
        line = clean(str(data.get("text") or ""))
        accepts = data.get("accepts") if isinstance(data.get("accepts"), bool) else None
        if not line:
            return None
        if data.get("satisfied") is False and "ask" in view.offers:
            return FreeOutput("ask", line)
        return FreeOutput("satisfied", line, accepts=accepts)

    def topic(self, question: str, view: PatientView) -> Prompt:
        """Ask which topic a question is about."""
        system = self.texts.fill("topic_rules", topics=_menu(view.topics))
        user = self.texts.fill("topic", question=question)
        return _chat(system, user, TOPIC_TOKENS, Choice((*view.topics, UNSURE)), temperature=0.0)

    def read_topic(self, text: str, view: PatientView) -> str | None:
        """Read the topic."""
        return only_one(without_thought(text), view.topics)

    def _patient(self, view: PatientView, temperament: Temperament, rules: str, situation: str) -> Prompt:
        person, mood = person_of(view.card), character(view.temperament, temperament)
        system = self.texts.fill("patient", patient=person, temperament=mood, rules=rules)
        user = self.texts.fill("patient_turn", transcript=transcript(view), situation=situation)
        return _chat(system, user, SPEECH_TOKENS)

    # -- doctors ---------------------------------------------------------------------------------------------------

    def triage(self, view: DoctorView) -> Prompt:
        """Ask for what is seen, the reasoning, specialty, urgency and why."""
        if view.question is not None:
            return questions.triage(self.texts, view)
        rules = self.texts.fill("triage_rules", specialties=", ".join(view.specialties) or "(any)")
        task = self.texts.fill("triage", look=self._look(view), shape=shape(TRIAGE_KEYS))
        return self._doctor(rules, view, task, TRIAGE_TOKENS, triage_schema(view))

    def read_triage(self, text: str, view: DoctorView) -> TriageOutput | None:
        """Read specialty, urgency and why."""
        answer = without_thought(text)
        data = answer_object(answer, "specialty")
        named = answer if data is None else str(data.get("specialty") or "")
        specialty = only_one(named, view.specialties) if view.specialties else short(named)
        if specialty is None:
            return None
        stated, why = (answer, answer) if data is None else (str(data.get("urgency") or ""), data.get("why"))
        thought, findings = reasoned(text, data), reason_in(data.get("findings")) if data else ""
        urgency = urgency_in(stated) if view.question is None else None
        return TriageOutput(specialty, urgency, reason_in(why), thought, findings)

    def action(self, view: DoctorView) -> Prompt:
        """Ask for the next act."""
        offers = [f"- {_TO[offer]}: {FORMS[offer]}" for offer in view.offers if offer in FORMS]
        offers += [self.texts.text("think_first")] if view.thinks else []
        task = self.texts.fill(
            "action",
            asked=", ".join(view.asked) or "nothing yet",
            turns=str(view.turns_left),
            offers="\n".join(offers),
            opinions=self._opinions(view),
        )
        tokens = ACTION_TOKENS + (THOUGHT_TOKENS if view.thinks else 0)
        return self._doctor(self._attending_rules(view), view, task, tokens, action_schema(view))

    def read_action(self, text: str, view: DoctorView) -> ActionOutput | None:
        """Read the next act."""
        answer = without_thought(text)
        data = json_object(answer)
        if data is None:
            # Broken JSON is not a question to a patient.
            return None if "{" in answer else self._utterance(answer, view, thought_of(text))
        action = next((offer for offer in view.offers if offer == str(data.get("action", "")).strip().lower()), None)
        line = self._told(clean(str(data.get("text") or "")), "action")
        if action is None or (action == "ask" and not line):
            return None
        menu = view.examinations if action == "examine" else view.topics
        topic = only_one(str(data.get("topic") or ""), menu) if action in ("ask", "examine") else None
        if action == "examine" and topic is None:
            return None
        return ActionOutput(action, topic, line, reasoned(text, data))

    def _utterance(self, answer: str, view: DoctorView, thought: str) -> ActionOutput | None:
        line = self._told(speech(answer, "attending"), "action")
        ask: Action = "ask"
        return ActionOutput(ask, None, line, thought) if line and ask in view.offers else None

    def wording(self, view: DoctorView, word: ActionOutput) -> Prompt | None:
        """Ask for nothing: an act includes its words."""
        return None

    def read_wording(self, text: str, view: DoctorView, word: ActionOutput) -> str | None:
        """Read words; never asked for."""
        return speech(text, "attending")

    def opinion(self, view: DoctorView, specialty: str, member: int) -> Prompt:
        """Ask one specialist; who it is, its stance and its order of the labels come after the conversation."""
        if view.question is not None:
            return questions.opinion(self.texts, view, specialty)
        task = self.texts.fill(
            "opinion",
            title=doctor_of(specialty),
            stance=self.texts.text(STANCES[member % len(STANCES)]),
            labels=labels_text(view.own_order or view.labels, self.texts),
            look=self._look(view),
            shape=shape(DECISION_KEYS),
        )
        prompt = self._doctor(self.texts.text("specialist_rules"), view, task, DECISION_TOKENS, opinion_schema(view))
        return replace(prompt, choice=diagnosis_choice((*view.labels, NOT_MY_FIELD) if view.labels else ()))

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionOutput | None:
        """Read an opinion."""
        if view.question is not None:
            return questions.read_opinion(text, scenario)
        answer, closed = without_thought(text), bool(view.labels)
        found = answer_object(answer, "diagnosis")
        data = found or {}
        named = answer if found is None else str(data.get("diagnosis") or "")
        unsure = not closed and bool(named.strip()) and abstains(clean(named))
        outside = unsure or re.search(r"\bnot my field\b", named, re.IGNORECASE) is not None
        diagnosis = None if outside else diagnosis_in(named, scenario, closed=closed)
        if diagnosis is None and not outside:
            return None
        others = differential_in(data.get("differential"), scenario, closed=closed)
        return OpinionOutput(
            diagnosis=diagnosis,
            confidence=None if outside else share(data.get("confidence")),
            reason=reason_in(data.get("reasoning") or data.get("reason")),
            findings=reason_in(data.get("findings")),
            differential=tuple(one for one in others if one != diagnosis)[:MOST_OTHERS],
            urgency=urgency_in(str(data.get("urgency") or "")),
        )

    def decision(self, view: DoctorView) -> Prompt:
        """Ask for what is seen, the reasoning, diagnosis, differential, confidence and urgency."""
        if view.question is not None:
            return questions.decision(self.texts, view)
        look = {} if view.rationale == "none" else {"look": self._look(view)}
        task = self.texts.fill(
            "decision",
            opinions=self._opinions(view),
            reason=self.texts.fill(f"reason_{view.rationale}", **look),
            shape=shape(decision_keys(view.rationale), differential=DIFFERENTIAL),
        )
        prompt = self._doctor(self._attending_rules(view), view, task, DECISION_TOKENS, decision_schema(view))
        return replace(prompt, choice=diagnosis_choice(view.labels))

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionOutput | None:
        """Read a decision: JSON, tags, or running text that names one diagnosis."""
        if view.question is not None:
            return questions.read_decision(text, scenario)
        after = without_thought(text)
        data = answer_object(after, "diagnosis")
        if data is None or (data and "diagnosis" not in data):
            return self._decision_in_text(text, after, view, scenario)
        named = said(data.get("diagnosis"))
        diagnosis, words = diagnosis_in(named, scenario, closed=bool(view.labels)), named[:LONGEST_WORDS]
        if diagnosis is None:
            return DecisionOutput(None, (), "", words=words) if words else None
        others = differential_in(data.get("differential"), scenario, closed=bool(view.labels))
        return DecisionOutput(
            diagnosis=diagnosis,
            differential=tuple(dict.fromkeys((diagnosis, *others)))[:MOST_OTHERS],
            thought=reasoned(text, data),
            urgency=urgency_in(str(data.get("urgency") or "")),
            words=words,
            findings=reason_in(data.get("findings")),
            confidence=share(data.get("confidence")),
        )

    def _decision_in_text(self, text: str, after: str, view: DoctorView, scenario: Scenario) -> DecisionOutput | None:
        named, words = named_in_text(after, scenario)
        diagnosis = diagnosis_in(named, scenario, closed=bool(view.labels))
        if diagnosis is None:
            return DecisionOutput(None, (), "", words=words) if words else None
        listed = re.search(r"<differential>(.*?)(?:</differential>|$)", after, re.DOTALL | re.IGNORECASE)
        others = scenario.diagnoses(listed.group(1)) if listed else ()
        differential = tuple(dict.fromkeys((diagnosis, *others)))[:MOST_OTHERS]
        return DecisionOutput(diagnosis, differential, thought_of(text), tagged_urgency(after), words or diagnosis)

    def explanation(self, view: DoctorView) -> Prompt:
        """Ask for the conclusion in words for the patient."""
        task = self.texts.fill(
            "explanation",
            diagnosis=view.diagnosis or "no diagnosis yet",
            findings=view.seen or "(none)",
            thought=view.thought or "(none)",
            urgency=view.urgency or "not stated",
        )
        return self._spoken(view, task, EXPLANATION_TOKENS)

    def reply(self, view: DoctorView, question: Line) -> Prompt:
        """Ask for an answer to the patient."""
        diagnosis = view.diagnosis or "no diagnosis yet"
        task = self.texts.fill("reply", diagnosis=diagnosis, question=question.text)
        return self._spoken(view, task, SPEECH_TOKENS)

    def read_explanation(self, text: str, view: DoctorView, scenario: Scenario) -> str | None:
        """Read the explanation."""
        return self._told(speech(text, "attending"), "explanation") or None

    def read_reply(self, text: str, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Read the answer."""
        return self._told(speech(text, "attending"), "reply") or None

    def _told(self, line: str | None, task: str) -> str:
        """Return words for the patient; empty if they are none, such as a placeholder or another speaker's."""
        return "" if not line or not_sayable(line, task, self.texts) else line

    # -- assessor --------------------------------------------------------------------------------------------------

    def assessment(self, view: AssessorView) -> Prompt:
        """Ask for a verdict on each item; the consultation is in a separate message."""
        return assessment.assessment_prompt(self.name, view)

    def read_assessment(self, text: str) -> dict[str, Verdict]:
        """Read all verdicts."""
        return assessment.read_assessment(json_object(without_thought(text)))

    # -- parts of a doctor's prompt --------------------------------------------------------------------------------

    def _doctor(self, rules: str, view: DoctorView, task: str, tokens: int, schema: Schema | None = None) -> Prompt:
        """Put a prompt together: rules and menus, the patient, the conversation, the task."""
        case = self.texts.fill("case", patient=_patient_of(view), file=self._file(view), transcript=_heard(view))
        messages = (
            Message("system", self.texts.fill("doctor", rules=rules)),
            Message("user", f"{case}\n\n{task}", view.photographs),
        )
        return Prompt(messages, tokens, schema=schema)

    def _spoken(self, view: DoctorView, task: str, tokens: int) -> Prompt:
        """Ask the attending for words to the patient, after a thought if one is asked for."""
        if view.thinks:
            task, tokens = f"{task}\n{self.texts.text('think')}", tokens + THOUGHT_TOKENS
        return self._doctor(self._attending_rules(view), view, task, tokens)

    def _attending_rules(self, view: DoctorView) -> str:
        """Return rules and menus; they are the same in all of the attending's prompts, which so share a prefix."""
        topics = {**view.topics, OTHER: "anything else"} if view.topics else {}
        return self.texts.fill(
            "attending_rules",
            topics=_menu(topics) or "- (any)",
            examinations=_menu(view.examinations) or "- (none)",
            labels=labels_text(view.labels, self.texts),
        )

    def _file(self, view: DoctorView) -> str:
        """Return what is on file: the photograph, a classifier's predictions, and the triage's decision."""
        lines = [self._attached(view)]
        if view.expert:
            lines.append(self.texts.fill("classifier", predictions=", ".join(view.expert)))
        if view.specialty is not None:
            why = next((line.text for line in view.lines if line.speaker == "triage" and line.text), "none given")
            urgency = view.triage_urgency or "not stated"
            lines.append(self.texts.fill("referral", specialty=view.specialty, urgency=urgency, why=why))
        return "\n".join(lines)

    def _attached(self, view: DoctorView) -> str:
        shown = len(view.photographs)
        if view.unshown:
            return self.texts.fill("photographs_some", all=str(shown + view.unshown), shown=str(shown))
        if shown > 1:
            return self.texts.fill("photographs", shown=str(shown))
        return self.texts.text("photograph" if shown else "no_photograph")

    def _look(self, view: DoctorView) -> str:
        return self.texts.text("look" if view.photograph else "look_without")

    def _opinions(self, view: DoctorView) -> str:
        if not view.opinions:
            return ""
        listed = "\n".join(f"{i}. {_opinion(one)}" for i, one in enumerate(view.opinions, 1))
        return self.texts.fill("opinions", opinions=listed) + "\n\n"


def labels_text(labels: Sequence[str], texts: PromptTexts) -> str:
    """Say which diagnoses there are, and that a patient may be referred if that is one of the answers."""
    if REFERRAL in labels:
        listed = ", ".join(label for label in labels if label != REFERRAL)
        return texts.fill("labels_refer", labels=listed, referral=REFERRAL)
    return texts.fill("labels", labels=", ".join(labels)) if labels else texts.text("labels_open")


def _heard(view: DoctorView) -> str:
    """Render the conversation; what triage decided is on file."""
    return transcript(replace(view, lines=tuple(line for line in view.lines if line.speaker != "triage")))


def _patient_of(view: DoctorView) -> str:
    return on_file(view.patient.name, view.patient.age, view.patient.sex)


def _opinion(opinion: Opinion) -> str:
    """Describe a colleague's opinion in one line."""
    named = opinion.diagnosis or (NOT_MY_FIELD if opinion.usable else "no usable answer")
    sure = "" if opinion.confidence is None else f" (confidence {opinion.confidence:.2f})"
    parts = [
        opinion.reason,
        f"Findings: {opinion.findings}" if opinion.findings else "",
        f"Less likely: {', '.join(opinion.differential)}." if opinion.differential else "",
        f"Urgency: {opinion.urgency}." if opinion.urgency else "",
    ]
    told = " ".join(part for part in parts if part)
    return f"{opinion.specialty}: {named}{sure}{f'. {told}' if told else ''}"


def character(name: str, temperament: Temperament) -> str:
    """Describe a temperament to the model that plays it."""
    return (
        f"Your temperament is {name}; it shows in your tone and your words, not in further facts. "
        f"You describe your trouble {temperament.describing}. You ask questions "
        f"{temperament.asking}. You talk {temperament.talking}. You respond to treatment {temperament.treatment}. "
        f"Your feelings: {temperament.feeling}."
    )


def _chat(
    system: str, user: str, tokens: int, choice: Choice | None = None, temperature: float | None = None
) -> Prompt:
    return Prompt((Message("system", system), Message("user", user)), tokens, choice, temperature)


def _menu(entries: Mapping[str, str]) -> str:
    return _listed(f"{name}: {words}" for name, words in entries.items())


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
