"""A report as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consult.counts import count_of
from consult.foreign_text import shown, without_controls
from consult.render.report.compared import across, head
from consult.render.report.table import Cell, Table
from consult.render.report.tables import of_run

Data = Mapping[str, Any]


def markdown(found: Data) -> str:
    """Return report.md."""
    return "\n".join(_lines(found)) + "\n"


def about(run: Data) -> list[tuple[str, str]]:
    """Say what a run was, as names and words."""
    counts = run["consultations"]
    planned, cases = count_of(counts["planned"], "consultation"), count_of(counts["cases"], "case")
    ended = f"{counts['ended']:,} of {planned} ended, {cases}"
    states = ", ".join(f"{counts[name]:,} {name}" for name in ("finished", "unfinished", "failed"))
    models = ", ".join(f"{role} {name}" for role, name in run["models"].items())
    changed = "; its files have changed since" if run["scenario_changed"] else ""
    judge = [("judge of diagnoses", run["settings"]["judge"])] if run["settings"]["judge"] else []
    rows = [
        ("models", models),
        ("strategy · team · split · seed", f"{run['strategy']} · {run['team']} · {run['split']} · {run['seed']}"),
        *judge,
        ("assessors", ", ".join(run["rubric"]) or "none"),
        ("scenario", f"{run['scenario']} ({run['scenario_revision']}){changed}"),
        ("played", f"{ended}: {states}"),
        ("without a diagnosis", f"{counts['no_diagnosis']:,} of the finished"),
        ("begun (UTC)", run["created"]),
    ]
    if counts["without_truth"]:
        rows.append(("without a truth", f"{counts['without_truth']:,}, which count neither as right nor as wrong"))
    return rows


def demonstration(run: Data) -> str:
    """Disclaim a run's conclusions on cases from outside; empty if it has none."""
    n = run["consultations"]["demo"]
    if not n:
        return ""
    return f"{n:,} of its conclusions are a demonstration model's, trained on drawings: no findings about these cases."


AGAIN = "The grid with every default in it. Saved as grid.toml, `consult benchmark --config grid.toml` plays it again."


def lines_of(text: str) -> str:
    """Return a text of several lines without control characters."""
    return "".join(f"{without_controls(line)}\n" for line in text.splitlines())


def _lines(found: Data) -> Iterator[str]:
    yield "# Report"
    yield f"\n*{found['disclaimer']}*\n"
    yield f"consult {found['consult']}, {found['created']}. Read a consultation with `consult show ID`;"
    yield "all of them, with their verdicts, are in `consultations.csv`; the figures as a table in `summary.csv`."
    yield "\n### Settings\n"
    yield from (f"- {name}: {_text(words)}" for name, words in head(found))
    for table in across(found):
        yield from _table(table)
    for run in found["runs"]:
        yield f"\n## Run {run['run']}: {_text(run['label'])}\n"
        yield from (f"- {name}: {_text(words)}" for name, words in about(run))
        if demonstration(run):
            yield f"\n**{demonstration(run)}**"
        for table in of_run(run):
            yield from _table(table)
    if found["benchmark"]:
        yield f"\n## Benchmark {found['benchmark']['id']}\n"
        yield f"{AGAIN}\n\n````toml\n{lines_of(found['benchmark']['toml'])}````"


def _table(table: Table) -> Iterator[str]:
    yield f"\n### {_text(table.title)}\n"
    yield f"| {' | '.join(map(_text, table.headings))} |"
    yield f"|{'---|' * len(table.headings)}"
    for row in table.rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"
    if table.note:
        yield f"\n{table.note}"


def _cell(cell: Cell) -> str:
    return _text(f"{cell.text} ({cell.detail})" if cell.detail else cell.text)


def _text(text: str) -> str:
    cleaned = shown(text).replace("\\", "\\\\").replace("|", "\\|")
    return cleaned.replace("<", "&lt;").replace("\n", " ")
