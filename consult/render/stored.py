"""Stored consultations with their cases, as far as their scenarios can still be read.

A scenario is read once, and anew when its files have changed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from consult.envs.config import stored_config
from consult.envs.store.queries import unknown_consultation, verdicts_on
from consult.envs.store.runs import stored_run
from consult.envs.store.write import Store
from consult.envs.user_case import world
from consult.errors import UserError
from consult.render.page import png
from consult.render.page_parts import Row, Told
from consult.render.prompts import ShownPrompts
from consult.scenarios import (
    BUILT_IN,
    Card,
    Case,
    Fact,
    Photograph,
    Question,
    Scenario,
    Truth,
    UnknownNameError,
    load_scenario,
)

MOST_KEPT = 8
"""Scenarios kept in memory."""
MOST_PICTURES = 200
_LOADING = threading.Lock()

Stamp = tuple[tuple[str, int, int], ...]
"""Name, time and size of a scenario's files."""


@dataclass(frozen=True)
class _Remembered:
    """What the store alone knows of a case; a `CaseSource` where the scenario cannot be read."""

    row: Row

    def ids(self, split: str) -> Sequence[str]:
        """List nothing."""
        return ()

    def get(self, case_id: str) -> Case:
        """Return the case without what only its scenario knows: photograph and facts."""
        row = self.row
        card = Card(Fact("complaint", "complaint", ""), (), skin_type=row["skin_type"])
        truth = Truth(row["truth"], row["true_specialty"], row["true_urgency"])
        asked = Question("", dataset=row["dataset"] or "") if row["question_form"] else None
        return Case(case_id, card, truth, style=row["style"], question=asked)


def told(store: Store, consultation: str, place: str = "t", *, prompts: bool = False) -> Told:
    """Return a consultation with all that a page tells of it.

    Args:
        store: Where it is.
        consultation: Its id.
        place: How the ids of its turns begin.
        prompts: Whether what was asked is told, too.

    Raises:
        UnknownNameError: There is no such consultation.
    """
    row, run = _rows(store, consultation)
    scenario, case, lost = _case(store, row, run)
    picture = "" if case.photograph is None else f"/photographs/{quote(consultation)}"
    further = tuple(f"{picture}?n={number}" for number in range(2, len(case.photographs) + 1))
    acts, verdicts = store.acts(consultation), verdicts_on(store, consultation)
    asked = ShownPrompts.of(store, row, run) if prompts else None
    return Told(row, run, acts, case, scenario, verdicts, picture, lost, asked, place, further)


def photograph(store: Store, consultation: str, number: int = 1) -> bytes | None:
    """Return a photograph of a consultation as a PNG; None if there is none, or none any more.

    Args:
        store: Where the consultation is.
        consultation: Its id.
        number: 1 for the first photograph of its case.

    Raises:
        UnknownNameError: There is no such consultation.
    """
    row, run = _rows(store, consultation)
    _, case, _ = _case(store, row, run)
    there = 1 <= number <= len(case.photographs)
    return _png(_stamp(run["scenario"]), case.photographs[number - 1]) if there else None


def _rows(store: Store, consultation: str) -> tuple[Row, Row]:
    row = store.consultation(consultation)
    if row is None:
        raise unknown_consultation(store, consultation)
    return row, stored_run(store, row["run_id"])


def _case(store: Store, row: Row, run: Row) -> tuple[Scenario, Case, str]:
    """Return scenario and case; where they cannot be read, what the store knows, and why in a sentence."""
    config, reference = stored_config(run["config"]), run["scenario"]
    try:
        scenario = world(_scenario(reference, _stamp(reference)), config, store)
        return scenario, scenario.case(row["case_id"]), ""
    except (UserError, OSError) as error:
        scenario = world(_without_files(run, row), config, store)
        return scenario, scenario.case(row["case_id"]), _why(reference, error)


def _why(reference: str, error: Exception) -> str:
    if isinstance(error, UnknownNameError) and error.kind == "scenario":
        fix = "its path is taken from the folder in which consult view was started"
        return f"The scenario '{reference}' is not to be found, so that photograph and card are missing; {fix}."
    return f"The scenario '{reference}' cannot be read, so that photograph and card are missing: {error}."


def _without_files(run: Row, row: Row) -> Scenario:
    name = run["scenario"]
    return Scenario(name, name, {}, {}, {}, _Remembered(row), revision=run["scenario_revision"])


def _scenario(reference: str, stamp: Stamp) -> Scenario:
    # One thread reads it, and the others wait for it.
    with _LOADING:
        return _loaded(reference, stamp)


@lru_cache(maxsize=MOST_KEPT)
def _loaded(reference: str, stamp: Stamp) -> Scenario:
    return load_scenario(reference)


@lru_cache(maxsize=MOST_PICTURES)
def _png(stamp: Stamp, photograph: Photograph) -> bytes:
    return png(photograph.load())


def _stamp(reference: str) -> Stamp:
    """Tell one state of a scenario's files from another."""
    if reference in BUILT_IN:
        return ()
    folder = Path(reference)
    found = [(path, path.stat()) for pattern in ("*.yaml", "*.jsonl") for path in sorted(folder.glob(pattern))]
    return tuple((path.name, stat.st_mtime_ns, stat.st_size) for path, stat in found)
