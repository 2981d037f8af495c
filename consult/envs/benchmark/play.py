"""Play a planned benchmark cell by cell, and assess its runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consult.envs.benchmark.plan import Company, Planned
from consult.envs.held import holding, lock_of, scoring

if TYPE_CHECKING:
    from consult.agents.models import Opener
    from consult.envs.benchmark.grid import Grid
    from consult.envs.events import Event, Listener
    from consult.envs.placement import Placement
    from consult.envs.store.write import Store
    from consult.scenarios import Scenario


@dataclass
class Benchmark:
    """A benchmark in progress.

    Args:
        grid: The grid to play.
        toml: The grid with every default in it.
        scenario: The scenario of all cells.
        planned: The planned cells.
        company: Opens the cells' models.
        store: The store of the runs.
        anew: Whether to ignore earlier runs.
        placement: How many consultations are played at once, and where the models are loaded.
        listen: Called with every event.
        prompts: Whether to store the models' prompts and replies.
    """

    grid: Grid
    toml: str
    scenario: Scenario
    planned: Sequence[Planned]
    company: Company
    store: Store
    anew: bool
    placement: Placement
    listen: Listener
    prompts: bool = False
    id: str = ""
    runs: list[str] = field(default_factory=list)
    """Run ids in the order of the cells."""
    judge_failed: int = 0

    def play(self) -> None:
        """Play what is left, then assess; after any interruption, the same call continues.

        Raises:
            HeldError: Another process plays the same benchmark.
            ModelGoneError: A model stopped responding.
            KeyboardInterrupt: Interrupted.
        """
        from consult.envs.store.benchmarks import begin_benchmark

        self.id = begin_benchmark(self.store, self.toml, anew=self.anew)
        path, what = self.store.path, f"benchmark {self.id} is being played"
        with holding(lock_of(path, self.id), path, what, "wait for it, and run the same command to continue"):
            self._play_and_assess()

    def _play_and_assess(self) -> None:
        from consult.envs.store.benchmarks import end_benchmark

        self._ask_classifier()
        self.runs = [self._play(one) for one in self.planned]
        self.company.close()
        if self.grid.judges_diagnoses():
            self._judge_diagnoses(self.grid.judge)
        for judge in self.grid.judges():
            self._assess(judge)
        end_benchmark(self.store, self.id)

    # -- playing ---------------------------------------------------------------------------------------------------

    def _ask_classifier(self) -> None:
        """Run the classifier on every case once: it is a baseline for all strategies."""
        from consult.agents.experts.classifier import open_classifier
        from consult.agents.models import ModelError
        from consult.envs.classifier_predictions import (
            ClassifierPredictions,
            check_photographs,
            check_shown,
            classifier_name,
        )
        from consult.plugins import PluginError
        from consult.scenarios import PhotographError

        cases = list(dict.fromkeys(case for one in self.planned for case in one.cell.config.cases))
        widest = max((one.cell.config for one in self.planned), key=lambda config: len(config.cases))
        try:
            check_shown(self.scenario, widest)
            classifier = open_classifier(self.grid.classifier)
            check_photographs(classifier, self.scenario, widest)
        except ModelError as error:
            self.listen({"event": "classifier", "classifier": None, "cases": 0, "why": str(error)})
            return
        self.listen(
            {"event": "classifier", "classifier": classifier_name(classifier), "cases": len(cases), "why": None}
        )
        predictions = ClassifierPredictions(classifier, self.scenario, self.store, cases)
        for case in cases:
            # A photograph that cannot be opened gets no prediction, and only its own consultations fail.
            with suppress(PhotographError, PluginError):
                predictions.of(case)

    def _play(self, one: Planned) -> str:
        from consult.envs.runner import Runner
        from consult.envs.store.benchmarks import keep_run

        if one.run is not None:
            keep_run(self.store, self.id, one.cell.number, one.run)
            self.listen({"event": "cell", "cell": one.cell.number, "run": one.run, "earlier": True})
            return one.run

        def listen(event: Event) -> None:
            if event["event"] == "run":
                # Written before any of it is shown, so that a killed benchmark finds its own runs again.
                keep_run(self.store, self.id, one.cell.number, event["run"])
                self.listen({"event": "cell", "cell": one.cell.number, "run": event["run"], "earlier": False})
            self.listen(event)

        models = self.company.of(one.cell)
        config, prompts = one.cell.config, self.prompts
        runner = Runner(self.scenario, config, models, self.store, self.placement.batch, listen, prompts=prompts)
        run: str = runner.run()["run"]
        return run

    # -- assessing -------------------------------------------------------------------------------------------------

    def _judge_diagnoses(self, reference: str) -> None:
        from consult.agents.assessors.judge import open_judge
        from consult.agents.models import close_model
        from consult.envs.judging import Judging

        model = open_judge(reference, self._opener(reference))
        try:
            for run in self.runs:
                # Another process that judges the run is waited for: its verdicts count for this benchmark as well.
                with scoring(self.store.path, run, reference, patience=-1):
                    summary = Judging(self.scenario, self.store, run, model, self.placement.batch, self.listen).judge()
                self.judge_failed += len(summary["failures"])
        finally:
            close_model(model)

    def _opener(self, reference: str) -> Opener:
        return self.placement.opener([reference], sum(len(one.cell.config.plan()) for one in self.planned)).open

    def _assess(self, judge: str) -> None:
        from consult.agents.assessors.model import open_assessor
        from consult.agents.models import close_model
        from consult.envs.assessing import Assessing, name_of

        opened = open_assessor(judge, self._opener(judge))
        try:
            for run in self.runs:
                work = Assessing(self.scenario, self.store, run, name_of(opened), self.placement.batch, self.listen)
                with scoring(self.store.path, run, work.assessor, patience=-1):
                    self.judge_failed += len(work.by(opened)["failures"])
        finally:
            close_model(opened)
