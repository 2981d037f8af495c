"""A checker's answer on a patient's line: its prompt, its JSON schema, and its strict parsing."""

from __future__ import annotations

import json
from typing import Any

from consult.agents.grounding.claims import Finding, Grounds
from consult.agents.grounding.language import words_of
from consult.agents.grounding.normal_form import normalised
from consult.agents.models.model import Message, Prompt
from consult.agents.prompt import fill, prompt_text
from consult.agents.prompt_formats.answers import json_object
from consult.agents.prompt_formats.assessment import sealed
from consult.agents.prompt_formats.clean import clean, without_thought
from consult.agents.prompt_formats.schemas import Schema
from consult.foreign_text import quoted

DIALECT = "plain"
"""Models with other prompt formats were not trained to compare sentences."""
MOST_CLAIMS = 5
LONGEST_CLAIM = 120
"""Most characters."""
ANSWER_TOKENS = 300
STATED = ("stated", "not stated", "denied")


def checker_prompt(line: str, grounds: Grounds) -> Prompt:
    """Ask which facts a line states and what else it claims; the texts are in a separate message."""
    system = fill(prompt_text(DIALECT, "checker"), shape=_shape(len(grounds.facts)))
    compared = {
        "facts": {str(i): clean(fact) for i, fact in enumerate(grounds.facts, 1)},
        "doctor": clean(grounds.doctor),
        "said_before": clean(grounds.told),
        "line": clean(line),
    }
    messages = (Message("system", system), Message("user", sealed(json.dumps(compared, ensure_ascii=False))))
    return Prompt(messages, ANSWER_TOKENS, temperature=0.0, schema=checker_schema(len(grounds.facts)))


def checker_schema(facts: int) -> Schema:
    """Return the schema: for each fact whether it is stated, and the other claims."""
    each = {str(i): {"type": "string", "enum": list(STATED)} for i in range(1, facts + 1)}
    claim = {"type": "string", "minLength": 1, "maxLength": LONGEST_CLAIM}
    properties: Schema = {
        "facts": _object(each),
        "other_claims": {"type": "array", "items": claim, "maxItems": MOST_CLAIMS},
    }
    return _object(properties)


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _shape(facts: int) -> str:
    each = ", ".join(f'"{i}": "<{" or ".join(STATED)}>"' for i in range(1, facts + 1))
    return f'{{"facts": {{{each}}}, "other_claims": ["<words of the line>"]}}'


def read_check(text: str, line: str, grounds: Grounds) -> list[Finding]:
    """Parse a checker's answer; a claim whose words are not in the line is none.

    Raises:
        ValueError: The answer is not a JSON object of this kind; the message gives the reason in one line.
    """
    data = json_object(without_thought(text))
    if data is None:
        raise ValueError("the answer contains no JSON object")
    facts, claims = data.get("facts"), data.get("other_claims")
    if not isinstance(facts, dict) or sorted(facts) != sorted(str(i) for i in range(1, len(grounds.facts) + 1)):
        raise ValueError("facts: the answer does not say for each fact whether it is stated")
    if not isinstance(claims, list) or not all(isinstance(one, str) for one in claims):
        raise ValueError("other_claims: it is not a list of texts")
    found = [_of_fact(fact, facts[str(i)]) for i, fact in enumerate(grounds.facts, 1)]
    added = [Finding("added", clean(claim)[:LONGEST_CLAIM]) for claim in claims if _is_in(claim, line)]
    return [one for one in found if one is not None] + added[:MOST_CLAIMS]


def _of_fact(fact: str, stated: Any) -> Finding | None:
    said = stated.strip().lower() if isinstance(stated, str) else ""
    if said not in STATED:
        raise ValueError(f"facts: {quoted(stated, 40)} is none of {', '.join(STATED)}")
    return None if said == "stated" else Finding("missing" if said == "not stated" else "denied", fact)


def _is_in(claim: str, line: str) -> bool:
    """Return whether most words of a claim are in the line: a checker may invent as well."""
    wanted, said = words_of(normalised(claim)), set(words_of(normalised(line)))
    return bool(wanted) and 2 * sum(word in said for word in wanted) > len(wanted)
