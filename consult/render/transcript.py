"""A stored consultation read again: as it looked live, and what a program can say about its making."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from consult.counts import count_of
from consult.foreign_text import shown
from consult.render.narrow import fitted
from consult.render.terminal import DISCLAIMER, Event, say, styled

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from consult.agents.acts import Act
    from consult.render.prompts import ShownPrompts
    from consult.scenarios import Case, Scenario

Row = dict[str, Any]

_TRUTH = {"diagnosis": "truth", "specialty": "true_specialty", "urgency": "true_urgency"}


def print_consultation(
    console: Console,
    store_row: Row,
    acts: Sequence[Act],
    case: Case,
    scenario: Scenario,
    run_row: Row,
    prompts: ShownPrompts | None = None,
) -> None:
    """Print a consultation with the patient's card beside what was learned of it.

    Args:
        console: Where to.
        store_row: The consultation's row.
        acts: Its acts in their order.
        case: Its case.
        scenario: Its scenario.
        run_row: The row of its run.
        prompts: What was asked, to be printed before what came of it; None for nothing.
    """
    import json

    from consult.envs.events import demonstration
    from consult.render.live import LiveView, Manner

    view = LiveView(
        console,
        scenario,
        case,
        temperament=store_row["temperament"],
        strategy=store_row["strategy"],
        team=store_row["team"],
        seed=store_row["seed"],
        command="",
        database="",
        manner=Manner(numbered=True, disclaimer=demonstration(case) if store_row["demo"] else ""),
    )
    sees = json.loads(run_row["sees"] or "{}")
    view({"event": "run", "run": run_row["id"], "models": json.loads(run_row["models"]), "sees": sees})
    for event in stored_events(store_row, acts, case, scenario):
        if prompts is not None:
            prompts.print_before(console, event)
        view(event)
    console.print()
    console.print(fitted(_facts(acts, case), console.width))
    for line in fidelity(acts, run_row):
        say(console, styled(line, ""))
    if run_row["scenario_revision"] != scenario.revision:
        say(console, styled("The scenario has changed since this was played; the card may be another.", "yellow"))
    say(console, styled(DISCLAIMER, "dim"))


def stored_events(store_row: Row, acts: Sequence[Act], case: Case, scenario: Scenario) -> list[Event]:
    """Tell a stored consultation as the events that its run had."""
    from dataclasses import replace

    from consult.envs.config import Plan
    from consult.envs.consultation import Consultation
    from consult.envs.events import consultation_event, opinion_event, turn_event
    from consult.envs.store.readable import stored_decision, stored_judgement

    identifier = store_row["id"]
    events: list[Event] = []
    for idx, act in enumerate(acts):
        events.append(turn_event(identifier, idx, act))
        for i, opinion in enumerate(act.opinions):
            events.append(opinion_event(identifier, i, opinion))
    names = ("ordinal", "temperament", "strategy", "team", "seed", "repeat")
    plan = Plan(case=store_row["case_id"], **{name: store_row[name] for name in names})
    # What is true is what was true when it was played: the scenario may have changed since.
    true = {name: store_row[column] for name, column in _TRUTH.items()}
    consultation = Consultation(scenario, replace(case, truth=replace(case.truth, **true)), plan)
    # The acts are history: they are read, not played by the rules again.
    consultation.acts = list(acts)
    consultation.expert = tuple(json.loads(store_row["expert"] or "[]"))
    status, error, demo = store_row["status"], store_row["error"], bool(store_row["demo"])
    decided, judgement = stored_decision(store_row), stored_judgement(store_row)
    ended = consultation_event(identifier, consultation, status, error, decided=decided, judgement=judgement, demo=demo)
    if status == "running":
        # Nothing that may still come is judged.
        ended |= {"true_specialty": None, "true_urgency": None}
    return [*events, ended]


def fidelity(acts: Sequence[Act], run_row: Row) -> list[str]:
    """Tell how faithful the patient's lines were to the card, as first drafted and in the end."""
    from consult.envs.metrics.fidelity import check_note, is_corrected

    drafts = [act.draft for act in acts if act.draft is not None and act.speaker == "patient"]
    if not drafts:
        return []
    n, fallback = len(drafts), sum(draft.fallback for draft in drafts)
    backed = _first_and_final([d.backed for d in drafts], [d.said_backed for d in drafts], "backed by the card")
    leaked = _first_and_final([d.leaked for d in drafts], [d.said_leaked for d in drafts], "naming a diagnosis")
    corrected = "" if is_corrected(run_row) else ", not corrected"
    lines = f"The patient's {count_of(n, 'line')}{corrected}"
    told = f"{lines}: {backed}; {leaked}; {fallback} said by the program ({fallback / n:.0%})."
    return [one for one in (told, check_note(run_row)) if one]


def _first_and_final(first: Sequence[bool], final: Sequence[bool], what: str) -> str:
    drafted, said, n = sum(first), sum(final), len(first)
    if drafted == said:
        return f"{said} {what} ({said / n:.0%})"
    return f"{drafted} {what} as first drafted ({drafted / n:.0%}), {said} in the end ({said / n:.0%})"


def told_at(acts: Sequence[Act]) -> dict[str, int]:
    """Return fact id → index of the turn in which the patient first stated it."""
    told: dict[str, int] = {}
    for idx, act in enumerate(acts):
        if act.speaker == "patient":
            for fact in act.facts:
                told.setdefault(fact, idx)
    return told


def card_rows(acts: Sequence[Act], case: Case) -> list[tuple[str, str, str]]:
    """List the card: topic, text, and the turn that brought it out."""
    if case.question is not None:
        return [(name, shown(said), "—") for name, said in question_rows(case)]
    told = told_at(acts)
    done = {act.topic: idx for idx, act in reversed(list(enumerate(acts))) if act.action == "examine"}
    card = case.card
    rows = [(fact.topic, fact.text, told.get(fact.id)) for fact in (card.complaint, *card.facts)]
    rows += [(f"{fact.topic} (examination)", fact.text, done.get(fact.topic)) for fact in card.examinations]
    return [(shown(topic), shown(text), "—" if turn is None else str(turn)) for topic, text, turn in rows]


def question_rows(case: Case) -> list[tuple[str, str]]:
    """List what a question about pictures is about, and its options."""
    question = case.question
    assert question is not None
    rows = [("question", question.text), *(("option", option) for option in question.options)]
    rows += [("pictures", str(len(case.photographs))), ("data set", question.dataset)]
    rows += [("modality", question.modality), ("type", question.type)]
    return [(name, said) for name, said in rows if said]


def _facts(acts: Sequence[Act], case: Case) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    title = "the patient's card" if case.question is None else "the question"
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left")
    for heading in ("topic", "what is so", "told at turn"):
        table.add_column(heading, justify="right" if heading == "told at turn" else "left")
    for topic, text, turn in card_rows(acts, case):
        table.add_row(styled(topic, "cyan"), styled(text, ""), turn, style="dim" if turn == "—" else "")
    return table
