"""Stored prompts: each request as it was sent, the raw reply, and its outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from consult.agents.models.human import HUMAN, NOBODY
from consult.agents.models.tables import PREFIXES
from consult.envs.store.prompt_rows import unpacked
from consult.envs.store.prompts import prompt_lines, prompt_rows, prompt_rows_of_run, spoilt_prompts
from consult.errors import UserError

if TYPE_CHECKING:
    from consult.envs.events import Event
    from consult.envs.store.rows import Row
    from consult.envs.store.write import Store


class NoPromptsError(UserError):
    """A run whose prompts were not stored; the message is one sentence with the reason."""


@dataclass(frozen=True)
class SentMessage:
    """One message as it was sent."""

    role: str
    """system, user or assistant."""
    content: str
    images: tuple[str, ...] = ()
    """References to the photographs before the content: scenario and case, or `own/` and a hash."""


@dataclass(frozen=True)
class StoredPrompt:
    """One request to a model and its reply: the columns of the table `prompts`, with complete texts."""

    consultation_id: str
    turn: int | None
    """Index of the turn that the request was for; None for a judge or an assessor, who come after all turns."""
    idx: int
    """Its position in the turn."""
    role: str
    task: str
    member: int
    """Number of the panel member, or of one of several requests of one kind."""
    attempt: int
    """0 for the first attempt."""
    model: str
    """Reference and revision."""
    messages: tuple[SentMessage, ...]
    begin: str | None
    """The prefilled beginning of the reply; part of `reply` if the backend supports prefilling."""
    rendered: str | None
    """The messages rendered by the chat template; None if the backend does not render, as with a server."""
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    grammar: Mapping[str, Any] | None
    """The constraint on the reply: `choice` or `schema`, and the text that it comes `after`."""
    constrained: bool | None
    """Whether the backend enforced the constraint; None if it does not say."""
    reply: str | None
    """The raw reply; None if the request failed."""
    thought: str
    """The model's own private thought, if the backend tells it apart from the reply."""
    cut: bool | None
    """Whether the reply ended at its token limit; None if the request failed, or an older version played it."""
    outcome: str
    """accepted, refused, or failed: there was no reply."""
    why: str
    """Reason why it was refused or failed."""
    probability: float | None
    """Probability of the chosen option among those of the grammar, 0 to 1."""
    tokens_in: int
    tokens_out: int
    seconds: float
    """Its share of its batch's time."""

    def event(self) -> Event:
        """Describe it as `--json` prints it."""
        data = asdict(self)
        messages = [{"role": m.role, "content": m.content, "images": list(m.images)} for m in self.messages]
        return {"event": "prompt", "consultation": data.pop("consultation_id"), **data, "messages": messages}


def refuse_without_prompts(run: Row) -> None:
    """Refuse to show the prompts of a run that has none.

    Raises:
        NoPromptsError: The run was played without storing prompts, or by an older version.
    """
    if run["prompts"] is None:
        raise NoPromptsError(f"prompts were not stored for run {run['id']}: an older version of consult started it")
    if not run["prompts"]:
        raise NoPromptsError(f"prompts were not stored for run {run['id']}: it was started with --no-prompts")


def prompts_of(store: Store, consultation: str) -> list[StoredPrompt]:
    """Return the requests of a consultation, in order; those after all turns come last."""
    return _read(store, prompt_rows(store, consultation))


def prompts_of_run(store: Store, run: str) -> list[StoredPrompt]:
    """Return the requests of all consultations of a run, in the order of play."""
    return _read(store, prompt_rows_of_run(store, run))


def by_turn(prompts: Iterable[StoredPrompt]) -> dict[int | None, list[StoredPrompt]]:
    """Map each turn to its requests, in order."""
    found: dict[int | None, list[StoredPrompt]] = {}
    for one in prompts:
        found.setdefault(one.turn, []).append(one)
    return found


def is_asked_again(prompt: StoredPrompt, others: Iterable[StoredPrompt]) -> bool:
    """Return whether a request was repeated after its reply."""
    same = ("turn", "role", "task", "member", "model")
    return any(
        one.attempt == prompt.attempt + 1 and all(getattr(one, name) == getattr(prompt, name) for name in same)
        for one in others
    )


def without_prompt(event: Event, models: Mapping[str, str]) -> str:
    """Return the reason why no model was asked for a turn.

    Args:
        event: The turn's event.
        models: The run's role → reference and revision.
    """
    reference = models.get(event["speaker"], "").partition("@")[0]
    if event["source"] == "human" or reference == HUMAN:
        return "no prompt: a person plays this role"
    if reference == NOBODY:
        return "no prompt: nobody plays this role, and the program spoke"
    if reference.startswith(PREFIXES):
        return f"no prompt: {reference} is a program that decides by the scenario's tables"
    return "no prompt: no model was asked for this turn"


# -- from rows ---------------------------------------------------------------------------------------------------------


def _read(store: Store, rows: Sequence[Row]) -> list[StoredPrompt]:
    consultation = ""
    try:
        lines, found = prompt_lines(store, _lines_in(rows)), []
        for row in rows:
            consultation = row["consultation_id"]
            found.append(_prompt(row, lines))
    except (KeyError, TypeError, ValueError) as error:
        name = consultation or rows[0]["consultation_id"]
        raise spoilt_prompts(store, name, "lines of their texts are missing or damaged") from error
    return found


def _lines_in(rows: Iterable[Row]) -> set[int]:
    """Return the numbers of the lines that texts consist of."""
    numbers: set[int] = set()
    for row in rows:
        for message in json.loads(row["messages"]):
            numbers.update(message["lines"])
        rendered = json.loads(row["rendered"] or "{}")
        numbers.update(rendered.get("lines", ()), *[[rendered["around"]]] if "around" in rendered else ())
        numbers.update([row["grammar"]] if row["grammar"] is not None else ())
    return numbers


def _prompt(row: Row, lines: Mapping[int, str]) -> StoredPrompt:
    messages = tuple(
        SentMessage(one["role"], _joined(one["lines"], lines), tuple(one.get("images", ())))
        for one in json.loads(row["messages"])
    )
    constrained = None if row["constrained"] is None else bool(row["constrained"])
    return StoredPrompt(
        **{
            **row,
            "messages": messages,
            "rendered": _rendered(row, messages, lines),
            "grammar": None if row["grammar"] is None else json.loads(lines[row["grammar"]]),
            "constrained": constrained,
            "reply": None if row["reply"] is None else unpacked(row["reply"]),
            "thought": unpacked(row["thought"] or ""),
            "cut": None if row["cut"] is None else bool(row["cut"]),
            "why": unpacked(row["why"]),
        }
    )


def _joined(numbers: Iterable[int], lines: Mapping[int, str]) -> str:
    return "\n".join(lines[number] for number in numbers)


def _rendered(row: Row, messages: Sequence[SentMessage], lines: Mapping[int, str]) -> str | None:
    if row["rendered"] is None:
        return None
    stored = json.loads(row["rendered"])
    if "lines" in stored:
        return _joined(stored["lines"], lines)
    first, *others = json.loads(lines[stored["around"]])
    parts = (text for message, after in zip(messages, others, strict=True) for text in (message.content, after))
    return "".join([first, *parts, row["begin"] or ""])
