"""The topic of a doctor's sentence is read off its words."""

import pytest

from consult.agents.acts import DoctorView
from consult.agents.dialects import StarterDialect
from consult.agents.dialects.questions import said_about, topic_of

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


def test_the_words_decide_on_the_topic_and_not_the_tag():
    question = said_about("questions")["family"][0]
    word = StarterDialect().read_action(f"<ask><site> {question}", VIEW)
    assert (word.topic, word.text, word.source) == ("family", question, "model")


@pytest.mark.parametrize("said", [said_about("questions")["duration"][0], "Blue is the is of it?", ""])
def test_words_about_nothing_new_give_way_to_the_chosen_topic(said):
    word = StarterDialect().read_action(f"<ask><site> {said}", VIEW)
    assert word.topic == "site" and word.source == "program" and topic_of(word.text, "questions") == "site"
