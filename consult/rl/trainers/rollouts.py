"""Rollouts: whole consultations played by the policy, on the same graph and the same batcher as in play.

The attending's choices are drawn from the current weights and recorded, each with the prompt that it was made on. All
other roles are frozen. During training, the program writes the starter's text that affects no decision, as it does if a
model's draft is rejected: the starter's doctors read a patient's line as the clauses of its facts, and an opinion
without its reason. Any other model writes its own text, as in play.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from consult.agents.choices import SPEAKING_ROLES, SpeakingRole
from consult.agents.models.model import Model, ModelInfo, Reply, Request, Role
from consult.agents.roles.client import RoleClient, Sampling
from consult.agents.temperament import own_temperament
from consult.envs.batcher import Batcher
from consult.envs.config import Plan, RunConfig
from consult.envs.consultation import Consultation
from consult.envs.graph import RoleModels, Session, play
from consult.envs.loops import run_to_end
from consult.rl.rewards.decisions import Interview
from consult.scenarios import Case, Scenario

TRAINED = ("action", "decision")
"""Tasks of the attending whose choices are trained."""
ASSIGNED = {"triage": "triage", "specialist": "opinion"}
"""Role → task of a frozen starter; the program writes all its other text."""
NAMED = 4
"""Tokens of an opinion without its reason."""


@dataclass(frozen=True)
class RecordedChoice:
    """One choice that the attending made."""

    request: Request
    said: str
    """The reply as the policy wrote it."""


@dataclass(frozen=True)
class Episode:
    """One consultation, played."""

    consultation: Consultation
    choices: tuple[RecordedChoice, ...]
    failed: bool = False

    @property
    def interview(self) -> Interview:
        """Return the input of the rewards."""
        status = "failed" if self.failed else self.consultation.status
        return Interview(self.consultation.scenario, self.consultation.case, tuple(self.consultation.acts), status)


@dataclass
class _Attending:
    """The policy as a backend that records its choices."""

    policy: Model
    noted: dict[int, list[RecordedChoice]] = field(default_factory=dict)
    """Ordinal of the consultation → its choices."""

    @property
    def info(self) -> ModelInfo:
        return self.policy.info

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Ask the policy for its choices; the program writes its other text."""
        chosen = [request for request in requests if request.task in TRAINED]
        replies = iter(self.policy.generate(chosen)) if chosen else iter(())
        found = [next(replies) if request.task in TRAINED else Reply("") for request in requests]
        for request, reply in zip(requests, found, strict=True):
            if request.task in TRAINED:
                self.noted.setdefault(int(request.key[0]), []).append(RecordedChoice(request, reply.text))
        return found


@dataclass(frozen=True)
class _Frozen:
    """The starter in roles that are not trained."""

    model: Model

    @property
    def info(self) -> ModelInfo:
        return self.model.info

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Ask only for decisions."""
        asked = [request for request in requests if ASSIGNED.get(request.role) == request.task]
        short = [
            replace(request, prompt=replace(request.prompt, max_new_tokens=min(request.prompt.max_new_tokens, most)))
            for request in asked
            for most in [NAMED if request.role == "specialist" else 2 * NAMED]
        ]
        replies = iter(self.model.generate(short)) if short else iter(())
        return [next(replies) if ASSIGNED.get(r.role) == r.task else Reply("") for r in requests]


@dataclass(frozen=True)
class RolloutEngine:
    """Plays consultations.

    Args:
        scenario: The scenario with the cases.
        policy: The policy as a backend.
        others: Role → model of each other role.
        max_turns: Most doctor turns.
    """

    scenario: Scenario
    policy: Model
    others: Mapping[Role, Model]
    max_turns: int = RunConfig.model_fields["max_turns"].default

    def play(self, cases: Sequence[Case], seeds: Sequence[int], sampling: Sampling) -> list[Episode]:
        """Play a consultation for each case, all at once.

        Args:
            cases: One case per episode; a case may occur more than once.
            seeds: Seed of each episode's draws.
            sampling: Temperature and top-p of the attending's choices.
        """
        return run_to_end(self._play(cases, seeds, sampling))

    async def _play(self, cases: Sequence[Case], seeds: Sequence[int], sampling: Sampling) -> list[Episode]:
        attending = _Attending(self.policy)
        batcher = Batcher(max(1, len(cases)), held=1.0)
        role_models = self._role_models(batcher, attending, sampling)
        played = [self._consultation(i, case, seed) for i, (case, seed) in enumerate(zip(cases, seeds, strict=True), 1)]
        batcher.open(len(played))
        try:
            failed = await asyncio.gather(*(self._one(consultation, role_models, batcher) for consultation in played))
        finally:
            batcher.shutdown()
        return [
            Episode(consultation, tuple(attending.noted.get(consultation.plan.ordinal, ())), broke)
            for consultation, broke in zip(played, failed, strict=True)
        ]

    async def _one(self, consultation: Consultation, role_models: RoleModels, batcher: Batcher) -> bool:
        """Play one consultation and return whether it failed, which is a result and not a crash."""
        try:
            await play(Session(str(consultation.plan.ordinal), consultation, role_models, lambda idx, act: None))
        except Exception:
            if batcher.broken is not None:
                raise
            return True
        finally:
            batcher.close()
        return False

    def _consultation(self, ordinal: int, case: Case, seed: int) -> Consultation:
        plan = Plan(
            ordinal=ordinal,
            case=case.id,
            temperament=own_temperament(self.scenario, case.id),
            strategy="dialogue",
            team="panel",
            seed=seed,
        )
        return Consultation(self.scenario, case, plan, max_turns=self.max_turns)

    def _role_models(self, batcher: Batcher, attending: _Attending, sampling: Sampling) -> RoleModels:
        # Only the starter's text is shortened; a server answers each request on its own, as in play.
        frozen = {id(one): _Frozen(one) if one.info.dialect == "starter" else one for one in self.others.values()}

        def client(role: Role) -> RoleClient:
            usual = RunConfig.model_fields[role].default
            model = frozen[id(self.others[role])]
            drawn = Sampling(usual.temperature, usual.top_p)
            return RoleClient(role, model.info, batcher.for_model(model), drawn, widens=False)

        specialist, trained = client("specialist"), batcher.for_model(attending)
        others: list[SpeakingRole] = [role for role in SPEAKING_ROLES if role != "attending"]
        return RoleModels(
            speakers={
                "attending": RoleClient("attending", attending.info, trained, sampling, widens=False),
                **{role: client(role) for role in others},
            },
            specialist=lambda _: specialist,
            together=batcher.together,
        )
