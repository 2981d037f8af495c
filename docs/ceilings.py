"""Draws docs/ceilings.png and rewrites the tables of derm34's ceilings: how often the best possible doctor is right.

The tables stand between markers in docs/derm34.md and, without the numbers of facts, in README.md.

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
from consult.scenarios.case_generator import Grammar
from consult.scenarios.ceilings import Ceiling, by_facts_known, ceilings

HERE = Path(__file__).parent
MARKED = re.compile(r"(<!-- ceilings -->\n).*?(<!-- /ceilings -->)", re.DOTALL)


def short(told: Sequence[Ceiling]) -> str:
    """Word the ceilings as a Markdown table without intervals."""
    rows = (f"| {_told(c)} | {_percent(c.value)} |" for c in told)
    return "\n".join(["| told | right |", "|---|---|", *rows]) + "\n"


def long(told: Sequence[Ceiling], known: Sequence[Ceiling]) -> str:
    """Word the ceilings as a Markdown table, those by the number of facts known among them."""
    named = [*((_told(c), c) for c in told), *((_facts(c.name), c) for c in known)]
    rows = (f"| {name} | {_percent(c.value)} | {_interval(c)} |" for name, c in named)
    return "\n".join(["| told | right | 95 % interval |", "|---|---|---|", *rows]) + "\n"


def _told(ceiling: Ceiling) -> str:
    return ceiling.name.replace("triage from", "clinic, from")


def _facts(number: str) -> str:
    facts = "all facts" if number == "all" else f"{number} {'fact' if number == '1' else 'facts'}"
    return f"complaint, photograph and {facts}"


def _interval(ceiling: Ceiling) -> str:
    if not ceiling.draws:
        return "exact"
    return f"{_percent(ceiling.low)} to {_percent(ceiling.high)} (n = {ceiling.draws:,})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


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


def rewrite(page: Path, table: str) -> None:
    """Put a table between the markers of a page."""
    text = page.read_text(encoding="utf-8")
    page.write_text(MARKED.sub(lambda found: found[1] + table + found[2], text), encoding="utf-8")


def main() -> None:
    """Compute the ceilings, plot them, rewrite their tables and print the longer one."""
    source = load_scenario("derm34").source
    assert isinstance(source, Grammar)
    told, known = ceilings(source), list(by_facts_known(source).values())
    plot(known, HERE / "ceilings.png")
    rewrite(HERE / "derm34.md", long(told, known))
    rewrite(HERE.parent / "README.md", short(told))
    print(long(told, known), end="")


if __name__ == "__main__":
    main()
