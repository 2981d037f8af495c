"""Interviews with opinions, the input of an attending's decisions: played once, stored and reused.

All other roles are frozen, so a train case has to be played only once. Synthetic panels (`consult.envs.synthetic`) are
drawn for the played interviews and stored as separate runs that stop before the conclusion; their opinions have the
source `synthetic`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from consult.agents.models import Role, revision_at
from consult.agents.models.model_resolver import base_reference
from consult.agents.temperament import own_temperament
from consult.counts import count_of
from consult.envs.config import Plan, RoleConfig, RunConfig
from consult.envs.consultation import Consultation
from consult.envs.held import RunHold
from consult.envs.placement import Placement
from consult.envs.question_settings import STRATEGY
from consult.envs.role_models import Models
from consult.envs.roles import references, roles
from consult.envs.runner import Runner, truths_of, versions
from consult.envs.store.rows import Row, consultation_id
from consult.envs.store.write import Pending, Store
from consult.envs.synthetic import sample_synthetic_panel
from consult.rl.config import OTHERS, TrainConfig
from consult.scenarios import Scenario

BATCH = 64
Say = Callable[[str], None]


@dataclass(frozen=True)
class Player:
    """The model that plays a role."""

    model: str
    """A model reference."""
    revision: str = ""
    """Revision of its weights."""

    def __str__(self) -> str:
        """Return both, as the store names them."""
        return f"{self.model}@{self.revision}" if self.revision else self.model


def others_of(config: TrainConfig) -> dict[Role, str]:
    """Return the model references of the roles that are frozen while an attending is trained.

    Raises:
        ModelError: The start is an adapter without a base.
    """
    base = base_reference(config.model)
    return {role: getattr(config, role) or base for role in OTHERS}


def team_of(config: TrainConfig, revision: str) -> dict[Role, Player]:
    """Return the model of each role.

    Args:
        config: The training configuration; its start model is the attending.
        revision: Revision of the start's weights.

    Raises:
        ModelError: A model cannot be loaded.
    """
    others = others_of(config)
    revisions = {reference: revision_at(reference) for reference in dict.fromkeys(others.values())}
    team = {role: Player(reference, revisions[reference]) for role, reference in others.items()}
    return {**team, "attending": Player(config.model, revision)}


@dataclass(frozen=True)
class _Location:
    """Location of an interview in the store."""

    run: str
    config: RunConfig
    plan: Plan
    status: str


@dataclass(frozen=True)
class RolloutStore:
    """Interviews of a team; those that the store lacks are played.

    Args:
        scenario: The scenario with the cases.
        reference: The scenario's reference as the user gave it.
        team: Role → its model.
        db: The store.
        say: Called with each line of progress.
        placement: Where the models of the team are loaded.
    """

    scenario: Scenario
    reference: str
    team: Mapping[Role, Player]
    db: Path
    say: Say
    placement: Placement = field(default_factory=Placement)

    def rollouts(self, split: str, ids: Sequence[str]) -> list[tuple[str, Consultation]]:
        """Return the consultations of cases; those that the store lacks are played.

        Returns:
            Pairs of id in the store and consultation, as far as it was played; failed ones are left out.
        """
        with Store(self.db) as store:
            places = self._places(split, ids, store)
            left = [case for case in ids if case not in places]
            if left:
                self._play(self._config(split, left), store)
                places |= self._places(split, left, store)
            acts = {run: store.acts_of(run) for run in {place.run for place in places.values()}}
        found = []
        for case in ids:
            place = places[case]
            if place.status != "failed":
                identifier = consultation_id(place.run, place.plan.ordinal)
                said = acts[place.run].get(identifier, [])
                found.append((identifier, self._consultation(place.plan, place.config, said)))
        return found

    def synthetic_panels(
        self, split: str, ids: Sequence[str], accuracy: float, draws: int
    ) -> list[tuple[str, Consultation]]:
        """Return interviews with synthetic panels, which are stored as separate runs.

        Args:
            split: The cases' split.
            ids: The cases' ids.
            accuracy: Probability that an opinion is right, 0 to 1.
            draws: Number of panels for each interview.

        Returns:
            Pairs of id in the store and consultation, up to the panel.
        """
        rollouts = self.rollouts(split, ids)
        found: list[tuple[str, Consultation]] = []
        for draw in range(draws):
            kept = [consultation.case.id for _, consultation in rollouts]
            config = self._config(split, kept, panel_skill=accuracy, seed=draw)
            with Store(self.db) as store:
                run = self._drawn(config, store) or self._draw(config, rollouts, store)
                found += self._restored(store, run, config)
        return found

    def lacking(self, split: str, ids: Sequence[str]) -> list[str]:
        """Return the ids of the cases without an interview in the store."""
        if not self.db.exists():
            return list(ids)
        with Store(self.db) as store:
            places = self._places(split, ids, store)
        return [case for case in ids if case not in places]

    def _places(self, split: str, ids: Sequence[str], store: Store) -> dict[str, _Location]:
        """Return the locations of cases' interviews in the store, in any run with the same settings."""
        ours = self._config(split, ids)
        settings, moods = self._settings(ours), dict(zip(ours.cases, ours.temperaments, strict=True))
        found: dict[str, _Location] = {}
        for run in store.finished_runs(self.scenario.revision):
            config = RunConfig.model_validate_json(run["config"])
            if self._settings(config) != settings or not self._is_ours(run, config):
                continue
            status = {row["ordinal"]: row["status"] for row in store.consultations(run["id"])}
            for plan in config.plan():
                if moods.get(plan.case) != plan.temperament:
                    continue
                # The oldest that did not fail, so that the training data does not change when more is played.
                if plan.case not in found or found[plan.case].status == "failed":
                    found[plan.case] = _Location(run["id"], config, plan, status[plan.ordinal])
        return found

    @staticmethod
    def _settings(config: RunConfig) -> RunConfig:
        return config.model_copy(update={"cases": (), "temperaments": (), "all_temperaments": False})

    def _is_ours(self, run: Row, config: RunConfig) -> bool:
        """Return whether a run has the same weights and the same scenario."""
        same = run["scenario_revision"] == self.scenario.revision
        return same and bool(json.loads(run["models"]) == self._models(config))

    def _drawn(self, config: RunConfig, store: Store) -> Row | None:
        """Return the run of a synthetic panel; it stopped before its conclusions, or was continued.

        A run with status running was interrupted while panels were drawn.
        """
        drawn = [run for run in store.runs_of(config.digest()) if run["status"] != "running"]
        return next((run for run in drawn if self._is_ours(run, config)), None)

    def _models(self, config: RunConfig) -> dict[str, str]:
        return {name: str(self.team[name]) for name in self.team if name in roles(config)}

    # -- playing ---------------------------------------------------------------------------------------------------

    def _config(self, split: str, ids: Sequence[str], **more: Any) -> RunConfig:
        fields = RunConfig.model_fields

        def role(name: Role) -> RoleConfig:
            default: RoleConfig = fields[name].default
            return default.model_copy(update={"model": self.team[name].model})

        if self.scenario.asks_questions:
            more = {"strategy": STRATEGY, **more}
        return RunConfig(
            scenario=self.reference,
            split=split,
            cases=tuple(ids),
            temperaments=tuple(own_temperament(self.scenario, case) for case in ids),
            patient=role("patient"),
            triage=role("triage"),
            specialist=role("specialist"),
            attending=role("attending"),
            **more,
        )

    def _play(self, config: RunConfig, store: Store) -> None:
        counted = count_of(len(config.cases), f"{config.split} case")
        self.say(f"playing {counted} once; their interviews are kept in '{self.db}'")
        # The threads of torch are the training's, and stay as they are.
        placed = self.placement.opener(references(config), len(config.plan()))
        models = Models.open(config, opener=placed.open)
        if models.replicas > 1:
            self.say(f"{models.replicas} copies of the model play")
        ended = 0

        def listen(event: dict[str, Any]) -> None:
            nonlocal ended
            ended += event["event"] == "consultation"
            if event["event"] == "consultation" and ended % 100 == 0:
                self.say(f"played {ended:,} of {len(config.cases):,}")

        try:
            Runner(self.scenario, config, models, store, batch=BATCH, listen=listen).run()
        finally:
            models.close()

    def _restored(self, store: Store, run: Row, config: RunConfig) -> Iterator[tuple[str, Consultation]]:
        rows = {row["ordinal"]: row for row in store.consultations(run["id"])}
        acts = store.acts_of(run["id"])
        for plan in config.plan():
            if rows[plan.ordinal]["status"] == "failed":
                continue
            identifier = consultation_id(run["id"], plan.ordinal)
            yield identifier, self._consultation(plan, config, acts.get(identifier, []))

    def _consultation(self, plan: Plan, config: RunConfig, acts: Sequence[Any]) -> Consultation:
        case = self.scenario.case(plan.case)
        consultation = Consultation(self.scenario, case, plan, max_turns=config.max_turns, panel_size=config.panel_size)
        consultation.restore(acts)
        return consultation

    # -- synthetic panels -----------------------------------------------------------------------------------------

    def _draw(self, config: RunConfig, rollouts: Sequence[tuple[str, Consultation]], store: Store) -> Row:
        """Store interviews with newly drawn panels, as a run that stops before its conclusions."""
        runs = {identifier.rpartition(".")[0] for identifier, _ in rollouts}
        read = {row["prompt_revision"] for row in map(store.run, runs) if row is not None}
        prompts = read.pop() if len(read) == 1 else None
        with RunHold(store.path) as held:
            truths = truths_of(self.scenario, config.cases)
            models, revision = self._models(config), self.scenario.revision
            run = store.begin(config, models, versions(), revision, truths, prompt_revision=prompts, hold=held.take_new)
            self._store_panels(run, config, [consultation for _, consultation in rollouts], store)
        row = store.run(run)
        assert row is not None
        return row

    def _store_panels(self, run: str, config: RunConfig, rollouts: Sequence[Consultation], store: Store) -> None:
        pending = Pending()
        for plan, before in zip(config.plan(), rollouts, strict=True):
            consulted = before.consulted
            if consulted is None or config.panel_skill is None:
                continue
            now = self._consultation(plan, config, before.acts[: before.acts.index(consulted)])
            panel = replace(consulted, opinions=sample_synthetic_panel(now, config.panel_skill))
            identifier = consultation_id(run, plan.ordinal)
            pending.turns += [(identifier, i, act) for i, act in enumerate([*now.acts, panel])]
        store.commit(pending)
        store.end(run, "interrupted", 0.0)
