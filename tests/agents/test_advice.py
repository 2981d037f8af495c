"""What a tiny model may tell a patient: the scenario's advice for its diagnosis, and no other's."""

import random

import pytest

from consult.agents.acts import DoctorView, Line
from consult.agents.advice import (
    is_sound_explanation,
    is_sound_reply,
    plain_explanation,
    plain_reply,
    says,
    stammers,
    strange,
)
from consult.agents.dialects import StarterDialect
from consult.rl.starter.corpus import Corpus
from consult.scenarios import Photograph, load_scenario

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


def test_the_frames_that_are_taught_hold_sound_advice():
    """Whatever frame is learned, and for whatever diagnosis it is filled, the advice is the diagnosis's own."""
    corpus, dialect, rng = Corpus(SCENARIO, SCENARIO.source, random.Random(3)), StarterDialect(), random.Random(4)
    judged = []
    for _ in range(300):
        lesson, name = corpus.lesson("explanation"), rng.choice(LABELS)
        how = lesson.prompt.messages[1].text
        urgency = "emergency" if how == "emergency" else "routine"
        thought = "I see a red patch." if how == "explain seen" else ""
        shown = Photograph("p", lambda: None)
        view = DoctorView((), (), (), {}, {}, photograph=shown, diagnosis=name, urgency=urgency, thought=thought)
        assert dialect.explanation(view).messages[1].text == how
        said = dialect.read_explanation(lesson.text, view, SCENARIO)
        assert said is not None
        judged.append(is_sound_explanation(said, name, urgency, SCENARIO))
        assert ("a red patch" in said) == (how == "explain seen") and "<" not in said and ".." not in said
    # What was seen can make a sentence look like another diagnosis's.
    assert sum(judged) / len(judged) > 0.95


def test_the_frames_of_replies_hold_the_answer():
    corpus, dialect, rng = Corpus(SCENARIO, SCENARIO.source, random.Random(3)), StarterDialect(), random.Random(4)
    for _ in range(100):
        name = rng.choice(LABELS)
        kind = rng.choice(sorted(SCENARIO.labels[name].answers))
        view, question = DoctorView((), (), (), {}, {}, diagnosis=name), Line("patient", "ask", "And?", kind)
        said = dialect.read_reply(corpus.lesson("reply").text, view, question, SCENARIO)
        assert said is not None and is_sound_reply(said, name, kind, SCENARIO), said


@pytest.mark.parametrize(
    "frame",
    ["It is <answer>.", "<answer> <second> <third> <said> <said>", "<answer> <second> <third> <said> <fact>", ""],
)
def test_a_frame_with_a_slot_too_few_or_too_many_is_refused(frame):
    view = DoctorView((), (), (), {}, {}, diagnosis="acne")
    assert StarterDialect().read_explanation(frame, view, SCENARIO) is None
    whole = StarterDialect().read_explanation("it is <answer>. <second> <third> <said>", view, SCENARIO)
    assert whole is not None and whole.startswith("It is acne. Acne is")
    undecided = DoctorView((), (), (), {}, {})
    assert StarterDialect().read_explanation("It is <answer>. <second> <third> <said>", undecided, SCENARIO) is None
    unknown = Line("patient", "ask", "Is it?")
    assert StarterDialect().read_reply("<answer>", view, unknown, SCENARIO) is None


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


@pytest.mark.parametrize(
    ("speech", "lost"),
    [
        ("Keep it dry. Come back in two weeks.", False),
        ("a red patch with a red patch with a", True),
        ("Use it twice a day. Use it twice daily.", False),
        ("the edge of the nail, the EDGE of the Nail", True),
        ("", False),
    ],
)
def test_who_says_four_words_twice_has_lost_the_way(speech, lost):
    assert stammers(speech) is lost


def test_an_alarm_that_was_told_is_told_where_to_go():
    today, now = "Have an eye doctor look at it today.", "Go to the emergency department now."
    said = plain_explanation("shingles", "soon", SCENARIO, where=(today,))
    assert today in said and is_sound_explanation(said, "shingles", "soon", SCENARIO)
    assert (
        plain_explanation("shingles", "soon", SCENARIO, where=(now,))
        == f"I think this is shingles, and it cannot wait. {now}"
    )
    assert plain_explanation(None, None, SCENARIO, where=(today,)) == f"I am not sure yet what this is. {today}"


def test_advice_depends_on_what_was_learned():
    advised = plain_explanation("ingrown nail", "soon", SCENARIO)
    known = {"conditions": frozenset({"diabetes"})}
    warned = plain_explanation("ingrown nail", "soon", SCENARIO, known)
    soak, foot_team = "Soak the foot", "Because of your diabetes"
    assert soak in advised and foot_team not in advised
    assert foot_team in warned and soak not in warned
    assert is_sound_explanation(warned, "ingrown nail", "soon", SCENARIO, known)


def test_the_starters_advice_says_where_to_go_with_an_alarm():
    where = "Have an eye doctor look at it today."
    view = DoctorView((), (), (), {}, {}, diagnosis="shingles", urgency="soon", where=(where,))
    said = StarterDialect().read_explanation("It is <answer>. <second> <third> <said>", view, SCENARIO)
    assert said is not None and where in said
    assert is_sound_explanation(said, "shingles", "soon", SCENARIO)
