"""A report as one HTML file that needs nothing else: no script, no network, no second file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from consult.agents.dialects.clean import clean
from consult.cli.page import DEMONSTRATION, POLICY
from consult.cli.report_markdown import about, demonstration
from consult.cli.report_plots import accuracy_by_s, reliability
from consult.cli.report_tables import Cell, Table, anchor, comparisons, of_run, summary
from consult.cli.report_verdicts import read, verdict

if TYPE_CHECKING:
    from consult.envs.measures import Outcome
    from consult.envs.store import Store

Data = Mapping[str, Any]

MOST_LISTED = 5_000
"""Consultations that the page lists, all runs together; the rest stand in consultations.csv."""


def page(found: Data, store: Store) -> Iterator[str]:
    """Give report.html in pieces."""
    listed = MOST_LISTED // len(found["runs"])
    yield _head(found)
    yield "<main>"
    yield _table(summary(found))
    compared = comparisons(found)
    yield _table(compared) if compared is not None else ""
    for run in found["runs"]:
        yield from _run(run)
        yield from _behind(run, store, listed)
    yield f"</main>\n{_foot(found)}</body>\n</html>\n"


def _head(found: Data) -> str:
    style = "".join((files("consult.cli") / name).read_text(encoding="utf-8") for name in ("page.css", "report.css"))
    runs = ", ".join(run["run"] for run in found["runs"])
    links = "".join(f'<a href="#{_text(run["run"])}">{_text(run["run"])}</a> ' for run in found["runs"])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Report on {_text(runs)}</title>
<style>
{style}</style>
</head>
<body class="report">
<h1>Report on {_text(runs)}</h1>
<p><b>{escape(found["disclaimer"])}</b></p>
<p class="dim">A figure that is a link leads to the consultations behind it; read one with <code>consult show ID</code>.
Runs: {links}</p>
"""


def _foot(found: Data) -> str:
    starter = any("starter@" in model for run in found["runs"] for model in run["models"].values())
    words = f" {DEMONSTRATION}" if starter else ""
    made = f"consult {_text(found['consult'])}, {_text(found['created'])}, schema {_text(found['schema'])}."
    return f"<footer><p><b>{escape(found['disclaimer'])}</b>{words}</p><p>{made}</p></footer>\n"


def _run(run: Data) -> Iterator[str]:
    yield f'<h2 class="run" id="{_text(run["run"])}">Run {_text(run["run"])}</h2>'
    yield f"<dl>{''.join(f'<dt>{_text(name)}</dt><dd>{_text(words)}</dd>' for name, words in about(run))}</dl>"
    if demonstration(run):
        yield f'<p class="demo">{_text(demonstration(run))}</p>'
    for table in of_run(run):
        yield _table(table)
        if table.title == "Attending by s":
            yield accuracy_by_s(run["panel"]["by_s"])
        if table.title == "Reliability":
            yield reliability(run["calibration"]["curve"])


def _table(table: Table) -> str:
    heading = "".join(f'<th scope="col">{_text(name)}</th>' for name in table.headings)
    rows = "".join(_table_row(row) for row in table.rows)
    note = f'<p class="dim">{_text(table.note)}</p>' if table.note else ""
    inner = f"<table><thead><tr>{heading}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<section><h3>{_text(table.title)}</h3><div class="wide">{inner}</div>{note}</section>\n'


def _table_row(row: tuple[Cell, ...]) -> str:
    first, *rest = row
    return f'<tr><th scope="row">{_cell(first)}</th>{"".join(f"<td>{_cell(cell)}</td>" for cell in rest)}</tr>'


def _cell(cell: Cell) -> str:
    return f'<a href="#{escape(cell.link)}">{_text(cell.text)}</a>' if cell.link else _text(cell.text)


def _behind(run: Data, store: Store, most: int) -> Iterator[str]:
    """List the consultations behind a run's figures, by diagnosis."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for number, one in enumerate(read(store, run["run"])):
        if number == most:
            break
        groups[one.truth or "no truth"].append(one)
    left = run["consultations"]["ended"] - sum(map(len, groups.values()))
    yield f'<section id="{_text(run["run"])}-all"><h3>Consultations of {_text(run["run"])}</h3>'
    if left:
        yield f'<p class="dim">{left:,} more are not listed here; consultations.csv has them all.</p>'
    for truth in sorted(groups):
        yield _group(run["run"], truth, groups[truth])
    yield "</section>\n"


def _group(run: str, truth: str, group: list[Outcome]) -> str:
    right = sum(bool(one.correct) for one in group)
    # The place to go to lies within, so that a browser opens the list on its way there.
    place = f'<span id="{_text(run)}-{escape(anchor(truth))}"></span>'
    lines = "".join(
        f'<li class="{verdict(one).replace(" ", "-")}"><code>consult show {_text(one.id)}</code> {verdict(one)}: '
        f"{_text(one.diagnosis or 'no diagnosis')}"
        f"{f' <b class=demo>{escape(DEMO)}</b>' if one.demo else ''}</li>"
        for one in group
    )
    heading = f"{_text(truth)} <small>{right} right of {len(group)}</small>"
    return f"<details><summary>{heading}</summary>{place}<ul>{lines}</ul></details>"


DEMO = "demonstration, no finding"


def _text(text: str) -> str:
    return escape(clean(text))
