"""`consult simulate`: play consultations."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consult.cli.commands.options import DEFAULT_BATCH, DEFAULT_DATABASE, Batch, Database, Json, Prompts
from consult.ranges import CASES, MAX_TURNS, PANEL_SIZE, PANEL_SKILL, SEED, VOTES

if TYPE_CHECKING:
    from consult.envs.config import RoleConfig, RunConfig


def simulate(
    ctx: typer.Context,
    scenario: Annotated[str, typer.Option(help="Built-in name or a folder.")] = "derm34",
    case: Annotated[list[str] | None, typer.Option(help="A case by its id; may be given again.")] = None,
    cases: Annotated[
        int | None, typer.Option(min=CASES.least, help="The first N cases, going round the diagnoses.")
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation, test, or another split of the scenario.")] = "test",
    temperament: Annotated[
        str | None, typer.Option(help="sanguine, choleric, melancholic, phlegmatic or all; else one a case, balanced.")
    ] = None,
    strategy: Annotated[str, typer.Option(help="no-dialogue, text-only, dialogue, reasoning or expert.")] = "dialogue",
    team: Annotated[str, typer.Option(help="panel, no-triage or solo.")] = "panel",
    panel_size: Annotated[int, typer.Option(min=PANEL_SIZE.least, max=PANEL_SIZE.most, help="Specialists asked.")] = 3,
    model: Annotated[
        str,
        typer.Option(
            help="Who plays all: starter, a folder, a hub id, http://HOST:PORT/v1#NAME, scripted:FILE, FILE.py:NAME."
        ),
    ] = "starter",
    patient: Annotated[str | None, typer.Option(help="Model of the patient.")] = None,
    triage: Annotated[str | None, typer.Option(help="Model of the triage doctor.")] = None,
    specialist: Annotated[list[str] | None, typer.Option(help="[SPECIALTY=]MODEL; may be given again.")] = None,
    attending: Annotated[str | None, typer.Option(help="Model of the attending physician.")] = None,
    classifier: Annotated[
        str | None,
        typer.Option(
            help="Image classifier whose top 3 `expert` shows the doctors: starter (default), folder or hub id."
        ),
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="A model that judges open diagnoses which no name or alias decides.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=SEED.least, max=SEED.most, help="Decides the case, where none is named, and every draw.")
    ] = 0,
    max_turns: Annotated[
        int, typer.Option(min=MAX_TURNS.least, max=MAX_TURNS.most, help="Doctor turns before a case is unfinished.")
    ] = 14,
    patient_grounding: Annotated[
        str, typer.Option(help="on: a program chooses and checks the patient's facts; off: its model is free.")
    ] = "on",
    votes: Annotated[
        int, typer.Option(min=VOTES.least, max=VOTES.most, help="Decisions of the attending; the majority is taken.")
    ] = 1,
    panel_skill: Annotated[
        float | None,
        typer.Option(
            min=PANEL_SKILL.least,
            max=PANEL_SKILL.most,
            help="Make opinions up, right with this probability; for ablation.",
        ),
    ] = None,
    complaint: Annotated[
        str | None, typer.Option(help="A complaint of your own instead of a case; at a terminal you play the patient.")
    ] = None,
    image: Annotated[Path | None, typer.Option(help="Your photograph: JPEG, PNG or WebP. With --complaint.")] = None,
    prompts: Prompts = True,
    batch: Batch = DEFAULT_BATCH,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Play consultations, live for one case and with a progress bar for many."""
    from consult.api.playing import Options, plan_run
    from consult.cli.commands.session import check_questions, play_run
    from consult.cli.commands.user_case import own_patient, refuse_contradictions
    from consult.errors import UserError

    if case and cases is not None:
        raise UserError("--case names a case and --cases counts them; give one of the two")
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    given = {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}
    refuse_contradictions(complaint, given)
    everyone, own = specialists_of(specialist or [])
    options = Options(
        scenario=scenario,
        cases=_one_or_several(case) if case else cases,
        split=split,
        temperament=temperament,
        strategy=strategy,
        team=team,
        panel_size=panel_size,
        model=model,
        patient=patient or (own_patient(json) if complaint is not None else None),
        triage=triage,
        specialist=everyone,
        specialists=own,
        attending=attending,
        classifier=classifier,
        judge=judge,
        seed=seed,
        max_turns=max_turns,
        patient_grounding=on_or_off(patient_grounding),
        votes=votes,
        panel_skill=panel_skill,
        complaint=complaint,
        image=image,
        prompts=prompts,
    )
    planned = plan_run(options)
    check_questions(planned.config, json=json)
    raise typer.Exit(play_run(planned, db=db, batch=batch, json=json, command=_command(planned.config)))


def _one_or_several(cases: list[str]) -> str | list[str]:
    return cases[0] if len(cases) == 1 else cases


def on_or_off(said: str) -> bool:
    """Read the option of the patient's grounding.

    Raises:
        UnknownNameError: It is neither.
    """
    from consult.api.given import from_menu

    return from_menu("patient grounding", said, ("on", "off")) == "on"


def specialists_of(entries: list[str]) -> tuple[str | None, dict[str, str]]:
    """Read `[SPECIALTY=]MODEL`: who plays all specialists, and specialty → who plays its own."""
    everyone, own = None, {}
    for entry in entries:
        specialty, equals, reference = entry.partition("=")
        if not equals or "/" in specialty or ":" in specialty:
            everyone = entry
        else:
            own[specialty] = reference
    return everyone, own


def _command(config: RunConfig) -> str:
    """Give the beginning of a command that plays other cases in the same way."""

    def differs(name: str) -> bool:
        return bool(getattr(config, name) != type(config).model_fields[name].default)

    parts = ["consult", "simulate", "--scenario", config.scenario]
    for name in ("strategy", "team", "panel_size", "max_turns", "votes", "panel_skill", "classifier", "seed"):
        parts += [f"--{name.replace('_', '-')}", str(getattr(config, name))] if differs(name) else []
    parts += [] if config.patient_grounding else ["--patient-grounding", "off"]
    from consult.agents.models.human import PERSONS
    from consult.envs.role_models import roles

    # A person plays the patient alone: the model is then the attending's.
    person = config.patient.model in PERSONS
    everyone = config.attending if person else config.patient
    parts += ["--patient", config.patient.model] if person else []
    parts += ["--model", everyone.model] if everyone.model != type(config).model_fields["patient"].default.model else []
    for name in ("triage", "specialist", "attending"):
        role: RoleConfig = getattr(config, name)
        parts += [f"--{name}", role.model] if name in roles(config) and role.model != everyone.model else []
    for specialty, own in config.specialists.items() if "specialist" in roles(config) else ():
        parts += ["--specialist", f"{specialty}={own.model}"]
    parts += ["--judge", config.judge.model] if config.judge else []
    return shlex.join(parts)
