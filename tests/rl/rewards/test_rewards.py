"""What each reward pays, and what must not be paid."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consult.agents.acts import Act, DoctorView
from consult.agents.choices import Rationale
from consult.agents.prompt_formats import DIALECTS
from consult.agents.roles.advice import plain_explanation
from consult.rl.rewards.completion_parser import Decided, parse_decision, parse_diagnosis, parse_triage
from consult.rl.rewards.decisions import (
    DECISION_REWARDS,
    INTERVIEW_REWARDS,
    Interview,
    Target,
    is_pressing_enough,
    is_right,
    keeps_form,
)
from consult.scenarios import Scenario, load_scenario

ECZEMA = Target("eczema")


@pytest.fixture(scope="module")
def derm34() -> Scenario:
    return load_scenario("derm34")


def paid(text: str, scenario: Scenario, rationale: Rationale = "before") -> tuple[float, float]:
    decided = parse_diagnosis(text, scenario, rationale)
    return keeps_form(decided, ECZEMA), is_right(decided, ECZEMA)


def test_a_right_decision_in_its_form_is_paid_in_full(derm34: Scenario) -> None:
    assert paid("<think>It itches.</think><answer>eczema</answer>", derm34) == (0.5, 1.0)
    assert paid("<think>It itches.</think> <answer>Eczema</answer>\n", derm34) == (0.5, 1.0)
    assert paid("<answer>eczema</answer><think>It itches.</think>", derm34, "after") == (0.5, 1.0)
    assert paid("<answer>eczema</answer>", derm34, "none") == (0.5, 1.0)


def test_an_alias_is_the_label(derm34: Scenario) -> None:
    label = next(label for label in derm34.labels.values() if label.aliases)
    decided = parse_diagnosis(f"<think>So.</think><answer>{label.aliases[0]}</answer>", derm34)
    assert is_right(decided, Target(label.name)) == 1.0


def test_a_wrong_decision_is_paid_for_its_form_alone(derm34: Scenario) -> None:
    assert paid("<think>It itches.</think><answer>hives</answer>", derm34) == (0.5, 0.0)


GAMED = {
    "two answers": "<think>Well.</think><answer>eczema</answer><answer>hives</answer>",
    "the same answer twice": "<think>Well.</think><answer>eczema</answer><answer>eczema</answer>",
    "two labels in one answer": "<think>Well.</think><answer>eczema or hives</answer>",
    "the label within the thought": "<think>It is eczema.</think>",
    "an answer within the thought": "<think><answer>eczema</answer></think>",
    "a thought without end": "<think>I think, and think, <answer>eczema</answer>",
    "an answer without end": "<think>Well.</think><answer>eczema",
    "no answer": "It is eczema.",
    "nothing": "",
}


@pytest.mark.parametrize("text", GAMED.values(), ids=GAMED)
def test_gaming_is_not_paid(text: str, derm34: Scenario) -> None:
    assert paid(text, derm34) == (0.0, 0.0)


def test_all_labels_listed_are_not_paid(derm34: Scenario) -> None:
    assert paid(f"<think>One.</think><answer>{', '.join(derm34.labels)}</answer>", derm34) == (0.0, 0.0)
    listed = "".join(f"<answer>{label}</answer>" for label in derm34.labels)
    assert paid(f"<think>One.</think>{listed}", derm34) == (0.0, 0.0)


@pytest.mark.parametrize("text", ["<think></think><answer>eczema</answer>", "<think>  </think><answer>eczema</answer>"])
def test_an_empty_thought_keeps_no_form(text: str, derm34: Scenario) -> None:
    assert paid(text, derm34) == (0.0, 1.0)


def test_words_around_the_form_cost_its_pay(derm34: Scenario) -> None:
    assert paid("Sure! <think>It itches.</think><answer>eczema</answer>", derm34) == (0.0, 1.0)


def test_the_reason_has_its_place(derm34: Scenario) -> None:
    before = "<think>It itches.</think><answer>eczema</answer>"
    assert paid(before, derm34, "after") == (0.0, 1.0)
    assert paid(before, derm34, "none") == (0.0, 1.0)
    assert paid("<answer>eczema</answer>", derm34, "before") == (0.0, 1.0)


REASON = {"findings": "A red patch.", "reasoning": "It itches."}
VERDICT = {"diagnosis": "eczema", "differential": ["hives"], "confidence": 0.7, "urgency": "soon"}
WHOLE = json.dumps({**REASON, **VERDICT})


def paid_as_plain(text: str, scenario: Scenario, rationale: Rationale = "before") -> tuple[float, float]:
    view = DoctorView((), tuple(scenario.labels), (), {}, {}, rationale=rationale)
    decided = parse_decision(text, view, DIALECTS["plain"], scenario)
    return keeps_form(decided, ECZEMA), is_right(decided, ECZEMA)


def test_a_decision_in_json_is_paid_for_its_form(derm34: Scenario) -> None:
    assert paid_as_plain(WHOLE, derm34) == (0.5, 1.0)
    assert paid_as_plain(f"<think>Well.</think>\n{WHOLE}", derm34) == (0.5, 1.0)
    assert paid_as_plain(WHOLE.replace('"eczema"', '"hives"'), derm34) == (0.5, 0.0)
    assert paid_as_plain(json.dumps({**VERDICT, **REASON}), derm34, "after") == (0.5, 1.0)
    assert paid_as_plain(json.dumps(VERDICT), derm34, "none") == (0.5, 1.0)


OFF_FORM = {
    "the reason in another place": json.dumps({**VERDICT, **REASON}),
    "no reason": json.dumps(VERDICT),
    "an empty reason": json.dumps({**REASON, "reasoning": " ", **VERDICT}),
    "a key too many": json.dumps({**REASON, **VERDICT, "plan": "rest"}),
    "words around it": f"Here you are: {WHOLE}",
    "a confidence of 80": WHOLE.replace("0.7", "80"),
    "an urgency of its own": WHOLE.replace('"soon"', '"now"'),
    "a differential as text": WHOLE.replace('["hives"]', '"hives"'),
    "tags": "<think>It itches.</think><answer>eczema</answer>",
}


@pytest.mark.parametrize("text", OFF_FORM.values(), ids=OFF_FORM)
def test_a_right_answer_in_another_form_is_paid_for_being_right_alone(text: str, derm34: Scenario) -> None:
    assert paid_as_plain(text, derm34) == (0.0, 1.0)


GAMED_JSON = {
    "two objects": f"{WHOLE} {WHOLE.replace('eczema', 'hives')}",
    "two diagnoses": json.dumps({**REASON, **VERDICT, "diagnosis": "eczema or hives"}),
    "a list": json.dumps({**REASON, **VERDICT, "diagnosis": ["eczema"]}),
    "the key twice": WHOLE.replace('"confidence"', '"diagnosis": "eczema", "confidence"'),
    "the label in the reasoning": json.dumps({**REASON, "reasoning": "eczema"}),
    "a cut object": WHOLE[:60],
}


@pytest.mark.parametrize("text", GAMED_JSON.values(), ids=GAMED_JSON)
def test_gaming_the_object_is_not_paid(text: str, derm34: Scenario) -> None:
    assert paid_as_plain(text, derm34) == (0.0, 0.0)


def test_the_form_is_paid_on_unconstrained_samples_only() -> None:
    free, held = Decided("", "eczema", True), Decided("", "eczema", True, constrained=True)
    assert (keeps_form(free, ECZEMA), keeps_form(held, ECZEMA)) == (0.5, 0.0)
    assert is_right(held, ECZEMA) == 1.0


# -- triage ------------------------------------------------------------------------------------------------------------

CLINIC = Target("dermatology", "soon")


def triaged(text: str, scenario: Scenario, dialect: str = "plain") -> tuple[float, float, float]:
    view = DoctorView((), tuple(scenario.labels), scenario.specialties, scenario.topics, scenario.examinations)
    decided = parse_triage(text, view, DIALECTS[dialect])
    return keeps_form(decided, CLINIC), is_right(decided, CLINIC), is_pressing_enough(decided, CLINIC)


def answer(**fields: str) -> str:
    return json.dumps({**REASON, "specialty": "dermatology", "urgency": "soon", "why": "A rash.", **fields})


def test_a_right_triage_is_paid(derm34: Scenario) -> None:
    assert triaged(answer(), derm34) == (0.5, 1.0, 1.0)
    assert triaged(f"<think>A rash.</think>{answer()}", derm34) == (0.5, 1.0, 1.0)
    assert triaged("dermatology, soon.", derm34, "starter") == (0.5, 1.0, 1.0)
    assert triaged("dentistry, soon.", derm34, "starter") == (0.5, 0.0, 1.0)
    assert triaged(answer(urgency="emergency"), derm34) == (0.5, 1.0, 0.0)


@pytest.mark.parametrize(
    "text",
    [
        f"{answer()} {answer()}",
        answer(specialty="dermatology, dentistry, ophthalmology"),
        f"<think>{answer()}",
        f"<think>{answer()}</think>",
        "dermatology or dentistry",
        "",
    ],
)
def test_a_triage_that_games_is_not_paid(text: str, derm34: Scenario) -> None:
    assert triaged(text, derm34)[:2] == (0.0, 0.0)


def test_a_triage_with_words_around_it_keeps_no_form(derm34: Scenario) -> None:
    bare = json.dumps({"specialty": "dermatology", "urgency": "soon", "why": "A rash."})
    assert triaged(bare, derm34) == (0.0, 1.0, 1.0)
    assert triaged(f"Here you are: {answer()}", derm34) == (0.0, 1.0, 1.0)
    assert triaged(answer(extra="dentistry"), derm34)[0] == 0.0


def test_urgency_is_not_paid_where_nobody_knows_it(derm34: Scenario) -> None:
    view = DoctorView((), tuple(derm34.labels), derm34.specialties, derm34.topics, derm34.examinations)
    decided = parse_triage(answer(), view, DIALECTS["plain"])
    assert is_pressing_enough(decided, Target("dermatology", None)) == 0.0


# -- interviews --------------------------------------------------------------------------------------------------------


def interview(scenario: Scenario, *acts: Act, status: str = "finished") -> Interview:
    return Interview(scenario, scenario.case("train-0000"), acts, status)


def pay(name: str, played: Interview) -> float | None:
    return INTERVIEW_REWARDS[name](played)


@pytest.fixture(scope="module")
def finding(derm34: Scenario) -> str:
    card = derm34.case("train-0000").card
    return next(fact.id for fact in card.facts if not fact.none and fact.id not in card.opening)


def ask(topic: str) -> Act:
    return Act("attending", "ask", "Well?", topic)


def told(*facts: str) -> Act:
    return Act("patient", "answer", "So.", facts=facts)


def test_a_finding_is_paid_once(derm34: Scenario, finding: str) -> None:
    once = interview(derm34, ask(finding), told(finding))
    twice = interview(derm34, ask(finding), told(finding), ask(finding), told(finding))
    assert pay("new_finding", once) == pay("new_finding", twice) == 1.0
    assert pay("repeated", once) == 0.0 and pay("repeated", twice) == 1.0


def test_what_the_patient_opened_with_is_no_find(derm34: Scenario, finding: str) -> None:
    opened = Act("patient", "open", "Hello.", facts=(finding,))
    assert pay("new_finding", interview(derm34, opened, ask(finding), told(finding))) == 0.0


def test_a_fact_that_nobody_asked_for_is_no_find(derm34: Scenario, finding: str) -> None:
    assert pay("new_finding", interview(derm34, told(finding))) == 0.0


def test_an_absence_is_no_find(derm34: Scenario) -> None:
    cases = (derm34.case(i) for i in derm34.case_ids("train"))
    case = next(case for case in cases if any(fact.none for fact in case.card.facts))
    absent = next(fact for fact in case.card.facts if fact.none)
    played = Interview(derm34, case, (ask(absent.topic), told(absent.id)), "finished")
    assert pay("new_finding", played) == 0.0 and pay("unanswerable", played) == 0.0


def test_a_question_without_an_answer_is_counted(derm34: Scenario) -> None:
    assert pay("unanswerable", interview(derm34, ask("family"), told(), ask("site"), told("site"))) == 1.0


def test_the_limit_of_turns_is_counted(derm34: Scenario) -> None:
    assert pay("out_of_turns", interview(derm34, status="unfinished")) == 1.0
    assert pay("out_of_turns", interview(derm34)) == 0.0


def test_diagnosis_and_advice(derm34: Scenario) -> None:
    truth = derm34.case("train-0000").truth.diagnosis
    other = next(label for label in derm34.labels if label != truth)

    def concluded(diagnosis: str | None, text: str) -> Interview:
        return interview(derm34, Act("attending", "conclude", text, diagnosis=diagnosis))

    right = concluded(truth, plain_explanation(truth, "routine", derm34))
    assert (pay("diagnosis", right), pay("advice", right)) == (1.0, 1.0)
    listed = concluded(truth, f"It is {truth}. {', '.join(derm34.labels)}.")
    assert (pay("diagnosis", listed), pay("advice", listed)) == (1.0, 0.0)
    wrong = concluded(other, plain_explanation(other, "routine", derm34))
    assert (pay("diagnosis", wrong), pay("advice", wrong)) == (0.0, 0.0)
    assert pay("diagnosis", concluded(None, f"It may be {truth}.")) == 0.0
    assert pay("diagnosis", interview(derm34)) == 0.0


@pytest.fixture
def ward(derm34: Scenario) -> Scenario:
    """Make the same cases with open diagnoses."""
    return replace(derm34, labels={}, aliases={"eczema": ("atopic dermatitis",)})


@pytest.mark.parametrize(
    ("answer", "right"), [("ECZEMA.", 1.0), ("Atopic\u00a0Dermatitis", 1.0), ("eczema or hives", 0.0), ("itch", 0.0)]
)
def test_an_open_diagnosis_is_paid_by_name_and_alias(ward: Scenario, answer: str, right: float) -> None:
    decided = parse_diagnosis(f"<think>So.</think><answer>{answer}</answer>", ward)
    assert is_right(decided, Target("Eczema", scenario=ward)) == right
    case = ward.case("train-0000")
    case = replace(case, truth=replace(case.truth, diagnosis="Eczema"))
    acts = (Act("attending", "conclude", "", diagnosis=answer),)
    assert pay("diagnosis", Interview(ward, case, acts, "finished")) == right


def test_two_open_answers_are_not_paid_although_one_is_right(ward: Scenario) -> None:
    decided = parse_diagnosis("<think>So.</think><answer>eczema</answer><answer>hives</answer>", ward)
    assert is_right(decided, Target("eczema", scenario=ward)) == 0.0


@pytest.mark.parametrize("status", ["unfinished", "failed"])
def test_what_did_not_finish_is_not_paid_for_its_diagnosis(derm34: Scenario, status: str) -> None:
    truth = derm34.case("train-0000").truth.diagnosis
    concluded = Act("attending", "conclude", plain_explanation(truth, "routine", derm34), diagnosis=truth)
    assert pay("diagnosis", interview(derm34, concluded)) == 1.0
    assert pay("diagnosis", interview(derm34, concluded, status=status)) == 0.0
    assert pay("advice", interview(derm34, concluded, status=status)) == 0.0


def test_every_reward_says_what_it_pays() -> None:
    for reward in (*DECISION_REWARDS.values(), *INTERVIEW_REWARDS.values()):
        assert (reward.__doc__ or "").startswith(("1.0", "0.5"))
