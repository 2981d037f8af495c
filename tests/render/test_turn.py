"""One view model of a turn: what it tells stands in the terminal, on the page and in the report alike."""

from __future__ import annotations

import io
from html import unescape
from typing import Any

import pytest
from rich.console import Console

from consult.agents.acts import Act, Draft, Opinion
from consult.envs.events import opinion_event, turn_event
from consult.render.terminal import show_opinion, show_turn
from consult.render.turn import opinion_view, turn_view
from consult.render.turn_html import bubble, line, opinion_card

OPINIONS = (
    Opinion("dermatology", "eczema", 0.5, "It itches."),
    Opinion("oncology", None, None, "", "model", usable=True),
    Opinion("surgery", None, None, "", "model", usable=False),
    Opinion("dermatology", "acne", 0.25, "", "synthetic"),
)
PROGRAM = Draft(backed=False, leaked=False, attempts=3, fallback=True)
SECOND = Draft(backed=False, leaked=False, attempts=2, fallback=False)
LOOSE = Draft(backed=False, leaked=True, attempts=1, fallback=False, said_backed=False, said_leaked=True)
ACTS = [
    (Act("patient", "open", "It <itches> & burns.", draft=LOOSE), ["not backed by the card", "names a diagnosis"]),
    (Act("triage", "triage", "", specialty="dermatology", urgency="soon"), ["→ dermatology", "soon"]),
    (Act("triage", "triage", "Off you go.", draft=PROGRAM), ["no specialty", "no urgency", "(said by the program)"]),
    (Act("attending", "examine", "May I? [skin: red]", topic="skin"), ["May I?", "skin: red"]),
    (Act("attending", "examine", "[skin: sepsis] [skin: red]", topic="skin"), ["[skin: sepsis]", "skin: red"]),
    (Act("attending", "ask", "", thought="A rash?"), ["thinks: A rash?", "(says nothing)"]),
    (Act("attending", "conclude", "", diagnosis="acne", source="program"), ["acne", "(said by the program)"]),
    (Act("attending", "consult", "Well.", draft=SECOND, opinions=OPINIONS), ["second draft"]),
    (
        Act("attending", "conclude", "Rest.", diagnosis="acne", diagnosis_words="pimples", confidence=0.37,
            differential=("acne", "eczema")),
        ["acne", "37%", "less likely: eczema", "in its own words: pimples", "Rest."],
    ),
    (Act("attending", "conclude", "", confidence=0.9), ["no diagnosis"]),
    (Act("patient", "satisfied", "No.", accepts=False), ["does not accept the plan"]),
]  # fmt: skip


def told(act: Act) -> dict[str, str]:
    """Render an act by each renderer, as text without tags or breaks."""
    out = io.StringIO()
    console = Console(file=out, width=100)
    event = turn_event("c", 4, act)
    show_turn(console, event)
    opinions = [opinion_event("c", i, opinion) for i, opinion in enumerate(act.opinions)]
    for opinion in opinions:
        show_opinion(console, opinion)
    view, panel = turn_view(event), [opinion_view(opinion) for opinion in opinions]
    return {
        "terminal": " ".join(out.getvalue().split()),
        "page": plain(bubble(view, "t") + "".join(map(opinion_card, panel))),
        "report": plain(line(view, panel, "t")),
    }


def plain(html: str) -> str:
    """Strip the tags of HTML; what was escaped stays text."""
    import re

    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@pytest.mark.parametrize(("act", "expected"), ACTS)
def test_every_renderer_tells_the_same_of_a_turn(act: Act, expected: list[str]) -> None:
    for name, shown in told(act).items():
        wanted = [one.removeprefix("thinks: ") if name == "page" else one.strip("()") for one in expected]
        assert [one for one in wanted if one.strip("()") not in shown] == [], name
        assert act.text.partition(" [")[0] in shown


def test_every_renderer_tells_the_same_of_an_opinion() -> None:
    for name, shown in told(next(act for act, _ in ACTS if act.opinions)).items():
        assert "dermatology: eczema 50%" in shown.replace("dermatology eczema", "dermatology: eczema"), name
        assert "It itches." in shown
        assert shown.count("not my field") == 1 and shown.count("no usable answer") == 1, name
        assert "(synthetic)" in shown, name


@pytest.mark.parametrize("draft", [None, Draft(backed=True, leaked=False, attempts=1, fallback=False)])
def test_a_first_draft_that_is_backed_has_no_mark(draft: Draft | None) -> None:
    view = turn_view(turn_event("c", 0, Act("patient", "answer", "Yes.", draft=draft)))
    assert view.marks == () and not view.is_empty


def test_old_events_lack_fields() -> None:
    event: dict[str, Any] = turn_event("c", 0, Act("attending", "conclude", "Rest.", diagnosis="acne"))
    for name in ("thought", "accepts", "draft", "diagnosis_words"):
        del event[name]
    view = turn_view(event)
    assert view.conclusion is not None and view.conclusion.notes == () and view.marks == ()
