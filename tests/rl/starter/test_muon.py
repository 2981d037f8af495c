"""The optimizer of the starter's layers: what it makes of a gradient, and that it learns and can be taken up again."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from consult.rl.starter.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(2, 24, 24), (3, 16, 48), (2, 48, 16)])
def test_singular_values_come_near_1_and_vectors_stay(shape: tuple[int, int, int]) -> None:
    u, found, v = torch.linalg.svd(torch.randn(shape, generator=torch.Generator().manual_seed(3)), full_matrices=False)
    given = u @ torch.diag_embed(found.clamp_min(1.0)) @ v
    made = orthogonal(given)
    assert made.shape == given.shape
    assert ((torch.linalg.svdvals(made) > 0.5) & (torch.linalg.svdvals(made) < 1.3)).all()
    within = u.mT @ made @ v.mT
    assert torch.allclose(within, torch.diag_embed(torch.diagonal(within, dim1=1, dim2=2)), atol=1e-3)


def _fit(steps: int, taken_up_after: int | None = None) -> tuple[float, torch.Tensor]:
    noise = torch.Generator().manual_seed(5)
    inputs, target = torch.randn(64, 16, generator=noise), torch.randn(8, 16, generator=noise)
    weight = torch.nn.Parameter(torch.zeros(8, 16))
    optimizer = Muon([weight], lr=0.05)
    for step in range(steps):
        if step == taken_up_after:
            kept = optimizer.state_dict()
            optimizer = Muon([weight], lr=0.9)
            optimizer.load_state_dict(kept)
        loss: Any = (inputs @ (weight - target).T).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach()), weight.detach()


def test_it_learns() -> None:
    assert _fit(200)[0] < 0.05 * _fit(1)[0]


def test_taken_up_again_it_goes_the_same_way() -> None:
    assert torch.equal(_fit(20)[1], _fit(20, taken_up_after=7)[1])


def test_anything_but_a_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="matrices only"):
        Muon([torch.nn.Parameter(torch.zeros(3))], lr=0.1)
