"""The rules of 3MDBench's protocol: doctor and patient talk in turns, and the patient ends it.

The patient opens. Doctor and patient speak in turns until the patient is satisfied, or has answered the doctor's last
turn. Without dialogue the doctor speaks once. Then the final diagnosis is extracted from the doctor's words, which is
recorded as a conclusion that nobody hears.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from consult.agents.acts import Act, Action
from consult.envs.config import Status

TalkNode = Literal["open", "attend", "answer", "extract", "end"]

TALK_EDGES: dict[TalkNode, tuple[TalkNode, ...]] = {
    "open": ("attend",),
    "attend": ("answer", "extract"),
    "answer": ("attend", "extract"),
    "extract": (),
}
"""Node → its possible successors; after `extract` the consultation ends."""


def talk_node(acts: Sequence[Act], turns_left: int, *, interviews: bool) -> TalkNode:
    """Return the clinical act that is due.

    Args:
        acts: The acts so far.
        turns_left: Doctor turns left.
        interviews: Whether there is a dialogue.
    """
    if not acts:
        return "open"
    last = acts[-1]
    if last.action == "conclude":
        return "end"
    if last.action == "satisfied":
        return "extract"
    if last.speaker == "attending":
        return "answer" if interviews else "extract"
    return "attend" if turns_left > 0 else "extract"


def talk_offers(node: str) -> tuple[Action, ...]:
    """Return the acts that may be chosen at a node."""
    offers: dict[str, tuple[Action, ...]] = {
        "open": ("open",),
        "attend": ("ask",),
        "answer": ("answer", "satisfied"),
        "extract": ("conclude",),
    }
    return offers[node]


def talk_status(acts: Sequence[Act], *, interviews: bool) -> Status:
    """Return running, finished (the patient ended the talk, or there was none) or unfinished."""
    if not acts or acts[-1].action != "conclude":
        return "running"
    ended = not interviews or any(act.action == "satisfied" for act in acts)
    return "finished" if ended else "unfinished"
