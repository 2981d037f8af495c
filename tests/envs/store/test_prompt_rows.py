"""What models were asked: kept with the turn it belongs to, small, and rebuilt byte for byte."""

import base64
import io
import json
import sqlite3
from dataclasses import replace

import pytest
import rude
from improvising import SCENARIO, Improviser, configured
from narrowing import present

from consult.agents.exchange import Exchange
from consult.agents.models.model import Choice, Message, ModelError, ModelInfo, Prompt, Reply, Request, Sent
from consult.agents.models.server.connection import Timeouts
from consult.agents.models.server.model import ServerModel
from consult.envs.assessing import Assessing
from consult.envs.judging import Judging
from consult.envs.prompts import (
    NoPromptsError,
    is_asked_again,
    prompts_of,
    prompts_of_run,
    refuse_without_prompts,
    without_prompt,
)
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.migrations import MIGRATIONS
from consult.envs.store.prompt_rows import COLUMNS, LONG, Asked, between
from consult.envs.store.write import Pending, Store
from consult.errors import StoreError

IDS = SCENARIO.case_ids("test")
KEY = "sk-this-is-the-key-of-a-test"


class Listening:
    """A model that remembers what it was given."""

    def __init__(self, model):
        self.model, self.info, self.requests, self.replies = model, model.info, [], {}

    def generate(self, requests):
        replies = self.model.generate(requests)
        self.requests += requests
        self.replies |= {request.key: reply for request, reply in zip(requests, replies, strict=True)}
        return replies


def play(store, model, cases=3, scenario=SCENARIO, prompts=True, batch=2, **more):
    config = configured(model.info.reference, IDS[:cases], **more)
    return Runner(scenario, config, Models({model.info.reference: model}), store, batch=batch, prompts=prompts).run()


def key(prompt):
    ordinal = int(prompt.consultation_id.rpartition(".")[2])
    return (ordinal, prompt.turn, prompt.role, prompt.task, prompt.member, prompt.attempt)


def sent(prompt):
    return [(m.role, m.content, m.images) for m in prompt.messages]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "a.db") as opened:
        yield opened


@pytest.mark.parametrize("strategy", ["dialogue", "reasoning"])
@pytest.mark.parametrize("dialect", ["plain", "starter"])
def test_every_request_is_rebuilt_as_the_model_received_it(store, dialect, strategy):
    model = Listening(Improviser(dialect))
    play(store, model, strategy=strategy)
    stored = {key(one): one for one in prompts_of_run(store, "r1")}
    assert set(stored) == {request.key for request in model.requests} and len(stored) > 20
    for request in model.requests:
        one, prompt, reply = stored[request.key], request.prompt, model.replies[request.key]
        assert sent(one) == [(m.speaker, m.text, tuple(p.id for p in m.photographs)) for m in prompt.messages]
        assert (one.begin or "") == prompt.begin and one.rendered is None and one.constrained is None
        assert (one.temperature, one.top_p, one.seed) == (request.temperature, request.top_p, request.seed)
        assert one.max_tokens == prompt.max_new_tokens and one.model == f"{model.info.reference}@1"
        assert (one.grammar or {}).get("choice") == (list(prompt.choice.options) if prompt.choice else None)
        assert (one.grammar or {}).get("temperature") == (prompt.choice.temperature if prompt.choice else None)
        assert (one.grammar or {}).get("schema") == (None if prompt.choice else prompt.schema)
        assert one.reply == reply.text and (one.tokens_in, one.tokens_out) == (reply.tokens_in, reply.tokens_out)
    roles = {one.role for one in stored.values()}
    assert roles == {"patient", "triage", "specialist", "attending"}


@pytest.mark.parametrize("folded", [False, True])
def test_what_a_server_received_is_what_is_stored(store, monkeypatch, folded):
    monkeypatch.setenv("CONSULT_API_KEY", KEY)

    def answer(handler, body):
        if folded and any(m["role"] == "system" for m in body["messages"]):
            return rude.say(handler, {"error": "System role not supported"}, 400)
        return f'{{"action": "conclude"}} and your key is {KEY}'

    server = rude.Server(answer)
    model = ServerModel(server.base + "#tiny", Timeouts(first_wait=0.01))
    try:
        before = len(server.bodies)
        play(store, model, cases=2)
        bodies = server.bodies[before:]
    finally:
        model.close()
        server.close()
    stored = prompts_of_run(store, "r1")
    assert len(stored) == len(bodies) > 8

    def received(body):
        texts = []
        for message in body["messages"]:
            parts = message["content"] if isinstance(message["content"], list) else [{"text": message["content"]}]
            texts.append((message["role"], parts[-1]["text"], len(parts) - 1))
        held = "response_format" in body
        return texts, body["temperature"], body["top_p"], body["max_tokens"], body["seed"], held

    def shown(one):
        texts = [(m.role, m.content, len(m.images)) for m in one.messages]
        return texts, one.temperature, one.top_p, one.max_tokens, one.seed, one.constrained

    assert sorted(map(repr, map(received, bodies))) == sorted(map(repr, map(shown, stored)))
    assert {len(one.messages) for one in stored} == {1 if folded else 2}
    written = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert KEY.encode() not in written and b"Bearer" not in written
    assert b"data:image" not in written and b"[key]" in written


def test_no_pixels_are_stored(store):
    play(store, Improviser(), cases=2)
    buffer = io.BytesIO()
    present(SCENARIO.case(IDS[0]).photograph).load().save(buffer, "PNG")
    written = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert b"\x89PNG" not in written and base64.b64encode(buffer.getvalue())[:40] not in written
    assert {m.images for p in prompts_of(store, "r1.1") for m in p.messages} == {(), (f"derm34/{IDS[0]}",)}


def exchange(text, reply="yes", *, prompt=None, sent=None, consultation="r1.1", turn=0, idx=0):
    asked = prompt or Prompt((Message("user", text),), 8)
    one = Exchange(
        Request((1, turn, "patient", "open", 0, idx), "patient", "open", 0, asked, 7), ModelInfo("m", "test")
    )
    one.accept(Reply(reply, sent=sent))
    return Asked(consultation, turn, idx, one)


ODD = [
    "",
    "\n",
    "\n\na\n",
    "a\r\nb\rc",
    "\x00",
    "\x1b[2J",
    "\u2028a\x85b\x0bc",
    "\ud800",
    "é" * (LONG + 1),
    "a\n" * LONG,
]


def begun(store):
    config = configured("m", IDS[:1])
    truth = dict.fromkeys(("truth", "true_specialty", "true_urgency", "style", "skin_type", "demo"))
    store.begin(config, {"patient": "m"}, {}, "x", {IDS[0]: truth}, prompts=True)


def test_odd_texts_come_back_as_they_were(store):
    begun(store)
    store.commit(Pending(asked=[exchange(text, text, idx=i) for i, text in enumerate(ODD)]))
    found = prompts_of(store, "r1.1")
    assert [one.messages[0].content for one in found] == ODD == [one.reply for one in found]


def test_a_rendered_prompt_comes_back_also_where_its_template_changes_the_texts(store):
    begun(store)
    messages = (Message("system", "Rules."), Message("user", " Where?\nHere? "))
    framed = Sent(messages, 8, "<s>Rules.</s><u> Where?\nHere? </u><a>So ", "So ")
    trimmed = Sent(messages, 8, "<s>Rules.</s>\n<u>Where?\nHere?</u><a>")
    asked = [exchange("", sent=one, idx=i) for i, one in enumerate((framed, trimmed))]
    store.commit(Pending(asked=asked))
    assert [one.rendered for one in prompts_of(store, "r1.1")] == [framed.text, trimmed.text]
    assert between(present(trimmed.text), [m.text for m in messages]) is None
    assert store.query("SELECT json_extract(rendered, '$.around') IS NULL AS whole FROM prompts") == [
        {"whole": 0},
        {"whole": 1},
    ]


def test_lines_are_stored_once_and_few(store):
    play(store, Improviser(), cases=12, batch=12)
    lines = [row["text"] for row in store.query("SELECT text FROM prompt_lines")]
    assert len(lines) == len(set(lines))
    whole = sum(len(m.content) for one in prompts_of_run(store, "r1") for m in one.messages)
    (row,) = store.query(
        "SELECT (SELECT sum(length(text)) FROM prompt_lines) + sum(length(messages)) AS n FROM prompts"
    )
    assert row["n"] < whole / 4
    store.query("PRAGMA wal_checkpoint(TRUNCATE)")
    assert store.path.stat().st_size / 12 < 50_000


def test_a_wave_that_fails_leaves_no_number_of_a_line_behind(store):
    begun(store)
    with pytest.raises(StoreError):
        store.commit(Pending(asked=[exchange("one line"), exchange("x", consultation="r9.9")]))
    assert store.query("SELECT count(*) AS n FROM prompt_lines") == [{"n": 0}]
    store.commit(Pending(asked=[exchange("another line\none line")]))
    assert prompts_of(store, "r1.1")[0].messages[0].content == "another line\none line"


def test_two_writers_do_not_share_numbers(store):
    begun(store)
    store.commit(Pending(asked=[exchange("first")]))
    with Store(store.path) as other:
        other.commit(Pending(asked=[exchange("second\nfirst", idx=1)]))
    store.commit(Pending(asked=[exchange("third\nfirst", idx=2)]))
    texts = [one.messages[0].content for one in prompts_of(store, "r1.1")]
    assert texts == ["first", "second\nfirst", "third\nfirst"]


def test_outcomes_say_what_was_made_of_a_reply(store):
    class Refused(Improviser):
        def _plain(self, request, rng):
            return "nonsense" if request.task == "triage" else super()._plain(request, rng)

    play(store, Refused(), cases=1)
    found = prompts_of(store, "r1.1")
    first, second = [one for one in found if one.task == "triage"]
    why = "no specialty and urgency of the menu can be read"
    assert (first.outcome, first.why, first.attempt) == ("refused", why, 0) and is_asked_again(first, found)
    assert (second.outcome, second.why, second.attempt) == ("refused", why, 1) and not is_asked_again(second, found)
    lines = [one for one in found if one.role == "patient" and one.outcome == "refused"]
    assert lines and all(one.why.startswith(("it does not state", "it asks nothing")) for one in lines)
    accepted = [one for one in found if one.outcome == "accepted"]
    assert accepted and not any(one.why for one in accepted)


def test_a_panel_stands_member_by_member(store):
    play(store, Improviser(), cases=4)
    panels = [one for one in prompts_of_run(store, "r1") if one.role == "specialist"]
    assert len(panels) == 12 and [one.member for one in panels] == [0, 1, 2] * 4
    for one in prompts_of_run(store, "r1"):
        assert one.idx == 0 or key(one) in {key(other) for other in prompts_of(store, one.consultation_id)}


def as_played(store, run="r1"):
    return [replace(one, seconds=0.0, consultation_id="") for one in prompts_of_run(store, run)]


def test_a_failed_consultation_keeps_what_it_asked_until_it_is_tried_again(store, tmp_path):
    broken = Improviser(fails=lambda request: request.key[0] == 2 and request.task == "decision")
    assert play(store, broken)["failed"] == 1
    last = prompts_of(store, "r1.2")[-1]
    assert (last.task, last.outcome, last.why, last.reply) == (
        "decision",
        "failed",
        "RuntimeError: the model broke",
        None,
    )
    assert last.turn == len(store.acts("r1.2"))
    store.end("r1", "interrupted", 0.0)
    assert play(store, Improviser())["failed"] == 0
    with Store(tmp_path / "b.db") as whole:
        play(whole, Improviser())
        assert as_played(store) == as_played(whole)


def test_a_run_that_was_stopped_ends_with_the_same_prompts(store, tmp_path):
    class Stopped(Improviser):
        left = 9

        def generate(self, requests):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            return super().generate(requests)

    with pytest.raises(KeyboardInterrupt):
        play(store, Stopped())
    kept = {(one.consultation_id, one.turn) for one in prompts_of_run(store, "r1")}
    turns = {(f"r1.{i}", idx) for i in (1, 2, 3) for idx in range(len(store.acts(f"r1.{i}")))}
    assert kept and kept <= turns
    play(store, Improviser())
    with Store(tmp_path / "b.db") as whole:
        play(whole, Improviser())
        assert as_played(store) == as_played(whole)


def test_without_prompts_nothing_is_stored_then_or_later(store):
    class Gone(Improviser):
        def generate(self, requests):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(store, Gone(), prompts=False)
    play(store, Improviser(), prompts=True)
    Assessing(SCENARIO, store, "r1", "x").by_model(Improviser())
    assert prompts_of_run(store, "r1") == []
    with pytest.raises(NoPromptsError, match="prompts were not stored for run r1: it was started with --no-prompts"):
        refuse_without_prompts(store.run("r1"))


def test_a_run_of_an_older_version_says_that_it_has_none(tmp_path):
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as db:
        for number, migrate in enumerate(MIGRATIONS[:9], 1):
            migrate(db)
            db.execute(f"PRAGMA user_version = {number}")
        db.execute(
            "INSERT INTO runs (id, digest, status, seed, scenario, scenario_revision, config, models, versions, "
            "created) VALUES ('r1', 'd', 'finished', 0, 'derm34', 'x', '{}', '{}', '{}', '2026')"
        )
        db.execute(
            "INSERT INTO consultations (id, run_id, ordinal, case_id, temperament, strategy, team, seed, status) "
            "VALUES ('r1.1', 'r1', 1, 'test-0000', 'choleric', 'dialogue', 'panel', 0, 'finished')"
        )
    db.close()
    with Store(path) as store:
        assert prompts_of_run(store, "r1") == []
        with pytest.raises(NoPromptsError, match="not stored for run r1: an older version of consult started it"):
            refuse_without_prompts(present(store.run("r1")))


@pytest.mark.slow
def test_judges_and_assessors_are_kept_with_their_verdicts_and_replaced_with_them(store):
    open_scenario = replace(SCENARIO, labels={})
    play(store, Improviser(), cases=2, scenario=open_scenario)

    class Judge:
        info = ModelInfo("judge", "test", revision="1")

        def __init__(self, text):
            self.text = text

        def generate(self, requests):
            if not self.text:
                raise ModelError("it broke")
            return [Reply(self.text) for _ in requests]

    for text, outcomes in (("", ["failed"]), ("nonsense", ["refused", "refused"])):
        Judging(open_scenario, store, "r1", Judge(text)).judge()
        Assessing(open_scenario, store, "r1", "judge@1").by_model(Judge(text))
        for role, task in (("judge", "judge"), ("assessor", "assess")):
            found = [one for one in prompts_of_run(store, "r1") if one.role == role]
            assert found and {(one.turn, one.task, one.model) for one in found} == {(None, task, "judge@1")}
            assert [one.outcome for one in found if one.consultation_id == "r1.1"] == outcomes
    assert all(one.why for one in prompts_of_run(store, "r1") if one.outcome == "refused")


@pytest.mark.parametrize(
    ("models", "source", "said"),
    [
        ({"patient": "human"}, "human", "a person plays this role"),
        ({"patient": "nobody"}, "program", "nobody plays this role, and the program spoke"),
        ({"patient": "bayes:derm34@1"}, "model", "bayes:derm34 is a program that decides by the scenario's tables"),
        ({"patient": "starter@1"}, "program", "no model was asked for this turn"),
    ],
)
def test_where_there_is_no_prompt_it_is_said_why(models, source, said):
    assert without_prompt({"speaker": "patient", "source": source}, models) == f"no prompt: {said}"


def test_programs_and_persons_have_no_prompts(store):
    from consult.agents.models import open_model

    play(store, open_model("bayes:derm34"), cases=1)
    assert prompts_of_run(store, "r1") == [] and store.acts("r1.1")


def test_the_columns_are_those_of_the_table(store):
    columns = [row["name"] for row in store.query("SELECT name FROM pragma_table_info('prompts')")]
    assert columns == ["id", *COLUMNS]


def test_the_documented_query_reads_a_text(store):
    begun(store)
    prompt = Prompt((Message("system", "a\nb"), Message("user", "c\na")), 8, Choice(("yes", "no")))
    store.commit(Pending(asked=[exchange("", prompt=prompt)]))
    (row,) = store.query(
        "SELECT group_concat(l.text, char(10)) AS sent FROM prompts p, json_each(p.messages) m, "
        "json_each(m.value, '$.lines') n JOIN prompt_lines l ON l.id = n.value WHERE p.consultation_id = 'r1.1'"
    )
    assert row["sent"] == "a\nb\nc\na"
    grammar = store.query("SELECT text FROM prompt_lines WHERE id = (SELECT grammar FROM prompts)")
    assert json.loads(grammar[0]["text"]) == {"choice": ["yes", "no"], "after": ""}
