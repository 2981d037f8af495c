"""What triage doctor, specialist and attending have in common: asking twice, and who they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from consult.agents.acts import Usage
from consult.agents.models.model import Prompt, Reply
from consult.agents.voice import ATTEMPTS, Place, Voice, usage

W = TypeVar("W")


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
