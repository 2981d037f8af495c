"""The rule assessor: each rule on a consultation made for it, and edits that flip their item and no other."""

from dataclasses import replace

import pytest
from narrowing import grammar_of

from consult.agents.acts import Act, Opinion
from consult.agents.assessors.rubric import BY_KEY, NOT_DECIDED
from consult.agents.assessors.rules import Played, assess_by_rules
from consult.agents.roles.advice import explained
from consult.scenarios import Fact, Truth, load_scenario
from consult.scenarios.conditional import known_of

SCENARIO = load_scenario("derm34")
CASES = [case for case in map(SCENARIO.case, SCENARIO.case_ids("test")[:120]) if case.truth.urgency != "emergency"][:50]
EMERGENCIES = [case for case in map(SCENARIO.case, SCENARIO.case_ids("test")) if case.truth.urgency == "emergency"][:5]
SEEN = "I go by {finding} in the picture."


def plan_of(name, case):
    """What the scenario says to this patient about a diagnosis."""
    return " ".join(explained(SCENARIO.labels[name], known_of(case.card)))


def basis_of(case):
    values = grammar_of(SCENARIO).tables.values["morphology"]
    return SEEN.format(finding=values[case.truth.morphology].finding)


def patient(case, topic):
    facts = case.card.about(topic)[:1]
    return Act("patient", "answer", "I'd say that " + "".join(f.text for f in facts), facts=tuple(f.id for f in facts))


def asks(case, topic, words):
    return [Act("attending", "ask", words, topic=topic), patient(case, topic)]


def good(case):
    """A consultation in which every rule is met."""
    name = case.truth.diagnosis
    return [
        Act("patient", "open", case.card.complaint.text, facts=(case.card.complaint.id,)),
        Act("triage", "triage", "Off you go.", specialty="dermatology", urgency="routine"),
        *asks(case, "history", "What illnesses have you had?"),
        *asks(case, "sensation", "What does it feel like?"),
        *asks(case, "trigger", "What brought it on?"),
        Act("attending", "consult", "Let me ask.", opinions=(Opinion("dermatology", name, 0.9, "so"),)),
        Act("attending", "conclude", f"This is {name}. {basis_of(case)} {plan_of(name, case)}", diagnosis=name),
        Act("patient", "satisfied", "Goodbye.", accepts=True),
    ]


def judged(case, acts):
    return {key: verdict.value for key, verdict in assess_by_rules(Played(case, SCENARIO, tuple(acts))).items()}


def concluding(acts, change):
    return [replace(act, text=change(act.text)) if act.action == "conclude" else act for act in acts]


def without_history(case, acts):
    cut = next(i for i, act in enumerate(acts) if act.topic == "history")
    return acts[:cut] + acts[cut + 2 :]


def without_other_questions(case, acts):
    kept = [i for i, act in enumerate(acts) if act.topic in ("sensation", "trigger")]
    return [act for i, act in enumerate(acts) if i not in kept and i - 1 not in kept]


def without_basis(case, acts):
    return concluding(acts, lambda text: text.replace(basis_of(case), ""))


def another_plan(case, acts):
    own = SCENARIO.labels[case.truth.diagnosis]
    apart = {own.name, *own.look_alikes}
    other = next(label for label in SCENARIO.labels if label not in apart)
    return concluding(acts, lambda text: text.replace(plan_of(own.name, case), plan_of(other, case)))


def without_red_flags(case, acts):
    net = SCENARIO.labels[case.truth.diagnosis].safety_net_for(known_of(case.card))
    return concluding(acts, lambda text: text.replace(net, ""))


def another_diagnosis(case, acts):
    other = next(label for label in SCENARIO.labels if label != case.truth.diagnosis)
    return [replace(act, diagnosis=other) if act.action == "conclude" else act for act in acts]


def with_a_rude_line(case, acts):
    rude = [Act("attending", "ask", "Stop whining, you are wasting my time. What is it now?", topic="course")]
    return acts[:4] + rude + [patient(case, "course")] + acts[4:]


EDITS = {
    without_history: {"1.1"},
    without_other_questions: {"1.2"},
    without_basis: {"1.3"},
    another_diagnosis: {"3.1"},
    another_plan: {"3.2"},
    without_red_flags: {"3.2"},
    with_a_rude_line: set(),
}


def test_there_are_enough_cases():
    assert len(CASES) == 50 and len(EMERGENCIES) == 5


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_edits_flip_their_item_and_no_other(case):
    before = judged(case, good(case))
    assert before == {"1.1": 1, "1.2": 1, "1.3": 1, "2.1": None, "2.2": None, "3.1": 1, "3.2": 1, "4.1": 2}
    for edit, items in EDITS.items():
        after = judged(case, edit(case, good(case)))
        flipped = {key for key in BY_KEY if after[key] != before[key]}
        # 4.1 follows from the others by its rule.
        assert flipped == items | ({"4.1"} if items else set()), edit.__name__
        assert all(after[key] == 0 for key in items), edit.__name__


@pytest.mark.parametrize("case", EMERGENCIES, ids=lambda case: case.id)
def test_an_emergency_wants_to_be_sent_where_it_belongs(case):
    assert judged(case, good(case))["3.2"] == 0
    sent = concluding(good(case), lambda text: "This cannot wait. Please go to the emergency department now.")
    assert judged(case, sent)["3.2"] == 1


def test_what_is_no_emergency_is_not_sent_to_one():
    sent = concluding(good(CASES[0]), lambda text: "This cannot wait. Please go to the emergency department now.")
    assert judged(CASES[0], sent)["3.2"] == 0


def test_levels_of_competence():
    case = CASES[0]
    assert judged(case, without_history(case, good(case)))["4.1"] == 1
    assert judged(case, another_plan(case, good(case)))["4.1"] == 0


def test_what_cannot_be_told_is_none_and_says_so():
    case = CASES[0]
    acts = concluding(good(case), lambda text: f"It is {case.truth.diagnosis}. Rest well and drink enough.")
    verdicts = assess_by_rules(Played(case, SCENARIO, tuple(acts)))
    for key in ("2.1", "2.2", "3.2", "4.1"):
        assert verdicts[key].value is None and verdicts[key].why.startswith(NOT_DECIDED)
    unknown = replace(case, truth=Truth(None, None, None))
    verdicts = assess_by_rules(Played(unknown, SCENARIO, tuple(good(case))))
    assert [verdicts[key].value for key in ("1.1", "3.1", "3.2", "4.1")] == [1, None, None, None]
    bare = replace(SCENARIO, topics={}, labels={})
    verdicts = assess_by_rules(Played(case, bare, tuple(good(case))))
    assert [verdicts[key].value for key in ("1.1", "1.2", "3.2")] == [None, None, None]


def test_no_conclusion_is_no_basis_no_diagnosis_and_no_plan():
    case = CASES[0]
    verdicts = judged(case, [act for act in good(case) if act.action not in ("conclude", "satisfied")])
    assert [verdicts[key] for key in ("1.1", "1.3", "3.1", "3.2", "4.1")] == [1, 0, 0, 0, 0]


def test_a_right_guess_without_looking_into_it_is_no_diagnostic_plan():
    case = CASES[0]
    acts = [act for act in good(case) if act.action in ("open", "conclude", "satisfied")]
    verdicts = judged(case, acts)
    assert (verdicts["3.1"], verdicts["3.2"]) == (0, 1)


@pytest.mark.parametrize("words", ["My colleagues think so, too.", "You told me: {fact}."])
def test_colleagues_and_facts_are_a_basis_too(words):
    case = CASES[0]
    fact = case.card.about("sensation")[0].text
    acts = without_basis(case, good(case))
    acts = concluding(acts, lambda text: f"{words.format(fact=fact)} {text}")
    assert judged(case, acts)["1.3"] == 1


def test_a_question_without_a_topic_is_known_by_its_words_or_its_answer():
    case = CASES[0]
    acts = without_history(case, good(case))
    for question in ("Could you run me through your past illnesses?", "And before?"):
        asked = [Act("attending", "ask", question), patient(case, "history")]
        assert judged(case, acts[:2] + asked + acts[2:])["1.1"] == 1


def test_verdicts_point_at_the_turns_that_they_rest_on():
    acts = good(CASES[0])
    verdicts = assess_by_rules(Played(CASES[0], SCENARIO, tuple(acts)))
    concluded = next(i for i, act in enumerate(acts) if act.action == "conclude")
    asked = {act.topic: i for i, act in enumerate(acts) if act.action == "ask"}
    assert verdicts["1.1"].turns == (asked["history"],)
    assert verdicts["1.2"].turns == (asked["sensation"], asked["trigger"])
    assert all(verdicts[key].turns == (concluded,) for key in ("1.3", "3.1", "3.2"))
    assert verdicts["2.1"].turns == ()


WHERE = "Have an eye doctor look at it today."
CALM = next(case for case in CASES if case.truth.urgency == "routine")
URGENT = replace(
    CALM,
    card=replace(
        CALM.card,
        facts=(
            *(fact for fact in CALM.card.facts if fact.topic != "alarm"),
            Fact("alarm", "alarm", "my eye is red", "near_eye", urgency="urgent", where=WHERE),
        ),
    ),
    truth=replace(CALM.truth, urgency="urgent", red_flag="near_eye"),
)


@pytest.mark.parametrize(
    ("told", "words", "value"),
    [
        (True, "", 0),
        (True, "If your eye hurts, see a doctor today. ", 0),
        (True, f"{WHERE} ", 1),
        (True, "Please see a doctor today. ", 1),
        (True, "Please go to the emergency department now. ", 1),
        (False, "", 1),
    ],
)
def test_an_urgent_alarm_that_was_told_wants_the_same_day(told, words, value):
    acts = concluding(good(URGENT), lambda text: words + text)
    acts = [*acts[:2], *(asks(URGENT, "alarm", "What frightened you?") if told else []), *acts[2:]]
    assert judged(URGENT, acts)["3.2"] == value


@pytest.mark.parametrize(
    "words", ["This is not an emergency, and you need no ambulance.", "If your lips swell, go to the ER at once."]
)
def test_a_safety_net_sends_nobody_to_an_emergency_department(words):
    case = EMERGENCIES[0]
    assert judged(case, concluding(good(case), lambda text: words))["3.2"] == 0
    plain = concluding(good(CASES[0]), lambda text: f"It is {CASES[0].truth.diagnosis}. {words}")
    assert judged(CASES[0], plain)["3.2"] is None


def basis_cited(told, learned=(), consulted=True):
    """What 1.3 says of a conclusion in these words, with facts that the patient told."""
    case = CASES[0]
    facts = tuple(Fact(f"f{i}", "course", text) for i, text in enumerate(learned))
    case = replace(case, card=replace(case.card, facts=facts))
    acts = [
        Act("patient", "open", case.card.complaint.text, facts=(case.card.complaint.id,)),
        Act("patient", "answer", " ".join(learned), facts=tuple(fact.id for fact in facts)),
        *([Act("attending", "consult", "Let me ask.")] if consulted else []),
        Act("attending", "conclude", told, diagnosis="caries"),
    ]
    return assess_by_rules(Played(case, SCENARIO, tuple(acts)))["1.3"]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("I see a brownish stain on a tooth, so it is caries.", "names what was seen: a brownish stain on a tooth"),
        (
            "If you look closely, you'll find a brownish stain on a tooth.",
            "names what was seen: a brownish stain on a tooth",
        ),
        (
            "There is a clear centre in the red ring. It's mycosis.",
            'names what was seen, in other words: "There is a clear centre in the red ring."',
        ),
        ("You told me: it gets worse day by day.", "names what was learned: it gets worse day by day"),
        (
            "You said that day after day it is getting worse.",
            'names what was learned, in other words: "You said that day after day it is getting worse."',
        ),
        ("All my colleagues think of caries.", "names the colleagues"),
    ],
)
def test_a_basis_is_cited_as_it_was_said(told, why):
    verdict = basis_cited(told, ["it gets worse day by day"])
    assert (verdict.value, verdict.why) == (1, why)


@pytest.mark.parametrize(
    "told",
    [
        "It is caries. Come back if it gets worse day by day.",
        # The scenario's explanation, as it is and in other words.
        "Caries is a hole in a tooth, where acid made by bacteria dissolves the hard enamel and then the dentine.",
        "Put simply, caries is a hole in a tooth where acid has dissolved the hard enamel and then the dentine.",
        # Advice of the doctor's own, which has words of a fact.
        "Keep an eye on it day by day, and worse pain gets tablets.",
        "Please see a specialist.",
        "It is caries, from all that I know.",
    ],
)
def test_what_is_said_to_everybody_is_no_basis(told):
    verdict = basis_cited(told, ["it gets worse day by day"])
    assert (verdict.value, verdict.why) == (0, "names no basis")


def test_colleagues_who_were_not_asked_are_no_basis():
    assert basis_cited("All my colleagues think of caries.", consulted=False).value == 0
