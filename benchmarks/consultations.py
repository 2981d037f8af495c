"""How good the default model's consultations are: every strategy and team on all test cases, with intervals.

Run: python benchmarks/consultations.py play --db FILE [--cells dialogue/panel,no-dialogue/solo] [--model starter]
     python benchmarks/consultations.py triage --db FILE        # replays the panel after a right and a wrong triage
     python benchmarks/consultations.py alarms --db FILE        # plays the 600 cases with a late alarm and their twins
     python benchmarks/consultations.py report --db FILE [--db FILE …]

`play`, `triage` and `alarms` continue what an earlier call left in the file. Intervals are 95 %: Wilson's for shares of
consultations; the bootstrap over cases (5,000 draws, seed 0) for means, for differences in pairs and wherever one
consultation gives several items, whose consultation is then drawn as a whole; McNemar's test is exact.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from study.aims import aim_table
from study.lines import interview_table, line_table, reason_table, temperament_table, voice_table
from study.outcomes import (
    accuracy_table,
    alarm_table,
    confidence_table,
    difference_table,
    group_table,
    panel_table,
    replay_table,
    triage_table,
)
from study.played import Played
from study.playing import play_alarms, play_cells, replay_triage

from consult.agents.choices import STRATEGIES, TEAMS


def report(files: Sequence[Path], split: str = "test") -> Iterator[str]:
    """Write the tables."""
    played = Played.read(files, split)
    yield from aim_table(files, played)
    yield from accuracy_table(played)
    yield from difference_table(played)
    if ("dialogue", "panel") in played.cells:
        yield from triage_table(played)
        yield from panel_table(played)
        yield from replay_table(files, played)
        yield from group_table(played)
        yield from interview_table(played)
        yield from temperament_table(played)
        yield from voice_table(played)
        yield from reason_table(played)
        yield from line_table(played)
        yield from confidence_table(played)
    yield from alarm_table(files)


def main() -> None:
    """Run one of the four steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("play", "triage", "alarms", "report"))
    parser.add_argument("--db", type=Path, action="append", required=True)
    parser.add_argument("--cells", default=",".join(f"{s}/{t}" for s in STRATEGIES for t in TEAMS))
    parser.add_argument("--model", default="starter")
    parser.add_argument("--split", default="test", help="of the cells of `play` and `report`")
    parser.add_argument("--cases", type=int, default=680)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=64)
    given = parser.parse_args()
    if given.step == "play":
        cells = [tuple(entry.split("/")) for entry in given.cells.split(",")]
        play_cells(given.db[0], cells, given.model, given.cases, given.seed, given.batch, given.split)  # type: ignore[arg-type]
    elif given.step == "alarms":
        play_alarms(given.db[0], given.model, given.cases, given.seed, given.batch)
    elif given.step == "triage":
        replay_triage(given.db[0], given.batch)
    else:
        for line in report(given.db, given.split):
            print(line)


if __name__ == "__main__":
    main()
