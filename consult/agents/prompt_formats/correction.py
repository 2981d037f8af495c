"""A second try: the prompt again, with a sentence that says why the first answer could not be used."""

from __future__ import annotations

from dataclasses import replace

from consult.agents.exchange import CUT, EMPTY, NO_TOOLS, ONLY_THOUGHT, Exchange, cause_of
from consult.agents.models.model import Prompt
from consult.agents.prompt_formats.answers import json_object
from consult.agents.prompt_formats.clean import without_thought

UNSAYABLE = "it held no words that can be said to the patient as they are"
LACKING = {
    "triage": "it named no specialty of the list",
    "action": "it named no act that is on offer, with what belongs to it",
    "opinion": "it named no diagnosis of the list",
    "decision": "it named no diagnosis of the list",
    "explanation": UNSAYABLE,
    "reply": UNSAYABLE,
    "free": "it held no line that the patient may say now",
}
"""Task → what an answer that cannot be used lacks."""
SAID = {
    CUT: "it was too long and was cut off; be brief",
    EMPTY: "it was empty",
    ONLY_THOUGHT: "it was only private thought; give the answer itself",
    NO_TOOLS: "it called a tool, and there are none; give the answer as text",
}
"""Why a reply has no text → the same, for the model."""


def corrected(prompt: Prompt, complaint: str) -> Prompt:
    """Return a prompt that ends with what was wrong with the answer to it; photographs stay where they are."""
    *before, last = prompt.messages
    text = f"{last.text}\n\nYour answer could not be used: {complaint}. Answer again, in the form asked for."
    return replace(prompt, messages=(*before, replace(last, text=text)))


def complaint(exchange: Exchange, why: str = "") -> str:
    """Say to a model what was wrong with its refused reply, as the end of a sentence.

    Args:
        exchange: The refused exchange.
        why: The reason given by the parser; by default what an answer to the task lacks.
    """
    reply, prompt = exchange.answer, exchange.request.prompt
    cause = next((words for known, words in SAID.items() if known in cause_of(reply)), "")
    if cause:
        return f"{why}, and {cause}" if why else cause
    lacking = why or LACKING.get(exchange.request.task, "it does not have the form asked for")
    formless = prompt.schema is not None and json_object(without_thought(reply.text)) is None
    return f"{lacking}, and it held no JSON object" if formless and "JSON" not in lacking else lacking
