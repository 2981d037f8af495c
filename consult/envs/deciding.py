"""Decide consultations that stayed unjudged because their scenario could not be read when the store was migrated."""

from __future__ import annotations

from consult.envs.store.judgements import undecided
from consult.envs.store.write import Store
from consult.scenarios import Scenario
from consult.scenarios.correct import correct


def decide_again(store: Store, run: str, scenario: Scenario) -> int:
    """Decide the unjudged consultations of a run that names and aliases can decide, and store the result.

    With a list of labels, nothing is unjudged. Open diagnoses are decided again only by the scenario version that was
    played: aliases that were added later make a new version, which applies to runs that are played with it.

    Args:
        store: Holds the run.
        run: Its id.
        scenario: The run's scenario.

    Returns:
        The number of consultations that were decided.
    """
    known = [one for one in undecided(store, run) if scenario.labels or one.revision == scenario.revision]
    decided = [(one.id, correct(one.diagnosis, one.truth, scenario)) for one in known]
    found = [(identifier, one) for identifier, one in decided if one.by != "unjudged"]
    if found:
        store.keep_decisions(found)
    return len(found)
