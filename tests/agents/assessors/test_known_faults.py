"""The transcripts with known faults: what they are, and that each differs from its twin in its fault alone."""

from collections import Counter
from itertools import pairwise

import pytest

from consult.agents.assessors.known_faults import known_transcripts
from consult.agents.assessors.rubric import BY_KEY

ALL = known_transcripts()
CLEAN = {one.id: one for one in ALL if not one.fault}
FAULTY = [one for one in ALL if one.fault]


def test_there_are_twenty_with_faults_and_each_has_a_twin_without():
    assert len(FAULTY) == 20 and len(CLEAN) == 5 and len({one.id for one in ALL}) == 25
    assert {one.twin for one in FAULTY} == set(CLEAN)


def test_each_item_is_lowered_and_met_often_enough_to_be_counted():
    lowered = Counter(item for one in FAULTY for item in one.lowers)
    met = Counter(item for one in ALL for item in BY_KEY if item not in (*one.lowers, *one.unclear))
    assert set(lowered) == set(met) == set(BY_KEY)
    assert min(lowered.values()) >= 5 and min(met.values()) >= 5


@pytest.mark.parametrize("one", FAULTY, ids=lambda one: one.id)
def test_a_fault_is_heard_and_names_items_of_the_rubric(one):
    assert one.view.lines != CLEAN[one.twin].view.lines and one.view.diagnosis == CLEAN[one.twin].view.diagnosis
    assert one.lowers and {*one.lowers, *one.unclear} <= set(BY_KEY) and not {*one.lowers} & {*one.unclear}


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_a_transcript_is_a_consultation(one):
    acts = [(line.speaker, line.action) for line in one.view.lines]
    assert acts[:2] == [("patient", "open"), ("triage", "triage")] and acts[-1] == ("patient", "satisfied")
    assert acts.count(("attending", "conclude")) == 1 and all(a != b for a, b in pairwise(acts))
    told = next(line.text for line in one.view.lines if line.action == "conclude")
    assert (one.view.diagnosis in told) == ("3.1" not in one.lowers)
