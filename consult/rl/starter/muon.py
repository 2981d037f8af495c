"""Muon, an optimizer for the matrices of a transformer's layers, in single precision.

The update of a matrix is its momentum, made orthogonal by a Newton-Schulz iteration (Jordan et al., 2024,
https://kellerjordan.github.io/posts/muon/), with the size of an update of AdamW (Liu et al., 2025, arXiv:2502.16982).
torch also has it (`torch.optim.Muon`), but iterates in half precision, which is several times slower than single
precision on a processor without instructions for it, and on one matrix at a time; here all matrices of one shape are
one batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Coefficients of the iteration's polynomial, from Jordan et al."""
STEPS = 5
"""Number of iterations."""
MOMENTUM = 0.95
DECAY = 0.05
"""Weight decay."""
SIZE = 0.2
"""Root mean square of an update, per unit of the learning rate; about that of AdamW."""


class Muon(torch.optim.Optimizer):
    """Update matrices by their orthogonalized momentum.

    Args:
        parameters: Matrices, all of two dimensions.
        lr: Learning rate, in the units of AdamW's.

    Raises:
        ValueError: A parameter is not a matrix.
    """

    def __init__(self, parameters: Iterable[Any], lr: float) -> None:
        super().__init__(parameters, {"lr": lr})
        if any(p.dim() != 2 for group in self.param_groups for p in group["params"]):
            raise ValueError("Muon takes matrices only")

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update all matrices that have a gradient."""
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[Any]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault(tuple(p.shape), []).append(p)
            for shape, matrices in shapes.items():
                updates = orthogonal(torch.stack([self._momentum(p) for p in matrices]))
                scale = group["lr"] * SIZE * math.sqrt(max(shape))
                for p, update in zip(matrices, updates, strict=True):
                    p.mul_(1 - group["lr"] * DECAY).add_(update, alpha=-scale)

    def _momentum(self, p: Any) -> Any:
        """Return the gradient mixed with its running mean (Nesterov's momentum)."""
        state = self.state[p]
        mean = state.setdefault("momentum", torch.zeros_like(p))
        mean.lerp_(p.grad, 1 - MOMENTUM)
        return p.grad.lerp(mean, MOMENTUM)


def orthogonal(matrices: Any) -> Any:
    """Return matrices with the same singular vectors and singular values near 1.

    Args:
        matrices: (matrices, rows, columns), in single precision.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    found = matrices.mT if tall else matrices
    found = found / (found.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(STEPS):
        square = found @ found.mT
        found = a * found + (b * square + c * square @ square) @ found
    return found.mT if tall else found
