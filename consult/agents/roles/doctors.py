"""What triage doctor, specialist and attending have in common: looking first, asking twice, and giving a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from consult.agents.acts import DoctorView, Usage
from consult.agents.models.model import Choice, Prompt, Reply
from consult.agents.prompt_formats.clean import without_thought
from consult.agents.prompt_formats.plain import json_object
from consult.agents.roles.client import ATTEMPTS, RequestContext, RoleClient, usage

W = TypeVar("W")

NO_REASON = "no reason that can be used"
"""Why a reply is refused that was to give its reason once more."""

_READ_AS = {"ask": "a question", "consult": "a call for the panel", "conclude": "a conclusion"}
"""Kind of an act → what a reply without JSON was read as."""


def _leniently(prompt: Prompt, text: str, word: object) -> str:
    """Say how a reply was read that is no JSON object though one was asked for; empty if nothing is to be said."""
    if prompt.schema is None or json_object(without_thought(text)) is not None:
        return ""
    kind = getattr(word, "action", None) or getattr(word, "kind", None)
    return f"read as {_READ_AS.get(kind or '', 'plain text')}: no JSON object"


async def look(
    client: RoleClient, view: DoctorView, context: RequestContext, member: int = 0
) -> tuple[DoctorView, Usage]:
    """Let a doctor describe the photograph, where its dialect asks for that apart."""
    prompt = client.dialect.look(view)
    if prompt is None:
        return view, Usage()
    reply = (await client.generate(prompt, "look", context, member=member)).answer
    return replace(view, seen=client.dialect.read_look(reply.text, view)), usage(reply)


async def reason_again(
    client: RoleClient, prompt: Prompt, decided: str, reasons: Choice | None, task: str, context: RequestContext,
    read: Callable[[str], W | None], reason: Callable[[W], str], member: int = 0, attempt: int = 1,
) -> tuple[str, Usage]:  # fmt: skip
    """Ask once more for the reason alone, after what was decided.

    Args:
        client: Who is asked.
        prompt: What was asked.
        decided: How the first reply began, up to its reason.
        reasons: What the reason is held to; None if it is free.
        task: What the role was asked to do.
        context: Where in the run.
        read: Reads the whole reply.
        reason: Returns the reason of what was read.
        member: Number in the panel.
        attempt: Which attempt it is; each draws other noise.

    Returns:
        The reason, empty where there is none that can be used, and the cost.
    """
    again = replace(prompt, begin=decided, choice=reasons)
    exchange = await client.generate(again, task, context, attempt, member)
    word = read(exchange.answer.text)
    found = "" if word is None else reason(word)
    if not found:
        exchange.refuse(NO_REASON)
    return found, usage(exchange.answer)


async def generate_with_retry(
    client: RoleClient, prompt: Prompt, task: str, context: RequestContext, read: Callable[[str], W | None],
    member: int = 0, why: Callable[[], str] | None = None,
) -> tuple[W | None, Reply, Usage]:  # fmt: skip
    """Ask, and once more where the answer cannot be used.

    Args:
        client: Who is asked.
        prompt: What is asked.
        task: What the role is asked to do.
        context: Where in the run.
        read: Reads a reply; None for one that cannot be used.
        member: Number in the panel.
        why: Tells why the last reply was not read; else the usual reason of the task is kept.

    Returns:
        What was read (None if both answers were unusable), the last reply, and the cost of all.
    """
    cost = Usage(answers=1)
    for attempt in range(ATTEMPTS):
        exchange = await client.generate(prompt, task, context, attempt, member)
        reply = exchange.answer
        cost += usage(reply)
        word = read(reply.text)
        if word is not None:
            exchange.why = _leniently(prompt, reply.text, word)
            break
        exchange.refuse(why() if why else "")
        if attempt == 0:
            cost += Usage(unusable=1)
    return word, reply, cost
