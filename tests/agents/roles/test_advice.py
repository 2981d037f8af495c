"""What a tiny model may tell a patient: the scenario's advice for its diagnosis, and no other's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from consult.agents.acts import DoctorView, Line
from consult.agents.grounding.emergency_words import urgency_of
from consult.agents.prompt_formats import StarterDialect
from consult.agents.prompt_formats.wording import bank, frames, rewordings
from consult.agents.roles.advice import (
    AT_ONCE,
    EMERGENCY_DEPARTMENT,
    SEEN_TODAY,
    explained,
    is_sound_explanation,
    is_sound_reply,
    plain_explanation,
    plain_reply,
    says,
    stammers,
    strange,
)
from consult.rl.starter.corpus import Corpus
from consult.scenarios import Photograph, load_scenario
from consult.scenarios.case_generator import Grammar

SCENARIO = load_scenario("derm34")
LABELS = list(SCENARIO.labels)
DIALECT = StarterDialect()


@pytest.mark.parametrize("name", LABELS)
def test_the_plain_words_are_sound_for_their_own_diagnosis_only(name: str) -> None:
    said = plain_explanation(name, "routine", SCENARIO)
    assert is_sound_explanation(said, name, "routine", SCENARIO)
    others = [other for other in LABELS if other != name]
    assert not any(is_sound_explanation(said, other, "routine", SCENARIO) for other in others)
    for kind in SCENARIO.labels[name].answers:
        assert is_sound_reply(plain_reply(name, kind, SCENARIO), name, kind, SCENARIO), kind


CHOKING = Line("patient", "answer", "", "alarm", (("alarm", "my throat is tight"),))
THERE = "Have an eye doctor look at it today."
SEEN, NOTED = "I see a red patch.", 'I noted "it itches at night".'
VIEWS: dict[str, dict[str, Any]] = {
    "seen_told": {"thought": f"{SEEN} {NOTED}"},
    "seen": {"thought": SEEN},
    "told": {"thought": NOTED},
    "plain": {},
    "alarm": {"thought": f"{SEEN} {NOTED}", "lines": (CHOKING,), "where": (THERE,)},
    "emergency": {"thought": f"{SEEN} {NOTED}", "lines": (CHOKING,), "urgency": "emergency"},
}
"""Kind of frame → what makes the attending use it."""


@cache
def concluded(kind: str, name: str | None) -> DoctorView:
    blank = DoctorView((), (), (), {}, {}, photograph=Photograph("p", nothing), urgency="soon", diagnosis=name)
    return replace(blank, **VIEWS[kind])


def nothing() -> Any:
    raise RuntimeError("nobody looks")


def framed(kind: str) -> Iterator[tuple[str, str]]:
    """Go through the frames of a kind, each for some diagnoses."""
    rng = random.Random(kind)
    for frame in frames("doctor", "explain", kind):
        for name in rng.sample(LABELS, 5):
            yield frame, name


@pytest.mark.parametrize("kind", VIEWS)
def test_the_kind_of_frame_follows_from_what_was_seen_and_told(kind: str) -> None:
    assert DIALECT.explanation(concluded(kind, "acne")).messages[1].text == f"explain {kind}"
    if "seen" in kind:
        blind = replace(concluded(kind, "acne"), photograph=None)
        assert DIALECT.explanation(blind).messages[1].text == ("explain told" if "told" in kind else "explain plain")


def test_an_alarm_without_a_place_to_go_is_no_reason_to_send_anybody_away() -> None:
    nowhere = replace(concluded("alarm", "acne"), where=())
    assert DIALECT.explanation(nowhere).messages[1].text == "explain seen_told"
    untold = replace(concluded("alarm", "acne"), lines=())
    assert DIALECT.explanation(untold).messages[1].text == "explain seen_told"


@pytest.mark.parametrize("kind", VIEWS)
def test_every_frame_holds_sound_advice(kind: str) -> None:
    """Whatever frame is learned, and for whatever diagnosis it is filled, the advice is the diagnosis's own."""
    judged = []
    for frame, name in framed(kind):
        view = concluded(kind, name)
        said = DIALECT.read_explanation(frame, view, SCENARIO)
        assert said is not None, frame
        judged.append(is_sound_explanation(said, name, view.urgency, SCENARIO))
        assert name in said.lower() and "<" not in said and ".." not in said
        assert ("a red patch" in said.lower()) == ("seen" in kind)
        assert ("it itches at night" in said.lower()) == ("told" in kind)
        assert ("my throat is tight" in said.lower()) == (THERE in said) == (kind == "alarm")
        assert all((sentence in said) == (kind != "emergency") for sentence in explained(SCENARIO.labels[name], {}))
    # What was seen can make a sentence look like another diagnosis's.
    assert sum(judged) / len(judged) > 0.95


@pytest.mark.parametrize("kind", [kind for kind in VIEWS if kind != "emergency"])
def test_the_doctors_own_words_take_the_place_of_the_scenarios(kind: str) -> None:
    judged = []
    for frame, name in framed(kind):
        advice = DIALECT.advice(concluded(kind, name), SCENARIO)
        assert advice == explained(SCENARIO.labels[name], {})
        worded = {sentence: random.Random(sentence).choice(rewordings()[sentence]) for sentence in advice}
        view = replace(concluded(kind, name), worded=worded)
        said = DIALECT.read_explanation(frame, view, SCENARIO)
        assert said is not None
        assert all(words.rstrip(".") in said for words in worded.values()), said
        assert not any(sentence in said for sentence in advice)
        judged.append(is_sound_explanation(said, name, "soon", SCENARIO))
    # Sentences of one's own that stand together can look like another diagnosis's.
    assert sum(judged) / len(judged) > 0.9


@pytest.mark.parametrize("kind", VIEWS)
def test_a_frame_of_another_kind_is_refused(kind: str) -> None:
    for other in VIEWS:
        for frame in frames("doctor", "explain", other):
            said = DIALECT.read_explanation(frame, concluded(kind, "acne"), SCENARIO)
            assert (said is not None) == (kind == other), frame


def test_the_frames_that_are_taught_are_those_that_are_read() -> None:
    assert isinstance(SCENARIO.source, Grammar)
    corpus, taught = Corpus(SCENARIO, SCENARIO.source, random.Random(3)), set()
    for _ in range(300):
        example = corpus.example("explanation")
        kind = example.prompt.messages[1].text.removeprefix("explain ")
        assert DIALECT.read_explanation(example.text, concluded(kind, "acne"), SCENARIO) is not None
        taught.add(kind)
    assert taught == set(VIEWS) == set(bank("doctor")["explain"])


def test_in_an_emergency_nothing_is_worded_and_the_place_to_go_is_named() -> None:
    view = concluded("emergency", "hives")
    assert DIALECT.advice(view, SCENARIO) == ()
    now = "Call an ambulance now."
    for frame in frames("doctor", "explain", "emergency"):
        anywhere = DIALECT.read_explanation(frame, view, SCENARIO)
        assert anywhere is not None and "emergency department" in anywhere
        there = DIALECT.read_explanation(frame, replace(view, where=(now,)), SCENARIO)
        assert there is not None and now in there and "emergency department" not in there


def test_an_alarm_of_which_nobody_says_where_to_go_is_to_be_looked_at_today() -> None:
    view = replace(concluded("alarm", "acne"), where=(SEEN_TODAY,))
    for frame in frames("doctor", "explain", "alarm"):
        said = DIALECT.read_explanation(frame, view, SCENARIO)
        assert said is not None and SEEN_TODAY in said and f"{SEEN_TODAY}." not in said
        assert urgency_of(said) == "urgent" and '"my throat is tight"' in said
    plain = plain_explanation("acne", "soon", SCENARIO, where=(SEEN_TODAY,))
    assert f"{SEEN_TODAY} " in plain and urgency_of(plain) == "urgent"
    assert urgency_of(plain_explanation(None, None, SCENARIO, where=(SEEN_TODAY,))) == "urgent"
    for frame in frames("doctor", "explain", "alarm"):
        said = DIALECT.read_explanation(frame, replace(view, where=(AT_ONCE,)), SCENARIO)
        assert said is not None and AT_ONCE in said and urgency_of(said) == "emergency"
    assert urgency_of(plain_explanation("acne", "soon", SCENARIO, where=(AT_ONCE,))) == "emergency"
    # An emergency does not wait for a doctor who looks at it today.
    for said in (
        DIALECT.read_explanation(
            frames("doctor", "explain", "emergency")[0], replace(view, urgency="emergency"), SCENARIO
        ),
        plain_explanation("acne", "emergency", SCENARIO, where=(SEEN_TODAY,)),
    ):
        assert said is not None and SEEN_TODAY not in said and EMERGENCY_DEPARTMENT in said


@pytest.mark.parametrize("now", ["Call an ambulance now.", "Dial 112 at once.", "Go to A&E now."])
def test_any_words_that_send_an_emergency_on_will_do(now: str) -> None:
    view = replace(concluded("emergency", "hives"), where=(now,))
    for frame in frames("doctor", "explain", "emergency"):
        said = DIALECT.read_explanation(frame, view, SCENARIO)
        assert said is not None and is_sound_explanation(said, "hives", "emergency", SCENARIO), said
    assert not is_sound_explanation("I suspect hives. Come back in a week.", "hives", "emergency", SCENARIO)


@pytest.mark.parametrize("quoted", ["my grandchild had psoriasis last week", 'they told me "psoriasis" last week'])
def test_what_the_patient_is_quoted_with_is_no_other_diagnosis(quoted: str) -> None:
    view = replace(concluded("told", "chickenpox"), thought=f'I noted "{quoted}".')
    for frame in frames("doctor", "explain", "told"):
        said = DIALECT.read_explanation(frame, view, SCENARIO)
        assert said is not None and quoted in said and is_sound_explanation(said, "chickenpox", "soon", SCENARIO)
        assert strange(f"{said} It may be psoriasis.", "chickenpox", SCENARIO)


def test_where_to_go_is_said_also_with_an_alarm_that_cannot_be_quoted() -> None:
    view = replace(concluded("seen", "acne"), where=(THERE,))
    said = DIALECT.read_explanation(frames("doctor", "explain", "seen")[0], view, SCENARIO)
    assert said is not None and said.startswith(THERE)


def test_without_a_diagnosis_there_is_no_advice_to_word() -> None:
    assert DIALECT.advice(concluded("plain", None), SCENARIO) == ()
    assert DIALECT.advice(concluded("plain", "gout"), SCENARIO) == ()


def test_the_advice_to_word_depends_on_what_was_learned() -> None:
    view = concluded("plain", "ingrown nail")
    warned = replace(view, known={"conditions": frozenset({"diabetes"})})
    usual, more = (DIALECT.advice(one, SCENARIO) for one in (view, warned))
    assert any(sentence.startswith("Soak") for sentence in usual)
    assert any("your diabetes" in sentence for sentence in more) and not any(s.startswith("Soak") for s in more)


def test_the_frames_of_replies_hold_the_answer() -> None:
    assert isinstance(SCENARIO.source, Grammar)
    corpus, rng = Corpus(SCENARIO, SCENARIO.source, random.Random(3)), random.Random(4)
    for frame in (*frames("doctor", "reply"), *(corpus.example("reply").text for _ in range(30))):
        name = rng.choice(LABELS)
        kind = rng.choice(sorted(SCENARIO.labels[name].answers))
        view, question = DoctorView((), (), (), {}, {}, diagnosis=name), Line("patient", "ask", "And?", kind)
        said = DIALECT.read_reply(frame, view, question, SCENARIO)
        answer = SCENARIO.labels[name].answers[kind]
        assert said is not None and answer in said and is_sound_reply(said, name, kind, SCENARIO), said
        assert DIALECT.reply_sentence(view, question, SCENARIO) == answer
        own = rewordings()[answer][0]
        worded = DIALECT.read_reply(frame, replace(view, worded={answer: own}), question, SCENARIO)
        assert worded is not None and own in worded and answer not in worded
        assert is_sound_reply(worded, name, kind, SCENARIO), worded


PLAIN_FRAME = frames("doctor", "explain", "plain")[0]
REPLY_FRAME = frames("doctor", "reply")[0]


@pytest.mark.parametrize(
    "frame",
    [
        PLAIN_FRAME.replace("<net>", ""),
        PLAIN_FRAME.replace("<net>", "<plan>"),
        f"{PLAIN_FRAME} <fact>",
        f"{PLAIN_FRAME} {PLAIN_FRAME}",
        f"{PLAIN_FRAME} Dogs bark.",
        "<label> <what> <plan> <net>",
        "",
    ],
)
def test_a_frame_that_is_broken_or_has_a_slot_too_few_or_too_many_is_refused(frame: str) -> None:
    view = concluded("plain", "acne")
    assert DIALECT.read_explanation(frame, view, SCENARIO) is None
    whole = DIALECT.read_explanation(PLAIN_FRAME, view, SCENARIO)
    assert whole is not None and SCENARIO.labels["acne"].explanation in whole
    assert DIALECT.read_explanation(PLAIN_FRAME, concluded("plain", None), SCENARIO) is None


@pytest.mark.parametrize("frame", ["", f"{REPLY_FRAME} {REPLY_FRAME}", REPLY_FRAME.replace("<reply>", "")])
def test_a_reply_that_is_broken_or_has_nothing_to_say_is_refused(frame: str) -> None:
    view, question = DoctorView((), (), (), {}, {}, diagnosis="acne"), Line("patient", "ask", "And?", "outlook")
    assert DIALECT.read_reply(frame, view, question, SCENARIO) is None
    assert DIALECT.read_reply(REPLY_FRAME, view, question, SCENARIO) is not None
    unknown, undecided = Line("patient", "ask", "Is it?"), replace(view, diagnosis=None)
    for seen, asked in ((view, unknown), (undecided, question)):
        assert DIALECT.read_reply(REPLY_FRAME, seen, asked, SCENARIO) is None
        assert DIALECT.reply_sentence(seen, asked, SCENARIO) is None


def test_another_diagnosis_in_the_advice_is_strange() -> None:
    assert strange("I think this is shingles.", "abscess", SCENARIO)
    antiviral = SCENARIO.labels["shingles"].plan[0]
    assert strange(f"I think this is abscess. {antiviral}", "abscess", SCENARIO)
    assert not strange("I think this is abscess, of the skin.", "abscess", SCENARIO)


def test_stammer_is_not_said() -> None:
    assert not is_sound_explanation("I think that that hot and hot it is.", "acne", "routine", SCENARIO)
    assert not is_sound_reply("It is it is to the skin.", "acne", "outlook", SCENARIO)


def test_an_emergency_names_where_to_go() -> None:
    said = plain_explanation("hives", "emergency", SCENARIO)
    assert "emergency department" in said and is_sound_explanation(said, "hives", "emergency", SCENARIO)
    assert not is_sound_explanation(plain_explanation("hives", "soon", SCENARIO), "hives", "emergency", SCENARIO)


def test_without_a_diagnosis_nothing_is_made_up() -> None:
    assert "not sure" in plain_explanation(None, "soon", SCENARIO)
    assert plain_reply(None, "outlook", SCENARIO).startswith("I cannot")
    assert not is_sound_explanation("anything", None, None, SCENARIO)


def test_says_wants_most_of_the_words() -> None:
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
def test_who_says_four_words_twice_has_lost_the_way(speech: str, lost: bool) -> None:
    assert stammers(speech) is lost


def test_an_alarm_that_was_told_is_told_where_to_go() -> None:
    today, now = "Have an eye doctor look at it today.", "Go to the emergency department now."
    said = plain_explanation("shingles", "soon", SCENARIO, where=(today,))
    assert today in said and is_sound_explanation(said, "shingles", "soon", SCENARIO)
    assert (
        plain_explanation("shingles", "soon", SCENARIO, where=(now,))
        == f"I think this is shingles, and it cannot wait. {now}"
    )
    assert plain_explanation(None, None, SCENARIO, where=(today,)) == f"I am not sure yet what this is. {today}"


def test_advice_depends_on_what_was_learned() -> None:
    advised = plain_explanation("ingrown nail", "soon", SCENARIO)
    known = {"conditions": frozenset({"diabetes"})}
    warned = plain_explanation("ingrown nail", "soon", SCENARIO, known)
    soak, foot_team = "Soak the foot", "Because of your diabetes"
    assert soak in advised and foot_team not in advised
    assert foot_team in warned and soak not in warned
    assert is_sound_explanation(warned, "ingrown nail", "soon", SCENARIO, known)
