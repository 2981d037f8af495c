"""Score a finished run: one assessor's verdict on each consultation, without playing it again.

All items of a consultation are committed in one transaction, so a killed assessment continues with the consultations
that it has not judged, and ends with the same verdicts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from consult.agents.acts import AssessorView
from consult.agents.assessors.model import Assessor, Judges, ProgramAssessor
from consult.agents.assessors.rubric import ITEMS, Verdict, not_scored
from consult.agents.assessors.rules import RULES, VERSION, WRONG, Played, assess_by_rules
from consult.agents.choices import TALK
from consult.agents.models import Model
from consult.agents.roles.client import RequestContext, RoleClient, Sampling
from consult.envs.batcher import AT_ONCE, Batcher, at_once
from consult.envs.config import stored_config
from consult.envs.consultation import to_line
from consult.envs.events import Event, Listener
from consult.envs.loops import run_to_end
from consult.envs.store.assessments import (
    ItemSummary,
    answered_consultations,
    contradicted_consultations,
    failed_assessments,
    item_summaries,
    reasonless,
)
from consult.envs.store.exchanges import Exchanges
from consult.envs.store.prompt_rows import Asked
from consult.envs.store.readable import stored_decision
from consult.envs.store.rows import Row
from consult.envs.store.runs import count_by_status, keeps_prompts
from consult.envs.store.write import Store
from consult.plugins import PluginError
from consult.scenarios import Scenario
from consult.scenarios.correct import is_known

NO_REPLY = "no reply: "
"""Prefix of the reason if the model failed; the same command judges such a consultation again."""
SAMPLING = Sampling(temperature=0.3)
"""Not greedy: a greedy judge would give the same reply when asked again."""
NEAR_GREEDY = Sampling(temperature=0.01)
"""The same for a run by 3MDBench's protocol, whose assessor is nearly greedy."""

Judged = tuple[str, Mapping[str, Verdict]]


def rules_name() -> str:
    """Name the rule assessor as the store does."""
    return f"{RULES}@{VERSION}"


def model_name(model: Model) -> str:
    """Name a model as an assessor: reference and revision."""
    return f"{model.info.reference}@{model.info.revision}" if model.info.revision else model.info.reference


def name_of(judge: Judges) -> str:
    """Name an assessor as the store does."""
    return judge.name if isinstance(judge, ProgramAssessor) else model_name(judge)


@dataclass
class Assessing:
    """One assessor's pass through one run.

    Args:
        scenario: The run's scenario.
        store: Holds the run.
        run: The run's id.
        assessor: The assessor's name in the store.
        batch: Consultations at once, and the most requests in one batch; None for as many as keep a server busy, and at
            least 32.
        listen: Called with every verdict, after it was committed.
    """

    scenario: Scenario
    store: Store
    run: str
    assessor: str
    batch: int | None = None
    listen: Listener = field(default=lambda event: None)

    def __post_init__(self) -> None:
        self._pending: list[Judged] = []
        self._asked: list[Asked] = []
        self._exchanges = Exchanges(keeps_prompts(self.store, self.run))

    def by(self, judge: Judges) -> Event:
        """Judge by a program or a model, and return the summary.

        Raises:
            ModelGoneError: The model stopped responding; finished verdicts are stored; rerun the command.
        """
        return self.by_program(judge) if isinstance(judge, ProgramAssessor) else self.by_model(judge)

    def by_rules(self) -> Event:
        """Judge by the rules, and return the summary."""
        return self.by_program(ProgramAssessor(rules_name(), assess_by_rules))

    def by_program(self, judge: ProgramAssessor) -> Event:
        """Judge by a program, and return the summary; if it raises, no item of that consultation is scored."""
        left = self._begin()
        for row in left:
            try:
                verdicts = judge.assess(self._played(row))
            except PluginError as error:
                verdicts = not_scored(f"{NO_REPLY}{error}")
            self._pending.append((row["id"], verdicts))
            if len(self._pending) >= (self.batch or AT_ONCE):
                self._flush()
        return self._end()

    def by_model(self, model: Model) -> Event:
        """Judge with a model, and return the summary.

        Raises:
            ModelGoneError: The model stopped responding; finished verdicts are stored; rerun the command.
        """
        left = self._begin()
        batcher = Batcher(chunk=self.batch or AT_ONCE, commit=self._flush)
        try:
            workers = min(at_once(self.batch, [model]), len(left))
            run_to_end(self._all(left, batcher, Assessor(self._client(model, batcher)), workers))
        finally:
            batcher.shutdown()
            if batcher.intact:
                self._flush()
        return self._end()

    def _client(self, model: Model, batcher: Batcher) -> RoleClient:
        row = self.store.run(self.run)
        talks = row is not None and stored_config(row["config"]).protocol == TALK
        sampling = NEAR_GREEDY if talks else SAMPLING
        return RoleClient("assessor", model.info, batcher.for_model(model), sampling, self._exchanges.record)

    async def _all(self, left: Sequence[Row], batcher: Batcher, judge: Assessor, workers: int) -> None:
        rows = iter(left)
        batcher.open(workers)
        tasks = [asyncio.create_task(self._worker(rows, batcher, judge)) for _ in range(workers)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _worker(self, rows: Iterator[Row], batcher: Batcher, judge: Assessor) -> None:
        try:
            for row in rows:
                # Not within `append(…)`: the list may have been replaced by the time the verdicts arrive.
                verdicts = await self._judge(row, batcher, judge)
                self._pending.append((row["id"], verdicts))
                self._asked += self._exchanges.of_verdict(row["ordinal"], row["id"])
        finally:
            batcher.close()

    async def _judge(self, row: Row, batcher: Batcher, judge: Assessor) -> Mapping[str, Verdict]:
        seed = (row["seed"], row["case_id"], row["temperament"], row["repeat"])
        context = RequestContext(row["ordinal"], seed, turn=0, nth=row["ordinal"] - 1)
        try:
            return await judge.assess(view_of(self._played(row)), context)
        except Exception as error:
            if batcher.broken is not None:
                raise batcher.broken from None
            return not_scored(f"{NO_REPLY}{type(error).__name__}: {error}")

    # -- what is judged --------------------------------------------------------------------------------------------

    def _played(self, row: Row) -> Played:
        case, acts = self.scenario.case(row["case_id"]), tuple(self.store.acts(row["id"]))
        return Played(case, self.scenario.for_case(case), acts, stored_decision(row))

    def _begin(self) -> list[Row]:
        over = [row for row in self.store.consultations(self.run) if row["status"] in ("finished", "unfinished")]
        done = judged_consultations(self.store, self.run, self.assessor)
        left = [row for row in over if row["id"] not in done]
        resumed = len(over) - len(left)
        self.listen(
            {
                "event": "assess",
                "run": self.run,
                "assessor": self.assessor,
                "consultations": len(over),
                "earlier": resumed,
            }
        )
        return left

    def _flush(self) -> None:
        """Commit the verdicts since the last commit, then report them."""
        judged, self._pending = sorted(self._pending, key=lambda pair: int(pair[0].rpartition(".")[2])), []
        asked, self._asked = sorted(self._asked, key=lambda one: int(one.consultation.rpartition(".")[2])), []
        if judged:
            self.store.keep_assessments(self.assessor, judged, asked)
        for consultation, verdicts in judged:
            self.listen(assessment_event(consultation, self.assessor, verdicts))

    def _end(self) -> Event:
        self._flush()
        summary = assessment_summary(self.store, self.run, self.assessor)
        self.listen(summary)
        return summary


def view_of(played: Played) -> AssessorView:
    """Return an assessor's view of a finished consultation."""
    case, conclusion = played.case, played.conclusion
    # An extracted conclusion is nobody's words.
    lines = tuple(to_line(act, case) for act in played.acts if act.text or act.action != "conclude")
    concluded = conclusion.diagnosis if conclusion else None
    truth = case.truth.diagnosis if is_known(case.truth.diagnosis, played.scenario) else None
    return AssessorView(lines, truth, case.photograph, case.truth.urgency, concluded, case.further)


def judged_consultations(store: Store, run: str, assessor: str) -> set[str]:
    """Return the consultations that an assessor has judged.

    Consultations without a reply are judged again. The rules also rescore those that another judge has decided since.
    """
    judged = answered_consultations(store, run, assessor, NO_REPLY)
    return judged - contradicted_consultations(store, run, assessor, WRONG) if _is_rules(assessor) else judged


def _is_rules(assessor: str) -> bool:
    return assessor.partition("@")[0] == RULES


def assessment_event(consultation: str, assessor: str, verdicts: Mapping[str, Verdict]) -> Event:
    """Describe the verdicts on one consultation."""
    return {
        "event": "assessment",
        "consultation": consultation,
        "assessor": assessor,
        "items": {
            key: {"value": verdict.value, "why": verdict.why, "turns": list(verdict.turns)}
            for key, verdict in verdicts.items()
        },
    }


def assessment_summary(store: Store, run: str, assessor: str) -> Event:
    """Describe an assessor's verdicts on a run: mean and n per item; failures and items open by design are separate."""
    counts, found = count_by_status(store, run), item_summaries(store, run, assessor)
    empty = reasonless(store, run).get(assessor)
    return {
        "event": "summary",
        "run": run,
        "assessor": assessor,
        "consultations": counts.get("finished", 0) + counts.get("unfinished", 0),
        "left_out": counts.get("failed", 0) + counts.get("running", 0),
        "items": [_figure(found[item.key], item.name, item.levels[-1]) for item in ITEMS if item.key in found],
        "no_reason": {"verdicts": empty.verdicts if empty else 0, "of": _owed(found.values())},
        "failures": failed_assessments(store, run, assessor),
    }


def _owed(found: Iterable[ItemSummary]) -> int:
    return sum(one.n + one.missing - one.open for one in found)


def _figure(found: ItemSummary, name: str, highest: int) -> Event:
    return {
        "item": found.item,
        "name": name,
        "n": found.n,
        "mean": found.mean,
        "highest": highest,
        "judge_failed": found.missing - found.open,
        "not_decided": found.open,
    }
