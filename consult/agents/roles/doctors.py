"""Common parts of triage doctor, specialist and attending: look at the photograph, retry once, and give a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from consult.agents.acts import DoctorView, Usage
from consult.agents.models.model import Choice, Prompt, Reply
from consult.agents.prompt_formats.answers import json_object
from consult.agents.prompt_formats.clean import clean, without_thought
from consult.agents.prompt_formats.correction import UNSAYABLE, complaint, corrected
from consult.agents.prompt_formats.spoken import fault_of
from consult.agents.roles.client import ATTEMPTS, RequestContext, RoleClient, usage

W = TypeVar("W")

NO_REASON = "no reason that can be used"
"""Reason for refusing the reply to a repeated request for a reason."""

_READ_AS = {"ask": "a question", "consult": "a call for the panel", "conclude": "a conclusion"}
"""Kind of an act → how a reply without JSON was read."""


def _leniently(prompt: Prompt, text: str, word: object) -> str:
    """Describe how a reply was read that should be a JSON object but is not; empty if there is nothing to report."""
    if prompt.schema is None or json_object(without_thought(text)) is not None:
        return ""
    kind = getattr(word, "action", None) or getattr(word, "kind", None)
    return f"read as {_READ_AS.get(kind or '', 'plain text')}: no JSON object"


def _with_thought(word: W | None, reply: Reply) -> W | None:
    """Add the private thought that the backend told apart to an answer that has a place for it and none of its own."""
    if not reply.thought or getattr(word, "thought", None) != "":
        return word
    thought: Any = {"thought": clean(reply.thought)}
    return cast(W, replace(cast(Any, word), **thought))


async def look(
    client: RoleClient, view: DoctorView, context: RequestContext, member: int = 0
) -> tuple[DoctorView, Usage]:
    """Ask a doctor to describe the photograph, if its prompt format asks for that separately."""
    prompt = client.dialect.look(view)
    if prompt is None:
        return view, Usage()
    reply = (await client.generate(prompt, "look", context, member=member)).answer
    return replace(view, seen=client.dialect.read_look(reply.text, view)), usage(reply)


async def reason_again(
    client: RoleClient, prompt: Prompt, decided: str, reasons: Choice | None, task: str, context: RequestContext,
    read: Callable[[str], W | None], reason: Callable[[W], str], member: int = 0, attempt: int = 1,
) -> tuple[str, Usage]:  # fmt: skip
    """Ask again for the reason only, after the decision.

    Args:
        client: The doctor's client.
        prompt: The original prompt.
        decided: The beginning of the first reply, up to its reason.
        reasons: The allowed reasons; None if the reason is free.
        task: The role's task.
        context: The request's location in the run.
        read: Parses the whole reply.
        reason: Returns the reason in the parsed reply.
        member: Number in the panel.
        attempt: Number of the attempt; each draws other noise.

    Returns:
        The reason, empty if there is no usable one, and the cost.
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
    """Ask, and if the answer cannot be used, ask once more and say what was wrong.

    Args:
        client: The doctor's client.
        prompt: The prompt.
        task: The role's task.
        context: The request's location in the run.
        read: Parses a reply; returns None for one that cannot be used.
        member: Number in the panel.
        why: Returns why the last reply could not be parsed; by default the usual reason of the task.

    Returns:
        The parsed answer (None if both answers were unusable), the last reply, and the total cost.
    """
    cost = Usage(answers=1)
    for attempt in range(ATTEMPTS):
        exchange = await client.generate(prompt, task, context, attempt, member)
        reply = exchange.answer
        cost += usage(reply)
        word = _with_thought(read(reply.text), reply)
        if word is not None:
            exchange.note(_leniently(prompt, reply.text, word))
            break
        reason = why() if why else ""
        fault = fault_of(reply.text, task, client.texts) if client.dialect.in_words else ""
        exchange.refuse(reason, fault)
        if attempt == 0:
            cost += Usage(unusable=1)
        if exchange.before is not None:
            # A reply that was cut has had twice the room; the next one has it from the start.
            prompt = exchange.request.prompt
            client = replace(client, widens=False, sampling=replace(client.sampling, max_tokens=None))
        if client.dialect.in_words:
            prompt = corrected(prompt, complaint(exchange, reason or (fault and f"{UNSAYABLE}: it {fault}")))
    return word, reply, cost
