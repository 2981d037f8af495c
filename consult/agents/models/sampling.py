"""Sampling row by row: what a row draws depends on its own seed and step, never on its companions in the batch.

Noise of the Gumbel distribution is added to the scaled logits and the largest wins, which is a draw from the softmax;
the noise comes from a generator keyed by (request seed, step), so that a retry or a resume draws the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import LogitsProcessor

from consult.agents.models.grammar import Matcher

_MIX = 0x9E3779B97F4A7C15


@dataclass
class Trie:
    """Token sequences of the options at one node."""

    children: dict[int, Trie] = field(default_factory=dict)

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> Trie:
        """Build from token sequences."""
        root = cls()
        for sequence in sequences:
            node = root
            for token in sequence:
                node = node.children.setdefault(token, Trie())
        return root


@dataclass
class Row:
    """One request while it is generated."""

    seed: int
    temperature: float
    top_p: float
    options: Trie | None = None
    """Set while the next token must continue one of these; emptied when an option is complete."""
    matcher: Matcher | None = None
    """Holds what comes from the place on to a grammar."""
    waits: Callable[[list[int]], bool] | None = None
    """Tells from the tokens so far whether the place of choice or grammar has come; None when it is the start."""
    tokens: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    chose: bool = False
    began: bool = False
    """Whether the place of the grammar has come."""
    limit: int | None = None
    """Most tokens; None for no limit of its own."""

    @property
    def chooses(self) -> bool:
        """Whether the next token is restricted to the options."""
        if self.options is None or not self.options.children:
            return False
        return self.chose or self.waits is None or self.waits(self.tokens)

    @property
    def grammar(self) -> Matcher | None:
        """What restricts the next token; None where it is free."""
        if self.matcher is None or self.matcher.is_over:
            return None
        self.began = self.began or self.waits is None or self.waits(self.tokens)
        return self.matcher if self.began else None


class RowSampler(LogitsProcessor):
    """Turns logits into a one-hot choice per row; used with greedy search.

    Args:
        rows: One a row of the batch.
        banned: Tokens that are never drawn, e.g. the image token.
        stops: Tokens that end a row; an ended row draws no more, however long its companions go on.
    """

    def __init__(self, rows: Sequence[Row], banned: Sequence[int], stops: Sequence[int] = ()) -> None:
        self.rows, self.banned, self.stops = rows, list(banned), list(stops)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Choose for each row; `scores` has shape (rows, vocabulary)."""
        scores = scores.to(torch.float64)
        scores[:, self.banned] = -torch.inf
        chosen = torch.full_like(scores, -torch.inf)
        for i, row in enumerate(self.rows):
            chosen[i, self._choose(row, scores[i])] = 0.0
        return chosen

    def _choose(self, row: Row, logits: Any) -> int:
        ended = row.tokens and row.tokens[-1] in self.stops
        if self.stops and (ended or len(row.tokens) == row.limit):
            return self.stops[0]
        options = row.options if row.chooses else None
        if options is not None:
            allowed = torch.tensor(sorted(options.children), device=logits.device)
            masked = torch.full_like(logits, -torch.inf)
            masked[allowed] = logits[allowed]
            logits = masked
        grammar = row.grammar
        if grammar is not None:
            logits = logits.masked_fill(~grammar.allowed().to(logits.device), -torch.inf)
        token = self._draw(row, logits)
        if grammar is not None:
            grammar.accept(token)
        if options is not None:
            row.log_probability += float(torch.log_softmax(logits, -1)[token])
            row.options, row.chose = options.children[token], True
        row.tokens.append(token)
        return token

    def _draw(self, row: Row, logits: Any) -> int:
        if row.temperature == 0:
            return int(logits.argmax())
        scaled = nucleus(logits / row.temperature, row.top_p)
        noise = torch.rand(scaled.shape, generator=_generator(row.seed, len(row.tokens)), dtype=torch.float64)
        gumbel = -torch.log(-torch.log(noise.clamp_min(1e-300)))
        return int((scaled + gumbel.to(scaled.device)).argmax())


def nucleus(logits: Any, top_p: float) -> Any:
    """Keep the likeliest tokens whose probabilities add up to `top_p`; at least one."""
    if top_p >= 1:
        return logits
    values, order = logits.sort(descending=True, stable=True)
    probabilities = values.softmax(-1)
    beyond = probabilities.cumsum(-1) - probabilities >= top_p
    beyond[0] = False
    return logits.masked_fill(torch.zeros_like(beyond).scatter(0, order, beyond), -torch.inf)


def _generator(seed: int, step: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed ^ (step * _MIX)) & 0x7FFFFFFFFFFFFFFF)
