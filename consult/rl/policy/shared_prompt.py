"""Draw and score decisions: the completions of a group share their prompt, and photographs are encoded once.

A group of GRPO has one prompt and many completions. If a decision is a few tokens, a stock step spends nearly all of
its time on the same prompt. Here the prompt is read once per group, forwards and backwards, and only the completions'
own tokens are repeated. Log-probabilities and gradients equal those of the stock step.

For image-text-to-text models of the LLaVA kind, whose photographs become a fixed number of embeddings; the vision
tower and the projector are frozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache

from consult.rl.policy.constraint import END, Constraint
from consult.rl.policy.prefix_packing import Tokens, common_tail, encoded, packs_of, read_packed

LOOKED_AT = 64
"""Photographs per batch of the vision tower."""
TASK = 4
"""Number of final tokens that distinguish one kind of prompt from another."""


@dataclass(frozen=True)
class Prompts:
    """Prompts of decisions, each prompt once."""

    ids: Any
    """(prompts, tokens), padded on the left."""
    mask: Any
    """The same shape."""
    features: Any
    """(photographs, patches, width), in the order of the prompts with a photograph; None if there are none."""

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]], features: Sequence[Any], pad: int) -> Prompts:
        """Pad prompts on the left and stack their photographs.

        Args:
            sequences: Token ids, one sequence per prompt.
            features: (patches, width) of the photograph of each; None if it shows none.
            pad: The token that pads.
        """
        width = max(map(len, sequences))
        ids = torch.tensor([[pad] * (width - len(s)) + list(s) for s in sequences])
        mask = torch.tensor([[0] * (width - len(s)) + [1] * len(s) for s in sequences])
        seen = [f for f in features if f is not None]
        return cls(ids, mask, torch.stack(seen) if seen else None)

    def shows(self, model: Any) -> Any:
        """Return for each prompt whether it shows a photograph: (prompts,) of bool."""
        return (self.ids == model.config.image_token_id).any(1)

    def part(self, model: Any, kind: Any) -> Prompts:
        """Return the selected prompts; either all of them show a photograph or none does.

        Args:
            model: The model whose image token stands for photographs.
            kind: (prompts,) of bool; at least one.
        """
        width = int(self.mask[kind].sum(1).max())
        shows = self.shows(model)
        features = self.features[kind[shows]] if bool((kind & shows).any()) else None
        return Prompts(self.ids[kind, -width:], self.mask[kind, -width:], features)


@dataclass(frozen=True)
class Completions:
    """Completions, each with the index of its prompt."""

    ids: Any
    """(completions, tokens), padded on the right."""
    owner: Any
    """(completions,): index of the prompt of each."""
    states: Any
    """(completions, tokens): the constraint's state before each token; END where padding begins."""
    constraint: Constraint
    """The constraint: which completions were possible."""


@torch.no_grad()
def look(model: Any, pixels: Any) -> Any:
    """Encode photographs for the language model: (photographs, patches, width).

    Args:
        model: A model of the LLaVA kind.
        pixels: (photographs, channels, height, width), as its processor gives them.
    """
    parts = [
        torch.stack(list(model.get_image_features(pixel_values=pixels[i : i + LOOKED_AT]).pooler_output))
        for i in range(0, len(pixels), LOOKED_AT)
    ]
    return torch.cat(parts)


def score_decisions(model: Any, prompts: Prompts, said: Completions, temperature: float) -> tuple[Any, Any]:
    """Score completions, with gradients.

    Acts of an interview, whose prompts continue one another, are read as one sequence; other prompts are read alone.

    Args:
        model: A model of the LLaVA kind, with its adapters.
        prompts: Each prompt once.
        said: The completions.
        temperature: Divides the logits, as when the completions were drawn.

    Returns:
        Log-probabilities and entropies in nats, both (completions, tokens); 0 where a token was forced.
    """
    told, photographs = _told(model, prompts)
    tasks: dict[Tokens, list[int]] = {}
    for prompt, tokens in enumerate(told):
        tasks.setdefault(tokens[-TASK:], []).append(prompt)
    alone, parts = torch.ones(len(told), dtype=torch.bool), []
    for alike in tasks.values():
        tail = common_tail([told[prompt] for prompt in alike])
        if len(packs_of([told[prompt][:-tail] for prompt in alike], range(len(alike)))) < len(alike):
            alone[alike] = False
            rows, spoken = _spoken(said, torch.tensor(alike))
            parts.append((rows, _score_packed(model, [told[p] for p in alike], photographs, spoken, temperature)))
    for prompt in (prompts.shows(model) & alone, ~prompts.shows(model) & alone):
        if bool(prompt.any()):
            rows, spoken = _spoken(said, prompt.nonzero()[:, 0])
            parts.append((rows, _score_each(model, prompts.part(model, prompt), spoken, temperature)))
    places = torch.cat([rows for rows, _ in parts]).argsort()
    return tuple(torch.cat(values)[places] for values in zip(*(found for _, found in parts), strict=True))  # type: ignore[return-value]


def _told(model: Any, prompts: Prompts) -> tuple[list[Tokens], Any]:
    """Return the tokens of each prompt, with those of photograph n as -1 - n, and the photographs, each once."""
    ids, photographs = prompts.ids, None
    if prompts.features is not None:
        photographs, which = prompts.features.unique(dim=0, return_inverse=True)
        numbers = torch.zeros(len(ids), dtype=ids.dtype)
        numbers[prompts.shows(model)] = -1 - which.to(ids.dtype)
        ids = torch.where(ids == model.config.image_token_id, numbers[:, None], ids)
    return [tuple(row[mask.bool()].tolist()) for row, mask in zip(ids, prompts.mask, strict=True)], photographs


def _spoken(said: Completions, prompts: Any) -> tuple[Any, Completions]:
    """Return the indices of the given prompts' completions, and these completions, with renumbered prompts."""
    belongs = said.owner[:, None] == prompts
    rows = belongs.any(1).nonzero()[:, 0]
    return rows, Completions(said.ids[rows], belongs[rows].int().argmax(1), said.states[rows], said.constraint)


def _score_packed(
    model: Any, told: Sequence[Tokens], photographs: Any, said: Completions, temperature: float
) -> tuple[Any, Any]:
    distinct, place = _distinct(said)
    spoken = [tuple(tokens) for tokens in distinct.ids.tolist()]
    hidden = read_packed(model, told, spoken, distinct.owner.tolist(), int(distinct.ids[0, 0]), photographs)
    return _read_off(model, hidden, distinct, place, said, temperature)


def _score_each(model: Any, prompts: Prompts, said: Completions, temperature: float) -> tuple[Any, Any]:
    distinct, place = _distinct(said)
    last, cache, position = _read(model, prompts)
    hidden = last[distinct.owner][:, None]
    if distinct.ids.shape[1] > 1:
        _select(cache, distinct.owner)
        mask = torch.cat([prompts.mask[distinct.owner], (distinct.states[:, :-1] != END).long()], 1)
        more = _go_on(model, distinct.ids[:, :-1], mask, position[distinct.owner], cache)
        hidden = torch.cat([hidden, more], 1)
    return _read_off(model, hidden, distinct, place, said, temperature)


def _read_off(
    model: Any,
    hidden: Any,
    distinct: Completions,
    place: Any,
    said: Completions,
    temperature: float,
) -> tuple[Any, Any]:
    constraint = said.constraint
    logs = constraint.log_probabilities(_logits(model, hidden, constraint) / temperature, distinct.states)
    spoken = distinct.states != END
    target = _columns(distinct.ids, constraint)
    chosen = logs.gather(-1, target[..., None])[..., 0].masked_fill(~spoken, 0.0)
    entropies = -(logs.exp() * logs.masked_fill(logs == -torch.inf, 0.0)).sum(-1).masked_fill(~spoken, 0.0)
    left = said.ids.shape[1] - distinct.ids.shape[1]
    # Tokens after the last choice are forced: their log-probability and entropy are 0.
    return tuple(torch.nn.functional.pad(found[place], (0, left)) for found in (chosen, entropies))  # type: ignore[return-value]


def _distinct(said: Completions) -> tuple[Completions, Any]:
    """Return each distinct completion of a prompt once, up to its last choice, and the index of each among them."""
    choices = said.constraint.choices[said.states.clamp_min(0)] & (said.states != END)
    width = int(choices.any(0).nonzero().max()) + 1 if bool(choices.any()) else 1
    ids, states = said.ids[:, :width], said.states[:, :width]
    rows = torch.cat([said.owner[:, None], ids, states], 1)
    _, place = rows.unique(dim=0, return_inverse=True)
    first = torch.full((int(place.max()) + 1,), len(rows)).scatter_reduce(0, place, torch.arange(len(rows)), "amin")
    return Completions(ids[first], said.owner[first], states[first], said.constraint), place


def _columns(ids: Any, constraint: Constraint) -> Any:
    return torch.searchsorted(constraint.columns, ids).clamp_max(len(constraint.columns) - 1)


def _read(model: Any, prompts: Prompts) -> tuple[Any, Any, Any]:
    """Read prompts: last hidden states (prompts, width), the cache, and the next position of each."""
    position = (prompts.mask.cumsum(1) - 1).clamp_min(0)
    output = model.model(
        input_ids=prompts.ids,
        attention_mask=prompts.mask,
        position_ids=position,
        past_key_values=DynamicCache(),
        use_cache=True,
        **encoded(prompts.features),
    )
    return output.last_hidden_state[:, -1], output.past_key_values, position[:, -1:] + 1


def _select(cache: Any, rows: Any) -> None:
    for layer in cache.layers:
        layer.keys, layer.values = layer.keys.index_select(0, rows), layer.values.index_select(0, rows)


def _go_on(model: Any, ids: Any, mask: Any, position: Any, cache: Any) -> Any:
    places = position + torch.arange(ids.shape[1])
    output = model.model(input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=cache, use_cache=True)
    return output.last_hidden_state


def _logits(model: Any, hidden: Any, constraint: Constraint) -> Any:
    weight = model.get_output_embeddings().weight
    if len(constraint.columns) < len(weight):
        weight = weight[constraint.columns]
    return hidden @ weight.T


@dataclass(frozen=True)
class Sampled:
    """Completions that were drawn."""

    ids: list[list[int]]
    """Completion → its tokens."""
    logs: list[list[float]]
    """Log-probability of each token, in nats."""
    chosen: list[list[int]]
    """1 if the constraint left a choice, 0 if the token was forced."""


@torch.no_grad()
def sample(
    model: Any, prompts: Prompts, owner: Any, constraint: Constraint, *, temperature: float, most: int
) -> Sampled:
    """Draw decisions.

    Args:
        model: With or without an adapter.
        prompts: Each prompt once.
        owner: (completions,): index of the prompt of each.
        constraint: Which completions are possible.
        temperature: 0 takes the most likely token; else noise comes from torch's global generator.
        most: Tokens after which an unfinished decision is cut off.
    """
    hidden, cache, position = _read(model, prompts)
    mask, node = prompts.mask, owner
    drawn = _Drawn(constraint, len(owner))
    for step in range(most):
        tokens = drawn.draw(_logits(model, hidden, constraint)[node], temperature)
        if not drawn.chooses or step == most - 1:
            break
        # Completions that are equal so far continue as one row.
        branches, node = torch.stack([node, tokens], 1).unique(dim=0, return_inverse=True)
        parents, said = branches.T
        _select(cache, parents)
        mask, position = torch.cat([mask[parents], torch.ones_like(mask[parents, :1])], 1), position[parents]
        hidden = _go_on(model, said[:, None], mask, position, cache)[:, -1]
        position = position + 1
    return drawn.ended(most)


class _Drawn:
    """Completions while they are drawn."""

    def __init__(self, constraint: Constraint, rows: int) -> None:
        self.constraint = constraint
        self.states = torch.zeros(rows, dtype=torch.long)
        self.ids: list[list[int]] = [[] for _ in range(rows)]
        self.logs: list[list[float]] = [[] for _ in range(rows)]
        self.chosen: list[list[int]] = [[] for _ in range(rows)]

    @property
    def chooses(self) -> bool:
        """Return whether a choice lies ahead in any row."""
        return any(state != END and self.constraint.chooses_from[state] for state in set(self.states.tolist()))

    def draw(self, logits: Any, temperature: float) -> Any:
        """Draw the next token of each row: (rows,); the value is meaningless for a row that has ended."""
        logs = self.constraint.log_probabilities(logits / (temperature or 1.0), self.states)
        places = logs.exp().multinomial(1)[:, 0] if temperature else logs.argmax(-1)
        tokens = self.constraint.columns[places]
        found = logs.gather(-1, places[:, None])[:, 0].tolist()
        choices = self.constraint.choices[self.states.clamp_min(0)].int().tolist()
        after = self.states.tolist()
        for row, token in enumerate(tokens.tolist()):
            if after[row] != END:
                self._say(row, token, found[row], choices[row])
                after[row] = self.constraint.after(after[row], token)
        self.states = torch.tensor(after)
        return tokens

    def ended(self, most: int) -> Sampled:
        """Append the forced tokens up to the end, and return what was drawn."""
        for row, state in enumerate(self.states.tolist()):
            while state != END and len(self.ids[row]) < most and not self.constraint.choices[state]:
                (token,) = self.constraint.follows[state]
                self._say(row, token, 0.0, 0)
                state = self.constraint.after(state, token)
        return Sampled(self.ids, self.logs, self.chosen)

    def _say(self, row: int, token: int, log: float, choice: int) -> None:
        self.ids[row].append(token)
        self.logs[row].append(log)
        self.chosen[row].append(choice)
