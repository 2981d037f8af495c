"""The graph's edges are the transitions that the environment's rules allow, found by playing all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asked
import pytest

from consult.agents.acts import Act, Action, Opinion
from consult.agents.choices import STRATEGIES, TEAMS
from consult.envs.config import Plan
from consult.envs.consultation import Consultation
from consult.envs.graph import EDGES
from consult.scenarios import load_scenario

SCENARIO = load_scenario("derm34")
ALARMED = next(i for i in SCENARIO.case_ids("alarms") if SCENARIO.case(i).truth.red_flag)
OPINIONS = (Opinion("dermatology", "eczema", 0.9, "so it looks"),) * 3


def acts(consultation: Consultation, node: str, offer: Action) -> Iterator[Act]:
    """Give the acts that answer an offer, in each way that rules tell apart."""
    card = consultation.case.card
    if node == "open":
        yield Act("patient", "open", f"{card.complaint.text}.", "complaint", facts=("complaint",))
    elif node == "triage":
        yield Act("triage", "triage", "so", specialty="dermatology", urgency="routine")
    elif node == "answer":
        fact = card.about(consultation.acts[-1].topic or "")[0]
        yield Act("patient", "answer", f"Well, {fact.text}.", fact.topic, facts=(fact.id,))
        yield Act("patient", "answer", "I don't know.", fact.topic)
    elif node == "react":
        topic = "contagious" if offer == "ask" else None
        yield Act("patient", offer, "Is it catching?" if topic else "Thank you.", topic)
    elif node == "reply":
        yield Act("attending", "answer", "No.")
    elif offer == "ask":
        yield from (Act("attending", "ask", "How is it?", topic) for topic in ("duration", "alarm"))
    elif offer == "examine":
        yield Act("attending", "examine", "I'll feel it.", "palpation")
    elif offer == "consult":
        yield Act("attending", "consult", "Let me ask.", opinions=OPINIONS)
    else:
        for urgency in ("routine", "emergency"):
            yield Act("attending", "conclude", "It is eczema.", diagnosis="eczema", urgency=urgency)


def transitions(consultation: Consultation, reached: set[object]) -> Iterator[tuple[str, str]]:
    """Play every act that is offered, and give (node, node that follows).

    Args:
        consultation: Where it stands.
        reached: Where play was before, by all that the rules read, so that each is played on from once.
    """
    seen = consultation.observe()
    last = consultation.acts[-1] if consultation.acts else None
    state = (
        seen.node, seen.offers, consultation.turns_left, consultation.must_consult, consultation.alarm_told,
        last and (last.speaker, last.action, last.topic), consultation.conclusion and consultation.conclusion.urgency,
    )  # fmt: skip
    if seen.node == "end" or state in reached:
        return
    reached.add(state)
    for offer in seen.offers:
        for act in acts(consultation, seen.node, offer):
            branch = Consultation(SCENARIO, consultation.case, consultation.plan, max_turns=consultation.max_turns)
            branch.restore(consultation.acts)
            # The attending chooses to consult or to conclude in one node of the graph, and does it in another.
            follows = branch.step(act).node
            done_in = {"consult": "panel", "conclude": "conclude"}.get(act.action, seen.node)
            if done_in != seen.node:
                yield from ((seen.node, done_in), (done_in, follows))
            else:
                yield (seen.node, follows)
            yield from transitions(branch, reached)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for case in ("test-0011", ALARMED):
        for strategy in STRATEGIES:
            for team in TEAMS:
                for most in (2, 3, 4):
                    plan = Plan(ordinal=1, case=case, temperament="choleric", strategy=strategy, team=team, seed=0)
                    consultation = Consultation(SCENARIO, SCENARIO.case(case), plan, max_turns=most)
                    consultation.reset()
                    found |= set(transitions(consultation, set()))
    return found | asked_about(tmp_path_factory.mktemp("asked") / "q")


def asked_about(folder: Path) -> set[tuple[str, str]]:
    """Answer a question about pictures with each team."""
    scenario, found = load_scenario(str(asked.folder(folder))), set[tuple[str, str]]()
    opinion = Opinion("radiology", "lung", 0.5, "")
    for team in TEAMS:
        plan = Plan(ordinal=1, case="test-0", temperament="none", strategy="no-dialogue", team=team, seed=0)
        consultation = Consultation(scenario, scenario.case("test-0"), plan)
        seen = consultation.reset()
        while seen.node != "end":
            actor, action = seen.actor, seen.offers[0]
            assert actor is not None
            after = consultation.step(Act(actor, action, opinions=(opinion,) * 3 if action == "consult" else ()))
            found.add((seen.node, after.node))
            seen = after
    return found


def test_the_rules_allow_no_transition_that_the_graph_lacks(played: set[tuple[str, str]]) -> None:
    # Wherever the turns are spent, the graph can end.
    drawn = {(node, follows) for node, others in EDGES.items() for follows in (*others, "end")}
    assert played <= drawn


def test_the_graph_draws_no_transition_that_the_rules_forbid(played: set[tuple[str, str]]) -> None:
    assert {(node, follows) for node, others in EDGES.items() for follows in others} <= played
