"""The filters of a run's page: read from its address, and shown as a form that needs no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

from consult.agents.assessors.rubric import ITEMS
from consult.agents.prompt_formats.clean import clean
from consult.cli.web.parts import link
from consult.envs.store.queries import NONE, RESULTS, Filters, assessors, choices
from consult.envs.store.write import Store
from consult.foreign_text import as_html
from consult.render.turn_html import text

LONGEST = 300
"""Most characters of a filter."""
_NAMES = {"truth": "true diagnosis", "result": "right or wrong", "value": "verdict"}
_VALUES = {"1": "1 (yes)", "0": "0 (no)", "2": "2 (of 2)", NONE: "not scored"}

Choice = tuple[str, str]
"""Value and words."""


def read_filters(query: Mapping[str, str]) -> Filters:
    """Read filters from the parameters of an address; ignore other parameters."""
    return Filters(**{field.name: clean(query.get(field.name, ""))[:LONGEST] for field in fields(Filters)})


def filter_form(store: Store, run: str, filters: Filters, here: str) -> str:
    """Return the form as HTML; open if a filter is set.

    Args:
        store: Where the run is.
        run: Its id.
        filters: Those that are given.
        here: Address of the run's page.
    """
    found = choices(store, run)
    judges = assessors(store)
    lists: dict[str, Iterable[Choice]] = {"result": _same(RESULTS)}
    lists |= {column: _menu(values) for column, values in found.items()}
    if judges:
        lists["assessor"] = _menu(judges)
        lists["item"] = [(item.key, f"{item.key} {item.name}") for item in ITEMS]
        lists["value"] = _VALUES.items()
    selects = "".join(_select(name, options, getattr(filters, name)) for name, options in lists.items())
    case = f'<label>case<input name="case" value="{as_html(filters.case)}" placeholder="part of its id"></label>'
    clear = f" {link(here, 'Show all')}" if filters.given() else ""
    return f"""<details class="filters"{" open" if filters.given() else ""}><summary>Filters</summary>
<form method="get" action="{as_html(here)}">
<div>{selects}{case}</div>
<p><button>Filter</button>{clear}</p>
</form></details>"""


def in_words(filters: Filters) -> str:
    """Return the set filters as HTML; empty if there are none."""
    said = [
        (_NAMES.get(name, name), (_VALUES if name == "value" else {NONE: "none"}).get(value, value))
        for name, value in filters.given().items()
    ]
    return "".join(f" · {text(name)}: {text(value)}" for name, value in said)


def _menu(values: Iterable[str]) -> list[Choice]:
    """Return a select with the values in the store; leave out values with control characters."""
    return [(value, "none" if value == NONE else value) for value in values if clean(value) == value]


def _same(values: Iterable[str]) -> list[Choice]:
    return [(value, value) for value in values]


def _select(name: str, options: Iterable[Choice], chosen: str) -> str:
    listed = [("", "any"), *options]
    if chosen not in [value for value, _ in listed]:
        # An address may contain a value that the run does not have; the form shows it, and the list is empty.
        listed.append((chosen, chosen))
    inner = "".join(
        f'<option value="{as_html(value)}"{" selected" if value == chosen else ""}>{text(words)}</option>'
        for value, words in listed
    )
    return f'<label>{_NAMES.get(name, name)}<select name="{name}">{inner}</select></label>'
