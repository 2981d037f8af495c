"""Resolve a model reference to folders: one on this machine, one in the hub's cache, or an adapter and its base.

The hub is asked only for files that its cache lacks. Only weights, configuration and tokenizer files are fetched, never
pickled weights or code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.agents.models.model import ModelError
from consult.reading import FileError, read_object

REFERENCES = (
    "starter, a folder of a transformers model, a hub id such as org/name, http://HOST:PORT/v1#NAME, "
    "scripted:FILE.yaml, or FILE.py:NAME"
)
ASSESSOR = "assessor"
"""The subfolder of a model's folder with the adapter for the role of that name."""
HUB_ID = re.compile(r"(?P<id>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@(?P<revision>[\w./-]+))?")
FETCHED = ["*.safetensors", "*.json", "*.jinja", "*.model", "*.txt"]
NOT_FETCHED = ["*/*", "consolidated*.safetensors"]
"""Copies in other formats: in separate folders, or under the name that the original authors of the weights used."""


@dataclass(frozen=True)
class Located:
    """Location of a model on this machine."""

    folder: Path
    """Folder of the model, or of an adapter's base."""
    adapter: Path | None = None

    def assessing(self) -> Located:
        """Return the location with the adapter for the assessor in the model's folder `assessor`, if there is one."""
        own = self.folder / ASSESSOR
        return Located(self.folder, own) if self.adapter is None and (own / "adapter_config.json").is_file() else self


def starter_folder() -> Path:
    """Return the folder of the model in the package.

    Raises:
        ModelError: The package was built without it.
    """
    folder = Path(__file__).parents[1] / "starter"
    if not (folder / "model.safetensors").exists():
        raise ModelError("this installation lacks the starter's weights; make them with: consult train starter")
    return folder


def locate(reference: str) -> Located:
    """Find a model; download it if a hub id was given and the hub's cache does not have it.

    Args:
        reference: `starter`, a folder, or `org/name` with an optional `@revision`.

    Raises:
        ModelError: There is no such model, or it cannot be reached.
    """
    folder = _folder(reference)
    if not (folder / "adapter_config.json").is_file():
        return Located(folder)
    return Located(_base(folder), folder)


def base_reference(reference: str) -> str:
    """Return the reference of an adapter's base; for a whole model, its own reference.

    Args:
        reference: A reference as in `locate`.

    Raises:
        ModelError: There is no such model, or the adapter names no base.
    """
    folder = _folder(reference)
    if not (folder / "adapter_config.json").is_file():
        return reference
    name = _base_named(folder)
    return str((folder / name).resolve()) if (folder / name).is_dir() else name


def _folder(reference: str) -> Path:
    if reference == "starter":
        return starter_folder()
    if Path(reference).is_dir():
        return Path(reference)
    named = HUB_ID.fullmatch(reference)
    if named is None:
        raise ModelError(f"there is no model '{reference}'; give {REFERENCES}")
    return _of_the_hub(named["id"], named["revision"])


def _base_named(adapter: Path) -> str:
    config = read_json(adapter / "adapter_config.json")
    name, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not isinstance(name, str) or not name:
        raise ModelError(f"the adapter '{adapter}' does not name its base; set base_model_name_or_path")
    here = (adapter / name).is_dir() or Path(name).is_dir()
    return f"{name}@{revision}" if revision and not here else name


def _base(adapter: Path) -> Path:
    name = _base_named(adapter)
    try:
        base = adapter / name if (adapter / name).is_dir() else _folder(name)
    except ModelError as error:
        fix = "put a folder or a hub id into base_model_name_or_path of its adapter_config.json"
        raise ModelError(f"the base of the adapter '{adapter}' cannot be loaded: {error}; or {fix}") from error
    if (base / "adapter_config.json").is_file():
        raise ModelError(f"the base '{name}' of the adapter '{adapter}' is an adapter itself; merge the two first")
    return base


def read_json(path: Path) -> dict[str, Any]:
    """Read a configuration.

    Raises:
        ModelError: The file is not a JSON object.
    """
    try:
        return read_object(path)
    except FileError:
        raise ModelError(f"'{path}' is not a valid JSON object; download the model again") from None


# -- the hub -----------------------------------------------------------------------------------------------------------


def _of_the_hub(name: str, revision: str | None) -> Path:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    constants.HF_HUB_DISABLE_TELEMETRY = True
    chosen: dict[str, Any] = {
        "revision": revision,
        "allow_patterns": FETCHED,
        "ignore_patterns": NOT_FETCHED,
    }
    try:
        kept = Path(snapshot_download(name, local_files_only=True, **chosen))
        if is_whole(kept):
            return kept
    except LocalEntryNotFoundError:
        pass
    except Exception as error:
        raise ModelError(_refusal(name, revision, error)) from error
    try:
        return Path(snapshot_download(name, **chosen))
    except Exception as error:
        raise ModelError(_refusal(name, revision, error)) from error


def is_whole(folder: Path) -> bool:
    """Return whether a snapshot has a configuration and all of its weights: a cache may have only a part of a model."""
    configured = any((folder / name).is_file() for name in ("config.json", "adapter_config.json"))
    return configured and any(folder.glob("*.safetensors")) and not missing_shards(folder)


def missing_shards(folder: Path) -> list[str]:
    """List the files of weights that the index names and the folder lacks."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return []
    shards = read_json(index).get("weight_map", {})
    names = sorted(set(shards.values())) if isinstance(shards, dict) else []
    return [name for name in names if not (folder / str(name)).is_file()]


def _refusal(name: str, revision: str | None, error: Exception) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return f"'{name}' is gated; accept its terms on its page of the hub, log in with: hf auth login, and try again"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"'{name}' has no revision '{revision}'; give a branch, a tag or a commit after the @"
    if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
        return f"no folder '{name}' exists, and the hub has no such model; give {REFERENCES}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"'{name}' cannot be written to the hub's cache ({error.strerror}); fix that and try again"
    return (
        f"there is no folder '{name}', the hub's cache does not have such a model, and the hub cannot be reached; "
        f"connect once to fetch it, or give {REFERENCES}"
    )
