"""Exact draws from the softmax for all rows at once, on the device of the logits, without sorting a vocabulary.

Each token gets noise of the Gumbel distribution, and the token with the largest sum of scaled logit and noise is a draw
from the softmax. The noise depends only on (seed, step, token), so the rest of the batch does not affect a row's token.

To find the winner without computing noise for every token, the noise is laid out by blocks of tokens. A Gumbel variable
is -log of an Exp(1) arrival time. The first arrival among `n` tokens comes after Exp(1)/n, each token is equally likely
to be it, and since the exponential distribution has no memory, the others arrive Exp(1) after it. So one hash per block
bounds the score of any token in the block, and only blocks that can still win are computed (the top-down construction
of Maddison, Tarlow and Minka, "A* Sampling", 2014).

The nucleus needs no sort either: a token that wins among all tokens and lies in the nucleus also wins within it. The
few rows whose winner lies outside draw again among the more likely tokens, as in FlashInfer's rejection sampling
(https://flashinfer.ai/2025/03/10/sampling.html). Noise and scores are float64, since in float32 a token that arrives
early would share its time with others; sums over a vocabulary are float32 wherever that cannot change the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

_GAMMA = 0x9E3779B97F4A7C15 - 2**64
_MIX = (0xBF58476D1CE4E5B9 - 2**64, 0x94D049BB133111EB - 2**64)
BLOCK = 32
"""Tokens per block, a power of two: larger blocks compute more tokens unnecessarily, smaller blocks need more
bounds."""
_FIRST_BLOCKS = 4
"""Number of blocks with the highest bounds; other blocks must be able to beat their best token."""
_FEW_BLOCKS = 512
"""Up to this many blocks of all rows, computing costs less than ruling out."""
_SLICE = 8192
"""Tokens at a time when the whole vocabulary is summed, so that intermediate results stay in the cache."""
_PAIRS = 4096
"""Blocks at a time when a nucleus is measured, for the same reason."""
_MARGIN = 1e-5
"""Safe bound on the error of sums of probabilities in float32; closer to top-p than this, float64 decides.

A term is off by at most 3 * 2**-24 of its exponent, which averages at most log(vocabulary): at most 2.3e-6 of each of
the two sums for 262,144 tokens. Rounding in the sums adds less than that."""

_LEAST_TEMPERATURE = 1e-30


def draw(logits: Any, temperature: Any, top_p: Any, seeds: Any, steps: Any) -> Any:
    """Draw a token for each row.

    Args:
        logits: (rows, vocabulary), float32; -inf for tokens that must not be drawn.
        temperature: (rows,), float64; below 1e-30, as 0, takes the most likely token.
        top_p: (rows,), float64; the most likely tokens whose probabilities add up to it can be drawn, at least 1.
        seeds: (rows,), int64.
        steps: (rows,), int64: number of the token in its row.

    Returns:
        Tokens, (rows,), int64.
    """
    drawn = torch.empty_like(seeds)
    # A quotient by a smaller one would overflow.
    greedy = (temperature < _LEAST_TEMPERATURE).nonzero()[:, 0]
    if len(greedy):
        drawn[greedy] = logits[greedy].argmax(-1)
    rows = (temperature >= _LEAST_TEMPERATURE).nonzero()[:, 0]
    if len(rows):
        race = _Race.of(logits, temperature, row_keys(seeds, steps))
        drawn[rows] = race.winners(rows)
        limited = rows[top_p[rows] < 1]
        if len(limited):
            _keep_to_nucleus(race, top_p, drawn, limited)
    # If no token can be drawn, the winner can be a padding token of the last block.
    return drawn.clamp_max_(logits.shape[1] - 1)


def row_keys(seeds: Any, steps: Any) -> Any:
    """Return the key of the noise of a row's step: (rows,), int64."""
    return _mixed(_mixed(seeds) + steps * _GAMMA)


def arrivals(keys: Any, blocks: Any, first: tuple[Any, Any]) -> Any:
    """Return the arrival times of the tokens of blocks, each with the distribution Exp(1): (n, tokens per block).

    Args:
        keys: (n,): keys of the blocks' rows.
        blocks: (n,): numbers of the blocks; block 1 has the tokens after those of block 0.
        first: `first_arrivals` of the same blocks.
    """
    tokens = blocks[:, None] * BLOCK + torch.arange(BLOCK, device=blocks.device)
    later = _exponential(_hash(keys[:, None], 2 * tokens))
    return later.scatter_(1, first[1][:, None], 0.0).add_(first[0][:, None])


def first_arrivals(keys: Any, blocks: Any) -> tuple[Any, Any]:
    """Return the arrival time of each block's first token, and its index in the block."""
    bits = _hash(keys, 2 * blocks + 1)
    return _exponential(bits).div_(BLOCK), bits & (BLOCK - 1)


def _keep_to_nucleus(race: _Race, top_p: Any, drawn: Any, rows: Any) -> None:
    """Draw again for rows whose token is outside the nucleus, until none is; each time fewer tokens are left."""
    totals = race.totals(rows, torch.float32)
    while len(rows):
        before = race.mass_before(rows, drawn[rows], torch.float32)
        near = ((before - top_p[rows] * totals).abs() <= _MARGIN * totals).nonzero()[:, 0]
        if len(near):
            totals[near] = race.totals(rows[near], torch.float64)
            before[near] = race.mass_before(rows[near], drawn[rows[near]], torch.float64)
        outside = (before > 0) & (before >= top_p[rows] * totals)
        rows, totals = rows[outside], totals[outside]
        if len(rows):
            drawn[rows] = race.winners(rows, drawn[rows])


@dataclass(frozen=True)
class _Race:
    """Rows whose tokens compete."""

    logits: Any
    """(rows, blocks, tokens per block), with the last block padded with -inf."""
    temperature: Any
    """(rows,)."""
    keys: Any
    """(rows,), int64: hash of seed and step."""
    first: tuple[Any, Any]
    """(rows, blocks): arrival time of each block's first token, and its index in the block."""
    peaks: Any
    """(rows, blocks): highest logit of each block."""
    bounds: Any
    """(rows, blocks), float64: upper bound of the scores in the block."""

    @classmethod
    def of(cls, logits: Any, temperature: Any, keys: Any) -> _Race:
        """Bound each block; a row of temperature 0 has no meaningful bounds."""
        lacking = -logits.shape[1] % BLOCK
        whole = torch.nn.functional.pad(logits, (0, lacking), value=-torch.inf) if lacking else logits
        blocks = whole.unflatten(1, (-1, BLOCK))
        peaks = blocks.amax(-1)
        first = first_arrivals(keys[:, None], torch.arange(peaks.shape[1], device=logits.device))
        bounds = peaks.double().div_(temperature[:, None]).sub_(first[0].log())
        return cls(blocks, temperature, keys, first, peaks, bounds)

    def winners(self, rows: Any, before: Any = None) -> Any:
        """Return the token with the highest score in each row.

        Args:
            rows: (n,).
            before: (n,): only tokens more likely than these compete; None if all compete.
        """
        limit = None if before is None else (self.logits.flatten(1)[rows, before], before)
        bounds = self.bounds[rows]
        if limit is not None:
            bounds = bounds.masked_fill_(self.peaks[rows] < limit[0][:, None], -torch.inf)
        few = bounds.numel() <= _FEW_BLOCKS
        best = bounds.topk(bounds.shape[1] if few else min(_FIRST_BLOCKS, bounds.shape[1])).indices
        place = torch.arange(len(rows), device=rows.device)[:, None].expand_as(best)
        scores = self._scores(rows, place.flatten(), best.flatten(), limit)
        to_beat, at = scores.reshape(len(rows), best.shape[1] * BLOCK).max(-1)
        tokens = best.gather(1, at[:, None] // BLOCK)[:, 0] * BLOCK + at % BLOCK
        if few:
            return tokens
        place, blocks = (bounds > to_beat[:, None]).nonzero(as_tuple=True)
        top, at = self._scores(rows, place, blocks, limit).max(-1)
        won = top == to_beat.scatter_reduce(0, place, top, "amax")[place]
        return tokens.scatter(0, place[won], (blocks * BLOCK + at)[won])

    def _scores(self, rows: Any, place: Any, blocks: Any, limit: tuple[Any, Any] | None) -> Any:
        """Compute scaled logit plus noise of the tokens of blocks: (n, tokens per block).

        Args:
            rows: Rows as in `winners`.
            place: (n,): index of each block's row among them.
            blocks: (n,).
            limit: Logit and token of each row that a token must come before.
        """
        owner = rows[place]
        values = self.logits[owner, blocks]
        if limit is not None:
            values.masked_fill_(~_come_before(values, blocks, limit[0][place], limit[1][place]), -torch.inf)
        when, which = self.first
        noise = arrivals(self.keys[owner], blocks, (when[owner, blocks], which[owner, blocks])).log_().neg_()
        return noise.add_(values.double().div_(self.temperature[owner][:, None]))

    def mass_before(self, rows: Any, tokens: Any, dtype: torch.dtype) -> Any:
        """Add up exp((logit - highest) / temperature) over the tokens before a token of each row, in `dtype`."""
        values, highest = self.logits.flatten(1)[rows, tokens], self.peaks[rows].amax(-1)
        mass = torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
        place, blocks = (self.peaks[rows] >= values[:, None]).nonzero(as_tuple=True)
        for at, some in zip(place.split(_PAIRS), blocks.split(_PAIRS), strict=True):
            found = self.logits[rows[at], some]
            counts = _come_before(found, some, values[at], tokens[at])
            weights = self._weights(found.to(dtype), highest[at], rows[at])
            mass.index_add_(0, at, weights.mul_(counts).sum(-1).double())
        return mass

    def totals(self, rows: Any, dtype: torch.dtype) -> Any:
        """Add up exp((logit - highest) / temperature) over all tokens of each row, computed in `dtype`."""
        highest, totals = self.peaks[rows].amax(-1), torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
        for part in self.logits.flatten(1).split(_SLICE, 1):
            totals += self._weights(part.index_select(0, rows).to(dtype), highest, rows).sum(-1)
        return totals

    def _weights(self, values: Any, highest: Any, rows: Any) -> Any:
        """Turn logits into weights, in place."""
        return values.sub_(highest[:, None]).div_(self.temperature[rows][:, None].to(values.dtype)).exp_()


def _come_before(values: Any, blocks: Any, value: Any, token: Any) -> Any:
    """Return which tokens of blocks come before one token if tokens are sorted by logit, and equal ones by number."""
    earlier = torch.arange(BLOCK, device=blocks.device) < (token - blocks * BLOCK)[:, None]
    return (values > value[:, None]) | ((values == value[:, None]) & earlier)


def _exponential(bits: Any) -> Any:
    """Turn the high 52 bits into a draw from Exp(1); with 52 bits the uniform float64 is never 0 and never 1."""
    return (bits >> 12).double().add_(2.0**51 + 0.5).mul_(2.0**-52).log_().neg_()


def _hash(keys: Any, counter: Any) -> Any:
    """Return the 64 bits of SplitMix64 for a key and a counter; products and sums of int64 wrap around.

    Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
    """
    return _mixed(keys + (counter + 1) * _GAMMA)


def _mixed(bits: Any) -> Any:
    for shift, factor in zip((30, 27), _MIX, strict=True):
        bits = (bits ^ _shifted(bits, shift)).mul_(factor)
    return bits ^ _shifted(bits, 31)


def _shifted(bits: Any, by: int) -> Any:
    """Shift right without the sign."""
    return (bits >> by).bitwise_and_((1 << (64 - by)) - 1)
