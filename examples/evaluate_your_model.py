"""Compare a model of yours with the built-in one: each plays the attending physician of the same cases.

Run: python examples/evaluate_your_model.py
Change: `attending`. It gets the messages of a chat and the photographs, and returns a text; call your model in it.
Simplified: eight cases, one seed. For a paper, take all test cases (leave `cases` out) and read docs/benchmarking.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import consult

CASES = 8


def attending(messages: list[dict[str, str]], images: list[Any]) -> str:
    """Ask for nothing, and call every rash eczema: replace this by a call of your model."""
    task = messages[-1]["content"]
    if '{"action": "conclude"}' in task:
        return '{"action": "conclude", "text": "Thank you."}'
    if "<differential>" in task:
        return "<think>It itches.</think><answer>eczema</answer><urgency>routine</urgency>"
    return "I think that it is eczema. Please moisturise your skin every day."


def main(out: Path = Path("runs/evaluate")) -> None:
    """Play both, compare them on the same cases, and print where the report is."""
    out.mkdir(parents=True, exist_ok=True)
    db = out / "consult.db"
    mine = consult.simulate("derm34", cases=CASES, team="solo", attending=attending, db=db)
    starter = consult.simulate("derm34", cases=CASES, team="solo", db=db)
    report = consult.report([mine, starter], out=out / "report")
    accuracy = report.table[report.table["measure"] == "accuracy"]
    print(accuracy[["run", "condition", "value", "low", "high", "n"]].to_string(index=False))
    print(f"open {report.page}")


if __name__ == "__main__":
    main()
