"""The example folder of docs/scenarios.md, loaded and played: what a patient asks back is answered by the label."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from improvising import Improviser, played

from consult.scenarios import load_scenario
from consult.scenarios.checks.folder import check_folder

TEXT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^### `([\w.]+)`\n\n```\w+\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE))
KINDS = ("cause", "contagious", "outlook", "serious")
EVASION = "I cannot tell you more"


@pytest.fixture
def ward(tmp_path):
    folder = tmp_path / "my-ward"
    folder.mkdir()
    for name, content in FILES.items():
        # The starter's small children ask nothing back.
        grown = re.sub(r'"age": (\d)\b', r'"age": 3\1', content)
        (folder / name).write_text(grown, encoding="utf-8")
    return folder


class Doctors(Improviser):
    """Speaks the starter's format, in which the label's own sentences are said."""

    def __init__(self):
        super().__init__("starter")

    def _starter(self, request, rng):
        if request.task == "opinion" and request.prompt.choice is None:
            return "It looks like it."
        return super()._starter(request, rng)


def played_through(folder, runs=12):
    """Play both cases again and again; give each question back with its kind, the diagnosis and the answer."""
    scenario, found = load_scenario(str(folder)), []
    for seed in range(runs):
        path, more = folder.parent / f"{seed}.db", {"temperaments": ("melancholic",), "seed": seed}
        summary, turns = played(path, Doctors(), 2, scenario=scenario, **more)
        assert (summary["finished"], summary["failed"]) == (2, 0)
        diagnosis = {t["consultation_id"]: t["diagnosis"] for t in turns if t["action"] == "conclude"}
        said = itertools.pairwise(turns)
        found += [
            (asked["topic"], diagnosis[asked["consultation_id"]], answer["text"])
            for asked, answer in said
            if (asked["speaker"], asked["action"]) == ("patient", "ask")
        ]
    return scenario, found


def test_every_label_of_the_example_has_all_that_a_doctor_can_say(ward):
    assert check_folder(ward) == []
    for label in load_scenario(str(ward)).labels.values():
        assert set(label.answers) == set(KINDS)
        assert label.explanation and label.plan and label.safety_net


@pytest.mark.slow
def test_the_example_is_played_without_evasions(ward):
    scenario, questions = played_through(ward)
    told = [(kind, name, answer) for kind, name, answer in questions if name is not None]
    assert {kind for kind, _, _ in told} == set(KINDS)
    for kind, name, answer in told:
        assert scenario.labels[name].answers[kind] in answer
        assert EVASION not in answer


def test_a_label_without_an_answer_evades(ward):
    path = ward / "labels.yaml"
    path.write_text(re.sub(rf"^    (?:{'|'.join(KINDS)}): .*\n", "", path.read_text(), flags=re.MULTILINE))
    assert check_folder(ward) == []
    _, questions = played_through(ward, runs=3)
    assert questions and all(EVASION in answer for _, _, answer in questions)


def test_the_mistakes_that_the_page_shows_are_those_that_are_printed(ward):
    (line,) = re.findall(r"were written like this:\n\n```json\n(.*?\n)```", TEXT, re.DOTALL)
    (printed,) = re.findall(r"it would print:\n\n```text\n(.*?)```", TEXT, re.DOTALL)
    path = ward / "cases.jsonl"
    path.write_text(line + path.read_text().split("\n", 1)[1])
    assert [str(problem) for problem in check_folder(ward)] == printed.splitlines()
