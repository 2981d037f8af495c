"""The prompt format for any instruction-tuned model: instructions in words, answers as JSON or tagged text.

Replies that do not keep to the format are accepted if their meaning is clear.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from consult.agents.acts import Action, AssessorView, DoctorView, Line, PatientTask, PatientView
from consult.agents.assessors.rubric import Verdict
from consult.agents.choices import Rationale
from consult.agents.models.model import Choice, Message, Prompt
from consult.agents.prompt import fill, prompt_text
from consult.agents.prompt_formats import assessment
from consult.agents.prompt_formats.clean import clean, thought_of, without_thought, without_tool_calls
from consult.agents.prompt_formats.prompt_format import (
    ActionOutput,
    DecisionOutput,
    FreeOutput,
    OpinionOutput,
    TriageOutput,
    transcript,
)
from consult.agents.prompt_formats.schemas import Schema, action_schema, opinion_schema, reaction_schema, triage_schema
from consult.agents.prompt_formats.whole import WholeAnswers
from consult.agents.temperament import Temperament
from consult.scenarios import URGENCIES, Scenario, Urgency
from consult.scenarios.normalised import abstains

SPEECH_TOKENS = 256
THOUGHT_TOKENS = 512
THINK = "First think privately within <think></think>, then give your answer after it."
UNSURE = "unsure"
LONGEST_WORDS = 300
"""Most characters of a doctor's own words for its diagnosis."""

DECISION_FORMS: dict[Rationale, str] = {
    "before": "<think>your reasoning</think><answer>the diagnosis</answer>",
    "after": "<answer>the diagnosis</answer><think>your reasoning</think>",
    "none": "<answer>the diagnosis</answer>",
}

_SITUATIONS = {
    "open": "Greet the doctor and say why you came, stating these facts:",
    "answer": "Answer the doctor's last question, stating these facts:",
    "unknown": "You do not know the answer to the doctor's last question. Say so in your own way; make nothing up.",
    "ask": "The doctor has told you the conclusion. Ask one short question back about this: ",
    "satisfied": "The doctor has told you the conclusion and you have no more questions. Take your leave in one line.",
    "reluctant": "The doctor has told you the conclusion. You have no more questions, but you doubt the plan and may "
    "not follow it. Say so and take your leave in one line.",
}
_FREE = {
    "open": "Greet the doctor and name your main complaint, and nothing else yet. Answer with your line alone.",
    "answer": "Answer the doctor's last question. Answer with your line alone.",
    "react": "The doctor has told you the conclusion. Ask one question back if you have one, else take your leave.\n"
    'Answer with one JSON object: {"satisfied": true if you have no more questions, else false, '
    '"accepts": true if you will follow the plan, else false, "text": "<your line>"}',
    "leave": "The doctor has told you the conclusion and answered you. Take your leave.\n"
    'Answer with one JSON object: {"satisfied": true, "accepts": true if you will follow the plan, else false, '
    '"text": "<your line>"}',
}


class PlainDialect(WholeAnswers):
    """Instructions in words."""

    name = "plain"
    slots = False

    # -- patient ---------------------------------------------------------------------------------------------------

    def patient_line(self, view: PatientView, task: PatientTask, temperament: Temperament) -> Prompt:
        """Ask the patient to put a task into words."""
        situation = _SITUATIONS[task.kind]
        if task.kind in ("open", "answer"):
            situation += "".join(f"\n- {fact.text}" for fact in task.facts)
        elif task.kind == "ask":
            situation += task.about
        system = fill(
            prompt_text(self.name, "patient"),
            temperament=_character(view.temperament, temperament),
            rules=prompt_text(self.name, "patient_rules"),
        )
        user = fill(prompt_text(self.name, "patient_turn"), transcript=transcript(view), situation=situation)
        return _chat(system, user, SPEECH_TOKENS)

    def read_patient_line(self, text: str, task: PatientTask, view: PatientView) -> str | None:
        """Read the line."""
        return _speech(text, "patient")

    def free_line(self, view: PatientView, temperament: Temperament) -> Prompt:
        """Ask a patient who decides for itself what to say and whether to ask back."""
        facts = "\n".join(f"- {fact.text}" for fact in (view.card.complaint, *view.card.facts))
        system = fill(
            prompt_text(self.name, "patient"),
            temperament=_character(view.temperament, temperament),
            rules=fill(prompt_text(self.name, "patient_free"), facts=facts),
        )
        react = "react" if "ask" in view.offers else "leave"
        situation = _FREE[next((kind for kind in ("open", "answer") if kind in view.offers), react)]
        user = fill(prompt_text(self.name, "patient_turn"), transcript=transcript(view), situation=situation)
        prompt = _chat(system, user, SPEECH_TOKENS)
        return prompt if {"open", "answer"} & set(view.offers) else replace(prompt, schema=reaction_schema(view))

    def read_free_line(self, text: str, view: PatientView) -> FreeOutput | None:
        """Parse its reply; a reaction without JSON is a question if it contains a question mark."""
        for kind in ("open", "answer"):
            if kind in view.offers:
                said = _speech(text, "patient")
                return FreeOutput(kind, said) if said else None
        answer = without_thought(text)
        data = json_object(answer)
        if data is None:
            said = None if "{" in answer else _speech(answer, "patient")
            asks = said is not None and "?" in said and "ask" in view.offers
            return FreeOutput("ask" if asks else "satisfied", said) if said else None
        said = clean(str(data.get("text") or ""))
        accepts = data.get("accepts") if isinstance(data.get("accepts"), bool) else None
        if not said:
            return None
        if data.get("satisfied") is False and "ask" in view.offers:
            return FreeOutput("ask", said)
        return FreeOutput("satisfied", said, accepts=accepts)

    def topic(self, question: str, view: PatientView) -> Prompt:
        """Ask which topic a question is about."""
        menu = "\n".join(f"- {topic}: {words}" for topic, words in view.topics.items())
        user = fill(prompt_text(self.name, "topic"), question=question, topics=menu)
        return _chat("You sort questions.", user, 16, Choice((*view.topics, UNSURE)), temperature=0.0)

    def read_topic(self, text: str, view: PatientView) -> str | None:
        """Read the topic."""
        return _only_one(without_thought(text), view.topics)

    # -- doctors ---------------------------------------------------------------------------------------------------

    def triage(self, view: DoctorView) -> Prompt:
        """Ask for specialty, urgency and why."""
        user = fill(
            prompt_text(self.name, "triage"),
            specialties=_menu(view.specialties),
            urgencies=", ".join(URGENCIES),
            transcript=transcript(view),
        )
        return self._doctor("triage doctor", view, user, 256, triage_schema(view))

    def read_triage(self, text: str, view: DoctorView) -> TriageOutput | None:
        """Read specialty, urgency and why."""
        answer = without_thought(text)
        data = json_object(answer)
        named = str(data.get("specialty") or "") if data else answer
        specialty = _only_one(named, view.specialties) if view.specialties else _short(named)
        if specialty is None:
            return None
        stated = str(data.get("urgency") or "") if data else answer
        urgency = next((u for u in URGENCIES if u == _only_one(stated, URGENCIES)), None)
        why = clean(str(data.get("why") or "") if data else answer)
        return TriageOutput(specialty, urgency, why, thought_of(text))

    def action(self, view: DoctorView) -> Prompt:
        """Ask for the next act."""
        formats = {
            "ask": '{"action": "ask", "topic": "<topic>", "text": "<one question to the patient>"}',
            "examine": '{"action": "examine", "topic": "<examination>", "text": "<what you say while you do it>"}',
            "consult": '{"action": "consult", "text": "<what you tell the patient>"}',
            "conclude": '{"action": "conclude"}',
        }
        topics = [f"- {topic}: {words}" for topic, words in view.topics.items()]
        examinations = [f"- {name}: {words}" for name, words in view.examinations.items()]
        user = fill(
            prompt_text(self.name, "action"),
            transcript=transcript(view),
            topics="\n".join(topics) or "- (any)",
            examinations="\n".join(examinations) or "- (none)",
            asked=", ".join(view.asked) or "nothing yet",
            turns=str(view.turns_left),
            offers="\n".join(formats[offer] for offer in view.offers if offer in formats),
            opinions=_opinions(view),
        )
        return self._doctor("attending physician", view, user, 256, action_schema(view))

    def read_action(self, text: str, view: DoctorView) -> ActionOutput | None:
        """Read the next act."""
        answer = without_thought(text)
        data = json_object(answer)
        if data is None:
            # Broken JSON is not a question to a patient.
            return None if "{" in answer else self._utterance(answer, view, thought_of(text))
        action = next((offer for offer in view.offers if offer == str(data.get("action", "")).strip().lower()), None)
        said = clean(str(data.get("text") or ""))
        if action is None or (action == "ask" and not said):
            return None
        menu = view.examinations if action == "examine" else view.topics
        topic = _only_one(str(data.get("topic") or ""), menu) if action in ("ask", "examine") else None
        if action == "examine" and topic is None:
            return None
        return ActionOutput(action, topic, said, thought_of(text))

    def _utterance(self, answer: str, view: DoctorView, thought: str) -> ActionOutput | None:
        said = _speech(answer, "attending")
        ask: Action = "ask"
        return ActionOutput(ask, None, said, thought) if said and ask in view.offers else None

    def wording(self, view: DoctorView, word: ActionOutput) -> Prompt | None:
        """Ask for nothing: an act includes its words."""
        return None

    def read_wording(self, text: str, view: DoctorView, word: ActionOutput) -> str | None:
        """Read words; never asked for."""
        return _speech(text, "attending")

    def opinion(self, view: DoctorView, specialty: str, member: int) -> Prompt:
        """Ask one specialist."""
        user = fill(
            prompt_text(self.name, "opinion"),
            transcript=transcript(view),
            labels=_labels(view),
            specialty=specialty,
        )
        return self._doctor(f"specialist in {specialty}", view, user, 256, opinion_schema(view))

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionOutput | None:
        """Read an opinion."""
        answer = without_thought(text)
        data = json_object(answer) or {}
        named = str(data.get("diagnosis") or "") if data else answer
        unsure = not view.labels and bool(named.strip()) and abstains(clean(named))
        if unsure or re.search(r"\bnot my field\b", named, re.IGNORECASE):
            return OpinionOutput(None, None, clean(str(data.get("reason") or "")))
        diagnosis = _diagnosis(named, view, scenario)
        if diagnosis is None:
            return None
        return OpinionOutput(diagnosis, _share(data.get("confidence")), clean(str(data.get("reason") or "")))

    def decision(self, view: DoctorView) -> Prompt:
        """Ask for thought, diagnosis, differential and urgency."""
        user = fill(
            prompt_text(self.name, "decision"),
            transcript=transcript(view),
            labels=_labels(view),
            opinions=_opinions(view),
            form=DECISION_FORMS[view.rationale],
            urgencies="|".join(URGENCIES),
        )
        prompt = self._doctor("attending physician", view, user, 512)
        options = tuple(f"{label}</answer>" for label in view.labels)
        return replace(prompt, choice=Choice(options, after="<answer>")) if options else prompt

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionOutput | None:
        """Read thought, diagnosis, differential and urgency."""
        after = without_thought(text)
        named, words = _named(after, scenario)
        diagnosis = _diagnosis(named, view, scenario)
        if diagnosis is None:
            return DecisionOutput(None, (), "", words=words) if words else None
        listed = re.search(r"<differential>(.*?)(?:</differential>|$)", after, re.DOTALL | re.IGNORECASE)
        others = scenario.diagnoses(listed.group(1)) if listed else ()
        differential = tuple(dict.fromkeys((diagnosis, *others)))[:3]
        return DecisionOutput(diagnosis, differential, thought_of(text), _urgency(after), words or diagnosis)

    def explanation(self, view: DoctorView) -> Prompt:
        """Ask for the conclusion in words for the patient."""
        user = fill(
            prompt_text(self.name, "explanation"),
            transcript=transcript(view),
            diagnosis=view.diagnosis or "no diagnosis yet",
            thought=view.thought or "(none)",
            urgency=view.urgency or "not stated",
        )
        return self._doctor("attending physician", view, user, SPEECH_TOKENS)

    def reply(self, view: DoctorView, question: Line) -> Prompt:
        """Ask for an answer to the patient."""
        user = fill(
            prompt_text(self.name, "reply"),
            transcript=transcript(view),
            diagnosis=view.diagnosis or "no diagnosis yet",
            question=question.text,
        )
        return self._doctor("attending physician", view, user, SPEECH_TOKENS)

    def read_explanation(self, text: str, view: DoctorView, scenario: Scenario) -> str | None:
        """Read the explanation."""
        return _speech(text, "attending")

    def read_reply(self, text: str, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Read the answer."""
        return _speech(text, "attending")

    # -- assessor --------------------------------------------------------------------------------------------------

    def assessment(self, view: AssessorView) -> Prompt:
        """Ask for a verdict on each item; the consultation is in a separate message."""
        return assessment.assessment_prompt(self.name, view)

    def read_assessment(self, text: str) -> dict[str, Verdict]:
        """Read all verdicts."""
        return assessment.read_assessment(json_object(without_thought(text)))

    def _doctor(
        self, role: str, view: DoctorView, user: str, max_new_tokens: int, schema: Schema | None = None
    ) -> Prompt:
        seen = "The patient's photograph is attached." if view.photograph else "There is no photograph."
        system = fill(prompt_text(self.name, "doctor"), role=role, photograph=seen)
        photographs = (view.photograph,) if view.photograph else ()
        if view.expert:
            user += f"\nAn image classifier takes the photograph for: {', '.join(view.expert)}."
        if view.thinks:
            user += f"\n{THINK}"
            max_new_tokens += THOUGHT_TOKENS
        messages = (Message("system", system), Message("user", user, photographs))
        after = "</think>" if schema and view.thinks else ""
        return Prompt(messages, max_new_tokens, schema=schema, schema_after=after)


def _character(name: str, temperament: Temperament) -> str:
    return (
        f"Your temperament is {name}. You describe your trouble {temperament.describing}. You ask questions "
        f"{temperament.asking}. You talk {temperament.talking}. You take to treatment {temperament.treatment}. "
        f"Your feelings: {temperament.feeling}."
    )


def _chat(
    system: str, user: str, tokens: int, choice: Choice | None = None, temperature: float | None = None
) -> Prompt:
    return Prompt((Message("system", system), Message("user", user)), tokens, choice, temperature)


def _menu(names: Sequence[str]) -> str:
    return ", ".join(names) or "(any)"


def _labels(view: DoctorView) -> str:
    return f"Choose one of: {', '.join(view.labels)}." if view.labels else "Name the most likely diagnosis."


def _opinions(view: DoctorView) -> str:
    if not view.opinions:
        return "(none)"
    return "\n".join(
        f"{i}. {o.specialty}: {o.diagnosis or 'not my field' if o.usable else 'no usable answer'}"
        + (f" (confidence {o.confidence:.2f})" if o.confidence is not None else "")
        + (f". {o.reason}" if o.reason else "")
        for i, o in enumerate(view.opinions, 1)
    )


def json_object(text: str) -> dict[str, Any] | None:
    """Find the first JSON object in a text."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            data, _ = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):  # a number with thousands of digits raises a plain ValueError
            continue
        return _called(data) if isinstance(data, dict) else None
    return None


def _called(data: dict[str, Any]) -> dict[str, Any]:
    """Parse a tool call as the act with its name: models that were tuned for tools answer this way."""
    given = data.get("arguments", data.get("parameters"))
    if not isinstance(data.get("name"), str) or not isinstance(given, dict):
        return data
    return {"action": data["name"], **given}


def _only_one(text: str, names: Any) -> str | None:
    """Find the only name that a text contains as whole words; None for none or several."""
    longest_first = sorted(names, key=len, reverse=True)
    found = set()
    for name in longest_first:
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        if re.search(pattern, text, re.IGNORECASE):
            found.add(name)
            text = re.sub(pattern, " ", text, flags=re.IGNORECASE)
    return found.pop() if len(found) == 1 else None


def _diagnosis(named: str, view: DoctorView, scenario: Scenario) -> str | None:
    if view.labels:
        return scenario.diagnosis(named)
    return _short(named)


def _named(decision: str, scenario: Scenario) -> tuple[str, str]:
    """Find where a decision names its diagnosis, and the words for it; in running text, the names that occur in it."""
    tagged = re.findall(r"<answer>(.*?)(?:</answer>|$)", decision, re.DOTALL | re.IGNORECASE)
    line = re.search(r"(?:final )?diagnosis\s*(?:is|:)\s*([^\n.]+)", decision, re.IGNORECASE)
    if tagged or line:
        named = tagged[-1] if tagged else line.group(1) if line else ""
        return named, clean(named)[:LONGEST_WORDS]
    mentioned = dict.fromkeys(one.words for one in scenario.mentions(decision))
    return decision, clean(", ".join(mentioned))[:LONGEST_WORDS]


def _urgency(decision: str) -> Urgency | None:
    """Parse the last urgency tag; None unless it names exactly one of the four levels."""
    tagged = re.findall(r"<urgency>([^<]*)", decision, re.IGNORECASE)
    stated = tagged[-1].strip(" \n\t.*\"'").lower() if tagged else ""
    return next((urgency for urgency in URGENCIES if urgency == stated), None)


def _short(named: str) -> str | None:
    """Parse a short answer; None if it is missing, long, or names no diagnosis ("I don't know")."""
    spoken = clean(named).strip(" .:")
    return spoken if len(spoken) <= 80 and not abstains(spoken) else None


def _share(stated: object) -> float | None:
    written = str(stated).strip()
    try:
        value = float(written.rstrip("%"))
    except ValueError:
        return None
    value = value / 100 if value > 1 or written.endswith("%") else value
    return value if 0 <= value <= 1 else None


def _speech(text: str, speaker: str) -> str | None:
    said = _unquoted(clean(without_tool_calls(without_thought(text))))
    return _unquoted(re.sub(rf"^(?:{speaker}|doctor)\s*:\s*", "", said, flags=re.IGNORECASE)) or None


def _unquoted(text: str) -> str:
    return re.sub(r'^"([^"]*)"$', r"\1", text).strip()
