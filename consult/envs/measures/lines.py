"""What the lines of a run are like: faithful to the card, usable, and as the temperament has it.

The database adds up each case's lines and counts the cases that are alike, so that no line is held in memory, and the
intervals are over cases: lines of one consultation are not independent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from consult.agents.temperament import temperaments
from consult.envs.fidelity import ATTENDING, DISCLOSED, PATIENT
from consult.envs.measures.figures import Figure
from consult.envs.measures.intervals import ratio
from consult.envs.store import Store

_KINDS = """
SELECT grp, top, bottom, count(*) AS cases FROM (
  SELECT {group} AS grp, total({value}) AS top, count({value}) AS bottom
  FROM turns t JOIN consultations c ON c.id = t.consultation_id
  WHERE c.run_id = ? AND {where} GROUP BY grp, c.case_id
) GROUP BY grp, top, bottom
"""
_CARD = """
SELECT '' AS grp, top, bottom, count(*) AS cases FROM (
  SELECT total(facts_disclosed) AS top, total(facts) AS bottom FROM consultations c WHERE run_id = ? GROUP BY case_id
) GROUP BY top, bottom
"""
_ASKS_BACK = """
SELECT grp, top, bottom, count(*) AS cases FROM (
  SELECT temperament AS grp, total(asked) AS top, count(*) AS bottom FROM (
    SELECT c.case_id, c.temperament, max(t.speaker = 'patient' AND t.action = 'ask') AS asked
    FROM consultations c JOIN turns t ON t.consultation_id = c.id
    WHERE c.run_id = ? AND c.urgency IS NOT 'emergency' GROUP BY c.id HAVING max(t.action = 'conclude')
  ) GROUP BY grp, case_id
) GROUP BY grp, top, bottom
"""

_ANSWER = "t.speaker = 'patient' AND t.action = 'answer' AND t.facts != '[]'"
_WORDS = "length(trim(t.text)) - length(replace(trim(t.text), ' ', '')) + 1"
ACCEPTS = "takes to the plan"
ASKS_BACK = "asks back"
DIRECTIONS: Mapping[str, tuple[str, str]] = {
    "facts volunteered an answer": ("json_array_length(t.facts) - 1", _ANSWER),
    "words an answer": (_WORDS, _ANSWER),
    ACCEPTS: ("t.accepts", "t.speaker = 'patient' AND t.action = 'satisfied'"),
}
"""What is measured of a temperament: an SQL value of a turn, and the turns that have it."""


def fidelity(store: Store, run: str) -> dict[str, Figure]:
    """Give how faithful the lines are; only rates of which there is something."""
    told = {}
    for speaker, columns in (("patient", PATIENT), ("attending", ATTENDING)):
        for name, column in columns.items():
            told[name] = _grouped(store, run, _turns("''", f"t.{column}", f"t.speaker = '{speaker}'"), shares=True)
    told[DISCLOSED] = _grouped(store, run, _CARD, shares=True)
    return {name: figures[""] for name, figures in told.items() if figures}


def directions(store: Store, run: str) -> dict[str, dict[str, Figure]]:
    """Give measure → temperament → figure: what a temperament does to the patient's lines."""
    found = {
        name: _grouped(store, run, _turns("c.temperament", value, where), shares=name == ACCEPTS)
        for name, (value, where) in DIRECTIONS.items()
    }
    found[ASKS_BACK] = _grouped(store, run, _ASKS_BACK, shares=True)
    order = [*temperaments(), *sorted({mood for by in found.values() for mood in by} - set(temperaments()))]
    return {name: {mood: by[mood] for mood in order if mood in by} for name, by in found.items() if by}


def _turns(group: str, value: str, where: str) -> str:
    return _KINDS.format(group=group, value=value, where=where)


def _grouped(store: Store, run: str, sql: str, *, shares: bool) -> dict[str, Figure]:
    """Give group → figure of a query for (grp, top, bottom, cases)."""
    kinds: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for row in store.db.query(sql, [run]):
        kinds[row["grp"]].append((row["top"], row["bottom"], row["cases"]))
    figures = {name: ratio(rows, shares=shares) for name, rows in kinds.items()}
    return {name: figure for name, figure in figures.items() if figure.n}
