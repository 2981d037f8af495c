"""Shared parts of the pages of `consult view`: the document, the breadcrumbs, results in words, and the pager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from consult.envs.store.readable import stored_decision
from consult.foreign_text import as_html
from consult.render.page_parts import Row
from consult.render.report.verdicts import result_of
from consult.render.terminal import DISCLAIMER
from consult.render.turn_html import text

Links = Sequence[tuple[str, str]]
"""Address and text; an empty address for the current page."""

DEMO = "demonstration, no finding"


def document(name: str, content: str, *, path: Links, beside: str = "", foot: str = "", kind: str = "wide") -> str:
    """Return a whole page.

    Args:
        name: Its title, as HTML.
        content: Its content, as HTML.
        path: The breadcrumbs from the list of runs; empty for that list.
        beside: Content beside the breadcrumbs, as HTML.
        foot: Content of the footer, as HTML; by default the disclaimer.
        kind: Its width: `wide` for lists, `one` for a conversation, `two` for two side by side.
    """
    steps = "".join(f"<li>{_step(to, words)}</li>" for to, words in [("/", "Runs"), *path])
    way = f'<nav class="way" aria-label="Where you are"><ol>{steps}</ol></nav>' if path else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{name} · consult</title>
<link rel="stylesheet" href="/page.css">
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
</head>
<body class="view {kind}">
<a class="skip" href="#content">Skip to the content</a>
<div class="top">{way}{beside}</div>
<main id="content">
{content}
</main>
{foot or f"<footer><p><b>{DISCLAIMER}</b></p></footer>"}
</body>
</html>
"""


def _step(to: str, words: str) -> str:
    return link(to, words) if to else f'<span aria-current="page">{text(words)}</span>'


def link(to: str, words: str) -> str:
    """Return a link as HTML."""
    return f'<a href="{as_html(to)}">{text(words)}</a>'


def run_address(run: str) -> str:
    """Return the address of a run's page."""
    return f"/runs/{quote(run, safe='')}"


def address(consultation: str) -> str:
    """Return the address of a consultation's page."""
    return f"/consultations/{quote(consultation, safe='')}"


def compare_address(left: str, right: str) -> str:
    """Return the address of two consultations side by side."""
    return f"/compare?{urlencode({'left': left, 'right': right})}"


def result(row: Row) -> str:
    """Return the result of a consultation: right, wrong, no truth, unjudged, or its status if not finished."""
    decided = stored_decision(row)
    return result_of(row["status"], decided.correct, decided.by)


def diagnosed(row: Row) -> str:
    """Return a consultation's diagnosis with its result, as HTML."""
    came = result(row)
    mark = {"right": "✔ right", "wrong": "✘ wrong"}.get(came, came)
    named = f"<b>{text(row['diagnosis'])}</b>" if row["diagnosis"] else '<span class="dim">no diagnosis</span>'
    demo = f' <b class="demo">{DEMO}</b>' if row["demo"] else ""
    error = f'<p class="dim">{text(row["error"])[:300]}</p>' if row["error"] else ""
    shown = "" if row["status"] in ("running", "failed") and not row["diagnosis"] else f"{named} "
    return f'{shown}<span class="result-{came.replace(" ", "-")}">{as_html(mark)}</span>{demo}{error}'


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """Return a table that a phone shows as a list, as HTML.

    Args:
        headings: Names of the columns.
        rows: Cells as HTML; the first is the row's name.
        caption: What it lists, for screen readers.
    """
    head = "".join(f'<th scope="col">{as_html(name)}</th>' for name in headings)
    lines = "".join(f"<tr>{_first(row[0])}{_rest(headings[1:], row[1:])}</tr>\n" for row in rows)
    named = f'<caption class="unseen">{as_html(caption)}</caption>'
    return f'<table class="list">{named}<thead><tr>{head}</tr></thead>\n<tbody>{lines}</tbody></table>'


def _first(cell: str) -> str:
    return f'<th scope="row">{cell}</th>'


def _rest(headings: Sequence[str], cells: Sequence[str]) -> str:
    return "".join(
        f'<td data-name="{as_html(heading)}"><div>{cell}</div></td>'
        for heading, cell in zip(headings, cells, strict=True)
    )


def pager(here: str, given: Mapping[str, str], page: int, pages: int) -> str:
    """Return the links to other pages of a list, as HTML; empty if there is one page."""
    if pages <= 1:
        return ""

    def to(number: int, words: str) -> str:
        if not 1 <= number <= pages or number == page:
            return f'<span class="dim">{words}</span>'
        query = urlencode({**given, "page": number})
        return f'<a href="{as_html(f"{here}?{query}")}">{words}</a>'

    back = f"{to(1, 'first')} {to(page - 1, '← previous')}"
    on = f"{to(page + 1, 'next →')} {to(pages, 'last')}"
    return f'<nav class="pager" aria-label="Pages">{back} <b>{page:,} of {pages:,}</b> {on}</nav>'


def wanted_page(said: str, pages: int) -> int:
    """Read the number of a page, 1 to `pages`; return the nearest one if it is out of range."""
    number = int(said) if said.isdecimal() and len(said) < 10 else 1
    return max(1, min(number, pages))
