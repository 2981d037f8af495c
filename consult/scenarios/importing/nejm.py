"""AgentClinic-NEJM's cases (arXiv 2405.07960): a vignette, the patient's part, findings, five answers, an address.

Both files are read: the one of JSON objects, and the one whose `answers` and `type` are Python literals as text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from consult.errors import UserError
from consult.scenarios.importing.cleaning import as_text
from consult.scenarios.importing.records import read_objects, rows_from
from consult.scenarios.importing.row import Passage, Row, Rows, UnusableRow
from consult.scenarios.importing.sentences import sentences

MOST_LITERAL = 20_000
"""Most characters of a literal."""
_TO_ACTOR = re.compile(
    r"\b(?:your role|patient actor|remember\b|your character|you(?:'re| are) not aware|you need to convey"
    r"|(?:here's|here is) (?:what|the)|portray|your knowledge is)",
    re.IGNORECASE,
)
"""Instructions to who plays the patient."""
_OPENING = re.compile(
    r"^(?:for your role|as) (?:as )?(?:a |the )?patient(?: actor)?,\s*"
    r"(?:(?:here's|here is)[^:]{0,90}:|you need to[^:]{0,90}:)?\s*",
    re.IGNORECASE,
)
_LIST = re.compile(r"(?:^|\s)(?:-|\d\.)\s+(?=[A-Z*])|\*\*[^*]{0,60}\*\*\s*:?|\*\*")
_OWN = (
    (re.compile(r"\s+the following (?:symptoms|issues)\b", re.IGNORECASE), " this"),
    (re.compile(r"\byou are\b|\byou're\b", re.IGNORECASE), "I am"),
    (re.compile(r"\byou were\b", re.IGNORECASE), "I was"),
    (re.compile(r"\byou've\b", re.IGNORECASE), "I have"),
    (re.compile(r"\byourself\b", re.IGNORECASE), "myself"),
    (re.compile(r"\byour\b", re.IGNORECASE), "my"),
    (re.compile(r"\b(with|to|for|of|on|by|bother|bothers|causing you|caused) you\b", re.IGNORECASE), r"\1 me"),
    (re.compile(r"\byou\b", re.IGNORECASE), "I"),
)
"""Second person → first person."""


def read_nejm(source: Path) -> Rows:
    """Read the cases of an `agentclinic_nejm*.jsonl`.

    Raises:
        UserError: The source is not a file.
    """
    if source.is_dir() or not source.exists():
        raise UserError(f"'{source}' is not a file; give agentclinic_nejm.jsonl")
    return rows_from(read_objects(source), _row)


def _row(fields: Mapping[str, Any]) -> Row:
    question, patient = (as_text(fields.get(name), name) for name in ("question", "patient_info"))
    if not question or not patient:
        raise UnusableRow(f"there is no '{'patient_info' if question else 'question'}'")
    shown = _literal(fields.get("type"), "type")
    kinds = ", ".join(map(str, shown)) if isinstance(shown, list | tuple) else as_text(shown, "type")
    return Row(
        diagnosis=_answer(fields.get("answers")),
        told=tuple(Passage(sentence) for sentence in _own_words(patient)),
        found=(Passage(_LIST.sub(". ", as_text(fields.get("physical_exams"), "physical_exams"))),),
        about=next(sentences(question), ""),
        split="test",
        address=as_text(fields.get("image_url"), "image_url"),
        address_optional=True,
        rights={"picture_shows": kinds} if kinds else {},
    )


def _answer(value: Any) -> str:
    answers = _literal(value, "answers")
    if not isinstance(answers, list) or not all(isinstance(one, Mapping) for one in answers):
        raise UnusableRow("'answers' is not a list of objects")
    right = [as_text(one.get("text"), "answers") for one in answers if one.get("correct") in (True, "True", "true")]
    if len(right) != 1 or not right[0]:
        raise UnusableRow("'answers' has not exactly one correct text", str(len(right)))
    return right[0]


def _literal(value: Any, name: str) -> Any:
    """Read a Python literal that is written as text; other values, and plain words, stay as they are."""
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{", "("):
        return value
    if len(value) > MOST_LITERAL:
        raise UnusableRow(f"'{name}' is longer than {MOST_LITERAL:,} characters")
    try:
        return ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise UnusableRow(f"'{name}' is not a Python literal", value[:60]) from None


def _own_words(text: str) -> Iterator[str]:
    """Yield what the patient is told of itself, in the first person, without the instructions to who plays it."""
    plain = _LIST.sub("\n", text)
    for line in plain.splitlines():
        for sentence in sentences(line):
            own = _OPENING.sub("", sentence).strip(" :-")
            if not own or _TO_ACTOR.search(own):
                continue
            for second, first in _OWN:
                own = second.sub(first, own)
            yield own[0].upper() + own[1:]
