"""Which prompts are kept, and which are found again."""

from __future__ import annotations

import torch

from consult.agents.models.local.prefix_cache import IN_USE, KeptPrompt, PrefixCache, Tokens

SIZE = 4 * 2 * 3
"""Bytes of one token: keys and values of 2 layers, 2 heads, 3 numbers of one byte."""


def kept(ids: range, shown: tuple[str, ...] = ()) -> KeptPrompt:
    return KeptPrompt(Tokens(tuple(ids), shown), (torch.zeros(4, 2, len(ids), 3, dtype=torch.int8),), 0)


def test_the_longest_beginning_is_found() -> None:
    cache = PrefixCache(10**6)
    short, long = kept(range(20)), kept(range(50))
    cache.keep(long)
    cache.keep(short)
    assert cache.longest(Tokens((*range(43), 99, 98))) == (long, 43)
    assert cache.longest(Tokens(tuple(range(19)))) == (short, 19)
    assert cache.longest(Tokens((*range(7), 99, 98))) == (None, 0)
    assert cache.longest(Tokens(())) == (None, 0)


def test_a_prompt_with_another_photograph_is_another_prompt() -> None:
    cache = PrefixCache(10**6)
    cache.keep(kept(range(20), ("a",)))
    assert cache.longest(Tokens(tuple(range(20)), ("b",))) == (None, 0)
    assert cache.longest(Tokens(tuple(range(20)))) == (None, 0)
    assert cache.longest(Tokens(tuple(range(20)), ("a",)))[1] == 20


def test_a_longer_prompt_takes_the_place_of_its_beginning() -> None:
    cache = PrefixCache(30 * SIZE)
    short, long = kept(range(16)), kept(range(24))
    cache.keep(short)
    cache.keep(long)
    assert cache.longest(Tokens(tuple(range(16)))) == (long, 16)


def test_a_prompt_that_could_not_be_found_any_more_is_not_kept() -> None:
    """Equal prompts of a batch, such as the first ones of one case in several consultations, are kept once."""
    cache = PrefixCache(10**6)
    for _ in range(3):
        cache.keep(kept(range(20)))
    cache.keep(kept(range(16)))
    cache.keep(kept(range(30), ("a",)))
    last = kept(range(27))
    cache.keep(last)
    assert cache.longest(Tokens(tuple(range(40)))) == (last, 27)
    assert cache.longest(Tokens(tuple(range(40)), ("a",)))[1] == 30
    rest = Tokens(tuple(range(1000, 1000 + 10**6 // SIZE - 57)))
    assert cache.has_room(rest, 10**6 - 57 * SIZE) and not cache.has_room(rest, 10**6 - 56 * SIZE)


def test_a_prompt_grows_while_its_new_tokens_fit() -> None:
    cache = PrefixCache(20 * SIZE)
    cache.keep(kept(range(12)))
    grown, too_long = kept(range(20)), kept(range(28))
    assert cache.has_room(grown.tokens, grown.size)
    cache.keep(grown)
    cache.keep(too_long)
    assert cache.longest(Tokens(tuple(range(28)))) == (grown, 20)


def test_prompts_in_use_stay_and_others_make_room() -> None:
    cache = PrefixCache(20 * SIZE)
    first, second = kept(range(16)), kept(range(100, 116))
    cache.keep(first)
    cache.begin_batch()
    assert not cache.has_room(second.tokens, 16 * SIZE)
    cache.keep(second)
    assert cache.longest(Tokens(second.tokens.ids)) == (None, 0)
    for _ in range(IN_USE):
        cache.begin_batch()
    assert cache.has_room(second.tokens, 16 * SIZE)
    cache.keep(second)
    assert cache.longest(Tokens(second.tokens.ids)) == (second, 16)
    assert cache.longest(Tokens(first.tokens.ids)) == (None, 0)


def test_a_prompt_that_never_fits_is_not_kept() -> None:
    cache = PrefixCache(10 * SIZE)
    cache.keep(kept(range(16)))
    assert cache.longest(Tokens(tuple(range(16)))) == (None, 0)


def test_nothing_is_left_after_clearing() -> None:
    cache = PrefixCache(20 * SIZE)
    cache.keep(kept(range(16)))
    cache.clear()
    assert cache.longest(Tokens(tuple(range(16)))) == (None, 0)
    assert cache.has_room(Tokens(tuple(range(20))), 20 * SIZE)
