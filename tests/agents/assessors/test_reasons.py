"""Verdicts whose reasons say nothing are not scored: placeholders, copies of the question, one reason for all."""

import asyncio
import json

import pytest

from consult.agents.acts import AssessorView
from consult.agents.assessors.judge import Judge
from consult.agents.assessors.model import Assessor
from consult.agents.assessors.reasons import is_placeholder
from consult.agents.assessors.rubric import ITEMS, NO_REASON
from consult.agents.models import ModelInfo, Reply
from consult.agents.roles.client import RequestContext, RoleClient

CONTEXT = RequestContext(0, ("seed",), 0, 0)
OWN = [f"In turn {i} the doctor did well: {item.name}." for i, item in enumerate(ITEMS)]


@pytest.mark.parametrize(
    "why",
    ["<reason>", "<your reason>", "[reason]", "{{reason}}", "reason", "Your reason here.", "...", "…", "N/A", "string",
     "the reason for this value", "<why>", "Because <reason>", "(explanation)", "none", "---"],
)  # fmt: skip
def test_placeholders(why):
    assert is_placeholder(why)


@pytest.mark.parametrize(
    "why",
    ["", "so it is", "The doctor gave a reason.", "No history was asked.",
     "It asked: <where does it hurt?> and [when?]",
     "Nothing was explained", "The text of turn 3 is kind.", "none of the questions was about history",
     "[3] asks for it"],
)  # fmt: skip
def test_reasons_that_say_something(why):
    assert not is_placeholder(why)


def answered(reasons):
    return json.dumps(
        {
            item.key: {"why": why, "turns": [], "value": item.levels[-1]}
            for item, why in zip(ITEMS, reasons, strict=True)
        }
    )


def asked(cls, replies, *, dialect="plain"):
    sent, left = [], iter(replies)

    async def send(request):
        sent.append(request)
        return Reply(next(left))

    client = RoleClient("assessor", ModelInfo("m", "server", dialect), send)
    return sent, (cls(client) if cls is Assessor else cls(client, "m"))


def test_an_assessor_is_asked_again_and_what_stays_a_placeholder_is_not_scored():
    bad = ["<reason>"] * 2 + OWN[2:]
    sent, assessor = asked(Assessor, [answered(bad), answered(["<reason>", *OWN[1:]])])
    found = asyncio.run(assessor.assess(AssessorView((), None), CONTEXT))
    assert "the reasons of 1.1, 1.2 are placeholders or copies" in sent[1].prompt.messages[-1].text
    assert found["1.1"].value is None and found["1.1"].why == f"{NO_REASON}a placeholder (<reason>)"
    assert found["1.2"].value == 1 and found["4.1"].value == 2
    sent, assessor = asked(Assessor, [answered(bad), answered(OWN)])
    found = asyncio.run(assessor.assess(AssessorView((), None), CONTEXT))
    assert all(one.value is not None for one in found.values()) and len(sent) == 2


def test_an_assessor_that_says_nothing_at_all_scores_nothing():
    _, assessor = asked(Assessor, [answered(["<reason>"] * 8)] * 2)
    found = asyncio.run(assessor.assess(AssessorView((), None), CONTEXT))
    assert all(one.value is None for one in found.values())


def test_a_judge_with_a_placeholder_gives_no_verdict():
    bad, good = ({"why": why, "verdict": "same"} for why in ("<reason>", "Both are eczema."))
    sent, judge = asked(Judge, [json.dumps(bad)] * 2)
    judged = asyncio.run(judge.compare("eczema", "atopic eczema", CONTEXT))
    assert judged.relation is None and "placeholder" in judged.why and len(sent) == 2
    _, judge = asked(Judge, [json.dumps(bad), json.dumps(good)])
    assert asyncio.run(judge.compare("eczema", "atopic eczema", CONTEXT)).relation == "same"
