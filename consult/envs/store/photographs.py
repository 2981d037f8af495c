"""Photographs from outside in the store, by the hash of their content; `Store.keep_photograph` writes them."""

from __future__ import annotations

from typing import NamedTuple

from consult.envs.store.write import Store


class StoredPhotograph(NamedTuple):
    """A photograph and its size in pixels."""

    hash: str
    width: int
    height: int


def photograph_png(store: Store, key: str) -> bytes | None:
    """Return a photograph as a PNG, by its hash; None if the store does not have it."""
    rows = store.query("SELECT png FROM photographs WHERE hash = ?", key)
    png: bytes | None = rows[0]["png"] if rows else None
    return png


def stored_photographs(store: Store) -> list[StoredPhotograph]:
    """List the stored photographs."""
    return [StoredPhotograph(**row) for row in store.query("SELECT hash, width, height FROM photographs")]
