"""What a run, its report and `doctor` say of a server that ignores what it accepts."""

import json

import clinic
import pytest
import rude
from command_line import consult
from improvising import configured

from consult.envs.capabilities import notes
from consult.envs.store.write import Store

GREEDY = {"m": {"sampling": "greedy"}}


def test_copies_are_named_by_what_the_run_asks_for():
    config = configured("m", ["test-0000"])
    (plain,) = notes(GREEDY, config)
    assert "second tries and the opinions of a panel are copies" in plain and "do_sample" in plain
    solo = notes(GREEDY, config.model_copy(update={"team": "solo", "votes": 3}))
    assert "second tries and the attending's votes are copies" in solo[0]
    assert notes({"m": {"sampling": "by seed", "schemas": "kept", "photographs": "seen"}}, config) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"sampling": "not by seed"}, "two texts under one seed"),
        ({"schemas": "ignored"}, "read from free text"),
        ({"photographs": "dropped"}, "told that they see none"),
    ],
)
def test_each_limit_has_its_sentence(found, words):
    (sentence,) = notes({"http://h/v1#m": found}, configured("m", ["test-0000"]))
    assert (words in sentence and "'http://h/v1#m'" in sentence and "; " in sentence) or "again" in sentence


@pytest.fixture
def careless():
    """A server that accepts everything and ignores schema, seed and pictures."""
    answer = rude.after_greeting(lambda h, b: "I would say dermatology, soon: eczema.")
    with rude.Server(answer, schemas=False, samples=False, sees=False) as server:
        yield server


@pytest.mark.slow
def test_a_run_stores_and_says_what_its_server_ignores(careless, tmp_path):
    db, reference = tmp_path / "a.db", f"{careless.base}#tiny"
    done = consult("simulate", "--model", reference, "--cases", "1", "--db", db, "--json")
    for words in ("gave one text under two seeds", "accepts a schema of the reply and ignores it", "drops it"):
        assert done.stderr.count(words) == 1
    first = json.loads(done.stdout.splitlines()[0])
    assert first["capabilities"][reference]["sampling"] == "greedy"
    with Store(db) as store:
        (run,) = store.runs()
    stored = json.loads(run["capabilities"])
    assert stored[reference] == {
        "system role": "own", "schemas": "ignored", "sampling": "greedy", "photographs": "dropped", "thinking": "none"
    }  # fmt: skip
    assert "Gave one text" not in consult("show", "r1", "--db", db).stdout
    assert "gave one text under two seeds" in " ".join(consult("show", "r1", "--db", db).stdout.split())
    consult("report", "r1", "--db", db, "--out", tmp_path / "out", check=True)
    report = (tmp_path / "out" / "report.md").read_text()
    assert "What the models support" in report and "gave one text under two seeds" in report


def test_doctor_says_it_too(careless, tmp_path):
    done = consult("doctor", "--model", f"{careless.base}#tiny", "--db", tmp_path / "a.db")
    assert "sampling          greedy" in done.stdout and "schemas           ignored" in done.stdout
    assert "photographs       no (dropped)" in done.stdout and "gave one text under two seeds" in done.stderr
    found = json.loads(consult("doctor", "--model", f"{careless.base}#tiny", "--json").stdout)
    assert found["model"]["capabilities"]["schemas"] == "ignored"


def test_a_server_that_keeps_everything_is_not_spoken_of(tmp_path):
    with clinic.serving(clinic.polite) as server:
        done = consult("simulate", "--model", f"{server.base}#tiny", "--cases", "1", "--db", tmp_path / "a.db")
    assert done.stderr == ""
