"""A report as one HTML file that needs nothing else: no script, no network, no second file."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from consult.foreign_text import as_html, shown
from consult.render.page import DEMONSTRATION, POLICY
from consult.render.report.behind import Behind, behind
from consult.render.report.compared import RUNS, across, final_urgency, head
from consult.render.report.forest import Column, forest
from consult.render.report.markdown import AGAIN, about, demonstration, lines_of
from consult.render.report.plots import accuracy_by_s, confusion_matrix, reliability
from consult.render.report.table import Cell, Table, place
from consult.render.report.tables import MISTAKES, of_run
from consult.render.report.transcripts import Transcripts
from consult.render.report.verdicts import verdict

if TYPE_CHECKING:
    from consult.envs.metrics import Outcome
    from consult.envs.store.write import Store

Data = Mapping[str, Any]

MOST_LISTED = 6_000
"""Consultations that the page lists, all runs together; the rest are in consultations.csv."""
MOST_TRANSCRIPTS = 170
"""Consultations that can be read in the page, all runs together."""


def page(found: Data, listed: Mapping[str, Sequence[Outcome]], store: Store) -> Iterator[str]:
    """Return report.html in pieces.

    Args:
        found: What report.json says.
        listed: Run → its consultations that the page lists.
        store: Where the transcripts are.
    """
    runs = [_Run(run, listed[run["run"]], store, len(found["runs"])) for run in found["runs"]]
    places = {place for run in runs for place in run.places}
    yield _head(found)
    yield "<main>"
    yield f"<section><h3>Settings</h3>{_terms(head(found))}</section>\n"
    for table in across(found):
        yield _table(table, places)
        if table.title == RUNS and len(runs) > 1:
            yield forest(_columns(found), ", ".join(found["conditions"]["differing"]))
    for run in runs:
        # With several runs each is folded, so that what compares them is not lost between their tables.
        yield f'<details class="run"{"" if len(runs) > 1 else " open"}><summary>{_text(_title(run.data))}</summary>'
        yield from _figures(run.data, places)
        yield from run.listed()
        yield "</details>\n"
    if found["benchmark"]:
        yield _grid(found["benchmark"])
    yield f"</main>\n{_foot(found)}</body>\n</html>\n"


def _terms(pairs: Sequence[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{_text(name)}</dt><dd>{_text(words)}</dd>' for name, words in pairs)}</dl>"


def _columns(found: Data) -> list[Column]:
    """Return the figures that are plotted side by side, those that no run has left out."""
    runs = found["runs"]
    labels = _unique_labels(runs)
    means = [next(iter(run["rubric_mean"].items()), ("", None)) for run in runs]
    assessors = {name for name, _ in means if name}
    drawn = [
        ("diagnosis right", [run["headlines"]["accuracy"] for run in runs]),
        ("specialty right", [run["triage"] and run["triage"]["strict"] for run in runs]),
        ("urgency right", [(final_urgency(run) or {}).get("right") for run in runs]),
    ]
    if len(assessors) == 1:
        drawn.append(("rubric's mean", [figure for _, figure in means]))
    return [
        Column(title, list(zip(labels, figures, strict=True)))
        for title, figures in drawn
        if any(one and one["value"] is not None for one in figures)
    ]


def _unique_labels(runs: Sequence[Data]) -> list[str]:
    """Return the labels; two runs of one condition are told apart by their ids."""
    often = Counter(run["label"] for run in runs)
    return [run["label"] if often[run["label"]] == 1 else f"{run['label']} ({run['run']})" for run in runs]


def _grid(benchmark: Data) -> str:
    """Return the grid that made the report, folded."""
    words = f"<p class=dim>{_text(AGAIN)}</p><pre>{as_html(lines_of(benchmark['toml']))}</pre>"
    return (
        f"<section><details><summary>Grid of benchmark {_text(benchmark['id'])}</summary>{words}</details></section>\n"
    )


class _Run:
    """A run's consultations as the page lists them."""

    def __init__(self, data: Data, outcomes: Sequence[Outcome], store: Store, runs: int) -> None:
        self.data, self.outcomes, self.store, self.name = data, outcomes, store, data["run"]
        self.told = {one.id for one in self.outcomes[: MOST_TRANSCRIPTS // runs]}
        self.behind = behind(self.name, self.outcomes, store)
        self.places = {place(self.name, "all"), self.name, *(one.place for one in self.behind)}

    def listed(self) -> Iterator[str]:
        """List what is behind the figures, then the consultations by diagnosis."""
        left = self.data["consultations"]["ended"] - len(self.outcomes)
        yield f'<section id="{place(self.name, "all")}"><h3>Consultations of {_text(self.name)}</h3>'
        if left:
            yield f'<p class="dim">{left:,} more are not listed here; consultations.csv has them all.</p>'
        if len(self.told) < len(self.outcomes):
            yield (
                f'<p class="dim">The first {len(self.told):,}, which go round the diagnoses, can be read here; the '
                "others with the command beside them.</p>"
            )
        yield from self._groups()
        yield f"</section>\n<section><h3>Behind the figures of {_text(self.name)}</h3>"
        yield from map(_behind, self.behind)
        yield "</section>\n"

    def _groups(self) -> Iterator[str]:
        transcripts = Transcripts(self.store, self.name)
        groups: dict[str, list[Outcome]] = defaultdict(list)
        for one in self.outcomes:
            groups[one.truth or "no truth"].append(one)
        for truth in sorted(groups):
            right = sum(bool(one.correct) for one in groups[truth])
            yield f"<details><summary>{_text(truth)} <small>{right} right of {len(groups[truth])}</small></summary>"
            for one in groups[truth]:
                yield _entry(one, transcripts.transcript(one.id, one.case) if one.id in self.told else "")
            yield "</details>\n"


def _entry(one: Outcome, transcript: str) -> str:
    word = verdict(one)
    demo = f" <b class=demo>{as_html(DEMO)}</b>" if one.demo else ""
    words = f"{word}: {_text(one.diagnosis or 'no diagnosis')} <small>{_text(one.temperament)}</small>{demo}"
    kind = word.replace(" ", "-")
    if not transcript:
        return f'<p class="entry {kind}" id="{_text(one.id)}"><code>consult show {_text(one.id)}</code> {words}</p>'
    summary_ = f"<summary><code>{_text(one.id)}</code> {words}</summary>"
    return f'<details class="entry {kind}">{summary_}{transcript}</details>'


def _behind(one: Behind) -> str:
    parts = "".join(f"<p>{_text(word)} ({len(ids)}): {_links(ids)}</p>" for word, ids in one.parts.items())
    # The place to go to lies within, so that a browser opens the list on its way there.
    return f'<details><summary>{_text(one.title)}</summary><div id="{as_html(one.place)}">{parts}</div></details>\n'


def _links(ids: Sequence[str]) -> str:
    return " ".join(f'<a href="#{_text(one)}">{_text(one.rpartition(".")[2])}</a>' for one in ids)


DEMO = "demonstration, no finding"
_UNIT = re.compile(r"(?<=[0-9]) (?=%)|(?<=\bn) (?=[0-9])")


def _head(found: Data) -> str:
    style = "".join(
        (files(package) / name).read_text(encoding="utf-8")
        for package, name in (("consult.render", "page.css"), ("consult.render.report", "report.css"))
    )
    runs = ", ".join(run["run"] for run in found["runs"])
    title = f"benchmark {found['benchmark']['id']}" if found["benchmark"] else runs
    links = "".join(f'<a href="#{_text(run["run"])}">{_text(run["run"])}</a> ' for run in found["runs"])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Report on {_text(title)}</title>
<style>
{style}</style>
</head>
<body class="report">
<h1>Report on {_text(title)}</h1>
<p><b>{as_html(found["disclaimer"])}</b></p>
<p class="dim">A figure that is a link leads to the consultations behind it.
Runs: {links}</p>
"""


def _foot(found: Data) -> str:
    starter = any("starter@" in model for run in found["runs"] for model in run["models"].values())
    words = f" {DEMONSTRATION}" if starter else ""
    made = f"consult {_text(found['consult'])}, {_text(found['created'])}, schema {_text(found['schema'])}."
    return f"<footer><p><b>{as_html(found['disclaimer'])}</b>{words}</p><p>{made}</p></footer>\n"


def _figures(run: Data, places: set[str]) -> Iterator[str]:
    yield f'<h2 class="run" id="{_text(run["run"])}">Run {_text(run["run"])}</h2>'
    yield _terms(about(run))
    if demonstration(run):
        yield f'<p class="demo">{_text(demonstration(run))}</p>'
    for table in of_run(run):
        yield _table(table, places)
        if table.title == "Attending by s":
            yield accuracy_by_s(run["panel"]["by_s"])
        if table.title == "Reliability":
            yield reliability(run["calibration"]["curve"])
        if table.title == MISTAKES:
            yield confusion_matrix(run["confusion"])


def _title(run: Data) -> str:
    return f"{run['label']} (run {run['run']})"


def _table(table: Table, places: set[str]) -> str:
    heading = "".join(f'<th scope="col">{_text(name)}</th>' for name in table.headings)
    rows = "".join(_table_row(row, places) for row in table.rows)
    note = f'<p class="dim">{_text(table.note)}</p>' if table.note else ""
    inner = f"<table><thead><tr>{heading}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<section><h3>{_text(table.title)}</h3><div class="wide">{inner}</div>{note}</section>\n'


def _table_row(row: tuple[Cell, ...], places: set[str]) -> str:
    first, *rest = (_cell(cell, places) for cell in row)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'


def _cell(cell: Cell, places: set[str]) -> str:
    # A number is not parted from its unit, nor "n" from its number.
    words = _UNIT.sub("\u00a0", _text(cell.text))
    if cell.detail:
        words += f" <small>{_UNIT.sub(chr(0xA0), _text(cell.detail))}</small>"
    return f'<a href="#{as_html(cell.link)}">{words}</a>' if cell.link in places else words


def _text(text: str) -> str:
    return as_html(shown(text))
