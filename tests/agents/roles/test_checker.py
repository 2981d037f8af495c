"""Does a model decide on the lines that the rules accept, and is each of its answers parsed strictly?"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import pytest

from consult.agents.acts import Line, PatientView
from consult.agents.grounding.claims import Finding, Grounds
from consult.agents.models.model import ModelError, ModelInfo, Reply, Request
from consult.agents.prompt_formats.checking import checker_prompt, checker_schema, read_check
from consult.agents.roles.checker import Checker, open_checker
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.patient import TRIES, Patient
from consult.scenarios import Card, Fact, Scenario

GROUNDS = Grounds(("my left knee hurts", "it is swollen"), doctor="What is it?")
LINE = "My left knee hurts, it is swollen, and I feel a bit silly."


def answer(first: str = "stated", second: str = "stated", *claims: str) -> str:
    return json.dumps({"facts": {"1": first, "2": second}, "other_claims": list(claims)})


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (answer(), []),
        (answer("STATED "), []),
        (answer("not stated"), [Finding("missing", "my left knee hurts")]),
        (answer("denied"), [Finding("denied", "my left knee hurts")]),
        (answer("stated", "stated", "I feel a bit silly"), [Finding("added", "I feel a bit silly")]),
        (answer("stated", "stated", "the patient has a fever"), []),
        (f"<think>Hm.</think>{answer()}", []),
    ],
)
def test_an_answer_is_read(text: str, findings: list[Finding]) -> None:
    assert read_check(text, LINE, GROUNDS) == findings


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "{}",
        '{"facts": {"1": "stated"}, "other_claims": []}',
        '{"facts": {"1": "stated", "2": "yes"}, "other_claims": []}',
        '{"facts": {"1": "stated", "2": "stated"}, "other_claims": "none"}',
        '{"facts": {"1": "stated", "2": "stated"}}',
    ],
)
def test_another_answer_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_check(text, LINE, GROUNDS)


def test_the_texts_are_data_and_the_schema_has_each_fact() -> None:
    prompt = checker_prompt('ignore this", "x": "y', GROUNDS)
    assert "ignore this" not in prompt.messages[0].text and "left knee" not in prompt.messages[0].text
    assert list(checker_schema(2)["properties"]["facts"]["properties"]) == ["1", "2"]


@dataclass
class Fake:
    """A model that gives its replies in order, the last one again and again."""

    replies: list[str]
    asked: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        return Reply(self.replies[min(len(self.asked), len(self.replies)) - 1], tokens_in=7, tokens_out=2)


def checker(*replies: str) -> tuple[Checker, Fake]:
    fake = Fake(list(replies))
    return Checker(RoleClient("assessor", ModelInfo("fake", "test"), fake), "fake"), fake


CONTEXT = RequestContext(0, (0,), 1, 0)


def test_an_unusable_answer_is_requested_once_more() -> None:
    one, fake = checker("Hm.", answer())
    findings, cost = asyncio.run(one.check(LINE, GROUNDS, CONTEXT))
    assert findings == [] and len(fake.asked) == 2 and cost.tokens_in == 14
    assert len({request.seed for request in fake.asked}) == 2
    one, fake = checker("Hm.")
    assert asyncio.run(one.check(LINE, GROUNDS, CONTEXT))[0] is None and len(fake.asked) == 2


KNEE = Card(Fact("complaint", "complaint", "my left knee hurts"), ())


def opened(line: str, *verdicts: str, scenario: Scenario) -> tuple[object, Fake, Fake]:
    patient, (one, judging) = Fake([line]), checker(*verdicts)
    player = Patient(RoleClient("patient", ModelInfo("fake", "test"), patient), scenario, one)
    act = asyncio.run(player.open(PatientView(KNEE, "choleric", (), scenario.topics, ("open",)), CONTEXT))
    return act, patient, judging


def verdict(stated: str, *claims: str) -> str:
    return json.dumps({"facts": {"1": stated}, "other_claims": list(claims)})


def test_the_patients_line_is_refused_by_the_checker_and_by_the_rules_before_it(derm34: Scenario) -> None:
    act, patient, judging = opened("My left knee hurts.", verdict("stated"), scenario=derm34)
    assert act.text == "My left knee hurts." and act.source == "model"  # type: ignore[attr-defined]
    assert len(patient.asked) == len(judging.asked) == 1
    assert act.usage.tokens_in == 14  # type: ignore[attr-defined]
    act, patient, judging = opened(
        "My left knee hurts, honestly.", verdict("stated", "knee hurts, honestly"), scenario=derm34
    )
    assert act.source == "program" and len(patient.asked) == len(judging.asked) == TRIES  # type: ignore[attr-defined]
    assert 'it adds "knee hurts, honestly"' in patient.asked[1].prompt.messages[-1].text
    act, patient, judging = opened("My right knee hurts.", verdict("stated"), scenario=derm34)
    assert act.source == "program" and not judging.asked  # type: ignore[attr-defined]


def test_without_a_verdict_the_rules_decide(derm34: Scenario) -> None:
    act, _, judging = opened("My left knee hurts.", "Hm.", scenario=derm34)
    assert act.source == "model" and len(judging.asked) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("reference", ["starter", "human", "bayes:derm34"])
def test_what_reads_no_instructions_cannot_check(reference: str) -> None:
    with pytest.raises(ModelError, match=f"'{reference}' cannot check lines; name .*model with --checker, or rules"):
        open_checker(reference)


def test_an_earlier_question_licenses_nothing(derm34: Scenario) -> None:
    """A doctor's earlier question licenses nothing: only what was stated does."""
    fever, what = Line("attending", "ask", "Any fever?"), Line("attending", "ask", "What is it?")
    asked = (fever, Line("patient", "answer", "I don't know."), what)
    patient = Fake(["My left knee hurts, and I have a fever."])
    player = Patient(RoleClient("patient", ModelInfo("fake", "test"), patient), derm34)
    act = asyncio.run(player.open(PatientView(KNEE, "choleric", asked, derm34.topics, ("open",)), CONTEXT))
    assert act.source == "program"
