"""Keep what a model computed for prompts: the next prompt of a consultation mostly begins as an earlier one did.

The keys and values of a prompt's tokens depend only on the tokens up to each of them. A prompt that begins with tokens
that were read before therefore needs only the rest to be read: of a photograph and a transcript that grows by a
sentence, the sentence.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from consult.agents.models.local.key_values import States

BLOCK = 8
"""Tokens in a block; prompts are looked up by whole blocks."""
LEAST = 8
"""Fewest new tokens for which a prompt is kept."""
IN_USE = 64
"""A prompt that was used in this many last batches is not removed for another one."""
SHARE = 0.1
"""Most memory to use, as a share of what is free once the model is loaded."""
ENOUGH = 2**29
"""Most bytes to use for a model on a CPU, unless its weights are larger: then their size."""


@dataclass(frozen=True)
class Tokens:
    """What a model reads."""

    ids: tuple[int, ...]
    shown: tuple[str, ...] = ()
    """Ids of the photographs whose places are among the tokens."""


@dataclass(frozen=True, eq=False)
class KeptPrompt:
    """What was computed for a prompt."""

    tokens: Tokens
    states: States
    """(2 * layers, heads, tokens, size) for each device in turn: keys and values of each layer in turn."""
    shift: int
    """Position of a token minus its place in the prompt, behind the photographs."""

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return sum(int(some.nbytes) for some in self.states)


class PrefixCache:
    """Prompts that one model with its adapter has read.

    While memory suffices, each prompt is kept. Otherwise those in use stay, and a new one is not kept: removing the
    oldest would remove each prompt just before its turn comes.

    Args:
        most: Most bytes.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._size = self._batch = 0
        self._used: OrderedDict[int, tuple[KeptPrompt, int]] = OrderedDict()
        """Number of each prompt → the prompt, and the last batch that used it; longest unused first."""
        self._found: dict[int, KeptPrompt] = {}
        """Hash of the first blocks of tokens → a prompt that begins with them."""

    def begin_batch(self) -> None:
        """Count a batch."""
        self._batch += 1

    def longest(self, tokens: Tokens) -> tuple[KeptPrompt | None, int]:
        """Return a prompt that begins with as many of the tokens as any, and with how many."""
        hashes = list(_hashes(tokens))
        for count in range(len(hashes), 0, -1):
            kept = self._found.get(hashes[count - 1])
            if kept is None or kept.tokens.shown != tokens.shown:
                continue
            same = _same(kept.tokens.ids, tokens.ids)
            if same >= count * BLOCK:
                self._used[id(kept)] = kept, self._batch
                self._used.move_to_end(id(kept))
                return kept, same
        return None, 0

    def keep(self, kept: KeptPrompt) -> None:
        """Keep a prompt; it takes the place of those that it begins with, which would not be found any more."""
        gone = self._making_room(kept.tokens, kept.size)
        if gone is None:
            return
        for each in gone:
            self._remove(each)
        self._size += kept.size
        self._used[id(kept)] = kept, self._batch
        for hashed in _hashes(kept.tokens):
            self._found[hashed] = kept

    def has_room(self, tokens: Tokens, size: int) -> bool:
        """Return whether a prompt of so many bytes would be kept."""
        return self._making_room(tokens, size) is not None

    def _making_room(self, tokens: Tokens, size: int) -> list[KeptPrompt] | None:
        """Return the prompts that a new one replaces; None if they do not make enough room."""
        gone = self._begins_with(tokens)
        left = self.most - self._size - size + sum(each.size for each in gone)
        for kept, used in self._used.values():
            if left >= 0 or used > self._batch - IN_USE:
                break
            if kept not in gone:
                gone.append(kept)
                left += kept.size
        return gone if left >= 0 else None

    def _begins_with(self, tokens: Tokens) -> list[KeptPrompt]:
        """Return the prompts all of whose blocks are the first blocks of the tokens."""
        found = [(blocks, self._found.get(hashed)) for blocks, hashed in enumerate(_hashes(tokens), 1)]
        return [kept for blocks, kept in found if kept is not None and len(kept.tokens.ids) // BLOCK == blocks]

    def clear(self) -> None:
        """Release the memory."""
        self._used.clear()
        self._found.clear()
        self._size = 0

    def _remove(self, kept: KeptPrompt) -> None:
        if self._used.pop(id(kept), None) is None:
            return
        self._size -= kept.size
        for each in _hashes(kept.tokens):
            if self._found.get(each) is kept:
                del self._found[each]


def room_for(model: Any) -> int:
    """Return how many bytes to use beside a loaded model.

    Args:
        model: A transformers model.
    """
    if model.device.type == "cuda":
        return int(SHARE * torch.cuda.mem_get_info(model.device)[0])
    import psutil

    weights = sum(int(parameter.nbytes) for parameter in model.parameters())
    return min(int(SHARE * psutil.virtual_memory().available), max(ENOUGH, weights))


def _hashes(tokens: Tokens) -> Iterator[int]:
    """Hash the first block, the first two blocks, and so on."""
    ids, so_far = tokens.ids, hash(tokens.shown)
    for start in range(0, len(ids) - BLOCK + 1, BLOCK):
        so_far = hash((so_far, ids[start : start + BLOCK]))
        yield so_far


def _same(one: Sequence[int], other: Sequence[int]) -> int:
    """Count the tokens at the beginning that are equal."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
