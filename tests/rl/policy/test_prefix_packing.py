"""Prompts that are read as one: which are put together, who attends to whom, and that nothing changes by it."""

from __future__ import annotations

import random

import torch

from consult.rl.policy.prefix_packing import common_tail, lay, packs_of, photograph_of


def test_the_tail_is_what_all_prompts_end_with():
    assert common_tail([(1, 2, 3, 9, 8), (1, 4, 9, 8)]) == 2
    assert common_tail([(1, 2), (3, 4)]) == 1  # something has to be read after the trunk
    assert common_tail([(7, 8), (5, 7, 8)]) == 1  # and something before the tail
    assert common_tail([(1, 2, 3)]) == 2


def test_stems_that_begin_one_another_are_one_pack():
    stems = [(1,), (1, 2), (1, 2, 3), (1, 5), (2, 2)]
    packs = packs_of(stems, [0, 1, 2, 3, 4, 2])
    assert [(pack.trunk, sorted(pack.branches)) for pack in packs] == [
        ((2, 2), [(4, 2)]),
        ((1, 5), [(3, 2)]),
        ((1, 2, 3), [(0, 1), (1, 2), (2, 3), (5, 3)]),
    ]


def test_every_completion_is_in_one_pack_whose_trunk_begins_with_its_stem():
    rng = random.Random(3)
    stems = list({tuple(rng.choices((1, 2), k=rng.randint(1, 6))) for _ in range(60)})
    owner = [rng.randrange(len(stems)) for _ in range(200)]
    packs = packs_of(stems, owner)
    assert sorted(completion for pack in packs for completion, _ in pack.branches) == list(range(200))
    for pack in packs:
        assert all(pack.trunk[:stem] == stems[owner[completion]] for completion, stem in pack.branches)
    assert len(packs) < len({stems[prompt] for prompt in owner})


def test_a_branch_attends_to_its_own_prompt_and_to_nothing_else():
    packs = packs_of([(1,), (1, 2, 3), (4,)], [0, 1, 2])
    laid = lay(packs, [(7, 8), (7, 9), (7, 6)], pad=0)
    assert laid.ids.tolist() == [[4, 7, 6, 0, 0, 0, 0], [1, 2, 3, 7, 9, 7, 8]]
    assert laid.positions.tolist() == [[0, 1, 2, 0, 0, 0, 0], [0, 1, 2, 3, 4, 1, 2]]
    assert laid.completions == [2, 1, 0] and laid.places == [(0, 1), (1, 3), (1, 5)]
    seen = [[row.nonzero()[:, 0].tolist() for row in pack[0]] for pack in laid.mask]
    assert seen[1] == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4], [0, 5], [0, 5, 6]]
    assert seen[0] == [[0], [0, 1], [0, 1, 2], [3], [4], [5], [6]]
    assert bool(torch.equal(laid.mask, laid.mask & torch.ones(7, 7, dtype=torch.bool).tril()))


def test_prompts_that_show_different_photographs_are_never_put_together():
    packs = packs_of([(1, -1, -1, 2), (1, -2, -2, 2, 3), (1, -1, -1, 2, 3), (1, 2)], range(4))
    assert [photograph_of(pack) for pack in packs] == [None, 0, 1]
    assert [sorted(pack.branches) for pack in packs] == [[(3, 2)], [(0, 4), (2, 5)], [(1, 5)]]
