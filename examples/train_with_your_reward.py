"""Train the triage doctor with a reward of yours, and play with the adapter that comes out.

Run: python examples/train_with_your_reward.py            # about four minutes of a laptop's processor
Change: `brief`. It gets a decision and what was wanted, and returns a number; 1.0 is what you would pay for.
Simplified: the preset `smoke` trains for two minutes on 600 cases. Read docs/training.md before you believe a figure.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import consult


@consult.reward(weight=0.2)
def brief(decision: Any, wanted: Any) -> float:
    """1.0 when the decision takes at most 30 words."""
    return float(len(decision.text.split()) <= 30)


def main(out: Path = Path("runs/brief-triage"), **limits: Any) -> None:
    """Train, print the validation figures before and after, and play four cases."""
    given = limits or {"preset": "smoke"}
    rewards = {f"{Path(__file__)}:brief": 0.2}
    figures = consult.train("triage", rewards=rewards, out=out, db=out.parent / "consult.db", **given)
    print(f"right before: {figures['before']}, after: {figures['after']}, interval: {figures['interval']}")
    run = consult.simulate("derm34", cases=4, triage=str(out), db=out.parent / "consult.db")
    print(run.consultations[["case_id", "specialty", "true_specialty", "correct"]].to_string(index=False))


if __name__ == "__main__":
    sys.exit(main())
