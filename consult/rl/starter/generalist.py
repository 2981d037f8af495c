"""What a general practitioner of the starter's knows, and what a specialist knows outside its field.

A specialist's examples go by the clinical tables. A generalist's go by tables in which only some fields tell diagnoses
apart: who the patient is, where it is, what it is called and what it feels like. What a picture or the
fine points of a history mean is the specialists' knowledge. This is a simplification on purpose: it makes the panel
worth asking, and leaves something for training to win; what a generalist believes is true on average all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from consult.scenarios.case import ALARM
from consult.scenarios.tables import FindingTables, Table

GENERAL = ("complaint", "site", "age", "sex", "skin_type", "sensation", ALARM)
"""Fields that tell a generalist something of the diagnosis."""


def generalist(tables: FindingTables, known: Sequence[str] = GENERAL) -> FindingTables:
    """Return every diagnosis the same table in each field that a generalist makes nothing of.

    Args:
        tables: The clinical tables.
        known: Fields whose tables stay as they are.
    """

    def shared(field: str, of: Mapping[str, Mapping[str, Table]]) -> dict[str, Table]:
        own = {label: of[label][field] for label in tables.labels}
        return own if field in known else dict.fromkeys(tables.labels, _mean(own))

    single = {field: shared(field, tables.clinical) for field in next(iter(tables.clinical.values()))}
    several = {field: shared(field, tables.shares) for field in tables.several}
    return replace(
        tables,
        clinical={label: {field: single[field][label] for field in single} for label in tables.labels},
        shares={label: {field: several[field][label] for field in several} for label in tables.labels},
    )


def _mean(of: Mapping[str, Table]) -> dict[str, float]:
    values = dict.fromkeys(value for table in of.values() for value in table)
    return {value: sum(table.get(value, 0.0) for table in of.values()) / len(of) for value in values}
