"""Metadata of a trained practitioner: its training, stored beside its weights in `consult.json`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from consult.agents.choices import Rationale
from consult.agents.models.model import ModelError
from consult.reading import FileError, read_object

PRACTICE = "consult.json"


class Practice(BaseModel):
    """How a model was trained."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    role: str = ""
    """triage, attending or interview; empty for a model that was trained elsewhere."""
    rationale: Rationale = "before"
    """Where the attending's reason goes."""


def practice_of(folder: Path) -> Practice:
    """Read the training metadata of a folder's model.

    Raises:
        ModelError: The file is broken.
    """
    path = folder / PRACTICE
    if not path.is_file():
        return Practice()
    try:
        return Practice.model_validate(read_object(path))
    except (FileError, ValidationError) as error:
        raise ModelError(f"'{path}' is broken; train the model again, or remove the file") from error
