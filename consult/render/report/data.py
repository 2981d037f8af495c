"""What a report says, as plain data: this is report.json; docs/report.md describes it."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from consult.render.terminal import DISCLAIMER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consult.envs.metrics import Outcome
    from consult.envs.metrics.baselines import Baseline
    from consult.envs.metrics.fidelity import Rate
    from consult.envs.store.rows import Row
    from consult.envs.store.write import Store
    from consult.scenarios import Scenario

Data = dict[str, Any]

SCHEMA = "consult-report/4"
MOST_CELLS = 2_500
"""Cells of the confusion matrix that are not 0; open diagnoses can have any number of them."""
MOST_FAILED = 100
"""Failed consultations that are listed with their errors; the file of all consultations has the rest."""


Each = Callable[[str, "list[Outcome]"], None]


def described(store: Store, runs: Sequence[str], each: Each = lambda run, played: None) -> Data:
    """Measure runs.

    Args:
        store: Where they are.
        runs: Their ids; each is read, measured and released before the next.
        each: Called with a run's consultations before they are released.
    """
    from consult.envs.conditions import Conditions
    from consult.envs.metrics.paired import results
    from consult.envs.store.benchmarks import benchmark_of
    from consult.render.report.comparisons import comparisons, not_compared, with_solo
    from consult.version import __version__

    told, right = [], {}
    with _no_search_for_cycles():
        for run in runs:
            data, played = _run(store, run)
            told.append(data)
            each(run, played)
            right[run] = results(played)
    conditions = Conditions({data["run"]: data["settings"] for data in told}, _assessors(told))
    for data in told:
        data["label"] = conditions.labels[data["run"]]
        data["condition"] = conditions.cells(data["run"])
        data["baselines"] = with_solo(data, told, right, conditions)
    return {
        "schema": SCHEMA,
        "disclaimer": DISCLAIMER,
        "consult": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "benchmark": benchmark_of(store, runs),
        "conditions": {
            "differing": conditions.differing,
            "common": conditions.common,
            "models": {short: model for model, short in conditions.short_models.items()},
        },
        "runs": told,
        "comparisons": comparisons(told, right, conditions),
        "not_compared": not_compared(told),
    }


def _assessors(told: Sequence[Data]) -> list[str]:
    return list(dict.fromkeys(assessor for data in told for assessor in data["rubric"]))


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Stop the garbage collector from visiting a hundred thousand outcomes repeatedly: they have no cycles."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _run(store: Store, run: str) -> tuple[Data, list[Outcome]]:
    from consult.envs.deciding import decide_again
    from consult.envs.metrics import outcomes
    from consult.scenarios import load_scenario

    row = store.run(run)
    assert row is not None
    scenario = load_scenario(row["scenario"])
    decide_again(store, run, scenario)
    played = list(outcomes(store, run, scenario))
    judging = _judging(store, run, played)
    data = {
        **_configuration(row, scenario, judging["judges"]),
        "consultations": _counts(played, row),
        "headlines": _headlines(played, scenario),
        "judging": judging,
        "legacy": _legacy(played, scenario),
        "triage": _triage(played, scenario),
        "urgency": _urgency(played),
        "panel": _panel(played),
        "baselines": _baselines(store, row, played, scenario),
        "calibration": _calibration(played),
        "groups": _groups(played),
        "temperaments": _temperaments(played),
        "confusion": _confusion(played),
        "rubric": _rubric(store, run),
        "rubric_mean": _rubric_mean(store, run),
        "no_reason": _reasonless(store, run),
        "agreement": _agreement(store, run),
        "cost": _cost(played),
        **_lines(store, run),
        "unusable": _unusable(store, run),
        **_replies(store, run, scenario),
    }
    return data, played


def _configuration(row: Row, scenario: Scenario, judges: Sequence[str]) -> Data:
    from consult.envs.capabilities import notes
    from consult.envs.config import RunConfig
    from consult.envs.metrics.fidelity import check_note
    from consult.envs.settings import THEN, settings_of

    config = RunConfig.model_validate_json(row["config"])
    models, versions = json.loads(row["models"]), json.loads(row["versions"])
    revision = row["scenario_revision"]
    return {
        "run": row["id"],
        "status": row["status"],
        "created": row["created"],
        "settings": settings_of(
            config,
            models,
            scenario,
            revision=revision,
            judge=THEN.join(judges),
            version=versions.get("consult", ""),
            prompts=row["prompt_revision"],
        ),
        "scenario": row["scenario"],
        "scenario_revision": revision,
        "scenario_changed": scenario.revision != revision,
        "split": config.split,
        "strategy": config.strategy,
        "team": config.team,
        "seed": row["seed"],
        "models": models,
        "capabilities": json.loads(row["capabilities"] or "{}"),
        "notes": notes(json.loads(row["capabilities"] or "{}"), config),
        "versions": versions,
        "wall_seconds": row["wall_seconds"],
        "grounded": config.patient_grounding,
        "check": check_note(row),
    }


def _counts(played: Sequence[Outcome], row: Row) -> Data:
    by_status = {status: sum(one.status == status for one in played) for status in ("finished", "unfinished", "failed")}
    lost = [{"id": one.id, "case": one.case, "error": one.error} for one in played if one.status == "failed"]
    return {
        "planned": row["consultations"],
        "ended": len(played),
        **by_status,
        "cases": len({one.case for one in played}),
        "without_truth": sum(one.truth is None for one in played),
        "no_diagnosis": sum(one.status == "finished" and one.diagnosis is None for one in played),
        "demo": sum(one.demo for one in played),
        "failures": lost[:MOST_FAILED],
    }


def _headlines(played: Sequence[Outcome], scenario: Scenario) -> Data:
    from consult.envs.metrics import diagnosis

    if scenario.asks_questions:
        figures = {"accuracy": diagnosis.accuracy(played), **diagnosis.answers(played)}
        return {name: figure.as_json() for name, figure in figures.items()}
    labels = list(scenario.labels)
    figures = {
        "accuracy": diagnosis.accuracy(played),
        **{f"{average} F1": figure for average, figure in diagnosis.f1(played, labels).items()},
        "top 3": diagnosis.top_three(played),
        **diagnosis.referrals(played),
    }
    return {name: figure.as_json() for name, figure in figures.items()}


def _judging(store: Store, run: str, played: Sequence[Outcome]) -> Data:
    """Return who has judged open diagnoses, how many nobody has, and the range of accuracy that judging could give."""
    from consult.envs.metrics.diagnosis import judging_range, unjudged
    from consult.envs.store.judgements import count_decided

    decided = {by: sum(one.correct_by == by for one in played) for by in ("match", "alias", "judge", "unjudged")}
    possible = judging_range(played)
    return {
        "judges": count_decided(store, run),
        "correct_by": decided,
        "unjudged": unjudged(played),
        "judge_failed": sum(one.judge_failed for one in played),
        "accuracy_range": None if possible is None else list(possible),
    }


def _legacy(played: Sequence[Outcome], scenario: Scenario) -> Data:
    from consult.envs.metrics.mdbench_scorer import legacy

    if scenario.asks_questions:
        return {"f1": None, "predictions": 0, "dropped": 0.0, "why": "it scores no answers to questions"}
    aliases = [alias for label in scenario.labels.values() for alias in label.aliases]
    return asdict(legacy(played, list(scenario.labels), aliases))


def _triage(played: Sequence[Outcome], scenario: Scenario) -> Data | None:
    from consult.envs.metrics.team import triage

    found = triage(played, scenario)
    return None if found is None else asdict(found)


def _urgency(played: Sequence[Outcome]) -> Data | None:
    from consult.envs.metrics.urgency import urgencies

    found = urgencies(played)
    return None if found is None else asdict(found)


def _panel(played: Sequence[Outcome]) -> Data | None:
    from consult.envs.metrics.team import panel

    found = panel(played)
    return None if found is None else asdict(found)


def _baselines(store: Store, row: Row, played: Sequence[Outcome], scenario: Scenario) -> list[Baseline]:
    from consult.envs.metrics.baselines import baselines, bayes_diagnoses, first_predictions

    # The tables of another revision know nothing of these cases.
    same = scenario.revision == row["scenario_revision"]
    bayes = bayes_diagnoses(scenario, [one.case for one in played]) if same else {}
    return baselines(played, first_predictions(store, row["scenario_revision"]), bayes)


def _calibration(played: Sequence[Outcome]) -> Data | None:
    from consult.envs.metrics.calibration import calibration

    found = calibration(played)
    return asdict(found) if found.curve else None


def _groups(played: Sequence[Outcome]) -> Data:
    from consult.envs.metrics.groups import GROUPINGS, by_group

    return {
        grouping: {name: figure.as_json() for name, figure in by_group(played, grouping).items()}
        for grouping in GROUPINGS
    }


def _temperaments(played: Sequence[Outcome]) -> list[Data]:
    from consult.envs.metrics.paired import between_temperaments

    return [{"a": a, "b": b, **asdict(found)} for (a, b), found in between_temperaments(played).items()]


def _confusion(played: Sequence[Outcome]) -> list[Data]:
    from consult.envs.metrics.diagnosis import confusion

    return [{"truth": truth, "said": said, "n": n} for truth, said, n in confusion(played)[:MOST_CELLS]]


def _rubric(store: Store, run: str) -> Data:
    from consult.envs.metrics.rubric import rubric

    return {
        assessor: {item: figure.as_json() for item, figure in items.items()}
        for assessor, items in rubric(store, run).items()
    }


def _reasonless(store: Store, run: str) -> Data:
    """Return assessor → how many of its verdicts had no reason of its own, of how many."""
    from consult.envs.store.assessments import reasonless

    return {assessor: found._asdict() for assessor, found in reasonless(store, run).items()}


def _rubric_mean(store: Store, run: str) -> Data:
    from consult.envs.metrics.rubric import rubric_means

    return {assessor: figure.as_json() for assessor, figure in rubric_means(store, run).items()}


def _cost(played: Sequence[Outcome]) -> Data:
    from consult.envs.metrics.cost import cost

    return {name: figure.as_json() for name, figure in cost(played).items()}


def _agreement(store: Store, run: str) -> list[Data]:
    from consult.envs.metrics.agreement import agreements

    return [asdict(pair) for pair in agreements(store, run)]


def _lines(store: Store, run: str) -> Data:
    from consult.envs.metrics.dialogue_metrics import lines

    found = lines(store, run)
    return {
        "fidelity": {name: figure.as_json() for name, figure in found.fidelity.items()},
        "temperament_lines": {
            name: {mood: figure.as_json() for mood, figure in by.items()} for name, by in found.directions.items()
        },
    }


def _unusable(store: Store, run: str) -> list[Data]:
    from consult.envs.metrics.parse_failures import unusable_answers

    return [{"role": one.role, "model": one.model, **_rate(one.rate)} for one in unusable_answers(store, run)]


def _replies(store: Store, run: str, scenario: Scenario) -> Data:
    from consult.envs.metrics.replies import events, replies, unusable_roles

    counted = replies(store, run)
    return {
        "replies": events(counted),
        "unusable_roles": unusable_roles(counted, run, store.path, scenario.specialties),
    }


def _rate(rate: Rate) -> Data:
    from consult.envs.metrics.estimate import Estimate

    low, high = rate.interval or (None, None)
    return Estimate(rate.share, low, high, rate.n, rate.n, method="wilson").as_json()
