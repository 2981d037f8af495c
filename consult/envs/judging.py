"""Judge the open diagnoses of a run that neither names nor aliases decide, without playing it again.

A verdict and its decision are committed together, so killed judging continues with the consultations that are left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from consult.agents.assessors.judge import NO_REPLY, Judge, Judgement
from consult.agents.models import Model
from consult.agents.roles.client import RequestContext
from consult.envs.batcher import AT_ONCE, Batcher, at_once
from consult.envs.config import Plan
from consult.envs.events import Event, Listener
from consult.envs.loops import run_to_end
from consult.envs.role_models import judge_of
from consult.envs.store.exchanges import Exchanges
from consult.envs.store.judgements import count_verdicts, failed_judgements, verdicts_by
from consult.envs.store.prompt_rows import Asked
from consult.envs.store.readable import stored_decision
from consult.envs.store.rows import Row
from consult.envs.store.runs import keeps_prompts
from consult.envs.store.write import Store
from consult.errors import UserError
from consult.scenarios import Scenario
from consult.scenarios.correct import RELATIONS, Correct, correct


class JudgingError(UserError):
    """A run that cannot be judged; the message is one sentence with the fix."""


class _Judged(NamedTuple):
    row: Row
    judgement: Judgement
    decided: Correct
    asked: list[Asked]


def refuse_judging(scenario: Scenario) -> None:
    """Refuse to judge if a list of labels decides.

    Raises:
        JudgingError: The scenario lists its diagnoses.
    """
    if scenario.labels:
        raise JudgingError(
            f"'{scenario.name}' lists its diagnoses, so names decide and nothing is left to judge; leave --judge out"
        )


async def judged(judge: Judge, batcher: Batcher, plan: Plan, said: str, truth: str) -> Judgement:
    """Ask a judge about one consultation; a failed request gives the reason and no verdict.

    Args:
        judge: The judge.
        batcher: Batches its requests; if the model stops responding, judging ends.
        plan: The consultation's plan.
        said: The doctor's diagnosis.
        truth: The true diagnosis.

    Raises:
        ModelGoneError: The model has stopped responding.
    """
    context = RequestContext(
        plan.ordinal, (plan.seed, plan.case, plan.temperament, plan.repeat), turn=0, nth=plan.ordinal - 1
    )
    try:
        return await judge.compare(said, truth, context)
    except Exception as error:
        if batcher.broken is not None:
            raise batcher.broken from None
        return Judgement(None, f"{NO_REPLY}{type(error).__name__}: {error}")


@dataclass
class Judging:
    """One judge's pass through one run.

    Args:
        scenario: The run's scenario.
        store: Holds the run.
        run: The run's id.
        model: The judge's model.
        batch: Consultations at once, and the most requests in one batch; None for as many as keep a server busy, and at
            least 32.
        listen: Called with every verdict, after it was committed.

    Raises:
        JudgingError: The scenario lists its diagnoses.
        ModelError: The model was not trained to judge.
    """

    scenario: Scenario
    store: Store
    run: str
    model: Model
    batch: int | None = None
    listen: Listener = field(default=lambda event: None)

    def __post_init__(self) -> None:
        refuse_judging(self.scenario)
        self._pending: list[_Judged] = []
        self._exchanges = Exchanges(keeps_prompts(self.store, self.run))
        self._batcher = Batcher(chunk=self.batch or AT_ONCE, commit=self._flush)
        self._judge = judge_of(self.model, self._batcher, record=self._exchanges.record)

    def judge(self) -> Event:
        """Judge the remaining consultations, and return the summary.

        Raises:
            ModelGoneError: The model has stopped responding; finished verdicts are stored; rerun the command.
        """
        try:
            run_to_end(self._all(self._begin()))
        finally:
            self._batcher.shutdown()
            if self._batcher.intact:
                self._flush()
        summary = judging_summary(self.store, self.run, self._judge.name)
        self.listen(summary)
        return summary

    def _begin(self) -> list[Row]:
        """List the consultations for this judge, after names and aliases have decided the others."""
        rows = [row for row in self.store.consultations(self.run) if row["correct_by"] in ("judge", "unjudged")]
        named = [(row, correct(row["diagnosis"], row["truth"], self.scenario)) for row in rows]
        self.store.keep_decisions((row["id"], one) for row, one in named if one.by != "unjudged")
        open_ = [row for row, one in named if one.by == "unjudged"]
        done = verdicts_by(self.store, self.run, self._judge.name)
        # The judge that was named last decides, even if another one has judged since its verdict.
        kept = [(row["id"], done[row["id"]], self._decided(row, done[row["id"]])) for row in open_ if row["id"] in done]
        self.store.keep_judgements(self._judge.name, kept)
        left = [row for row in open_ if row["id"] not in done]
        told = {"run": self.run, "judge": self._judge.name, "consultations": len(open_)}
        self.listen({"event": "judge", **told, "earlier": len(open_) - len(left)})
        return left

    def _decided(self, row: Row, judgement: Judgement) -> Correct:
        if judgement.relation is None and row["correct_by"] == "judge":
            # Another judge's verdict counts until there is a new one.
            return stored_decision(row)
        return correct(row["diagnosis"], row["truth"], self.scenario, relation=judgement.relation)

    async def _all(self, left: Sequence[Row]) -> None:
        rows, workers = iter(left), min(at_once(self.batch, [self.model]), len(left))
        self._batcher.open(workers)
        tasks = [asyncio.create_task(self._worker(rows)) for _ in range(workers)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _worker(self, rows: Iterator[Row]) -> None:
        try:
            for row in rows:
                plan = Plan(case=row["case_id"], **{name: row[name] for name in _PLANNED})
                judgement = await judged(self._judge, self._batcher, plan, row["diagnosis"], row["truth"])
                asked = self._exchanges.of_verdict(row["ordinal"], row["id"])
                self._pending.append(_Judged(row, judgement, self._decided(row, judgement), asked))
        finally:
            self._batcher.close()

    def _flush(self) -> None:
        """Commit the verdicts since the last commit, then report them."""
        done, self._pending = sorted(self._pending, key=lambda one: one.row["ordinal"]), []
        verdicts = [(one.row["id"], one.judgement, one.decided) for one in done]
        self.store.keep_judgements(self._judge.name, verdicts, [asked for one in done for asked in one.asked])
        for one in done:
            self.listen(judgement_event(one.row["id"], self._judge.name, one.judgement, one.decided))


_PLANNED = ("ordinal", "temperament", "strategy", "team", "seed", "repeat")


def judgement_event(consultation: str, judge: str, judgement: Judgement, decided: Correct) -> Event:
    """Describe a verdict on one consultation."""
    return {
        "event": "judgement",
        "consultation": consultation,
        "judge": judge,
        "verdict": judgement.relation,
        "why": judgement.why,
        "correct": decided.correct,
        "correct_by": decided.by,
    }


def judging_summary(store: Store, run: str, judge: str) -> Event:
    """Describe a judge's verdicts on a run, and the run's results with them."""
    row = store.run(run)
    assert row is not None
    found, failures = count_verdicts(store, run, judge), failed_judgements(store, run, judge)
    return {
        "event": "summary",
        "run": run,
        "judge": judge,
        "verdicts": {relation: found.get(relation, 0) for relation in RELATIONS},
        "failures": failures,
        "failed_unjudged": sum(one["correct_by"] == "unjudged" for one in failures),
        "correct": row["correct"],
        "with_truth": row["with_truth"],
        "unjudged": row["unjudged"],
        "accuracy": row["correct"] / row["with_truth"] if row["with_truth"] else None,
    }
