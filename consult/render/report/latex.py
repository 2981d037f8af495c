"""The main figures of a report as a table for a paper, summary.tex, which needs booktabs alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from consult.agents.assessors.rubric import BY_KEY
from consult.counts import count_of
from consult.envs.settings import CASES
from consult.foreign_text import shown
from consult.render.report.compared import final_urgency, short_names, told_together

Data = Mapping[str, Any]

UNKNOWN = "--"
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\char34{}", "·": r"\textperiodcentered{}", "\u2013": r"\textendash{}",
    "—": r"\textemdash{}", "…": r"\dots{}", "[": "{[}", "]": "{]}",
}  # fmt: skip
"""A bracket in braces is no option of the row before."""
_LETTERS = frozenset(chr(code) for code in range(0xC0, 0x100)) - frozenset("\xd7\xf7\xd0\xf0\xde\xfe")
"""Letters with accents that every LaTeX sets in its usual encoding."""
_ALWAYS = ("model", "strategy", "team")


def latex(found: Data) -> str:
    """Write summary.tex.

    Args:
        found: What report.json says.
    """
    runs = found["runs"]
    settings = [*_ALWAYS, *(name for name in found["conditions"]["differing"] if name not in _ALWAYS)]
    assessors = list(dict.fromkeys(name for run in runs for name in run["rubric_mean"]))
    repeated = [label for label, often in Counter(run["label"] for run in runs).items() if often > 1]
    names = [*settings, *(["run"] if repeated else [])]
    rubrics = [f"rubric by {_short(found, name)}" if len(assessors) > 1 else "rubric" for name in assessors]
    figures = ["n", "diagnosis", "triage", "urgency", *(rubrics or ["rubric"]), "questions", "turns"]
    rows = [[*(_said(found, run, name) for name in names), *_figures(run, assessors)] for run in runs]
    head = " & ".join(escaped(name) for name in [*names, *figures])
    body = "\n".join(f"{' & '.join(row)} \\\\" for row in rows)
    return (
        "% Simulation, not medical advice. Needs \\usepackage{booktabs}; a wide table, also \\usepackage{graphicx} "
        "and \\resizebox.\n"
        f"\\begin{{table}}[htbp]\n\\centering\n\\small\n\\caption{{{_caption(found, assessors)}}}\n"
        f"\\label{{tab:consult}}\n\\begin{{tabular}}{{{'l' * len(names)}{'r' * len(figures)}}}\n\\toprule\n"
        f"{head} \\\\\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
    )


def escaped(text: str) -> str:
    """Write text so that LaTeX sets it; a character that not every LaTeX has is written as its number."""
    # Two hyphens of a name are not a dash.
    return re.sub("-(?=-)", "-{}", "".join(map(_escaped, shown(text))))


def _escaped(c: str) -> str:
    if c in _SPECIAL:
        return _SPECIAL[c]
    return c if c.isascii() or c in _LETTERS else f"{{[}}U+{ord(c):04X}{{]}}"


def _said(found: Data, run: Data, name: str) -> str:
    """Say what a row has of a setting."""
    if name == "run":
        return escaped(str(run["run"]))
    if name in run["condition"]:
        return escaped(run["condition"][name]) or UNKNOWN
    value = str(run["settings"][name])
    return escaped(_short(found, value) if name == "model" else value)


def _short(found: Data, model: str) -> str:
    return short_names(found).get(model, model)


def _figures(run: Data, assessors: Sequence[str]) -> list[str]:
    triage = run["triage"] and run["triage"]["strict"]
    urgency = (final_urgency(run) or {}).get("right")
    rubrics = [run["rubric_mean"].get(name) for name in assessors] or [None]
    shares = [run["headlines"]["accuracy"], triage, urgency, *rubrics]
    numbers = [run["cost"].get(name) for name in ("questions", "turns")]
    n = f"{run['consultations']['ended']}"
    return [n, *(_share(one) for one in shares), *(_number(one) for one in numbers)]


def _share(data: Data | None) -> str:
    if data is None or data["value"] is None:
        return UNKNOWN
    ends = "" if data["low"] is None else f" ({100 * data['low']:.1f}--{100 * data['high']:.1f})"
    return f"{100 * data['value']:.1f}{ends}"


def _number(data: Data | None) -> str:
    return UNKNOWN if data is None or data["value"] is None else f"{data['value']:.1f}"


def _never_decided(found: Data) -> list[str]:
    """List the rubric's items that no assessor of any run has decided."""
    figures = [(key, one) for run in found["runs"] for items in run["rubric"].values() for key, one in items.items()]
    decided = {key for key, one in figures if one["value"] is not None}
    return [key for key in BY_KEY if key in dict(figures) and key not in decided]


def _caption(found: Data, assessors: Sequence[str]) -> str:
    common = told_together(found)
    told = "; ".join(text if names == CASES else f"{names} {_short(found, text)}" for names, text in common)
    by = ", ".join(_short(found, name) for name in assessors)
    never = _never_decided(found)
    were = "was" if len(never) == 1 else "were"
    left_out = f", without {' and '.join(never)}, which {were} never decided" if never else ""
    rubric = f" Rubric, by {by}: mean over the items{left_out}." if by else ""
    unjudged = sum(run["judging"]["unjudged"] for run in found["runs"])
    counted, verb = count_of(unjudged, "open diagnosis", "open diagnoses"), "counts" if unjudged == 1 else "count"
    open_ = f" {counted} that nobody judged {verb} as wrong." * bool(unjudged)
    return escaped(
        "Simulated consultations; not medical advice. Right diagnosis, triage to the right specialty and right final "
        f"urgency in percent, with 95 % intervals over cases; n: consultations.{rubric}{open_} "
        f"In all rows: {told}."
    )
