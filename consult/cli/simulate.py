"""`consult simulate`: play consultations."""

from __future__ import annotations

import random
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from consult.cli.options import DEFAULT_BATCH, DEFAULT_DATABASE, Batch, Database, Json

T = TypeVar("T", bound=str)

if TYPE_CHECKING:
    from consult.envs.config import RoleConfig, RunConfig
    from consult.scenarios import Scenario


def simulate(
    ctx: typer.Context,
    scenario: Annotated[str, typer.Option(help="Built-in name or a folder.")] = "derm34",
    case: Annotated[str | None, typer.Option(help="One case by its id.")] = None,
    cases: Annotated[int | None, typer.Option(min=1, help="The first N cases, going round the diagnoses.")] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    temperament: Annotated[
        str | None, typer.Option(help="sanguine, choleric, melancholic, phlegmatic or all; else one a case, balanced.")
    ] = None,
    strategy: Annotated[str, typer.Option(help="no-dialogue, text-only, dialogue, reasoning or expert.")] = "dialogue",
    team: Annotated[str, typer.Option(help="panel, no-triage or solo.")] = "panel",
    panel_size: Annotated[int, typer.Option(min=1, max=15, help="Specialists asked.")] = 3,
    model: Annotated[
        str,
        typer.Option(help="Who plays all: starter, a folder, a hub id, http://HOST:PORT/v1#NAME, or scripted:FILE."),
    ] = "starter",
    patient: Annotated[str | None, typer.Option(help="Model of the patient.")] = None,
    triage: Annotated[str | None, typer.Option(help="Model of the triage doctor.")] = None,
    specialist: Annotated[list[str] | None, typer.Option(help="[SPECIALTY=]MODEL; may be given again.")] = None,
    attending: Annotated[str | None, typer.Option(help="Model of the attending physician.")] = None,
    classifier: Annotated[
        str, typer.Option(help="Whose three guesses `expert` tells the doctors: starter, a folder or a hub id.")
    ] = "starter",
    judge: Annotated[
        str | None, typer.Option(help="A model that judges open diagnoses which no name or alias decides.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides the case, where none is named, and every draw.")] = 0,
    max_turns: Annotated[int, typer.Option(min=2, max=100, help="Doctor turns before a case is unfinished.")] = 14,
    patient_grounding: Annotated[
        str, typer.Option(help="on: a program chooses and checks the patient's facts; off: its model is free.")
    ] = "on",
    votes: Annotated[int, typer.Option(min=1, max=64, help="Decisions of the attending; the majority is taken.")] = 1,
    panel_skill: Annotated[
        float | None, typer.Option(min=0, max=1, help="Make opinions up, right with this probability; for ablation.")
    ] = None,
    complaint: Annotated[
        str | None, typer.Option(help="A complaint of your own instead of a case; at a terminal you play the patient.")
    ] = None,
    image: Annotated[Path | None, typer.Option(help="Your photograph: JPEG, PNG or WebP. With --complaint.")] = None,
    batch: Batch = DEFAULT_BATCH,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Play consultations, live for one case and with a progress bar for many."""
    from consult.agents.acts import STRATEGIES, TEAMS
    from consult.agents.models.person import PERSONS
    from consult.agents.temperament import own_temperament, temperaments
    from consult.cli.own import check_persons, own_patient, taken_in
    from consult.cli.session import play_run
    from consult.envs.config import RunConfig
    from consult.envs.own import OWN_TEMPERAMENT, own_id
    from consult.errors import UserError
    from consult.scenarios import load_scenario

    if case is not None and cases is not None:
        raise UserError("--case names one case and --cases counts them; give one of the two")
    chosen_strategy = from_menu("strategy", strategy, STRATEGIES)
    chosen_team = from_menu("team", team, TEAMS)
    kinds = tuple(temperaments())
    loaded = load_scenario(scenario)
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    given = {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}
    if "classifier" in given and chosen_strategy != "expert":
        raise UserError("--classifier is asked by one strategy alone; add --strategy expert")
    own = taken_in(complaint, image, given)
    ids = (own_id(own.case),) if own else _ids(loaded, case, cases, split, seed)
    played_by = patient or (own_patient(json) if own else None)
    roles = _roles(loaded, model, played_by, triage, specialist or [], attending)
    moods: tuple[str, ...]
    if temperament is None and own:
        moods = (OWN_TEMPERAMENT if roles["patient"].model in PERSONS else random.Random(seed).choice(kinds),)
    elif temperament is None:
        moods = tuple(own_temperament(loaded, case_id) for case_id in ids)
    else:
        mood = from_menu("temperament", temperament, (*kinds, "all"))
        moods = kinds if mood == "all" else (mood,) * len(ids)
    config = RunConfig(
        scenario=scenario,
        split="own" if own else split,
        cases=ids,
        temperaments=moods,
        all_temperaments=temperament == "all",
        strategy=chosen_strategy,
        team=chosen_team,
        panel_size=panel_size,
        max_turns=max_turns,
        seed=seed,
        patient_grounding=from_menu("patient grounding", patient_grounding, ("on", "off")) == "on",
        classifier=classifier,
        votes=votes,
        panel_skill=panel_skill,
        judge=_judge(loaded, judge),
        own=own.case if own else None,
        **roles,
    )
    check_persons(config, json=json)
    photograph = own.photograph if own else None
    command = _command(config)
    raise typer.Exit(play_run(loaded, config, db=db, batch=batch, json=json, command=command, photograph=photograph))


def from_menu(kind: str, name: str, menu: tuple[T, ...]) -> T:
    """Give the entry of this name.

    Raises:
        UnknownNameError: There is none.
    """
    from consult.scenarios import UnknownNameError

    found = next((entry for entry in menu if entry == name), None)
    if found is None:
        raise UnknownNameError(kind, name, menu)
    return found


def _ids(scenario: Scenario, case: str | None, cases: int | None, split: str, seed: int) -> tuple[str, ...]:
    from consult.errors import UserError

    if case is not None:
        return (scenario.case(case).id,)
    ids = scenario.case_ids(split)
    if not ids:
        raise UserError(f"the split '{split}' of '{scenario.name}' has no cases; choose another --split")
    if cases is None:
        return (random.Random(f"case {seed}").choice(ids),)
    if cases > len(ids):
        raise UserError(f"the split '{split}' of '{scenario.name}' has {len(ids)} cases, not {cases}; ask for fewer")
    return tuple(ids[:cases])


def _roles(
    scenario: Scenario,
    model: str,
    patient: str | None,
    triage: str | None,
    specialist: list[str],
    attending: str | None,
) -> dict[str, Any]:
    from consult.envs.config import RunConfig
    from consult.scenarios import UnknownNameError

    fields = RunConfig.model_fields
    everyone, own = model, {}
    for entry in specialist:
        specialty, equals, reference = entry.partition("=")
        if not equals or "/" in specialty or ":" in specialty:
            everyone = entry
        elif specialty not in scenario.specialties:
            raise UnknownNameError("specialty", specialty, scenario.specialties)
        else:
            own[specialty] = reference

    def role(name: str, reference: str | None) -> RoleConfig:
        default: RoleConfig = fields[name].default
        return default.model_copy(update={"model": reference or model})

    return {
        "patient": role("patient", patient),
        "triage": role("triage", triage),
        "specialist": role("specialist", everyone),
        "specialists": {specialty: role("specialist", reference) for specialty, reference in own.items()},
        "attending": role("attending", attending),
    }


def _judge(scenario: Scenario, reference: str | None) -> RoleConfig | None:
    """Return who judges; refused before any model is loaded where there is nothing to judge."""
    from consult.agents.judge import TEMPERATURE
    from consult.envs.config import RoleConfig
    from consult.envs.judging import refuse_judging

    if reference is None:
        return None
    refuse_judging(scenario)
    return RoleConfig(model=reference, temperature=TEMPERATURE)


def _command(config: RunConfig) -> str:
    """Give the beginning of a command that plays other cases in the same way."""

    def differs(name: str) -> bool:
        return bool(getattr(config, name) != type(config).model_fields[name].default)

    parts = ["consult", "simulate", "--scenario", config.scenario]
    for name in ("strategy", "team", "panel_size", "max_turns", "votes", "panel_skill", "classifier", "seed"):
        parts += [f"--{name.replace('_', '-')}", str(getattr(config, name))] if differs(name) else []
    parts += [] if config.patient_grounding else ["--patient-grounding", "off"]
    from consult.agents.models.person import PERSONS

    # A person plays the patient alone: the model is then the attending's.
    person = config.patient.model in PERSONS
    everyone = config.attending if person else config.patient
    parts += ["--patient", config.patient.model] if person else []
    parts += ["--model", everyone.model] if everyone.model != type(config).model_fields["patient"].default.model else []
    for name in ("triage", "specialist", "attending"):
        role: RoleConfig = getattr(config, name)
        parts += [f"--{name}", role.model] if role.model != everyone.model else []
    for specialty, own in config.specialists.items():
        parts += ["--specialist", f"{specialty}={own.model}"]
    parts += ["--judge", config.judge.model] if config.judge else []
    return shlex.join(parts)
