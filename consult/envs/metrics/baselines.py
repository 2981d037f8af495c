"""Baselines: cheap ways to make a diagnosis, measured on the same cases as a run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from consult.envs.metrics.diagnosis import failed, judged
from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.intervals import share
from consult.envs.metrics.outcomes import Outcome
from consult.envs.metrics.paired import Difference, difference, holm, results
from consult.envs.store.predictions import predictions_by_classifier
from consult.envs.store.write import Store
from consult.scenarios import Scenario

Results = Mapping[str, Sequence[bool]]
"""Case → whether its consultations were right."""

MAJORITY, VOTE, SOLO, BAYES = "majority label", "panel's plurality vote", "solo doctor", "Bayes doctor"


@dataclass(frozen=True)
class Baseline:
    """One baseline, and the run's difference from it."""

    name: str
    what: str
    """Its source: the label, the classifier, the run of the solo doctor, or what the Bayes doctor is told."""
    figure: Estimate
    """Accuracy on the run's cases."""
    gain: Difference | None
    """The run minus the baseline; None if they share no case."""


def baselines(
    played: Sequence[Outcome],
    predictions: Mapping[str, Mapping[str, str]],
    bayes: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Baseline]:
    """Return the baselines that need no other run; empty if no consultation has a truth.

    Args:
        played: A run's consultations.
        predictions: Classifier → case → its first label; see `first_predictions`.
        bayes: Input of the Bayes doctor → case → its diagnosis; see `bayes_diagnoses`.
    """
    scored = judged(played)
    if not scored:
        return []
    label, _ = Counter(one.truth for one in scored).most_common(1)[0]
    found = [_of(MAJORITY, str(label), scored, {one.id: label for one in scored})]
    if any(one.opinions for one in scored):
        # A consultation that ended before its panel was asked has no vote, which counts as wrong.
        vote = _of(VOTE, "", scored, {one.id: one.vote for one in scored})
        left = sum(one.is_unjudged(one.vote) for one in scored)
        found.append(replace(vote, figure=vote.figure.having(failed(scored)).left_unjudged(left)))
    for classifier, named in predictions.items():
        seen = [one for one in scored if one.case in named]
        if seen:
            found.append(_of("classifier", classifier, seen, {one.id: named[one.case] for one in seen}))
    for told, named in (bayes or {}).items():
        seen = [one for one in scored if one.case in named]
        if seen:
            found.append(_of(BAYES, told, seen, {one.id: named[one.case] for one in seen}))
    return found


def bayes_diagnoses(scenario: Scenario, cases: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return each case's diagnosis by a doctor who knows the scenario's tables.

    Args:
        scenario: The scenario; without tables there is no such doctor.
        cases: Ids.

    Returns:
        The doctor's input (`complaint and photograph`, `all facts`) → case → diagnosis; empty without tables.
    """
    from consult.scenarios.bayes import BayesReader, seen_first_in, seen_in
    from consult.scenarios.case_generator import Grammar

    source = scenario.source
    if not isinstance(source, Grammar):
        return {}
    reader, found = BayesReader(source.tables), dict[str, dict[str, str]]()
    ways = {"complaint and photograph": seen_first_in, "all facts": seen_in}
    for case in filter(source.has, dict.fromkeys(cases)):
        draw = source.draw_of(case)
        for told, seen in ways.items():
            found.setdefault(told, {})[case] = reader.diagnosis(seen(draw, source.tables))
    return found


def against_solo(run: str, team: Results, solo: Results) -> Baseline | None:
    """Compare a team with a run of the solo doctor on the cases of both; None if they share none.

    Args:
        run: Id of the solo doctor's run.
        team: The team's results.
        solo: The solo doctor's.
    """
    shared = [case for case in solo if case in team]
    if not shared:
        return None
    hits = [(hit, case) for case in shared for hit in solo[case]]
    figure = share([hit for hit, _ in hits], [case for _, case in hits])
    return Baseline(SOLO, run, figure, difference(team, solo))


def corrected(found: Sequence[Baseline]) -> list[Baseline]:
    """Correct the p-values of a run's baselines together."""
    gains = iter(holm([one.gain for one in found if one.gain is not None]))
    return [one if one.gain is None else replace(one, gain=next(gains)) for one in found]


def first_predictions(store: Store, scenario_revision: str) -> dict[str, dict[str, str]]:
    """Return the stored predictions for a scenario: classifier → case → first label."""
    found = {
        classifier: {case: labels[0] for case, labels in named.items() if labels}
        for classifier, named in predictions_by_classifier(store, scenario_revision).items()
    }
    return {classifier: named for classifier, named in found.items() if named}


def _of(name: str, what: str, scored: Sequence[Outcome], said: Mapping[str, str | None]) -> Baseline:
    """Score the diagnosis that a baseline gives to each consultation, by its id."""
    hits = [one.is_right(said[one.id]) for one in scored]
    right: dict[str, list[bool]] = defaultdict(list)
    for one, hit in zip(scored, hits, strict=True):
        right[one.case].append(hit)
    return Baseline(name, what, share(hits, [one.case for one in scored]), difference(results(scored), right))
