"""What everything that is not the model costs: milliseconds a turn, with a scripted model.

Run: python benchmarks/overhead.py [--consultations 256] [--at-once 64] [--rounds 5]

Prints the median and the range over the rounds. Time inside the model's `generate` is taken off.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import load_scenario

SCRIPT = Path(__file__).parents[1] / "tests" / "data" / "panel.yaml"


def milliseconds_a_turn(consultations: int, at_once: int) -> tuple[float, int]:
    """Play once; give the milliseconds outside the model a turn, and the turns."""
    scenario = load_scenario("derm34")
    role = RoleConfig(model=f"scripted:{SCRIPT}")
    config = RunConfig(
        scenario="derm34",
        cases=tuple(scenario.case_ids("test")[:consultations]),
        temperaments=("sanguine",) * consultations,
        patient=role,
        triage=role,
        specialist=role,
        attending=role,
    )
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "a.db") as store:
        runner = Runner(scenario, config, Models.open(config), store, batch=at_once)
        summary = runner.run()
        outside = summary["wall_seconds"] - runner.model_seconds
        return 1000 * outside / summary["turns"], summary["turns"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consultations", type=int, default=256)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    rounds = [milliseconds_a_turn(asked.consultations, asked.at_once) for _ in range(asked.rounds)]
    costs = [cost for cost, _ in rounds]
    print(
        f"{statistics.median(costs):.2f} ms a turn outside the model (median of {asked.rounds}, "
        f"{min(costs):.2f} to {max(costs):.2f}; {rounds[0][1]} turns, {asked.at_once} consultations at once)"
    )


if __name__ == "__main__":
    main()
