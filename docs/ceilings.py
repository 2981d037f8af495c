"""Draws docs/ceilings.png and rewrites the figures of docs/derm34.md: how often the best possible doctor is right.

The best possible doctor knows the tables that the patients are drawn from and chooses each question by what its answer
is expected to tell. Nothing here is measured on a model.

Run: python docs/ceilings.py
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from consult.scenarios import load_scenario
from consult.scenarios.ceilings import Ceiling, by_facts_known, ceilings
from consult.scenarios.grammar import Grammar

HERE = Path(__file__).parent
MARKED = re.compile(r"(<!-- ceilings -->\n).*?(<!-- /ceilings -->)", re.DOTALL)


def rows(told: Sequence[Ceiling], known: Sequence[Ceiling]) -> str:
    """Word the ceilings as a Markdown table."""
    named = [*((c.name, c) for c in told), *((_facts(c.name), c) for c in known)]
    lines = ["| what the doctor knows | right | 95 % interval |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {c.value:.1%} | {_interval(c)} |" for name, c in named)]) + "\n"


def _facts(number: str) -> str:
    facts = "all facts" if number == "all" else f"{number} {'fact' if number == '1' else 'facts'}"
    return f"complaint, photograph and {facts}"


def _interval(ceiling: Ceiling) -> str:
    return f"{ceiling.low:.1%} to {ceiling.high:.1%} (n = {ceiling.draws:,})" if ceiling.draws else "exact"


def plot(known: Sequence[Ceiling], path: Path) -> None:
    """Plot the share of right answers over the number of facts known."""
    numbered = [c for c in known if c.name.isdigit()]
    facts, values = [int(c.name) for c in numbered], [c.value for c in numbered]
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    spread = [[c.value - c.low for c in numbered], [c.high - c.value for c in numbered]]
    axes.errorbar(facts, values, yerr=spread, marker="o", capsize=3, color="tab:blue")
    axes.axhline(known[-1].value, linestyle=":", color="grey")
    axes.annotate("the whole card", (facts[-1], known[-1].value), (0, -17), textcoords="offset points", ha="right")
    axes.set_xlabel("facts known beside complaint and photograph")
    axes.set_ylabel("best possible doctor right")
    axes.set_xticks(facts)
    axes.set_ylim(min(0.5, *values), 1.02)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_title(f"derm34, {numbered[0].draws:,} drawn patients, 95 % intervals", fontsize=10)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Compute the ceilings, plot them, print their table and put it between the markers of docs/derm34.md."""
    source = load_scenario("derm34").source
    assert isinstance(source, Grammar)
    known = list(by_facts_known(source).values())
    table = rows(ceilings(source), known)
    plot(known, HERE / "ceilings.png")
    page = HERE / "derm34.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(MARKED.sub(lambda found: found[1] + table + found[2], text), encoding="utf-8")
    print(table, end="")


if __name__ == "__main__":
    main()
