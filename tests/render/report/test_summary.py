"""summary.csv and summary.tex: tidy, complete, escaped, and empty where nothing was measured."""

from __future__ import annotations

import re
from typing import Any

import pytest

from consult.render.report.latex import escaped, latex
from consult.render.report.summary import rows

NASTY = "scripted:/models/50%_a&b,#1/{x}~^$.yaml"


def figure(value: float | None, **more: Any) -> dict[str, Any]:
    ends = {"low": None, "high": None} if value is None else {"low": value / 2, "high": (1 + value) / 2}
    counts = {"n": 0 if value is None else 12, "clusters": 0 if value is None else 6}
    return {"value": value, **ends, **counts, "failed": 0, "unjudged": 0, "judge_failed": 0, "not_decided": 0,
            "method": "", **more}  # fmt: skip


def run(name: str, label: str, model: str, team: str = "panel", **more: Any) -> dict[str, Any]:
    triage = {"strict": figure(0.25), "lenient": figure(0.5), "majority": figure(0.1), "macro": 0.2}
    final = {"name": "final", "what": "", "right": figure(0.75)}
    return {
        "run": name,
        "label": label,
        "condition": {"model": model, "team": team},
        "settings": {"model": f"{model}@1", "strategy": "dialogue", "team": team, "patient": f"{model}@1", "seed": 0},
        "consultations": {"ended": 12},
        "headlines": {"accuracy": figure(0.5), "weighted F1": figure(0.4)},
        "judging": {"unjudged": 0},
        "panel": None,
        "triage": triage if team == "panel" else None,
        "urgency": {"sources": [final]} if team == "panel" else None,
        "rubric": {"rules@3": {"1.1": figure(0.5), "2.1": figure(None, not_decided=12), "4.1": figure(1.0)}},
        "rubric_mean": {"rules@3": figure(0.625)},
        "fidelity": {},
        "cost": {"questions": figure(0.0), "turns": figure(6.5)},
        **more,
    }


def found(*runs: dict[str, Any]) -> dict[str, Any]:
    common = {"strategy": "dialogue", "patient": "each row's model", "seed": "0"}
    conditions = {"differing": ["model", "team"], "common": common, "models": {"rules": "rules@3"}}
    return {"conditions": conditions, "runs": list(runs)}


REPORT = found(run("r1", f"{NASTY} · panel", NASTY), run("r2", "b · solo", "b", "solo", rubric={}, rubric_mean={}))


def test_every_condition_has_every_measure_and_what_is_not_measured_is_empty() -> None:
    table = rows(REPORT)
    by_run = {name: [row for row in table if row["run"] == name] for name in ("r1", "r2")}
    measures = {name: [(row["subject"], row["measure"]) for row in by_run[name]] for name in by_run}
    assert measures["r1"] == measures["r2"] and len(set(measures["r1"])) == len(measures["r1"])
    (solo,) = [row for row in by_run["r2"] if row["measure"] == "specialty_right"]
    assert [solo[name] for name in ("value", "low", "high", "n", "clusters", "failed")] == [None] * 6
    (asked,) = [row for row in by_run["r2"] if row["measure"] == "questions"]
    assert asked["value"] == 0.0 and asked["unit"] == "number"
    (team,) = [row for row in by_run["r1"] if row["measure"] == "specialty_right"]
    assert (team["value"], team["n"], team["clusters"]) == (0.25, 12, 6)


def test_a_row_says_by_whom_and_under_which_condition() -> None:
    (mean,) = [row for row in rows(REPORT) if (row["run"], row["measure"]) == ("r1", "mean")]
    assert (mean["assessor"], mean["model"], mean["patient"]) == ("rules@3", f"{NASTY}@1", f"{NASTY}@1")
    open_ = next(row for row in rows(REPORT) if row["measure"] == "2.1_respect_and_empathy")
    assert (open_["value"], open_["not_decided"]) == (None, 12)
    assert all("not medical advice" in row["notice"] for row in rows(REPORT))


def test_an_end_of_an_interval_never_passes_its_value() -> None:
    ends = {"low": 0.33333333, "high": 0.333333349}
    row = rows(found(run("r1", "a", "a", headlines={"accuracy": figure(1 / 3) | ends})))[0]
    assert row["low"] <= row["value"] <= row["high"]


# -- LaTeX -------------------------------------------------------------------------------------------------------------


def body(text: str) -> list[list[str]]:
    """Give the cells of a table's rows, in which an escaped sign parts nothing."""
    inner = text[text.index("\\midrule") + len("\\midrule") : text.index("\\bottomrule")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", line)] for line in inner.split("\\\\\n") if line.strip()]


def test_a_latex_table_has_a_row_a_condition_and_a_dash_for_what_is_not_measured() -> None:
    text = latex(REPORT)
    columns = text.split("\\toprule\n")[1].split(" \\\\")[0].split(" & ")
    assert columns == [
        "model",
        "strategy",
        "team",
        "n",
        "diagnosis",
        "triage",
        "urgency",
        "rubric",
        "questions",
        "turns",
    ]
    first, second = body(text)
    assert len(first) == len(second) == len(columns)
    assert first[4:] == [
        "50.0 (25.0--75.0)",
        "25.0 (12.5--62.5)",
        "75.0 (37.5--87.5)",
        "62.5 (31.2--81.2)",
        "0.0",
        "6.5",
    ]
    assert second[5:8] == ["--", "--", "--"]
    assert "not medical advice" in text and "\\begin{tabular}{lllrrrrrrr}" in text


def test_latex_is_escaped_and_its_braces_are_balanced() -> None:
    text = latex(REPORT)
    for line in text.splitlines()[1:]:
        assert not re.search(r"(?<!\\)[%#$_^~]", line), line
    plain = text.replace("\\{", "").replace("\\}", "")
    assert plain.count("{") == plain.count("}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (r"a\b", r"a\textbackslash{}b"),
        ("50%_a&b,#1", r"50\%\_a\&b,\#1"),
        ("a--b---c", "a-{}-b-{}-{}-c"),
        ("[x]<y>|z", r"{[}x{]}\textless{}y\textgreater{}\textbar{}z"),
        ("Müller's", "Müller's"),
        ("模", "{[}U+6A21{]}"),
        ("a\x1b\nb", "a b"),
    ],
)
def test_text_is_set_by_any_latex(text: str, told: str) -> None:
    assert escaped(text) == told


def test_two_runs_of_one_condition_are_told_apart_by_their_ids() -> None:
    first, second = body(latex(found(run("r1", "a · panel", "a"), run("r7", "a · panel", "a"))))
    assert first != second and "r7" in second


def test_the_caption_says_which_items_no_assessor_has_decided() -> None:
    assert "Rubric, by rules: mean over the items, without 2.1, which was never decided." in latex(REPORT)
    assert "Rubric" not in latex(found(run("r1", "b", "b", rubric={}, rubric_mean={})))
