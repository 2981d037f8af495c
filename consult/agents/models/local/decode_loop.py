"""Generate with a transformers model so that little of the work is wasted.

Stock `generate` pads all prompts of a batch to the longest one, and computes every row until the last one has ended.
Here the beginning of a prompt that was read before is not read again (`prefix_cache`), prompts with about as many
tokens to read are read together, an ended row leaves the batch, and the attention mask is built once for many steps.
Each row still gets the tokens that it would get alone, since a draw depends only on the row's logits.

The loop works with families whose cache is one pair of keys and values per layer and token (`FAMILIES`, each compared
with stock `generate` in the tests). Others use stock `generate`, such as those with sliding windows, and those in which
the keys of all tokens change once a prompt is long (longrope).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache

from consult.agents.models.local import key_values
from consult.agents.models.local.prefix_cache import LEAST, KeptPrompt, PrefixCache, Tokens
from consult.agents.models.local.sampling import Row, RowSampler

FAMILIES = frozenset({"llama", "qwen2", "qwen2_vl_text", "qwen2_5_vl_text", "qwen3", "qwen3_vl_text"})
"""Model types of the language models that the loop was compared with stock `generate` on."""
WASTE = 0.15
"""Most padding in a group, as a share of the tokens to read."""
FEW = 32
"""Most padding in a group, in tokens, however few there are to read: another forward pass costs as much."""
LEAVING = 0.12
"""Share of ended rows at which the batch is made smaller; removing a row copies the cache of the others."""
AHEAD = 256
"""Number of steps that a mask is built for."""
ROOM = 32
"""Most columns of a cache that are left free for the next steps."""


def is_known(model: Any) -> bool:
    """Return whether the loop can be used with a model."""
    config = model.config.get_text_config()
    attention = getattr(config, "_attn_implementation", None)
    windows = {"sliding_attention", "chunked_attention", "linear_attention"} & set(
        getattr(config, "layer_types", ()) or ()
    )
    # In these, what was computed for a short prompt is not a part of what a long one needs.
    stretched = (getattr(config, "rope_parameters", None) or {}).get("rope_type") == "longrope"
    return config.model_type in FAMILIES and attention in ("sdpa", "eager") and not windows and not stretched


@dataclass
class Work:
    """What was computed, and how much of it was needed; counts since the model was loaded."""

    known_tokens: int = 0
    """Tokens of prompts that were known from earlier prompts."""
    prompt_tokens: int = 0
    """Other tokens of prompts, without padding."""
    prompt_places: int = 0
    """Tokens of prompts and padding that were computed."""
    tokens: int = 0
    """Tokens that were generated."""
    row_steps: int = 0
    """Rows times steps that were computed."""


@dataclass
class _Live:
    """Rows that are being generated, right-aligned."""

    at: list[int]
    """Index of each row among the requests."""
    states: key_values.States
    """With room for more columns."""
    width: int
    """Columns that are filled."""
    pads: Any
    """(rows, 1): columns of padding on the left."""
    shift: Any
    """(rows, 1): position of a token minus its distance from the row's first token; 0 but for multimodal positions."""
    cache: Any = None
    """The states as transformers takes them."""
    mask: Any = None
    """(rows, 1, 1, columns): added to attention."""


@dataclass(frozen=True)
class _Prompt:
    """A prompt to read."""

    at: int
    """Its index among the requests."""
    tokens: Tokens
    known: KeptPrompt | None
    """A prompt that begins in the same way."""
    same: int
    """Number of tokens at the beginning that are equal."""
    least: int
    """Fewest tokens to skip: the photographs are read with the first tokens, or not at all."""

    @property
    def length(self) -> int:
        """Return the number of tokens."""
        return len(self.tokens.ids)

    @property
    def sees(self) -> bool:
        """Return whether its photographs have to be read."""
        return self.same < self.least

    @property
    def rest(self) -> int:
        """Return the number of tokens to read."""
        return self.length if self.sees else self.length - self.same

    @property
    def most(self) -> int:
        """Return the most tokens to read, so that its photographs are among them or not as a whole."""
        return self.length - self.least if self.least and not self.sees else sys.maxsize


@dataclass
class DecodeLoop:
    """Decodes batches with one model.

    Args:
        model: A model for which `is_known`.
        pad: Token for padding.
        banned: Tokens that are never drawn.
        stops: Tokens that end a row.
        kept: What was computed for earlier prompts; None keeps nothing, for weights that change.
    """

    model: Any
    pad: int
    banned: Sequence[int]
    stops: Sequence[int]
    kept: PrefixCache | None = None
    work: Work = field(default_factory=Work)

    def generate(
        self, prompts: Sequence[Tokens], inputs: Callable[[Sequence[int]], dict[str, Any]], rows: Sequence[Row]
    ) -> None:
        """Draw tokens for each row until it ends; they are in its `tokens`.

        Args:
            prompts: Tokens of each prompt.
            inputs: Returns the model's inputs for some of the prompts, by index, padded on the left.
            rows: One for each prompt, with a limit.
        """
        if self.kept is not None:
            self.kept.begin_batch()
        asked = [self._looked_up(at, tokens) for at, tokens in enumerate(prompts)]
        begun = [
            self._read(group, inputs([prompt.at for prompt in group]), rows)
            for group in groups([prompt for prompt in asked if prompt.sees])
        ] + [self._read_on(group, rows) for group in groups([prompt for prompt in asked if not prompt.sees])]
        parts = [live for live in begun if live is not None]
        if not parts:
            return
        ahead = min(ROOM, max(row.limit or ROOM for row in rows))
        live: _Live | None = _joined(parts, ahead) if len(parts) > 1 else parts[0]
        while live is not None:
            self._step(live, rows)
            ended = [self._has_ended(rows[i]) for i in live.at]
            if all(ended):
                return
            if sum(ended) >= LEAVING * len(ended):
                live = _without(live, [place for place, over in enumerate(ended) if not over])

    # -- reading prompts -------------------------------------------------------------------------------------------

    def _looked_up(self, at: int, tokens: Tokens) -> _Prompt:
        least = 0
        if tokens.shown:
            token = _photograph_token(self.model.config)
            least = len(tokens.ids) - tokens.ids[::-1].index(token) if token in tokens.ids else len(tokens.ids)
        known, same = self.kept.longest(tokens) if self.kept is not None else (None, 0)
        # The last token is always read, for the logits after it.
        return _Prompt(at, tokens, known, min(same, len(tokens.ids) - 1), least)

    def _read(self, group: Sequence[_Prompt], inputs: dict[str, Any], rows: Sequence[Row]) -> _Live | None:
        """Read the whole prompts of a group, and draw the first token of each; None if all have ended with it."""
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
        cache = DynamicCache()
        logits = self.model(**given, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
        shift = getattr(inner, "rope_deltas", None) if multimodal else None
        shift = torch.zeros_like(pads) if shift is None else shift.to(pads).view(count, 1)
        states = key_values.stacked(cache)
        return self._begun(group, _Live([prompt.at for prompt in group], states, width, pads, shift), logits, rows)

    def _read_on(self, group: Sequence[_Prompt], rows: Sequence[Row]) -> _Live | None:
        """Read as many last tokens of each prompt as its group has to read, behind what is known."""
        rest = max(prompt.rest for prompt in group)
        known = max(max(prompt.length - rest, 0) for prompt in group)
        width, device = known + rest, self.model.device
        self.work.known_tokens += sum(prompt.length - prompt.rest for prompt in group)
        self.work.prompt_tokens += sum(prompt.rest for prompt in group)
        self.work.prompt_places += rest * len(group)
        ids = [[self.pad] * (rest - prompt.length) + list(prompt.tokens.ids[-rest:]) for prompt in group]
        pads = torch.tensor([[width - prompt.length] for prompt in group], device=device)
        shift = torch.tensor([[prompt.known.shift if prompt.known else 0] for prompt in group], device=device)
        columns = torch.arange(width, device=device)
        inner: Any = getattr(self.model, "model", None)
        multimodal = hasattr(inner, "rope_deltas")
        given: dict[str, Any] = {"position_ids": (columns[known:] - pads).clamp_min(0) + shift}
        if multimodal or bool(pads.any()):
            given["attention_mask"] = (columns >= pads).long()
        ahead = min(ROOM, max(rows[prompt.at].limit or ROOM for prompt in group))
        states = _known_of(group, known, rest, ahead) if known else None
        cache = DynamicCache() if states is None else key_values.cache_of(states, known)
        logits = self.model(
            input_ids=torch.tensor(ids, device=device), **given, past_key_values=cache, use_cache=True, logits_to_keep=1
        ).logits[:, -1]
        if states is None:
            states = key_values.stacked(cache)
        return self._begun(group, _Live([prompt.at for prompt in group], states, width, pads, shift), logits, rows)

    def _begun(self, group: Sequence[_Prompt], live: _Live, logits: Any, rows: Sequence[Row]) -> _Live | None:
        """Keep what was read, and draw the first token of each row."""
        if self.kept is not None:
            self._keep(group, live, self.kept)
        self._draw(live, logits, rows)
        left = [place for place, i in enumerate(live.at) if not self._has_ended(rows[i])]
        if not left:
            return None
        return live if len(left) == len(live.at) else _without(live, left)

    def _keep(self, group: Sequence[_Prompt], live: _Live, kept: PrefixCache) -> None:
        column, shifts = key_values.column_bytes(live.states), live.shift[:, 0].tolist()
        for place, prompt in enumerate(group):
            if prompt.length - prompt.same < LEAST or not kept.has_room(prompt.tokens, column * prompt.length):
                continue
            states = key_values.row_of(live.states, place, live.width - prompt.length, live.width)
            kept.keep(KeptPrompt(prompt.tokens, states, shifts[place]))

    # -- decoding --------------------------------------------------------------------------------------------------

    def _step(self, live: _Live, rows: Sequence[Row]) -> None:
        """Compute one token of each row."""
        full = live.width == key_values.columns(live.states)
        if full:
            live.states = key_values.with_room(live.states, ROOM)
        if full or live.cache is None:
            live.cache = key_values.cache_of(live.states, live.width)
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


def groups(prompts: Sequence[_Prompt]) -> list[list[_Prompt]]:
    """Group prompts with about as many tokens to read.

    Each prompt of a group is read from as many tokens before its end as the group's longest rest has.

    Args:
        prompts: Prompts whose photographs are all to be read, or none of which are.
    """
    found: list[list[_Prompt]] = []
    padding = total = most = 0
    for prompt in sorted(prompts, key=lambda prompt: prompt.rest):
        more = (prompt.rest - found[-1][-1].rest) * len(found[-1]) if found else 0
        if found and padding + more <= max(WASTE * total, FEW) and prompt.rest <= most:
            found[-1].append(prompt)
            padding, total, most = padding + more, total + prompt.rest, min(most, prompt.most)
        else:
            found.append([prompt])
            padding, total, most = 0, prompt.rest, prompt.most
    return found


def _photograph_token(config: Any) -> int | None:
    """Return the token at whose places a model puts what it sees."""
    return getattr(config, "image_token_id", None) or getattr(config, "image_token_index", None)


def _known_of(group: Sequence[_Prompt], known: int, rest: int, ahead: int) -> key_values.States:
    """Return states with what is known of each prompt in the first `known` columns, and with room for the rest."""
    rows = [(prompt.known.states if prompt.known else (), max(prompt.length - rest, 0)) for prompt in group]
    return key_values.right_aligned(rows, known, rest + ahead)


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
    states = key_values.rows_of(live.states, kept, spare)
    return _Live([live.at[place] for place in kept], states, live.width - spare, pads - spare, shift)


def _joined(parts: Sequence[_Live], ahead: int) -> _Live:
    """Put groups beside each other, with padding on the left of the shorter ones and room for more columns."""
    width = max(part.width for part in parts)
    states = key_values.joined([(part.states, part.width) for part in parts], ahead)
    at = [i for part in parts for i in part.at]
    pads = torch.cat([part.pads + width - part.width for part in parts])
    return _Live(at, states, width, pads, torch.cat([part.shift for part in parts]))
