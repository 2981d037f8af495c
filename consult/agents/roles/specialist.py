"""A specialist: one independent opinion from transcript and photograph."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from consult.agents.acts import NOT_MY_FIELD, DoctorView, Opinion, Usage
from consult.agents.roles.client import RequestContext, RoleClient, derive_seed
from consult.agents.roles.doctors import generate_with_retry, look, reason_again
from consult.scenarios import Scenario

NO_OPINION = "[gives no opinion]"
"""A program's text for a tiny model that gives no opinion; square brackets mark it as a program's."""


@dataclass(frozen=True)
class Specialist:
    """One member of a panel."""

    client: RoleClient
    specialty: str
    member: int
    """0-based number in the panel; part of the seed, so that members differ."""

    async def opinion(self, view: DoctorView, scenario: Scenario, context: RequestContext) -> tuple[Opinion, Usage]:
        """Return an opinion; after two unusable answers, an abstention."""
        dialect = self.client.dialect
        view, looked = await look(self.client, view, context, self.member)
        view = replace(view, own_order=self._own_order(view.labels, context))
        prompt = dialect.opinion(view, self.specialty, self.member)
        word, reply, cost = await generate_with_retry(
            self.client,
            prompt,
            "opinion",
            context,
            lambda text: dialect.read_opinion(text, view, scenario),
            self.member,
        )
        cost += looked
        if word is None:
            said = NO_OPINION if dialect.slots else ""
            return Opinion(self.specialty, None, None, said, usable=False, first_usable=False), cost
        if not word.reason and dialect.slots:
            reason, more = await self._reason(word.diagnosis, view, scenario, context)
            cost += more
            word = replace(word, reason=reason or dialect.plain_opinion(word, view))
        # The probability of "not my field" is no confidence in a diagnosis; the starter's format expects one.
        certain = word.diagnosis is not None or dialect.slots
        confidence = reply.probability if certain and reply.probability is not None else word.confidence
        return Opinion(
            specialty=self.specialty,
            diagnosis=word.diagnosis,
            confidence=confidence,
            reason=word.reason,
            first_usable=cost.unusable == 0,
            findings=word.findings,
            differential=word.differential,
            urgency=word.urgency,
            stated_confidence=word.confidence,
        ), cost

    def _own_order(self, labels: Sequence[str], context: RequestContext) -> tuple[str, ...]:
        """Draw the order in which this member reads the labels, so that a panel does not share one order's bias."""
        rng = random.Random(derive_seed(*context.seed, "labels", self.member))
        return tuple(rng.sample(labels, len(labels)))

    async def in_other_words(
        self, opinion: Opinion, given: Sequence[str], view: DoctorView, scenario: Scenario, context: RequestContext
    ) -> tuple[Opinion, Usage]:
        """Return the reason again without words of colleagues' reasons; unchanged if that fails."""
        view, looked = await look(self.client, view, context, self.member)
        reason, cost = await self._reason(opinion.diagnosis, view, scenario, context, given)
        return replace(opinion, reason=reason or opinion.reason), looked + cost

    async def _reason(
        self,
        diagnosis: str | None,
        view: DoctorView,
        scenario: Scenario,
        context: RequestContext,
        given: Sequence[str] = (),
    ) -> tuple[str, Usage]:
        """Ask only for the reason, after the diagnosis, as a choice."""
        dialect = self.client.dialect
        return await reason_again(
            self.client, dialect.opinion(view, self.specialty, self.member), f"{diagnosis or NOT_MY_FIELD}.",
            dialect.reasons(view, "specialist", outside=diagnosis is None, given=given), "opinion", context,
            lambda text: dialect.read_opinion(text, view, scenario), lambda again: again.reason,
            self.member, 2 if given else 1,
        )  # fmt: skip
