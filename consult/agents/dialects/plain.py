"""The dialect for any instruction-tuned model: instructions in words, answers as JSON or tagged text.

Models that do not keep to the format are met half-way where what they mean is plain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from consult.agents.acts import Action, DoctorView, PatientTask, PatientView
from consult.agents.dialects.clean import clean, without_thought
from consult.agents.dialects.dialect import ActionWord, DecisionWord, OpinionWord, TriageWord, transcript
from consult.agents.models.model import Choice, Message, Prompt
from consult.agents.prompt import fill, prompt_text
from consult.agents.temperament import Temperament
from consult.scenarios import URGENCIES, Scenario

SPEECH_TOKENS = 256
UNSURE = "unsure"

_SITUATIONS = {
    "open": "Greet the doctor and say why you came, stating these facts:",
    "answer": "Answer the doctor's last question, stating these facts:",
    "unknown": "You do not know the answer to the doctor's last question. Say so in your own way; make nothing up.",
    "ask": "The doctor has told you the conclusion. Ask one short question back about this: ",
    "satisfied": "The doctor has told you the conclusion and you have no more questions. Take your leave in one line.",
}


class PlainDialect:
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
            temperament=view.temperament,
            describing=temperament.describing,
            asking=temperament.asking,
            talking=temperament.talking,
            treatment=temperament.treatment,
            feeling=temperament.feeling,
        )
        user = fill(prompt_text(self.name, "patient_turn"), transcript=transcript(view), situation=situation)
        return _chat(system, user, SPEECH_TOKENS)

    def read_patient_line(self, text: str, task: PatientTask) -> str | None:
        """Read the line."""
        return _speech(text, "patient")

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
        return self._doctor("triage doctor", view, user, 256)

    def read_triage(self, text: str, view: DoctorView) -> TriageWord | None:
        """Read specialty, urgency and why."""
        answer = without_thought(text)
        data = _json(answer)
        named = str(data.get("specialty") or "") if data else answer
        specialty = _only_one(named, view.specialties) if view.specialties else _short(named)
        if specialty is None:
            return None
        stated = str(data.get("urgency") or "") if data else answer
        urgency = next((u for u in URGENCIES if u == _only_one(stated, URGENCIES)), None)
        return TriageWord(specialty, urgency, clean(str(data.get("why") or "") if data else answer))

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
        return self._doctor("attending physician", view, user, 256)

    def read_action(self, text: str, view: DoctorView) -> ActionWord | None:
        """Read the next act."""
        answer = without_thought(text)
        data = _json(answer)
        if data is None:
            # Broken JSON is no question to a patient.
            return None if "{" in answer else self._utterance(answer, view)
        action = next((offer for offer in view.offers if offer == str(data.get("action", "")).strip().lower()), None)
        said = clean(str(data.get("text") or ""))
        if action is None or (action == "ask" and not said):
            return None
        menu = view.examinations if action == "examine" else view.topics
        topic = _only_one(str(data.get("topic") or ""), menu) if action in ("ask", "examine") else None
        return None if action == "examine" and topic is None else ActionWord(action, topic, said)

    def _utterance(self, answer: str, view: DoctorView) -> ActionWord | None:
        said = _speech(answer, "attending")
        ask: Action = "ask"
        return ActionWord(ask, None, said) if said and ask in view.offers else None

    def opinion(self, view: DoctorView, specialty: str) -> Prompt:
        """Ask one specialist."""
        user = fill(
            prompt_text(self.name, "opinion"),
            transcript=transcript(view),
            labels=_labels(view),
            specialty=specialty,
        )
        return self._doctor(f"specialist in {specialty}", view, user, 256)

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionWord | None:
        """Read an opinion."""
        answer = without_thought(text)
        data = _json(answer) or {}
        named = str(data.get("diagnosis") or "") if data else answer
        if re.search(r"\bnot my field\b", named, re.IGNORECASE):
            return OpinionWord(None, None, clean(str(data.get("reason") or "")))
        diagnosis = _diagnosis(named, view, scenario)
        if diagnosis is None:
            return None
        return OpinionWord(diagnosis, _share(data.get("confidence")), clean(str(data.get("reason") or "")))

    def decision(self, view: DoctorView) -> Prompt:
        """Ask for thought, diagnosis and differential."""
        user = fill(
            prompt_text(self.name, "decision"),
            transcript=transcript(view),
            labels=_labels(view),
            opinions=_opinions(view),
        )
        return self._doctor("attending physician", view, user, 512)

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionWord | None:
        """Read thought, diagnosis and differential."""
        thought = re.search(r"<think(?:ing)?>(.*?)(?:</think(?:ing)?>|\Z)", text, re.DOTALL | re.IGNORECASE)
        after = without_thought(text)
        tagged = re.findall(r"<answer>(.*?)(?:</answer>|$)", after, re.DOTALL | re.IGNORECASE)
        line = re.search(r"(?:final )?diagnosis\s*(?:is|:)\s*([^\n.]+)", after, re.IGNORECASE)
        named = tagged[-1] if tagged else line.group(1) if line else after
        diagnosis = _diagnosis(named, view, scenario)
        if diagnosis is None:
            return None
        listed = re.search(r"<differential>(.*?)(?:</differential>|$)", after, re.DOTALL | re.IGNORECASE)
        others = scenario.diagnoses(listed.group(1)) if listed else ()
        differential = tuple(dict.fromkeys((diagnosis, *others)))[:3]
        return DecisionWord(diagnosis, differential, clean(thought.group(1)) if thought else "")

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

    def reply(self, view: DoctorView, question: str) -> Prompt:
        """Ask for an answer to the patient."""
        user = fill(
            prompt_text(self.name, "reply"),
            transcript=transcript(view),
            diagnosis=view.diagnosis or "no diagnosis yet",
            question=question,
        )
        return self._doctor("attending physician", view, user, SPEECH_TOKENS)

    def read_speech(self, text: str, view: DoctorView) -> str | None:
        """Read an explanation or a reply."""
        return _speech(text, "attending")

    def _doctor(self, role: str, view: DoctorView, user: str, max_new_tokens: int) -> Prompt:
        seen = "The patient's photograph is attached." if view.photograph else "There is no photograph."
        system = fill(prompt_text(self.name, "doctor"), role=role, photograph=seen)
        photographs = (view.photograph,) if view.photograph else ()
        return Prompt((Message("system", system), Message("user", user, photographs)), max_new_tokens)


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


def _json(text: str) -> dict[str, Any] | None:
    """Find the first JSON object in a text."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            data, _ = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):  # a number of thousands of digits is a ValueError of its own
            continue
        return data if isinstance(data, dict) else None
    return None


def _only_one(text: str, names: Any) -> str | None:
    """Find the only name that a text has as whole words; None for none or several."""
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


def _short(named: str) -> str | None:
    spoken = clean(named).strip(" .:")
    return spoken if 0 < len(spoken) <= 80 else None


def _share(stated: object) -> float | None:
    written = str(stated).strip()
    try:
        value = float(written.rstrip("%"))
    except ValueError:
        return None
    value = value / 100 if value > 1 or written.endswith("%") else value
    return value if 0 <= value <= 1 else None


def _speech(text: str, speaker: str) -> str | None:
    said = _unquoted(clean(without_thought(text)))
    return _unquoted(re.sub(rf"^(?:{speaker}|doctor)\s*:\s*", "", said, flags=re.IGNORECASE)) or None


def _unquoted(text: str) -> str:
    return re.sub(r'^"([^"]*)"$', r"\1", text).strip()
