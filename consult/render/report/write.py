"""The files of a report: report.html, report.md, report.json, two tables and a LaTeX table, each whole or not there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from consult.foreign_text import environment_read_once
from consult.whole_files import write_together

if TYPE_CHECKING:
    from consult.envs.metrics import Outcome
    from consult.envs.store.write import Store

Data = dict[str, Any]


@environment_read_once()
def write_report(store: Store, runs: Sequence[str], out: Path) -> Data:
    """Write all files about runs that are in the store, and give what report.json says.

    Args:
        store: Where they are.
        runs: Their ids.
        out: The folder; made where it is not there.
    """
    from consult.render.report.data import described
    from consult.render.report.latex import latex
    from consult.render.report.markdown import markdown
    from consult.render.report.page import MOST_LISTED, page
    from consult.render.report.verdicts import HEADINGS_LINE, table_of

    listed = {}
    # A run is read once: what the page needs is kept, the table of consultations waits on the disk, the rest goes.
    with TemporaryFile("w+", encoding="utf-8", newline="") as table:
        table.write(HEADINGS_LINE)

        def keep(run: str, played: list[Outcome]) -> None:
            table.writelines(table_of(run, played))
            listed[run] = played[: MOST_LISTED // len(runs)]

        found = described(store, runs, keep)
        table.seek(0)
        write_together(
            out,
            {
                "report.json": lambda: _json(found),
                "report.md": lambda: iter([markdown(found)]),
                "report.html": lambda: page(found, listed, store),
                "summary.csv": lambda: iter([_summary(found)]),
                "summary.tex": lambda: iter([latex(found)]),
                "consultations.csv": lambda: table,
            },
        )
    return found


FILES = ("report.html", "report.md", "report.json", "summary.csv", "summary.tex", "consultations.csv")
"""Of a report, for people first."""


def _summary(found: Data) -> str:
    from consult.render.report.summary import headings, rows
    from consult.render.report.verdicts import csv_lines

    table = rows(found)
    return csv_lines([headings(table), *(list(row.values()) for row in table)])


def _json(found: object) -> Iterator[str]:
    yield json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
