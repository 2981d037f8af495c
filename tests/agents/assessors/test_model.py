"""The assessor: how it is asked, what it may answer, and that whatever is said stays what was said."""

import asyncio
import json
import re
from dataclasses import replace

import pytest
from injections import STRINGS

from consult.agents.acts import AssessorView, Line
from consult.agents.assessors.model import UNUSABLE, Assessor
from consult.agents.assessors.reasons import is_placeholder
from consult.agents.assessors.rubric import BY_KEY, ITEMS, NO_REASON
from consult.agents.models import ModelInfo, Reply
from consult.agents.prompt_formats import PlainDialect
from consult.agents.prompt_formats.assessment import assessment_schema
from consult.agents.roles.client import RequestContext, RoleClient
from consult.scenarios import Photograph

GOOD = json.dumps({item.key: {"why": f"so it is with {item.name}", "value": item.levels[-1]} for item in ITEMS})
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
    assert verdicts["1.1"].why == "so it is with asks for history" and len(requests) == 1


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


# -- reasons: what stands where a reason should be gives no verdict ---------------------------------------------------

PLACEHOLDERS = [
    "<reason>", "...", "…", "reason", "Reason here", "reason here.", "<your reason>", "[reason]", "{reason}", "___",
    "<one short reason>", "insert your explanation here", "string", "<what you think of it>", "TODO", "tbd", "N/A",
    "none", "yes", "0 or 1", "The value is 1.", "Explanation for item 1.1", "???", "-", "xxx", "lorem ipsum",
    "a short reason first",
]  # fmt: skip
REASONS = [
    "Asked.", "asked about asthma", "The doctor never asked.", "No question about history.", "Rude.",
    "Turn 3: asks for allergies", "Der Arzt fragte nach Allergien.", "医生问了过敏史", "He listened…",
    "[turn 2] asks what was tried", "The reason is that the doctor shouted.", "respectful and empathetic",
    "The diagnosis is the true one.",
]  # fmt: skip


def answer(*whys):
    return json.dumps({item.key: {"why": why, "value": 1} for item, why in zip(ITEMS, whys, strict=True)})


@pytest.mark.parametrize("why", PLACEHOLDERS)
def test_a_placeholder_is_no_reason(why):
    bad = changed(i1_1={"why": why, "value": 1})
    verdicts, requests = assess(bad, bad)
    assert verdicts["1.1"].value is None and verdicts["1.1"].why == f"{NO_REASON}a placeholder ({why})"
    assert all(verdicts[key].value is not None for key in BY_KEY if key != "1.1") and len(requests) == 2


@pytest.mark.parametrize("why", REASONS)
def test_a_reason_is_a_reason(why):
    assert not is_placeholder(why)
    verdicts, _ = assess(changed(i1_1={"why": why, "value": 1}))
    assert verdicts["1.1"].value == 1 and verdicts["1.1"].why == why


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.key)
def test_the_rubrics_own_question_is_no_reason(item):
    for copied in (item.question, item.question.rstrip("?").upper(), f"{item.key} {item.question}"):
        bad = changed(**{f"i{item.key.replace('.', '_')}": {"why": copied, "value": 1}})
        verdicts, _ = assess(bad, bad)
        assert verdicts[item.key].value is None and "a copy of its instructions" in verdicts[item.key].why


def test_a_sentence_of_the_instructions_is_no_reason():
    bad = changed(i2_1={"why": "Judge each item by what the doctors did and said", "value": 0})
    verdicts, _ = assess(bad, bad)
    assert verdicts["2.1"].value is None


@pytest.mark.parametrize("why", ["The doctor did well.", "Item {} is met by the doctor."])
def test_one_reason_for_all_items_is_asked_for_again_and_then_scores_nothing(why):
    copies = answer(*(why.format(item.key) for item in ITEMS))
    verdicts, requests = assess(copies, copies)
    assert len(requests) == 2 and all(one.value is None for one in verdicts.values())
    assert all(one.why.startswith(f"{NO_REASON}the same for 8 items") for one in verdicts.values())
    assert assess(copies, GOOD)[0]["1.1"].value == 1


def test_one_reason_for_a_few_items_stands():
    whys = ["The doctor asked nothing."] * 2 + [f"so it is with {item.name}" for item in ITEMS[2:]]
    assert all(one.value == 1 for one in assess(answer(*whys))[0].values())


def test_one_reason_for_most_items_leaves_the_others():
    whys = ["It is fine."] * 6 + ["The plan names no danger signs.", "Quick and friendly."]
    verdicts, _ = assess(answer(*whys), answer(*whys))
    assert [one.value for one in verdicts.values()] == [None] * 6 + [1, 1]


def test_a_sentence_for_three_items_is_a_copy_and_few_words_are_not():
    rest = [f"so it is with {item.name}" for item in ITEMS[3:]]
    long, short = answer(*["The doctor was very good here."] * 3, *rest), answer(*["It is fine."] * 3, *rest)
    assert [one.value for one in assess(long, long)[0].values()] == [None] * 3 + [1] * 5
    assert [one.value for one in assess(short)[0].values()] == [1] * 8


def test_the_answer_with_more_reasons_counts():
    worse = answer("<reason>", "...", *(f"so it is with {item.name}" for item in ITEMS[2:]))
    better = answer("<reason>", *(f"so it is with {item.name}" for item in ITEMS[1:]))
    for texts in ((worse, better), (better, worse), (better, "no JSON")):
        assert [key for key, one in assess(*texts)[0].items() if one.value is None] == ["1.1"]


def test_an_answer_of_placeholders_is_asked_for_again_and_is_no_zero():
    copies = answer(*["<reason>"] * 8)
    verdicts, requests = assess(copies, copies)
    assert len(requests) == 2 and {one.value for one in verdicts.values()} == {None}
    assert not any(one.why.startswith(UNUSABLE) for one in verdicts.values())
