"""One consultation as one HTML file that needs nothing else: no script, no network, no second file."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from consult.agents.dialects.clean import clean
from consult.cli.lines import (
    DISCLAIMER,
    Event,
    by_program,
    examined,
    judgement,
    missing,
    panel_judgement,
    remarks,
    triage_judgements,
)
from consult.cli.live import SKIN_TYPES, not_seen, played_by
from consult.cli.transcript import card_rows, draft_mark, fidelity, stored_events
from consult.envs.own import OWN_TEMPERAMENT

if TYPE_CHECKING:
    from PIL.Image import Image

    from consult.agents.acts import Act
    from consult.scenarios import Case, Scenario

Row = dict[str, Any]

DEMONSTRATION = "The starter is a demonstration model trained on drawings."
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
MOST_PIXELS = 512
"""Longer side of an embedded photograph."""
NAMES = {"patient": "Patient", "triage": "Triage doctor", "attending": "Attending physician"}


def consultation_page(store_row: Row, acts: Sequence[Act], case: Case, scenario: Scenario, run_row: Row) -> str:
    """Give a consultation as a page.

    Args:
        store_row: The consultation's row.
        acts: Its acts in their order.
        case: Its case.
        scenario: Its scenario.
        run_row: The row of its run.
    """
    *events, ended = stored_events(store_row, acts, case, scenario)
    models = json.loads(run_row["models"])
    title = " · ".join((_text(scenario.name), _text(case.id), _text(store_row["temperament"])))
    parts = [
        _header(store_row, case, scenario, run_row),
        f'<main class="talk">{_conversation(events, acts, ended["disclaimer"] or "")}</main>',
        _verdict(ended, scenario),
        _card(acts, case, run_row),
        _footer(store_row, run_row, models, ended["disclaimer"] or ""),
    ]
    return _document(title, "\n".join(parts))


def data_url(image: Image) -> str:
    """Give a picture as a PNG in a data URL, made smaller where it is large."""
    from PIL.Image import Resampling

    picture = image.convert("RGB")
    picture.thumbnail((MOST_PIXELS, MOST_PIXELS), Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _document(title: str, body: str) -> str:
    style = (files("consult.cli") / "page.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _text(text: str) -> str:
    return escape(clean(text))


def _header(row: Row, case: Case, scenario: Scenario, run_row: Row) -> str:
    card, models, sees = case.card, json.loads(run_row["models"]), json.loads(run_row["sees"] or "{}")
    about = [f"{card.age} years" if card.age is not None else "", card.sex or ""]
    about.append(f"skin type {SKIN_TYPES[card.skin_type]}" if card.skin_type else "")
    temperament = [] if row["temperament"] == OWN_TEMPERAMENT else [row["temperament"]]
    chips = [*temperament, row["strategy"], f"team {row['team']}", f"seed {row['seed']}"]
    unseen = not_seen(case, row["strategy"], sees)
    return f"""<header>
{_photograph(case)}
<div>
<p class="where">{_text(scenario.name)} · {_text(case.id)}</p>
<h1>{_text(card.name or "A patient")}</h1>
<p>{", ".join(_text(part) for part in about if part)}</p>
<p class="chips">{"".join(f"<span>{_text(chip)}</span>" for chip in chips)}</p>
<p class="dim">{"<br>".join(_text(line) for line in played_by(models))}</p>
{f'<p class="dim">{escape(unseen[:1].upper() + unseen[1:])}.</p>' if unseen else ""}
</div>
</header>"""


def _photograph(case: Case) -> str:
    if case.photograph is None:
        return '<p class="nophoto">no photograph</p>'
    return f'<img src="{data_url(case.photograph.load())}" width="256" height="256" alt="The patient\'s photograph">'


def _conversation(events: Sequence[Event], acts: Sequence[Act], disclaimer: str) -> str:
    parts, panel = [], ""
    for event in events:
        if event["event"] == "opinion":
            panel += _opinion(event)
            continue
        parts.append(f'<div class="panel">{panel}</div>' if panel else "")
        panel = ""
        parts.append(_bubble(event, acts[event["idx"]], disclaimer if event["action"] == "conclude" else ""))
    parts.append(f'<div class="panel">{panel}</div>' if panel else "")
    return "\n".join(part for part in parts if part)


def _bubble(event: Event, act: Act, disclaimer: str = "") -> str:
    side = "patient" if event["speaker"] == "patient" else "doctor"
    doing = {"triage": _triage, "examine": _examination, "conclude": _conclusion}.get(event["action"], _words)
    marks = ["said by the program" if by_program(event) else "", draft_mark(act), *remarks(event)]
    mark = "".join(f' <span class="mark">{mark}</span>' for mark in marks if mark)
    name = NAMES[event["speaker"]]
    heading = f"<h2>{name} <small>{event['idx']}</small>{mark}</h2>"
    thought = _text(event.get("thought") or "")
    private = f'<details class="thought"><summary>Thought</summary><p>{thought}</p></details>' if thought else ""
    demo = f'<p class="demo">{escape(disclaimer)}</p>' if disclaimer else ""
    return f'<section class="{side}">{heading}{private}{doing(event) or "<p>(says nothing)</p>"}{demo}</section>'


def _words(event: Event) -> str:
    return f"<p>{_text(event['text'])}</p>" if event["text"] else ""


def _triage(event: Event) -> str:
    urgency = event["urgency"] or "no urgency"
    sent = f"<b>→ {_text(event['specialty'] or 'no specialty')}</b>"
    return f'<p>{sent} <span class="urgency {_text(urgency)}">{_text(urgency)}</span></p>{_words(event)}'


def _examination(event: Event) -> str:
    said, result = examined(event)
    return (f"<p>{escape(said)}</p>" if said else "") + (f'<p class="result">{escape(result)}</p>' if result else "")


def _conclusion(event: Event) -> str:
    sure = f" <small>{event['confidence']:.0%}</small>" if event["confidence"] is not None else ""
    others = [name for name in event["differential"] if name != event["diagnosis"]]
    return "".join(
        (
            f"<p><b>{_text(event['diagnosis'] or 'no diagnosis')}</b>{sure if event['diagnosis'] else ''}",
            f' <span class="dim">less likely: {_text(", ".join(others))}</span></p>' if others else "</p>",
            _words(event),
        )
    )


def _opinion(event: Event) -> str:
    diagnosis, confidence = event["diagnosis"], event["confidence"]
    sure = f" <small>{confidence:.0%}</small>" if diagnosis and confidence is not None else ""
    source = f" ({event['source']})" if event["source"] != "model" else ""
    named = f"<b>{_text(diagnosis)}</b>" if diagnosis else missing(event)
    reason = f"<p>{_text(event['reason'])}</p>" if event["reason"] else ""
    return f"<article><h3>{_text(event['specialty'])}{_text(source)}</h3><p>{named}{sure}</p>{reason}</article>"


def _verdict(ended: Event, scenario: Scenario) -> str:
    right, words = judgement(ended)
    kind = {True: "right", False: "wrong", None: "open"}[right]
    rows = [("Diagnosis", f"<b>{_text(ended['diagnosis'] or 'no diagnosis')}</b> <span>{escape(words)}</span>")]
    if ended["team"] == "panel":
        judged = triage_judgements(ended, scenario)
        rows.append(("Triage", " · ".join(_judged(*one) for one in judged)))
    if ended["opinions"]:
        rows.append(("Panel", escape(panel_judgement(ended))))
    if ended["facts"]:
        rows.append(("Facts", f"{ended['facts_disclosed']}/{ended['facts']} learned from the patient"))
    cost = f"{ended['turns']} turns · {ended['tokens_in']:,} tokens in, {ended['tokens_out']:,} out"
    rows.append(("Cost", f"{cost} · {ended['seconds']:.1f} s of model time"))
    if ended["status"] != "finished":
        rows.append(("Status", _text(ended["status"])))
    if ended["error"]:
        rows.append(("Error", _text(ended["error"])))
    if ended["disclaimer"]:
        rows.append(("Note", f'<b class="demo">{escape(ended["disclaimer"])}</b>'))
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    return f'<section class="verdict {kind}"><h2>Verdict</h2><dl>{listed}</dl></section>'


def _judged(said: str, right: bool | None, note: str) -> str:
    mark = {True: " ✔", False: " ✘", None: ""}[right]
    return escape(said + mark) + (f' <span class="dim">({escape(note)})</span>' if note else "")


def _card(acts: Sequence[Act], case: Case, run_row: Row) -> str:
    rows = "".join(
        f"<tr{' class=dim' if turn == '—' else ''}><th>{escape(topic)}</th><td>{escape(text)}</td><td>{turn}</td></tr>"
        for topic, text, turn in card_rows(acts, case)
    )
    faithful = "".join(f"<p>{escape(line)}</p>" for line in fidelity(acts, run_row))
    heading = "<tr><th>topic</th><td>what is so</td><td>turn</td></tr>"
    table = f"<table><thead>{heading}</thead><tbody>{rows}</tbody></table>"
    return f"<details><summary>The patient's card of facts, and when each was told</summary>{table}{faithful}</details>"


def _footer(row: Row, run_row: Row, models: dict[str, str], disclaimer: str) -> str:
    starter = any(reference.partition("@")[0] == "starter" for reference in models.values())
    demonstration = f" Conclusion: {escape(disclaimer)}." if disclaimer else f" {DEMONSTRATION}" if starter else ""
    return f"""<footer>
<p><b>{DISCLAIMER}</b>{demonstration}</p>
<p>Consultation {_text(row["id"])}, run begun {_text(run_row["created"])}.</p>
</footer>"""
