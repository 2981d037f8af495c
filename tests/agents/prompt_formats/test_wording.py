"""What the starter has learned to say: each line is accepted where it belongs, and refused broken or elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from consult.agents.acts import DoctorView, Line, PatientTask, PatientView, Person
from consult.agents.prompt_formats.prompt_format import ActionOutput
from consult.agents.prompt_formats.questions import said_about
from consult.agents.prompt_formats.starter import StarterDialect
from consult.agents.prompt_formats.starter_tags import ADVICE, CLINIC, NAME, REPLY, SEEN, SLOTS, TAGS
from consult.agents.prompt_formats.wording import (
    ADVICE_FILES,
    TAUGHT,
    bank,
    frames,
    fresh,
    is_learned,
    kind_of_fact,
    more_frames,
    patient_frames,
    patient_lines,
    rewordings,
    sentences_of,
    taught_questions,
)
from consult.agents.roles.advice import says, sentences
from consult.agents.temperament import temperaments
from consult.scenarios import Card, Fact, Scenario, load_scenario

DIALECT = StarterDialect()
DERM34 = load_scenario("derm34")
LABELS = tuple(DERM34.labels)
TEMPERAMENTS = tuple(temperaments())
KINDS = ("plain", "trouble", "story", "absent")
QUESTIONS_BACK = ("contagious", "outlook", "serious", "cause")
RASH = Fact("complaint", "complaint", "I have a rash")
FACTS = {
    "plain": Fact("site", "site", "it is on my hands"),
    "trouble": Fact("sensation", "sensation", "it burns"),
    "story": Fact("history", "history", "I had it before"),
    "absent": Fact("treatment", "treatment", "I tried nothing", none=True),
}
OTHER = Fact("course", "course", "it comes and goes")


def patient(temperament: str, *, child: bool = False) -> PatientView:
    return PatientView(Card(RASH, (), age=7 if child else 40), temperament, (), {})


def lines_of(entry: Any) -> Iterator[str]:
    """Go through the lines of a bank, however deep they lie."""
    for part in entry.values() if isinstance(entry, dict) else entry:
        if isinstance(part, str):
            yield part
        else:
            yield from lines_of(part)


def known_to(temperament: str, kind: str, *, child: bool = False) -> tuple[str, ...]:
    return patient_frames(temperament, PatientTask("answer", (FACTS[kind],)), child=child)


# -- whether a line is made of what was learned ------------------------------------------------------------------------


def groups() -> list[tuple[str, ...]]:
    adults = [known_to(temperament, kind) for temperament in TEMPERAMENTS for kind in KINDS]
    doctors = [frames("doctor", "specialist", kind) for kind in bank("doctor")["specialist"]]
    return [*adults, *doctors]


def test_what_was_learned_is_known_again_whatever_fact_its_slots_are_for() -> None:
    for known in groups():
        assert known
        for frame in known:
            assert is_learned(frame, known) and is_learned(f"  {frame}\n", known)
            assert is_learned(frame.replace("<fact>", "<third>"), known)


def test_a_broken_a_half_or_a_repeated_sentence_is_refused() -> None:
    for known in groups():
        for sentence in sentences_of(known):
            words = sentence.split()
            if len(words) < 4:
                continue
            middle = len(words) // 2
            assert not is_learned(" ".join((*words[:middle], *words[middle + 1 :])), known), sentence
            assert not is_learned(" ".join(words[:middle]), known), sentence
            assert not is_learned(" ".join(words[middle:]), known), sentence
            assert not is_learned(f"{sentence} {sentence}", known), sentence
            assert not is_learned(f"{sentence} {' '.join(words[:middle])}", known), sentence
        assert not is_learned("", known) and not is_learned("  ", known)


def test_sentences_of_several_frames_make_a_line_and_bare_facts_are_no_repetition() -> None:
    known = ("Well, doctor. <fact>.", "<fact>. That is it!", 'I said "<fact>." Yes.')
    assert is_learned("Well, doctor. <fact>. That is it!", known)
    assert is_learned("Well, doctor. <fact>. <second>.", known)
    assert is_learned('Yes. I said "<fact>."', known)
    assert not is_learned("Well, doctor. <fact>. Well, doctor.", known)
    assert not is_learned("Well, doctor <fact>.", known)
    assert not is_learned("Well, doctor. <fact>. That is all!", known)


def refused(lines: Sequence[str], known: tuple[str, ...]) -> float:
    """Return which share of lines is not made of what is known."""
    return sum(not is_learned(line, known) for line in lines) / len(lines)


@pytest.mark.parametrize("temperament", TEMPERAMENTS)
def test_words_of_another_occasion_temperament_or_age_are_refused(temperament: str) -> None:
    """A few lines are so bare that they stand everywhere; all others tell whose they are."""
    for kind in KINDS:
        own = known_to(temperament, kind)
        others = [known_to(temperament, other) for other in KINDS if other != kind]
        others += [known_to(other, kind) for other in TEMPERAMENTS if other != temperament]
        others += [frames("patient", temperament, "open"), frames("patient", temperament, "unknown")]
        assert refused(own, own) == 0
        shares = [refused(lines, own) for lines in others]
        assert min(shares) > 0.25 and sum(shares) / len(shares) > 0.75, (temperament, kind)


@pytest.mark.parametrize("temperament", TEMPERAMENTS)
def test_children_do_not_speak_as_adults_do_nor_adults_as_children(temperament: str) -> None:
    for kind in KINDS:
        adults, childs = (known_to(temperament, kind, child=child) for child in (False, True))
        task = PatientTask("answer", (FACTS[kind],))
        of_a_child = next(frame for frame in childs if not is_learned(frame, adults))
        of_an_adult = next(frame for frame in adults if not is_learned(frame, childs))
        for child in (False, True):
            read = [
                DIALECT.read_patient_line(f, task, patient(temperament, child=child)) for f in (of_a_child, of_an_adult)
            ]
            assert [line is not None for line in read] == [child, not child]


# -- every line is accepted where it belongs ---------------------------------------------------------------------------


@pytest.mark.parametrize("child", [False, True], ids=["adult", "child"])
@pytest.mark.parametrize("temperament", TEMPERAMENTS)
def test_every_line_of_a_patient_is_read(temperament: str, child: bool) -> None:
    tasks = [
        PatientTask("open", (RASH,)),
        *(PatientTask("answer", (fact,)) for fact in FACTS.values()),
        PatientTask("unknown"),
        *(PatientTask("ask", about=about) for about in QUESTIONS_BACK),
        PatientTask("satisfied"),
        PatientTask("reluctant"),
    ]
    view, more = patient(temperament, child=child), more_frames(temperament, child=child)
    for task in tasks:
        known = patient_frames(temperament, task, child=child)
        assert len(known) > 2, task
        for frame in known:
            line = DIALECT.read_patient_line(frame, task, view)
            assert line is not None and "<" not in line, frame
            assert all(fact.text.lower() in line.lower() for fact in task.facts)
    assert len(more) > 2
    for frame in more:
        two = PatientTask("answer", (FACTS["plain"], OTHER))
        first = known_to(temperament, "plain", child=child)[0]
        line = DIALECT.read_patient_line(f"{first} {frame.replace('<fact>', '<second>')}", two, view)
        assert line is not None and OTHER.text in line.lower(), frame
        # Who has one fact to say has no further one.
        assert DIALECT.read_patient_line(frame, PatientTask("answer", (FACTS["plain"],)), view) is None, frame


@pytest.mark.parametrize(("act", "kind"), [("ask", "questions"), ("examine", "examinations")])
def test_every_question_that_is_taught_is_read_with_every_lead_in(act: Any, kind: str) -> None:
    named, unnamed = (DoctorView((), (), (), {}, {}, patient=Person(name)) for name in ("Ada", ""))
    reactions = [line for key in ("", "_worried", "_angry") for line in frames("doctor", f"acknowledge{key}")]
    for topic in said_about(kind):
        taught, word = taught_questions(kind, topic), ActionOutput(act, topic, "")
        assert taught and taught == tuple(said_about(kind)[topic][:TAUGHT])
        for said in taught:
            assert DIALECT.read_wording(said, unnamed, word) == said
        for lead_in in (*reactions, *frames("doctor", "greeting_plain")):
            assert DIALECT.read_wording(f"{lead_in} {taught[0]}", unnamed, word) == f"{lead_in} {taught[0]}"
        for lead_in in frames("doctor", "greeting"):
            greeted = f"{lead_in.replace(NAME, 'Ada')} {taught[0]}"
            assert DIALECT.read_wording(f"{lead_in} {taught[0]}", named, word) == greeted
            assert DIALECT.read_wording(f"{lead_in} {taught[0]}", unnamed, word) is None
        for untaught in said_about(kind)[topic][TAUGHT:]:
            assert DIALECT.read_wording(untaught, unnamed, word) is None, untaught


def test_every_way_to_consult_is_read() -> None:
    view = DoctorView((), (), (), {}, {})
    for said in frames("doctor", "consult"):
        assert DIALECT.read_wording(said, view, ActionOutput("consult", None, "")) == said
        assert DIALECT.read_wording(said, view, ActionOutput("ask", "site", "")) is None


TOLD = Line("patient", "answer", "", "site", (("site", "it is on my hands"), ("history", "I had it before")))
CHOKING = Line("patient", "answer", "", "alarm", (("alarm", "I choke"),))
DOCTOR = DoctorView((TOLD, CHOKING), LABELS, DERM34.specialties, {}, {}, seen="a red patch")


@pytest.mark.parametrize(("kind", "quoted"), [("seen", ""), ("told", "<site>"), ("alarm", "<alarm>")])
@pytest.mark.parametrize("specialty", DERM34.specialties)
def test_every_reason_of_a_triage_is_read(specialty: str, kind: str, quoted: str) -> None:
    there = {"seen": "a red patch", "told": "it is on my hands", "alarm": "I choke"}[kind]
    known = frames("doctor", "triage", kind)
    assert known
    for frame in known:
        word = DIALECT.read_triage(f"{specialty}, soon.{quoted} {frame}", DOCTOR)
        assert word is not None and specialty in word.why and there.lower() in word.why.lower(), frame


@pytest.mark.parametrize(
    ("kind", "quoted"),
    [("seen_told", "<site>"), ("seen", ""), ("told", "<site>"), ("told_two", "<site><history>"), ("neither", "")],
)
def test_every_reason_of_a_specialist_is_read_for_every_diagnosis(kind: str, quoted: str) -> None:
    known = frames("doctor", "specialist", kind)
    assert known
    for label in LABELS:
        for frame in known:
            said = f"{label}.{quoted} {frame}"
            word = DIALECT.read_opinion(said, DOCTOR, DERM34)
            assert word is not None and word.reason, said
            assert ("a red patch" in word.reason) == ("seen" in kind)
            assert ("it is on my hands" in word.reason.lower()) == ("told" in kind)
            assert ("i had it before" in word.reason.lower()) == (kind == "told_two")
            # What is no reason for a diagnosis is none for passing.
            passing = DIALECT.read_opinion(f"not my field.{quoted} {frame}", DOCTOR, DERM34)
            assert passing is not None and passing.reason == ""


def test_every_way_to_pass_is_read() -> None:
    for frame in frames("doctor", "specialist", "outside"):
        word = DIALECT.read_opinion(f"not my field. {frame}", DOCTOR, DERM34)
        assert word is not None and word.reason == frame
        named = DIALECT.read_opinion(f"acne. {frame}", DOCTOR, DERM34)
        assert named is not None and named.reason == ""


def test_every_kind_of_frame_in_the_bank_has_its_test() -> None:
    reactions = {"acknowledge", "acknowledge_worried", "acknowledge_angry"}
    talk = {"greeting", "greeting_plain", *reactions, "consult", "triage", "specialist", "explain", "reply"}
    assert set(bank("doctor")) == talk
    assert set(bank("doctor")["triage"]) == {"seen", "told", "alarm"}
    assert set(bank("doctor")["specialist"]) == {"seen_told", "seen", "told", "told_two", "neither", "outside"}
    assert set(bank("doctor")["explain"]) == {"seen_told", "seen", "told", "plain", "alarm", "emergency"}
    assert set(bank("patient")) == set(TEMPERAMENTS)
    spoken = {"open", "unknown", "satisfied", "reluctant", "more"}
    answers = {*KINDS, "child", "child_absent", "ask_back"}
    for entry in bank("patient").values():
        assert set(entry) == {*spoken, *(f"{kind}_child" for kind in spoken), *answers}


# -- the banks ---------------------------------------------------------------------------------------------------------


def test_every_slot_of_the_banks_is_known() -> None:
    tagged = {*SLOTS, SEEN, CLINIC, NAME, REPLY, *ADVICE}
    assert tagged <= set(TAGS)
    for name in ("patient", "doctor"):
        for path in paths(bank(name)):
            for frame in frames(name, *path):
                assert "{" not in frame and set(re.findall(r"<.*?>", frame)) <= tagged, frame
    for name in ADVICE_FILES:
        assert not any(mark in line for line in lines_of(bank(name)) for mark in "{<"), name


def paths(entry: Any, *path: str) -> Iterator[tuple[str, ...]]:
    if isinstance(entry, dict):
        for key, part in entry.items():
            yield from paths(part, *path, key)
    else:
        yield path


def test_an_entry_that_is_not_there_has_no_frames() -> None:
    assert frames("doctor", "none") == frames("patient", "sanguine", "ask_back", "none") == ()
    # A group of entries is no entry.
    assert frames("doctor", "explain") == ()
    assert taught_questions("questions", "hobbies") == ()


@pytest.mark.parametrize("temperament", TEMPERAMENTS)
def test_no_phrase_of_a_temperament_is_in_more_than_a_twentieth_of_its_lines(temperament: str) -> None:
    said, phrases = list(lines_of(bank("patient")[temperament])), Counter[tuple[str, ...]]()
    for line in said:
        words = line.lower().replace("{", " {").split()
        phrases.update({tuple(words[i : i + 4]) for i in range(len(words) - 3)})
    telling = {phrase: n for phrase, n in phrases.items() if not any("{" in word for word in phrase)}
    assert max(telling.values()) / len(said) <= 0.05


@pytest.mark.parametrize(
    ("topic", "none", "kind"),
    [
        ("site", False, "plain"),
        ("age", False, "plain"),
        ("sensation", False, "trouble"),
        ("alarm", False, "trouble"),
        ("history", False, "story"),
        ("hobbies", False, "story"),
        ("alarm", True, "absent"),
        ("site", True, "absent"),
    ],
)
def test_the_kind_of_a_fact(topic: str, none: bool, kind: str) -> None:
    assert kind_of_fact(Fact(topic, topic, "it is so", none=none)) == kind


# -- other wordings of the advice --------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", LABELS)
def test_every_sentence_of_a_label_has_two_other_wordings_that_say_it(derm34: Scenario, label: str) -> None:
    for sentence in sentences(derm34.labels[label]):
        others = rewordings().get(sentence, ())
        assert len(set(others)) >= 2 and sentence not in others, sentence
        for other in others:
            assert says(other, sentence), (sentence, other)
            assert DIALECT.read_rewording(other, sentence) == other


def test_a_wording_of_another_sentence_or_a_broken_one_is_refused() -> None:
    (first, others), (second, _) = list(rewordings().items())[:2]
    assert DIALECT.read_rewording(others[0], second) is None
    assert DIALECT.read_rewording(others[0].rsplit(" ", 1)[0], first) is None
    assert DIALECT.read_rewording(f"{others[0]} {others[1]}", first) is None
    assert DIALECT.read_rewording("", first) is None
    assert DIALECT.read_rewording(others[0], "Nobody says this.") is None


def test_only_what_the_scenario_says_is_worded_and_each_sentence_in_one_file(derm34: Scenario) -> None:
    said = {sentence for label in derm34.labels.values() for sentence in sentences(label)}
    assert set(rewordings()) == said
    assert not set(bank(ADVICE_FILES[0])) & set(bank(ADVICE_FILES[1]))


@pytest.mark.parametrize("child", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("temperament", TEMPERAMENTS)
def test_every_line_that_is_offered_to_a_patient_can_be_read(temperament: str, count: int, child: bool) -> None:
    for first in FACTS.values():
        task = PatientTask("answer", (first, OTHER, FACTS["plain"])[:count])
        view = patient(temperament, child=child)
        lines = patient_lines(temperament, task, child=child)
        assert lines and len(set(lines)) == len(lines)
        assert all(DIALECT.read_patient_line(line, task, view) for line in lines)
        prompt = DIALECT.patient_line(view, task, temperaments()[temperament])
        assert prompt.choice is not None and prompt.choice.options == lines


def test_a_frame_is_not_offered_twice_while_others_remain() -> None:
    task = PatientTask("answer", (FACTS["plain"],))
    lines = patient_lines("choleric", task, child=False)
    telling = next(line for line in lines if len(line) > 30)
    said = telling.replace("<fact>", "It is on my hands")
    assert set(lines) - set(patient_lines("choleric", task, child=False, said=(said,))) >= {telling}
    assert fresh((telling,), (said,)) == (telling,)


def test_every_wording_of_advice_is_sound_in_every_frame() -> None:
    for sentence, others in rewordings().items():
        prompt = DIALECT.rewording(sentence)
        assert prompt.choice is not None and prompt.choice.options == others
        assert all(DIALECT.read_rewording(other, sentence) == other for other in others), sentence
