"""Show how two consultations differ: how they were played, their results, and how they were judged."""

from __future__ import annotations

import json
from collections.abc import Iterable

from consult.agents.assessors.rubric import ITEMS
from consult.render.live import played_by, short
from consult.render.page_parts import Told, events_of, value_in_words
from consult.render.turn_html import text
from consult.render.verdict import judgement, panel_judgement

Facts = dict[str, str]
"""Name → words, as HTML."""


def differences(left: Told, right: Told) -> str:
    """Return a table of the differences as HTML, and name below it what is the same."""
    a, b = ({**_how(told), **_outcome(told)} for told in (left, right))
    judged_a, judged_b = _verdicts(left), _verdicts(right)
    both = [name for name in judged_a if name in judged_b]
    rows = _rows(a, b, a) + _rows(judged_a, judged_b, both)
    heading = "".join(f'<th scope="col">{text(told.row["id"])}</th>' for told in (left, right))
    table = f'<table class="differences"><thead><tr><td></td>{heading}</tr></thead><tbody>{rows}</tbody></table>'
    same = [name.lower() for name in a if a[name] == b[name]]
    verdicts = sum(judged_a[name] == judged_b[name] for name in both)
    same += [f"{verdicts} verdict{'' if verdicts == 1 else 's'}"] if verdicts else []
    shown = f'<div class="wide">{table}</div>' if rows else ""
    return shown + (f'<p class="dim">The same in both: {", ".join(same)}.</p>' if same else "")


def _rows(a: Facts, b: Facts, names: Iterable[str]) -> str:
    return "".join(
        f'<tr><th scope="row">{name}</th><td>{a[name]}</td><td>{b[name]}</td></tr>'
        for name in names
        if a[name] != b[name]
    )


def _how(told: Told) -> Facts:
    row = told.row
    return {
        "Scenario": text(told.scenario.name),
        "Case": text(row["case_id"]),
        "Temperament": text(row["temperament"]),
        "Strategy": text(row["strategy"]),
        "Team": text(row["team"]),
        "Seed": str(row["seed"]),
        "Models": "<br>".join(map(text, played_by(json.loads(told.run["models"])))),
    }


def _outcome(told: Told) -> Facts:
    ended = events_of(told)[-1]
    _, words = judgement(ended)
    return {
        "Status": text(ended["status"]),
        "Triage": text(f"{ended['specialty']} · {ended['urgency'] or 'no urgency'}") if ended["specialty"] else "—",
        "Urgency": text(ended["final_urgency"] or "—"),
        "Panel": text(panel_judgement(ended)) if ended["opinions"] else "—",
        "Diagnosis": f"<b>{text(ended['diagnosis'] or 'no diagnosis')}</b> {text(words)}",
        "Facts learned": f"{ended['facts_disclosed']} of {ended['facts']}" if ended["facts"] else "—",
        "Turns": str(ended["turns"]),
        "Tokens": f"{ended['tokens_in']:,} in, {ended['tokens_out']:,} out",
    }


def _verdicts(told: Told) -> Facts:
    """Return the scored items; an unscored item shows no difference between consultations."""
    return {
        f"{item.key} {text(item.name)}, by {text(short(assessor))}": value_in_words(item, assessment[item.key].value)
        for assessor, assessment in told.assessments.items()
        for item in ITEMS
        if item.key in assessment and assessment[item.key].value is not None
    }
