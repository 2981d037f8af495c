"""Train the starter's language model on examples, with the vision tower frozen.

Four losses: the answer's tokens; at names, the cross-entropy to the Bayes posterior; and two auxiliary heads, which are
not kept. After each line of evidence, one head reads the evidence of that line alone from a middle layer, and the other
reads the posterior after all lines so far from the last layer. They teach the model to read evidence and to add it up
long before it can state the answer. Muon trains the matrices within the layers, AdamW the rest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from consult.rl.starter.encoding import HARD, Encoded, Plan, pool_of_batches
from consult.rl.starter.muon import Muon
from consult.rl.starter.stages import reading_stage
from consult.whole_files import drafted

SOFT_WEIGHT = 4.0
POSTERIOR_WEIGHT = 2.0
LINE_WEIGHT = 2.0
LINE_LAYER = 3
"""Layer, 1-based, from which the evidence of a single line is read; later layers add the evidence up."""
MATRIX_RATE = 1.25
"""Learning rate of the matrices within the layers, as a multiple of the other learning rate."""
AHEAD = 3
"""Pools of examples that are made in advance."""


@dataclass
class Progress:
    """Progress of the training."""

    step: int = 0
    pool: int = 0
    """Next pool to take."""
    tokens: int = 0
    loss: float = math.nan
    """Running mean."""
    seconds: float = 0.0


class Supervised:
    """Train one model.

    Args:
        model: LLaVA; its tower is frozen.
        features: Patch features of the train cases' photographs, (n, patches, width).
        labels: Number of labels, for the auxiliary head.
        budget: Number of tokens to train on.
        plan: Composition of the examples. Memorization needs many small batches.
        rate: Peak learning rate; it decays to almost 0 along a cosine.
    """

    def __init__(
        self,
        model: Any,
        features: Any,
        labels: int,
        budget: int,
        plan: Plan,
        *,
        rate: float,
    ) -> None:
        self.model, self.features, self.budget, self.plan, self.rate = model, features, budget, plan, rate
        width = model.config.text_config.hidden_size
        self.posterior_head, self.line_head = torch.nn.Linear(width, labels), torch.nn.Linear(width, labels)
        language = [
            *model.model.language_model.parameters(),
            *model.model.multi_modal_projector.parameters(),
            *model.lm_head.parameters(),
        ]
        self.parameters = [*language, *self.posterior_head.parameters(), *self.line_head.parameters()]
        matrices = [p for p in model.model.language_model.layers.parameters() if p.dim() == 2]
        within = {id(p) for p in matrices}
        rest = [p for p in self.parameters if id(p) not in within]
        groups = [
            {"params": [p for p in rest if p.dim() > 1], "weight_decay": 0.05},
            {"params": [p for p in rest if p.dim() <= 1], "weight_decay": 0.0},
        ]
        self.optimizers = (
            (torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98)), rate),
            (Muon(matrices, lr=MATRIX_RATE * rate), MATRIX_RATE * rate),
        )
        self.progress = Progress()

    def train(
        self,
        reference: str,
        folder: Path,
        seed: object,
        checkpoint: Path,
        say: Callable[[str], None],
        every: float = 90.0,
    ) -> None:
        """Train until the budget is spent; save a checkpoint about every `every` seconds, and continue from one."""
        self._resume(checkpoint, say)
        if self.progress.tokens >= self.budget:
            return
        self.model.train()
        last, told = time.monotonic(), time.monotonic()
        for number, batches in self._pools(reference, folder, seed):
            for batch in batches:
                begun = time.monotonic()
                loss = self._step(batch)
                self.progress.seconds += time.monotonic() - begun
                mean = self.progress.loss
                self.progress.loss = loss if math.isnan(mean) else 0.98 * mean + 0.02 * loss
                if time.monotonic() - told > 20:
                    self._tell(say)
                    told = time.monotonic()
            self.progress.pool = number + 1
            if time.monotonic() - last > every:
                self._save(checkpoint)
                last = time.monotonic()
            if self.progress.tokens >= self.budget:
                break
        self._save(checkpoint)
        self.model.eval()

    def _tell(self, say: Callable[[str], None]) -> None:
        p = self.progress
        left = (self.budget - p.tokens) * p.seconds / max(p.tokens, 1)
        say(
            f"examples {p.tokens / 1e6:.2f}/{self.budget / 1e6:.1f} M tokens  step {p.step}  loss {p.loss:.3f}  "
            f"{p.tokens / p.seconds:,.0f} tokens/s  {left / 60:.0f} min left"
        )

    # -- examples ---------------------------------------------------------------------------------------------------

    def _pools(self, reference: str, folder: Path, seed: object) -> Iterator[tuple[int, list[list[Encoded]]]]:
        """Make some pools ahead in a worker process."""
        with ProcessPoolExecutor(1) as maker:
            number = self.progress.pool
            made: list[tuple[int, Future[list[list[Encoded]]]]] = []
            try:
                while True:
                    while len(made) < AHEAD:
                        job = maker.submit(pool_of_batches, reference, str(folder), seed, number, self.plan)
                        made.append((number, job))
                        number += 1
                    which, batches = made.pop(0)
                    yield which, batches.result()
            finally:
                for _, future in made:
                    future.cancel()

    # -- one step --------------------------------------------------------------------------------------------------

    def _step(self, batch: list[Encoded]) -> float:
        done = self.progress.tokens / self.budget
        loss = self.loss(batch)
        for optimizer, peak in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = peak * min(1, (self.progress.step + 1) / 100) * _cosine(done)
            optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimizer, _ in self.optimizers:
            optimizer.step()
        self.progress.step += 1
        self.progress.tokens += sum(len(example.ids) for example in batch)
        return float(loss.detach())

    def loss(self, batch: list[Encoded]) -> Any:
        """Return the weighted sum of the four losses."""
        width = max(len(example.ids) for example in batch)
        ids = torch.zeros(len(batch), width, dtype=torch.long)
        targets = torch.full((len(batch), width), HARD)
        for row, example in enumerate(batch):
            ids[row, : len(example.ids)] = torch.tensor(example.ids)
            targets[row, : len(example.targets)] = torch.tensor(example.targets)
            for place, _, _ in example.soft:
                targets[row, place] = HARD
        # In single precision: half precision is eight times slower on a processor without instructions for it.
        hidden, middle = self._hidden(ids, batch)
        learned = targets[:, 1:] != HARD
        logits = self.model.lm_head(hidden[:, :-1][learned])
        hard = functional.cross_entropy(logits, targets[:, 1:][learned])
        lines = POSTERIOR_WEIGHT * _lines(self.posterior_head, hidden, [example.posterior_targets for example in batch])
        lines += LINE_WEIGHT * _lines(self.line_head, middle, [example.line_targets for example in batch])
        return hard + SOFT_WEIGHT * self._soft(hidden, batch) + lines

    def _hidden(self, ids: Any, batch: list[Encoded]) -> tuple[Any, Any]:
        """Return the hidden states of the last layer and of the layer from which single lines are read."""
        embedded = self.model.get_input_embeddings()(ids)
        cases = [example.case for example in batch if example.case is not None]
        if cases:
            seen = self.model.model.multi_modal_projector(self.features[cases].float())
            place = (ids == self.model.config.image_token_id)[..., None]
            embedded = embedded.masked_scatter(place, seen.to(embedded.dtype).reshape(-1, embedded.shape[-1]))
        output = self.model.model.language_model(inputs_embeds=embedded, use_cache=False, output_hidden_states=True)
        return output.last_hidden_state, output.hidden_states[LINE_LAYER]

    def _soft(self, hidden: Any, batch: list[Encoded]) -> Any:
        places = [(row, *place) for row, example in enumerate(batch) for place in example.soft]
        if not places:
            return hidden.new_zeros(())
        rows, at = [p[0] for p in places], [p[1] - 1 for p in places]
        logs = self.model.lm_head(hidden[rows, at].float()).log_softmax(-1)
        losses = [-(logs[i, p[2]] * torch.tensor(p[3])).sum() for i, p in enumerate(places)]
        # The target's entropy is subtracted, which leaves the divergence; its minimum is 0.
        entropies = [sum(q * math.log(q) for q in p[3]) for p in places]
        return (torch.stack(losses) + torch.tensor(entropies)).sum() / len(batch)

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def _save(self, path: Path) -> None:
        state = {
            "model": self.model.state_dict(),
            "heads": [head.state_dict() for head in (self.posterior_head, self.line_head)],
            "optimizers": [optimizer.state_dict() for optimizer, _ in self.optimizers],
            "progress": vars(self.progress),
        }
        with drafted(path) as draft:
            torch.save(state, draft)

    def _resume(self, path: Path, say: Callable[[str], None]) -> None:
        if not path.exists():
            return
        with reading_stage(path):
            state = torch.load(path, weights_only=True)
            self.model.load_state_dict(state["model"])
            for head, kept in zip((self.posterior_head, self.line_head), state["heads"], strict=True):
                head.load_state_dict(kept)
            for (optimizer, _), kept in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(kept)
            self.progress = Progress(**state["progress"])
        say(f"resuming at {self.progress.tokens / 1e6:.2f} M tokens")


def _lines(head: Any, hidden: Any, told: Sequence[Sequence[tuple[int, Sequence[float]]]]) -> Any:
    """Return the mean divergence between a head's predictions after lines and their targets."""
    places = [(row, place, p) for row, lines in enumerate(told) for place, p in lines]
    if not places:
        return hidden.new_zeros(())
    logits = head(hidden[[r for r, _, _ in places], [i for _, i, _ in places]].float())
    target = torch.tensor([p for _, _, p in places])
    return functional.kl_div(logits.log_softmax(-1), target.clamp_min(1e-9), reduction="batchmean")


def _cosine(fraction: float) -> float:
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, fraction)))
