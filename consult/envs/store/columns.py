"""What each column of the store may hold, as SQL conditions: the check of a file that may have been damaged.

SQLite keeps any value in any column of these tables, and a changed byte may turn a text into a number or into bytes
that are not text. The conditions say what the code that reads a column relies on, and no more: a menu where it looks a
name up, a range where it adds numbers.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, get_args

from consult.agents.assessors.rubric import ITEMS
from consult.agents.choices import STRATEGIES, TEAMS, Action, Speaker
from consult.agents.exchange import Outcome
from consult.envs.config import Status
from consult.envs.store.prompt_rows import unpacked
from consult.scenarios import URGENCIES
from consult.scenarios.case import QuestionForm
from consult.scenarios.correct import CorrectBy, Relation

MOST = 2**53
"""Largest count, and largest sum of counts that a number of the language of pages can hold."""
_SEED = 2**63 - 1
_BETWEEN = "\x1e"
"""Separates texts that are looked at together."""

Conditions = Mapping[str, str]
"""Column → SQL condition, true where the value can be read."""


def _text(column: str) -> str:
    # Most texts are plain ASCII; Python looks at the others alone. SQLite evaluates both sides of an OR, unlike a CASE.
    # GLOB and length stop at a NUL.
    cut = f"length({column}) <> length(CAST({column} AS BLOB))"
    foreign = f"CASE WHEN {column} GLOB '*[^\x01-\x7f]*' OR {cut} THEN is_utf8(CAST({column} AS BLOB)) ELSE 1 END"
    return f"({_is_text(column)} AND {foreign})"


def _is_text(column: str) -> str:
    return f"typeof({column}) = 'text'"


def packed_text(column: str) -> str:
    """Return the condition that a text, which may be compressed, can be read."""
    return f"(typeof({column}) IN ('text', 'blob') AND unpacks(CAST({column} AS BLOB), typeof({column}) = 'blob'))"


def _whole(column: str, low: int = 0, high: int = MOST) -> str:
    return f"(typeof({column}) = 'integer' AND {column} BETWEEN {low} AND {high})"


def _number(column: str, low: float = 0, high: float = MOST) -> str:
    return f"(typeof({column}) IN ('integer', 'real') AND {column} BETWEEN {low} AND {high})"


def _menu(column: str, names: Iterable[object]) -> str:
    listed = ", ".join(repr(name) for name in names)
    return f"(typeof({column}) = 'text' AND {column} IN ({listed}))"


def _json(column: str, kind: str, inner: str = "", condition: str = "") -> str:
    """Require JSON of a kind whose elements are of a type, or meet a condition."""
    elements = condition or (f"type = '{inner}'" if inner else "1")
    lacks = f"NOT EXISTS (SELECT 1 FROM json_each({column}) WHERE NOT coalesce({elements}, 0))"
    right = f"json_type({column}) = '{kind}' AND {lacks}"
    # A CASE, since AND does not stop SQLite from looking into what is not JSON. Most lists are empty.
    empty = f"WHEN {column} = '[]' THEN 1 " if kind == "array" else ""
    return f"(CASE {empty}WHEN {_text(column)} THEN CASE WHEN json_valid({column}) THEN {right} ELSE 0 END ELSE 0 END)"


def _flag(column: str) -> str:
    return _whole(column, 0, 1)


def _null(condition: str, column: str) -> str:
    return f"({column} IS NULL OR {condition})"


def _run_config(column: str) -> str:
    menus = (
        f"json_extract({column}, '$.strategy') IN ({', '.join(map(repr, STRATEGIES))}) "
        f"AND json_extract({column}, '$.team') IN ({', '.join(map(repr, TEAMS))}) "
        f"AND json_type({column}, '$.cases') = 'array' AND json_type({column}, '$.temperaments') = 'array'"
    )
    return f"(CASE WHEN {_json(column, 'object')} THEN {menus} ELSE 0 END)"


def _columns(condition: Any, names: str, *more: Any) -> dict[str, str]:
    """Put the same condition on columns; a name that ends in `?` may be null."""
    found = {}
    for name in names.split():
        column = name.rstrip("?")
        one = condition(column, *more)
        found[column] = _null(one, column) if name.endswith("?") else one
    return found


_MESSAGE = "type = 'object' AND json_type(value, '$.role') = 'text' AND json_type(value, '$.lines') = 'array'"


@cache
def conditions() -> Mapping[str, Conditions]:
    """Map each table with rows of play to the conditions on its columns."""
    return {
        "runs": {
            **_columns(_text, "id digest scenario scenario_revision created ended? prompt_revision?"),
            **_columns(_menu, "status", ("running", "finished", "interrupted")),
            **_columns(_whole, "seed", 0, _SEED),
            **_columns(_run_config, "config"),
            **_columns(_json, "models versions", "object", "text"),
            **_columns(_json, "sees? capabilities?", "object"),
            **_columns(_whole, "pid?", 0, 2**31 - 1),
            **_columns(_number, "wall_seconds"),
            **_columns(_flag, "prompts?"),
        },
        "consultations": {
            **_columns(
                _text,
                "case_id temperament specialty? diagnosis? diagnosis_words? truth? true_specialty? red_flag? "
                "style? error? dataset? modality? question_type? domain?",
            ),
            **_columns(_whole, "ordinal", 1),
            **_columns(_menu, "question_form?", get_args(QuestionForm)),
            "run_id": "EXISTS (SELECT 1 FROM main.runs WHERE runs.id = run_id)",
            "id": "(typeof(id) = 'text' AND id IS run_id || '.' || ordinal)",
            **_columns(_menu, "strategy", STRATEGIES),
            **_columns(_menu, "team", TEAMS),
            **_columns(_whole, "seed", 0, _SEED),
            **_columns(_whole, "repeat facts_disclosed? facts?", 0, 10_000),
            **_columns(_whole, "skin_type?", 0, 10),
            **_columns(_menu, "status", get_args(Status)),
            **_columns(_menu, "urgency? final_urgency? true_urgency?", URGENCIES),
            **_columns(_menu, "alarm_told?", ("opening", "asked", "volunteered")),
            **_columns(_flag, "demo? correct?"),
            **_columns(_menu, "correct_by?", get_args(CorrectBy)),
            **_columns(_json, "expert?", "array", "text"),
        },
        "turns": {
            **_columns(
                _text, "consultation_id text topic? specialty? diagnosis? diagnosis_words? thought findings source"
            ),
            **_columns(_whole, "idx", 0, 10_000),
            **_columns(_menu, "speaker", get_args(Speaker)),
            **_columns(_menu, "action", get_args(Action)),
            **_columns(_json, "facts differential", "array", "text"),
            **_columns(_menu, "urgency?", URGENCIES),
            **_columns(_number, "confidence? stated_confidence?", 0, 1),
            **_columns(_flag, "draft_backed? draft_leaked? draft_fallback? said_backed? said_leaked? accepts?"),
            **_columns(_whole, "draft_attempts? tokens_in tokens_out answers? unusable?", 0, 2**40),
            **_columns(_number, "seconds"),
            **_columns(_whole, "seed", -_SEED - 1, _SEED),
        },
        "opinions": {
            **_columns(_text, "consultation_id specialty diagnosis? reason findings source"),
            **_columns(_whole, "idx", 0, 10_000),
            **_columns(_number, "confidence? stated_confidence?", 0, 1),
            **_columns(_json, "differential", "array", "text"),
            **_columns(_menu, "urgency?", URGENCIES),
            **_columns(_flag, "usable first_usable?"),
        },
        "assessments": {
            **_columns(_text, "consultation_id assessor why"),
            **_columns(_menu, "item", [item.key for item in ITEMS]),
            **_columns(_number, "value?", 0, 10),
            **_columns(_json, "turns", "array", "integer"),
        },
        "judgements": {
            **_columns(_text, "consultation_id judge why"),
            **_columns(_menu, "verdict?", get_args(Relation)),
        },
        "photographs": {
            **_columns(_text, "hash"),
            "png": "typeof(png) = 'blob'",
            **_columns(_whole, "width height", 1, 100_000),
        },
        "classifier_predictions": {
            **_columns(_text, "classifier scenario_revision case_id"),
            **_columns(_json, "labels", "array", "text"),
            **_columns(_json, "probabilities", "array"),
        },
        "benchmarks": {
            **_columns(_text, "id toml status created ended?"),
            **_columns(_flag, "anew"),
        },
        "benchmark_runs": {
            **_columns(_text, "benchmark_id run_id"),
            **_columns(_whole, "cell", 0, 100_000),
        },
        "reply_counts": {
            **_columns(_text, "consultation_id role model why"),
            **_columns(_whole, "turn?", 0, 10_000),
            **_columns(_whole, "tries unusable cut widened repeated"),
        },
        "prompts": {
            **_columns(_text, "consultation_id role task model begin? thought?"),
            **_columns(_whole, "turn? grammar?", 0),
            **_columns(_whole, "idx member attempt max_tokens tokens_in tokens_out", 0),
            **_columns(_json, "messages", "array", "", _MESSAGE),
            **_columns(_json, "rendered?", "object"),
            **_columns(_number, "temperature top_p seconds"),
            **_columns(_whole, "seed", -_SEED - 1, _SEED),
            **_columns(_flag, "constrained? cut?"),
            **_columns(packed_text, "reply? why"),
            **_columns(_menu, "outcome", get_args(Outcome)),
            **_columns(_number, "probability?", 0, 1),
        },
    }  # fmt: skip


def sound(table: str) -> str:
    """Return the SQL condition, which is never null, that every column of a row can be read."""
    return _met(conditions()[table].values())


def _met(rules: Iterable[str]) -> str:
    # Within a CASE, SQLite stops at the first rule that is not met; else it evaluates both sides of every AND and OR.
    return f"(CASE WHEN {' AND '.join(rules)} THEN 1 ELSE 0 END)"


def all_sound(table: str) -> str:
    """Return the SQL condition that every column of every row of a group can be read.

    It looks at the texts of a group together, which takes a third of the time. It never holds if a row is not `sound`,
    but it may fail if all are: then `sound` decides.
    """
    rules = conditions()[table]
    texts = [column for column, rule in rules.items() if rule == _text(column)]
    nullable = [column for column, rule in rules.items() if rule == _null(_text(column), column)]
    lists = [column for column, rule in rules.items() if rule == _json(column, "array", "text")]
    rest = [rule for column, rule in rules.items() if column not in (*texts, *nullable, *lists)]
    typed = list(map(_is_text, (*texts, *lists)))
    no_text, words = "1", ""
    if nullable:
        no_text = f"coalesce({', '.join(nullable)}, NULL) IS NULL"
        words = " || ' ' || ".join(f"coalesce({column}, '')" for column in nullable)
        typed.append(f"({no_text} OR ({' AND '.join(_null(_is_text(column), column) for column in nullable)}))")
        words = f" || CASE WHEN {no_text} THEN '' ELSE ' ' || {words} END"
    together = " || ' ' || ".join(texts) + words
    filled = " OR ".join(f"{column} != '[]'" for column in lists)
    listed = f" || '{_BETWEEN}' || ".join(lists)
    return (
        f"(min({_met((*rest, *typed))}) "
        f"AND are_utf8(CAST(group_concat({together}, '{_BETWEEN}') AS BLOB), count(*)) "
        f"AND are_lists(CAST(group_concat({listed}, '{_BETWEEN}') FILTER (WHERE {filled}) AS BLOB), "
        f"{len(lists)} * count(*) FILTER (WHERE {filled})))"
    )


def first_spoilt(table: str) -> str:
    """Return SQL for the name of the first column of a row that cannot be read."""
    cases = " ".join(f"WHEN NOT coalesce({rule}, 0) THEN '{name}'" for name, rule in conditions()[table].items())
    return f"CASE {cases} END"


def add_functions(connection: Any) -> None:
    """Add the functions to a connection that the conditions call."""
    connection.create_function("is_utf8", 1, _is_utf8, deterministic=True)
    connection.create_function("unpacks", 2, _unpacks, deterministic=True)
    connection.create_function("are_utf8", 2, _are_utf8, deterministic=True)
    connection.create_function("are_lists", 2, _are_lists, deterministic=True)


def _is_utf8(content: bytes | None) -> bool:
    try:
        (content or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _are_utf8(joined: bytes, count: int) -> bool:
    """Return whether texts can be read; False if their number is not the given one, since one has the separator."""
    return joined.count(_BETWEEN.encode()) == count - 1 and _is_utf8(joined)


def _are_lists(joined: bytes | None, count: int) -> bool:
    """Return whether texts are JSON lists of texts; False if their number is not the given one."""
    if joined is None:
        return True
    texts = joined.split(_BETWEEN.encode())
    return len(texts) == count and all(map(_is_list, texts))


@lru_cache(maxsize=10_000)
def _is_list(text: bytes) -> bool:
    try:
        found = json.loads(text.decode())
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list) and all(isinstance(one, str) for one in found)


def _unpacks(content: bytes | None, compressed: bool) -> bool:
    """Return whether a text can be read; SQLite may ask about null, which another condition decides."""
    if content is None:
        return False
    try:
        unpacked(content if compressed else content.decode())
    except (UnicodeDecodeError, zlib.error):
        return False
    return True
