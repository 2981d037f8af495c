"""The live view: one consultation in the terminal, line by line as it is committed.

Everything that comes from models and cases is put into `Text` objects after `clean`, never through rich's markup.
"""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any

from consult.agents.dialects.clean import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console, RenderableType
    from rich.text import Text

    from consult.scenarios import Case, Scenario

Event = dict[str, Any]

WIDEST = 100
"""Columns; longer lines are hard to read."""
INDENT = 11
"""Columns of the speaker's name."""
SKIN_TYPES = ("", "I", "II", "III", "IV", "V", "VI")
DISCLAIMER = "Simulation, not medical advice."
_NAMES = {"patient": ("Patient", "bold cyan"), "triage": ("Triage", "bold magenta")}
_ATTENDING = ("Attending", "bold green")
_URGENCY = {"routine": "green", "soon": "yellow", "urgent": "dark_orange", "emergency": "bold red"}


class LiveView:
    """Shows the events of a run that plays one case.

    Args:
        console: Where to; the photograph is drawn on a terminal with colours only.
        scenario: The scenario.
        case: The case that is played.
        temperament: The patient's.
        strategy: The run's.
        team: The run's.
        seed: The run's.
        command: The command that was given, without `--case`, `--cases`, `--temperament` and `--db`; what to do next is
            told by it.
        database: The store's file.
        pause: Seconds of rest after each line, for reading along.
    """

    def __init__(
        self,
        console: Console,
        scenario: Scenario,
        case: Case,
        *,
        temperament: str,
        strategy: str,
        team: str,
        seed: int,
        command: str,
        database: str,
        pause: float = 0.0,
    ) -> None:
        self.console, self.scenario, self.case = console, scenario, case
        self.temperament, self.strategy, self.team, self.seed = temperament, strategy, team, seed
        self.command, self.database, self.pause = command, database, pause
        self.consultation = ""

    def __call__(self, event: Event) -> None:
        """Show one event; kinds that it does not know are passed over."""
        show = {
            "run": self._run,
            "turn": self._turn,
            "opinion": self._opinion,
            "consultation": self._consultation,
            "summary": self._summary,
        }.get(event["event"])
        if show:
            show(event)

    def _run(self, event: Event) -> None:
        facts = self._header(event["models"])
        title = f"{clean(self.scenario.name)} · {clean(self.case.id)}"
        self.console.print(_framed(self.console, self._beside_photograph(facts), title))
        if event.get("resumed"):
            _say(self.console, _styled(f"Taken up again where run {event['run']} was interrupted.", "yellow"))
        self.console.print()

    def _header(self, models: Mapping[str, str]) -> list[Text]:
        card = self.case.card
        who = [clean(card.name) or "A patient", f"{card.age} years" if card.age is not None else "", card.sex or ""]
        lines = [
            _styled(", ".join(part for part in who if part), "bold"),
            _styled(f"{self.temperament} temperament", "cyan"),
            _styled(f"strategy {self.strategy} · team {self.team} · seed {self.seed}", ""),
            _styled("", ""),
            *(_styled(line, "dim") for line in played_by(models)),
        ]
        if self.strategy == "text-only":
            lines.append(_styled("the doctors do not see the photograph", "yellow"))
        return lines

    def _beside_photograph(self, lines: list[Text]) -> RenderableType:
        from rich.console import Group

        photograph = self.case.photograph
        if photograph is None:
            return Group(*lines, _styled("photograph: none", "dim"))
        if not (self.console.is_terminal and self.console.color_system in ("truecolor", "256")):
            skin = self.case.card.skin_type
            return Group(*lines, _styled("photograph: shown" + (f", skin type {SKIN_TYPES[skin]}" if skin else ""), ""))
        from rich.table import Table

        from consult.cli.photograph import half_blocks

        drawn = half_blocks(photograph.load(), columns=36 if self.console.width >= 76 else 24)
        grid = Table.grid(padding=(0, 3))
        grid.add_column(no_wrap=True)
        grid.add_column(vertical="middle", ratio=1)
        grid.add_row(drawn, Group(*lines))
        return grid

    def _turn(self, event: Event) -> None:
        show_turn(self.console, event)
        if self.pause:
            time.sleep(self.pause)

    def _opinion(self, event: Event) -> None:
        show_opinion(self.console, event)

    def _consultation(self, event: Event) -> None:
        from consult.cli.verdict import verdict

        self.consultation = event["consultation"]
        self.console.print()
        self.console.print(_framed(self.console, verdict(event, self.scenario), "verdict"))

    def _summary(self, event: Event) -> None:
        self.console.print()
        _say(self.console, _styled("Next:", "bold"))
        for command in self._commands():
            self.console.print(_styled(f"  {command}", "cyan"), soft_wrap=True)
        self.console.print()
        _say(self.console, _styled(DISCLAIMER, "dim"))

    def _commands(self) -> list[str]:
        from consult.agents.temperament import temperaments

        names = list(temperaments())
        following = names[(names.index(self.temperament) + 1) % len(names)]
        commands = [
            f"{self.command} --case {shlex.quote(self.case.id)} --temperament {following}",
            f"consult show {self.consultation} --html consultation.html",
            f"{self.command} --cases {len(self.scenario.labels) or 10}",
        ]
        db = "" if self.database == "consult.db" else f" --db {shlex.quote(self.database)}"
        return [clean(command + db) for command in commands]


def played_by(models: Mapping[str, str]) -> list[str]:
    """Tell in lines which model plays whom, revisions cut short."""
    roles: dict[str, list[str]] = {}
    for role, reference in models.items():
        name, at, revision = clean(reference).rpartition("@")
        roles.setdefault(f"{name}{at}{revision[:10]}" if at else revision, []).append(clean(role))
    if len(roles) == 1:
        return [f"played by {next(iter(roles))}"]
    return [f"{', '.join(names)}: {reference}" for reference, names in roles.items()]


def show_turn(console: Console, event: Event) -> None:
    """Print one turn: the speaker's name, and what was done beside it."""
    name, style = _NAMES.get(event["speaker"], _ATTENDING)
    doing = {"triage": _triage, "examine": _examination, "conclude": _conclusion}.get(event["action"], _plain)
    blocks = [block for block in doing(event) if block] or [_styled("(says nothing)", "dim")]
    for i, block in enumerate(blocks):
        _hang(console, _styled(name if i == 0 else "", style), block)


def show_opinion(console: Console, event: Event) -> None:
    """Print one specialist's opinion as an indented bullet."""
    line = _styled("• ", "green")
    line.append(clean(event["specialty"]), "magenta")
    line.append(": ")
    line.append(clean(event["diagnosis"] or missing(event)), "bold" if event["diagnosis"] else "dim")
    if event["confidence"] is not None and event["diagnosis"]:
        line.append(f" {event['confidence']:.0%}")
    if event["source"] != "model":
        line.append(f" ({event['source']})", "yellow")
    if event["reason"]:
        line.append(f"  {clean(event['reason'])}", "dim")
    _hang(console, _styled("", ""), line, hanging=2)


def missing(opinion: Event) -> str:
    """Say why an opinion has no diagnosis."""
    return "not my field" if opinion.get("usable", True) else "no usable answer"


def examined(event: Event) -> tuple[str, str]:
    """Part an examination's text into what was said and what the record answered."""
    text, topic = clean(event["text"]), clean(event["topic"] or "")
    said, bracket, result = text.partition(f"[{topic}:")
    return (said.strip(), f"{topic}: {result.strip().removesuffix(']')}") if bracket else (text, "")


def _plain(event: Event) -> list[Text]:
    text = _styled(clean(event["text"]), "")
    if event["source"] == "program" and text:
        text.append("  (said by the program)", "dim")
    if event.get("mark"):
        text.append(f"  ({event['mark']})", "dim")
    return [text]


def _triage(event: Event) -> list[Text]:
    sent = _styled("→ ", "magenta")
    sent.append(clean(event["specialty"] or "no specialty"), "bold magenta")
    sent.append(" · ")
    sent.append(event["urgency"] or "no urgency", _URGENCY.get(event["urgency"] or "", "dim"))
    if event["text"]:
        sent.append(f" · {clean(event['text'])}")
    return [sent]


def _examination(event: Event) -> list[Text]:
    said, result = examined(event)
    return [_styled(said, ""), _styled(f"↳ {result}" if result else "", "dim")]


def _conclusion(event: Event) -> list[Text]:
    named = _styled("▸ ", "green")
    named.append(clean(event["diagnosis"] or "no diagnosis"), "bold green" if event["diagnosis"] else "bold red")
    if event["confidence"] is not None and event["diagnosis"]:
        named.append(f" {event['confidence']:.0%}")
    others = [clean(name) for name in event["differential"] if name != event["diagnosis"]]
    if others:
        named.append(f"  else {', '.join(others)}", "dim")
    return [_styled(clean(event["thought"]), "dim italic"), named, _styled(clean(event["text"]), "")]


def _styled(text: str, style: str) -> Text:
    from rich.text import Text

    return Text(text, style=style)


def _say(console: Console, text: Text) -> None:
    # Highlighting would colour numbers and quotes inside what people say.
    console.print(text, highlight=False)


def _hang(console: Console, name: Text, body: Text, hanging: int = 0) -> None:
    from rich.text import Text

    width = max(20, min(console.width, WIDEST) - INDENT - hanging)
    for i, line in enumerate(body.wrap(console, width)):
        line.rstrip()
        label = name.copy() if i == 0 else Text(" " * hanging)
        label.align("left", INDENT + (hanging if i else 0))
        console.print(label + line, highlight=False, no_wrap=True, overflow="ignore", crop=False)


def _framed(console: Console, body: RenderableType, title: str) -> RenderableType:
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    if not console.is_terminal:
        return Group(Text(f"-- {title} --"), body)
    return Panel(body, title=Text(title, style="bold"), title_align="left", border_style="dim", width=_width(console))


def _width(console: Console) -> int:
    return min(console.width, WIDEST)
