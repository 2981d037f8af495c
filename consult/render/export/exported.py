"""A stored run as exports read it: consultation by consultation, with its photograph if its scenario still has it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from consult.agents.acts import Act, Opinion
from consult.envs.config import RunConfig, stored_config
from consult.envs.store.assessments import assessments_on
from consult.envs.store.rows import Row
from consult.envs.store.write import Store
from consult.envs.user_case import world
from consult.errors import UserError
from consult.scenarios import Photograph, Scenario, load_scenario
from consult.scenarios.photographs import narrowed

PNG_PIXELS = 512 * 512
"""Pictures with at most so many pixels are written as PNG, larger ones as JPEG."""
ENDED = ("finished", "unfinished", "failed")


@dataclass
class Written:
    """Result of an export."""

    consultations: int = 0
    """Number of rows, conversations or files; for `sft` the number of replies."""
    left_out: int = 0
    """Number of consultations that the format cannot hold."""
    notes: list[str] = field(default_factory=list)
    """What a reader must know, one sentence each."""


@dataclass(frozen=True)
class One:
    """One consultation that has ended."""

    row: Row
    acts: list[Act]


@dataclass(frozen=True)
class Exported:
    """A run."""

    store: Store
    run: Row

    @cached_property
    def config(self) -> RunConfig:
        """Return its configuration."""
        return stored_config(self.run["config"])

    @cached_property
    def models(self) -> dict[str, str]:
        """Return role → reference and revision."""
        return dict(json.loads(self.run["models"]))

    @cached_property
    def scenario(self) -> Scenario | None:
        """Return its scenario; None if it cannot be read, or is another version than the one that was played."""
        try:
            scenario = load_scenario(self.config.scenario)
        except (UserError, OSError):
            return None
        played = scenario.revision == self.run["scenario_revision"]
        return world(scenario, self.config, self.store) if played else None

    def ended(self) -> Iterator[One]:
        """Read the consultations that have ended, in order."""
        for row in self.store.consultations(self.run["id"]):
            if row["status"] in ENDED:
                yield One(row, self.store.acts(row["id"]))

    def photograph(self, case_id: str, width: int | None = None) -> bytes | None:
        """Return a case's photograph as a PNG or JPEG file; None if there is none or its scenario cannot be read.

        Args:
            case_id: The case.
            width: Most pixels of its width.
        """
        if self.scenario is None:
            return None
        found = self.scenario.case(case_id).photograph
        return None if found is None else _encoded(found if width is None else narrowed(found, width))

    def verdicts(self, consultation: str) -> dict[str, dict[str, int | None]]:
        """Return assessor → item → value, None if it was not scored."""
        found: dict[str, dict[str, int | None]] = {}
        for one in assessments_on(self.store, consultation):
            value = one["value"]
            found.setdefault(one["assessor"], {})[one["item"]] = None if value is None else int(value)
        return found

    def record(self, one: One) -> dict[str, Any]:
        """Return a consultation as one object; a field that is not known is None."""
        row = one.row
        return {
            "consultation": row["id"],
            "run": self.run["id"],
            "scenario": self.config.scenario,
            "case": row["case_id"],
            "split": self.config.split,
            "temperament": row["temperament"],
            "strategy": row["strategy"],
            "team": row["team"],
            "protocol": self.config.protocol,
            "seed": row["seed"],
            "repeat": row["repeat"],
            "models": self.models,
            **{name: row[name] for name in _OUTCOME},
            "correct": None if row["correct"] is None else bool(row["correct"]),
            "turns": [_turn(idx, act) for idx, act in enumerate(one.acts)],
            "opinions": [_opinion(idx, opinion) for idx, act in enumerate(one.acts) for opinion in act.opinions],
            "assessments": self.verdicts(row["id"]),
        }


_OUTCOME = ("status", "error", "diagnosis", "diagnosis_words", "truth", "specialty", "true_specialty", "urgency",
            "final_urgency", "true_urgency")  # fmt: skip


def _turn(idx: int, act: Act) -> dict[str, Any]:
    return {
        "idx": idx,
        "speaker": act.speaker,
        "action": act.action,
        "text": act.text,
        "topic": act.topic,
        "facts": list(act.facts),
        "diagnosis": act.diagnosis,
        "confidence": act.confidence,
        "differential": list(act.differential),
        "thought": act.thought,
        "source": act.source,
        "tokens_in": act.usage.tokens_in,
        "tokens_out": act.usage.tokens_out,
    }


def _opinion(idx: int, opinion: Opinion) -> dict[str, Any]:
    return {
        "turn": idx,
        "specialty": opinion.specialty,
        "diagnosis": opinion.diagnosis,
        "confidence": opinion.confidence,
        "reason": opinion.reason,
        "source": opinion.source,
    }


def _encoded(photograph: Photograph) -> bytes:
    picture, file = photograph.load(), io.BytesIO()
    if picture.width * picture.height <= PNG_PIXELS:
        picture.save(file, "PNG")
    else:
        picture.save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()


def picture_type(content: bytes) -> str:
    """Return a picture's type: png or jpeg."""
    return "png" if content.startswith(b"\x89PNG") else "jpeg"
