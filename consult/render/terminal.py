"""How acts, opinions and verdicts look in the terminal, live and read again.

Everything that comes from models and cases is put into `Text` objects after `clean`, never through rich's markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consult.agents.prompt_formats.clean import clean
from consult.counts import count_of
from consult.scenarios.normalised import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType
    from rich.text import Text

    from consult.scenarios import Scenario

Event = dict[str, Any]
Judged = tuple[str, bool | None, str]
"""What was said, whether it is right (None: no truth is known), and a note."""

WIDEST = 100
"""Columns; longer lines are hard to read."""
INDENT = 11
"""Columns of the speaker's name."""
DISCLAIMER = "Simulation, not medical advice."
_NAMES = {"patient": ("Patient", "bold cyan"), "triage": ("Triage", "bold magenta")}
_ATTENDING = ("Attending", "bold green")
_URGENCY = {"routine": "green", "soon": "yellow", "urgent": "dark_orange", "emergency": "bold red"}


def show_turn(console: Console, event: Event, *, numbered: bool = False) -> None:
    """Print one turn: the speaker's name, and what was done beside it."""
    name, style = _NAMES.get(event["speaker"], _ATTENDING)
    doing = {"triage": _triage, "examine": _examination, "conclude": _conclusion}.get(event["action"], _plain)
    blocks = [block for block in (_thought(event), *doing(event)) if block] or [styled("(says nothing)", "dim")]
    for i, block in enumerate(blocks):
        _hang(console, _label(event["idx"] if numbered else None, name if i == 0 else "", style), block)


def show_opinion(console: Console, event: Event, *, numbered: bool = False) -> None:
    """Print one specialist's opinion as an indented bullet."""
    line = styled("", "").append("• ", "green")
    line.append(clean(event["specialty"]), "magenta")
    line.append(": ")
    line.append(clean(event["diagnosis"] or missing(event)), "bold" if event["diagnosis"] else "dim")
    if event["confidence"] is not None and event["diagnosis"]:
        line.append(f" {event['confidence']:.0%}")
    if event["source"] != "model":
        line.append(f" ({event['source']})", "yellow")
    if event["reason"]:
        line.append(f"  {clean(event['reason'])}", "dim")
    _hang(console, _label(0 if numbered else None, "", ""), line, hanging=2)


def beneath(console: Console, text: Text) -> None:
    """Print a remark under what a speaker said."""
    _hang(console, _label(None, "", ""), text)


def missing(opinion: Event) -> str:
    """Say why an opinion has no diagnosis."""
    return "not my field" if opinion.get("usable", True) else "no usable answer"


def examined(event: Event) -> tuple[str, str]:
    """Part an examination's text into what was said and what the record answered."""
    text, topic = clean(event["text"]), clean(event["topic"] or "")
    said, bracket, result = text.partition(f"[{topic}:")
    return (said.strip(), f"{topic}: {result.strip().removesuffix(']')}") if bracket else (text, "")


def by_program(event: Event) -> bool:
    """Return whether a program wrote the words of a turn."""
    return event["source"] == "program" or bool((event.get("draft") or {}).get("fallback"))


def _plain(event: Event) -> list[Text]:
    text = styled(clean(event["text"]), "")
    if by_program(event) and text:
        text.append("  (said by the program)", "dim")
    for mark in (event.get("mark"), *remarks(event)):
        if mark and text:
            text.append(f"  ({mark})", "dim")
    return [text]


def remarks(event: Event) -> list[str]:
    """Tell what is worth knowing of a patient's line that nobody corrected, and of its leave."""
    draft = event.get("draft") or {}
    found = []
    if event["speaker"] == "patient" and not draft.get("said_backed", True):
        found.append("not backed by the card")
    if event["speaker"] == "patient" and draft.get("said_leaked", False):
        found.append("names a diagnosis")
    if event.get("accepts") is False:
        found.append("does not accept the plan")
    return found


def _thought(event: Event) -> Text:
    thought = clean(event.get("thought") or "")
    return styled(f"thinks: {thought}" if thought else "", "dim italic")


def _triage(event: Event) -> list[Text]:
    sent = styled("", "").append("→ ", "magenta")
    sent.append(clean(event["specialty"] or "no specialty"), "bold magenta")
    sent.append(" · ")
    sent.append(event["urgency"] or "no urgency", _URGENCY.get(event["urgency"] or "", "dim"))
    if event["text"]:
        sent.append(f" · {clean(event['text'])}")
    return [sent]


def _examination(event: Event) -> list[Text]:
    said, result = examined(event)
    return [styled(said, ""), styled(f"↳ {result}" if result else "", "dim")]


def _conclusion(event: Event) -> list[Text]:
    named = styled("", "").append("▸ ", "green")
    named.append(clean(event["diagnosis"] or "no diagnosis"), "bold green" if event["diagnosis"] else "bold red")
    if event["confidence"] is not None and event["diagnosis"]:
        named.append(f" {event['confidence']:.0%}")
    others = [clean(name) for name in event["differential"] if name != event["diagnosis"]]
    if others:
        named.append(f"  less likely: {', '.join(others)}", "dim")
    if own_words(event):
        named.append(f"  in its own words: {own_words(event)}", "dim")
    return [named, *_plain(event)]


def own_words(event: Event) -> str:
    """Return the doctor's own words for its diagnosis; empty if they are the diagnosis."""
    words = event.get("diagnosis_words") or ""
    return "" if normalised(words) == normalised(event["diagnosis"] or "") else clean(words)


def styled(text: str, style: str) -> Text:
    """Return a text of one style; nothing in it is read as markup."""
    from rich.text import Text

    return Text(text, style=style)


def say(console: Console, text: Text) -> None:
    """Print a line as it is."""
    # Highlighting would colour numbers and quotes inside what people say.
    console.print(text, highlight=False)


def _label(number: int | None, name: str, style: str) -> Text:
    label = styled("", "")
    if number is not None:
        label.append(f"{number if name else '':>2} ", "dim")
    label.append(name.ljust(INDENT), style)
    return label


def _hang(console: Console, label: Text, body: Text, hanging: int = 0) -> None:
    indent = len(label)
    width = max(20, min(console.width, WIDEST) - indent - hanging)
    for i, line in enumerate(body.wrap(console, width)):
        line.rstrip()
        row = styled("", "").append_text(label if i == 0 else styled(" " * (indent + hanging), ""))
        console.print(row.append_text(line), highlight=False, no_wrap=True, overflow="ignore", crop=False)


def verdict(event: Event, scenario: Scenario) -> RenderableType:
    """Set what was found beside what is true, and what it took."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    grid.add_row("diagnosis", _judged_diagnosis(event))
    if event["judgement"]:
        grid.add_row("judge", judged_in_words(event["judgement"]))
    if event["team"] == "panel":
        grid.add_row("triage", _marked(triage_judgements(event, scenario)))
    if event["final_urgency"] is not None:
        grid.add_row("urgency", _marked([urgency_judgement(event)]))
    if event["opinions"]:
        right = event["opinions_right"]
        grid.add_row(
            "panel", count_of(event["opinions"], "opinion") if right is None else f"{right}/{event['opinions']} right"
        )
    if event["expert"]:
        grid.add_row("classifier", clean(", ".join(event["expert"])))
    if event["facts"]:
        grid.add_row("facts", f"{event['facts_disclosed']}/{event['facts']} learned from the patient")
    tokens = f"{count_of(event['tokens_in'], 'token')} in, {event['tokens_out']:,} out"
    grid.add_row("cost", f"{count_of(event['turns'], 'turn')} · {tokens} · {event['seconds']:.1f} s of model time")
    if event["status"] != "finished":
        grid.add_row("status", styled(event["status"], "bold red" if event["status"] == "failed" else "bold yellow"))
    if event["error"]:
        grid.add_row("error", styled(clean(event["error"]), "red"))
    if event.get("disclaimer"):
        grid.add_row("note", styled(event["disclaimer"], "bold yellow"))
    return grid


def judgement(event: Event) -> tuple[bool | None, str]:
    """Return whether the diagnosis is right (None: no truth is known), and say so."""
    truth, right = clean(event["truth"] or ""), event["correct"]
    if right is None:
        return None, "" if truth else "no truth is known"
    if right:
        return True, f"✔ right{_DECIDED_BY.get(event['correct_by'], '')}"
    if event["correct_by"] == "unjudged":
        return False, f"? unjudged, which counts as wrong: it was {truth}"
    if event["diagnosis"] and event["status"] != "finished":
        return False, f"✘ {event['status']}, which counts as wrong: it was {truth}"
    wrong = "wrong" if event["diagnosis"] else "none"
    return False, f"✘ {wrong}{_DECIDED_BY.get(event['correct_by'], '')}: it was {truth}"


def judged_in_words(judgement: Event) -> str:
    """Return what a judge said of a diagnosis, and why."""
    said = f"{judgement['verdict'] or 'no verdict'}: {judgement['why']}" if judgement["why"] else judgement["verdict"]
    return clean(f"{said} ({judgement['judge']})")


_DECIDED_BY = {"alias": ", by another name", "judge": ", as the judge says"}


def right_of(counts: Event) -> str:
    """Return how many consultations of a run are right, from its row or its summary."""
    if not counts["with_truth"]:
        return "no truth is known"
    unjudged = f", {counts['unjudged']:,} of them unjudged" if counts["unjudged"] else ""
    right = f"{counts['correct']:,} of {counts['with_truth']:,} right ({counts['correct'] / counts['with_truth']:.1%})"
    return f"{right}; the others count as wrong{unjudged}" if unjudged else right


def judging_command(run: str, db: str = "") -> str:
    """Return the command that judges what is unjudged.

    Args:
        run: The run's id.
        db: The option that names its store, with a space before it; empty for the usual one.
    """
    return f"consult assess {run} --judge REF{db}"


def panel_judgement(event: Event) -> str:
    """Count the panel's opinions that are right."""
    right, opinions = event["opinions_right"], event["opinions"]
    return count_of(opinions, "opinion") if right is None else f"{right}/{opinions} right"


def _judged_diagnosis(event: Event) -> Text:
    right, words = judgement(event)
    line = styled(clean(event["diagnosis"] or "no diagnosis"), "bold")
    style = {True: "bold green", False: "bold red", None: "dim"}[right]
    return line.append(f"  {words}", style) if words else line


def triage_judgements(event: Event, scenario: Scenario) -> list[Judged]:
    """Judge specialty and urgency: what was said, whether it is right, and what would have been."""
    label = scenario.labels.get(event["truth"] or "")
    accepted = label is not None and label.second_specialty is not None
    second = accepted and label is not None and event["specialty"] == label.second_specialty
    judged = []
    for key, name in (("specialty", "specialty"), ("urgency", "urgency")):
        said, true = event[key], event[f"true_{key}"]
        right = None if true is None else said == true
        note = "" if right is not False else f"truly {clean(true)}"
        if key == "specialty" and second and right is False:
            # Neither a tick nor a cross: it counts as right where the second specialty does.
            right, note = None, f"accepted, the first choice is {clean(true)}"
        judged.append((clean(said or f"no {name}"), right, note))
    return judged


def urgency_judgement(event: Event) -> Judged:
    """Judge the final urgency, with what the triage said where that was another."""
    said, true = event["final_urgency"], event["true_urgency"]
    right = None if true is None else said == true
    notes = [f"truly {clean(true)}"] if right is False else []
    notes += [f"triage said {clean(event['urgency'])}"] if event["urgency"] not in (None, said) else []
    return clean(said), right, ", ".join(notes)


def _marked(judged: Iterable[Judged]) -> Text:
    line = styled("", "")
    for said, right, note in judged:
        line.append(" · " if line else "").append(said)
        if right is not None:
            line.append(" ✔" if right else " ✘", "bold green" if right else "bold red")
        if note:
            line.append(f" ({note})", "dim")
    return line


def framed(console: Console, body: RenderableType, title: str) -> RenderableType:
    """Put a box with a title round something; outside a terminal, the title above it."""
    from rich.console import Group
    from rich.panel import Panel

    if not console.is_terminal:
        return Group(styled(f"-- {title} --", ""), body)
    width = min(console.width, WIDEST)
    return Panel(body, title=styled(title, "bold"), title_align="left", border_style="dim", width=width)
