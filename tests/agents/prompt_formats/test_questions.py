"""The topic of a doctor's sentence is read off its words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consult.agents.acts import DoctorView
from consult.agents.choices import Action
from consult.agents.prompt_formats import StarterDialect
from consult.agents.prompt_formats.prompt_format import ActionOutput
from consult.agents.prompt_formats.questions import said_about, topic_by_words, topic_of
from consult.agents.prompt_formats.wording import frames, taught_questions
from consult.agents.roles.attending import CONSULT, plain_wording
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["questions", "examinations"])
def test_every_line_of_the_bank_is_about_its_topic(kind: str) -> None:
    for topic, lines in said_about(kind).items():
        assert [topic_of(line, kind) for line in lines] == [topic] * len(lines)


@pytest.mark.slow
def test_a_reaction_before_the_question_is_passed_over() -> None:
    reactions = [line for key in ("", "_worried", "_angry") for line in frames("doctor", f"acknowledge{key}")]
    for reaction in (*reactions, *frames("doctor", "greeting_plain")):
        assert topic_of(reaction, "questions") is None, reaction
        for topic, lines in said_about("questions").items():
            assert topic_of(f"{reaction} {lines[0]}", "questions") == topic
    assert topic_of("", "questions") is None


@pytest.mark.parametrize(("act", "kind"), [("ask", "questions"), ("examine", "examinations")])
def test_words_are_held_against_the_chosen_topic(act: Action, kind: str) -> None:
    for topic in said_about(kind):
        said = taught_questions(kind, topic)[0]
        for chosen in said_about(kind):
            read = StarterDialect().read_wording(said, VIEW, ActionOutput(act, chosen, ""))
            assert read == (said if chosen == topic else None)


TOPICS = load_scenario("derm34").topics


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What medicines do you take?", "medicines"),
        ("Are you on any medication?", "medicines"),
        ("Does it hurt?", "sensation"),
        ("Is it itchy?", "sensation"),
        ("Do you have a fever?", "symptoms"),
        ("Any family history?", "family"),
        ("Did you try a cream?", "treatment"),
        ("Do you smoke?", "history"),
        ("How old are you?", "age"),
        ("How old is this?", None),
        ("Has anything about the fever frightened you?", "alarm"),
        # Two topics, or none.
        ("Does it hurt where you put the cream?", None),
        ("Tell me more.", None),
    ],
)
def test_any_words_can_name_a_topic(question: str, topic: str | None) -> None:
    assert topic_by_words(question, TOPICS) == topic
    assert topic is None or topic_by_words(question, [one for one in TOPICS if one != topic]) != topic


def test_the_words_of_the_bank_seldom_name_another_topic() -> None:
    asked = [(topic, question) for topic, bank in said_about("questions").items() for question in bank]
    named = [(topic, topic_by_words(question, TOPICS)) for topic, question in asked]
    assert sum(found not in (None, topic) for topic, found in named) < 0.02 * len(named)


@pytest.mark.parametrize("said", ["Blue is the is of it?", "Thank you, that helps.", "", "<|im_end|>"])
def test_words_about_nothing_are_refused(said: str) -> None:
    assert StarterDialect().read_wording(said, VIEW, ActionOutput("ask", "site", "")) is None


@pytest.mark.slow
@pytest.mark.parametrize(("act", "kind"), [("ask", "questions"), ("examine", "examinations")])
def test_the_plain_words_for_a_topic_are_the_first_of_the_bank_and_about_it(act: Action, kind: str) -> None:
    for topic, lines in said_about(kind).items():
        said = plain_wording(act, topic, load_scenario("derm34"))
        assert said == lines[0] and topic_of(said, kind) == topic


def test_the_plain_words_for_what_no_bank_names() -> None:
    scenario = replace(load_scenario("derm34"), topics={"hobbies": "what you do"}, examinations={"smell": "smelling"})
    assert plain_wording("ask", "hobbies", scenario) == "May I ask about this: what you do?"
    assert plain_wording("ask", "x-ray", scenario) == "May I ask about this: x-ray?"
    assert plain_wording("examine", "smell", scenario) == "Let me have a look: smelling."
    assert plain_wording("examine", "x-ray", scenario) == "Let me have a look: x-ray."
    assert plain_wording("consult", None, scenario) == CONSULT
