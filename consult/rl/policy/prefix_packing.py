"""Read prompts that continue one another as one sequence: the acts of an interview share the interview.

The prompt for the next act of an interview is everything said so far and a short tail, which is the same each time.
Read one by one, such prompts repeat the interview. Here the longest of them, the trunk, is read once, and each of the
others branches off it after a number of tokens: its tail and completion attend to the trunk up to that point and to
themselves. Log-probabilities and gradients equal those of prompts that are read alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutputWithPooling

ALIKE = 64
"""Largest difference in length, in tokens, between packs that are read together."""
Tokens = tuple[int, ...]


@dataclass
class Pack:
    """Prompts that are read as one sequence."""

    trunk: Tokens
    branches: list[tuple[int, int]]
    """Completion, and the number of the trunk's tokens before its branch."""

    def tokens(self, branch: int) -> int:
        """Count the tokens that are read if each branch has this many tokens."""
        return len(self.trunk) + branch * len(self.branches)


def common_tail(prompts: Sequence[Tokens]) -> int:
    """Count the tokens at the end that all prompts share; at least 1, and less than a whole prompt."""
    most = min(map(len, prompts)) - 1
    first = prompts[0]
    same = next((n for n in range(most) if any(p[-1 - n] != first[-1 - n] for p in prompts)), most)
    return max(1, same)


def packs_of(stems: Sequence[Tokens], owner: Sequence[int]) -> list[Pack]:
    """Pack stems together if one is a prefix of the other.

    Args:
        stems: The part of each prompt before the common tail.
        owner: Completion → its prompt.
    """
    said: list[list[int]] = [[] for _ in stems]
    for completion, prompt in enumerate(owner):
        said[prompt].append(completion)
    found: list[Pack] = []
    last: Tokens = ()
    # In token order a stem comes right before the stems that it is a prefix of.
    for prompt in sorted(range(len(stems)), key=stems.__getitem__, reverse=True):
        stem = stems[prompt]
        if not found or last[: len(stem)] != stem:
            found.append(Pack(stem, []))
        found[-1].branches += [(completion, len(stem)) for completion in said[prompt]]
        last = stem
    return found


@dataclass(frozen=True)
class Laid:
    """A batch of packs of similar length."""

    ids: Any
    """(packs, tokens), padded on the right."""
    mask: Any
    """(packs, 1, tokens, tokens): whether a token attends to another."""
    positions: Any
    """(packs, tokens): position of each token in its own prompt."""
    places: list[tuple[int, int]]
    """Pack and first token of each branch."""
    completions: list[int]
    """Number of tokens of each branch."""


def lay(packs: Sequence[Pack], branches: Sequence[Tokens], pad: int) -> Laid:
    """Batch packs: ids, attention mask and positions.

    Args:
        packs: At least one.
        branches: Completion → the tokens of its branch; all have the same length.
        pad: Any token.
    """
    long = len(branches[0])
    width = max(pack.tokens(long) for pack in packs)
    ids = torch.full((len(packs), width), pad)
    positions = torch.zeros(len(packs), width, dtype=torch.long)
    # Padding attends to itself: a token that attends to nothing becomes NaN.
    mask = torch.eye(width, dtype=torch.bool).repeat(len(packs), 1, 1)
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    places, completions = [], []
    for row, pack in enumerate(packs):
        end = len(pack.trunk)
        ids[row, :end], positions[row, :end] = torch.tensor(pack.trunk), torch.arange(end)
        mask[row, :end, :end] = causal[:end, :end]
        for number, (completion, stem) in enumerate(pack.branches):
            start = end + number * long
            own = slice(start, start + long)
            ids[row, own], positions[row, own] = torch.tensor(branches[completion]), stem + torch.arange(long)
            mask[row, own, :stem] = True
            mask[row, own, own] = causal[:long, :long]
            places.append((row, start))
            completions.append(completion)
    return Laid(ids, mask[:, None], positions, places, completions)


def photograph_of(pack: Pack) -> int | None:
    """Return the index of the photograph that a pack shows; None if it shows none."""
    return next((-1 - token for token in pack.trunk if token < 0), None)


def read_packed(
    model: Any, prompts: Sequence[Tokens], said: Sequence[Tokens], owner: Sequence[int], pad: int, features: Any = None
) -> Any:
    """Return the hidden states from which completions were chosen.

    Args:
        model: A model of the LLaVA kind.
        prompts: Each prompt once. The tokens of photograph n are -1 - n, so that prompts that show different
            photographs are never packed together.
        said: Completions, all of the same number of tokens, including padding.
        owner: Completion → its prompt.
        pad: Any token.
        features: (photographs, patches, width); None if no prompt shows a photograph.

    Returns:
        (completions, tokens, width): the hidden states that each token of a completion was chosen from.
    """
    tail = common_tail(prompts)
    branches = [(*prompts[prompt][-tail:], *tokens[:-1]) for prompt, tokens in zip(owner, said, strict=True)]
    kinds: dict[tuple[int, bool], list[Pack]] = {}
    for pack in packs_of([prompt[:-tail] for prompt in prompts], owner):
        shows = photograph_of(pack) is not None
        kinds.setdefault((-(-pack.tokens(len(branches[0])) // ALIKE), shows), []).append(pack)
    found, order = [], []
    for (_, shows), alike in kinds.items():
        laid = lay(alike, branches, pad)
        seen = features[[photograph_of(pack) for pack in alike]] if shows else None
        output = model.model(
            input_ids=laid.ids.masked_fill(laid.ids < 0, model.config.image_token_id),
            attention_mask=torch.zeros(laid.mask.shape, dtype=model.dtype).masked_fill(~laid.mask, -torch.inf),
            position_ids=laid.positions,
            use_cache=False,
            **encoded(seen),
        )
        rows, starts = torch.tensor(laid.places).T
        tokens = starts[:, None] + torch.arange(tail - 1, len(branches[0]))
        found.append(output.last_hidden_state[rows[:, None], tokens])
        order += laid.completions
    return torch.cat(found)[torch.tensor(order).argsort()]


def encoded(features: Any) -> dict[str, Any]:
    """Return the argument that gives a model of the LLaVA kind photographs that are already encoded.

    Args:
        features: (photographs, patches, width), in the order of the prompts; None if none is shown.
    """
    if features is None:
        return {}
    return {"mm_encoder_outputs": {"image": BaseModelOutputWithPooling(pooler_output=list(features))}}
