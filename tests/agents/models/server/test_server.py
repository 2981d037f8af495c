"""The backend for servers against a rude one: bounded time, one sentence each, and no key in anything."""

import asyncio
import contextlib
import json
import socket
import threading
import time
import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import rude
from PIL import Image

from consult.agents.acts import DoctorView
from consult.agents.models import Choice, Message, ModelError, ModelGoneError, Prompt, Reply, Request, open_model
from consult.agents.models.server.connection import Timeouts
from consult.agents.models.server.model import ServerModel
from consult.agents.models.server.server_url import Address, parse_addresses
from consult.agents.models.server.slots import Slots
from consult.agents.prompt_formats import PlainDialect
from consult.errors import PluginWarning, UserError
from consult.scenarios import Photograph

KEY = "sk-secret-1234567890"
CALM = Timeouts(reply=20, total=40, tries=3, first_wait=0.02, longest_wait=0.1)
HASTY = Timeouts(connect=1, reply=1, listing=1, total=2.5, tries=3, first_wait=0.02, longest_wait=0.1)
SLOW = (rude.hanging, rude.dripping, rude.busy)
"""Only patience ends these."""


@pytest.fixture(autouse=True)
def with_key(monkeypatch):
    monkeypatch.setenv("CONSULT_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def photograph(side=32):
    pixels = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return Photograph(f"p{side}", lambda: Image.fromarray(pixels))


def request(nth=0, text="Where does it hurt?", *, photo=None, choice=None, system="doctor"):
    prompt = Prompt(
        (Message("system", system), Message("user", text, (photo,) if photo else ())), 50, choice, temperature=None
    )
    return Request((nth,), "attending", "action", nth, prompt, 2**62 + nth, 0.7, 0.9)


@pytest.fixture
def opened():
    """Open models, and close them and their servers at the end."""
    models, servers = [], []

    def open_(answer=lambda h, b: "Yes.", suffix="#tiny", timeouts=CALM, **more):
        servers.append(rude.Server(answer, **more))
        models.append(ServerModel(servers[-1].base + suffix, timeouts))
        return models[-1], servers[-1]

    yield open_
    for model in models:
        model.close()
    for server in servers:
        server.close()


def complaint_of(call):
    """Give the one sentence that a call ends with, held against what no complaint may have."""
    started = time.monotonic()
    with pytest.raises(UserError) as caught:
        call()
    assert time.monotonic() - started < 10
    sentence = str(caught.value)
    assert "\n" not in sentence and "\x1b" not in sentence and "\u202e" not in sentence and len(sentence) < 500
    assert KEY not in sentence and KEY not in repr(caught.value.__context__)
    return caught.type, sentence


# -- what is sent and read -----------------------------------------------------------------------------------------


def test_a_request_carries_all_that_the_reply_depends_on(opened):
    model, server = opened()
    reply = model.generate([request(photo=photograph())])[0]
    assert reply == Reply("Yes.", 23, 3)
    body = server.asked[0]
    assert body["model"] == "tiny" and body["max_tokens"] == 50
    assert (body["temperature"], body["top_p"], body["seed"]) == (0.7, 0.9, 2**62 % 2**31)
    assert body["messages"][0] == {"role": "system", "content": "doctor"}
    picture, words = body["messages"][1]["content"]
    assert words == {"type": "text", "text": "Where does it hurt?"}
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")


def test_a_photograph_arrives_pixel_by_pixel_and_a_large_one_shrunk(opened):
    import base64
    import io

    model, server = opened()
    model.generate([request(0, photo=photograph(32)), request(1, photo=photograph(2100))])
    urls = {b["seed"] % 2: b["messages"][1]["content"][0]["image_url"]["url"] for b in server.asked}
    pictures = [Image.open(io.BytesIO(base64.b64decode(urls[i].partition(",")[2]))) for i in (0, 1)]
    assert (np.asarray(pictures[0]) == np.asarray(photograph(32).load())).all()
    assert pictures[1].size == (2048, 2048) and pictures[1].format == "JPEG"


def test_a_choice_is_asked_for_as_a_schema_and_unwrapped(opened):
    model, server = opened(lambda h, b: '{"choice": "site"}' if "response_format" in b else "I say: site")
    asked = request(choice=Choice(("site", "duration")))
    assert model.generate([asked])[0].text == "site"
    schema = server.asked[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["choice"]["enum"] == ["site", "duration"]
    assert model.generate([request(1)])[0].text == "I say: site"


def test_a_schema_is_sent_where_the_whole_reply_is_json(opened):
    model, server = opened(lambda h, b: '{"site": "elbow"}')
    bare = request()
    schema = {"type": "object", "properties": {"site": {"type": "string"}}}
    for after in ("", "</think>"):
        prompt = replace(bare.prompt, schema=schema, schema_after=after)
        assert model.generate([replace(bare, prompt=prompt)])[0].text == '{"site": "elbow"}'
    sent = [body.get("response_format") for body in server.asked]
    assert sent == [{"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}, None]


@pytest.mark.parametrize("thinks", [False, True])
def test_every_decision_is_sent_with_its_schema_also_with_private_reasoning(opened, thinks):
    model, server = opened(lambda h, b: "{}")
    labels = ("eczema", "hives")
    view = DoctorView((), labels, ("dermatology",), {"site": "where"}, {}, offers=("ask", "conclude"), thinks=thinks)
    dialect = PlainDialect()
    opinion = dialect.opinion(view, "dermatology", 0)
    prompts = [dialect.triage(view), dialect.action(view), opinion, dialect.decision(view)]
    model.generate([replace(request(nth), prompt=prompt) for nth, prompt in enumerate(prompts)])
    sent = [body["response_format"]["json_schema"]["schema"] for body in server.asked]
    assert sorted(map(repr, sent)) == sorted(repr(prompt.schema) for prompt in prompts)
    assert sorted(body["max_tokens"] for body in server.asked) == [256 + 512 * thinks, 768, 1024, 1024]


@pytest.mark.parametrize("greeting", [True, False])
def test_a_server_that_refuses_schemas_is_asked_in_words(opened, greeting):
    """Found out at the greeting, or later from one refusal, which then holds."""

    def choosy(handler, body):
        if "response_format" in body and (greeting or ("enum" in str(body) and "site" in str(body))):
            return rude.say(handler, {"error": {"message": "response_format is not supported"}}, 400)
        return "site"

    model, server = opened(choosy)
    for nth in range(2):
        assert model.generate([request(nth, choice=Choice(("site", "duration")))])[0].text == "site"
    assert sum("response_format" in b for b in server.asked) == (0 if greeting else 1)


def test_a_server_without_system_role_gets_the_words_in_the_users(opened):
    def without(handler, body):
        if any(m["role"] == "system" for m in body["messages"]):
            return rude.say(handler, {"error": "System role not supported"}, 400)
        return "Yes."

    model, server = opened(without)
    assert model.generate([request(photo=photograph())])[0].text == "Yes."
    (only,) = server.asked[0]["messages"]
    assert only["content"][1]["text"] == "doctor\n\nWhere does it hurt?" and only["content"][0]["type"] == "image_url"


@pytest.mark.parametrize("status", [400, 500, None])
def test_pictures_that_are_refused_or_dropped_mean_that_it_does_not_see(opened, status):
    def blind(handler, body):
        if status and any(isinstance(m["content"], list) for m in body["messages"]):
            return rude.say(handler, {"error": {"message": "image input is not supported"}}, status)
        return "Yes."

    model, _ = opened(blind, sees=False)
    assert not model.info.sees and "photograph" not in model.info.details["takes"]
    seeing, _ = opened()
    assert seeing.info.sees


def test_thinking_is_switched_off_where_the_server_can_and_is_told_apart_where_not(opened):
    model, server = opened()
    model.generate([request()])
    assert server.asked[0]["chat_template_kwargs"]["enable_thinking"] is False

    def thoughtful(handler, body):
        if "chat_template_kwargs" in body:
            return rude.say(handler, {"detail": [{"msg": "extra inputs are not permitted"}]}, 422)
        made = rude.completion("A rash.")
        made["choices"][0]["message"]["reasoning_content"] = "Let me see."
        return made

    model, server = opened(thoughtful)
    reply = model.generate([request()])[0]
    assert (reply.text, reply.thought) == ("A rash.", "Let me see.")
    assert "chat_template_kwargs" not in server.asked[0]


@pytest.mark.parametrize(
    "content, text", [(None, ""), ([{"type": "text", "text": "a"}, {"type": "x"}, {"text": "b"}], "ab"), (7, "")]
)
def test_odd_contents_are_read_as_what_text_there_is(opened, content, text):
    model, _ = opened(rude.after_greeting(lambda h, b: rude.completion(content, usage=None)))
    assert model.generate([request()])[0] == Reply(text, 0, 0)


def test_requests_in_flight_are_bounded_and_replies_in_order(opened):
    def slowly(handler, body):
        time.sleep(0.05)
        return body["messages"][-1]["content"]

    model, server = opened(rude.after_greeting(slowly), suffix="?concurrency=3#tiny")
    texts = [reply.text for reply in model.generate([request(i, f"line {i}") for i in range(12)])]
    assert texts == [f"line {i}" for i in range(12)] and 2 <= server.most <= 3


@pytest.mark.slow
def test_a_server_that_answers_too_late_gets_fewer_requests_at_once(opened):
    """As one that takes a request at a time, lets the others wait, and drops those whose client has hung up."""
    one = threading.Lock()

    def queued(handler, body):
        with one:
            try:
                if not handler.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                    handler.close_connection = True
                    return None
            except BlockingIOError:
                time.sleep(0.15)
        return "Well."

    patience = Timeouts(connect=1, reply=1, listing=1, total=30, tries=8, first_wait=0.02, longest_wait=0.1)
    model, _ = opened(rude.after_greeting(queued), suffix="?concurrency=16#tiny", timeouts=patience)
    with pytest.warns(PluginWarning, match="requests at once, so it gets at most"):
        replies = model.generate([request(i) for i in range(20)])
    assert {reply.text for reply in replies} == {"Well."} and model.concurrency < 16


# -- several addresses ---------------------------------------------------------------------------------------------


def test_settings_and_name_at_the_end_hold_for_all_addresses():
    found = parse_addresses("http://a:1/v1,https://b/v1?timeout=9, http://localhost:1/v1?concurrency=32#org/name")
    assert found == [
        Address("http://a:1/v1", "org/name", 32),
        Address("https://b/v1", "org/name", 32, 9),
        Address("http://localhost:1/v1", "org/name", 32),
    ]
    assert [one.concurrency for one in parse_addresses("http://a/v1,http://localhost/v1")] == [8, 64]


@pytest.mark.parametrize(
    "reference, words",
    [
        ("http://a/v1,b:8000/v1#m", "each of several addresses begins with http://"),
        ("http://a/v1,#m", "each of several addresses begins with http://"),
        ("http://a/v1#m,http:/b/v1", "each of several addresses begins with http://"),
        ("http://a/v1,http://a/v1/#m", "http://a/v1 occurs twice"),
        ("http://a:80/v1,http://A/v1#m", "http://A/v1 occurs twice"),
        ("http://a/v1 http://b/v1#m", "several addresses are separated by commas"),
        ("http://a/v1;http://b/v1#m", "several addresses are separated by commas"),
        ("http://a/v1#m,http://b/v1#n", "name several models"),
        ("http://a/v1,http://user:hunter2@b/v1#m", "user or password"),
        ("http://a/v1?concurrency=0,http://b/v1#m", "from 1 to 1,024"),
    ],
)
def test_wrong_lists_of_addresses_are_refused_in_one_sentence(reference, words):
    sentence = complaint_of(lambda: open_model(reference))[1]
    assert words in sentence and "hunter2" not in sentence


def test_slots_can_be_withdrawn_and_added_while_requests_wait():
    async def play():
        slots, running, most = Slots(4), 0, []

        async def work():
            nonlocal running
            async with slots:
                running += 1
                most.append(running)
                await asyncio.sleep(0.01)
                running -= 1

        jobs = [asyncio.create_task(work()) for _ in range(12)]
        await asyncio.sleep(0.005)
        await slots.resize(2)
        await asyncio.gather(*jobs[:8])
        assert max(most[:4]) == 4 and max(most[5:8]) == 2
        await slots.resize(3)
        await asyncio.gather(*jobs, *(asyncio.create_task(work()) for _ in range(6)))
        assert max(most[12:]) == 3 and slots.taken == 0
        await slots.resize(1)
        most.clear()
        await asyncio.gather(*(work() for _ in range(3)))
        assert most == [1, 1, 1]

    asyncio.run(play())


# -- opening -------------------------------------------------------------------------------------------------------


def test_the_only_model_needs_no_name(opened):
    model, _server = opened(suffix="")
    assert model.info.details["model"] == "tiny" and model.info.revision == "tiny"
    assert model.info.backend == "server" and model.info.dialect == "plain"


@pytest.mark.parametrize(
    "listed, suffix, words",
    [
        (("small", "large"), "", "several models or none; name one as"),
        (("small", "large"), "", "there are: small, large"),
        ((), "", "there are: none"),
        (("qwen-vl-7b", "llama"), "#qwen-vl-7", "'qwen-vl-7'; there are: qwen-vl-7b, llama"),
        (("a\x1b[2Jb",), "#c", "'c'; there are: ab"),
    ],
)
def test_unknown_names_answer_with_the_menu(opened, listed, suffix, words):
    """Also where the server takes no notice of the name and would answer as anybody."""
    for answer in (lambda h, b: "Yes.", lambda h, b: rude.say(h, {"error": "no such model"}, 404)):
        assert words in complaint_of(lambda answer=answer: opened(answer, suffix, listed=listed))[1]


def test_a_name_that_is_not_listed_but_told_from_any_other_is_served(opened):
    def pinned(handler, body):
        if body["model"] != "./folder":
            return rude.say(handler, {"detail": "Server is pinned to './folder'"}, 400)
        return "Yes."

    model, _ = opened(pinned, "#./folder", listed=("cached/one",))
    assert model.info.details["model"] == "./folder"


def test_a_server_without_a_list_serves_what_is_named(opened):
    model, _ = opened(listed=lambda handler: rude.say(handler, {"error": "scan failed"}, 500))
    assert model.generate([request()])[0].text == "Yes."
    sentence = complaint_of(lambda: opened(suffix="", listed=lambda h: rude.say(h, {}, 404)))[1]
    assert "has no list of models (404)" in sentence and "/v1" in sentence


def test_the_revision_tells_weights_apart_and_outlives_a_restart(opened):
    def listing(size, created):
        entry = {"id": "tiny", "created": created, "root": "/models/tiny", "meta": {"n_params": size, "n_ctx": 7}}
        return lambda handler: rude.say(handler, {"data": [entry]})

    revisions = [opened(listed=listing(*each))[0].info.revision for each in ((1, 1), (1, 2), (2, 1))]
    assert revisions[0] == revisions[1] != revisions[2] and revisions[0].startswith("tiny+")


def test_nobody_there():
    kind, sentence = complaint_of(lambda: open_model("http://127.0.0.1:9/v1#tiny"))
    assert issubclass(kind, ModelError) and sentence.startswith(
        "no server answers at http://127.0.0.1:9/v1: the connection failed"
    )
    assert "start the server" in sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    "how", [rude.hanging, rude.html, rude.truncated, rude.deep, rude.hung_up, rude.huge, rude.busy]
)
def test_a_list_that_is_rude(opened, how):
    kind, _ = complaint_of(lambda: opened(suffix="", timeouts=HASTY, listed=lambda h: how(h, None)))
    assert issubclass(kind, ModelError) and not issubclass(kind, ModelGoneError)


@pytest.mark.slow
@pytest.mark.parametrize(
    "how, words",
    [
        (rude.busy, "error 429: slow down"),
        (rude.broken, "error 500: something broke"),
        (rude.hanging, "no reply within 1 s"),
        (rude.html, "an HTML page instead of a reply"),
        (rude.escaping, "no such thing x"),
        (rude.redirecting, "serves no chat (307)"),
        (lambda h, b: rude.say(h, {"detail": "Not Found"}, 404), "usually ends in /v1"),
    ],
)
def test_a_greeting_that_is_answered_rudely(opened, how, words):
    kind, sentence = complaint_of(lambda: opened(how, timeouts=HASTY if how in SLOW else CALM))
    assert kind is not ModelGoneError and words in sentence


@pytest.mark.parametrize("how", [rude.broken, rude.hung_up])
def test_of_several_addresses_one_without_a_usable_answer_is_left_out(opened, how):
    with contextlib.ExitStack() as ended:
        bad = ended.enter_context(contextlib.closing(rude.Server(how)))
        with pytest.warns(PluginWarning, match=f"{bad.base} gives no usable answer: .*the other addresses"):
            model, good = opened(suffix=f",{bad.base}#tiny")
        assert [reply.text for reply in model.generate([request(nth) for nth in range(8)])] == ["Yes."] * 8
        assert len(good.bodies) > 8


def test_if_no_address_answers_each_is_named_in_one_sentence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sentence = complaint_of(lambda: open_model("http://127.0.0.1:9/v1,http://[::1]:9/v1#tiny"))[1]
    assert "no server answers at http://127.0.0.1:9/v1: " in sentence
    assert "no server answers at http://[::1]:9/v1: " in sentence


# -- addresses and keys --------------------------------------------------------------------------------------------


def test_addresses():
    assert Address.parse("http://h:1/v1/?concurrency=2&timeout=9#org/name") == Address(
        "http://h:1/v1", "org/name", 2, 9
    )
    assert Address.parse("http://h:1/v1#org/name?concurrency=2") == Address("http://h:1/v1", "org/name", 2)
    assert Address.parse("https://h/v1") == Address("https://h/v1", None, 8, 300)
    for here in ("https://[::1]/v1", "http://127.0.0.1:1/v1", "http://localhost/v1"):
        assert Address.parse(here) == Address(here, None, 64), "a server on this machine is shared with nobody"


@pytest.mark.parametrize(
    "reference, words",
    [
        ("http://user:hunter2@host/v1#m", "user or password"),
        ("http://hunter2@host/v1#m", "set CONSULT_API_KEY"),
        ("http://host/v1?api_key=hunter2#m", "not 'api_key'"),
        ("http:///v1#m", "has no host"),
        ("http://host:hunter2/v1", "cannot be parsed"),
        ("http://host/v1?concurrency=0#m", "from 1 to 1,024"),
        ("http://host/v1?concurrency=hunter2#m", "from 1 to 1,024"),
        ("http://host/v1?timeout=nan", "from 0.01 to 86,400"),
        ("http://ho\nst/v1", "has no host"),
    ],
)
def test_wrong_addresses_are_refused_without_repeating_secrets(reference, words):
    sentence = complaint_of(lambda: open_model(reference))[1]
    assert words in sentence and "hunter2" not in sentence


def test_the_key_travels_in_the_header_alone(opened):
    model, server = opened(lambda h, b: f"Your header was {h.headers['Authorization']}.")
    reply = model.generate([request()])[0]
    assert {h["Authorization"] for h in server.headers} == {f"Bearer {KEY}"}
    assert reply.text == "Your header was Bearer [key]."
    assert KEY not in json.dumps(server.bodies) and KEY not in repr(model.info) + repr(vars(model))


def test_a_key_for_openai_goes_nowhere_in_plain_text(monkeypatch, opened):
    monkeypatch.delenv("CONSULT_API_KEY")
    assert Address.parse("http://example.org/v1").key() is None
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert Address.parse("http://example.org/v1").key() is None
    for private in ("https://example.org/v1", "http://localhost:1/v1", "http://127.0.0.1:1/v1", "http://[::1]:1/v1"):
        assert Address.parse(private).key() == KEY
    monkeypatch.setenv("CONSULT_API_KEY", "other")
    assert Address.parse("http://example.org/v1").key() == "other"


@pytest.mark.parametrize("key", ["line\nbreak-in-it", "schlüssel-lang", "two words-of-it"])
def test_a_key_that_cannot_be_sent(monkeypatch, key):
    monkeypatch.setenv("CONSULT_API_KEY", key)
    sentence = complaint_of(lambda: open_model("http://127.0.0.1:9/v1"))[1]
    assert sentence == "CONSULT_API_KEY contains characters that are invalid in a key; set it again"


@pytest.mark.parametrize("key", [KEY, None])
def test_a_key_that_is_refused(monkeypatch, opened, key):
    """What the server says of it is not repeated: some say part of the key."""
    if key is None:
        monkeypatch.delenv("CONSULT_API_KEY")

    def refusing(handler):
        rude.say(handler, {"error": {"message": "Incorrect API key provided: sk-secr******7890"}}, 401)

    sentence = complaint_of(lambda: opened(listed=refusing))[1]
    assert sentence.endswith(f"{'refuses the key' if key else 'requires a key'} (401); set CONSULT_API_KEY")


def test_proxies_and_redirects_are_not_followed(monkeypatch, opened):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    model, _ = opened()
    assert model.generate([request()])[0].text == "Yes."


# -- while it is asked ---------------------------------------------------------------------------------------------

ONE_FAILS = {
    "500s": (rude.broken, "error 500: something broke"),
    "a hang": (rude.hanging, "no reply within 1 s"),
    "a drip": (rude.dripping, "no reply within 1 s"),
    "HTML": (rude.html, "an HTML page instead of a reply"),
    "truncated JSON": (rude.truncated, "broken JSON instead of a reply"),
    "deep JSON": (rude.deep, "broken JSON instead of a reply"),
    "hanging up": (rude.hung_up, "the connection failed"),
    "30 MB": (rude.huge, "a reply of more than 8 MB"),
    "nothing in it": (rude.nothing_in_it, "other JSON instead of a reply"),
    "escapes": (rude.escaping, "refuses the request (400: no such thing xxx"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_FAILS)
def test_a_bad_reply_fails_its_own_request_alone(opened, name):
    how, words = ONE_FAILS[name]
    model, server = opened(
        rude.after_greeting(lambda h, b: how(h, b) if b["messages"][-1]["content"] == "bad" else "Well."),
        timeouts=HASTY if how in SLOW else CALM,
    )
    batch = [request(0), request(1, "bad"), request(2)]
    kind, sentence = complaint_of(lambda: model.generate(batch))
    assert kind is ModelError and words in sentence and sentence.startswith(server.base)
    assert model.generate(batch[:1])[0].text == model.generate(batch[2:])[0].text == "Well."


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ONE_FAILS if name != "escapes"])
def test_a_server_that_fails_whatever_it_is_asked_is_gone(opened, name):
    how = ONE_FAILS[name][0]
    timeouts = HASTY if how in SLOW else CALM
    model, _ = opened(rude.after_greeting(how), suffix="?concurrency=8#tiny", timeouts=timeouts)
    kind, sentence = complaint_of(lambda: model.generate([request(i) for i in range(30)]))
    assert kind is ModelGoneError and ONE_FAILS[name][1] in sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    "how, words",
    [
        (rude.busy, "error 429: slow down"),
        (lambda h, b: rude.say(h, {}, 503, [("Retry-After", "3600")]), "error 503"),  # more than it is waited for
        (rude.as_another, "now answers as 'another', no longer as 'tiny'"),
        (lambda h, b: rude.say(h, {"error": f"bad key {KEY}"}, 401), "refuses the key (401)"),
        (lambda h, b: rude.say(h, {"error": "no such model"}, 404), "refuses the request (404: no such model)"),
    ],
)
def test_what_holds_for_every_request_ends_the_run_at_once(opened, how, words):
    model, _ = opened(rude.after_greeting(how), timeouts=HASTY if how in SLOW else CALM)
    kind, sentence = complaint_of(lambda: model.generate([request()]))
    assert kind is ModelGoneError and words in sentence


def test_a_server_that_dies_is_gone(opened):
    model, server = opened()
    server.close()
    kind, sentence = complaint_of(lambda: model.generate([request()]))
    assert kind is ModelGoneError and "the connection failed" in sentence


def test_a_busy_server_is_waited_for_as_it_asks(opened):
    times = []

    def at_first(handler, body):
        times.append(time.monotonic())
        if len(times) == 1:
            return rude.say(handler, {}, 429, [("Retry-After", "1")])
        return rude.busy(handler, body) if len(times) < 8 else "At last."

    model, _ = opened(rude.after_greeting(at_first), timeouts=Timeouts(first_wait=0.01, longest_wait=0.05, total=10))
    assert model.generate([request()])[0].text == "At last."
    assert times[1] - times[0] >= 1 and len(times) == 8


def test_a_busy_server_that_says_at_once_is_not_stormed(opened):
    model, server = opened(
        rude.after_greeting(lambda h, b: rude.say(h, {}, 429, [("Retry-After", "0")])),
        timeouts=Timeouts(first_wait=0.4, total=2),
    )
    assert complaint_of(lambda: model.generate([request()]))[0] is ModelGoneError
    assert 3 <= len(server.asked) <= 11


def test_closing_gives_up_what_is_under_way(opened):
    model, server = opened(rude.after_greeting(rude.hanging), timeouts=Timeouts())
    ended = threading.Event()

    def ask():
        try:
            model.generate([request()])
        except BaseException:
            ended.set()

    threading.Thread(target=ask, daemon=True).start()
    while not server.asked:
        time.sleep(0.01)
    started = time.monotonic()
    model.close()
    assert ended.wait(30) and time.monotonic() - started < 30  # a request is given a minute or more
    model.close()


@pytest.mark.parametrize(
    "words",
    [
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "System role not supported",
        "Only user and assistant roles are supported, no system message",
    ],
)
def test_a_server_that_refuses_the_order_of_roles_later_gets_merged_messages(opened, words):
    """The greeting's short chat passed; a refusal then holds for all that follows."""

    def choosy(handler, body):
        roles = [message["role"] for message in body["messages"]]
        if "system" in roles or any(a == b for a, b in pairwise(roles)):
            return rude.say(handler, {"error": {"message": words}}, 400)
        return "It hurts."

    model, server = opened(rude.after_greeting(choosy))
    assert "system" in model.info.details["takes"]
    asked = request(photo=photograph())
    twice = replace(asked.prompt, messages=(*asked.prompt.messages, Message("user", "Say it.")))
    for _ in range(2):
        assert model.generate([replace(asked, prompt=twice)])[0].text == "It hurts."
    (only,) = server.asked[-1]["messages"]
    assert only["content"][-1]["text"] == "doctor\n\nWhere does it hurt?\n\nSay it." and len(server.asked) == 3


@pytest.mark.parametrize("size", [(20, 20), (10, 3000), (3000, 10), (1, 1)])
def test_tiny_and_narrow_pictures_are_padded(opened, size):
    import base64
    import io

    model, server = opened()
    model.generate([request(photo=Photograph("p", lambda: Image.new("RGB", size, "red")))])
    url = server.asked[0]["messages"][1]["content"][0]["image_url"]["url"]
    sent = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
    assert min(sent.size) >= 32 and max(sent.size) <= 10 * min(sent.size)
    pixels = np.asarray(sent)
    assert (pixels[..., 1] < 60).sum() >= 1 and (pixels[0, 0] > 250).all()
