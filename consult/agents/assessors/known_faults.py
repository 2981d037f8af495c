"""Consultations with known faults, and the same ones without: what shows which items a judge can be trusted with.

They were written for this purpose and belong to no scenario, so no case card is needed to judge them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from consult.agents.acts import AssessorView, Line


@dataclass(frozen=True)
class KnownTranscript:
    """A transcript, and what a careful reader says of it."""

    id: str
    """E.g. `stye` without a fault, `stye-2` for its second faulty version."""
    view: AssessorView
    fault: str = ""
    """What is wrong; empty if nothing is."""
    lowers: tuple[str, ...] = ()
    """Items that the fault leaves unmet."""
    unclear: tuple[str, ...] = ()
    """Items on which readers may differ; nothing is counted for them."""
    twin: str = ""
    """Id of the same consultation without the fault."""


@cache
def known_transcripts() -> tuple[KnownTranscript, ...]:
    """Load the transcripts: each without a fault, followed by its faulty versions."""
    told = yaml.safe_load((Path(__file__).parent / "known_faults.yaml").read_text(encoding="utf-8"))
    return tuple(one for consultation in told for one in _versions(consultation))


def _versions(told: Mapping[str, Any]) -> list[KnownTranscript]:
    whole = KnownTranscript(told["id"], _view(told, {}, ()))
    faulty = [
        KnownTranscript(
            id=f"{told['id']}-{number}",
            view=_view(told, fault.get("say", {}), fault.get("without", ())),
            fault=fault["what"],
            lowers=tuple(fault["lowers"]),
            unclear=tuple(fault["unclear"]),
            twin=told["id"],
        )
        for number, fault in enumerate(told["faults"], 1)
    ]
    return [whole, *faulty]


def _view(told: Mapping[str, Any], say: Mapping[str, str], without: Sequence[str]) -> AssessorView:
    """Return a version's view; lines in a row of one speaker and act are one line."""
    names = {name for name, *_ in told["lines"]}
    if not names >= {*say, *without}:
        raise ValueError(f"'{told['id']}' has no lines {sorted({*say, *without} - names)}")
    kept = [(speaker, act, say.get(name, text)) for name, speaker, act, text in told["lines"] if name not in without]
    lines = tuple(
        Line(speaker, act, " ".join(text for *_, text in group))
        for (speaker, act), group in groupby(kept, key=lambda line: line[:2])
    )
    return AssessorView(lines, told["diagnosis"], None, told["urgency"])
