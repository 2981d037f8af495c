"""The prompts of a free talk, as 3MDBench has it: a doctor and a patient who chat, without menus.

Both read the conversation as chat messages, each its own lines as the assistant's. The patient answers with its line
and whether it ends the talk, so that no word in a text does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from consult.agents.acts import DoctorView, Line, PatientView
from consult.agents.models.model import Message, Prompt
from consult.agents.prompt import PLAIN, PromptTexts, prompt_text
from consult.agents.prompt_formats.answers import LONGEST_WORDS, json_object, speech
from consult.agents.prompt_formats.assessment import sealed
from consult.agents.prompt_formats.clean import clean, thought_of, without_thought
from consult.agents.prompt_formats.plain import character, labels_text
from consult.agents.prompt_formats.prompt_format import FreeOutput
from consult.agents.prompt_formats.schemas import talk_schema
from consult.agents.temperament import Temperament

DOCTOR_TOKENS, PATIENT_TOKENS, EXTRACTION_TOKENS = 512, 256, 64
"""Most tokens of a doctor's line, a patient's line, and an extracted diagnosis; the first two are 3MDBench's."""
THOUGHT_TOKENS = 512
NONE = "none"
"""An extracted text that says that the doctor stated no diagnosis."""


def talk_prompt(view: DoctorView, texts: PromptTexts) -> Prompt:
    """Ask the doctor for its next line; the photograph is in the patient's first message."""
    once = "" if view.interviews else "_once"
    rules = texts.fill(f"talk_doctor{once}", labels=_labels(view, texts), photograph=_photograph(view, texts))
    tokens = DOCTOR_TOKENS
    if view.thinks:
        rules, tokens = f"{rules}\n{texts.text('think')}", tokens + THOUGHT_TOKENS
    messages = [Message("user" if one.speaker == "patient" else "assistant", one.text) for one in view.lines]
    if view.photograph and messages:
        messages[0] = Message("user", messages[0].text, (view.photograph,))
    return Prompt((Message("system", rules), *messages), tokens)


def read_talk(text: str) -> tuple[str, str] | None:
    """Read the doctor's line and its private thought; None if there is no line."""
    line = speech(text, "attending")
    return (line, thought_of(text)) if line else None


def patient_talk_prompt(view: PatientView, temperament: Temperament, texts: PromptTexts) -> Prompt:
    """Ask the patient for its next line, and whether it ends the talk."""
    facts = "\n".join(f"- {fact.text}" for fact in (view.card.complaint, *view.card.facts))
    system = texts.fill(
        "talk_patient",
        temperament=character(view.temperament, temperament),
        facts=facts,
        complaint=view.card.complaint.text,
    )
    messages = [Message("system", system), Message("user", texts.text("talk_begin"))]
    messages += [_heard(one) for one in view.lines]
    return Prompt(tuple(messages), PATIENT_TOKENS, schema=talk_schema())


def read_patient_talk(text: str, view: PatientView) -> FreeOutput | None:
    """Read the patient's line; plain text is a line that does not end the talk."""
    answer = without_thought(text)
    data = json_object(answer)
    if data is None:
        said, ends = None if "{" in answer else speech(answer, "patient"), False
    else:
        said, ends = clean(str(data.get("text") or "")), data.get("satisfied") is True
    if "open" in view.offers:
        return FreeOutput("open", said) if said else None
    if ends:
        # Whoever ends the talk needs no words for it.
        return FreeOutput("satisfied", said or "Thank you, doctor.")
    return FreeOutput("answer", said) if said else None


def extraction_prompt(lines: Sequence[str]) -> Prompt:
    """Ask which diagnosis the doctor's lines state, greedily."""
    system = prompt_text(PLAIN, "extractor")
    spoken = json.dumps({"doctors_lines": [clean(line) for line in lines]}, ensure_ascii=False)
    return Prompt((Message("system", system), Message("user", sealed(spoken))), EXTRACTION_TOKENS, temperature=0.0)


def read_extraction(text: str) -> str | None:
    """Read the extracted diagnoses, `none` if there is none; None for an answer that cannot be used."""
    said = clean(without_thought(text).replace("`", "")).strip(" .\"'").lower()
    return said if said and len(said) <= LONGEST_WORDS and "{" not in said else None


def _labels(view: DoctorView, texts: PromptTexts) -> str:
    return labels_text(view.labels, texts)


def _photograph(view: DoctorView, texts: PromptTexts) -> str:
    told = [texts.text("talk_photograph" if view.photograph else "no_photograph")]
    if view.expert:
        told.append(texts.fill("classifier", predictions=", ".join(view.expert)))
    return "\n".join(told)


def _heard(line: Line) -> Message:
    if line.speaker != "patient":
        return Message("user", line.text)
    said = json.dumps({"text": line.text, "satisfied": line.action == "satisfied"}, ensure_ascii=False)
    return Message("assistant", said)
