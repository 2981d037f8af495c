"""Read what models write: JSON, tags or running text. Nothing is guessed: what is unclear is None."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from consult.agents.prompt_formats.blanks import is_a_reason
from consult.agents.prompt_formats.clean import clean, thought_of, without_thought, without_tool_calls
from consult.agents.prompt_formats.doctors_words import without_placeholders, without_repeats
from consult.scenarios import URGENCIES, Scenario, Urgency
from consult.scenarios.normalised import abstains, has_clause

LONGEST_WORDS = 300
"""Most characters of a doctor's own words for its diagnosis."""
LONGEST_DIAGNOSIS, LONGEST_ANSWER = 80, 200
"""Most characters of an open diagnosis, and of an open answer to a question about pictures."""
_WRAPPED = re.compile(r"\s*<(answer|response)>(.*?)(?:</\1>\s*)?\Z", re.DOTALL | re.IGNORECASE)
"""What some families write around the answer that follows a thought."""
_BEGINS_JSON = re.compile(r"\s*(?:```\w*\s*)?\{")


def json_object(text: str) -> dict[str, Any] | None:
    """Find the first JSON object in a text."""
    # Not strict: models write line breaks into strings, and a grammar lets them.
    decoder = json.JSONDecoder(strict=False)
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


def answer_object(answer: str, key: str) -> dict[str, Any] | None:
    """Read the object of an answer; of broken or cut JSON, the key that matters if its value is complete.

    Args:
        answer: A reply without its thought.
        key: The key that decides, such as `diagnosis`.

    Returns:
        None for running text. Broken JSON without the key is empty: its reasoning is not read as an answer.
    """
    data = json_object(answer)
    if data is not None or _BEGINS_JSON.match(answer) is None:
        return data
    quoted = re.search(rf'"{key}"\s*:\s*"([^"\\]*)"', answer)
    bare = re.search(rf'[{{,\s]"?{key}"?\s*:\s*([^",{{}}\[\]\n]+?)\s*[,}}\n]', answer)
    found = quoted or bare
    return {key: found.group(1)} if found else {}


def only_one(text: str, names: Iterable[str]) -> str | None:
    """Find the only name that a text contains as whole words; None for none or several."""
    longest_first = sorted(names, key=len, reverse=True)
    found = set()
    for name in longest_first:
        if has_clause(text, name):
            found.add(name)
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text, flags=re.IGNORECASE)
    return found.pop() if len(found) == 1 else None


def urgency_in(text: str) -> Urgency | None:
    """Find the only urgency that a text names."""
    named = only_one(text, URGENCIES)
    return next((urgency for urgency in URGENCIES if urgency == named), None)


def said(value: object) -> str:
    """Return a value of an answer as clean text; empty for what is not text, and without what was to be filled in."""
    return without_placeholders(clean(value)) if isinstance(value, str) else ""


def reason_in(value: object) -> str:
    """Return findings or a reason of an answer as clean text; empty if it only copies what was to be filled in.

    Of a loop, each sentence is kept once: other prompts quote the text.
    """
    text = without_repeats(said(value))
    return text if is_a_reason(text) else ""


def diagnosis_in(named: str, scenario: Scenario, *, closed: bool) -> str | None:
    """Read a diagnosis: a label, or any short answer if the diagnoses are open."""
    if closed:
        return scenario.diagnosis(named)
    return short(named, asked=scenario.asks_questions)


def differential_in(value: object, scenario: Scenario, *, closed: bool) -> tuple[str, ...]:
    """Read a list of diagnoses, or names in running text; what is not a diagnosis is left out."""
    if isinstance(value, list):
        found = [diagnosis_in(one, scenario, closed=closed) for one in value if isinstance(one, str)]
        return tuple(dict.fromkeys(one for one in found if one))
    return tuple(scenario.diagnoses(value)) if isinstance(value, str) else ()


def named_in_text(decision: str, scenario: Scenario) -> tuple[str, str]:
    """Find where a decision names its diagnosis, and the words for it; in running text, the names that occur in it."""
    tagged = re.findall(r"<answer>(.*?)(?:</answer>|$)", decision, re.DOTALL | re.IGNORECASE)
    line = re.search(r"(?:final )?diagnosis\s*(?:is|:)\s*([^\n.]+)", decision, re.IGNORECASE)
    if tagged or line:
        named = tagged[-1] if tagged else line.group(1) if line else ""
        return named, clean(named)[:LONGEST_WORDS]
    mentioned = dict.fromkeys(one.words for one in scenario.mentions(decision))
    return decision, clean(", ".join(mentioned))[:LONGEST_WORDS]


def tagged_urgency(decision: str) -> Urgency | None:
    """Parse the last urgency tag; None unless it names exactly one of the four levels."""
    tagged = re.findall(r"<urgency>([^<]*)", decision, re.IGNORECASE)
    stated = tagged[-1].strip(" \n\t.*\"'").lower() if tagged else ""
    return next((urgency for urgency in URGENCIES if urgency == stated), None)


def short(named: str, *, asked: bool = False) -> str | None:
    """Parse a short answer; None if it is missing, long, or names no diagnosis ("I don't know").

    Args:
        named: The answer.
        asked: Whether it answers a question about pictures, which "none" may do.
    """
    spoken = clean(named).strip(" .:")
    if asked:
        return spoken if 0 < len(spoken) <= LONGEST_ANSWER else None
    return spoken if len(spoken) <= LONGEST_DIAGNOSIS and not abstains(spoken) else None


def share(stated: object) -> float | None:
    """Parse a probability, 0 to 1, also as percent."""
    written = str(stated).strip()
    try:
        value = float(written.rstrip("%"))
    except ValueError:
        return None
    value = value / 100 if value > 1 or written.endswith("%") else value
    return value if 0 <= value <= 1 else None


def reasoned(text: str, data: Mapping[str, Any] | None) -> str:
    """Return the private reasoning of an answer: a thought before it, and its own."""
    return " ".join(part for part in (thought_of(text), reason_in((data or {}).get("reasoning"))) if part)


def speech(text: str, speaker: str) -> str | None:
    """Read a spoken line, without thought, tags, quotation marks and speaker's name; None if nothing is left."""
    answer = without_tool_calls(without_thought(text))
    wrapped = _WRAPPED.match(answer)
    line = _unquoted(clean(wrapped[2] if wrapped else answer))
    return _unquoted(re.sub(rf"^(?:{speaker}|doctor)\s*:\s*", "", line, flags=re.IGNORECASE)) or None


def _unquoted(text: str) -> str:
    return re.sub(r'^"([^"]*)"$', r"\1", text).strip()
