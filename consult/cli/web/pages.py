"""The pages of `consult view`: runs, a run's consultations, one consultation, two side by side; HTML without script."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from consult.cli.web.difference import differences
from consult.cli.web.filters import filter_form, in_words, read_filters
from consult.cli.web.parts import (
    address,
    compare_address,
    diagnosed,
    document,
    link,
    pager,
    run_address,
    table,
    wanted_page,
)
from consult.counts import count_of
from consult.envs.store.queries import Filters, count_matching, elsewhere, matching, neighbours
from consult.envs.store.runs import count_runs, run_ids
from consult.envs.store.write import Store
from consult.foreign_text import as_html
from consult.render import stored
from consult.render.live import played_by
from consult.render.page_parts import DEMONSTRATION, Row, Told, column, footer, title
from consult.render.turn_html import text
from consult.scenarios import UnknownNameError, nearest_first

if TYPE_CHECKING:
    from starlette.requests import Request

    from consult.envs.store.readonly import ReadOnlyStore

MOST = 100
"""Rows per page of a list."""
MOST_ELSEWHERE = 50
"""Consultations of the same case that are listed."""
MOST_NAMES = 500
"""Number of runs that a mistyped id is compared with."""


# -- runs --------------------------------------------------------------------------------------------------------------


def runs(store: ReadOnlyStore, request: Request) -> str:
    """List the runs of the store, the newest first."""
    number = count_runs(store)
    pages = _pages(number)
    page = wanted_page(request.query_params.get("page", ""), pages)
    rows = [_run_row(row, store.state(row)) for row in store.runs(MOST, (page - 1) * MOST)]
    headings = ("run", "status", "begun (UTC)", "scenario", "strategy · team", "models", "seed", "played", "right")
    listed = table(headings, rows, "Runs, the newest first") if rows else "<p>Nothing has been played yet.</p>"
    about = f'<p class="dim">{count_of(number, "run")} in {text(store.path.name)}</p>'
    spoilt = f'<p class="demo">{text(store.what_is_spoilt())}.</p>' if store.found.all() else ""
    return document("Runs", f"<h1>Runs</h1>{about}{spoilt}{listed}{pager('/', {}, page, pages)}", path=[])


def _run_row(row: Row, state: str) -> list[str]:
    return [
        link(run_address(row["id"]), row["id"]),
        text(state),
        _moment(row["created"]),
        text(row["scenario"]),
        _whole(text(f"{row['strategy']} · {row['team']}")),
        _models(row),
        str(row["seed"]),
        _played(row),
        _right(row),
    ]


def _moment(said: str) -> str:
    return _whole(text(said[:16].replace("T", " ")))


def _models(row: Row) -> str:
    return "<br>".join(text(line.removeprefix("played by ")) for line in played_by(json.loads(row["models"])))


def _played(row: Row) -> str:
    ended = row["finished"] + row["unfinished"] + row["failed"]
    failed = f' <span class="result-failed">({row["failed"]:,} failed)</span>' if row["failed"] else ""
    return f"{ended:,} of {row['consultations']:,}{failed}"


def _right(row: Row) -> str:
    if not row["with_truth"]:
        return "—"
    unjudged = f", {row['unjudged']:,} unjudged" if row["unjudged"] else ""
    counted = f'<span class="dim">{row["correct"]:,} of {row["with_truth"]:,}{unjudged}</span>'
    return _whole(f"{row['correct'] / row['with_truth']:.0%} {counted}")


def _whole(cell: str) -> str:
    """Keep a cell on one line."""
    return f'<span class="whole">{cell}</span>'


def _pages(number: int) -> int:
    return max(1, -(-number // MOST))


# -- one run -----------------------------------------------------------------------------------------------------------


def run(store: Store, request: Request) -> str:
    """List a run's consultations that pass the filters."""
    name = request.path_params["run"]
    row = store.run(name)
    if row is None:
        raise UnknownNameError("run", name, run_ids(store, MOST_NAMES))
    filters, here = read_filters(request.query_params), run_address(name)
    number = count_matching(store, name, filters)
    pages = _pages(number)
    page = wanted_page(request.query_params.get("page", ""), pages)
    parts = [
        f"<h1>Run {text(name)}</h1>",
        _about(row, store.state(row)),
        filter_form(store, name, filters, here),
        _consultations(matching(store, name, filters, MOST, (page - 1) * MOST), number, filters),
        pager(here, filters.given(), page, pages),
    ]
    starter = any(model.partition("@")[0] == "starter" for model in json.loads(row["models"]).values())
    note = f'<p class="dim">{DEMONSTRATION}</p>' if starter else ""
    return document(f"Run {text(name)}", "\n".join(parts) + note, path=[("", name)])


def _about(row: Row, state: str) -> str:
    facts = {
        "Played": _played(row),
        "Right": _right(row),
        "Status": text(state),
        "Scenario": text(row["scenario"]),
        "Strategy": text(row["strategy"]),
        "Team": text(row["team"]),
        "Models": _models(row),
        "Begun": f"{_moment(row['created'])} UTC, seed {row['seed']}",
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{said}</dd></div>" for name, said in facts.items())
    return f'<dl class="about">{items}</dl>'


def _consultations(rows: list[Row], number: int, filters: Filters) -> str:
    counted = f'<p class="dim">{count_of(number, "consultation")}{in_words(filters)}</p>'
    if not rows:
        return f"{counted}<p>None is so.</p>"
    headings = ("consultation", "case", "temperament", "triage", "diagnosis", "truth")
    return counted + table(headings, [_consultation_row(row) for row in rows], "Consultations in their order")


def _consultation_row(row: Row) -> list[str]:
    return [
        link(address(row["id"]), row["id"]),
        text(row["case_id"]),
        text(row["temperament"]),
        text(" · ".join(part for part in (row["specialty"], row["urgency"]) if part)) or "—",
        diagnosed(row),
        text(row["truth"] or "—"),
    ]


# -- one consultation --------------------------------------------------------------------------------------------------


def consultation(store: Store, request: Request) -> str:
    """Show one consultation, and list other consultations of the same case."""
    told = stored.told(store, request.path_params["consultation"], prompts=True)
    turning, run_id = _turning(store, told), told.run["id"]
    content = f"{column(told)}\n{_others(store, told)}\n{turning}"
    path = [(run_address(run_id), run_id), ("", told.row["id"])]
    return document(title(told), content, path=path, beside=turning, foot=footer([told]), kind="one")


def _turning(store: Store, told: Told) -> str:
    before, after = neighbours(store, told.row)
    ways = (
        link(address(before), f"← {before}") if before else "",
        link(address(after), f"{after} →") if after else "",
    )
    return f'<nav class="turning" aria-label="Neighbours in the run">{" ".join(way for way in ways if way)}</nav>'


def _others(store: Store, told: Told) -> str:
    rows = elsewhere(store, told.row, told.run, MOST_ELSEWHERE + 1)
    headings = ("consultation", "temperament", "strategy · team", "models", "diagnosis", "compare")
    listed = [_other_row(told, row) for row in rows[:MOST_ELSEWHERE]]
    more = '<p class="dim">There are more.</p>' if len(rows) > MOST_ELSEWHERE else ""
    found = f'<div class="wide">{table(headings, listed, "Other consultations of this case")}</div>' if rows else ""
    return f"""<section class="others"><h2>The same case elsewhere</h2>
{found or '<p class="dim">This case occurs once in the store.</p>'}{more}
{_beside(told.row["id"])}</section>"""


def _other_row(told: Told, row: Row) -> list[str]:
    return [
        link(address(row["id"]), row["id"]),
        text(row["temperament"]),
        _whole(text(f"{row['strategy']} · {row['team']}")),
        _models(row),
        diagnosed(row),
        _whole(link(compare_address(told.row["id"], row["id"]), "side by side")),
    ]


def _beside(left: str) -> str:
    return f"""<form method="get" action="/compare"><input type="hidden" name="left" value="{as_html(left)}">
<label>Compare with <input name="right" required placeholder="e.g. r1.2" autocomplete="off"></label>
<button>Compare</button></form>"""


# -- two side by side --------------------------------------------------------------------------------------------------


def compare(store: Store, request: Request) -> str:
    """Show two consultations side by side."""
    names = [request.query_params.get(side, "").strip() for side in ("left", "right")]
    if not all(names):
        return document("Two consultations", _choose(*names), path=[("", "two consultations")])
    left, right = (stored.told(store, name, f"{side}-t") for name, side in zip(names, ("l", "r"), strict=True))
    pair = "".join(f"<article>{_named(told)}{column(told)}</article>" for told in (left, right))
    content = (
        f"<h1>{text(left.row['id'])} and {text(right.row['id'])}</h1>"
        f'<section class="difference"><h2>What differs</h2>{differences(left, right)}</section>'
        f'<div class="pair">{pair}</div>'
    )
    name = f"{text(left.row['id'])} and {text(right.row['id'])}"
    way = [("", f"{left.row['id']} and {right.row['id']}")]
    return document(name, content, path=way, foot=footer([left, right]), kind="two")


def _named(told: Told) -> str:
    identifier = told.row["id"]
    return f'<p class="which">{link(address(identifier), identifier)}</p>'


def _choose(left: str, right: str) -> str:
    fields = "".join(
        f'<label>{side}<input name="{side}" value="{as_html(given)}" required placeholder="e.g. r1.1"></label> '
        for side, given in (("left", left), ("right", right))
    )
    form = f'<form method="get" action="/compare">{fields}<button>Compare</button></form>'
    return f"<h1>Two consultations side by side</h1><p>Name both.</p>{form}"


# -- missing pages -----------------------------------------------------------------------------------------------------


def unknown(error: UnknownNameError) -> str:
    """Answer an unknown name with the list of names, the nearest first."""
    to = {"run": run_address, "consultation": address}.get(error.kind)
    names = nearest_first(error.name, error.menu)
    items = "".join(f"<li>{link(to(name), name) if to and name != '…' else text(name)}</li>" for name in names)
    menu = f"<p>There are:</p><ul>{items}</ul>" if items else "<p>There are none yet.</p>"
    content = f"<h1>No {text(error.kind)} '{text(error.name)}'</h1>{menu}"
    return document(f"No {text(error.kind)}", content, path=[("", f"no {error.kind}")])


def failed(sentence: str) -> str:
    """Return a page that says why a page is missing."""
    said = sentence[:1].upper() + sentence[1:]
    return document(
        "No page", f"<h1>No page</h1><p>{text(said if said.endswith('.') else f'{said}.')}</p>", path=[("", "no page")]
    )
