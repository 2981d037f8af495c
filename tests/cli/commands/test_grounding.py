"""`consult grounding`: figures of a check on labelled lines, and mistakes in their file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import type_in as run

import consult
from consult.envs.metrics.fidelity import RULES_MEASURED, TUNED

GOOD = {"facts": ["it itches"], "unsaid": [], "doctor": "What is it?", "told_by_doctor": None, "line": "It itches.",
        "faithful": True, "kind": "terse"}  # fmt: skip
LINES: list[object] = [
    GOOD,
    {**GOOD, "line": "It is dreadful.", "kind": "paraphrase"},
    {**GOOD, "line": "It itches and it bleeds.", "faithful": False, "kind": "extra-symptom", "why": "bleeds"},
    {**GOOD, "line": "It itches.", "faithful": False, "kind": "extra-symptom"},
]


def written(path: Path, lines: list[object]) -> Path:
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    return path


def test_both_mistakes_are_counted_by_kind(tmp_path: Path) -> None:
    path = written(tmp_path / "lines.jsonl", LINES)
    status, out, _ = run("grounding", path, "--json")
    told = json.loads(out)
    assert status == 0 and told == consult.grounding(path)
    assert told["faithful_refused"] == {"value": 0.5, "n": 2}
    assert told["unfaithful_accepted"] == {"value": 0.5, "n": 2}
    assert told["by_kind"]["extra-symptom"]["faithful_refused"] == {"value": None, "n": 0}
    assert told["by_kind"]["paraphrase"]["faithful_refused"] == {"value": 1.0, "n": 1}
    status, out, _ = run("grounding", path)
    assert status == 0 and "50% (9-91%), 1 of 2" in out and "check: rules" in out


def test_a_model_decides_after_the_rules(tmp_path: Path) -> None:
    path = written(tmp_path / "lines.jsonl", LINES)
    script = tmp_path / "check.yaml"
    script.write_text('replies: {assessor.check: [\'{"facts": {"1": "not stated"}, "other_claims": []}\']}\n')
    told = consult.grounding(path, checker=f"scripted:{script}")
    assert told["faithful_refused"]["value"] == 1 and told["unfaithful_accepted"]["value"] == 0
    assert told["check"].startswith("rules, then scripted:") and told["without_verdict"] == 0
    script.write_text("replies: {assessor.check: [Hm.]}\n")
    told = consult.grounding(path, checker=f"scripted:{script}")
    assert told["faithful_refused"]["value"] == 0.5 and told["without_verdict"] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no lines; write one JSON object per line, with facts"),
        ("\n{", ":2: is not valid JSON"),
        ("[1]", ":1: is not a JSON object; write one with facts"),
        (
            json.dumps({**GOOD, "faithful": "yes"}),
            ":1: 'faithful' is not true or false; write one of them without quotation marks",
        ),
        (json.dumps(GOOD) + "\n" + json.dumps({"line": "x"}), ":2: 'facts' is missing; a line has facts"),
        (json.dumps({**GOOD, "facts": ["a", 2]}), ":1: 'facts.1' is not a text; write one in quotation marks"),
        (json.dumps({**GOOD, "kind": "a\nb"}), ":1: 'kind' has a line break; remove it"),
        (json.dumps({**GOOD, "kind": "k" * 81}), ":1: 'kind' is longer than 80 characters; shorten it"),
        ("a,b\n1,2", "contains a table"),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(text, encoding="utf-8")
    status, out, err = run("grounding", path)
    assert status == 2 and said in err and not out and err.count("\n") == 1


def test_a_missing_file_and_another_checker_are_refused(tmp_path: Path) -> None:
    status, _, err = run("grounding", tmp_path / "none.jsonl")
    assert status == 2 and "there is no file" in err
    status, _, err = run("grounding", written(tmp_path / "lines.jsonl", LINES), "--checker", "starter")
    assert status == 2 and "'starter' cannot check lines" in err


TUNED_ON = Path(__file__).parents[4] / "shared" / "data" / "grounding" / "lines.jsonl"


@pytest.mark.skipif(not TUNED_ON.exists(), reason="these lines are not here")
def test_the_reported_mistakes_are_those_measured() -> None:
    refused, accepted = RULES_MEASURED[TUNED]
    told = consult.grounding(TUNED_ON)
    assert told["faithful_refused"] == {"value": refused.share, "n": refused.n}
    assert told["unfaithful_accepted"] == {"value": accepted.share, "n": accepted.n}
