"""A judge's answer on two names of diagnoses: its prompt, its JSON schema, and its strict parsing."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consult.agents.models.model import Message, Prompt
from consult.agents.prompt import fill, prompt_text
from consult.agents.prompt_formats.answers import json_object
from consult.agents.prompt_formats.assessment import LONGEST_WHY, sealed
from consult.agents.prompt_formats.clean import clean, without_thought
from consult.agents.prompt_formats.schemas import Schema
from consult.scenarios.correct import RELATIONS, Relation

DIALECT = "plain"
"""Models with other prompt formats were not trained to compare diagnoses."""
ANSWER_TOKENS = 160
_SHAPE = f'{{"why": "<reason>", "verdict": "<{" or ".join(RELATIONS)}>"}}'


class _Judged(BaseModel):
    model_config = ConfigDict(extra="forbid")
    why: str = Field(default="")
    verdict: Relation


def judge_prompt(said: str, truth: str) -> Prompt:
    """Ask for a verdict; the two diagnoses are in a separate message.

    Args:
        said: The doctor's diagnosis.
        truth: The true diagnosis.
    """
    system = fill(prompt_text(DIALECT, "judge"), shape=_SHAPE)
    compared = json.dumps({"true_diagnosis": clean(truth), "doctors_diagnosis": clean(said)}, ensure_ascii=False)
    messages = (Message("system", system), Message("user", sealed(compared)))
    return Prompt(messages, ANSWER_TOKENS, schema=judge_schema())


def judge_schema() -> Schema:
    """Return the schema: reason and verdict."""
    why = {"type": "string", "minLength": 1, "maxLength": LONGEST_WHY}
    properties = {"why": why, "verdict": {"type": "string", "enum": list(RELATIONS)}}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def read_judgement(text: str) -> tuple[Relation, str]:
    """Parse verdict and reason.

    Raises:
        ValueError: The answer is not a JSON object of this kind; the message gives the reason in one line.
    """
    data = json_object(without_thought(text))
    if data is None:
        raise ValueError("the answer contains no JSON object")
    if isinstance(data.get("verdict"), str):
        data["verdict"] = data["verdict"].strip().lower()
    try:
        judged = _Judged.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(clean(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")[:LONGEST_WHY]) from None
    return judged.verdict, clean(judged.why)[:LONGEST_WHY]
