"""Play cases of your own: write a scenario folder, check it, and let the built-in reference doctor play it.

Run: python examples/your_own_scenario.py
Change: `LABELS` and `CASES`. docs/scenarios.md explains every key.
Simplified: two diagnoses, two invented patients, no photographs. Do not use cases of real patients without permission.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import consult

SCENARIO = """\
name: colds
title: Two invented patients
topics:
  duration: how long it has lasted
  fever: whether there is a fever
"""
LABELS = """\
labels:
  common cold:
    specialty: general practice
    urgency: routine
    aliases: [viral rhinitis]
    explanation: "A common cold is an infection of the nose and throat by a virus."
    plan: [Drink enough and rest.]
    safety_net: Come back if you are short of breath.
  influenza:
    specialty: general practice
    urgency: soon
    aliases: [flu]
    explanation: "Influenza is an infection by a virus that comes suddenly, with fever and aching muscles."
    plan: [Stay in bed while you have a fever.]
    safety_net: Call us if you are confused or short of breath.
"""
CASES = [
    {
        "id": "nose",
        "complaint": "My nose has been running",
        "diagnosis": "common cold",
        "facts": [
            {"topic": "duration", "text": "it started three days ago"},
            {"topic": "fever", "text": "I haven't had a fever", "none": True},
        ],
    },
    {
        "id": "ache",
        "complaint": "I ache all over",
        "diagnosis": "influenza",
        "facts": [
            {"topic": "duration", "text": "it came on last night"},
            {"topic": "fever", "text": "I have a high fever"},
        ],
    },
]


def attending(messages: list[dict[str, str]], images: list[Any]) -> str:
    """Conclude with influenza: a placeholder for a model that can read the cases."""
    task = messages[-1]["content"]
    if '{"action": "conclude"}' in task:
        return '{"action": "conclude", "text": "Thank you."}'
    if "<differential>" in task:
        return "<think>It goes round.</think><answer>flu</answer><urgency>soon</urgency>"
    return "I think that you have the flu. Stay in bed while you have a fever."


def write(folder: Path) -> None:
    """Write the three files of a scenario."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    (folder / "labels.yaml").write_text(LABELS, encoding="utf-8")
    (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in CASES), encoding="utf-8")


def main(out: Path = Path("runs/colds")) -> None:
    """Write the folder, check it, play it, and print what was right."""
    folder = out / "scenario"
    write(folder)
    subprocess.run([sys.executable, "-m", "consult", "scenarios", "check", str(folder)], check=True)
    run = consult.simulate(folder, cases=len(CASES), team="solo", attending=attending, db=out / "consult.db")
    columns = ["case_id", "diagnosis_words", "diagnosis", "correct", "correct_by"]
    print(run.consultations[columns].to_string(index=False))
    print(run["ache"])


if __name__ == "__main__":
    main()
