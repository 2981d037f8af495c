"""Exchanges with models that wait for the turn or the verdict with which they are stored."""

from __future__ import annotations

from collections import defaultdict

from consult.agents.assessors.judge import TASK as JUDGING
from consult.agents.exchange import Exchange, Record
from consult.envs.store.prompt_rows import Asked, ordered


class Exchanges:
    """Exchanges that are in progress or not stored yet, by the number of their consultation in the run.

    Args:
        kept: Whether to keep exchanges.
    """

    def __init__(self, kept: bool) -> None:
        self.kept = kept
        self._of: defaultdict[int, list[Exchange]] = defaultdict(list)

    @property
    def record(self) -> Record | None:
        """Return the function that records a role's exchanges; None if none are kept."""
        return self._add if self.kept else None

    def _add(self, exchange: Exchange) -> None:
        if self.kept:
            self._of[int(exchange.request.key[0])].append(exchange)

    def of_turn(self, ordinal: int, consultation: str, turn: int) -> list[Asked]:
        """Take the exchanges of a played turn."""
        return ordered(consultation, turn, self._of.pop(ordinal, ()))

    def of_verdict(self, ordinal: int, consultation: str) -> list[Asked]:
        """Take a judge's or an assessor's exchanges about a consultation."""
        return ordered(consultation, None, self._of.pop(ordinal, ()))

    def of_end(self, ordinal: int, consultation: str) -> list[Asked]:
        """Take the remaining exchanges of an ended consultation: its judge's, and its last turn's if it failed."""
        left = self._of.pop(ordinal, [])
        judge = [one for one in left if one.request.task == JUDGING]
        turns = [one for one in left if one.request.task != JUDGING]
        turn = int(turns[0].request.key[1]) if turns else None
        return [*ordered(consultation, turn, turns), *ordered(consultation, None, judge)]
