"""The cache of photographs on disk: bounded, cleaned of what a kill left, and dispensable."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from consult.rl.policy import vision_cache
from consult.rl.policy.vision_cache import VisionCache, bound


def made(path: Path, size: int, age: float) -> Path:
    path.write_bytes(b"x" * size)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def cache() -> Any:
    found = VisionCache(SimpleNamespace(base=SimpleNamespace(revision="r")))  # type: ignore[arg-type]
    found._seen = {"a": torch.zeros(2)}
    return found


def test_what_was_used_least_recently_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision_cache, "MOST", 100)
    newest = made(tmp_path / "looks-n.safetensors", 40, 0)
    recent, old = made(tmp_path / "looks-r.safetensors", 60, 10), made(tmp_path / "looks-o.safetensors", 1, 20)
    own = made(tmp_path / "mine.safetensors", 500, 30)
    bound(tmp_path, newest)
    assert newest.exists() and recent.exists() and own.exists() and not old.exists()
    monkeypatch.setattr(vision_cache, "MOST", 1)
    bound(tmp_path, newest)
    assert newest.exists() and not recent.exists()


def test_incomplete_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    newest = made(tmp_path / "looks-n.safetensors", 1, 0)
    day = 2 * vision_cache.STALE
    left = [made(tmp_path / name, 1, day) for name in ("looks-a.123.part", ".looks-a.1f.part.safetensors")]
    written, own = made(tmp_path / "looks-b.5.part", 1, 5), made(tmp_path / "mine.part", 1, day)
    bound(tmp_path, newest)
    assert not any(one.exists() for one in left) and written.exists() and own.exists()


def test_a_cache_that_cannot_be_written_is_told_and_costs_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONSULT_CACHE", str(tmp_path / "file"))
    said: list[str] = []
    found = cache()
    place = found._kept_at("s")
    found._find(place)
    found._keep(place, said.append)
    assert len(said) == 1 and "file' cannot be written, so photographs are encoded again next time" in said[0]
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_an_empty_name_is_the_usual_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CONSULT_CACHE", "")
    found = cache()
    found._keep(found._kept_at("s"), pytest.fail)
    assert [one.parent for one in tmp_path.rglob("looks-*")] == [tmp_path / ".cache" / "consult"]
