"""The starter's dialect: slots, tags, what is offered, and a fingerprint that notices every change of format."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consult.agents.acts import DoctorView, Line, Opinion, PatientTask, PatientView
from consult.agents.dialects import starter
from consult.agents.dialects.starter import TAGS, TOPIC_TAGS, StarterDialect, confidence_word, sentence_case
from consult.agents.temperament import temperaments
from consult.scenarios import Card, Fact, Photograph, Scenario

DIALECT = StarterDialect()
RASH = Fact("complaint", "complaint", "I have a rash")
SITE = Fact("site", "site", "it is on my hands")
AGE = Fact("age", "age", "I'm 40 years old")
LINES = (
    Line("patient", "open", "Oh dear, I have a rash!", "complaint", (("complaint", "I have a rash"),)),
    Line("attending", "ask", "Where is it?", "site"),
    Line("patient", "answer", "It is on my hands. I'm 40 years old.", "site", (("site", SITE.text), ("age", AGE.text))),
    Line("attending", "ask", "Is it warm?"),
    Line("patient", "answer", "Who knows."),
    Line("attending", "examine", "[palpation: rough]", "palpation", (("palpation", "it feels rough"),)),
)


@pytest.fixture(scope="module")
def view(derm34: Scenario) -> DoctorView:
    return DoctorView(
        lines=LINES,
        labels=tuple(derm34.labels),
        specialties=derm34.specialties,
        topics=derm34.topics,
        examinations=derm34.examinations,
        photograph=Photograph("p", lambda: None),  # type: ignore[arg-type, return-value]
        asked=("site", "palpation"),
        offers=("ask", "examine", "consult", "conclude"),
        turns_left=9,
    )


@pytest.fixture(scope="module")
def patient(derm34: Scenario) -> PatientView:
    return PatientView(Card(RASH, (SITE, AGE)), "choleric", LINES, derm34.topics)


# -- patient -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Well, <fact>. And <second>, too.", "Well, it is on my hands. And I'm 40 years old, too."),
        ("<fact>! <second>.", "It is on my hands! I'm 40 years old."),
        ("<second>. <fact>.", "I'm 40 years old. It is on my hands."),
        ("Yes... <fact>. hm, <second>?", "Yes... It is on my hands. Hm, I'm 40 years old?"),
        ("<fact>.", None),
        ("<fact>, <fact>, <second>.", None),
        ("<fact>, <second>, <third>.", None),
        ("<fact>, <second> <site>.", None),
        ("<fact>, <third>.", None),
        ("It is on my hands, I'm 40 years old.", None),
        ("", None),
    ],
)
def test_slots_are_filled_or_the_line_is_refused(text: str, line: str | None) -> None:
    assert DIALECT.read_patient_line(text, PatientTask("answer", (SITE, AGE))) == line


def test_a_line_without_facts_has_no_slots() -> None:
    assert DIALECT.read_patient_line("no idea.", PatientTask("unknown")) == "No idea."
    assert DIALECT.read_patient_line("no idea, <fact>.", PatientTask("unknown")) is None
    assert DIALECT.read_patient_line("<|im_end|>", PatientTask("unknown")) is None


@pytest.mark.parametrize(
    ("text", "cased"),
    [
        ("it itches. it burns! does it? yes… no", "It itches. It burns! Does it? Yes… No"),
        ("it is 3.5 cm, e.g.this", "It is 3.5 cm, e.g.this"),
        ("", ""),
    ],
)
def test_sentence_case(text: str, cased: str) -> None:
    assert sentence_case(text) == cased


def test_the_patient_is_given_slots_and_never_the_facts(patient: PatientView) -> None:
    prompt = DIALECT.patient_line(patient, PatientTask("answer", (SITE, AGE)), temperaments()["choleric"])
    assert [message.text for message in prompt.messages] == ["patient choleric", "answer <fact> <second>"]


def test_topics_are_a_choice_of_tags_and_are_read_back(patient: PatientView) -> None:
    prompt = DIALECT.topic("Where is it?<|im_end|>", patient)
    assert prompt.choice is not None and prompt.temperature == 0
    assert prompt.choice.options == (*(f"<{topic}>" for topic in patient.topics), "<unsure>")
    assert prompt.messages[-1].text == "Where is it?"
    read = {option: DIALECT.read_topic(option, patient) for option in prompt.choice.options}
    assert read == {**{f"<{topic}>": topic for topic in patient.topics}, "<unsure>": None}
    foreign = DIALECT.topic("Where?", replace(patient, topics={"site": "where", "hobbies": "which"}))
    assert foreign.choice is not None and foreign.choice.options == ("<site>", "<unsure>")


# -- doctors -----------------------------------------------------------------------------------------------------------


def offered(view: DoctorView) -> tuple[str, ...]:
    choice = DIALECT.action(view).choice
    assert choice is not None
    return choice.options


def test_what_was_asked_is_not_offered_again(view: DoctorView) -> None:
    options = offered(view)
    assert "<ask><duration>" in options and "<examine><temperature>" in options
    assert "<ask><site>" not in options and "<examine><palpation>" not in options
    assert "<ask><site>" in offered(replace(view, asked=()))
    everything = (*view.topics, *view.examinations)
    assert offered(replace(view, asked=everything)) == ("<consult>", "<conclude>")


def test_only_what_is_on_offer_can_be_chosen(view: DoctorView) -> None:
    assert offered(replace(view, offers=("conclude",))) == ("<conclude>",)
    assert offered(replace(view, offers=("consult", "conclude"))) == ("<consult>", "<conclude>")
    asks = offered(replace(view, offers=("ask", "conclude")))
    assert "<conclude>" in asks and not any(option.startswith(("<examine>", "<consult>")) for option in asks)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<ask><duration> how long have you had it?", ("ask", "duration", "how long have you had it?")),
        ("<ask><duration> I see <said>. When did it start?", ("ask", "duration", "I see . When did it start?")),
        (
            " <examine><temperature> Let me take your temperature.",
            ("examine", "temperature", "Let me take your temperature."),
        ),
        ("<consult> I ask my colleagues.", ("consult", None, "I ask my colleagues.")),
        ("<conclude>", ("conclude", None, "")),
        ("<ask> How long?", None),
        ("<examine> Let me see.", None),
        ("How long have you had it?", None),
        ("", None),
    ],
)
def test_actions_are_read_back(view: DoctorView, text: str, expected: tuple[str, str | None, str] | None) -> None:
    word = DIALECT.read_action(text, view)
    assert (word and (word.action, word.topic, word.text)) == expected
    last = replace(view, offers=("conclude",))
    assert (DIALECT.read_action(text, last) is not None) == (text == "<conclude>")


def test_every_choice_of_triage_is_read_back(view: DoctorView) -> None:
    prompt = DIALECT.triage(view)
    assert prompt.choice is not None and len(set(prompt.choice.options)) == 4 * len(view.specialties)
    for option in prompt.choice.options:
        word = DIALECT.read_triage(f"{option} It needs a look.", view)
        assert word is not None and word.why == "It needs a look."
        assert option == f"{word.specialty}, {word.urgency}."
    assert DIALECT.read_triage("cardiology, soon. The heart.", view) is None


def test_every_choice_of_a_specialist_is_read_back(view: DoctorView, derm34: Scenario) -> None:
    prompt = DIALECT.opinion(view, "dentistry")
    assert prompt.choice is not None
    read = [DIALECT.read_opinion(f"{option} I see it.", view, derm34) for option in prompt.choice.options]
    assert [word.diagnosis for word in read if word] == [*view.labels, None]
    assert all(word.reason == "I see it." for word in read if word)
    assert DIALECT.read_opinion("melanoma. I see it.", view, derm34) is None
    assert DIALECT.read_opinion("", view, derm34) is None


def test_a_quotation_is_what_was_said_and_nothing_else(view: DoctorView, derm34: Scenario) -> None:
    text = "eczema. I see a patch, and you said: <site>. also <duration>, <palpation>."
    word = DIALECT.read_opinion(text, view, derm34)
    assert word is not None
    assert word.reason == "I see a patch, and you said: it is on my hands. Also it feels rough, it feels rough."
    unheard = DIALECT.read_opinion(text, replace(view, lines=LINES[:2]), derm34)
    assert unheard is not None and "hands" not in unheard.reason and "rough" not in unheard.reason
    assert "<" not in unheard.reason


def test_decisions_are_read_back(view: DoctorView, derm34: Scenario) -> None:
    prompt = DIALECT.decision(view)
    assert prompt.choice is not None and prompt.choice.after == "<answer>"
    for option in prompt.choice.options:
        word = DIALECT.read_decision(f"<think>I see it. <site></think><answer>{option} acne, hives.", view, derm34)
        assert word is not None and word.thought == "I see it."
        assert f"{word.diagnosis}</answer>" == option
        assert word.differential == tuple(dict.fromkeys((word.diagnosis, "acne", "hives")))
    for unusable in ("<answer>acne</answer>", "<think>a</think><answer>gout</answer>", "<think>a</think><answer>acne"):
        assert DIALECT.read_decision(unusable, view, derm34) is None


def test_speech_loses_its_tags(view: DoctorView) -> None:
    assert DIALECT.read_speech("<think> it is <site> eczema. keep it dry.", view) == "It is eczema. Keep it dry."
    assert DIALECT.read_speech(" <think></think> ", view) is None


def test_doctors_read_clauses_by_topic_and_other_lines_as_they_are(view: DoctorView) -> None:
    heard = DIALECT.triage(view).messages[-1].text
    assert heard.split("\n") == [
        "<complaint> I have a rash",
        "<site> it is on my hands",
        "<age> I'm 40 years old",
        "<said> Who knows.",
        "<palpation> it feels rough",
    ]
    answered = replace(view, lines=LINES[:3])
    assert DIALECT.action(answered).messages[-1].text.endswith("\n<said> It is on my hands. I'm 40 years old.")


def test_the_decision_lists_opinions_with_their_confidence(view: DoctorView) -> None:
    opinions = (
        Opinion("dentistry", "caries", 0.9, "I see a hole."),
        Opinion("dentistry", "gingivitis", 0.3, ""),
        Opinion("dentistry", None, None, ""),
    )
    text = DIALECT.decision(replace(view, opinions=opinions)).messages[-1].text
    assert "\n<opinion> dentistry: surely caries. I see a hole.\n<opinion> dentistry: perhaps gingivitis." in text
    assert "<opinion> dentistry: probably not my field." in text
    words = [confidence_word(c) for c in (None, 0.75, 0.74, 0.45, 0.44, 0)]
    assert words == ["probably", "surely", "probably", "probably", "perhaps", "perhaps"]


def test_who_sees_the_photograph(view: DoctorView) -> None:
    for prompt in (DIALECT.triage(view), DIALECT.opinion(view, "dentistry"), DIALECT.decision(view)):
        assert prompt.messages[-1].photographs == (view.photograph,)
    assert not DIALECT.decision(replace(view, photograph=None)).messages[-1].photographs


# -- fingerprint -------------------------------------------------------------------------------------------------------


def test_every_topic_of_derm34_has_a_tag(derm34: Scenario) -> None:
    assert {*derm34.topics, *derm34.examinations, "complaint"} == set(TOPIC_TAGS)
    assert len(set(TAGS)) == len(TAGS)


def test_the_fingerprint_is_stable() -> None:
    assert StarterDialect().fingerprint() == StarterDialect().fingerprint()
    assert len(StarterDialect().fingerprint()) == 16


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VERSION", 2),
        ("TAGS", (*TAGS, "<new>")),
        ("SLOTS", ("<one>", "<two>", "<three>")),
        ("SAID", "<heard>"),
        ("NOT_MY_FIELD", "not mine"),
        ("_SAYS", ("certainly", "probably", "perhaps")),
        ("TOPIC_TAGS", TOPIC_TAGS[2:]),
    ],
)
def test_a_changed_format_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    before = DIALECT.fingerprint()
    monkeypatch.setattr(starter, name, value)
    assert DIALECT.fingerprint() != before


@pytest.mark.parametrize(
    "method",
    ["patient_line", "topic", "triage", "action", "opinion", "decision", "explanation", "reply"],
)
def test_every_prompt_is_part_of_the_fingerprint(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    before, ask = DIALECT.fingerprint(), getattr(StarterDialect, method)

    def reworded(*args: object) -> object:
        prompt = ask(*args)
        return replace(prompt, messages=(replace(prompt.messages[0], text="new"), *prompt.messages[1:]))

    monkeypatch.setattr(StarterDialect, method, reworded)
    assert DIALECT.fingerprint() != before
