"""Checking a judge: its hits and false alarms by item, and what the sentence says of them."""

import json

import consult
from consult.agents.assessors.known_faults import known_transcripts
from consult.agents.assessors.rubric import BY_KEY
from consult.agents.models import ModelInfo, Reply
from consult.agents.prompt_formats import PlainDialect
from consult.envs.events import Event
from consult.envs.judge_check import check_judge

MATERIAL = {PlainDialect().assessment(one.view).messages[1].text: one for one in known_transcripts()}


class Judging:
    """A model that judges by a function of a transcript and an item."""

    info = ModelInfo("judging", "test")

    def __init__(self, value, why="item {key}: I looked at {id}, closely, for what {name} means"):
        self.value, self.why = value, why

    def generate(self, requests):
        # A second try has a sentence after the material.
        asked = [request.prompt.messages[1].text.partition("\n\nYour answer")[0] for request in requests]
        return [Reply(self._answer(MATERIAL[material])) for material in asked]

    def _answer(self, one):
        said = {key: self.why.format(key=key, id=one.id, name=item.name) for key, item in BY_KEY.items()}
        return json.dumps({key: {"why": said[key], "value": self.value(one, key)} for key in BY_KEY})


def checked(judge):
    events: list[Event] = []
    summary = check_judge(judge, 8, events.append)
    assert events[-1] == summary and len(events) == 26
    return summary, {item["item"]: item for item in summary["items"]}


def perfect(one, key):
    return 0 if key in one.lowers else BY_KEY[key].levels[-1]


def test_a_judge_that_sees_every_fault_is_trusted_with_every_item():
    summary, items = checked(Judging(perfect))
    assert summary["trusted"] == list(BY_KEY) and summary["not_scored"] == 0
    assert all(one["hits"] == one["faults"] >= 5 and one["false_alarms"] == 0 for one in items.values())
    assert summary["meaning"].startswith("This judge can be trusted with 1.1, 1.2,")


def test_a_judge_that_always_approves_or_always_objects_is_trusted_with_nothing():
    _, items = checked(Judging(lambda one, key: BY_KEY[key].levels[-1]))
    assert all(one["hits"] == 0 and one["false_alarms"] == 0 and not one["trusted"] for one in items.values())
    summary, items = checked(Judging(lambda one, key: 0))
    assert all(one["hits"] == one["faults"] and one["false_alarms"] == one["met"] for one in items.values())
    assert summary["trusted"] == [] and "sees a fault in 20 of 20 that have none" in summary["meaning"]


def test_a_judge_is_trusted_with_what_it_sees_alone():
    summary, items = checked(Judging(lambda one, key: 1 if key == "2.1" else perfect(one, key)))
    assert summary["trusted"] == [key for key in BY_KEY if key != "2.1"]
    assert "2.1 (finds 0 of 5 faults)" in summary["meaning"] and items["2.1"]["hits"] == 0


def test_a_lower_level_than_that_of_the_twin_is_a_hit():
    _, items = checked(Judging(lambda one, key: 1 if key == "4.1" and "4.1" in one.lowers else BY_KEY[key].levels[-1]))
    assert items["4.1"]["hits"] == items["4.1"]["faults"] == 10


def test_placeholders_are_counted_and_are_no_hits():
    summary, items = checked(Judging(perfect, why="<reason>"))
    assert summary["no_reason"] == {"verdicts": 200, "of": 200} and summary["trusted"] == []
    assert all(one["faults"] == one["hits"] == 0 for one in items.values()) and "not scored" in summary["meaning"]


def test_a_failing_judge_is_told_of_and_is_no_crash():
    class Failing(Judging):
        def generate(self, requests):
            return [Reply("I would rather not.") for _ in requests]

    summary, _ = checked(Failing(perfect))
    assert summary["trusted"] == [] and summary["not_scored"] == 200


def test_it_is_part_of_the_python_api():
    assert consult.check_judge(Judging(perfect), batch=4)["trusted"] == list(BY_KEY)
