"""The benchmark of a patient asked directly: what is asked, what is made up, and what each figure counts."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from collections import Counter
from pathlib import Path

import pytest
from improvising import PANEL, SCENARIO, Improviser, patient_line

from consult.agents.grounding.facts import check_line, plainly, words
from consult.agents.models import Reply
from consult.agents.prompt_formats.questions import said_about
from consult.agents.prompt_formats.wording import TAUGHT, bank
from consult.errors import UserError
from consult.scenarios.case_generator import Grammar

TOPICS = [topic for topic in SCENARIO.topics if topic in said_about("questions")]
"""Topics that questions are worded for."""


def _load():
    path = Path(__file__).parents[1] / "benchmarks" / "patient.py"
    spec = importlib.util.spec_from_file_location("benchmark_patient", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = _load()


class Saying(Improviser):
    """Says what a test has it say: task → function from (request, the question's words) to a text."""

    def __init__(self, **said):
        super().__init__("starter")
        self.said = said

    def reply(self, request):
        asked = request.prompt.messages[-1].text
        return Reply(self.said[request.task](request, asked), 1, 1)


def attempt(request):
    return request.key[-1]


def said(request, told=""):
    """Word what is asked in the first sentences that the starter learns for it."""
    return patient_line(request, lambda frames: frames[0])


def found(answers, arm="topic given"):
    return {rate.name: (rate.hits, rate.n) for rate in bench.rates(arm, answers)}


# -- what is asked -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", bench.KINDS)
def test_questions_are_balanced_and_each_is_asked_once(kind):
    made = bench.questions(SCENARIO, kind, 240, "test", 0)
    assert set(Counter((q.topic, q.temperament, q.wording) for q in made).values()) == {2}
    assert len({(q.case, q.topic) for q in made}) == len(made) == 240
    style = "held-out" if kind == "held-out style" else "in-style"
    assert {SCENARIO.case(q.case).style for q in made} == {style}
    assert all(q.asked.topic == q.topic and q.asked in q.card.facts for q in made)
    changed = [q for q in made if q.card != SCENARIO.case(q.case).card]
    assert changed == (made if kind == "made up" else [])


@pytest.mark.parametrize("topic", TOPICS)
def test_questions_come_from_the_two_parts_of_the_list_and_from_no_list(topic):
    first, last = bench.parted(topic)
    assert first + last == said_about("questions")[topic] and len(first) == TAUGHT
    asked = [q for q in bench.questions(SCENARIO, "in-style", 1500, "test", 3) if q.topic == topic]
    for part, name in zip((first, last), bench.PARTS, strict=True):
        texts = {q.text for q in asked if q.wording == name}
        assert texts <= set(part) and len(texts) > 5
    known = {q for sentences in said_about("questions").values() for q in sentences}
    assert len({q.new for q in asked}) > 2 and not {q.new for q in asked} & known


def test_a_seed_decides_what_is_asked():
    draws = [bench.questions(SCENARIO, "made up", 60, "test", seed) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_what_is_made_up_is_new_and_can_pass_the_check():
    assert isinstance(SCENARIO.source, Grammar)
    tables = [text for field in SCENARIO.source.tables.values.values() for v in field.values() for text in v.phrasings]
    known = set(words(json.dumps([tables, bank("patient"), bank("doctor")])))
    for question in bench.questions(SCENARIO, "made up", 1500, "test", 0):
        fact, others = question.asked, [f for f in question.card.facts if f != question.asked and not f.none]
        assert not SCENARIO.diagnoses(fact.text)
        assert check_line(plainly((fact,)), (fact,), others, SCENARIO).sound, fact.text
        assert {word for word in words(fact.text) if not word.isdigit()} - known, fact.text
        assert "{" not in fact.text


def test_more_questions_than_cases_is_a_sentence(monkeypatch, capsys):
    with pytest.raises(UserError, match=r"170 cases in held-out wording; ask at most 2550"):
        bench.questions(SCENARIO, "held-out style", 2551, "test", 0)
    arguments = ["patient.py", "--model", f"scripted:{PANEL}", "--questions", "9999"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as end:
        bench.main()
    assert end.value.code == 2 and "ask at most" in capsys.readouterr().err


# -- what is counted ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked():
    return bench.questions(SCENARIO, "made up", 120, "test", 0)


def test_first_draft_and_final_line_are_told_apart(asked):
    def answer(request, told):
        return said(request) if attempt(request) else f"{said(request)} Psoriasis."

    counts = found(bench.ask(Saying(answer=answer), asked, "topic given", SCENARIO, batch=16))
    # A sentence that was never learned is no line at all.
    assert counts["first drafts that name a diagnosis"] == counts["first drafts that give the asked fact"] == (0, 120)
    assert counts["final lines that name a diagnosis"] == counts["said by the program"] == (0, 120)
    assert counts["final lines backed"] == counts["final lines that give the asked fact"] == (120, 120)


def test_what_cannot_be_read_is_said_by_the_program_and_not_backed(asked):
    answers = bench.ask(Saying(answer=lambda request, told: "Well."), asked, "topic given", SCENARIO)
    counts = found(answers)
    assert {answer.first_draft for answer in answers} == {None}
    assert counts["first drafts backed"] == counts["first drafts that give the asked fact"] == (0, 120)
    assert counts["said by the program"] == counts["final lines that give the asked fact"] == (120, 120)


def test_a_topic_that_is_not_found_costs_the_asked_fact(asked, monkeypatch):
    # A tiny model is asked only where a question's words name no topic.
    monkeypatch.setattr("consult.agents.roles.patient.Patient._named", lambda self, question, view: None)
    topics: dict[str, str] = {}
    first, *others = TOPICS
    for right, wrong in zip((first, *others), (*others, first), strict=True):
        understood, mistaken = bench.parted(right)
        topics |= dict.fromkeys(understood, right) | dict.fromkeys(mistaken, wrong)
    model = Saying(
        topic=lambda request, told: f"<{topics.get(told, 'unsure')}>",
        answer=said,
        unknown=said,
    )
    answers = bench.ask(model, asked, "topic to find", SCENARIO)
    counts = found(answers, "topic to find")
    assert counts["topic found"] == (60, 120)
    # Some volunteer just what was asked for.
    assert all(answer.facts and answer.gives == (answer.question.asked.text in answer.facts) for answer in answers)
    assert counts["final lines that give the asked fact"] == (sum(answer.gives for answer in answers), 120)
    assert 60 <= counts["final lines that give the asked fact"][0] < 90
    assert counts["topic found, first part of the wordings"] == (60, 60)
    assert counts["topic found, rest of the wordings"] == (0, 60)
    assert counts["final lines backed"] == (120, 120)
    new = found(bench.ask(model, asked, "new question", SCENARIO), "new question")
    assert new["topic found"] == (0, 120)


def test_a_free_patient_is_left_as_it_is(asked):
    topics = {q: topic for topic, bank in said_about("questions").items() for q in bank}
    right = Saying(free=lambda request, told: f"<{topics[told.removeprefix('free ')]}>It is psoriasis. <fact>.")
    counts = found(bench.ask(right, asked, "free", SCENARIO), "free")
    assert counts["final lines that give the asked fact"] == counts["final lines that name a diagnosis"] == (120, 120)
    assert counts["first drafts that give the asked fact, rest of the wordings"] == (60, 60)
    # Read at the second asking only: that is no first draft.
    late = Saying(free=lambda request, told: f"{right.said['free'](request, told) if attempt(request) else 'Hm.'}")
    counts = found(bench.ask(late, asked, "free", SCENARIO), "free")
    assert counts["first drafts backed"] == counts["first drafts that name a diagnosis"] == (0, 120)
    assert counts["final lines backed"] == counts["final lines that name a diagnosis"] == (120, 120)


def test_a_question_that_the_model_breaks_on_counts_as_not_answered(asked):
    model = Improviser("starter", fails=lambda request: request.key[0] % 4 == 0)
    answers = bench.ask(model, asked, "topic given", SCENARIO, batch=8)
    counts = found(answers)
    assert counts["not answered, the model broke"] == (30, 120)
    assert counts["final lines backed"] == counts["final lines that give the asked fact"] == (90, 120)
    assert {answer.error for answer in answers} == {"", "RuntimeError: the model broke"}


def test_answers_do_not_hang_on_the_batch(asked):
    runs = [bench.ask(Improviser("plain"), asked, "topic to find", SCENARIO, batch=batch) for batch in (1, 7, 64)]
    assert runs[0] == runs[1] == runs[2]


def test_distinct_lines_are_counted_among_a_hundred():
    assert bench.distinct(["a"] * 99) is None
    assert bench.distinct(["a"] * 400) == pytest.approx(1)
    assert bench.distinct([str(i) for i in range(250)]) == pytest.approx(100)
    lines, rng = [str(i % 60) for i in range(300)], random.Random(0)
    drawn = [len(set(rng.sample(lines, 100))) for _ in range(2000)]
    assert bench.distinct(lines) == pytest.approx(sum(drawn) / len(drawn), abs=0.3)


def test_the_facts_own_variety_is_left_out(asked):
    answers = bench.ask(Saying(answer=said), asked, "topic given", SCENARIO)
    beside = {answer.beside for answer in answers}
    assert len(beside) < 40 and all("[…]" in one for one in beside)
    assert len({answer.text for answer in answers}) > 110


# -- the whole ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["plain", "starter"])
def test_the_report_has_a_table_an_arm(dialect):
    answers = bench.asked_all(Improviser(dialect), 60)
    assert Counter((a.arm, a.question.kind) for a in answers) == {
        (arm, kind): 60 for arm in bench.arms("both") for kind in bench.KINDS
    }
    text = "\n".join(bench.report(answers))
    for heading in ("Grounded patient, topic given", "topic to find", "new question", "## Free patient"):
        assert heading in text
    # Whatever the model, a grounded patient says nothing that is not backed; 60 lines are too few for 100.
    assert text.count("| final lines backed | 100.0% (94.0% to 100.0%; 60 of 60) |") == 3
    assert "| distinct answers per 100, as said | — | — | — |" in text
    assert all(sum(line.startswith(f"| {name} |") for line in text.splitlines()) == 4 for name in bench.temperaments())


@pytest.mark.slow
def test_the_command_writes_all_lines(tmp_path, monkeypatch, capsys):
    out = tmp_path / "lines.json"
    told = ["--model", f"scripted:{PANEL}", "--questions", "22", "--grounding", "on", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["patient.py", *told])
    bench.main()
    data = json.loads(out.read_text(encoding="utf-8"))
    assert data["model"] == f"scripted:{PANEL}" and data["seed"] == 0 and "Free patient" not in capsys.readouterr().out
    assert len(data["answers"]) == 3 * 3 * 22
    line = data["answers"][0]
    assert line["fallback"] and line["first_draft"] == "I really can't say more about it." and not line["first_backed"]
    assert line["asked_fact"] in line["facts"] and line["gives"]
    rate = next(r for r in data["rates"] if r["name"] == "said by the program" and r["arm"] == "topic given")
    assert (rate["hits"], rate["n"]) == (22, 22) and rate["interval"][1] == 1
