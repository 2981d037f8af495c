"""Interviews with their opinions, collected once into the store and reused: what an attending decides on.

All other roles are frozen, so that a train case has to be played once only. Panels that are made up
(`consult.envs.synthetic`) are drawn over the interviews that were played, as runs of their own that stop before the
conclusion; their opinions carry the source `synthetic`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from consult.agents.temperament import own_temperament
from consult.envs.cast import Models, roles
from consult.envs.config import Plan, RoleConfig, RunConfig
from consult.envs.consultation import Consultation
from consult.envs.runner import Runner, truths_of, versions
from consult.envs.store import Pending, Row, Store, consultation_id
from consult.envs.synthetic import made_up_panel
from consult.scenarios import Scenario

BATCH = 64
Say = Callable[[str], None]


@dataclass(frozen=True)
class Interviews:
    """Where interviews come from.

    Args:
        scenario: Whose cases.
        reference: The scenario's, as the user gave it.
        model: Who plays every role.
        revision: Of its weights.
        db: The store.
        say: Told of the progress.
    """

    scenario: Scenario
    reference: str
    model: str
    revision: str
    db: Path
    say: Say

    def played(self, split: str, ids: Sequence[str]) -> list[tuple[str, Consultation]]:
        """Give the consultations of cases, playing them where the store lacks them.

        Returns:
            Id in the store and consultation, as far as it was played; those that failed are left out.
        """
        config = self._config(split, ids)
        with Store(self.db) as store:
            run = self._kept(config, store) or self._play(config, store)
            return list(self._restored(store, run, config))

    def made_up(self, split: str, ids: Sequence[str], skill: float, draws: int) -> list[tuple[str, Consultation]]:
        """Give interviews with made-up panels, each interview `draws` times; they are stored as runs of their own."""
        played = self.played(split, ids)
        found: list[tuple[str, Consultation]] = []
        for draw in range(draws):
            kept = [consultation for _, consultation in played]
            config = self._config(split, [c.case.id for c in kept], panel_skill=skill, seed=draw)
            with Store(self.db) as store:
                run = self._kept(config, store) or self._draw(config, kept, store)
                found += self._restored(store, run, config)
        return found

    def is_kept(self, split: str, ids: Sequence[str]) -> bool:
        """Tell whether the store has these interviews."""
        if not self.db.exists():
            return False
        with Store(self.db) as store:
            return self._kept(self._config(split, ids), store) is not None

    def _kept(self, config: RunConfig, store: Store) -> Row | None:
        """Find a run that is as far as it has to be, of the same weights and the same scenario."""
        digest = config.digest()
        found = store.finished_run(digest) or (store.unfinished_run(digest) if config.panel_skill is not None else None)
        if found is None or found["scenario_revision"] != self.scenario.revision:
            return None
        return found if json.loads(found["models"]) == self._models(config) else None

    def _models(self, config: RunConfig) -> dict[str, str]:
        named = f"{self.model}@{self.revision}" if self.revision else self.model
        return dict.fromkeys(roles(config), named)

    # -- playing ---------------------------------------------------------------------------------------------------

    def _config(self, split: str, ids: Sequence[str], **more: Any) -> RunConfig:
        fields = RunConfig.model_fields

        def role(name: str) -> RoleConfig:
            default: RoleConfig = fields[name].default
            return default.model_copy(update={"model": self.model})

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

    def _play(self, config: RunConfig, store: Store) -> Row:
        self.say(f"playing {len(config.cases):,} {config.split} cases once; their interviews are kept in '{self.db}'")
        models = Models.open(config)
        ended = 0

        def listen(event: dict[str, Any]) -> None:
            nonlocal ended
            ended += event["event"] == "consultation"
            if event["event"] == "consultation" and ended % 100 == 0:
                self.say(f"played {ended:,} of {len(config.cases):,}")

        try:
            summary = Runner(self.scenario, config, models, store, batch=BATCH, listen=listen).run()
        finally:
            models.close()
        row = store.run(summary["run"])
        assert row is not None
        return row

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

    # -- making up -------------------------------------------------------------------------------------------------

    def _draw(self, config: RunConfig, played: Sequence[Consultation], store: Store) -> Row:
        """Keep interviews with panels drawn anew, as a run that stands before its conclusions."""
        run = store.begin(
            config, self._models(config), versions(), self.scenario.revision, truths_of(self.scenario, config.cases)
        )
        pending = Pending()
        for plan, before in zip(config.plan(), played, strict=True):
            consulted = before.consulted
            if consulted is None or config.panel_skill is None:
                continue
            now = self._consultation(plan, config, before.acts[: before.acts.index(consulted)])
            panel = replace(consulted, opinions=made_up_panel(now, config.panel_skill))
            identifier = consultation_id(run, plan.ordinal)
            pending.turns += [(identifier, i, act) for i, act in enumerate([*now.acts, panel])]
        store.commit(pending)
        store.end(run, "interrupted", 0.0)
        row = store.run(run)
        assert row is not None
        return row
