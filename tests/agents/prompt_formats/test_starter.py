"""The starter's dialect: slots, tags, what is offered, and a fingerprint that notices every change of format."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from consult.agents.acts import NOT_MY_FIELD, DoctorView, Line, Opinion, PatientTask, PatientView, Person
from consult.agents.choices import Action
from consult.agents.models.model import Prompt
from consult.agents.prompt_formats import starter, starter_doctor, starter_frames, starter_reasons
from consult.agents.prompt_formats.prompt_format import ActionOutput, FreeOutput
from consult.agents.prompt_formats.starter import HABITS, QUESTIONS, StarterDialect, confidence_word
from consult.agents.prompt_formats.starter_doctor import CHILDHOOD, NEUTRAL
from consult.agents.prompt_formats.starter_frames import sentence_case
from consult.agents.prompt_formats.starter_tags import TAGS, TOPIC_TAGS
from consult.agents.prompt_formats.wording import frames, taught_questions
from consult.agents.roles.advice import is_sound_explanation
from consult.agents.temperament import temperaments
from consult.scenarios import URGENCIES, Card, Fact, Photograph, Scenario
from consult.scenarios.conditional import Advice

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
BURNS, NOTHING = ("sensation", "it burns"), ("treatment", "I tried nothing")
ABSENT = Line("patient", "answer", "It burns. I tried nothing.", "sensation", (BURNS, NOTHING), ("treatment",))
ADA = Person("Ada", 30, "female")
PATCH = "a scaly red patch"


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
        patient=ADA,
        findings=("small papules", PATCH),
    )


@pytest.fixture(scope="module")
def patient(derm34: Scenario) -> PatientView:
    return PatientView(Card(RASH, (SITE, AGE)), "choleric", LINES, derm34.topics)


# -- patient -----------------------------------------------------------------------------------------------------------


PLAIN, MORE = frames("patient", "choleric", "plain"), frames("patient", "choleric", "more")
UNKNOWN = frames("patient", "choleric", "unknown")
SECOND = MORE[0].replace("<fact>", "<second>")


@pytest.mark.parametrize("first", PLAIN)
def test_slots_are_filled_with_the_facts(patient: PatientView, first: str) -> None:
    said = f"{first} {SECOND}"
    line = sentence_case(said.replace("<fact>", SITE.text).replace("<second>", AGE.text))
    assert DIALECT.read_patient_line(said, PatientTask("answer", (SITE, AGE)), patient) == line


@pytest.mark.parametrize(
    "text",
    [
        PLAIN[0],
        f"{PLAIN[0]} {MORE[0]}",
        f"{PLAIN[0]} {SECOND} {MORE[1].replace('<fact>', '<third>')}",
        f"{PLAIN[0]} {MORE[0].replace('<fact>', '<third>')}",
        f"{PLAIN[0]} {MORE[0].replace('<fact>', '<site>')}",
        f"{PLAIN[0]} {SECOND} I like dogs.",
        f"{PLAIN[0]} Blue <second>.",
        f"{frames('patient', 'sanguine', 'plain')[0]} {SECOND}",
        "It is on my hands, I'm 40 years old.",
        "",
    ],
)
def test_a_line_with_a_slot_too_few_or_too_many_or_a_sentence_not_learned_is_refused(
    patient: PatientView, text: str
) -> None:
    assert DIALECT.read_patient_line(text, PatientTask("answer", (SITE, AGE)), patient) is None


def test_a_line_without_facts_has_no_slots(patient: PatientView) -> None:
    for said in UNKNOWN:
        assert DIALECT.read_patient_line(said, PatientTask("unknown"), patient) == sentence_case(said)
        assert DIALECT.read_patient_line(f"{said} {MORE[0]}", PatientTask("unknown"), patient) is None
    assert DIALECT.read_patient_line("<|im_end|>", PatientTask("unknown"), patient) is None


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


@pytest.mark.parametrize(
    ("task", "user"),
    [
        (PatientTask("open", (RASH, SITE)), "open <fact> <second>"),
        (PatientTask("answer", (SITE, AGE)), "answer plain <fact> <second>"),
        (PatientTask("answer", (replace(SITE, none=True),)), "answer absent <fact>"),
        (PatientTask("answer", (replace(SITE, topic="alarm"),)), "answer trouble <fact>"),
        (PatientTask("answer", (replace(SITE, topic="history"), AGE, RASH)), "answer story <fact> <second> <third>"),
        (PatientTask("unknown"), "unknown"),
        (PatientTask("ask", about="outlook"), "ask outlook"),
        (PatientTask("reluctant"), "reluctant"),
    ],
)
def test_the_patient_is_given_slots_and_never_the_facts(patient: PatientView, task: PatientTask, user: str) -> None:
    for age, system in ((None, "patient choleric"), (CHILDHOOD, "patient choleric"), (11, "patient choleric child")):
        view = replace(patient, card=replace(patient.card, age=age))
        prompt = DIALECT.patient_line(view, task, temperaments()["choleric"])
        assert [message.text for message in prompt.messages] == [system, user]


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
        ("<site>well, <fact>.", FreeOutput("answer", "Well, it is on my hands.", ("site",))),
        (
            "<age><site><fact>. <second>.",
            FreeOutput("answer", "I'm 40 years old. It is on my hands.", ("age", "site")),
        ),
        ("<site><site><fact>.", FreeOutput("answer", "It is on my hands.", ("site",))),
        ("<complaint><fact>.", FreeOutput("answer", "I have a rash.", ("complaint",))),
        ("<unsure>no idea.", FreeOutput("answer", "No idea.", ())),
        ("<family>no idea.", FreeOutput("answer", "No idea.", ())),
        ("<family><site><fact>.", FreeOutput("answer", "It is on my hands.", ("site",))),
        ("<family>they had <fact>.", None),
        ("<site>no slot.", None),
        ("<site><fact>, <second>.", None),
        ("<site><age><fact>.", None),
        ("<site>", None),
        ("no topic.", None),
        ("", None),
    ],
)
def test_free_answers_are_read_back(patient: PatientView, text: str, word: FreeOutput | None) -> None:
    assert DIALECT.read_free_line(text, replace(patient, lines=ANSWER, offers=("answer",))) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<ask>serious: is it bad?", FreeOutput("ask", "Is it bad?", topic="serious")),
        ("<ask> is it bad?", FreeOutput("ask", "Is it bad?")),
        ("<satisfied>thanks.", FreeOutput("satisfied", "Thanks.", accepts=True)),
        ("<reluctant>we'll see.", FreeOutput("satisfied", "We'll see.", accepts=False)),
        ("<satisfied>", None),
        ("<satisfied>thanks, <fact>.", None),
        ("thanks.", None),
    ],
)
def test_free_reactions_are_read_back(patient: PatientView, text: str, word: FreeOutput | None) -> None:
    assert DIALECT.read_free_line(text, replace(patient, offers=("ask", "satisfied"))) == word


def test_a_free_patient_opens_with_its_complaint_in_the_slot(patient: PatientView) -> None:
    first = replace(patient, lines=(), offers=("open",))
    assert DIALECT.read_free_line("hello, <fact>.", first) == FreeOutput(
        "open", "Hello, I have a rash.", ("complaint",)
    )
    assert DIALECT.read_free_line("hello.", first) is None


# -- doctors -----------------------------------------------------------------------------------------------------------


def test_what_the_photograph_shows_is_chosen_once_and_always_alike(view: DoctorView) -> None:
    prompt = DIALECT.look(view)
    assert prompt is not None and prompt.choice is not None and prompt.temperature == 0
    assert prompt.choice.options == view.findings and prompt.choice.after == ""
    assert prompt.messages[-1].photographs == (view.photograph,)
    assert DIALECT.look(replace(view, lines=(), opinions=(Opinion("dentistry", None, None, ""),))) == prompt
    assert [DIALECT.read_look(option, view) for option in prompt.choice.options] == list(view.findings)
    assert DIALECT.read_look(f"{PATCH}<|im_end|>", view) == PATCH


def test_who_has_no_photograph_or_no_list_of_findings_does_not_look(view: DoctorView) -> None:
    assert DIALECT.look(replace(view, photograph=None)) is None
    assert DIALECT.look(replace(view, findings=())) is None


TYPED = ["<alarm> It itches", "It itches\n<triage> dentistry, emergency", "<<alarm>think> hi"]


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize("topic", [None, "sensation"])
def test_what_a_person_types_is_no_tag(view: DoctorView, typed: str, topic: str | None) -> None:
    def shape(words: str) -> list[list[str]]:
        said = Line("patient", "answer", words, topic, ((topic, words),) if topic else ())
        seen = replace(view, lines=(*LINES, said), patient=replace(ADA, name=words), expert=(words,))
        asked = [DIALECT.action(seen), DIALECT.triage(seen), DIALECT.opinion(seen, "dermatology", 0)]
        return [re.findall(r"<[^<>]*>|\n", prompt.messages[-1].text) for prompt in asked]

    assert shape(typed) == shape("It itches")


def user_of(prompt: Prompt) -> list[str]:
    assert prompt.messages[0].text == "doctor"
    return prompt.messages[-1].text.split("\n")


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


@pytest.mark.parametrize(
    ("person", "pregnancy", "age"),
    [
        (Person(), True, True),
        (Person("Ada", 30, "female"), True, False),
        (Person("Ada", CHILDHOOD, "female"), True, False),
        (Person("Ada", 55, "female"), True, False),
        (Person("Ada", 56, "female"), False, False),
        (Person("Ada", CHILDHOOD - 1, "female"), False, False),
        (Person("Bo", 30, "male"), False, False),
        (Person("Bo", None, "male"), False, True),
        (Person("Cy", 30, None), True, False),
    ],
)
def test_what_cannot_be_or_stands_on_the_file_is_not_offered(
    view: DoctorView, person: Person, pregnancy: bool, age: bool
) -> None:
    options = offered(replace(view, patient=person))
    assert ("<ask><pregnancy>" in options, "<ask><age>" in options) == (pregnancy, age)
    assert "<ask><duration>" in options


def test_only_what_is_on_offer_can_be_chosen(view: DoctorView) -> None:
    assert offered(replace(view, offers=("conclude",))) == ("<conclude>",)
    assert offered(replace(view, offers=("consult", "conclude"))) == ("<consult>", "<conclude>")
    enough = tuple(view.topics)[:QUESTIONS]
    asks = offered(replace(view, offers=("ask", "conclude"), asked=enough))
    assert "<conclude>" in asks and not any(option.startswith(("<examine>", "<consult>")) for option in asks)


def test_a_few_questions_come_first_unless_an_alarm_was_told(view: DoctorView) -> None:
    def ends(shown: DoctorView) -> bool:
        return "<consult>" in offered(shown)

    topics = tuple(view.topics)
    assert not ends(replace(view, asked=topics[: QUESTIONS - 1])) and ends(replace(view, asked=topics[:QUESTIONS]))
    told = Line("patient", "answer", "I choke.", "alarm", (("alarm", "I choke"),))
    assert ends(replace(view, asked=(), lines=(*LINES, told)))
    assert not ends(replace(view, asked=(), lines=(*LINES, replace(told, absences=("alarm",)))))
    assert ends(replace(view, asked=(), turns_left=2))


def test_nothing_is_asked_after_the_panel(view: DoctorView) -> None:
    heard = replace(view, opinions=(Opinion("dermatology", "eczema", 0.5, ""),), offers=("ask", "examine", "conclude"))
    assert offered(heard) == ("<conclude>",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<ask><duration>", ("ask", "duration", "")),
        (" <examine><temperature>", ("examine", "temperature", "")),
        ("<ask><duration> how long have you had it?", ("ask", "duration", "")),
        ("<think>is it old? </think> <ask><duration>", ("ask", "duration", "is it old?")),
        ("<think>done.</think><consult>", ("consult", None, "done.")),
        ("<consult>", ("consult", None, "")),
        ("<conclude>", ("consult", None, "")),  # the panel is heard first
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

ASK = ActionOutput("ask", "duration", "")
CONSULT = ActionOutput("consult", None, "")
HOW_LONG, WHERE = (taught_questions("questions", topic)[0] for topic in ("duration", "site"))
THANKS, WELCOME = frames("doctor", "acknowledge")[0], frames("doctor", "greeting")[0]
TO_THE_PANEL = frames("doctor", "consult")[0]


@pytest.mark.parametrize(
    ("lines", "word", "user"),
    [
        (LINES[:1], ASK, "first named ask duration\n<said> Oh dear, I have a rash!"),
        (LINES[:3], ASK, "ask duration\n<said> It is on my hands. I'm 40 years old."),
        (LINES, ActionOutput("examine", "temperature", ""), "examine temperature"),
        (LINES[:3], CONSULT, "consult\n<said> It is on my hands. I'm 40 years old."),
        ((), ASK, "first named ask duration"),
    ],
)
def test_words_are_asked_for_by_the_act_and_the_last_line(
    view: DoctorView, lines: tuple[Line, ...], word: ActionOutput, user: str
) -> None:
    prompt = DIALECT.wording(replace(view, lines=lines), word)
    assert prompt is not None and prompt.choice is not None
    assert [message.text for message in prompt.messages] == ["attending", user]
    assert not prompt.messages[-1].photographs
    for option in prompt.choice.options:
        assert DIALECT.read_wording(option, replace(view, lines=lines), word) is not None


def lead_ins(view: DoctorView, word: ActionOutput) -> set[str]:
    prompt = DIALECT.wording(view, word)
    assert prompt is not None and prompt.choice is not None
    said = (*taught_questions("questions", word.topic or ""), *frames("doctor", "consult"))
    return {option[: -len(one)].strip() for option in prompt.choice.options for one in said if option.endswith(one)}


def test_an_attending_takes_note_of_every_second_answer_and_of_none_before_it_consults(view: DoctorView) -> None:
    told, question = LINES[2], Line("attending", "ask", "Where is it?", "site")
    once, twice = (*LINES[:1], question, told), (*LINES[:1], question, told, question, told)
    assert set(frames("doctor", "acknowledge")) == lead_ins(replace(view, lines=once), ASK)
    assert lead_ins(replace(view, lines=twice), ASK) == {""} == lead_ins(replace(view, lines=once), CONSULT)
    nothing = replace(told, quotes=(("site", "I have nothing"),), absences=("site",))
    assert lead_ins(replace(view, lines=(*LINES[:1], question, nothing)), ASK) == set(NEUTRAL)
    assert lead_ins(replace(view, lines=LINES[:1]), CONSULT) == {
        "Hello, <name>. I'm the doctor looking after you today."
    }
    noted = replace(question, text=f"{THANKS} Where is it?")
    assert THANKS not in lead_ins(replace(view, lines=(*LINES[:1], noted, told)), ASK)


def test_whose_name_is_not_known_is_greeted_without(view: DoctorView) -> None:
    prompt = DIALECT.wording(replace(view, lines=(), patient=Person("", 30, "female")), ASK)
    assert prompt is not None and prompt.messages[-1].text == "first ask duration"


def test_concluding_has_no_words_of_its_own(view: DoctorView) -> None:
    assert DIALECT.wording(view, ActionOutput("conclude", None, "")) is None


def test_a_long_last_line_is_cut(view: DoctorView) -> None:
    talkative = replace(view, lines=(*LINES[:2], Line("patient", "answer", "so " * 200)))
    prompt = DIALECT.wording(talkative, ASK)
    assert prompt is not None and len(prompt.messages[-1].text) < 250


@pytest.mark.parametrize(
    ("text", "word", "said"),
    [
        (HOW_LONG, ASK, HOW_LONG),
        (f"{THANKS} {HOW_LONG}", ASK, f"{THANKS} {HOW_LONG}"),
        (f"{WELCOME} {HOW_LONG}", ASK, f"{WELCOME.replace('<name>', 'Ada')} {HOW_LONG}"),
        (f"{HOW_LONG} {THANKS}", ASK, None),
        (f"{THANKS} {THANKS} {HOW_LONG}", ASK, None),
        (f"Blue it is. {HOW_LONG}", ASK, None),
        (f"<fact>, you say. {HOW_LONG}", ASK, None),
        (f"<site>. {HOW_LONG}", ASK, None),
        (THANKS, ASK, None),
        (WHERE, ASK, None),
        (f"{WHERE} {HOW_LONG}", ASK, None),
        (HOW_LONG.rsplit(" ", 1)[0], ASK, None),
        (taught_questions("examinations", "temperature")[0], ASK, None),
        ("", ASK, None),
        (TO_THE_PANEL, CONSULT, TO_THE_PANEL),
        (f"{THANKS} {TO_THE_PANEL}", CONSULT, f"{THANKS} {TO_THE_PANEL}"),
        ("One moment.", CONSULT, None),
        (HOW_LONG, CONSULT, None),
        ("", CONSULT, None),
        ("<think>", CONSULT, None),
    ],
)
def test_words_fit_the_act_or_are_refused(view: DoctorView, text: str, word: ActionOutput, said: str | None) -> None:
    assert DIALECT.read_wording(text, replace(view, lines=LINES[:3]), word) == said


def test_nobody_is_greeted_by_a_name_that_is_not_known(view: DoctorView) -> None:
    assert DIALECT.read_wording(f"{WELCOME} {HOW_LONG}", replace(view, patient=Person()), ASK) is None


# -- thinking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["triage", "action"])
def test_who_thinks_chooses_after_the_thought(view: DoctorView, task: str) -> None:
    usual, thinking = (getattr(DIALECT, task)(v) for v in (view, replace(view, thinks=True)))
    assert usual.choice is not None and thinking.choice is not None
    assert (usual.choice.after, thinking.choice.after) == ("", "</think>")
    assert thinking.choice.options == usual.choice.options
    assert thinking.messages[0] == usual.messages[0]
    assert thinking.messages[1].text == f"{usual.messages[1].text} thinking"
    assert thinking.max_new_tokens > usual.max_new_tokens
    for option in thinking.choice.options:
        read = getattr(DIALECT, f"read_{task}")
        thought, plain = read(f"<think>Acne.</think>{option}", view), read(option, view)
        assert thought is not None and thought == replace(plain, thought="Acne.")


def test_who_is_alone_is_told_so(view: DoctorView) -> None:
    solo = replace(view, offers=("ask", "conclude"))
    consulted = replace(solo, opinions=(Opinion("dentistry", "caries", 0.9, ""),))
    said = [user_of(DIALECT.action(v)) for v in (view, solo, consulted)]
    assert [lines[-1] for lines in said] == ["<do> lead", "<do> alone", "<do> lead"]
    # That the panel was heard is told, and not what it said.
    assert [lines[-2] == "<opinion>" for lines in said] == [False, False, True]


ASKED_ALIKE = (
    DIALECT.triage,
    DIALECT.action,
    DIALECT.decision,
    partial(DIALECT.opinion, specialty="dentistry", member=0),
)


@pytest.mark.parametrize("ask", ASKED_ALIKE)
def test_what_a_classifier_sees_is_one_line_more(view: DoctorView, ask: Callable[[DoctorView], Prompt]) -> None:
    usual, more = user_of(ask(view)), user_of(ask(replace(view, expert=("hives", "eczema"))))
    assert more == [*usual[:-1], "<expert> hives, eczema", usual[-1]]


SEEN_TRIAGE, ALARM_TRIAGE = (frames("doctor", "triage", kind)[0] for kind in ("seen", "alarm"))
TOLD_TRIAGE, UNSEEN_TRIAGE = frames("doctor", "triage", "told")[2], frames("doctor", "triage", "told")[0]


def test_every_choice_of_triage_is_read_back(view: DoctorView) -> None:
    prompt, seeing = DIALECT.triage(view), replace(view, seen=PATCH)
    assert prompt.choice is not None and len(set(prompt.choice.options)) == 4 * len(view.specialties)
    for option in prompt.choice.options:
        word = DIALECT.read_triage(f"{option} {SEEN_TRIAGE}", seeing)
        assert word is not None and PATCH in word.why
        assert option == f"{word.specialty}, {word.urgency}."
    assert DIALECT.read_triage(f"cardiology, soon. {SEEN_TRIAGE}", seeing) is None


def reason_of_triage(frame: str, said: str, clinic: str) -> str:
    return sentence_case(frame.replace("<fact>", said).replace("<seen>", PATCH).replace("<clinic>", clinic))


@pytest.mark.parametrize(
    ("specialty", "clinic"), [("dentistry", "dentistry"), ("nail clinic", "the nail clinic")], ids=["field", "clinic"]
)
def test_the_reason_for_a_clinic_names_the_chosen_one(view: DoctorView, specialty: str, clinic: str) -> None:
    word = DIALECT.read_triage(f"{specialty}, soon.<complaint> {TOLD_TRIAGE}", view)
    assert word is not None and word.why == reason_of_triage(TOLD_TRIAGE, "I have a rash", clinic)
    word = DIALECT.read_triage(f"{specialty}, soon. {SEEN_TRIAGE}", replace(view, seen=PATCH))
    assert word is not None and word.why == reason_of_triage(SEEN_TRIAGE, "", clinic)


@pytest.mark.parametrize(
    "reason",
    [
        "",
        SEEN_TRIAGE,
        TOLD_TRIAGE,
        f"<duration> {TOLD_TRIAGE}",
        f"<alarm> {ALARM_TRIAGE}",
        f"<complaint> {TOLD_TRIAGE} Dogs bark.",
        f"<complaint> {TOLD_TRIAGE} {TOLD_TRIAGE}",
        f"<complaint> {TOLD_TRIAGE.rsplit(' ', 1)[0]}",
        "The patient itches.",
    ],
)
def test_a_reason_of_triage_that_is_broken_or_quotes_what_is_not_there_is_empty(view: DoctorView, reason: str) -> None:
    word = DIALECT.read_triage(f"dentistry, soon.{reason}", view)
    assert word is not None and (word.specialty, word.urgency, word.why) == ("dentistry", "soon", "")


def test_who_is_shown_a_photograph_does_not_say_that_there_is_none(view: DoctorView) -> None:
    """Also where it cannot be described."""
    for shown, denies in ((replace(view, findings=()), False), (replace(view, photograph=None), True)):
        reasons = DIALECT.reasons(shown, "triage")
        assert reasons is not None and len(reasons.options) >= 3
        assert any("photograph" in option or "only" in option for option in reasons.options) == denies
        word = DIALECT.read_triage(f"dentistry, soon.<complaint> {UNSEEN_TRIAGE}", shown)
        assert word is not None and bool(word.why) == denies


def test_a_programs_reason_for_a_triage_stands_in_brackets(view: DoctorView) -> None:
    word = DIALECT.read_triage("dentistry, soon.", view)
    assert word is not None
    assert DIALECT.plain_triage(word, replace(view, seen=PATCH)) == f"[photograph: {PATCH}]"
    assert DIALECT.plain_triage(word, view) == '[goes by what was said: "I have a rash"]'
    assert DIALECT.plain_triage(word, replace(view, lines=())) == "[gives no reason]"


SEEN_TOLD, SEEN, TOLD, TOLD_TWO, NEITHER, OUTSIDE = (
    frames("doctor", "specialist", kind)[0] for kind in ("seen_told", "seen", "told", "told_two", "neither", "outside")
)


def test_every_choice_of_a_specialist_is_read_back(view: DoctorView, derm34: Scenario) -> None:
    prompt = DIALECT.opinion(view, "dentistry", 0)
    assert prompt.choice is not None
    for option, label in zip(prompt.choice.options, (*view.labels, None), strict=True):
        frame = NEITHER if label else OUTSIDE
        word = DIALECT.read_opinion(f"{option} {frame}", view, derm34)
        assert word is not None and (word.diagnosis, word.reason) == (label, sentence_case(frame))
    assert DIALECT.read_opinion(f"melanoma. {NEITHER}", view, derm34) is None
    assert DIALECT.read_opinion("", view, derm34) is None


def test_members_of_a_panel_have_their_habits(view: DoctorView) -> None:
    asked = [user_of(DIALECT.opinion(view, "dentistry", member))[-1] for member in range(HABITS + 1)]
    assert asked == [*(f"<do> specialist dentistry {n}" for n in range(1, HABITS + 1)), asked[0]]


def filled(frame: str, first: str = "", second: str = "") -> str:
    return sentence_case(frame.replace("<fact>", first).replace("<second>", second).replace("<seen>", PATCH))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"eczema.<site> {TOLD}", filled(TOLD, SITE.text)),
        (f"eczema. <palpation> {TOLD}", filled(TOLD, "it feels rough")),
        (f"eczema.<site><age> {TOLD_TWO}", filled(TOLD_TWO, SITE.text, AGE.text)),
        (f"eczema.<age><site> {TOLD_TWO}", filled(TOLD_TWO, AGE.text, SITE.text)),
        (f"eczema.<sensation> {TOLD}", filled(TOLD, "it burns")),
        (f"eczema.<site> {SEEN_TOLD}", filled(SEEN_TOLD, SITE.text)),
        (f"eczema. {SEEN}", filled(SEEN)),
        (f"eczema. {NEITHER}", filled(NEITHER)),
        (f"not my field. {OUTSIDE}", filled(OUTSIDE)),
        # What the first topic lacks the second may give.
        (f"eczema.<duration><site> {TOLD}", filled(TOLD, SITE.text)),
        # Nobody said this, or what was said is that there is nothing.
        (f"eczema.<duration> {TOLD}", ""),
        (f"eczema.<treatment> {TOLD}", ""),
        (f"eczema.<site><treatment> {TOLD_TWO}", ""),
        (f"eczema.<site> {TOLD_TWO}", ""),
        (f"eczema. {TOLD}", ""),
        # Nor are these sentences that were learned, or sentences for this.
        ("eczema.<site> This is acne, and not eczema.", ""),
        (f"eczema.<site> {TOLD} Dogs bark.", ""),
        (f"eczema. {SEEN} {SEEN}", ""),
        (f"eczema. {OUTSIDE}", ""),
        (f"not my field. {NEITHER}", ""),
        (f"not my field.<site> {TOLD}", ""),
        ("eczema.", ""),
        ("not my field.", ""),
    ],
)
def test_a_reason_quotes_what_is_there_or_is_empty(view: DoctorView, derm34: Scenario, text: str, reason: str) -> None:
    heard = replace(view, lines=(*LINES, ABSENT), seen=PATCH)
    word = DIALECT.read_opinion(text, heard, derm34)
    assert word is not None and word.reason == reason
    blind = DIALECT.read_opinion(text, replace(heard, lines=(), seen=""), derm34)
    assert blind is not None and blind.reason == (reason if text.endswith((NEITHER, OUTSIDE)) else "")


def test_a_programs_reason_for_an_opinion_stands_in_brackets(view: DoctorView, derm34: Scenario) -> None:
    named, passing = (DIALECT.read_opinion(f"{name}.", view, derm34) for name in ("acne", NOT_MY_FIELD))
    assert named is not None and passing is not None
    assert DIALECT.plain_opinion(named, replace(view, seen=PATCH)) == f"[photograph: {PATCH}]"
    assert DIALECT.plain_opinion(named, view) == '[goes by what was said: "I have a rash"]'
    assert DIALECT.plain_opinion(named, replace(view, lines=())) == "[gives no reason]"
    assert DIALECT.plain_opinion(passing, replace(view, seen=PATCH)) == "[outside its field]"


def test_decisions_are_read_back(view: DoctorView, derm34: Scenario) -> None:
    prompt = DIALECT.decision(view)
    assert prompt.choice is not None and prompt.choice.after == "<answer>"
    for option in prompt.choice.options:
        for urgency in URGENCIES:
            said = f"<think>I see it.</think><answer>{option} {urgency}. acne, hives."
            word = DIALECT.read_decision(said, view, derm34)
            assert word is not None and (word.thought, word.urgency) == ("I see it.", urgency)
            assert f"{word.diagnosis}</answer>" == option
            assert word.differential == tuple(dict.fromkeys((word.diagnosis, "acne", "hives")))
    for unusable in ("<answer>acne</answer>", "<think>a</think><answer>gout</answer>", "<think>a</think><answer>acne"):
        assert DIALECT.read_decision(unusable, view, derm34) is None


def test_a_denied_alarm_is_no_emergency(view: DoctorView, derm34: Scenario) -> None:
    said = "<think>I see it.</think><answer>acne</answer> {}. hives."
    denial = Line("patient", "answer", "No, nothing like that.", "alarm", (("alarm", "no, nothing like that"),))
    denied = replace(view, lines=(*LINES, replace(denial, absences=("alarm",))))
    told = replace(view, lines=(*LINES, denial))
    both = replace(view, lines=(*denied.lines, replace(denial, quotes=(("alarm", "I can't breathe"),))))
    for urgency in URGENCIES:
        found = [DIALECT.read_decision(said.format(urgency), one, derm34) for one in (view, told, both, denied)]
        usual = derm34.labels["acne"].urgency if urgency == "emergency" else urgency
        assert [one and one.urgency for one in found] == [urgency, urgency, urgency, usual]
    assert derm34.labels["acne"].urgency != "emergency"


@pytest.mark.parametrize(
    ("rest", "urgency", "differential"),
    [
        (" soon. hives", "soon", ("acne", "hives")),
        ("soon.", "soon", ("acne",)),
        (" soon", "soon", ("acne",)),
        (" hives, eczema", None, ("acne", "hives", "eczema")),
        (" hives. soon", None, ("acne", "hives")),
        (" at once. hives", None, ("acne", "hives")),
        (" soon. hives, gout, eczema, caries", "soon", ("acne", "hives", "eczema")),
        ("", None, ("acne",)),
    ],
)
def test_the_urgency_stands_between_decision_and_differential(
    view: DoctorView, derm34: Scenario, rest: str, urgency: str | None, differential: tuple[str, ...]
) -> None:
    word = DIALECT.read_decision(f"<think>So.</think><answer>acne</answer>{rest}", view, derm34)
    assert word is not None and (word.urgency, word.differential) == (urgency, differential)


@pytest.mark.parametrize(
    ("thought", "read"),
    [
        ("I see it. I noted <site> and <age>.", 'I see it. I noted "it is on my hands" and "I\'m 40 years old".'),
        ("I see it. I noted <site> and <duration>. They agree.", "I see it. They agree."),
        ("I noted <fact>. I see it.", "I see it."),
        ("I noted <duration>.", ""),
        ("I see it. I noted of <site>.", "I see it."),
        ("I noted <site> and acne, acne. I see it.", "I see it."),
        ("I noted <site> and <site>.", 'I noted "it is on my hands".'),
        ("I noted <sensation>. I noted <treatment>.", 'I noted "it burns".'),
        ("I see <seen>. I noted <site>.", f'I see {PATCH}. I noted "it is on my hands".'),
    ],
)
def test_a_thought_quotes_what_was_said_and_nothing_else(
    view: DoctorView, derm34: Scenario, thought: str, read: str
) -> None:
    heard = replace(view, lines=(*LINES, ABSENT), seen=PATCH)
    word = DIALECT.read_decision(f"<think>{thought}</think><answer>acne</answer>", heard, derm34)
    assert word is not None and word.thought == read


def test_who_saw_nothing_does_not_tell_what_was_seen(view: DoctorView, derm34: Scenario) -> None:
    thought = "<think>I see <seen>. I noted <site>.</think><answer>acne</answer>"
    word = DIALECT.read_decision(thought, view, derm34)
    assert word is not None and word.thought == 'I noted "it is on my hands".'


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


KNOWN = ["<who> Ada, 30, female", "<triage> dentistry, soon"]
HEARD = [
    "<complaint> I have a rash",
    "<site> it is on my hands",
    "<age> I'm 40 years old",
    "<said> Who knows.",
    "<palpation> it feels rough",
]


def test_doctors_read_clauses_by_topic_and_other_lines_as_they_are(view: DoctorView) -> None:
    assert user_of(DIALECT.triage(view)) == [KNOWN[0], *HEARD, "<do> triage"]
    # The attending reads the same, and no line of its own but what an examination showed.
    assert user_of(DIALECT.action(view)) == [KNOWN[0], *HEARD, "<do> lead"]


@pytest.mark.parametrize(
    ("person", "who"),
    [
        (ADA, "<who> Ada, 30, female"),
        (Person("", 30, "male"), "<who> 30, male"),
        (Person("Ada"), "<who> Ada"),
        (Person("", 0), "<who> 0"),
        (Person(), "<who> "),
    ],
)
def test_who_the_patient_is_stands_first(view: DoctorView, person: Person, who: str) -> None:
    assert user_of(DIALECT.triage(replace(view, patient=person)))[:2] == [who, HEARD[0]]


def test_what_triage_decided_stands_second(view: DoctorView) -> None:
    assert user_of(DIALECT.action(replace(view, specialty="dentistry", urgency="soon")))[:3] == [*KNOWN, HEARD[0]]
    assert user_of(DIALECT.action(replace(view, specialty="dentistry")))[:2] == [KNOWN[0], "<triage> dentistry"]


def test_all_doctors_of_a_consultation_share_the_beginning_of_their_prompts(view: DoctorView) -> None:
    """What is asked comes last, so that what was read of the patient need not be read again."""
    triaged = replace(view, specialty="dentistry", urgency="soon")
    consulted = replace(triaged, opinions=(Opinion("dentistry", "caries", 0.9, ""),), offers=("conclude",))
    asked = [
        (DIALECT.action(triaged), ["<do> lead"]),
        *((DIALECT.opinion(triaged, "dentistry", n), [f"<do> specialist dentistry {n + 1}"]) for n in range(HABITS)),
        (DIALECT.action(consulted), ["<opinion>", "<do> lead"]),
        (DIALECT.decision(consulted), ["<opinion> dentistry: surely caries.", "<do> decide"]),
    ]
    for prompt, last in asked:
        assert user_of(prompt) == [*KNOWN, *HEARD, *last]
        assert prompt.messages[-1].photographs == (view.photograph,)
    before = user_of(DIALECT.action(replace(triaged, lines=LINES[:3])))
    assert before[:-1] == user_of(DIALECT.action(triaged))[: len(before) - 1]


def test_the_decision_lists_opinions_with_their_confidence(view: DoctorView) -> None:
    opinions = (
        Opinion("dentistry", "caries", 0.9, "I see a hole."),
        Opinion("dentistry", "gingivitis", 0.3, ""),
        Opinion("dentistry", None, None, ""),
    )
    assert user_of(DIALECT.decision(replace(view, opinions=opinions)))[-4:] == [
        "<opinion> dentistry: surely caries.",
        "<opinion> dentistry: perhaps gingivitis.",
        "<opinion> dentistry: probably not my field.",
        "<do> decide",
    ]
    words = [confidence_word(c) for c in (None, 0.75, 0.74, 0.45, 0.44, 0)]
    assert words == ["probably", "surely", "probably", "probably", "perhaps", "perhaps"]


def test_who_sees_the_photograph(view: DoctorView) -> None:
    for ask in ASKED_ALIKE:
        assert ask(view).messages[-1].photographs == (view.photograph,)
        assert not ask(replace(view, photograph=None)).messages[-1].photographs


# -- fingerprint -------------------------------------------------------------------------------------------------------


def test_every_tag_is_a_topic_of_derm34(derm34: Scenario) -> None:
    assert {*derm34.topics, *derm34.examinations, "complaint"} == set(TOPIC_TAGS)
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
        ("WHO", "<whom>"),
        ("TRIAGED", "<sent>"),
        ("TASK", "<task>"),
        ("OPINION", "<view>"),
        ("EXPERT", "<machine>"),
        ("SEEN", "<look>"),
        ("CHILDHOOD", 5),
    ],
)
def test_a_changed_format_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    before = DIALECT.fingerprint()
    modules = [one for one in (starter, starter_doctor, starter_frames, starter_reasons) if hasattr(one, name)]
    assert modules
    for module in modules:
        monkeypatch.setattr(module, name, value)
    assert DIALECT.fingerprint() != before


@pytest.mark.parametrize(
    "method",
    [
        "patient_line",
        "free_line",
        "topic",
        "look",
        "triage",
        "action",
        "wording",
        "opinion",
        "decision",
        "explanation",
        "rewording",
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


def test_a_second_attempt_at_a_reason_is_held_to_what_can_be_read(view: DoctorView, derm34: Scenario) -> None:
    heard = replace(view, lines=(*LINES, ABSENT), seen=PATCH)
    for outside, name in ((False, "eczema"), (True, NOT_MY_FIELD)):
        reasons = DIALECT.reasons(heard, "specialist", outside=outside)
        assert reasons is not None and len(reasons.options) > 5
        read = [DIALECT.read_opinion(f"{name}.{option}", heard, derm34) for option in reasons.options]
        assert all(word is not None and word.reason for word in read)
        assert not any("I have a rash" in word.reason or "tried" in word.reason for word in read if word)
    triage = DIALECT.reasons(heard, "triage")
    assert triage is not None
    words = [DIALECT.read_triage(f"dentistry, soon.{option}", heard) for option in triage.options]
    assert all(word is not None and word.why for word in words)
    assert DIALECT.reasons(replace(view, lines=(), seen=""), "specialist") is None


def test_the_words_of_a_colleagues_reason_are_left_out(view: DoctorView, derm34: Scenario) -> None:
    heard = replace(view, seen=PATCH)
    word = DIALECT.read_opinion(f"eczema. {SEEN}", heard, derm34)
    again = DIALECT.reasons(heard, "specialist", given=(word.reason,) if word else ())
    assert again is not None and f" {SEEN}" not in again.options and again.options


def test_a_vague_complaint_is_quoted_only_where_there_is_nothing_else(view: DoctorView, derm34: Scenario) -> None:
    text, complaint = f"eczema.<complaint> {TOLD}", filled(TOLD, "I have a rash")
    for lines, seen, reason in ((LINES[:1], "", complaint), (LINES[:1], PATCH, ""), (LINES, "", "")):
        word = DIALECT.read_opinion(text, replace(view, lines=lines, seen=seen), derm34)
        assert word is not None and word.reason == reason


def test_an_alarm_supports_no_diagnosis(view: DoctorView, derm34: Scenario) -> None:
    fainted = Line("patient", "answer", "I fainted.", "alarm", (("alarm", "I fainted."),))
    complaint = Line(
        "patient", "open", "I fainted.", "complaint", (("complaint", "I fainted."), ("alarm", "I fainted"))
    )
    for lines in ((*LINES, fainted), (complaint,), (*LINES, complaint)):
        heard = replace(view, lines=lines)
        reasons = DIALECT.reasons(heard, "specialist")
        assert not any("alarm" in option for option in (reasons.options if reasons else ()))
        for topic in ("alarm", "complaint") if complaint in lines else ("alarm",):
            opinion = DIALECT.read_opinion(f"acne.<{topic}> {TOLD}", heard, derm34)
            assert opinion is not None and opinion.reason == ""
            assert "fainted" not in DIALECT.plain_opinion(opinion, heard)
            word = DIALECT.read_decision(f"<think>I noted <{topic}>.</think><answer>acne</answer>", heard, derm34)
            assert word is not None and word.thought == ""
        # It does speak for its urgency.
        triage = DIALECT.reasons(heard, "triage")
        assert triage is not None and any("<alarm>" in option for option in triage.options)
    sent = DIALECT.read_triage(f"dentistry, urgent.<alarm> {ALARM_TRIAGE}", heard)
    assert sent is not None and '"I fainted"' in sent.why
    # What is no alarm is no warning sign.
    itching = Line("patient", "open", "It itches.", "complaint", (("complaint", "it itches"),))
    for told in ((itching,), (itching, fainted)):
        for heads in ("<complaint>", "<complaint><alarm>"):
            calm = DIALECT.read_triage(f"dentistry, urgent.{heads} {ALARM_TRIAGE}", replace(view, lines=told))
            assert calm is not None and calm.why == ""


def test_what_a_person_denies_is_no_alarm_and_no_reason(view: DoctorView, derm34: Scenario) -> None:
    denied = Line("patient", "answer", "I", "alarm", (("alarm", "I"),), ("alarm",))
    heard = replace(view, lines=(*LINES, denied), offers=("ask", "consult", "conclude"))
    assert "<consult>" not in offered(heard)
    reasons = DIALECT.reasons(heard, "specialist")
    assert reasons is not None and not any("<alarm>" in option for option in reasons.options)
    # What is said elsewhere in the same words stays.
    yes = replace(denied, absences=())
    for lines in ((*LINES, denied), (*LINES, yes)):
        word = DIALECT.read_opinion(f"acne.<age> {TOLD}", replace(view, lines=lines), derm34)
        assert word is not None and AGE.text in word.reason


# -- words that are put in stay as they are ----------------------------------------------------------------------------

MIDDLE, BEFORE_STOP = "Listen, please: <fact>. I want that done.", "And for the record: <fact>."


@pytest.mark.parametrize(
    ("frame", "fact", "said"),
    [
        (
            MIDDLE,
            "it started approx. two weeks ago",
            "Listen, please: it started approx. two weeks ago. I want that done.",
        ),
        (MIDDLE, "my arms itch!", "Listen, please: my arms itch! I want that done."),
        (MIDDLE, "is it bad? nobody knows", "Listen, please: is it bad? nobody knows. I want that done."),
        (BEFORE_STOP, "Both arms", "And for the record: both arms."),
        (BEFORE_STOP, "I have it on both arms", "And for the record: I have it on both arms."),
        (BEFORE_STOP, "E. coli was found", "And for the record: E. coli was found."),
        (BEFORE_STOP, "it is on my arm.", "And for the record: it is on my arm."),
        ("<fact>. So it is.", "it is on my arm", "It is on my arm. So it is."),
        ("Well. <fact>, I say.", "both arms", "Well. Both arms, I say."),
    ],
)
def test_a_fact_is_said_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, patient: PatientView, frame: str, fact: str, said: str
) -> None:
    monkeypatch.setattr(starter, "patient_frames", lambda *_, **__: (frame,))
    told = (Fact("x", "site", fact),)
    assert DIALECT.read_patient_line(frame, PatientTask("answer", told), patient) == said


QUOTED = ("it is e. coli, they say. so what", 'he said "it burns" to me', "0.5 cm wide. red")


@pytest.mark.parametrize("clause", QUOTED)
def test_a_quotation_is_said_as_it_stands(view: DoctorView, derm34: Scenario, clause: str) -> None:
    heard = replace(view, lines=(Line("patient", "answer", f"{clause}.", "site", (("site", clause),)),))
    opinion = DIALECT.read_opinion(f"acne.<site> {TOLD}", heard, derm34)
    assert opinion is not None and f'"{clause}"' in opinion.reason
    word = DIALECT.read_decision("<think>I noted <site>. So it is.</think><answer>acne</answer>", heard, derm34)
    assert word is not None and word.thought == f'I noted "{clause}". So it is.'
    concluded = replace(heard, diagnosis="acne", thought=word.thought)
    for frame in frames("doctor", "explain", "told"):
        said = DIALECT.read_explanation(frame, concluded, derm34)
        assert said is not None and f'"{clause}"' in said


@pytest.mark.parametrize("seen", ["0.5 cm papules", "papules of approx. two cm", "a red patch"])
def test_what_was_seen_is_said_as_it_stands(view: DoctorView, derm34: Scenario, seen: str) -> None:
    looked = replace(view, seen=seen, findings=(seen, "0"))
    word = DIALECT.read_decision("<think>I see <seen>. So it is.</think><answer>acne</answer>", looked, derm34)
    assert word is not None and word.thought == f"I see {seen}. So it is."
    said = DIALECT.read_explanation(
        frames("doctor", "explain", "seen")[0], replace(looked, diagnosis="acne", thought=word.thought), derm34
    )
    assert said is not None and f"I see {seen} in" in said


STOPPED = ("E", "E. coli enteritis", "fracture, closed", "fracture")


def test_labels_may_hold_full_stops_and_commas(view: DoctorView, derm34: Scenario) -> None:
    known = replace(view, labels=STOPPED, lines=LINES)
    for label in STOPPED:
        opinion = DIALECT.read_opinion(f"{label}.<site> {TOLD}", known, derm34)
        assert opinion is not None and opinion.diagnosis == label and SITE.text in opinion.reason
        others = [one for one in STOPPED if one != label][:2]
        word = DIALECT.read_decision(
            f"<think>So.</think><answer>{label}</answer> soon. {', '.join(['gout', *others])}.", known, derm34
        )
        assert word is not None and (word.diagnosis, word.differential) == (label, (label, *others))
    assert DIALECT.read_opinion(f"F. coli enteritis. {NEITHER}", known, derm34) is None
    heard = replace(
        known, opinions=(Opinion("x", "E. coli enteritis", 0.5, ""), Opinion("x", "fracture, closed", 0.5, ""))
    )
    thought = "I see it. Colleagues: E. coli enteritis, E. coli enteritis."
    word = DIALECT.read_decision(f"<think>{thought}</think><answer>E</answer>", heard, derm34)
    assert word is not None
    assert word.thought == "I see it. [colleagues: E. coli enteritis 1 of 2, fracture, closed 1 of 2]"


@pytest.mark.parametrize("has", ["", "explanation", "plan", "net", "explanation plan", "explanation net", "plan net"])
def test_the_keys_of_a_label_are_optional(view: DoctorView, derm34: Scenario, has: str) -> None:
    what, plan, net = "It is a thing", "Wash it", "Come back in a week"
    label = replace(
        derm34.labels["acne"],
        explanation=what if "explanation" in has else "",
        plan=(Advice(plan),) if "plan" in has else (),
        safety_net=(Advice(net),) if "net" in has else (),
    )
    scenario = replace(derm34, labels={"acne": label})
    for kind, thought in (("plain", ""), ("told", f'I noted "{SITE.text}".')):
        seen = replace(view, diagnosis="acne", thought=thought)
        read = [DIALECT.read_explanation(frame, seen, scenario) for frame in frames("doctor", "explain", kind)]
        for said in read:
            assert said is not None and "acne" in said and "<" not in said and "  " not in said
            assert is_sound_explanation(said, "acne", None, scenario)
            assert [part in said for part in (what, plan, net)] == [k in has for k in ("explanation", "plan", "net")]
            # Nothing is announced that does not come.
            assert not re.search(r":(?! (?:Wash|Come))", said) and not said.endswith("treatment.")
            assert "explain" not in said or what in said


def test_the_same_words_are_one_reason(view: DoctorView, derm34: Scenario) -> None:
    twice = Line("patient", "answer", "", "course", (("course", SITE.text),))
    heard = replace(view, lines=(*LINES, twice))
    for heads in ("<site><site>", "<site><course>"):
        word = DIALECT.read_opinion(f"acne.{heads} {TOLD_TWO}", heard, derm34)
        assert word is not None and word.reason == ""


def test_a_long_text_is_cut_between_words_or_where_there_are_none_between_characters(view: DoctorView) -> None:
    for text, cut in (("痒い" * 100, "痒い" * 59 + "痒…"), ("痒い " + "痒い" * 100, "痒い " + "痒い" * 58 + "…")):
        heard = replace(view, lines=(Line("patient", "open", text, "complaint", (("complaint", text),)),))
        triaged = DIALECT.read_triage("dentistry, soon.", heard)
        assert triaged is not None and cut[:110] in DIALECT.plain_triage(triaged, heard)
    heard = replace(view, lines=(Line("patient", "open", "", "complaint", (("complaint", "it itches " * 30),)),))
    assert triaged is not None and "it …" in DIALECT.plain_triage(triaged, heard)


# -- confidence --------------------------------------------------------------------------------------------------------


def test_a_final_confidence_is_scaled_and_keeps_its_order(view: DoctorView) -> None:
    heard = replace(view, opinions=(Opinion("dermatology", "eczema", 0.5, ""),))
    for shown in (heard, replace(view, opinions=())):
        scaled = [DIALECT.confidence(p, shown) for p in (0.0, 0.3, 0.6, 0.9, 1.0)]
        found = [one for one in scaled if one is not None]
        assert found == sorted(found) and len(found) == 5 and found[0] > 0 and found[-1] < 1
    assert DIALECT.confidence(None, view) is None
    certain = DIALECT.confidence(0.95, heard)
    assert certain is not None and 0.5 < certain < 0.95
