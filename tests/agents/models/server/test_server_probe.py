"""What the greeting finds out about a server: from what comes back, not from the status."""

import json
import warnings

import clinic
import pytest
import rude

from consult.agents.models import Message, Prompt, Request
from consult.agents.models.server.context import ContextWatch, context_of_props, stated_context
from consult.agents.models.server.model import ServerModel
from consult.agents.models.server.server_probe import INVENT


@pytest.fixture
def opened():
    models: list[ServerModel] = []
    servers: list[rude.Server] = []

    def open_(answer=lambda h, b: "Yes.", **more):
        servers.append(rude.Server(answer, **more))
        models.append(ServerModel(servers[-1].base + "#tiny"))
        return models[-1], servers[-1]

    yield open_
    for model in models:
        model.close()
    for server in servers:
        server.close()


def found(model, name):
    return model.info.details.get(name)


def prose(handler, body):
    """Take a schema with status 200 and answer as if there were none."""
    return rude.completion("Yes, of course.")


def fenced(handler, body):
    return rude.completion('```json\n{"answer": "alder"}\n```')


def held(handler, body):
    if "response_format" not in body:
        return "Yes."
    return rude.completion(json.dumps(clinic.filled(schema(body))))


def schema(body):
    return body["response_format"]["json_schema"]["schema"]


def unfinished(handler, body):
    """Hold to a schema, with much white space."""
    return "Yes." if "response_format" not in body else clinic.message("length", content='{\n\n   "choice": "al')


def refusing(handler, body):
    if "response_format" in body:
        return rude.say(handler, {"error": {"message": "response_format is not supported"}}, 400)
    return "Yes."


@pytest.mark.parametrize(
    ("answer", "schemas"),
    [(prose, "ignored"), (fenced, "ignored"), (held, "kept"), (unfinished, "kept"), (refusing, "refused")],
)
def test_a_schema_counts_only_if_the_answer_fits_it(opened, answer, schemas):
    model, server = opened(answer, schemas=False)
    assert found(model, "schemas") == schemas
    prompt = Prompt((Message("user", "What next?"),), 50, schema={"type": "object", "properties": {}})
    model.generate([Request((0,), "attending", "action", 0, prompt, 7)])
    assert ("response_format" in server.asked[-1]) == (schemas == "kept")


def by_seed(handler, body):
    return f"A cat called {body['seed']}."


def greedy(handler, body):
    return rude.completion("A cat called Tom.")


class Restless:
    """Answers otherwise each time, whatever the seed."""

    asked = 0

    def __call__(self, handler, body):
        self.asked += 1
        return rude.completion(f"A cat called {self.asked}.")


@pytest.mark.parametrize(
    ("answer", "sampling"), [(by_seed, "by seed"), (greedy, "greedy"), (Restless(), "not by seed")]
)
def test_sampling_is_seen_from_one_prompt_under_two_seeds(opened, answer, sampling):
    model, server = opened(answer, samples=False)
    assert found(model, "sampling") == sampling
    drawn = [body for body in server.bodies if rude.last(body) == INVENT]
    assert [body["seed"] for body in drawn] == [1, 2, 1] and {body["temperature"] for body in drawn} == {1.0}


def thinking(on, off):
    """Think by the switch: whether it thinks when it is on, and when it is off."""

    def answer(handler, body):
        kwargs = body.get("chat_template_kwargs", {})
        thinks = off if kwargs.get("enable_thinking") is False else on
        return clinic.message(content="Yes.", **({"reasoning_content": "Hm."} if thinks else {}))

    return answer


@pytest.mark.parametrize(
    ("on", "off", "words"),
    [(True, False, "can be switched"), (True, True, "always on"), (False, False, "none")],
)
def test_the_switch_for_thinking_counts_only_if_the_thought_comes_and_goes(opened, on, off, words):
    model, _ = opened(thinking(on, off))
    assert found(model, "thinking") == words


def test_pictures_are_seen_dropped_refused_or_only_accepted(opened):
    def refusing(handler, body):
        if any(isinstance(m["content"], list) for m in body["messages"]):
            return rude.say(handler, {"error": "no images"}, 400)
        return "Yes."

    assert found(opened()[0], "photographs") == "seen"
    assert found(opened(sees=False)[0], "photographs") == "dropped"
    assert found(opened(refusing)[0], "photographs") == "refused"
    model, _ = opened(lambda h, b: rude.completion("Yes.", usage=None))
    assert found(model, "photographs") == "accepted" and model.info.sees


# -- context ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "tokens"),
    [
        ({"max_model_len": 4096}, 4096),
        ({"meta": {"n_ctx": 2048, "n_ctx_train": 8192}}, 2048),
        ({"meta": {"n_ctx_train": 8192}}, 8192),
        ({"context_length": 1024}, 1024),
        ({"meta": {"n_ctx": "2048"}}, None),
        ({"max_model_len": True, "meta": None}, None),
        ({"max_model_len": 0}, None),
        ({}, None),
    ],
)
def test_the_context_is_read_where_servers_state_it(entry, tokens):
    assert stated_context(entry) == tokens


@pytest.mark.parametrize(
    ("props", "tokens"),
    [
        ({"default_generation_settings": {"n_ctx": 512}}, 512),
        ({"n_ctx": 256}, 256),
        ({"default_generation_settings": None}, None),
        ([], None),
        ("x", None),
    ],
)
def test_the_context_of_one_slot_stands_in_the_props(props, tokens):
    assert context_of_props(props) == tokens


@pytest.mark.parametrize("props", [{"default_generation_settings": {"n_ctx": 512}}, None])
def test_llama_cpp_is_asked_for_its_props(opened, props):
    def listed(handler):
        if handler.path == "/props":
            return rude.say(handler, props or {"error": "no such page"}, 200 if props else 404)
        return rude.say(handler, {"data": [{"id": "tiny", "meta": {"n_ctx": 2048}}]})

    model, _ = opened(listed=listed)
    assert found(model, "context") == ("512" if props else "2048")


def prompted(characters, pictures=0):
    message = Message("user", "x" * characters, ("photograph",) * pictures)
    return Request((characters,), "attending", "action", 0, Prompt((message,), 50), 0)


def test_a_count_of_prompt_tokens_that_stops_growing_is_noticed_once():
    watch = ContextWatch()
    assert not any(watch.note(prompted(n), min(n // 4, 512)) for n in (400, 900, 1800, 2100))
    assert watch.note(prompted(4000), 512) and watch.limit == 512
    assert not watch.note(prompted(8000), 512)


def test_growing_counts_pictures_and_dense_texts_are_no_limit():
    watch = ContextWatch()
    growing = [
        (400, 100, 0),
        (4000, 1000, 0),
        (4400, 990, 0),
        (4400, 1500, 1),
        (400, 600, 1),
        (9000, 1001, 0),
        (50, 3, 0),
    ]
    assert not any(watch.note(prompted(n, pictures), tokens) for n, tokens, pictures in growing)
    assert watch.limit is None


def test_a_server_that_shortens_prompts_is_told_with_the_setting(opened):
    def short(handler, body):
        reply = rude.completion("Yes.")
        reply["usage"]["prompt_tokens"] = min(len(clinic.asked(body)) // 4, 300)
        return reply

    model, server = opened(short)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in (400, 1600, 6000, 9000):
            model.generate([prompted(n)])
    (only,) = [str(one.message) for one in caught]
    assert "300 tokens" in only and server.base in only
    assert all(setting in only for setting in ("OLLAMA_CONTEXT_LENGTH", "--ctx-size", "--max-model-len"))
    assert found(model, "shortens prompts to") == "300"
