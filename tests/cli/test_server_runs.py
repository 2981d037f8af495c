"""Runs on servers through the command line: a real one that is killed in between, and a rude one."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import rude
import serving
from command_line import consult
from improvising import SCENARIO, configured

from consult.agents.models import Message, Prompt, Request, open_model
from consult.agents.models.server.model import ServerModel
from consult.agents.models.server.openai_api import JSON_TOKENS
from consult.agents.prompt_formats.thoughts import part
from consult.envs.config import RoleConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store

KEY = "sk-secret-1234567890"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def folders(home):
    return serving.cached(home)


@pytest.fixture(scope="module")
def server(home, folders):
    server = serving.Serving(home)
    yield server
    server.kill()


@pytest.fixture
def closing():
    models = []

    def keep(model):
        models.append(model)
        return model

    yield keep
    for model in models:
        model.close()


def simulate(reference, db, cases=1, *more):
    return ["simulate", "--model", reference, "--cases", str(cases), "--db", str(db), "--json", *more]


def begin(typed, **streams):
    """Start a process of its own, to be killed or interrupted."""
    return subprocess.Popen([sys.executable, "-m", "consult", *typed], stdout=subprocess.PIPE, text=True, **streams)


def store(db, query):
    with sqlite3.connect(db) as connection:
        return connection.execute(query).fetchall()


def texts(db):
    return store(db, "SELECT consultation_id, idx, speaker, action, text, seed FROM turns ORDER BY 1, 2")


def statuses(db):
    return dict(store(db, "SELECT status, count(*) FROM consultations GROUP BY status"))


def shown(output):
    return {(e["consultation"], e["idx"], e["text"]) for e in map(json.loads, output) if e["event"] == "turn"}


# -- a real server -------------------------------------------------------------------------------------------------


def greedy(nth, text, photograph=None):
    message = Message("user", text, (photograph,) if photograph else ())
    prompt = Prompt((Message("system", "You are a doctor."), message), 40)
    return Request((nth,), "attending", "action", nth, prompt, nth, 0.0)


@pytest.mark.slow
def test_the_server_says_the_same_as_the_folder_in_process(server, folders, closing):
    """Greedy, so that sampling has no say; pictures and token counts, too."""
    photographs = [SCENARIO.case(case).photograph for case in SCENARIO.case_ids("test")[:2]]
    requests = [greedy(0, "I have a rash."), greedy(1, "Where does it hurt?"), greedy(2, "And now?", photographs[0])]
    requests += [greedy(3, "And now?", photographs[1])]
    for name, count in ((serving.TEXT, 2), (serving.VISION, 4)):
        served = closing(ServerModel(f"{server.base}#{name}"))
        inside = open_model(str(folders[name]))
        assert served.info.sees == inside.info.sees == (name == serving.VISION)
        one, other = served.generate(requests[:count]), inside.generate(requests[:count])
        # What a server returns as one text is parted; in process, a family without thought writes none.
        assert [(r.text, r.tokens_in, r.tokens_out) for r in one] == [
            (part(r.text).answer, r.tokens_in, r.tokens_out) for r in other
        ]
        assert len({r.text for r in one}) == count


class Unconstrained:
    """Asks a folder what this server asks its model: it takes no notice of schemas."""

    def __init__(self, inside):
        self.inside, self.info = inside, inside.info

    def generate(self, requests):
        replies = self.inside.generate([replace(r, prompt=self._bare(r.prompt)) for r in requests])
        return [replace(one, text=part(one.text).answer, thought=part(one.text).thought) for one in replies]

    def _bare(self, prompt):
        return Prompt(prompt.messages, prompt.max_new_tokens + JSON_TOKENS * (prompt.choice is not None))


@pytest.mark.slow
def test_a_consultation_on_the_server_has_the_texts_of_one_in_process(server, folders, tmp_path, closing):
    served = closing(ServerModel(f"{server.base}#{serving.VISION}"))
    inside = Unconstrained(open_model(str(folders[serving.VISION])))
    found = []
    for i, model in enumerate((served, inside)):
        reference = model.info.reference
        role = RoleConfig(model=reference, temperature=0, top_p=1)
        roles = dict.fromkeys(("patient", "triage", "specialist", "attending"), role)
        # Short, since only the model in process knows its context, into which late prompts would have to fit.
        config = configured(reference, SCENARIO.case_ids("test")[:1]).model_copy(update={**roles, "max_turns": 4})
        with Store(tmp_path / f"{i}.db") as opened:
            Runner(SCENARIO, config, Models({reference: model}), opened).run()
        found.append(texts(tmp_path / f"{i}.db"))
    assert found[0] == found[1] and len(found[0]) > 5


@pytest.mark.slow
def test_names_of_the_real_server(server, tmp_path):
    done = consult(*simulate(f"{server.base}#tiny/lama", tmp_path / "x.db"))
    assert done.returncode == 2 and "'tiny/lama'; there are: tiny/llama, tiny/llava" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_consultation_through_the_command_line(server, tmp_path):
    done = consult(*simulate(f"{server.base}#{serving.VISION}", tmp_path / "a.db"))
    # A random model says little that can be used, and the exit code says so.
    assert done.returncode == (1 if "could not be used" in done.stderr else 0), done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["models"]["patient"] == f"{server.base}#{serving.VISION}@{serving.VISION}@main"
    (ended,) = [event for event in events if event["event"] == "consultation"]
    assert ended["status"] in ("finished", "unfinished") and ended["tokens_in"] > 1000 < ended["tokens_out"] + 1000


@pytest.mark.slow
def test_killing_the_server_and_us_loses_nothing(server, tmp_path):
    reference, db = f"{server.base}?concurrency=4#{serving.TEXT}", tmp_path / "cut.db"
    short = ("--team", "solo", "--max-turns", "2")
    call = simulate(reference, db, 2, "--batch", "1", *short)
    ours = begin(call, stderr=subprocess.PIPE)
    seen = [ours.stdout.readline() for _ in range(4)]
    server.kill()
    rest, complaint = ours.communicate(timeout=120)
    assert ours.returncode == 130 and "Traceback" not in complaint
    assert f"continue with: consult resume r1 --db {db}" in complaint and "the connection failed" in complaint
    kept = shown([*seen, *rest.splitlines()])
    assert kept <= {(c, i, text) for c, i, _, _, text, _ in texts(db)}
    assert set(statuses(db)) <= {"running", "finished", "unfinished"}

    again = consult("resume", "r1", "--db", db)
    assert again.returncode == 2 and "no server answers at" in again.stderr

    server.start()
    ours = begin(call)
    assert json.loads(ours.stdout.readline())["resumed"]
    for _ in range(3):
        ours.stdout.readline()
    ours.send_signal(signal.SIGKILL)
    ours.communicate()
    last = consult("resume", "r1", "--db", db, "--json")
    assert "Traceback" not in last.stderr
    assert kept <= {(c, i, text) for c, i, _, _, text, _ in texts(db)}
    assert "running" not in statuses(db) and "failed" not in statuses(db) and sum(statuses(db).values()) == 2

    whole = tmp_path / "whole.db"
    # Random weights may answer so badly that a run ends with 1, and then it does so however often it was cut.
    assert consult(*simulate(reference, whole, 2, *short)).returncode == last.returncode in (0, 1)
    # This model's own settings say greedy, so that a run has one outcome also on a server.
    assert texts(whole) == texts(db)


# -- a rude one ----------------------------------------------------------------------------------------------------


def improvised(handler, body):
    """Answer as the improviser would, by the seed."""
    words = body["messages"][-1]["content"]
    words = words if isinstance(words, str) else words[-1]["text"]
    menu = ["{}"] if "JSON" in words else ["Well, I think so.", "It is eczema."]
    return menu[body["seed"] % len(menu)]


def in_everything(db, done):
    content = b"".join(path.read_bytes() for path in db.parent.iterdir() if path.name.startswith(db.name))
    return content + done.stdout.encode() + done.stderr.encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "how, words",
    [
        (rude.busy, "error 429: slow down"),
        (rude.broken, "error 500: something broke"),
        (rude.hanging, "no reply within 2 s"),
        (rude.html, "an HTML page"),
        (rude.as_another, "answers as 'another'"),
    ],
)
def test_a_rude_server_interrupts_the_run_in_one_sentence(tmp_path, monkeypatch, how, words):
    monkeypatch.setenv("CONSULT_API_KEY", KEY)
    turned = []

    def answer(handler, body):
        turned.append(1)
        return improvised(handler, body) if len(turned) < 30 else how(handler, body)

    db = tmp_path / "rude.db"
    with rude.Server(answer) as server:
        started = time.monotonic()
        done = consult(*simulate(f"{server.base}?timeout=2#tiny", db, 8))
        assert time.monotonic() - started < 30
    assert done.returncode == 130 and words in done.stderr and done.stderr.count("\n") == 1
    assert f"continue with: consult resume r1 --db {db}" in done.stderr
    assert "failed" not in statuses(db)
    assert KEY.encode() not in in_everything(db, done)


@pytest.mark.slow
def test_one_bad_reply_fails_one_consultation_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSULT_API_KEY", KEY)
    unlucky = []

    def answer(handler, body):
        if "specialist" not in str(body["messages"]):
            return improvised(handler, body)
        unlucky.append(body["seed"])
        if body["seed"] == unlucky[0]:
            return rude.say(handler, {"error": f"\x1b[2Jcontext too long, and your key is {KEY}"}, 400)
        return improvised(handler, body)

    db = tmp_path / "one.db"
    with rude.Server(answer) as server:
        done = consult(*simulate(f"{server.base}#tiny", db, 4))
    assert done.returncode == 1 and statuses(db)["failed"] == 1 and sum(statuses(db).values()) == 4
    ((error,),) = store(db, "SELECT error FROM consultations WHERE status = 'failed'")
    expected = f"ModelError: {server.base} refuses the request (400: context too long, and your key is [key])"
    assert error == expected
    assert KEY.encode() not in in_everything(db, done)


@pytest.mark.slow
def test_another_model_under_the_same_name_cannot_go_on(tmp_path):
    """A server that was started again with other weights."""
    size = [1]
    db, dead = tmp_path / "a.db", []

    def listed(handler):
        rude.say(handler, {"data": [{"id": "tiny", "meta": {"n_params": size[0]}}]})

    def answer(handler, body):
        dead.append(1)
        return rude.busy(handler, body) if size[0] == 1 and len(dead) > 20 else improvised(handler, body)

    with rude.Server(answer, listed) as server:
        call = simulate(f"{server.base}?timeout=2#tiny", db, 2)
        assert consult(*call).returncode == 130
        size[0] = 2
        done = consult(*call)
    assert done.returncode == 2 and "was started with patient" in done.stderr and "give the same model" in done.stderr


@pytest.mark.slow
def test_interrupting_does_not_wait_for_a_hanging_server(tmp_path):
    db = tmp_path / "a.db"
    with rude.Server(rude.after_greeting(rude.hanging)) as server:
        ours = begin(simulate(f"{server.base}#tiny", db), stderr=subprocess.PIPE)
        while not server.asked:
            time.sleep(0.02)
        started = time.monotonic()
        ours.send_signal(signal.SIGINT)
        _, complaint = ours.communicate(timeout=60)
        assert time.monotonic() - started < 30  # a request is given a minute or more
    assert ours.returncode == 130 and "continue with: consult resume r1" in complaint and complaint.count("\n") == 1
