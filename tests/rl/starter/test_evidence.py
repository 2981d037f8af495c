"""What is known in an example: by a generalist, by who knows the tables, by a member of a panel; what supports it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from consult.agents.acts import Line
from consult.agents.prompt_formats.starter import HABITS
from consult.agents.prompt_formats.starter_tags import TOPIC_TAGS
from consult.rl.starter.evidence import BY_SIGHT, SUPPORTS, Evidence, Knowledge
from consult.rl.starter.generalist import GENERAL, generalist
from consult.scenarios import URGENCIES, load_scenario
from consult.scenarios.case import ALARM
from consult.scenarios.case_generator import Grammar
from consult.scenarios.tables import ROOTS

SCENARIO = load_scenario("derm34")
assert isinstance(SCENARIO.source, Grammar)
GRAMMAR = SCENARIO.source
KNOWLEDGE = Knowledge(GRAMMAR)
TABLES = GRAMMAR.tables
LABELS = tuple(SCENARIO.labels)


def evidences(count: int, asked: int = 6, seed: int = 0) -> Iterator[Evidence]:
    """Take train cases whose patients have opened and answered so many questions."""
    rng = random.Random(seed)
    for _ in range(count):
        evidence = Evidence(KNOWLEDGE, rng.randrange(GRAMMAR.splits["train"]), rng)
        evidence.opening()
        evidence.interview(asked)
        yield evidence


# -- a generalist's tables ---------------------------------------------------------------------------------------------


def test_a_field_that_a_generalist_makes_nothing_of_tells_diagnoses_not_apart() -> None:
    tables, shared = generalist(TABLES), 0
    for name in TABLES.fields:
        before, after = TABLES.matrix(name, {}), tables.matrix(name, {})
        if name in GENERAL:
            assert np.array_equal(before, after), name
            continue
        shared += 1
        assert np.allclose(after, after[0]), name
        assert not np.allclose(before, before[0]), name
        assert after.shape == before.shape and tables.menu(name) == TABLES.menu(name)
    assert shared > 8 and set(GENERAL) <= set(TABLES.fields)


def test_what_is_shared_is_as_frequent_as_before() -> None:
    tables = generalist(TABLES)
    for label in LABELS:
        assert all(sum(table.values()) == pytest.approx(1) for table in tables.clinical[label].values())
    for field in ("morphology", "duration"):
        for value in TABLES.menu(field):
            usual = sum(TABLES.clinical[label][field].get(value, 0.0) for label in LABELS) / len(LABELS)
            assert tables.clinical["acne"][field].get(value, 0.0) == pytest.approx(usual)
    for field in set(TABLES.several) - set(GENERAL):
        for value in TABLES.menu(field):
            usual = sum(TABLES.shares[label][field].get(value, 0.0) for label in LABELS) / len(LABELS)
            assert tables.shares["acne"][field].get(value, 0.0) == pytest.approx(usual)
    assert tables.red_flags == TABLES.red_flags and tables.population == TABLES.population


def test_who_knows_every_field_has_the_tables_themselves() -> None:
    everything = generalist(TABLES, TABLES.fields)
    assert everything.clinical == TABLES.clinical and everything.shares == TABLES.shares
    nothing = generalist(TABLES, (ALARM,))
    seen = evidence_of(3).seen(True, ("site", "duration"))
    assert list(nothing.posterior(seen).values()) == pytest.approx([1 / len(LABELS)] * len(LABELS))


def evidence_of(number: int) -> Evidence:
    return Evidence(KNOWLEDGE, number, random.Random(number))


# -- who knows what ----------------------------------------------------------------------------------------------------


def test_a_generalist_makes_nothing_of_the_photograph_and_of_what_only_specialists_know() -> None:
    differ, by_sight = 0, []
    for evidence in evidences(40, asked=9):
        general, told = evidence.general(True), list(evidence.told)
        evidence.told = [topic for topic in told if topic in GENERAL]
        # What was told besides says nothing.
        assert evidence.general(True) == pytest.approx(general, abs=1e-9)
        if "site" in evidence.told:
            blind = evidence.general(False)
            by_sight.append(max(abs(general[label] - blind[label]) for label in LABELS))
        known = evidence.posterior(True, told)
        assert sum(general.values()) == pytest.approx(1) == sum(known.values())
        differ += max(abs(general[label] - known[label]) for label in LABELS) > 0.2
    assert differ > 15
    # What the photograph shows says nothing by itself, and next to nothing by what it excludes.
    assert len(by_sight) > 20 and sum(by_sight) / len(by_sight) < 0.05


def test_a_generalist_is_as_good_as_anybody_on_what_it_knows() -> None:
    for evidence in evidences(40):
        evidence.told = [topic for topic in evidence.told if topic in GENERAL]
        assert evidence.general(False) == pytest.approx(evidence.posterior(False), abs=1e-9)


def test_who_knows_the_tables_is_right_more_often() -> None:
    general, known = 0, 0
    for evidence in evidences(150):
        beliefs = evidence.general(True), evidence.posterior(True)
        right = [max(belief, key=lambda label: belief[label]) == evidence.case.truth.diagnosis for belief in beliefs]
        general, known = general + right[0], known + right[1]
    assert 15 < general < known - 30


def test_a_member_knows_its_own_field_in_full_and_others_as_a_generalist_does() -> None:
    for evidence in evidences(15):
        for specialty, own in KNOWLEDGE.fields.items():
            assert [GRAMMAR.labels[label].specialty == specialty for label in LABELS] == own.tolist()
            seen, scores = evidence.seen(True, evidence.told), evidence.of_field(True, specialty, 0)
            assert scores[own] == pytest.approx(TABLES.log_likelihood(seen)[own])
            assert scores[~own] == pytest.approx(KNOWLEDGE.general.log_likelihood(seen)[~own])


def test_each_member_of_a_panel_goes_by_its_habit() -> None:
    eyes_differ = story_differs = 0
    for evidence in evidences(30):
        whole, eyes, story = (evidence.of_field(True, "dermatology", member) for member in range(HABITS))
        blind = [evidence.of_field(False, "dermatology", member) for member in range(HABITS)]
        assert np.array_equal(story, blind[0]) and np.array_equal(story, blind[2])
        told, evidence.told = evidence.told, [t for t in evidence.told if t in BY_SIGHT]
        assert np.array_equal(eyes, evidence.of_field(True, "dermatology", 0))
        evidence.told = told
        eyes_differ += not np.allclose(eyes, whole)
        story_differs += not np.allclose(story, whole)
    assert min(eyes_differ, story_differs) > 20


def test_age_and_sex_are_known_where_they_are_on_the_file() -> None:
    evidence = evidence_of(5)
    on_file = evidence.seen(False, ())
    assert set(on_file) == {"complaint", "age", "sex"}
    unfiled = replace(evidence, filed=False)
    assert set(unfiled.seen(False, ())) == {"complaint"} and set(unfiled.seen(True, ())) - {"complaint"} == {
        "morphology",
        "view",
    }
    assert evidence.general(False) != unfiled.general(False)


# -- telling -----------------------------------------------------------------------------------------------------------


def test_what_is_told_is_told_once_and_the_age_is_not() -> None:
    for evidence in evidences(30, asked=30):
        assert len(set(evidence.told)) == len(evidence.told)
        assert set(evidence.told) == set(evidence.facts) - {"complaint", "age"}


def test_a_line_says_which_of_its_facts_are_absences() -> None:
    rng, absent = random.Random(1), 0
    for number in range(40):
        evidence = Evidence(KNOWLEDGE, number, rng)
        lines: tuple[Line, ...] = (*evidence.opening(), *evidence.interview(30))
        none = {topic for topic in evidence.told if any(fact.none for fact in evidence.facts[topic])}
        assert {topic for line in lines for topic in line.absences} == none
        absent += len(none)
        examined = {line.topic for line in lines if line.speaker == "attending"}
        assert examined == set(SCENARIO.examinations) & set(evidence.told)
    assert absent > 40


# -- what supports a diagnosis -----------------------------------------------------------------------------------------


def test_only_what_is_there_and_speaks_for_a_diagnosis_supports_it() -> None:
    absences = supporting = against = 0
    for evidence in evidences(60, asked=9):
        for label in (evidence.case.truth.diagnosis or "", "eczema"):
            support = evidence.support(label)
            # The age stands on the file, and an alarm is a reason to hurry.
            assert set(support) <= {"complaint", *evidence.told} - {"age", ALARM}
            assert set(support) <= set(TOPIC_TAGS) and all(SUPPORTS <= ratio <= 10 for ratio in support.values())
            for topic in ("complaint", *evidence.told):
                fact = evidence.facts[topic][0]
                absences += int(fact.none)
                assert not (fact.none and topic in support)
                if topic in TABLES.several or topic in ("age", ALARM) or fact.none:
                    continue
                usual = float(np.mean([max(TABLES.table(name, topic).get(fact.value, 0), 1e-6) for name in LABELS]))
                ratio = TABLES.table(label, topic).get(fact.value, 0) / usual
                assert (topic in support) == (ratio >= SUPPORTS), (topic, ratio)
                if topic in support:
                    assert support[topic] == pytest.approx(min(10.0, ratio))
                    supporting += 1
                against += int(ratio < SUPPORTS)
    assert min(absences, supporting, against) > 30


def test_the_photograph_supports_the_truth_more_often_than_another_diagnosis() -> None:
    truth = another = 0
    for evidence in evidences(100):
        diagnosis = evidence.case.truth.diagnosis or ""
        truth += evidence.sight_supports(diagnosis)
        another += evidence.sight_supports(LABELS[LABELS.index(diagnosis) - 7])
    assert truth > 60 > 40 > another


# -- the posterior as the story is told --------------------------------------------------------------------------------


def test_the_posterior_runs_along_the_lines_of_the_prompt() -> None:
    rng = random.Random(2)
    for number in range(60):
        evidence = Evidence(KNOWLEDGE, number, rng)
        lines = (*evidence.opening(), *evidence.interview(5))
        # As the dialect renders it: one line a clause, after two lines of other things.
        tags = ["", "", *(topic for line in lines for topic, _ in line.quotes)]
        posteriors = evidence.posterior_targets(True, 2)
        opened = len(evidence.case.card.opening)
        assert len(posteriors) == 1 + len(evidence.told) - opened
        for n, (line, posterior) in enumerate(posteriors):
            told = evidence.told[: opened + n]
            assert tags[line] == (told[-1] if told else "complaint")
            assert line + 1 == len(tags) or tags[line + 1] != tags[line]
            assert posterior == evidence.posterior(True, told)
        assert posteriors[-1][0] == len(tags) - 1


# -- alarms ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_alarm_counts_once_it_is_told() -> None:
    rng, heard = random.Random(3), 0
    assert all(evidence_of(n).case.truth.red_flag for n in KNOWLEDGE.alarmed[:20])
    assert 0 < len(KNOWLEDGE.alarmed) < GRAMMAR.splits["train"]
    for number in KNOWLEDGE.alarmed[:40]:
        evidence = Evidence(KNOWLEDGE, number, rng)
        diagnosis = evidence.case.truth.diagnosis or ""
        assert not evidence.alarmed
        before = URGENCIES.index(evidence.urgency(diagnosis))
        evidence.told = [ALARM]
        assert evidence.alarmed and URGENCIES.index(evidence.urgency(diagnosis)) >= before
        heard += URGENCIES.index(evidence.urgency(diagnosis)) > before
    calm = next(evidence_of(n) for n in range(100) if n not in KNOWLEDGE.alarmed)
    calm.told = [ALARM]
    assert heard > 10 and not calm.alarmed


def test_what_is_drawn_first_is_no_specialists_secret() -> None:
    assert set(ROOTS) <= set(GENERAL)
