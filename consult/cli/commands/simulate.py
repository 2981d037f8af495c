"""`consult simulate`: play consultations."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from consult.cli.commands.from_model import from_model
from consult.cli.commands.options import CASES_PANEL, DEFAULT_DATABASE, Batch, Database, Json, NoPrompts, Ray, Replicas

if TYPE_CHECKING:
    from consult.api.given import PathLike
    from consult.api.options import PlayOptions
    from consult.envs.config import RoleConfig, RunConfig


def simulate(
    options: PlayOptions,
    *,
    case: Annotated[
        list[str] | None,
        typer.Option(help="The case with this id is played; it may be given again.", rich_help_panel=CASES_PANEL),
    ] = None,
    no_prompts: NoPrompts = False,
    batch: Batch = None,
    replicas: Replicas = None,
    ray: Ray = None,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Play consultations, live for one case and with a progress bar for many."""
    from consult.api.checks import placed
    from consult.api.contradictions import refuse_contradictions
    from consult.api.playing import plan_run
    from consult.cli.commands.session import check_questions, play_run
    from consult.cli.commands.user_case import own_patient
    from consult.errors import UserError

    if case and options.cases is not None:
        raise UserError("--case names a case and --cases counts them; give one of the two")
    if case:
        options = options.model_copy(update={"cases": _one_or_several(case)})
    if options.preset is None:
        refuse_contradictions(options)
    if options.complaint is not None and not options.patient:
        options = options.model_copy(update={"patient": own_patient(json)})
    planned = plan_run(options, prompts=not no_prompts)
    check_questions(planned.config, json=json)
    raise typer.Exit(
        play_run(
            planned,
            db=db,
            placement=placed(batch, replicas, ray),
            json=json,
            command=_command(planned.config, options.prompts),
        )
    )


def command() -> Callable[..., None]:
    """Make the command."""
    from consult.api.options import PlayOptions

    return from_model(simulate, PlayOptions)


def _one_or_several(cases: list[str]) -> str | list[str]:
    return cases[0] if len(cases) == 1 else cases


def _command(config: RunConfig, prompts: PathLike | bool = True) -> str:
    """Return the beginning of a command that plays other cases in the same way."""

    def differs(name: str) -> bool:
        return bool(getattr(config, name) != type(config).model_fields[name].default)

    parts = ["consult", "simulate", "--scenario", config.scenario]
    for name in ("strategy", "team", "panel_size", "max_turns", "votes", "panel_skill", "classifier", "dtype", "seed"):
        parts += [f"--{name.replace('_', '-')}", str(getattr(config, name))] if differs(name) else []
    parts += ["--prompts", str(prompts)] if config.prompt_texts else []
    parts += [] if config.patient_grounding else ["--patient-grounding", "off"]
    from consult.agents.models.human import PERSONS
    from consult.agents.roles.checker import OWN, RULES
    from consult.agents.temperament import NO_TEMPERAMENT
    from consult.api.options import ROLES
    from consult.envs.checkers import checker_config
    from consult.envs.roles import roles

    # A person can only play the patient, so the model shown is the attending's.
    person = config.patient.model in PERSONS
    everyone = config.attending if person else config.patient
    asked = set(config.temperaments) == {NO_TEMPERAMENT}
    parts += ["--patient", config.patient.model] if person and not asked else []
    parts += ["--model", everyone.model] if everyone.model != type(config).model_fields["patient"].default.model else []
    for name in ROLES[1:]:
        role: RoleConfig = getattr(config, name)
        parts += [f"--{name}", role.model] if name in roles(config) and role.model != everyone.model else []
    for specialty, own in config.specialists.items() if "specialist" in roles(config) else ():
        parts += ["--specialist", f"{specialty}={own.model}"]
    parts += ["--preset", config.protocol] if config.protocol != "consult" else []
    parts += ["--extractor", config.extractor.model] if config.extractor else []
    parts += ["--judge", config.judge.model] if config.judge else []
    usual = checker_config(OWN, config.patient, grounded=config.patient_grounding)
    parts += ["--checker", config.checker.model if config.checker else RULES] if config.checker != usual else []
    return shlex.join([*parts, *_by_role(config)])


def _by_role(config: RunConfig) -> list[str]:
    """Return the options by role that differ from a role's usual values."""
    from consult.envs.by_role import FIELDS
    from consult.envs.roles import JUDGE, roles

    parts = []
    for name, role in roles(config).items():
        usual = type(config).model_fields[name].default if name in type(config).model_fields else None
        if name == JUDGE or usual is None:
            continue
        for field in FIELDS:
            value = getattr(role, field)
            if value != getattr(usual, field):
                parts += [f"--{field.replace('_', '-')}", f"{name}={value}"]
    return parts
