"""Numbers are compared as values, however a person words them."""

from __future__ import annotations

import pytest

from consult.agents.grounding.claims import check_claims
from consult.agents.grounding.normal_form import normalised
from consult.agents.grounding.reading import Grounds


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("two thousand five hundred", "2500"),
        ("three hundred thousand", "300000"),
        ("a hundred and one", "101"),
        ("one hundred twenty", "120"),
        ("two dozen", "24"),
        ("a couple of dozen", "24"),
        ("ten point two five", "10.25"),
        ("thirty-eight point one", "38.1"),
        ("10,000", "10000"),
        ("38,5", "38.5"),
        ("22:30", "10:30"),
        ("half past ten", "10:30"),
        ("quarter to one", "12:45"),
        ("two thousand and eight", "2008"),
        ("nineteen ninety-eight", "1998"),
    ],
)
def test_words_and_digits_are_the_same_number(words: str, digits: str) -> None:
    assert normalised(words) == normalised(digits)


@pytest.mark.parametrize(
    ("fact", "line", "other"),
    [
        ("I take 1.5 mg of warfarin", "One point five milligrams of warfarin.", "5 mg of warfarin."),
        ("he is 2.5 years old", "He's two and a half.", "He's two."),
        ("it lasts about 30 seconds", "Half a minute.", "About 30 minutes."),
        ("I have lost half a stone", "I've lost seven pounds.", "I've lost a stone."),
        ("my blood pressure was 160/100", "A hundred and sixty over a hundred.", "160/10."),
        ("I take 100 µg of thyroxine", "0.1 mg of thyroxine.", "100 mg of thyroxine."),
        ("it lasts 2.5 hours", "Two hours and a half.", "Two hours."),
        ("I smoke a pack and a half a day", "One and a half packs a day.", "A pack a day."),
        ("I take 200 mg 20 minutes before food", "200 mg, 20 minutes before food.", "220 minutes before food."),
        ("I take 1/2 a tablet", "Half a tablet.", "Two tablets."),
        ("I take it every 8 hours", "Three times a day.", "Twice a day."),
        ("I drink 250 ml of milk", "A quarter of a litre of milk.", "Half a litre of milk."),
        ("I have had it for 9 months", "Three quarters of a year.", "Half a year."),
    ],
)
def test_another_number_is_refused_and_the_same_in_other_words_is_not(fact: str, line: str, other: str) -> None:
    assert not check_claims(line, Grounds((fact,)))
    assert check_claims(other, Grounds((fact,)))


@pytest.mark.parametrize("line", [f"My left knee{' ' * 8000}hurts.", "9" * 8000, "\n" * 2000 + "a", "a" * 61])
def test_a_line_without_end_is_too_long_at_once(line: str) -> None:
    assert [one.what for one in check_claims(line, Grounds(("my left knee hurts",)))] == ["is too long"]
