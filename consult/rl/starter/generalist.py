"""The knowledge of the starter's general practitioners, and of a specialist outside its field.

A specialist's examples use the clinical tables. A generalist's use tables in which only some fields distinguish
diagnoses: who the patient is, where the lesion is, what it is called and what it feels like. Only specialists know what
a picture or the details of a history mean. This simplification is deliberate: it makes the panel worth asking and
leaves room for training to improve; a generalist's beliefs are still calibrated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from consult.scenarios.case import ALARM
from consult.scenarios.tables import FindingTables, Table

GENERAL = ("complaint", "site", "age", "sex", "skin_type", "sensation", ALARM)
"""Fields that inform a generalist about the diagnosis."""


def generalist(tables: FindingTables, known: Sequence[str] = GENERAL) -> FindingTables:
    """Return tables in which all diagnoses are equal in each field that a generalist does not use.

    Args:
        tables: The clinical tables.
        known: Fields whose tables are not changed.
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
