"""What a tiny model may tell a patient: the scenario's advice for its diagnosis, and no other's."""

import pytest

from consult.agents.advice import (
    is_sound_explanation,
    is_sound_reply,
    plain_explanation,
    plain_reply,
    says,
    strange,
)
from consult.rl.starter.corpus import Corpus
from consult.scenarios import load_scenario

SCENARIO = load_scenario("derm34")
LABELS = list(SCENARIO.labels)


@pytest.mark.parametrize("name", LABELS)
def test_the_plain_words_are_sound_for_their_own_diagnosis_only(name):
    said = plain_explanation(name, "routine", SCENARIO)
    assert is_sound_explanation(said, name, "routine", SCENARIO)
    others = [other for other in LABELS if other != name]
    assert not any(is_sound_explanation(said, other, "routine", SCENARIO) for other in others)
    for kind in SCENARIO.labels[name].answers:
        assert is_sound_reply(plain_reply(name, kind, SCENARIO), name, kind, SCENARIO), kind


def test_the_lessons_teach_sound_advice():
    import random

    corpus = Corpus(SCENARIO, SCENARIO.source, random.Random(3))
    judged = []
    for _ in range(300):
        lesson = corpus.lesson("explanation")
        how, _, rest = lesson.prompt.messages[1].text.partition(" ")
        urgency = "emergency" if how == "emergency" else "routine"
        judged.append(is_sound_explanation(lesson.text, rest.partition(".")[0], urgency, SCENARIO))
    assert sum(judged) / len(judged) > 0.97


def test_another_diagnosis_in_the_advice_is_strange():
    assert strange("I think this is shingles.", "abscess", SCENARIO)
    antiviral = SCENARIO.labels["shingles"].plan[0]
    assert strange(f"I think this is abscess. {antiviral}", "abscess", SCENARIO)
    assert not strange("I think this is abscess, of the skin.", "abscess", SCENARIO)


def test_stammer_is_not_said():
    assert not is_sound_explanation("I think that that hot and hot it is.", "acne", "routine", SCENARIO)
    assert not is_sound_reply("It is it is to the skin.", "acne", "outlook", SCENARIO)


def test_an_emergency_names_where_to_go():
    said = plain_explanation("hives", "emergency", SCENARIO)
    assert "emergency department" in said and is_sound_explanation(said, "hives", "emergency", SCENARIO)
    assert not is_sound_explanation(plain_explanation("hives", "soon", SCENARIO), "hives", "emergency", SCENARIO)


def test_without_a_diagnosis_nothing_is_made_up():
    assert "not sure" in plain_explanation(None, "soon", SCENARIO)
    assert plain_reply(None, "outlook", SCENARIO).startswith("I cannot")
    assert not is_sound_explanation("anything", None, None, SCENARIO)


def test_says_wants_most_of_the_words():
    assert says("Wash the area gently, twice a day!", "wash the area twice a day")
    assert not says("Wash the area.", "wash the area twice a day")
