"""The judge of open diagnoses: what it is asked, what is read of its answer, and who may judge."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from injections import STRINGS

from consult.agents.assessors.judge import UNUSABLE, Judge, Judgement, open_judge
from consult.agents.models import ModelError
from consult.agents.models.model import ModelInfo, Reply, Request
from consult.agents.prompt_formats.judging import judge_prompt, judge_schema, read_judgement
from consult.agents.roles.client import RequestContext, RoleClient
from consult.scenarios.correct import RELATIONS

Compare = Callable[..., tuple[Judgement, list[Request]]]


@pytest.fixture
def compare() -> Compare:
    """Let a judge compare, given its replies one after another."""

    def comparing(*replies: str) -> tuple[Judgement, list[Request]]:
        asked: list[Request] = []

        async def generate(request: Request) -> Reply:
            asked.append(request)
            return Reply(replies[len(asked) - 1])

        judge = Judge(RoleClient("assessor", ModelInfo("fake", "test"), generate), "fake")
        return asyncio.run(judge.compare("heart attack", "Myocardial infarction", RequestContext(3, (0,), 0, 2))), asked

    return comparing


@pytest.mark.parametrize("relation", RELATIONS)
def test_each_verdict_is_read(relation: str) -> None:
    assert read_judgement(json.dumps({"why": "so it is", "verdict": relation})) == (relation, "so it is")
    assert read_judgement(f'<think>hm</think>```json\n{{"verdict": " {relation.upper()} "}}\n```') == (relation, "")


@pytest.mark.parametrize(
    "text",
    ["", "same", '{"verdict": "equal"}', '{"verdict": 1}', '{"why": "x"}', '{"verdict": "same", "sure": 1}', "{" * 999],
)
def test_anything_else_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_judgement(text)


def test_what_cannot_be_read_is_asked_for_once_more(compare: Compare) -> None:
    judged, asked = compare("Well…", '{"why": "other words", "verdict": "same"}')
    assert judged == Judgement("same", "other words")
    assert [request.task for request in asked] == ["judge", "judge"] and len({r.seed for r in asked}) == 2
    assert {(request.role, request.nth) for request in asked} == {("assessor", 2)}


def test_two_unusable_answers_are_no_verdict(compare: Compare) -> None:
    judged, _ = compare("Well…", "Yes.")
    assert judged.relation is None and judged.why.startswith(UNUSABLE)


@pytest.mark.parametrize("said", STRINGS)
def test_a_diagnosis_stays_within_its_string(said: str) -> None:
    prompt = judge_prompt(said, "acne")
    system, user = prompt.messages
    assert set(json.loads(user.text)) == {"true_diagnosis", "doctors_diagnosis"}
    assert "<" not in user.text and system.text == judge_prompt("hives", "acne").messages[0].text
    assert prompt.schema == judge_schema()


@pytest.mark.parametrize("reference", ["human", "nobody"])
def test_a_person_does_not_judge(reference: str) -> None:
    with pytest.raises(ModelError, match="cannot judge; name a model with --judge"):
        open_judge(reference)


def test_a_doctor_of_tables_does_not_judge() -> None:
    with pytest.raises(ModelError, match="cannot compare diagnoses"):
        open_judge("bayes:derm34")
