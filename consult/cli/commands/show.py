"""`consult show`: read a consultation again, list a run's, or write one as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from consult.cli.commands.options import DEFAULT_DATABASE, Database
from consult.foreign_text import as_name
from consult.render.narrow import fitted

if TYPE_CHECKING:
    from rich.table import Table

    from consult.envs.store.write import Store
    from consult.scenarios import Scenario

Row = dict[str, Any]


def show(
    identifier: Annotated[str, typer.Argument(help="This is a consultation such as r3.1, or a run such as r3.")],
    of_run: Annotated[
        str | None,
        typer.Argument(metavar="[CONSULTATION]", help="In a run, this is an id, or a case such as test-0017."),
    ] = None,
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Show also what each model was asked, and its raw replies.")
    ] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write it as one HTML file.")] = None,
    db: Database = DEFAULT_DATABASE,
    json_: Annotated[bool, typer.Option("--json", help="Print its events, one JSON object per line.")] = False,
) -> None:
    """Show a consultation, or list those of a run and how faithful the patient's lines are."""
    from consult.envs.config import RunConfig
    from consult.envs.deciding import decide_again
    from consult.envs.prompts import refuse_without_prompts
    from consult.envs.store.queries import consultation_of, unknown_consultation
    from consult.envs.store.readonly import reading
    from consult.envs.user_case import world
    from consult.errors import UserError
    from consult.scenarios import load_scenario
    from consult.whole_files import check_page

    if html is not None:
        check_page(html)
    with reading(db, identifier) as store:
        row = store.consultation(identifier) if of_run is None else consultation_of(store, identifier, of_run)
        rows = store.consultations(identifier)
        if row is None:
            if not rows:
                raise unknown_consultation(store, identifier)
            if html is not None or (prompts and not json_):
                option = "--html writes" if html is not None else "--prompts shows"
                raise UserError(f"{option} one consultation; choose one of the run's, e.g. {rows[0]['id']}")
        run = _run(store, row or rows[0])
        if prompts:
            refuse_without_prompts(run)
        scenario = world(load_scenario(run["scenario"]), RunConfig.model_validate_json(run["config"]), store)
        if decide_again(store, run["id"], scenario):
            row = row and store.consultation(row["id"])
            rows = store.consultations(identifier)
        if json_:
            for each in [row] if row else rows:
                _print_events(store, each, scenario, prompts=prompts)
        elif row is None:
            _print_run(store, rows)
        elif html is None:
            _print(store, row, scenario, prompts=prompts)
        if html is not None and row is not None:
            _write(html, store, row, scenario, silent=json_, prompts=prompts)


def _run(store: Store, row: Row) -> Row:
    run = store.run(row["run_id"])
    assert run is not None
    return run


def _console() -> Any:
    from consult.render.console import PlainConsole

    return PlainConsole()


def _print(store: Store, row: Row, scenario: Scenario, *, prompts: bool) -> None:
    from consult.render.prompts import ShownPrompts
    from consult.render.transcript import print_consultation

    case, run = scenario.case(row["case_id"]), _run(store, row)
    asked = ShownPrompts.of(store, row, run) if prompts else None
    console = _console()
    print_consultation(console, row, store.acts(row["id"]), case, scenario, run, asked)
    if row["correct_by"] == "unjudged":
        _advise_judging(store, run, console)


def _advise_judging(store: Store, run: Row, console: Any) -> None:
    from consult.api.given import naming
    from consult.render.terminal import styled
    from consult.render.verdict import judging_command

    command = judging_command(run["id"], naming(store.path))
    console.print(styled(f"judge open diagnoses with: {command}", "cyan"), highlight=False, soft_wrap=True)


def _print_events(store: Store, row: Row, scenario: Scenario, *, prompts: bool) -> None:
    from consult.cli.commands.session import print_json
    from consult.render.prompts import ShownPrompts
    from consult.render.transcript import stored_events

    asked = ShownPrompts.of(store, row, _run(store, row)) if prompts else None
    for event in stored_events(row, store.acts(row["id"]), scenario.case(row["case_id"]), scenario):
        for prompt in asked.due(event) if asked else ():
            # ASCII only: a raw reply may contain characters that no terminal and no UTF-8 file can hold.
            typer.echo(json.dumps(prompt.event()))
        print_json(event)


def _write(html: Path, store: Store, row: Row, scenario: Scenario, *, silent: bool, prompts: bool) -> None:
    from consult.envs.store.queries import verdicts_on
    from consult.render.page import consultation_page
    from consult.render.prompts import ShownPrompts
    from consult.whole_files import write_whole

    case, verdicts = scenario.case(row["case_id"]), verdicts_on(store, row["id"])
    run = _run(store, row)
    asked = ShownPrompts.of(store, row, run) if prompts else None
    page = consultation_page(row, store.acts(row["id"]), case, scenario, run, verdicts, asked)
    write_whole(html, page)
    if not silent:
        typer.echo(as_name(str(html)))


def _print_run(store: Store, rows: list[Row]) -> None:
    from consult.agents.prompt_formats.clean import clean
    from consult.envs.metrics.fidelity import check_note
    from consult.envs.store.assessments import reasonless
    from consult.foreign_text import shown
    from consult.render.terminal import say, styled
    from consult.render.verdict import reasonless_in_words, right_of

    console = _console()
    console.print(fitted(_listed(rows), console.width))
    run_row = _run(store, rows[0])
    say(console, styled(right_of(run_row), ""))
    if run_row["unjudged"]:
        _advise_judging(store, run_row, console)
    for assessor, found in reasonless(store, run_row["id"]).items():
        say(console, styled(f"{shown(assessor)}: {reasonless_in_words(*found)}", "yellow"))
    say(console, styled(_sampling(run_row), "dim"))
    for sentence in _notes(run_row):
        say(console, styled(sentence, "yellow"))
    for table in (_fidelity(store, run_row), _unusable(store, run_row), _replies(store, run_row)):
        if table is not None:
            console.print(fitted(table, console.width))
    note = check_note(run_row)
    if note:
        say(console, styled(clean(note), ""))
    _disclaim(console)


def _sampling(run_row: Row) -> str:
    """Return how the tokens of each role were drawn; roles that were drawn alike stand together."""
    from consult.envs.config import RunConfig
    from consult.envs.roles import roles
    from consult.envs.settings import sampling

    alike: dict[str, list[str]] = {}
    for name, role in roles(RunConfig.model_validate_json(run_row["config"])).items():
        said = sampling(role)
        if said is not None:
            alike.setdefault(said, []).append(name)
    return "; ".join(f"{', '.join(names)}: {said}" for said, names in alike.items())


def _notes(run_row: Row) -> list[str]:
    """Return what the limits of a run's models mean for it, in sentences."""
    from consult.envs.capabilities import notes
    from consult.envs.config import RunConfig

    found = json.loads(run_row["capabilities"] or "{}")
    return [f"{said[:1].upper()}{said[1:]}." for said in notes(found, RunConfig.model_validate_json(run_row["config"]))]


def _disclaim(console: Any) -> None:
    from consult.render.terminal import DISCLAIMER, say, styled

    say(console, styled(DISCLAIMER, "dim"))


def _fidelity(store: Store, run_row: Row) -> Table | None:
    """Return the rates of the run's lines; None if nothing was played."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from consult.envs.metrics.fidelity import fidelity, is_corrected

    title = "fidelity" if is_corrected(run_row) else "fidelity (the patient is free: its lines are not corrected)"
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False)
    table.add_column("measure")
    for heading in ("share", "95 %", "count"):
        table.add_column(heading, justify="right", no_wrap=True)
    for rate in fidelity(store, run_row["id"]):
        if rate.interval is not None:
            low, high = rate.interval
            table.add_row(rate.name, f"{rate.share:.1%}", f"{100 * low:.1f}-{high:.1%}", f"{rate.hits} of {rate.n}")
    return table if table.row_count else None


def _unusable(store: Store, run_row: Row) -> Table | None:
    """Return the share of unusable answers by role and model; None if none was counted."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from consult.envs.metrics.parse_failures import unusable_answers
    from consult.foreign_text import shown
    from consult.render.terminal import styled

    title = "unusable answers (first replies that could not be read as asked)"
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False)
    table.add_column("role")
    table.add_column("model", overflow="fold")
    for heading in ("share", "95 %", "count"):
        table.add_column(heading, justify="right", no_wrap=True)
    for answers in unusable_answers(store, run_row["id"]):
        rate = answers.rate
        assert rate.interval is not None
        low, high = rate.interval
        shares = (f"{rate.share:.1%}", f"{100 * low:.1f}-{high:.1%}", f"{rate.hits} of {rate.n}")
        table.add_row(answers.role, styled(shown(answers.model), ""), *shares)
    return table if table.row_count else None


def _replies(store: Store, run_row: Row) -> Table | None:
    """Return the counts of cut and repeated replies by role and model; None if there are none."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from consult.agents.prompt_formats.clean import clean
    from consult.envs.metrics.replies import replies
    from consult.render.terminal import styled

    counted = [one for one in replies(store, run_row["id"]) if one.cut or one.widened or one.repeated]
    if not counted:
        return None
    title = "replies that were cut at their token limit, or that repeat a refused one"
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False)
    table.add_column("role")
    table.add_column("model", overflow="fold")
    for heading in ("tries", "cut", "asked again", "repeated"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in counted:
        shown = (f"{number:,}" for number in (one.tries, one.cut, one.widened, one.repeated))
        table.add_row(one.role, styled(clean(one.model), ""), *shown)
    return table


def _listed(rows: list[Row]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from consult.envs.store.readable import stored_decision
    from consult.foreign_text import shown
    from consult.render.report.verdicts import result_of
    from consult.render.terminal import styled

    table = Table(box=SIMPLE_HEAD)
    for heading in ("id", "case", "temperament", "diagnosis", "truth", "result"):
        table.add_column(heading, no_wrap=heading == "id")
    for row in rows:
        decided = stored_decision(row)
        unjudged = "yellow" if decided.by == "unjudged" else "red"
        colour = {None: "", True: "green", False: unjudged}[decided.correct]
        table.add_row(
            row["id"],
            styled(shown(row["case_id"]), ""),
            row["temperament"],
            styled(shown(row["diagnosis"] or "—"), colour),
            styled(shown(row["truth"] or "—"), ""),
            result_of(row["status"], decided.correct, decided.by),
        )
    return table
