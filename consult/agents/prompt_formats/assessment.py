"""An assessor's answer: its JSON schema for backends that can enforce one, and strict parsing for all others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, TypeAdapter, ValidationError

from consult.agents.acts import AssessorView, Line
from consult.agents.assessors.rubric import BY_KEY, ITEMS, Item, Verdict
from consult.agents.models.model import Message, Prompt
from consult.agents.prompt import fill, prompt_text
from consult.agents.prompt_formats.clean import clean
from consult.agents.prompt_formats.schemas import Schema

LONGEST_WHY = 200
"""Most characters of a reason, so that 8 of them fit into the answer's tokens."""
MOST_TURNS = 6
"""Most turns that a verdict may cite."""
ANSWER_TOKENS = 1100

_ROLE_MARKS = re.compile(r"\[/?[A-Z][A-Z_]{2,}\]|<</?SYS>>")
"""Template markers that are not separate tokens in every model, such as [INST]."""
_WORDS = {"yes": 1, "true": 1, "no": 0, "false": 0, "0": 0, "1": 1, "2": 2}


class _Judged(BaseModel):
    model_config = ConfigDict(extra="forbid")
    why: str = ""
    turns: list[Annotated[StrictInt, Field(ge=0)]] = []
    value: StrictInt


_ANSWER: TypeAdapter[dict[str, _Judged]] = TypeAdapter(dict[str, _Judged])


def assessment_prompt(dialect: str, view: AssessorView) -> Prompt:
    """Ask for a verdict on each item; the consultation is in a separate message."""
    system = fill(
        prompt_text(dialect, "assessor"),
        photograph=_attached(len(view.photographs)),
        items="\n".join(f"{item.key} {item.question}" for item in ITEMS),
        shape=shape(),
    )
    photographs = view.photographs
    messages = (Message("system", system), Message("user", material(view), photographs))
    return Prompt(messages, ANSWER_TOKENS, schema=assessment_schema())


def _attached(pictures: int) -> str:
    if pictures < 2:
        return "The patient's photograph is attached." if pictures else "There is no photograph."
    return f"The patient's {pictures} photographs are attached."


def assessment_schema() -> Schema:
    """Return the schema: reason, turns and value of each item."""
    return _closed({item.key: _closed(_verdict_schema(item)) for item in ITEMS})


def _verdict_schema(item: Item) -> Schema:
    reason = {"type": "string", "minLength": 1, "maxLength": LONGEST_WHY}
    turns = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 999}, "maxItems": MOST_TURNS}
    return {"why": reason, "turns": turns, "value": {"type": "integer", "enum": list(item.levels)}}


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def shape() -> str:
    """Show the answer's shape, one item per line."""
    lines = [
        f'"{item.key}": {{"why": "<reason>", "turns": [<turns>], "value": <{" or ".join(map(str, item.levels))}>}}'
        for item in ITEMS
    ]
    return "{" + ",\n ".join(lines) + "}"


def material(view: AssessorView) -> str:
    """Put the consultation into one JSON object; nothing in it can end a string, a message or a turn."""
    lines = ",\n".join(f"  {_object(_line(i, line))}" for i, line in enumerate(view.lines))
    truth = json.dumps(_data(view.diagnosis)) if view.diagnosis else "null"
    return f'{{"true_diagnosis": {sealed(truth)},\n "transcript": [\n{lines}\n]}}'


def _line(idx: int, line: Line) -> dict[str, Any]:
    return {"turn": idx, "speaker": line.speaker, "act": line.action, "text": _data(line.text)}


def _object(data: Mapping[str, Any]) -> str:
    return sealed(json.dumps(data, ensure_ascii=False))


def _data(text: str) -> str:
    return clean(_ROLE_MARKS.sub(" ", clean(text)))


def sealed(written: str) -> str:
    """Escape the possible beginning of a control token, within JSON."""
    # Control tokens of all families begin with angle brackets, which occur only within strings and may be escaped.
    return written.replace("<", "\\u003c").replace(">", "\\u003e")


def read_assessment(data: Mapping[str, Any] | None) -> dict[str, Verdict]:
    """Check an answer against the rubric.

    Args:
        data: The answer's JSON object; None if it has none.

    Raises:
        ValueError: The answer is not a JSON object, lacks an item, has an extra one, or a value that is not a level.
    """
    if data is None:
        raise ValueError("the answer holds no JSON object")
    try:
        judged = _ANSWER.validate_python({key: _plain(value) for key, value in data.items()})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(clean(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")[:LONGEST_WHY]) from None
    wrong = sorted(set(judged) ^ set(BY_KEY))
    if wrong:
        kind = "lacks" if wrong[0] in BY_KEY else "has an unknown"
        raise ValueError(f"the answer {kind} item {clean(wrong[0])[:LONGEST_WHY]}")
    for item in ITEMS:
        if judged[item.key].value not in item.levels:
            raise ValueError(f"{item.key}: the value {judged[item.key].value} is none of {item.levels}")
    return {item.key: _verdict(judged[item.key]) for item in ITEMS}


def _verdict(judged: _Judged) -> Verdict:
    turns = tuple(dict.fromkeys(judged.turns))[:MOST_TURNS]
    return Verdict(judged.value, clean(judged.why)[:LONGEST_WHY], turns)


def _plain(value: object) -> object:
    """Accept clear equivalents: yes, no, true and false for 1 and 0, and a value without a reason."""
    said = dict(value) if isinstance(value, dict) else {"value": value}
    stated = said.get("value")
    if isinstance(stated, bool | str):
        said["value"] = _WORDS.get(str(stated).strip().lower(), stated if isinstance(stated, str) else int(stated))
    return said
