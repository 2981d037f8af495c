"""What the attending says to the patient in its own words, and why a text cannot be said."""

from __future__ import annotations

from consult.agents.prompt import PromptTexts
from consult.agents.prompt_formats.answers import json_object, speech
from consult.agents.prompt_formats.clean import clean, without_thought
from consult.agents.prompt_formats.doctors_words import all_texts, not_doctors_words

FORMS = {
    "ask": '{"action": "ask", "topic": "<topic>", "text": "<one question to the patient>"}',
    "examine": '{"action": "examine", "topic": "<examination>", "text": "<what you say while you do it>"}',
    "consult": '{"action": "consult", "text": "<what you tell the patient>"}',
    "conclude": '{"action": "conclude"}',
}
"""Act → its form in a prompt."""
TASKS = ("action", "explanation", "reply")
"""Tasks whose answers hold words for the patient."""


def not_sayable(line: str, task: str, texts: PromptTexts) -> str:
    """Return why a line cannot be said to the patient, in words that follow "it"; empty if it can.

    Args:
        line: The line.
        task: The task that it answers.
        texts: The texts of the prompt, whose instructions it must not repeat.
    """
    instructions = all_texts([texts.text(name) for name in ("doctor", "attending_rules", task)])
    return not_doctors_words(line, "\n".join((instructions, *FORMS.values())) if task == "action" else instructions)


def fault_of(reply: str, task: str, texts: PromptTexts) -> str:
    """Return what is wrong with the words for the patient in a refused reply; empty if it is something else."""
    if task not in TASKS:
        return ""
    answer = without_thought(reply)
    data = json_object(answer) if task == "action" else None
    line = speech(answer, "attending") if data is None else clean(str(data.get("text") or ""))
    return not_sayable(line, task, texts) if line else ""
