"""The choices of whole consultations as numbers: what is scored, on which prompt, and its position in a completion.

Only for models of the starter's prompt format, whose acts are choices and whose text a program can write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch

from consult.agents.models.model import Choice
from consult.rl.policy.constraint import Constraint
from consult.rl.policy.policy import Policy
from consult.rl.policy.prefix_packing import Tokens
from consult.rl.policy.shared_prompt import Completions, Prompts
from consult.rl.trainers.rollouts import RecordedChoice
from consult.scenarios import Photograph


@dataclass(frozen=True)
class EncodedChoice:
    """One choice as tokens."""

    context: Tokens
    """The tokens before the choice."""
    photograph: Photograph | None
    """The photograph that the prompt shows."""
    options: tuple[Tokens, ...]
    chosen: Tokens
    """The tokens of the chosen option; empty if none was chosen."""

    @property
    def prompt(self) -> tuple[Tokens, str | None]:
        """Return the key of the prompt: the context and the photograph's id."""
        return self.context, self.photograph.id if self.photograph else None


def encode_choice(policy: Policy, one: RecordedChoice) -> EncodedChoice:
    """Encode a choice: text before it belongs to its context, and text after it is left out."""
    assert policy.vision_cache is not None
    prompt, choice = one.request.prompt, one.request.prompt.choice
    assert choice is not None

    def encode(text: str) -> Tokens:
        return tuple(policy.speaker.tokenizer.encode(text, add_special_tokens=False))

    before, chosen = split_at_choice(one.said.removeprefix(prompt.begin), choice)
    photographs = [p for message in prompt.messages for p in message.photographs]
    return EncodedChoice(
        (*policy.vision_cache.ids(prompt), *encode(before)),
        photographs[0] if photographs else None,
        tuple(encode(option) for option in choice.options),
        encode(chosen),
    )


def split_at_choice(written: str, choice: Choice) -> tuple[str, str]:
    """Return the text before a choice and the chosen option; the option is empty if none was chosen."""
    if choice.after not in written:
        return written, ""
    place = written.find(choice.after) + len(choice.after)
    chosen = max((option for option in choice.options if written.startswith(option, place)), key=len, default="")
    return written[:place], chosen


def chosen_freely(choices: Sequence[EncodedChoice]) -> list[int]:
    """Return 1 for each token that was chosen among several, and 0 for each that was forced."""
    if not choices:
        return []
    table, starts = Constraint.several([one.options for one in choices])
    walks = [table.walk(one.chosen, start) for one, start in zip(choices, starts, strict=True)]
    return [int(table.choices[state]) for states in walks for state in states]


def batch_choices(policy: Policy, choices: Sequence[EncodedChoice]) -> tuple[Prompts, Completions]:
    """Batch choices, with each prompt once.

    Args:
        policy: The policy whose vision cache has the photographs.
        choices: At least one.
    """
    assert policy.vision_cache is not None
    prompts = {one.prompt: one for one in choices}
    index = {prompt: i for i, prompt in enumerate(prompts)}
    features = [policy.vision_cache.features(one.photograph) if one.photograph else None for one in prompts.values()]
    pad = policy.speaker.tokenizer.pad_token_id
    shown = Prompts.of([one.context for one in prompts.values()], features, pad)
    sets = list(dict.fromkeys(one.options for one in choices))
    table, starts = Constraint.several(sets)
    start_of = dict(zip(sets, starts, strict=True))
    width = max(len(one.chosen) for one in choices) or 1
    ids = torch.tensor([[*one.chosen, *[pad] * (width - len(one.chosen))] for one in choices])
    mask = torch.tensor([[1] * len(one.chosen) + [0] * (width - len(one.chosen)) for one in choices])
    states = table.states(ids, mask, [start_of[one.options] for one in choices])
    return shown, Completions(ids, torch.tensor([index[one.prompt] for one in choices]), states, table)


def scatter_tokens(values: torch.Tensor, completions: Sequence[Sequence[EncodedChoice]], width: int) -> torch.Tensor:
    """Arrange the values of choices' tokens by the completions' tokens.

    Args:
        values: (choices, tokens), padded on the right; the choices of a completion follow one another.
        completions: The choices of each completion, in the order of `values`.
        width: Tokens of the longest completion, including padding.

    Returns:
        (completions, width); 0 in the padding.
    """
    lengths = [[len(one.chosen) for one in choices] for choices in completions]
    sources = [(choice, t) for choice, length in enumerate(chain(*lengths)) for t in range(length)]
    targets = [number * width + t for number, found in enumerate(lengths) for t in range(sum(found))]
    source = torch.tensor(sources, dtype=torch.long).reshape(-1, 2)
    flat = values.new_zeros(len(completions) * width)
    target = torch.tensor(targets, dtype=torch.long)
    return flat.index_put((target,), values[source[:, 0], source[:, 1]]).reshape(len(completions), width)
