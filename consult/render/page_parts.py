"""The parts of which a page about a consultation is made: header, conversation, verdict, assessments, card.

Whatever comes from models and cases goes through `turn_html.text`, which cleans and escapes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from consult.agents.assessors.rubric import ITEMS, NOT_DECIDED, Item, Verdict
from consult.agents.temperament import NO_TEMPERAMENT
from consult.envs.events import demonstration
from consult.envs.user_case import OWN_TEMPERAMENT
from consult.foreign_text import as_html
from consult.render.live import SKIN_TYPES, not_seen, played_by, short
from consult.render.terminal import DISCLAIMER, Event
from consult.render.transcript import card_rows, fidelity, stored_events
from consult.render.turn import opinion_view, turn_view
from consult.render.turn_html import bubble, opinion_card, text, verdict

if TYPE_CHECKING:
    from consult.agents.acts import Act
    from consult.agents.assessors.rubric import Assessment
    from consult.render.prompts import ShownPrompts
    from consult.scenarios import Case, Scenario

Row = dict[str, Any]

DEMONSTRATION = "The starter is a demonstration model trained on drawings."
CHANGED = "The scenario has changed since this was played; photograph and card may be others."


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
    """Address of the first photograph; empty if there is none."""
    lost: str = ""
    """Why the scenario cannot be read, in a sentence; photograph and card are then missing."""
    prompts: ShownPrompts | None = None
    """What was asked; None if it is not to be shown."""
    place: str = "t"
    """Turn 3 has the id `t3`; another beginning where a page holds two consultations."""
    further: Sequence[str] = ()
    """Addresses of the other photographs."""


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
        verdict(ended, told.scenario),
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
    return [*events, ended]


def _header(told: Told) -> str:
    row, case = told.row, told.case
    card, models, sees = case.card, json.loads(told.run["models"]), json.loads(told.run["sees"] or "{}")
    about = [card.age_in_words, card.sex or ""]
    about.append(f"skin type {SKIN_TYPES[card.skin_type]}" if card.skin_type else "")
    temperament = [] if row["temperament"] in (OWN_TEMPERAMENT, NO_TEMPERAMENT) else [row["temperament"]]
    chips = [*temperament, row["strategy"], f"team {row['team']}", f"seed {row['seed']}"]
    unseen = not_seen(case, row["strategy"], sees)
    return f"""<header>
{_photograph(told)}
<div>
<p class="where">{text(told.scenario.name)} · {text(case.id)}</p>
<h1>{text(card.name or ("A patient" if case.question is None else "A question"))}</h1>
<p>{", ".join(text(part) for part in about if part)}</p>
<p class="chips">{"".join(f"<span>{text(chip)}</span>" for chip in chips)}</p>
<p class="dim">{"<br>".join(text(line) for line in played_by(models))}</p>
{f'<p class="dim">{as_html(unseen[:1].upper() + unseen[1:])}.</p>' if unseen else ""}
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
    pictures = (told.picture, *told.further)
    whose = "The patient's photograph" if told.case.question is None else "Picture"
    images = "".join(
        f'<img src="{escape(picture)}" width="256" height="256" alt="{escape(whose)}'
        f'{f" {number} of {len(pictures)}" if len(pictures) > 1 else ""}">'
        for number, picture in enumerate(pictures, 1)
    )
    return f'<div class="gallery">{images}</div>' if len(pictures) > 1 else images


def _conversation(told: Told, events: Sequence[Event], disclaimer: str) -> str:
    parts, panel = [], ""
    for event in events:
        if event["event"] == "opinion":
            panel += opinion_card(opinion_view(event))
            continue
        parts.append(f'<div class="panel">{panel}</div>' if panel else "")
        panel = ""
        demo = f'<p class="demo">{as_html(disclaimer)}</p>' if disclaimer and event["action"] == "conclude" else ""
        asked = told.prompts.html_of(event) if told.prompts else ""
        parts.append(bubble(turn_view(event), told.place, demo + asked))
    parts.append(f'<div class="panel">{panel}</div>' if panel else "")
    return "\n".join(part for part in parts if part) or '<p class="dim">Nothing has been said yet.</p>'


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
    return f'<tr><th scope="row"><small>{item.key}</small> {as_html(item.name)}</th>{cells}</tr>'


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
        f"<tr{' class=dim' if turn == '—' else ''}><th>{as_html(topic)}</th><td>{as_html(said)}</td>"
        f"<td>{turn if turn == '—' else _link(told, int(turn))}</td></tr>"
        for topic, said, turn in card_rows(told.acts, told.case)
    )
    faithful = "".join(f"<p>{as_html(line)}</p>" for line in fidelity(told.acts, told.run))
    heading = "<tr><th>topic</th><td>what is so</td><td>turn</td></tr>"
    table = f"<table><thead>{heading}</thead><tbody>{rows}</tbody></table>"
    summary = "The patient's card of facts, and when each was told" if told.case.question is None else "The question"
    return f"<details><summary>{summary}</summary>{table}{faithful}</details>"


def footer(told: Sequence[Told]) -> str:
    """Say beneath a page what its consultations are worth, and where they are from; as HTML."""
    demos = {demonstration(one.case) for one in told if one.row["demo"]}
    models = [model for one in told for model in json.loads(one.run["models"]).values()]
    starter = any(model.partition("@")[0] == "starter" for model in models)
    words = "".join(f" Conclusion: {as_html(demo)}." for demo in sorted(demos))
    about = "".join(
        f"<p>Consultation {text(one.row['id'])}, run begun {text(one.run['created'])}.</p>\n" for one in told
    )
    return f"""<footer>
<p><b>{DISCLAIMER}</b>{words or (f" {DEMONSTRATION}" if starter else "")}</p>
{about}</footer>"""
