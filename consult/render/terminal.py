"""How acts, opinions and verdicts look in the terminal, live and read again.

Everything that comes from models and cases is put into `Text` objects after `shown`, never through rich's markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consult.foreign_text import harmless, shown
from consult.render.turn import ConclusionView, TriageView, TurnView, opinion_view, turn_view
from consult.render.verdict import Judged, judgement, verdict_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType
    from rich.text import Text

    from consult.scenarios import Scenario

Event = dict[str, Any]
WIDEST = 100
"""Columns; longer lines are hard to read."""
INDENT = 11
"""Columns of the speaker's name."""
DISCLAIMER = "Simulation, not medical advice."
_NAMES = {
    "patient": ("Patient", "bold cyan"),
    "question": ("Question", "bold cyan"),
    "triage": ("Triage", "bold magenta"),
    "attending": ("Attending", "bold green"),
}
_TONES = {"": "", "error": "bold red", "warning": "bold yellow"}
_URGENCY = {"routine": "green", "soon": "yellow", "urgent": "dark_orange", "emergency": "bold red"}


def show_turn(console: Console, event: Event, *, numbered: bool = False) -> None:
    """Print one turn: the speaker's name, and what was done beside it."""
    view = turn_view(event)
    name, style = _NAMES[view.speaker]
    for i, block in enumerate(_blocks(view)):
        _hang(console, _label(view.idx if numbered else None, name if i == 0 else "", style), block)


def show_opinion(console: Console, event: Event, *, numbered: bool = False) -> None:
    """Print one specialist's opinion as an indented bullet."""
    view = opinion_view(event)
    line = styled("", "").append("• ", "green")
    line.append(view.specialty, "magenta")
    line.append(": ")
    line.append(view.diagnosis or view.missing, "bold" if view.diagnosis else "dim")
    if view.confidence:
        line.append(f" {view.confidence}")
    if view.source:
        line.append(f" ({view.source})", "yellow")
    if view.reason:
        line.append(f"  {view.reason}", "dim")
    _hang(console, _label(0 if numbered else None, "", ""), line, hanging=2)


def beneath(console: Console, text: Text) -> None:
    """Print a remark under what a speaker said."""
    _hang(console, _label(None, "", ""), text)


def _blocks(view: TurnView) -> list[Text]:
    """Lay out a turn: its thought, its decision, what was said, and an examination's result, each a paragraph."""
    blocks = [styled(f"thinks: {view.thought}", "dim italic")] if view.thought else []
    said = styled(view.said, "")
    if view.triage:
        sent = _sent(view.triage)
        said = sent.append(f" · {view.said}") if view.said else sent
    if view.conclusion:
        blocks.append(_concluded(view.conclusion))
    blocks += [said] if said else []
    blocks += [styled(f"↳ {view.result}", "dim")] if view.result else []
    blocks += [styled("(says nothing)", "dim")] if view.is_empty else []
    marked = said or blocks[-1]
    for mark in view.marks:
        marked.append(f"  ({mark})", "dim")
    return blocks


def _sent(view: TriageView) -> Text:
    sent = styled("", "").append("→ ", "magenta")
    sent.append(view.specialty or "no specialty", "bold magenta")
    if not view.asks_urgency:
        return sent
    sent.append(" · ")
    return sent.append(view.urgency or "no urgency", _URGENCY.get(view.urgency, "dim"))


def _concluded(view: ConclusionView) -> Text:
    named = styled("", "").append("▸ ", "green")
    named.append(view.diagnosis or "no diagnosis", "bold green" if view.diagnosis else "bold red")
    if view.confidence:
        named.append(f" {view.confidence}")
    for note in view.notes:
        named.append(f"  {note}", "dim")
    return named


def styled(text: str, style: str) -> Text:
    """Return a text of one style; nothing in it is read as markup, or has an effect on the terminal."""
    from rich.text import Text

    return Text(harmless(text), style=style)


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
    """Render how a consultation ended as a table of two columns."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("diagnosis", _judged_diagnosis(event))
    for row in verdict_rows(event, scenario):
        grid.add_row(row.name, _marked(row.judged, _TONES[row.tone]))
    return grid


def _judged_diagnosis(event: Event) -> Text:
    right, words = judgement(event)
    line = styled(shown(event["diagnosis"] or "no diagnosis"), "bold")
    style = {True: "bold green", False: "bold red", None: "dim"}[right]
    return line.append(f"  {words}", style) if words else line


def _marked(judged: Iterable[Judged], style: str) -> Text:
    line = styled("", "")
    for said, right, note in judged:
        line.append(" · " if line else "").append(said, style)
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
