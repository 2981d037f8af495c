"""Sampling of a batch: true to the softmax, the same among any companions, and held to the options of a choice."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from consult.agents.models.local.sampling import Row, RowSampler, Trie

LOGITS = [1.5, -0.5, 0.0, 2.0, 0.7]


def softmax(logits: Sequence[float]) -> list[float]:
    weights = [math.exp(logit) for logit in logits]
    return [weight / sum(weights) for weight in weights]


def drawn(rows: Sequence[Row], logits: Sequence[Sequence[float]], banned: Sequence[int] = ()) -> list[int]:
    """One step."""
    chosen = RowSampler(rows, banned)(None, torch.tensor(logits))
    assert ((chosen == 0).sum(1) == 1).all() and torch.isinf(chosen).sum() == chosen.numel() - len(rows)
    return [int(token) for token in chosen.argmax(1)]


def one(row: Row, steps: Sequence[Sequence[float]], **more: Sequence[int]) -> list[int]:
    """Several steps of a row alone."""
    sampler = RowSampler([row], more.get("banned", ()), more.get("stops", ()))
    return [int(sampler(None, torch.tensor([logits])).argmax()) for logits in steps]


def chi_square(tokens: Sequence[int], probabilities: Sequence[float]) -> float:
    counts, n = Counter(tokens), len(tokens)
    assert all(counts[token] == 0 for token, p in enumerate(probabilities) if p == 0)
    return sum((counts[token] - n * p) ** 2 / (n * p) for token, p in enumerate(probabilities) if p > 0)


# -- drawing -----------------------------------------------------------------------------------------------------------


def test_greedy_at_temperature_0() -> None:
    rows = [Row(seed, 0.0, 0.3) for seed in range(50)]
    assert drawn(rows, [LOGITS] * 50) == [3] * 50


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_draws_follow_the_softmax(temperature: float) -> None:
    rows = [Row(seed, temperature, 1.0) for seed in range(20_000)]
    tokens = drawn(rows, [LOGITS] * len(rows))
    # Four degrees of freedom: beyond 23.5 once in ten thousand times.
    assert chi_square(tokens, softmax([logit / temperature for logit in LOGITS])) < 23.5


def test_the_steps_of_a_row_draw_apart() -> None:
    """A row's second draw does not follow from its first."""
    rows = [Row(seed, 1.0, 1.0) for seed in range(6_000)]
    sampler = RowSampler(rows, ())
    first, second = (sampler(None, torch.zeros(len(rows), 3)).argmax(1) for _ in range(2))
    pairs = [int(a * 3 + b) for a, b in zip(first, second, strict=True)]
    # Eight degrees of freedom: beyond 31.8 once in ten thousand times.
    assert chi_square(pairs, [1 / 9] * 9) < 31.8


def test_a_row_draws_the_same_among_any_companions() -> None:
    generator = torch.Generator().manual_seed(1)
    steps = [torch.randn(40, generator=generator).tolist() for _ in range(6)]
    others = [torch.randn(40, generator=generator).tolist() for _ in range(6)]
    alone = one(Row(77, 0.9, 0.9), steps)
    assert len(set(alone)) > 1
    for at in (0, 2, 4):
        rows = [Row(100 + i, 1.3, 1.0) for i in range(4)]
        rows.insert(at, Row(77, 0.9, 0.9))
        sampler = RowSampler(rows, ())
        among = []
        for mine, theirs in zip(steps, others, strict=True):
            logits = [theirs] * 4
            logits.insert(at, mine)
            among.append(int(sampler(None, torch.tensor(logits)).argmax(1)[at]))
        assert among == alone
    assert one(Row(78, 0.9, 0.9), steps) != alone


def test_the_nucleus_keeps_the_likeliest() -> None:
    # By softmax: .48 (token 3), .29 (token 0), .13 (token 4), .06, .04.
    rows = [Row(seed, 1.0, 0.8) for seed in range(6_000)]
    p = softmax([LOGITS[0], LOGITS[3], LOGITS[4]])
    assert chi_square(drawn(rows, [LOGITS] * len(rows)), [p[0], 0, 0, p[1], p[2]]) < 18.5


@pytest.mark.parametrize("top_p", [0.0, 1e-9, 0.3])
def test_the_nucleus_keeps_at_least_one(top_p: float) -> None:
    assert drawn([Row(seed, 1.0, top_p) for seed in range(50)], [LOGITS] * 50) == [3] * 50


def test_the_nucleus_of_ties() -> None:
    assert set(drawn([Row(seed, 1.0, 0.5) for seed in range(50)], [[0.0] * 4] * 50)) == {0, 1}


def test_the_tokens_of_a_step_come_to_the_host_together(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Row(seed, 1.0, 0.9) for seed in range(30)] + [Row(seed, 0.0, 1.0) for seed in range(30)]
    rows += [Row(seed, 1.0, 0.9, Trie.of([(1, 2), (3,)])) for seed in range(4)]
    calls: Counter[str] = Counter()
    for name in ("tolist", "item", "cpu", "numpy", "__int__", "__float__", "__bool__", "__index__", "__iter__"):
        stock = getattr(torch.Tensor, name)

        def counted(*args: Any, _name: str = name, _stock: Any = stock, **more: Any) -> Any:
            calls[_name] += 1
            return _stock(*args, **more)

        monkeypatch.setattr(torch.Tensor, name, counted)
    sampler = RowSampler(rows, [0])
    for step in range(1, 3):
        sampler.step(torch.randn(64, 500))
        assert calls["tolist"] == step and set(calls) <= {"tolist", "__iter__"}  # iterating gives tensors
    assert all(len(row.tokens) == 2 for row in rows)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_banned_tokens_are_never_drawn(temperature: float) -> None:
    rows = [Row(seed, temperature, 1.0) for seed in range(500)]
    tokens = drawn(rows, [[9.0, 0.0, 0.1, 9.0, 0.2]] * 500, banned=[0, 3])
    assert set(tokens) == ({4} if temperature == 0 else {1, 2, 4})


# -- choices -----------------------------------------------------------------------------------------------------------

OPTIONS = [(1, 2), (1, 3, 4), (5,)]


def test_a_trie_shares_beginnings() -> None:
    root = Trie.of(OPTIONS)
    assert sorted(root.children) == [1, 5]
    assert sorted(root.children[1].children) == [2, 3]
    assert not root.children[5].children


def test_only_options_come_out_with_their_probabilities() -> None:
    generator = torch.Generator().manual_seed(2)
    steps = torch.randn(4, 7, generator=generator, dtype=torch.float64).tolist()
    steps[3] = [50.0, 0, 0, 0, 0, 0, 0]  # after the choice the row is free
    exp = [[math.exp(x) for x in step] for step in steps]
    first = exp[0][1] / (exp[0][1] + exp[0][5])
    second = exp[1][2] / (exp[1][2] + exp[1][3])
    by_hand = {(1, 2): first * second, (1, 3, 4): first * (1 - second), (5,): 1 - first}
    rows = [Row(seed, 1.0, 1.0, Trie.of(OPTIONS)) for seed in range(2_000)]
    sampler = RowSampler(rows, ())
    for step in steps:
        sampler.step(torch.tensor(step).repeat(len(rows), 1))
    seen: Counter[tuple[int, ...]] = Counter()
    for row in rows:
        option = next(option for option in OPTIONS if tuple(row.tokens[: len(option)]) == option)
        seen[option] += 1
        assert row.tokens[3] == 0
        assert row.chose and not row.chooses
        assert math.exp(row.log_probability) == pytest.approx(by_hand[option], rel=1e-5)
    assert sum(by_hand.values()) == pytest.approx(1)
    for option, p in by_hand.items():
        assert abs(seen[option] / 2_000 - p) < 0.05


def test_a_greedy_choice_has_the_models_probability() -> None:
    row = Row(0, 0.0, 1.0, Trie.of([(0,), (1,), (2,)]))
    assert one(row, [LOGITS]) == [0]
    assert math.exp(row.log_probability) == pytest.approx(softmax(LOGITS[:3])[0], rel=1e-5)


def test_a_choice_waits_for_its_place() -> None:
    row = Row(0, 0.0, 1.0, Trie.of([(1,), (2, 2)]), waits=lambda tokens: tokens[-2:] == [3, 4])
    peak = {token: [9.0 if i == token else 0.0 for i in range(5)] for token in range(5)}
    free, then = [peak[0], peak[3], peak[4]], [[0.0, 1.0, 2.0, 9.0, 9.0], peak[0], peak[4]]
    assert one(row, [*free, *then]) == [0, 3, 4, 2, 2, 4]
    assert math.exp(row.log_probability) == pytest.approx(math.e**2 / (math.e + math.e**2), rel=1e-5)
    never = Row(0, 0.0, 1.0, Trie.of([(1,)]), waits=lambda tokens: tokens[-2:] == [3, 4])
    assert one(never, [peak[0], peak[3], peak[0]]) == [0, 3, 0]
    assert not never.chose and never.log_probability == 0


def test_choices_touch_only_the_rows_that_have_them() -> None:
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(40, 100, generator=generator).tolist()
    free = [Row(seed, 1.0, 0.9) for seed in range(40)]
    expected = drawn(free, logits)
    mixed = [Row(seed, 1.0, 0.9) for seed in range(40)]
    options = {7: [3], 8: [90, 2, 5], 21: [0, 99]}
    for i, tokens in options.items():
        mixed[i].options = Trie.of([(token,) for token in tokens])
    tokens = drawn(mixed, logits)
    for i, token in enumerate(tokens):
        if i not in options:
            assert token == expected[i] and not mixed[i].chose
            continue
        assert token in options[i] and mixed[i].chose
        by_hand = softmax([logits[i][option] for option in options[i]])[options[i].index(token)]
        assert math.exp(mixed[i].log_probability) == pytest.approx(by_hand, rel=1e-5)


def test_a_row_without_a_choice_has_chosen_nothing() -> None:
    row = Row(0, 1.0, 1.0)
    one(row, [LOGITS])
    assert not row.chose


# -- ends --------------------------------------------------------------------------------------------------------------


def test_an_ended_row_draws_no_more() -> None:
    peak = {token: [9.0 if i == token else 0.0 for i in range(5)] for token in range(5)}
    row = Row(0, 0.0, 1.0, Trie.of([(1,)]), waits=lambda tokens: tokens[-1:] == [2])
    assert one(row, [peak[3], peak[4], peak[2], peak[1]], stops=[4]) == [3, 4, 4, 4]
    assert row.tokens == [3, 4] and not row.chose
    short = Row(0, 0.0, 1.0, limit=2)
    assert one(short, [peak[3], peak[2], peak[1]], stops=[4]) == [3, 2, 4]


def test_options_are_drawn_at_a_temperature_of_their_own_and_the_rest_at_the_rows() -> None:
    rows = [Row(seed, 1.0, 1.0, Trie.of([[0], [3]]), choice_temperature=4.0) for seed in range(20_000)]
    weights = softmax([LOGITS[0] / 4, LOGITS[3] / 4])
    tokens = drawn(rows, [LOGITS] * len(rows))
    assert chi_square(tokens, [weights[0], 0, 0, weights[1], 0]) < 10.8
    # The probability that is reported is the model's, whatever the temperature.
    first = softmax([LOGITS[0], LOGITS[3]])[0]
    assert all(math.isclose(math.exp(row.log_probability), first if t == 0 else 1 - first, rel_tol=1e-6)
               for row, t in zip(rows, tokens, strict=True))  # fmt: skip
    after = drawn(rows, [LOGITS] * len(rows))
    assert chi_square(after, softmax(LOGITS)) < 23.5
