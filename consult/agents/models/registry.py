"""Open the backend of a model reference."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from consult.agents.models.model import Model, ModelError, Role
from consult.agents.models.python import MODELS
from consult.agents.models.scripted import ScriptedModel
from consult.agents.models.tables import DOCTORS, PREFIXES, TablesModel
from consult.fields import Dtype

_BEHIND = {
    "scripted": "the path of a YAML file, such as scripted:script.yaml",
    **{kind: f"a scenario with tables, such as {kind}:derm34" for kind in DOCTORS},
    **{kind: f"the rest of a server's address, such as {kind}://localhost:8000/v1#name" for kind in ("http", "https")},
}
"""Kind of a reference → what comes after its colon."""

Opener = Callable[[str, Role | None], Model]
"""Opens a model, as `open_model` does."""


def close_model(model: object) -> None:
    """Release a backend's resources and cancel its running requests; most backends have none."""
    close = getattr(model, "close", None)
    if close is not None:
        close()


def refuse_bare(reference: str) -> None:
    """Refuse a reference that has a kind and nothing after its colon.

    Raises:
        ModelError: It has.
    """
    kind, colon, behind = reference.partition(":")
    wanted = "the name of a function or an object in it" if kind.endswith(".py") else _BEHIND.get(kind)
    if colon and wanted and not behind.strip(" /"):
        raise ModelError(f"'{reference}' has nothing after the colon; add {wanted}")


def revision_at(reference: str) -> str:
    """Return the revision that an opened model would have; if its weights are local, without loading them.

    Raises:
        ModelError: As in `open_model`.
    """
    refuse_bare(reference)
    if not is_local(reference):
        model = open_model(reference)
        try:
            return model.info.revision
        finally:
            close_model(model)
    from consult.agents.models.local.loading import refuse_unsafe, revision_of, revision_with
    from consult.agents.models.model_resolver import locate

    located = locate(reference)
    refuse_unsafe(located.folder, "config.json")
    return revision_with(revision_of(located.folder), located.adapter)


def is_local(reference: str) -> bool:
    """Return whether a reference names weights that this program loads itself."""
    others = ("scripted:", "http://", "https://", *PREFIXES)
    return bool(reference.strip()) and not reference.startswith(others) and not MODELS.has(reference)


def open_model(reference: str, role: Role | None = None, dtype: Dtype = "auto") -> Model:
    """Open a backend and load its weights.

    Args:
        reference: `starter`, a folder of a transformers model or of an adapter, a hub id with an optional `@revision`,
            a server's address, `scripted:` and a file, `bayes:`, `silent:` or `random:` and a scenario with tables, or
            a plugin's name (see `consult.plugins`).
        role: `assessor` adds the adapter for this role if the model includes one. The other roles play without it.
        dtype: Data type of weights that are loaded here.

    Raises:
        ModelError: The reference is none of these, or its model cannot be loaded or was not trained for the role.
        PluginError: The reference names code that cannot be loaded, or that was not named in this call.
    """
    if not reference.strip():
        raise ModelError("the reference of a model is empty; give starter, a folder, a hub id or a server's address")
    refuse_bare(reference)
    own = MODELS.find(reference)
    if own is not None:
        return own
    if reference.startswith("scripted:"):
        return ScriptedModel.load(Path(reference.removeprefix("scripted:")), reference)
    if reference.startswith(PREFIXES):
        if role == "assessor":
            raise ModelError(f"'{reference}' cannot assess; give --assessor rules, starter or another model")
        return TablesModel(reference)
    if reference.startswith(("http://", "https://")):
        from consult.agents.models.server.model import ServerModel

        return ServerModel(reference)
    # The hub's library reads this when it is imported.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from consult.agents.models.model_resolver import locate

    located = locate(reference)
    from consult.agents.models.local.transformers_model import TransformersModel

    if role != "assessor":
        return TransformersModel.of(located, reference, dtype)
    from consult.agents.models.local.loading import has_learned_to_assess

    located = located.assessing()
    model = TransformersModel.of(located, reference, dtype)
    if model.info.dialect == "starter" and not has_learned_to_assess(located):
        raise ModelError(
            f"'{reference}' is not trained as an assessor; give --assessor starter, rules or another model, "
            "or train it: consult train assessor"
        )
    return model


def open_checked(reference: str, check: Callable[[Model], None], opener: Opener = open_model) -> Model:
    """Open a model, and close it again if a check refuses it.

    Raises:
        ModelError: As in `open_model`, or of the check.
    """
    model = opener(reference, None)
    try:
        check(model)
    except ModelError:
        close_model(model)
        raise
    return model
