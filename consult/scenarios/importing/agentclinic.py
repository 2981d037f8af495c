"""AgentClinic's OSCE cases (arXiv 2405.07960): patient actor, examination findings, test results, diagnosis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from consult.scenarios.importing.cleaning import as_text
from consult.scenarios.importing.columns import flattened
from consult.scenarios.importing.entries import named
from consult.scenarios.importing.first_person import symptom
from consult.scenarios.importing.records import read_objects, rows_from
from consult.scenarios.importing.row import Passage, Row, Rows, UnusableRow
from consult.scenarios.importing.sentences import sentences

_TOPICS = {
    "Past_Medical_History": "history",
    "Social_History": "social",
    "Family_History": "family",
    "Current_Medications": "treatment",
    "Medications": "treatment",
    "Drug_History": "treatment",
    "Allergies": "allergies",
    "Review_of_Systems": "symptoms",
}


def read_agentclinic(source: Path) -> Rows:
    """Read the cases of an `agentclinic_*.jsonl`."""
    return rows_from(read_objects(source), _row)


def _row(fields: Mapping[str, Any]) -> Row:
    case = fields.get("OSCE_Examination", fields)
    actor = case.get("Patient_Actor") if isinstance(case, Mapping) else None
    if not isinstance(actor, Mapping):
        raise UnusableRow("there is no Patient_Actor")
    diagnosis = as_text(case.get("Correct_Diagnosis"), "Correct_Diagnosis")
    if not diagnosis:
        raise UnusableRow("there is no Correct_Diagnosis")
    symptoms = actor.get("Symptoms")
    symptoms = symptoms if isinstance(symptoms, Mapping) else {"Primary_Symptom": symptoms}
    primary = as_text(symptoms.get("Primary_Symptom"), "Primary_Symptom")
    return Row(
        complaint=symptom(primary) if primary else "",
        diagnosis=diagnosis,
        told=tuple(_told(actor, symptoms)),
        found=(*_findings(case, "Physical_Examination_Findings"), *_findings(case, "Test_Results")),
        about=as_text(actor.get("Demographics"), "Demographics"),
    )


def _told(actor: Mapping[str, Any], symptoms: Mapping[str, Any]) -> Iterator[Passage]:
    yield Passage(as_text(actor.get("History"), "History"))
    for name, value in symptoms.items():
        if name != "Primary_Symptom":
            for entry in value if isinstance(value, list) else [value]:
                yield Passage(symptom(as_text(entry, name)), "symptoms")
    for name, topic in _TOPICS.items():
        for passage in flattened(actor.get(name), name):
            yield from (Passage(named(sentence, topic), topic) for sentence in sentences(passage.text))


def _findings(case: Mapping[str, Any], name: str) -> Iterator[Passage]:
    return flattened(case.get(name), name)
