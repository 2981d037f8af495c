"""`3mdbench`: the result files of 3MDBench, laid out so that its scripts and its notebook find and score them.

```
results/RUN/case_K.json                     the dialogue, whether it ended, and the true diagnosis
results/assessment/RUN/case_K.json          an assessor's verdicts; of a second assessor, results/assessment/RUN-2
results/assessment/diags/RUN/case_K.json    the diagnoses that the doctor states
```

K is the row of the data set for imported cases, and the position in the run for others.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from consult.agents.acts import Act
from consult.agents.assessors.rubric import ITEMS
from consult.counts import count_of
from consult.envs.metrics.mdbench_scorer import extracted, whole_names
from consult.envs.metrics.outcomes import outcomes
from consult.envs.store.assessments import assessors_of
from consult.errors import UserError
from consult.render.export.exported import Exported, One, Written
from consult.scenarios import Scenario
from consult.scenarios.importing.mdbench import index_of

PARTS: Mapping[str, tuple[str, ...]] = {
    "Medical Interviewing Skills": ("1.1", "1.2", "1.3"),
    "Humanistic Care": ("2.1", "2.2"),
    "Comprehensive Diagnostic and Treatment Abilities": ("3.1", "3.2"),
    "Overall Clinical Competence": ("4.1",),
}
"""Its headings of the rubric → items."""
LEVELS = ("unsatisfactory", "satisfactory", "excellent")
END = "BREAK"
"""Its sign that the patient has ended the talk."""
_SPEAKER = re.compile(r"\b(Patient|Doctor|DIAG):")
"""Text at which its scripts split a dialogue."""
_COMMA = re.compile(r",")


def write_3mdbench(run: Exported, out: Path) -> Written:
    """Write a run's result files into a folder.

    A failed consultation has only a dialogue file, with its error, since its scorer stops at one. A consultation
    without a true diagnosis cannot be scored and is left out.

    Raises:
        UserError: The run plays a case several times, or its scenario cannot be read.
    """
    scenario = run.scenario
    if scenario is None:
        raise UserError(
            f"the scenario '{run.config.scenario}' cannot be read in the version that run {run.run['id']} was played "
            "with; restore it to export as 3mdbench"
        )
    consultations = [one for one in run.ended() if one.row["truth"] is not None]
    if not consultations:
        raise UserError(f"no consultation of run {run.run['id']} has a true diagnosis; export it as jsonl")
    numbers = _numbers(run, consultations)
    return _Files(run, out, scenario, numbers).write(consultations)


class _Files:
    """Writes the files of one run."""

    def __init__(self, run: Exported, out: Path, scenario: Scenario, numbers: Mapping[str, int]) -> None:
        self.run, self.out, self.scenario, self.numbers = run, out / "results", scenario, numbers
        self.name, self.assessors = str(run.run["id"]), assessors_of(run.store, run.run["id"])
        self.whole = whole_names(
            (*scenario.labels, *(alias for label in scenario.labels.values() for alias in label.aliases))
        )

    def write(self, consultations: Sequence[One]) -> Written:
        """Write them all."""
        played = {one.id: one for one in outcomes(self.run.store, self.run.run["id"], self.scenario)}
        written, unscored = Written(), Counter[str]()
        for one in consultations:
            words, truth = played[one.row["id"]].words, str(played[one.row["id"]].truth)
            self._dialogue(one, truth)
            written.consultations += 1
            if one.row["status"] == "failed":
                continue
            self._file(f"assessment/diags/{self.name}", one, {"diags": extracted(words, self.whole)})
            self._verdicts(one, unscored)
        everything = len(list(self.run.ended()))
        written.left_out = everything - len(consultations)
        written.notes = self._notes(consultations, unscored)
        return written

    def _dialogue(self, one: One, truth: str) -> None:
        if one.row["status"] == "failed":
            self._file(self.name, one, {"error": str(one.row["error"] or "failed")})
            return
        ended = one.row["status"] == "finished"
        text = dialogue(one.acts, ended=ended)
        self._file(self.name, one, {"dialogue": text, "dialogue_ended": ended, "diagnosis": truth.lower()})

    def _verdicts(self, one: One, unscored: Counter[str]) -> None:
        for nth, assessor in enumerate(self.assessors):
            values = self.run.verdicts(one.row["id"]).get(assessor, {})
            if any(values.get(item.key) is None for item in ITEMS):
                unscored[assessor] += 1
                continue
            folder = f"assessment/{self.name}" + (f"-{nth + 1}" if nth else "")
            self._file(folder, one, {"assessment": _assessment(values)})

    def _file(self, folder: str, one: One, data: Mapping[str, Any]) -> None:
        number = self.numbers[one.row["id"]]
        path = self.out / folder / f"case_{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({str(number): data}, ensure_ascii=False), encoding="utf-8")

    def _notes(self, consultations: Sequence[One], unscored: Counter[str]) -> list[str]:
        failed = sum(one.row["status"] == "failed" for one in consultations)
        notes = [f"{count_of(failed, 'failed consultation')} without a diagnosis file"] if failed else []
        notes += [
            f"{count_of(n, 'assessment')} of {assessor} left out: an item was not scored"
            for assessor, n in unscored.items()
        ]
        cut = [name for name in self.whole if _COMMA.search(name)]
        notes += [f"3MDBench's notebook splits names with a comma, such as '{cut[0]}'"] if cut else []
        return notes


def dialogue(acts: Sequence[Act], *, ended: bool) -> str:
    """Return a dialogue as 3MDBench's text: lines of patient and doctor in turns, the patient's first.

    Args:
        acts: The acts; what triage notes is not spoken, and lines of one side in a row are one line.
        ended: Whether the patient ended it, which the text says with its sign.
    """
    lines: list[tuple[str, str]] = []
    for act in acts:
        text = _SPEAKER.sub(r"\1 -", act.text.replace(END, END.lower())).strip()
        if act.speaker == "triage" or not text:
            continue
        name = "Patient" if act.speaker == "patient" else "Doctor"
        if lines and lines[-1][0] == name:
            lines[-1] = (name, f"{lines[-1][1]} {text}")
        elif lines or name == "Patient":
            lines.append((name, text))
    if ended and lines and lines[-1][0] == "Patient":
        lines[-1] = ("Patient", f"{lines[-1][1]} {END}")
    return "".join(f"{name}: {text}\n" for name, text in lines)


def _assessment(values: Mapping[str, int | None]) -> str:
    def said(key: str) -> int | str | None:
        value = values[key]
        return LEVELS[value] if key == "4.1" and value is not None else value

    return json.dumps({"Doctor assessment": {part: {key: said(key) for key in keys} for part, keys in PARTS.items()}})


def _numbers(run: Exported, consultations: Sequence[One]) -> dict[str, int]:
    """Return consultation → the number of its files.

    Raises:
        UserError: Two would have the same number.
    """
    indices = {one.row["id"]: index_of(one.row["case_id"]) for one in consultations}
    twice = Counter(one.row["case_id"] for one in consultations).most_common(1)[0]
    if twice[1] > 1:
        raise UserError(
            f"run {run.run['id']} plays the case '{twice[0]}' {twice[1]} times, and 3MDBench's files hold one "
            "consultation a case; export a run of one temperament a case without repeats"
        )
    found = {key: index for key, index in indices.items() if index is not None}
    return found if len(found) == len(indices) else {one.row["id"]: one.row["ordinal"] - 1 for one in consultations}
