"""Render the prompts of one consultation without a model: a program answers each request by its schema.

The consultation is played by the same rules, roles and prompt formats as any other, so its prompts are those of play.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consult.agents.choices import TALK, Protocol
from consult.agents.models.model import ModelInfo, Prompt, Reply, Request, Role
from consult.agents.prompt import BUILT_IN, PromptTexts
from consult.agents.roles.client import RoleClient
from consult.envs.config import Plan
from consult.envs.consultation import Consultation
from consult.envs.graph import RoleModels, Session, play
from consult.envs.loops import run_to_end
from consult.scenarios import Case, Scenario

INFO = ModelInfo("rehearsal", "program")
TEMPERAMENT = "melancholic"
"""Asks back most often."""
_TALK_TURNS = 2
"""Lines of the doctor in a free talk."""
_SEEDS = 50
"""Most seeds that are tried until the patient asks back."""
_ACTS = ("ask", "ask", "examine", "consult", "conclude")
"""What the attending does, as far as it may."""


@dataclass(frozen=True)
class Rendered:
    """One prompt of the consultation."""

    role: Role
    task: str
    turn: int
    """Index of the turn that it is for."""
    member: int
    """Number in the panel, from 0."""
    prompt: Prompt


def rehearse(
    scenario: Scenario, case: Case, texts: PromptTexts = BUILT_IN, protocol: Protocol = "consult"
) -> list[Rendered]:
    """Render every prompt of a consultation of a team with a panel, or of a free talk, in order, without retries.

    Args:
        scenario: Its labels, topics and specialties.
        case: Whose patient it is.
        texts: The plain format's texts, or a user's.
        protocol: The rules of the consultation.
    """
    if protocol == TALK:
        return run_to_end(_play(scenario, case, texts, 0, protocol))
    found: list[Rendered] = []
    for seed in range(_SEEDS):
        found = run_to_end(_play(scenario, case, texts, seed))
        if case.question is not None or any(one.task == "reply" for one in found):
            break
    return found


async def _play(
    scenario: Scenario, case: Case, texts: PromptTexts, seed: int, protocol: Protocol = "consult"
) -> list[Rendered]:
    talks = protocol == TALK
    plan = Plan(
        ordinal=1,
        case=case.id,
        temperament=TEMPERAMENT,
        strategy="dialogue",
        team="solo" if talks else "panel",
        seed=seed,
        protocol=protocol,
    )
    asked: list[Request] = []
    program = _Program()

    def client(role: Role) -> RoleClient:
        return RoleClient(
            role, INFO, program.reply, record=lambda exchange: asked.append(exchange.request), texts=texts
        )

    specialist = client("specialist")
    role_models = RoleModels(
        patient=client("patient"),
        triage=client("triage"),
        attending=client("attending"),
        specialist=lambda specialty: specialist,
        together=_together,
        grounded=not talks,
        extractor=client("assessor") if talks else None,
    )
    consultation = Consultation(scenario, case, plan, max_turns=_TALK_TURNS if talks else 14)
    await play(Session("rehearsal.1", consultation, role_models, lambda idx, act: None))
    # The key: ordinal, turn, role, task, member, attempt.
    return [
        Rendered(one.role, one.task, int(one.key[1]), int(one.key[4]), one.prompt) for one in asked if one.key[5] == 0
    ]


async def _together(branches: Sequence[Awaitable[Any]]) -> list[Any]:
    return list(await asyncio.gather(*branches))


class _Program:
    """Answers requests with placeholders; what it decides is an entry of the menu."""

    def __init__(self) -> None:
        self._left = list(_ACTS)

    async def reply(self, request: Request) -> Reply:
        """Answer by the schema; a patient's facts are stated by the program that checks its lines."""
        prompt, member = request.prompt, int(request.key[4])
        if request.task == "action" and prompt.schema is not None:
            return Reply(self._act(prompt.schema["anyOf"]))
        if prompt.schema is not None:
            return Reply(json.dumps(_instance(prompt.schema, member)))
        if prompt.choice is not None:
            return Reply(prompt.choice.options[0])
        return Reply("" if request.role == "patient" else f"({request.task})")

    def _act(self, offers: Sequence[Mapping[str, Any]]) -> str:
        offered = {offer["properties"]["action"]["enum"][0]: offer for offer in offers}
        while self._left and self._left[0] not in offered:
            self._left.pop(0)
        act = self._left.pop(0) if self._left else "conclude"
        # The last question is about no topic of the menu, so that its topic is asked for.
        return json.dumps(_instance(offered[act], -1 if act == "ask" and "ask" not in self._left else 0))


def _instance(schema: Mapping[str, Any], nth: int, key: str = "") -> Any:
    """Return an object that fits a schema: the nth entry of each menu, and a placeholder for each text."""
    if "enum" in schema:
        return schema["enum"][nth % len(schema["enum"])]
    if schema["type"] == "object":
        return {name: _instance(one, nth, name) for name, one in schema["properties"].items()}
    if schema["type"] == "boolean":
        return False
    if schema["type"] == "array":
        return []
    return 0.5 if schema["type"] == "number" else f"({key})"
