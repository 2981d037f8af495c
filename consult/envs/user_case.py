"""A case of your own: a complaint and perhaps a photograph from outside, played in a scenario's world.

There is no truth to compare with. The photograph lives in the store, so that the consultation can be shown and gone on
with when the file is gone; what every model sees is what the store holds.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from consult.agents.prompt_formats.clean import clean
from consult.envs.config import OwnCase, RunConfig
from consult.envs.store.photographs import photograph_png
from consult.envs.store.write import Store, StoreError
from consult.errors import UserError
from consult.scenarios import Card, Case, Fact, Photograph, Scenario, Truth
from consult.scenarios.scenario import CaseSource

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_CHARACTERS = 1_000
"""Of a complaint."""
MOST_PIXELS = 2_048
"""Longer side of a photograph that is kept."""
OWN_TEMPERAMENT = "own"
"""Of a patient whom no model plays."""


class Kept(NamedTuple):
    """A photograph as the store keeps it."""

    hash: str
    """Of the pixels and their size."""
    png: bytes
    width: int
    height: int


def kept(image: Image) -> Kept:
    """Put a photograph into the form that is kept: PNG, RGB, its longer side at most 2,048 pixels.

    Args:
        image: Without metadata, see `open_photograph`.
    """
    from PIL.Image import Resampling

    image = image.copy()
    image.thumbnail((MOST_PIXELS, MOST_PIXELS), Resampling.LANCZOS)
    size = f"{image.width}x{image.height} ".encode()
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Kept(hashlib.sha256(size + image.tobytes()).hexdigest(), buffer.getvalue(), image.width, image.height)


def own_complaint(said: str) -> str:
    """Take in a complaint as text of one line.

    Raises:
        UserError: It is empty or too long.
    """
    complaint = clean(said)
    if not complaint:
        raise UserError("the complaint is empty; say in a sentence or two what is the matter")
    if len(said) > MOST_CHARACTERS:
        raise UserError(f"the complaint has {len(said):,} characters; give at most {MOST_CHARACTERS:,}")
    return complaint


def own_id(own: OwnCase) -> str:
    """Name a case of your own by what it consists of."""
    return f"own-{hashlib.sha256(own.model_dump_json().encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class OwnCases:
    """The one case of a run of your own; a `CaseSource` before a scenario's."""

    case: Case
    scenario: CaseSource

    def ids(self, split: str) -> Sequence[str]:
        """List the scenario's ids of a split."""
        return self.scenario.ids(split)

    def get(self, case_id: str) -> Case:
        """Return the one case, or one of the scenario's.

        Raises:
            KeyError: There is no such case.
        """
        return self.case if case_id == self.case.id else self.scenario.get(case_id)


def world(scenario: Scenario, config: RunConfig, store: Store) -> Scenario:
    """Return the scenario as a run sees it: with the run's own case, where it has one.

    Raises:
        StoreError: The store does not hold the case's photograph.
    """
    if config.own is None:
        return scenario
    return replace(scenario, source=OwnCases(_case(config.own, store), scenario.source))


def _case(own: OwnCase, store: Store) -> Case:
    photograph = None if own.photograph is None else _photograph(own.photograph, store)
    card = Card(Fact("complaint", "complaint", own.complaint), ())
    return Case(own_id(own), card, Truth(None, None, None), photograph, split="own", style=None, origin="own")


def _photograph(key: str, store: Store) -> Photograph:
    png = photograph_png(store, key)
    if png is None:
        raise StoreError(f"'{store.path}' no longer holds the photograph {key[:10]} of this run; play it anew")

    def load() -> Image:
        from PIL import Image

        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            return picture.convert("RGB")

    return Photograph(f"own/{key}", load)
