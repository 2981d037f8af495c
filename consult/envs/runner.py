"""Play a run: many consultations at once, committed before they are shown, resumed where they stopped."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from consult.agents.acts import Act
from consult.agents.assessors.judge import Judge
from consult.agents.models import ModelError
from consult.agents.models.human import LeftError
from consult.envs.batcher import AT_ONCE, Batcher, at_once
from consult.envs.capabilities import capabilities_of, notes
from consult.envs.classifier_predictions import ClassifierPredictions, check_photographs
from consult.envs.config import Plan, RunConfig
from consult.envs.consultation import Consultation
from consult.envs.events import Event, Listener, consultation_event, opinion_event, summary_event, turn_event
from consult.envs.garbage import collecting_less
from consult.envs.graph import RoleModels, Session, play
from consult.envs.held import RunHold, being_played, player_of
from consult.envs.judging import judged, refuse_judging
from consult.envs.loops import run_to_end
from consult.envs.metrics.parse_failures import unusable_answers
from consult.envs.metrics.replies import events, replies, unusable_roles
from consult.envs.question_settings import refuse_doctors
from consult.envs.role_models import Models
from consult.envs.roles import doctors, references, roles
from consult.envs.store.exchanges import Exchanges
from consult.envs.store.readable import stored_decision, stored_judgement
from consult.envs.store.rows import Row, consultation_id
from consult.envs.store.write import Pending, Store
from consult.errors import PluginError, StoreError, UserError
from consult.plugins import is_plugin, warn
from consult.scenarios import Case, Scenario
from consult.scenarios.case import ALARM, NO_RED_FLAG
from consult.scenarios.correct import Correct, correct
from consult.version import __version__

PACKAGES = ("torch", "transformers", "peft", "xgrammar", "langgraph", "numpy", "pillow")


FAILED_ALIKE = 8
"""A run stops after this many consultations if the user's code has failed in the same way in all of them."""


class RunError(UserError):
    """A run that cannot be played or resumed; the message is one sentence with the fix."""


@dataclass
class Runner:
    """Plays one run into a store.

    Args:
        scenario: The scenario of the configuration.
        config: What to play.
        models: The opened models.
        store: The store of every act.
        batch: How many consultations are played at once, and the most requests in one batch of a model; None plays as
            many as keep the servers busy, and at least 32.
        listen: Called with every event, after it was committed.
        prompts: Whether to store the models' prompts and replies; a resumed run keeps its original setting.
        continues: The run to continue; by default an interrupted one of the same configuration, or a new one.
    """

    scenario: Scenario
    config: RunConfig
    models: Models
    store: Store
    batch: int | None = None
    listen: Listener = field(default=lambda event: None)
    prompts: bool = False
    continues: str | None = None

    def __post_init__(self) -> None:
        self._refuse_other_tables()
        infos = (self.models.by_reference[role.model].info for role in doctors(self.config).values())
        refuse_doctors(self.scenario, infos)
        # Exchanges are always counted, whether or not they are stored.
        self._pending, self._exchanges = Pending(prompts=self.prompts), Exchanges(True)
        self._ended: list[Event] = []
        self._failures: list[PluginError | None] = []
        """For each ended consultation, its failure in the user's code; None if it ended differently."""
        self._batcher = Batcher(chunk=self.batch or AT_ONCE, commit=self._flush)
        self._judge = self._checked_judge()
        self.models.checker(
            self.config, self._batcher
        )  # a model that cannot check is refused before anything is played
        self._predictions = self._asked() if self.config.asks_classifier else None

    def _checked_judge(self) -> Judge | None:
        """Prepare the judge before anything is played.

        Raises:
            JudgingError: There is nothing to judge.
            ModelError: The model was not trained to judge.
        """
        if self.config.judge is not None:
            refuse_judging(self.scenario)
        return self.models.judge(self.config, self._batcher, self._exchanges.record)

    def _refuse_other_tables(self) -> None:
        """Refuse a doctor that knows other tables than those that the cases are drawn from.

        Raises:
            ModelError: A model is such a doctor.
        """
        for reference, model in self.models.by_reference.items():
            if model.info.backend == "tables" and model.info.revision != self.scenario.revision:
                kind, fitting = reference.partition(":")[0], self.config.scenario
                raise ModelError(
                    f"'{reference}' knows the tables of another scenario than '{fitting}'; "
                    f"give {kind}:{fitting}, or another model"
                )

    @property
    def model_seconds(self) -> float:
        """Return the seconds spent inside the models."""
        return self._batcher.model_seconds

    def run(self) -> Event:
        """Play or continue a run, and return the summary.

        An interrupted run of the same configuration is continued. If it is over, or the user's code has changed since
        it was started, a new run is played. Nothing is written before everything is checked.

        Raises:
            RunError: The run to continue was started with other models or another scenario.
            StoreError: The store cannot be written.
            HeldError: The run to continue is being played, or no run can be locked.
            ModelGoneError: A model stopped responding; everything shown is stored, and the run can be resumed.
            RunError: The user's code failed in the same way in each of the first consultations; the run stays
                interrupted.
            KeyboardInterrupt: Interrupted; everything shown is stored.
            LeftError: A person left; everything shown is stored.
        """
        with RunHold(self.store.path) as hold:
            interrupted = self._interrupted(hold)
            if interrupted:
                self._pending.prompts &= bool(interrupted["prompts"])
            run = interrupted["id"] if interrupted else self._begin(hold)
            return self._played(run, resumed=bool(interrupted))

    def _played(self, run: str, *, resumed: bool) -> Event:
        if resumed:
            self.store.adopt(run)
        self._keep_capabilities(run)
        for sentence in notes(capabilities_of(self.models, self.config), self.config):
            warn(sentence)
        started = time.monotonic()
        try:
            with collecting_less():
                run_to_end(self._play_all(run, resumed=resumed))
        except BaseException:
            self._close(run, "interrupted", time.monotonic() - started)
            raise
        seconds = time.monotonic() - started
        self._close(run, "finished", seconds)
        unusable = [answers.event() for answers in unusable_answers(self.store, run)]
        counted = replies(self.store, run)
        summary = {
            **summary_event(run, self._ended, seconds),
            "unusable": unusable,
            "replies": events(counted),
            "unusable_roles": unusable_roles(counted, run, self.store.path, self.scenario.specialties),
        }
        self.listen(summary)
        return summary

    def _keep_capabilities(self, run: str) -> None:
        self.store.keep_capabilities(run, capabilities_of(self.models, self.config))

    def _close(self, run: str, status: str, seconds: float) -> None:
        self._batcher.shutdown()
        # A server may have shown only in the run that it shortens prompts.
        self._keep_capabilities(run)
        self.store.end(run, status, seconds)

    def _asked(self) -> ClassifierPredictions:
        """Run the classifier, after checking its photographs."""
        classifier = self.models.classifier
        if classifier is None:
            raise RunError("the strategy 'expert' asks a classifier; name one with --classifier")
        check_photographs(classifier, self.scenario, self.config)
        return ClassifierPredictions(classifier, self.scenario, self.store, self.config.cases)

    # -- beginning -------------------------------------------------------------------------------------------------

    def _begin(self, hold: RunHold) -> str:
        truths = truths_of(self.scenario, self.config.cases)
        for case_id, row in truths.items():
            row["demo"] = self._demo(self.scenario.case(case_id))
        described = self.models.described(self.config)
        sees = self.models.sees(self.config)
        revision = self.scenario.revision
        return self.store.begin(
            self.config,
            described,
            versions(),
            revision,
            truths,
            sees,
            prompts=self.prompts,
            prompt_revision=self.models.prompt_revision(self.config),
            hold=hold.take_new,
        )

    def _demo(self, case: Case) -> bool:
        """Return whether a model that was trained on drawings judges a case that was not drawn by this program."""
        return case.origin != "tables" and self.models.demonstrates(self.config)

    def _interrupted(self, hold: RunHold) -> Row | None:
        """Hold the run to continue and return it; None if a new one is started.

        Raises:
            RunError: The run was started with other models or another scenario.
            HeldError: The run to continue is being played.
        """
        if self.continues is not None:
            return self._named(self.continues, hold)
        models, played = self.models.described(self.config), []
        prompts = self.models.prompt_revision(self.config)
        rows = self.store.unfinished_runs(self.config.digest())
        for row in sorted(
            rows, key=lambda row: (json.loads(row["models"]), row["prompt_revision"]) != (models, prompts)
        ):
            if self.store.is_played(row) or not hold.take_run(row["id"]):
                played.append(row)
                continue
            now = self.store.run(row["id"])
            if now is None or now["status"] == "finished":
                continue  # by another process, between the search and the lock
            if row["prompt_revision"] != prompts and not self._changed(row):
                warn(f"the prompts have changed since {row['id']} was interrupted; this is a new run")
                return None
            edited = self._edited(row)
            if edited:
                warn(f"the code of '{edited}' has changed since {row['id']} was interrupted; this is a new run")
                return None
            self._agree(row)
            return row
        if played:
            player = player_of(self.store.path, played[0]["id"], played[0]["pid"])
            warn(f"run {played[0]['id']} of the same configuration is being played by {player}; this is a new run")
        return None

    def _named(self, run: str, hold: RunHold) -> Row:
        held = hold.take_run(run)
        # Read under the lock: another process may have finished it since the models were loaded.
        row = self.store.run(run)
        if row is None:
            raise RunError(f"run '{run}' no longer exists; run the original command again")
        if not held:
            raise being_played(self.store.path, run)
        if row["status"] == "finished" and not row["failed"]:
            raise RunError(f"run {run} was finished by another process in the meantime; nothing is left to play")
        self._agree(row)
        return row

    def _changed(self, row: Row) -> dict[str, str]:
        """Return role → the model that a run was started with, for each role that has another model now."""
        then, now = json.loads(row["models"]), self.models.described(self.config)
        return {role: str(then.get(role)) for role in now if then.get(role) != now[role]}

    def _edited(self, row: Row) -> str | None:
        """Name the file whose code has changed since a run was started; None if anything else has also changed."""
        played = {name: role.model for name, role in roles(self.config).items()}
        played["classifier"] = self.config.classifier
        changed = [played[role] for role in self._changed(row)]
        return changed[0] if changed and all(map(is_plugin, changed)) else None

    def _agree(self, row: Row) -> None:
        if row["scenario_revision"] != self.scenario.revision:
            raise RunError(
                f"run {row['id']} was started with another version of '{self.scenario.name}'; "
                "restore that version, or start again with another --db"
            )
        edited = self._edited(row)
        if edited:
            raise RunError(
                f"the code of '{edited}' has changed since run {row['id']} was started, and a run is played by one "
                "version; the original command plays it as a new run"
            )
        prompts = self.models.prompt_revision(self.config)
        if row["prompt_revision"] != prompts and not self._changed(row):
            raise RunError(
                f"run {row['id']} was started with other prompts ({row['prompt_revision'] or 'of an older version'}, "
                f"not {prompts or 'none'}), and a run is played by one version; the original command plays it as a "
                "new run"
            )
        for role, then in self._changed(row).items():
            raise RunError(
                f"run {row['id']} was started with {role} {then}, not {self.models.described(self.config)[role]}; "
                "give the same model, or start again with another --db"
            )

    def _run_event(self, run: str, *, resumed: bool) -> Event:
        return {
            "event": "run",
            "run": run,
            "resumed": resumed,
            "scenario": self.scenario.name,
            "consultations": len(self.config.plan()),
            "strategy": self.config.strategy,
            "team": self.config.team,
            "seed": self.config.seed,
            "models": self.models.described(self.config),
            "sees": self.models.sees(self.config),
            "capabilities": capabilities_of(self.models, self.config),
            "demo": any(role.startswith("starter") for role in self.models.described(self.config).values()),
        }

    # -- playing ---------------------------------------------------------------------------------------------------

    async def _play_all(self, run: str, *, resumed: bool) -> None:
        # Reported inside the loop: from the first line shown on, the loop handles an interrupt and ends cleanly.
        self.listen(self._run_event(run, resumed=resumed))
        rows = {row["ordinal"]: row for row in self.store.consultations(run)}
        plans = self.config.plan()
        self._tell_ended(rows, plans)
        left = [plan for plan in plans if rows[plan.ordinal]["status"] == "running"]
        role_models = self.models.role_models(self.config, self._batcher, self._exchanges.record)

        async def play_one(plan: Plan) -> None:
            await self._play_one(run, plan, role_models)
            self._stop_if_hopeless()

        models = [self.models.by_reference[reference] for reference in references(self.config)]
        try:
            await self._batcher.each(left, at_once(self.batch, models), play_one)
        finally:
            if self._batcher.intact:
                self._flush()

    def _tell_ended(self, rows: dict[int, Row], plans: Sequence[Plan]) -> None:
        """Report what an earlier process has finished, so that counts and summary cover the whole run."""
        for plan in plans:
            row = rows[plan.ordinal]
            if row["status"] != "running":
                consultation = self._consultation(plan)
                consultation.expert = tuple(json.loads(row["expert"] or "[]"))
                consultation.restore(self.store.acts(row["id"]))
                event = self._ended_event(
                    row["id"], consultation, row["status"], row["error"], stored_decision(row), stored_judgement(row)
                )
                self._ended.append(event)
                self._failures.append(None)
                self.listen({**event, "earlier": True})

    async def _play_one(self, run: str, plan: Plan, role_models: RoleModels) -> None:
        identifier = consultation_id(run, plan.ordinal)
        consultation = self._consultation(plan)
        error, failure = None, None
        try:
            if self._predictions is not None:
                consultation.expert = self._predictions.of(plan.case)
            consultation.restore(self.store.acts(identifier))
            await play(Session(identifier, consultation, role_models, self._recorder(identifier)))
        except (asyncio.CancelledError, LeftError):
            raise
        except Exception as caught:
            if self._batcher.broken is not None or isinstance(caught, StoreError):
                raise self._batcher.broken or caught from None
            # A failed consultation is a row, not a crash.
            error = f"{type(caught).__name__}: {caught}"
            failure = caught if isinstance(caught, PluginError) else None
        self._failures.append(failure)
        status = "failed" if error else consultation.status
        decided, judgement = await self._decide(identifier, consultation, status)
        self._pending.asked += self._exchanges.of_end(plan.ordinal, identifier)
        self._pending.ended.append(self._ended_event(identifier, consultation, status, error, decided, judgement))

    def _stop_if_hopeless(self) -> None:
        """Stop a run if its first consultations have all failed at the same place in the user's code.

        Raises:
            RunError: They have, and more would follow.
        """
        first = self._failures[0] if self._failures else None
        if first is None or not FAILED_ALIKE <= len(self._failures) < len(self.config.plan()):
            return
        if len({_alike(failure) for failure in self._failures}) == 1:
            self._flush()
            raise RunError(
                f"the first {FAILED_ALIKE} consultations all failed in the same way, so the run is stopped: {first}; "
                "fix the code and run the same command or call again"
            )

    async def _decide(self, identifier: str, consultation: Consultation, status: str) -> tuple[Correct, Event | None]:
        """Decide whether a consultation is right, by the judge if nothing else decides."""
        concluded, truth = consultation.conclusion, consultation.case.truth.diagnosis
        said, finished = concluded.diagnosis if concluded else None, status == "finished"
        words = concluded.diagnosis_words if concluded else None
        decided = correct(said, truth, consultation.scenario, finished=finished, words=words)
        if decided.by != "unjudged" or self._judge is None or said is None or truth is None:
            return decided, None
        judgement = await judged(self._judge, self._batcher, consultation.plan, said, truth)
        self._pending.judged.append((identifier, self._judge.name, judgement))
        told = {"judge": self._judge.name, "verdict": judgement.relation, "why": judgement.why}
        return correct(said, truth, consultation.scenario, finished=finished, relation=judgement.relation), told

    def _ended_event(
        self,
        identifier: str,
        consultation: Consultation,
        status: str,
        error: str | None,
        decided: Correct,
        judgement: Event | None,
    ) -> Event:
        demo = self._demo(consultation.case)
        return consultation_event(
            identifier, consultation, status, error, decided=decided, judgement=judgement, demo=demo
        )

    def _consultation(self, plan: Plan) -> Consultation:
        case = self.scenario.case(plan.case)
        size = self.config.panel_size
        return Consultation(self.scenario, case, plan, max_turns=self.config.max_turns, panel_size=size)

    def _recorder(self, identifier: str) -> _Recorder:
        return _Recorder(identifier, self._pending, self._exchanges)

    def _flush(self) -> None:
        """Commit everything since the last commit, then show it."""
        pending = self._pending
        if not pending:
            return
        pending.turns.sort(key=lambda turn: (_ordinal(turn[0]), turn[1]))
        pending.ended.sort(key=lambda event: _ordinal(event["consultation"]))
        pending.asked.sort(key=lambda asked: _ordinal(asked.consultation))
        self.store.commit(pending)
        events = [event for identifier, idx, act in pending.turns for event in _turn_events(identifier, idx, act)]
        self._ended += pending.ended
        shown = [*events, *pending.ended]
        pending.turns, pending.ended, pending.judged, pending.asked = [], [], [], []
        for event in shown:
            self.listen(event)


@dataclass(frozen=True)
class _Recorder:
    identifier: str
    pending: Pending
    exchanges: Exchanges

    def __call__(self, idx: int, act: Act) -> None:
        self.pending.turns.append((self.identifier, idx, act))
        self.pending.asked += self.exchanges.of_turn(_ordinal(self.identifier), self.identifier, idx)


def _turn_events(identifier: str, idx: int, act: Act) -> list[Event]:
    opinions = [opinion_event(identifier, i, opinion) for i, opinion in enumerate(act.opinions)]
    return [turn_event(identifier, idx, act), *opinions]


def _alike(failure: PluginError | None) -> tuple[object, ...]:
    """Return a key that is equal for failures from the same mistake, whatever case they name."""
    return () if failure is None else (type(failure.__cause__), failure.place or str(failure))


def _ordinal(identifier: str) -> int:
    return int(identifier.rpartition(".")[2])


def truths_of(scenario: Scenario, cases: Sequence[str]) -> dict[str, Row]:
    """Return case id → the stored columns of its truth."""
    found = {}
    for case_id in cases:
        case = scenario.case(case_id)
        found[case_id] = {
            "truth": case.truth.diagnosis,
            "true_specialty": case.truth.specialty,
            "true_urgency": case.truth.urgency,
            "red_flag": _red_flag(scenario, case),
            "style": case.style,
            "skin_type": case.card.skin_type,
            "demo": False,
            "dataset": case.question.dataset or None if case.question else None,
            "modality": case.question.modality or None if case.question else None,
            "question_type": case.question.type or None if case.question else None,
            "question_form": case.question.form if case.question else None,
            "domain": scenario.domain_of(case),
        }
    return found


def _red_flag(scenario: Scenario, case: Case) -> str | None:
    """Name a case's red flag; `none` if it has none, None if its scenario does not define any."""
    known = case.truth.red_flag or next((fact.value or fact.id for fact in case.card.alarms), None)
    return known or (NO_RED_FLAG if ALARM in scenario.topics and case.origin != "own" else None)


def versions() -> dict[str, str]:
    """Return the package versions that a result may depend on."""
    found = {"consult": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
