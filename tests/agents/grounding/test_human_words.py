"""What a person's own words say: an absence, or a danger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import consult.scenarios
from consult.agents.grounding.human_words import danger_in, denies
from consult.scenarios.located_yaml import read_yaml

ABSENT = """
No
no.
Nope
No, nothing at all
no, nothing like that.
Not that I know
Not that I know of.
not really
Not at all
None
None that I remember
Never
never had anything like that
Nothing
Nothing so far, doctor
I don't think so.
No, I don't.
I have no allergies
I haven't tried anything.
I have not tried anything yet
I've never had it before
There is no pain
There's nothing
It doesn't hurt.
It does not itch at all
It isn't painful
I'm not pregnant
I am not taking any medicines
I don't take any medicine
I take nothing
No fever, no bleeding
No fever and no chills
Nobody in my family
No one I know of has it
Well, no
No, thank you
Luckily not
I don't know.
no idea
I can't remember
My parents don't have any allergies
without fever
""".strip().splitlines()

PRESENT = """
Yes
It hurts
No, it hurts
no, but my mother has asthma
It does not itch, but it burns
I can't breathe
It never stops itching
It won't heal
It doesn't go away
It isn't getting better
I couldn't sleep
I haven't slept for days
I don't feel well
I'm not well
No sleep at all
No feeling in my foot
No relief from any cream
Nothing helps
nothing worked
It has not healed
It does not stop
I can't see
Never without pain
Not on my face, on my hands
No longer than a week
It has not improved
It hasn't changed
Only at night
I don't know what to do, it burns
No fever and my throat is closing
Both arms
""".strip().splitlines()


@pytest.mark.parametrize("said", ABSENT)
def test_an_absence_is_read(said: str) -> None:
    assert denies(said) and denies(said.upper()) and denies(said.replace("'", "\u2019"))
    assert not danger_in(said)


@pytest.mark.parametrize("said", [*PRESENT, "", "…"])
def test_what_is_there_is_no_absence(said: str) -> None:
    assert not denies(said) and not denies(said.upper())


@pytest.mark.parametrize(
    "said",
    [
        "I can't breathe and my throat is closing",
        "I can't breathe and my lips are swelling",
        "I cannot breathe properly",
        "I have trouble breathing",
        "I find it hard to breathe at night",
        "my lips are swelling",
        "my tongue is all swollen",
        "My throat feels tight",
        "I fainted twice",
        "I passed out this morning",
        "I have chest pain",
        "there's a pain in my chest",
        "My chest feels tight",
        "I can't swallow",
        "I suddenly lost my sight",
        "I can't see on my left eye",
        "it won't stop bleeding",
        "I am coughing up blood",
        "I have a fever and a stiff neck",
        "My baby won't wake up",
        "I want to die",
        "No rash, but I can't breathe",
        "He won't drink and is very drowsy",
        "I couldn't sleep and have chest pain",
        "I have no appetite and chest pain",
        "I can't work and feel short of breath",
        "I do not know why I can't breathe",
    ],
)
def test_a_danger_is_read(said: str) -> None:
    assert danger_in(said) == danger_in(f"I have had this for a week. {said}.") == said
    assert danger_in(said.upper()) and danger_in(said.replace("'", "\u2019"))
    assert not denies(said)


@pytest.mark.parametrize(
    "said",
    [
        *(said for said in PRESENT if "breathe" not in said and "throat" not in said and said != "I can't see"),
        "I have no chest pain",
        "He denies chest pain and shortness of breath",
        "I fell over and hurt myself there",
        "I never fainted",
        "There is no trouble breathing",
        "No fever, no shortness of breath",
        "I don't have any swelling of my lips",
        "My lips are dry and cracked",
        "The spot on my chest itches",
        "My elbow itches and it's scaly.",
        "I can't see what it is on my back",
        "I have a blister on my tongue",
        "My face is red",
    ],
)
def test_no_danger_is_made_up(said: str) -> None:
    assert danger_in(said) == ""


def test_the_emergencies_of_a_scenario_are_read_and_little_else() -> None:
    """The patterns go by kinds of words; here is what patients of derm34 say, in some 2,300 ways."""
    values = read_yaml(Path(consult.scenarios.__file__).parent / "derm34" / "values.yaml").data
    alarms: dict[str, Any] = next(found for found in _nested(values, "alarm") if "fever_and_spread" in found)
    emergencies, others = [], []
    for name, value in alarms.items():
        if value.get("urgency") == "emergency":
            emergencies += _said(value)
        elif name == "none":
            others += _said(value)
    others += [said for said in _said(values) if not any(said in _said(value) for value in alarms.values())]
    found, made_up = sum(bool(danger_in(said)) for said in emergencies), [said for said in others if danger_in(said)]
    assert len(emergencies) == 100 and found >= 95
    # One patient with asthma talks of their breath.
    assert len(others) > 2_000 and len(made_up) <= 2, made_up


def _nested(node: Any, name: str) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get(name), dict):
            yield node[name]
        for value in node.values():
            yield from _nested(value, name)


def _said(node: Any) -> list[str]:
    """List all phrasings below a node."""
    if not isinstance(node, dict):
        return []
    own = [said for kind in ("phrasings", "child") if isinstance(node.get(kind), list) for said in node[kind]]
    return own + [said for value in node.values() for said in _said(value)]
