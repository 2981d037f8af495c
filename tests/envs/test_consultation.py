"""The rules of a consultation, driven by hand as a person or a trainer would."""

from dataclasses import replace

import pytest

from consult.agents.acts import Act, DoctorView, Opinion, PatientView
from consult.agents.roles.advice import AT_ONCE, SEEN_TODAY
from consult.envs.config import Plan
from consult.envs.consultation import Consultation, RuleError
from consult.scenarios import Card, Fact, load_scenario

SCENARIO = load_scenario("derm34")
OPINIONS = (Opinion("dermatology", "eczema", 0.9, "so it looks"),) * 3


def made(team="panel", strategy="dialogue", max_turns=14, case="test-0011", **more):
    plan = Plan(ordinal=1, case=case, temperament="choleric", strategy=strategy, team=team, seed=0)
    return Consultation(SCENARIO, SCENARIO.case(case), plan, max_turns=max_turns, **more)


def opened(**more):
    consultation = made(**more)
    consultation.reset()
    text = consultation.case.card.complaint.text
    consultation.step(Act("patient", "open", f"{text}.", "complaint", facts=("complaint",)))
    if consultation.plan.team == "panel":
        consultation.step(Act("triage", "triage", "so", specialty="dermatology", urgency="routine"))
    return consultation


def ask(topic):
    return Act("attending", "ask", "How is it?", topic)


def answer(consultation, topic):
    fact = consultation.case.card.about(topic)[0]
    return Act("patient", "answer", f"Well, {fact.text}.", topic, facts=(fact.id,))


def test_a_whole_consultation_in_order():
    c = opened()
    assert c.observe().node == "attend" and c.observe().offers == ("ask", "examine", "consult", "conclude")
    assert c.step(ask("duration")).actor == "patient"
    c.step(answer(c, "duration"))
    seen = c.observe().view
    assert isinstance(seen, DoctorView) and seen.asked == ("duration",) and seen.turns_left == 13
    assert seen.lines[-1].quotes == (("duration", c.case.card.about("duration")[0].text),)
    c.step(Act("attending", "consult", "Let me ask.", opinions=OPINIONS))
    assert c.observe().view.opinions == OPINIONS and "consult" not in c.observe().offers
    assert c.step(Act("attending", "conclude", "It is eczema.", diagnosis="eczema")).node == "react"
    assert c.step(Act("patient", "ask", "Is it catching?", "contagious")).node == "reply"
    assert c.step(Act("attending", "answer", "No.")).node == "react"
    end = c.step(Act("patient", "satisfied", "Thanks."))
    assert (end.node, end.actor, end.status) == ("end", None, "finished")
    assert c.disclosed == (1, 15)


def test_an_examination_is_answered_from_the_record():
    c = opened()
    c.step(Act("attending", "examine", "Let me see.", "temperature"))
    result = c.case.card.examination("temperature")[0].text
    assert c.lines[-1].text == f"Let me see. [temperature: {result}]"
    assert c.lines[-1].quotes == (("temperature", result),)
    c.step(Act("attending", "examine", "And?", "x-ray"))
    assert "the record holds no result" in c.lines[-1].text


def test_conclude_waits_for_the_panel_only_in_teams_that_have_one():
    assert opened().must_consult and opened(team="no-triage").must_consult and not opened(team="solo").must_consult
    assert "consult" not in opened(team="solo").observe().offers


def test_no_dialogue_and_emergencies_ask_nothing():
    assert opened(strategy="no-dialogue").observe().offers == ("consult", "conclude")
    c = made()
    c.step(Act("patient", "open", "Help.", "complaint"))
    c.step(Act("triage", "triage", "now", specialty="dermatology", urgency="emergency"))
    assert c.observe().offers == ("consult", "conclude")
    c.step(Act("attending", "consult", "x", opinions=OPINIONS))
    c.step(Act("attending", "conclude", "Go to the emergency department.", diagnosis="hives"))
    assert c.observe().offers == ("satisfied",)


def test_text_only_withholds_the_photograph():
    assert opened(strategy="text-only").observe().view.photograph is None
    assert opened().observe().view.photograph is not None


@pytest.mark.parametrize("limit", [2, 3, 6])
def test_the_last_turn_offers_only_the_conclusion(limit):
    c = opened(max_turns=limit)
    while "ask" in c.observe().offers:
        c.step(ask("duration"))
        c.step(answer(c, "duration"))
    assert c.turns_left == 2 and c.observe().offers == ("consult", "conclude")
    c.step(Act("attending", "consult", "x", opinions=OPINIONS))
    assert c.observe().node == "conclude" and c.observe().offers == ("conclude",)


def test_a_question_back_beyond_the_limit_is_unfinished():
    c = opened(max_turns=2)
    c.step(Act("attending", "consult", "x", opinions=OPINIONS))
    c.step(Act("attending", "conclude", "x", diagnosis="eczema"))
    assert c.observe().offers == ("satisfied",)
    with pytest.raises(RuleError, match="patient may satisfied"):
        c.step(Act("patient", "ask", "and?"))


@pytest.mark.parametrize(
    "act",
    [
        Act("patient", "answer", "I speak out of turn"),
        Act("triage", "triage", "again", specialty="dermatology"),
        Act("attending", "satisfied", "no"),
        Act("attending", "consult", "two only", opinions=OPINIONS[:2]),
    ],
)
def test_acts_out_of_order_are_refused_and_leave_no_trace(act):
    c = opened()
    before = list(c.acts)
    with pytest.raises(RuleError):
        c.step(act)
    assert c.acts == before


def test_views_hold_what_a_side_may_know_and_no_more():
    c = opened()
    doctor = c.observe().view
    c.step(ask("duration"))
    patient = c.observe().view
    assert isinstance(patient, PatientView)
    truth = c.case.truth.diagnosis
    assert truth in repr(doctor.labels) and truth not in repr(patient)
    told = {q for line in doctor.lines for _, q in line.quotes}
    assert not any(f.text in repr(doctor) for f in c.case.card.facts if f.text not in told)


def test_the_mixed_panel_is_the_same_for_a_case_under_every_temperament():
    first, again = made(team="no-triage"), made(team="no-triage")
    assert first.panel == again.panel and len(set(first.panel)) == 3
    assert len(made(team="no-triage", panel_size=12).panel) == 12


WHERE = "Have an eye doctor look at it today."


def alarmed(**more):
    """A consultation whose case has an alarm that is not told with the complaint."""
    c = made(**more)
    alarm = Fact("alarm", "alarm", "my eye is red and sore", "near_eye", urgency="urgent", where=WHERE)
    others = tuple(fact for fact in c.case.card.facts if fact.topic != "alarm")
    c.case = replace(c.case, card=replace(c.case.card, facts=(*others, alarm), opening=()))
    c.step(Act("patient", "open", f"{c.case.card.complaint.text}.", "complaint", facts=("complaint",)))
    if c.plan.team == "panel":
        c.step(Act("triage", "triage", "so", specialty="dermatology", urgency="soon"))
    return c


def tell(c, question, *, opening=False, facts=("alarm",)):
    if opening:
        c.acts[0] = replace(c.acts[0], facts=("complaint", *facts))
    else:
        c.step(question)
        c.step(Act("patient", "answer", "My eye is red and sore.", question.topic, facts=facts))
    return c


@pytest.mark.parametrize(
    ("question", "opening", "how"),
    [
        (None, True, "opening"),
        (ask("alarm"), False, "asked"),
        (ask("duration"), False, "volunteered"),
        (Act("attending", "ask", "Has anything about it alarmed or frightened you?"), False, "asked"),
    ],
)
def test_an_alarm_that_was_told_offers_an_early_end(question, opening, how):
    c = alarmed()
    assert c.must_consult and c.alarm_told is None and c.observe().view.where == ()
    tell(c, question, opening=opening)
    assert not c.must_consult and c.alarm_told == how
    assert c.observe().offers == ("ask", "examine", "consult", "conclude")
    assert c.observe().view.where == (WHERE,)
    c.step(Act("attending", "conclude", "See an eye doctor today.", diagnosis="shingles", urgency="urgent"))
    assert c.observe().offers == ("ask", "satisfied") and c.alarm_told == how


def test_an_alarm_that_is_told_after_the_conclusion_comes_too_late():
    c = alarmed(team="solo")
    c.step(Act("attending", "conclude", "It is acne.", diagnosis="acne"))
    c.step(Act("patient", "ask", "But my eye is red and sore?", facts=("alarm",)))
    assert c.alarm_told is None and c.alarms_told == ()


def test_what_did_not_happen_is_no_alarm():
    c = opened()
    none = c.case.card.about("alarm")[0]
    assert none.none and c.case.card.alarms == ()
    tell(c, ask("alarm"), facts=(none.id,))
    assert c.must_consult and c.alarm_told is None


def test_an_emergency_that_the_attending_finds_leaves_no_questions():
    c = tell(alarmed(), ask("alarm"))
    c.step(Act("attending", "conclude", "Go to the emergency department now.", urgency="emergency"))
    assert c.observe().offers == ("satisfied",)


# -- a person's own words ----------------------------------------------------------------------------------------------


def own(complaint, **more):
    c = made(case="test-0011", **more)
    c.case = replace(c.case, card=Card(Fact("complaint", "complaint", complaint), ()), origin="own")
    c.reset()
    c.step(Act("patient", "open", complaint, "complaint", facts=("complaint",), source="human"))
    if c.plan.team == "panel":
        c.step(Act("triage", "triage", "so", specialty="dermatology", urgency="soon"))
    return c


def says(c, topic, text):
    c.step(ask(topic))
    c.step(Act("patient", "answer", text, topic, source="human"))
    return c.observe().view


@pytest.mark.parametrize("said", ["No", "no, nothing at all", "Not that I know.", "I haven't tried anything."])
def test_what_a_person_denies_is_an_absence(said):
    seen = says(own("My elbow itches."), "alarm", said)
    assert seen.lines[-1].quotes == (("alarm", said),) and seen.lines[-1].absences == ("alarm",)
    assert seen.where == () and "alarm" in seen.asked


def test_an_alarm_in_a_persons_words_needs_to_be_seen():
    c = own("My elbow itches.")
    assert c.must_consult and c.observe().view.where == ()
    seen = says(c, "alarm", "It grew very fast.")
    assert (seen.where, seen.lines[-1].absences) == ((SEEN_TODAY,), ()) and not c.must_consult


@pytest.mark.parametrize("topic", ["sensation", None])
def test_a_danger_is_an_alarm_whatever_was_asked(topic):
    seen = says(own("My elbow itches."), topic, "It burns. I can't breathe.")
    assert ("alarm", "I can't breathe") in seen.lines[-1].quotes and seen.where == (AT_ONCE,)
    c = own("My lips are swelling. It began today.")
    seen = c.observe().view
    assert seen.lines[0].quotes[-1] == ("alarm", "My lips are swelling") and seen.where == (AT_ONCE,)
    assert not c.must_consult and "alarm" in seen.asked


def test_a_card_alarm_without_a_place_to_go_needs_to_be_seen():
    c = alarmed()
    facts = tuple(replace(fact, where="", urgency=None) for fact in c.case.card.facts)
    c.case = replace(c.case, card=replace(c.case.card, facts=facts))
    assert tell(c, ask("alarm")).observe().view.where == (SEEN_TODAY,)


def test_a_card_is_not_searched_for_dangers():
    c = made()
    complaint = Fact("complaint", "complaint", "I can't breathe")
    c.case = replace(c.case, card=replace(c.case.card, complaint=complaint))
    c.reset()
    c.step(Act("patient", "open", "I can't breathe.", "complaint", facts=("complaint",)))
    assert [topic for topic, _ in c.lines[0].quotes] == ["complaint"]
