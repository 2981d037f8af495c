"""Draws for a batch: true to the softmax and the nucleus, the same in any batch, with noise that is independent."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from scipy import stats

from consult.agents.models.local.gumbel import BLOCK, arrivals, draw, first_arrivals, row_keys

RARE = 1e-4
"""A sound sampler fails a test of chance this often."""


def settings(rows: int, temperature: float = 1.0, top_p: float = 1.0, first: int = 0, step: int = 0) -> tuple[Any, ...]:
    """Temperature, top-p, seeds and steps of rows with neighbouring seeds."""
    filled = [torch.full((rows,), value, dtype=torch.float64) for value in (temperature, top_p)]
    return (*filled, torch.arange(first, first + rows), torch.full((rows,), step))


def noise(seeds: Any, steps: Any, vocabulary: int) -> Any:
    """The noise of every token: (rows, vocabulary)."""
    blocks, keys = torch.arange(-(-vocabulary // BLOCK)), row_keys(seeds, steps)
    each = keys.repeat_interleave(len(blocks)), blocks.repeat(len(keys))
    times = arrivals(*each, first_arrivals(*each))
    return -times.reshape(len(keys), -1)[:, :vocabulary].log()


def nucleus(logits: Any, top_p: Any) -> Any:
    """What may be drawn, by sorting: (rows, vocabulary), bool."""
    values, order = logits.sort(dim=-1, descending=True, stable=True)
    probabilities = values.softmax(-1)
    inside = (probabilities.cumsum(-1) - probabilities < top_p[:, None]) | (top_p[:, None] >= 1)
    inside[:, 0] = True
    return torch.zeros_like(inside).scatter(-1, order, inside)


def by_sorting(logits: Any, temperature: Any, top_p: Any, seeds: Any, steps: Any) -> Any:
    """The same draw with a full sort and noise for every token."""
    scaled = logits.double() / temperature[:, None]
    scores = scaled + noise(seeds, steps, logits.shape[1])
    return scores.masked_fill(~nucleus(scaled, top_p), -torch.inf).argmax(-1)


def peaked(vocabulary: int, rows: int = 1) -> Any:
    """Logits of a Zipf distribution with a few dominant tokens, in an order of its own for each row."""
    generator = torch.Generator().manual_seed(vocabulary)
    logits = -1.7 * torch.arange(1, vocabulary + 1).log()
    return torch.stack([logits[torch.randperm(vocabulary, generator=generator)] for _ in range(rows)])


def flat(vocabulary: int, rows: int = 1) -> Any:
    return torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(vocabulary))


# -- distribution ------------------------------------------------------------------------------------------------------


def binned(probabilities: Any, bins: int) -> Any:
    """Number a bin for each token: tokens of falling probability, as many as make up the bin's share."""
    values, order = probabilities.sort(descending=True)
    bins_of = (values.cumsum(0) * bins).long().clamp_max(bins - 1)
    return torch.empty_like(order).scatter(0, order, bins_of)


@pytest.mark.slow
@pytest.mark.parametrize("top_p", [0.9, 1.0])
@pytest.mark.parametrize("kind", [peaked, flat])
@pytest.mark.parametrize(("vocabulary", "rows"), [(1_800, 8_000), (49_152, 1_000), (151_936, 400)])
def test_draws_follow_the_nucleus_of_the_softmax(vocabulary: int, rows: int, kind: Any, top_p: float) -> None:
    logits = kind(vocabulary)
    drawn = draw(logits.expand(rows, -1), *settings(rows, 0.8, top_p))
    scaled = logits.double() / 0.8
    inside = nucleus(scaled, torch.tensor([top_p]))
    probabilities = scaled.masked_fill(~inside, -torch.inf).softmax(-1)[0]
    assert inside[0, drawn].all()
    bins = binned(probabilities, 20)
    expected = rows * torch.zeros(20, dtype=torch.float64).scatter_add(0, bins, probabilities)
    counts = torch.bincount(bins[drawn], minlength=20)
    # A dominant token spans several bins, of which only one is filled.
    assert stats.chisquare(counts[expected > 0], expected[expected > 0]).pvalue > RARE


@pytest.mark.slow
@pytest.mark.parametrize("vocabulary", [1, 5, 33, 1_800, 8_200])
@pytest.mark.parametrize("top_p", [0.0, 0.3, 0.95, 1.0])
def test_the_draw_is_that_of_a_full_sort(vocabulary: int, top_p: float) -> None:
    for logits in (peaked(vocabulary, 30), flat(vocabulary, 30), 0.01 * flat(vocabulary, 30)):
        for temperature in (0.3, 1.0):
            chosen = settings(30, temperature, top_p, first=vocabulary)
            assert torch.equal(draw(logits, *chosen), by_sorting(logits, *chosen))


@pytest.mark.parametrize("top_p", [0.25, 0.5, 0.9])
def test_ties_at_the_threshold_go_by_number(top_p: float) -> None:
    level = torch.zeros(300, 4_096)
    chosen = settings(300, 1.0, top_p)
    drawn = draw(level, *chosen)
    assert torch.equal(drawn, by_sorting(level, *chosen))
    # Each of 4,096 equal tokens has the probability 2**-12; the first of them reach top-p.
    assert drawn.max() < -(-4_096 * top_p // 1) and drawn.max() > 4_000 * top_p
    few_levels = flat(5_000, 200).bfloat16().float().round(decimals=0)
    assert len(few_levels.unique()) < 12
    chosen = settings(200, 0.7, top_p)
    assert torch.equal(draw(few_levels, *chosen), by_sorting(few_levels, *chosen))


def test_rows_of_different_settings_keep_to_their_own() -> None:
    logits = torch.cat([peaked(3_000, 60), flat(3_000, 60)])
    generator = torch.Generator().manual_seed(4)
    temperature = 0.2 + 1.5 * torch.rand(120, generator=generator, dtype=torch.float64)
    top_p = torch.rand(120, generator=generator, dtype=torch.float64).mul_(1.2).clamp_max_(1.0)
    seeds = torch.randint(2**62, (120,), generator=generator)
    steps = torch.randint(500, (120,), generator=generator)
    chosen = (temperature, top_p, seeds, steps)
    expected = by_sorting(logits, *chosen)
    assert torch.equal(draw(logits, *chosen), expected)
    greedy = torch.arange(120) % 3 == 0
    drawn = draw(logits, temperature.masked_fill(greedy, 0.0), *chosen[1:])
    assert torch.equal(drawn, torch.where(greedy, logits.argmax(-1), expected))


# -- batches -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("top_p", [0.5, 0.95, 1.0])
def test_a_row_draws_the_same_in_any_batch(top_p: float) -> None:
    logits = torch.cat([peaked(9_000, 32), flat(9_000, 32)])
    chosen = settings(64, 0.9, top_p, first=10, step=3)
    together = draw(logits, *chosen)
    for size in (1, 16):
        parts = [draw(logits[i : i + size], *(values[i : i + size] for values in chosen)) for i in range(0, 64, size)]
        assert torch.equal(torch.cat(parts), together)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(draw(logits[order], *(values[order] for values in chosen)), together[order])


def test_more_tokens_that_cannot_be_drawn_change_nothing() -> None:
    logits, chosen = flat(1_000, 50), settings(50, 1.0, 0.9)
    wider = torch.nn.functional.pad(logits, (0, 777), value=-torch.inf)
    assert torch.equal(draw(wider, *chosen), draw(logits, *chosen))


# -- extremes ----------------------------------------------------------------------------------------------------------


def test_greedy_takes_the_first_of_the_likeliest() -> None:
    logits = flat(700, 20).round(decimals=0)
    assert torch.equal(draw(logits, *settings(20, 0.0, 0.4)), logits.argmax(-1))


def test_a_tiny_temperature_is_as_good_as_greedy() -> None:
    logits = flat(700, 20)
    assert torch.equal(draw(logits, *settings(20, 1e-5, 0.9)), logits.argmax(-1))


@pytest.mark.parametrize("temperature", [1e-29, 1e-40, 5e-324])
def test_no_temperature_is_too_small(temperature: float) -> None:
    logits = flat(700, 20)
    logits[:, 5] = -torch.inf
    assert torch.equal(draw(logits, *settings(20, temperature, 0.9)), logits.argmax(-1))


@pytest.mark.parametrize("value", [-torch.inf, torch.nan])
def test_logits_of_no_use_still_give_a_token(value: float) -> None:
    drawn = draw(torch.full((3, 70), value), *settings(3, 1.0, 0.9))
    assert ((drawn >= 0) & (drawn < 70)).all()


# -- noise -------------------------------------------------------------------------------------------------------------


def uniform(seeds: Any, steps: Any, vocabulary: int) -> Any:
    """The noise by its own distribution function: uniform where it is sound."""
    return (-(-noise(seeds, steps, vocabulary)).exp()).exp()


def test_noise_has_its_distribution_at_every_place_of_a_block() -> None:
    values = uniform(torch.arange(300), torch.arange(300) % 7, 30 * BLOCK)
    assert stats.kstest(values.flatten().numpy(), "uniform").pvalue > RARE
    for place in range(BLOCK):
        assert stats.kstest(values[:, place::BLOCK].flatten().numpy(), "uniform").pvalue > RARE / BLOCK
    # The first of a block to arrive has the largest noise: it is any of them, and its noise is that of a maximum.
    largest, place = values.unflatten(1, (-1, BLOCK)).max(-1)
    assert stats.chisquare(torch.bincount(place.flatten(), minlength=BLOCK)).pvalue > RARE
    assert stats.kstest((largest**BLOCK).flatten().numpy(), "uniform").pvalue > RARE


def test_neighbouring_seeds_steps_and_tokens_have_independent_noise() -> None:
    vocabulary = 100 * BLOCK
    values = uniform(torch.arange(101), torch.zeros(101, dtype=torch.long), vocabulary)
    steps = uniform(torch.full((101,), 5), torch.arange(101), vocabulary)
    pairs = {
        "seeds": (values[:-1], values[1:]),
        "steps": (steps[:-1], steps[1:]),
        "tokens": (values[:, :-1], values[:, 1:]),
        "blocks": (values[:, :-BLOCK], values[:, BLOCK:]),
        "seed for step": (values[1:6, :], steps[1:6, :]),
    }
    for name, (one, other) in pairs.items():
        one, other = one.flatten(), other.flatten()
        assert abs(torch.corrcoef(torch.stack([one, other]))[0, 1]) < 4 / len(one) ** 0.5, name
        cells = (one * 8).long() * 8 + (other * 8).long()
        assert stats.chisquare(torch.bincount(cells, minlength=64)).pvalue > RARE, name
