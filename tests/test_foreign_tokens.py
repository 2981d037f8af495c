"""Control tokens of all families of models are removed from texts; other text in brackets stays readable."""

import json
import re

import clinic
import pytest

from consult.agents.models import Message, Prompt, Request
from consult.agents.models.local.chat_format import cleared
from consult.agents.models.server.openai_api import chat, sent
from consult.agents.prompt_formats.clean import clean
from consult.foreign_text import TOKENS, without_tokens

CONTROLS = [
    "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|image_pad|>", "<|eot_id|>", "<|start_header_id|>", "<|user|>",
    "<|channel|>", "<|START_OF_TURN_TOKEN|>", "<|image_1|>", "<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[SYSTEM_PROMPT]", "[TOOL_CALLS]", "[IMG]", "[IMG_END]", "<s>", "</s>",
    "<start_of_turn>user", "<end_of_turn>", "<start_of_image>", "<image_soft_token>", "<unused94>", "<bos>", "<pad>",
    "<|turn>", "<turn|>", "<image>", "<video>", "<im_start>", "<img>", "</img>", "<IMG_CONTEXT>", "<image_placeholder>",
    "<fake_token_around_image>", "<row_1_col_2>", "<end_of_utterance>", "<tool_call>", "</tool_response>", "[CLS]",
    "[MASK]", "<extra_id_0>", "<loc0512>", "<reserved_106>",
]  # fmt: skip
HARMLESS = [
    "It is < 5 mm and > 2 mm wide.", "Temperature <38.5 at night, >39 by day.", "I <b>hate</b> it.", "a <-> b |x|",
    "Rash [sic] on [both] arms [see photo].", "<answer>eczema</answer><urgency>soon</urgency>", "<your line>",
    "BP [120/80], HR <100>", "score 1|2|3 <<very>> bad", "[1] [A] [IgE]", "<think>so</think>", "p<0.05|n=3|",
]  # fmt: skip


@pytest.mark.parametrize("token", CONTROLS)
def test_a_token_of_any_family_is_removed(token):
    assert without_tokens(f"My {token} arm{token}itches").split() in (["My", "arm", "itches"], ["My", "arm"])
    assert token not in clean(f"My {token} arm") and not TOKENS.search(clean(f"<im{token}age> {token}"))


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_in_brackets_stays(text):
    assert without_tokens(text) == text


def prompt():
    said = " ".join(CONTROLS)
    return Prompt((Message("system", "A doctor."), Message("user", f"Patient: my arm {said} itches < 5 mm")), 8)


@pytest.mark.parametrize("features", [("system",), ()])
def test_no_token_reaches_a_server_or_the_store(features):
    request = Request((0,), "attending", "action", 0, prompt(), 0)
    body = chat(request, "m", features, lambda photograph: "")
    assert not TOKENS.search(json.dumps(body, ensure_ascii=False)) and "itches < 5 mm" in clinic.asked(body)
    assert not any(TOKENS.search(one.text) for one in sent(request, features, body).messages)


def test_no_token_of_another_family_reaches_a_template():
    """A model's own tokens are those of its tokenizer; these are of others."""
    kept = cleared(prompt(), re.compile(r"(?!)"))
    assert not any(TOKENS.search(one.text) for one in kept) and "itches < 5 mm" in kept[1].text
