"""What models were asked, seen again: in the terminal, as JSON, on pages, and in the Python API."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

import consult
from consult.cli.main import app
from consult.cli.web.server import application
from consult.envs.prompts import NoPromptsError, prompts_of
from consult.envs.store.write import Store
from consult.foreign_text import visible
from consult.render.prompts import kept_to

PANEL = Path(__file__).parents[2] / "data" / "panel.yaml"
NASTY = "<script>alert(1)</script>\x1b[2J\u202e & <think>hm</think>"


def doctor(messages, images):
    """Conclude at once, with a reply that no terminal and no page should take as it is."""
    return NASTY if "patient" in messages[0]["content"] else '{"action": "conclude"}'


def called(*words):
    from consult.errors import UserError

    result = CliRunner().invoke(app, [str(word) for word in words])
    mistake = result.exception if isinstance(result.exception, UserError) else None
    return result.output, str(mistake) if mistake else ""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    db = tmp_path_factory.mktemp("prompts") / "a.db"
    return consult.simulate(cases=2, model=f"scripted:{PANEL}", attending=doctor, db=db)


@pytest.mark.slow
def test_a_consultation_is_shown_with_each_request_before_its_turn(run):
    shown, _ = called("show", "r1.1", "--prompts", "--db", run.db)
    prompts = run["r1.1"].prompts
    assert shown.count("  ┌ ") == len(prompts) and shown.count("  └ ") == len(prompts)
    assert "refused: it does not state" in shown and "; asked again" in shown
    assert "temperature 0.3 · top-p 0.95 · at most 768 tokens" in shown and "[photograph derm34/" in shown
    lines = [line[4:].removeprefix("  ") for line in shown.split("\n") if line.startswith("  │ ")]
    for line in (line for one in prompts for message in one.messages for line in message.content.split("\n")):
        assert visible(line) in lines
    assert "\x1b" not in shown and "\u202e" not in shown and r"\x1b[2J\u202e" in shown
    assert shown.index("  ┌ triage · triage") < shown.index("1 Triage") < shown.index("  ┌ attending · action")


def test_it_is_found_by_run_and_case_too(run):
    by_case, _ = called("show", "r1", run["r1.2"].row["case_id"], "--prompts", "--db", run.db)
    assert by_case == called("show", "r1.2", "--prompts", "--db", run.db)[0]
    assert called("show", "r1", "nobody", "--db", run.db)[1].startswith("no consultation 'nobody'")
    assert called("show", "r9", "nobody", "--db", run.db)[1].startswith("no run 'r9'")


def test_without_the_option_nothing_of_it_is_shown(run):
    assert "┌" not in called("show", "r1.1", "--db", run.db)[0]


def test_json_has_the_texts_themselves(run):
    shown, _ = called("show", "r1.1", "--prompts", "--json", "--db", run.db)
    events = [json.loads(line) for line in shown.splitlines()]
    asked = [event for event in events if event["event"] == "prompt"]
    assert asked == [json.loads(json.dumps(one.event())) for one in run["r1.1"].prompts]
    assert any(event["reply"] == NASTY for event in asked)
    turns = [(event["event"], event.get("turn", event.get("idx"))) for event in events if event["event"] != "opinion"]
    assert turns[:4] == [("prompt", 0), ("prompt", 0), ("prompt", 0), ("turn", 0)]


def test_mistakes_are_one_sentence(run, tmp_path):
    assert called("show", "r1", "--prompts", "--db", run.db)[1] == (
        "--prompts shows one consultation; choose one of the run's, e.g. r1.1"
    )
    db = tmp_path / "b.db"
    called("simulate", "--case", "test-0007", "--model", f"scripted:{PANEL}", "--no-prompts", "--db", db)
    assert called("show", "r1.1", "--prompts", "--db", db)[1] == (
        "prompts were not stored for run r1: it was started with --no-prompts"
    )
    with Store(db) as store:
        assert prompts_of(store, "r1.1") == [] and store.acts("r1.1")


def test_a_program_s_turns_say_that_there_was_no_prompt(tmp_path):
    db = tmp_path / "b.db"
    called("simulate", "--case", "test-0007", "--model", "bayes:derm34", "--db", db)
    shown, _ = called("show", "r1.1", "--prompts", "--db", db)
    assert "┌" not in shown
    assert "no prompt: bayes:derm34 is a program that decides by the scenario's tables" in " ".join(shown.split())


def test_the_page_opens_what_was_asked_at_each_turn(run, tmp_path):
    with TestClient(application(run.db), base_url="http://127.0.0.1") as client:
        page = client.get("/consultations/r1.1").text
        beside = client.get("/compare?left=r1.1&right=r1.2").text
    texts = [unescape(text) for text in re.findall(r"<pre>\n(.*?)</pre>", page, re.DOTALL)]
    wanted = [message.content for one in run["r1.1"].prompts for message in one.messages]
    assert wanted == [text for text in texts if text in set(wanted)]
    assert "<script" not in page and "\x1b" not in page and "&lt;think&gt;hm&lt;/think&gt;" in page
    assert page.count('<details class="prompts">') == len(run["r1.1"].consultation.acts)
    assert "<details open" not in page and 'class="prompts"' not in beside
    html = tmp_path / "page.html"
    called("show", "r1.1", "--prompts", "--html", html, "--db", run.db)
    assert 'class="prompts"' in html.read_text(encoding="utf-8")
    assert 'class="prompts"' not in run["r1.1"].html()


def test_a_page_of_a_run_without_says_so_once(tmp_path):
    db = tmp_path / "b.db"
    consult.simulate(cases=1, model=f"scripted:{PANEL}", db=db, prompts=False)
    with TestClient(application(db), base_url="http://127.0.0.1") as client:
        page = client.get("/consultations/r1.1").text
    assert page.count("Prompts were not stored for run r1: it was started with --no-prompts.") == 1
    assert 'class="prompts"' not in page


def test_the_api_has_them_as_objects_and_as_a_table(run, tmp_path):
    frame = run.prompts
    with Store(run.db) as store:
        columns = [row["name"] for row in store.query("SELECT name FROM pragma_table_info('prompts')")]
        count = store.query("SELECT count(*) AS n FROM prompts")[0]["n"]
    assert list(frame.columns) == columns[1:] and len(frame) == count
    first = run["r1.1"].prompts[0]
    assert frame["messages"][0] == [{"role": m.role, "content": m.content, "images": []} for m in first.messages]
    assert frame["constrained"].dtype == "boolean" and frame["turn"].dtype == "Int64"
    assert set(frame["outcome"]) == {"accepted", "refused"}
    without = consult.simulate(cases=1, model=f"scripted:{PANEL}", db=tmp_path / "b.db", prompts=False)
    for ask in (lambda: without.prompts, lambda: without["r1.1"].prompts):
        with pytest.raises(NoPromptsError, match="not stored for run r1"):
            ask()


@pytest.mark.slow
def test_a_benchmark_can_leave_them_out(tmp_path):
    grid: dict[str, Any] = {"models": [f"scripted:{PANEL}"], "strategies": ["dialogue"], "cases": 1}
    grid |= {"solo_baseline": False, "assessors": ["none"], "classifier": lambda image: {"acne": 1.0}}
    kept = consult.benchmark(**grid, out=tmp_path / "a", db=tmp_path / "a.db")
    left = consult.benchmark(**grid, out=tmp_path / "b", db=tmp_path / "b.db", prompts=False)
    assert len(kept.runs[0].prompts) > 5
    with pytest.raises(NoPromptsError):
        _ = left.runs[0].prompts


def test_a_question_without_the_json_that_was_asked_for_says_how_it_was_read(tmp_path):
    asked = []

    def asks(messages, images):
        if '{"action": "conclude"}' not in messages[-1]["content"]:
            return "<think>A rash.</think><answer>eczema</answer>"
        asked.append(1)
        return "Where does it itch?" if len(asked) == 1 else '{"action": "conclude"}'

    played = consult.simulate(cases=1, model=f"scripted:{PANEL}", attending=asks, db=tmp_path / "a.db")
    first, second = [one for one in played["r1.1"].prompts if one.task == "action"][:2]
    assert (first.outcome, first.why) == ("accepted", "read as a question: no JSON object")
    assert (second.outcome, second.why) == ("accepted", "")
    assert next(act for act in played["r1.1"].consultation.acts if act.action == "ask").text == "Where does it itch?"


@pytest.mark.parametrize("n", [8, 64])
def test_of_a_choice_among_many_one_stands_for_all(n):
    options = [f"Sentence {i}." for i in range(n)]
    said = kept_to({"choice": options, "after": "<said>", "temperature": 1.0})
    if n == 8:
        assert json.loads(said)["choice"] == options
    else:
        assert said == (
            'one of 64 texts, for example "Sentence 0.", after "<said>", drawn at temperature 1 '
            "(all of them: --prompts --json)"
        )
