"""The user's own case: a complaint and optionally a photograph from outside, played with a scenario's labels.

There is no truth to compare with. The photograph is kept in the store, so the consultation can be shown and continued
without the original file; every model sees the stored photograph.
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
from consult.envs.store.write import Store
from consult.errors import StoreError, UserError
from consult.scenarios import Card, Case, Fact, Photograph, Scenario, Truth
from consult.scenarios.scenario import CaseSource

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_CHARACTERS = 1_000
"""Most characters of a complaint."""
MOST_PIXELS = 2_048
"""Longer side of a stored photograph, in pixels."""
OWN_TEMPERAMENT = "own"
"""Temperament of a patient that no model plays."""


class Kept(NamedTuple):
    """A photograph in its stored form."""

    hash: str
    """Hash of the pixels and their size."""
    png: bytes
    width: int
    height: int


def kept(image: Image) -> Kept:
    """Convert a photograph to its stored form: PNG, RGB, longer side at most 2,048 pixels.

    Args:
        image: An image without metadata; see `open_photograph`.
    """
    from PIL.Image import Resampling

    image = image.copy()
    image.thumbnail((MOST_PIXELS, MOST_PIXELS), Resampling.LANCZOS)
    size = f"{image.width}x{image.height} ".encode()
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Kept(hashlib.sha256(size + image.tobytes()).hexdigest(), buffer.getvalue(), image.width, image.height)


def own_complaint(said: str) -> str:
    """Convert a complaint to one line of text.

    Raises:
        UserError: The complaint is empty or too long.
    """
    complaint = clean(said)
    if not complaint:
        raise UserError("the complaint is empty; say in a sentence or two what is the matter")
    if len(said) > MOST_CHARACTERS:
        raise UserError(f"the complaint has {len(said):,} characters; give at most {MOST_CHARACTERS:,}")
    return complaint


def own_id(own: OwnCase) -> str:
    """Name a user's case by a hash of its content."""
    return f"own-{hashlib.sha256(own.model_dump_json().encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class OwnCases:
    """The single case of a user's run; a `CaseSource` in front of a scenario's."""

    case: Case
    scenario: CaseSource

    def ids(self, split: str) -> Sequence[str]:
        """List the scenario's ids of a split."""
        return self.scenario.ids(split)

    def get(self, case_id: str) -> Case:
        """Return the user's case, or one of the scenario's.

        Raises:
            KeyError: There is no such case.
        """
        return self.case if case_id == self.case.id else self.scenario.get(case_id)


def world(scenario: Scenario, config: RunConfig, store: Store) -> Scenario:
    """Return the scenario of a run, with the user's case if the run has one.

    Raises:
        StoreError: The store does not have the case's photograph.
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
        raise StoreError(f"'{store.path}' no longer has the photograph {key[:10]} of this run; play it again")

    def load() -> Image:
        from PIL import Image

        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            return picture.convert("RGB")

    return Photograph(f"own/{key}", load)
