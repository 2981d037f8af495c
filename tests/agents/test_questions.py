"""The topic of a doctor's sentence is read off its words."""

import pytest

from consult.agents.acts import DoctorView
from consult.agents.attending import CONSULT, plain_wording
from consult.agents.dialects import StarterDialect
from consult.agents.dialects.dialect import ActionWord
from consult.agents.dialects.questions import said_about, topic_of
from consult.scenarios import load_scenario

VIEW = DoctorView(
    lines=(),
    labels=("acne",),
    specialties=("dermatology",),
    topics=dict.fromkeys(said_about("questions"), "x"),
    examinations=dict.fromkeys(said_about("examinations"), "x"),
    asked=("duration",),
    offers=("ask", "examine", "consult", "conclude"),
)


@pytest.mark.parametrize("kind", ["questions", "examinations"])
def test_every_line_of_the_bank_is_about_its_topic(kind):
    for topic, lines in said_about(kind).items():
        assert [topic_of(line, kind) for line in lines] == [topic] * len(lines)


def test_a_reaction_before_the_question_is_passed_over():
    assert topic_of("I understand. Does it itch, hurt or burn, or nothing of the kind?", "questions") == "sensation"
    assert topic_of("Thank you, that helps.", "questions") is None
    assert topic_of("", "questions") is None


@pytest.mark.parametrize(("act", "kind"), [("ask", "questions"), ("examine", "examinations")])
def test_words_are_held_against_the_chosen_topic(act, kind):
    for topic, lines in said_about(kind).items():
        for chosen in said_about(kind):
            read = StarterDialect().read_wording(lines[0], VIEW, ActionWord(act, chosen, ""))
            assert read == (lines[0] if chosen == topic else None)


@pytest.mark.parametrize("said", ["Blue is the is of it?", "Thank you, that helps.", "", "<|im_end|>"])
def test_words_about_nothing_are_refused(said):
    assert StarterDialect().read_wording(said, VIEW, ActionWord("ask", "site", "")) is None


@pytest.mark.parametrize("topic", VIEW.topics)
def test_the_plain_words_for_a_topic_name_it(topic):
    said = plain_wording("ask", topic, load_scenario("derm34"))
    assert load_scenario("derm34").topics[topic] in said and said.endswith("?")


def test_the_plain_words_for_what_no_scenario_names():
    scenario = load_scenario("derm34")
    assert (
        plain_wording("examine", "palpation", scenario) == f"Let me have a look: {scenario.examinations['palpation']}."
    )
    assert plain_wording("examine", "x-ray", scenario) == "Let me have a look: x-ray."
    assert plain_wording("consult", None, scenario) == CONSULT
