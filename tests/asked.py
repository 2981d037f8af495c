"""A folder of questions about pictures, and a script that answers them, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

OPTIONS = ("liver", "lung", "heart")
SETS = ("vqa-rad", "slake", "omnimedvqa")


def questions(count: int = 12, split: str = "test") -> list[dict[str, Any]]:
    """Make lines of cases.jsonl: two of three with options, among them every second with yes and no."""
    made = []
    for number in range(count):
        one: dict[str, Any] = {"id": f"{split}-{number}", "split": split, "dataset": SETS[number % 3]}
        one |= {"modality": "CT" if number % 2 else "fundus", "type": "organ", "image": f"p{number % 4}.png"}
        one["specialty"] = "radiology" if number % 2 else "ophthalmology"
        if number % 3 == 2:
            one |= {"question": "What is abnormal?", "answer": "the left lung"}
        elif number % 2:
            one |= {"question": "Is it normal?", "options": ["yes", "no"], "answer": "no"}
        else:
            one |= {"question": "Which organ is shown?", "options": list(OPTIONS), "answer": "lung"}
        made.append(one)
    return made


def folder(at: Path, lines: list[dict[str, Any]] | None = None, **settings: Any) -> Path:
    """Write a scenario of questions with four pictures."""
    at.mkdir(parents=True)
    for number, colour in enumerate(("red", "green", "blue", "white")):
        Image.new("RGB", (40, 40), colour).save(at / f"p{number}.png")
    written = {"kind": "vqa", "name": "asked", "title": "Questions", "in_domain": ["vqa-rad", "slake"], **settings}
    (at / "scenario.yaml").write_text(json.dumps(written), encoding="utf-8")
    cases = questions() if lines is None else lines
    (at / "cases.jsonl").write_text("".join(json.dumps(one) + "\n" for one in cases), encoding="utf-8")
    return at


def script(at: Path, attending: str = "B", specialist: str = "lung", sees: bool = True) -> str:
    """Write a script of a model that always answers the same, and return its reference."""

    def answer(said: str) -> str:
        return json.dumps({"findings": "a picture", "reasoning": "it fits", "answer": said, "confidence": 0.7})

    triage = json.dumps({"findings": "a picture", "reasoning": "it fits", "specialty": "radiology"})
    replies = {"triage": [triage], "specialist": [answer(specialist)], "attending": [answer(attending)]}
    at.write_text(json.dumps({"replies": replies, "sees": sees}), encoding="utf-8")
    return f"scripted:{at}"
