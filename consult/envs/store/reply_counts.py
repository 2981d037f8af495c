"""Counts of the replies to a run's requests: rows of `reply_counts`, one per turn, role and model.

They are written whether or not prompts are stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from consult.envs.store.columns import sound
from consult.envs.store.prompt_rows import Asked, named

if TYPE_CHECKING:
    from consult.agents.exchange import Exchange
    from consult.envs.store.write import Store

Key = tuple[str, int | None, str, str]


@dataclass(frozen=True)
class ReplyCount:
    """The replies of one model in one role."""

    role: str
    model: str
    """Reference and revision."""
    tries: int
    """Requests that were answered, retries included; a cut reply that was requested again counts once."""
    unusable: int
    """Replies that could not be read at all."""
    cut: int
    """Replies that ended at their token limit, with no more room or even with twice the room."""
    widened: int
    """Replies that were cut and requested again with twice the room."""
    repeated: int
    """Second replies that equal the refused first one."""
    why: str
    """The most frequent reason for unusable replies; empty if there are none."""


def count_rows(asked: Iterable[Asked]) -> list[dict[str, Any]]:
    """Count exchanges as rows, one per turn, role and model."""
    groups: dict[Key, list[Exchange]] = {}
    for one in asked:
        if one.exchange.outcome in ("accepted", "refused"):
            groups.setdefault((one.consultation, one.turn, one.role, named(one.exchange)), []).append(one.exchange)
    return [_row(key, exchanges) for key, exchanges in groups.items()]


def _row(key: Key, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    final = [one for one in exchanges if not one.superseded]
    unread = [one.why for one in final if one.unread]
    return {
        **dict(zip(("consultation_id", "turn", "role", "model"), key, strict=True)),
        "tries": len(final),
        "unusable": len(unread),
        "cut": sum(one.answer.cut for one in final),
        "widened": len(exchanges) - len(final),
        "repeated": _repeated(final),
        "why": Counter(unread).most_common(1)[0][0] if unread else "",
    }


def _repeated(exchanges: Sequence[Exchange]) -> int:
    """Count replies that equal the refused reply to the attempt before."""

    def asked(one: Exchange) -> tuple[str, ...]:
        # Role, task, member; then the attempt.
        return tuple(map(str, one.request.key[2:5]))

    count = 0
    for _, group in groupby(sorted(exchanges, key=asked), key=asked):
        tries = sorted(group, key=lambda one: int(one.request.key[5]))
        for first, second in pairwise(tries):
            same = first.answer.text.strip() == second.answer.text.strip()
            count += same and first.outcome == "refused" and first.request.key[5] != second.request.key[5]
    return count


def reply_counts(store: Store, run: str) -> list[ReplyCount]:
    """Count the replies of a run by role and model, those of failed and running consultations included."""
    rows = store.query(
        "SELECT p.role, p.model, p.tries, p.unusable, p.cut, p.widened, p.repeated, p.why FROM "
        f"(SELECT rowid, * FROM reply_counts WHERE {sound('reply_counts')}) p "
        "JOIN consultations c ON c.id = p.consultation_id WHERE c.run_id = ? ORDER BY p.rowid",
        run,
    )
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["role"], row["model"]), []).append(row)
    return [_sum(*key, group) for key, group in groups.items()]


def _sum(role: str, model: str, rows: Sequence[dict[str, Any]]) -> ReplyCount:
    whys = Counter[str]()
    for row in rows:
        whys[row["why"]] += row["unusable"]
    names = ("tries", "unusable", "cut", "widened", "repeated")
    sums = {name: sum(row[name] for row in rows) for name in names}
    why = whys.most_common(1)[0][0] if sums["unusable"] else ""
    return ReplyCount(role, model, **sums, why=why)
