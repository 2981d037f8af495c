"""Generate with a transformers model so that little of the work is wasted.

Stock `generate` pads all prompts of a batch to the longest one, and computes every row until the last one has ended.
Here prompts of similar length are read together, an ended row leaves the batch, and the attention mask is built once
for many steps. Each row still gets the tokens that it would get alone, since a draw depends only on the row's logits.

The loop works with families whose cache is one pair of keys and values per layer and token (`FAMILIES`, each compared
with stock `generate` in the tests). Others, such as those with sliding windows, use stock `generate`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache

from consult.agents.models.local.sampling import Row, RowSampler

FAMILIES = frozenset({"llama", "qwen2", "qwen2_vl_text", "qwen2_5_vl_text", "qwen3", "qwen3_vl_text"})
"""Model types of the language models that the loop was compared with stock `generate` on."""
WASTE = 1.15
"""Longest prompt of a group by its shortest: at most 15 % of a group's tokens are padding."""
FEW = 4
"""Prompts that differ by this many tokens at most are in one group, however short they are."""
LEAVING = 0.12
"""Share of ended rows at which the batch is made smaller; removing a row copies the cache of the others."""
AHEAD = 256
"""Number of steps that a mask is built for."""


def is_known(model: Any) -> bool:
    """Return whether the loop can be used with a model."""
    config = model.config.get_text_config()
    attention = getattr(config, "_attn_implementation", None)
    windows = {"sliding_attention", "chunked_attention", "linear_attention"} & set(
        getattr(config, "layer_types", ()) or ()
    )
    return config.model_type in FAMILIES and attention in ("sdpa", "eager") and not windows


@dataclass
class Work:
    """What was computed, and how much of it was needed; counts since the model was loaded."""

    prompt_tokens: int = 0
    """Tokens of prompts, without padding."""
    prompt_places: int = 0
    """Tokens of prompts and padding that were computed."""
    tokens: int = 0
    """Tokens that were generated."""
    row_steps: int = 0
    """Rows times steps that were computed."""


@dataclass
class _Live:
    """Rows that are being generated, with their cache, right-aligned."""

    at: list[int]
    """Index of each row among the requests."""
    cache: Any
    width: int
    """Columns of the cache."""
    pads: Any
    """(rows, 1): columns of padding on the left."""
    shift: Any
    """(rows, 1): position of a token minus its distance from the row's first token; 0 but for multimodal positions."""
    mask: Any = None
    """(rows, 1, 1, columns): added to attention; None if no row has padding."""


@dataclass
class DecodeLoop:
    """Decodes batches with one model.

    Args:
        model: A model for which `is_known`.
        pad: Token for padding.
        banned: Tokens that are never drawn.
        stops: Tokens that end a row.
    """

    model: Any
    pad: int
    banned: Sequence[int]
    stops: Sequence[int]
    work: Work = field(default_factory=Work)

    def generate(
        self, lengths: Sequence[int], inputs: Callable[[Sequence[int]], dict[str, Any]], rows: Sequence[Row]
    ) -> None:
        """Draw tokens for each row until it ends; they are in its `tokens`.

        Args:
            lengths: Tokens of each prompt.
            inputs: Returns the model's inputs for some of the prompts, by index, padded on the left.
            rows: One for each prompt, with a limit.
        """
        begun = [self._read(group, inputs(group), rows) for group in groups(lengths)]
        parts = [live for live in begun if live is not None]
        if not parts:
            return
        live: _Live | None = _joined(parts) if len(parts) > 1 else parts[0]
        while live is not None:
            self._step(live, rows)
            ended = [self._has_ended(rows[i]) for i in live.at]
            if all(ended):
                return
            if sum(ended) >= LEAVING * len(ended):
                live = _without(live, [place for place, over in enumerate(ended) if not over])

    def _read(self, group: Sequence[int], inputs: dict[str, Any], rows: Sequence[Row]) -> _Live | None:
        """Read the prompts of a group, and draw the first token of each; None if all have ended with it."""
        mask = inputs["attention_mask"]
        count, width = mask.shape
        self.work.prompt_tokens += int(mask.sum())
        self.work.prompt_places += mask.numel()
        inner: Any = getattr(self.model, "model", None)
        multimodal = hasattr(inner, "rope_deltas")
        if multimodal:
            inner.rope_deltas = None  # those of an earlier batch
        pads = (width - mask.sum(1, keepdim=True)).long()
        given = dict(inputs)
        if not (multimodal and "image_grid_thw" in inputs):
            given["position_ids"] = (torch.arange(width, device=mask.device) - pads).clamp_min(0)
        if not bool(pads.any()) and not multimodal:
            del given["attention_mask"]
        cache = DynamicCache(config=self.model.config)
        logits = self.model(**given, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
        shift = getattr(inner, "rope_deltas", None) if multimodal else None
        shift = torch.zeros_like(pads) if shift is None else shift.to(pads).view(count, 1)
        live = _Live(list(group), cache, width, pads, shift)
        self._draw(live, logits, rows)
        left = [place for place, i in enumerate(live.at) if not self._has_ended(rows[i])]
        if not left:
            return None
        return live if len(left) == count else _without(live, left)

    def _step(self, live: _Live, rows: Sequence[Row]) -> None:
        """Compute one token of each row."""
        if live.mask is None or live.mask.shape[-1] <= live.width:
            _build_mask(live, self.model.dtype)
        last = [[rows[i].tokens[-1]] for i in live.at]
        logits = self.model(
            input_ids=torch.tensor(last, device=live.pads.device),
            position_ids=live.width - live.pads + live.shift,
            attention_mask=live.mask[..., : live.width + 1],
            past_key_values=live.cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        live.width += 1
        self._draw(live, logits, rows)

    def _draw(self, live: _Live, logits: Any, rows: Sequence[Row]) -> None:
        self.work.row_steps += len(live.at)
        going = [place for place, i in enumerate(live.at) if not self._has_ended(rows[i])]
        self.work.tokens += len(going)
        sampler = RowSampler([rows[live.at[place]] for place in going], self.banned, self.stops)
        sampler.step(logits.to(torch.float32, copy=True) if len(going) == len(live.at) else logits[going].float())

    def _has_ended(self, row: Row) -> bool:
        return len(row.tokens) == row.limit or (bool(row.tokens) and row.tokens[-1] in self.stops)


def groups(lengths: Sequence[int]) -> list[list[int]]:
    """Group prompts of similar length, by index.

    Args:
        lengths: Tokens of each prompt.
    """
    found: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        shortest = lengths[found[-1][0]] if found else 0
        if found and lengths[i] <= max(WASTE * shortest, shortest + FEW):
            found[-1].append(i)
        else:
            found.append([i])
    return found


def _build_mask(live: _Live, dtype: Any) -> None:
    columns = torch.arange(live.width + AHEAD, device=live.pads.device)
    hidden = columns < live.pads
    live.mask = torch.zeros(hidden.shape, dtype=dtype, device=hidden.device).masked_fill_(
        hidden, torch.finfo(dtype).min
    )
    live.mask = live.mask[:, None, None]


def _without(live: _Live, kept: Sequence[int]) -> _Live:
    """Remove rows, and the columns that are padding in all others."""
    at = torch.tensor(list(kept), device=live.pads.device)
    pads, shift = live.pads[at], live.shift[at]
    spare = int(pads.min())
    for layer in live.cache.layers:
        layer.keys, layer.values = layer.keys[at, :, spare:], layer.values[at, :, spare:]
    return _Live([live.at[place] for place in kept], live.cache, live.width - spare, pads - spare, shift)


def _joined(parts: Sequence[_Live]) -> _Live:
    """Put groups beside each other, with padding on the left of the shorter ones."""
    width = max(part.width for part in parts)
    layers = zip(*(part.cache.layers for part in parts), strict=True)
    cache = DynamicCache(
        [
            tuple(torch.cat([_widened(getattr(one, name), width) for one in layer]) for name in ("keys", "values"))
            for layer in layers
        ]
    )
    at = [i for part in parts for i in part.at]
    pads = torch.cat([part.pads + width - part.width for part in parts])
    return _Live(at, cache, width, pads, torch.cat([part.shift for part in parts]))


def _widened(states: Any, width: int) -> Any:
    """Add columns of zeros on the left: (rows, heads, columns, size)."""
    return torch.nn.functional.pad(states, (0, 0, width - states.shape[2], 0))
