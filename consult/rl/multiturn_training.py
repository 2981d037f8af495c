"""Train the attending's questions and decisions over whole consultations: multi-turn GRPO.

Run `consult train interview --out DIR`. A consultation is played on the graph of `simulate`; a group is one case played
several times. Simplification: only for models of the starter's prompt format, whose acts are choices and whose words a
program can say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from consult.agents.models import Model, Role, close_model
from consult.agents.roles.client import Sampling, derive_seed
from consult.envs.metrics.intervals import mean
from consult.rl.config import TrainingError
from consult.rl.data.dataset import Row, case_ids, triage_rows, without
from consult.rl.policy.policy import Policy
from consult.rl.rewards.decisions import INTERVIEW_REWARDS, Target, right_diagnosis
from consult.rl.runtime.evaluation import Measured, ends
from consult.rl.trainers.rollout_store import others_of
from consult.rl.trainers.rollouts import Episode, RolloutEngine
from consult.rl.training import Training

AT_ONCE = 64
"""Consultations that are played together when a policy is evaluated."""
PLAYED = Sampling(0.5, 0.95)
"""Sampling of the attending in play."""


@dataclass(frozen=True)
class MeasuredInterviews(Measured):
    """Results of one policy over whole consultations."""

    episodes: Sequence[Episode] = ()


class InterviewTraining(Training):
    """A training run over whole consultations."""

    _others: Mapping[Role, Model] | None = None

    def check(self) -> None:
        """Check the configuration before a model is loaded."""
        super().check()
        if self.scenario.asks_questions:
            raise TrainingError(
                f"'{self.scenario.name}' has questions and no interviews; use consult train triage or attending"
            )
        if not self.scenario.labels:
            raise TrainingError(f"'{self.scenario.name}' has no list of diagnoses; training on interviews needs one")

    def engine(self, policy: Policy) -> RolloutEngine:
        """Return the engine that plays consultations with a policy as attending.

        Raises:
            TrainingError: The policy's prompt format is not the starter's.
            ModelError: The model of another role cannot be loaded.
        """
        if policy.vision_cache is None:
            raise TrainingError(
                f"interviews are trained only in the starter's prompt format, which '{self.config.model}' lacks; "
                "use consult train attending"
            )
        return RolloutEngine(self.scenario, policy.speaker, self._opened())

    def run(self) -> dict[str, Any]:
        """Train, evaluate and write the result; then close the models of the other roles."""
        try:
            return super().run()
        finally:
            for model in {id(model): model for model in (self._others or {}).values()}.values():
                close_model(model)

    def players(self) -> list[str]:
        """Return the references of the other roles' models."""
        return list(others_of(self.config).values())

    def _opened(self) -> Mapping[Role, Model]:
        """Open the models of the other roles, each once for all policies."""
        if self._others is None:
            others = others_of(self.config)
            # Their batches are small, so they are loaded several times only if the user says so.
            placed = self.placement.opener(others.values(), 0)
            opened = {reference: placed.open(reference) for reference in dict.fromkeys(others.values())}
            self._others = {role: opened[reference] for role, reference in others.items()}
            if self.config.patient is not None and self._others["patient"].info.dialect == "starter":
                raise TrainingError(
                    "--patient would have no effect, since a program writes the lines of a starter "
                    "patient during training on interviews; leave it out"
                )
        return self._others

    def rows(self, policy: Policy, split: str, most: int | None) -> list[Row]:
        """Return one row per case; its prompts are made in play."""
        made = triage_rows(self.scenario, case_ids(self.scenario, split, most), policy.dialect, sees=policy.sees)
        rows = [
            replace(row, target=Target(row.case.truth.diagnosis, scenario=self.scenario))
            for row in made
            if row.case.truth.diagnosis
        ]
        return rows if split == "test" else without(rows, self.config.leave_out)

    def ready(self, policy: Policy, rows: Sequence[Row]) -> None:
        """Prepare a policy to play: open the models of the other roles and encode the photographs."""
        self.engine(policy)
        assert policy.vision_cache is not None
        policy.vision_cache.look_at(rows, self.scenario.revision, self.say)

    def measured(self, policy: Policy, rows: Sequence[Row]) -> Measured:
        """Play each case once at the temperature of play, with the same draws before and after, and evaluate."""
        policy.model.eval()
        engine, episodes = self.engine(policy), []
        for start in range(0, len(rows), AT_ONCE):
            part = [row.case for row in rows[start : start + AT_ONCE]]
            episodes += engine.play(part, [derive_seed("measured", case.id) for case in part], PLAYED)
        # A consultation that did not finish is wrong, as in a report.
        ended = [e.consultation.conclusion if e.interview.status == "finished" else None for e in episodes]
        named = [act.diagnosis if act else None for act in ended]
        formed = [not episode.failed for episode in episodes]
        return MeasuredInterviews(rows, named, [None] * len(rows), formed, episodes)

    def _metrics(self, before: Measured, validated: Measured, start: Measured, after: Measured, best: Any) -> Any:
        metrics = super()._metrics(before, validated, start, after, best)
        shown = (start, after) if start.rows else (before, validated)
        metrics["interview"] = compared(*shown)
        return metrics


def compared(before: Measured, after: Measured) -> dict[str, dict[str, Any]]:
    """Return the mean of each interview figure before and after, on the same cases, with the gain's interval."""
    assert isinstance(before, MeasuredInterviews) and isinstance(after, MeasuredInterviews)
    figures = {
        "right": lambda e: right_diagnosis(e.interview),
        "facts disclosed": lambda e: e.consultation.disclosed[0] / max(1, e.consultation.disclosed[1]),
        "doctor turns": lambda e: float(e.consultation.max_turns - e.consultation.turns_left),
        **{name: (lambda e, pays=pays: pays(e.interview)) for name, pays in INTERVIEW_REWARDS.items()},  # type: ignore[misc]
    }
    cases = [row.case.id for row in before.rows]
    found = {}
    for name, figure in figures.items():
        was, now = ([figure(episode) for episode in side.episodes] for side in (before, after))
        gain = mean([b - a for a, b in zip(was, now, strict=True)], cases)
        found[name] = {
            "n": len(was),
            "before": round(sum(was) / len(was), 6),
            "after": round(sum(now) / len(now), 6),
            "gain": round((sum(now) - sum(was)) / len(was), 6),
            "interval": ends(gain),
        }
    return found
