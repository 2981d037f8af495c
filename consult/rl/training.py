"""Train a general practitioner, the triage doctor or the attending physician, by GRPO or by copying right answers.

Run `consult train triage --out DIR` or `consult train attending --out DIR`. Simplifications: single decisions; all
other roles frozen; one reward per completion; vision tower and projector frozen.

Intermediate files are in `DIR/work`, from which a killed training run continues; the result is in `DIR`.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consult.agents.models import Role
from consult.agents.models.human import NOBODY
from consult.counts import count_of
from consult.envs.placement import Placement
from consult.envs.question_settings import refuse_doctors, refuse_settings
from consult.reading import read_object
from consult.rl.config import TrainConfig, TrainingError
from consult.rl.data.dataset import Row, attending_row, case_ids, triage_rows, without
from consult.rl.policy.policy import Policy
from consult.rl.rewards.curriculum import Phase, empty_stages, histogram, phases, with_warm_up
from consult.rl.runtime.callbacks import Best, PhaseCallback
from consult.rl.runtime.distributed import is_main, main_first, wait_for_all
from consult.rl.runtime.evaluation import (
    NOTHING,
    Measured,
    comparison,
    comparison_by_group,
    comparison_by_stage,
    measure,
    share_of_urgencies,
)
from consult.rl.runtime.output_dir import BROKEN, same_team
from consult.rl.runtime.results import write_decisions, write_results
from consult.rl.runtime.schedule import Clock
from consult.rl.trainers.rollout_store import Player, RolloutStore, others_of, team_of
from consult.rl.trainers.rollouts import RolloutEngine
from consult.rl.trainers.trainer_factory import fit
from consult.scenarios import UnknownNameError, load_scenario
from consult.whole_files import write_whole

Say = Callable[[str], None]
ENOUGH_USABLE = 0.8
"""Share of usable answers from which on GRPO of free text needs no warm-up."""
TRIED = 16
"""Train cases on which that is found out."""
TRACKERS = ("none", "trackio", "tensorboard", "wandb")


@dataclass(frozen=True)
class Sets:
    """Decisions for training and decisions for evaluation."""

    train: list[Row]
    validation: list[Row]


@dataclass
class Training:
    """A training run, from its checks to its result."""

    config: TrainConfig
    out: Path
    say: Say
    placement: Placement = field(default_factory=Placement)
    """Where the models that play beside the one in training are loaded."""

    def __post_init__(self) -> None:
        self.work = self.out / "work"
        self.scenario = load_scenario(self.config.scenario)
        seconds = self.config.minutes * 60 if self.config.minutes else None
        self.clock = Clock(self.config.steps, seconds)
        self.main = is_main()
        self._team: dict[Role, Player] | None = None

    def run(self) -> dict[str, Any]:
        """Train, evaluate and write the result; return the figures of metrics.json."""
        begun = time.monotonic()
        self.check()
        policy = Policy.open(self.config)
        refuse_doctors(self.scenario, [policy.speaker.info])
        sets = self.sets(policy)
        self.ready(policy, [*sets.train, *sets.validation])
        plan = phases(sets.train, self.config)
        # Every mistake in the configuration has been refused before this point, and nothing has been written.
        self._begin(policy)
        self._tell_sets(policy, sets)
        before = self.measured(policy, sets.validation)
        self.say(
            f"before: {before.accuracy:.1%} of {count_of(len(before.rows), 'validation case')} right, "
            f"{before.usable:.1%} of the answers usable"
        )
        plan = self._warmed_up(policy, plan, sets.train)
        self._tell_plan(plan)
        best = Best(self.work / "best", before.accuracy)
        for number, phase in enumerate(plan, 1):
            policy = self._phase(policy, number, phase, plan, sets, best)
        del policy
        return self._finish(before, best, plan, begun) if self.main else {}

    def _warmed_up(self, policy: Policy, plan: list[Phase], train: Sequence[Row]) -> list[Phase]:
        """Return the plan, with a warm-up if GRPO would hardly find a usable answer to reward."""
        if policy.vision_cache is not None or self.config.method != "grpo":
            return plan
        tried = train[:TRIED]
        drawn = zip(policy.sample_freely(tried), tried, strict=True)
        usable = sum(policy.read(text, row, self.scenario).named is not None for text, row in drawn)
        few = f"{usable} of {count_of(len(tried), 'answer')} without a schema can be used"
        if usable >= ENOUGH_USABLE * len(tried):
            self.say(few)
            return plan
        longer = with_warm_up(plan, self.config) if self.config.warm_up else plan
        if len(longer) > len(plan):
            self.say(f"{few}: a warm-up copies right answers first; --warm-up 0 leaves it out")
        else:
            self.say(f"{few}, and there is no warm-up: pass --warm-up 0.2 with more --steps, or --method sft+grpo")
        return longer

    def check(self) -> None:
        """Check the configuration before a model is loaded.

        Raises:
            TrainingError: There are no such cases, the tracker is not installed, or no consultation is played that
                replicas could play.
            UserError: Replicas are asked for, and no model has local weights.
            UnknownNameError: There is no such specialty or tracker.
        """
        config = self.config
        for specialty in config.leave_out:
            if specialty not in self.scenario.specialties:
                raise UnknownNameError("specialty", specialty, self.scenario.specialties)
        for split, most in (("train", config.cases), ("validation", config.validation)):
            case_ids(self.scenario, split, most)
        case_ids(self.scenario, "test", config.test if config.test or "test" in self.scenario.splits else 0)
        refuse_settings(self.scenario, ["patient"] if config.patient is not None else [])
        self._check_placement()
        if config.report_to not in TRACKERS:
            raise UnknownNameError("tracker", config.report_to, TRACKERS)
        if config.report_to != "none" and importlib.util.find_spec(config.report_to) is None:
            raise TrainingError(f"{config.report_to} is not installed; pip install it, or leave --report-to out")

    def _check_placement(self) -> None:
        if self.config.role != "triage":
            self.placement.check(self.players())
        elif self.placement != Placement():
            flag = "ray" if self.placement.replicas is None else "replicas"
            raise TrainingError(
                f"--{flag} would have no effect, since a triage decision is trained only on complaint and photograph; "
                "leave it out"
            )

    def players(self) -> list[str]:
        """Return the references of the models that play consultations and are not trained while they play."""
        return [*others_of(self.config).values(), self.config.model]

    def _begin(self, policy: Policy) -> None:
        with main_first():
            self.work.mkdir(parents=True, exist_ok=True)
            if self.main:
                if self.config.role != "triage":
                    same_team({role: str(player) for role, player in self.team(policy).items()}, self.out)
                write_whole(self.work / "config.json", self.config.model_dump_json(indent=2))

    # -- what it is trained and measured on ------------------------------------------------------------------------

    def sets(self, policy: Policy) -> Sets:
        """Return the train and validation decisions."""
        config = self.config
        train = self._some(policy, "train", config.cases)
        validation = self._some(policy, "validation", config.validation)
        if policy.sees and not any(row.view.photograph for row in train):
            raise TrainingError(
                f"no train case of '{self.scenario.name}' has a photograph, and '{config.model}' needs them; "
                "add photographs, or give a text-only model"
            )
        return Sets(train, validation)

    def _some(self, policy: Policy, split: str, most: int | None) -> list[Row]:
        found = self.rows(policy, split, most)
        if not found:
            flag = {"train": "--cases", "validation": "--validation"}[split]
            raise TrainingError(
                f"no decision is left on the {split} cases: cases left out, without a truth, or whose consultation "
                f"failed do not count; use more {flag}, or leave fewer out"
            )
        return found

    def rows(self, policy: Policy, split: str, most: int | None) -> list[Row]:
        """Return the decisions of a split's first cases; test cases include the specialties left out of training."""
        ids = case_ids(self.scenario, split, most)
        if self.config.role == "triage":
            made = triage_rows(self.scenario, ids, policy.dialect, sees=policy.sees, most=policy.most_photographs)
        else:
            with main_first():
                made = self._attending_rows(policy, split, ids)
        return made if split == "test" else without(made, self.config.leave_out)

    def _attending_rows(self, policy: Policy, split: str, ids: Sequence[str]) -> list[Row]:
        config, store = self.config, self.rollout_store(policy)
        if config.panel_skill is None:
            found = store.rollouts(split, ids)
        else:
            found = store.synthetic_panels(split, ids, config.panel_skill, config.panel_draws)
        rows = [
            attending_row(
                name,
                one,
                policy.dialect,
                sees=policy.sees,
                rationale=config.rationale,
                most=policy.most_photographs,
            )
            for name, one in found
        ]
        return [row for row in rows if row is not None]

    def measured(self, policy: Policy, rows: Sequence[Row]) -> Measured:
        """Evaluate a policy's decisions."""
        return measure(policy, rows, self.scenario, self.config.votes)

    def engine(self, policy: Policy) -> RolloutEngine | None:
        """Return the engine that plays whole consultations with a policy; None if single decisions are trained."""
        return None

    def rollout_store(self, policy: Policy) -> RolloutStore:
        """Return the source of interviews."""
        config, team = self.config, self.team(policy)
        return RolloutStore(self.scenario, config.scenario, team, config.db, self.say, self.placement)

    def team(self, policy: Policy) -> dict[Role, Player]:
        """Return the model of each role; the policy counts as it was before training."""
        if self._team is None:
            self._team = team_of(self.config, policy.revision)
            if self.scenario.asks_questions:
                self._team["patient"] = Player(NOBODY)
        return self._team

    def ready(self, policy: Policy, rows: Sequence[Row]) -> None:
        """Prepare a policy to decide rows: set its constraint and encode their photographs."""
        policy.constrain(rows)
        if policy.vision_cache is not None:
            with main_first():
                policy.vision_cache.look_at(rows, self.scenario.revision, self.say)

    def _tell_sets(self, policy: Policy, sets: Sets) -> None:
        trained = sum(p.numel() for p in policy.model.parameters() if p.requires_grad)
        self.say(
            f"{self.config.role} by {self.config.method}: {count_of(len(sets.train), 'decision')} of train cases, "
            f"{len(sets.validation):,} of validation cases, {count_of(trained, 'weight')}"
        )
        if self.config.role == "attending":
            for row in histogram(sets.train):
                self.say(row)
            for stage in empty_stages(sets.train, self.config):
                self.say(f"stage {stage} is empty: no panel fits it; use --panel-skill 0.5 to make some up")

    def _tell_plan(self, plan: Sequence[Phase]) -> None:
        for phase in plan:
            self.say(
                f"phase {phase.name}: {phase.method}, {count_of(len(phase.rows), 'decision')}, until {phase.until:.0%} "
                f"of the run, entropy weight {phase.entropy:g}, KL weight {phase.beta:g}"
            )

    # -- training --------------------------------------------------------------------------------------------------

    def _phase(
        self, policy: Policy, number: int, phase: Phase, plan: Sequence[Phase], sets: Sets, best: Best
    ) -> Policy:
        """Train a phase, or skip one that an earlier process has finished; return the next phase's policy."""
        folder = self.work / f"{number}-{phase.name}"
        done = folder / "done"
        if not (done / "clock.json").is_file():
            folder.mkdir(exist_ok=True)
            watcher = PhaseCallback(
                policy,
                phase,
                self.clock,
                lambda: self.measured(policy, sets.validation),
                best,
                self.config.check_every,
                self.say,
                folder,
            )
            taken = fit(
                policy,
                phase,
                self.scenario,
                self.clock,
                folder,
                [watcher],
                engine=self.engine(policy),
                resume=True,
                steps=self._steps(number, plan),
            )
            self.clock.pause(taken)
            if self.main:
                policy.save(done)
                write_whole(done / "clock.json", json.dumps({"spent": self.clock.spent, "done": self.clock.done}))
            wait_for_all()
        else:
            kept = read_object(done / "clock.json", numbers=("spent", "done"), fix=BROKEN)
            self.clock.spent, self.clock.done = kept["spent"], kept["done"]
        if number == len(plan):
            return policy
        following = Policy.open(self.config, start=done)
        self.ready(following, [*sets.train, *sets.validation])
        return following

    def _steps(self, number: int, plan: Sequence[Phase]) -> int | None:
        if self.config.steps is None:
            return None
        ends = [0, *(round(phase.until * self.config.steps) for phase in plan)]
        return max(1, ends[number] - ends[number - 1])

    # -- the end ---------------------------------------------------------------------------------------------------

    def _finish(self, before: Measured, best: Best, plan: Sequence[Phase], begun: float) -> dict[str, Any]:
        """Evaluate the best weights, loaded from disk as a user would load them, and write the result."""
        config, start = self.config, Policy.open(self.config)
        if best.where == "start":
            self.say("no weights did better than the start on validation cases: the result decides as the start does")
            start.save(best.folder)
        test = self.rows(start, "test", config.test) if config.test != 0 and "test" in self.scenario.splits else []
        if test:
            self.ready(start, test)
        first = self._tested(start, test)
        del start  # so that a large model is not in memory twice
        after = Policy.open(config, start=best.folder)
        self.ready(after, [*before.rows, *test])
        validated, tested = self.measured(after, before.rows), (first, self._tested(after, test))
        metrics = self._metrics(before, validated, *tested, best)
        metrics["wall_seconds"] = round(time.monotonic() - begun, 1)
        # Until metrics.json is there, a killed process leaves parts of this, which the same training writes again.
        after.save(self.out)
        write_whole(self.out / "training.json", config.model_dump_json(indent=2) + "\n")
        curves = [self.work / f"{n}-{phase.name}" / "curve.csv" for n, phase in enumerate(plan, 1)]
        write_decisions(self.out / "decisions.csv", [(before, validated), *([tested] if test else [])])
        write_results(self.out, config, metrics, curves)
        shutil.rmtree(self.work)
        return metrics

    def _tested(self, policy: Policy, rows: Sequence[Row]) -> Measured:
        """Evaluate on the test cases."""
        return self.measured(policy, rows) if rows else NOTHING

    def _metrics(
        self, before: Measured, validated: Measured, start: Measured, after: Measured, best: Best
    ) -> dict[str, Any]:
        validation = comparison(before, validated)
        test = comparison(start, after)
        headline = test if test["n"] else validation
        metrics: dict[str, Any] = {
            **{name: headline[name] for name in ("n", "cases", "before", "after", "gain", "interval", "p")},
            "split": "test" if test["n"] else "validation",
            "role": self.config.role,
            "method": self.config.method,
            "seed": self.config.seed,
            "seconds": round(self.clock.spent, 1),
            "steps": self.clock.done,
            "chosen": best.where,
            "validation": validation,
            "test": test,
        }
        shown = (start, after) if start.rows else (before, validated)
        metrics["by_group"] = comparison_by_group(*shown)
        if self.config.role == "attending":
            metrics["by_stage"] = comparison_by_stage(*shown)
            votes = [row.target.is_right(row.vote) for row in shown[0].rows]
            metrics["vote"] = round(sum(votes) / len(votes), 6)
            metrics["synthetic"] = self.config.panel_skill is not None
        else:
            metrics["urgency"] = [share_of_urgencies(one) for one in shown]
        metrics["usable"] = [round(one.usable, 6) for one in shown]
        metrics["formed"] = [round(sum(one.formed) / len(one.rows), 6) for one in shown]
        return metrics
