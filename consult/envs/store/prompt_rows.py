"""Prompts as rows of the store: `prompts` has one row per exchange, and `prompt_lines` has the lines of all texts.

Prompts repeat: rules and menus in every consultation, the transcript in every turn. So texts are stored as lists of
lines, and each line is stored once. A line that is no longer in memory is stored again, which only costs space.
`consult.envs.prompts` reads the rows.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from consult.agents.assessors.judge import TASK as JUDGING
from consult.agents.exchange import Exchange
from consult.agents.models.model import Message, Prompt, Sent

MOST_KNOWN = 50_000
"""Most lines whose numbers are kept in memory."""
MOST_REPEATED = 500
"""Most whole texts that are kept in memory between waves."""
LONG = 1_000
"""A text with at least this many characters is stored compressed."""

COLUMNS = (
    "consultation_id", "turn", "idx", "role", "task", "member", "attempt", "model", "messages", "begin", "rendered",
    "temperature", "top_p", "max_tokens", "seed", "grammar", "constrained", "reply", "outcome", "why", "probability",
    "tokens_in", "tokens_out", "seconds", "thought", "cut",
)  # fmt: skip
_INSERT = f"INSERT INTO prompts ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


class Asked(NamedTuple):
    """An exchange and where it belongs."""

    consultation: str
    turn: int | None
    """None for a judge or an assessor, who come after all turns."""
    idx: int
    """Its position in the turn."""
    exchange: Exchange

    @property
    def role(self) -> str:
        """Return the role as stored, which distinguishes a judge from an assessor."""
        request = self.exchange.request
        return JUDGING if request.task == JUDGING else request.role


def ordered(consultation: str, turn: int | None, exchanges: Iterable[Exchange]) -> list[Asked]:
    """Number a turn's exchanges in order, a panel's member by member; exchanges without an outcome are left out."""
    ended = [one for one in exchanges if one.outcome is not None]
    first: dict[str, int] = {}
    for place, one in enumerate(ended):
        first.setdefault(one.request.role, place)

    def rank(one: Exchange) -> tuple[int, int]:
        role, member = one.request.role, one.request.key[4]
        return first[role], int(member) if role == "specialist" else 0

    return [Asked(consultation, turn, idx, one) for idx, one in enumerate(sorted(ended, key=rank))]


class PromptRows:
    """Writes exchanges into one store; remembers the lines that it has written."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._repeated: dict[str, str] = {}
        """Whole texts → their lines."""
        self._new: list[tuple[int, str | bytes]] = []
        self._next = 0

    def forget(self) -> None:
        """Forget the lines after a transaction was rolled back."""
        self._known.clear()
        self._repeated.clear()

    def write(self, connection: Any, asked: Sequence[Asked], model: str | None = None) -> None:
        """Write exchanges within the caller's transaction.

        Args:
            connection: The store's connection.
            asked: The exchanges, in order.
            model: The asked model: a judge or an assessor by its name in the store, else reference and revision.
        """
        if not asked:
            return
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        if len(self._repeated) > MOST_REPEATED:
            self._repeated.clear()
        # Nobody else writes during the transaction, so the numbers are free.
        self._next = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM prompt_lines").fetchone()[0]
        self._new = []
        rows = [self._row(one, model) for one in asked]
        connection.executemany("INSERT INTO prompt_lines (id, text) VALUES (?, ?)", self._new)
        connection.executemany(_INSERT, rows)

    def _row(self, asked: Asked, model: str | None) -> tuple[Any, ...]:
        exchange, request = asked.exchange, asked.exchange.request
        reply, prompt = exchange.reply, request.prompt
        sent = reply.sent if reply is not None and reply.sent is not None else _as_it_stands(prompt)
        return (
            asked.consultation, asked.turn, asked.idx, asked.role, request.task, request.key[4], request.key[5],
            model or named(exchange), self._messages(sent.messages), sent.begin or None, self._rendered(sent),
            request.temperature, request.top_p, sent.max_new_tokens, request.seed if sent.seed is None else sent.seed,
            self._grammar(prompt), None if reply is None or reply.sent is None else sent.constrained,
            None if reply is None else packed(reply.text), exchange.outcome, packed(exchange.why),
            None if reply is None else reply.probability, reply.tokens_in if reply else 0,
            reply.tokens_out if reply else 0, reply.seconds if reply else 0.0,
            packed(reply.thought) if reply and reply.thought else None, reply.cut if reply else None,
        )  # fmt: skip

    # -- texts -----------------------------------------------------------------------------------------------------

    def _messages(self, messages: Sequence[Message]) -> str:
        return f"[{', '.join(map(self._message, messages))}]"

    def _message(self, message: Message) -> str:
        shown = f', "images": {json.dumps([p.id for p in message.photographs])}' if message.photographs else ""
        # Rules and a panel's questions are often the same texts.
        lines = self._repeated.get(message.text)
        if lines is None:
            lines = self._repeated[message.text] = str(self._lines(message.text))
        return f'{{"role": "{message.speaker}", "lines": {lines}{shown}}}'

    def _lines(self, text: str) -> list[int]:
        # Split only at newlines, so that joining always restores the same text.
        lines = text.split("\n")
        try:
            return [self._known[line] for line in lines]
        except KeyError:
            return [self._number(line) for line in lines]

    def _number(self, line: str) -> int:
        known = self._known.get(line)
        if known is None:
            known = self._known[line] = self._next
            self._new.append((known, packed(line)))
            self._next += 1
        return known

    def _rendered(self, sent: Sent) -> str | None:
        """Store the chat template's text around the messages, or the whole text if it does not contain them as is."""
        if sent.text is None:
            return None
        around = between(sent.text.removesuffix(sent.begin), [message.text for message in sent.messages])
        if around is None:
            return json.dumps({"lines": self._lines(sent.text)})
        return json.dumps({"around": self._number(json.dumps(around))})

    def _grammar(self, prompt: Prompt) -> int | None:
        grammar = grammar_of(prompt)
        return None if grammar is None else self._number(json.dumps(grammar))


def _as_it_stands(prompt: Prompt) -> Sent:
    return Sent(prompt.messages, prompt.max_new_tokens, begin=prompt.begin)


def named(exchange: Exchange) -> str:
    """Return reference and revision of the asked model."""
    info = exchange.info
    return f"{info.reference}@{info.revision}" if info.revision else info.reference


def grammar_of(prompt: Prompt) -> dict[str, Any] | None:
    """Return the constraint on a reply: `choice` or `schema`, and the text that it comes `after`; None if free.

    A choice with its own sampling temperature also has `temperature`.
    """
    if prompt.choice is not None:
        drawn = {} if prompt.choice.temperature is None else {"temperature": prompt.choice.temperature}
        return {"choice": list(prompt.choice.options), "after": prompt.choice.after, **drawn}
    if prompt.schema is not None:
        return {"schema": dict(prompt.schema), "after": prompt.schema_after}
    return None


def between(text: str, parts: Sequence[str]) -> list[str] | None:
    """Return the text before, between and after the parts; None if the text does not contain them all in order."""
    around, at = [], 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return None
        around.append(text[at:found])
        at = found + len(part)
    return [*around, text[at:]]


def packed(text: str) -> str | bytes:
    """Return a text in its stored form; long texts, and texts that are not UTF-8, are compressed."""
    if len(text) <= LONG:
        try:
            text.encode()
        except UnicodeEncodeError:
            pass
        else:
            return text
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpacked(stored: str | bytes) -> str:
    """Return a stored text."""
    return stored if isinstance(stored, str) else zlib.decompress(stored).decode("utf-8", "surrogatepass")
