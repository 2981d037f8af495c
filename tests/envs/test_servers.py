"""Runs on servers: no waves, the same texts whatever the concurrency and the addresses, and servers that are killed."""

import asyncio
import importlib.util
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from improvising import SCENARIO, Improviser, configured

from consult.agents.models import ModelError, ModelGoneError, Request
from consult.agents.models.server import pool
from consult.agents.models.server.connection import Timeouts
from consult.agents.models.server.model import ServerModel
from consult.envs.batcher import at_once
from consult.envs.config import RoleConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.errors import PluginWarning

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "speed" / "fake_server.py"
QUICK = Timeouts(connect=2, reply=20, listing=2, total=40, tries=3, first_wait=0.02, longest_wait=0.1)
COUNT = 6


def _load():
    spec = importlib.util.spec_from_file_location("fake_server", PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


FakeServer = _load().FakeServer


class InWaves:
    """A server as the wave engine asks it: in batches."""

    def __init__(self, model):
        self.info, self.generate = model.info, model.generate


def play(path, model, count=COUNT, listen=lambda event: None, patient=None, **more):
    """Play, and give the summary and the turns without their times."""
    config = configured("model", SCENARIO.case_ids("test")[:count])
    models = {"model": model}
    if patient is not None:
        config = config.model_copy(update={"patient": RoleConfig(model="patient")})
        models["patient"] = patient
    with Store(path) as store:
        summary = Runner(SCENARIO, config, Models(models), store, listen=listen, **more).run()
        return summary, turns(path)


def turns(path):
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute("SELECT * FROM turns ORDER BY consultation_id, idx").fetchall()
    return [{key: row[key] for key in row.keys() if key != "seconds"} for row in found]  # noqa: SIM118


def shared(one, other):
    """Tell whether each of two addresses gets consultations; the ports decide, and they are drawn."""
    first = sum(pool._weight(one.base, i) > pool._weight(other.base, i) for i in range(1, COUNT + 1))
    return 1 < first < COUNT - 1


@pytest.fixture(scope="module")
def servers():
    with FakeServer() as one:
        while True:
            with FakeServer() as other:
                if shared(one, other):
                    yield one, other
                    return


@pytest.fixture
def opened():
    models = []

    def open_(*servers, suffix="", timeouts=QUICK):
        models.append(ServerModel(",".join(server.base for server in servers) + suffix, timeouts))
        return models[-1]

    yield open_
    for model in models:
        model.close()


@pytest.fixture(scope="module")
def whole(servers, tmp_path_factory):
    """Turns as the wave engine plays them, one request at a time."""
    model = ServerModel(servers[0].base, QUICK)
    try:
        return play(tmp_path_factory.mktemp("whole") / "a.db", InWaves(model), batch=1)[1]
    finally:
        model.close()


# -- the same texts ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("concurrency, several", [(1, False), (8, True), (64, False)])
def test_texts_do_not_depend_on_concurrency_or_addresses(servers, opened, whole, tmp_path, concurrency, several):
    before = [len(server.asked) for server in servers]
    model = opened(*servers[: 1 + several], suffix=f"?concurrency={concurrency}#fake")
    summary, found = play(tmp_path / "a.db", model)
    assert found == whole and summary["failed"] == 0 and len(found) > 5 * COUNT
    assert (len(servers[1].asked) > before[1]) == several and len(servers[0].asked) > before[0]


@pytest.mark.slow
@pytest.mark.parametrize("at_a_server", ["patient", "doctors"])
def test_one_role_in_process_and_the_others_at_a_server(servers, opened, tmp_path, at_a_server):
    """Batches of one model and immediate dispatch of the other give the texts of waves alone."""
    found = []
    for i, wrapped in enumerate((lambda model: model, InWaves)):
        served, inside = wrapped(opened(servers[0])), Improviser()
        one, other = (served, inside) if at_a_server == "doctors" else (inside, served)
        summary, told = play(tmp_path / f"{i}.db", one, patient=other)
        assert summary["failed"] == 0
        found.append(told)
    assert found[0] == found[1]


def test_a_server_is_kept_busy_by_more_consultations_than_it_takes_at_once(servers, opened):
    model = opened(*servers)
    assert model.concurrency == 128 and at_once(None, [model, Improviser()]) == 160
    assert at_once(None, [Improviser()]) == 32 and at_once(4, [model]) == 4


# -- interrupted ---------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for a kill: nothing after it runs."""


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_texts_and_asks_nothing_committed_again(servers, opened, whole, tmp_path):
    shown = []

    def dies(event):
        shown.append(event)
        if sum(one["event"] == "turn" for one in shown) > 20:
            raise Killed

    model, server = opened(servers[0], suffix="?concurrency=4"), servers[0]
    with pytest.raises((Killed, asyncio.CancelledError)):
        play(tmp_path / "a.db", model, listen=dies)
    kept = {(turn["consultation_id"], turn["idx"]) for turn in turns(tmp_path / "a.db")}
    assert {(e["consultation"], e["idx"]) for e in shown if e["event"] == "turn"} <= kept
    known = {turn["seed"] & 0x7FFFFFFF for turn in turns(tmp_path / "a.db") if turn["source"] == "model"}
    before = len(server.asked)
    assert play(tmp_path / "a.db", model)[1] == whole
    assert not known & {body["seed"] for body in server.asked[before:]}


class Process:
    """A fake server in a process of its own, which can be killed."""

    def __init__(self, port=0, *options):
        if not port:
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                port = taken.getsockname()[1]
        self.port, self.base = port, f"http://127.0.0.1:{port}/v1"
        self.process = subprocess.Popen([sys.executable, str(PROGRAM), str(port), *options])
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{self.base}/models", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("it does not start")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def processes():
    started = []

    def start(port=0, *options):
        started.append(Process(port, *options))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def start_two(processes, *options):
    """Start two fake servers that both get consultations."""
    one, other = processes(0, *options), processes(0, *options)
    while not shared(one, other):
        other.kill()
        other = processes(0, *options)
    return one, other


@pytest.mark.slow
def test_a_killed_server_loses_its_consultations_to_the_other_and_gets_them_back(
    processes, opened, whole, tmp_path, monkeypatch
):
    monkeypatch.setattr(pool, "RETRY", 0.5)
    one, other = start_two(processes, "--mean", "0.02")
    model = opened(one, other, suffix="?concurrency=2#fake")
    seen: list[dict[str, Any]] = []
    again: list[Process] = []

    def lost():
        return [str(one.message) for one in warned if "other addresses" in str(one.message)]

    def kills(event):
        seen.append(event)
        count = sum(e["event"] == "turn" for e in seen)
        if count > 12 and other.process.poll() is None and not again:
            other.kill()
        elif lost() and not again:
            again.append(processes(other.port, "--mean", "0.02"))
            time.sleep(0.6)

    with pytest.warns(PluginWarning) as warned:
        summary, found = play(tmp_path / "a.db", model, listen=kills)
    assert found == whole and summary["failed"] == 0
    said = lost()
    assert len(said) == 1 and said[0].startswith(f"{other.base} ") and "tried again every" in said[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{other.port}/busy") as busy:
        assert json.load(busy)["requests"] > 0, "it was used again"


@pytest.mark.slow
def test_when_all_servers_are_killed_the_run_is_interrupted_and_goes_on_with_one(processes, opened, whole, tmp_path):
    one, other = start_two(processes)
    model, seen = opened(one, other, suffix="#fake"), []

    def kills(event):
        seen.append(event)
        if len(seen) == 20:
            one.kill()
            other.kill()

    with pytest.raises(ModelGoneError, match="the connection failed"), pytest.warns(PluginWarning):
        play(tmp_path / "a.db", model, listen=kills)
    processes(one.port)
    with pytest.warns(PluginWarning, match="no server answers at"):
        left = opened(one, other, suffix="#fake")
    assert play(tmp_path / "a.db", left)[1] == whole


# -- several addresses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more, words",
    [({"name": "other"}, "'other+"), ({"weights": "v2"}, "serve the same weights under one name")],
)
def test_addresses_with_different_models_are_refused_in_one_sentence(servers, opened, more, words):
    with FakeServer(**more) as another, pytest.raises(ModelError) as caught:
        opened(servers[0], another)
    assert words in str(caught.value) and servers[0].base in str(caught.value) and "\n" not in str(caught.value)


def request(consultation):
    from consult.agents.models import Message, Prompt

    return Request((consultation, 0), "attending", "action", 0, Prompt((Message("user", f"{consultation}?"),), 9), 1)


def test_a_consultation_stays_with_its_address_whatever_the_order(servers, opened):
    places = []
    for order in (servers, servers[::-1]):
        model = opened(*order, suffix="#fake")
        for server in servers:
            server.asked.clear()
        model.generate([request(i) for i in range(40)])
        places.append([sorted(body["messages"][0]["content"] for body in server.asked) for server in servers])
    assert places[0] == places[1] and min(map(len, places[0])) >= 10
