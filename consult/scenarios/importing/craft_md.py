"""CRAFT-MD's dermatology vignettes (Nature Medicine 2025): a vignette, four choices, the answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consult.errors import UserError
from consult.scenarios.importing.cleaning import as_text
from consult.scenarios.importing.records import Table, rows_from
from consult.scenarios.importing.row import Passage, Row, Rows, UnusableRow
from consult.scenarios.importing.sentences import sentences

NEEDED = ("case_vignette", "answer")


def read_craft_md(source: Path) -> Rows:
    """Read the vignettes of a CRAFT-MD table.

    Raises:
        UserError: The table lacks a column.
    """
    table = Table(source)
    missing = next((name for name in NEEDED if name not in table.columns), None)
    if missing is not None:
        raise UserError(f"{source}: has no column '{missing}'; is it a CRAFT-MD table? else import it as csv")
    return rows_from(table, _row)


def _row(fields: Mapping[str, Any]) -> Row:
    vignette = as_text(fields["case_vignette"], "case_vignette")
    diagnosis = as_text(fields["answer"], "answer")
    if not vignette or not diagnosis:
        raise UnusableRow("there is no vignette" if not vignette else "there is no answer")
    # The first sentence has the patient and the complaint.
    first = next(sentences(vignette))
    return Row(
        id=as_text(fields.get("case_id"), "case_id"),
        complaint=first,
        diagnosis=diagnosis,
        told=(Passage(vignette[vignette.find(first) + len(first) :].lstrip(".")),),
        about=first,
        specialty=as_text(fields.get("category"), "category"),
    )
