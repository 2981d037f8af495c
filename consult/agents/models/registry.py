"""From a model reference to a backend."""

from __future__ import annotations

from pathlib import Path

from consult.agents.models.model import Model, ModelError
from consult.agents.models.scripted import ScriptedModel

REFERENCES = "starter, a folder of a transformers model, http://HOST:PORT/v1#NAME, or scripted:FILE.yaml"


def open_model(reference: str) -> Model:
    """Open a backend; the weights are loaded here.

    Args:
        reference: `starter`, a folder of a transformers model, a server's address, or `scripted:` and a file.

    Raises:
        ModelError: The reference is none of these, or what it names cannot be loaded.
    """
    if reference.startswith("scripted:"):
        return ScriptedModel.load(Path(reference.removeprefix("scripted:")), reference)
    if reference.startswith(("http://", "https://")):
        from consult.agents.models.server import ServerModel

        return ServerModel(reference)
    from consult.agents.models.transformers_folder import TransformersModel, starter_folder

    if reference == "starter":
        return TransformersModel.load(starter_folder(), reference)
    folder = Path(reference)
    if not folder.is_dir():
        raise ModelError(f"there is no model '{reference}'; give {REFERENCES}")
    return TransformersModel.load(folder, reference)
