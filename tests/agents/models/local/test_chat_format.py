"""Chat templates of real models, as TRL ships them, and odd ones: each is rendered so that nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import tiny_models
from transformers.utils.chat_template_utils import render_jinja_template

from consult.agents.models import Message, ModelError
from consult.agents.models.local.chat_format import ChatFormat, merged
from consult.agents.prompt_formats.answers import speech
from consult.agents.prompt_formats.clean import clean, thought_of, without_thought, without_tool_calls
from consult.scenarios import Photograph

CHAT = [Message("system", "Be a doctor."), Message("user", "Where does it itch?")]


def renderer(template: str) -> Callable[..., str]:
    def render(chat: list[dict[str, Any]], **variables: Any) -> str:
        texts, _ = render_jinja_template(
            [chat], chat_template=template, add_generation_prompt=True, bos_token="<s>", eos_token="</s>", **variables
        )
        return str(texts[0])

    return render


def form(template: str, token: str | None = None) -> ChatFormat:
    return ChatFormat.of(renderer(template), token)


def shown(count: int) -> tuple[Photograph, ...]:
    return tuple(Photograph(str(i), lambda: None) for i in range(count))  # type: ignore[arg-type, return-value]


REAL = sorted(path.stem for path in tiny_models.TEMPLATES.glob("*.jinja") if not path.stem.endswith("_training"))


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_every_real_template_is_rendered_whole(name: str) -> None:
    text = form(tiny_models.read(name)).text(CHAT)
    assert text.count("Be a doctor.") == 1 and text.count("Where does it itch?") == 1
    assert text.index("Be a doctor.") < text.index("Where does it itch?")
    # No reply begins within a thought.
    tail = text[text.index("Where does it itch?") :]
    assert tail.count("<think>") == tail.count("</think>")


@pytest.mark.parametrize(
    ("name", "token"),
    [("qwen2_5_vl", "<|image_pad|>"), ("qwen3_vl", "<|image_pad|>"), ("idefics3", "<image>"),
     ("llava_next", "<image>"), ("gemma3", "<start_of_image>"), ("smolvlm", "<image>")],
)  # fmt: skip
def test_a_photograph_has_its_place(name: str, token: str) -> None:
    found = form(tiny_models.read(name), token)
    assert found.token == token
    for count in (0, 1, 2):
        assert found.text([CHAT[0], Message("user", "Where does it itch?", shown(count))]).count(token) == count


def test_a_system_message_that_is_refused_or_dropped_stands_before_the_question() -> None:
    refusing = form(tiny_models.read("gemma"))
    dropping = form("{% for m in messages if m.role != 'system' %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
    assert refusing.system == dropping.system == "folded"
    assert refusing.text(CHAT) == (
        "<s><start_of_turn>user\nBe a doctor.\n\nWhere does it itch?<end_of_turn>\n<start_of_turn>model\n"
    )
    assert dropping.text(CHAT) == "user: Be a doctor.\n\nWhere does it itch?\n"


def test_a_template_of_strings_gets_strings() -> None:
    text = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
    assert form(text).text(CHAT) == "[system] Be a doctor.\n[user] Where does it itch?\n"
    seeing = form(text, "<image>")
    assert seeing.content == "strings"
    chat = [CHAT[0], Message("user", "Where?", shown(2))]
    assert seeing.text(chat) == "[system] Be a doctor.\n[user] <image>\n<image>\nWhere?\n"


def test_a_template_of_parts_gets_parts_also_from_a_text_only_model() -> None:
    template = "{% for m in messages %}[{{ m.role }}] {% for p in m.content %}{{ p['text'] }}{% endfor %};{% endfor %}"
    assert form(template).text(CHAT) == "[system] Be a doctor.;[user] Where does it itch?;"


def test_a_system_message_may_have_to_be_a_string() -> None:
    template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ 'SYSTEM ' + m.content }}\n{% else %}"
        "{% for p in m.content %}{{ '<image>' if p.type == 'image' else p.text }}{% endfor %};{% endif %}{% endfor %}"
    )
    found = form(template, "<image>")
    assert found.content == "mixed"
    assert found.text([CHAT[0], Message("user", "?", shown(1))]) == "SYSTEM Be a doctor.\n<image>?;"


def test_a_template_of_one_photograph_says_so() -> None:
    template = (
        "{% for m in messages %}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% elif loop.first %}"
        "<image>{% endif %}{% endfor %}{% endfor %}"
    )
    found = form(template, "<image>")
    assert found.most_photographs == 1 and found.text([Message("user", "?", shown(1))]) == "<image>?"
    with pytest.raises(ModelError, match="shows 1 photograph a prompt, not 2"):
        found.text([Message("user", "?", shown(2))])


def test_a_template_that_drops_photographs_makes_a_model_that_cannot_see() -> None:
    template = (
        "{% for m in messages %}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text | replace('<image>', '') }}"
        "{% endif %}{% endfor %};{% endfor %}"
    )
    found = form(template, "<image>")
    assert found.token is None
    assert found.text([Message("user", "Where?", shown(1))]) == "Where?;"


def test_roles_alternate() -> None:
    joined = merged([CHAT[0], CHAT[0], Message("user", "a", shown(1)), Message("user", "b", shown(1)), *CHAT[:1]])
    assert [(m.speaker, m.text, len(m.photographs)) for m in joined] == [
        ("system", "Be a doctor.\n\nBe a doctor.", 0),
        ("user", "a\n\nb", 2),
        ("system", "Be a doctor.", 0),
    ]
    asked = [Message("user", "Yes?"), Message("user", "No?")]
    assert form(tiny_models.read("gemma")).text(asked).count("<start_of_turn>user") == 1


def test_thinking_is_switched_off_by_the_templates_variable() -> None:
    found = form(tiny_models.read("qwen3"))
    assert found.variables == (("enable_thinking", False),) and found.closing == ""
    assert found.text(CHAT).endswith("<think>\n\n</think>\n\n")


def test_a_thought_that_nothing_switches_off_is_closed() -> None:
    template = "{% for m in messages %}{{ m.content }}\n{% endfor %}Assistant: <think>\n"
    assert form(template).text(CHAT).endswith("Assistant: <think>\n\n</think>\n\n")
    other = form(template.replace("<think>", "[THINK]"))
    assert other.text(CHAT).endswith("[THINK][/THINK]")


@pytest.mark.parametrize("template", ["nothing", "{{ raise_exception('no') }}", "{% for m in messages %}{% endfor %}"])
def test_a_template_that_renders_nothing_is_refused(template: str) -> None:
    with pytest.raises(ModelError, match="renders no chat"):
        form(template)


# -- markup in replies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<think>a</think>b",
        "<thinking>a</thinking>b",
        "[THINK]a[/THINK]b",
        "<unused94>a<unused95>b",
        "<THINK>a</THINK>b",
        "<unused94>thought\na\n<unused95>b",
        "thought\na<unused95>b",
        "a</think>b",
        "<seed:think>a</seed:think>b",
        "\u25c1think\u25b7a\u25c1/think\u25b7b",
        "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>",
        "<|channel>thought\na<channel|>b",
        "<thought>a</thought>b",
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>",
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>b",
        "a<|end|><|start|>assistant<|channel|>final<|message|>b",
        "analysis\na assistantfinalb",
    ],
)
def test_a_private_thought_is_kept_apart(text: str) -> None:
    assert clean(without_thought(text)) == "b" and thought_of(text) == "a"


@pytest.mark.parametrize(
    "text",
    [
        "<think>a",
        "<unused94>thought\na",
        "[THINK]a",
        "<|channel|>analysis<|message|>a",
        "<|channel|>commentary<|message|>a<|end|>",
        "analysis\na",
    ],
)
def test_a_thought_without_an_end_leaves_no_answer(text: str) -> None:
    assert clean(without_thought(text)) == "" and thought_of(text) == "a" and speech(text, "patient") is None


@pytest.mark.parametrize("text", ["Thought I would come.\nIt itches.", "b<|end|>", "It is analysis paralysis."])
def test_other_words_are_no_thought(text: str) -> None:
    assert without_thought(text) == text and thought_of(text) == ""


@pytest.mark.parametrize("tag", ["answer", "response"])
def test_tags_around_an_answer_are_not_said(tag: str) -> None:
    assert speech(f"<think>a</think>\n<{tag}>It itches.</{tag}>\n", "patient") == "It itches."


def test_an_answer_of_gpt_oss_begins_in_its_final_channel() -> None:
    found = form(tiny_models.read("gptoss"))
    assert found.text(CHAT).endswith("<|start|>assistant<|channel|>final<|message|>")
    assert found.text(CHAT, thinks=True).endswith("<|start|>assistant<|channel|>analysis<|message|>")
    assert found.thought is not None and found.thought[1].endswith("<|channel|>final<|message|>")


@pytest.mark.parametrize(
    "text",
    ['Yes.<tool_call>{"name": "x"}</tool_call>', 'Yes.<tool_call>{"name"', 'Yes.[TOOL_CALLS][{"name": "x"}]'],
)
def test_a_call_of_a_tool_is_not_said(text: str) -> None:
    assert clean(without_tool_calls(text)) == "Yes."
    assert not re.search("tool|name", without_tool_calls(text))
