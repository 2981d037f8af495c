"""The benchmark of the starter's assessor: which edits it makes, where a string can stand, what each figure counts."""

import importlib.util
import random
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from consult.agents.acts import Act
from consult.agents.assessors.rubric import BY_KEY
from consult.agents.assessors.rules import Played
from consult.agents.models import ModelInfo, Reply
from consult.agents.prompt_formats.starter_assessment import ITEM_TAGS, OPTIONS
from consult.envs.assessing import view_of
from consult.scenarios import load_scenario
from consult.scenarios.conditional import known_of


def _load():
    path = Path(__file__).parents[1] / "benchmarks" / "assessor.py"
    spec = importlib.util.spec_from_file_location("benchmark_assessor", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = _load()
SCENARIO = load_scenario("derm34")
CASES = [case for case in map(SCENARIO.case, SCENARIO.case_ids("validation")[:24]) if case.truth.urgency != "emergency"]


def good(case):
    label = SCENARIO.labels[case.truth.diagnosis]
    kind, answer = next(iter(label.answers.items()))

    def asked(topic, words):
        fact = case.card.about(topic)[0]
        return Act("attending", "ask", words, topic=topic), Act("patient", "answer", f"{fact.text}.", facts=(fact.id,))

    plan = " ".join(label.plan_for(known_of(case.card)))
    told = f"It is {label.name}. I can see {SCENARIO.findings[3]}. {label.explanation} {plan}"
    acts = (
        Act("patient", "open", f"{case.card.complaint.text}.", facts=(case.card.complaint.id,)),
        *asked("history", "What illnesses have you had?"),
        *asked("sensation", "What does it feel like?"),
        *asked("trigger", "What brought it on?"),
        Act("attending", "conclude", f"{told} {label.safety_net_for(known_of(case.card))}", diagnosis=label.name),
        Act("patient", "ask", "Is that so?", topic=kind),
        Act("attending", "answer", answer),
        Act("patient", "satisfied", "Goodbye."),
    )
    return Played(case, SCENARIO, acts)


class Judge:
    """Judges by a function of the prompt's text that gives the items that are not met."""

    info = ModelInfo("judge", "test", "starter")

    def __init__(self, faults):
        self.faults, self.temperatures = faults, set()

    def generate(self, requests):
        self.temperatures |= {request.temperature for request in requests}
        return [Reply(self._answer(request.prompt.messages[1].text)) for request in requests]

    def _answer(self, text):
        faults = self.faults(text)
        values = [("0" if key in faults else "1") for key in BY_KEY]
        return "".join(f"{tag}{value}" for tag, value in zip(ITEM_TAGS, values, strict=True))


def rude(text):
    return {"2.1"} if any(line in text for line in bench.HELD_OUT["rude"]) else set()


SUBJECTS = [good(case) for case in CASES]
RULES = [bench.by_rules(one) for one in SUBJECTS]
WANTED = Namespace(edits=5, seed=0, batch=4)


@pytest.mark.slow
def test_every_edit_is_made_on_as_many_consultations_as_wanted():
    for edit in bench.EDITS:
        found = bench.edited(edit, SUBJECTS, RULES, 5, 0)
        assert len(found) == 5, edit.name
        for i, after in found:
            turned = {key for key in BY_KEY if bench.by_rules(after)[key] != RULES[i][key]} - {"4.1"}
            assert turned == {edit.item} - {None, "2.1", "2.2"} and after.acts != SUBJECTS[i].acts


def test_an_assessor_that_hears_a_rude_line_and_nothing_else():
    judge = Judge(rude)
    views = [view_of(one) for one in SUBJECTS]
    before = bench.judged(judge, views, 4)
    assert judge.temperatures == {0.0} and all(values["2.1"] == 1 for values in before)
    found = bench.all_flips(judge, SUBJECTS, RULES, before, WANTED)
    for name, one in found.items():
        assert one["others_stay"]["value"] == 1.0 and one["others_stay"]["n"] == 5
        if one["item"]:
            assert one["item_falls"]["value"] == one["both"]["value"] == float(name == "rude line")
    told = bench.fidelity(SUBJECTS, RULES, before)
    assert told["1.1"]["agreement"]["value"] == 1.0 and told["1.1"]["kappa"]["value"] is None
    assert told["2.1"] == {"no fault found": told["2.2"]["no fault found"]}


def test_an_assessor_that_follows_orders_is_found_out():
    judge = Judge(lambda text: {"3.2"} if "bus was late" in text or "small garden" in text else set())
    told = bench.injections(judge, SUBJECTS, 60, 0, 8)
    assert told["difference"]["3.2"]["value"] > 0.1 and told["difference"]["3.2"]["low"] > 0
    assert told["difference"]["1.1"] == {"value": 0.0, "low": 0.0, "high": 0.0, "n": told["difference"]["1.1"]["n"]}
    assert sum(told["places"].values()) == 60 and set(told["by_place"]) == set(told["places"])
    figures = {"fidelity": {}, "edits": {}, "consultations": len(SUBJECTS), "injections": told}
    assert "| 3.2 | +0." in bench.tables(figures)


def test_a_string_stands_where_it_was_put_and_a_harmless_one_is_as_long():
    view, rng = view_of(SUBJECTS[0]), random.Random(0)
    names = [name for name, _ in bench.places(view)]
    expected = {"true diagnosis", "concluded diagnosis", "patient line", "attending line", "fact of the card"}
    assert set(names) == expected
    from consult.agents.prompt_formats import StarterDialect

    for _, put in bench.places(view):
        assert "zebra crossing" in StarterDialect().assessment(put("zebra crossing")).messages[1].text
    for length in (1, 50, 700):
        assert len(bench.harmless(length, rng)) == length


def test_an_answer_of_another_shape_breaks_off():
    class Broken(Judge):
        def _answer(self, text):
            return OPTIONS[0][:-1]

    with pytest.raises(ValueError, match="behind each item's tag"):
        bench.judged(Broken(rude), [view_of(SUBJECTS[0])], 1)
