"""Train the assessor's adapter: low-rank additions to the language model's layers; the rest is frozen.

The adapter learns the choice among the digits at each item's place, which is the assessor's choice. Auxiliary heads,
which are not kept, learn what is known after every line (`auxiliary_targets`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn import functional

from consult.agents.assessors.rules import Played
from consult.rl.starter.assessor import contrasts
from consult.rl.starter.assessor.auxiliary_targets import RUDE, AuxiliaryTargets, Targets
from consult.rl.starter.assessor.examples import edited, example
from consult.rl.starter.assessor.rollouts import configurations, rollouts
from consult.rl.starter.encoding import HARD, Encoded, Encoder, rendered
from consult.rl.starter.example import Example
from consult.rl.starter.stages import reading_stage
from consult.whole_files import drafted

DIGITS = ("0", "1", "2")
LAYERS = r".*language_model\.layers\.\d+\.(?:self_attn\.[qkvo]_proj|mlp\.(?:gate|up|down)_proj)"
"""Every linear layer of the language model; the vision tower has some of the same names."""
POOL = 256
"""Examples that are sorted by length together."""
AHEAD = 2
WARMING = 30
"""Steps until the learning rate is at its peak."""
AUXILIARY_WEIGHT = 2.0
WEIGHTS = {RUDE: (1.0, 8.0), "2.2": (4.0, 1.0)}
"""Auxiliary head → weights of its classes, where one of them is rare."""
ASKED_BACK = 0.5
"""Share of the examples drawn from consultations in which the patient asks something, besides those drawn from all."""


@dataclass(frozen=True)
class Noted:
    """An example as numbers, with the auxiliary targets at its tokens."""

    encoded: Encoded
    auxiliary: list[tuple[int, Targets]]

    @property
    def size(self) -> int:
        """Return the length in tokens."""
        return len(self.encoded.ids)


@dataclass(frozen=True)
class Sources:
    """Source of the examples; everything that a worker process needs to make them."""

    scenario: str
    base: str
    """The model that played and is trained."""
    folder: str
    """Folder of the base's tokenizer."""
    store: str
    cases: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class Workshop:
    """Objects that examples are made with."""

    consultations: list[Played]
    tokenizer: Any
    encoder: Encoder
    auxiliary_targets: AuxiliaryTargets

    @cached_property
    def asking(self) -> list[Played]:
        """The consultations in which the patient asks something; only there can a question be turned down."""
        return [
            one for one in self.consultations if any(a.speaker == "patient" and a.action == "ask" for a in one.acts)
        ]

    @classmethod
    def of(cls, sources: Sources) -> Workshop:
        """Read the played consultations."""
        from transformers import PreTrainedTokenizerFast

        from consult.scenarios import load_scenario

        scenario = load_scenario(sources.scenario)
        runs = configurations(sources.base, sources.scenario, "train", sources.cases, sources.seed)
        tokenizer = PreTrainedTokenizerFast.from_pretrained(sources.folder)
        encoder = Encoder(tokenizer, list(scenario.labels))
        consultations = list(rollouts(Path(sources.store), scenario, runs))
        return cls(consultations, tokenizer, encoder, AuxiliaryTargets(scenario, contrasts.learned()))

    def noted(self, rng: Random) -> Noted:
        """Draw one example."""
        several = self.asking if self.asking and rng.random() < ASKED_BACK else self.consultations
        subject = edited(rng.choice(several), rng, self.auxiliary_targets.bank)
        made = example(subject)
        targets = self.auxiliary_targets.targets(subject.played, subject.values)
        return Noted(self.encoder.encode(made), self._placed(made, targets))

    def _placed(self, made: Example, targets: Sequence[tuple[int, Targets]]) -> list[tuple[int, Targets]]:
        """Convert ends in characters of the user's message into token positions in the prompt."""
        whole = rendered(made.prompt)
        begin = whole.index(made.prompt.messages[1].text)
        spans = self.tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        ends = {end: place for place, (_, end) in enumerate(spans)}
        return [(ends[begin + at], known) for at, known in targets if begin + at in ends]


@lru_cache(maxsize=1)
def _workshop(sources: Sources) -> Workshop:
    # Once per worker process.
    return Workshop.of(sources)


def pool_of_batches(sources: Sources, number: int, batch: int) -> list[list[Noted]]:
    """Make the batches of one pool; the same for the same arguments, so that training can be continued."""
    workshop, rng = _workshop(sources), Random(f"assessing {sources.seed} {number}")
    examples = sorted((workshop.noted(rng) for _ in range(POOL)), key=lambda one: one.size)
    batches = [examples[i : i + batch] for i in range(0, POOL, batch)]
    rng.shuffle(batches)
    return batches


@dataclass
class Progress:
    """Progress of the training."""

    step: int = 0
    pool: int = 0
    """Next pool to take."""
    examples: int = 0
    loss: float = math.nan
    """AuxiliaryTargets mean."""
    seconds: float = 0.0


@dataclass
class AdapterTraining:
    """Train one adapter.

    Args:
        model: The PEFT model on the frozen base.
        tokenizer: The base's tokenizer.
        sources: Source of the examples.
        heads: Auxiliary head → number of its classes.
        budget: Number of examples.
        rate: Peak learning rate; it decays to almost 0 along a cosine.
        batch: Examples per step.
    """

    model: Any
    tokenizer: Any
    sources: Sources
    heads: Mapping[str, int]
    budget: int
    rate: float
    batch: int
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        self.llava = self.model.get_base_model()
        width = self.llava.config.get_text_config().hidden_size
        self.auxiliary = torch.nn.ModuleDict(
            {name.replace(".", "_"): torch.nn.Linear(width, classes) for name, classes in self.heads.items()}
        )
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        learned = [*self.parameters, *self.auxiliary.parameters()]
        self.optimizer = torch.optim.AdamW(learned, lr=self.rate, betas=(0.9, 0.98), weight_decay=0.01)
        ids = self.tokenizer.convert_tokens_to_ids(list(DIGITS))
        self.place = {token: i for i, token in enumerate(ids)}
        self.digits = self.llava.lm_head.weight[ids].detach()

    def train(self, checkpoint: Path, say: Callable[[str], None], every: float = 60.0) -> None:
        """Train until the budget is spent; save a checkpoint about every `every` seconds, and continue from one."""
        self._resume(checkpoint, say)
        self.model.train()
        last = told = time.monotonic()
        for number, batches in self._pools():
            for batch in batches:
                self._timed_step(batch)
            self.progress.pool = number + 1
            if time.monotonic() - told > 20:
                self._tell(say)
                told = time.monotonic()
            if time.monotonic() - last > every:
                self._save(checkpoint)
                last = time.monotonic()
        self._save(checkpoint)
        self.model.eval()

    def _timed_step(self, batch: Sequence[Noted]) -> None:
        begun = time.monotonic()
        loss = self._step(batch)
        self.progress.seconds += time.monotonic() - begun
        mean = self.progress.loss
        self.progress.loss = loss if math.isnan(mean) else 0.98 * mean + 0.02 * loss

    def _tell(self, say: Callable[[str], None]) -> None:
        p = self.progress
        left = (self.budget - p.examples) * p.seconds / max(p.examples, 1)
        say(f"examples {p.examples:,}/{self.budget:,}  step {p.step}  loss {p.loss:.3f}  {left / 60:.0f} min left")

    def _pools(self) -> Iterator[tuple[int, list[list[Noted]]]]:
        """Make some pools ahead in a worker process."""
        pools = range(self.progress.pool, -(-self.budget // POOL))
        with ProcessPoolExecutor(1) as maker:
            made: list[tuple[int, Future[list[list[Noted]]]]] = []
            for number in pools:
                made.append((number, maker.submit(pool_of_batches, self.sources, number, self.batch)))
                if len(made) > AHEAD:
                    which, batches = made.pop(0)
                    yield which, batches.result()
            for which, batches in made:
                yield which, batches.result()

    # -- one step --------------------------------------------------------------------------------------------------

    def _step(self, batch: Sequence[Noted]) -> float:
        done = self.progress.examples / self.budget
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * min(1.0, (self.progress.step + 1) / WARMING) * _cosine(done)
        loss = self.loss(batch)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.progress.step += 1
        self.progress.examples += len(batch)
        return float(loss.detach())

    def loss(self, batch: Sequence[Noted]) -> Any:
        """Return the cross-entropy of the digits at the items' places, and that of the auxiliary heads."""
        width = max(one.size for one in batch)
        ids = torch.zeros(len(batch), width, dtype=torch.long)
        targets = torch.full((len(batch), width), HARD)
        for row, one in enumerate(batch):
            ids[row, : one.size] = torch.tensor(one.encoded.ids)
            targets[row, : one.size] = torch.tensor(one.encoded.targets)
        learned = targets[:, 1:] != HARD
        embedded = self.llava.get_input_embeddings()(ids)
        hidden = self.llava.model.language_model(inputs_embeds=embedded, use_cache=False).last_hidden_state
        target = torch.tensor([self.place[int(token)] for token in targets[:, 1:][learned]])
        hard = functional.cross_entropy(hidden[:, :-1][learned] @ self.digits.T, target)
        return hard + AUXILIARY_WEIGHT * self._auxiliary_loss(hidden, batch)

    def _auxiliary_loss(self, hidden: Any, batch: Sequence[Noted]) -> Any:
        losses = []
        for name in self.heads:
            known = [(row, at, t[name]) for row, one in enumerate(batch) for at, t in one.auxiliary if name in t]
            if known:
                rows, places, classes = zip(*known, strict=True)
                logits = self.auxiliary[name.replace(".", "_")](hidden[list(rows), list(places)])
                weights = torch.tensor(WEIGHTS[name]) if name in WEIGHTS else None
                losses.append(functional.cross_entropy(logits, torch.tensor(classes), weights))
        return torch.stack(losses).mean() if losses else hidden.new_zeros(())

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def _save(self, path: Path) -> None:
        learned = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        state = {
            "adapter": learned,
            "heads": self.auxiliary.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": vars(self.progress),
        }
        with drafted(path) as draft:
            torch.save(state, draft)

    def _resume(self, path: Path, say: Callable[[str], None]) -> None:
        if not path.exists():
            return
        with reading_stage(path):
            state = torch.load(path, weights_only=True)
            self.model.load_state_dict(state["adapter"], strict=False)
            self.auxiliary.load_state_dict(state["heads"])
            self.optimizer.load_state_dict(state["optimizer"])
            kept = state["progress"]
            self.progress = Progress(**{"examples" if name == "lessons" else name: kept[name] for name in kept})
        say(f"resuming at {self.progress.examples:,} examples")


def laid_on(base: Any, rank: int, seed: int) -> Any:
    """Add a new adapter to a base.

    Args:
        base: LLaVA; it is frozen.
        rank: Rank of the additions.
        seed: Seed of their initial weights.
    """
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    return get_peft_model(base, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LAYERS))


def _cosine(fraction: float) -> float:
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, fraction)))
