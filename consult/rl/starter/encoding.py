"""Examples as numbers: token ids, targets, and the positions where the target is a distribution."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from consult.agents.models.model import Prompt
from consult.agents.prompt_formats.starter_tags import TAGS
from consult.agents.prompt_formats.wording import learned
from consult.rl.starter.architecture import PATCHES
from consult.rl.starter.corpus import Corpus
from consult.rl.starter.evidence import Knowledge
from consult.rl.starter.example import Example, Shares, Soft, Withheld
from consult.scenarios import URGENCIES, Scenario, load_scenario
from consult.scenarios.case_generator import Grammar

POOL = 384
"""Examples that are sorted by length together."""
HARD = -100
"""The target of a token that is not learned."""


def single_tokens(scenario: Scenario) -> tuple[str, ...]:
    """List the texts that are one token each: labels, specialties, urgencies, findings, and the sentences to learn."""
    from consult.agents.acts import NOT_MY_FIELD

    names = (*scenario.labels, *scenario.specialties, *URGENCIES, NOT_MY_FIELD, *scenario.findings)
    return tuple(dict.fromkeys((*names, *learned())))


def rendered(prompt: Prompt) -> str:
    """Render a prompt as the chat template does, with image tokens expanded."""
    messages = "".join(
        f"<|im_start|>{m.speaker}\n{'<image>' * PATCHES * len(m.photographs)}{m.text}<|im_end|>\n"
        for m in prompt.messages
    )
    return f"{messages}<|im_start|>assistant\n"


@dataclass(frozen=True)
class Encoded:
    """One example as numbers."""

    ids: list[int]
    targets: list[int]
    soft: list[tuple[int, list[int], list[float]]]
    """(position of the token, alternatives, their probabilities)."""
    posterior_targets: list[tuple[int, list[float]]]
    """(position, posterior over the labels in the scenario's order)."""
    line_targets: list[tuple[int, list[float]]]
    """(position, evidence for the labels from the line that ends there, by itself)."""
    case: int | None


class Encoder:
    """Encodes examples with the starter's tokenizer."""

    def __init__(self, tokenizer: Any, labels: Sequence[str]) -> None:
        self.tokenizer, self.labels = tokenizer, list(labels)
        self.newline, self.end = self._ids("\n")[0], tokenizer.eos_token_id

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False)
        return ids

    def encode(self, example: Example) -> Encoded:
        """Encode one example."""
        ids = self._ids(rendered(example.prompt))
        posteriors, lines = (self._lines(ids, told) for told in (example.posterior_targets, example.line_targets))
        targets = [HARD] * len(ids)
        soft = []
        for part in example.answer:
            if isinstance(part, Soft):
                (token,) = self._ids(part.chosen)
                names = {name: p for name, p in part.weights.items() if p > 1e-4}
                soft.append((len(ids), [self._ids(name)[0] for name in names], list(names.values())))
                ids.append(token)
                targets.append(token)
            elif isinstance(part, Withheld):
                tokens = self._ids(part.chosen)
                ids += tokens
                targets += [HARD] * len(tokens)
            else:
                tokens = self._ids(part)
                ids += tokens
                targets += tokens
        end = HARD if example.cut else self.end
        return Encoded([*ids, self.end], [*targets, end], soft, posteriors, lines, example.case)

    def _lines(self, ids: list[int], told: Sequence[tuple[int, Mapping[str, float]]]) -> list[tuple[int, list[float]]]:
        if not told:
            return []
        ends = [i for i, token in enumerate(ids) if token == self.end]
        breaks = [i for i, token in enumerate(ids) if token == self.newline and ends[0] + 3 < i < ends[1]]
        # The first newline is the one after the speaker's name.
        return [(breaks[1 + line], [posterior[label] for label in self.labels]) for line, posterior in told]


@dataclass(frozen=True)
class Plan:
    """Composition of a stage's examples."""

    shares: Shares
    """Task → share of the examples."""
    most: int
    """Tokens per batch, including padding."""
    triage_labels: int | None = None
    """Number of train cases, from the first, with the specialty as target; None for all."""
    decision_labels: int | None = None
    """Number of train cases, from the first, with the attending's final diagnosis as target; None for all."""


@lru_cache(maxsize=1)
def _workshop(reference: str, folder: str) -> tuple[Scenario, Knowledge, Encoder]:
    # Once per worker process.
    from transformers import PreTrainedTokenizerFast

    scenario = load_scenario(reference)
    assert isinstance(scenario.source, Grammar)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    return scenario, Knowledge(scenario.source), Encoder(tokenizer, list(scenario.labels))


def pool_of_batches(reference: str, folder: str, seed: object, number: int, plan: Plan) -> list[list[Encoded]]:
    """Make the batches of one pool; the same for the same arguments, so that training can be continued.

    Args:
        reference: The scenario's reference.
        folder: Folder of the tokenizer.
        seed: Seed of the recipe's stage.
        number: Number of the pool.
        plan: Composition of the examples.
    """
    scenario, knowledge, encoder = _workshop(reference, folder)
    rng = random.Random(f"pool {seed} {number}")
    corpus = Corpus(
        scenario, knowledge.grammar, rng, plan.shares,
        triage_labels=plan.triage_labels, decision_labels=plan.decision_labels, shared=knowledge,
    )  # fmt: skip
    encoded = sorted((encoder.encode(corpus.example()) for _ in range(POOL)), key=lambda e: len(e.ids))
    batches: list[list[Encoded]] = [[]]
    for example in encoded:
        if batches[-1] and (len(batches[-1]) + 1) * len(example.ids) > plan.most:
            batches.append([])
        batches[-1].append(example)
    rng.shuffle(batches)
    return batches


def tokenizer_texts(reference: str, count: int = 6_000) -> list[str]:
    """Return texts to train the tokenizer on."""
    scenario = load_scenario(reference)
    assert isinstance(scenario.source, Grammar)
    corpus = Corpus(scenario, scenario.source, random.Random("tokenizer"))
    texts = []
    for _ in range(count):
        example = corpus.example()
        text = "\n".join([*(m.text for m in example.prompt.messages), example.text])
        for tag in TAGS:
            text = text.replace(tag, " ")
        texts.append(text)
    return texts
