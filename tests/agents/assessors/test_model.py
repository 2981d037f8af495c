"""The assessor: how it is asked, what it may answer, and that whatever is said stays what was said."""

import asyncio
import json
import re
from dataclasses import replace

import pytest
from injections import STRINGS

from consult.agents.acts import AssessorView, Line
from consult.agents.assessors.model import UNUSABLE, Assessor
from consult.agents.assessors.rubric import BY_KEY, ITEMS
from consult.agents.models import ModelInfo, Reply
from consult.agents.prompt_formats import PlainDialect
from consult.agents.prompt_formats.assessment import assessment_schema
from consult.agents.roles.client import RequestContext, RoleClient
from consult.scenarios import Photograph

GOOD = json.dumps({item.key: {"why": "so it is", "value": item.levels[-1]} for item in ITEMS})
LINES = (
    Line("patient", "open", "My elbow itches."),
    Line("triage", "triage", "A rash is for dermatology."),
    Line("attending", "ask", "Since when?"),
    Line("patient", "answer", "Since May."),
    Line("attending", "examine", "Let me feel. [palpation: nothing abnormal]"),
    Line("attending", "consult", "I ask my colleagues."),
    Line("attending", "conclude", "This is eczema."),
    Line("patient", "ask", "Is it catching?"),
    Line("attending", "answer", "No."),
)
VIEW = AssessorView(LINES, "eczema", Photograph("p", lambda: None))  # type: ignore[arg-type, return-value]  # nobody looks


def asked(view):
    return PlainDialect().assessment(view)


def object_of(prompt):
    return json.loads(prompt.messages[1].text)


class Replies:
    def __init__(self, *texts):
        self.texts, self.requests = list(texts), []

    async def __call__(self, request):
        self.requests.append(request)
        return Reply(self.texts[len(self.requests) - 1])


def assess(*texts, sees=True):
    replies = Replies(*texts)
    client = RoleClient("assessor", ModelInfo("m", "test", sees=sees), replies)
    verdicts = asyncio.run(Assessor(client).assess(VIEW, RequestContext(1, (0, "case", "sanguine", 0), 0, 0)))
    return verdicts, replies.requests


def test_the_rubric_is_that_of_3mdbench():
    assert list(BY_KEY) == ["1.1", "1.2", "1.3", "2.1", "2.2", "3.1", "3.2", "4.1"]
    assert [item.levels for item in ITEMS] == [(0, 1)] * 7 + [(0, 1, 2)]


def test_the_transcript_is_json_in_a_message_of_its_own():
    prompt = asked(VIEW)
    assert [m.speaker for m in prompt.messages] == ["system", "user"]
    data = object_of(prompt)
    assert data["true_diagnosis"] == "eczema"
    assert [(line["speaker"], line["act"], line["text"]) for line in data["transcript"]] == [
        (line.speaker, line.action, line.text) for line in LINES
    ]
    assert prompt.messages[1].photographs == (VIEW.photograph,)
    for item in ITEMS:
        assert item.question in prompt.messages[0].text


def test_the_schema_holds_all_items_and_no_more():
    schema = asked(VIEW).schema
    assert schema == assessment_schema()
    assert schema["required"] == list(BY_KEY) and not schema["additionalProperties"]
    assert schema["properties"]["4.1"]["properties"]["value"]["enum"] == [0, 1, 2]


def test_a_model_that_cannot_see_gets_no_photograph():
    _, (request,) = assess(GOOD, sees=False)
    assert not request.prompt.messages[1].photographs
    assert "no photograph" in request.prompt.messages[0].text


@pytest.mark.parametrize("wrapped", [GOOD, f"<think>hm {{}}</think>{GOOD}", f"```json\n{GOOD}\n```", f"Sure: {GOOD}"])
def test_a_good_answer_is_read(wrapped):
    verdicts, requests = assess(wrapped)
    assert [v.value for v in verdicts.values()] == [1] * 7 + [2]
    assert verdicts["1.1"].why == "so it is" and len(requests) == 1


def test_turns_are_kept_and_may_be_left_out():
    verdicts, _ = assess(changed(i1_1={"why": "so", "turns": [3, 1, 3], "value": 1}))
    assert verdicts["1.1"].turns == (3, 1) and verdicts["1.2"].turns == ()


def changed(**items):
    data = json.loads(GOOD)
    for key, value in items.items():
        data[key.replace("_", ".")[1:]] = value
    return json.dumps(data)


def test_what_is_plainly_meant_is_taken():
    verdicts, _ = assess(changed(i1_1=True, i1_2="no", i1_3={"value": False}, i4_1=1))
    assert [verdicts[key].value for key in ("1.1", "1.2", "1.3", "4.1")] == [1, 0, 0, 1]


BROKEN = {
    "": "no JSON",
    "All items are met.": "no JSON",
    "[1, 1, 1, 1]": "no JSON",
    changed(i4_1=3): "4.1",
    changed(i1_1=2): "1.1",
    changed(i1_1=-1): "1.1",
    changed(i1_1=0.5): "1.1",
    changed(i1_1=None): "1.1",
    changed(i1_1="maybe"): "1.1",
    changed(i1_1={"value": 1, "weight": 9}): "1.1",
    changed(i1_1={"value": 1, "turns": [-1]}): "1.1",
    changed(i1_1={"value": 1, "turns": "3"}): "1.1",
    changed(i9_9=1): "unknown item 9.9",
    json.dumps({"1.1": 1}): "lacks item 1.2",
    GOOD[:-20]: "",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_answer_is_asked_for_again_and_then_none_with_the_reason(text):
    verdicts, requests = assess(text, text)
    assert len(requests) == 2 and requests[0].seed != requests[1].seed
    assert list(verdicts) == list(BY_KEY)
    assert all(v.value is None and v.why.startswith(UNUSABLE) for v in verdicts.values())
    assert BROKEN[text] in verdicts["1.1"].why
    verdicts, _ = assess(text, GOOD)
    assert verdicts["4.1"].value == 2


# -- injections: 30 strings in 10 places -----------------------------------------------------------------------------


def in_line(idx):
    def put(view, string):
        lines = list(view.lines)
        lines[idx] = replace(lines[idx], text=string)
        return replace(view, lines=tuple(lines))

    return put


PLACES = {f"{line.speaker}-{line.action}-{i}": in_line(i) for i, line in enumerate(LINES)} | {
    "diagnosis": lambda view, string: replace(view, diagnosis=string)
}
CONTROL = re.compile(r"<\||\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn|[<>\x00-\x08\x1b\u200b\u202e\ufeff]")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("string", STRINGS)
def test_an_injection_stays_a_string_in_its_place(place, string):
    plain, prompt = asked(VIEW), asked(PLACES[place](VIEW, string))
    # Roles, rubric and schema are what they were.
    assert [m.speaker for m in prompt.messages] == ["system", "user"]
    assert prompt.messages[0] == plain.messages[0]
    assert (prompt.schema, prompt.max_new_tokens) == (plain.schema, plain.max_new_tokens)
    assert not CONTROL.search(prompt.messages[1].text)
    # The object parses to the same shape, and differs in that one place alone.
    before, after = object_of(plain), object_of(prompt)
    assert list(after) == list(before) and len(after["transcript"]) == len(LINES)
    assert all(list(line) == ["turn", "speaker", "act", "text"] for line in after["transcript"])
    if place == "diagnosis":
        assert after["transcript"] == before["transcript"]
    else:
        hit = int(place.rpartition("-")[2])
        assert after["true_diagnosis"] == before["true_diagnosis"]
        for i, (was, now) in enumerate(zip(before["transcript"], after["transcript"], strict=True)):
            assert now == ({**was, "text": now["text"]} if i == hit else was)


def test_there_are_300_of_them():
    assert len(set(STRINGS)) == 30 and len(PLACES) == 10
