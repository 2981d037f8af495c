"""The plain format's prompts for questions about pictures, and the parsing of their answers.

A prompt goes from what never changes to what changes often, as in `plain`: rules, pictures and question, then the task.
There is no conversation: each doctor reads the question itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from consult.agents.acts import DoctorView, Opinion
from consult.agents.models.model import Message, Prompt
from consult.agents.prompt import PromptTexts
from consult.agents.prompt_formats.answers import (
    LONGEST_WORDS,
    answer_object,
    diagnosis_in,
    named_in_text,
    reason_in,
    reasoned,
    said,
    share,
)
from consult.agents.prompt_formats.clean import without_thought
from consult.agents.prompt_formats.prompt_format import DecisionOutput, OpinionOutput
from consult.agents.prompt_formats.schemas import (
    ANSWER_KEYS,
    Schema,
    answer_schema,
    diagnosis_choice,
    keys_of_decision,
    keys_of_triage,
    shape,
    triage_schema,
)
from consult.agents.titles import doctor_of
from consult.scenarios import Question, Scenario
from consult.scenarios.case import LETTERS

TRIAGE_TOKENS, ANSWER_TOKENS = 768, 1024
"""Most tokens of a triage, and of an answer: a description, the reasoning and the decision."""
SEEN = "<what you see, at most 70 words>"
SURE = "<your probability that the answer is right, 0 to 1>"


def triage(texts: PromptTexts, view: DoctorView) -> Prompt:
    """Ask for what is seen, the reasoning and the specialty."""
    rules = texts.fill("question_triage_rules", specialties=", ".join(view.specialties))
    shown = shape(keys_of_triage(view), findings=SEEN, specialty="<specialty>")
    task = texts.fill("question_triage", look=_look(texts, view), shape=shown)
    return _prompt(texts, view, rules, task, TRIAGE_TOKENS, triage_schema(view))


def opinion(texts: PromptTexts, view: DoctorView, specialty: str) -> Prompt:
    """Ask one specialist for an answer."""
    task = texts.fill(
        "question_opinion",
        title=doctor_of(specialty),
        look=_look(texts, view),
        shape=shape(ANSWER_KEYS, findings=SEEN, confidence=SURE),
    )
    prompt = _prompt(texts, view, texts.text("question_specialist_rules"), task, ANSWER_TOKENS, answer_schema(view))
    return replace(prompt, choice=diagnosis_choice(view.labels, "answer"))


def decision(texts: PromptTexts, view: DoctorView) -> Prompt:
    """Ask the attending for the answer."""
    keys = keys_of_decision(view)
    look = {} if view.rationale == "none" else {"look": _look(texts, view)}
    task = texts.fill(
        "question_decision",
        referral="" if view.specialty is None else texts.fill("question_referral", specialty=view.specialty) + "\n",
        opinions=_opinions(texts, view),
        reason=texts.fill(f"question_reason_{view.rationale}", **look),
        shape=shape(keys, findings=SEEN, confidence=SURE),
    )
    rules = texts.text("question_attending_rules")
    prompt = _prompt(texts, view, rules, task, ANSWER_TOKENS, answer_schema(view, keys))
    return replace(prompt, choice=diagnosis_choice(view.labels, "answer"))


def read_opinion(text: str, scenario: Scenario) -> OpinionOutput | None:
    """Read a specialist's answer."""
    data, answer, _ = _answered(text, scenario)
    if answer is None:
        return None
    return OpinionOutput(
        diagnosis=answer,
        confidence=share(data.get("confidence")),
        reason=reason_in(data.get("reasoning")),
        findings=reason_in(data.get("findings")),
    )


def read_decision(text: str, scenario: Scenario) -> DecisionOutput | None:
    """Read the attending's answer; one that names no option, or several, keeps its words."""
    data, answer, words = _answered(text, scenario)
    if answer is None:
        return DecisionOutput(None, (), "", words=words) if words else None
    return DecisionOutput(
        diagnosis=answer,
        differential=(),
        thought=reasoned(text, data),
        words=words,
        findings=reason_in(data.get("findings")),
        confidence=share(data.get("confidence")),
    )


def _answered(text: str, scenario: Scenario) -> tuple[Mapping[str, Any], str | None, str]:
    """Return the object of a reply, the answer that it names, and the words for it."""
    after = without_thought(text)
    data = answer_object(after, "answer")
    if data is None:
        named, words = named_in_text(after, scenario)
        return {}, diagnosis_in(named, scenario, closed=bool(scenario.labels)), words
    given = data.get("answer")
    named = said(given) if isinstance(given, str) else "" if given is None else str(given)
    return data, diagnosis_in(named, scenario, closed=bool(scenario.labels)), named[:LONGEST_WORDS]


def _prompt(texts: PromptTexts, view: DoctorView, rules: str, task: str, tokens: int, schema: Schema) -> Prompt:
    assert view.question is not None
    head = texts.fill(
        "question",
        pictures=_pictures(texts, view),
        question=view.question.text,
        options=_options(texts, view.question),
    )
    messages = (
        Message("system", texts.fill("question_doctor", rules=rules)),
        Message("user", f"{head}\n\n{task}", view.photographs),
    )
    return Prompt(messages, tokens, schema=schema)


def _pictures(texts: PromptTexts, view: DoctorView) -> str:
    shown = len(view.photographs)
    if view.unshown:
        return texts.fill("question_pictures_some", all=str(shown + view.unshown), shown=str(shown))
    return texts.fill("question_pictures", shown=str(shown)) if shown else texts.text("question_no_picture")


def _options(texts: PromptTexts, question: Question) -> str:
    if not question.options:
        return texts.text("question_open")
    listed = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, question.options, strict=False))
    return texts.fill("question_options", options=listed)


def _look(texts: PromptTexts, view: DoctorView) -> str:
    return texts.text("question_look" if view.photographs else "question_look_without")


def _opinions(texts: PromptTexts, view: DoctorView) -> str:
    if not view.opinions:
        return ""
    listed = "\n".join(f"{number}. {_opinion(one)}" for number, one in enumerate(view.opinions, 1))
    return texts.fill("opinions", opinions=listed) + "\n\n"


def _opinion(opinion: Opinion) -> str:
    """Describe a colleague's answer in one line."""
    sure = "" if opinion.confidence is None else f" (confidence {opinion.confidence:.2f})"
    told = " ".join(
        part for part in (opinion.reason, f"Findings: {opinion.findings}" if opinion.findings else "") if part
    )
    named = opinion.diagnosis or "no usable answer"
    return f"{opinion.specialty}: {named}{sure}{f'. {told}' if told else ''}"
