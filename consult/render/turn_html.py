"""The view models as HTML: a turn as a bubble of a page or as a line of a report, opinions, and the verdict.

Whatever comes from models and cases goes through `text`, which cleans and escapes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from consult.foreign_text import as_html, speech_as_html
from consult.render.turn import ConclusionView, OpinionView, TurnView
from consult.render.verdict import Event, Judged, judgement, verdict_rows
from consult.scenarios import Scenario

NAMES = {"patient": "Patient", "triage": "Triage doctor", "attending": "Attending physician", "question": "Question"}


def text(said: str) -> str:
    """Make text of a model, a case or a user fit for HTML, within attributes, too."""
    return speech_as_html(said)


def bubble(view: TurnView, place: str, beneath: str = "") -> str:
    """Render a turn as a section of a page.

    Args:
        view: The turn.
        place: How its id begins; its number follows.
        beneath: HTML to stand below what was said.
    """
    side = "patient" if view.speaker in ("patient", "question") else "doctor"
    marks = "".join(f' <span class="mark">{text(mark)}</span>' for mark in view.marks)
    heading = f"<h2>{NAMES[view.speaker]} <small>{view.idx}</small>{marks}</h2>"
    thought = text(view.thought)
    private = f'<details class="thought"><summary>Thought</summary><p>{thought}</p></details>' if thought else ""
    said = _done(view) or "<p>(says nothing)</p>"
    return f'<section class="{side}" id="{place}{view.idx}">{heading}{private}{said}{beneath}</section>'


def _done(view: TurnView) -> str:
    parts = []
    if view.triage:
        urgency = text(view.triage.urgency or "no urgency")
        sent = f"<b>→ {text(view.triage.specialty or 'no specialty')}</b>"
        shown = f' <span class="urgency {urgency}">{urgency}</span>' if view.triage.asks_urgency else ""
        parts.append(f"<p>{sent}{shown}</p>")
    if view.conclusion:
        parts.append(f"<p>{_concluded(view.conclusion)}</p>")
    if view.said:
        parts.append(f"<p>{text(view.said)}</p>")
    if view.result:
        parts.append(f'<p class="result">{text(view.result)}</p>')
    return "".join(parts)


def opinion_card(view: OpinionView) -> str:
    """Render an opinion as a card of a page."""
    reason = f"<p>{text(view.reason)}</p>" if view.reason else ""
    return f"<article><h3>{_member(view)}</h3><p>{_opinion(view)}</p>{reason}</article>"


def line(view: TurnView, opinions: Sequence[OpinionView], place: str) -> str:
    """Render a turn and the opinions it asked for as a list item of a report.

    Args:
        view: The turn.
        opinions: What the panel answered; empty if it was not asked.
        place: How the id of the item begins; the turn's number follows.
    """
    decided = ""
    if view.triage:
        sent = view.triage.specialty or "no specialty"
        sent += f", {view.triage.urgency or 'no urgency'}" if view.triage.asks_urgency else ""
        decided = f" <b>→ {text(sent)}</b>"
    if view.conclusion:
        decided = f" ▸ {_concluded(view.conclusion)}"
    thought = f" <small>thinks: {text(view.thought)}</small>" if view.thought else ""
    said = " ".join(text(part) for part in (view.said, view.result) if part) or (
        "(says nothing)" if view.is_empty else ""
    )
    marks = "".join(f" <small>({text(mark)})</small>" for mark in view.marks)
    panel = "".join(f"<li>{_member(o)}: {_opinion(o)} <small>{text(o.reason)}</small></li>" for o in opinions)
    listed = f"<ul>{panel}</ul>" if panel else ""
    return f'<li id="{place}{view.idx}"><i>{NAMES[view.speaker]}</i>{thought}{decided} {said}{marks}{listed}</li>'


def _concluded(view: ConclusionView) -> str:
    notes = "".join(f' <span class="dim">{text(note)}</span>' for note in view.notes)
    return f"<b>{text(view.diagnosis or 'no diagnosis')}</b>{_sure(view.confidence)}{notes}"


def _member(view: OpinionView) -> str:
    return text(f"{view.specialty} ({view.source})" if view.source else view.specialty)


def _opinion(view: OpinionView) -> str:
    return f"<b>{text(view.diagnosis)}</b>{_sure(view.confidence)}" if view.diagnosis else view.missing


def _sure(confidence: str) -> str:
    return f" <small>{confidence}</small>" if confidence else ""


def verdict(event: Event, scenario: Scenario) -> str:
    """Render how a consultation ended as a section of a page."""
    right, words = judgement(event)
    kind = {True: "right", False: "wrong", None: "open"}[right]
    rows = [("Diagnosis", f"<b>{text(event['diagnosis'] or 'no diagnosis')}</b> <span>{as_html(words)}</span>")]
    for row in verdict_rows(event, scenario):
        shown = " · ".join(_judged(one) for one in row.judged)
        rows.append((row.name.capitalize(), f'<b class="demo">{shown}</b>' if row.tone == "warning" else shown))
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    return f'<section class="verdict {kind}"><h2>Verdict</h2><dl>{listed}</dl></section>'


def _judged(judged: Judged) -> str:
    mark = {True: " ✔", False: " ✘", None: ""}[judged.right]
    return text(judged.said + mark) + (f' <span class="dim">({text(judged.note)})</span>' if judged.note else "")
