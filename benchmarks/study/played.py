"""What the study has played: cells, replays, and turns, as its stores hold them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.agents.acts import Act
from consult.agents.choices import STRATEGIES, TEAMS
from consult.envs.store.write import Store
from consult.scenarios import Scenario, load_scenario

Row = dict[str, Any]


def cell(store: Store, strategy: str, team: str, split: str = "test") -> str | None:
    """Find the finished run of a cell; None where there is none."""
    rows = store.query(
        "SELECT id FROM runs WHERE status = 'finished' AND json_extract(config, '$.strategy') = ? "
        "AND json_extract(config, '$.team') = ? AND json_extract(config, '$.split') = ? ORDER BY rowid DESC LIMIT 1",
        strategy,
        team,
        split,
    )
    return rows[0]["id"] if rows else None


@dataclass
class Played:
    """All finished cells of the files, and the cases they are about."""

    cells: dict[tuple[str, str], list[Row]]
    acts: dict[tuple[str, str], list[list[Act]]]
    scenario: Scenario

    @classmethod
    def read(cls, files: Sequence[Path], split: str = "test") -> Played:
        """Read a split's; a later file wins."""
        cells, acts = {}, {}
        for path in files:
            with Store(path, create=False) as store:
                for strategy in STRATEGIES:
                    for team in TEAMS:
                        run = cell(store, strategy, team, split)
                        if run is not None:
                            rows = store.consultations(run)
                            cells[strategy, team] = rows
                            acts[strategy, team] = [store.acts(row["id"]) for row in rows]
        return cls(cells, acts, load_scenario("derm34"))

    def right(self, strategy: str, team: str) -> list[bool]:
        """Tell for each case whether the final diagnosis was right."""
        return [bool(row["correct"]) for row in self.cells[strategy, team]]

    def on_same_cases(self, a: tuple[str, str], b: tuple[str, str]) -> tuple[list[bool], list[bool]]:
        """Return whether the diagnosis was right in two cells, for the cases that both played."""
        first, second = ({row["case_id"]: bool(row["correct"]) for row in self.cells[cell]} for cell in (a, b))
        common = [case for case in first if case in second]
        return [first[case] for case in common], [second[case] for case in common]

    def main(self) -> list[tuple[Row, list[Act]]]:
        """Give the consultations of the panel in dialogue."""
        return list(zip(self.cells["dialogue", "panel"], self.acts["dialogue", "panel"], strict=True))


def replays(files: Sequence[Path]) -> dict[str, list[bool]]:
    """Read what the panel came to after a right and after a wrong triage; empty where that was not played."""
    found = {}
    for path in files:
        for arm in ("right", "wrong"):
            replayed = path.with_suffix(f".{arm}.json")
            if replayed.exists():
                found[arm] = [row["right"] for row in json.loads(replayed.read_text())]
    return found


def opinions_of(acts: Sequence[Act]) -> list[str | None]:
    """List the diagnoses of the panel's opinions; None for "not my field"."""
    return [opinion.diagnosis for act in acts if act.action == "consult" for opinion in act.opinions]
