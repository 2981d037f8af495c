"""Where servers put an answer: content, parts, private thought, tool calls; and how a reply ended."""

import json

import clinic
import pytest

from consult.agents.exchange import NO_TOOLS, ONLY_THOUGHT, REFUSED, WITHHELD
from consult.agents.models import Choice, Message, Prompt, Request
from consult.agents.models.server.replies import reply
from consult.agents.prompt_formats.answers import json_object

FREE = Prompt((Message("user", "Say where it hurts."),), 50)
ACT = Prompt(
    (Message("user", "What next?"),),
    50,
    schema={"anyOf": [{"type": "object", "properties": {"action": {"enum": ["ask"]}, "text": {"type": "string"}}}]},
)
PICK = Prompt((Message("user", "Which?"),), 50, Choice(("site", "duration")))
DECIDE = Prompt((Message("user", "Decide."),), 50, Choice(("eczema</answer>", "hives</answer>"), after="<answer>"))


def read(prompt, finish="stop", **parts):
    return reply(clinic.message(finish, **parts), Request((0,), "attending", "action", 0, prompt, 0))


@pytest.mark.parametrize("finish, cut", [("length", True), ("max_tokens", True), ("LENGTH", True), ("stop", False),
                                         (None, False), ("tool_calls", False), (7, False)])  # fmt: skip
def test_how_it_ended(finish, cut):
    assert read(FREE, finish, content="It hur").cut is cut


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_private_thought_is_told_apart_and_can_end_nothing(field):
    found = read(FREE, content="My elbow.", **{field: "They say </think> and [/THINK] a lot."})
    assert found.text == "My elbow." and "/" not in found.thought
    assert found.thought.startswith("They say") and not found.problem


@pytest.mark.parametrize(
    "content",
    ["<unused94>thought\nHm.<unused95>My elbow.", "<think>Hm.</think>My elbow.", "[THINK]Hm.[/THINK]My elbow.",
     "Hm.</think>My elbow.", "analysisHm.assistantfinalMy elbow.",
     "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>My elbow."],
)  # fmt: skip
def test_thought_in_the_content_is_told_apart(content):
    found = read(FREE, content=content)
    assert (found.text.strip(), found.thought.strip()) == ("My elbow.", "Hm.")


@pytest.mark.parametrize("mark", ["<unused94>thought\n", "<think>", "<|channel|>analysis<|message|>", "analysis\n"])
def test_a_thought_that_is_cut_in_the_content_is_no_answer(mark):
    found = read(FREE, "length", content=f"{mark}They ask where")
    assert (found.text.strip(), found.problem, found.cut) == ("", ONLY_THOUGHT, True)


@pytest.mark.parametrize("content", [None, "", "  ", [], 7, [{"type": "image_url"}]])
def test_thought_alone_is_no_speech(content):
    found = read(FREE, content=content, reasoning_content="It must be the elbow.")
    assert (found.text.strip(), found.problem) == ("", ONLY_THOUGHT)


def test_an_answer_with_a_form_is_found_in_the_thought_that_swallowed_it():
    thought = 'Perhaps {"action": "examine"}? No. {"other": 1} So: {"action": "ask", "text": "Where?"} Done.'
    assert json.loads(read(ACT, content="", reasoning=thought).text) == {"action": "ask", "text": "Where?"}
    assert read(PICK, content=None, reasoning_content='well, {"choice": "site"}').text == "site"
    found = read(DECIDE, content=None, reasoning_content="Not <answer>x</answer>. So <answer>eczema</answer>")
    assert found.text == "<answer>eczema</answer>"
    # A thought that was cut had not come to its answer.
    assert read(ACT, "length", content="", reasoning=thought).text == ""
    assert read(ACT, content="", reasoning='{"other": 1}').problem == ONLY_THOUGHT


def call(name, arguments):
    return {"tool_calls": [{"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}]}


@pytest.mark.parametrize("arguments", ['{"text": "Where?", "topic": "site"}', {"text": "Where?", "topic": "site"}])
def test_a_tool_call_is_the_act_of_its_name(arguments):
    for parts in (call("ask", arguments), {"function_call": {"name": "ask", "arguments": arguments}}):
        found = json_object(read(ACT, "tool_calls", content=None, **parts).text)
        assert found == {"action": "ask", "text": "Where?", "topic": "site"}
    assert json_object(read(ACT, content="Where?", **call("ask", "{}")).text) == {"action": "ask", "text": "Where?"}
    assert json_object(read(ACT, content=None, **call("consult", "{broken")).text) == {"action": "consult"}


def test_a_tool_call_may_be_a_choice_or_a_line():
    assert read(PICK, content=None, **call("choose", '{"topic": "site"}')).text == "site"
    assert read(PICK, content=None, **call("duration", "{}")).text == "duration"
    assert read(FREE, content=None, **call("say", '{"text": "My elbow."}')).text == "My elbow."
    assert read(FREE, content="My elbow.", **call("say", "{}")).text == "My elbow."
    assert read(FREE, content=None, **call("lookup", '{"query": "elbow"}')).problem == NO_TOOLS


@pytest.mark.parametrize("calls", [[], None, [None], ["x"], [{}], [{"function": None}], [{"function": {"name": 7}}], 7])
def test_odd_tool_calls_are_none(calls):
    found = read(FREE, content="My elbow.", tool_calls=calls)
    assert found.text == "My elbow." and not found.problem
    assert read(FREE, content=None, tool_calls=calls).text == ""


def test_refusals_and_filters_are_named():
    assert read(FREE, content=None, refusal="I cannot help with that.").problem == REFUSED
    assert read(FREE, "content_filter", content="").problem == WITHHELD
    assert read(FREE, content="Elbow.", refusal="No.").text == "Elbow."


def test_parts_are_joined_and_thinking_parts_are_not_speech():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "My "},
        "elbow.",
    ]
    found = read(FREE, content=parts)
    assert (found.text, found.thought) == ("My elbow.", "hm")
