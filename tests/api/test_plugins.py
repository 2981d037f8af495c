"""Code of the user's: `file.py:name`, entry points, and what runs only where the user names it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
import sqlite3
from collections.abc import Callable
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from command_line import type_in

import consult
from consult.agents.models import open_model
from consult.agents.models.python import MODELS
from consult.envs.store.write import Store
from consult.errors import PluginWarning
from consult.plugins import Named, PluginError, reference_of
from consult.rl.rewards.user_rewards import REWARDS
from consult.scenarios.importing import IMPORTERS, import_cases

from .conftest import PANEL, attending

ANSWER = """
import json

def answer(messages, images):
    task = messages[-1]["content"]
    if '{"action": "conclude"}' in task:
        return json.dumps({"action": "conclude"})
    return "<think>A rash.</think><answer>hives</answer>" if "<differential>" in task else "It is hives."

class Model:
    def generate(self, requests):
        return [answer([{"content": r.prompt.messages[-1].text}], []) for r in requests]

def broken(messages, images):
    raise ValueError("out of range")

number = 3
"""
BROKEN = ANSWER.replace("task = messages", 'raise ValueError("out of range")\n    task = messages')
Mine = Callable[[str], str]


def stored(db: Path) -> list[str]:
    """Return all that a store holds."""
    with contextlib.closing(sqlite3.connect(db)) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("name", ["answer", "Model"])
def test_code_of_a_file_plays(mine: Mine, tmp_path: Path, name: str) -> None:
    reference = f"{mine(ANSWER)}:{name}"
    typed = ("simulate", "--model", PANEL, "--attending", reference, "--cases", "2", "--db", str(tmp_path / "a.db"))
    code, out, err = type_in(*typed, "--json")
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert {event["diagnosis"] for event in events if event["event"] == "consultation"} == {"hives"}
    assert events[0]["models"]["attending"].startswith(f"{reference}@")


@pytest.mark.slow
def test_what_a_plugin_raises_is_stored_with_its_name(mine: Mine, tmp_path: Path) -> None:
    reference = f"{mine(ANSWER)}:broken"
    typed = ("simulate", "--model", PANEL, "--attending", reference, "--cases", "2", "--db", str(tmp_path / "a.db"))
    assert type_in(*typed)[0] == 1
    (said,) = set(consult.load(tmp_path / "a.db")["r1"].consultations["error"])
    line = ANSWER[: ANSWER.index('raise ValueError("out')].count("\n") + 1
    assert said == f"PluginError: the model '{reference}' failed (ValueError: out of range; mine.py, line {line})"
    code, out, _ = type_in("show", "r1.1", "--db", str(tmp_path / "a.db"))
    assert code == 0 and f"mine.py, line {line}" in " ".join(out.split())


@pytest.mark.slow
def test_the_place_of_a_failure_is_the_innermost_of_the_user_s(mine: Mine, tmp_path: Path) -> None:
    path = Path(mine("import json, helper\n\ndef a(m, i):\n    return helper.reads()\n\ndef b(m, i):\n    return 3\n"))
    (path.parent / "helper.py").write_text("import json\n\n\ndef reads():\n    return json.loads('{')\n")
    for name, told in (("a", "; helper.py, line 5)"), ("b", "it returned int, not str)")):
        db = tmp_path / f"{name}.db"
        (said,) = consult.simulate(cases=1, model=PANEL, attending=f"{path}:{name}", db=db).consultations["error"]
        assert said.endswith(told)
    path.write_text("import json\nimport nothing_of_the_kind\n")
    with pytest.raises(consult.UserError, match=r"nothing_of_the_kind'; mine.py, line 2\)"):
        consult.simulate(cases=1, model=f"{path}:a", db=tmp_path / "c.db")
    path.write_text("def a(:\n")
    with pytest.raises(consult.UserError, match=r"\(SyntaxError: [^;]*\(mine.py, line 1\)\)"):
        consult.simulate(cases=1, model=f"{path}:a", db=tmp_path / "c.db")


@pytest.mark.slow
def test_a_run_that_fails_alike_from_the_start_is_stopped_and_left_interrupted(tmp_path: Path) -> None:
    fails, db = [True], tmp_path / "a.db"
    calls: list[int] = []

    def flaky(messages: Any, images: Any) -> str:
        calls.append(1)
        if fails[0]:
            raise KeyError(f"call {len(calls)}")
        return attending(messages, images)

    flaky.revision = "1"  # type: ignore[attr-defined]
    expected = r"the first 8 consultations all failed in the same way, .*test_plugins.py, line"
    with pytest.raises(consult.UserError, match=expected):
        consult.simulate(cases=12, model=PANEL, attending=flaky, db=db, batch=3)
    (played,) = consult.load(db)
    assert played.status == "interrupted"
    assert 8 <= list(played.consultations["status"]).count("failed") < 12
    fails[0] = False
    assert set(consult.simulate(cases=12, model=PANEL, attending=flaky, db=db).consultations["status"]) == {"finished"}


@pytest.mark.parametrize("good", [0, 5])
def test_a_run_in_which_one_consultation_is_played_goes_on(tmp_path: Path, good: int) -> None:
    ended: list[str] = []

    def hear(event: Any) -> None:
        if event["event"] == "consultation":
            ended.append(event["status"])

    def mostly(messages: Any, images: Any) -> str:
        if len(ended) == good:
            return attending(messages, images)
        raise ValueError("no")

    db = tmp_path / "a.db"
    played = consult.simulate(cases=12, model=PANEL, attending=mostly, db=db, batch=1, listen=hear)
    assert played.status == "finished" and list(played.consultations["status"]).count("failed") == 11


@pytest.mark.parametrize(
    ("source", "name", "told"),
    [
        (ANSWER, "answr", "answer"),
        (ANSWER, "number", "is not a model; a model is a function of (messages, images)"),
        ("import nothing_of_the_kind", "answer", "failed while it was being loaded (ModuleNotFoundError"),
        ("def f(:", "answer", "failed while it was being loaded (SyntaxError"),
        ("raise SystemExit(3)", "answer", "failed while it was being loaded (SystemExit"),
    ],
)
def test_a_mistake_in_a_file_is_one_sentence(mine: Mine, tmp_path: Path, source: str, name: str, told: str) -> None:
    reference = f"{mine(source)}:{name}"
    code, out, err = type_in("simulate", "--model", reference, "--db", str(tmp_path / "a.db"))
    assert code == 2 and not out and told in err and "mine.py" in err
    assert len(err.strip().splitlines()) == 1 and "Traceback" not in err


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    code, _, err = type_in("simulate", "--model", str(tmp_path / "other.py:answer"))
    assert code == 2 and "there is no file" in err and "other.py" in err


def test_code_that_stands_in_a_store_runs_only_where_it_is_named(mine: Mine, tmp_path: Path) -> None:
    path, db = mine(ANSWER), tmp_path / "a.db"

    def stop(event: Any) -> None:
        if event["event"] == "turn":
            raise KeyboardInterrupt

    reference = f"{path}:answer"
    with pytest.raises(KeyboardInterrupt):
        consult.simulate(cases=1, model=PANEL, attending=reference, db=db, listen=stop)
    ran = tmp_path / "ran"
    # Whatever file now stands at the stored path must not run.
    evil = f"open({str(ran)!r}, 'w').close()\n{ANSWER}"
    mine(evil)
    code, _, err = type_in("resume", "r1", "--db", str(db))
    assert code == 2 and f"runs only if you name it; add --code {reference}" in err
    with pytest.raises(consult.UserError, match=r"give code=\['.*mine.py:answer'\] to resume"):
        consult.resume("r1", db=db)
    assert not ran.exists()
    code, _, err = type_in("resume", "r1", "--code", reference, "--code", "other.py:x", "--db", str(db))
    assert code == 2 and "'other.py:x' is not used in r1" in err and not ran.exists()
    mine(ANSWER)
    code, _, err = type_in("resume", "r1", "--code", reference, "--db", str(db), "--json")
    assert code == 0, err


@pytest.mark.slow
def test_the_command_that_an_interrupt_prints_continues_the_run(mine: Mine, tmp_path: Path) -> None:
    once = tmp_path / "once"
    stops = f"""
import os, pathlib, signal

def stopping(messages, images):
    if not pathlib.Path({str(once)!r}).exists():
        pathlib.Path({str(once)!r}).touch()
        os.kill(os.getpid(), signal.SIGINT)
    return answer(messages, images)
"""
    reference = f"{mine(ANSWER + stops)}:stopping"
    typed = ("simulate", "--model", PANEL, "--attending", reference, "--cases", "2", "--db", str(tmp_path / "a.db"))
    code, _, err = type_in(*typed, "--json")
    assert code == 130 and f"--code {reference}" in err
    _, *words = shlex.split(err[err.index("consult resume") :])
    assert type_in(*words)[0] == 0
    (played,) = consult.load(tmp_path / "a.db")
    assert played.status == "finished" and set(played.consultations["diagnosis"]) == {"hives"}


@pytest.mark.slow
def test_a_refused_resume_leaves_the_store_as_it_was_and_edited_code_plays_a_new_run(
    mine: Mine, tmp_path: Path
) -> None:
    db = tmp_path / "a.db"
    reference = f"{mine(BROKEN)}:answer"
    typed = ("simulate", "--model", PANEL, "--attending", reference, "--cases", "2", "--db", str(db))
    assert type_in(*typed)[0] == 1
    before = stored(db)
    mine(ANSWER)
    code, _, err = type_in("resume", "r1", "--code", reference, "--db", str(db))
    assert code == 2 and f"the code of '{reference}' has changed since run r1 was started" in err
    assert "the original command plays it as a new run" in err
    assert stored(db) == before
    assert type_in(*typed)[0] == 0
    assert [run.status for run in consult.load(db)] == ["finished", "finished"]


@pytest.mark.slow
def test_an_interrupted_run_whose_code_has_changed_is_left_and_the_next_one_is_continued(
    mine: Mine, tmp_path: Path
) -> None:
    db = tmp_path / "a.db"
    reference = f"{mine(ANSWER)}:answer"

    def stop(event: Any) -> None:
        if event["event"] == "turn":
            raise KeyboardInterrupt

    def play(listen: Any = None) -> consult.Run:
        return consult.simulate(cases=1, model=PANEL, attending=reference, db=db, listen=listen)

    with pytest.raises(KeyboardInterrupt):
        play(stop)
    mine(ANSWER + "\nother = 1\n")
    told = "has changed since r1 was interrupted; this is a new run"
    with pytest.warns(PluginWarning, match=told), pytest.raises(KeyboardInterrupt):
        play(stop)
    assert play().id == "r2"
    assert [run.status for run in consult.load(db)] == ["finished", "interrupted"]


def test_code_that_stands_in_a_file_of_a_grid_does_not_run(mine: Mine, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    path = mine(f"open({str(ran)!r}, 'w').close()\n{ANSWER}")
    (tmp_path / "grid.toml").write_text(f'models = ["{path}:answer"]\ncases = 2\n')
    code, _, err = type_in("benchmark", "--config", str(tmp_path / "grid.toml"), "--db", str(tmp_path / "a.db"))
    assert code == 2 and "is code of a file" in err and not ran.exists()


def test_a_function_that_was_given_to_a_call_is_not_opened_from_a_store() -> None:
    with pytest.raises(PluginError, match="make the same call again"):
        open_model("python:answer@0123456789")


def test_a_function_is_named_by_its_code_and_by_the_plain_values_that_it_holds() -> None:
    def made(word: str, seen: list[str]) -> Callable[..., str]:
        def answer(messages: Any, images: Any) -> str:
            seen.append(word)
            return word

        return answer

    def worded(word: str, messages: Any, images: Any) -> str:
        return word

    one, two = made("one", []), made("two", [])
    assert reference_of(one) == reference_of(made("one", [])) != reference_of(two)
    assert reference_of(one) != reference_of(made("one", ["seen before"]))
    first, second = (reference_of(partial(worded, word)) for word in ("one", "two"))
    assert first.startswith("python:worded@") and first != second


def test_a_reference_is_known_for_the_length_of_a_call(mine: Mine) -> None:
    reference, named = f"{mine(ANSWER)}:answer", Named()
    named.add(MODELS, reference)
    with named.known():
        assert open_model(reference).info.reference == reference
    with pytest.raises(PluginError, match="is code of a file"):
        open_model(reference)


def test_a_file_runs_once_until_it_changes(mine: Mine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    source = f"open({str(log)!r}, 'a').write('x')\n{ANSWER}"
    reference = f"{mine(source)}:answer"
    for _ in range(2):
        Named().add(MODELS, reference)
    assert log.read_text() == "x"
    mine(source + "\n# edited")
    Named().add(MODELS, reference)
    assert log.read_text() == "xx"


def test_an_installed_package_names_its_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "wardmodel.py").write_text(ANSWER)
    monkeypatch.syspath_prepend(str(tmp_path))
    points = {"consult.models": [EntryPoint("ward", "wardmodel:answer", "consult.models")]}
    monkeypatch.setattr("consult.plugins.entry_points", lambda group: points.get(group, []))
    for name in ("starter", PANEL, "human", "bayes:derm34", "http://localhost/v1#x", "mine.py:answer", "python:x"):
        points["consult.models"].append(EntryPoint(name, "wardmodel:answer", "consult.models"))
    assert open_model("ward").info.reference == "ward" and MODELS.names() == ["ward"]
    for name in ("starter", PANEL, "bayes:derm34"):
        with pytest.warns(PluginWarning, match=f"names a model '{name}'.*the built-in one is used"):
            assert MODELS.find(name) is None
    with pytest.warns(PluginWarning):
        played = consult.simulate(cases=1, model=PANEL, attending="ward", db=tmp_path / "a.db")
    assert list(played.consultations["diagnosis"]) == ["hives"]


def test_an_entry_point_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, why in (("no_such_package:answer", "ModuleNotFoundError"), ("json:no_such_name", "AttributeError")):
        point = EntryPoint("ward", value, "consult.models")
        monkeypatch.setattr("consult.plugins.entry_points", lambda group, point=point: [point])
        with pytest.raises(PluginError, match=rf"^the model 'ward' cannot be loaded \({why}: .*'{value}'$") as mistake:
            open_model("ward")
        assert "__init__.py" not in str(mistake.value) and ", line " not in str(mistake.value)


def test_an_entry_point_whose_module_fails_names_the_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "brokenward.py").write_text("\n1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("ward", "brokenward:answer", "consult.models")
    monkeypatch.setattr("consult.plugins.entry_points", lambda group: [point])
    with pytest.raises(PluginError, match=r"ZeroDivisionError: division by zero; brokenward.py, line 2\); correct its"):
        open_model("ward")


@pytest.mark.parametrize("raised", ["GeneratorExit", "SystemExit", "StopIteration"])
def test_a_model_that_ends_what_it_should_not_is_named(mine: Mine, tmp_path: Path, raised: str) -> None:
    reference = f"{mine('def ends(messages, images):' + chr(10) + f'    raise {raised}()' + chr(10))}:ends"
    run = consult.simulate(cases=1, model=PANEL, attending=reference, db=tmp_path / "a.db")
    (error,) = run.consultations.error
    assert f"the model '{reference}' failed ({raised}; mine.py, line 2)" in error


@pytest.mark.slow
def test_a_helper_is_the_one_beside_its_file(tmp_path: Path) -> None:
    source = "from ward_helper import WORD\n" + ANSWER.replace('"It is hives."', "WORD").replace(
        ">hives<", '>" + WORD + "<'
    )
    for folder, word in (("a", "hives"), ("b", "acne")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(source)
        (tmp_path / folder / "ward_helper.py").write_text(f"WORD = '{word}'\n")
    db, ran = tmp_path / "a.db", []
    for folder in ("a", "b", "a"):
        mine = f"{tmp_path / folder / 'mine.py'}:answer"
        ran.append(consult.simulate(cases=1, model=PANEL, attending=mine, db=db))
    assert [list(one.consultations["diagnosis"]) for one in ran] == [["hives"], ["acne"], ["hives"]]
    (tmp_path / "a" / "ward_helper.py").write_text("WORD = 'boils'\n".replace("boils", "warts"))
    edited = consult.simulate(cases=1, model=PANEL, attending=f"{tmp_path / 'a' / 'mine.py'}:answer", db=db)
    assert list(edited.consultations["diagnosis"]) == ["warts"]
    assert edited.models["attending"] != ran[0].models["attending"] == ran[2].models["attending"]


@pytest.mark.parametrize("source", ["", "number = 3\n"])
def test_a_file_without_anything_to_call_is_told(mine: Mine, tmp_path: Path, source: str) -> None:
    code, _, err = type_in("simulate", "--model", f"{mine(source)}:answer", "--db", str(tmp_path / "a.db"))
    assert code == 2 and "can be called; define 'answer' in it" in err


def test_an_asynchronous_model_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    async def answer(messages: Any, images: Any) -> str:
        return ""

    class Model:
        async def generate(self, requests: Any) -> list[str]:
            return []

    def yielding(messages: Any, images: Any) -> Any:
        yield ""

    for model, told in ((answer, "is asynchronous"), (Model(), "is asynchronous"), (yielding, "is a generator")):
        with pytest.raises(PluginError, match=told):
            consult.simulate(cases=1, model=model, db=tmp_path / "a.db")  # type: ignore[arg-type]
    assert not (tmp_path / "a.db").exists()


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (asyncio.CancelledError(), "CancelledError"),
        (BaseException("odd"), "BaseException: odd"),
        (ValueError("one\ntwo \x1b[31mred"), r"ValueError: one two \x1b[31mred"),
    ],
)
def test_what_a_model_raises_is_one_line_that_names_it_once(tmp_path: Path, raised: BaseException, told: str) -> None:
    def broken(messages: Any, images: Any) -> str:
        raise raised

    played = consult.simulate(cases=1, model=PANEL, attending=broken, db=tmp_path / "a.db")
    (said,) = played.consultations["error"]
    assert said.startswith("PluginError: the model 'python:broken@")
    assert f"failed ({told}; test_plugins.py, line " in said


# -- rewards -----------------------------------------------------------------------------------------------------------


def test_a_reward_tells_by_its_parameters_what_it_scores() -> None:
    @consult.reward(weight=0.5)
    def over_all(consultation: Any) -> float:
        return 1.0

    @consult.reward
    def over_one(decision: Any, wanted: Any) -> float:
        return 1.0

    def as_trl(completions: Any, **kwargs: Any) -> list[float]:
        return [1.0]

    found = {}
    for function in (over_all, over_one, as_trl):
        own = REWARDS.make(function, function.__name__)
        found[own.name] = (own.over, own.weight)
    assert found == {"over_all": ("consultation", 0.5), "over_one": ("decision", 1.0), "as_trl": ("trl", 1.0)}
    assert over_all(None) == 1.0


def test_what_is_no_reward_is_told() -> None:
    with pytest.raises(PluginError, match=r"'nothing' is not a reward; a reward is a function of \(consultation\)"):

        @consult.reward
        def nothing() -> float:
            return 1.0


# -- importers ---------------------------------------------------------------------------------------------------------

IMPORTER = """
import json

def read(source):
    for line in source.read_text().splitlines():
        one = json.loads(line)
        yield {"complaint": one["says"], "diagnosis": one["is"], "age": 40}

def broken(source):
    yield {"complaint": "I itch"}
    raise KeyError("is")
"""


def test_an_importer_makes_a_scenario(mine: Mine, tmp_path: Path) -> None:
    (tmp_path / "cases.txt").write_text('{"says": "I have itched for a week.", "is": "eczema"}\n' * 3)
    reference = f"{mine(IMPORTER)}:read"
    code, out, err = type_in(
        "scenarios", "import", reference, str(tmp_path / "cases.txt"), "--out", str(tmp_path / "ward")
    )
    assert code == 0, err
    assert "3 rows: 3 kept" in out and (tmp_path / "ward" / "cases.jsonl").is_file()


def test_an_importer_yields_texts_numbers_and_lists(tmp_path: Path) -> None:
    def read(source: Path) -> Any:
        yield {"complaint": "I itch.", "facts": ["It began in May.", "It burns."], "diagnosis": "hives", "age": 40}
        yield {"complaint": "I burn.", "facts": {"site": "On my arm."}, "diagnosis": float("nan"), "age": float("nan")}
        yield {"complaint": b"I ache."}
        yield {"complaint": "I ache.", "age": float("inf")}
        yield {"complaint": "I ache.", "sex": True}

    named, ward = Named(), tmp_path / "ward"
    reference = named.add(IMPORTERS, read)
    with named.known():
        summary = import_cases(reference, tmp_path, ward)
    assert (summary.kept, summary.unknown) == (2, 1)
    assert sum(summary.dropped.values()) == 3 and all("neither text nor a number" in one for one in summary.dropped)
    written = (ward / "cases.jsonl").read_text()
    assert "nan" not in written and "['" not in written and "t began in May" in written


def test_what_an_importer_raises_names_it_and_writes_nothing(mine: Mine, tmp_path: Path) -> None:
    reference = f"{mine(IMPORTER)}:broken"
    (tmp_path / "cases.txt").write_text("")
    code, _, err = type_in(
        "scenarios", "import", reference, str(tmp_path / "cases.txt"), "--out", str(tmp_path / "ward")
    )
    assert code == 2 and f"the importer '{reference}' failed (KeyError" in err and not (tmp_path / "ward").exists()
    with pytest.raises(PluginError, match="is code of a file"):
        import_cases(reference, tmp_path / "cases.txt", tmp_path / "ward")
    assert IMPORTERS.names() == []


# -- assessors ---------------------------------------------------------------------------------------------------------

ASSESSOR = """
def strict(consultation):
    right = consultation.conclusion.diagnosis == consultation.case.truth.diagnosis
    return {"1.1": 0, "3.1": int(right), "4.1": (1, "fair")}

def broken(consultation):
    return {"9.9": 1}
"""


def test_an_assessor_can_be_a_function(mine: Mine, run: consult.Run, tmp_path: Path) -> None:
    reference = f"{mine(ASSESSOR)}:strict"
    code, out, err = type_in("assess", "r1", "--assessor", reference, "--db", str(run.db), "--json")
    assert code == 0, err
    items = {item["item"]: item for item in json.loads(out.splitlines()[-1])["items"]}
    assert items["1.1"]["mean"] == 0 and items["4.1"]["mean"] == 1 and items["2.1"]["not_decided"] == 3
    assert set(run.assessments["assessor"].str.split("@").str[0]) >= {reference}


def test_an_assessor_that_fails_scores_nothing_and_is_named(mine: Mine, run: consult.Run) -> None:
    reference = f"{mine(ASSESSOR)}:broken"
    summary = consult.assess(run, reference)
    assert len(summary["failures"]) == 3
    assert f"the assessor '{reference}' failed (ValueError: there is no item '9.9'" in summary["failures"][0]["why"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("(1, None)", "the reason of item 1.1 cannot be None; give a string"),
        ("(1, 5)", "the reason of item 1.1 cannot be 5; give a string"),
        ('(1, "a", "b")', "give a value, or (value, reason)"),
        ("Verdict(1, None)", "the reason of item 1.1 cannot be None; give a string"),
        ('Verdict(7, "so")', "item 1.1 cannot be 7"),
        ('Verdict(1, "so", ("x",))', "the turns of item 1.1 cannot be ('x',)"),
    ],
)
def test_an_assessor_whose_reason_is_no_text_is_named(mine: Mine, run: consult.Run, said: str, why: str) -> None:
    source = (
        f"from consult.agents.assessors.rubric import Verdict\n\ndef odd(consultation):\n    return {{'1.1': {said}}}\n"
    )
    summary = consult.assess(run, f"{mine(source)}:odd")
    assert len(summary["failures"]) == 3 and why in summary["failures"][0]["why"]


def test_a_reason_is_stored_without_what_no_store_can_hold(mine: Mine, run: consult.Run) -> None:
    source = "def halved(consultation):\n    return {'1.1': (1, 'so \\ud800and\\x1b[2J on')}\n"
    assert not consult.assess(run, f"{mine(source)}:halved")["failures"]
    table = run.assessments
    assert set(table[table.assessor.str.contains("halved") & (table["item"] == "1.1")].why) == {"so and on"}


def test_a_model_judges_by_the_rubric(run: consult.Run) -> None:
    with Store(run.db) as store:
        before = len(store.query("SELECT DISTINCT assessor FROM assessments"))
    consult.assess(run, "rules")
    with pytest.raises(consult.UserError, match="either an assessor or a judge"):
        consult.assess(run)
    with Store(run.db) as store:
        assert len(store.query("SELECT DISTINCT assessor FROM assessments")) == before + 1
