"""Lines of small pretrained models, read by hand: what no patient says is refused although it claims nothing."""

from __future__ import annotations

import pytest

from consult.agents.grounding.speech import not_speech

REFUSED = {
    "is what a doctor says, not a patient": [
        "Here's your next question: What's your next question?",
        "I'm here to help you.",
        "I'll treat you, I'll make your life easier.",
        "I'm just a little doctor.",
        "You're just going to tell me your troubles.",
        "I'm so glad you came to speak with me today.",
        "What can I do for you?",
        "I'm sorry, but I'm unable to assist you right now.",
        "I'm sorry for the misunderstanding.",
        "Please do not hesitate to ask about your preferences.",
        "Your case has been a long and detailed discussion.",
        "You have a medical condition.",
        "You have been sent to a room to discuss your personal troubles.",
        "Let me know if you have any questions.",
        "Is it itchy?",
        "Where is it?",
        "We'll run some tests.",
        "Thank you for coming in today.",
        "I hope you feel better soon.",
        "I don't have personal experiences.",
    ],
    "repeats its instructions": [
        "Greet the doctor.",
        '(Greeting) Say goodbye to the doctor, "Bye".',
        "Take your leave.",
        "The man thanks the doctor.",
        "My temperament is sanguine.",
        "I don't have any facts about that.",
        "That is not in my card.",
        "I will tell you about a medical consultation.",
        "No response.",
        "I'm a patient.",
    ],
}
ACCEPTED = [
    "Thank you, doctor.",
    "Nice to meet you, doctor. I came because my arm itches.",
    "What should I do next?",
    "Is it contagious? Is it dangerous?",
    "I'm here to discuss the rash on my arm.",
    "I'm here to help my son, he is shy.",
    "I'm a doctor myself.",
    "I'm glad I came.",
    "To answer your question, it began on Monday.",
    "I can't answer that, sorry.",
    "We'll do that, thank you.",
    "She says it hurts when she chews.",
    "The man at the pharmacy gave me a cream.",
    "I'll follow the instructions, doctor.",
]


@pytest.mark.parametrize(("why", "line"), [(why, line) for why, lines in REFUSED.items() for line in lines])
def test_what_no_patient_says_is_refused(why: str, line: str) -> None:
    assert not_speech(line) == why


@pytest.mark.parametrize("line", ACCEPTED)
def test_what_a_patient_says_is_speech(line: str) -> None:
    assert not_speech(line) == ""


def test_a_patient_may_repeat_what_it_heard() -> None:
    said = "Why did you say you have a condition of mine in mind?"
    assert not_speech(said) and not not_speech(said, heard="you have a condition")


@pytest.mark.parametrize(
    "line",
    [
        "I'm sorry, I was not able to use the paragraph you requested. I'll simply paste the paragraph you requested.",
        "I'll be happy to follow up after I've finished my response.",
        "The conversation has ended.",
        "- You're here to help, not to judge.",
        "1. It hurts.",
    ],
)
def test_what_a_small_model_says_at_the_end_is_no_patients(line: str) -> None:
    assert not_speech(line)


@pytest.mark.parametrize(
    "line", ["It's over, I suppose.", "-5 degrees outside, doctor!", "2 weeks now.", "1.5 litres a day."]
)
def test_a_number_or_an_end_is_speech(line: str) -> None:
    assert not not_speech(line)
