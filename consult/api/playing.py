"""Play one run, from its options to its end: make the configuration, open models and store, and play."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from consult.agents.assessors.judge import TEMPERATURE
from consult.agents.choices import PLAYERS, STRATEGIES, STRATEGY_RULES, TALK, TEAMS
from consult.agents.experts.classifier import EXPERTS
from consult.agents.models.human import HUMAN, NOBODY, PERSONS
from consult.agents.models.python import MODELS
from consult.agents.prompt import own_prompts
from consult.agents.roles.checker import OWN, RULES
from consult.agents.temperament import own_temperament, temperaments
from consult.api.checks import text, whole
from consult.api.contradictions import given_options, refuse_contradictions
from consult.api.given import ModelLike, checked, from_menu, naming
from consult.api.options import ROLES, PlayOptions
from consult.api.presets import with_preset
from consult.counts import count_of
from consult.envs.benchmark.protocol import drawn, refuse_rules
from consult.envs.by_role import FIELDS, ByRole, by_role, with_values
from consult.envs.checkers import checker_config
from consult.envs.classifier_predictions import check_photographs
from consult.envs.config import OwnCase, RoleConfig, RunConfig, extractor_config
from consult.envs.events import Event, Listener
from consult.envs.held import being_played
from consult.envs.judging import refuse_judging
from consult.envs.placement import Placement
from consult.envs.question_settings import STRATEGY, refuse_settings, refuse_strategy
from consult.envs.role_models import Models
from consult.envs.roles import references, roles
from consult.envs.runner import Runner
from consult.envs.store.spoilt import refuse_spoilt
from consult.envs.store.write import Store
from consult.envs.user_case import OWN_TEMPERAMENT, Kept, kept, own_complaint, own_id, world
from consult.errors import UserError
from consult.fields import DTYPES
from consult.plugins import CODE, Named, warn
from consult.ranges import CASES
from consult.scenarios import Scenario, UnknownNameError, load_scenario, open_photograph
from consult.scenarios.scenario import nearest

HERE = Placement()
"""Models in this process, or where the program chooses."""

Opener = Callable[..., Models]


@dataclass(frozen=True)
class Planned:
    """A run before it is played."""

    scenario: Scenario
    config: RunConfig
    named: Named
    """User code that plays in it."""
    photograph: Kept | None = None
    """The user's photograph, to be kept in the store."""
    prompts: bool = True
    """Whether prompts are stored; a run that began without them continues without them."""
    continues: str | None = None
    """The run to continue; otherwise an interrupted one with the same configuration, or a new one."""


class _Own(NamedTuple):
    case: OwnCase
    photograph: Kept | None


def plan_run(options: PlayOptions, *, prompts: bool = True) -> Planned:
    """Make a run's configuration.

    Args:
        options: What to play.
        prompts: Whether prompts and replies are stored, unless the options say that they are not.

    Raises:
        UserError: An unknown name, a value out of range, options that contradict each other, or code that
            cannot be loaded.
    """
    options, rules = with_preset(options)
    strategy = from_menu("strategy", options.strategy, STRATEGIES)
    team = from_menu("team", options.team, TEAMS)
    refuse_contradictions(options)
    scenario = load_scenario(options.scenario)
    if scenario.asks_questions:
        strategy = strategy if "strategy" in options.model_fields_set else STRATEGY
        refuse_strategy(scenario, strategy)
        refuse_settings(scenario, given_options(options))
    extractor = None if options.extractor is None else str(options.extractor)
    if options.classifier is not None and not STRATEGY_RULES[strategy].asks_classifier:
        raise UserError("--classifier is used only by one strategy; add --strategy expert")
    own, named = _own(options), Named()
    closed = bool(scenario.labels)
    refuse_rules(rules.protocol, team, votes=options.votes, extractor=extractor, closed=closed)
    ids = (own_id(own.case),) if own else _ids(scenario, options)
    played = _roles(scenario, options, named, own is not None)
    if options.extractor is not None:
        played["extractor"] = extractor_config(named.add(MODELS, options.extractor))
    if rules.protocol == TALK and own is None and (said := drawn(scenario, options.split)):
        warn(said)
    with checked():
        config = RunConfig(
            scenario=options.scenario,
            split="own" if own else options.split,
            cases=ids,
            temperaments=_moods(scenario, options, ids, played["patient"], own is not None),
            all_temperaments=options.temperament == "all",
            strategy=strategy,
            team=team,
            panel_size=options.panel_size,
            max_turns=options.max_turns,
            dtype=from_menu("dtype", options.dtype, DTYPES),
            seed=options.seed,
            patient_grounding=options.patient_grounding,
            classifier="starter" if options.classifier is None else named.add(EXPERTS, options.classifier),
            votes=options.votes,
            panel_skill=options.panel_skill,
            judge=_judge(scenario, options, named),
            prompt_texts=own_prompts(None if isinstance(options.prompts, bool) else options.prompts),
            checker=_checker(options, named, played["patient"]),
            protocol=rules.protocol,
            picture_width=rules.picture_width,
            own=own.case if own else None,
            **played,
        )
    check_persons(config)
    stored = prompts and options.prompts is not False
    return Planned(scenario, config, named, own.photograph if own else None, stored)


def plan_again(store: Store, run: str, code: Sequence[str] = ()) -> Planned:
    """Return an interrupted run, or one with failed consultations, so that it can be continued.

    Args:
        store: Where it is.
        run: Its id.
        code: References to code in files that the run may load: code that only the store names is not run.

    Raises:
        UserError: There is no such run, it is finished, or another process is playing it.
    """
    refuse_spoilt(store, run)
    row = store.run(run)
    if row is None:
        raise UnknownNameError("run", run, [r["id"] for r in store.runs()])
    if row["status"] == "finished" and not row["failed"]:
        raise UserError(f"run {run} is already finished; view it with: consult show {run}{naming(store.path)}")
    if store.is_played(row):
        raise being_played(store.path, run, row["pid"])
    config, named = RunConfig.model_validate_json(row["config"]), Named()
    _name_code(run, config, named, code)
    check_persons(config)
    return Planned(load_scenario(config.scenario), config, named, continues=run)


class UnnamedCodeError(UserError):
    """A run uses code in files that was not named; `missing` lists the references."""

    def __init__(self, run: str, missing: Sequence[str]) -> None:
        self.run, self.missing = run, tuple(missing)
        super().__init__(
            f"{run} uses code from a file, which runs only if you name it; give code={list(missing)!r} to resume"
        )


def _name_code(run: str, config: RunConfig, named: Named, code: Sequence[str]) -> None:
    """Load the named code; it must be exactly the code that the run uses.

    Raises:
        UnnamedCodeError: Code that the run uses was not named.
        UserError: Named code is not used in the run.
    """
    playing = code_of(config)
    missing = [reference for reference in playing if reference not in code]
    if missing:
        raise UnnamedCodeError(run, missing)
    idle = next((reference for reference in code if reference not in playing), None)
    if idle is not None:
        there = f"there is: {', '.join(playing)}" if playing else "the run uses no code from a file"
        raise UserError(f"'{idle}' is not used in {run}; {there}")
    for reference in code:
        named.add(EXPERTS if reference in _classifiers(config) else MODELS, reference)
        if reference in references(config):
            named.add(MODELS, reference)


# -- from options to a configuration -----------------------------------------------------------------------------------


def _own(options: PlayOptions) -> _Own | None:
    """Read complaint and photograph; return None if neither is given."""
    if options.complaint is None:
        return None
    said = own_complaint(options.complaint)
    photograph = None if options.image is None else kept(open_photograph(Path(options.image)))
    return _Own(OwnCase(complaint=said, photograph=photograph.hash if photograph else None), photograph)


def _ids(scenario: Scenario, options: PlayOptions) -> tuple[str, ...]:
    cases, split = options.cases, options.split
    ids = scenario.case_ids(split)
    if isinstance(cases, Iterable):
        return _named(scenario, [cases] if isinstance(cases, str) else cases, options)
    if not ids:
        raise UserError(f"the split '{split}' of '{scenario.name}' has no cases; choose another split")
    if cases is None:
        return (random.Random(f"case {options.seed}").choice(ids),)
    cases = whole("cases", cases, CASES)
    if cases > len(ids):
        raise UserError(
            f"the split '{split}' of '{scenario.name}' has {count_of(len(ids), 'case')}, not {cases}; ask for fewer"
        )
    return tuple(ids[:cases])


def _named(scenario: Scenario, names: Iterable[Any], options: PlayOptions) -> tuple[str, ...]:
    split = options.split
    ids = tuple(_case(scenario, text("cases", name), split) for name in names)
    if not ids:
        raise UserError("'cases' names no case; name one, give their number, or leave it out")
    twice = next((one for at, one in enumerate(ids) if one in ids[:at]), None)
    if twice is not None:
        raise UserError(f"the case '{twice}' is named twice; name it once, and play it again with another --seed")
    if "split" in options.model_fields_set:
        there = set(scenario.case_ids(split))
        other = next((one for one in ids if one not in there), None)
        if other is not None:
            raise UserError(f"the case '{other}' is not in the split '{split}'; leave --split out, or name another")
    return ids


def _case(scenario: Scenario, name: str, split: str) -> str:
    """Return a case's id.

    Raises:
        UserError: There is no such case; the sentence names those of the split, and points out a number given as a
        text.
    """
    with suppress(UnknownNameError):
        return scenario.case(name).id
    if name.isdigit():
        raise UserError(f"there is no case '{name}'; play the first {name} with --cases {name} (cases={name})")
    ids = scenario.case_ids(split)
    if not ids:
        raise UserError(f"there is no case '{name}', and the split '{split}' of '{scenario.name}' has none")
    near = nearest(name, ids, cutoff=0.7)
    nearby = f"; the nearest: {', '.join(near)}" if near else ""
    span = min(ids) if len(ids) == 1 else f"{min(ids)} to {max(ids)}"
    raise UserError(
        f"there is no case '{name}'; the split '{split}' of '{scenario.name}' has {count_of(len(ids), 'case')}, "
        f"{span}{nearby}"
    )


def _moods(
    scenario: Scenario, options: PlayOptions, ids: Sequence[str], patient: RoleConfig, own: bool
) -> tuple[str, ...]:
    kinds = tuple(temperaments())
    if options.temperament is None and own:
        return (OWN_TEMPERAMENT if patient.model in PERSONS else random.Random(options.seed).choice(kinds),)
    if options.temperament is None:
        return tuple(own_temperament(scenario, case) for case in ids)
    mood = from_menu("temperament", options.temperament, (*kinds, "all"))
    return kinds if mood == "all" else (mood,) * len(ids)


def _roles(scenario: Scenario, options: PlayOptions, named: Named, own: bool) -> dict[str, Any]:
    values = _by_role(options)

    def role(name: str, given: ModelLike | None) -> RoleConfig:
        usual: RoleConfig = RunConfig.model_fields[name].default
        played = {"model": named.add(MODELS, options.model if given is None else given)}
        return with_values(name, usual.model_copy(update=played), values)

    for specialty in options.specialists or {}:
        if specialty not in scenario.specialties:
            raise UnknownNameError("specialty", str(specialty), scenario.specialties)
    specialist = options.everyone
    if specialist is None and options.specialists and set(options.specialists) == set(scenario.specialties):
        # Each specialty has its own model, so no other is opened.
        specialist = next(iter(options.specialists.values()))
    nobody = scenario.asks_questions or (own and options.patient is None)
    patient = NOBODY if nobody else options.patient
    given = {**{name: getattr(options, name) for name in ROLES}, "patient": patient, "specialist": specialist}
    return {
        **{name: role(name, given.get(name)) for name in PLAYERS},
        "specialists": {name: role("specialist", given) for name, given in (options.specialists or {}).items()},
    }


def _judge(scenario: Scenario, options: PlayOptions, named: Named) -> RoleConfig | None:
    """Return the judge; refuse it before any model is loaded if there is nothing to judge."""
    if options.judge is None:
        return None
    refuse_judging(scenario)
    usual = RoleConfig(model=named.add(MODELS, options.judge), temperature=TEMPERATURE)
    return with_values("judge", usual, _by_role(options))


def _by_role(options: PlayOptions) -> dict[str, ByRole]:
    """Read the options that have values by role."""
    return {name: by_role(name, getattr(options, name)) for name in FIELDS}


def _checker(options: PlayOptions, named: Named, patient: RoleConfig) -> RoleConfig | None:
    given = options.checker
    if given is None or given in (RULES, OWN):
        reference = OWN if given is None else str(given)
    else:
        reference = named.add(MODELS, given)
    return checker_config(reference, patient, grounded=options.patient_grounding)


def check_persons(config: RunConfig) -> None:
    """Check that a person can play their part in a run.

    Raises:
        UserError: A person is given a role other than the patient, or several consultations.
    """
    played = roles(config)
    for name, role in played.items():
        if name != "patient" and role.model in PERSONS:
            raise UserError(
                f"'{role.model}' can only play the patient; give --patient {role.model}, and {name} a model"
            )
    if played["patient"].model == HUMAN and len(config.plan()) > 1:
        raise UserError("a person plays one consultation at a time; choose one case and one temperament")


def code_of(config: RunConfig) -> list[str]:
    """List the references to code in files that a run uses."""
    return [name for name in (*references(config), *_classifiers(config)) if CODE.fullmatch(name)]


def _classifiers(config: RunConfig) -> tuple[str, ...]:
    return (config.classifier,) if config.asks_classifier else ()


# -- playing -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """A run with its models and its store open."""

    scenario: Scenario
    """Includes the run's own case, if it has one."""
    config: RunConfig
    models: Models
    store: Store
    batch: int | None
    prompts: bool = True
    continues: str | None = None

    def play(self, listen: Listener) -> Event:
        """Play, or continue an interrupted run of the same configuration, and return the summary.

        Raises:
            UserError: As `consult.simulate`.
            KeyboardInterrupt: Interrupted; reported events are stored, and the same call continues.
        """
        return Runner(
            self.scenario,
            self.config,
            self.models,
            self.store,
            self.batch,
            listen,
            prompts=self.prompts,
            continues=self.continues,
        ).run()


@contextmanager
def staged(planned: Planned, db: Path, *, placement: Placement = HERE, opener: Opener | None = None) -> Iterator[Stage]:
    """Open models and store of a run, and close them.

    Args:
        planned: What to play.
        db: The store's file; created if missing.
        placement: How many consultations are played at once, and where the models are loaded.
        opener: Opens the models of a configuration; by default that of the placement.

    Raises:
        UserError: The store or a model cannot be opened.
    """
    config = planned.config
    # A wrong file is reported before a large model is loaded; a new one is created only once the models are open.
    Store.check_place(db)
    with planned.named.known():
        placement.check(references(config), config.dtype)
        models = (opener or placement.open)(config)
        try:
            if models.classifier is not None:
                check_photographs(models.classifier, planned.scenario, config)
            _check_prompts(config, models)
            with Store(db) as store:
                if planned.photograph is not None:
                    store.keep_photograph(*planned.photograph)
                scenario = world(planned.scenario, config, store)
                yield Stage(scenario, config, models, store, placement.batch, planned.prompts, planned.continues)
        finally:
            models.close()


def _check_prompts(config: RunConfig, models: Models) -> None:
    """Refuse a user's prompts that nobody reads.

    Raises:
        UserError: No model of the run reads the plain format's prompts.
    """
    if config.prompt_texts and models.prompt_revision(config) is None:
        raise UserError(
            "--prompts replaces the prompts of instruction-tuned models, and none plays in this run; give another "
            "model, or leave --prompts out"
        )
