"""The live view: one consultation in the terminal, line by line as it is committed.

Everything that comes from models and cases is put into `Text` objects after `shown`, never through rich's markup.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consult.agents.choices import STRATEGY_RULES, StrategyRules
from consult.agents.models.human import NOBODY
from consult.agents.temperament import NO_TEMPERAMENT
from consult.envs.user_case import OWN_TEMPERAMENT
from consult.foreign_text import shown
from consult.render.replies import reply_figures
from consult.render.terminal import (
    DISCLAIMER,
    Event,
    beneath,
    framed,
    say,
    show_opinion,
    show_turn,
    styled,
    verdict,
)
from consult.render.verdict import judging_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import Console, RenderableType
    from rich.text import Text

    from consult.scenarios import Case, Scenario

NOBODY_SEES = "the doctors do not see the photograph"
SKIN_TYPES = ("", "I", "II", "III", "IV", "V", "VI")


@dataclass(frozen=True)
class Manner:
    """How a live view shows events."""

    numbered: bool = False
    """Whether turns carry their numbers."""
    disclaimer: str = ""
    """What stands beneath the conclusion, where a demonstration model draws it on a case from outside."""
    typed: bool = False
    """Whether a person types the patient's lines on this screen, so that they are not said again."""
    earlier: Callable[[str], list[Event]] = lambda run: []
    """Returns what was told of a run that is resumed, to be read before it continues."""


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
        manner: What is shown beside the events themselves.
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
        manner: Manner = Manner(),
    ) -> None:
        self.console, self.scenario, self.case = console, scenario, case
        self.temperament, self.strategy, self.team, self.seed = temperament, strategy, team, seed
        self.command, self.database, self.manner = command, database, manner
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
        facts = self._header(event["models"], event.get("sees") or {})
        title = f"{shown(self.scenario.name)} · {shown(self.case.id)}"
        self.console.print(framed(self.console, self._beside_photograph(facts), title))
        if event.get("resumed"):
            say(self.console, styled(f"Resumed where run {event['run']} was interrupted.", "yellow"))
        self.console.print()
        for told in self.manner.earlier(event["run"]) if event.get("resumed") else []:
            show = self._opinion if told["event"] == "opinion" else self._show_turn
            show(told)

    def _header(self, models: Mapping[str, str], sees: Mapping[str, bool]) -> list[Text]:
        card = self.case.card
        who = [
            shown(card.name) or ("A patient" if self.case.question is None else "A question"),
            card.age_in_words,
            card.sex or "",
        ]
        lines = [
            styled(", ".join(part for part in who if part), "bold"),
            *([styled(f"{self.temperament} temperament", "cyan")] if self._has_temperament else []),
            styled(f"strategy {self.strategy} · team {self.team} · seed {self.seed}", ""),
            styled("", ""),
            *(styled(line, "dim") for line in played_by(models)),
        ]
        if models.get("patient") == NOBODY and self.case.question is None:
            lines.append(styled("the patient knows the complaint alone", "dim"))
        unseen = not_seen(self.case, self.strategy, sees)
        return [*lines, styled(unseen, "yellow")] if unseen else lines

    @property
    def _has_temperament(self) -> bool:
        return self.temperament not in (OWN_TEMPERAMENT, NO_TEMPERAMENT)

    def _beside_photograph(self, lines: list[Text]) -> RenderableType:
        from rich.console import Group

        photograph = self.case.photograph
        if photograph is None:
            return Group(*lines, styled("photograph: none", "dim"))
        if not (self.console.is_terminal and self.console.color_system in ("truecolor", "256")):
            return Group(*lines, styled(self._photograph_line(lines), ""))
        from rich.table import Table

        from consult.render.photograph import half_blocks

        columns = 36 if self.console.width >= 76 else 24
        drawn = Group(*(half_blocks(one.load(), columns=columns) for one in self.case.photographs))
        grid = Table.grid(padding=(0, 3))
        grid.add_column(no_wrap=True)
        grid.add_column(vertical="middle", ratio=1)
        grid.add_row(drawn, Group(*lines))
        return grid

    def _photograph_line(self, lines: list[Text]) -> str:
        skin = self.case.card.skin_type
        hidden = any(line.plain == NOBODY_SEES for line in lines)
        count = len(self.case.photographs)
        name = "photograph" if count == 1 else f"{count} photographs"
        return f"{name}: {'not shown' if hidden else 'shown'}" + (f", skin type {SKIN_TYPES[skin]}" if skin else "")

    def _turn(self, event: Event) -> None:
        if self.manner.typed and event["source"] == "human" and event["action"] != "open":
            return
        self._show_turn(event)

    def _show_turn(self, event: Event) -> None:
        show_turn(self.console, event, numbered=self.manner.numbered)
        if self.manner.disclaimer and event["action"] == "conclude":
            beneath(self.console, styled(self.manner.disclaimer, "bold yellow"))

    def _opinion(self, event: Event) -> None:
        show_opinion(self.console, event, numbered=self.manner.numbered)

    def _consultation(self, event: Event) -> None:
        self.consultation = event["consultation"]
        self.console.print()
        self.console.print(framed(self.console, verdict(event, self.scenario), "verdict"))

    def _summary(self, event: Event) -> None:
        for name, figure in reply_figures(event.get("replies", ())):
            say(self.console, styled(f"{name}: {figure}", "yellow"))
        self.console.print()
        say(self.console, styled("Next:", "bold"))
        db = "" if self.database == "consult.db" else f" --db {shlex.quote(self.database)}"
        judge = [judging_command(event["run"], db)] if event.get("unjudged") else []
        for command in (*self._commands(), *judge):
            self.console.print(styled(f"  {command}", "cyan"), soft_wrap=True)
        self.console.print()
        say(self.console, styled(DISCLAIMER, "dim"))

    def _commands(self) -> list[str]:
        from consult.agents.temperament import temperaments

        db = "" if self.database == "consult.db" else f" --db {shlex.quote(self.database)}"
        if self.case.origin == "own":
            again = f"consult show {self.consultation}"
            return [shown(command + db) for command in (again, f"{again} --html consultation.html")]
        if not self._has_temperament:
            return [shown(command + db) for command in (
                f"consult show {self.consultation} --html consultation.html",
                f"{self.command} --cases {min(10, self.scenario.splits.get(self.case.split, 10))}",
            )]  # fmt: skip
        names = list(temperaments())
        following = names[(names.index(self.temperament) + 1) % len(names)]
        commands = [
            f"{self.command} --case {shlex.quote(self.case.id)} --temperament {following}",
            f"consult show {self.consultation} --html consultation.html",
            f"{self.command} --cases {len(self.scenario.labels) or 10}",
        ]
        return [shown(command + db) for command in commands]


def not_seen(case: Case, strategy: str, sees: Mapping[str, bool]) -> str:
    """Say which doctors do not see the photograph; empty if all do, or there is none, or it is not known.

    Args:
        case: The case.
        strategy: How it is played.
        sees: Doctor's role → whether its model takes photographs.
    """
    if case.photograph is None:
        return ""
    blind = [role for role, seeing in sees.items() if not seeing]
    rules = STRATEGY_RULES.get(strategy, StrategyRules())  # type: ignore[call-overload]
    if not rules.shows_photograph or (blind and len(blind) == len(sees)):
        return NOBODY_SEES
    return f"the photograph is not seen by: {', '.join(map(shown, blind))}" if blind else ""


def played_by(models: Mapping[str, str]) -> list[str]:
    """Tell in lines which model plays whom, revisions cut short."""
    roles: dict[str, list[str]] = {}
    for role, reference in models.items():
        roles.setdefault(short(reference), []).append(shown(role))
    if len(roles) == 1:
        return [f"played by {next(iter(roles))}"]
    return [f"{', '.join(names)}: {reference}" for reference, names in roles.items()]


def short(reference: str) -> str:
    """Return a model's or an assessor's reference with its revision cut short."""
    name, at, revision = shown(reference).rpartition("@")
    return f"{name}{at}{revision[:10]}" if at else revision
