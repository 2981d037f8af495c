"""Decides again what was left unjudged because its scenario could not be read when the store was brought up to date."""

from __future__ import annotations

from consult.envs.store.write import Store
from consult.scenarios import Scenario
from consult.scenarios.correct import correct


def decide_again(store: Store, run: str, scenario: Scenario) -> int:
    """Decide the unjudged consultations of a run that names and aliases do decide, and store it.

    A list of labels leaves nothing unjudged. Open diagnoses are decided again only by the version that was played:
    aliases that were added later make another version, which counts for runs that are played with it.

    Args:
        store: Holds the run.
        run: Its id.
        scenario: The run's.

    Returns:
        How many were decided.
    """
    rows = store.query(
        "SELECT c.id, c.diagnosis, c.truth, r.scenario_revision AS revision FROM consultations c "
        "JOIN runs r ON r.id = c.run_id WHERE c.run_id = ? AND c.correct_by = 'unjudged'",
        run,
    )
    known = [row for row in rows if scenario.labels or row["revision"] == scenario.revision]
    decided = [(row["id"], correct(row["diagnosis"], row["truth"], scenario)) for row in known]
    found = [(identifier, one) for identifier, one in decided if one.by != "unjudged"]
    if found:
        store.keep_decisions(found)
    return len(found)
