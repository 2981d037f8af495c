"""References: folders, the hub's cache, and sentences where there is neither."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_models

from consult.agents.models import ModelError, open_model, revision_at
from consult.agents.models.model_resolver import base_reference, is_whole, locate, starter_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "maker/tiny"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, with one model, and no way to the hub."""
    from huggingface_hub import constants

    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.setattr(constants, name, str(tmp_path / "cache"), raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    kept = tmp_path / "cache" / "models--maker--tiny"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text(COMMIT)
    tiny_models.llama(kept / "snapshots" / COMMIT)
    return kept


def test_the_starter_and_folders(tmp_path: Path) -> None:
    assert locate("starter").folder == starter_folder()
    assert (locate(str(tmp_path)).folder, locate(str(tmp_path)).adapter) == (tmp_path, None)


def test_a_model_of_the_hubs_cache_needs_no_network(cache: Path) -> None:
    assert locate(NAME).folder == locate(f"{NAME}@{COMMIT}").folder == cache / "snapshots" / COMMIT
    assert open_model(NAME).info.reference == NAME


def test_the_base_of_an_adapter_can_be_named_and_revisions_need_no_weights_in_memory(
    cache: Path, tmp_path: Path
) -> None:
    base = tiny_models.llama(tmp_path / "llama")
    beside = tiny_models.adapter(tmp_path / "beside", base, named="../llama")
    of_the_hub = tiny_models.adapter(tmp_path / "of_the_hub", base, named=NAME)
    config = of_the_hub / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "revision": COMMIT}))
    assert base_reference(str(beside)) == str(base.resolve())
    assert base_reference(str(of_the_hub)) == f"{NAME}@{COMMIT}"
    for whole in ("starter", NAME, str(base)):
        assert base_reference(whole) == whole
    revisions = [revision_at(reference) for reference in ("starter", NAME, str(base), str(beside))]
    opened = [open_model(reference).info.revision for reference in ("starter", NAME, str(base), str(beside))]
    assert revisions == opened and len(set(revisions)) >= 3


def test_an_adapter_behind_a_link_has_the_base_beside_it(tmp_path: Path) -> None:
    base = tiny_models.llama(tmp_path / "store" / "llama")
    tiny_models.adapter(tmp_path / "store" / "runs" / "ad", base, named="../../llama")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "ad").symlink_to(tmp_path / "store" / "runs" / "ad")
    located = locate(str(tmp_path / "link" / "ad"))
    assert located.folder.resolve() == base.resolve() and located.adapter == tmp_path / "link" / "ad"
    assert base_reference(str(tmp_path / "link" / "ad")) == str(base.resolve())


@pytest.mark.parametrize("reference", ["maker/other", f"{NAME}@v2"])
def test_what_the_cache_lacks_is_told_in_one_sentence(cache: Path, reference: str) -> None:
    with pytest.raises(ModelError, match="does not have such a model, and the hub cannot be reached") as caught:
        open_model(reference)
    assert "\n" not in str(caught.value)


def test_half_a_model_in_the_cache_is_none(cache: Path) -> None:
    folder = cache / "snapshots" / COMMIT
    assert is_whole(folder)
    (folder / "model.safetensors").unlink()
    assert not is_whole(folder)
    with pytest.raises(ModelError, match=r"no \*\.safetensors weights"):
        open_model(NAME)


@pytest.mark.parametrize("reference", ["nothing", "/no/such/folder", "a/b/c", "org/", "../x", "org/name@"])
def test_what_is_no_reference_gets_the_menu(reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"there is no model .*; give starter, a folder"):
        open_model(reference)


def test_a_folder_goes_before_a_hub_id(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(cache / "snapshots" / COMMIT, tmp_path / "maker" / "tiny")
    assert locate(NAME).folder == Path(NAME)


@pytest.mark.slow
def test_nothing_is_told_to_the_hub() -> None:
    code = (
        "from consult.agents.models import open_model\nopen_model('starter')\n"
        "from huggingface_hub import constants\nprint(constants.HF_HUB_DISABLE_TELEMETRY)"
    )
    env = {
        name: value for name, value in os.environ.items() if name not in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK")
    }
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert run.stdout.strip() == "True"
