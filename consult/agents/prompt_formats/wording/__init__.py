"""The sentences that the starter has learned, and the check that a line consists of them.

A model of this size cannot compose reliable sentences. It learns several thousand, each a token of its vocabulary, and
its lines consist of them: it chooses, and a program fills the slots. A line with anything else, or with sentences that
were learned for another occasion, is refused and requested again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from consult.agents.acts import PatientTask
from consult.agents.prompt_formats.questions import said_about
from consult.scenarios import Fact
from consult.scenarios.located_yaml import read_yaml

TAUGHT = 8
"""Number of questions per topic, from the first, that the starter learns; the others only help to recognize topics."""
RENAMED = {"specialty": "clinic", "answer": "reply"}
"""Slot in the banks → its tag, if the slot's name belongs to another tag."""

SHORT = 8
"""Most characters of a part of a line that may occur twice."""

THOUGHTS = ("I see <seen>.", "I have little to go by.")
"""An attending's thoughts, besides what it noted and what its colleagues said."""

_SLOT = re.compile(r"\{(\w+)\}")
_TAG = re.compile(r"<[a-z]+>")
_FACT = re.compile(r"<(?:fact|second|third)>")
_SENTENCE = re.compile(r"""(?:(?<=[.!?])|(?<=[.!?]["']))\s+""")

PLAIN = ("site", "duration", "course", "age")
TROUBLE = ("sensation", "symptoms", "alarm")
ADVICE_FILES = ("advice_a", "advice_b")


@cache
def bank(name: str) -> dict[str, Any]:
    """Read one bank of wordings: `patient`, `doctor`, `advice_a` or `advice_b`."""
    data: dict[str, Any] = read_yaml(Path(__file__).parent / f"{name}.yaml").data
    return data


@cache
def frames(name: str, *path: str) -> tuple[str, ...]:
    """List the wordings of one entry of a bank, with slots as tags; empty if there is no such entry."""
    entry: Any = bank(name)
    for key in path:
        entry = entry.get(key, {})
    return tuple(_tagged(line) for line in entry) if isinstance(entry, list) else ()


def _tagged(line: str) -> str:
    return _SLOT.sub(lambda slot: f"<{RENAMED.get(slot[1], slot[1])}>", line)


@cache
def taught_questions(kind: str, topic: str) -> tuple[str, ...]:
    """List the wordings of a question, or of an examination, that the starter learns.

    Args:
        kind: `questions` or `examinations`.
        topic: The topic.
    """
    return tuple(said_about(kind).get(topic, ())[:TAUGHT])


@cache
def rewordings() -> Mapping[str, tuple[str, ...]]:
    """Return sentence of the scenario's advice → other wordings of it."""
    return {sentence: tuple(other) for name in ADVICE_FILES for sentence, other in bank(name).items()}


# -- the patient's -----------------------------------------------------------------------------------------------------


def kind_of_fact(fact: Fact) -> str:
    """Return the kind of frame that a fact needs: `absent`, `plain`, `trouble` or `story`."""
    if fact.none:
        return "absent"
    return "plain" if fact.topic in PLAIN else "trouble" if fact.topic in TROUBLE else "story"


def patient_frames(temperament: str, task: PatientTask, *, child: bool) -> tuple[str, ...]:
    """List the frames of a task's first, or only, sentence."""
    if task.kind == "ask":
        return frames("patient", temperament, "ask_back", task.about)
    if task.kind != "answer":
        return frames("patient", temperament, f"{task.kind}_child" if child else task.kind)
    kind = kind_of_fact(task.facts[0])
    if child:
        return frames("patient", temperament, "child_absent" if kind == "absent" else "child")
    return frames("patient", temperament, kind)


def more_frames(temperament: str, *, child: bool) -> tuple[str, ...]:
    """List the frames of a further fact."""
    return frames("patient", temperament, "more_child" if child else "more")


def patient_lines(temperament: str, task: PatientTask, *, child: bool, said: Sequence[str] = ()) -> tuple[str, ...]:
    """List lines for a task, with open slots: each first frame with each frame of a second fact, and one of a third.

    Args:
        temperament: The patient's temperament.
        task: The patient's task.
        child: Whether a child says it.
        said: The patient's earlier lines; their frames are left out if others remain.
    """
    first = fresh(patient_frames(temperament, task, child=child), said)
    return _lines(first, fresh(more_frames(temperament, child=child), said), len(task.facts))


def fresh(lines: tuple[str, ...], said: Sequence[str]) -> tuple[str, ...]:
    """Leave out lines that were said before, ignoring slots; keep all if none remains."""
    before = " ".join(said).lower()
    return tuple(line for line in lines if not any(part in before for part in _telling_parts(line))) or lines


@cache
def _telling_parts(frame: str) -> tuple[str, ...]:
    """Return what stands between a frame's slots, without short parts."""
    parts = (part.strip(' .,:"').lower() for part in _TAG.split(frame))
    return tuple(part for part in parts if len(part) > SHORT)


@cache
def _lines(first: tuple[str, ...], more: tuple[str, ...], facts: int) -> tuple[str, ...]:
    if facts < 2 or not more:
        return first
    rest = [
        [f.replace("<fact>", s) for f, s in zip((*more[n:], *more[:n]), ("<second>", "<third>"), strict=False)]
        for n in range(len(more))
    ]
    return tuple(" ".join((frame, *others[: facts - 1])) for frame in first for others in rest)


# -- all of them -------------------------------------------------------------------------------------------------------


@cache
def learned() -> tuple[str, ...]:
    """List all sentences that the starter knows: its own, and those that it rewords."""
    lines = [_tagged(line) for name in ("patient", "doctor") for line in _leaves(bank(name))]
    lines += [frame.replace("<fact>", slot) for frame in _further() for slot in ("<second>", "<third>")]
    for kind in ("questions", "examinations"):
        lines += [line for topic in said_about(kind) for line in taught_questions(kind, topic)]
    known = [*THOUGHTS, *(sentence for line in lines for sentence in _parts(line))]
    return tuple(dict.fromkeys((*known, *rewordings(), *(one for other in rewordings().values() for one in other))))


def _further() -> list[str]:
    """List the frames that may hold a second or third fact, alone in a sentence."""
    return [
        frame
        for temperament in bank("patient")
        for child in (False, True)
        for frame in more_frames(temperament, child=child)
    ]


def _leaves(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    else:
        for one in entry.values() if isinstance(entry, dict) else entry:
            yield from _leaves(one)


# -- whether a line is made of them ------------------------------------------------------------------------------------


def is_learned(text: str, known: Iterable[str]) -> bool:
    """Return whether every sentence of a line is one of the known frames' sentences, and none is said twice.

    Args:
        text: The line as the model wrote it, with open slots.
        known: Allowed frames; the fact of a slot does not matter.
    """
    said, learned = _sentences(text), sentences_of(tuple(known))
    return bool(said) and all(one in learned for one in said) and len(set(_words(said))) == len(_words(said))


@cache
def sentences_of(known: tuple[str, ...]) -> frozenset[str]:
    """Collect the sentences of frames."""
    return frozenset(sentence for frame in known for sentence in _sentences(frame))


def _sentences(text: str) -> list[str]:
    return _parts(_FACT.sub("<fact>", text))


def _parts(text: str) -> list[str]:
    return [part for part in _SENTENCE.split(" ".join(text.split())) if part]


def _words(said: Sequence[str]) -> list[str]:
    # Two facts may each form a sentence without other words.
    return [one for one in said if re.search(r"[a-z]", one.replace("<fact>", ""), re.IGNORECASE)]


__all__ = [
    "TAUGHT",
    "THOUGHTS",
    "bank",
    "frames",
    "fresh",
    "is_learned",
    "kind_of_fact",
    "learned",
    "more_frames",
    "patient_frames",
    "patient_lines",
    "rewordings",
    "sentences_of",
    "taught_questions",
]
