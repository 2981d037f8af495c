"""The parts of which a page about a consultation is made: header, conversation, verdict, assessments, card.

Whatever comes from models and cases goes through `text`, which cleans and escapes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from consult.agents.assessors.rubric import ITEMS, NOT_DECIDED, Item, Verdict
from consult.agents.prompt_formats.clean import clean
from consult.counts import count_of
from consult.envs.events import demonstration
from consult.envs.user_case import OWN_TEMPERAMENT
from consult.render.live import SKIN_TYPES, not_seen, played_by, short
from consult.render.terminal import (
    DISCLAIMER,
    Event,
    by_program,
    examined,
    judged_in_words,
    judgement,
    missing,
    own_words,
    panel_judgement,
    remarks,
    triage_judgements,
    urgency_judgement,
)
from consult.render.transcript import card_rows, draft_mark, fidelity, stored_events

if TYPE_CHECKING:
    from consult.agents.acts import Act
    from consult.agents.assessors.rubric import Assessment
    from consult.render.prompts import ShownPrompts
    from consult.scenarios import Case, Scenario

Row = dict[str, Any]

DEMONSTRATION = "The starter is a demonstration model trained on drawings."
CHANGED = "The scenario has changed since this was played; photograph and card may be others."
_STATUS = {"running": "being played, or interrupted"}
NAMES = {"patient": "Patient", "triage": "Triage doctor", "attending": "Attending physician"}


@dataclass(frozen=True)
class Told:
    """A consultation with all that a page tells of it."""

    row: Row
    """The consultation's."""
    run: Row
    """The run's."""
    acts: Sequence[Act]
    case: Case
    scenario: Scenario
    assessments: Mapping[str, Assessment] = field(default_factory=dict)
    """Assessor → its verdicts."""
    picture: str = ""
    """Address of the photograph; empty if there is none."""
    lost: str = ""
    """Why the scenario cannot be read, in a sentence; photograph and card are then missing."""
    prompts: ShownPrompts | None = None
    """What was asked; None if it is not to be shown."""
    place: str = "t"
    """Turn 3 has the id `t3`; another beginning where a page holds two consultations."""


def title(told: Told) -> str:
    """Name a consultation, as HTML."""
    return " · ".join(map(text, (told.scenario.name, told.case.id, told.row["temperament"])))


def body(told: Told) -> str:
    """Tell a consultation, as HTML."""
    return f"<main>\n{column(told)}\n</main>\n{footer([told])}"


def column(told: Told) -> str:
    """Tell a consultation without what stands beneath a page, as HTML."""
    *events, ended = events_of(told)
    parts = [
        _header(told),
        f'<div class="talk">{_conversation(told, events, ended["disclaimer"] or "")}</div>',
        told.prompts.html_of(ended) if told.prompts else "",
        _verdict(ended, told.scenario),
        _assessments(told),
        "" if told.lost else _card(told),
    ]
    return "\n".join(part for part in parts if part)


def events_of(told: Told) -> list[Event]:
    """Return the events of a consultation, its end last."""
    *events, ended = stored_events(told.row, told.acts, told.case, told.scenario)
    if told.lost:
        # The card is not there to be counted; the store knows what was counted when it was.
        ended |= {"facts": told.row["facts"], "facts_disclosed": told.row["facts_disclosed"]}
    if ended["status"] == "running":
        # Nothing that may still come is judged.
        ended |= {"true_specialty": None, "true_urgency": None}
    return [*events, ended]


def text(said: str) -> str:
    """Make text of a model, a case or a user fit for HTML, within attributes, too."""
    return escape(clean(said))


def _header(told: Told) -> str:
    row, case = told.row, told.case
    card, models, sees = case.card, json.loads(told.run["models"]), json.loads(told.run["sees"] or "{}")
    about = [f"{card.age} years" if card.age is not None else "", card.sex or ""]
    about.append(f"skin type {SKIN_TYPES[card.skin_type]}" if card.skin_type else "")
    temperament = [] if row["temperament"] == OWN_TEMPERAMENT else [row["temperament"]]
    chips = [*temperament, row["strategy"], f"team {row['team']}", f"seed {row['seed']}"]
    unseen = not_seen(case, row["strategy"], sees)
    return f"""<header>
{_photograph(told)}
<div>
<p class="where">{text(told.scenario.name)} · {text(case.id)}</p>
<h1>{text(card.name or "A patient")}</h1>
<p>{", ".join(text(part) for part in about if part)}</p>
<p class="chips">{"".join(f"<span>{text(chip)}</span>" for chip in chips)}</p>
<p class="dim">{"<br>".join(text(line) for line in played_by(models))}</p>
{f'<p class="dim">{escape(unseen[:1].upper() + unseen[1:])}.</p>' if unseen else ""}
{_note(told)}
</div>
</header>"""


def _note(told: Told) -> str:
    changed = CHANGED if told.run["scenario_revision"] != told.scenario.revision else ""
    return f'<p class="demo">{text(told.lost or changed)}</p>' if told.lost or changed else ""


def _photograph(told: Told) -> str:
    if not told.picture:
        missing = told.lost and told.case.origin != "own"
        return f'<p class="nophoto">{"photograph not at hand" if missing else "no photograph"}</p>'
    return f'<img src="{escape(told.picture)}" width="256" height="256" alt="The patient\'s photograph">'


def _conversation(told: Told, events: Sequence[Event], disclaimer: str) -> str:
    parts, panel = [], ""
    for event in events:
        if event["event"] == "opinion":
            panel += _opinion(event)
            continue
        parts.append(f'<div class="panel">{panel}</div>' if panel else "")
        panel = ""
        parts.append(_bubble(told, event, disclaimer if event["action"] == "conclude" else ""))
    parts.append(f'<div class="panel">{panel}</div>' if panel else "")
    return "\n".join(part for part in parts if part) or '<p class="dim">Nothing has been said yet.</p>'


def _bubble(told: Told, event: Event, disclaimer: str = "") -> str:
    side = "patient" if event["speaker"] == "patient" else "doctor"
    doing = {"triage": _triage, "examine": _examination, "conclude": _conclusion}.get(event["action"], _words)
    marks = ["said by the program" if by_program(event) else "", draft_mark(told.acts[event["idx"]]), *remarks(event)]
    mark = "".join(f' <span class="mark">{mark}</span>' for mark in marks if mark)
    name = NAMES[event["speaker"]]
    heading = f"<h2>{name} <small>{event['idx']}</small>{mark}</h2>"
    thought = text(event.get("thought") or "")
    private = f'<details class="thought"><summary>Thought</summary><p>{thought}</p></details>' if thought else ""
    demo = f'<p class="demo">{escape(disclaimer)}</p>' if disclaimer else ""
    asked = told.prompts.html_of(event) if told.prompts else ""
    said = f"{heading}{private}{doing(event) or '<p>(says nothing)</p>'}{demo}{asked}"
    return f'<section class="{side}" id="{told.place}{event["idx"]}">{said}</section>'


def _words(event: Event) -> str:
    return f"<p>{text(event['text'])}</p>" if event["text"] else ""


def _triage(event: Event) -> str:
    urgency = event["urgency"] or "no urgency"
    sent = f"<b>→ {text(event['specialty'] or 'no specialty')}</b>"
    return f'<p>{sent} <span class="urgency {text(urgency)}">{text(urgency)}</span></p>{_words(event)}'


def _examination(event: Event) -> str:
    said, result = examined(event)
    return (f"<p>{escape(said)}</p>" if said else "") + (f'<p class="result">{escape(result)}</p>' if result else "")


def _conclusion(event: Event) -> str:
    sure = f" <small>{event['confidence']:.0%}</small>" if event["confidence"] is not None else ""
    others = [name for name in event["differential"] if name != event["diagnosis"]]
    beside = [f"less likely: {text(', '.join(others))}"] if others else []
    beside += [f"in its own words: {text(own_words(event))}"] if own_words(event) else []
    return "".join(
        (
            f"<p><b>{text(event['diagnosis'] or 'no diagnosis')}</b>{sure if event['diagnosis'] else ''}",
            *(f' <span class="dim">{words}</span>' for words in beside),
            f"</p>{_words(event)}",
        )
    )


def _opinion(event: Event) -> str:
    diagnosis, confidence = event["diagnosis"], event["confidence"]
    sure = f" <small>{confidence:.0%}</small>" if diagnosis and confidence is not None else ""
    source = f" ({event['source']})" if event["source"] != "model" else ""
    named = f"<b>{text(diagnosis)}</b>" if diagnosis else missing(event)
    reason = f"<p>{text(event['reason'])}</p>" if event["reason"] else ""
    return f"<article><h3>{text(event['specialty'])}{text(source)}</h3><p>{named}{sure}</p>{reason}</article>"


def _verdict(ended: Event, scenario: Scenario) -> str:
    right, words = judgement(ended)
    words = "not concluded yet" if ended["status"] == "running" else words
    kind = {True: "right", False: "wrong", None: "open"}[right]
    rows = [("Diagnosis", f"<b>{text(ended['diagnosis'] or 'no diagnosis')}</b> <span>{escape(words)}</span>")]
    if ended["judgement"]:
        rows.append(("Judge", escape(judged_in_words(ended["judgement"]))))
    if ended["team"] == "panel":
        judged = triage_judgements(ended, scenario)
        rows.append(("Triage", " · ".join(_judged(*one) for one in judged)))
    if ended["final_urgency"] is not None:
        rows.append(("Urgency", _judged(*urgency_judgement(ended))))
    if ended["opinions"]:
        rows.append(("Panel", escape(panel_judgement(ended))))
    if ended["expert"]:
        rows.append(("Classifier", text(", ".join(ended["expert"]))))
    if ended["facts"]:
        rows.append(("Facts", f"{ended['facts_disclosed']}/{ended['facts']} learned from the patient"))
    cost = (
        f"{count_of(ended['turns'], 'turn')} · {count_of(ended['tokens_in'], 'token')} in, {ended['tokens_out']:,} out"
    )
    rows.append(("Cost", f"{cost} · {ended['seconds']:.1f} s of model time"))
    if ended["status"] != "finished":
        rows.append(("Status", _STATUS.get(ended["status"]) or text(ended["status"])))
    if ended["error"]:
        rows.append(("Error", text(ended["error"])))
    if ended["disclaimer"]:
        rows.append(("Note", f'<b class="demo">{escape(ended["disclaimer"])}</b>'))
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    return f'<section class="verdict {kind}"><h2>Verdict</h2><dl>{listed}</dl></section>'


def _judged(said: str, right: bool | None, note: str) -> str:
    mark = {True: " ✔", False: " ✘", None: ""}[right]
    return escape(said + mark) + (f' <span class="dim">({escape(note)})</span>' if note else "")


def _assessments(told: Told) -> str:
    """Set several assessors' verdicts side by side, one item a row; empty if nobody has judged."""
    if not told.assessments:
        return ""
    heading = "".join(f'<th scope="col">{text(short(assessor))}</th>' for assessor in told.assessments)
    rows = "".join(_item(told, item) for item in ITEMS)
    table = f'<table><thead><tr><th scope="col">item</th>{heading}</tr></thead><tbody>{rows}</tbody></table>'
    scrolled = f'<div class="wide" role="region" aria-label="Assessments" tabindex="0">{table}</div>'
    return f'<section class="rubric"><h2>Assessments</h2>{scrolled}</section>'


def _item(told: Told, item: Item) -> str:
    cells = "".join(
        f'<td data-name="{text(short(assessor))}">{_judged_item(told, item, assessment.get(item.key))}</td>'
        for assessor, assessment in told.assessments.items()
    )
    return f'<tr><th scope="row"><small>{item.key}</small> {escape(item.name)}</th>{cells}</tr>'


def _judged_item(told: Told, item: Item, verdict: Verdict | None) -> str:
    if verdict is None:
        return "—"
    said, why = value_in_words(item, verdict.value), verdict.why
    if verdict.value is None and why.startswith(NOT_DECIDED):
        said, why = NOT_DECIDED.rstrip(": "), why.removeprefix(NOT_DECIDED)
    kind = {None: "open", item.levels[0]: "unmet", item.levels[-1]: "met"}.get(verdict.value, "part")
    links = ", ".join(_link(told, turn) for turn in verdict.turns)
    turns = f' <span class="dim">{"turn" if len(verdict.turns) == 1 else "turns"} {links}</span>' if links else ""
    return f'<b class="{kind}">{said}</b>{turns}{f"<p>{text(why)}</p>" if why else ""}'


def value_in_words(item: Item, value: int | None) -> str:
    """Say what a verdict on an item is: yes, no, a level of several, or not scored."""
    if value is None:
        return "not scored"
    highest = item.levels[-1]
    return f"{value} of {highest}" if highest > 1 else {0: "no", 1: "yes"}.get(value, str(value))


def _link(told: Told, turn: int) -> str:
    """Return a turn's number as a link to it; an assessor may name one that there is not."""
    return f'<a href="#{told.place}{turn}">{turn}</a>' if 0 <= turn < len(told.acts) else str(turn)


def _card(told: Told) -> str:
    rows = "".join(
        f"<tr{' class=dim' if turn == '—' else ''}><th>{escape(topic)}</th><td>{escape(said)}</td>"
        f"<td>{turn if turn == '—' else _link(told, int(turn))}</td></tr>"
        for topic, said, turn in card_rows(told.acts, told.case)
    )
    faithful = "".join(f"<p>{escape(line)}</p>" for line in fidelity(told.acts, told.run))
    heading = "<tr><th>topic</th><td>what is so</td><td>turn</td></tr>"
    table = f"<table><thead>{heading}</thead><tbody>{rows}</tbody></table>"
    return f"<details><summary>The patient's card of facts, and when each was told</summary>{table}{faithful}</details>"


def footer(told: Sequence[Told]) -> str:
    """Say beneath a page what its consultations are worth, and where they are from; as HTML."""
    demos = {demonstration(one.case) for one in told if one.row["demo"]}
    models = [model for one in told for model in json.loads(one.run["models"]).values()]
    starter = any(model.partition("@")[0] == "starter" for model in models)
    words = "".join(f" Conclusion: {escape(demo)}." for demo in sorted(demos))
    about = "".join(
        f"<p>Consultation {text(one.row['id'])}, run begun {text(one.run['created'])}.</p>\n" for one in told
    )
    return f"""<footer>
<p><b>{DISCLAIMER}</b>{words or (f" {DEMONSTRATION}" if starter else "")}</p>
{about}</footer>"""
