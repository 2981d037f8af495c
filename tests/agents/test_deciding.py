"""The attending's decision: by a vote, and with its reason before it, after it, or nowhere."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from consult.agents.acts import DoctorView, Opinion
from consult.agents.choices import Rationale
from consult.agents.models.local.training_metadata import PRACTICE, practice_of
from consult.agents.models.model import ModelError, ModelInfo, Reply, Request
from consult.agents.prompt_formats import DIALECTS
from consult.agents.roles.attending import Attending
from consult.agents.roles.client import RequestContext, RoleClient
from consult.scenarios import Scenario


def view(scenario: Scenario, rationale: Rationale = "before") -> DoctorView:
    return DoctorView(
        lines=(),
        labels=tuple(scenario.labels),
        specialties=scenario.specialties,
        topics=scenario.topics,
        examinations=scenario.examinations,
        opinions=(Opinion("dermatology", "hives", 0.8, ""),),
        rationale=rationale,
    )


def decided(scenario: Scenario, answers: list[str]) -> tuple[str | None, list[Request]]:
    """Let an attending decide with as many votes as there are answers."""
    asked: list[Request] = []

    async def generate(request: Request) -> Reply:
        if request.task != "decision":
            return Reply("Rest.")
        asked.append(request)
        return Reply(answers[int(request.key[4])], tokens_in=2, tokens_out=1)

    async def together(branches):
        return list(await asyncio.gather(*branches))

    client = RoleClient("attending", ModelInfo("fake", "test", "plain"), generate)
    attending = Attending(client, scenario, len(answers), together)
    act = asyncio.run(attending.conclude(view(scenario), RequestContext(1, (0,), 3, 1)))
    return act.diagnosis, asked


def answer(label: str) -> str:
    return f"<think>So.</think><answer>{label}</answer>"


@pytest.mark.parametrize(
    ("labels", "elected"),
    [
        (["eczema"], "eczema"),
        (["eczema", "hives", "hives"], "hives"),
        (["eczema", "hives"], "eczema"),
        (["nothing", "hives", "nothing"], "hives"),
        (["nothing", "nothing"], None),
    ],
)
def test_the_majority_decides(derm34: Scenario, labels: list[str], elected: str | None) -> None:
    named, asked = decided(derm34, [answer(label) for label in labels])
    assert named == elected
    first = [request for request in asked if request.key[5] == 0]
    assert len(first) == len(labels) == len({request.seed for request in first})


def test_one_vote_draws_as_without_votes(derm34: Scenario) -> None:
    _, one = decided(derm34, [answer("eczema")])
    _, three = decided(derm34, [answer("eczema")] * 3)
    assert one[0].seed == three[0].seed and one[0].key == three[0].key


FORMS: dict[Rationale, tuple[str, str]] = {
    "before": ("<think>So.</think><answer>eczema</answer>", "So."),
    "after": ("<answer>eczema</answer><think>So.</think>", "So."),
    "none": ("<answer>eczema</answer>", ""),
}


@pytest.mark.parametrize("dialect", ["plain", "starter"])
@pytest.mark.parametrize("rationale", FORMS)
def test_the_reason_is_asked_for_and_read_where_it_stands(derm34: Scenario, dialect: str, rationale: Rationale) -> None:
    seen, (text, thought) = view(derm34, rationale), FORMS[rationale]
    word = DIALECTS[dialect].read_decision(text, seen, derm34)
    assert word is not None and word.diagnosis == "eczema" and word.thought.startswith(thought)
    prompt = DIALECTS[dialect].decision(seen)
    if dialect == "plain":
        asked, decided = prompt.messages[-1].text, ["diagnosis", "differential", "confidence", "urgency"]
        reason = ["findings", "reasoning"]
        keys = {"before": reason + decided, "after": decided + reason, "none": decided}[rationale]
        assert prompt.schema is not None and list(prompt.schema["properties"]) == prompt.schema["required"] == keys
        assert re.findall(r'"(\w+)": ', asked.rpartition("\n")[2]) == keys
        assert ("reason: what speaks" in asked) == (rationale == "before")
        assert ("without a reason" in asked) == (rationale == "none")
    else:
        assert prompt.choice is not None
        assert (prompt.begin, prompt.choice.after) == (("", "<answer>") if rationale == "before" else ("<answer>", ""))
        assert prompt.choice.options[0].endswith("<think>") == (rationale == "after")


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("rationale", FORMS)
def test_the_starter_states_the_urgency_after_all_else(derm34: Scenario, rationale: Rationale, stated: bool) -> None:
    text, thought = FORMS[rationale]
    closed = f"{text}{' urgent.' if stated else ''} hives, acne"
    word = DIALECTS["starter"].read_decision(closed, view(derm34, rationale), derm34)
    assert word is not None and word.thought.startswith(thought)
    assert word.urgency == ("urgent" if stated else None)
    assert (word.diagnosis, word.differential) == ("eczema", ("eczema", "hives", "acne"))


def test_what_a_model_was_trained_to_do_is_kept_beside_it(tmp_path: Path) -> None:
    assert practice_of(tmp_path).rationale == "before"
    (tmp_path / PRACTICE).write_text(json.dumps({"role": "attending", "rationale": "none", "later": 1}))
    assert practice_of(tmp_path).rationale == "none"
    (tmp_path / PRACTICE).write_text(json.dumps({"rationale": "sideways"}))
    with pytest.raises(ModelError, match=r"consult.json' is broken; train the model again, or remove the file"):
        practice_of(tmp_path)


def test_names_of_one_open_diagnosis_are_votes_for_it(derm34: Scenario) -> None:
    ward = replace(derm34, labels={}, aliases={"Myocardial infarction": ["heart attack", "MI"]})
    named, _ = decided(ward, [answer(label) for label in ("stroke", "Heart attack", "MI", "I don't know")])
    assert named == "Heart attack"
    assert decided(ward, [answer("unclear"), answer("-")])[0] is None
