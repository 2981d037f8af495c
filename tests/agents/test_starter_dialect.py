"""The starter's dialect: slots, tags, what is offered, and a fingerprint that notices every change of format."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consult.agents.acts import Action, DoctorView, Line, Opinion, PatientTask, PatientView
from consult.agents.dialects import starter
from consult.agents.dialects.dialect import ActionWord, FreeWord
from consult.agents.dialects.questions import said_about
from consult.agents.dialects.starter import (
    HABITS,
    TAGS,
    TOPIC_TAGS,
    StarterDialect,
    confidence_word,
    sentence_case,
)
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
    asked = [topic for topic in patient.topics if topic in TOPIC_TAGS]
    assert prompt.choice.options == (*(f"<{topic}>" for topic in asked), "<unsure>")
    assert prompt.messages[-1].text == "Where is it?"
    read = {option: DIALECT.read_topic(option, patient) for option in prompt.choice.options}
    assert read == {**{f"<{topic}>": topic for topic in asked}, "<unsure>": None}
    foreign = DIALECT.topic("Where?", replace(patient, topics={"site": "where", "hobbies": "which"}))
    assert foreign.choice is not None and foreign.choice.options == ("<site>", "<unsure>")


FIRST, ANSWER = (), LINES[:2]
ASKED = (*LINES, Line("patient", "ask", "Is it bad?", "serious"), Line("attending", "answer", "No."))


@pytest.mark.parametrize(
    ("lines", "offers", "user", "choice"),
    [
        (FIRST, ("open",), "open <fact>", None),
        (ANSWER, ("answer",), "free Where is it?", None),
        (LINES, ("ask", "satisfied"), "react", ("<ask>", "<satisfied>", "<reluctant>")),
        (LINES, ("satisfied",), "react", ("<satisfied>", "<reluctant>")),
        (ASKED, ("ask", "satisfied"), "react again", ("<ask>", "<satisfied>", "<reluctant>")),
    ],
)
def test_a_free_patient_is_asked_by_what_is_due(
    patient: PatientView,
    lines: tuple[Line, ...],
    offers: tuple[Action, ...],
    user: str,
    choice: tuple[str, ...] | None,
) -> None:
    prompt = DIALECT.free_line(replace(patient, lines=lines, offers=offers), temperaments()["choleric"])
    assert [message.text for message in prompt.messages] == ["patient choleric", user]
    assert (prompt.choice and prompt.choice.options) == choice


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<site>well, <fact>.", FreeWord("answer", "Well, it is on my hands.", ("site",))),
        (
            "<age><site><fact>. <second>.",
            FreeWord("answer", "I'm 40 years old. It is on my hands.", ("age", "site")),
        ),
        ("<site><site><fact>.", FreeWord("answer", "It is on my hands.", ("site",))),
        ("<complaint><fact>.", FreeWord("answer", "I have a rash.", ("complaint",))),
        ("<unsure>no idea.", FreeWord("answer", "No idea.", ())),
        ("<family>no idea.", FreeWord("answer", "No idea.", ())),
        ("<family><site><fact>.", FreeWord("answer", "It is on my hands.", ("site",))),
        ("<family>they had <fact>.", None),
        ("<site>no slot.", None),
        ("<site><fact>, <second>.", None),
        ("<site><age><fact>.", None),
        ("<site>", None),
        ("no topic.", None),
        ("", None),
    ],
)
def test_free_answers_are_read_back(patient: PatientView, text: str, word: FreeWord | None) -> None:
    assert DIALECT.read_free_line(text, replace(patient, lines=ANSWER, offers=("answer",))) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<ask>serious: is it bad?", FreeWord("ask", "Is it bad?", topic="serious")),
        ("<ask> is it bad?", FreeWord("ask", "Is it bad?")),
        ("<satisfied>thanks.", FreeWord("satisfied", "Thanks.", accepts=True)),
        ("<reluctant>we'll see.", FreeWord("satisfied", "We'll see.", accepts=False)),
        ("<satisfied>", None),
        ("<satisfied>thanks, <fact>.", None),
        ("thanks.", None),
    ],
)
def test_free_reactions_are_read_back(patient: PatientView, text: str, word: FreeWord | None) -> None:
    assert DIALECT.read_free_line(text, replace(patient, offers=("ask", "satisfied"))) == word


def test_a_free_patient_opens_with_its_complaint_in_the_slot(patient: PatientView) -> None:
    first = replace(patient, lines=(), offers=("open",))
    assert DIALECT.read_free_line("hello, <fact>.", first) == FreeWord("open", "Hello, I have a rash.", ("complaint",))
    assert DIALECT.read_free_line("hello.", first) is None


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
        ("<ask><duration>", ("ask", "duration", "")),
        (" <examine><temperature>", ("examine", "temperature", "")),
        ("<ask><duration> how long have you had it?", ("ask", "duration", "")),
        ("<think>is it old? </think> <ask><duration>", ("ask", "duration", "is it old?")),
        ("<think>done.</think><consult>", ("consult", None, "done.")),
        ("<consult>", ("consult", None, "")),
        ("<conclude>", ("conclude", None, "")),
        ("<ask>", None),
        ("<examine> Let me see.", None),
        ("<think>is it old? <ask><duration>", None),
        ("<think>is it old?</think>", None),
        ("How long have you had it?", None),
        ("", None),
    ],
)
def test_actions_are_read_back(view: DoctorView, text: str, expected: tuple[str, str | None, str] | None) -> None:
    word = DIALECT.read_action(text, view)
    assert (word and (word.action, word.topic, word.thought)) == expected
    assert word is None or word.text == ""  # its words are asked for apart
    last = replace(view, offers=("conclude",))
    assert (DIALECT.read_action(text, last) is not None) == (text == "<conclude>")


# -- words of an act ---------------------------------------------------------------------------------------------------

ASK = ActionWord("ask", "duration", "")
CONSULT = ActionWord("consult", None, "")
HOW_LONG = said_about("questions")["duration"][0]


@pytest.mark.parametrize(
    ("lines", "word", "user"),
    [
        (LINES[:1], ASK, "first ask duration\n<said> Oh dear, I have a rash!"),
        (LINES[:3], ASK, "ask duration\n<said> It is on my hands. I'm 40 years old."),
        (LINES, ActionWord("examine", "temperature", ""), "examine temperature"),
        (LINES[:3], CONSULT, "consult\n<said> It is on my hands. I'm 40 years old."),
        ((), ASK, "first ask duration"),
    ],
)
def test_words_are_asked_for_by_the_act_and_the_last_line(
    view: DoctorView, lines: tuple[Line, ...], word: ActionWord, user: str
) -> None:
    prompt = DIALECT.wording(replace(view, lines=lines), word)
    assert prompt is not None and prompt.choice is None
    assert [message.text for message in prompt.messages] == ["attending", user]
    assert not prompt.messages[-1].photographs


def test_concluding_has_no_words_of_its_own(view: DoctorView) -> None:
    assert DIALECT.wording(view, ActionWord("conclude", None, "")) is None


def test_a_long_last_line_is_cut(view: DoctorView) -> None:
    talkative = replace(view, lines=(*LINES[:2], Line("patient", "answer", "so " * 200)))
    prompt = DIALECT.wording(talkative, ASK)
    assert prompt is not None and len(prompt.messages[-1].text) < 250


@pytest.mark.parametrize(
    ("text", "word", "said"),
    [
        (HOW_LONG, ASK, HOW_LONG),
        (f"thank you. {HOW_LONG}", ASK, f"Thank you. {HOW_LONG}"),
        (f"<fact>, you say. {HOW_LONG}", ASK, f"I'm 40 years old, you say. {HOW_LONG}"),
        (f"<fact>, you say, <fact>. {HOW_LONG}", ASK, None),
        (f"<site>. {HOW_LONG}", ASK, None),
        (f"<second>. {HOW_LONG}", ASK, None),
        ("<fact>, you say.", ASK, None),
        (said_about("questions")["site"][0], ASK, None),
        (said_about("examinations")["temperature"][0], ASK, None),
        ("", ASK, None),
        ("one moment.", CONSULT, "One moment."),
        ("", CONSULT, None),
        ("<think>", CONSULT, None),
    ],
)
def test_words_fit_the_act_or_are_refused(view: DoctorView, text: str, word: ActionWord, said: str | None) -> None:
    assert DIALECT.read_wording(text, replace(view, lines=LINES[:3]), word) == said


def test_what_is_picked_up_of_the_patients_words_says_nothing_about_the_question(view: DoctorView) -> None:
    """A quotation that is itself like a question on the topic does not make one of the words around it."""
    clause = HOW_LONG.rstrip("?").lower()
    echoing = replace(view, lines=(Line("patient", "answer", f"{clause}.", "duration", (("duration", clause),)),))
    assert DIALECT.read_wording("<fact>?", echoing, ASK) is None
    assert DIALECT.read_wording(f"<fact>? {HOW_LONG}", echoing, ASK) is not None


def test_nothing_is_picked_up_where_nothing_was_quoted(view: DoctorView) -> None:
    unquoted = replace(view, lines=LINES[:5])
    assert DIALECT.read_wording(f"<fact>. {HOW_LONG}", unquoted, ASK) is None
    assert DIALECT.read_wording(HOW_LONG, replace(view, lines=()), ASK) == HOW_LONG


# -- thinking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["triage", "action"])
def test_who_thinks_chooses_after_the_thought(view: DoctorView, task: str) -> None:
    usual, thinking = (getattr(DIALECT, task)(v) for v in (view, replace(view, thinks=True)))
    assert usual.choice is not None and thinking.choice is not None
    assert (usual.choice.after, thinking.choice.after) == ("", "</think>")
    assert thinking.choice.options == usual.choice.options
    assert thinking.messages[0].text == f"{usual.messages[0].text} thinking"
    assert thinking.messages[1].text == usual.messages[1].text
    assert thinking.max_new_tokens > usual.max_new_tokens
    for option in thinking.choice.options:
        read = getattr(DIALECT, f"read_{task}")
        thought, plain = read(f"<think>Acne.</think>{option}", view), read(option, view)
        assert thought is not None and thought == replace(plain, thought="Acne.")


def test_only_who_thinks_looks_at_the_photograph_before_asking(view: DoctorView) -> None:
    assert not DIALECT.action(view).messages[-1].photographs
    assert DIALECT.action(replace(view, thinks=True)).messages[-1].photographs == (view.photograph,)


def test_who_is_alone_is_told_so(view: DoctorView) -> None:
    solo = replace(view, offers=("ask", "conclude"))
    consulted = replace(solo, opinions=(Opinion("dentistry", "caries", 0.9, ""),))
    said = [DIALECT.action(v).messages for v in (view, solo, consulted)]
    assert [messages[0].text for messages in said] == ["lead", "alone", "lead"]
    assert [messages[1].text.endswith("\n<opinion>") for messages in said] == [False, False, True]


def test_what_a_classifier_sees_is_one_line_more(view: DoctorView) -> None:
    told = replace(view, expert=("hives", "eczema"))
    for ask in (DIALECT.triage, DIALECT.action, DIALECT.decision, lambda v: DIALECT.opinion(v, "dentistry", 0)):
        usual, more = ask(view).messages[-1].text, ask(told).messages[-1].text
        assert more == f"{usual}\n<expert> hives, eczema" and "<expert>" not in usual


def test_every_choice_of_triage_is_read_back(view: DoctorView) -> None:
    prompt = DIALECT.triage(view)
    assert prompt.choice is not None and len(set(prompt.choice.options)) == 4 * len(view.specialties)
    for option in prompt.choice.options:
        word = DIALECT.read_triage(f"{option} It needs a look.", view)
        assert word is not None and word.why == "It needs a look."
        assert option == f"{word.specialty}, {word.urgency}."
    assert DIALECT.read_triage("cardiology, soon. The heart.", view) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dentistry, soon. Off to <clinic>, please.", "Off to dentistry, please."),
        ("nail clinic, soon. Off to <clinic>, please.", "Off to the nail clinic, please."),
        ("nail clinic, soon.", ""),
    ],
)
def test_the_reason_for_a_clinic_names_the_chosen_one(view: DoctorView, text: str, why: str) -> None:
    word = DIALECT.read_triage(text, view)
    assert word is not None and word.why == why


def test_every_choice_of_a_specialist_is_read_back(view: DoctorView, derm34: Scenario) -> None:
    prompt = DIALECT.opinion(view, "dentistry", 0)
    assert prompt.choice is not None
    read = [DIALECT.read_opinion(f"{option} I see it.", view, derm34) for option in prompt.choice.options]
    assert [word.diagnosis for word in read if word] == [*view.labels, None]
    assert all(word.reason == "I see it." for word in read if word)
    assert DIALECT.read_opinion("melanoma. I see it.", view, derm34) is None
    assert DIALECT.read_opinion("", view, derm34) is None


def test_members_of_a_panel_have_their_habits(view: DoctorView) -> None:
    asked = [DIALECT.opinion(view, "dentistry", member).messages[0].text for member in range(HABITS + 1)]
    assert asked == [*(f"specialist dentistry {n}" for n in range(1, HABITS + 1)), asked[0]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("eczema.<site> You said: <fact>, I hear.", "You said: it is on my hands, I hear."),
        ("eczema. <palpation> <fact>. so it feels.", "It feels rough. So it feels."),
        ("eczema.<site> <site>, you say.", "It is on my hands, you say."),
        ("eczema.<duration> You said: <fact>.", ""),
        ("eczema. I see a patch.", "I see a patch."),
        ("eczema. I see <fact>.", ""),
        ("eczema.<site> This is acne, and not eczema.", '[goes by what was said: "it is on my hands"]'),
        ("eczema.<site> It is eczema.", "It is eczema."),
        ("eczema. One red patch here and one red patch here again.", ""),
        ("eczema.", ""),
        ("not my field.", ""),
        ("not my field.<site> An eye.", "An eye."),
        ('not my field.<site> You say "<fact>".', ""),
    ],
)
def test_a_reason_quotes_what_was_said_on_the_topic_before_it(
    view: DoctorView, derm34: Scenario, text: str, reason: str
) -> None:
    word = DIALECT.read_opinion(text, view, derm34)
    assert word is not None and word.reason == reason
    unheard = DIALECT.read_opinion(text, replace(view, lines=LINES[:2]), derm34)
    assert unheard is not None and "hands" not in unheard.reason and "rough" not in unheard.reason


def test_decisions_are_read_back(view: DoctorView, derm34: Scenario) -> None:
    prompt = DIALECT.decision(view)
    assert prompt.choice is not None and prompt.choice.after == "<answer>"
    for option in prompt.choice.options:
        word = DIALECT.read_decision(f"<think>I see it.</think><answer>{option} acne, hives.", view, derm34)
        assert word is not None and word.thought == "I see it."
        assert f"{word.diagnosis}</answer>" == option
        assert word.differential == tuple(dict.fromkeys((word.diagnosis, "acne", "hives")))
    for unusable in ("<answer>acne</answer>", "<think>a</think><answer>gout</answer>", "<think>a</think><answer>acne"):
        assert DIALECT.read_decision(unusable, view, derm34) is None


@pytest.mark.parametrize(
    ("thought", "read"),
    [
        ("I see it. I noted <site> and <age>.", 'I see it. I noted "it is on my hands" and "I\'m 40 years old".'),
        ("I see it. I noted <site> and <duration>. They agree.", "I see it. They agree."),
        ("I noted <fact>. I see it.", "I see it."),
        ("I noted <duration>.", ""),
        ("I noted <site> and <site>.", 'I noted "it is on my hands".'),
    ],
)
def test_a_thought_quotes_what_was_said_and_nothing_else(
    view: DoctorView, derm34: Scenario, thought: str, read: str
) -> None:
    word = DIALECT.read_decision(f"<think>{thought}</think><answer>acne</answer>", view, derm34)
    assert word is not None and word.thought == read


@pytest.mark.parametrize(
    ("thought", "read"),
    [
        ("I see it. Colleagues: caries, not my field, caries.", "I see it. Colleagues: caries, not my field, caries."),
        ("I see it. Colleagues: caries, caries.", "I see it. [colleagues: caries 2 of 3, not my field 1 of 3]"),
        ("I see it.", "I see it. [colleagues: caries 2 of 3, not my field 1 of 3]"),
        ("Colleagues: caries", "[colleagues: caries 2 of 3, not my field 1 of 3]"),
    ],
)
def test_a_program_counts_the_colleagues_where_the_thought_has_them_wrong(
    view: DoctorView, derm34: Scenario, thought: str, read: str
) -> None:
    caries, none = Opinion("dentistry", "caries", 0.5, ""), Opinion("dentistry", None, None, "")
    heard = replace(view, opinions=(caries, none, caries))
    word = DIALECT.read_decision(f"<think>{thought}</think><answer>acne</answer>", heard, derm34)
    assert word is not None and word.thought == read


def test_a_reason_of_triage_that_stammers_is_left_out(view: DoctorView) -> None:
    word = DIALECT.read_triage("dentistry, soon. I see one tooth and then I see one tooth and then.", view)
    assert word is not None and (word.specialty, word.why) == ("dentistry", "")


def test_doctors_read_clauses_by_topic_and_other_lines_as_they_are(view: DoctorView) -> None:
    heard = DIALECT.triage(view).messages[-1].text
    assert heard.split("\n") == [
        "<complaint> I have a rash",
        "<site> it is on my hands",
        "<age> I'm 40 years old",
        "<said> Who knows.",
        "<palpation> it feels rough",
    ]
    # The attending reads the same, and no line of its own but what an examination showed.
    assert DIALECT.action(view).messages[-1].text == heard


def test_the_decision_lists_opinions_with_their_confidence(view: DoctorView) -> None:
    opinions = (
        Opinion("dentistry", "caries", 0.9, "I see a hole."),
        Opinion("dentistry", "gingivitis", 0.3, ""),
        Opinion("dentistry", None, None, ""),
    )
    text = DIALECT.decision(replace(view, opinions=opinions)).messages[-1].text
    assert text.split("\n")[-3:] == [
        "<opinion> dentistry: surely caries.",
        "<opinion> dentistry: perhaps gingivitis.",
        "<opinion> dentistry: probably not my field.",
    ]
    words = [confidence_word(c) for c in (None, 0.75, 0.74, 0.45, 0.44, 0)]
    assert words == ["probably", "surely", "probably", "probably", "perhaps", "perhaps"]


def test_who_sees_the_photograph(view: DoctorView) -> None:
    for prompt in (DIALECT.triage(view), DIALECT.opinion(view, "dentistry", 1), DIALECT.decision(view)):
        assert prompt.messages[-1].photographs == (view.photograph,)
    assert not DIALECT.decision(replace(view, photograph=None)).messages[-1].photographs


# -- fingerprint -------------------------------------------------------------------------------------------------------


def test_every_tag_is_a_topic_of_derm34(derm34: Scenario) -> None:
    """The starter was trained before there were topics of long-term illnesses, medicines, allergies and pregnancy."""
    untaught = {"conditions", "medicines", "allergies", "pregnancy"}
    assert {*derm34.topics, *derm34.examinations, "complaint"} - untaught == set(TOPIC_TAGS)
    assert len(set(TAGS)) == len(TAGS)


def test_the_fingerprint_is_stable() -> None:
    assert StarterDialect().fingerprint() == StarterDialect().fingerprint()
    assert len(StarterDialect().fingerprint()) == 16


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VERSION", starter.VERSION + 1),
        ("HABITS", HABITS + 1),
        ("_LAST", 10),
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
    [
        "patient_line",
        "free_line",
        "topic",
        "triage",
        "action",
        "wording",
        "opinion",
        "decision",
        "explanation",
        "reply",
    ],
)
def test_every_prompt_is_part_of_the_fingerprint(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    before, ask = DIALECT.fingerprint(), getattr(StarterDialect, method)

    def reworded(*args: object) -> object:
        prompt = ask(*args)
        return replace(prompt, messages=(replace(prompt.messages[0], text="new"), *prompt.messages[1:]))

    monkeypatch.setattr(StarterDialect, method, reworded)
    assert DIALECT.fingerprint() != before
