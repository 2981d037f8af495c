"""A second try says what was wrong with the first to models that read words; the starter is asked the same again."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from consult.agents.exchange import Exchange
from consult.agents.models import Message, ModelInfo, Prompt, Reply
from consult.agents.prompt_formats.correction import UNSAYABLE, corrected
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.doctors import generate_with_retry

SCHEMA = {"type": "object", "properties": {"specialty": {"type": "string"}}}
PHOTOGRAPH: Any = "a photograph"


def tried(replies, *, task="triage", dialect="plain", schema=SCHEMA, why=None):
    """Give the texts of the last messages that are sent until an answer is read, and the requests."""
    sent, left = [], iter(replies)

    async def send(request):
        sent.append(request)
        return next(left)

    client = RoleClient("triage", ModelInfo("m", "server", dialect), send)
    prompt = Prompt((Message("system", "A doctor."), Message("user", "Which?", (PHOTOGRAPH,))), 50, schema=schema)

    def read(text):
        return text if "dermatology" in text else None

    context = RequestContext(0, ("seed",), 0, 0)
    asyncio.run(generate_with_retry(client, prompt, task, context, read, why=why))
    return [request.prompt.messages[-1].text for request in sent], sent


@pytest.mark.parametrize(
    ("reply", "task", "words"),
    [
        (Reply('{"specialty": "cardiology"}'), "triage", "it named no specialty of the list."),
        (Reply("I would rather not."), "triage", "it named no specialty of the list, and it held no JSON object."),
        (Reply('{"diagnosis": "gout"}'), "opinion", "it named no diagnosis of the list."),
        (Reply(""), "decision", "it was empty."),
        (Reply("{", cut=True), "action", "it was too long and was cut off; be brief."),
        (Reply("<think>hm</think>"), "action", "it was only private thought; give the answer itself."),
        (Reply('{"x": 1}'), "assess", "it does not have the form asked for."),
    ],
)
def test_the_second_try_says_what_was_wrong(reply, task, words):
    # A cut reply is requested again with more room before that.
    texts, sent = tried([reply, *([reply] if reply.cut else []), Reply("dermatology")], task=task)
    assert texts[0] == "Which?" and texts[-1].startswith("Which?\n\nYour answer could not be used: ")
    assert words in texts[-1] and sent[-1].seed != sent[0].seed
    assert sent[-1].prompt.messages[-1].photographs == (PHOTOGRAPH,) and sent[-1].prompt.schema == SCHEMA


@pytest.mark.parametrize(
    ("reply", "task", "words"),
    [
        (Reply("Come back soon. Come back soon. Come back soon."), "explanation", "it repeats itself."),
        (Reply("It will pass.\nPatient: Thank you."), "reply", "it speaks for the patient."),
        (Reply("Hm. Hm hm hm. Hm hm hm. Hm hm hm.", cut=True), "reply", "it repeats itself, and it was too long and"),
        (Reply('{"action": "ask", "text": "<one question>"}'), "action", "it has a placeholder."),
    ],
)
def test_the_second_try_says_why_words_cannot_be_said_to_the_patient(reply, task, words):
    texts, _ = tried([reply, *([reply] if reply.cut else []), Reply("dermatology")], task=task, schema=None)
    assert texts[-1].startswith(f"Which?\n\nYour answer could not be used: {UNSAYABLE}: {words}")


def test_why_words_cannot_be_said_is_recorded():
    exchange = Exchange(cast(Any, SimpleNamespace(task="explanation")), ModelInfo("m", "server", "plain"))
    exchange.accept(Reply("Soon. Soon.", cut=True))
    exchange.refuse(fault="repeats itself")
    assert exchange.why == "not a usable explanation: it repeats itself" and exchange.unread


def test_the_readers_own_reason_is_told():
    texts, _ = tried([Reply("{}"), Reply("dermatology")], task="assess", why=lambda: "the answer lacks item 1.2")
    assert "could not be used: the answer lacks item 1.2. Answer again" in texts[1]


def test_the_starters_second_prompt_is_its_first():
    texts, _ = tried([Reply("nothing"), Reply("dermatology")], dialect="starter")
    assert texts == ["Which?", "Which?"]


def test_a_usable_answer_is_the_last():
    texts, _ = tried([Reply(json.dumps({"specialty": "dermatology"}))])
    assert texts == ["Which?"]


def test_only_the_last_message_is_changed():
    prompt = Prompt(
        (Message("system", "A."), Message("user", "B."), Message("assistant", "C."), Message("user", "D.")), 5
    )
    again = corrected(prompt, "it was empty")
    assert again.messages[:3] == prompt.messages[:3] and again.messages[3].text.startswith("D.\n\nYour answer")
