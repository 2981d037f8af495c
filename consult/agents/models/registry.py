"""From a model reference to a backend."""

from __future__ import annotations

import os
from pathlib import Path

from consult.agents.models.model import Model
from consult.agents.models.scripted import ScriptedModel


def open_model(reference: str) -> Model:
    """Open a backend; the weights are loaded here.

    Args:
        reference: `starter`, a folder of a transformers model or of an adapter, a hub id with an optional `@revision`,
            a server's address, or `scripted:` and a file.

    Raises:
        ModelError: The reference is none of these, or what it names cannot be loaded.
    """
    if reference.startswith("scripted:"):
        return ScriptedModel.load(Path(reference.removeprefix("scripted:")), reference)
    if reference.startswith(("http://", "https://")):
        from consult.agents.models.server import ServerModel

        return ServerModel(reference)
    # Read by the hub's library when it is imported.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from consult.agents.models.references import locate

    located = locate(reference)
    from consult.agents.models.transformers_folder import TransformersModel

    return TransformersModel.of(located, reference)
