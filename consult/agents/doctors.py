"""What triage doctor, specialist and attending have in common: looking first, asking twice, and giving a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from consult.agents.acts import DoctorView, Usage
from consult.agents.models.model import Choice, Prompt, Reply
from consult.agents.voice import ATTEMPTS, Place, Voice, usage

W = TypeVar("W")


async def look(voice: Voice, view: DoctorView, place: Place, member: int = 0) -> tuple[DoctorView, Usage]:
    """Let a doctor describe the photograph, where its dialect asks for that apart."""
    prompt = voice.dialect.look(view)
    if prompt is None:
        return view, Usage()
    reply = await voice.say(prompt, "look", place, member=member)
    return replace(view, seen=voice.dialect.read_look(reply.text, view)), usage(reply)


async def reason_again(
    voice: Voice, prompt: Prompt, decided: str, reasons: Choice | None, task: str, place: Place,
    read: Callable[[str], W | None], member: int = 0, attempt: int = 1,
) -> tuple[W | None, Usage]:  # fmt: skip
    """Ask once more for the reason alone, after what was decided.

    Args:
        voice: Who is asked.
        prompt: What was asked.
        decided: How the first reply began, up to its reason.
        reasons: What the reason is held to; None where it is free.
        task: What the role was asked to do.
        place: Where in the run.
        read: Reads the whole reply.
        member: Number in the panel.
        attempt: Which attempt it is; each draws other noise.
    """
    again = replace(prompt, begin=decided, choice=reasons)
    reply = await voice.say(again, task, place, attempt, member)
    return read(reply.text), usage(reply)


async def ask_twice(
    voice: Voice, prompt: Prompt, task: str, place: Place, read: Callable[[str], W | None], member: int = 0
) -> tuple[W | None, Reply, Usage]:
    """Ask, and once more where the answer cannot be used.

    Returns:
        What was read (None where both answers were unusable), the last reply, and the cost of all.
    """
    cost = Usage(answers=1)
    for attempt in range(ATTEMPTS):
        reply = await voice.say(prompt, task, place, attempt, member)
        cost += usage(reply)
        word = read(reply.text)
        if word is not None:
            break
        if attempt == 0:
            cost += Usage(unusable=1)
    return word, reply, cost
